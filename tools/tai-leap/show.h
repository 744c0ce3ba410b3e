/* SPDX-License-Identifier: Apache-2.0 */
/* What tai-leap prints: an instant in its forms, and the table. */
#ifndef TOOLS_TAI_LEAP_SHOW_H
#define TOOLS_TAI_LEAP_SHOW_H

#include "tools/json.h"
#include "tools/tai-leap/read.h"

/* One instant as text. False when the one form asked for does not exist (UTC, POSIX and NTP before 1972). */
bool show_instant(const char *input, const struct instant *i, enum form form, const taistamp_leaps *leaps,
                  bool quiet);
/* The same as a JSON object. */
json_t *show_instant_json(const char *input, const struct instant *i, const taistamp_leaps *leaps);

/* The table. `now` decides whether it has expired. */
void show_table(const taistamp_leaps *leaps, const struct instant *now);
json_t *show_table_json(const taistamp_leaps *leaps, const struct instant *now, bool with_lines);
/* Which paths are tried and what is found there, to standard error. */
void show_paths(void);

#endif
