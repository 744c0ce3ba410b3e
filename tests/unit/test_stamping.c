/* SPDX-License-Identifier: Apache-2.0 */
/* Stamping without sockets, against a log of one key made here: what the session asks, what it accepts as an answer, and
 * the receipts it makes of it. Also the cost of ten thousand receipts. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <taistamp.h>

#include "sdk/io/openssl.h"
#include "sdk/proof/commitment.h"
#include "sdk/proof/merkle.h"
#include "sdk/proof/receipt.h"
#include "sdk/proof/words.h"
#include "tests/unit/prop.h"

static const char origin[] = "stamp.example/taistamp/0123456789abcdef";
static const uint8_t secret[TAISTAMP_SECRET_LEN] = {1, 2, 3};

static struct crypto crypto;
static struct ed25519 *key;
static struct vkey vkey;
static taistamp_policy *policy;
static uint8_t answer[LIMIT_RECEIPT];

static void setup(void)
{
    uint8_t public_key[ED25519_KEY_LEN];
    char text[512];
    struct out o = out_of(text, sizeof text);
    struct tai_error error;
    ck_assert_int_eq(openssl_crypto_open(&crypto), TAI_OK);
    ck_assert_int_eq(ed25519_generate(&key), TAI_OK);
    ed25519_public(key, public_key);
    vkey_of_ed25519(&crypto, bytes_of_str(origin), NOTE_ED25519, public_key, &vkey);
    out_str(&o, "log ");
    vkey_emit(&o, &vkey);
    out_str(&o, "\nquorum none\n");
    ck_assert_int_eq(taistamp_policy_parse(text, o.len, &policy, &error), TAI_OK);
}

static void teardown(void)
{
    taistamp_policy_free(policy);
    ed25519_free(key);
    openssl_crypto_close(&crypto);
}

/* The log's side: takes the request's JSON apart and answers with entry 1 of a log of 3. */
static size_t log_answer(const char *body)
{
    struct entry e = {.issuer = bytes_of_str(origin),
                      .t = {1750000000000000000},
                      .h = {1000},
                      .tai_utc_known = true,
                      .tai_utc_s = 37,
                      .clock = TAISTAMP_CLOCK_ASSUMED};
    struct bytes rest = bytes_of_str(body), kind, subject;
    ck_assert(bytes_strip_prefix(&rest, "{\"kind\":\"") && bytes_split(rest, '"', &kind, &rest));
    ck_assert(bytes_strip_prefix(&rest, ",\"subject\":\"") && bytes_split(rest, '"', &subject, &rest));
    ck_assert(bytes_equal_str(rest, "}"));
    ck_assert(kind_parse(kind, &e.kind) && digest_parse(subject, &e.subject));
    char entry_text[LIMIT_ENTRY], note[1024];
    struct out entry = out_of(entry_text, sizeof entry_text), o = out_of(note, sizeof note);
    entry_emit(&entry, &e);
    struct hash sides[2] = {merkle_leaf_hash(&crypto, BYTES_LIT("a")),
                            merkle_leaf_hash(&crypto, BYTES_LIT("b"))};
    struct hash leaf = merkle_leaf_hash(&crypto, out_view(&entry));
    struct checkpoint p = {.origin = e.issuer, .size = 3};
    ck_assert(merkle_path_root(&crypto, &leaf, 1, 3, sides, 2, &p.root));
    checkpoint_emit(&o, &p);
    uint8_t sig[ED25519_SIG_LEN];
    ck_assert_int_eq(ed25519_sign(key, out_view(&o), sig), TAI_OK);
    out_char(&o, '\n');
    note_emit_signature(&o, e.issuer, vkey.id, bytes_of(sig, sizeof sig));
    struct out a = out_of(answer, sizeof answer);
    receipt_emit_bare(&a, out_view(&entry),
                      e.kind == TAISTAMP_DIGEST || e.kind == TAISTAMP_TOKEN ? &e.subject : NULL, 1, sides, 2,
                      out_view(&o));
    ck_assert(!o.overflow && !a.overflow);
    return a.len;
}

static struct taistamp_digest digest_number(size_t i)
{
    struct taistamp_digest d;
    ck_assert_int_eq(taistamp_hash_bytes(&i, sizeof i, i % 2 == 0 ? TAISTAMP_SHA256 : TAISTAMP_SHA512, &d),
                     TAI_OK);
    return d;
}

