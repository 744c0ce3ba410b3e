/* SPDX-License-Identifier: Apache-2.0 */
/* Phase and rate of a clock from readings with symmetric noise: receivers, pulses, kernel clocks, estimates of others.
 *
 * A reading is offset + noise, the offset moves by its rate, the rate is a random walk (the wander). With both strengths known the
 * two-state filter of Kalman (1960) is the best there is; here neither is. PHASE_MODELS such filters run beside each other,
 * half a decade of wander apart, each weighted by how well it foretold what came (Magill 1965), leaking to its neighbours a
 * little (Blom and Bar-Shalom 1988), so that the bank follows when the wander changes; the estimate is their weighted
 * mean. The noise is common to all. A second difference of three readings in a row is six parts noise and almost no clock: that gives
 * its first figure and its upper limit (struct phase_noise); from then on it is what makes the filter's surprises as large as
 * foretold, so far as noise is what they consist of.
 *
 * Worked number: noise 1 us, a reading each second, wander 1 ns/s per root second (1e-9): the best filter averages over about
 * 30 s and knows the offset to 0.21 us, one sigma, the rate to 7 ns/s.
 *
 * It bounds nothing, and rejects nothing by itself: phase_surprise says how odd a reading is before it is taken. Doubles, relative
 * to integer references, so that they keep their precision. One thread per filter. */
#ifndef SDK_SYNC_PHASE_H
#define SDK_SYNC_PHASE_H

#include <stdbool.h>
#include <stdint.h>

enum { PHASE_MODELS = 9 }; /* wander 1e-11 to 1e-7 per root second: rubidium to a bad virtual machine */

struct phase_model {
    double phase, rate; /* ns relative to the base, ns/s */
    double pp, pr, rr;  /* covariance */
    double weight;      /* they add up to 1 */
};

struct phase {
    struct phase_model models[PHASE_MODELS];
    int64_t at_ns;   /* raw reading to which the state refers */
    int64_t base_ns; /* phase is relative to this */
    double noise;    /* one sigma of a reading, ns */
    uint32_t updates;
};

/* Noise of a row of readings, from their second differences. Zeroes at the start. */
struct phase_noise {
    int64_t at_ns[2], offset_ns[2]; /* the last two readings, older first */
    uint32_t readings, differences; /* taken */
    double square;                  /* ns^2 */
};
enum { PHASE_NOISE_LEAST = 6 }; /* differences before it says anything */
/* Takes a reading, wild ones too (a difference counts at most as three sigma). Readings of raw must rise. */
void phase_noise_take(struct phase_noise *noise, int64_t at_ns, int64_t offset_ns);
/* One sigma in ns, at least 1: what the readings show, wander between them included; 0 while too few were taken. */
double phase_noise_sigma(const struct phase_noise *noise);

/* Begins at raw reading at_ns with an offset that is known to one sigma `noise_ns` > 0, and a rate as given (ns/s, sigma > 0). */
void phase_start(struct phase *phase, int64_t at_ns, int64_t offset_ns, double rate, double rate_sigma,
                 double noise_ns);
/* How far a reading at at_ns (not before the last) is from what is foretold, in sigmas of the mean of all models; *ret_physical: in
 * sigmas of the model with the strongest wander, the most that any oscillator might do. */
double phase_surprise(const struct phase *phase, int64_t at_ns, int64_t offset_ns, double *ret_physical);
/* Takes a reading, not before the last. `most_ns`: the noise is learnt to be no more than this; 0: it is not learnt. */
void phase_update(struct phase *phase, int64_t at_ns, int64_t offset_ns, double most_ns);
/* The noise turned out otherwise than thought. ns > 0. */
void phase_set_noise(struct phase *phase, double noise_ns);

struct phase_estimate {
    int64_t offset_ns;
    double sigma_ns;         /* of it, by the filter's own belief */
    double rate, rate_sigma; /* ns/s */
    double wander;           /* ns/s per root second */
};
/* At any raw reading; before the last one taken the sigma is only about right. */
void phase_estimate(const struct phase *phase, int64_t at_ns, struct phase_estimate *ret_estimate);

#endif
