/* SPDX-License-Identifier: Apache-2.0 */
/* The timekeeper's days: what it says is true, or it says that it does not know. Its attackers: test_timekeeper_spoof.c. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "sdk/time/page.h"
#include "tests/unit/prop.h"
#include "tests/unit/timekeeper_days.h"

START_TEST(a_good_day)
{
    struct rig rig;
    receiver(&rig, 1, OSCILLATOR_PC, 1e-9, 60);
    rig.swing = 5e-8; /* the room's temperature */
    rig.swing_period_s = DAY_S;
    double squares = 0;
    for (unsigned i = 0; i < DAY_S; i++) {
        rig_second(&rig);
        squares += (double)rig.error_ns * (double)rig.error_ns;
    }
    all_was_true(&rig);
    ck_assert_uint_eq(rig.absent_seconds + rig.suspicions + rig.doubts, 0);
    ck_assert_int_eq(rig.reference.kind, TAISTAMP_CLOCK_GPS);
    ck_assert_int_lt(rig.reference.half_width.ns, 3 * US);
    printf("a_good_day: mean square error %.0f ns^2\n", squares / DAY_S);
    ck_assert(squares / DAY_S < 120.0 * 120.0);
    ck_assert_uint_eq(rig.view.voices, 1);
    const struct timekeeper_budget *b = &rig.view.budget;
    ck_assert_int_eq(b->source_ns + b->samples_ns + b->spread_ns + b->holdover_ns + b->doubt_ns,
                     rig.reference.half_width.ns);
    rig_end(&rig);
}
END_TEST

START_TEST(a_new_fix_is_quarantined)
{
    struct rig rig;
    receiver(&rig, 2, OSCILLATOR_PC, 1e-9, 30);
    ck_assert_int_eq(rig_verdict(&rig, 0), REFCLOCK_QUARANTINED);
    ck_assert(!rig.reference.present);
    rig_seconds(&rig, 2);
    ck_assert_int_eq(rig_verdict(&rig, 0), REFCLOCK_ACCEPTED);
    ck_assert(rig.reference.present);
    rig_end(&rig);
    /* The operator's own word about the system clock needs none. */
    rig_start(&rig, 2, OSCILLATOR_PC, 1e-9);
    (void)rig_add(&rig, REFCLOCK_SYSTEM_CLOCK, MS, 1000);
    rig_begin(&rig, NULL);
    rig_seconds(&rig, 2);
    ck_assert(rig.reference.present);
    ck_assert_int_eq(rig.reference.kind, TAISTAMP_CLOCK_ASSUMED);
    rig_end(&rig);
}
END_TEST

START_TEST(a_fix_that_does_not_agree_with_itself_stays_there)
{
    struct rig rig;
    receiver(&rig, 3, OSCILLATOR_PC, 1e-9, 0);
    for (unsigned i = 0; i < 600; i++) {
        rig.sources[0].step_ns = i % 20 < 10 ? 0 : 50 * MS;
        rig_second(&rig);
        ck_assert(!rig.reference.present);
    }
    ck_assert_int_eq(rig_verdict(&rig, 0), REFCLOCK_QUARANTINED);
    rig.sources[0].step_ns = 0;
    rig_seconds(&rig, 60);
    ck_assert_int_eq(rig_verdict(&rig, 0), REFCLOCK_ACCEPTED);
    all_was_true(&rig);
    rig_end(&rig);
}
END_TEST

