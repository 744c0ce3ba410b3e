/* SPDX-License-Identifier: Apache-2.0 */
#include "sdk/sync/rawmap.h"

#include <string.h>

#include "sdk/base/bug.h"
#include "sdk/time/arith.h"

/* The most that REALTIME is steered by frequency; and twice that, see the header. */
enum { STEER_PPB = 500000, STRAY_PPB = 2 * STEER_PPB };
/* Near a step this recent, stamps of before and after cannot be told apart. */
#define STEP_MEMORY_NS INT64_C(10000000000)

void rawmap_init(struct rawmap *map)
{
    *map = (struct rawmap){.count = 0};
}

/* Raw advance, REALTIME advance, and whether the two can be one steered clock. False too where they leave the type. */
static bool gap_agrees(const struct rawmap_pair *a, const struct rawmap_pair *b, int64_t *ret_raw,
                       int64_t *ret_realtime)
{
    int64_t difference;
    if (!arith_sub(b->raw_ns, a->raw_ns, ret_raw) ||
        !arith_sub(b->realtime_ns, a->realtime_ns, ret_realtime) ||
        !arith_sub(*ret_realtime, *ret_raw, &difference))
        return false;
    int64_t allowed = arith_scale_up(*ret_raw, STEER_PPB) + a->width_ns + b->width_ns;
    return difference >= -allowed && difference <= allowed && *ret_realtime > 0;
}

static void drop(struct rawmap *map, uint32_t i)
{
    memmove(&map->pairs[i], &map->pairs[i + 1], (map->count - i - 1) * sizeof map->pairs[0]);
    map->count--;
}

/* The inner pair that is missed least: the gap that its absence leaves, in proportion to its age. The ends stay. */
static uint32_t least_missed(const struct rawmap *map, int64_t now_raw)
{
    uint32_t best = 1;
    int64_t best_gap_us = 0, best_age_us = 1;
    for (uint32_t i = 1; i + 1 < map->count; i++) {
        const struct rawmap_pair *p = &map->pairs[i];
        int64_t gap_us = (p[1].raw_ns - p[-1].raw_ns) / 1000, age_us = (now_raw - p->raw_ns) / 1000 + 1;
        if (i > 1 && gap_us * best_age_us >= best_gap_us * age_us)
            continue;
        best = i;
        best_gap_us = gap_us;
        best_age_us = age_us;
    }
    return best;
}

bool rawmap_add(struct rawmap *map, const struct rawmap_pair *pair)
{
    BUG_UNLESS(pair->width_ns >= 0);
    if (pair->width_ns > RAWMAP_WIDTH_NS_MAX)
        return false;
    if (map->count > 0) {
        int64_t raw, realtime;
        const struct rawmap_pair *newest = &map->pairs[map->count - 1];
        if (pair->raw_ns <= newest->raw_ns)
            return false;
        map->steps += !gap_agrees(newest, pair, &raw, &realtime);
    }
    while (map->count > 0 && pair->raw_ns - map->pairs[0].raw_ns > RAWMAP_AGE_NS)
        drop(map, 0);
    if (map->count == RAWMAP_PAIRS)
        drop(map, least_missed(map, pair->raw_ns));
    map->pairs[map->count++] = *pair;
    return true;
}

/* distance * raw / realtime for 0 <= distance <= realtime, rounded towards zero from `distance`: through the difference of the
 * two, which is at most 500 ppm of RAWMAP_AGE_NS and two widths, 5e7 ns, times 6e10. */
static int64_t proportion(int64_t distance, int64_t raw, int64_t realtime)
{
    return distance + (raw - realtime) * distance / realtime;
}

static void place_between(const struct rawmap_pair *a, const struct rawmap_pair *b, int64_t stamp,
                          int64_t raw, int64_t realtime, struct rawmap_place *ret_place)
{
    int64_t from_a = stamp - a->realtime_ns, to_b = b->realtime_ns - stamp;
    int64_t nearer = from_a < to_b ? from_a : to_b;
    /* Each end's own width moves the line in proportion; the larger covers both. */
    int64_t width = a->width_ns > b->width_ns ? a->width_ns : b->width_ns;
    ret_place->raw_ns = a->raw_ns + proportion(from_a, raw, realtime);
    ret_place->width_ns = width + 1;
    ret_place->stray_ns = arith_scale_up(nearer, STRAY_PPB);
}

