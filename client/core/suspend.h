/* SPDX-License-Identifier: Apache-2.0 */
/* Whether the raw timeline is still the one that it was a moment ago.
 *
 * Decides, from two readings of RAW, BOOTTIME and REALTIME: did the machine sleep, did somebody set the clock, or is all well.
 * Refuses: to guess about a pause that stops all three clocks alike (a virtual machine that was frozen with its
 * counter): that shows in the next exchange only, see following.h and peer.h.
 *
 * Model. RAW stands still in suspend, BOOTTIME does not; so BOOTTIME - RAW moves by the length of the sleep. Both but RAW are
 * steered, by 500 ppm at most, so the difference may move by that. REALTIME - RAW moves by what it is steered, and by whoever
 * sets the clock. Where the system has no BOOTTIME (boot_ns is RAW then) a jump of REALTIME may be either and counts as a sleep.
 *
 *     timeline id changed, or RAW went back            -> SUSPEND_OTHER
 *     BOOTTIME - RAW moved beyond 1 ms + 500 ppm       -> SUSPEND_SLEPT
 *     REALTIME - RAW moved beyond 1 ms + 500 ppm
 *         and BOOTTIME - RAW is a difference at all    -> SUSPEND_CLOCK_SET
 *         else forward                                 -> SUSPEND_SLEPT
 *         else back (nobody sleeps backwards)          -> SUSPEND_CLOCK_SET
 *
 * Worked number: 1 s apart, BOOTTIME moved 31 s and RAW 1 s: slept for 30 s. REALTIME alone moved by 3 s: somebody set it.
 *
 * Thread rule: that of the engine. */
#ifndef CLIENT_CORE_SUSPEND_H
#define CLIENT_CORE_SUSPEND_H

#include "client/core/engine.h"

#define SUSPEND_NS INT64_C(1000000)
enum { SUSPEND_STEER_PPB = 1000000 }; /* 500 ppm, and a change of it from one end to the other */

enum suspend_verdict { SUSPEND_NONE, SUSPEND_CLOCK_SET, SUSPEND_SLEPT, SUSPEND_OTHER };

struct suspend {
    bool has_last, has_boottime;
    struct engine_now last;
};

/* Compares with the reading before, which is replaced. *ret_by_ns: by how much the clock was set or how long the sleep
 * was; 0 where nobody knows. The first reading is SUSPEND_NONE. */
enum suspend_verdict suspend_look(struct suspend *suspend, const struct engine_now *now, int64_t *ret_by_ns);
/* We are about to step REALTIME by `ns` ourselves: the next reading is expected there. */
void suspend_expect_step(struct suspend *suspend, int64_t ns);

#endif
