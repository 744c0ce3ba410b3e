/* SPDX-License-Identifier: Apache-2.0 */
/* Witnesses: copies of the holdover from before, that a slow drag has not taken along.
 *
 * Decides: which copies are kept, and what they say now. On each of WITNESS_LEVELS levels there is an old copy, between one and two
 * spans of its level old, and a young one that becomes the old one when it has come of that age. The spans are 64 s, 17 minutes, 4.5
 * hours and a day: a fast drag shows against a copy whose phase is fresh, a slow one against one that has seen little of it.
 * Refuses: to say who is right. Copies are only made while everything agrees (the caller sees to that); meanwhile the ones there
 * are age, and their bounds grow.
 *
 * Worked number: a drag of 100 ns/s, a quiet crystal of 1e-9 per root second. The copy of 64 to 128 s ago expects TAI to within
 * 0.6 us (one sigma) and finds it 6 to 13 us off: ten sigmas.
 *
 * Pure; one thread at a time. 28 KiB. */
#ifndef SERVER_CLOCK_CORE_TIMEKEEPER_WITNESS_H
#define SERVER_CLOCK_CORE_TIMEKEEPER_WITNESS_H

#include "server/clock/core/holdover.h"
#include "server/clock/core/timekeeper_flywheel.h"

enum { WITNESS_LEVELS = 4 };

struct witness {
    bool set;
    int64_t made_ns; /* raw reading */
    struct holdover holdover;
    struct flywheel_mark mark; /* how the other servers' oscillators ran then */
};
struct witnesses {
    struct witness old[WITNESS_LEVELS], young[WITNESS_LEVELS];
    bool says[WITNESS_LEVELS]; /* of the old ones, at the last witnesses_second: */
    struct holdover_prediction predictions[WITNESS_LEVELS];
};

/* None any more. */
void witnesses_clear(struct witnesses *all);
/* Time passes for all copies, as for the holdover itself. Another timeline: none any more. */
void witnesses_second(struct witnesses *all, sync_timeline_t timeline, tai_mono_t raw,
                      struct holdover_temperature temperature);
/* Everything agrees at `raw`, the reading of the last witnesses_second: copies that are due are made of `holdover`, with a mark of
 * `flywheel`. */
void witnesses_copy(struct witnesses *all, tai_mono_t raw, const struct holdover *holdover,
                    const struct flywheel *flywheel);
/* What the old copy of a level says at the reading of the last witnesses_second; false: there is none. */
bool witnesses_predict(const struct witnesses *all, unsigned level,
                       struct holdover_prediction *ret_prediction);
/* The old copy of `level` is believed: copies made after it are gone. */
void witnesses_return_to(struct witnesses *all, unsigned level, struct holdover *ret_holdover);

#endif