START_TEST(two_receivers_100_ms_apart)
{
    struct rig rig;
    rig_start(&rig, 50, OSCILLATOR_PC, 1e-9);
    (void)rig_add(&rig, REFCLOCK_GPSD, 100, 250);
    (void)rig_add(&rig, REFCLOCK_GPSD, 100, 250);
    rig.sources[1].step_ns = 100 * MS;
    rig.sources[1].on = false;
    rig_begin(&rig, NULL);
    rig_seconds(&rig, 20);
    rig.sources[1].on = true; /* 20 s later: the first to come does not win */
    rig_seconds(&rig, HOUR_S);
    ck_assert_int_eq(rig_verdict(&rig, 0), REFCLOCK_QUARANTINED);
    ck_assert_int_eq(rig_verdict(&rig, 1), REFCLOCK_QUARANTINED);
    ck_assert_int_eq(rig_reason(&rig, 1), TIMEKEEPER_UNDECIDED);
    ck_assert(!rig.reference.present);
    /* References of two other servers decide. */
    for (unsigned i = 0; i < 60; i++) {
        peers_say(&rig, (const int64_t[][2]){{-20 * MS, 20 * MS}, {-20 * MS, 20 * MS}}, 2);
        rig_second(&rig);
    }
    ck_assert_int_eq(rig_verdict(&rig, 0), REFCLOCK_ACCEPTED);
    ck_assert_int_eq(rig_verdict(&rig, 1), REFCLOCK_SUSPECT);
    ck_assert_int_eq(rig_reason(&rig, 1), TIMEKEEPER_PEERS);
    all_was_true(&rig);
    rig_end(&rig);
}
END_TEST

START_TEST(holdover_decides_between_two)
{
    struct rig rig;
    rig_start(&rig, 51, OSCILLATOR_PC, 1e-9);
    (void)rig_add(&rig, REFCLOCK_GPSD, 100, 250);
    (void)rig_add(&rig, REFCLOCK_GPSD, 100, 250);
    rig_begin(&rig, NULL);
    rig_seconds(&rig, HOUR_S);
    ck_assert_uint_eq(rig.view.voices, 2);
    rig.sources[0].step_ns = 100 * MS;
    rig_seconds(&rig, 4);
    ck_assert_int_eq(rig_verdict(&rig, 0), REFCLOCK_SUSPECT);
    ck_assert_int_eq(rig_verdict(&rig, 1), REFCLOCK_ACCEPTED);
    rig_seconds(&rig, HOUR_S);
    ck_assert_uint_eq(rig.view.voices, 1);
    all_was_true(&rig);
    ck_assert_uint_eq(rig.absent_seconds, 30);
    rig_end(&rig);
}
END_TEST

/* True for a moment, then false for a moment, never long enough to be a suspect: that contradicts nobody whom the holdover confirms. */
START_TEST(who_is_off_keeps_nobody_waiting)
{
    struct rig rig;
    rig_start(&rig, 74, OSCILLATOR_PC, 1e-9);
    (void)rig_add(&rig, REFCLOCK_GPSD, 100, 250);
    (void)rig_add(&rig, REFCLOCK_GPSD, 100, 250);
    rig.sources[1].on = false;
    rig_begin(&rig, NULL);
    rig_seconds(&rig, HOUR_S);
    rig.sources[0].on = false;
    rig_seconds(&rig, 120);
    ck_assert_int_eq(rig_verdict(&rig, 0), REFCLOCK_SILENT);
    rig.sources[0].on = true;
    for (unsigned i = 0; i < 40; i++) {
        rig.sources[1].on = i % 2 == 0;
        rig.sources[1].step_ns = i % 4 == 0 ? 100 * MS : 0;
        rig_second(&rig);
        if (rig.sources[1].on)
            ck_assert_int_eq(rig_verdict(&rig, 1), REFCLOCK_QUARANTINED);
        timekeeper_lost(rig.keeper, 1, REFCLOCK_SILENT, "it hung up");
    }
    ck_assert_int_eq(rig_verdict(&rig, 0), REFCLOCK_ACCEPTED);
    ck_assert_uint_eq(rig.suspicions, 0);
    all_was_true(&rig);
    rig_end(&rig);
}
END_TEST

START_TEST(every_source_lies_but_one)
{
    for (unsigned together = 0; together < 2; together++) {
        struct rig rig;
        rig_start(&rig, 52 + together, OSCILLATOR_PC, 1e-9);
        for (unsigned i = 0; i < 5; i++)
            (void)rig_add(&rig, i == 0 ? REFCLOCK_GPSD : REFCLOCK_NTP, i == 0 ? 100 : 5000, 250 + 500 * i);
        rig_begin(&rig, NULL);
        rig_seconds(&rig, 2 * HOUR_S);
        ck_assert_uint_eq(rig.view.voices, 5);
        for (unsigned i = 0; i < 4; i++)
            rig.sources[i].step_ns = together ? 50 * MS : 50 * MS * (int64_t)(i + 1);
        rig_seconds(&rig, 6 * HOUR_S);
        for (unsigned i = 0; i < 4; i++)
            ck_assert_int_eq(rig_verdict(&rig, i), REFCLOCK_SUSPECT);
        ck_assert_int_eq(rig_verdict(&rig, 4), REFCLOCK_ACCEPTED);
        ck_assert_uint_eq(rig.view.voices, 1);
        all_was_true(&rig);
        rig_end(&rig);
    }
}
END_TEST

