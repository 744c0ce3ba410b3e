/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/oscillator.h"

#include "sdk/base/bug.h"

/* Time constant of the warming after a temperature step, seconds. */
#define WARMING_S 20.0

static double rate_of(const struct oscillator *osc)
{
    const struct oscillator_plan *plan = &osc->plan;
    double s = (double)(osc->piece_ns - osc->start_ns) * 1e-9;
    double ppm = plan->ppm;
    if (plan->swing_period_s > 0)
        ppm += plan->swing_ppm * sin(2 * 3.14159265358979 * s / plan->swing_period_s);
    if (plan->step_at_s > 0 && s > plan->step_at_s)
        ppm += plan->step_ppm * (1 - exp(-(s - plan->step_at_s) / WARMING_S));
    double rate = ppm * 1e-6 + osc->walk;
    /* Half a part in 10^9 of room, so that rounding of readings cannot break the declared bound. */
    double bound = plan->bound_ppm * 1e-6 - 0.5e-9;
    if (plan->within && rate > bound)
        rate = bound;
    if (plan->within && rate < -bound)
        rate = -bound;
    return rate;
}

void oscillator_start(struct oscillator *osc, const struct oscillator_plan *plan, struct rnd random,
                      int64_t start_ns)
{
    *osc = (struct oscillator){.plan = *plan, .random = random, .start_ns = start_ns, .piece_ns = start_ns};
    osc->rate = rate_of(osc);
}

static double since_piece(const struct oscillator *osc, int64_t dt, int64_t *ret_whole)
{
    double more = osc->fraction + (double)dt * osc->rate;
    double whole = floor(more);
    *ret_whole = osc->count + dt + (int64_t)whole;
    return more - whole;
}

int64_t oscillator_read(struct oscillator *osc, int64_t t_ns)
{
    BUG_UNLESS(t_ns >= osc->piece_ns);
    while (t_ns - osc->piece_ns >= OSCILLATOR_PIECE_NS) {
        osc->fraction = since_piece(osc, OSCILLATOR_PIECE_NS, &osc->count);
        osc->piece_ns += OSCILLATOR_PIECE_NS;
        osc->walk += osc->plan.wander * sqrt((double)OSCILLATOR_PIECE_NS * 1e-9) * rnd_gauss(&osc->random);
        osc->rate = rate_of(osc);
    }
    int64_t count;
    (void)since_piece(osc, t_ns - osc->piece_ns, &count);
    return count;
}

double oscillator_rate(const struct oscillator *osc)
{
    return osc->rate;
}
