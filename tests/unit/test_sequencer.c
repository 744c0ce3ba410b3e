/* SPDX-License-Identifier: Apache-2.0 */
/* Trees of batches against the plain tree, tiles at the edge, names of tiles, rows. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "sdk/io/openssl.h"
#include "server/stamp/core/edge.h"
#include "server/stamp/core/row.h"
#include "tests/unit/prop.h"

static struct crypto crypto;

static void setup(void)
{
    ck_assert_int_eq(openssl_crypto_open(&crypto), TAI_OK);
}

static void teardown(void)
{
    openssl_crypto_close(&crypto);
}

static struct hash leaf(uint64_t i)
{
    uint8_t b[8];
    be64_write(b, i);
    return merkle_leaf_hash(&crypto, bytes_of(b, sizeof b));
}

/* RFC 6962 section 2.1, to the letter and slowly. */
static struct hash naive_root(uint64_t from, uint64_t n)
{
    if (n == 0)
        return crypto_sha256_parts(&crypto, NULL, 0);
    if (n == 1)
        return leaf(from);
    uint64_t k = 1;
    while (k * 2 < n)
        k *= 2;
    struct hash l = naive_root(from, k), r = naive_root(from + k, n - k);
    return merkle_node_hash(&crypto, &l, &r);
}

static size_t naive_path(uint64_t m, uint64_t from, uint64_t n, struct hash *path)
{
    if (n == 1)
        return 0;
    uint64_t k = 1;
    while (k * 2 < n)
        k *= 2;
    size_t len;
    if (m < k) {
        len = naive_path(m, from, k, path);
        path[len] = naive_root(from + k, n - k);
    } else {
        len = naive_path(m - k, from + k, n - k, path);
        path[len] = naive_root(from, k);
    }
    return len + 1;
}

static void extend(struct merkle_frontier *f, struct batch_tree *t, size_t n)
{
    static struct hash leaves[BATCH_MAX];
    for (size_t i = 0; i < n; i++)
        leaves[i] = leaf(f->size + i);
    batch_tree_build(f, &crypto, leaves, n, t);
}

static void check_batch(const struct merkle_frontier *f, struct batch_tree *t)
{
    struct hash expected = naive_root(0, t->size), old = naive_root(0, t->from);
    ck_assert(hash_equal(&t->root, &expected));
    for (uint64_t i = t->from; i < t->size; i++) {
        struct hash path[LIMIT_PATH_HASHES], want[LIMIT_PATH_HASHES];
        size_t n, m = naive_path(i, 0, t->size, want);
        batch_tree_path(t, i, path, &n);
        ck_assert_uint_eq(n, m);
        ck_assert_int_eq(memcmp(path, want, n * sizeof *path), 0);
    }
    struct hash proof[MERKLE_CONSISTENCY_MAX];
    size_t n;
    ck_assert(merkle_consistency_read(&crypto, t->from, t->size, batch_tree_get, t, proof, &n));
    ck_assert(merkle_consistency_verify(&crypto, t->from, &old, t->size, &t->root, proof, n));
    ck_assert_uint_eq(f->size, t->from);
}

/* Every size before, every size of batch, up to 40 by 20. */
START_TEST(batches_equal_the_plain_tree)
{
    static struct batch_tree t, ignored;
    struct merkle_frontier f = {0};
    for (int size = 0; size < 40; size++) {
        for (size_t n = 1; n <= 20; n++) {
            extend(&f, &t, n);
            check_batch(&f, &t);
        }
        extend(&f, &ignored, 1);
        batch_tree_advance(&ignored, &f);
    }
}
END_TEST

START_TEST(long_rows_of_batches_keep_the_frontier)
{
    struct prop p = prop_start("sequencer", 1);
    static struct batch_tree t;
    struct merkle_frontier f = {0}, plain = {0};
    for (int round = 0; round < 60; round++) {
        size_t n = 1 + (size_t)prop_below(&p, round % 10 == 0 ? BATCH_MAX : 40);
        extend(&f, &t, n);
        for (size_t i = 0; i < n; i++) {
            struct hash h = leaf(plain.size);
            merkle_append(&crypto, &plain, &h, NULL, NULL);
        }
        batch_tree_advance(&t, &f);
        struct hash root = merkle_root(&crypto, &plain), mine = merkle_root(&crypto, &f);
        ck_assert(hash_equal(&t.root, &root));
        ck_assert(hash_equal(&mine, &root));
    }
}
END_TEST