START_TEST(two_on_one_antenna_are_no_majority)
{
    struct rig rig;
    rig_start(&rig, 54, OSCILLATOR_PC, 1e-9);
    for (unsigned i = 0; i < 3; i++)
        (void)rig_add(&rig, REFCLOCK_GPSD, 100, 250);
    rig.settings.sources[0].group = rig.settings.sources[1].group = 4;
    rig.sources[0].step_ns = rig.sources[1].step_ns = 20 * MS;
    rig_begin(&rig, NULL);
    rig_seconds(&rig, 600);
    ck_assert(!rig.reference.present);
    rig.settings.sources[0].group = rig.settings.sources[1].group = 0; /* had they been two ... */
    rig_begin(&rig, NULL);
    rig_seconds(&rig, 60);
    ck_assert(rig.reference.present && !rig.is_true);
    rig_begin(&rig, NULL); /* ... and found out to share a cause only now */
    timekeeper_group(rig.keeper, 0, 4);
    timekeeper_group(rig.keeper, 1, 4);
    timekeeper_group(rig.keeper, 200, 4);
    rig_seconds(&rig, 600);
    ck_assert(!rig.reference.present);
    rig_end(&rig);
}
END_TEST

START_TEST(one_of_three_drags_and_is_outvoted)
{
    struct rig rig;
    rig_start(&rig, 55, OSCILLATOR_PC, 1e-9);
    for (unsigned i = 0; i < 3; i++)
        (void)rig_add(&rig, REFCLOCK_GPSD, 1000, 250);
    rig_begin(&rig, NULL);
    rig_seconds(&rig, HOUR_S);
    rig.sources[1].drag_ns_per_s = 10;
    rig_seconds(&rig, 2 * HOUR_S);
    ck_assert_int_eq(rig_verdict(&rig, 1), REFCLOCK_SUSPECT);
    ck_assert_int_eq(rig_verdict(&rig, 0), REFCLOCK_ACCEPTED);
    ck_assert_uint_eq(rig.view.voices, 2);
    all_was_true(&rig);
    rig_end(&rig);
}
END_TEST

/* Network servers confirm what the receiver left behind, and bound it once it is worth no more than they are. */
START_TEST(wide_sources_take_over_slowly)
{
    struct rig rig;
    rig_start(&rig, 56, OSCILLATOR_PC, 1e-9);
    (void)rig_add(&rig, REFCLOCK_GPSD, 100, 250);
    size_t ntp = rig_add(&rig, REFCLOCK_NTP, 1000, 20000);
    rig.sources[ntp].bias_ns = 2.0 * (double)MS;
    rig.sources[ntp].error_ns = 5 * MS;
    rig.sources[ntp].every_s = 16;
    rig_begin(&rig, NULL);
    rig_seconds(&rig, 2 * HOUR_S);
    ck_assert_int_eq(rig_verdict(&rig, ntp), REFCLOCK_ACCEPTED);
    ck_assert_int_lt(rig.reference.half_width.ns, 3 * US);
    rig.sources[0].on = false;
    rig_seconds(&rig, 600);
    ck_assert_int_lt(rig.reference.half_width.ns, MS);
    ck_assert_int_eq(rig.reference.kind, TAISTAMP_CLOCK_GPS);
    rig_seconds(&rig, DAY_S);
    ck_assert_int_eq(rig.reference.kind, TAISTAMP_CLOCK_UPSTREAM);
    ck_assert_int_lt(rig.reference.half_width.ns, 20 * MS);
    ck_assert_int_eq(rig_verdict(&rig, ntp), REFCLOCK_ACCEPTED);
    all_was_true(&rig);
    rig.sources[0].on = true;
    rig_seconds(&rig, 60);
    ck_assert_int_eq(rig_verdict(&rig, 0), REFCLOCK_ACCEPTED);
    ck_assert_int_eq(rig.reference.kind, TAISTAMP_CLOCK_GPS);
    all_was_true(&rig);
    rig_end(&rig);
}
END_TEST

