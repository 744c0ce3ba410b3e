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
#include "server/stamp/core/row.h"
#include "tests/fault/logrig.h"
#include "tests/unit/prop.h"

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

/* ---- The clock ---- */

static enum stamp_outcome one(void)
{
    rig_stamp(&rig, 1);
    return rig.answers[rig.submitted - 1].outcome;
}

START_TEST(no_bound_no_stamp)
{
    must_open();
    ck_assert_int_eq(one(), STAMP_OK);
    static const enum taistamp_status bad[] = {TAISTAMP_STATUS_RELATIVE, TAISTAMP_STATUS_UNKNOWN,
                                               TAISTAMP_STATUS_DISRUPTED, TAISTAMP_STATUS_EXPIRED};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        rig.reading.status = bad[i];
        ck_assert_int_eq(one(), STAMP_NO_BOUND);
    }
    rig.reading.status = TAISTAMP_STATUS_SYNCHRONISED;
    rig.reading.tai.latest.ns += 4 * rig.max_error_ns;
    ck_assert_int_eq(one(), STAMP_TOO_UNCERTAIN);
    rig.reading.tai.latest.ns -= 4 * rig.max_error_ns;
    ck_assert_int_eq(one(), STAMP_OK);
    struct stamp_log_stats stats;
    stamp_log_stats(rig.log, &stats);
    ck_assert_uint_eq(stats.size, 2);
    ck_assert_uint_eq(stats.refused_no_bound, 4);
    ck_assert_uint_eq(stats.refused_uncertain, 1);
    ck_assert_uint_eq(stats.pending, 0);
    rig_close(&rig);
}
END_TEST

START_TEST(clock_stepped_back_and_forward)
{
    const int64_t hour = INT64_C(3600) * 1000000000;
    must_open();
    ck_assert_int_eq(one(), STAMP_OK);
    for (int restart = 0; restart < 2; restart++) {
        rig.reading.tai.earliest.ns -= hour;
        rig.reading.tai.latest.ns -= hour;
        ck_assert_int_eq(one(), STAMP_CLOCK_BEHIND_LOG);
        rig_close(&rig); /* a start does not forget the order */
        must_open();
        ck_assert_int_eq(one(), STAMP_CLOCK_BEHIND_LOG);
        rig.reading.tai.earliest.ns += hour;
        rig.reading.tai.latest.ns += hour;
        ck_assert_int_eq(one(), STAMP_OK);
    }
    rig.reading.tai.earliest.ns +=
        hour; /* an hour ahead: later stamps say so, until the clock is right again */
    rig.reading.tai.latest.ns += hour;
    ck_assert_int_eq(one(), STAMP_OK);
    rig.reading.tai.earliest.ns -= hour;
    rig.reading.tai.latest.ns -= hour;
    ck_assert_int_eq(one(), STAMP_CLOCK_BEHIND_LOG);
    rig_close(&rig);
}
END_TEST

/* A clock that stands still within its error: order is kept by nanoseconds, and the half-width tells. */
START_TEST(times_increase_when_the_clock_does_not)
{
    rig.advance_ns = 0;
    must_open();
    rig_stamp(&rig, 5);
    rig_close(&rig);
    must_open();
    rig_stamp(&rig, 5);
    check_all();
    int64_t t, h, e = rig.reading.tai.earliest.ns, l = rig.reading.tai.latest.ns;
    for (size_t i = 0; i < rig.submitted; i++) {
        rig_time(rig.answers[i].receipt, &t, &h);
        ck_assert(t - h <= e && t + h >= l);
    }
    rig_close(&rig);
}
END_TEST

/* ---- Requests ---- */

START_TEST(more_than_allowed_is_refused)
{
    rig.pending_max = 10;
    must_open();
    rig_stamp(&rig, 25);
    size_t ok = 0, overloaded = 0;
    for (size_t i = 0; i < rig.submitted; i++) {
        ok += rig.answers[i].outcome == STAMP_OK;
        overloaded += rig.answers[i].outcome == STAMP_OVERLOADED;
    }
    ck_assert_uint_eq(ok, 10);
    ck_assert_uint_eq(overloaded, 15);
    rig_close(&rig);
}
END_TEST

