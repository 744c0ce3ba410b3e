/* SPDX-License-Identifier: Apache-2.0 */
#include "sdk/proof/merkle.h"

#include "sdk/base/bug.h"

struct hash merkle_leaf_hash(const struct crypto *c, struct bytes data)
{
    static const uint8_t prefix = 0;
    struct bytes parts[] = {bytes_of(&prefix, 1), data};
    return crypto_sha256_parts(c, parts, 2);
}

struct hash merkle_node_hash(const struct crypto *c, const struct hash *left, const struct hash *right)
{
    static const uint8_t prefix = 1;
    struct bytes parts[] = {bytes_of(&prefix, 1), hash_bytes(left), hash_bytes(right)};
    return crypto_sha256_parts(c, parts, 3);
}

void merkle_append(const struct crypto *c, struct merkle_frontier *f, const struct hash *leaf,
                   merkle_put_fn put, void *user)
{
    BUG_UNLESS(f->size < MERKLE_SIZE_MAX);
    struct hash node = *leaf;
    unsigned level = 0;
    if (put != NULL)
        put(user, 0, f->size, &node);
    for (; (f->size >> level & 1) != 0; level++) {
        node = merkle_node_hash(c, &f->nodes[level], &node);
        if (put != NULL)
            put(user, level + 1, f->size >> (level + 1), &node);
    }
    f->nodes[level] = node;
    f->size++;
}

/* Joins the complete subtrees of `size` leaves, smallest (rightmost) first, into one root. */
static struct hash frontier_join(const struct crypto *c, uint64_t size, const struct hash *nodes)
{
    struct hash root = {{0}};
    bool any = false;
    for (unsigned level = 0; level < LIMIT_PATH_HASHES; level++) {
        if ((size >> level & 1) == 0)
            continue;
        root = any ? merkle_node_hash(c, &nodes[level], &root) : nodes[level];
        any = true;
    }
    return any ? root : crypto_sha256(c, BYTES_LIT(""));
}

struct hash merkle_root(const struct crypto *c, const struct merkle_frontier *f)
{
    return frontier_join(c, f->size, f->nodes);
}

/* ---- Reading ---- */

struct reader {
    const struct crypto *c;
    merkle_get_fn get;
    void *user;
};

/* The complete subtrees of the `n` leaves from `lo` on; every set bit of n is one. `lo` is a multiple of the
 * largest. */
static bool nodes_read(const struct reader *r, uint64_t lo, uint64_t n, struct hash nodes[LIMIT_PATH_HASHES])
{
    for (unsigned level = LIMIT_PATH_HASHES; level-- > 0;) {
        if ((n >> level & 1) == 0)
            continue;
        if (!r->get(r->user, level, lo >> level, &nodes[level]))
            return false;
        lo += (uint64_t)1 << level;
    }
    return true;
}

static bool subtree_read(const struct reader *r, uint64_t lo, uint64_t n, struct hash *ret_root)
{
    struct hash nodes[LIMIT_PATH_HASHES];
    if (n > MERKLE_SIZE_MAX || !nodes_read(r, lo, n, nodes))
        return false;
    *ret_root = frontier_join(r->c, n, nodes);
    return true;
}

bool merkle_root_read(const struct crypto *c, uint64_t size, merkle_get_fn get, void *user,
                      struct hash *ret_root)
{
    struct reader r = {c, get, user};
    return subtree_read(&r, 0, size, ret_root);
}

bool merkle_frontier_read(uint64_t size, merkle_get_fn get, void *user, struct merkle_frontier *ret_frontier)
{
    struct reader r = {NULL, get, user};
    struct merkle_frontier f = {.size = size};
    if (size > MERKLE_SIZE_MAX || !nodes_read(&r, 0, size, f.nodes))
        return false;
    *ret_frontier = f;
    return true;
}

/* The largest power of two below n; n > 1. */
static uint64_t split_of(uint64_t n)
{
    uint64_t k = 1;
    while (k < n - k)
        k <<= 1;
    return k;
}

static void hashes_reverse(struct hash *h, size_t n)
{
    for (size_t i = 0; i < n / 2; i++) {
        struct hash other = h[i];
        h[i] = h[n - 1 - i];
        h[n - 1 - i] = other;
    }
}

