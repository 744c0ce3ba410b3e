/* SPDX-License-Identifier: Apache-2.0 */
/* Counts and distributions, to be added up over scenarios and processes. Plain memory: copied through pipes as it is. */
#ifndef TESTS_SIM_FIGURES_H
#define TESTS_SIM_FIGURES_H

#include <stdint.h>

enum { HISTOGRAM_STEPS = 16, HISTOGRAM_BUCKETS = 64 * HISTOGRAM_STEPS };

/* Of positive numbers, in steps of 2^(1/16): a percentile is right within 4.5 %. */
struct histogram {
    uint64_t count;
    uint64_t buckets[HISTOGRAM_BUCKETS];
};

void histogram_add(struct histogram *histogram, double value);
void histogram_merge(struct histogram *into, const struct histogram *from);
/* Value below which the part `p` of all lies; 0 when there are none. */
double histogram_quantile(const struct histogram *histogram, double p);

struct figures {
    uint64_t scenarios, failures,
        broken;                       /* broken: scenarios outside the assumptions with a false interval */
    uint64_t claims, false_claims;    /* intervals looked at */
    uint64_t claims_kept, false_kept; /* those in scenarios where the assumptions hold */
    uint64_t scenarios_kept;
    uint64_t torn;       /* pairs of relative lines that a lying master keeps apart */
    uint64_t placements; /* measurements of another's raw clock looked at */
    uint64_t steps, datagrams, publications, voids, sim_seconds;
    uint64_t masters;                    /* changes of master seen by honest nodes */
    struct histogram ratio;              /* half-width over true error */
    struct histogram width_ns, error_ns; /* of absolute statuses */
    struct histogram relative_ns; /* distance of honest nodes from their master's line, status relative */
    struct histogram new_master_ms, spread_before_ns, spread_after_ns, rate_change_ppt, bias_ns,
        skew_ns;                /* mark.h */
    struct histogram settle_ms; /* after the world healed */
};

void figures_merge(struct figures *into, const struct figures *from);

#endif
