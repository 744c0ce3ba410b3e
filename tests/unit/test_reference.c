/* SPDX-License-Identifier: Apache-2.0 */
/* The clock process's core, second by second in made-up time: whose bound, when disrupted, leap seconds. Each
 * story lets the true TAI run on and checks every published interval against it. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "server/clock/core/reference.h"

#define S  INT64_C(1000000000)
#define MS INT64_C(1000000)

enum { T0_POSIX = 1700000000 /* 2023-11-14T22:13:20Z */, NEW_YEAR_2030 = 1893456000 };

static struct leap_table table_of(int32_t step_2030)
{
    struct leap_table t = {
        .updated_posix_s = 1650000000,
        .expires_posix_s = 1900000000, /* 2030-03-17 */
        .count = 2,
        .lines = {{1435708800, 36}, {1483228800, 37}},
    };
    if (step_2030 != 0)
        t.lines[t.count++] = (struct leap_line){NEW_YEAR_2030, 37 + step_2030};
    return t;
}

/* The world: raw time, true TAI and the kernel's clock, which may be wrong. */
struct world {
    struct leap_table table;
    struct reference reference;
    struct reference_sample sample;
    struct reference_settings settings;
    int64_t raw_ns, tai_ns;    /* now */
    int64_t tai_ppb;           /* TAI gained per raw second */
    int64_t realtime_error_ns; /* of the kernel's clock against UTC */
    struct reference_actions actions;
    struct clock_line page; /* as published */
    int seen[REFERENCE_KERNEL_TAI + 1];
};

/* UTC by the table the kernel was armed with: the true one. */
static int64_t posix_ns(const struct world *w)
{
    struct leap_utc utc;
    ck_assert_int_eq(leap_utc_from_tai(&w->table, (tai_t){w->tai_ns}, &utc), TAI_OK);
    return utc.posix_s * S + utc.ns;
}

static void world_begin_with(struct world *w, struct leap_table table, int64_t posix_s, int64_t assume_ns)
{
    *w = (struct world){.table = table, .raw_ns = 1000 * S, .tai_ppb = 12000};
    tai_t tai;
    enum taistamp_utc_status status;
    ck_assert_int_eq(leap_tai_from_posix(&w->table, posix_s, &tai, &status), TAI_OK);
    w->tai_ns = tai.ns;
    w->settings = (struct reference_settings){.boot_id = {7}, .has_assume = assume_ns >= 0};
    w->settings.assume_error_ns = assume_ns >= 0 ? assume_ns : 0;
    w->sample = (struct reference_sample){.width = {100}, .timeline = 1};
    w->sample.kernel = (struct keeper_kernel){.known = true, .maxerror_us = 1234};
    w->sample.evidence.chronyd = 1;
    reference_init(&w->reference, &w->settings, &w->table);
}

static void world_begin(struct world *w, int64_t assume_ns)
{
    world_begin_with(w, table_of(0), T0_POSIX, assume_ns);
}

static void world_sample(struct world *w)
{
    w->sample.raw.ns = w->raw_ns;
    w->sample.realtime_ns = posix_ns(w) + w->realtime_error_ns;
    reference_sample(&w->reference, &w->sample, &w->actions);
    if (w->actions.publish)
        w->page = w->actions.line;
    for (size_t i = 0; i < w->actions.report_count; i++)
        w->seen[w->actions.reports[i].event]++;
}

/* What a reader sees now; a claimed interval must contain the truth. */
static struct taistamp_reading world_read(const struct world *w)
{
    struct taistamp_reading r;
    page_evaluate(&w->page, (tai_mono_t){w->raw_ns}, posix_ns(w) + w->realtime_error_ns, &r);
    if (page_status_has_interval(r.status))
        ck_assert_msg(r.tai.earliest.ns <= w->tai_ns && w->tai_ns <= r.tai.latest.ns,
                      "[%lld, %lld] without %lld", (long long)r.tai.earliest.ns, (long long)r.tai.latest.ns,
                      (long long)w->tai_ns);
    return r;
}

static void world_pass(struct world *w, int64_t ns)
{
    w->raw_ns += ns;
    w->tai_ns += ns + ns * w->tai_ppb / S;
}

