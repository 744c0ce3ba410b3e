/* SPDX-License-Identifier: Apache-2.0 */
/* The log on a disk that fails: power cuts at every write, full, read-only, failing fsync, flipped bits, old copies.
 *
 * The oracle, after each bad day: the log opens (or says why not, where data was damaged), every stamp that was
 * acknowledged is there with the same receipt, TAI increases with the index, the tree of every checkpoint that anyone
 * holds is a beginning of the tree now, and a new stamp can be made. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sdk/io/log.h"
#include "sdk/io/openssl.h"
#include "sdk/proof/merkle.h"
#include "sdk/proof/receipt.h"
#include "server/sign/slot.h"
#include "tests/fault/disk.h"
#include "tests/fault/logrig.h"

static const char origin[] = "log.example/taistamp/0123456789abcdef";
static struct rig rig;
static struct crypto crypto;
static struct tai_error why;
static bool older_slot; /* the test put one back */

static void setup(void)
{
    disk_reset();
    ck_assert_int_eq(file_make_dirs(disk_files(), "/log", 0700, NULL), TAI_OK);
    ck_assert_int_eq(file_make_dirs(disk_files(), "/key", 0700, NULL), TAI_OK);
    ck_assert_int_eq(signer_create(disk_files(), "/key", origin, NULL), TAI_OK);
    ck_assert_int_eq(openssl_crypto_open(&crypto), TAI_OK);
    rig_init(&rig, "/log", "/key");
    rig.vfs = disk_vfs();
    rig.files = disk_files();
}

static void teardown(void)
{
    rig_free(&rig);
    openssl_crypto_close(&crypto);
    disk_reset();
}

/* ---- The oracle ---- */

struct tree_check {
    struct merkle_frontier frontier;
    struct hash *roots; /* roots[n]: of the first n leaves */
};

/* The tree as the log serves it: level 0, tile by tile. */
static void read_tree(struct tree_check *t, uint64_t size)
{
    memset(t, 0, sizeof *t);
    t->roots = calloc(size + 1, sizeof *t->roots);
    t->roots[0] = merkle_root(&crypto, &t->frontier);
    for (uint64_t first = 0; first < size; first += 256) {
        unsigned width = size - first < 256 ? (unsigned)(size - first) : 256;
        char path[64];
        snprintf(path, sizeof path, width < 256 ? "0/%03u.p/%u" : "0/%03u", (unsigned)(first / 256), width);
        size_t len;
        enum tai_err err;
        char *tile = rig_tile(&rig, path, &len, &err);
        ck_assert_msg(err == TAI_OK, "tile %s: %s", path, taistamp_err_name(err));
        ck_assert_uint_eq(len, width * 32);
        for (unsigned i = 0; i < width; i++) {
            struct hash leaf;
            memcpy(leaf.b, tile + i * 32, 32);
            merkle_append(&crypto, &t->frontier, &leaf, NULL, NULL);
            t->roots[first + i + 1] = merkle_root(&crypto, &t->frontier);
        }
        free(tile);
    }
}

static void check_receipt(const struct rig_answer *a, const struct tree_check *tree, int64_t *times)
{
    static struct receipt r;
    enum tai_err err;
    char *again = rig_receipt(&rig, a->index, &err);
    ck_assert_msg(err == TAI_OK, "entry %llu: %s", (unsigned long long)a->index, taistamp_err_name(err));
    ck_assert_str_eq(again, a->receipt);
    ck_assert_int_eq(receipt_parse(bytes_of_str(again), RECEIPT_BARE, &r, NULL), TAI_OK);
    ck_assert_uint_eq(be64_read(r.entry.subject.bytes), a->subject);
    ck_assert_uint_le(r.checkpoint.size, tree->frontier.size);
    ck_assert(hash_equal(&r.checkpoint.root, &tree->roots[r.checkpoint.size]));
    ck_assert_int_eq(times[a->index], 0);
    times[a->index] = r.entry.t.ns;
    free(again);
}

