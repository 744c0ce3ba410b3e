/* SPDX-License-Identifier: Apache-2.0 */
/* The log on a disk that fails: power cuts at every write, full, read-only, failing fsync. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sdk/io/log.h"
#include "sdk/io/openssl.h"
#include "server/sign/slot.h"
#include "tests/fault/oracle.h"
#include "tests/unit/prop.h"

/* ---- Faults ---- */

/* From one operation that fails to the next: each one, every third with the sanitizers, or some where TEST_SPARSE is set. */
static size_t step(void)
{
    size_t sparse = prop_step(7);
    return sparse == 1 && prop_sanitized() ? 3 : sparse;
}

/* What a power cut leaves is chosen by `at` and this. */
static uint64_t base_seed(const char *name)
{
    return prop_start(name, 0).state;
}

START_TEST(power_lost_at_every_write)
{
    const uint64_t base = base_seed("power lost");
    size_t at = 1;
    for (bool more = true; more; at += step()) {
        for (uint64_t seed = base; seed < base + 2; seed++) {
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
    const uint64_t base = base_seed("power lost again");
    for (size_t at = 20; at < 90; at += 3 * step()) {
        setup();
        disk_fault(DISK_POWER, at);
        workload();
        disk_crash(at);
        for (size_t again = 1; again < 12; again += 2) {
            disk_fault(DISK_POWER, again);
            workload();
            disk_crash(base + at * 100 + again);
        }
        must_be_well("power lost twice, first at write", at);
        teardown();
    }
}
END_TEST

START_TEST(disk_full_at_every_write)
{
    static const enum disk_fault kinds[] = {DISK_FULL, DISK_NO_GROWTH};
    bool more = true;
    for (size_t at = 1; more; at += step()) {
        setup();
        disk_fault(kinds[_i], at);
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
    for (size_t at = 1; more; at += step()) {
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
    for (size_t at = 1; restart_then_power(DISK_SYNC_FAILS, at, 0); at += step())
        ;
    for (size_t at = 1; restart_then_power(DISK_SYNC_FAILS, at, 3); at += 3 * step())
        ;
}
END_TEST

START_TEST(killed_then_a_restart_then_the_power)
{
    for (size_t at = 1; restart_then_power(DISK_KILL, at, 0); at += step())
        ;
    for (size_t at = 1; restart_then_power(DISK_KILL, at, 3); at += 3 * step())
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

int main(void)
{
    log_open("test_disk", LOG_ERROR); /* that tiles are not written is expected here */
    Suite *s = suite_create("log on a failing disk");
    TCase *t = tcase_create("disk");
    tcase_set_timeout(t, 300);
    tcase_add_test(t, power_lost_at_every_write);
    tcase_add_test(t, power_lost_again_while_recovering);
    tcase_add_loop_test(t, disk_full_at_every_write, 0, 2);
    tcase_add_test(t, sync_fails_at_every_place);
    tcase_add_test(t, sync_fails_then_a_restart_then_the_power);
    tcase_add_test(t, killed_then_a_restart_then_the_power);
    tcase_add_test(t, nothing_is_answered_after_a_failed_sync);
    tcase_add_test(t, read_only_disk);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
