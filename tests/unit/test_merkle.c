/* SPDX-License-Identifier: Apache-2.0 */
/* The tree against the recursive definitions of RFC 6962 section 2.1, written out plainly, for every size to
 * 300. */
#include <check.h>
#include <string.h>

#include "sdk/io/openssl.h"
#include "sdk/proof/merkle.h"
#include "tests/unit/prop.h"

enum { LEAVES = 300, LEVELS = 9 };

static struct crypto crypto;
static struct hash leaves[LEAVES];
static struct hash nodes[LEVELS][LEAVES]; /* filled by merkle_append */

static void setup(void)
{
    ck_assert_int_eq(openssl_crypto_open(&crypto), TAI_OK);
    struct prop p = prop_start("merkle leaves", 7);
    for (size_t i = 0; i < LEAVES; i++) {
        uint64_t data = prop_u64(&p);
        leaves[i] = merkle_leaf_hash(&crypto, bytes_of(&data, sizeof data));
    }
}

static void teardown(void)
{
    openssl_crypto_close(&crypto);
}

/* ---- The definitions ---- */

static struct hash naive_root(const struct hash *d, size_t n)
{
    if (n == 0)
        return crypto_sha256(&crypto, BYTES_LIT(""));
    if (n == 1)
        return d[0];
    size_t k = 1;
    while (2 * k < n)
        k *= 2;
    struct hash l = naive_root(d, k), r = naive_root(d + k, n - k);
    uint8_t text[65] = {1};
    memcpy(text + 1, l.b, 32);
    memcpy(text + 33, r.b, 32);
    return crypto_sha256(&crypto, bytes_of(text, sizeof text));
}

static size_t naive_path(size_t m, const struct hash *d, size_t n, struct hash *path)
{
    if (n == 1)
        return 0;
    size_t k = 1;
    while (2 * k < n)
        k *= 2;
    size_t used = m < k ? naive_path(m, d, k, path) : naive_path(m - k, d + k, n - k, path);
    path[used] = m < k ? naive_root(d + k, n - k) : naive_root(d, k);
    return used + 1;
}

static size_t naive_subproof(size_t m, const struct hash *d, size_t n, bool whole, struct hash *proof)
{
    if (m == n) {
        if (whole)
            return 0;
        proof[0] = naive_root(d, n);
        return 1;
    }
    size_t k = 1;
    while (2 * k < n)
        k *= 2;
    size_t used =
        m <= k ? naive_subproof(m, d, k, whole, proof) : naive_subproof(m - k, d + k, n - k, false, proof);
    proof[used] = m <= k ? naive_root(d + k, n - k) : naive_root(d, k);
    return used + 1;
}

/* ---- Helpers ---- */

static void put(void *user, unsigned level, uint64_t index, const struct hash *node)
{
    (void)user;
    ck_assert_uint_lt(level, LEVELS);
    nodes[level][index] = *node;
}

static bool get(void *user, unsigned level, uint64_t index, struct hash *ret_node)
{
    const uint64_t *size = user; /* a store has complete subtrees only */
    ck_assert_uint_le((index + 1) << level, *size);
    *ret_node = nodes[level][index];
    return true;
}

static bool get_fails(void *user, unsigned level, uint64_t index, struct hash *ret_node)
{
    int *left = user;
    (void)level;
    (void)index;
    memset(ret_node, 0, sizeof *ret_node);
    return (*left)-- > 0;
}

static void fill(uint64_t n)
{
    struct merkle_frontier f = {0};
    for (uint64_t i = 0; i < n; i++)
        merkle_append(&crypto, &f, &leaves[i], put, NULL);
}

/* ---- Tests ---- */

START_TEST(test_known_values)
{
    /* The empty root is the SHA-256 of nothing; the empty leaf is that of one zero byte (RFC 6962 2.1). */
    struct merkle_frontier f = {0};
    static const uint8_t empty_root[4] = {0xe3, 0xb0, 0xc4, 0x42};
    static const uint8_t empty_leaf[4] = {0x6e, 0x34, 0x0b, 0x9c};
    struct hash root = merkle_root(&crypto, &f), leaf = merkle_leaf_hash(&crypto, BYTES_LIT(""));
    ck_assert_mem_eq(root.b, empty_root, 4);
    ck_assert_mem_eq(leaf.b, empty_leaf, 4);
}
END_TEST

START_TEST(test_roots)
{
    struct merkle_frontier f = {0};
    fill(LEAVES);
    for (uint64_t n = 0; n < LEAVES; n++) {
        struct hash want = naive_root(leaves, n), grown = merkle_root(&crypto, &f), read;
        struct merkle_frontier again;
        ck_assert_mem_eq(grown.b, want.b, SHA256_LEN);
        ck_assert(merkle_root_read(&crypto, n, get, &n, &read));
        ck_assert_mem_eq(read.b, want.b, SHA256_LEN);
        ck_assert(merkle_frontier_read(n, get, &n, &again));
        struct hash from_read = merkle_root(&crypto, &again);
        ck_assert_mem_eq(from_read.b, want.b, SHA256_LEN);
        merkle_append(&crypto, &f, &leaves[n], NULL, NULL);
    }
}
END_TEST

