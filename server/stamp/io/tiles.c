/* SPDX-License-Identifier: Apache-2.0 */
#include "server/stamp/io/tiles.h"

#include <stdlib.h>
#include <string.h>

#include "sdk/base/bug.h"
#include "sdk/base/error.h"
#include "server/stamp/core/row.h"
#include "server/stamp/io/tilewriter.h"

enum { CACHE_TILES = 64 /* half a megabyte: the upper tiles and what a reader is walking through */ };

struct cached_tile {
    bool used;
    unsigned level;
    uint64_t index;
    uint64_t touched;
    struct hash hashes[TILE_WIDTH];
};

struct tiles {
    const struct file_ops *files;
    char *dir;
    const struct crypto *crypto;
    const struct store *store;
    struct tile_writer *writer;
    struct tile_edge edge;
    uint64_t clock; /* of the cache: counts uses */
    struct cached_tile cache[CACHE_TILES];
    struct tai_error *replay_error;
    enum tai_err replay_err;
};

/* ---- Loading a full tile ---- */

static const struct hash *load_full(struct tiles *t, unsigned level, uint64_t index);

/* Hash i of a level of tiles: at the edge or in a full tile. */
static bool level_hash(struct tiles *t, unsigned level, uint64_t i, struct hash *ret_hash)
{
    if (level >= TILE_LEVELS || i >= edge_count(t->edge.size, level))
        return false;
    if (i / TILE_WIDTH == edge_count(t->edge.size, level) / TILE_WIDTH) {
        *ret_hash = t->edge.hashes[level][i % TILE_WIDTH];
        return true;
    }
    const struct hash *tile = load_full(t, level, i / TILE_WIDTH);
    if (tile == NULL)
        return false;
    *ret_hash = tile[i % TILE_WIDTH];
    return true;
}

struct leaf_reader {
    const struct crypto *crypto;
    uint64_t from;
    size_t n; /* of TILE_WIDTH wanted */
    struct hash *hashes;
};

static enum tai_err visit_leaves(void *user, const struct store_batch *batch, struct tai_error *error)
{
    struct leaf_reader *r = user;
    struct bytes rest = batch->entries, entry;
    for (uint64_t i = batch->first; i < batch->first + batch->count; i++) {
        if (!row_next(&rest, &entry))
            return error_set(error, TAI_ERR_CORRUPT, "a row of the database is shorter than it says");
        if (i == r->from + r->n && r->n < TILE_WIDTH)
            r->hashes[r->n++] = merkle_leaf_hash(r->crypto, entry);
    }
    return TAI_OK;
}

static bool rebuild(struct tiles *t, unsigned level, uint64_t index, struct hash hashes[TILE_WIDTH])
{
    if (level == 0) {
        struct leaf_reader r = {.crypto = t->crypto, .from = index * TILE_WIDTH, .hashes = hashes};
        enum tai_err err = t->store->read(t->store->ctx, r.from, r.from + TILE_WIDTH, visit_leaves, &r, NULL);
        return err == TAI_OK && r.n == TILE_WIDTH;
    }
    for (uint64_t i = 0; i < TILE_WIDTH; i++) {
        struct hash below[TILE_WIDTH];
        uint64_t child = index * TILE_WIDTH + i;
        if (!tile_writer_find(t->writer, level - 1, child, below) &&
            !tile_file_read(t->files, t->dir, level - 1, child, below))
            return false;
        hashes[i] = tile_node(t->crypto, below, TILE_WIDTH);
    }
    return true;
}

static bool leads_to(const struct tiles *t, const struct hash hashes[TILE_WIDTH], const struct hash *expected)
{
    struct hash node = tile_node(t->crypto, hashes, TILE_WIDTH);
    return hash_equal(&node, expected);
}