/* ---- Edge ---- */

struct tiles_seen {
    unsigned full[TILE_LEVELS];
    struct hash last[TILE_LEVELS]; /* the node over the last full tile */
};

static void on_full(void *user, unsigned level, uint64_t index, const struct hash hashes[TILE_WIDTH])
{
    struct tiles_seen *seen = user;
    ck_assert_uint_eq(index, seen->full[level]);
    seen->full[level]++;
    seen->last[level] = tile_node(&crypto, hashes, TILE_WIDTH);
}

/* The sizes that C2SP tlog-tiles works out: 70,000 entries. */
START_TEST(tiles_of_seventy_thousand_entries)
{
    static struct tile_edge edge;
    static struct batch_tree t;
    struct merkle_frontier f = {0};
    struct tiles_seen seen = {0};
    edge_init(&edge);
    for (size_t n; f.size < 70000; batch_tree_advance(&t, &f)) {
        n = 70000 - f.size < 777 ? (size_t)(70000 - f.size) : 777;
        extend(&f, &t, n);
        edge_apply(&edge, &t, on_full, &seen);
    }
    ck_assert_uint_eq(seen.full[0], 273);
    ck_assert_uint_eq(edge_width(70000, 0), 112);
    ck_assert_uint_eq(seen.full[1], 1);
    ck_assert_uint_eq(edge_width(70000, 1), 17);
    ck_assert_uint_eq(seen.full[2], 0);
    ck_assert_uint_eq(edge_width(70000, 2), 1);
    struct hash expected = leaf(69999);
    ck_assert(hash_equal(&edge.hashes[0][111], &expected));
    expected = naive_root(0, 65536);
    ck_assert(hash_equal(&edge.hashes[2][0], &expected));
    ck_assert(hash_equal(&seen.last[1], &expected));
    expected = naive_root(272 * 256, 256);
    ck_assert(hash_equal(&seen.last[0], &expected));
    ck_assert(hash_equal(&edge.hashes[1][16], &expected));
}
END_TEST

/* ---- Names ---- */

static const struct {
    const char *text;
    struct tilepath path;
} names[] = {
    {"0/000", {false, 0, 0, 256}},
    {"0/001", {false, 0, 1, 256}},
    {"0/999", {false, 0, 999, 256}},
    {"0/x001/000", {false, 0, 1000, 256}},
    {"0/x001/x234/067", {false, 0, 1234067, 256}},
    {"1/x001/x234/067.p/8", {false, 1, 1234067, 8}},
    {"6/000.p/255", {false, 6, 0, 255}},
    {"7/000.p/1", {false, 7, 0, 1}},
    {"entries/000", {true, 0, 0, 256}},
    {"entries/x123/456.p/7", {true, 0, 123456, 7}},
    {"0/x036/x028/x797/x018/x963/967", {false, 0, 36028797018963967, 256}},
};

static const char *const bad_names[] = {"",
                                        "0",
                                        "0/",
                                        "/000",
                                        "0/0",
                                        "0/00",
                                        "0/0000",
                                        "00/000",
                                        "8/000",
                                        "64/000",
                                        "-1/000",
                                        "0/000.p/0",
                                        "0/000.p/256",
                                        "0/000.p/",
                                        "0/000.p/01",
                                        "0/000.p/1/",
                                        "0/000.p",
                                        "0/000/",
                                        "0/x000/001",
                                        "0/x001",
                                        "0/x001/",
                                        "0/001/002",
                                        "0/x01/002",
                                        "0/x0001/002",
                                        "0/X001/002",
                                        "0/x001/00a",
                                        "entries/",
                                        "entries/x000/000",
                                        "Entries/000",
                                        "data/000",
                                        "0/000.p/1.p/1",
                                        "0/../000",
                                        "0/x036/x028/x797/x018/x963/968",
                                        "7/001",
                                        "6/128",
                                        "0/x999/x999/x999/x999/x999/x999/x999/999",
                                        "0/x001/x000/x000/x000/x000/x000/x000/x000/000",
                                        "0/000 ",
                                        " 0/000"};

