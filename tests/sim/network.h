/* SPDX-License-Identifier: Apache-2.0 */
/* The network between the nodes: when, how often and whether a datagram arrives.
 *
 * Decides for each datagram: lost, or its delay; and whether a second copy comes. Nothing keeps order: two datagrams with
 * different jitter overtake each other. Each direction of each pair has its own least delay, so paths are
 * asymmetric; since an exchange's causality bound is half of the whole delay, any constant asymmetry lies within it and
 * breaks no assumption.
 *
 * delay = base[from][to] + exponential(jitter) + (chance of) Pareto(tail) + what a clogged direction adds. */
#ifndef TESTS_SIM_NETWORK_H
#define TESTS_SIM_NETWORK_H

#include "tests/sim/random.h"

struct network_plan {
    int64_t base_ns_min, base_ns_max; /* each direction draws its own, */
    bool symmetric;                   /* or both directions the same */
    double jitter_ns;                 /* mean of the exponential part */
    double tail_chance, tail_ns;      /* of a Pareto one */
    double loss, duplicate;           /* chances */
};

struct network {
    struct network_plan plan;
    struct rnd random;
    unsigned nodes;
    int64_t *base_ns;   /* [from * nodes + to] */
    unsigned char *cut; /* [from * nodes + to]: nothing goes that way */
    unsigned char *clogged;
    double clog_ns; /* mean of what a clogged way adds */
    uint64_t carried, lost, doubled;
};

void network_start(struct network *net, const struct network_plan *plan, unsigned nodes, struct rnd random);
void network_end(struct network *net);

/* The fate of a datagram: number of copies that arrive (0 to 2) and after which delay each. */
unsigned network_fate(struct network *net, unsigned from, unsigned to, int64_t ret_delay_ns[2]);

/* Ways. `group[i]` numbers the side on which node i is: what crosses is cut. */
void network_partition(struct network *net, const unsigned char *group);
void network_cut(struct network *net, unsigned from, unsigned to, bool cut);
void network_clog(struct network *net, unsigned from, unsigned to, bool clogged, double mean_ns);
/* Everything goes everywhere again, without loss, doubles and tails. */
void network_heal(struct network *net);
int64_t network_base_max(const struct network *net);

#endif
