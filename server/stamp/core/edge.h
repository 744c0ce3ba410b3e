/* SPDX-License-Identifier: Apache-2.0 */
/* The right edge of the tiles: of each level of tiles, the hashes of the one that is not full yet.
 *
 * Together with the full tiles, which never change, the edge holds every complete node of the tree; by itself
 * it is enough to cut any partial tile of the current size. A batch is applied whole; each tile that it fills
 * is handed out once, lower levels before higher ones.
 *
 * Worked example: at size 70,000 level 0 has 273 full tiles and 112 hashes at the edge, level 1 one full tile
 * and 17, level 2 one. Source: C2SP tlog-tiles. Pure; one thread at a time; 64 kB. */
#ifndef SERVER_STAMP_CORE_EDGE_H
#define SERVER_STAMP_CORE_EDGE_H

#include "server/stamp/core/sequencer.h"
#include "server/stamp/core/tilepath.h"

struct tile_edge {
    uint64_t size;
    struct hash hashes[TILE_LEVELS][TILE_WIDTH];
};

/* Complete nodes of the tile level, and those at the edge (0 to 255). */
uint64_t edge_count(uint64_t size, unsigned tile_level);
unsigned edge_width(uint64_t size, unsigned tile_level);

typedef void (*edge_full_fn)(void *user, unsigned tile_level, uint64_t index,
                             const struct hash hashes[TILE_WIDTH]);

void edge_init(struct tile_edge *edge);
/* `tree` must be of the batch that follows edge->size. */
void edge_apply(struct tile_edge *edge, const struct batch_tree *tree, edge_full_fn full, void *user);

/* The node over `n` hashes, a power of two up to TILE_WIDTH, of a tile. */
struct hash tile_node(const struct crypto *c, const struct hash *hashes, size_t n);

#endif