/* From the queue, the file, or what the tile is made of; whichever leads to `expected`. */
static bool obtain(struct tiles *t, unsigned level, uint64_t index, const struct hash *expected,
                   struct hash hashes[TILE_WIDTH])
{
    if (tile_writer_find(t->writer, level, index, hashes) && leads_to(t, hashes, expected))
        return true;
    if (tile_file_read(t->files, t->dir, level, index, hashes) && leads_to(t, hashes, expected))
        return true;
    if (!rebuild(t, level, index, hashes) || !leads_to(t, hashes, expected))
        return false;
    tile_writer_add(t->writer, level, index, hashes);
    return true;
}

static struct cached_tile *cache_oldest(struct tiles *t)
{
    struct cached_tile *oldest = &t->cache[0];
    for (size_t i = 0; i < CACHE_TILES; i++)
        if (t->cache[i].touched < oldest->touched)
            oldest = &t->cache[i];
    return oldest;
}

static const struct hash *load_full(struct tiles *t, unsigned level, uint64_t index)
{
    for (size_t i = 0; i < CACHE_TILES; i++) {
        struct cached_tile *c = &t->cache[i];
        if (c->used && c->level == level && c->index == index) {
            c->touched = ++t->clock;
            return c->hashes;
        }
    }
    struct hash expected, hashes[TILE_WIDTH];
    if (!level_hash(t, level + 1, index, &expected) || !obtain(t, level, index, &expected, hashes))
        return NULL;
    struct cached_tile *c = cache_oldest(t);
    *c = (struct cached_tile){.used = true, .level = level, .index = index, .touched = ++t->clock};
    memcpy(c->hashes, hashes, sizeof hashes);
    return c->hashes;
}

bool tiles_get(void *user, unsigned level, uint64_t index, struct hash *ret_node)
{
    struct tiles *t = user;
    unsigned tile_level = level / TILE_BITS, span = level % TILE_BITS;
    if (tile_level >= TILE_LEVELS || index >= t->edge.size >> level)
        return false;
    uint64_t first = index << span;
    if (first / TILE_WIDTH == edge_count(t->edge.size, tile_level) / TILE_WIDTH) {
        *ret_node = tile_node(t->crypto, &t->edge.hashes[tile_level][first % TILE_WIDTH], (size_t)1 << span);
        return true;
    }
    const struct hash *tile = load_full(t, tile_level, first / TILE_WIDTH);
    if (tile == NULL)
        return false;
    *ret_node = tile_node(t->crypto, tile + first % TILE_WIDTH, (size_t)1 << span);
    return true;
}

/* ---- Growing ---- */

static void replay_full(void *user, unsigned level, uint64_t index, const struct hash hashes[TILE_WIDTH])
{
    struct tiles *t = user;
    struct hash there[TILE_WIDTH];
    if (t->replay_err != TAI_OK)
        return;
    if (tile_file_read(t->files, t->dir, level, index, there) && memcmp(there, hashes, sizeof there) == 0)
        return;
    t->replay_err = tile_file_write(t->files, t->dir, level, index, hashes, t->replay_error);
}

enum tai_err tiles_replay(struct tiles *tiles, const struct batch_tree *tree, struct tai_error *error)
{
    tiles->replay_error = error;
    tiles->replay_err = TAI_OK;
    edge_apply(&tiles->edge, tree, replay_full, tiles);
    return tiles->replay_err;
}

static void queue_full(void *user, unsigned level, uint64_t index, const struct hash hashes[TILE_WIDTH])
{
    struct tiles *t = user;
    tile_writer_add(t->writer, level, index, hashes);
}

void tiles_apply(struct tiles *tiles, const struct batch_tree *tree)
{
    edge_apply(&tiles->edge, tree, queue_full, tiles);
}

/* ---- Serving ---- */

struct bundle_reader {
    struct tiles *tiles;
    uint64_t next, end;
    uint8_t *data;
    struct out o;
};

