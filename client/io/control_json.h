/* SPDX-License-Identifier: Apache-2.0 */
/* Views as JSON: what taictl prints with --json and formats without. Nanoseconds are decimal strings, for they exceed
 * 2^53; rates are integers in ps/s. NULL when out of memory. */
#ifndef CLIENT_IO_CONTROL_JSON_H
#define CLIENT_IO_CONTROL_JSON_H

#include "client/io/control.h"
#include "client/io/json.h"

json_t *control_json_tracking(const struct control_owner *owner);
json_t *control_json_sources(const struct control_owner *owner);
json_t *control_json_cluster(const struct control_owner *owner);
json_t *control_json_oscillator(const struct control_owner *owner);

/* "192.0.2.1:123", "[2001:db8::1]:123"; null for none. */
json_t *control_json_address(const struct engine_address *address);

/* The words of the enums; stable. */
const char *control_state_name(enum view_state state);
const char *control_verdict_name(enum view_verdict verdict);

#endif
