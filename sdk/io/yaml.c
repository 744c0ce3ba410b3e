/* SPDX-License-Identifier: Apache-2.0 */
#include "sdk/io/yaml.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "sdk/base/error.h"
#include "sdk/base/text.h"

struct yaml_tree {
    struct yaml_item *root;
};

struct reader {
    const char *path;
    struct bytes text;
    yaml_parser_t parser;
    struct tai_error *error;
    struct yaml_limits limits;
    unsigned items;
};

enum tai_err yaml_refuse(const char *path, unsigned line, enum tai_err code, struct tai_error *error,
                         const char *format, ...)
{
    if (error == NULL)
        return code;
    char reason[sizeof error->text];
    va_list ap;
    va_start(ap, format);
    vsnprintf(reason, sizeof reason, format, ap);
    va_end(ap);
    char where[24];
    snprintf(where, sizeof where, ":%u", line);
    char head[sizeof error->text];
    snprintf(head, sizeof head, "%s%s", path, where);
    return error_set_detail(error, code, head, bytes_of_str(reason));
}

static unsigned line_of(const yaml_event_t *event)
{
    return (unsigned)event->start_mark.line + 1;
}

static unsigned line_at_offset(struct bytes text, size_t offset)
{
    unsigned line = 1;
    for (size_t i = 0; i < text.len && i < offset; i++)
        line += text.data[i] == '\n';
    return line;
}

/* Whether a tab is in the blanks before line `line`, counted from 1. */
static bool indented_by_tab(struct bytes text, unsigned line)
{
    size_t i = 0;
    for (unsigned at = 1; i < text.len && at < line; i++)
        at += text.data[i] == '\n';
    while (i < text.len && text.data[i] == ' ')
        i++;
    return i < text.len && text.data[i] == '\t';
}

/* libyaml stopped: its reason with our line. */
static enum tai_err refuse_syntax(struct reader *r)
{
    const yaml_parser_t *p = &r->parser;
    const char *problem = p->problem != NULL ? p->problem : "not YAML";
    if (p->error == YAML_MEMORY_ERROR)
        return error_set(r->error, TAI_ERR_MEMORY, "out of memory");
    if (p->error == YAML_READER_ERROR)
        return yaml_refuse(r->path, line_at_offset(r->text, p->problem_offset), TAI_ERR_FORMAT, r->error,
                           "%s", problem);
    unsigned line = (unsigned)p->problem_mark.line + 1;
    if (indented_by_tab(r->text, line))
        return yaml_refuse(r->path, line, TAI_ERR_FORMAT, r->error, "a tab: YAML indents with blanks alone");
    if (p->context != NULL)
        return yaml_refuse(r->path, line, TAI_ERR_FORMAT, r->error, "%s, %s", p->context, problem);
    return yaml_refuse(r->path, line, TAI_ERR_FORMAT, r->error, "%s", problem);
}

static enum tai_err next_event(struct reader *r, yaml_event_t *ret_event)
{
    return yaml_parser_parse(&r->parser, ret_event) ? TAI_OK : refuse_syntax(r);
}

/* What changes the meaning of the text beyond what stands there. */
static enum tai_err refuse_decoration(struct reader *r, const yaml_event_t *event, const yaml_char_t *anchor,
                                      const yaml_char_t *tag)
{
    if (anchor != NULL)
        return yaml_refuse(r->path, line_of(event), TAI_ERR_FORMAT, r->error,
                           "anchors (&%s) are not taken here; a value that starts with & needs quotes",
                           (const char *)anchor);
    if (tag != NULL)
        return yaml_refuse(r->path, line_of(event), TAI_ERR_FORMAT, r->error,
                           "tags (!) are not taken here; a value that starts with ! needs quotes");
    return TAI_OK;
}

static void items_free(struct yaml_item *item)
{
    while (item != NULL) {
        struct yaml_item *next = item->next;
        items_free(item->first);
        free(item->key);
        free(item->text);
        free(item);
        item = next;
    }
}

