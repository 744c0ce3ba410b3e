/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the world: the life of one node. For world.c. */
#ifndef TESTS_SIM_WORLD_STEP_H
#define TESTS_SIM_WORLD_STEP_H

#include "tests/sim/world.h"

void world_node_make(struct world *world, uint32_t index, struct rnd random);
void world_node_free(struct world_node *node);
/* True time at which its process would handle what its kernel has now. Never out of order. */
int64_t world_node_ready(struct world *world, struct world_node *node);
/* Hands in the event with the clocks of now, and carries out what comes back. */
void world_step_node(struct world *world, struct world_node *node, struct engine_event *event);
/* Plans the next timer. */
void world_node_wake(struct world *world, struct world_node *node);
void world_node_persisted(struct world *world, struct world_node *node, unsigned slot);
void world_node_reference(struct world *world, struct world_node *node);
void world_node_kernel(struct world *world, struct world_node *node, bool again);
/* From world.c. */
void world_send(struct world *world, struct world_node *node, const struct engine_send *send);

/* End of the UTC day whose last second is the scenario's leap second, POSIX time. */
int64_t world_midnight_ns(const struct world *world);

#endif