/* Runs for a while, one sample a second, reading the page in between; the status must be this all the time. */
static void world_run(struct world *w, int seconds, enum taistamp_status status)
{
    for (int i = 0; i < seconds * 4; i++) {
        world_pass(w, S / 4);
        w->sample.kernel.maxerror_us += i % 4 == 0 ? 500 : 0;
        if (w->sample.kernel.maxerror_us > 20000)
            w->sample.kernel.maxerror_us = 1234;
        if (i % 4 == 3)
            world_sample(w);
        struct taistamp_reading r = world_read(w);
        ck_assert_msg(r.status == status, "second %d: %s, wanted %s", i / 4, taistamp_status_name(r.status),
                      taistamp_status_name(status));
    }
}

START_TEST(chronyd_is_believed)
{
    struct world w;
    world_begin(&w, -1);
    world_sample(&w);
    ck_assert(w.actions.publish);
    const struct clock_line *l = &w.actions.line;
    ck_assert_int_eq(l->status, TAISTAMP_STATUS_SINGLE_REFERENCE);
    ck_assert_int_eq(l->source, TAISTAMP_CLOCK_SYSTEM);
    ck_assert_int_eq(l->half_width.ns, 1234000 + 51000 + 100);
    ck_assert_int_eq(l->tai.ns, w.tai_ns);
    ck_assert_int_eq(l->tai_utc_s, 37);
    ck_assert_int_eq(l->utc, TAISTAMP_UTC_OK);
    ck_assert_int_eq(l->void_after.ns, w.raw_ns + 60 * S);
    ck_assert_int_eq(l->rate.ppb, 0);
    world_run(&w, 30, TAISTAMP_STATUS_SINGLE_REFERENCE);
    ck_assert_int_eq(w.page.rate.ppb, 12000);
}
END_TEST

/* The worked number of reference.h. */
START_TEST(the_worked_number)
{
    struct world w;
    world_begin_with(&w, table_of(0), 1700000000, -1);
    w.table.updated_posix_s = 0;
    w.sample.raw.ns = 50 * S;
    w.sample.realtime_ns = 1483228810 * S;
    w.sample.width.ns = 1000;
    reference_sample(&w.reference, &w.sample, &w.actions);
    ck_assert_int_eq(w.actions.line.tai.ns, INT64_C(1483228847000000000));
    ck_assert_int_eq(w.actions.line.half_width.ns, 1286000);
}
END_TEST

START_TEST(a_zero_or_nobody_gives_no_bound)
{
    struct world w;
    world_begin(&w, -1);
    w.sample.kernel.maxerror_us = 0;
    world_sample(&w);
    ck_assert_int_eq(world_read(&w).status, TAISTAMP_STATUS_UNKNOWN);
    world_begin(&w, -1);
    w.sample.evidence.chronyd = 0;
    world_sample(&w);
    world_run(&w, 5, TAISTAMP_STATUS_UNKNOWN);
    world_begin(&w, -1);
    w.sample.evidence.strangers = 1;
    world_sample(&w);
    world_run(&w, 5, TAISTAMP_STATUS_UNKNOWN);
    ck_assert_int_eq(w.seen[REFERENCE_STATUS], 1);
    ck_assert_int_eq(w.seen[REFERENCE_VERDICT], 1);
}
END_TEST