/* Stamps that a step makes ambiguous. It happened at an unknown moment between the pairs, so before it the clock may have
 * shown what the earlier pair leads to, and after it what leads to the later one. */
static bool step_covers(const struct rawmap_pair *a, const struct rawmap_pair *b, int64_t stamp)
{
    int64_t raw = b->raw_ns - a->raw_ns, until, from;
    int64_t reach = raw + arith_scale_up(raw, STEER_PPB) + a->width_ns + b->width_ns;
    if (!arith_add(a->realtime_ns, reach, &until))
        until = INT64_MAX;
    if (!arith_sub(b->realtime_ns, reach, &from))
        from = INT64_MIN;
    return (stamp >= a->realtime_ns && stamp <= until) || (stamp >= from && stamp <= b->realtime_ns);
}

/* At the rate of RAW itself, from which steering is at most 500 ppm. */
static void place_ahead(const struct rawmap_pair *newest, int64_t ahead, struct rawmap_place *ret_place)
{
    ret_place->raw_ns = newest->raw_ns + ahead;
    ret_place->width_ns = newest->width_ns + arith_scale_up(ahead, STEER_PPB) + 1;
    ret_place->stray_ns = 0; /* that one is in the width: steered or not, the rate is not known */
}

static bool near_leap(int64_t stamp, int64_t leap)
{
    int64_t distance;
    if (leap == RAWMAP_NO_LEAP || !arith_sub(stamp, leap, &distance))
        return false;
    return distance >= -RAWMAP_LEAP_NS && distance <= RAWMAP_LEAP_NS;
}

enum rawmap_verdict rawmap_place(const struct rawmap *map, int64_t realtime_ns, int64_t leap_realtime_ns,
                                 struct rawmap_place *ret_place)
{
    if (map->count == 0)
        return RAWMAP_EMPTY;
    if (near_leap(realtime_ns, leap_realtime_ns))
        return RAWMAP_LEAP;
    const struct rawmap_pair *newest = &map->pairs[map->count - 1];
    struct rawmap_place place = {0};
    int64_t ahead;
    if (!arith_sub(realtime_ns, newest->realtime_ns, &ahead))
        return realtime_ns > newest->realtime_ns ? RAWMAP_AHEAD : RAWMAP_OLD;
    /* After a step back there may be several places, and nothing to choose by. */
    uint32_t places = 0;
    if (ahead <= RAWMAP_AHEAD_NS && (ahead > 0 || (ahead == 0 && map->count == 1))) {
        place_ahead(newest, ahead, &place);
        places++;
    }
    for (uint32_t i = map->count - 1; i > 0; i--) {
        const struct rawmap_pair *a = &map->pairs[i - 1], *b = &map->pairs[i];
        int64_t raw, realtime;
        if (gap_agrees(a, b, &raw, &realtime)) {
            bool first = i == 1 && realtime_ns == a->realtime_ns;
            if (!first && (realtime_ns <= a->realtime_ns || realtime_ns > b->realtime_ns))
                continue;
            place_between(a, b, realtime_ns, raw, realtime, &place);
            places++;
        } else if (newest->raw_ns - b->raw_ns <= STEP_MEMORY_NS && step_covers(a, b, realtime_ns)) {
            return RAWMAP_STEP;
        }
    }
    if (places > 1)
        return RAWMAP_STEP;
    if (places == 0 && ahead > 0)
        return RAWMAP_AHEAD;
    if (places == 0)
        return map->count == 1 ? RAWMAP_EMPTY : RAWMAP_OLD;
    *ret_place = place;
    return RAWMAP_OK;
}

enum rawmap_verdict rawmap_locate(const struct rawmap *map, int64_t realtime_ns, int64_t leap_realtime_ns,
                                  int64_t *ret_raw_ns, int64_t *ret_width_ns)
{
    struct rawmap_place place;
    enum rawmap_verdict verdict = rawmap_place(map, realtime_ns, leap_realtime_ns, &place);
    if (verdict != RAWMAP_OK)
        return verdict;
    *ret_raw_ns = place.raw_ns;
    *ret_width_ns = place.width_ns + place.stray_ns;
    return RAWMAP_OK;
}
