/* SPDX-License-Identifier: Apache-2.0 */
/* The tree of one batch: every node that new leaves complete, each hashed once.
 *
 * Between batches the log keeps only the frontier of its tree (sdk/proof/merkle.h). From it and the new
 * leaves batch_tree_build makes the nodes that the batch completes and the ragged ones at the right edge; the
 * paths of all its entries, the root and the consistency proof from the size before are then look-ups, so
 * that a batch of n costs about 2n hashes and not n log(size).
 *
 * Why the frontier is enough: a left sibling on the path of a new leaf that lies wholly among the old leaves
 * is complete, and its parent is not, so it is on the old frontier.
 *
 * Worked example: 5 leaves, 2 new ones. Row 0 is (0,4) from the frontier, then 5 and 6; row 1 is (1,2) made
 * of 4 and 5; row 2 is (2,0) from the frontier. Ragged: leaf 6 alone at level 1, (1,2) with it at level 2,
 * all 7 at level 3.
 *
 * Life of a batch: build, (commit it, sign it), advance. Until advance the frontier is unchanged, so a batch
 * that could not be committed has never been. Pure; one thread at a time. */
#ifndef SERVER_STAMP_CORE_SEQUENCER_H
#define SERVER_STAMP_CORE_SEQUENCER_H

#include "sdk/proof/merkle.h"

enum {
    BATCH_MAX =
        1024, /* entries: one row of about 250 kB; at 2 ms a commit still 500,000 entries per second */
    BATCH_LEVELS = LIMIT_PATH_HASHES + 1,
    /* k leaves and fewer than k parents, and in each row perhaps one node of the old frontier */
    BATCH_NODES_MAX = 2 * BATCH_MAX + BATCH_LEVELS
};

/* About 70 kB: allocated once and used again. */
struct batch_tree {
    uint64_t from, size; /* before and after */
    struct hash root;    /* after */
    /* Row l holds the complete nodes (l, row_first[l]) and following, from nodes[row_at[l]] on. */
    uint64_t row_first[BATCH_LEVELS];
    size_t row_at[BATCH_LEVELS], row_len[BATCH_LEVELS];
    size_t used;
    struct hash nodes[BATCH_NODES_MAX];
    /* Bit l of `ragged`: the leaves behind the last complete node of level l have the hash ragged_hash[l]. */
    uint64_t ragged;
    struct hash ragged_hash[BATCH_LEVELS];
};

/* Builds the tree of `n` new leaves (1 to BATCH_MAX) behind `frontier`. */
void batch_tree_build(const struct merkle_frontier *frontier, const struct crypto *c,
                      const struct hash *leaves, size_t n, struct batch_tree *ret_tree);
/* Makes the frontier from which `tree` was built that of the size after it. */
void batch_tree_advance(const struct batch_tree *tree, struct merkle_frontier *frontier);

/* The audit path of leaf `index`, one of the batch's own, in the tree after it: the same hashes as
 * merkle_path_read's. */
void batch_tree_path(const struct batch_tree *tree, uint64_t index, struct hash ret_path[LIMIT_PATH_HASHES],
                     size_t *ret_n);
/* A complete node that the batch made, or had from the frontier; NULL for any other. */
const struct hash *batch_tree_node(const struct batch_tree *tree, unsigned level, uint64_t index);
/* A merkle_get_fn over the same; `user` is the (const) tree. Enough for merkle_consistency_read from
 * tree->from. */
bool batch_tree_get(void *user, unsigned level, uint64_t index, struct hash *ret_node);

#endif
