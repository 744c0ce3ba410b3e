/* SPDX-License-Identifier: Apache-2.0 */
/* The oracle: knows true time, looks at everything that honest nodes publish and send, and says when a promise is broken.
 *
 * It checks, with the promises of DESIGN section 2:
 *  1. each published line, when it is published, every half second, and just before it is replaced or expires (as a reader of
 *     the page would see it, who calls it disrupted when REALTIME - RAW is another): true TAI is inside, for the statuses
 *     synchronised, single-reference and assumed. For `relative`: two honest nodes that follow the same master in the same
 *     term say intervals of cluster time; at any instant these must overlap, and overlap that of the master itself, when
 *     the master is honest. (Cluster time is what the master says; a two-faced one has two. How often that tears
 *     lines apart is counted, and at the end of a run all must be together.)
 *  3. a term has one master among all that honest nodes say; no two honest nodes hold a lease at the same instant; none
 *     holds one for longer than a lease while it cannot reach a quorum.
 *  4. is 1 with lying masters: whatever they say, no honest interval becomes false.
 *  6. the HLC of each datagram is later than that of the datagram before, over restarts too (a lost disk excepted); the
 *     published time does not step, back or forth: a line starts where the one before it is. A node that says
 *     `unknown` or `disrupted` in between starts anew.
 * And manners: wake-ups within a second, no endless loop, steering within 500 ppm, a step of the system clock only at the start.
 *
 * After the world has healed, oracle_sample asks for progress (see scenario.h). */
#ifndef TESTS_SIM_ORACLE_H
#define TESTS_SIM_ORACLE_H

#include "sdk/time/arith.h"
#include "tests/sim/figures.h"
#include "tests/sim/mark.h"
#include "tests/sim/world.h"

enum { ORACLE_TERMS = 64, ORACLE_WHAT = 400 };

struct oracle_node {
    int64_t hlc_ns;
    uint32_t hlc_count;
    uint64_t wakes; /* steps in the present second */
    int64_t wakes_second;
    int64_t cut_off_since; /* true time since when it could not reach a quorum; 0: it can */
    uint64_t voids, steps; /* times that a line was given up; steps of the system clock */
    uint32_t renamed;      /* the life in which its engine gave the timeline a new name */
};

struct oracle_term {
    uint64_t term;
    uint32_t master;
    uint32_t said_by;
};

struct oracle {
    struct world *world;
    struct oracle_node *nodes;
    bool found;
    char what[ORACLE_WHAT];
    struct oracle_term terms[ORACLE_TERMS]; /* by term modulo */
    struct figures figures;
    int64_t healed_ns;             /* 0: not yet */
    int64_t good_since, bad_since; /* since when all that is demanded holds, or does not; 0: the other */
    int64_t settled_ns;            /* when it first held for a while; 0: not yet */
    struct mark_taken marks[MARKS];
    int64_t killed_ns, new_master_ns;
    int64_t spread_before_ns,
        spread_after_ns; /* largest from MARK_BEFORE to MARK_KILL, from the kill to MARK_AFTER */
    double bias_sum;
    uint64_t bias_count;
    char missing[ORACLE_WHAT]; /* what was missing at the last look */
};

void oracle_start(struct oracle *oracle, struct world *world);
void oracle_end(struct oracle *oracle);
bool oracle_found(const struct oracle *oracle);
/* The first one counts. */
void oracle_fail(struct world *world, const struct world_node *node, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Called by the world. */
void oracle_started(struct world *world, struct world_node *node);
void oracle_publish(struct world *world, struct world_node *node, const struct engine_actions *actions);
void oracle_published(struct world *world, struct world_node *node);
void oracle_expire(struct world *world, struct world_node *node, uint64_t serial);
void oracle_send(struct world *world, struct world_node *node, const struct engine_send *send);
void oracle_steered(struct world *world, struct world_node *node, const struct engine_steer *steering);
void oracle_report(struct world *world, struct world_node *node, const struct engine_report *report);
void oracle_step(struct world *world, struct world_node *node, const struct engine_event *event);
void oracle_sample(struct world *world);
/* The script changed something: a quorum may be in reach for less than the time between two samples. */
void oracle_ways(struct world *world);
/* The world has healed: from now on progress counts. */
void oracle_healed(struct world *world);
/* The end of the run: what was demanded must hold. */
void oracle_judge(struct world *world);

/* What a reader of the node's page gets now. False: no interval. */
bool oracle_read(struct world *world, struct world_node *node, tai_t *ret_tai, int64_t *ret_half_width_ns);

#endif
