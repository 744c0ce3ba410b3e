/* SPDX-License-Identifier: Apache-2.0 */
/* A crystal: how a machine's raw clock runs against true time.
 *
 * Model: over each piece of OSCILLATOR_PIECE_NS of true time the rate is constant,
 *     y = ppm + walk + temperature(t) + step(t),   walk += wander * sqrt(piece) * gauss,
 * and cut to +-bound_ppm, the bound that the node declares: with `within` the assumption on rates holds by construction. Without it
 * nothing is cut, and a scenario may break its own promise.
 *
 * Worked number: ppm = 12, wander 1e-8: after 100 s the rate has walked by about 0.1 ppm; the reading after 1 s of true
 * time is 1.000012 s more. */
#ifndef TESTS_SIM_OSCILLATOR_H
#define TESTS_SIM_OSCILLATOR_H

#include "tests/sim/random.h"

#define OSCILLATOR_PIECE_NS INT64_C(250000000)

struct oscillator_plan {
    double ppm;            /* at the start */
    double bound_ppm;      /* declared: the engine's rate_bound */
    double wander;         /* random walk of frequency, relative, per root second (1e-9 ... 1e-7) */
    double swing_ppm;      /* of a sine, as an air conditioner makes */
    double swing_period_s; /* 0: none */
    double step_ppm;       /* a fan starts: the rate changes by this much ... */
    double step_at_s;      /* ... then, and over the seconds that follow; 0: never */
    bool within;           /* the sum is kept within bound_ppm */
};

struct oscillator {
    struct oscillator_plan plan;
    struct rnd random;
    int64_t start_ns;  /* true time of its making */
    int64_t piece_ns;  /* true time at which the present piece began */
    int64_t count;     /* reading there */
    double fraction;   /* of a nanosecond, in [0, 1) */
    double walk, rate; /* relative */
};

/* Runs from true time `start_ns`, reading 0 there. */
void oscillator_start(struct oscillator *osc, const struct oscillator_plan *plan, struct rnd random,
                      int64_t start_ns);
/* Reading at true time `t_ns`, which must not be before the present piece (calls with rising times). */
int64_t oscillator_read(struct oscillator *osc, int64_t t_ns);
/* Rate of the present piece, relative to true time: positive when it is fast. */
double oscillator_rate(const struct oscillator *osc);

#endif