/* All answers from number `from` on; whatever the number, once and in the order of time. */
static void check_log_from(size_t from)
{
    struct stamp_log_stats stats;
    struct tree_check tree;
    stamp_log_stats(rig.log, &stats);
    read_tree(&tree, stats.size);
    int64_t *times = calloc(stats.size + 1, sizeof *times), last = 0;
    for (size_t i = 0; i < rig.submitted; i++) {
        ck_assert_uint_eq(rig.answers[i].times, 1);
        if (i >= from && rig.answers[i].outcome == STAMP_OK) {
            ck_assert_uint_lt(rig.answers[i].index, stats.size);
            check_receipt(&rig.answers[i], &tree, times);
        }
    }
    for (uint64_t i = 0; i < stats.size; i++) {
        ck_assert(times[i] == 0 || times[i] > last);
        last = times[i] != 0 ? times[i] : last;
    }
    free(times);
    free(tree.roots);
}

static void check_log(void)
{
    check_log_from(0);
}

static size_t acknowledged(void)
{
    size_t n = 0;
    for (size_t i = 0; i < rig.submitted; i++)
        n += rig.answers[i].outcome == STAMP_OK && rig.answers[i].times == 1;
    return n;
}

static void must_open(const char *when, size_t at)
{
    memset(&why, 0, sizeof why);
    enum tai_err err = rig_open(&rig, &why);
    ck_assert_msg(err == TAI_OK, "%s %zu: the log does not open: %s", when, at, why.text);
}

/* What was told to somebody is known beside the key: without that, a lost tail would not be noticed. */
static void slot_must_know(const char *when, size_t at)
{
    struct slot slot;
    size_t len;
    const uint8_t *file = disk_content("/key/log.head", &len);
    ck_assert_msg(len == SLOT_FILE && slot_choose(file, &slot), "%s %zu: no valid slot", when, at);
    for (size_t i = 0; i < rig.submitted; i++)
        if (rig.answers[i].outcome == STAMP_OK && rig.answers[i].times == 1)
            ck_assert_msg(rig.answers[i].index < slot.head.size, "%s %zu: the slot is behind", when, at);
}

/* After the bad day all is there, and it goes on. */
static void must_be_well(const char *when, size_t at)
{
    if (!older_slot)
        slot_must_know(when, at);
    must_open(when, at);
    check_log();
    size_t before = acknowledged();
    rig_stamp(&rig, 3);
    ck_assert_uint_eq(acknowledged(), before + 3);
    check_log_from(rig.submitted > 6 ? rig.submitted - 6 : 0);
    rig_close(&rig);
}

/* A working day: small batches, one that fills a tile, a restart. Stops at the first failure. */
static void workload(void)
{
    static const size_t day[] = {1, 3, 250, 0, 1, 10, 2};
    if (rig_open(&rig, &why) != TAI_OK)
        return;
    for (size_t i = 0; i < sizeof day / sizeof *day && !rig.failed; i++) {
        if (day[i] > 0) {
            rig_stamp(&rig, day[i]);
            continue;
        }
        rig_close(&rig);
        if (rig_open(&rig, &why) != TAI_OK)
            return;
    }
    if (rig.log != NULL)
        rig_close(&rig);
}

/* ---- Faults ---- */

START_TEST(power_lost_at_every_write)
{
    size_t at = 1;
    for (bool more = true; more; at++) {
        for (uint64_t seed = 0; seed < 2; seed++) {
            setup();
            disk_fault(DISK_POWER, at);
            workload();
            more = disk_hit();
            disk_crash(at * 1000 + seed);
            must_be_well("power lost at write", at);
            teardown();
        }
    }
    ck_assert_uint_gt(at, 60);
}
END_TEST

START_TEST(power_lost_again_while_recovering)
{
    for (size_t at = 20; at < 90; at += 3) {
        setup();
        disk_fault(DISK_POWER, at);
        workload();
        disk_crash(at);
        for (size_t again = 1; again < 12; again += 2) {
            disk_fault(DISK_POWER, again);
            workload();
            disk_crash(at * 100 + again);
        }
        must_be_well("power lost twice, first at write", at);
        teardown();
    }
}
END_TEST

START_TEST(disk_full_at_every_write)
{
    bool more = true;
    for (size_t at = 1; more; at++) {
        setup();
        disk_fault(DISK_FULL, at);
        workload();
        more = disk_hit();
        disk_kill();
        must_be_well("disk full at write", at);
        teardown();
    }
}
END_TEST

START_TEST(sync_fails_at_every_place)
{
    bool more = true;
    for (size_t at = 1; more; at++) {
        setup();
        disk_fault(DISK_SYNC_FAILS, at);
        workload();
        more = disk_hit();
        disk_crash(at); /* the pages that could not be saved are lost for good */
        must_be_well("fsync fails from operation", at);
        teardown();
    }
}
END_TEST

