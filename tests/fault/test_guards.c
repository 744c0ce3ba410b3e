/* SPDX-License-Identifier: Apache-2.0 */
/* One exact damage at a time, each for one guard that no other may stand in for: another branch of the same log, entries
 * that nobody has signed yet, entries that have left the cache, tiles that web servers hand out. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sdk/io/log.h"
#include "sdk/proof/receipt.h"
#include "tests/fault/oracle.h"

/* A day of the log: opened, stamped in batches of these sizes up to a 0, closed. */
static void day(const size_t *batches)
{
    must_open("a day", 0);
    for (; *batches > 0; batches++) {
        rig_stamp(&rig, *batches);
        ck_assert(!rig.failed);
    }
    rig_close(&rig);
}

/* Where entry `index` lies in the database file. */
static uint8_t *entry_on_disk(size_t index, size_t *ret_len)
{
    static struct receipt r;
    size_t len;
    ck_assert_int_eq(receipt_parse(bytes_of_str(rig.answers[index].receipt), RECEIPT_BARE, &r, NULL), TAI_OK);
    ck_assert_uint_eq(r.index, index);
    uint8_t *db = disk_content("/log/log.db", &len);
    ck_assert_ptr_nonnull(db);
    uint8_t *entry = memmem(db, len, r.entry_text.data, r.entry_text.len);
    ck_assert_msg(entry != NULL, "entry %zu does not lie in the file in one piece", index);
    *ret_len = r.entry_text.len;
    return entry;
}

/* What one copy of the folder made, beside the slot of the other copy. */
START_TEST(another_branch_is_refused)
{
    static const struct {
        size_t batches[4];
        const char *said;
    } branches[] = {
        {{5}, "differs from the head slot"},    /* as large as what was signed */
        {{5, 2}, "differs from the head slot"}, /* larger, through the same size */
        {{3, 4}, "in the middle"},              /* larger, past it */
        {{4}, "lost acknowledged stamps"},      /* smaller */
    };
    day((const size_t[]){10, 0});
    struct disk_copy *fork = disk_save();
    day((const size_t[]){5, 0});
    struct disk_copy *signed_one = disk_save();
    for (size_t i = 0; i < sizeof branches / sizeof *branches; i++) {
        disk_restore(fork);
        day(branches[i].batches);
        disk_restore_file(signed_one, "/key/log.head");
        ck_assert_int_eq(rig_open(&rig, &why), TAI_ERR_CORRUPT);
        ck_assert_msg(strstr(why.text, branches[i].said) != NULL, "branch %zu: %s", i, why.text);
    }
    disk_copy_free(fork);
    disk_copy_free(signed_one);
}
END_TEST

/* What the slot does not know yet has no signature to be held against: the row's own digest tells. */
START_TEST(entries_beyond_the_slot_changed)
{
    day((const size_t[]){10, 0});
    struct disk_copy *old = disk_save();
    day((const size_t[]){2, 0});
    disk_restore_file(old, "/key/log.head");
    struct disk_copy *copy = disk_save();
    size_t len = 1;
    for (size_t at = 0; at < len; at++) {
        disk_restore(copy);
        entry_on_disk(11, &len)[at] ^= 1;
        ck_assert_msg(rig_open(&rig, &why) == TAI_ERR_CORRUPT, "byte %zu of the entry", at);
    }
    disk_restore(copy);
    must_open("guards", 0);
    rig_close(&rig);
    disk_copy_free(old);
    disk_copy_free(copy);
}
END_TEST

/* The disk changes an entry while the server runs, long after the start has looked at it, and SQLite reads it anew. */
START_TEST(an_entry_changed_while_running)
{
    enum { BATCH = 1000, BATCHES = 16 /* more than SQLite keeps in memory */, AT = 300 };
    size_t len;
    enum tai_err err;
    must_open("guards", 0);
    for (size_t i = 0; i < BATCHES; i++)
        rig_stamp(&rig, BATCH);
    rig_close(&rig);
    must_open("guards", 0);
    uint8_t *entry = entry_on_disk(AT, &len), *digest = memmem(entry, len, " sha256:0", 9);
    ck_assert_ptr_nonnull(digest);
    digest[8] = '1'; /* a good entry, but not the one that was signed */
    char *text = rig_receipt(&rig, AT, &err);
    ck_assert_ptr_null(text);
    ck_assert_int_eq(err, TAI_ERR_CORRUPT);
    text = rig_tile(&rig, "entries/001", &len, &err);
    ck_assert_ptr_null(text);
    ck_assert_int_eq(err, TAI_ERR_CORRUPT);
    /* Its neighbours are served. */
    text = rig_receipt(&rig, BATCH + AT, &err);
    ck_assert_int_eq(err, TAI_OK);
    ck_assert_str_eq(text, rig.answers[BATCH + AT].receipt);
    free(text);
    rig_close(&rig);
}
END_TEST

/* A web server hands out the files as they are, so that a start leaves none that is wrong. */
START_TEST(a_start_mends_tiles)
{
    size_t len;
    uint8_t good[8192];
    day((const size_t[]){300, 0});
    const uint8_t *file = disk_content("/log/tile/0/000", &len);
    ck_assert(file != NULL && len == sizeof good);
    memcpy(good, file, sizeof good);
    for (size_t at = 0; at < sizeof good; at += 771) {
        disk_content("/log/tile/0/000", &len)[at] ^= 8;
        must_open("guards", 0);
        file = disk_content("/log/tile/0/000", &len);
        ck_assert_uint_eq(len, sizeof good);
        ck_assert_mem_eq(file, good, sizeof good);
        rig_close(&rig);
    }
}
END_TEST

int main(void)
{
    log_open("test_guards", LOG_ERROR);
    Suite *s = suite_create("guards of a log");
    TCase *t = tcase_create("guards");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_set_timeout(t, 120);
    tcase_add_test(t, another_branch_is_refused);
    tcase_add_test(t, entries_beyond_the_slot_changed);
    tcase_add_test(t, an_entry_changed_while_running);
    tcase_add_test(t, a_start_mends_tiles);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