START_TEST(a_fix_is_lost_for_a_day)
{
    struct rig rig;
    receiver(&rig, 60, OSCILLATOR_PC, 1e-9, DAY_S / 2);
    rig.sources[0].on = false;
    rig_seconds(&rig, DAY_S);
    ck_assert_int_eq(rig_verdict(&rig, 0), REFCLOCK_SILENT);
    ck_assert(rig.reference.present);
    ck_assert_int_ge(rig.view.holdover_ns, (int64_t)(DAY_S - 60) * RIG_S);
    ck_assert_int_gt(rig.view.budget.holdover_ns, MS);
    rig.sources[0].on = true;
    rig_seconds(&rig, 29);
    ck_assert_int_eq(rig_reason(&rig, 0), TIMEKEEPER_CAME_BACK);
    rig_seconds(&rig, 10);
    ck_assert_int_eq(rig_verdict(&rig, 0), REFCLOCK_ACCEPTED);
    ck_assert_int_lt(rig.reference.half_width.ns, 3 * US);
    all_was_true(&rig);
    ck_assert_uint_eq(rig.absent_seconds + rig.suspicions, 0);
    rig_end(&rig);
}
END_TEST

/* With the declared bound alone, 50 ppm: a second of width is reached after five hours and a half. */
START_TEST(holdover_ends_where_it_says_nothing)
{
    struct rig rig;
    receiver(&rig, 61, OSCILLATOR_PC, 1e-9, 60);
    rig.sources[0].on = false;
    rig_seconds(&rig, 10 * HOUR_S);
    ck_assert(!rig.reference.present);
    ck_assert_int_eq(rig.view.holdover_ns, -1);
    all_was_true(&rig);
    rig.sources[0].on = true;
    rig_seconds(&rig, 40);
    ck_assert(rig.reference.present);
    all_was_true(&rig);
    rig_end(&rig);
}
END_TEST

START_TEST(another_timeline_begins_anew)
{
    struct rig rig;
    receiver(&rig, 62, OSCILLATOR_PC, 1e-9, HOUR_S);
    rig.timeline++;
    rig.raw_ns = 5 * RIG_S;
    rig_second(&rig);
    ck_assert(!rig.reference.present);
    ck_assert_int_eq(rig_verdict(&rig, 0), REFCLOCK_QUARANTINED);
    rig_seconds(&rig, 60);
    ck_assert(rig.reference.present);
    all_was_true(&rig);
    rig_end(&rig);
}
END_TEST

/* A virtual machine stood still for a second and nobody told it. Its own holdover is wrong then; two peers' references say so. */
START_TEST(peers_refute_what_is_held)
{
    struct rig rig;
    receiver(&rig, 63, OSCILLATOR_PC, 1e-9, HOUR_S);
    rig.true_ns += RIG_S;
    for (unsigned i = 0; i < 200; i++) {
        peers_say(&rig, (const int64_t[][2]){{-MS, MS}, {-2 * MS, 0}}, 2);
        rig_second(&rig);
    }
    ck_assert_uint_eq(rig.refuted, 1);
    ck_assert_uint_le(rig.false_seconds, 62); /* the assumption on the oscillator was broken for that long */
    rig_clear(&rig);
    rig_seconds(&rig, 400);
    ck_assert_int_eq(rig_verdict(&rig, 0), REFCLOCK_ACCEPTED);
    all_was_true(&rig);
    rig_end(&rig);
}
END_TEST

