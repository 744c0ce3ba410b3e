/* SPDX-License-Identifier: Apache-2.0 */
/* The log on a real folder: stamps, receipts made again, tiles, restarts, refusals. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sdk/io/file.h"
#include "sdk/io/openssl.h"
#include "sdk/proof/receipt.h"
#include "server/sign/sign.h"
#include "tests/fault/logrig.h"

static const char origin[] = "log.example/taistamp/0123456789abcdef";
static char folder[64], keys[80];
static struct rig rig;
static struct crypto crypto;

static void setup(void)
{
    snprintf(folder, sizeof folder, "%s", "/tmp/taistamp-log.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(keys, sizeof keys, "%s/keys", folder);
    ck_assert_int_eq(file_make_dirs(&file_posix, keys, 0700, NULL), TAI_OK);
    ck_assert_int_eq(signer_create(NULL, keys, origin, NULL), TAI_OK);
    ck_assert_int_eq(openssl_crypto_open(&crypto), TAI_OK);
    rig_init(&rig, folder, keys);
}

static void teardown(void)
{
    rig_free(&rig);
    openssl_crypto_close(&crypto);
    char command[128];
    snprintf(command, sizeof command, "rm -r '%s'", folder);
    ck_assert_int_eq(system(command), 0);
}

static void must_open(void)
{
    struct tai_error error = {0};
    enum tai_err err = rig_open(&rig, &error);
    ck_assert_msg(err == TAI_OK, "open: %s", error.text);
}

/* Everything that was acknowledged is there, byte for byte. */
static void check_all(void)
{
    int64_t last = 0;
    for (size_t i = 0; i < rig.submitted; i++) {
        const struct rig_answer *a = &rig.answers[i];
        ck_assert_uint_eq(a->times, 1);
        ck_assert_int_eq(a->outcome, STAMP_OK);
        enum tai_err err;
        char *again = rig_receipt(&rig, a->index, &err);
        ck_assert_int_eq(err, TAI_OK);
        ck_assert_str_eq(again, a->receipt);
        int64_t t, h;
        rig_time(again, &t, &h);
        ck_assert_int_gt(t, last);
        last = t;
        free(again);
    }
}

START_TEST(stamps_and_makes_receipts_again)
{
    must_open();
    static const size_t batches[] = {1, 2, 1, 5, 1024, 3, 700, 1, 1};
    for (size_t i = 0; i < sizeof batches / sizeof *batches; i++)
        rig_stamp(&rig, batches[i]);
    check_all();
    rig_close(&rig);
    must_open();
    rig_stamp(&rig, 10);
    check_all();
    rig_close(&rig);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("log");
    TCase *t = tcase_create("log");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_set_timeout(t, 60);
    tcase_add_test(t, stamps_and_makes_receipts_again);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