START_TEST(the_operators_word_counts_where_nobody_elses_does)
{
    struct world w;
    world_begin(&w, 250 * MS);
    w.sample.evidence.chronyd = 0;
    w.realtime_error_ns = -250 * MS;
    world_sample(&w);
    world_run(&w, 5, TAISTAMP_STATUS_ASSUMED);
    ck_assert_int_eq(w.page.source, TAISTAMP_CLOCK_ASSUMED);
    ck_assert_int_eq(w.page.half_width.ns, 250 * MS + 100);
    w.realtime_error_ns = 0;
    w.sample.evidence.chronyd = 1; /* it stepped the clock and keeps it from now on */
    w.sample.kernel.maxerror_us = 876;
    world_pass(&w, S);
    world_sample(&w);
    ck_assert_int_eq(world_read(&w).status, TAISTAMP_STATUS_DISRUPTED);
    world_run(&w, 9, TAISTAMP_STATUS_DISRUPTED);
    world_pass(&w, 2 * S);
    world_sample(&w);
    world_run(&w, 5, TAISTAMP_STATUS_SINGLE_REFERENCE);
    w.sample.kernel.unsynchronised = true;
    world_pass(&w, S);
    world_sample(&w);
    ck_assert_int_eq(world_read(&w).status, TAISTAMP_STATUS_ASSUMED);
    w.settings.has_assume = false; /* taken back by the operator */
    reference_configure(&w.reference, &w.settings, &w.table);
    world_pass(&w, S);
    world_sample(&w);
    ck_assert_int_eq(world_read(&w).status, TAISTAMP_STATUS_UNKNOWN);
}
END_TEST

static const int64_t steps[] = {3600 * S, -3600 * S, S, -S, 25 * MS, -25 * MS, -1600000000 * S};

START_TEST(a_set_clock_is_disrupted_and_then_believed_again)
{
    struct world w;
    world_begin(&w, 0);
    world_sample(&w);
    world_run(&w, 20, TAISTAMP_STATUS_SINGLE_REFERENCE);
    int64_t before = w.realtime_error_ns;
    w.realtime_error_ns += steps[_i];
    world_pass(&w, S / 2);
    /* The reader sees it before the writer does. */
    ck_assert_int_eq(world_read(&w).status, TAISTAMP_STATUS_DISRUPTED);
    world_pass(&w, S / 2);
    world_sample(&w);
    if (steps[_i] < -S * 1000000000) {
        ck_assert_int_eq(w.page.status, TAISTAMP_STATUS_UNKNOWN);
        ck_assert_int_eq(w.seen[REFERENCE_TABLE_ABSENT] + w.seen[REFERENCE_CLOCK_EARLY], 1);
        return;
    }
    ck_assert_int_eq(w.page.status, TAISTAMP_STATUS_DISRUPTED);
    ck_assert_int_eq(w.seen[REFERENCE_MOVED], 1);
    world_run(&w, 3, TAISTAMP_STATUS_DISRUPTED);
    w.realtime_error_ns = before; /* set right again: the hold begins anew */
    world_run(&w, 10, TAISTAMP_STATUS_DISRUPTED);
    ck_assert_int_eq(w.seen[REFERENCE_STEADY], 0);
    world_pass(&w, S);
    world_sample(&w);
    ck_assert_int_eq(w.seen[REFERENCE_STEADY], 1);
    world_run(&w, 20, TAISTAMP_STATUS_SINGLE_REFERENCE);
    ck_assert_int_eq(w.page.rate.ppb, 12000);
}
END_TEST

START_TEST(a_slow_slew_and_small_steps_are_no_disruption)
{
    struct world w;
    world_begin(&w, -1);
    w.sample.kernel.maxerror_us = 60001;
    world_sample(&w);
    for (int i = 0; i < 100; i++) {
        w.realtime_error_ns += 490000; /* 490 ppm */
        world_pass(&w, S);
        w.sample.kernel.maxerror_us = 60001;
        world_sample(&w);
        ck_assert_int_eq(world_read(&w).status, TAISTAMP_STATUS_SINGLE_REFERENCE);
        ck_assert_int_eq(w.page.rate.ppb, 0);
    }
    w.realtime_error_ns -= 15 * MS;
    world_pass(&w, S);
    world_sample(&w);
    ck_assert_int_eq(world_read(&w).status, TAISTAMP_STATUS_SINGLE_REFERENCE);
    ck_assert_int_eq(w.seen[REFERENCE_MOVED], 0);
}
END_TEST

