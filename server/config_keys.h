/* SPDX-License-Identifier: Apache-2.0 */
/* The keys of taid.yaml as a table (sdk/io/settings.h). One row is all that a new setting needs here; its default stands
 * in server/config.c and its explanation in docs/taid.yaml. */
#ifndef SERVER_CONFIG_KEYS_H
#define SERVER_CONFIG_KEYS_H

#include "sdk/io/settings.h"
#include "server/config.h"

extern const struct setting config_keys[];
extern const size_t config_keys_count;

#endif
