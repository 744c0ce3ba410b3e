/* SPDX-License-Identifier: Apache-2.0 */
/* Times and rates as people read them, out of the answers' JSON. */
#ifndef TOOLS_TAICTL_UNITS_H
#define TOOLS_TAICTL_UNITS_H

#include "tools/json.h"

enum { UNITS_TEXT = 48 };
struct units_text {
    char text[UNITS_TEXT];
};

/* Reads a decimal string; false (and *ret_ns untouched) for null or anything else. */
bool units_ns(const json_t *value, int64_t *ret_ns);
/* "+1.23 us" with the Greek letter: sign, three digits, nearest. "-" where there is none. */
struct units_text units_offset(const json_t *value);
/* "1.23 ms" rounded up, for half-widths and delays. "-" where there is none. */
struct units_text units_width(const json_t *value);
/* A rate in ps/s as "+12.003 ppm" or "+3.1 ppb". */
struct units_text units_rate(const json_t *value);
/* The same for what has no sign: skew and wander. */
struct units_text units_spread(const json_t *value);
/* "12 s", "3 min", "2 h", "4 d". */
struct units_text units_age(const json_t *value);
/* name of a {"id", "name"}: the name, else "node 3"; "none" for null. */
struct units_text units_node(const json_t *node);

#endif
