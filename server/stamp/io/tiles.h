/* SPDX-License-Identifier: Apache-2.0 */
/* Every complete node of the signed tree, with little in memory: the right edge, full tiles on disk, a small
 * cache.
 *
 * Nothing that a disk says is believed. The edge comes from the entries, which were checked against the head
 * slot at the start; a full tile counts only if its 256 hashes lead to its hash in the tile above, and so on
 * up to the edge. A tile that is missing or wrong is made again: level 0 from the entries, a higher one from
 * the tiles below it.
 *
 * Thread rule: one thread (the loop's; at the start whoever opens the log). */
#ifndef SERVER_STAMP_IO_TILES_H
#define SERVER_STAMP_IO_TILES_H

#include "sdk/io/file.h"
#include "server/stamp/core/edge.h"
#include "server/stamp/io/log.h"
#include "server/stamp/io/store.h"

struct tiles;

/* `crypto` and `store` must outlive it; tiles lie in `<data_dir>/tile`. Starts with an empty tree.
 * TAI_ERR_MEMORY and what file_make_dirs says. */
TAISTAMP_MUST_CHECK enum tai_err tiles_open(const struct file_ops *files, const char *data_dir,
                                            const struct crypto *crypto, const struct store *store,
                                            struct tiles **ret_tiles, struct tai_error *error);
void tiles_close(struct tiles *tiles);

/* At the start: adds a batch read from the store, and puts right the files of the tiles that it fills. */
TAISTAMP_MUST_CHECK enum tai_err tiles_replay(struct tiles *tiles, const struct batch_tree *tree,
                                              struct tai_error *error);
/* While running: adds a batch that has been signed; its tiles are written in the background. */
void tiles_apply(struct tiles *tiles, const struct batch_tree *tree);

/* A merkle_get_fn: `user` is the struct tiles. False: not in the tree, or damaged beyond what can be made
 * again. */
bool tiles_get(void *user, unsigned level, uint64_t index, struct hash *ret_node);

/* The tile or bundle at `path`. TAI_ERR_NOT_FOUND: the signed tree does not reach there; TAI_ERR_CORRUPT. */
TAISTAMP_MUST_CHECK enum tai_err tiles_serve(struct tiles *tiles, const struct tilepath *path,
                                             stamp_put_fn put, void *user);

#endif
