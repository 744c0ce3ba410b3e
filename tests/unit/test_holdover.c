/* SPDX-License-Identifier: Apache-2.0 */
/* The oscillator's model: what it learns, that its bound holds and grows when nothing is left, and what survives a restart.
 * tests/sim/days scores it over many seeds. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sdk/time/arith.h"
#include "server/clock/core/holdover.h"
#include "tests/sim/random.h"
#include "tests/unit/prop.h"

#define S    INT64_C(1000000000)
#define TAI0 (INT64_C(1900000000) * S)

/* A crystal in a room. */
struct rig {
    struct holdover h;
    struct rnd random;
    double rate, wander, coefficient; /* relative: TAI gains on raw */
    double offset_ns;
    int64_t t_s, raw0_ns;
    double room_k; /* above 300 K */
    uint64_t timeline;
    bool sensor;
};

static struct rig rig_make(uint64_t seed, enum oscillator_class class, double wander)
{
    struct rig rig = {.random = {seed}, .rate = 3e-6, .wander = wander, .timeline = 5, .raw0_ns = 77 * S};
    struct holdover_settings settings = {class, oscillator_declared(class)};
    holdover_init(&rig.h, &settings);
    return rig;
}

static tai_t truth(const struct rig *rig)
{
    return (tai_t){TAI0 + rig->t_s * S};
}

static tai_mono_t raw_of(const struct rig *rig)
{
    return (tai_mono_t){rig->raw0_ns + rig->t_s * S - (int64_t)llround(rig->offset_ns)};
}

static void rig_run(struct rig *rig, int64_t seconds, int64_t tick_s, bool accepted, double swing_k)
{
    for (int64_t end = rig->t_s + seconds; rig->t_s < end;) {
        double k = rig->room_k + swing_k * sin((double)rig->t_s / 5000);
        double w = rig->wander * sqrt((double)tick_s), a = rnd_gauss(&rig->random),
               b = rnd_gauss(&rig->random);
        rig->offset_ns += 1e9 * ((double)tick_s * (rig->rate + rig->coefficient * k + w * a / 2) +
                                 w * (double)tick_s * b / sqrt(12));
        rig->rate += w * a;
        rig->t_s += tick_s;
        struct holdover_temperature t = {rig->sensor, 300000 + (int64_t)lround(1000 * k)};
        holdover_second(&rig->h, (sync_timeline_t){rig->timeline}, raw_of(rig), t);
        int64_t noise = (int64_t)lround(200 * rnd_gauss(&rig->random));
        if (accepted)
            holdover_accept(&rig->h, (tai_t){truth(rig).ns + noise}, 200, 2000);
    }
}

static struct holdover_prediction look(const struct rig *rig)
{
    struct holdover_prediction p;
    ck_assert(holdover_predict(&rig->h, &p));
    int64_t error = p.tai.ns - truth(rig).ns;
    ck_assert_msg(llabs(error) <= p.half_width_ns, "error %lld, bound %lld, held %lld s", (long long)error,
                  (long long)p.half_width_ns, (long long)(p.held_ns / S));
    return p;
}

START_TEST(holds_over_within_its_bound)
{
    struct prop seeds = prop_start("holds_over_within_its_bound", 51);
    for (unsigned run = 0; run < 30; run += prop_step(7)) {
        static const double wanders[OSCILLATOR_CLASSES] = {1e-8, 1e-9, 1e-10, 1e-11};
        enum oscillator_class class = (enum oscillator_class)(run % OSCILLATOR_CLASSES);
        struct rig rig = rig_make(prop_u64(&seeds), class, wanders[class]);
        rig.rate = oscillator_declared(class).ppb * 0.8e-9;
        struct holdover_prediction last = {0};
        rig_run(&rig, 20000, 16, true, 0);
        for (int k = 0; k < 200; k++) {
            rig_run(&rig, 64, 64, false, 0);
            struct holdover_prediction p = look(&rig);
            ck_assert_int_le(llabs(p.held_ns - (k + 1) * 64 * S), S);
            ck_assert(p.learnt);
            ck_assert_int_gt(p.half_width_ns, last.half_width_ns);
            /* What was said of the growth a minute ago was about so. */
            if (k > 1)
                ck_assert(llabs(p.half_width_ns - last.half_width_ns - 64 * (int64_t)last.growth.ppb) <=
                          64 * (int64_t)last.growth.ppb / 10 + 100);
            last = p;
        }
        /* At least what the class may do, less than what is declared. */
        ck_assert_int_ge(last.half_width_ns, 12800 * (int64_t)oscillator_floor(class).ppb);
        if (class != OSCILLATOR_RUBIDIUM)
            ck_assert_int_le(last.half_width_ns, 12800 * (int64_t)oscillator_declared(class).ppb / 3);
    }
}
END_TEST