static enum tai_err item_new(struct reader *r, const yaml_event_t *event, enum yaml_kind kind,
                             struct yaml_item **ret_item)
{
    if (++r->items > r->limits.items)
        return yaml_refuse(r->path, line_of(event), TAI_ERR_SPACE, r->error, "more than %u items",
                           r->limits.items);
    struct yaml_item *item = calloc(1, sizeof *item);
    if (item == NULL)
        return error_set(r->error, TAI_ERR_MEMORY, "out of memory");
    item->kind = kind;
    item->line = line_of(event);
    *ret_item = item;
    return TAI_OK;
}

/* A scalar's text as a C string: a NUL can be written as "\0" in YAML and is refused. */
static enum tai_err scalar_text(struct reader *r, const yaml_event_t *event, char **ret_text)
{
    const char *value = (const char *)event->data.scalar.value;
    size_t len = event->data.scalar.length;
    if (memchr(value, 0, len) != NULL)
        return yaml_refuse(r->path, line_of(event), TAI_ERR_FORMAT, r->error, "a NUL character in a value");
    char *text = strndup(value, len);
    if (text == NULL)
        return error_set(r->error, TAI_ERR_MEMORY, "out of memory");
    *ret_text = text;
    return TAI_OK;
}

static enum tai_err read_item(struct reader *r, const yaml_event_t *event, unsigned depth,
                              struct yaml_item **ret_item);

static enum tai_err read_scalar(struct reader *r, const yaml_event_t *event, struct yaml_item **ret_item)
{
    enum tai_err err = refuse_decoration(r, event, event->data.scalar.anchor, event->data.scalar.tag);
    char *text = NULL;
    if (err == TAI_OK)
        err = scalar_text(r, event, &text);
    struct yaml_item *item = NULL;
    if (err == TAI_OK)
        err = item_new(r, event, YAML_KIND_SCALAR, &item);
    if (err != TAI_OK) {
        free(text);
        return err;
    }
    item->text = text;
    item->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    *ret_item = item;
    return TAI_OK;
}

static enum tai_err read_list(struct reader *r, const yaml_event_t *start, unsigned depth,
                              struct yaml_item **ret_item)
{
    struct yaml_item *list = NULL;
    enum tai_err err =
        refuse_decoration(r, start, start->data.sequence_start.anchor, start->data.sequence_start.tag);
    if (err == TAI_OK)
        err = item_new(r, start, YAML_KIND_LIST, &list);
    struct yaml_item **tail = list != NULL ? &list->first : NULL;
    while (err == TAI_OK) {
        yaml_event_t event;
        err = next_event(r, &event);
        if (err != TAI_OK)
            break;
        bool end = event.type == YAML_SEQUENCE_END_EVENT;
        struct yaml_item *item = NULL;
        if (!end)
            err = read_item(r, &event, depth + 1, &item);
        yaml_event_delete(&event);
        if (end) {
            *ret_item = list;
            return TAI_OK;
        }
        if (err == TAI_OK) {
            *tail = item;
            tail = &item->next;
        }
    }
    items_free(list);
    return err;
}

/* Takes the key of the next pair; *ret_key stays NULL at the end of the map. */
static enum tai_err read_key(struct reader *r, const struct yaml_item *map, char **ret_key,
                             unsigned *ret_line)
{
    yaml_event_t event;
    enum tai_err err = next_event(r, &event);
    if (err != TAI_OK)
        return err;
    char *key = NULL;
    unsigned line = line_of(&event);
    if (event.type == YAML_SCALAR_EVENT) {
        err = refuse_decoration(r, &event, event.data.scalar.anchor, event.data.scalar.tag);
        if (err == TAI_OK)
            err = scalar_text(r, &event, &key);
    } else if (event.type != YAML_MAPPING_END_EVENT) {
        err = yaml_refuse(r->path, line, TAI_ERR_FORMAT, r->error, "a key must be plain text");
    }
    yaml_event_delete(&event);
    for (const struct yaml_item *i = map->first; err == TAI_OK && key != NULL && i != NULL; i = i->next)
        if (strcmp(i->key, key) == 0)
            err = yaml_refuse(r->path, line, TAI_ERR_FORMAT, r->error,
                              "\"%.64s\" stands here a second time (first on line %u)", key, i->line);
    if (err != TAI_OK) {
        free(key);
        return err;
    }
    *ret_key = key;
    *ret_line = line;
    return TAI_OK;
}