START_TEST(test_paths)
{
    fill(LEAVES);
    for (uint64_t n = 1; n < LEAVES; n += n < 70 ? prop_step(7) : 23 * prop_step(3)) {
        struct hash root = naive_root(leaves, n);
        for (uint64_t i = 0; i < n; i += prop_step(11)) {
            struct hash want[64], path[LIMIT_PATH_HASHES + 1], got;
            size_t want_n = naive_path(i, leaves, n, want), path_n;
            ck_assert(merkle_path_read(&crypto, i, n, get, &n, path, &path_n));
            ck_assert_uint_eq(path_n, want_n);
            ck_assert_uint_eq(merkle_path_length(i, n), want_n);
            ck_assert_mem_eq(path, want, want_n * sizeof *path);
            ck_assert(merkle_path_root(&crypto, &leaves[i], i, n, path, path_n, &got));
            ck_assert(hash_equal(&got, &root));
            /* Siblings that must not pass: one hash fewer, one more, another index, a flipped bit. */
            path[path_n] = leaves[0];
            ck_assert(!merkle_path_root(&crypto, &leaves[i], i, n, path, path_n + 1, &got));
            ck_assert(path_n == 0 || !merkle_path_root(&crypto, &leaves[i], i, n, path, path_n - 1, &got));
            for (uint64_t j = 0; j < n; j++)
                if (j != i && merkle_path_root(&crypto, &leaves[i], j, n, path, path_n, &got))
                    ck_assert(!hash_equal(&got, &root));
            if (path_n > 0) {
                path[i % path_n].b[i % SHA256_LEN] ^= (uint8_t)(1u << i % 8);
                ck_assert(merkle_path_root(&crypto, &leaves[i], i, n, path, path_n, &got));
                ck_assert(!hash_equal(&got, &root));
            }
        }
    }
}
END_TEST

START_TEST(test_consistency)
{
    fill(LEAVES);
    for (uint64_t n = 0; n < LEAVES; n += n < 70 ? prop_step(7) : 29 * prop_step(3)) {
        struct hash root = naive_root(leaves, n);
        for (uint64_t m = 0; m <= n; m += prop_step(11)) {
            struct hash old = naive_root(leaves, m), want[65], proof[MERKLE_CONSISTENCY_MAX + 1];
            size_t want_n = m == 0 || m == n ? 0 : naive_subproof(m, leaves, n, true, want), k;
            ck_assert(merkle_consistency_read(&crypto, m, n, get, &n, proof, &k));
            ck_assert_uint_eq(k, want_n);
            ck_assert_mem_eq(proof, want, k * sizeof *proof);
            ck_assert(merkle_consistency_verify(&crypto, m, &old, n, &root, proof, k));
            struct hash other = old;
            other.b[5] ^= 4;
            ck_assert(!merkle_consistency_verify(&crypto, m, &other, n, &root, proof, k));
            proof[k] = leaves[0];
            ck_assert(!merkle_consistency_verify(&crypto, m, &old, n, &root, proof, k + 1));
            if (k > 0) {
                ck_assert(!merkle_consistency_verify(&crypto, m, &old, n, &root, proof, k - 1));
                proof[m % k].b[0] ^= 1;
                ck_assert(!merkle_consistency_verify(&crypto, m, &old, n, &root, proof, k));
            }
        }
    }
}
END_TEST

START_TEST(test_limits)
{
    uint64_t huge = MERKLE_SIZE_MAX;
    struct hash path[MERKLE_CONSISTENCY_MAX], root;
    size_t n;
    ck_assert_uint_eq(merkle_path_length(0, huge), LIMIT_PATH_HASHES);
    ck_assert_uint_le(merkle_path_length(huge - 1, huge), LIMIT_PATH_HASHES);
    ck_assert(!merkle_path_root(&crypto, &leaves[0], 5, 5, path, 0, &root));
    ck_assert(!merkle_path_root(&crypto, &leaves[0], 0, huge + 1, path, 0, &root));
    ck_assert(!merkle_path_read(&crypto, 3, 3, get, &huge, path, &n));
    ck_assert(!merkle_consistency_read(&crypto, 4, 3, get, &huge, path, &n));
    ck_assert(!merkle_consistency_verify(&crypto, 4, &leaves[0], 3, &leaves[0], path, 0));
    /* A store that fails at any node fails the whole. */
    for (int left = 0; left < 3; left++) {
        int budget = left;
        ck_assert(!merkle_root_read(&crypto, 15, get_fails, &budget, &root));
        budget = left;
        ck_assert(!merkle_path_read(&crypto, 0, 15, get_fails, &budget, path, &n));
        budget = left;
        ck_assert(!merkle_consistency_read(&crypto, 7, 15, get_fails, &budget, path, &n));
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("merkle");
    TCase *t = tcase_create("merkle");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_set_timeout(t, 120);
    tcase_add_test(t, test_known_values);
    tcase_add_test(t, test_roots);
    tcase_add_test(t, test_paths);
    tcase_add_test(t, test_consistency);
    tcase_add_test(t, test_limits);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
