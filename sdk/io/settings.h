/* SPDX-License-Identifier: Apache-2.0 */
/* A daemon's settings: a table of keys, read strictly from YAML into a struct and printed back. taid.yaml and
 * tai-client.yaml are such files.
 *
 * Decides: the form of every kind of value and what is said about a wrong one; that an unknown or doubled key, a value of
 * another kind or out of its range is an error with file and line. Does not decide which keys there are, their defaults,
 * and what must hold between two of them: that is the daemon's (server/config.c, client/io/client_config.c), which asks
 * settings_line() where a key stood to say so.
 *
 * One row is a setting:
 *
 *     {.section = "sync", .name = "poll_ms", .type = SETTING_MS, .offset = ..., .min = 50, .max = 1024000}
 *
 * Strings in the struct are malloc'ed; NULL is "not set" and is not printed, nor is a number below its `min`, for which 0 can
 * say "not set" where min is 1, nor a count above its `max`. Any thread; no state but the caller's. */
#ifndef SDK_IO_SETTINGS_H
#define SDK_IO_SETTINGS_H

#include <stdbool.h>
#include <stdio.h>

#include "sdk/base/bytes.h"
#include "taistamp/base.h"

enum setting_type {
    SETTING_SECTION, /* a map with keys of its own */
    SETTING_PATH,    /* char *; settings_path_resolve makes it absolute afterwards */
    SETTING_USER,    /* char *: a login name */
    SETTING_NODE,    /* char *: name or number of a node of the cluster */
    SETTING_NAME,    /* char *: 1 to SETTINGS_NAME_MAX letters, digits and '-', not one of these first */
    SETTING_TEXT,  /* char *: 1 to SETTINGS_TEXT_MAX printable ASCII characters, no blank: a host, a device */
    SETTING_WORD,  /* int: the index of one of `words` */
    SETTING_FLAG,  /* bool: true or false */
    SETTING_COUNT, /* uint32_t */
    SETTING_S,     /* int64_t nanoseconds, written in seconds */
    SETTING_MS,    /* the same, written in milliseconds */
    SETTING_US,    /* in microseconds */
    SETTING_NS,    /* in nanoseconds */
    SETTING_DATE,  /* int64_t: YYYY-MM-DD as POSIX seconds of its 00:00 UTC, 1972 to 9999; 0: not set */
    SETTING_LISTEN, /* char *[SETTINGS_LISTEN_MAX]: numeric addresses with a port */
    SETTING_LIST    /* a list of maps, each a struct of an array */
};

enum {
    SETTINGS_LISTEN_MAX = 8,
    SETTINGS_KEYS_MAX = 64, /* taid.yaml has 51 */
    SETTINGS_NAME_MAX = 31,
    SETTINGS_TEXT_MAX = 255
};

struct settings;
struct setting;

/* What the maps of a SETTING_LIST consist of. */
struct setting_list {
    const struct setting *keys; /* their section is "" and their offsets are within one element */
    size_t keys_count;          /* at most SETTINGS_KEYS_MAX; no list among them */
    size_t size;                /* of one element, which begins as zeroes */
    const char *what;           /* one of them, for messages: "a reference" */
    void (*defaults)(void *element);
    /* After one was read, on `line`: what must hold between its keys and with the elements before it (`first`, `index` of
     * them). `element` is as in settings_read, its target is the new one, which may be completed here. */
    enum tai_err (*finish)(const struct settings *element, unsigned line, const void *first, size_t index);
    /* Whether this key means anything in this element; what does not is not printed. */
    bool (*applies)(const void *element, const struct setting *key);
};

struct setting {
    const char *section; /* "" at the top */
    const char *name;
    enum setting_type type;
    size_t offset;    /* of the value in the struct */
    int64_t min, max; /* as written, for numbers; max: the most elements of a SETTING_LISTEN or _LIST */
    const char *const *words;        /* SETTING_WORD: NULL-terminated */
    size_t count_offset;             /* SETTING_LISTEN, SETTING_LIST: of its size_t */
    const char *example;             /* SETTING_LISTEN: for messages */
    const struct setting_list *list; /* SETTING_LIST */
};

struct settings {
    const struct setting *keys;
    size_t keys_count; /* at most SETTINGS_KEYS_MAX */
    void *target;      /* the struct, with its defaults */
    const char *path;  /* in messages */
    struct tai_error *error;
    unsigned lines[SETTINGS_KEYS_MAX]; /* settings_line; zero at first */
};

/* Reads the text into s->target. What was taken before a mistake stays there: settings_free takes it all.
 * TAI_ERR_FORMAT, _RANGE, _SPACE, _MEMORY. */
TAISTAMP_MUST_CHECK enum tai_err settings_read(struct settings *s, const void *text, size_t len);
/* Where a key stands in the file, from 1; 0: nowhere. The key must be in the table. */
unsigned settings_line(const struct settings *s, const char *section, const char *name);
/* Says `format` about that line (or about the file where the key does not stand in it) and returns `code`. */
TAISTAMP_PRINTF(4, 5)
enum tai_err settings_refuse(const struct settings *s, unsigned line, enum tai_err code, const char *format,
                             ...);

/* Writes every setting in force as YAML that settings_read takes back to the same values. */
void settings_print(const struct setting *keys, size_t count, const void *target, FILE *out);
/* Frees every string of the struct and zeroes its pointers. */
void settings_free(const struct setting *keys, size_t count, void *target);

/* Reads a settings file into malloc'ed memory, at most one byte more than settings_read takes. TAI_ERR_NOT_FOUND,
 * _PERMISSION, _IO, _FORMAT (not a regular file). */
TAISTAMP_MUST_CHECK enum tai_err settings_file(const char *path, char **ret_text, size_t *ret_len,
                                               struct tai_error *error);

/* "base/name", or a copy of `name` where it is absolute; "." and "./" are left out. NULL: out of memory. */
char *settings_path_join(const char *base, const char *name);
/* Replaces *field by itself or, where it is NULL, by `fallback`, seen from `base`. Both NULL: stays so. False: out of
 * memory. */
bool settings_path_resolve(const char *base, char **field, const char *fallback);
/* The file's own absolute path and the folder it is in, both malloc'ed. False: no working directory or no memory. */
bool settings_path_folder(const char *path, char **ret_path, char **ret_folder);

/* error, warning, notice, debug: enum log_level in words. */
extern const char *const settings_log_levels[];

#endif
