/* SPDX-License-Identifier: Apache-2.0 */
/* Which points can the truth be at, when some of the intervals lie?
 *
 * Given m intervals of which at most f are false, the true value is covered by at least m - f of them. The hull is
 * the smallest interval that contains every point covered so often; it therefore contains the truth, and no smaller
 * interval can promise that. Keith Marzullo, "Maintaining the Time in a Distributed System" (1984); the hull in
 * place of one best intersection is what keeps the promise when two intersections tie.
 *
 * Worked number: [8, 12], [11, 13], [14, 15], f = 1: two intervals cover [11, 12] only, so the hull is [11, 12]. With
 * f = 2 one is enough and the hull is [8, 15].
 *
 * Intervals of one cause (the same group, not 0: two receivers on one antenna) count once: as the smallest interval
 * that contains all of the group, so that a cause cannot outvote others and is believed no further than its
 * most modest member.
 *
 * It decides nothing about who lied, and does not choose a value: see midpoint.h. Integers only; any thread. */
#ifndef SDK_SYNC_HULL_H
#define SDK_SYNC_HULL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { HULL_ITEMS_MAX = 64 }; /* four references for each of SYNC_SERVERS_MAX servers */

struct hull_item {
    int64_t earliest_ns, latest_ns; /* closed; INT64_MIN and INT64_MAX: open on that side */
    uint16_t group;                 /* 0: of its own */
};

enum hull_verdict {
    HULL_OK,
    HULL_EMPTY,   /* no point is covered often enough: more than f are false */
    HULL_TOO_FEW, /* m <= f after grouping: nothing is promised */
    HULL_INVERTED /* an interval has its ends the wrong way round; which is for the caller to see */
};

/* Of `count` <= HULL_ITEMS_MAX items. *ret_hull (group: unset, 0) and *ret_voices, how many count after grouping
 * (may be NULL), are untouched unless HULL_OK. */
enum hull_verdict hull_intersect(const struct hull_item *items, size_t count, size_t f,
                                 struct hull_item *ret_hull, size_t *ret_voices);
/* How many of the items have a point in common with `with`: for reports. */
size_t hull_overlapping(const struct hull_item *items, size_t count, const struct hull_item *with);
/* The value of [hull] next to v. */
int64_t hull_clamp(const struct hull_item *hull, int64_t v);

#endif
