/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fault/disknode.h"

#include <stdlib.h>
#include <string.h>

#include "sdk/base/bug.h"

void blob_size(struct blob *b, size_t len)
{
    if (len > b->cap) {
        b->cap = len * 2 + 64;
        b->data = realloc(b->data, b->cap);
        BUG_UNLESS(b->data != NULL);
    }
    if (len > b->len)
        memset(b->data + b->len, 0, len - b->len);
    b->len = len;
}

void blob_put(struct blob *b, uint64_t at, const void *data, size_t len)
{
    if (at + len > b->len)
        blob_size(b, (size_t)at + len);
    if (len > 0)
        memcpy(b->data + at, data, len);
}

void blob_copy(struct blob *to, const struct blob *from)
{
    blob_size(to, from->len);
    if (from->len > 0)
        memcpy(to->data, from->data, from->len);
}

void blob_free(struct blob *b)
{
    free(b->data);
    *b = (struct blob){0};
}

void changes_drop(struct node *n)
{
    for (struct change *c; (c = n->changes) != NULL;) {
        n->changes = c->next;
        blob_free(&c->data);
        free(c);
    }
    n->changes_end = &n->changes;
}

void change_add(struct node *n, uint64_t at, const void *data, size_t len, bool truncates)
{
    struct change *c = calloc(1, sizeof *c);
    BUG_UNLESS(c != NULL);
    c->at = at;
    c->truncates = truncates;
    blob_put(&c->data, 0, data, len);
    *n->changes_end = c;
    n->changes_end = &c->next;
}

void change_apply(struct blob *b, const struct change *c, size_t from, size_t to)
{
    if (c->truncates)
        blob_size(b, (size_t)c->at);
    else if (from < to)
        blob_put(b, c->at + from, c->data.data + from, to - from);
}

void node_synced(struct node *n)
{
    for (struct change *c = n->changes; c != NULL; c = c->next)
        change_apply(&n->durable, c, 0, c->data.len);
    changes_drop(n);
}