/* Copies the entries asked for, each only if it is the one in the signed tree. */
static enum tai_err visit_bundle(void *user, const struct store_batch *batch, struct tai_error *error)
{
    struct bundle_reader *r = user;
    struct bytes rest = batch->entries, entry;
    for (uint64_t i = batch->first; i < batch->first + batch->count && r->next < r->end; i++) {
        if (!row_next(&rest, &entry))
            return error_set(error, TAI_ERR_CORRUPT, "a row of the database is shorter than it says");
        if (i != r->next)
            continue;
        struct hash expected, leaf = merkle_leaf_hash(r->tiles->crypto, entry);
        if (!level_hash(r->tiles, 0, i, &expected) || !hash_equal(&leaf, &expected))
            return error_set(error, TAI_ERR_CORRUPT,
                             "an entry of the database is not the one that was signed");
        out_be16(&r->o, (uint16_t)entry.len);
        out_bytes(&r->o, entry);
        r->next++;
    }
    return TAI_OK;
}

static enum tai_err serve_bundle(struct tiles *t, const struct tilepath *path, stamp_put_fn put, void *user)
{
    size_t cap = path->width * (size_t)(LIMIT_ENTRY + 2);
    struct bundle_reader r = {.tiles = t, .next = path->index * TILE_WIDTH, .data = malloc(cap)};
    if (r.data == NULL)
        return TAI_ERR_MEMORY;
    r.o = out_of(r.data, cap);
    r.end = r.next + path->width;
    /* Verifying reads level 0 from the same store where a tile is gone: have it in the cache before the store
     * is held. */
    struct hash first;
    enum tai_err err = level_hash(t, 0, r.next, &first) ? TAI_OK : TAI_ERR_CORRUPT;
    if (err == TAI_OK)
        err = t->store->read(t->store->ctx, r.next, r.end, visit_bundle, &r, NULL);
    if (err == TAI_OK && (r.next != r.end || r.o.overflow))
        err = TAI_ERR_CORRUPT;
    if (err == TAI_OK)
        put(user, out_view(&r.o));
    free(r.data);
    return err;
}

enum tai_err tiles_serve(struct tiles *tiles, const struct tilepath *path, stamp_put_fn put, void *user)
{
    uint64_t count = edge_count(tiles->edge.size, path->level), first = path->index * TILE_WIDTH;
    if (path->index > count / TILE_WIDTH || path->width > count - first)
        return TAI_ERR_NOT_FOUND;
    if (path->entries)
        return serve_bundle(tiles, path, put, user);
    const struct hash *hashes = path->index == count / TILE_WIDTH
                                    ? tiles->edge.hashes[path->level]
                                    : load_full(tiles, path->level, path->index);
    if (hashes == NULL)
        return TAI_ERR_CORRUPT;
    put(user, bytes_of(hashes, path->width * sizeof *hashes));
    return TAI_OK;
}

/* ---- Life ---- */

enum tai_err tiles_open(const struct file_ops *files, const char *data_dir, const struct crypto *crypto,
                        const struct store *store, struct tiles **ret_tiles, struct tai_error *error)
{
    struct tiles *t = calloc(1, sizeof *t);
    if (t == NULL)
        return error_set(error, TAI_ERR_MEMORY, "out of memory");
    t->files = files;
    t->crypto = crypto;
    t->store = store;
    edge_init(&t->edge);
    t->dir = file_path(data_dir, "tile");
    enum tai_err err = t->dir == NULL ? error_set(error, TAI_ERR_MEMORY, "out of memory")
                                      : file_make_dirs(files, t->dir, 0755, error);
    if (err == TAI_OK && tile_writer_start(files, t->dir, &t->writer) != TAI_OK)
        err = error_set(error, TAI_ERR_MEMORY, "cannot start the thread that writes tiles");
    if (err != TAI_OK) {
        tiles_close(t);
        return err;
    }
    *ret_tiles = t;
    return TAI_OK;
}

void tiles_close(struct tiles *tiles)
{
    if (tiles == NULL)
        return;
    tile_writer_stop(tiles->writer);
    free(tiles->dir);
    free(tiles);
}
