/* SPDX-License-Identifier: Apache-2.0 */
/* The log on damaged or older files: flipped bits, cuts, a database, slot or folder put back, two logs on one folder. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sdk/io/log.h"
#include "sdk/io/openssl.h"
#include "server/sign/slot.h"
#include "tests/fault/oracle.h"

/* ---- Damage ---- */

/* A log that was killed, so that its WAL is there, with a full tile and some batches more. */
static struct disk_copy *killed_log(void)
{
    setup();
    must_open("fresh", 0);
    rig_stamp(&rig, 300);
    for (int i = 0; i < 5; i++)
        rig_stamp(&rig, 2);
    struct disk_copy *copy = disk_save();
    rig_close(&rig);
    return copy;
}

/* Opens the damaged log: either refused with a reason, or nothing is missing. Returns whether it was refused. */
static bool refused_or_whole(const char *what, size_t at)
{
    memset(&why, 0, sizeof why);
    enum tai_err err = rig_open(&rig, &why);
    if (err != TAI_OK) {
        ck_assert_msg(why.text[0] != 0, "%s %zu: refused without a reason", what, at);
        return true;
    }
    check_log();
    rig_stamp(&rig, 1);
    if (!rig.failed)
        check_log();
    rig_close(&rig);
    return false;
}

static size_t flip_everywhere(const struct disk_copy *copy, const char *path, size_t step)
{
    size_t refused = 0, len = 0;
    disk_restore(copy);
    ck_assert_ptr_nonnull(disk_content(path, &len));
    for (size_t at = 0; at < len; at += step) {
        size_t submitted = rig.submitted, answered = rig.answered;
        disk_restore(copy);
        disk_content(path, &len)[at] ^= (uint8_t)(1u << (at % 8));
        refused += refused_or_whole(path, at);
        while (rig.submitted > submitted)
            free(rig.answers[--rig.submitted].receipt);
        memset(&rig.answers[submitted], 0, 8 * sizeof *rig.answers);
        rig.answered = answered;
    }
    return refused;
}

static size_t cut_everywhere(const struct disk_copy *copy, const char *path, size_t step)
{
    size_t refused = 0, len = 0;
    disk_restore(copy);
    ck_assert_ptr_nonnull(disk_content(path, &len));
    for (size_t at = 0; at < len; at += step) {
        size_t submitted = rig.submitted, answered = rig.answered;
        disk_restore(copy);
        disk_cut(path, at);
        refused += refused_or_whole(path, at);
        while (rig.submitted > submitted)
            free(rig.answers[--rig.submitted].receipt);
        memset(&rig.answers[submitted], 0, 8 * sizeof *rig.answers);
        rig.answered = answered;
    }
    return refused;
}

START_TEST(flipped_bits_in_the_wal)
{
    struct disk_copy *copy = killed_log();
    ck_assert_uint_gt(flip_everywhere(copy, "/log/log.db-wal", 1009), 10);
    ck_assert_uint_gt(cut_everywhere(copy, "/log/log.db-wal", 4099), 10);
    disk_restore(copy);
    disk_remove("/log/log.db-wal");
    ck_assert(refused_or_whole("WAL removed", 0));
    disk_copy_free(copy);
    teardown();
}
END_TEST

START_TEST(flipped_bits_in_the_database)
{
    setup();
    must_open("fresh", 0);
    rig_stamp(&rig, 300);
    for (int i = 0; i < 5; i++)
        rig_stamp(&rig, 2);
    rig_close(&rig);
    struct disk_copy *copy = disk_save();
    ck_assert_uint_gt(flip_everywhere(copy, "/log/log.db", 997), 10);
    ck_assert_uint_gt(cut_everywhere(copy, "/log/log.db", 8191), 5);
    disk_copy_free(copy);
    teardown();
}
END_TEST

START_TEST(flipped_bits_in_the_slot)
{
    struct disk_copy *copy = killed_log();
    /* One record is enough to go on; the database is then at most one batch ahead of it. */
    ck_assert_uint_eq(flip_everywhere(copy, "/key/log.head", 13), 0);
    ck_assert_uint_gt(cut_everywhere(copy, "/key/log.head", 100), 8);
    size_t len;
    disk_restore(copy);
    disk_content("/key/log.head", &len)[20] ^= 1;
    disk_content("/key/log.head", &len)[532] ^= 1;
    ck_assert(refused_or_whole("both records", 0));
    ck_assert_int_eq(why.code, TAI_ERR_CORRUPT);
    disk_copy_free(copy);
    teardown();
}
END_TEST

START_TEST(damaged_tiles_are_made_again)
{
    struct disk_copy *killed = killed_log();
    size_t len;
    disk_restore(killed);
    disk_copy_free(killed);
    ck_assert(!refused_or_whole("killed", 0)); /* makes the tile, if it was not written before the kill */
    struct disk_copy *copy = disk_save();
    ck_assert_ptr_nonnull(disk_content("/log/tile/0/000", &len));
    ck_assert_uint_eq(flip_everywhere(copy, "/log/tile/0/000", 501), 0);
    ck_assert_uint_eq(cut_everywhere(copy, "/log/tile/0/000", 1000), 0);
    disk_restore(copy);
    disk_remove("/log/tile/0/000");
    ck_assert(!refused_or_whole("tile removed", 0));
    ck_assert_ptr_nonnull(disk_content("/log/tile/0/000", &len));
    disk_copy_free(copy);
    teardown();
}
END_TEST

START_TEST(a_tile_flipped_while_running_is_not_served)
{
    setup();
    must_open("fresh", 0);
    rig_stamp(&rig, 300);
    rig_close(&rig);
    must_open("again", 0);
    size_t len;
    uint8_t *tile = disk_content("/log/tile/0/000", &len);
    ck_assert_ptr_nonnull(tile);
    tile[1000] ^= 4;
    check_log();
    rig_close(&rig);
    teardown();
}
END_TEST

