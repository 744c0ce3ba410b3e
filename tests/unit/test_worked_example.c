/* SPDX-License-Identifier: Apache-2.0 */
/* The worked example of docs/FORMATS.md, computed again: every value there must be what the library makes, and every
 * value that the library makes must stand there. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "sdk/base/text.h"
#include "sdk/io/openssl.h"
#include "sdk/proof/commitment.h"
#include "sdk/proof/merkle.h"
#include "sdk/proof/policy.h"
#include "sdk/proof/receipt.h"
#include "sdk/proof/words.h"
#include "tests/unit/proof_files.h"

static struct crypto crypto;
static struct receipt receipt;
static struct policy policy;
static char *example; /* that section of the document, indentation taken off */

static void setup(void)
{
    ck_assert_int_eq(openssl_crypto_open(&crypto), TAI_OK);
    struct bytes doc = file_read(TEST_SRCDIR "/docs/FORMATS.md"), line;
    struct lines l = {doc};
    bool inside = false;
    example = calloc(1, doc.len + 1);
    ck_assert_ptr_nonnull(example);
    struct out o = out_of(example, doc.len);
    while (lines_next(&l, &line)) {
        if (bytes_equal_str(line, "## Worked example"))
            inside = true;
        if (!inside)
            continue;
        bytes_strip_prefix(&line, "    ");
        out_bytes(&o, line);
        out_char(&o, '\n');
    }
    file_release(doc);
    ck_assert(inside);
}

static void teardown(void)
{
    free(example);
    openssl_crypto_close(&crypto);
}

static void shown(const char *label, struct bytes value)
{
    char text[1024];
    struct out o = out_of(text, sizeof text);
    out_str(&o, label);
    out_bytes(&o, value);
    out_char(&o, '\n');
    ck_assert(out_terminate(&o));
    ck_assert_msg(strstr(example, text) != NULL, "docs/FORMATS.md lacks: %s", text);
}

static void shown_hash(const char *label, const struct hash *h)
{
    char hex[64];
    hex_encode(hash_bytes(h), hex);
    shown(label, bytes_of(hex, sizeof hex));
}

static void shown_text(struct bytes text)
{
    char *whole = calloc(1, text.len + 1);
    memcpy(whole, text.data, text.len);
    ck_assert_msg(strstr(example, whole) != NULL, "docs/FORMATS.md lacks:\n%s", whole);
    free(whole);
}

START_TEST(test_example)
{
    static const char file[] = "the first photo\n";
    uint8_t secret[TAISTAMP_SECRET_LEN];
    struct taistamp_digest digest = {.algorithm = TAISTAMP_SHA256};
    for (size_t i = 0; i < sizeof secret; i++)
        secret[i] = (uint8_t)i;
    struct hash of_file = crypto_sha256(&crypto, bytes_of_str(file));
    memcpy(digest.bytes, of_file.b, SHA256_LEN);
    shown_hash("digest      ", &of_file);

    struct hash salt[2], commitment[2], leaf[2];
    for (size_t i = 0; i < 2; i++) {
        salt[i] = commitment_salt(&crypto, secret, &digest, i);
        commitment[i] = commitment_make(&crypto, &salt[i], &digest);
        leaf[i] = merkle_leaf_hash(&crypto, hash_bytes(&commitment[i]));
        shown_hash(i == 0 ? "salt        " : "salt 1      ", &salt[i]);
        shown_hash("commitment  ", &commitment[i]);
        shown_hash(i == 0 ? "leaf 0      " : "leaf 1      ", &leaf[i]);
    }
    struct hash root = merkle_node_hash(&crypto, &leaf[0], &leaf[1]);
    struct hash subject = commitment_batch_subject(&crypto, 2, &root);
    shown_hash("root        ", &root);
    shown_hash("subject     ", &subject);

    struct bytes text = vector_read("plain", ".tai"), rules = vector_read("policy", "");
    ck_assert_int_eq(receipt_parse(text, RECEIPT_FULL, &receipt, NULL), TAI_OK);
    ck_assert(taistamp_digest_equal(&receipt.digest, &digest));
    ck_assert(hash_equal(&receipt.salt, &salt[0]));
    struct hash entry_leaf = merkle_leaf_hash(&crypto, receipt.entry_text);
    shown_hash("leaf hash   ", &entry_leaf);
    ck_assert(hash_equal(&entry_leaf, &receipt.checkpoint.root));
    shown_text(receipt.entry_text);
    shown_text(text);
    ck_assert_int_eq(policy_parse(&crypto, rules, &policy, NULL), TAI_OK);
    shown("", policy.logs[0].vkey_text);
    file_release(text);
    file_release(rules);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("worked_example");
    TCase *t = tcase_create("worked_example");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, test_example);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
