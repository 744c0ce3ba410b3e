/* SPDX-License-Identifier: Apache-2.0 */
#include "server/clock/core/upstreams.h"

#include <string.h>

#include "sdk/base/bug.h"

static bool same_address(const struct engine_address *a, const struct engine_address *b)
{
    return a->family != 0 && a->family == b->family && a->port == b->port && a->scope == b->scope &&
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
    return siblings || follows(a, b) || follows(b, a) || same_address(&a->address, &b->address);
}

enum { OWN = 0x10000 }; /* labels of sources that nobody has grouped, past all numbers of groups */

/* Makes one group of two; the smaller label stays, so a configured number wins. */
static void join(uint32_t labels[], size_t count, size_t a, size_t b)
{
    uint32_t low = labels[a] < labels[b] ? labels[a] : labels[b];
    uint32_t high = labels[a] < labels[b] ? labels[b] : labels[a];
    for (size_t i = 0; i < count; i++)
        if (labels[i] == high)
            labels[i] = low;
}

/* The largest number that no group has yet. */
static uint16_t free_number(const uint16_t groups[], const uint32_t labels[], size_t count)
{
    uint16_t number = UINT16_MAX;
    for (size_t i = 0; i < count; i++) {
        if (groups[i] == number || labels[i] == number) {
            number--;
            i = SIZE_MAX; /* look again from the first */
        }
    }
    return number;
}

static size_t members(const uint32_t labels[], size_t count, uint32_t label)
{
    size_t n = 0;
    for (size_t i = 0; i < count; i++)
        n += labels[i] == label;
    return n;
}

void upstreams_group(const struct refclock_upstream *upstreams, size_t upstreams_count, size_t count,
                     uint16_t groups[])
{
    uint32_t labels[REFCLOCKS_MAX];
    BUG_UNLESS(count <= REFCLOCKS_MAX);
    for (size_t i = 0; i < count; i++)
        labels[i] = groups[i] != 0 ? groups[i] : OWN + (uint32_t)i;
    for (size_t a = 0; a < upstreams_count; a++)
        for (size_t b = a + 1; b < upstreams_count; b++)
            if (related(&upstreams[a], &upstreams[b]))
                join(labels, count, upstreams[a].source, upstreams[b].source);
    for (size_t i = 0; i < count; i++) {
        if (labels[i] < OWN) {
            groups[i] = (uint16_t)labels[i];
        } else if (members(labels, count, labels[i]) > 1) {
            uint32_t label = labels[i], number = free_number(groups, labels, count);
            for (size_t k = i; k < count; k++)
                if (labels[k] == label)
                    labels[k] = number;
            groups[i] = (uint16_t)number;
        } else {
            groups[i] = 0; /* a group of one is none */
        }
    }
}