START_TEST(worked_number_of_the_header)
{
    struct rig rig = rig_make(3, OSCILLATOR_TCXO, 1e-9);
    rig_run(&rig, 86400, 16, true, 0);
    struct holdover_memory m;
    ck_assert(holdover_keep(&rig.h, &m));
    ck_assert(m.rates.wander_fs_per_s > 800000 && m.rates.wander_fs_per_s < 1250000);
    rig_run(&rig, 3600, 16, false, 0);
    struct holdover_prediction p = look(&rig);
    ck_assert(p.sigma_ns > 110000 && p.sigma_ns < 145000);
    ck_assert(p.half_width_ns > 1000000 && p.half_width_ns < 1300000);
}
END_TEST

START_TEST(little_learnt_is_worth_what_is_declared)
{
    struct rig rig = rig_make(4, OSCILLATOR_PC, 1e-9);
    struct holdover_prediction p;
    int64_t rate, sigma;
    struct holdover_memory m;
    ck_assert(!holdover_predict(&rig.h, &p) && !holdover_rate(&rig.h, &rate, &sigma) &&
              !holdover_keep(&rig.h, &m));
    rig_run(&rig, 500, 1, true, 0);
    rig_run(&rig, 1000, 1, false, 0);
    p = look(&rig);
    ck_assert(!p.learnt);
    ck_assert_int_ge(p.half_width_ns, 1000 * 50000);
}
END_TEST

START_TEST(goes_on_where_it_was)
{
    struct rig rig = rig_make(5, OSCILLATOR_TCXO, 1e-9);
    rig_run(&rig, 5000, 1, true, 0);
    holdover_accept(&rig.h, (tai_t){truth(&rig).ns + 777}, 200, 2000);
    struct holdover_prediction p = look(&rig);
    ck_assert_int_eq(p.tai.ns, truth(&rig).ns + 777);
    ck_assert_int_eq(p.held_ns, 0);
    ck_assert_int_ge(p.half_width_ns, 2000);
    ck_assert_int_le(p.half_width_ns, 4000);
}
END_TEST

/* A thermometer makes a change of temperature that was never met before small. */
START_TEST(temperature_is_learnt)
{
    struct rig rig = rig_make(6, OSCILLATOR_PC, 1e-10);
    rig.sensor = true;
    rig.coefficient = 1e-7;
    rig_run(&rig, 86400, 16, true, 1);
    struct holdover_memory m;
    ck_assert(holdover_keep(&rig.h, &m));
    ck_assert(llabs(m.rates.coefficient_fs_per_s_k - 100000000) < 5 * m.rates.coefficient_sigma_fs_per_s_k);
    ck_assert_int_lt(m.rates.coefficient_sigma_fs_per_s_k, 4000000);
    rig.room_k = 8;
    rig_run(&rig, 3600, 16, false, 1);
    struct holdover_prediction p = look(&rig);
    /* 8 K are 0.8 ppm, 2.9 ms in an hour. */
    ck_assert_int_lt(llabs(p.tai.ns - truth(&rig).ns), 600000);
}
END_TEST

