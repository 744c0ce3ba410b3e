/* SPDX-License-Identifier: Apache-2.0 */
#include "server/stamp/core/edge.h"

#include <string.h>

#include "sdk/base/bug.h"

uint64_t edge_count(uint64_t size, unsigned tile_level)
{
    return size >> (TILE_BITS * tile_level);
}

unsigned edge_width(uint64_t size, unsigned tile_level)
{
    return (unsigned)(edge_count(size, tile_level) % TILE_WIDTH);
}

void edge_init(struct tile_edge *edge)
{
    memset(edge, 0, sizeof *edge);
}

void edge_apply(struct tile_edge *edge, const struct batch_tree *tree, edge_full_fn full, void *user)
{
    BUG_UNLESS(edge->size == tree->from);
    for (unsigned level = 0; level < TILE_LEVELS; level++) {
        uint64_t after = edge_count(tree->size, level);
        for (uint64_t i = edge_count(tree->from, level); i < after; i++) {
            const struct hash *node = batch_tree_node(tree, TILE_BITS * level, i);
            BUG_UNLESS(node != NULL);
            edge->hashes[level][i % TILE_WIDTH] = *node;
            if (i % TILE_WIDTH == TILE_WIDTH - 1 && full != NULL)
                full(user, level, i / TILE_WIDTH, edge->hashes[level]);
        }
    }
    edge->size = tree->size;
}

struct hash tile_node(const struct crypto *c, const struct hash *hashes, size_t n)
{
    BUG_UNLESS(n > 0 && n <= TILE_WIDTH && (n & (n - 1)) == 0);
    struct hash row[TILE_WIDTH];
    memcpy(row, hashes, n * sizeof *row);
    for (; n > 1; n /= 2)
        for (size_t i = 0; i < n / 2; i++)
            row[i] = merkle_node_hash(c, &row[2 * i], &row[2 * i + 1]);
    return row[0];
}
