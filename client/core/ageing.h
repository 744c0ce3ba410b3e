/* SPDX-License-Identifier: Apache-2.0 */
/* How fast what was measured of another clock must widen until it is measured again.
 *
 * Decides: around which rate, and by how much to either side, the offset of another raw timeline may move on. Refuses: to
 * believe a fitted rate by its own standard deviation; after a few exchanges on a jittery path that says nothing.
 *
 * Model. Two intervals of the offset, [a, b] at t and [c, d] at t + T, are both true by causality, so the mean rate in
 * between was from (c - b) / T to (d - a) / T. Now it may differ from that mean by what the oscillators do in such a time: the
 * floors of their classes, and five standard deviations of the wander measured. And it is never outside of what both declare
 * together. While T is short that is all that is known. T is at most AGEING_WINDOW_NS, since an old mean says little about now.
 *
 * Worked number: intervals of +-100 us, 40 s apart, the offset moved by 400 us: 10 ppm, from 5 to 15; two PC floors of 1 ppm:
 * 3 to 17 ppm. After 2 s, with +-50 ppm declared on both sides: -100 to 100 ppm.
 *
 * Integers, rounded outwards. No allocation; one thread at a time. */
#ifndef CLIENT_CORE_AGEING_H
#define CLIENT_CORE_AGEING_H

#include <stdbool.h>
#include <stdint.h>

#define AGEING_WINDOW_NS INT64_C(128000000000)

/* An interval of the offset that was true at a reading. */
struct ageing_mark {
    int64_t at_ns, lower_ns, upper_ns;
};

struct ageing {
    unsigned marks; /* 0 to 2 */
    struct ageing_mark old, young;
};

struct ageing_limits {
    int64_t declared_ps;  /* both oscillators' bounds together */
    int64_t floor_ps;     /* both classes' floors together */
    int64_t wander_ps;    /* measured, per root second */
    int64_t estimated_ps; /* the fitted rate: where the middle is put, as far as it can be true */
};

/* Everything is forgotten. */
void ageing_init(struct ageing *ageing);
/* A new true interval. Readings must rise; one that does not is left out. */
void ageing_note(struct ageing *ageing, struct ageing_mark mark);
/* From `now`, the newest interval, on: the rate is *ret_rate_ps give or take *ret_bound_ps. */
void ageing_bound(const struct ageing *ageing, struct ageing_mark now, const struct ageing_limits *limits,
                  int64_t *ret_rate_ps, int64_t *ret_bound_ps);

#endif
