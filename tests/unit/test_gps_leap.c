/* SPDX-License-Identifier: Apache-2.0 */
/* server/clock/core/gps_leap: whose TAI-UTC counts, the table's or the receiver's, row by row. */
#include <check.h>

#include "server/clock/core/gps_leap.h"
#include "tests/unit/gps_feed.h"

START_TEST(test_leap_rule)
{
    static const struct {
        bool has;
        int32_t count;
        int64_t heard_s_ago;
        enum taistamp_utc_status status;
        int32_t table;
        int64_t expired_days;
        enum gps_leap_verdict verdict;
        int32_t tai_utc;
    } rows[] = {
        {true, 37, 0, TAISTAMP_UTC_OK, 37, 0, GPS_LEAP_FINE, 37},
        {false, 0, 0, TAISTAMP_UTC_OK, 37, 0, GPS_LEAP_FINE, 37},
        {true, 34, 0, TAISTAMP_UTC_OK, 37, 0, GPS_LEAP_DIFFERS, 0}, /* cold boot, old firmware */
        {true, 34, 1000000, TAISTAMP_UTC_OK, 37, 0, GPS_LEAP_DIFFERS, 0},
        {true, 38, 1000000, TAISTAMP_UTC_OK, 37, 0, GPS_LEAP_DIFFERS, 0},
        {false, 0, 0, TAISTAMP_UTC_EXPIRED, 37, 10, GPS_LEAP_UNKNOWN, 0},
        {false, 0, 0, TAISTAMP_UTC_UNKNOWN, 0, 0, GPS_LEAP_UNKNOWN, 0},
        {true, 37, 899, TAISTAMP_UTC_EXPIRED, 37, 10, GPS_LEAP_UNSTEADY, 0},
        {true, 37, 900, TAISTAMP_UTC_EXPIRED, 37, 10, GPS_LEAP_FINE, 37},
        {true, 38, 900, TAISTAMP_UTC_EXPIRED, 37, 10, GPS_LEAP_FINE, 38},
        {true, 36, 900, TAISTAMP_UTC_EXPIRED, 37, 10, GPS_LEAP_FINE, 36}, /* a negative one */
        {true, 35, 900, TAISTAMP_UTC_EXPIRED, 37, 10, GPS_LEAP_ABSURD, 0},
        {true, 39, 900, TAISTAMP_UTC_EXPIRED, 37, 10, GPS_LEAP_ABSURD, 0},
        {true, 39, 900, TAISTAMP_UTC_EXPIRED, 37, 183, GPS_LEAP_FINE, 39},
        {true, 37, 899, TAISTAMP_UTC_UNKNOWN, 0, 0, GPS_LEAP_UNSTEADY, 0},
        {true, 37, 900, TAISTAMP_UTC_UNKNOWN, 0, 0, GPS_LEAP_FINE, 37},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct gps_leap leap = {rows[i].has, rows[i].count, {INT64_C(5000000) * FEED_SECOND}};
        tai_mono_t raw = {leap.raw_since.ns + rows[i].heard_s_ago * FEED_SECOND};
        int32_t got = 0;
        enum gps_leap_verdict v = gps_leap_decide(&leap, raw, rows[i].status, rows[i].table,
                                                  rows[i].expired_days * 86400 * FEED_SECOND, &got);
        ck_assert_msg(v == rows[i].verdict && got == rows[i].tai_utc, "row %zu: verdict %d, TAI-UTC %d", i,
                      (int)v, got);
    }
    struct gps_leap leap = {0};
    gps_leap_heard(&leap, 34, (tai_mono_t){5});
    gps_leap_heard(&leap, 34, (tai_mono_t){9});
    ck_assert(leap.has && leap.tai_utc_s == 34 && leap.raw_since.ns == 5);
    gps_leap_heard(&leap, 37, (tai_mono_t){11});
    ck_assert(leap.tai_utc_s == 37 && leap.raw_since.ns == 11);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("gps_leap");
    TCase *tcase = tcase_create("gps_leap");
    tcase_add_test(tcase, test_leap_rule);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
