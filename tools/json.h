/* SPDX-License-Identifier: Apache-2.0 */
/* JSON output of the commands: the one place of tools/ that includes jansson.
 *
 * Nanoseconds exceed 2^53, so they are written as decimal strings (json_decimal). One command prints one JSON
 * value, or one per file and line. */
#ifndef TOOLS_JSON_H
#define TOOLS_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

/* A JSON string holding `v` in decimal. NULL when out of memory, which json_object_set_new and its kin take
 * as failure. */
json_t *json_decimal(int64_t v);
/* Writes `value` to standard output, indented, with a newline, and releases it. False when it is NULL (out of
 * memory) or output fails. */
bool json_finish(json_t *value);
/* The same on one line, for commands that print one value per file. */
bool json_finish_line(json_t *value);

#endif