START_TEST(sleep_is_disruption)
{
    struct world w;
    world_begin(&w, 10 * MS);
    world_sample(&w);
    world_run(&w, 5, TAISTAMP_STATUS_SINGLE_REFERENCE);
    w.tai_ns += 600 * S;            /* RAW stood still */
    w.realtime_error_ns = 700 * MS; /* as the hardware clock says it, which shows whole seconds */
    w.sample.kernel.asleep_ns = 600 * S;
    ck_assert_int_eq(world_read(&w).status, TAISTAMP_STATUS_DISRUPTED);
    world_pass(&w, S);
    w.sample.kernel.maxerror_us += 500;
    world_sample(&w);
    world_run(&w, 9, TAISTAMP_STATUS_DISRUPTED);
    /* Steady, but the kernel's maxerror is from before. */
    w.settings.has_assume = false;
    reference_configure(&w.reference, &w.settings, &w.table);
    world_pass(&w, S);
    world_sample(&w);
    world_run(&w, 15, TAISTAMP_STATUS_UNKNOWN);
    w.sample.kernel.maxerror_us = 701234; /* the daemon has noticed */
    world_pass(&w, S);
    world_sample(&w);
    ck_assert_int_eq(world_read(&w).status, TAISTAMP_STATUS_SINGLE_REFERENCE);
}
END_TEST

/* Too short to be seen as a jump of the clock; the hardware clock may yet have been read wrong. */
START_TEST(a_nap_needs_another_word_of_the_daemon)
{
    struct world w;
    world_begin(&w, -1);
    world_sample(&w);
    world_run(&w, 5, TAISTAMP_STATUS_SINGLE_REFERENCE);
    w.sample.kernel.asleep_ns = 5 * MS;
    world_pass(&w, S);
    w.sample.kernel.maxerror_us += 500;
    world_sample(&w);
    ck_assert_int_eq(world_read(&w).status, TAISTAMP_STATUS_UNKNOWN);
    w.sample.kernel.maxerror_us = 777;
    world_pass(&w, S);
    world_sample(&w);
    ck_assert_int_eq(world_read(&w).status, TAISTAMP_STATUS_SINGLE_REFERENCE);
}
END_TEST

START_TEST(a_dead_writer_expires)
{
    struct world w;
    world_begin(&w, -1);
    world_sample(&w);
    world_run(&w, 20, TAISTAMP_STATUS_SINGLE_REFERENCE);
    world_pass(&w, 60 * S);
    struct taistamp_reading r = world_read(&w);
    ck_assert_int_eq(r.status, TAISTAMP_STATUS_SINGLE_REFERENCE);
    ck_assert_int_ge(r.tai.latest.ns - r.tai.earliest.ns, 60 * MS);
    world_pass(&w, S);
    ck_assert_int_eq(world_read(&w).status, TAISTAMP_STATUS_EXPIRED);
}
END_TEST

static struct world at_leap(int32_t step, int64_t seconds_before, int64_t assume_ns)
{
    struct world w;
    world_begin_with(&w, table_of(step), NEW_YEAR_2030 - seconds_before, assume_ns);
    reference_init(&w.reference, &w.settings, NULL);
    return w;
}

/* The kernel makes the leap second (posix_ns does): no reader loses a reading. */
START_TEST(a_leap_second_is_passed_without_a_gap)
{
    for (int32_t step = -1; step <= 1; step += 2) {
        for (int64_t phase = 0; phase < 4; phase++) {
            struct world w = at_leap(step, 30, 0);
            reference_init(&w.reference, &w.settings, &w.table);
            world_pass(&w, phase * S / 4);
            world_sample(&w);
            world_run(&w, 90, TAISTAMP_STATUS_SINGLE_REFERENCE);
            ck_assert_int_eq(w.page.tai_utc_s, 37 + step);
            ck_assert_int_eq(w.seen[REFERENCE_LEAP_NEAR], 1);
            ck_assert_int_eq(w.seen[REFERENCE_LEAP_PAST], 1);
            ck_assert_int_eq(w.seen[REFERENCE_MOVED] + w.seen[REFERENCE_LEAP_MISSED], 0);
        }
    }
}
END_TEST