/* Both are honest, one to 100 ns and one to 2 ms: that it goes over to the second is no step of the oscillator. */
START_TEST(another_source_is_no_other_oscillator)
{
    struct rig rig;
    int64_t before, after, sigma;
    rig_start(&rig, 68, OSCILLATOR_PC, 1e-9);
    (void)rig_add(&rig, REFCLOCK_GPSD, 100, 250);
    (void)rig_add(&rig, REFCLOCK_NTP, 2 * MS, 20000);
    rig.sources[1].bias_ns = 1.5e6;
    rig_begin(&rig, NULL);
    rig_seconds(&rig, 4 * HOUR_S);
    ck_assert(holdover_rate(&rig.keeper->holdover, &before, &sigma));
    rig.sources[0].on = false;
    rig_seconds(&rig, 2 * HOUR_S);
    ck_assert_int_eq(rig.keeper->held_by, 2);
    ck_assert_int_gt(rig.error_ns, MS);
    ck_assert_uint_eq(rig.doubts, 0);
    ck_assert(holdover_rate(&rig.keeper->holdover, &after, &sigma));
    ck_assert_int_lt(llabs(after - before), 300000); /* 0.3 ppm: it walks by 85 ppb; 1.5 ms would be more */
    all_was_true(&rig);
    rig_end(&rig);
}
END_TEST

/* Two that are about to part have 80 ns in common: each is as wide as it says, and nothing is known better than that. */
START_TEST(what_they_have_in_common_is_no_better_knowledge)
{
    struct rig rig;
    rig_start(&rig, 69, OSCILLATOR_PC, 1e-9);
    for (unsigned i = 0; i < 2; i++) {
        (void)rig_add(&rig, REFCLOCK_GPSD, 1000, 10);
        rig.sources[i].bias_ns = i == 0 ? -990 : 990;
    }
    rig_begin(&rig, NULL);
    rig_seconds(&rig, 600);
    ck_assert_uint_eq(rig.view.voices, 2);
    for (unsigned i = 0; i < 60; i++) {
        rig_second(&rig);
        ck_assert_int_ge(rig.reference.half_width.ns, 1000);
    }
    all_was_true(&rig);
    rig_end(&rig);
}
END_TEST

START_TEST(what_was_learnt_survives_a_restart)
{
    struct rig rig;
    struct timekeeper_memory memory;
    receiver(&rig, 64, OSCILLATOR_PC, 1e-9, 0);
    ck_assert(!timekeeper_remember(rig.keeper, &memory));
    rig_seconds(&rig, 6 * HOUR_S);
    ck_assert(timekeeper_remember(rig.keeper, &memory));
    ck_assert(memory.learnt);
    ck_assert_int_le(memory.known.ns, rig.true_ns);
    ck_assert_int_gt(memory.known.ns, rig.true_ns - MS);
    rig_begin(&rig, &memory);
    rig_clear(&rig);
    rig_seconds(&rig, 60);
    rig.sources[0].on = false;
    rig_seconds(&rig, HOUR_S);
    ck_assert_int_lt(rig.reference.half_width.ns, 100 * MS); /* 180 ms if nothing were known of the crystal */
    all_was_true(&rig);
    struct timekeeper_memory again; /* learnt nothing since: the old is kept */
    ck_assert(timekeeper_remember(rig.keeper, &again) && again.learnt);
    memory.known.ns = INT64_MAX; /* a record of another world */
    rig_begin(&rig, &memory);
    rig.sources[0].on = true;
    rig_seconds(&rig, 60);
    ck_assert(rig.reference.present);
    rig_end(&rig);
}
END_TEST

/* A boot calibrates the raw clock anew, and a record may come from another machine: what is remembered of the rate is a guess there, and
 * no word against a receiver. */
START_TEST(another_boot_has_another_rate)
{
    static const double changes[] = {3e-6, -3e-6, 4e-7};
    for (unsigned i = 0; i < 2 * (sizeof changes / sizeof changes[0]); i += prop_step(5)) {
        struct rig rig;
        struct timekeeper_memory memory;
        receiver(&rig, 65 + i, OSCILLATOR_TCXO, 1e-10, 3 * HOUR_S);
        ck_assert(timekeeper_remember(rig.keeper, &memory) && memory.learnt);
        rig.timeline++;
        rig.raw_ns = 5 * RIG_S;
        rig.walk += changes[i / 2];
        rig_begin(&rig, &memory);
        rig_clear(&rig);
        rig_seconds(&rig, i % 2 == 0 ? HOUR_S : 50);
        ck_assert_int_eq(rig_verdict(&rig, 0), REFCLOCK_ACCEPTED);
        rig.sources[0].on = false;
        rig_seconds(&rig, HOUR_S);
        ck_assert(rig.reference.present);
        ck_assert_uint_eq(rig.suspicions, 0);
        all_was_true(&rig);
        rig_end(&rig);
    }
}
END_TEST

