/* SPDX-License-Identifier: Apache-2.0 */
/* Figures that a scenario wants at certain moments: how far the honest nodes are apart, how fast cluster time runs, how far
 * lies moved it. They are what issue and DESIGN ask of the cluster; a limit that is missed is a failure like any other. */
#ifndef TESTS_SIM_MARK_H
#define TESTS_SIM_MARK_H

#include "tests/sim/world.h"

enum mark {
    MARK_BEFORE, /* of the master's death: rate from here to MARK_KILL */
    MARK_KILL,
    MARK_KILLED,
    MARK_AFTER, /* rate from MARK_KILLED to here; spread against MARK_KILL */
    MARK_BIAS,  /* from here on the mean error of the honest nodes counts */
    MARK_SKEW,  /* how far the honest nodes are apart, with two-faced peers and no master */
    MARKS
};

/* Offset from true time of each node's published line. */
struct mark_taken {
    bool taken;
    int64_t at_ns;
    bool has[16];
    int64_t offset_ns[16];
};

void oracle_mark(struct world *world, enum mark mark);
void oracle_master_killed(struct world *world);
/* With each sample: errors after MARK_BIAS. */
void oracle_mark_sample(struct world *world);
/* At the end of the run. */
void oracle_mark_judge(struct world *world);

#endif
