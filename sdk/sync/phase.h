/* SPDX-License-Identifier: Apache-2.0 */
/* Phase and rate of a clock from readings with symmetric noise: receivers, pulses, kernel clocks, estimates of others.
 *
 * A reading is offset + noise, the offset moves by its rate, the rate is a random walk (the wander). With both strengths known the
 * two-state filter of Kalman (1960) is the best there is; here neither is. PHASE_MODELS such filters run beside each other,
 * half a decade of wander apart, each weighted by how well it foretold what came (Magill 1965), leaking to its neighbours a
 * little (Blom and Bar-Shalom 1988), so that the bank follows when the wander changes; the estimate is their weighted
 * mean. The noise is measured beside it (struct phase_noise): a second difference of readings consists of noise, as much at any
 * distance, and of wander, that grows with the cube of it. So two distances tell them apart.
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

/* Noise of a row of readings: the median size of their second differences at distances 1 and PHASE_NOISE_FAR, which some wild
 * readings among them do not move. Zeroes at the start. */
enum { PHASE_NOISE_FAR = 4, PHASE_NOISE_RING = 2 * PHASE_NOISE_FAR + 1, PHASE_NOISE_LEAST = 7 };
struct phase_noise_median {
    double first[PHASE_NOISE_LEAST]; /* the first sizes, sorted */
    double sigma;                    /* ns; 0 while there are only these */
    uint32_t count;
};
struct phase_noise {
    struct {
        int64_t at_ns, offset_ns;
    } ring[PHASE_NOISE_RING];
    uint32_t readings;
    struct phase_noise_median near, far;
};
/* Readings of raw must rise. */
void phase_noise_take(struct phase_noise *noise, int64_t at_ns, int64_t offset_ns);
/* One sigma of a reading in ns, at least 1; 0 before PHASE_NOISE_LEAST near differences. */
double phase_noise_sigma(const struct phase_noise *noise);

/* Begins at raw reading at_ns with an offset that is known to one sigma `noise_ns` > 0, and a rate as given (ns/s, sigma > 0). */
void phase_start(struct phase *phase, int64_t at_ns, int64_t offset_ns, double rate, double rate_sigma,
                 double noise_ns);
/* How far a reading at at_ns (not before the last) is from what is foretold, in sigmas of the mean of all models; *ret_physical: in
 * sigmas of the model with the strongest wander, the most that any oscillator might do. */
double phase_surprise(const struct phase *phase, int64_t at_ns, int64_t offset_ns, double *ret_physical);
/* Takes a reading, not before the last. */
void phase_update(struct phase *phase, int64_t at_ns, int64_t offset_ns);
/* The noise of the readings to come. */
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
