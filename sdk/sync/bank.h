/* SPDX-License-Identifier: Apache-2.0 */
/* The delay filter: offset and rate of a remote raw clock from one-way readings that are never early, only late.
 *
 * State of one model: offset theta (remote minus local), its rate, and the smallest delay of either direction. A forward reading is
 * f = theta + delay_f + jitter, a backward one b = -theta + delay_b + jitter; jitter only adds, and is exponential for
 * the model. So a reading does two things to the belief about s = theta + delay: it cuts off all s above f, and it makes
 * larger s likelier by exp(s / J). A normal belief with variance v that is tilted so and cut off stays close to a normal one, whose
 * mean and variance are known in closed form (the moments of a cut-off normal variable): one update costs no more than
 * one of a Kalman filter, needs no window and keeps no samples. The tilts of both directions cancel in theta and push the delays up
 * until the cuts stop them: the lower envelope of both directions, with the rate fitted over both. The method is known
 * as assumed-density filtering (Maybeck, "Stochastic Models, Estimation and Control" 2, 1982; Minka, "Expectation
 * Propagation", 2001).
 *
 * The rate is a random walk of unknown strength (the wander). BANK_MODELS filters run beside each other, half a decade of
 * wander apart, each weighted by how well it predicted what came; weights and beliefs leak to the neighbours a little (Blom
 * and Bar-Shalom, "The interacting multiple model algorithm", 1988), so the bank follows when the wander changes. The estimate is the
 * weighted mean. The mean jitter is learnt from what was read, cut off at five times itself.
 *
 * What it survives: a reading far too late tells nothing and is passed over; a path that became longer is seen when none of
 * BANK_RUN readings in a row comes near the envelope, and then only that direction's delay is learnt again, so theta does
 * not move; a path that became shorter is at once the better one, and theta follows it.
 *
 * What it cannot see: constant asymmetry. It is believed equal in both directions at the start.
 *
 * It bounds nothing: rigorous intervals are made from the same readings by envelope.h, in integers. Here are doubles, relative to
 * integer references, so that they keep their precision. Thread rule: one thread per bank. */
#ifndef SDK_SYNC_BANK_H
#define SDK_SYNC_BANK_H

#include <stdbool.h>
#include <stdint.h>

enum {
    BANK_MODELS = 8, /* wander 3e-11 to 1e-7 per root second: rubidium to a bad virtual machine */
    BANK_STATE = 4,  /* theta ns, rate ns/s, delay forward ns, delay back ns */
    BANK_RUN = 16    /* by chance once in 10^8 readings */
};

struct bank_model {
    double mean[BANK_STATE];
    double cov[BANK_STATE][BANK_STATE];
    double weight; /* they add up to 1 */
};

struct bank {
    struct bank_model models[BANK_MODELS];
    int64_t at_ns;    /* local raw reading to which the state refers */
    int64_t base_ns;  /* theta is relative to this */
    double jitter[2]; /* mean excess, forward and back, ns */
    double least[2];  /* smallest excess of the run of readings that stayed away */
    uint8_t run[2];   /* its length */
    uint32_t updates;
};

/* Begins with one exchange: forward = t2 - t1 and backward = t4 - t3, |both| < 2^62; the rate is known as given (ns/s, one
 * sigma). noise_ns: resolution of the stamps. */
void bank_start(struct bank *bank, int64_t t4_ns, int64_t forward_ns, int64_t backward_ns, double rate,
                double rate_sigma, double noise_ns);
/* Takes one more exchange, read at local t1 and t4; out of order is fine. */
void bank_update(struct bank *bank, int64_t t1_ns, int64_t t4_ns, int64_t forward_ns, int64_t backward_ns,
                 double noise_ns);

struct bank_estimate {
    int64_t offset_ns; /* theta at the time asked for */
    double sigma_ns;   /* of it, by the filter's own belief */
    double rate, skew; /* ns/s; skew is one sigma */
    double wander;     /* ns/s per root second */
    double delay_ns;   /* both directions together */
    double jitter_ns;  /* mean of both */
};
void bank_estimate(const struct bank *bank, int64_t at_ns, struct bank_estimate *ret_estimate);

#endif
