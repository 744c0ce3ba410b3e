/* SPDX-License-Identifier: Apache-2.0 */
/* sdk/time/arith: sums never wrap, widths never shrink by rounding. Checked against 128-bit integers. */
#include <check.h>
#include <stdlib.h>

#include "sdk/time/arith.h"
#include "tests/unit/prop.h"

__extension__ typedef __int128 wide;

/* Numbers near every edge come up often. */
static int64_t edgy(struct prop *p)
{
    static const int64_t edge[] = {
        0, 1, -1, NS_PER_S, -NS_PER_S, INT64_MAX, INT64_MIN, INT64_MAX / 2, INT64_MIN / 2};
    uint64_t r = prop_u64(p);
    if (r % 3 == 0)
        return (int64_t)(r >> (r >> 58)) * (r % 2 == 0 ? 1 : -1);
    wide v = (wide)edge[r % (sizeof edge / sizeof *edge)] + (int64_t)(prop_u64(p) % 5) - 2;
    return v > INT64_MAX ? INT64_MAX : v < INT64_MIN ? INT64_MIN : (int64_t)v;
}

static wide clamp(wide v)
{
    return v > INT64_MAX ? INT64_MAX : v < INT64_MIN ? INT64_MIN : v;
}

START_TEST(sums)
{
    struct prop p = prop_start("sums", 41);
    for (int i = 0, rounds = prop_rounds(200000); i < rounds; i++) {
        int64_t a = edgy(&p), b = edgy(&p), got = 99;
        wide sum = (wide)a + b, difference = (wide)a - b;
        ck_assert(arith_add(a, b, &got) == (sum == clamp(sum)));
        ck_assert(got == (sum == clamp(sum) ? (int64_t)sum : 99));
        got = 99;
        ck_assert(arith_sub(a, b, &got) == (difference == clamp(difference)));
        ck_assert(got == (difference == clamp(difference) ? (int64_t)difference : 99));
    }
}
END_TEST

START_TEST(division)
{
    struct prop p = prop_start("division", 42);
    for (int i = 0, rounds = prop_rounds(100000); i < rounds; i++) {
        int64_t a = edgy(&p), b = 1 + (int64_t)(prop_u64(&p) >> (1 + prop_below(&p, 62))), r = -1;
        int64_t q = arith_div_floor(a, b, &r);
        ck_assert(r >= 0 && r < b && (wide)q * b + r == a);
    }
}
END_TEST

START_TEST(joining)
{
    struct prop p = prop_start("joining", 43);
    static const int64_t last_s = INT64_MAX / NS_PER_S;
    for (int i = 0, rounds = prop_rounds(200000); i < rounds; i++) {
        int64_t s = edgy(&p), ns = (int64_t)prop_below(&p, NS_PER_S), got = 99;
        if (i % 2 == 0)
            s = (prop_u64(&p) % 2 == 0 ? last_s : -last_s) + (int64_t)prop_below(&p, 5) - 2;
        wide v = (wide)s * NS_PER_S + ns;
        ck_assert(arith_join(s, ns, &got) == (v == clamp(v)));
        ck_assert(got == (v == clamp(v) ? (int64_t)v : 99));
    }
}
END_TEST

START_TEST(scaling)
{
    struct prop p = prop_start("scaling", 44);
    for (int i = 0, rounds = prop_rounds(200000); i < rounds; i++) {
        int64_t ns = edgy(&p);
        int32_t ppb =
            i % 3 == 0 ? (int32_t)(prop_u64(&p) & UINT32_MAX) : (int32_t)prop_below(&p, 2000001) - 1000000;
        if (i % 100 == 0)
            ppb = i % 200 == 0 ? INT32_MIN : INT32_MAX;
        wide product = (wide)ns * ppb, down = product / NS_PER_S, up = down;
        if (product % NS_PER_S != 0) {
            down -= product < 0 ? 1 : 0;
            up += product > 0 ? 1 : 0;
        }
        ck_assert(arith_scale_up(ns, ppb) == clamp(up));
        ck_assert(arith_scale_down(ns, ppb) == clamp(down));
    }
}
END_TEST

