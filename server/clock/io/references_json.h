/* SPDX-License-Identifier: Apache-2.0 */
/* A node's references as JSON: the answer to the verb "references" of the control socket, which taictl prints.
 * Nanoseconds are decimal strings, rates integers in ps/s, as in client/io/control_json.h. */
#ifndef SERVER_CLOCK_IO_REFERENCES_JSON_H
#define SERVER_CLOCK_IO_REFERENCES_JSON_H

#include "server/clock/io/reference_set.h"

struct json_t;

/* The caller's; NULL: out of memory. */
struct json_t *references_json(const struct reference_set *set, tai_mono_t raw);
/* The receivers of satellites among them, for the verb "gps" (gps_report.h). The caller's; NULL: out of memory. */
struct json_t *references_gps_json(const struct reference_set *set, tai_mono_t raw);

#endif