/* A table that has expired by the receiver's date refutes no count, though the build is older than it. */
START_TEST(a_count_that_an_expired_table_does_not_have)
{
    struct rig rig;
    receiver(&rig, 42, OSCILLATOR_PC, 1e-9, 0);
    const struct sync_leap table = {37, 37, {PAGE_NEVER}, {RIG_T0_NS - TIMEKEEPER_DAY_NS}};
    struct refclock_leap leap = {.has_tai_utc = true, .tai_utc_s = 38};
    timekeeper_leap_table(rig.keeper, &table);
    timekeeper_leap(rig.keeper, &leap);
    rig_seconds(&rig, 60);
    ck_assert_int_eq(rig_verdict(&rig, 0), REFCLOCK_ACCEPTED);
    all_was_true(&rig);
    rig_end(&rig);
}
END_TEST

START_TEST(the_driver_has_a_word)
{
    struct rig rig;
    struct tai_interval i;
    receiver(&rig, 65, OSCILLATOR_PC, 1e-9, 0);
    ck_assert(!timekeeper_tai_at(rig.keeper, (tai_mono_t){rig.raw_ns}, &i));
    rig_seconds(&rig, HOUR_S);
    ck_assert(timekeeper_tai_at(rig.keeper, (tai_mono_t){rig.raw_ns}, &i));
    ck_assert_int_le(i.earliest.ns, rig.true_ns);
    ck_assert_int_ge(i.latest.ns, rig.true_ns);
    rig.sources[0].on = false;
    timekeeper_lost(rig.keeper, 0, REFCLOCK_SMEARED, "it smears");
    timekeeper_lost(rig.keeper, 7, REFCLOCK_SMEARED, "nobody");
    rig_second(&rig);
    ck_assert_int_eq(rig_verdict(&rig, 0), REFCLOCK_SMEARED);
    ck_assert_str_eq(rig.view.sources[0].said, "it smears");
    ck_assert(rig.reference.present);
    rig.sources[0].on = true;
    rig_seconds(&rig, 10);
    ck_assert_int_eq(rig_verdict(&rig, 0), REFCLOCK_QUARANTINED);
    ck_assert_ptr_null(rig.view.sources[0].said);
    rig_seconds(&rig, 30);
    ck_assert_int_eq(rig_verdict(&rig, 0), REFCLOCK_ACCEPTED);
    all_was_true(&rig);
    rig_end(&rig);
}
END_TEST

START_TEST(settings_that_cannot_be)
{
    struct rig rig;
    rig_start(&rig, 66, OSCILLATOR_PC, 1e-9);
    (void)rig_add(&rig, REFCLOCK_GPSD, 100, 250);
    rig_begin(&rig, NULL);
    struct timekeeper_settings bad = rig.settings;
    bad.sources[0].accuracy_ns = 0;
    ck_assert_int_eq(timekeeper_init(rig.keeper, &bad), TAI_ERR_ARGUMENT);
    bad = rig.settings;
    bad.sources_count = REFCLOCKS_MAX + 1;
    ck_assert_int_eq(timekeeper_init(rig.keeper, &bad), TAI_ERR_ARGUMENT);
    bad = rig.settings;
    bad.not_before.ns = 0;
    ck_assert_int_eq(timekeeper_init(rig.keeper, &bad), TAI_ERR_RANGE);
    bad = rig.settings;
    bad.rate_bound.ppb = 0;
    ck_assert_int_eq(timekeeper_init(rig.keeper, &bad), TAI_ERR_ARGUMENT);
    rig_end(&rig);
}
END_TEST

