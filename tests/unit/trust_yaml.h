/* SPDX-License-Identifier: Apache-2.0 */
/* Whether libyaml reads a trust file as sdk/proof/trust.c did. A difference would let one file mean two things. */
#ifndef TESTS_UNIT_TRUST_YAML_H
#define TESTS_UNIT_TRUST_YAML_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "sdk/base/text.h"
#include "sdk/proof/trust.h"
#include "sdk/proof/words.h"

struct trust_yaml {
    yaml_document_t document;
    struct trust trust; /* as libyaml has it */
};

static inline struct bytes trust_yaml_scalar(const yaml_node_t *n)
{
    if (n == NULL || n->type != YAML_SCALAR_NODE)
        return bytes_of(NULL, 0);
    return bytes_of(n->data.scalar.value, n->data.scalar.length);
}

static inline bool trust_yaml_number(struct bytes b, uint64_t *ret_v)
{
    return text_read_u64(b, INT64_MAX, ret_v);
}

static inline bool trust_yaml_item(yaml_document_t *d, const yaml_node_t *item, struct trust_closed *c)
{
    if (item == NULL || item->type != YAML_MAPPING_NODE)
        return false;
    for (yaml_node_pair_t *p = item->data.mapping.pairs.start; p < item->data.mapping.pairs.top; p++) {
        struct bytes key = trust_yaml_scalar(yaml_document_get_node(d, p->key));
        struct bytes value = trust_yaml_scalar(yaml_document_get_node(d, p->value));
        if (bytes_equal_str(key, "origin"))
            c->origin = value;
        else if (bytes_equal_str(key, "size") && !trust_yaml_number(value, &c->size))
            return false;
        else if (bytes_equal_str(key, "root") && !base64_decode_exact(value, c->root.b, sizeof c->root.b))
            return false;
    }
    return true;
}

static inline bool trust_yaml_closed(yaml_document_t *d, const yaml_node_t *list, struct trust *t)
{
    if (list == NULL || list->type != YAML_SEQUENCE_NODE)
        return false;
    for (yaml_node_item_t *i = list->data.sequence.items.start; i < list->data.sequence.items.top; i++)
        if (!trust_yaml_item(d, yaml_document_get_node(d, *i), &t->closed[t->n_closed++]))
            return false;
    return true;
}

static inline bool trust_yaml_pair(yaml_document_t *d, const yaml_node_pair_t *p, struct trust *t)
{
    struct bytes key = trust_yaml_scalar(yaml_document_get_node(d, p->key));
    const yaml_node_t *node = yaml_document_get_node(d, p->value);
    struct bytes value = trust_yaml_scalar(node);
    uint64_t v = 0;
    if (bytes_equal_str(key, "closed"))
        return trust_yaml_closed(d, node, t);
    if (bytes_equal_str(key, "min_clock"))
        return clock_source_parse(value, &t->min_clock);
    if (!trust_yaml_number(value, &v))
        return false;
    if (bytes_equal_str(key, "max_lag_s"))
        t->max_lag_s = (int64_t)v;
    else if (bytes_equal_str(key, "max_half_width_ns"))
        t->max_half_width.ns = (int64_t)v;
    else if (bytes_equal_str(key, "f")) {
        t->has_f = true;
        t->f = (size_t)v;
    } else
        return false;
    return true;
}

static inline bool trust_yaml_same(const struct trust *a, const struct trust *b)
{
    bool same = a->max_lag_s == b->max_lag_s && a->min_clock == b->min_clock &&
                a->max_half_width.ns == b->max_half_width.ns && a->has_f == b->has_f && a->f == b->f &&
                a->n_closed == b->n_closed;
    for (size_t i = 0; same && i < a->n_closed; i++)
        same = bytes_equal(a->closed[i].origin, b->closed[i].origin) &&
               a->closed[i].size == b->closed[i].size && hash_equal(&a->closed[i].root, &b->closed[i].root);
    return same;
}

/* `trust` is what trust_parse made of `text`. */
static inline bool trust_yaml_agrees(struct bytes text, const struct trust *trust)
{
    yaml_parser_t parser;
    yaml_document_t d;
    struct trust theirs;
    trust_default(&theirs);
    if (!yaml_parser_initialize(&parser))
        abort();
    yaml_parser_set_input_string(&parser, text.data, text.len);
    bool ok = yaml_parser_load(&parser, &d) == 1;
    if (ok) {
        const yaml_node_t *root = yaml_document_get_root_node(&d);
        ok = root == NULL || root->type == YAML_MAPPING_NODE;
        if (ok && root != NULL)
            for (yaml_node_pair_t *p = root->data.mapping.pairs.start; ok && p < root->data.mapping.pairs.top;
                 p++)
                ok = trust_yaml_pair(&d, p, &theirs);
        ok = ok && trust_yaml_same(trust, &theirs);
        yaml_document_delete(&d);
    }
    yaml_parser_delete(&parser);
    return ok;
}

#endif
