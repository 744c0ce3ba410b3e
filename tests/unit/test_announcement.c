/* SPDX-License-Identifier: Apache-2.0 */
/* What sources announce of leap seconds, beside a table that has one of either sign, none, or is not there. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "sdk/time/page.h"
#include "server/clock/core/announcement.h"

#define S      INT64_C(1000000000)
#define H      (3600 * S)
#define D      (24 * H)
#define INSERT REFCLOCK_LEAP_INSERT
#define DELETE REFCLOCK_LEAP_DELETE
#define NONE   REFCLOCK_LEAP_NONE
#define SILENT REFCLOCK_LEAP_UNKNOWN
enum { NO_COUNT = 0 };

static const int64_t NEXT = 1500000038 * S;

/* 37 s, and from NEXT on 37 + step. */
static struct utc_leaps coming(int32_t step)
{
    return (struct utc_leaps){.table = {37, 37 + step, {NEXT}, {NEXT + 100 * D}}};
}

/* NEXT has passed: 37 + step is in force. */
static struct utc_leaps passed(int32_t step)
{
    return (struct utc_leaps){.table = {37 + step, 37 + step, {PAGE_NEVER}, {NEXT + 100 * D}},
                              .has_last = true,
                              .last = {NEXT},
                              .last_step_s = step};
}

static const struct row {
    bool has_passed;
    int32_t step;  /* of the table at NEXT */
    int64_t at_ns; /* from NEXT */
    int32_t count; /* NO_COUNT: none is said */
    enum refclock_leap_warning warning;
    enum announcement verdict;
} rows[] = {
    /* Counts: 2 min to either side both are right. */
    {false, 1, -D, 37, SILENT, ANNOUNCEMENT_AGREES},
    {false, 1, -D, 38, SILENT, ANNOUNCEMENT_COUNT},
    {false, 1, -D, 36, SILENT, ANNOUNCEMENT_COUNT},
    {false, 1, -120 * S, 38, SILENT, ANNOUNCEMENT_AGREES},
    {false, 1, -120 * S - 1, 38, SILENT, ANNOUNCEMENT_COUNT},
    {false, -1, -60 * S, 36, SILENT, ANNOUNCEMENT_AGREES},
    {false, -1, -60 * S, 38, SILENT, ANNOUNCEMENT_COUNT},
    {true, 1, 120 * S, 37, SILENT, ANNOUNCEMENT_AGREES},
    {true, 1, 120 * S + 1, 37, SILENT, ANNOUNCEMENT_COUNT},
    {true, 1, D, 38, SILENT, ANNOUNCEMENT_AGREES},
    {true, -1, D, 37, SILENT, ANNOUNCEMENT_COUNT},
    {true, -1, 60 * S, 37, SILENT, ANNOUNCEMENT_AGREES},
    /* Announcements: 32 days ahead, 2 h behind, and of the right sign. */
    {false, 1, -H, NO_COUNT, INSERT, ANNOUNCEMENT_AGREES},
    {false, 1, -32 * D, NO_COUNT, INSERT, ANNOUNCEMENT_AGREES},
    {false, 1, -32 * D - 1, NO_COUNT, INSERT, ANNOUNCEMENT_UNKNOWN},
    {false, 1, -H, NO_COUNT, DELETE, ANNOUNCEMENT_UNKNOWN},
    {false, -1, -H, NO_COUNT, DELETE, ANNOUNCEMENT_AGREES},
    {false, -1, -H, NO_COUNT, INSERT, ANNOUNCEMENT_UNKNOWN},
    {true, 1, 2 * H, NO_COUNT, INSERT, ANNOUNCEMENT_AGREES},
    {true, 1, 2 * H + 1, NO_COUNT, INSERT, ANNOUNCEMENT_UNKNOWN},
    {true, 1, H, NO_COUNT, DELETE, ANNOUNCEMENT_UNKNOWN},
    {true, -1, H, NO_COUNT, DELETE, ANNOUNCEMENT_AGREES},
    /* None: 12 h ahead it is missing, but not in the last 2 min. */
    {false, 1, -12 * H - 1, NO_COUNT, NONE, ANNOUNCEMENT_AGREES},
    {false, 1, -12 * H, NO_COUNT, NONE, ANNOUNCEMENT_MISSING},
    {false, -1, -H, NO_COUNT, NONE, ANNOUNCEMENT_MISSING},
    {false, 1, -120 * S, NO_COUNT, NONE, ANNOUNCEMENT_AGREES},
    {true, 1, H, NO_COUNT, NONE, ANNOUNCEMENT_AGREES},
    /* Both: the count counts first. */
    {false, 1, -H, 37, INSERT, ANNOUNCEMENT_AGREES},
    {false, 1, -H, 37, NONE, ANNOUNCEMENT_MISSING},
    {false, 1, -H, 39, INSERT, ANNOUNCEMENT_COUNT},
    {false, 1, -H, NO_COUNT, SILENT, ANNOUNCEMENT_NOTHING},
};

