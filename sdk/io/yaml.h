/* SPDX-License-Identifier: Apache-2.0 */
/* Settings files: the part of YAML 1.1 that nobody can misread, as a tree whose every item knows its line.
 *
 * Taken: one document of maps, lists and scalars, UTF-8, block or flow style, comments. Refused, with
 * "file:line: " in front of the reason: a key twice in one map (YAML parsers differ on which one wins),
 * anchors and aliases (they can blow up), tags and directives (they change what a value means), a second
 * document, a byte-order mark, control characters, keys that are no scalars, a document with nothing in it,
 * and anything above the limits below. Scalars are text: whoever asks decides what a number is, so that `no`,
 * `0x10` and `1e3` never turn into something unexpected.
 *
 * sdk/io/yaml.c is the only file that includes libyaml's header. Any thread; a tree is read-only once made.
 */
#ifndef SDK_IO_YAML_H
#define SDK_IO_YAML_H

#include <stdbool.h>

#include "taistamp/base.h"

/* Of yaml_tree_parse. */
enum {
    YAML_TEXT_MAX = 64 * 1024, /* bytes: a settings file is a few thousand */
    YAML_DEPTH_MAX = 8,        /* maps and lists inside each other: taid.yaml needs 4 */
    YAML_ITEMS_MAX = 1024      /* keys and values: taid.yaml has about 30 */
};

enum yaml_kind { YAML_KIND_SCALAR, YAML_KIND_LIST, YAML_KIND_MAP };

struct yaml_item {
    enum yaml_kind kind;
    unsigned line;           /* where it starts, from 1; for the value of a key: the key's line */
    char *key;               /* in a map: its key; else NULL */
    char *text;              /* scalar: its text, without NUL inside; else NULL */
    bool plain;              /* scalar: written without quotes */
    struct yaml_item *first; /* map, list: its first member; NULL when empty */
    struct yaml_item *next;  /* the next member of the map or list that this one is in */
};

struct yaml_tree;

/* Parses `len` bytes; `path` is for messages. *ret_tree is the caller's (yaml_tree_free). TAI_ERR_FORMAT,
 * TAI_ERR_SPACE (a limit), TAI_ERR_MEMORY. */
TAISTAMP_MUST_CHECK enum tai_err yaml_tree_parse(const char *path, const void *text, size_t len,
                                                 struct yaml_tree **ret_tree, struct tai_error *error);
/* The same within other limits, for a file whose size its own format bounds (sdk/io/cluster.h). */
struct yaml_limits {
    size_t text_bytes;
    unsigned items;
};
TAISTAMP_MUST_CHECK enum tai_err yaml_tree_parse_within(const char *path, const void *text, size_t len,
                                                        const struct yaml_limits *limits,
                                                        struct yaml_tree **ret_tree, struct tai_error *error);
void yaml_tree_free(struct yaml_tree *tree);
/* Lives as long as the tree. */
const struct yaml_item *yaml_tree_root(const struct yaml_tree *tree);
/* A scalar without quotes and text: `key:` with nothing after it. */
bool yaml_item_is_empty(const struct yaml_item *item);

/* Fills `error` with "path:line: " and a formatted reason, control characters escaped, and returns `code`:
 * for readers of trees, so that all refusals look the same. */
TAISTAMP_PRINTF(5, 6)
enum tai_err yaml_refuse(const char *path, unsigned line, enum tai_err code, struct tai_error *error,
                         const char *format, ...);

#endif
