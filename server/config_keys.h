/* SPDX-License-Identifier: Apache-2.0 */
/* The keys of taid.yaml as a table: name, section, type, range, and where the value goes. One row is all that
 * a new setting needs here; its default stands in server/config.c and its explanation in docs/taid.yaml. */
#ifndef SERVER_CONFIG_KEYS_H
#define SERVER_CONFIG_KEYS_H

#include "server/config.h"

enum config_type {
    CONFIG_SECTION, /* a map with keys of its own */
    CONFIG_PATH,    /* char *; made absolute afterwards */
    CONFIG_USER,    /* char *: a login name */
    CONFIG_LEVEL,   /* int: error, warning, notice, debug */
    CONFIG_COUNT,   /* uint32_t */
    CONFIG_MS,      /* int64_t nanoseconds, written in milliseconds */
    CONFIG_LISTEN   /* the list of addresses */
};

struct config_key {
    const char *section; /* "" at the top */
    const char *name;
    enum config_type type;
    size_t offset;    /* of the value in struct taid_config */
    int64_t min, max; /* as written, for numbers */
};

extern const struct config_key config_keys[];
extern const size_t config_keys_count;

/* NULL: no such key. */
const struct config_key *config_key_find(const char *section, const char *name);
/* The closest key of `section` to a wrong `name`, or the same name in another section; NULL when nothing is
 * near. */
const struct config_key *config_key_suggest(const char *section, const char *name);

/* Levels by number. */
const char *config_level_name(int level);

#endif
