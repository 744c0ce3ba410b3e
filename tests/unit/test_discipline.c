/* SPDX-License-Identifier: Apache-2.0 */
/* CLOCK_REALTIME in a closed loop with a simulated kernel clock; and what is taken for a sleep or a hand on the clock. */
#include <check.h>
#include <math.h>
#include <stdlib.h>

#include "client/core/discipline.h"
#include "client/core/suspend.h"
#include "tests/unit/prop.h"

#define S INT64_C(1000000000)

static struct prop prop;

static double uniform(void)
{
    return ((double)(prop_u64(&prop) >> 11) + 0.5) / 9007199254740992.0;
}

static double normal(void)
{
    return sqrt(-2 * log(uniform())) * cos(6.283185307179586 * uniform());
}

/* The line is the raw clock times (1 + rate) with a rate that walks; the kernel adds `bias` to what it is told. */
struct loop {
    struct discipline d;
    double raw, line, realtime; /* ns */
    double rate, wander, bias, told;
    double width;
    unsigned steps, over; /* rates told beyond the limit */
    double sum, max;
    unsigned count;
};

static void loop_run(struct loop *l, double dt)
{
    l->raw += dt;
    l->line += dt * (1 + l->rate);
    l->realtime += dt * (1 + l->told + l->bias);
    l->rate += l->wander * sqrt(dt / 1e9) * normal();
}

static void loop_wake(struct loop *l)
{
    struct engine_steer steer;
    struct engine_now now = {.raw = {(int64_t)llround(l->raw)},
                             .realtime_ns = (int64_t)llround(l->realtime + l->width * (uniform() - 0.5)),
                             .width_ns = (int64_t)ceil(l->width)};
    struct discipline_aim aim = {.realtime_ns = (int64_t)llround(l->line),
                                 .rate_ps_per_s = (int64_t)llround(l->rate * 1e12),
                                 .half_width_ns = 1000,
                                 .valid = true,
                                 .tai_utc_s = 37};
    if (!discipline_steer(&l->d, &now, &aim, &steer))
        return;
    if (steer.step) {
        l->steps++;
        l->realtime += (double)steer.step_ns;
    }
    l->over += steer.rate_ps_per_s > DISCIPLINE_RATE_MAX || steer.rate_ps_per_s < -DISCIPLINE_RATE_MAX;
    ck_assert_int_ge(steer.maxerror_ns, 1000);
    l->told = (double)steer.rate_ps_per_s / 1e12;
}

static void loop_measure(struct loop *l)
{
    double e = l->realtime - l->line;
    l->sum += e * e;
    l->max = fmax(l->max, fabs(e));
    l->count++;
}

static struct loop loop_make(int64_t step_threshold_ns, double offset)
{
    struct loop l = {.raw = 5e12, .line = 1.7e17, .rate = 12e-6};
    l.realtime = l.line + offset;
    discipline_init(&l.d, step_threshold_ns);
    return l;
}

/* Wakes up once a second, give or take, and several times in some; after a minute the phase must stay within tens of ns. */
START_TEST(realtime_stays_within_tens_of_nanoseconds)
{
    static const double wanders[] = {0, 1e-9, 1e-8};
    prop = prop_start("discipline", 3);
    struct loop l = loop_make(1000000, 1e7);
    l.wander = wanders[_i];
    l.bias = 4e-9;
    for (int i = 0; i < 20000; i++) {
        loop_wake(&l);
        if (i > 60)
            loop_measure(&l);
        loop_run(&l, uniform() < 0.3 ? 1e9 * uniform() * 0.2 : 1e9 * (0.8 + 0.4 * uniform()));
        if (i > 60)
            loop_measure(&l);
    }
    double rms = sqrt(l.sum / l.count);
    printf("wander %g: rms %.1f ns, max %.1f ns, bias %lld ps/s\n", l.wander, rms, l.max,
           (long long)l.d.bias_ps_per_s);
    ck_assert_uint_eq(l.steps, 1);
    ck_assert_double_lt(rms, 20);
    ck_assert_double_lt(l.max, 80);
    ck_assert_uint_eq(l.over, 0);
}
END_TEST