START_TEST(tile_names)
{
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct tilepath p;
        ck_assert_msg(tilepath_parse(bytes_of_str(names[i].text), &p), "%s", names[i].text);
        ck_assert_int_eq(p.entries, names[i].path.entries);
        ck_assert_uint_eq(p.level, names[i].path.level);
        ck_assert_uint_eq(p.index, names[i].path.index);
        ck_assert_uint_eq(p.width, names[i].path.width);
        char text[TILEPATH_TEXT];
        tilepath_print(&p, text);
        ck_assert_str_eq(text, names[i].text);
    }
    for (size_t i = 0; i < sizeof bad_names / sizeof *bad_names; i++) {
        struct tilepath p;
        ck_assert_msg(!tilepath_parse(bytes_of_str(bad_names[i]), &p), "%s", bad_names[i]);
    }
    struct tilepath p;
    ck_assert(!tilepath_parse(bytes_of("0/000\0", 6), &p));
}
END_TEST

/* What is taken is written the same way again. */
START_TEST(tile_names_are_canonical)
{
    struct prop seed = prop_start("tilepath", 1);
    static const char letters[] = "0012x//.pe9";
    for (int round = 0, rounds = prop_rounds(200000); round < rounds; round++) {
        char text[16], again[TILEPATH_TEXT];
        size_t n = 4 + (size_t)prop_below(&seed, 11);
        for (size_t i = 0; i < n; i++)
            text[i] = letters[prop_below(&seed, sizeof letters - 1)];
        text[n] = 0;
        struct tilepath p;
        if (!tilepath_parse(bytes_of(text, n), &p))
            continue;
        tilepath_print(&p, again);
        ck_assert_str_eq(again, text);
    }
}
END_TEST

/* ---- Rows ---- */

START_TEST(rows_are_read_as_written)
{
    uint8_t data[100];
    struct out row = out_of(data, sizeof data);
    for (int i = 0; i < 3; i++) {
        struct out e = row_entry_open(&row);
        for (int k = 0; k < i * 7; k++)
            out_char(&e, (char)('a' + i));
        row_entry_close(&row, &e);
    }
    struct bytes rest = out_view(&row), entry;
    for (int i = 0; i < 3; i++) {
        ck_assert(row_next(&rest, &entry));
        ck_assert_uint_eq(entry.len, (size_t)i * 7);
    }
    ck_assert(!row_next(&rest, &entry));
    for (size_t cut = 1; cut < row.len;
         cut++) { /* whatever is missing at the end is noticed by the entry it is missing from */
        rest = bytes_of(data, row.len - cut);
        int n = 0;
        while (row_next(&rest, &entry))
            n++;
        ck_assert_int_lt(n, 3);
    }
}
END_TEST

START_TEST(a_rows_digest_depends_on_all)
{
    struct hash leaves[2] = {leaf(1), leaf(2)};
    struct hash d = row_digest(&crypto, 5, (tai_t){9}, leaves, 2), other;
    other = row_digest(&crypto, 6, (tai_t){9}, leaves, 2);
    ck_assert(!hash_equal(&d, &other));
    other = row_digest(&crypto, 5, (tai_t){8}, leaves, 2);
    ck_assert(!hash_equal(&d, &other));
    other = row_digest(&crypto, 5, (tai_t){9}, leaves, 1);
    ck_assert(!hash_equal(&d, &other));
    leaves[1].b[31] ^= 1;
    other = row_digest(&crypto, 5, (tai_t){9}, leaves, 2);
    ck_assert(!hash_equal(&d, &other));
}
END_TEST

int main(void)
{
    Suite *s = suite_create("sequencer");
    TCase *t = tcase_create("sequencer");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_set_timeout(t, 60);
    tcase_add_test(t, batches_equal_the_plain_tree);
    tcase_add_test(t, long_rows_of_batches_keep_the_frontier);
    tcase_add_test(t, tiles_of_seventy_thousand_entries);
    tcase_add_test(t, tile_names);
    tcase_add_test(t, tile_names_are_canonical);
    tcase_add_test(t, rows_are_read_as_written);
    tcase_add_test(t, a_rows_digest_depends_on_all);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
