/* SPDX-License-Identifier: Apache-2.0 */
/* What a master of relative time has promised of its rate, by the corrections that are still in use.
 *
 * Decides: how far the rate of cluster time may move now. Refuses: to choose that rate (ensemble.h does).
 *
 * Model. Relative cluster time is what the master's line says, and a follower goes by its last correction until the next one: by
 * the rate r that it was told, with a half-width that grows by the growth told with it. So a master that told "r, give or take a" may
 * not leave [r - a, r + a] as long as that correction may be in use, `life`. Whoever wants to go further (a founder
 * joins, and the mean of the oscillators jumps by 20 ppm) tells the wider allowance first and moves one to two lives later.
 *
 * Worked number: life 16 s, 5 ppm +- 0.1 told for a minute; now 25 ppm are wanted. Told is 5 ppm +- 25 from now on; the rate stays
 * within 4.9 to 5.1 ppm for 16 to 32 s, and then goes to 25.
 *
 * What is kept: the intersection of what was told in this life and in the one before. Integers, ps per s. No allocation; one thread at a time. */
#ifndef SERVER_CLOCK_CORE_PROMISE_H
#define SERVER_CLOCK_CORE_PROMISE_H

#include "sdk/sync/sync.h"

struct promise_range {
    int64_t low_ps, high_ps;
};

struct promise {
    int64_t life_ns;
    bool any;
    tai_mono_t began; /* of the younger range */
    struct promise_range old, young;
};

/* Nothing promised. life_ns > 0: how long a correction may be in use. */
void promise_init(struct promise *promise, int64_t life_ns);
/* The rate nearest to `wish_ps` that breaks no promise. Readings must not fall. */
int64_t promise_keep(struct promise *promise, tai_mono_t now, int64_t wish_ps);
/* From now on followers are told `rate_ps` (as promise_keep gave it) give or take `allowance_ps` >= 0. */
void promise_tell(struct promise *promise, tai_mono_t now, int64_t rate_ps, int64_t allowance_ps);

#endif
