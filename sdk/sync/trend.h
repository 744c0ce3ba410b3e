/* SPDX-License-Identifier: Apache-2.0 */
/* How an oscillator will go on: phase, rate, ageing and temperature coefficient out of a row of trusted offsets.
 *
 * State of one model: phase (offset of true time against the raw clock), rate, ageing (change of rate per second) and the change of
 * rate per kelvin. Between readings
 *     phase += dt (rate + coefficient * warmth) + dt^2 / 2 * ageing,     rate += dt * ageing + a random walk (wander),
 * where warmth is the temperature less its mean while learning, read from a sensor. TREND_MODELS filters of that kind run beside each
 * other, a sixth of a decade of wander apart, weighted by how well they foretold what came, as in phase.h; unlike there
 * the wander is a property of the thing and does not leak quickly. Ageing and coefficient begin at nothing with the sigma that the
 * class of oscillator deserves, and are learnt as far as they show.
 *
 * Worked number: wander 1 ns/s per root second (1e-9): after an hour without readings one sigma is
 * 1 * 3600^1.5 / sqrt 3 = 125 us, after a day 14.7 ms.
 *
 * It bounds nothing (holdover.h does). Doubles inside, relative to integer references; integers outside. One thread per trend. About 4.3 KiB. */
#ifndef SDK_SYNC_TREND_H
#define SDK_SYNC_TREND_H

#include <stdbool.h>
#include <stdint.h>

enum { TREND_MODELS = 25, TREND_STATE = 4 }; /* wander 1e-11 to 1e-7 per root second */

struct trend_model {
    double mean[TREND_STATE]; /* ns, ns/s, ns/s^2, ns/s per K */
    double cov[TREND_STATE][TREND_STATE];
    double weight;
};

/* All rates are of the offset, that is positive when the raw clock is slow; fs/s is 10^-15. Within +-2^53 each. */
struct trend_rates {
    int64_t rate_fs_per_s, rate_sigma_fs_per_s;
    int64_t ageing_fs_per_s_day, ageing_sigma_fs_per_s_day;       /* change of the rate in a day */
    int64_t coefficient_fs_per_s_k, coefficient_sigma_fs_per_s_k; /* and with a kelvin */
    int64_t wander_fs_per_s;                                      /* per root second; 0: unknown */
};

struct trend {
    struct trend_model models[TREND_MODELS];
    int64_t at_ns;   /* raw reading to which the state refers */
    int64_t base_ns; /* phase is relative to this */
    uint32_t updates;
};

/* At raw reading at_ns the offset is known to sigma_ns > 0, and of the rates what is said, each sigma > 0. */
void trend_start(struct trend *trend, const struct trend_rates *known, int64_t at_ns, int64_t offset_ns,
                 int64_t sigma_ns);
/* Time passes up to at_ns (not before the last) with that warmth; 0 without a sensor. */
void trend_advance(struct trend *trend, int64_t at_ns, int64_t warmth_mk);
/* The offset at the reading advanced to is known to sigma_ns > 0, apart from what earlier updates said. */
void trend_update(struct trend *trend, int64_t offset_ns, int64_t sigma_ns);

struct trend_estimate {
    int64_t offset_ns, sigma_ns; /* sigma >= 1 */
    struct trend_rates rates;    /* the rate at that warmth */
};
/* At the reading advanced to, with the warmth there. */
void trend_estimate(const struct trend *trend, int64_t warmth_mk, struct trend_estimate *ret_estimate);

/* One sigma of a rate that was known to sigma, then walked for away_s seconds, and may have been moved by `step` besides. */
int64_t trend_doubt_fs(int64_t sigma_fs_per_s, int64_t wander_fs_per_s, int64_t away_s,
                       int64_t step_fs_per_s);

#endif
