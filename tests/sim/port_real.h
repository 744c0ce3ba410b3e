/* SPDX-License-Identifier: Apache-2.0 */
/* The engines of the product. */
#ifndef TESTS_SIM_PORT_REAL_H
#define TESTS_SIM_PORT_REAL_H

#include "tests/sim/port.h"

extern const struct port port_node, port_follower;

#endif
