/* SPDX-License-Identifier: Apache-2.0 */
/* A remote clock and the path to it, simulated in one dimension, for tests of the estimators. Times in ns of the local raw
 * clock, rates in ns/s; what is public is what a scenario changes as it goes. */
#ifndef TESTS_UNIT_REMOTE_CLOCK_H
#define TESTS_UNIT_REMOTE_CLOCK_H

#include <math.h>

#include "sdk/sync/sync.h"
#include "tests/unit/prop.h"

struct remote_clock {
    struct prop random;
    int64_t now_ns;
    double theta;  /* remote minus local, at now_ns, without base_ns */
    double rate;   /* of theta */
    double wander; /* of the rate, per root second */
    int64_t base_ns;
    double delay_out, delay_home; /* smallest */
    double jitter_out, jitter_home;
    double serving; /* between t2 and t3 */
};

static inline double prop_uniform(struct prop *p)
{
    return ((double)(prop_u64(p) >> 11) + 0.5) / 9007199254740992.0;
}

static inline double prop_normal(struct prop *p)
{
    return sqrt(-2 * log(prop_uniform(p))) * cos(6.283185307179586 * prop_uniform(p));
}

static inline double prop_exponential(struct prop *p)
{
    return -log(prop_uniform(p));
}

/* Lets time pass, in steps of a second at most. */
static inline void remote_clock_pass(struct remote_clock *c, int64_t ns)
{
    while (ns > 0) {
        int64_t step = ns < 1000000000 ? ns : 1000000000;
        double dt = (double)step * 1e-9;
        c->theta += c->rate * dt;
        c->rate += c->wander * sqrt(dt) * prop_normal(&c->random);
        c->now_ns += step;
        ns -= step;
    }
}

/* Truth at a local reading near now_ns. */
static inline double remote_clock_theta(const struct remote_clock *c, int64_t at_ns)
{
    return c->theta + c->rate * (double)(at_ns - c->now_ns) * 1e-9;
}

static inline int64_t remote_clock_read(const struct remote_clock *c, int64_t at_ns)
{
    return at_ns + c->base_ns + (int64_t)llround(remote_clock_theta(c, at_ns));
}

/* One exchange that begins at now_ns. Time does not pass: it is short against the steps. */
static inline struct sync_exchange remote_clock_exchange(struct remote_clock *c)
{
    double out = c->delay_out + c->jitter_out * prop_exponential(&c->random);
    double home = c->delay_home + c->jitter_home * prop_exponential(&c->random);
    int64_t t1 = c->now_ns, at2 = t1 + (int64_t)out, at3 = at2 + (int64_t)c->serving,
            t4 = at3 + (int64_t)home;
    return (struct sync_exchange){.local = {1},
                                  .remote = {2},
                                  .t1_ns = t1,
                                  .t2_ns = remote_clock_read(c, at2),
                                  .t3_ns = remote_clock_read(c, at3),
                                  .t4_ns = t4,
                                  .local_width_ns = 1,
                                  .remote_width_ns = 1};
}

#endif
