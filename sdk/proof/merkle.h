/* SPDX-License-Identifier: Apache-2.0 */
/* The Merkle tree of RFC 6962 section 2.1: hashes, the growing edge, and proofs in both directions.
 *
 * A leaf is SHA-256(0x00 || data), a node SHA-256(0x01 || left || right), the empty tree SHA-256 of nothing.
 * A tree of n leaves splits at the largest power of two below n. Complete subtrees never change: node (level,
 * index) is the root of the 2^level leaves from index * 2^level on, so a log stores each once and every proof
 * is made of them.
 *
 *     size 5:        root
 *                   /    \
 *              (2,0)      leaf 4        the frontier of size 5 is (2,0) and (0,4): the one bits of 101
 *             /     \
 *         (1,0)     (1,1)               path of leaf 2: leaf 3, (1,0), leaf 4
 *         /  \       /  \
 *        0    1     2    3
 *
 * A path has one possible length for its index and size; any other is refused, so a proof has one form only.
 * Nothing here allocates or keeps state; any thread, as far as the table of functions allows. */
#ifndef SDK_PROOF_MERKLE_H
#define SDK_PROOF_MERKLE_H

#include "sdk/base/crypto.h"
#include "sdk/base/limits.h"

/* A consistency proof may hold one hash more than an audit path. */
enum { MERKLE_CONSISTENCY_MAX = LIMIT_PATH_HASHES + 1 };
/* Most leaves of a tree: sizes and indexes are below 2^63. */
#define MERKLE_SIZE_MAX ((uint64_t)INT64_MAX)

struct hash merkle_leaf_hash(const struct crypto *c, struct bytes data);
struct hash merkle_node_hash(const struct crypto *c, const struct hash *left, const struct hash *right);

/* ---- The growing edge ---- */

struct merkle_frontier {
    uint64_t size;
    struct hash nodes[LIMIT_PATH_HASHES]; /* nodes[k] counts where bit k of size is set */
};

/* Told of each complete node as it comes to be: leaves (level 0) and what they complete. */
typedef void (*merkle_put_fn)(void *user, unsigned level, uint64_t index, const struct hash *node);

/* Adds one leaf by its leaf hash. `put` may be NULL. The tree must be smaller than MERKLE_SIZE_MAX. */
void merkle_append(const struct crypto *c, struct merkle_frontier *f, const struct hash *leaf,
                   merkle_put_fn put, void *user);
/* The root of what was appended. */
struct hash merkle_root(const struct crypto *c, const struct merkle_frontier *f);

/* ---- Proofs from stored nodes ---- */

/* Reads complete node (level, index); false when the store cannot. */
typedef bool (*merkle_get_fn)(void *user, unsigned level, uint64_t index, struct hash *ret_node);

/* Root of the tree of the first `size` leaves. False when `get` fails; *ret_root is untouched then. */
bool merkle_root_read(const struct crypto *c, uint64_t size, merkle_get_fn get, void *user,
                      struct hash *ret_root);
/* The frontier of the first `size` leaves. */
bool merkle_frontier_read(uint64_t size, merkle_get_fn get, void *user, struct merkle_frontier *ret_frontier);
/* Audit path of leaf `index` in the tree of `size` leaves, its sibling first (RFC 6962 2.1.1). False when
 * `get` fails or index >= size; then the contents of ret_path are not to be used. */
bool merkle_path_read(const struct crypto *c, uint64_t index, uint64_t size, merkle_get_fn get, void *user,
                      struct hash ret_path[LIMIT_PATH_HASHES], size_t *ret_n);
/* Consistency proof from the tree of `old_size` to that of `size` leaves (RFC 6962 2.1.2); 0 hashes when
 * old_size is 0 or size. False when `get` fails or old_size > size. */
bool merkle_consistency_read(const struct crypto *c, uint64_t old_size, uint64_t size, merkle_get_fn get,
                             void *user, struct hash ret_proof[MERKLE_CONSISTENCY_MAX], size_t *ret_n);

/* ---- Checking proofs ---- */

/* Hashes of an audit path of leaf `index` among `size`; index < size. */
size_t merkle_path_length(uint64_t index, uint64_t size);
/* The root to which `leaf` and `path` lead. False when index >= size or n is not the path's exact length. */
bool merkle_path_root(const struct crypto *c, const struct hash *leaf, uint64_t index, uint64_t size,
                      const struct hash *path, size_t n, struct hash *ret_root);
/* Whether the tree of `size` with `root` contains that of `old_size` with `old_root` as its beginning. An
 * empty old tree is contained in every tree, with no hashes, if its root is that of nothing. */
bool merkle_consistency_verify(const struct crypto *c, uint64_t old_size, const struct hash *old_root,
                               uint64_t size, const struct hash *root, const struct hash *proof, size_t n);

#endif
