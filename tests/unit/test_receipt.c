/* SPDX-License-Identifier: Apache-2.0 */
/* A receipt with any bit flipped or cut anywhere is refused, or is accepted with the same entry, digest, index and size:
 * only the name, which is a hint, and the set of cosignatures may differ. And what is read is written again the same. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sdk/io/openssl.h"
#include "sdk/proof/verify.h"
#include "tests/unit/proof_files.h"
#include "tests/unit/prop.h"

struct vector {
    const char *name, *policy, *trust;
};

static const struct vector vectors[] = {
    {"plain", "policy", NULL},           {"batch-63-of-100", "policy", NULL},
    {"digest-sha3-512", "policy", NULL}, {"witnessed-nested", "policy-nested", NULL},
    {"witnessed", "policy-3", NULL},     {"closed", "policy", "trust-closed.yaml"},
};

static struct crypto crypto;
static struct policy policy;
static struct trust trust;
static struct leap_table leaps;
static struct receipt original, other;
static uint8_t text[LIMIT_RECEIPT], again[LIMIT_RECEIPT];
static size_t accepted, refused;

static bool sha1(void *ctx, struct bytes message, uint8_t ret_hash[LEAP_SHA1_LEN])
{
    (void)ctx;
    return openssl_sha1(message, ret_hash) == TAI_OK;
}

static void setup(void)
{
    struct bytes b = file_read(TEST_SRCDIR "/leapseconds/leap-seconds.list");
    ck_assert_int_eq(openssl_crypto_open(&crypto), TAI_OK);
    ck_assert_int_eq(leap_parse(b, sha1, NULL, &leaps, NULL), TAI_OK);
    file_release(b);
}

static void teardown(void)
{
    openssl_crypto_close(&crypto);
}

static bool holds(const struct receipt *r)
{
    struct verify_rules rules = {&policy, &trust, &leaps};
    struct taistamp_verification v;
    verify_receipt(&crypto, r, &rules, &v);
    return v.verdict == TAISTAMP_VALID || v.verdict == TAISTAMP_CLAIM_VOID;
}

/* The first `len` bytes of `text`: refused, or the same in all that counts. */
static void check_variant(const char *name, size_t len, size_t at, unsigned bit)
{
    if (receipt_parse(bytes_of(text, len), RECEIPT_FULL, &other, NULL) != TAI_OK || !holds(&other)) {
        refused++;
        return;
    }
    accepted++;
    bool same = bytes_equal(other.entry_text, original.entry_text) && other.index == original.index &&
                taistamp_digest_equal(&other.digest, &original.digest) &&
                other.checkpoint.size == original.checkpoint.size;
    ck_assert_msg(same, "%s: byte %zu, bit %u of %zu bytes changes what is proved", name, at, bit, len);
}

static void check_same_again(struct bytes b)
{
    struct out o = out_of(again, sizeof again);
    receipt_emit(&o, RECEIPT_FULL, &original);
    ck_assert(!o.overflow);
    ck_assert_uint_eq(o.len, b.len);
    ck_assert_mem_eq(again, b.data, b.len);
}

START_TEST(test_each_bit_and_cut)
{
    const struct vector *v = &vectors[_i];
    struct bytes b = vector_read(v->name, ".tai"), p = vector_read(v->policy, ""), t = bytes_of(NULL, 0);
    accepted = refused = 0;
    trust_default(&trust);
    if (v->trust != NULL) {
        t = vector_read(v->trust, "");
        ck_assert_int_eq(trust_parse(t, &trust, NULL), TAI_OK);
    }
    ck_assert_int_eq(policy_parse(&crypto, p, &policy, NULL), TAI_OK);
    ck_assert_int_eq(receipt_parse(b, RECEIPT_FULL, &original, NULL), TAI_OK);
    ck_assert(holds(&original));
    check_same_again(b);
    memcpy(text, b.data, b.len);
    for (size_t at = 0; at < b.len; at += prop_step(61)) {
        for (unsigned bit = 0; bit < 8; bit += prop_step(5)) {
            text[at] ^= (uint8_t)(1u << bit);
            check_variant(v->name, b.len, at, bit);
            text[at] ^= (uint8_t)(1u << bit);
        }
        check_variant(v->name, at, at, 8); /* cut before this byte */
    }
    printf("%s: %zu bytes, %zu variants accepted, %zu refused\n", v->name, b.len, accepted, refused);
    if (prop_step(2) == 1)
        ck_assert_uint_eq(accepted + refused, b.len * 9);
    ck_assert_uint_lt(accepted, refused / 4); /* name bits and, with witnesses, ignorable signatures */
    file_release(b);
    file_release(p);
    file_release(t);
}
END_TEST