/* A thermometer that stood still while learning says nothing of what a kelvin does: the bound says so. */
START_TEST(an_unlearnt_coefficient_widens)
{
    struct rig still = rig_make(7, OSCILLATOR_PC, 1e-9), moved = still;
    still.sensor = moved.sensor = true;
    rig_run(&still, 40000, 16, true, 0);
    rig_run(&moved, 40000, 16, true, 0);
    rig_run(&still, 3600, 16, false, 0);
    moved.room_k = 2;
    rig_run(&moved, 3600, 16, false, 0);
    ck_assert_int_gt(look(&moved).half_width_ns, 3 * look(&still).half_width_ns);
}
END_TEST

START_TEST(only_rates_outlive_a_timeline)
{
    struct rig rig = rig_make(8, OSCILLATOR_TCXO, 1e-9);
    rig.sensor = true;
    rig.coefficient = 1e-8;
    rig_run(&rig, 86400, 16, true, 1);
    struct holdover_prediction before = look(&rig), p;
    int64_t rate, sigma;
    rig.timeline = 6;
    rig.raw0_ns = -rig.t_s * S + 5 * S;
    struct holdover_temperature t = {true, 300000};
    holdover_second(&rig.h, (sync_timeline_t){6}, raw_of(&rig), t);
    ck_assert(!holdover_predict(&rig.h, &p));
    ck_assert(holdover_rate(&rig.h, &rate, &sigma));
    /* Wander for a month and the class's floor. */
    ck_assert_int_lt(llabs(rate - before.rate_ps_per_s), 50000);
    ck_assert_int_ge(sigma, 1000000);
    /* The same through a record. */
    struct holdover_memory m;
    struct rig next = rig_make(8, OSCILLATOR_TCXO, 1e-9);
    ck_assert(!holdover_keep(&rig.h, &m));
    m = rig.h.memory;
    ck_assert_int_le(llabs((int64_t)m.written_tai_s - truth(&rig).ns / S), 1);
    next.sensor = true;
    next.rate = rig.rate;
    next.coefficient = 1e-8;
    next.t_s = 3 * 86400;
    holdover_remember(&next.h, &m);
    rig_run(&next, 256, 16, true, 0);
    ck_assert_uint_gt(next.h.learnt_s, 86000);
    rig_run(&next, 3600, 16, false, 5);
    p = look(&next);
    ck_assert(p.learnt);
    /* A new one in its place would have to assume 5 ppm. */
    ck_assert_int_lt(p.half_width_ns, 3600 * 5000 / 2);
    ck_assert(holdover_keep(&next.h, &m));
    ck_assert(llabs(m.rates.coefficient_fs_per_s_k - 10000000) < 4 * m.rates.coefficient_sigma_fs_per_s_k);
    ck_assert_int_lt(m.rates.coefficient_sigma_fs_per_s_k, 18000000); /* its class: 20 */
}
END_TEST

START_TEST(a_step_of_tai_forgets_phases)
{
    struct rig rig = rig_make(9, OSCILLATOR_PC, 1e-9);
    rig_run(&rig, 5000, 1, true, 0);
    int64_t rate = look(&rig).rate_ps_per_s, after, sigma;
    struct holdover_prediction p;
    holdover_forget_phase(&rig.h);
    ck_assert(!holdover_predict(&rig.h, &p));
    ck_assert(holdover_rate(&rig.h, &after, &sigma));
    ck_assert_int_lt(llabs(after - rate), 100000);
    rig_run(&rig, 100, 1, true, 0);
    (void)look(&rig);
}
END_TEST

