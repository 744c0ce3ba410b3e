/* SPDX-License-Identifier: Apache-2.0 */
#include "server/clock/core/beat.h"

int64_t beat_next(struct beat *beat, bool found, int64_t age_ns)
{
    if (!found) {
        beat->missed += beat->missed < BEAT_PATIENCE;
        return beat->missed < BEAT_PATIENCE ? BEAT_STEP_NS : BEAT_IDLE_NS;
    }
    beat->missed = 0;
    int64_t back = age_ns <= BEAT_STEP_NS ? 0 : age_ns - BEAT_STEP_NS / 2;
    return BEAT_SECOND_NS - (back < BEAT_BACK_NS ? back : BEAT_BACK_NS);
}