/* The kernel was not armed: its clock is a second off until the daemon has put it right. */
START_TEST(a_missed_leap_second_is_waited_out)
{
    for (int32_t step = -1; step <= 1; step += 2) {
        struct world w = at_leap(step, 30, 0);
        reference_init(&w.reference, &w.settings, &w.table);
        world_sample(&w);
        world_run(&w, 28, TAISTAMP_STATUS_SINGLE_REFERENCE);
        for (int i = 0; i < 300; i++) {
            world_pass(&w, S);
            bool leapt = w.tai_ns >= leap_line_from(&w.table, 2).ns - (step > 0 ? S : 0);
            w.realtime_error_ns = leapt ? step * S : 0;
            world_sample(&w);
            world_read(&w); /* never a false interval */
        }
        ck_assert_int_eq(w.seen[REFERENCE_LEAP_MISSED], 1);
        ck_assert_int_eq(w.page.status, TAISTAMP_STATUS_DISRUPTED);
        w.realtime_error_ns = 0;
        world_pass(&w, S);
        world_sample(&w);
        world_run(&w, 9, TAISTAMP_STATUS_DISRUPTED);
        world_pass(&w, 2 * S);
        world_sample(&w);
        world_run(&w, 5, TAISTAMP_STATUS_SINGLE_REFERENCE);
    }
}
END_TEST

START_TEST(a_start_within_a_leap_second_waits)
{
    struct world w = at_leap(1, 1, 0);
    reference_init(&w.reference, &w.settings, &w.table);
    world_sample(&w);
    ck_assert_int_eq(world_read(&w).status, TAISTAMP_STATUS_UNKNOWN);
    world_run(&w, 3, TAISTAMP_STATUS_UNKNOWN);
    for (int i = 0; i < 3; i++) {
        world_pass(&w, S);
        world_sample(&w);
    }
    world_run(&w, 5, TAISTAMP_STATUS_SINGLE_REFERENCE);
}
END_TEST

static const struct {
    int64_t expires, now; /* POSIX seconds */
    int32_t unknown;
} expiries[] = {
    {1900000000, 1899999999, -1}, /* valid */
    {1900000000, 1900000000, 0},  /* 2030-03-17: no occasion since */
    {1900000000, 1909094399, 0},  /* 2030-06-30T23:59:59Z */
    {1900000000, 1909094400, 1},  /* 2030-07-01 */
    {1900000000, 1924991999, 1},  /* 2030-12-31T23:59:59Z */
    {1900000000, 1924992000, 2},  /* 2031-01-01 */
    {1900000000, INT64_C(1900000000) + 10 * 31557600, 20},
    {1893456000, 1893456000, 1}, /* expires in the very instant */
    {1900000000, INT64_C(100000000000), 1000},
};

START_TEST(an_expired_table_widens_by_a_second_each_half_year)
{
    struct leap_table table = table_of(0);
    table.expires_posix_s = expiries[_i].expires;
    ck_assert_int_eq(reference_leaps_unknown(&table, expiries[_i].now), expiries[_i].unknown);
    ck_assert_int_eq(reference_leaps_unknown(NULL, expiries[_i].now), -1);
}
END_TEST

START_TEST(an_expired_table_shows_on_the_page)
{
    struct world w;
    world_begin_with(&w, table_of(0), 1909094300 - 30, -1); /* 130 s before 2030-07-01 */
    world_sample(&w);
    ck_assert_int_eq(w.page.utc, TAISTAMP_UTC_EXPIRED);
    ck_assert_int_lt(w.page.half_width.ns, 2 * MS);
    /* A minute before the occasion, for the line lives so long. */
    w.table.lines[w.table.count] = (struct leap_line){1909094400, 38};
    world_run(&w, 200, TAISTAMP_STATUS_SINGLE_REFERENCE);
    ck_assert_int_gt(w.page.half_width.ns, S);
    ck_assert_int_eq(w.seen[REFERENCE_TABLE_EXPIRED], 2);
}
END_TEST

