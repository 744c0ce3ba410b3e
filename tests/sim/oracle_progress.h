/* SPDX-License-Identifier: Apache-2.0 */
/* The part of the oracle that asks the engines themselves: leases, and progress after the world healed. */
#ifndef TESTS_SIM_ORACLE_PROGRESS_H
#define TESTS_SIM_ORACLE_PROGRESS_H

#include "tests/sim/world.h"

void oracle_leases(struct world *world);
void oracle_progress(struct world *world);

#endif
