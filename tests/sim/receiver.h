/* SPDX-License-Identifier: Apache-2.0 */
/* A node's satellite receiver and the real timekeeper behind it, and what a spoofer makes of the receiver.
 *
 * Pulses come once a second, right to the noise, or by as much wrong as the spoofer wants: a step, and a drag that grows. The
 * timekeeper is told what the node knows of its peers, as the clock process tells it. Its times are shorter than by default: 5 s of
 * quarantine, 20 s after a suspicion. It begins anew with each life of the engine. */
#ifndef TESTS_SIM_RECEIVER_H
#define TESTS_SIM_RECEIVER_H

#include "tests/sim/world.h"

/* The engine starts, or is gone. */
void receiver_start(struct world_node *node);
void receiver_end(struct world_node *node);
/* One second: the node's reference, as it is handed to the engine. */
void receiver_second(struct world *world, struct world_node *node, struct sync_reference *ret_reference);

#endif