static enum tai_err read_map(struct reader *r, const yaml_event_t *start, unsigned depth,
                             struct yaml_item **ret_item)
{
    struct yaml_item *map = NULL;
    enum tai_err err =
        refuse_decoration(r, start, start->data.mapping_start.anchor, start->data.mapping_start.tag);
    if (err == TAI_OK)
        err = item_new(r, start, YAML_KIND_MAP, &map);
    struct yaml_item **tail = map != NULL ? &map->first : NULL;
    while (err == TAI_OK) {
        char *key = NULL;
        unsigned line = 0;
        err = read_key(r, map, &key, &line);
        if (err != TAI_OK)
            break;
        if (key == NULL) {
            *ret_item = map;
            return TAI_OK;
        }
        yaml_event_t event;
        struct yaml_item *item = NULL;
        err = next_event(r, &event);
        if (err == TAI_OK) {
            err = read_item(r, &event, depth + 1, &item);
            yaml_event_delete(&event);
        }
        if (err != TAI_OK) {
            free(key);
            break;
        }
        item->key = key;
        item->line = line;
        *tail = item;
        tail = &item->next;
    }
    items_free(map);
    return err;
}

static enum tai_err read_item(struct reader *r, const yaml_event_t *event, unsigned depth,
                              struct yaml_item **ret_item)
{
    if (depth > YAML_DEPTH_MAX)
        return yaml_refuse(r->path, line_of(event), TAI_ERR_SPACE, r->error, "nested more than %d deep",
                           YAML_DEPTH_MAX);
    if (event->type == YAML_SCALAR_EVENT)
        return read_scalar(r, event, ret_item);
    if (event->type == YAML_SEQUENCE_START_EVENT)
        return read_list(r, event, depth, ret_item);
    if (event->type == YAML_MAPPING_START_EVENT)
        return read_map(r, event, depth, ret_item);
    if (event->type == YAML_ALIAS_EVENT)
        return yaml_refuse(r->path, line_of(event), TAI_ERR_FORMAT, r->error,
                           "aliases (*%s) are not taken here; a value that starts with * needs quotes",
                           (const char *)event->data.alias.anchor);
    return yaml_refuse(r->path, line_of(event), TAI_ERR_FORMAT, r->error, "something unexpected stands here");
}

/* From the start of the stream to the first item's event; the caller deletes it. */
static enum tai_err read_start(struct reader *r, yaml_event_t *ret_event)
{
    yaml_event_t event;
    enum tai_err err = next_event(r, &event); /* the stream starts */
    if (err != TAI_OK)
        return err;
    yaml_event_delete(&event);
    err = next_event(r, &event);
    if (err != TAI_OK)
        return err;
    unsigned line = line_of(&event);
    bool document = event.type == YAML_DOCUMENT_START_EVENT;
    bool directive = document && (event.data.document_start.version_directive != NULL ||
                                  event.data.document_start.tag_directives.start !=
                                      event.data.document_start.tag_directives.end);
    yaml_event_delete(&event);
    if (!document)
        return yaml_refuse(r->path, line, TAI_ERR_FORMAT, r->error, "the file is empty");
    if (directive)
        return yaml_refuse(r->path, line, TAI_ERR_FORMAT, r->error, "directives (%%) are not taken here");
    return next_event(r, ret_event);
}