static void never(void *user, const struct stamp_answer *answer)
{
    (void)user;
    (void)answer;
    ck_abort_msg("a forgotten ticket was answered");
}

START_TEST(forgotten_and_wrong_requests)
{
    must_open();
    stamp_ticket_t ticket = NULL;
    struct taistamp_digest d = {.algorithm = TAISTAMP_SHA256};
    ck_assert_int_eq(stamp_log_submit(rig.log, TAISTAMP_COMMITMENT, &d, never, NULL, &ticket), TAI_OK);
    stamp_log_forget(rig.log, ticket);
    rig_stamp(&rig, 1);
    struct stamp_log_stats stats;
    stamp_log_stats(rig.log, &stats);
    ck_assert_uint_eq(stats.size, 2); /* the entry was made all the same */
    d.algorithm = TAISTAMP_SHA512;
    ck_assert_int_eq(stamp_log_submit(rig.log, TAISTAMP_COMMITMENT, &d, never, NULL, &ticket),
                     TAI_ERR_ARGUMENT);
    rig_close(&rig);
}
END_TEST

START_TEST(closing_answers_everybody)
{
    must_open();
    rig_submit(&rig, 50);
    rig_close(&rig);
    ck_assert_uint_eq(rig.answered, 50);
    for (size_t i = 0; i < 50; i++)
        ck_assert(rig.answers[i].outcome == STAMP_STOPPING || rig.answers[i].outcome == STAMP_OK);
}
END_TEST

/* With a key folder of its own nothing but the database itself keeps a second process out. */
START_TEST(the_database_has_one_owner)
{
    char other[96];
    struct tai_error error = {0};
    struct rig second;
    snprintf(other, sizeof other, "%s/other", folder);
    ck_assert_int_eq(file_make_dirs(&file_posix, other, 0700, NULL), TAI_OK);
    ck_assert_int_eq(signer_create(NULL, other, origin, NULL), TAI_OK);
    must_open();
    rig_init(&second, folder, other);
    ck_assert_int_eq(rig_open(&second, &error), TAI_ERR_CONFLICT);
    ck_assert_msg(strstr(error.text, "has it open") != NULL, "%s", error.text);
    rig_free(&second);
    rig_stamp(&rig, 3);
    check_all();
    rig_close(&rig);
}
END_TEST

/* ---- Reading ---- */

START_TEST(checkpoint_of_the_empty_log)
{
    must_open();
    struct bytes c = stamp_log_checkpoint(rig.log);
    static const char start[] =
        "log.example/taistamp/0123456789abcdef\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n";
    ck_assert_uint_gt(c.len, sizeof start);
    ck_assert_int_eq(memcmp(c.data, start, sizeof start - 1), 0);
    enum tai_err err;
    ck_assert_ptr_null(rig_receipt(&rig, 0, &err));
    ck_assert_int_eq(err, TAI_ERR_NOT_FOUND);
    rig_close(&rig);
}
END_TEST

START_TEST(tiles_and_bundles)
{
    must_open();
    rig_stamp(&rig, 300);
    static const struct {
        const char *path;
        size_t len; /* 0: not found; 1: anything */
    } all[] = {{"0/000", 8192},
               {"0/001.p/44", 44 * 32},
               {"0/001.p/43", 43 * 32},
               {"0/001.p/45", 0},
               {"0/001", 0},
               {"0/002.p/1", 0},
               {"1/000.p/1", 32},
               {"1/000.p/2", 0},
               {"2/000.p/1", 0},
               {"0/000.p/255", 255 * 32},
               {"entries/000", 1},
               {"entries/001.p/44", 1},
               {"entries/001.p/45", 0},
               {"entries/001", 0},
               {"entries/000.p/1", 1},
               {"0/x000/000", 0},
               {"../keys/log.key", 0}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        size_t len;
        enum tai_err err;
        char *data = rig_tile(&rig, all[i].path, &len, &err);
        ck_assert_msg(err == (all[i].len == 0 ? TAI_ERR_NOT_FOUND : TAI_OK), "%s: %s", all[i].path,
                      taistamp_err_name(err));
        if (all[i].len > 1)
            ck_assert_uint_eq(len, all[i].len);
        free(data);
    }
    rig_close(&rig);
}
END_TEST

