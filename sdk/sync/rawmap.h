/* SPDX-License-Identifier: Apache-2.0 */
/* From the kernel's packet stamps to the raw timeline.
 *
 * The kernel stamps packets in CLOCK_REALTIME; exchanges need CLOCK_MONOTONIC_RAW. At each wake-up the loop reads both in
 * one sandwich: a pair, with the width of the sandwich. A stamp is placed on the straight line between the two pairs
 * around it. Others may steer REALTIME meanwhile, by up to 500 ppm (more is a step), so the result is uncertain by 1000
 * ppm of the distance to the nearer pair: the steering may have been at one end of that range while the mean between the pairs
 * is at the other. The stamp of a packet lies some 50 us before the wake-up that it caused, which makes 50 ns; that is
 * why every wake-up makes a pair.
 *
 *     REALTIME    a------------s--b          pairs a, b; stamp s, 50 us before b
 *     RAW         A------------S--B          S = A + (s - a) * (B - A) / (b - a), width(b) + 1000 ppm * 50 us
 *
 * The map never claims what it does not know: it refuses (with a verdict that is counted by the caller) a stamp near a
 * step, near a leap second, before its oldest pair, or more than RAWMAP_AHEAD_NS past the newest.
 *
 * When the ring is full the pair that is missed least goes: of close neighbours the older ones, so that the pairs are dense
 * near now and reach RAWMAP_AGE_NS back.
 *
 * Integers only. One thread per map; memory is the caller's. */
#ifndef SDK_SYNC_RAWMAP_H
#define SDK_SYNC_RAWMAP_H

#include <stdbool.h>
#include <stdint.h>

enum { RAWMAP_PAIRS = 64 };
#define RAWMAP_AGE_NS       INT64_C(60000000000) /* older pairs are forgotten */
#define RAWMAP_AHEAD_NS     INT64_C(20000000)    /* extrapolation */
#define RAWMAP_LEAP_NS      INT64_C(2000000000)  /* around a leap second nothing is mapped */
#define RAWMAP_WIDTH_NS_MAX INT64_C(10000000) /* a sandwich that was interrupted for longer tells nothing */
#define RAWMAP_NO_LEAP      INT64_MAX

struct rawmap_pair {
    int64_t raw_ns, realtime_ns;
    int64_t width_ns; /* REALTIME was realtime_ns within +-width_ns at raw_ns */
};

struct rawmap {
    struct rawmap_pair pairs[RAWMAP_PAIRS]; /* by raw reading, oldest first */
    uint32_t count;
    uint32_t steps; /* of REALTIME, as seen between neighbours: for information */
};

void rawmap_init(struct rawmap *map);
/* Adds a pair, newer than all before. False, and ignored, when it is not, or too wide. width_ns >= 0. */
bool rawmap_add(struct rawmap *map, const struct rawmap_pair *pair);

enum rawmap_verdict {
    RAWMAP_OK,
    RAWMAP_EMPTY, /* no pair yet, or only one and the stamp lies before it */
    RAWMAP_OLD,   /* before the oldest pair */
    RAWMAP_AHEAD, /* too far past the newest */
    RAWMAP_STEP,  /* the pairs around it disagree, or it fits in two places: REALTIME was stepped */
    RAWMAP_LEAP   /* near a leap second */
};
/* Where a stamp lies: at raw_ns, within width_ns for the readings of the pairs and stray_ns for what somebody who steers
 * REALTIME may have done since the nearest one. Who knows that nobody did may make less of the latter. */
struct rawmap_place {
    int64_t raw_ns, width_ns, stray_ns;
};
/* As rawmap_locate. */
enum rawmap_verdict rawmap_place(const struct rawmap *map, int64_t realtime_ns, int64_t leap_realtime_ns,
                                 struct rawmap_place *ret_place);
/* Places a stamp. leap_realtime_ns: REALTIME at which the nearest leap second (next or last) takes effect, or
 * RAWMAP_NO_LEAP. *ret_raw_ns is right within +-*ret_width_ns; both untouched unless RAWMAP_OK. */
enum rawmap_verdict rawmap_locate(const struct rawmap *map, int64_t realtime_ns, int64_t leap_realtime_ns,
                                  int64_t *ret_raw_ns, int64_t *ret_width_ns);

#endif
