/* SPDX-License-Identifier: Apache-2.0 */
#include "server/config_keys.h"

#include <stddef.h>
#include <string.h>

#define AT(field) offsetof(struct taid_config, field)

/* Ranges: wide enough for every use that makes sense, narrow enough that a slipped digit or a wrong unit is
 * caught. */
const struct config_key config_keys[] = {
    {"", "data_dir", CONFIG_PATH, AT(data_dir), 0, 0},
    {"", "key_dir", CONFIG_PATH, AT(key_dir), 0, 0},
    {"", "policy", CONFIG_PATH, AT(policy_path), 0, 0},
    {"", "log_level", CONFIG_LEVEL, AT(log_level), 0, 0},
    {"", "clock", CONFIG_SECTION, 0, 0, 0},
    {"clock", "page", CONFIG_PATH, AT(clock.page), 0, 0},
    {"clock", "leap_file", CONFIG_PATH, AT(clock.leap_file), 0, 0},
    /* One hour: who cannot say more should not issue stamps. */
    {"clock", "assume_error_ms", CONFIG_MS, AT(clock.assume_error_ns), 1, 3600000},
    {"clock", "user", CONFIG_USER, AT(clock.user), 0, 0},
    {"", "stamp", CONFIG_SECTION, 0, 0, 0},
    {"stamp", "listen", CONFIG_LISTEN, 0, 0, 0},
    {"stamp", "max_error_ms", CONFIG_MS, AT(stamp.max_error_ns), 1, 3600000},
    {"stamp", "user", CONFIG_USER, AT(stamp.user), 0, 0},
    {"stamp", "connections_max", CONFIG_COUNT, AT(stamp.connections_max), 1, 1000000},
    {"stamp", "pending_max", CONFIG_COUNT, AT(stamp.pending_max), 1, 1000000},
    {"stamp", "request_ms", CONFIG_COUNT, AT(stamp.request_ms), 100, 600000},
    {"stamp", "idle_ms", CONFIG_COUNT, AT(stamp.idle_ms), 100, 3600000},
    {"stamp", "answer_ms", CONFIG_COUNT, AT(stamp.answer_ms), 100, 600000},
    /* A request is one subject, some 300 bytes. */
    {"stamp", "body_bytes_max", CONFIG_COUNT, AT(stamp.body_bytes_max), 512, 1048576},
    {"stamp", "header_bytes_max", CONFIG_COUNT, AT(stamp.header_bytes_max), 1024, 65536},
    /* The longest answer, a full entry bundle, has 258 KiB: below 512 KiB it could not be sent. */
    {"stamp", "output_bytes_max", CONFIG_COUNT, AT(stamp.output_bytes_max), 524288, 67108864},
};
const size_t config_keys_count = sizeof config_keys / sizeof config_keys[0];

static const char *const level_names[] = {"error", "warning", "notice", "debug"};

const char *config_level_name(int level)
{
    return level >= 0 && level < (int)(sizeof level_names / sizeof level_names[0]) ? level_names[level]
                                                                                   : NULL;
}

const struct config_key *config_key_find(const char *section, const char *name)
{
    for (size_t i = 0; i < config_keys_count; i++)
        if (strcmp(config_keys[i].section, section) == 0 && strcmp(config_keys[i].name, name) == 0)
            return &config_keys[i];
    return NULL;
}

/* Lower case, '_' for '-': how people write the same word otherwise. */
static int fold(char c)
{
    if (c == '-')
        return '_';
    return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
}

enum { NAME_MAX_COMPARED = 32, FAR = 99 };

/* Levenshtein distance: the number of characters to insert, delete or replace. */
static unsigned distance(const char *a, const char *b)
{
    size_t la = strlen(a), lb = strlen(b);
    if (la > NAME_MAX_COMPARED || lb > NAME_MAX_COMPARED)
        return FAR;
    unsigned row[NAME_MAX_COMPARED + 1];
    for (size_t j = 0; j <= lb; j++)
        row[j] = (unsigned)j;
    for (size_t i = 1; i <= la; i++) {
        unsigned diagonal = row[0];
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= lb; j++) {
            unsigned replace = diagonal + (fold(a[i - 1]) != fold(b[j - 1]));
            diagonal = row[j];
            unsigned shorter = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;
            row[j] = replace < shorter ? replace : shorter;
        }
    }
    return row[lb];
}

/* `name` without its unit, or with another one: "assume_error" for "assume_error_ms". */
static bool is_unitless(const char *name, const char *key)
{
    size_t n = strlen(name);
    return n >= 4 && strlen(key) > n && strncmp(name, key, n) == 0 && key[n] == '_';
}

const struct config_key *config_key_suggest(const char *section, const char *name)
{
    const struct config_key *best = NULL;
    unsigned best_distance = FAR;
    for (size_t i = 0; i < config_keys_count; i++) {
        const struct config_key *key = &config_keys[i];
        bool here = strcmp(key->section, section) == 0;
        unsigned d = distance(name, key->name);
        if (here && is_unitless(name, key->name))
            d = 0;
        size_t allowed = here ? strlen(key->name) / 3 : 0;
        if (d <= allowed && d < best_distance) {
            best = key;
            best_distance = d;
        }
    }
    return best;
}
