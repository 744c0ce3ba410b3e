/* SPDX-License-Identifier: Apache-2.0 */
/* Seeded randomness for property tests: a seed from TEST_SEED or the default, printed so that a failure can
 * be run again. */
#ifndef TESTS_UNIT_PROP_H
#define TESTS_UNIT_PROP_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

struct prop {
    uint64_t state;
};

/* SplitMix64. */
static inline uint64_t prop_u64(struct prop *p)
{
    uint64_t z = p->state += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

/* Uniform enough below n, n > 0. */
static inline uint64_t prop_below(struct prop *p, uint64_t n)
{
    return prop_u64(p) % n;
}

/* Step of an exhaustive loop: 1, or `sparse` where TEST_SPARSE is set, as it is under valgrind, where the
 * point is how memory is used, and in the archive that is to be handed out, where it is that nothing lacks. Every case runs
 * in the ordinary build and with the sanitizers. */
static inline unsigned prop_step(unsigned sparse)
{
    return getenv("TEST_SPARSE") != NULL ? sparse : 1;
}

/* Whether make check runs with the sanitizers (tests/check/local.mk), where everything takes some four times as long. */
static inline bool prop_sanitized(void)
{
    return getenv("SANITIZERS") != NULL;
}

/* How many of `all` drawn worlds or seeds: all, a quarter with the sanitizers, or one of `sparse` where TEST_SPARSE is set; never none. */
static inline int prop_share(int all, unsigned sparse)
{
    unsigned part = prop_step(sparse);
    if (part == 1 && prop_sanitized())
        part = 4;
    return all > (int)part ? all / (int)part : 1;
}

/* Rounds of a loop over drawn cases: all, a quarter, or a twentieth. */
static inline int prop_rounds(int all)
{
    return prop_share(all, 20);
}

static inline struct prop prop_start(const char *name, uint64_t seed)
{
    const char *given = getenv("TEST_SEED");
    if (given != NULL)
        seed = strtoull(given, NULL, 0);
    printf("%s: TEST_SEED=%llu\n", name, (unsigned long long)seed);
    return (struct prop){seed};
}

#endif