/* Each entry of a bundle is the one whose hash stands in the tile, and the file on disk is the tile. */
START_TEST(bundles_match_tiles)
{
    must_open();
    rig_stamp(&rig, 100);
    rig_stamp(&rig, 200);
    size_t tile_len, bundle_len;
    enum tai_err err;
    char *tile = rig_tile(&rig, "0/000", &tile_len, &err),
         *bundle = rig_tile(&rig, "entries/000", &bundle_len, &err);
    ck_assert_int_eq(err, TAI_OK);
    struct bytes rest = bytes_of(bundle, bundle_len), entry;
    for (size_t i = 0; i < 256; i++) {
        ck_assert(row_next(&rest, &entry));
        struct hash leaf = merkle_leaf_hash(&crypto, entry);
        ck_assert_int_eq(memcmp(leaf.b, tile + i * 32, 32), 0);
    }
    ck_assert_uint_eq(rest.len, 0);
    rig_close(&rig);
    char path[128], *file;
    snprintf(path, sizeof path, "%s/tile/0/000", folder);
    size_t file_len;
    ck_assert_int_eq(file_read(&file_posix, path, 10000, &file, &file_len, NULL), TAI_OK);
    ck_assert_uint_eq(file_len, 8192);
    ck_assert_int_eq(memcmp(file, tile, 8192), 0);
    free(file);
    free(tile);
    free(bundle);
}
END_TEST

/* Enough for a whole tile of level 1 (in part where TEST_SPARSE is set): receipts of old entries go through files and the
 * cache. */
START_TEST(seventy_thousand_entries)
{
    const size_t old = 60000 / prop_step(20), young = 10000 / prop_step(20);
    rig.pending_max = 65000;
    must_open();
    rig_stamp(&rig, old);
    for (size_t i = 0; i < rig.submitted; i++) {
        free(rig.answers[i].receipt);
        rig.answers[i].receipt = NULL;
    }
    rig.submitted = rig.answered = 0;
    rig_stamp(&rig, young);
    rig_close(&rig);
    must_open();
    struct stamp_log_stats stats;
    stamp_log_stats(rig.log, &stats);
    ck_assert_uint_eq(stats.size, old + young);
    for (uint64_t i = 0; i < old + young; i += 997) {
        enum tai_err err;
        char *receipt = rig_receipt(&rig, i, &err);
        ck_assert_int_eq(err, TAI_OK);
        free(receipt);
    }
    for (size_t i = 0; i < rig.submitted; i += 101) {
        enum tai_err err;
        char *receipt = rig_receipt(&rig, rig.answers[i].index, &err);
        ck_assert_str_eq(receipt, rig.answers[i].receipt);
        free(receipt);
    }
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
    tcase_add_test(t, no_bound_no_stamp);
    tcase_add_test(t, clock_stepped_back_and_forward);
    tcase_add_test(t, times_increase_when_the_clock_does_not);
    tcase_add_test(t, more_than_allowed_is_refused);
    tcase_add_test(t, forgotten_and_wrong_requests);
    tcase_add_test(t, closing_answers_everybody);
    tcase_add_test(t, the_database_has_one_owner);
    tcase_add_test(t, checkpoint_of_the_empty_log);
    tcase_add_test(t, tiles_and_bundles);
    tcase_add_test(t, bundles_match_tiles);
    tcase_add_test(t, seventy_thousand_entries);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