static taistamp_stamping *session_of(size_t n)
{
    taistamp_stamping *s;
    char name[64];
    ck_assert_int_eq(taistamp_stamping_new(secret, NULL, &s), TAI_OK);
    for (size_t i = 0; i < n; i++) {
        struct taistamp_digest d = digest_number(i);
        snprintf(name, sizeof name, "photo %zu.jpg", i);
        ck_assert_int_eq(taistamp_stamping_add(s, &d, i == 0 ? NULL : name, i), TAI_OK);
    }
    ck_assert_uint_eq(taistamp_stamping_count(s), n);
    return s;
}

static void respond(taistamp_stamping *s)
{
    struct tai_error error;
    const char *body;
    size_t len;
    ck_assert_int_eq(taistamp_stamping_request(s, &body, &len), TAI_OK);
    ck_assert_uint_eq(strlen(body), len);
    enum tai_err err = taistamp_stamping_response(s, answer, log_answer(body), policy, NULL, NULL, &error);
    ck_assert_msg(err == TAI_OK, "%s", error.text);
}

static void check_receipt(const taistamp_stamping *s, size_t i)
{
    struct taistamp_digest d = digest_number(i), wrong = d;
    struct taistamp_verification v;
    struct tai_error error;
    taistamp_receipt *r;
    char *text;
    size_t len;
    ck_assert_int_eq(taistamp_stamping_receipt(s, i, &text, &len), TAI_OK);
    ck_assert_uint_eq(strlen(text), len);
    ck_assert_int_eq(taistamp_receipt_parse(text, len, &r, &error), TAI_OK);
    ck_assert_int_eq(taistamp_verify_digest(r, &d, policy, NULL, NULL, &v), TAI_OK);
    ck_assert_int_eq(v.verdict, TAISTAMP_VALID);
    ck_assert_str_eq(v.reason, "");
    ck_assert_uint_eq(v.index, 1);
    wrong.bytes[0] ^= 1;
    ck_assert_int_eq(taistamp_verify_digest(r, &wrong, policy, NULL, NULL, &v), TAI_OK);
    ck_assert_int_eq(v.verdict, TAISTAMP_OTHER_DIGEST);
    taistamp_receipt_free(r);
    free(text);
}

START_TEST(test_sizes)
{
    static const size_t sizes[] = {1, 2, 3, 4, 5, 7, 8, 9, 64, 65, 100};
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
        taistamp_stamping *s = session_of(sizes[k]);
        respond(s);
        for (size_t i = 0; i < sizes[k]; i++)
            check_receipt(s, i);
        taistamp_stamping_free(s);
    }
}
END_TEST

START_TEST(test_unsalted)
{
    struct taistamp_stamp_options options = {.size = sizeof options, .unsalted = true};
    struct taistamp_digest d = digest_number(0);
    taistamp_stamping *s;
    const char *body;
    size_t len;
    ck_assert_int_eq(taistamp_stamping_new(secret, &options, &s), TAI_OK);
    ck_assert_int_eq(taistamp_stamping_request(s, &body, &len), TAI_ERR_ARGUMENT);
    ck_assert_int_eq(taistamp_stamping_add(s, &d, "x", 0), TAI_OK);
    ck_assert_int_eq(taistamp_stamping_add(s, &d, "y", 0), TAI_ERR_ARGUMENT); /* one file only */
    respond(s);
    ck_assert_int_eq(taistamp_stamping_request(s, &body, &len), TAI_OK);
    ck_assert_ptr_nonnull(strstr(body, "\"digest\""));
    check_receipt(s, 0);
    taistamp_stamping_free(s);
}
END_TEST

START_TEST(test_arguments)
{
    struct taistamp_digest d = digest_number(0);
    struct taistamp_stamp_options small = {.size = 1};
    taistamp_stamping *s;
    struct tai_error error;
    const char *body;
    char *text;
    uint8_t commitment[32];
    size_t len;
    ck_assert_int_eq(taistamp_stamping_new(secret, &small, &s), TAI_ERR_ARGUMENT);
    ck_assert_int_eq(taistamp_stamping_new(secret, NULL, &s), TAI_OK);
    ck_assert_int_eq(taistamp_stamping_add(s, &d, "a/b", 0), TAI_ERR_ARGUMENT);
    ck_assert_int_eq(taistamp_stamping_add(s, &d, "", 0), TAI_ERR_ARGUMENT);
    ck_assert_int_eq(taistamp_stamping_response(s, "", 0, policy, NULL, NULL, &error), TAI_ERR_ARGUMENT);
    ck_assert_int_eq(taistamp_stamping_add(s, &d, "a\nb", 0), TAI_OK);
    ck_assert_int_eq(taistamp_stamping_receipt(s, 0, &text, &len), TAI_ERR_ARGUMENT);
    ck_assert_int_eq(taistamp_stamping_request(s, &body, &len), TAI_OK);
    ck_assert_int_eq(taistamp_stamping_add(s, &d, NULL, 0), TAI_ERR_ARGUMENT);
    ck_assert_int_eq(taistamp_stamping_commitment(s, 1, commitment), TAI_ERR_ARGUMENT);
    ck_assert_int_eq(taistamp_stamping_commitment(s, 0, commitment), TAI_OK);
    struct hash salt = commitment_salt(&crypto, secret, &d, 0), want = commitment_make(&crypto, &salt, &d);
    ck_assert_mem_eq(commitment, want.b, 32);
    taistamp_stamping_free(s);
    taistamp_stamping_free(NULL);
}
END_TEST