/* A process ends at operation `at`, the next one finds pages that look well and need not be on the disk, takes `n`
 * stamps; then the power goes. */
static bool restart_then_power(enum disk_fault fault, size_t at, size_t n)
{
    setup();
    disk_fault(fault, at);
    workload();
    bool hit = disk_hit();
    disk_kill();
    must_open("a start on what the system's memory shows, after operation", at);
    check_log();
    rig_stamp(&rig, n);
    ck_assert(!rig.failed);
    struct stamp_log_stats served; /* whoever asks can have all of these receipts */
    stamp_log_stats(rig.log, &served);
    disk_fault(DISK_POWER, 1);
    rig_close(&rig);
    disk_crash(at);
    struct slot slot;
    size_t len;
    const uint8_t *file = disk_content("/key/log.head", &len);
    ck_assert(len == SLOT_FILE && slot_choose(file, &slot));
    ck_assert_msg(slot.head.size >= served.size, "operation %zu: the slot is behind what is served", at);
    must_be_well("a start and a power cut after operation", at);
    teardown();
    return hit;
}

START_TEST(sync_fails_then_a_restart_then_the_power)
{
    for (size_t at = 1; restart_then_power(DISK_SYNC_FAILS, at, 0); at++)
        ;
    for (size_t at = 1; restart_then_power(DISK_SYNC_FAILS, at, 3); at += 3)
        ;
}
END_TEST

START_TEST(killed_then_a_restart_then_the_power)
{
    for (size_t at = 1; restart_then_power(DISK_KILL, at, 0); at++)
        ;
    for (size_t at = 1; restart_then_power(DISK_KILL, at, 3); at += 3)
        ;
}
END_TEST

START_TEST(nothing_is_answered_after_a_failed_sync)
{
    setup();
    must_open("fresh", 0);
    rig_stamp(&rig, 5);
    disk_fault(DISK_SYNC_FAILS, 1);
    rig_stamp(&rig, 5);
    ck_assert(disk_hit());
    ck_assert(rig.failed);
    rig_stamp(&rig, 5); /* the next fsync would succeed: still no answer */
    ck_assert_uint_eq(acknowledged(), 5);
    for (size_t i = 5; i < 15; i++)
        ck_assert_int_eq(rig.answers[i].outcome, STAMP_STORE_FAILED);
    rig_close(&rig);
    disk_crash(1);
    must_be_well("failed fsync", 0);
    teardown();
}
END_TEST

START_TEST(read_only_disk)
{
    setup();
    must_open("fresh", 0);
    rig_stamp(&rig, 5);
    rig_close(&rig);
    disk_fault(DISK_READ_ONLY, 0);
    enum tai_err err = rig_open(&rig, &why);
    ck_assert_int_eq(err, TAI_ERR_PERMISSION);
    ck_assert_str_ne(why.text, "");
    disk_kill();
    must_be_well("read-only", 0);
    teardown();
}
END_TEST

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
    struct disk_copy *copy = killed_log();
    size_t len;
    disk_restore(copy);
    ck_assert_ptr_nonnull(
        disk_content("/log/tile/0/000", &len)); /* written in the background before the close */
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
    ck_assert_int_eq(file_make_dirs(disk_files(), "/key2", 0700, NULL), TAI_OK);
    ck_assert_int_eq(signer_create(disk_files(), "/key2", origin, NULL), TAI_OK);
    second.key_dir = "/key2";
    ck_assert_int_eq(rig_open(&second, &why), TAI_ERR_CONFLICT);
    rig_free(&second);
    rig_stamp(&rig, 2);
    check_log();
    rig_close(&rig);
    teardown();
}
END_TEST

int main(void)
{
    log_open("test_disk", LOG_ERROR); /* that tiles are not written is expected here */
    Suite *s = suite_create("log on a failing disk");
    TCase *t = tcase_create("disk");
    tcase_set_timeout(t, 300);
    tcase_add_test(t, power_lost_at_every_write);
    tcase_add_test(t, power_lost_again_while_recovering);
    tcase_add_test(t, disk_full_at_every_write);
    tcase_add_test(t, sync_fails_at_every_place);
    tcase_add_test(t, sync_fails_then_a_restart_then_the_power);
    tcase_add_test(t, killed_then_a_restart_then_the_power);
    tcase_add_test(t, nothing_is_answered_after_a_failed_sync);
    tcase_add_test(t, read_only_disk);
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
