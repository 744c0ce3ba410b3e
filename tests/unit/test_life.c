/* SPDX-License-Identifier: Apache-2.0 */
/* The numbers of "The life of a stamp" in ARCHITECTURE.md, computed by the functions that it names. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "sdk/time/page.h"
#include "server/stamp/core/issuer.h"

enum { SECOND = 1000000000 };

/* The page says: at raw reading 100 s it was 1000 s TAI, give or take 500 ms, and that grows by 50 ppm. */
static struct taistamp_reading read_two_seconds_later(void)
{
    struct clock_line line = {0};
    struct taistamp_reading reading;

    line.as_of.ns = INT64_C(100) * SECOND;
    line.tai.ns = INT64_C(1000) * SECOND;
    line.half_width.ns = 500000000;
    line.growth.ppb = 50000;
    line.void_after.ns = INT64_C(160) * SECOND;
    line.realtime_minus_raw_ns = INT64_C(863) * SECOND;
    line.utc = TAISTAMP_UTC_UNKNOWN;
    line.status = TAISTAMP_STATUS_ASSUMED;
    line.source = TAISTAMP_CLOCK_ASSUMED;
    page_evaluate(&line, (tai_mono_t){INT64_C(102) * SECOND}, INT64_C(965) * SECOND, &reading);
    return reading;
}

START_TEST(the_reading_is_an_interval)
{
    struct taistamp_reading r = read_two_seconds_later();
    ck_assert_int_eq(r.status, TAISTAMP_STATUS_ASSUMED);
    ck_assert_int_eq(r.tai.earliest.ns, INT64_C(1001499899998));
    ck_assert_int_eq(r.tai.latest.ns, INT64_C(1002500100002));
}
END_TEST

START_TEST(the_batch_gets_its_times)
{
    struct taistamp_reading r = read_two_seconds_later();
    struct issue issue;
    tai_t t;
    tai_bound_t h;

    issuer_batch(&r, (tai_t){INT64_C(1001999999000)}, 3, SECOND, &issue);
    ck_assert_uint_eq(issue.count, 3);
    issuer_entry(&issue, 0, &t, &h);
    ck_assert_int_eq(t.ns, INT64_C(1002000000000));
    ck_assert_int_eq(h.ns, 500100002);
    issuer_entry(&issue, 2, &t, &h);
    ck_assert_int_eq(t.ns, INT64_C(1002000000002));
    ck_assert_int_eq(h.ns, 500100004);
}
END_TEST

START_TEST(a_log_ahead_of_the_clock_is_refused)
{
    struct taistamp_reading r = read_two_seconds_later();
    struct issue issue;

    issuer_batch(&r, (tai_t){INT64_C(1002500100002)}, 1, SECOND, &issue);
    ck_assert_uint_eq(issue.count, 0);
    ck_assert_int_eq(issue.rest, ISSUE_CLOCK_BEHIND);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("life of a stamp");
    TCase *tests = tcase_create("numbers");
    SRunner *runner = srunner_create(suite);

    tcase_add_test(tests, the_reading_is_an_interval);
    tcase_add_test(tests, the_batch_gets_its_times);
    tcase_add_test(tests, a_log_ahead_of_the_clock_is_refused);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
