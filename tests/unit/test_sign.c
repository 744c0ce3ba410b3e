/* SPDX-License-Identifier: Apache-2.0 */
/* The head slot's bytes and the signer's refusals. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sdk/base/crc32c.h"
#include "sdk/io/file.h"
#include "sdk/io/openssl.h"
#include "sdk/proof/merkle.h"
#include "sdk/proof/note.h"
#include "server/sign/slot.h"

static const char origin[] = "log.example/taistamp/0123456789abcdef";
static char folder[64], path[128];
static struct crypto crypto;
static struct tai_error why;

static const char *in_folder(const char *name)
{
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void setup(void)
{
    snprintf(folder, sizeof folder, "%s", "/tmp/taistamp-sign.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    ck_assert_int_eq(signer_create(NULL, folder, origin, NULL), TAI_OK);
    ck_assert_int_eq(openssl_crypto_open(&crypto), TAI_OK);
}

static void teardown(void)
{
    static const char *const names[] = {"log.key", "log.origin", "log.head"};
    for (size_t i = 0; i < 3; i++)
        unlink(in_folder(names[i]));
    ck_assert_int_eq(rmdir(folder), 0);
    openssl_crypto_close(&crypto);
}

static struct signer *must_open(void)
{
    struct signer *s = NULL;
    enum tai_err err = signer_open(NULL, folder, &s, &why);
    ck_assert_msg(err == TAI_OK, "%s", why.text);
    return s;
}

/* ---- The record ---- */

static struct slot a_slot(void)
{
    struct slot slot = {.sequence = 7, .head = {.size = 300, .last_tai = {1800000000000000001}}};
    memset(slot.head.root.b, 0xAB, sizeof slot.head.root.b);
    memset(slot.body.b, 0xCD, sizeof slot.body.b);
    return slot;
}

/* Byte by byte as the header draws it, so that no later version moves a field. */
START_TEST(record_bytes)
{
    struct slot slot = a_slot(), back;
    uint8_t r[SLOT_RECORD];
    slot_encode(&slot, r);
    ck_assert_int_eq(memcmp(r, "TAIHEAD1", 8), 0);
    ck_assert_uint_eq(be64_read(r + 8), 7);
    ck_assert_uint_eq(be64_read(r + 16), 300);
    for (int i = 0; i < 32; i++)
        ck_assert(r[24 + i] == 0xAB && r[64 + i] == 0xCD);
    ck_assert_uint_eq(be64_read(r + 56), 1800000000000000001);
    for (int i = 96; i < 508; i++)
        ck_assert_uint_eq(r[i], 0);
    ck_assert_uint_eq(be32_read(r + 508), crc32c(bytes_of(r, 508)));
    ck_assert(slot_decode(r, &back));
    ck_assert_uint_eq(back.head.size, 300);
    for (int i = 0; i < SLOT_RECORD; i++)
        for (int bit = 0; bit < 8; bit++) {
            r[i] ^= (uint8_t)(1 << bit);
            ck_assert(!slot_decode(r, &back));
            r[i] ^= (uint8_t)(1 << bit);
        }
}
END_TEST

START_TEST(the_newest_valid_record_rules)
{
    uint8_t file[SLOT_FILE] = {0};
    struct slot slot = a_slot(), got;
    ck_assert(!slot_choose(file, &got));
    slot_encode(&slot, file + slot_offset(7));
    ck_assert(slot_choose(file, &got));
    ck_assert_uint_eq(got.sequence, 7);
    slot.sequence = 8;
    slot_encode(&slot, file + slot_offset(8));
    ck_assert(slot_choose(file, &got));
    ck_assert_uint_eq(got.sequence, 8);
    file[slot_offset(8) + 100] ^= 1;
    ck_assert(slot_choose(file, &got));
    ck_assert_uint_eq(got.sequence, 7);
    slot.sequence = 9; /* in the place of an even one: a copy that somebody shifted */
    slot_encode(&slot, file + slot_offset(8));
    ck_assert(slot_choose(file, &got));
    ck_assert_uint_eq(got.sequence, 7);
}
END_TEST

/* ---- Making ---- */

