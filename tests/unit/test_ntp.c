/* SPDX-License-Identifier: Apache-2.0 */
/* NTP dates through the public functions: eras, pivots, rounding, and the zero that means "unknown". */
#include <check.h>
#include <inttypes.h>
#include <stdlib.h>

#include "taistamp/time.h"
#include "tests/unit/prop.h"

#define SHIPPED_TABLE TEST_SRCDIR "/leapseconds/leap-seconds.list"
#define NS_PER_S      INT64_C(1000000000)
/* The first seconds of era 1 (2036-02-07T06:28:16Z) and era 2 (2172-03-15T12:56:32Z), in TAI with 37 s. */
#define ERA_1_S (INT64_C(4294967296) - 2208988800 + 37)
#define ERA_2_S (INT64_C(2) * 4294967296 - 2208988800 + 37)

static taistamp_leaps *leaps;

static void setup(void)
{
    struct tai_error error;
    ck_assert_msg(taistamp_leaps_load(SHIPPED_TABLE, &leaps, &error) == TAI_OK, "%s", error.text);
}

static void teardown(void)
{
    taistamp_leaps_free(leaps);
}

START_TEST(known_instants)
{
    static const struct {
        int64_t tai_ns;
        uint64_t timestamp, fraction;
        int64_t seconds;
    } row[] = {
        {INT64_C(63072010) * NS_PER_S, UINT64_C(2272060800) << 32, 0, 2272060800},
        {INT64_C(1483228837) * NS_PER_S + 500000000, UINT64_C(0xdc12c50080000000), UINT64_C(1) << 63,
         3692217600},
        /* Inside second 60: the number of the midnight after. */
        {INT64_C(1483228836) * NS_PER_S + 500000000, UINT64_C(0xdc12c50080000000), UINT64_C(1) << 63,
         3692217600},
        {ERA_1_S * NS_PER_S - NS_PER_S, UINT64_C(0xffffffff00000000), 0, UINT32_MAX},
        {ERA_1_S * NS_PER_S, 1, 0, INT64_C(1) << 32}, /* never all zeroes */
        {ERA_1_S * NS_PER_S + NS_PER_S, UINT64_C(1) << 32, 0, (INT64_C(1) << 32) + 1},
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        enum taistamp_utc_status status;
        struct tai_ntp_date date;
        uint64_t timestamp;
        ck_assert_int_eq(taistamp_time_to_ntp(leaps, (tai_t){row[i].tai_ns}, &timestamp, &status), TAI_OK);
        ck_assert_uint_eq(timestamp, row[i].timestamp);
        ck_assert_int_eq(taistamp_time_to_ntp_date(leaps, (tai_t){row[i].tai_ns}, &date, &status), TAI_OK);
        ck_assert_int_eq(date.seconds, row[i].seconds);
        ck_assert_uint_eq(date.fraction, row[i].fraction);
    }
}
END_TEST

/* The same 64 bits, seen from three pivots. */
START_TEST(pivot_chooses_the_era)
{
    static const struct {
        int64_t pivot_s, want_s;
    } row[] = {
        {ERA_1_S - 86400 * 365, ERA_1_S + 5},
        {ERA_1_S, ERA_1_S + 5},
        {ERA_1_S + (INT64_C(1) << 31), ERA_1_S + 5},
        {ERA_1_S - (INT64_C(1) << 31) + 100, ERA_1_S + 5},
        {ERA_1_S + (INT64_C(1) << 31) + 100, ERA_2_S + 5},
        {ERA_2_S, ERA_2_S + 5},
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        enum taistamp_utc_status status;
        tai_t t;
        ck_assert_int_eq(
            taistamp_time_from_ntp(leaps, UINT64_C(5) << 32, (tai_t){row[i].pivot_s * NS_PER_S}, &t, &status),
            TAI_OK);
        ck_assert_int_eq(t.ns, row[i].want_s * NS_PER_S);
        ck_assert_int_eq(status, TAISTAMP_UTC_EXPIRED);
    }
}
END_TEST