/* What a server sends for the plain vector: the proof without the client's lines. */
static struct out bare_of(const struct receipt *r, const struct taistamp_digest *digest)
{
    struct out o = out_of(text, sizeof text);
    receipt_emit_bare(&o, r->entry_text, digest, r->index, r->path, r->path_n, r->note.text);
    ck_assert(!o.overflow);
    return o;
}

START_TEST(test_bare)
{
    static const char *const names[] = {"plain", "batch-4-of-5", "digest-sha512", "token"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct bytes b = vector_read(names[i], ".tai");
        ck_assert_int_eq(receipt_parse(b, RECEIPT_FULL, &original, NULL), TAI_OK);
        bool salted = original.entry.kind == TAISTAMP_COMMITMENT || original.entry.kind == TAISTAMP_BATCH;
        struct out o = bare_of(&original, salted ? NULL : &original.digest);
        ck_assert_int_eq(receipt_parse(out_view(&o), RECEIPT_BARE, &other, NULL), TAI_OK);
        ck_assert(other.has_digest == !salted);
        /* A bare receipt of a salted kind is no full one, nor a full one bare. */
        ck_assert(salted == (receipt_parse(out_view(&o), RECEIPT_FULL, &other, NULL) != TAI_OK));
        ck_assert(salted == (receipt_parse(b, RECEIPT_BARE, &other, NULL) != TAI_OK) ||
                  original.name_len > 0);
        ck_assert_int_eq(receipt_parse(out_view(&o), RECEIPT_BARE, &other, NULL), TAI_OK);
        /* The client's lines make it the full one, to the byte. */
        other.name_len = original.name_len;
        memcpy(other.name, original.name, original.name_len);
        other.has_digest = true;
        other.digest = original.digest;
        other.salt = original.salt;
        other.batch_index = original.batch_index;
        other.batch_size = original.batch_size;
        other.batch_path_n = original.batch_path_n;
        memcpy(other.batch_path, original.batch_path, sizeof other.batch_path);
        struct out full = out_of(again, sizeof again);
        receipt_emit(&full, RECEIPT_FULL, &other);
        ck_assert_uint_eq(full.len, b.len);
        ck_assert_mem_eq(again, b.data, b.len);
        file_release(b);
    }
}
END_TEST

START_TEST(test_limits)
{
    struct bytes b = vector_read("plain", ".tai");
    struct tai_error error;
    memset(text, 'A', sizeof text);
    memcpy(text, b.data, b.len);
    ck_assert_int_eq(receipt_parse(bytes_of(text, LIMIT_RECEIPT), RECEIPT_FULL, &other, &error),
                     TAI_ERR_FORMAT);
    uint8_t *big = calloc(1, LIMIT_RECEIPT + 1);
    ck_assert_ptr_nonnull(big);
    ck_assert_int_eq(receipt_parse(bytes_of(big, LIMIT_RECEIPT + 1), RECEIPT_FULL, &other, &error),
                     TAI_ERR_SPACE);
    free(big);
    /* Writing into too little room shows as overflow at every size. */
    ck_assert_int_eq(receipt_parse(b, RECEIPT_FULL, &original, &error), TAI_OK);
    for (size_t cap = 0; cap < b.len; cap += prop_step(61)) {
        struct out o = out_of(again, cap);
        receipt_emit(&o, RECEIPT_FULL, &original);
        ck_assert(o.overflow);
    }
    file_release(b);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("receipt");
    TCase *t = tcase_create("receipt");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_set_timeout(t, 300);
    tcase_add_loop_test(t, test_each_bit_and_cut, 0, (int)(sizeof vectors / sizeof *vectors));
    tcase_add_test(t, test_bare);
    tcase_add_test(t, test_limits);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