bool merkle_path_read(const struct crypto *c, uint64_t index, uint64_t size, merkle_get_fn get, void *user,
                      struct hash ret_path[LIMIT_PATH_HASHES], size_t *ret_n)
{
    struct reader r = {c, get, user};
    if (index >= size || size > MERKLE_SIZE_MAX)
        return false;
    uint64_t lo = 0, n = size;
    size_t count = 0;
    while (n > 1) { /* from the root down; the path wants it from the leaf up */
        uint64_t k = split_of(n);
        bool left = index - lo < k;
        if (!subtree_read(&r, left ? lo + k : lo, left ? n - k : k, &ret_path[count]))
            return false;
        count++;
        lo = left ? lo : lo + k;
        n = left ? k : n - k;
    }
    hashes_reverse(ret_path, count);
    *ret_n = count;
    return true;
}

bool merkle_consistency_read(const struct crypto *c, uint64_t old_size, uint64_t size, merkle_get_fn get,
                             void *user, struct hash ret_proof[MERKLE_CONSISTENCY_MAX], size_t *ret_n)
{
    struct reader r = {c, get, user};
    if (old_size > size || size > MERKLE_SIZE_MAX)
        return false;
    *ret_n = 0;
    if (old_size == 0 || old_size == size)
        return true;
    uint64_t lo = 0, n = size, m = old_size;
    size_t count = 0;
    while (m != n) {
        uint64_t k = split_of(n);
        bool left = m <= k;
        if (!subtree_read(&r, left ? lo + k : lo, left ? n - k : k, &ret_proof[count]))
            return false;
        count++;
        lo = left ? lo : lo + k;
        m = left ? m : m - k;
        n = left ? k : n - k;
    }
    /* The old tree's last complete subtree: known to the checker as the old root if it starts at the left
     * edge. */
    if (lo != 0 && !subtree_read(&r, lo, n, &ret_proof[count++]))
        return false;
    hashes_reverse(ret_proof, count);
    *ret_n = count;
    return true;
}

/* ---- Checking ---- */

size_t merkle_path_length(uint64_t index, uint64_t size)
{
    BUG_UNLESS(index < size);
    size_t n = 0;
    for (uint64_t last = size - 1; last > 0; last >>= 1, index >>= 1)
        n += (index & 1) != 0 || index < last; /* no sibling for a lone last node */
    return n;
}

bool merkle_path_root(const struct crypto *c, const struct hash *leaf, uint64_t index, uint64_t size,
                      const struct hash *path, size_t n, struct hash *ret_root)
{
    if (index >= size || size > MERKLE_SIZE_MAX || n != merkle_path_length(index, size))
        return false;
    struct hash root = *leaf;
    for (uint64_t last = size - 1; last > 0; last >>= 1, index >>= 1) {
        if ((index & 1) != 0)
            root = merkle_node_hash(c, path++, &root);
        else if (index < last)
            root = merkle_node_hash(c, &root, path++);
    }
    *ret_root = root;
    return true;
}

bool merkle_consistency_verify(const struct crypto *c, uint64_t old_size, const struct hash *old_root,
                               uint64_t size, const struct hash *root, const struct hash *proof, size_t n)
{
    if (old_size > size || size > MERKLE_SIZE_MAX)
        return false;
    if (old_size == size)
        return n == 0 && hash_equal(old_root, root);
    if (old_size == 0) {
        struct hash empty = crypto_sha256(c, BYTES_LIT(""));
        return n == 0 && hash_equal(old_root, &empty);
    }
    /* RFC 9162 section 2.1.4.2: climb from the old tree's last complete subtree, building both roots. */
    uint64_t node = old_size - 1, last = size - 1;
    for (; (node & 1) != 0; node >>= 1)
        last >>= 1;
    size_t used = 0;
    if (node != 0 && n == 0)
        return false;
    struct hash old = node == 0 ? *old_root : proof[used++];
    struct hash now = old;
    for (; last > 0; node >>= 1, last >>= 1) {
        if ((node & 1) == 0 && node == last)
            continue; /* a lone last node has no sibling */
        if (used == n)
            return false;
        const struct hash *sibling = &proof[used++];
        if ((node & 1) != 0) {
            old = merkle_node_hash(c, sibling, &old);
            now = merkle_node_hash(c, sibling, &now);
        } else {
            now = merkle_node_hash(c, &now, sibling);
        }
    }
    return used == n && hash_equal(&old, old_root) && hash_equal(&now, root);
}