START_TEST(refusals)
{
    enum taistamp_utc_status status = TAISTAMP_UTC_OK;
    tai_t t = {-7}, now = {INT64_C(1800000000) * NS_PER_S};
    uint64_t timestamp = 9;
    struct tai_ntp_date date = {9, 9};
    ck_assert_int_eq(taistamp_time_from_ntp(leaps, 0, now, &t, &status), TAI_ERR_UNKNOWN);
    ck_assert_int_eq(taistamp_time_from_ntp(leaps, 1, (tai_t){0}, &t, &status),
                     TAI_OK); /* 2036 is nearer than 1900 */
    t.ns = -7;
    ck_assert_int_eq(taistamp_time_from_ntp(leaps, UINT64_C(1) << 63, (tai_t){0}, &t, &status),
                     TAI_ERR_UNKNOWN);
    ck_assert_int_eq(taistamp_time_from_ntp(NULL, UINT64_C(0xdc12c50080000000), now, &t, &status),
                     TAI_ERR_UNKNOWN);
    ck_assert_int_eq(
        taistamp_time_from_ntp_date(leaps, (struct tai_ntp_date){2272060799, UINT64_MAX}, &t, &status),
        TAI_ERR_UNKNOWN);
    ck_assert_int_eq(taistamp_time_from_ntp_date(leaps, (struct tai_ntp_date){INT64_MIN, 0}, &t, &status),
                     TAI_ERR_RANGE);
    ck_assert_int_eq(taistamp_time_from_ntp_date(leaps, (struct tai_ntp_date){INT64_MAX, 0}, &t, &status),
                     TAI_ERR_RANGE);
    ck_assert_int_eq(taistamp_time_to_ntp(leaps, (tai_t){0}, &timestamp, &status), TAI_ERR_UNKNOWN);
    ck_assert_int_eq(taistamp_time_to_ntp_date(NULL, now, &date, &status), TAI_ERR_UNKNOWN);
    ck_assert(t.ns == -7 && timestamp == 9 && date.seconds == 9 && date.fraction == 9);
    ck_assert_int_eq(taistamp_time_from_ntp_date(leaps, (struct tai_ntp_date){2272060800, 0}, &t, &status),
                     TAI_OK);
    ck_assert_int_eq(t.ns, INT64_C(63072010) * NS_PER_S);
}
END_TEST

START_TEST(round_trip_property)
{
    struct prop p = prop_start("round_trip_property", 5905);
    for (int i = 0, rounds = prop_rounds(100000); i < rounds; i++) {
        enum taistamp_utc_status status;
        struct tai_ntp_date date;
        uint64_t timestamp;
        int64_t reach = (INT64_C(1) << 31) - 100;
        tai_t t = {INT64_C(63072010) * NS_PER_S +
                   (int64_t)prop_below(&p, (uint64_t)(INT64_MAX - INT64_C(63072010) * NS_PER_S))};
        if (i % 3 == 0)
            t.ns = (i % 2 == 0 ? ERA_1_S : ERA_2_S) * NS_PER_S + (int64_t)prop_below(&p, 4000) - 2000;
        char utc[TAISTAMP_TIME_TEXT];
        ck_assert_int_eq(taistamp_time_print(t, TAISTAMP_UTC, 0, leaps, utc, NULL), TAI_OK);
        if (utc[17] == '6')
            continue;
        int64_t away = (int64_t)prop_below(&p, (uint64_t)(2 * reach)) - reach;
        if (t.ns / NS_PER_S + away > INT64_MAX / NS_PER_S)
            away = -away;
        tai_t back, pivot = {(t.ns / NS_PER_S + away) * NS_PER_S};
        ck_assert_int_eq(taistamp_time_to_ntp(leaps, t, &timestamp, &status), TAI_OK);
        ck_assert_int_eq(taistamp_time_from_ntp(leaps, timestamp, pivot, &back, &status), TAI_OK);
        ck_assert_int_eq(back.ns, t.ns);
        ck_assert_int_eq(taistamp_time_to_ntp_date(leaps, t, &date, &status), TAI_OK);
        ck_assert_int_eq(taistamp_time_from_ntp_date(leaps, date, &back, &status), TAI_OK);
        ck_assert_int_eq(back.ns, t.ns);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("ntp");
    TCase *t = tcase_create("ntp");
    suite_add_tcase(s, t);
    tcase_set_timeout(t, 60);
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, known_instants);
    tcase_add_test(t, pivot_chooses_the_era);
    tcase_add_test(t, refusals);
    tcase_add_test(t, round_trip_property);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed == 0 ? 0 : 1;
}
