/* SPDX-License-Identifier: Apache-2.0 */
/* The reference "system-clock": its rate and growth, and when it has nothing to say. */
#include <check.h>
#include <stdlib.h>

#include "sdk/time/arith.h"
#include "sdk/time/page.h"
#include "server/clock/core/anchor.h"
#include "tests/unit/prop.h"

static const struct anchor_settings settings = {.bound_ns = 1000, .rate_bound = {50000}, .floor = {2000}};
static const struct sync_leap leap = {37, 37, {PAGE_NEVER}, {INT64_C(4000000000000000000)}};

/* At true second t: an oscillator that is `ppb` fast, a clock that is wrong by `wrong_ns`. */
static struct engine_now at(int64_t t_ns, int64_t ppb, int64_t wrong_ns)
{
    int64_t raw = INT64_C(100000000000) + t_ns + arith_scale_up(t_ns, (int32_t)ppb);
    return (struct engine_now){.timeline = {7},
                               .raw = {raw},
                               .realtime_ns = INT64_C(1700000000000000000) + t_ns + wrong_ns,
                               .width_ns = 50,
                               .boot_ns = raw};
}

START_TEST(test_rate_is_learned)
{
    struct anchor a;
    struct sync_reference r;
    anchor_init(&a, &settings);
    for (int64_t s = 0; s <= 300; s++) {
        struct engine_now now = at(s * NS_PER_S, 12000, 0);
        ck_assert(anchor_read(&a, &now, &leap, &r) && r.present);
        ck_assert_int_eq(r.tai.ns, now.realtime_ns + 37 * NS_PER_S);
        ck_assert_int_eq(r.half_width.ns, 1050);
        if (s < 16)
            ck_assert_int_eq(r.growth.ppb, 50000);
        if (s == 16) /* known to 2 * (bound + width) / span, besides what the oscillator may change by */
            ck_assert_int_ge(r.growth.ppb, 2000 + 2100 / 16);
    }
    /* The oscillator is 12 ppm fast, so TAI runs 12 ppm slower than it. */
    ck_assert_int_lt(llabs(r.rate_ps_per_s + 11999856), 20000);
    ck_assert_int_lt(r.growth.ppb, 2000 + 20);
    ck_assert_int_eq(r.kind, TAISTAMP_CLOCK_ASSUMED);
}
END_TEST

/* Whatever a clock within its bound does, extrapolating stays true until the next reading. */
START_TEST(test_interval_stays_true)
{
    struct prop p = prop_start("anchor", 4711);
    for (int run = 0; run < 200; run++) {
        struct anchor a;
        struct sync_reference r = {0};
        anchor_init(&a, &settings);
        int64_t ppb = (int64_t)prop_below(&p, 80001) - 40000;
        for (int64_t s = 0; s < 200; s++) {
            int64_t wrong = (int64_t)prop_below(&p, 2001) - 1000;
            struct engine_now now = at(s * NS_PER_S, ppb, wrong);
            ck_assert(anchor_read(&a, &now, &leap, &r) && r.present);
            int64_t later = s * NS_PER_S + (int64_t)prop_below(&p, 1000000000);
            struct engine_now then = at(later, ppb, 0);
            int64_t age = then.raw.ns - r.raw.ns;
            int64_t tai = r.tai.ns + age + age / 1000 * (r.rate_ps_per_s / 1000) / 1000000;
            int64_t half = r.half_width.ns + bound_growth((tai_span_t){age}, r.growth).ns + 2;
            ck_assert_int_le(llabs(tai - then.realtime_ns - 37 * NS_PER_S), half);
        }
    }
}
END_TEST

START_TEST(test_set_clock_is_not_believed_for_a_while)
{
    struct anchor a;
    struct sync_reference r;
    anchor_init(&a, &settings);
    for (int64_t s = 0; s < 60; s++) {
        struct engine_now now = at(s * NS_PER_S, 0, s < 30 ? 0 : 5000000);
        ck_assert(anchor_read(&a, &now, &leap, &r));
        ck_assert_int_eq(r.present, s < 30 || s >= 40);
    }
    ck_assert_int_lt(llabs(r.rate_ps_per_s), 200000); /* the jump is not in the rate */
}
END_TEST

/* Readings on two timelines have nothing to do with each other. */
START_TEST(test_another_timeline_begins_anew)
{
    struct anchor a;
    struct sync_reference r;
    anchor_init(&a, &settings);
    for (int64_t s = 0; s < 120; s++) {
        struct engine_now now = at(s * NS_PER_S, 12000, 0);
        if (s >= 60) {
            now.timeline.id = 8;
            now.raw.ns -= 5 * NS_PER_S; /* it slept */
        }
        ck_assert(anchor_read(&a, &now, &leap, &r) && r.present);
        if (s >= 60 && s < 76) {
            ck_assert_int_eq(r.growth.ppb, 50000);
            ck_assert_int_eq(r.rate_ps_per_s, 0);
        }
    }
    ck_assert_int_lt(llabs(r.rate_ps_per_s + 11999856), 100000);
}
END_TEST

START_TEST(test_leap_second_and_no_table)
{
    struct anchor a;
    struct sync_reference r;
    anchor_init(&a, &settings);
    struct engine_now now = at(0, 0, 0);
    struct sync_leap near = leap;
    near.next.ns = now.realtime_ns + 37 * NS_PER_S + NS_PER_S;
    near.next_tai_utc_s = 38;
    ck_assert(!anchor_read(&a, &now, &near, &r));
    struct sync_leap none = {.next = {PAGE_NEVER}};
    ck_assert(anchor_read(&a, &now, &none, &r));
    ck_assert(!r.present);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("anchor");
    TCase *t = tcase_create("anchor");
    tcase_add_test(t, test_rate_is_learned);
    tcase_add_test(t, test_interval_stays_true);
    tcase_add_test(t, test_set_clock_is_not_believed_for_a_while);
    tcase_add_test(t, test_another_timeline_begins_anew);
    tcase_add_test(t, test_leap_second_and_no_table);
    suite_add_tcase(s, t);
    SRunner *runner = srunner_create(s);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
