/* SPDX-License-Identifier: Apache-2.0 */
/* Liars with keys and attackers without.
 *
 * A traitor is a real engine whose datagrams are opened, changed and sealed again on their way out, with its own keys: it
 * can say anything, to each peer something else, but not in another's name. An attacker has no keys: it repeats what it
 * overheard, sends it back to its sender, changes bits, cuts, makes things up, in great number. */
#ifndef TESTS_SIM_TRAITOR_H
#define TESTS_SIM_TRAITOR_H

#include "tests/sim/world.h"

const char *traitor_name(enum traitor_kind kind);
/* Makes a lie of what its engine wants to send. False: it is not sent at all. */
bool traitor_twist(struct world *world, struct world_node *node, struct engine_send *send);
/* One datagram of an attacker's, to somebody. */
void traitor_attack(struct world *world);

/* Looking into datagrams, for the oracle and for scenarios. */
bool traitor_hlc(const uint8_t *bytes, size_t len, int64_t *ret_l_ns, uint32_t *ret_c);
/* enum wire_type; 0: none. */
unsigned traitor_type(const uint8_t *bytes, size_t len);

#endif
