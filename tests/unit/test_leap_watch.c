/* SPDX-License-Identifier: Apache-2.0 */
/* sdk/leap_watch: the table in short while TAI is not known, by a system's clock that may be years off. */
#include <check.h>

#include "sdk/leap_watch.h"
#include "sdk/time/page.h"
#include "tests/unit/leap_tables.h"

/* Behind the table's own date the clock is wrong: what the table says of that date is not what holds today. */
START_TEST(a_clock_behind_the_table)
{
    const struct leap_table table = table_real();
    const int64_t clocks_s[] = {-1, 0, 946684800 /* 2000 */, table.updated_posix_s,
                                table.updated_posix_s + 86400};
    struct leap_watch watch;
    leap_watch_open(&watch, SHIPPED_TABLE);
    for (size_t i = 0; i < sizeof clocks_s / sizeof *clocks_s; i++) {
        struct sync_leap leap = {.next = {PAGE_NEVER}};
        ck_assert(leap_watch_look(&watch, clocks_s[i] * INT64_C(1000000000), NULL, &leap));
        ck_assert_msg(leap.tai_utc_s == 37 && leap.next_tai_utc_s == 37 && leap.next.ns == PAGE_NEVER &&
                          leap.expires.ns == leap_expires(&table).ns,
                      "clock at %lld s: TAI-UTC %d", (long long)clocks_s[i], leap.tai_utc_s);
    }
    leap_watch_close(&watch);
}
END_TEST

/* A table of another server, through a leap second in which no server is heard. */
START_TEST(their_table_moves_on)
{
    const int64_t next = INT64_C(1800000037) * 1000000000;
    const struct sync_leap own = {37, 37, {PAGE_NEVER}, {next - 1}};
    const struct sync_leap theirs = {37, 38, {next}, {next + 1000000000000}};
    ck_assert_int_eq(leap_watch_later(&theirs, &own, (tai_t){next - 1}).tai_utc_s, 37);
    ck_assert_int_eq(leap_watch_later(&own, &theirs, (tai_t){next - 1}).next.ns, next);
    ck_assert_int_eq(leap_watch_later(&own, &theirs, (tai_t){next + 1000000000}).next.ns, next);
    struct sync_leap after = leap_watch_later(&own, &theirs, (tai_t){next + INT64_C(5000000000)});
    ck_assert_int_eq(after.tai_utc_s, 38);
    ck_assert(after.next.ns == PAGE_NEVER && after.expires.ns == theirs.expires.ns);
    ck_assert_int_eq(leap_watch_later(&theirs, &own, (tai_t){next - 1}).expires.ns, theirs.expires.ns);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("leap_watch");
    TCase *tcase = tcase_create("leap_watch");
    tcase_add_test(tcase, a_clock_behind_the_table);
    tcase_add_test(tcase, their_table_moves_on);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