/* After the root: the end of the document and of the stream, nothing else. */
static enum tai_err read_end(struct reader *r)
{
    for (;;) {
        yaml_event_t event;
        enum tai_err err = next_event(r, &event);
        if (err != TAI_OK)
            return err;
        yaml_event_type_t type = event.type;
        unsigned line = line_of(&event);
        yaml_event_delete(&event);
        if (type == YAML_STREAM_END_EVENT)
            return TAI_OK;
        if (type != YAML_DOCUMENT_END_EVENT)
            return yaml_refuse(r->path, line, TAI_ERR_FORMAT, r->error,
                               "a second document starts here; one is taken");
    }
}

/* What libyaml would pass over. */
static enum tai_err check_bytes(const char *path, struct bytes text, size_t max, struct tai_error *error)
{
    static const uint8_t mark[] = {0xEF, 0xBB, 0xBF};
    if (text.len > max)
        return yaml_refuse(path, 1, TAI_ERR_SPACE, error, "the file is longer than %zu bytes", max);
    if (text.len >= sizeof mark && memcmp(text.data, mark, sizeof mark) == 0)
        return yaml_refuse(path, 1, TAI_ERR_FORMAT, error, "starts with a byte-order mark; save it without");
    struct lines walk = {text};
    struct bytes line;
    unsigned number = 1;
    for (; lines_next(&walk, &line); number++)
        if (!utf8_valid(line))
            return yaml_refuse(path, number, TAI_ERR_FORMAT, error, "not UTF-8");
    if (!utf8_valid(walk.rest))
        return yaml_refuse(path, number, TAI_ERR_FORMAT, error, "not UTF-8");
    return TAI_OK;
}

static enum tai_err read_tree(struct reader *r, struct yaml_item **ret_root)
{
    yaml_event_t event;
    enum tai_err err = read_start(r, &event);
    if (err != TAI_OK)
        return err;
    struct yaml_item *root = NULL;
    err = read_item(r, &event, 1, &root);
    yaml_event_delete(&event);
    if (err == TAI_OK)
        err = read_end(r);
    if (err != TAI_OK) {
        items_free(root);
        return err;
    }
    *ret_root = root;
    return TAI_OK;
}

enum tai_err yaml_tree_parse(const char *path, const void *text, size_t len, struct yaml_tree **ret_tree,
                             struct tai_error *error)
{
    static const struct yaml_limits limits = {YAML_TEXT_MAX, YAML_ITEMS_MAX};
    return yaml_tree_parse_within(path, text, len, &limits, ret_tree, error);
}

enum tai_err yaml_tree_parse_within(const char *path, const void *text, size_t len,
                                    const struct yaml_limits *limits, struct yaml_tree **ret_tree,
                                    struct tai_error *error)
{
    struct reader r = {.path = path, .text = bytes_of(text, len), .error = error, .limits = *limits};
    enum tai_err err = check_bytes(path, r.text, limits->text_bytes, error);
    if (err != TAI_OK)
        return err;
    struct yaml_tree *tree = calloc(1, sizeof *tree);
    if (tree == NULL || !yaml_parser_initialize(&r.parser)) {
        free(tree);
        return error_set(error, TAI_ERR_MEMORY, "out of memory");
    }
    yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&r.parser, r.text.data, r.text.len);
    err = read_tree(&r, &tree->root);
    yaml_parser_delete(&r.parser);
    if (err != TAI_OK) {
        free(tree);
        return err;
    }
    *ret_tree = tree;
    return TAI_OK;
}

void yaml_tree_free(struct yaml_tree *tree)
{
    if (tree == NULL)
        return;
    items_free(tree->root);
    free(tree);
}

const struct yaml_item *yaml_tree_root(const struct yaml_tree *tree)
{
    return tree->root;
}

bool yaml_item_is_empty(const struct yaml_item *item)
{
    return item->kind == YAML_KIND_SCALAR && item->plain && item->text[0] == 0;
}
