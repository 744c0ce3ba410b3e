/* SPDX-License-Identifier: Apache-2.0 */
/* What the simulator prints. */
#ifndef TESTS_SIM_SHOW_H
#define TESTS_SIM_SHOW_H

#include "tests/sim/figures.h"
#include "tests/sim/scenario.h"

void show_scenario(FILE *out, const struct scenario *scenario);
/* All nodes as they are now. */
void show_world(FILE *out, struct world *world);
void show_figures(FILE *out, const char *name, const struct figures *figures);

#endif