/* Answers that must not pass: about another subject, of another log, cut, flipped. */
START_TEST(test_answers_refused)
{
    taistamp_stamping *s = session_of(5), *other = session_of(4);
    struct tai_error error;
    const char *body;
    char *text;
    size_t len, n;
    ck_assert_int_eq(taistamp_stamping_request(s, &body, &len), TAI_OK);
    ck_assert_int_eq(taistamp_stamping_request(other, &body, &len), TAI_OK);
    n = log_answer(body);
    ck_assert_int_eq(taistamp_stamping_response(s, answer, n, policy, NULL, NULL, &error), TAI_ERR_INVALID);
    ck_assert_int_eq(taistamp_stamping_response(other, answer, n, policy, NULL, NULL, NULL), TAI_OK);
    ck_assert_int_eq(taistamp_stamping_request(s, &body, &len), TAI_OK);
    n = log_answer(body);
    for (size_t cut = 0; cut < n; cut += 7)
        ck_assert_int_ne(taistamp_stamping_response(s, answer, cut, policy, NULL, NULL, &error), TAI_OK);
    for (size_t at = 0; at < n; at++) {
        answer[at] ^= 1;
        enum tai_err err = taistamp_stamping_response(s, answer, n, policy, NULL, NULL, &error);
        ck_assert(err == TAI_ERR_FORMAT || err == TAI_ERR_INVALID || err == TAI_ERR_UNTRUSTED);
        answer[at] ^= 1;
    }
    ck_assert_int_eq(taistamp_stamping_receipt(s, 0, &text, &len), TAI_ERR_ARGUMENT);
    static const char stranger[] = "log stranger.example/taistamp/0123456789abcdef+";
    taistamp_policy *p;
    ck_assert_int_eq(taistamp_policy_parse(stranger, 0, &p, &error), TAI_ERR_FORMAT); /* no quorum line */
    ck_assert_int_eq(taistamp_policy_parse("quorum none\n", 12, &p, &error), TAI_OK);
    ck_assert_int_eq(taistamp_stamping_response(s, answer, n, p, NULL, NULL, &error), TAI_ERR_UNTRUSTED);
    ck_assert_ptr_nonnull(strstr(error.text, origin));
    taistamp_policy_free(p);
    taistamp_stamping_free(s);
    taistamp_stamping_free(other);
}
END_TEST

/* The right subject under another kind: signed and included, but not what was asked for. */
START_TEST(test_answer_of_other_kind)
{
    static const char *const kinds[] = {"batch", "digest", "token"};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        taistamp_stamping *s = session_of(1);
        struct tai_error error;
        const char *body, *rest;
        char other[512];
        size_t len;
        ck_assert_int_eq(taistamp_stamping_request(s, &body, &len), TAI_OK);
        rest = strstr(body, "\",");
        ck_assert_ptr_nonnull(rest);
        snprintf(other, sizeof other, "{\"kind\":\"%s%s", kinds[i], rest);
        enum tai_err err =
            taistamp_stamping_response(s, answer, log_answer(other), policy, NULL, NULL, &error);
        ck_assert_int_eq(err, TAI_ERR_INVALID);
        ck_assert_int_eq(taistamp_stamping_response(s, answer, log_answer(body), policy, NULL, NULL, &error),
                         TAI_OK);
        taistamp_stamping_free(s);
    }
}
END_TEST

