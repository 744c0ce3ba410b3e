/* SPDX-License-Identifier: Apache-2.0 */
#include "server/stamp/core/sequencer.h"

#include <string.h>

#include "sdk/base/bug.h"

static void row_push(struct batch_tree *t, unsigned level, const struct hash *h)
{
    BUG_UNLESS(t->used < BATCH_NODES_MAX);
    t->nodes[t->used++] = *h;
    t->row_len[level]++;
}

/* Opens row `level`; where the old tree has a frontier node there, it comes first: the sibling of what
 * follows. */
static void row_open(struct batch_tree *t, const struct merkle_frontier *frontier, unsigned level)
{
    uint64_t old = frontier->size >> level;
    t->row_at[level] = t->used;
    t->row_len[level] = 0;
    t->row_first[level] = old & ~(uint64_t)1;
    if ((old & 1) != 0)
        row_push(t, level, &frontier->nodes[level]);
}

/* The row above holds the parent of each pair of this one: rows start at even indices. */
static void row_raise(struct batch_tree *t, const struct crypto *c, unsigned level)
{
    for (size_t i = 0; i + 1 < t->row_len[level]; i += 2) {
        const struct hash *pair = &t->nodes[t->row_at[level] + i];
        struct hash parent = merkle_node_hash(c, &pair[0], &pair[1]);
        row_push(t, level + 1, &parent);
    }
}

static bool is_ragged(const struct batch_tree *t, unsigned level)
{
    return (t->ragged >> level & 1) != 0;
}

/* Level by level upwards: an unpaired complete node joins what hangs behind it, or goes up alone. */
static void make_ragged(struct batch_tree *t, const struct crypto *c)
{
    t->ragged = 0;
    for (unsigned level = 0; t->size >> level > 0; level++) {
        uint64_t complete = t->size >> level;
        bool unpaired = (complete & 1) != 0, behind = is_ragged(t, level);
        if (!unpaired && !behind)
            continue;
        const struct hash *last = unpaired ? batch_tree_node(t, level, complete - 1) : NULL;
        BUG_UNLESS(!unpaired || last != NULL);
        t->ragged_hash[level + 1] = unpaired && behind ? merkle_node_hash(c, last, &t->ragged_hash[level])
                                    : unpaired         ? *last
                                                       : t->ragged_hash[level];
        t->ragged |= (uint64_t)1 << (level + 1);
        t->root = t->ragged_hash[level + 1]; /* at the top level the one node left is always unpaired */
    }
}

void batch_tree_build(const struct merkle_frontier *frontier, const struct crypto *c,
                      const struct hash *leaves, size_t n, struct batch_tree *ret_tree)
{
    struct batch_tree *t = ret_tree;
    BUG_UNLESS(n > 0 && n <= BATCH_MAX && frontier->size <= (MERKLE_SIZE_MAX >> 1) - n);
    t->from = frontier->size;
    t->size = frontier->size + n;
    t->used = 0;
    memset(t->row_len, 0, sizeof t->row_len);
    row_open(t, frontier, 0);
    for (size_t i = 0; i < n; i++)
        row_push(t, 0, &leaves[i]);
    for (unsigned level = 1; t->size >> level > 0; level++) {
        row_open(t, frontier, level);
        row_raise(t, c, level - 1);
    }
    make_ragged(t, c);
}

void batch_tree_advance(const struct batch_tree *tree, struct merkle_frontier *frontier)
{
    BUG_UNLESS(frontier->size == tree->from);
    for (unsigned level = 0; tree->size >> level > 0; level++) {
        uint64_t complete = tree->size >> level;
        if ((complete & 1) == 0)
            continue;
        const struct hash *last = batch_tree_node(tree, level, complete - 1);
        BUG_UNLESS(last != NULL);
        frontier->nodes[level] = *last;
    }
    frontier->size = tree->size;
}

void batch_tree_path(const struct batch_tree *tree, uint64_t index, struct hash ret_path[LIMIT_PATH_HASHES],
                     size_t *ret_n)
{
    BUG_UNLESS(index >= tree->from && index < tree->size);
    size_t n = 0;
    for (unsigned level = 0; (tree->size - 1) >> level > 0; level++, index >>= 1) {
        uint64_t sibling = index ^ 1, complete = tree->size >> level;
        if (sibling < complete) {
            const struct hash *h = batch_tree_node(tree, level, sibling);
            BUG_UNLESS(h != NULL);
            ret_path[n++] = *h;
        } else if (sibling == complete && is_ragged(tree, level)) {
            ret_path[n++] = tree->ragged_hash[level];
        }
    }
    *ret_n = n;
}

const struct hash *batch_tree_node(const struct batch_tree *tree, unsigned level, uint64_t index)
{
    if (level >= BATCH_LEVELS || index < tree->row_first[level] ||
        index - tree->row_first[level] >= tree->row_len[level])
        return NULL;
    return &tree->nodes[tree->row_at[level] + (size_t)(index - tree->row_first[level])];
}

bool batch_tree_get(void *user, unsigned level, uint64_t index, struct hash *ret_node)
{
    const struct hash *h = batch_tree_node(user, level, index);
    if (h == NULL)
        return false;
    *ret_node = *h;
    return true;
}
