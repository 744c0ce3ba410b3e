/* SPDX-License-Identifier: Apache-2.0 */
/* CLOCK_REALTIME made to show a line, by its rate alone.
 *
 * Decides: at which rate REALTIME should run from now on, whether a start may step it, and what the kernel should tell
 * others about its error. Refuses: to step at any other time, and to ask for more than 500 ppm.
 *
 * Model. Against RAW the line runs at a known rate r, and the kernel makes REALTIME run at whatever rate it is told. What is left is the
 * phase, p = line - REALTIME, which is measured in each wake-up, and a small constant difference b between the rate that was told and
 * the one that came of it (how the kernel rounds its multiplier), learned from the phases. So the rate to set is
 *
 *     r + p / DISCIPLINE_CLOSE_NS - b
 *
 * which closes 1 - exp(-1/2) = 39 % of the phase each second however often it is set, does not overshoot for settings up to
 * 2 s apart, and needs no memory of the past. A phase within the width of its own reading is none.
 *
 * Worked number: r = 12 ppm, REALTIME is 400 ns late: 12.2 ppm; a second later it is 200 ns late: 12.1 ppm.
 *
 * The step. When REALTIME is further from the line than the threshold at the first line of this life, it is stepped once, and
 * never again but by the operator's word. Closer, or with threshold 0, it is slewed, by 500 ppm at most: 10 ms in 20 s.
 *
 * Thread rule: that of the engine. */
#ifndef CLIENT_CORE_DISCIPLINE_H
#define CLIENT_CORE_DISCIPLINE_H

#include "client/core/engine.h"

#define DISCIPLINE_CLOSE_NS  INT64_C(2000000000)
#define DISCIPLINE_RATE_MAX  INT64_C(500000000) /* ps/s: what Linux allows */
#define DISCIPLINE_BIAS_MAX  INT64_C(10000000)  /* ps/s: more is not rounding but another hand on the clock */
#define DISCIPLINE_PERIOD_NS INT64_C(1000000000)
/* A rate is set anew when it changed by this much, or the last setting is a period old. */
#define DISCIPLINE_RATE_STEP INT64_C(1000)

struct discipline {
    int64_t step_threshold_ns; /* 0: never */
    bool may_step;             /* the first line of this life has not been seen */
    bool must_step;            /* the operator's word */
    bool has_rate;
    int64_t rate_ps_per_s; /* as told to the kernel last */
    bool has_mark;         /* from where what comes of it is measured */
    tai_mono_t mark, seen;
    int64_t mark_realtime_ns;
    int64_t mark_width_ns;
    int64_t expected_ps;   /* gain on RAW since the mark, by the rates that were told */
    int64_t bias_ps_per_s; /* of what came over what was told */
    int64_t phase_ns;      /* line - REALTIME, last reading */
    bool told;             /* anything, ever */
    tai_mono_t told_at;
    bool rival; /* the kernel runs at a rate that is not ours */
    int64_t rival_rate_ps_per_s;
};

/* What the line says at this wake-up, as REALTIME would show it. */
struct discipline_aim {
    int64_t realtime_ns;   /* TAI of the line - (TAI - UTC) */
    int64_t rate_ps_per_s; /* of the line against RAW */
    int64_t half_width_ns;
    bool valid; /* the line has an interval */
    bool hold;  /* REALTIME is ambiguous (a leap second): go on by the rate alone */
    int32_t tai_utc_s;
    int8_t leap; /* as in struct engine_steer */
};

void discipline_init(struct discipline *discipline, int64_t step_threshold_ns);
/* REALTIME or the timeline was changed under us: the rate's measurement starts anew. */
void discipline_lost(struct discipline *discipline);
/* Says what is to be told to the kernel now; false: nothing. Call in each wake-up that has a line. */
bool discipline_steer(struct discipline *discipline, const struct engine_now *now,
                      const struct discipline_aim *aim, struct engine_steer *ret_steer);
/* No line: the rate stays, the kernel is told that nobody answers for it. False: that was said less than a period ago. */
bool discipline_idle(struct discipline *discipline, const struct engine_now *now,
                     struct engine_steer *ret_steer);
/* Before there is any line: the rate of the last life. */
void discipline_start_rate(struct discipline *discipline, int64_t rate_ps_per_s);
/* What the kernel says of itself. True when this shows another hand on the clock that was not seen before. */
bool discipline_readback(struct discipline *discipline, bool known, int64_t rate_ps_per_s, bool rival);

#endif
