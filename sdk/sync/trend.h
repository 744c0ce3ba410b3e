/* SPDX-License-Identifier: Apache-2.0 */
/* How an oscillator will go on: phase, rate, ageing and temperature coefficient out of a row of trusted offsets.
 *
 * State of one model: phase (offset of true time against the raw clock), rate, ageing (change of rate per second) and the change of
 * rate per kelvin. Between readings
 *     phase += dt (rate + coefficient * warmth) + dt^2 / 2 * ageing,     rate += dt * ageing + a random walk (wander),
 * where warmth is the temperature less its mean while learning, read from a sensor. TREND_MODELS filters of that kind run beside each
 * other, a third of a decade of wander apart, weighted by how well they foretold what came, as in phase.h; unlike there
 * the wander is a property of the thing and does not leak quickly. Ageing and coefficient begin at nothing with the sigma that the
 * class of oscillator deserves, and are learnt as far as they show.
 *
 * Worked number: wander 1 ns/s per root second (1e-9): after an hour without readings one sigma is
 * 1 * 3600^1.5 / sqrt 3 = 125 us, after a day 14.7 ms.
 *
 * It bounds nothing (holdover.h does). Doubles, relative to integer references. One thread per trend. About 2.3 KiB. */
#ifndef SDK_SYNC_TREND_H
#define SDK_SYNC_TREND_H

#include <stdbool.h>
#include <stdint.h>

enum { TREND_MODELS = 13, TREND_STATE = 4 }; /* wander 1e-11 to 1e-7 per root second */

struct trend_model {
    double mean[TREND_STATE]; /* ns, ns/s, ns/s^2, ns/s per K */
    double cov[TREND_STATE][TREND_STATE];
    double weight;
};

/* What is known beforehand, each with one sigma > 0: rate in ns/s, ageing in ns/s^2, coefficient in ns/s per K. */
struct trend_start {
    double rate, rate_sigma;
    double ageing, ageing_sigma;
    double coefficient, coefficient_sigma;
    double wander; /* ns/s per root second: the likeliest; 0: unknown */
};

struct trend {
    struct trend_model models[TREND_MODELS];
    int64_t at_ns;   /* raw reading to which the state refers */
    int64_t base_ns; /* phase is relative to this */
    uint32_t updates;
};

/* At raw reading at_ns the offset is known to sigma_ns > 0. */
void trend_start(struct trend *trend, const struct trend_start *start, int64_t at_ns, int64_t offset_ns,
                 double sigma_ns);
/* Time passes up to at_ns (not before the last) with that warmth, in kelvin; 0 without a sensor. */
void trend_advance(struct trend *trend, int64_t at_ns, double warmth);
/* The offset at the reading advanced to is known to one sigma_ns > 0, apart from what earlier updates said. */
void trend_update(struct trend *trend, int64_t offset_ns, double sigma_ns);

struct trend_estimate {
    int64_t offset_ns;
    double sigma_ns;         /* of it */
    double rate, rate_sigma; /* ns/s, at that warmth */
    double ageing, ageing_sigma;
    double coefficient, coefficient_sigma;
    double wander; /* ns/s per root second */
};
/* At the reading advanced to, with the warmth there. */
void trend_estimate(const struct trend *trend, double warmth, struct trend_estimate *ret_estimate);

#endif