START_TEST(test_ten_thousand)
{
    size_t files = (size_t)prop_rounds(10000);
    struct timespec from, to;
    taistamp_stamping *s = session_of(files);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
    respond(s);
    for (size_t i = 0; i < files; i++) {
        char *text;
        size_t len;
        ck_assert_int_eq(taistamp_stamping_receipt(s, i, &text, &len), TAI_OK);
        free(text);
    }
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
    double cpu = (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9;
    printf("%zu receipts made and verified: %.3f s of CPU\n", files, cpu);
    check_receipt(s, 0);
    check_receipt(s, files - 1);
    ck_assert_msg(cpu < 20, "%.1f s", cpu); /* the bench has the goal; this catches a wrong order of growth */
    taistamp_stamping_free(s);
}
END_TEST

START_TEST(test_hash_fd)
{
    char path[] = "/tmp/taistamp-hash-XXXXXX";
    struct taistamp_digest whole, d;
    struct tai_error error;
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    unlink(path);
    static const size_t sizes[] = {0, 1, 4095, 4096, 4097, 258047, 258048, 262143, 262144, 262145, 1000000};
    uint8_t *data = calloc(1, 1000000);
    for (size_t i = 0; i < 1000000; i++)
        data[i] = (uint8_t)(i * 7 + i / 251);
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
        ck_assert_int_eq(ftruncate(fd, 0), 0);
        ck_assert_int_eq(pwrite(fd, data, sizes[k], 0), (ssize_t)sizes[k]);
        for (int a = TAISTAMP_SHA256; a <= TAISTAMP_SHA3_512; a++) {
            ck_assert_int_eq(lseek(fd, 0, SEEK_SET), 0);
            ck_assert_int_eq(taistamp_hash_fd(fd, (enum taistamp_algorithm)a, NULL, NULL, &d, &error),
                             TAI_OK);
            ck_assert_int_eq(taistamp_hash_bytes(data, sizes[k], (enum taistamp_algorithm)a, &whole), TAI_OK);
            ck_assert(taistamp_digest_equal(&d, &whole));
        }
    }
    ck_assert_int_eq(taistamp_hash_fd(-1, TAISTAMP_SHA256, NULL, NULL, &d, &error), TAI_ERR_IO);
    ck_assert_int_eq(taistamp_hash_fd(fd, (enum taistamp_algorithm)77, NULL, NULL, &d, &error),
                     TAI_ERR_ARGUMENT);
    free(data);
    close(fd);
}
END_TEST

struct meddler {
    int fd;
    int what;
    int calls;
};

/* Called between reads: the moment at which somebody else writes. */
static bool meddle(void *user, uint64_t done)
{
    struct meddler *m = user;
    struct timespec pause = {0, 20000000}; /* file times move by the kernel's tick */
    m->calls++;
    ck_assert_uint_gt(done, 0);
    if (m->calls > 1)
        return true;
    nanosleep(&pause, NULL);
    if (m->what == 0)
        return false;
    if (m->what == 1)
        ck_assert_int_eq(pwrite(m->fd, "x", 1, 0), 1); /* behind the reader, same size */
    if (m->what == 2)
        ck_assert_int_eq(pwrite(m->fd, "x", 1, 3000000), 1);
    if (m->what == 3)
        ck_assert_int_eq(ftruncate(m->fd, 1000000), 0);
    return true;
}

START_TEST(test_hash_changed)
{
    static const enum tai_err want[] = {TAI_ERR_INTERRUPTED, TAI_ERR_CHANGED, TAI_ERR_CHANGED,
                                        TAI_ERR_CHANGED, TAI_OK};
    for (int what = 0; what < 5; what++) {
        char path[] = "/tmp/taistamp-hash-XXXXXX";
        struct taistamp_digest d = {.algorithm = TAISTAMP_SHA3_384};
        struct tai_error error;
        int fd = mkstemp(path);
        unlink(path);
        ck_assert_int_eq(ftruncate(fd, 2000000), 0);
        struct meddler m = {fd, what, 0};
        ck_assert_int_eq(taistamp_hash_fd(fd, TAISTAMP_SHA256, meddle, &m, &d, &error), want[what]);
        ck_assert_int_eq(d.algorithm, want[what] == TAI_OK ? TAISTAMP_SHA256 : TAISTAMP_SHA3_384);
        close(fd);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("stamping");
    TCase *t = tcase_create("stamping");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_set_timeout(t, 120);
    tcase_add_test(t, test_sizes);
    tcase_add_test(t, test_unsalted);
    tcase_add_test(t, test_arguments);
    tcase_add_test(t, test_answers_refused);
    tcase_add_test(t, test_answer_of_other_kind);
    tcase_add_test(t, test_ten_thousand);
    tcase_add_test(t, test_hash_fd);
    tcase_add_test(t, test_hash_changed);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