static struct refclock_leap says(const struct row *r)
{
    return (struct refclock_leap){
        .has_tai_utc = r->count != NO_COUNT, .tai_utc_s = r->count, .warning = r->warning};
}

START_TEST(each_row)
{
    const struct row *r = &rows[_i];
    struct utc_leaps leaps = r->has_passed ? passed(r->step) : coming(r->step);
    struct refclock_leap leap = says(r);
    tai_t now = {NEXT + r->at_ns};
    ck_assert_int_eq(announcement_judge(&leap, &leaps, &now), r->verdict);
    ck_assert(announcement_differs(r->verdict) == (r->verdict > ANNOUNCEMENT_AGREES));
    /* No table: nothing to differ from. */
    leaps.table = (struct sync_leap){.expires = {0}};
    ck_assert_int_eq(announcement_judge(&leap, &leaps, &now), ANNOUNCEMENT_NOTHING);
}
END_TEST

/* Before TAI is known only counts are compared, and the next one may have come. */
START_TEST(without_a_date)
{
    struct utc_leaps leaps = coming(1);
    const struct refclock_leap now = {.has_tai_utc = true, .tai_utc_s = 37, .warning = INSERT};
    const struct refclock_leap next = {.has_tai_utc = true, .tai_utc_s = 38, .warning = SILENT};
    const struct refclock_leap wrong = {.has_tai_utc = true, .tai_utc_s = 36, .warning = SILENT};
    const struct refclock_leap warning = {.warning = DELETE};
    ck_assert_int_eq(announcement_judge(&now, &leaps, NULL), ANNOUNCEMENT_AGREES);
    ck_assert_int_eq(announcement_judge(&next, &leaps, NULL), ANNOUNCEMENT_AGREES);
    ck_assert_int_eq(announcement_judge(&wrong, &leaps, NULL), ANNOUNCEMENT_COUNT);
    ck_assert_int_eq(announcement_judge(&warning, &leaps, NULL), ANNOUNCEMENT_NOTHING);
}
END_TEST

/* Ends of what 64 bits hold, and a table that has expired. */
START_TEST(odd_tables)
{
    struct utc_leaps leaps = coming(1);
    const struct refclock_leap insert = {.warning = INSERT};
    const struct refclock_leap count = {.has_tai_utc = true, .tai_utc_s = 38, .warning = SILENT};
    const tai_t first = {INT64_MIN}, last = {INT64_MAX};
    leaps.table.next.ns = PAGE_NEVER;
    leaps.table.next_tai_utc_s = 37;
    ck_assert_int_eq(announcement_judge(&insert, &leaps, &first), ANNOUNCEMENT_UNKNOWN);
    ck_assert_int_eq(announcement_judge(&insert, &leaps, &last), ANNOUNCEMENT_UNKNOWN);
    leaps = passed(1);
    leaps.last.ns = -S;
    ck_assert_int_eq(announcement_judge(&insert, &leaps, &last), ANNOUNCEMENT_UNKNOWN);
    leaps = coming(1);
    leaps.table.expires.ns = NEXT - 200 * D;
    leaps.table.next.ns = PAGE_NEVER;
    const tai_t now = {NEXT};
    ck_assert_int_eq(announcement_judge(&count, &leaps, &now), ANNOUNCEMENT_COUNT);
}
END_TEST

START_TEST(every_verdict_has_words)
{
    for (unsigned i = 0; i < ANNOUNCEMENTS; i++)
        ck_assert_uint_gt(strlen(announcement_words((enum announcement)i)), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("announcement");
    TCase *tc = tcase_create("all");
    tcase_add_loop_test(tc, each_row, 0, sizeof rows / sizeof rows[0]);
    tcase_add_test(tc, without_a_date);
    tcase_add_test(tc, odd_tables);
    tcase_add_test(tc, every_verdict_has_words);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