START_TEST(making_never_overwrites)
{
    char *before, *after;
    size_t n;
    ck_assert_int_eq(file_read(&file_posix, in_folder("log.key"), 4096, &before, &n, NULL), TAI_OK);
    ck_assert_int_eq(signer_create(NULL, folder, origin, &why), TAI_ERR_CONFLICT);
    ck_assert_int_eq(file_read(&file_posix, in_folder("log.key"), 4096, &after, &n, NULL), TAI_OK);
    ck_assert_str_eq(before, after);
    free(before);
    free(after);
    struct stat st;
    ck_assert_int_eq(stat(in_folder("log.key"), &st), 0);
    ck_assert_uint_eq(st.st_mode & 07777, 0600);
    ck_assert_int_eq(unlink(in_folder("log.key")), 0);
    ck_assert_int_eq(signer_create(NULL, folder, origin, &why),
                     TAI_OK); /* leftovers of an unfinished making */
}
END_TEST

START_TEST(bad_origins_are_refused)
{
    static const char *const bad[] = {"", "log.example", "log.example/taistamp/0123456789ABCDEF",
                                      "log.example/taistamp/0123456789abcde",
                                      "log example/taistamp/0123456789abcdef"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ck_assert_int_eq(signer_create(NULL, folder, bad[i], &why), TAI_ERR_ARGUMENT);
}
END_TEST

/* ---- Opening ---- */

START_TEST(refuses_what_is_not_whole)
{
    struct signer *s = NULL;
    ck_assert_int_eq(chmod(in_folder("log.key"), 0640), 0);
    ck_assert_int_eq(signer_open(NULL, folder, &s, &why), TAI_ERR_PERMISSION);
    ck_assert_int_eq(chmod(in_folder("log.key"), 0600), 0);
    ck_assert_int_eq(signer_open(NULL, "/nonexistent", &s, &why), TAI_ERR_NOT_FOUND);
    ck_assert_int_eq(truncate(in_folder("log.head"), 1023), 0);
    ck_assert_int_eq(signer_open(NULL, folder, &s, &why), TAI_ERR_CORRUPT);
    ck_assert_int_eq(truncate(in_folder("log.origin"), 5), 0);
    ck_assert_int_eq(signer_open(NULL, folder, &s, &why), TAI_ERR_CORRUPT);
    ck_assert_ptr_null(s);
}
END_TEST

START_TEST(another_logs_slot_is_refused)
{
    static const char other[] = "log.example/taistamp/fedcba9876543210\n";
    ck_assert_int_eq(
        file_write(&file_posix, in_folder("log.origin"), 0600, FILE_REPLACE, bytes_of_str(other), NULL),
        TAI_OK);
    struct signer *s = NULL;
    ck_assert_int_eq(signer_open(NULL, folder, &s, &why), TAI_ERR_CONFLICT);
}
END_TEST

START_TEST(one_signer_at_a_time)
{
    struct signer *s = must_open(), *second = NULL;
    ck_assert_int_eq(signer_open(NULL, folder, &second, &why), TAI_ERR_CONFLICT);
    signer_close(s);
    signer_close(must_open());
}
END_TEST

/* ---- Signing ---- */

struct grown {
    struct merkle_frontier f;
    struct hash nodes[8][64];
};

static void keep(void *user, unsigned level, uint64_t index, const struct hash *node)
{
    ((struct grown *)user)->nodes[level][index] = *node;
}

static bool get(void *user, unsigned level, uint64_t index, struct hash *ret_node)
{
    *ret_node = ((struct grown *)user)->nodes[level][index];
    return true;
}

static struct sign_head grow(struct grown *g, uint64_t size, uint8_t flavour)
{
    while (g->f.size < size) {
        uint8_t b[2] = {(uint8_t)g->f.size, flavour};
        struct hash leaf = merkle_leaf_hash(&crypto, bytes_of(b, sizeof b));
        merkle_append(&crypto, &g->f, &leaf, keep, g);
    }
    return (struct sign_head){
        .size = size, .root = merkle_root(&crypto, &g->f), .last_tai = {(int64_t)size * 1000}};
}

static enum tai_err sign(struct signer *s, struct grown *g, uint64_t old, const struct sign_head *head,
                         char *text)
{
    struct hash proof[MERKLE_CONSISTENCY_MAX];
    size_t n = 0;
    ck_assert(merkle_consistency_read(&crypto, old, head->size, get, g, proof, &n));
    struct out o = out_of(text, 1024);
    enum tai_err err = signer_sign(s, head, proof, n, &o, &why);
    text[o.len] = 0;
    return err;
}

START_TEST(signs_what_follows_and_nothing_else)
{
    static struct grown g, fork;
    memset(&g, 0, sizeof g);
    memset(&fork, 0, sizeof fork);
    char text[1025], again[1025];
    struct signer *s = must_open();
    struct sign_head five = grow(&g, 5, 0), nine = grow(&g, 9, 0), fork_nine = grow(&fork, 9, 1);
    ck_assert_int_eq(sign(s, &g, 0, &five, text), TAI_OK);
    ck_assert_int_eq(sign(s, &g, 5, &five, again), TAI_OK);
    ck_assert_str_eq(text, again); /* the same head gives the same bytes */
    ck_assert_int_eq(sign(s, &fork, 5, &fork_nine, text), TAI_ERR_CONFLICT);
    struct sign_head late = nine;
    late.last_tai = five.last_tai;
    ck_assert_int_eq(sign(s, &g, 5, &late, text), TAI_ERR_CONFLICT);
    ck_assert_int_eq(sign(s, &g, 5, &nine, text), TAI_OK);
    ck_assert_int_eq(sign(s, &g, 5, &five, again), TAI_ERR_CONFLICT); /* smaller */
    struct sign_head second = nine;
    second.root.b[0] ^= 1;
    ck_assert_int_eq(sign(s, &g, 9, &second, again), TAI_ERR_CONFLICT);
    second = nine;
    second.last_tai.ns++;
    ck_assert_int_eq(sign(s, &g, 9, &second, again), TAI_ERR_CONFLICT);
    signer_close(s);
    s = must_open();
    struct sign_head now;
    signer_head(s, &now);
    ck_assert_uint_eq(now.size, 9);
    ck_assert_int_eq(sign(s, &g, 9, &nine, again), TAI_OK);
    ck_assert_str_eq(text, again);
    signer_close(s);
}
END_TEST

START_TEST(the_signature_verifies)
{
    static struct grown g;
    static struct note note;
    char text[1025];
    struct signer *s = must_open();
    memset(&g, 0, sizeof g);
    struct sign_head head = grow(&g, 3, 0);
    ck_assert_int_eq(sign(s, &g, 0, &head, text), TAI_OK);
    uint8_t public[ED25519_KEY_LEN];
    signer_public(s, public);
    struct vkey key;
    vkey_of_ed25519(&crypto, bytes_of_str(signer_origin(s)), NOTE_ED25519, public, &key);
    struct checkpoint c;
    uint64_t time_s;
    ck_assert_int_eq(note_parse(bytes_of_str(text), &note, NULL), TAI_OK);
    ck_assert_int_eq(checkpoint_parse(note.body, &c, NULL), TAI_OK);
    ck_assert_uint_eq(c.size, 3);
    ck_assert(bytes_equal_str(c.origin, origin));
    ck_assert(hash_equal(&c.root, &head.root));
    ck_assert_uint_eq(note.n, 1);
    ck_assert(note_signature_by(&note.signatures[0], &key));
    ck_assert(note_signature_verify(&crypto, &note.signatures[0], &key, note.body, &c, &time_s));
    signer_close(s);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("sign");
    TCase *t = tcase_create("sign");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, record_bytes);
    tcase_add_test(t, the_newest_valid_record_rules);
    tcase_add_test(t, making_never_overwrites);
    tcase_add_test(t, bad_origins_are_refused);
    tcase_add_test(t, refuses_what_is_not_whole);
    tcase_add_test(t, another_logs_slot_is_refused);
    tcase_add_test(t, one_signer_at_a_time);
    tcase_add_test(t, signs_what_follows_and_nothing_else);
    tcase_add_test(t, the_signature_verifies);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