START_TEST(growth)
{
    static const struct {
        int64_t age, want;
        int32_t ppb;
    } row[] = {
        {3600 * NS_PER_S, 180000000, 50000}, /* the worked number */
        {1, 1, 50000},
        {0, 0, 50000},
        {NS_PER_S, 0, 0},
        {-3600 * NS_PER_S, 180000000, 50000},
        {3600 * NS_PER_S, 180000000, -50000},
        {20000, 1, 50000},
        {20001, 2, 50000},
        {INT64_MAX, INT64_MAX, NS_PER_S},
        {INT64_MAX, INT64_MAX, INT32_MAX},
        {INT64_MIN, INT64_MAX, 1},
        {1, INT64_MAX, INT32_MIN},
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++)
        ck_assert_int_eq(bound_growth((tai_span_t){row[i].age}, (tai_ppb_t){row[i].ppb}).ns, row[i].want);
}
END_TEST

START_TEST(bounds)
{
    ck_assert_int_eq(taistamp_bound_add((tai_bound_t){2}, (tai_bound_t){3}).ns, 5);
    ck_assert_int_eq(taistamp_bound_add((tai_bound_t){INT64_MAX}, (tai_bound_t){0}).ns, INT64_MAX);
    ck_assert_int_eq(taistamp_bound_add((tai_bound_t){INT64_MAX - 1}, (tai_bound_t){2}).ns, INT64_MAX);
    ck_assert_int_eq(taistamp_bound_add((tai_bound_t){-1}, (tai_bound_t){2}).ns, INT64_MAX);
    ck_assert_int_eq(taistamp_bound_add((tai_bound_t){2}, (tai_bound_t){INT64_MIN}).ns, INT64_MAX);
}
END_TEST

START_TEST(intervals)
{
    struct prop p = prop_start("intervals", 45);
    for (int i = 0, rounds = prop_rounds(100000); i < rounds; i++) {
        tai_t t = {edgy(&p)}, mid;
        tai_bound_t h = {edgy(&p)};
        struct tai_interval v = {{7}, {7}}, w = interval_saturating(t, h);
        bool fits = h.ns >= 0 && (wide)t.ns - h.ns >= INT64_MIN && (wide)t.ns + h.ns <= INT64_MAX;
        ck_assert(taistamp_time_interval(t, h, &v) == (fits ? TAI_OK : TAI_ERR_RANGE));
        if (!fits) {
            ck_assert(v.earliest.ns == 7 && v.latest.ns == 7);
        } else {
            ck_assert(interval_half_width(v).ns == h.ns || h.ns > INT64_MAX / 2);
            ck_assert(h.ns == INT64_MAX || (w.earliest.ns == v.earliest.ns && w.latest.ns == v.latest.ns));
        }
        ck_assert(w.earliest.ns <= t.ns && w.latest.ns >= t.ns);
        /* Midpoint and half-width cover both ends, whatever the interval. */
        mid = interval_midpoint(w);
        wide half = interval_half_width(w).ns;
        ck_assert(mid.ns >= w.earliest.ns && mid.ns <= w.latest.ns);
        ck_assert(half == INT64_MAX || (mid.ns - half <= w.earliest.ns && mid.ns + half >= w.latest.ns));
    }
    ck_assert_int_eq(interval_half_width((struct tai_interval){{1}, {0}}).ns, INT64_MAX);
    ck_assert_int_eq(interval_half_width((struct tai_interval){{0}, {3}}).ns, 2);
}
END_TEST

START_TEST(public_sums)
{
    tai_t t = {5};
    tai_span_t s = {5};
    ck_assert_int_eq(taistamp_time_add((tai_t){INT64_MAX}, (tai_span_t){1}, &t), TAI_ERR_RANGE);
    ck_assert_int_eq(taistamp_time_sub((tai_t){INT64_MIN}, (tai_t){1}, &s), TAI_ERR_RANGE);
    ck_assert(t.ns == 5 && s.ns == 5);
    ck_assert_int_eq(taistamp_time_add((tai_t){40}, (tai_span_t){-50}, &t), TAI_OK);
    ck_assert_int_eq(taistamp_time_sub((tai_t){40}, (tai_t){50}, &s), TAI_OK);
    ck_assert(t.ns == -10 && s.ns == -10);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("arith");
    TCase *t = tcase_create("arith");
    suite_add_tcase(s, t);
    tcase_set_timeout(t, 60);
    tcase_add_test(t, sums);
    tcase_add_test(t, division);
    tcase_add_test(t, joining);
    tcase_add_test(t, scaling);
    tcase_add_test(t, growth);
    tcase_add_test(t, bounds);
    tcase_add_test(t, intervals);
    tcase_add_test(t, public_sums);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed == 0 ? 0 : 1;
}
