/* SPDX-License-Identifier: Apache-2.0 */
/* The public functions with the n-th allocation failing, for every n until all succeed: each says TAI_ERR_MEMORY, leaves
 * its outputs alone and leaks nothing (run it under a leak checker). The linker sends our calls of the allocator here;
 * those inside the cryptographic library go past. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include <taistamp.h>

#include "tests/unit/proof_files.h"

static long countdown = -1; /* allocations until one fails; negative: none does */
static size_t alive;

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_reallocarray(void *p, size_t n, size_t size);
void *__real_aligned_alloc(size_t align, size_t size);
char *__real_strdup(const char *s);
void __real_free(void *p);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_reallocarray(void *p, size_t n, size_t size);
void *__wrap_aligned_alloc(size_t align, size_t size);
char *__wrap_strdup(const char *s);
void __wrap_free(void *p);

static bool fails(void)
{
    return countdown >= 0 && countdown-- == 0;
}

static void *counted(void *p)
{
    alive += p != NULL;
    return p;
}

void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : counted(__real_malloc(size));
}

void *__wrap_calloc(size_t n, size_t size)
{
    return fails() ? NULL : counted(__real_calloc(n, size));
}

void *__wrap_reallocarray(void *p, size_t n, size_t size)
{
    if (fails())
        return NULL;
    void *q = __real_reallocarray(p, n, size);
    alive += p == NULL && q != NULL;
    return q;
}

void *__wrap_aligned_alloc(size_t align, size_t size)
{
    return fails() ? NULL : counted(__real_aligned_alloc(align, size));
}

char *__wrap_strdup(const char *s)
{
    return fails() ? NULL : counted(__real_strdup(s));
}

void __wrap_free(void *p)
{
    alive -= p != NULL;
    __real_free(p);
}

static struct bytes policy_text, trust_text, receipt_text, file_text;
static const uint8_t secret[TAISTAMP_SECRET_LEN] = {9};

/* An expectation while an allocation may fail. The test library allocates too, so it is asked afterwards. */
static bool disappointed;
static void want(bool condition)
{
    disappointed = disappointed || !condition;
}

/* Everything once; frees what it made. The first error, or TAI_OK. */
static enum tai_err verify_once(void)
{
    taistamp_policy *policy = NULL;
    taistamp_trust *trust = NULL;
    taistamp_receipt *receipt = NULL;
    struct taistamp_digest digest;
    struct taistamp_verification v;
    enum tai_err err = taistamp_policy_parse(policy_text.data, policy_text.len, &policy, NULL);
    if (err == TAI_OK)
        err = taistamp_trust_parse(trust_text.data, trust_text.len, &trust, NULL);
    if (err == TAI_OK)
        err = taistamp_receipt_parse(receipt_text.data, receipt_text.len, &receipt, NULL);
    if (err == TAI_OK)
        err = taistamp_hash_bytes(file_text.data, file_text.len, TAISTAMP_SHA256, &digest);
    if (err == TAI_OK)
        err = taistamp_verify_digest(receipt, &digest, policy, trust, NULL, &v);
    if (err == TAI_OK)
        want(v.verdict == TAISTAMP_VALID);
    taistamp_receipt_free(receipt);
    taistamp_trust_free(trust);
    taistamp_policy_free(policy);
    return err;
}

static enum tai_err stamp_once(void)
{
    taistamp_stamping *s = NULL;
    taistamp_policy *policy = NULL;
    struct taistamp_digest digest = {.algorithm = TAISTAMP_SHA384};
    const char *body = NULL;
    size_t len = 77;
    enum tai_err err = taistamp_policy_parse(policy_text.data, policy_text.len, &policy, NULL);
    if (err == TAI_OK)
        err = taistamp_stamping_new(secret, NULL, &s);
    for (unsigned i = 0; err == TAI_OK && i < 20; i++) {
        digest.bytes[0] = (uint8_t)i;
        err = taistamp_stamping_add(s, &digest, i % 2 == 0 ? "name" : NULL, 0);
        want(taistamp_stamping_count(s) == (err == TAI_OK ? i + 1 : i));
    }
    if (err == TAI_OK)
        err = taistamp_stamping_request(s, &body, &len);
    if (s != NULL && err != TAI_OK)
        want(body == NULL && len == 77);
    if (err == TAI_OK) { /* an answer about something else: refused whether or not there is memory */
        err = taistamp_stamping_response(s, receipt_text.data, receipt_text.len, policy, NULL, NULL, NULL);
        want(err == TAI_ERR_MEMORY || err == TAI_ERR_FORMAT);
        err = err == TAI_ERR_FORMAT ? TAI_OK : err;
    }
    taistamp_stamping_free(s);
    taistamp_policy_free(policy);
    return err;
}

static enum tai_err hash_once(void)
{
    struct taistamp_digest digest = {.algorithm = TAISTAMP_SHA3_256};
    FILE *f = fopen(TEST_SRCDIR "/tests/vectors/proof/plain.file", "rb");
    if (f == NULL)
        return TAI_ERR_NOT_FOUND;
    enum tai_err err = taistamp_hash_fd(fileno(f), TAISTAMP_SHA256, NULL, NULL, &digest, NULL);
    fclose(f);
    want(digest.algorithm == (err == TAI_OK ? TAISTAMP_SHA256 : TAISTAMP_SHA3_256));
    return err;
}

static void fail_each(enum tai_err (*once)(void), long at_least)
{
    long n = 0;
    for (;; n++) {
        size_t before = alive;
        countdown = n;
        enum tai_err err = once();
        bool reached = countdown < 0;
        countdown = -1;
        ck_assert_msg(!disappointed, "allocation %ld failing breaks a promise", n);
        ck_assert_msg(alive == before, "allocation %ld failing leaks %zu", n, alive - before);
        if (!reached) {
            ck_assert_int_eq(err, TAI_OK);
            break;
        }
        ck_assert_msg(err == TAI_ERR_MEMORY, "allocation %ld failing gives %s", n, taistamp_err_name(err));
    }
    ck_assert_int_ge(n, at_least); /* else the linker did not send them here */
}

START_TEST(test_verify)
{
    fail_each(verify_once, 9);
}
END_TEST

START_TEST(test_stamp)
{
    fail_each(stamp_once, 15);
}
END_TEST

START_TEST(test_hash)
{
    fail_each(hash_once, 2);
}
END_TEST

static void setup(void)
{
    policy_text = vector_read("policy", "");
    trust_text = vector_read("trust-comment.yaml", "");
    receipt_text = vector_read("plain", ".tai");
    file_text = vector_read("plain", ".file");
}

static void teardown(void)
{
    file_release(policy_text);
    file_release(trust_text);
    file_release(receipt_text);
    file_release(file_text);
}

int main(void)
{
    Suite *s = suite_create("no_memory");
    TCase *t = tcase_create("no_memory");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_set_timeout(t, 60);
    tcase_add_test(t, test_verify);
    tcase_add_test(t, test_stamp);
    tcase_add_test(t, test_hash);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