START_TEST(shows_what_it_learnt)
{
    struct rig rig = rig_make(10, OSCILLATOR_TCXO, 1e-9);
    struct view_oscillator v;
    holdover_view(&rig.h, &v);
    ck_assert(!v.holds && !v.has_temperature && v.learnt_s == 0 && v.allan_count == 0);
    rig_run(&rig, 20000, 1, true, 0);
    holdover_view(&rig.h, &v);
    ck_assert(v.holds && v.learnt_s > 19000);
    ck_assert_int_lt(llabs(v.rate_ps_per_s - (int64_t)(rig.rate * 1e12)), 5 * v.rate_sigma_ps_per_s);
    ck_assert(v.half_width_ns < v.forecasts[0].half_width_ns);
    ck_assert(v.forecasts[0].half_width_ns < v.forecasts[1].half_width_ns);
    ck_assert(v.forecasts[1].half_width_ns < v.forecasts[2].half_width_ns);
    ck_assert_uint_ge(v.allan_count, 13);
    /* White noise of 200 ns at the short end: sqrt 3 * 200 ns / 1 s. */
    ck_assert_int_eq(v.allan[0].tau_s, 1);
    ck_assert(v.allan[0].deviation_fs_per_s > 300000000 && v.allan[0].deviation_fs_per_s < 400000000);
    /* The forecast is what comes. */
    rig_run(&rig, 3600, 16, false, 0);
    ck_assert_int_le(llabs(look(&rig).half_width_ns - v.forecasts[0].half_width_ns),
                     v.forecasts[0].half_width_ns / 20);
}
END_TEST

START_TEST(any_course_at_all)
{
    struct prop p = prop_start("any_course_at_all", 52);
    for (unsigned run = 0; run < 200; run += prop_step(100)) {
        enum oscillator_class class = (enum oscillator_class)prop_below(&p, OSCILLATOR_CLASSES);
        struct rig rig = rig_make(1, class, 0);
        int64_t raw = (int64_t)(prop_u64(&p) >> 4);
        for (int k = 0; k < 200; k++) {
            raw += (int64_t)(prop_u64(&p) >> (16 + prop_below(&p, 48)));
            struct holdover_temperature t = {prop_below(&p, 2) == 0, 1 + (int64_t)prop_below(&p, 1000000)};
            if (prop_below(&p, 60) == 0) {
                raw = (int64_t)prop_below(&p, 1000000);
                rig.timeline++;
            }
            holdover_second(&rig.h, (sync_timeline_t){rig.timeline}, (tai_mono_t){raw}, t);
            if (prop_below(&p, 3) == 0)
                holdover_accept(&rig.h, (tai_t){(int64_t)(prop_u64(&p) >> 2)},
                                1 + (int64_t)prop_below(&p, 1 << 30),
                                (int64_t)prop_below(&p, UINT64_C(1) << 40));
            struct holdover_prediction out;
            if (holdover_predict(&rig.h, &out))
                ck_assert(out.half_width_ns >= 0 && out.sigma_ns > 0 && out.growth.ppb > 0 &&
                          out.held_ns >= 0);
            struct holdover_memory m;
            if (holdover_keep(&rig.h, &m)) {
                ck_assert_int_le(llabs(m.rates.rate_fs_per_s), HOLDOVER_FS_MAX);
                ck_assert(m.rates.rate_sigma_fs_per_s > 0 && m.rates.rate_sigma_fs_per_s <= HOLDOVER_FS_MAX);
                ck_assert_int_le(llabs(m.rates.ageing_fs_per_s_day), HOLDOVER_FS_MAX);
                ck_assert_int_le(llabs(m.rates.coefficient_fs_per_s_k), HOLDOVER_FS_MAX);
                holdover_remember(&rig.h, &m);
            }
        }
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("holdover");
    TCase *t = tcase_create("holdover");
    tcase_set_timeout(t, 120);
    tcase_add_test(t, holds_over_within_its_bound);
    tcase_add_test(t, worked_number_of_the_header);
    tcase_add_test(t, little_learnt_is_worth_what_is_declared);
    tcase_add_test(t, goes_on_where_it_was);
    tcase_add_test(t, temperature_is_learnt);
    tcase_add_test(t, an_unlearnt_coefficient_widens);
    tcase_add_test(t, only_rates_outlive_a_timeline);
    tcase_add_test(t, a_step_of_tai_forgets_phases);
    tcase_add_test(t, shows_what_it_learnt);
    tcase_add_test(t, any_course_at_all);
    suite_add_tcase(suite, t);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