/* Of m sources at most (m - 1) / 2 lie, by steps, drags and silence as they like; the others are honest, and go and come. */
static void random_day(uint64_t seed)
{
    struct prop p = {seed};
    struct rig rig;
    rig_start(&rig, seed, OSCILLATOR_PC, 1e-9);
    size_t n = 3 + prop_below(&p, REFCLOCKS_MAX - 2), liars = prop_below(&p, (n - 1) / 2 + 1);
    for (size_t i = 0; i < n; i++)
        (void)rig_add(&rig, prop_below(&p, 2) ? REFCLOCK_GPSD : REFCLOCK_NTP, 100 << prop_below(&p, 10),
                      (double)(100 << prop_below(&p, 10)));
    rig_begin(&rig, NULL);
    rig_seconds(&rig, 100 + (unsigned)prop_below(&p, 2000));
    size_t resting = n; /* no one: a source that is silent cannot vote */
    bool may_rest = 2 * (liars + 1) < n;
    for (unsigned act = 0; act < 40; act++) {
        struct rig_source *s = &rig.sources[prop_below(&p, liars > 0 ? liars : 1)];
        if (liars > 0) {
            s->on = prop_below(&p, 4) != 0;
            s->step_ns = prop_below(&p, 2) ? 0 : ((int64_t)prop_u64(&p)) >> prop_below(&p, 60) >> 3;
            s->drag_ns_per_s = prop_below(&p, 2) ? 0 : (double)(prop_below(&p, 2000)) - 1000;
        }
        if (may_rest && prop_below(&p, 10) == 0) { /* one honest one takes a rest */
            if (resting < n)
                rig.sources[resting].on = true;
            resting = resting < n ? n : liars + prop_below(&p, n - liars);
            if (resting < n)
                rig.sources[resting].on = false;
        }
        rig_seconds(&rig, (unsigned)prop_below(&p, 400));
        ck_assert_msg(rig.false_seconds == 0, "seed %llu: false by %lld ns against %lld",
                      (unsigned long long)seed, (long long)rig.error_ns,
                      (long long)rig.reference.half_width.ns);
    }
    rig_end(&rig);
}

START_TEST(the_truth_is_in_it_whatever_a_minority_does)
{
    struct prop p = prop_start("the_truth_is_in_it_whatever_a_minority_does", 4112);
    for (int i = 0, days = prop_share(40, 40); i < days; i++)
        random_day(prop_u64(&p));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("timekeeper");
    TCase *tc = tcase_create("all");
    tcase_set_timeout(tc, 240);
    tcase_add_test(tc, a_new_fix_is_quarantined);
    tcase_add_test(tc, a_fix_that_does_not_agree_with_itself_stays_there);
    tcase_add_test(tc, two_receivers_100_ms_apart);
    tcase_add_test(tc, holdover_decides_between_two);
    tcase_add_test(tc, who_is_off_keeps_nobody_waiting);
    tcase_add_test(tc, two_on_one_antenna_are_no_majority);
    tcase_add_test(tc, one_of_three_drags_and_is_outvoted);
    tcase_add_test(tc, another_timeline_begins_anew);
    tcase_add_test(tc, peers_refute_what_is_held);
    tcase_add_test(tc, what_was_learnt_survives_a_restart);
    tcase_add_test(tc, another_boot_has_another_rate);
    tcase_add_test(tc, another_source_is_no_other_oscillator);
    tcase_add_test(tc, what_they_have_in_common_is_no_better_knowledge);
    tcase_add_test(tc, a_count_that_an_expired_table_does_not_have);
    tcase_add_test(tc, the_driver_has_a_word);
    tcase_add_test(tc, settings_that_cannot_be);
    tcase_add_test(tc, the_truth_is_in_it_whatever_a_minority_does);
    if (prop_step(2) == 1) { /* valgrind does without the longest: their memory is that of the others */
        tcase_add_test(tc, a_good_day);
        tcase_add_test(tc, every_source_lies_but_one);
        tcase_add_test(tc, wide_sources_take_over_slowly);
        tcase_add_test(tc, a_fix_is_lost_for_a_day);
        tcase_add_test(tc, holdover_ends_where_it_says_nothing);
    }
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