START_TEST(an_entry_changed_while_running_is_not_served)
{
    setup();
    must_open("fresh", 0);
    rig_stamp(&rig, 300);
    rig_close(&rig);
    must_open("again", 0);
    size_t len;
    uint8_t *db = disk_content("/log/log.db", &len);
    for (size_t i = 5 * 4096; i < len; i += 64)
        db[i] ^= 1;
    for (size_t i = 0; i < rig.submitted; i++) {
        enum tai_err err;
        char *again = rig_receipt(&rig, i, &err);
        ck_assert(err == TAI_OK || err == TAI_ERR_CORRUPT || err == TAI_ERR_IO);
        if (err == TAI_OK)
            ck_assert_str_eq(again, rig.answers[i].receipt); /* from SQLite's own cache */
        free(again);
    }
    rig_close(&rig);
    teardown();
}
END_TEST

/* ---- Older states ---- */

START_TEST(an_older_database_is_refused)
{
    setup();
    must_open("fresh", 0);
    rig_stamp(&rig, 10);
    rig_close(&rig);
    struct disk_copy *old = disk_save();
    must_open("second day", 0);
    rig_stamp(&rig, 10);
    rig_close(&rig);
    disk_restore_file(old, "/log/log.db");
    ck_assert_int_eq(rig_open(&rig, &why), TAI_ERR_CORRUPT);
    ck_assert_ptr_nonnull(strstr(why.text, "older copy"));
    disk_remove("/log/log.db");
    ck_assert_int_eq(rig_open(&rig, &why), TAI_ERR_CORRUPT);
    disk_copy_free(old);
    teardown();
}
END_TEST

START_TEST(an_older_slot_is_brought_up)
{
    setup();
    must_open("fresh", 0);
    rig_stamp(&rig, 10);
    rig_close(&rig);
    struct disk_copy *old = disk_save();
    must_open("second day", 0);
    for (int i = 0; i < 4; i++)
        rig_stamp(&rig, 10);
    rig_close(&rig);
    disk_restore_file(old, "/key/log.head");
    older_slot = true;
    must_be_well("older slot", 0);
    older_slot = false;
    disk_copy_free(old);
    teardown();
}
END_TEST

/* Both put back together look like a healthy log of that day: only a witness knows better (docs/LOG.md). */
START_TEST(the_whole_folder_put_back_runs)
{
    setup();
    must_open("fresh", 0);
    rig_stamp(&rig, 10);
    rig_close(&rig);
    struct disk_copy *old = disk_save();
    must_open("second day", 0);
    rig_stamp(&rig, 5);
    rig_close(&rig);
    disk_restore(old);
    must_open("put back", 0);
    struct stamp_log_stats stats;
    stamp_log_stats(rig.log, &stats);
    ck_assert_uint_eq(stats.size, 10);
    rig_close(&rig);
    disk_copy_free(old);
    teardown();
}
END_TEST

START_TEST(another_logs_database_is_refused)
{
    setup();
    must_open("fresh", 0);
    rig_stamp(&rig, 3);
    rig_close(&rig);
    ck_assert_int_eq(file_make_dirs(disk_files(), "/key2", 0700, NULL), TAI_OK);
    ck_assert_int_eq(signer_create(disk_files(), "/key2", "log.example/taistamp/fedcba9876543210", NULL),
                     TAI_OK);
    rig.key_dir = "/key2";
    ck_assert_int_eq(rig_open(&rig, &why), TAI_ERR_CONFLICT);
    teardown();
}
END_TEST

START_TEST(two_logs_on_one_folder)
{
    setup();
    must_open("fresh", 0);
    struct rig second;
    rig_init(&second, "/log", "/key");
    second.vfs = rig.vfs;
    second.files = rig.files;
    ck_assert_int_eq(rig_open(&second, &why), TAI_ERR_CONFLICT);
    ck_assert_ptr_nonnull(strstr(why.text, "another taid runs this log"));
    ck_assert_int_eq(file_make_dirs(disk_files(), "/key2", 0700, NULL), TAI_OK);
    ck_assert_int_eq(signer_create(disk_files(), "/key2", oracle_origin, NULL), TAI_OK);
    second.key_dir = "/key2";
    ck_assert_int_eq(rig_open(&second, &why), TAI_ERR_CONFLICT);
    ck_assert_ptr_nonnull(strstr(why.text, "has it open"));
    rig_free(&second);
    rig_stamp(&rig, 2);
    check_log();
    rig_close(&rig);
    teardown();
}
END_TEST

int main(void)
{
    log_open("test_damage", LOG_ERROR); /* that tiles are not written is expected here */
    Suite *s = suite_create("log on damaged files");
    TCase *t = tcase_create("disk");
    tcase_set_timeout(t, 300);
    tcase_add_test(t, flipped_bits_in_the_wal);
    tcase_add_test(t, flipped_bits_in_the_database);
    tcase_add_test(t, flipped_bits_in_the_slot);
    tcase_add_test(t, damaged_tiles_are_made_again);
    tcase_add_test(t, a_tile_flipped_while_running_is_not_served);
    tcase_add_test(t, an_entry_changed_while_running_is_not_served);
    tcase_add_test(t, an_older_database_is_refused);
    tcase_add_test(t, an_older_slot_is_brought_up);
    tcase_add_test(t, the_whole_folder_put_back_runs);
    tcase_add_test(t, another_logs_database_is_refused);
    tcase_add_test(t, two_logs_on_one_folder);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