START_TEST(without_steps_it_slews_by_500_ppm_at_most_and_does_not_overshoot)
{
    prop = prop_start("discipline_slew", 5);
    struct loop l = loop_make(0, -1e7);
    double last = 1e7;
    for (int i = 0; i < 40; i++) {
        loop_wake(&l);
        loop_run(&l, 1e9);
        double e = l.line - l.realtime;
        ck_assert_double_gt(e, -10);
        ck_assert_double_le(e, last + 10);
        last = e;
    }
    ck_assert_uint_eq(l.steps, 0);
    ck_assert_uint_eq(l.over, 0);
    ck_assert_double_lt(last, 1000);
}
END_TEST

START_TEST(it_steps_once_at_the_start_and_never_again)
{
    prop = prop_start("discipline_step", 6);
    struct loop l = loop_make(1000000, 5e8);
    loop_wake(&l);
    ck_assert_uint_eq(l.steps, 1);
    loop_run(&l, 1e9);
    l.realtime += 5e8; /* somebody sets it */
    loop_wake(&l);
    ck_assert_uint_eq(l.steps, 1);
    l.d.must_step = true; /* the operator's word */
    loop_run(&l, 1e9);
    loop_wake(&l);
    ck_assert_uint_eq(l.steps, 2);
    l = loop_make(1000000, 9e5); /* closer than the threshold: no step, and none later */
    loop_wake(&l);
    l.realtime += 5e8;
    loop_run(&l, 1e9);
    loop_wake(&l);
    ck_assert_uint_eq(l.steps, 0);
}
END_TEST

/* Readings that a busy machine stretches: the phase must not be chased within their width. */
START_TEST(wide_readings_are_not_chased)
{
    prop = prop_start("discipline_wide", 7);
    struct loop l = loop_make(0, 0);
    l.width = 20000;
    for (int i = 0; i < 2000; i++) {
        loop_wake(&l);
        loop_run(&l, 1e9);
        loop_measure(&l);
    }
    ck_assert_double_lt(l.max, 100);
}
END_TEST

/* While REALTIME is ambiguous, a second off is nothing to correct, nor to step even where the operator asked for a step. */
START_TEST(a_leap_second_is_no_error)
{
    struct discipline d;
    struct engine_steer steer;
    struct engine_now now = {.raw = {S}, .realtime_ns = 100 * S};
    struct discipline_aim aim = {.realtime_ns = 100 * S,
                                 .rate_ps_per_s = 12000000,
                                 .half_width_ns = 1000,
                                 .valid = true,
                                 .tai_utc_s = 37,
                                 .leap = 1};
    discipline_init(&d, 1000);
    ck_assert(discipline_steer(&d, &now, &aim, &steer));
    ck_assert(steer.leap == 1 && steer.tai_utc_s == 37);
    now.raw.ns += S;
    now.realtime_ns += S;
    aim.hold = true;
    /* aim.realtime_ns stays: the line changed over, the kernel not yet */
    d.must_step = true;
    ck_assert(discipline_steer(&d, &now, &aim, &steer));
    ck_assert(!steer.step && steer.rate_ps_per_s == 12000000 && steer.maxerror_ns == 1000);
    ck_assert(steer.leap == 1 && steer.tai_utc_s == 0); /* the kernel counts it itself */
    now.raw.ns += S;
    now.realtime_ns += S;
    aim.realtime_ns += S;
    aim.hold = false;
    ck_assert(discipline_steer(&d, &now, &aim, &steer));
    ck_assert(steer.step && steer.step_ns == -S && steer.tai_utc_s == 37);
}
END_TEST

START_TEST(a_rival_is_seen_once)
{
    struct discipline d;
    discipline_init(&d, 0);
    ck_assert(!discipline_readback(&d, true, 3000, false)); /* we told nothing yet */
    d.told = true;
    d.rate_ps_per_s = 12000000;
    ck_assert(!discipline_readback(&d, true, 12000015, false));
    ck_assert(discipline_readback(&d, true, 90000000, false));
    ck_assert(!discipline_readback(&d, true, 90000000, false));
    ck_assert(!discipline_readback(&d, true, 12000000, false));
    ck_assert(discipline_readback(&d, false, 0, true));
}
END_TEST