/* The daemon armed the kernel for a leap second that our expired table lacks: the interval still holds. */
START_TEST(a_leap_second_unknown_to_an_expired_table)
{
    struct world w;
    world_begin_with(&w, table_of(0), 1909094400 - 90, 0);
    struct leap_table old = w.table;
    w.table.lines[w.table.count++] = (struct leap_line){1909094400, 38};
    reference_init(&w.reference, &w.settings, &old);
    world_sample(&w);
    world_run(&w, 88, TAISTAMP_STATUS_SINGLE_REFERENCE);
    for (int i = 0; i < 3700; i++) {
        world_pass(&w, S);
        world_sample(&w);
        world_read(&w);
    }
    ck_assert_int_eq(w.seen[REFERENCE_LEAP_MISSED], 1);
    world_run(&w, 60, TAISTAMP_STATUS_SINGLE_REFERENCE);
    ck_assert_int_gt(w.page.half_width.ns, S);
}
END_TEST

START_TEST(no_table_no_time)
{
    struct world w;
    world_begin(&w, 0);
    reference_init(&w.reference, &w.settings, NULL);
    world_sample(&w);
    world_run(&w, 3, TAISTAMP_STATUS_UNKNOWN);
    ck_assert_int_eq(w.seen[REFERENCE_TABLE_ABSENT], 1);
    reference_configure(&w.reference, &w.settings, &w.table);
    world_pass(&w, S);
    world_sample(&w);
    ck_assert_int_eq(world_read(&w).status, TAISTAMP_STATUS_SINGLE_REFERENCE);
}
END_TEST

static const int64_t absurd[] = {
    0, -1, 60 * S, INT64_MIN, INT64_MAX, INT64_C(4000000000) * S, 1600000000 * S};

START_TEST(absurd_clocks_say_unknown)
{
    struct world w;
    world_begin(&w, 0);
    world_sample(&w);
    w.sample.raw.ns += S;
    w.sample.realtime_ns = absurd[_i];
    reference_sample(&w.reference, &w.sample, &w.actions);
    ck_assert_int_eq(w.actions.line.status, TAISTAMP_STATUS_UNKNOWN);
}
END_TEST

START_TEST(the_kernels_tai_offset_is_compared_and_not_used)
{
    struct world w;
    world_begin(&w, -1);
    w.sample.kernel.tai_offset_s = 37;
    world_sample(&w);
    ck_assert_int_eq(w.seen[REFERENCE_KERNEL_TAI], 0);
    w.sample.kernel.tai_offset_s = 35;
    world_run(&w, 3, TAISTAMP_STATUS_SINGLE_REFERENCE);
    ck_assert_int_eq(w.page.tai_utc_s, 37);
    ck_assert_int_eq(w.seen[REFERENCE_KERNEL_TAI], 1);
}
END_TEST

static Suite *reference_suite(void)
{
    Suite *suite = suite_create("reference");
    TCase *tc = tcase_create("reference");
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, chronyd_is_believed);
    tcase_add_test(tc, the_worked_number);
    tcase_add_test(tc, a_zero_or_nobody_gives_no_bound);
    tcase_add_test(tc, the_operators_word_counts_where_nobody_elses_does);
    tcase_add_loop_test(tc, a_set_clock_is_disrupted_and_then_believed_again, 0,
                        sizeof steps / sizeof *steps);
    tcase_add_test(tc, a_slow_slew_and_small_steps_are_no_disruption);
    tcase_add_test(tc, sleep_is_disruption);
    tcase_add_test(tc, a_nap_needs_another_word_of_the_daemon);
    tcase_add_test(tc, a_dead_writer_expires);
    tcase_add_test(tc, a_leap_second_is_passed_without_a_gap);
    tcase_add_test(tc, a_missed_leap_second_is_waited_out);
    tcase_add_test(tc, a_start_within_a_leap_second_waits);
    tcase_add_loop_test(tc, an_expired_table_widens_by_a_second_each_half_year, 0,
                        sizeof expiries / sizeof *expiries);
    tcase_add_test(tc, an_expired_table_shows_on_the_page);
    tcase_add_test(tc, a_leap_second_unknown_to_an_expired_table);
    tcase_add_test(tc, no_table_no_time);
    tcase_add_loop_test(tc, absurd_clocks_say_unknown, 0, sizeof absurd / sizeof *absurd);
    tcase_add_test(tc, the_kernels_tai_offset_is_compared_and_not_used);
    suite_add_tcase(suite, tc);
    return suite;
}

int main(void)
{
    SRunner *runner = srunner_create(reference_suite());
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
