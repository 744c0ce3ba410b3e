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

/* Makes one group of two; the smaller number stays, and a configured one is smaller than any other. */
static void join(uint16_t groups[], size_t count, size_t a, size_t b)
{
    uint16_t low = groups[a] < groups[b] ? groups[a] : groups[b];
    uint16_t high = groups[a] < groups[b] ? groups[b] : groups[a];
    for (size_t i = 0; i < count; i++)
        if (groups[i] == high)
            groups[i] = low;
}

void upstreams_group(const struct refclock_upstream *upstreams, size_t upstreams_count, size_t count,
                     uint16_t groups[])
{
    BUG_UNLESS(count <= REFCLOCKS_MAX);
    for (size_t i = 0; i < count; i++)
        if (groups[i] == 0)
            groups[i] = (uint16_t)(UPSTREAMS_GROUP_FIRST + i);
    for (size_t a = 0; a < upstreams_count; a++)
        for (size_t b = a + 1; b < upstreams_count; b++)
            if (related(&upstreams[a], &upstreams[b]))
                join(groups, count, upstreams[a].source, upstreams[b].source);
    /* A group of one is none. */
    for (size_t i = 0; i < count; i++) {
        bool alone = groups[i] >= UPSTREAMS_GROUP_FIRST;
        for (size_t k = 0; k < count; k++)
            alone = alone && (k == i || groups[k] != groups[i]);
        if (alone)
            groups[i] = 0;
    }
}
