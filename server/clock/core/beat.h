/* SPDX-License-Identifier: Apache-2.0 */
/* When to look at a source that brings something once a second and cannot be waited for.
 *
 * Decides: how long to wait until the next look. Stamps are in CLOCK_REALTIME, which others may steer, so a stamp is worth
 * more the sooner after it the clocks are read: the looks move to just behind what they look for. While nothing is found,
 * every BEAT_STEP_NS, and after BEAT_PATIENCE of those every BEAT_IDLE_NS.
 *
 * Worked number: found 30 ms old: the next look is 1 s minus 10 ms later and finds 20 ms; twice more and it finds one of less
 * than BEAT_STEP_NS, at which it stays, or finds nothing and looks again 5 ms later.
 *
 * Pure; one thread at a time. */
#ifndef SERVER_CLOCK_CORE_BEAT_H
#define SERVER_CLOCK_CORE_BEAT_H

#include <stdbool.h>
#include <stdint.h>

#define BEAT_SECOND_NS INT64_C(1000000000)
#define BEAT_STEP_NS   INT64_C(5000000)
#define BEAT_BACK_NS   INT64_C(10000000) /* at most this much earlier than a second ago */
#define BEAT_IDLE_NS   INT64_C(100000000)
enum { BEAT_PATIENCE = 40 };

struct beat {
    uint32_t missed; /* looks without news */
};

/* After a look: found something that was age_ns old (below 0: not known), or nothing. How long to wait, > 0. */
int64_t beat_next(struct beat *beat, bool found, int64_t age_ns);

#endif
