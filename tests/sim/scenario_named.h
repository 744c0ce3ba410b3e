/* SPDX-License-Identifier: Apache-2.0 */
/* The table of scenarios. */
#ifndef TESTS_SIM_SCENARIO_NAMED_H
#define TESTS_SIM_SCENARIO_NAMED_H

#include "tests/sim/scenario.h"

struct scenario_named {
    const char *name, *about;
    /* Fills in what differs from a plain network. servers and clients are set already when the command line has them. */
    void (*make)(struct scenario *scenario, const struct scenario_options *options, struct rnd *random);
};

const struct scenario_named *scenario_find(const char *name);
void scenario_do(struct scenario *scenario, double at_s, enum script_kind kind, uint32_t node, int64_t a,
                 int64_t b);
/* The one whose every trait is drawn. */
void scenario_random(struct scenario *scenario, const struct scenario_options *options, struct rnd *random);

#endif
