/* SPDX-License-Identifier: Apache-2.0 */
/* Seeded randomness of the simulator: SplitMix64 and the distributions that clocks and networks have.
 *
 * Every part of a world draws from a stream of its own (rnd_fork), so that one more datagram does not change how the
 * oscillators wander. No other source of randomness exists in tests/sim: a seed repeats a run. */
#ifndef TESTS_SIM_RANDOM_H
#define TESTS_SIM_RANDOM_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>

struct rnd {
    uint64_t state;
};

static inline uint64_t rnd_u64(struct rnd *r)
{
    uint64_t z = r->state += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

/* A stream that depends on where `r` stands and on `tag` only. */
static inline struct rnd rnd_fork(struct rnd *r, uint64_t tag)
{
    struct rnd mixed = {rnd_u64(r) ^ tag * UINT64_C(0xD1342543DE82EF95)};
    return (struct rnd){rnd_u64(&mixed)};
}

/* [0, 1) */
static inline double rnd_unit(struct rnd *r)
{
    return (double)(rnd_u64(r) >> 11) * 0x1p-53;
}

static inline bool rnd_chance(struct rnd *r, double p)
{
    return p > 0 && rnd_unit(r) < p;
}

static inline double rnd_uniform(struct rnd *r, double low, double high)
{
    return low + (high - low) * rnd_unit(r);
}

/* low and high included. */
static inline int64_t rnd_between(struct rnd *r, int64_t low, int64_t high)
{
    return low + (int64_t)(rnd_u64(r) % (uint64_t)(high - low + 1));
}

static inline double rnd_exp(struct rnd *r, double mean)
{
    return mean <= 0 ? 0 : -mean * log(1 - rnd_unit(r));
}

/* Heavy tail: at least 0, median about `scale`, cut at 1000 * scale. Smaller alpha: heavier. */
static inline double rnd_pareto(struct rnd *r, double scale, double alpha)
{
    double x = scale * (pow(1 - rnd_unit(r), -1 / alpha) - 1);
    return x > 1000 * scale ? 1000 * scale : x;
}

/* Mean 0, deviation 1: the sum of twelve uniform ones, which has no endless tail. */
static inline double rnd_gauss(struct rnd *r)
{
    double sum = -6;
    for (int i = 0; i < 12; i++)
        sum += rnd_unit(r);
    return sum;
}

#endif