START_TEST(without_a_line_the_rate_stays_and_nobody_answers_for_it)
{
    struct discipline d;
    struct engine_steer steer;
    struct engine_now now = {.raw = {S}};
    discipline_init(&d, 0);
    ck_assert(!discipline_idle(&d, &now, &steer)); /* nothing known of the last life: leave it alone */
    discipline_start_rate(&d, 12000000);
    ck_assert(discipline_idle(&d, &now, &steer));
    ck_assert_int_eq(steer.rate_ps_per_s, 12000000);
    ck_assert(steer.unsynchronised && !steer.step);
    ck_assert(!discipline_idle(&d, &now, &steer));
    now.raw.ns += S;
    ck_assert(discipline_idle(&d, &now, &steer));
}
END_TEST

/* ---- Suspend ---- */

struct look {
    const char *what;
    int64_t raw_ms, boot_ms, realtime_ms; /* advance since the reading before */
    bool no_boottime, renamed;
    enum suspend_verdict verdict;
};

static const struct look looks[] = {
    {"a second", 1000, 1000, 1000, false, false, SUSPEND_NONE},
    {"a second, steered to the limit", 10000, 10005, 10005, false, false, SUSPEND_NONE},
    {"slept", 1000, 31000, 31000, false, false, SUSPEND_SLEPT},
    {"slept, and the clock came back wrong", 1000, 31000, 1000, false, false, SUSPEND_SLEPT},
    {"set forward", 1000, 1000, 4000, false, false, SUSPEND_CLOCK_SET},
    {"set back", 1000, 1000, -4000, false, false, SUSPEND_CLOCK_SET},
    {"forward without BOOTTIME: may be a sleep", 1000, 1000, 4000, true, false, SUSPEND_SLEPT},
    {"back without BOOTTIME: set", 1000, 1000, -4000, true, false, SUSPEND_CLOCK_SET},
    {"raw went back", -5, 1000, 1000, false, false, SUSPEND_OTHER},
    {"another name", 1000, 1000, 1000, false, true, SUSPEND_OTHER},
    {"the same moment again", 0, 0, 0, false, false, SUSPEND_NONE},
};

START_TEST(sleeps_and_set_clocks_are_told_apart)
{
    const struct look *l = &looks[_i];
    struct suspend suspend = {.has_last = false};
    int64_t by;
    struct engine_now now = {{1}, {100 * S}, 1700000000 * S, 50, l->no_boottime ? 100 * S : 170 * S};
    ck_assert_int_eq(suspend_look(&suspend, &now, &by), SUSPEND_NONE);
    now.raw.ns += l->raw_ms * 1000000;
    now.boot_ns += l->boot_ms * 1000000;
    now.realtime_ns += l->realtime_ms * 1000000;
    now.timeline.id += l->renamed;
    enum suspend_verdict verdict = suspend_look(&suspend, &now, &by);
    ck_assert_msg(verdict == l->verdict, "%s: %d", l->what, (int)verdict);
    ck_assert_int_eq(suspend_look(&suspend, &now, &by), SUSPEND_NONE); /* said once */
}
END_TEST

START_TEST(our_own_step_is_no_rival)
{
    struct suspend suspend = {.has_last = false};
    int64_t by;
    struct engine_now now = {{1}, {100 * S}, 1700000000 * S, 50, 170 * S};
    ck_assert_int_eq(suspend_look(&suspend, &now, &by), SUSPEND_NONE);
    suspend_expect_step(&suspend, -3 * S);
    now.raw.ns += S;
    now.boot_ns += S;
    now.realtime_ns += S - 3 * S;
    ck_assert_int_eq(suspend_look(&suspend, &now, &by), SUSPEND_NONE);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("discipline");
    TCase *c = tcase_create("discipline");
    tcase_add_loop_test(c, realtime_stays_within_tens_of_nanoseconds, 0, 3);
    tcase_add_test(c, without_steps_it_slews_by_500_ppm_at_most_and_does_not_overshoot);
    tcase_add_test(c, it_steps_once_at_the_start_and_never_again);
    tcase_add_test(c, wide_readings_are_not_chased);
    tcase_add_test(c, a_rival_is_seen_once);
    tcase_add_test(c, a_leap_second_is_no_error);
    tcase_add_test(c, without_a_line_the_rate_stays_and_nobody_answers_for_it);
    tcase_add_loop_test(c, sleeps_and_set_clocks_are_told_apart, 0, sizeof looks / sizeof looks[0]);
    tcase_add_test(c, our_own_step_is_no_rival);
    suite_add_tcase(suite, c);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
