/* SPDX-License-Identifier: Apache-2.0 */
#include "server/clock/core/upstreams.h"

#include <string.h>

#include "sdk/base/bug.h"

/* Whatever the port: two servers on one host have one clock. */
static bool same_host(const struct engine_address *a, const struct engine_address *b)
{
    return a->family != 0 && a->family == b->family && a->scope == b->scope &&
           memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

static bool follows(const struct refclock_upstream *a, const struct refclock_upstream *b)
{
    return a->stratum > 1 && a->reference_id != 0 && a->reference_id == b->own_id;
}

static bool related(const struct refclock_upstream *a, const struct refclock_upstream *b)
{
    if (a->stratum == 0 || b->stratum == 0)
        return false;
    bool siblings =
        a->stratum > 1 && b->stratum > 1 && a->reference_id != 0 && a->reference_id == b->reference_id;
    return siblings || follows(a, b) || follows(b, a) || same_host(&a->address, &b->address);
}

/* What a server's time comes from, as one more step up can be named: what it follows, or itself. */
static uint32_t cause_of(const struct refclock_upstream *u)
{
    return u->stratum > 1 ? u->reference_id : u->own_id;
}

static uint16_t number_of(uint32_t cause)
{
    return (uint16_t)(UPSTREAMS_GROUP_BIT | (cause * UINT32_C(2654435761)) >> 17);
}

/* Labels: sources with one label are one group. */
static void join(uint8_t labels[], size_t count, size_t a, size_t b)
{
    uint8_t low = labels[a] < labels[b] ? labels[a] : labels[b];
    uint8_t high = labels[a] < labels[b] ? labels[b] : labels[a];
    for (size_t i = 0; i < count; i++)
        if (labels[i] == high)
            labels[i] = low;
}

/* The number of the group: the smallest that the operator gave one of it, else that of the cause of its best server. */
static uint16_t group_of(const struct refclock_upstream *upstreams, size_t upstreams_count,
                         const uint16_t configured[], const uint8_t labels[], size_t count, uint8_t label)
{
    uint16_t number = 0;
    uint8_t best = UINT8_MAX;
    for (size_t i = 0; i < count; i++)
        if (labels[i] == label && configured[i] != 0 && (number == 0 || configured[i] < number))
            number = configured[i];
    for (size_t i = 0; i < upstreams_count && number == 0; i++)
        if (labels[upstreams[i].source] == label && upstreams[i].stratum != 0 && upstreams[i].stratum < best)
            best = upstreams[i].stratum;
    uint16_t found = 0;
    for (size_t i = 0; i < upstreams_count && number == 0; i++) {
        const struct refclock_upstream *u = &upstreams[i];
        if (labels[u->source] == label && u->stratum == best && cause_of(u) != 0 &&
            (found == 0 || number_of(cause_of(u)) < found))
            found = number_of(cause_of(u));
    }
    return number != 0 ? number : found;
}

void upstreams_group(const struct refclock_upstream *upstreams, size_t upstreams_count, size_t count,
                     uint16_t groups[])
{
    uint8_t labels[REFCLOCKS_MAX];
    uint16_t configured[REFCLOCKS_MAX];
    BUG_UNLESS(count <= REFCLOCKS_MAX);
    for (size_t i = 0; i < count; i++) {
        configured[i] = groups[i];
        labels[i] = (uint8_t)i;
    }
    for (size_t a = 0; a < count; a++)
        for (size_t b = a + 1; b < count; b++)
            if (configured[a] != 0 && configured[a] == configured[b])
                join(labels, count, a, b);
    for (size_t a = 0; a < upstreams_count; a++) {
        BUG_UNLESS(upstreams[a].source < count);
        for (size_t b = a + 1; b < upstreams_count; b++)
            if (related(&upstreams[a], &upstreams[b]))
                join(labels, count, upstreams[a].source, upstreams[b].source);
    }
    for (size_t i = 0; i < count; i++)
        groups[i] = group_of(upstreams, upstreams_count, configured, labels, count, labels[i]);
}
