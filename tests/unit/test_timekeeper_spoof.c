/* SPDX-License-Identifier: Apache-2.0 */
/* Spoofers, and receivers that are as bad: nothing steps, and what is said is true, or nothing is said. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sdk/time/page.h"
#include "tests/unit/prop.h"
#include "tests/unit/timekeeper_days.h"

START_TEST(evidence_makes_quarantine_longer_and_decides_nothing)
{
    struct rig rig;
    struct refclock_evidence e = {.connected = true,
                                  .mode = 3,
                                  .jamming = 200,
                                  .satellites_used = 255,
                                  .satellites_seen = 255,
                                  .satellites_count = 255};
    receiver(&rig, 4, OSCILLATOR_PC, 1e-9, 0);
    for (unsigned i = 0; i < 119; i++) {
        timekeeper_show(rig.keeper, &e);
        rig_second(&rig);
    }
    ck_assert_int_eq(rig_verdict(&rig, 0), REFCLOCK_QUARANTINED);
    ck_assert_uint_eq(rig.view.sources[0].evidence, TIMEKEEPER_JAMMING);
    ck_assert_uint_eq(timekeeper_evidence_of(rig.keeper, 0)->satellites_count, REFCLOCK_SATELLITES_MAX);
    rig_seconds(&rig, 3);
    ck_assert_int_eq(rig_verdict(&rig, 0), REFCLOCK_ACCEPTED);
    e.source = REFCLOCKS_MAX;
    timekeeper_show(rig.keeper, &e);
    ck_assert_ptr_null(timekeeper_evidence_of(rig.keeper, REFCLOCKS_MAX));
    rig_seconds(&rig, 100);
    ck_assert_int_eq(rig_verdict(&rig, 0), REFCLOCK_ACCEPTED);
    rig_end(&rig);
}
END_TEST

START_TEST(a_step_of_10_ms_for_a_day)
{
    struct rig rig;
    receiver(&rig, 5, OSCILLATOR_PC, 1e-9, 2 * HOUR_S);
    rig.sources[0].step_ns = 10 * MS;
    rig_seconds(&rig, 3);
    ck_assert_int_eq(rig_verdict(&rig, 0), REFCLOCK_SUSPECT);
    ck_assert_int_eq(rig_reason(&rig, 0), TIMEKEEPER_STEP);
    rig_seconds(&rig, DAY_S); /* what is held has grown beyond the lie, and it is none the truer for that */
    ck_assert_int_gt(rig.reference.half_width.ns, 10 * MS);
    ck_assert_int_eq(rig_verdict(&rig, 0), REFCLOCK_SUSPECT);
    ck_assert_uint_eq(rig.suspicions, 1);
    all_was_true(&rig);
    ck_assert_uint_eq(rig.absent_seconds, 0);
    rig_end(&rig);
}
END_TEST

/* Without a fix for a moment, or silent for long, or with yesterday's date: what it says afterwards is the same lie. */
START_TEST(a_lost_fix_is_no_step_back)
{
    struct rig rig;
    receiver(&rig, 72, OSCILLATOR_PC, 1e-9, 2 * HOUR_S);
    rig.sources[0].step_ns = 10 * MS;
    rig_seconds(&rig, 3);
    ck_assert_int_eq(rig_verdict(&rig, 0), REFCLOCK_SUSPECT);
    if (_i == 0) {
        timekeeper_lost(rig.keeper, 0, REFCLOCK_REFUSED, "no fix");
        ck_assert_int_eq(rig_verdict(&rig, 0), REFCLOCK_REFUSED);
    } else if (_i == 1) {
        rig.sources[0].on = false;
        rig_seconds(&rig, 100);
        ck_assert_int_eq(rig_verdict(&rig, 0), REFCLOCK_SILENT);
        rig.sources[0].on = true;
    } else {
        rig.sources[0].step_ns -= TIMEKEEPER_DAY_NS;
        rig_seconds(&rig, 2);
        ck_assert_int_eq(rig_verdict(&rig, 0), REFCLOCK_ERA);
        rig.sources[0].step_ns += TIMEKEEPER_DAY_NS;
    }
    rig_second(&rig);
    ck_assert_int_eq(rig_verdict(&rig, 0), REFCLOCK_SUSPECT);
    ck_assert_int_eq(rig_reason(&rig, 0), TIMEKEEPER_STEP);
    rig_seconds(&rig, DAY_S / 2);
    ck_assert_int_gt(rig.reference.half_width.ns, 10 * MS);
    ck_assert_int_eq(rig_verdict(&rig, 0), REFCLOCK_SUSPECT);
    rig.sources[0].step_ns = 0;
    rig_seconds(&rig, 330);
    ck_assert_int_eq(rig_verdict(&rig, 0), REFCLOCK_ACCEPTED);
    all_was_true(&rig);
    rig_end(&rig);
}
END_TEST

/* Three bad samples, and then no fix for hours: it comes back with the truth, which is a step back. */
START_TEST(who_comes_back_true_has_stepped_back)
{
    struct rig rig;
    receiver(&rig, 73, OSCILLATOR_PC, 1e-9, 2 * HOUR_S);
    rig.sources[0].step_ns = 10 * MS;
    rig_seconds(&rig, 3);
    timekeeper_lost(rig.keeper, 0, REFCLOCK_REFUSED, "no fix");
    rig.sources[0].on = false;
    rig_seconds(&rig, 6 * HOUR_S);
    rig.sources[0].on = true;
    rig.sources[0].step_ns = 0;
    rig_seconds(&rig, 2);
    ck_assert_int_eq(rig_verdict(&rig, 0), REFCLOCK_QUARANTINED);
    rig_seconds(&rig, 301);
    ck_assert_int_eq(rig_verdict(&rig, 0), REFCLOCK_ACCEPTED);
    all_was_true(&rig);
    rig_end(&rig);
}
END_TEST

START_TEST(after_a_step_the_truth_is_taken_up_again)
{
    struct rig rig;
    receiver(&rig, 6, OSCILLATOR_PC, 1e-9, 2 * HOUR_S);
    rig.sources[0].step_ns = -10 * MS;
    rig_seconds(&rig, HOUR_S);
    rig.sources[0].step_ns = 0;
    rig_seconds(&rig, 290);
    ck_assert_int_eq(rig_verdict(&rig, 0), REFCLOCK_QUARANTINED);
    rig_seconds(&rig, 30);
    ck_assert_int_eq(rig_verdict(&rig, 0), REFCLOCK_ACCEPTED);
    ck_assert_int_lt(rig.reference.half_width.ns, 3 * US);
    all_was_true(&rig);
    rig_end(&rig);
}
END_TEST

/* No crystal runs like that; its end is no slower to be seen than any other. */
START_TEST(after_an_impossible_drag_the_truth_is_taken_up_again)
{
    struct rig rig;
    receiver(&rig, 67, OSCILLATOR_PC, 1e-9, 60);
    rig.sources[0].drag_ns_per_s = 200000;
    rig_seconds(&rig, 60);
    ck_assert_int_eq(rig_verdict(&rig, 0), REFCLOCK_SUSPECT);
    rig.sources[0].drag_ns_per_s = rig.sources[0].dragged_ns = 0;
    rig_seconds(&rig, 330);
    ck_assert_int_eq(rig_verdict(&rig, 0), REFCLOCK_ACCEPTED);
    all_was_true(&rig);
    rig_end(&rig);
}
END_TEST

/* What an honest peer of 10 ms and a liar have in common excludes a true receiver. One of three may lie, and ours is the third: that is
 * no reason. Where both peers are elsewhere it is one. */
START_TEST(one_lying_peer_excludes_nothing)
{
    struct rig rig;
    receiver(&rig, 71, OSCILLATOR_PC, 1e-9, HOUR_S);
    for (unsigned i = 0; i < 200; i++) {
        peers_say(&rig, (const int64_t[][2]){{-10 * MS, 10 * MS}, {9 * MS, 10 * MS}}, 2);
        rig_second(&rig);
    }
    ck_assert_int_eq(rig_verdict(&rig, 0), REFCLOCK_ACCEPTED);
    ck_assert_uint_eq(rig.suspicions + rig.refuted + rig.absent_seconds, 0);
    rig_begin(&rig, NULL); /* and a restart finds its way back */
    for (unsigned i = 0; i < 60; i++) {
        peers_say(&rig, (const int64_t[][2]){{-10 * MS, 10 * MS}, {9 * MS, 10 * MS}}, 2);
        rig_second(&rig);
    }
    ck_assert_int_eq(rig_verdict(&rig, 0), REFCLOCK_ACCEPTED);
    all_was_true(&rig);
    for (unsigned i = 0; i < 4; i++) {
        peers_say(&rig, (const int64_t[][2]){{5 * MS, 20 * MS}, {9 * MS, 10 * MS}}, 2);
        rig_second(&rig);
    }
    ck_assert_int_eq(rig_verdict(&rig, 0), REFCLOCK_SUSPECT);
    ck_assert_int_eq(rig_reason(&rig, 0), TIMEKEEPER_PEERS);
    rig_end(&rig);
}
END_TEST

START_TEST(a_glitch_is_left_out)
{
    struct rig rig;
    receiver(&rig, 7, OSCILLATOR_PC, 1e-9, 2 * HOUR_S);
    for (unsigned i = 0; i < 600; i++) {
        rig.sources[0].step_ns = i % 10 == 0 ? 37 * DAY_S * RIG_S : i % 10 == 5 ? -100 * MS : 0;
        rig_second(&rig);
    }
    ck_assert_int_eq(rig_verdict(&rig, 0), REFCLOCK_ACCEPTED);
    ck_assert_uint_eq(rig.suspicions, 0);
    all_was_true(&rig);
    rig_end(&rig);
}
END_TEST

/* Faster than a crystal of the class can go: excluded. No second is false. */
START_TEST(a_drag_beyond_the_oscillator_is_excluded)
{
    static const struct {
        enum oscillator_class class;
        double wander, drag;
    } cases[] = {{OSCILLATOR_PC, 1e-9, 5000},       {OSCILLATOR_TCXO, 1e-10, 1000},
                 {OSCILLATOR_TCXO, 1e-10, -1000},   {OSCILLATOR_OCXO, 1e-11, 100},
                 {OSCILLATOR_RUBIDIUM, 1e-11, 100}, {OSCILLATOR_RUBIDIUM, 1e-11, 10}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct rig rig;
        receiver(&rig, 8 + i, cases[i].class, cases[i].wander, 4 * HOUR_S);
        rig.sources[0].drag_ns_per_s = cases[i].drag;
        unsigned s = 0;
        while (rig_verdict(&rig, 0) != REFCLOCK_SUSPECT && s++ < 4000)
            rig_second(&rig);
        printf("drag %.0f ns/s on %s: suspect after %u s, error %lld ns at most, %u false seconds\n",
               cases[i].drag, oscillator_name(cases[i].class), s, (long long)rig.worst_ns, rig.false_seconds);
        ck_assert_int_eq(rig_verdict(&rig, 0), REFCLOCK_SUSPECT);
        rig_clear(&rig);
        rig_seconds(&rig, 6 * HOUR_S);
        ck_assert_int_eq(rig_verdict(&rig, 0), REFCLOCK_SUSPECT);
        all_was_true(&rig);
        ck_assert_uint_eq(rig.absent_seconds, 0);
        rig_end(&rig);
    }
}
END_TEST

/* What was held went along with the drag until it was found out: it goes on from the witness, which had not. */
START_TEST(what_is_held_returns_from_a_drag)
{
    static const double drags[] = {10, -10, 100};
    for (size_t i = 0; i < sizeof drags / sizeof *drags; i++) {
        struct rig rig;
        receiver(&rig, 90 + i, OSCILLATOR_RUBIDIUM, 1e-11, 4 * HOUR_S);
        rig.sources[0].drag_ns_per_s = drags[i];
        int64_t before = 0;
        unsigned s = 0;
        while (rig_verdict(&rig, 0) != REFCLOCK_SUSPECT && s++ < 4000) {
            before = rig.error_ns;
            rig_second(&rig);
        }
        ck_assert_int_eq(rig_reason(&rig, 0), TIMEKEEPER_DRAG);
        ck_assert_int_gt(llabs(before), 2 * US);
        ck_assert_int_lt(llabs(rig.error_ns), 500);
        ck_assert(!rig.view.doubt);
        rig_seconds(&rig, 600);
        ck_assert_int_lt(llabs(rig.error_ns), US);
        rig_end(&rig);
    }
}
END_TEST

/* A crystal could do that, this one never has: both are said to be possible, for an hour. */
START_TEST(an_unlikely_drag_is_doubted)
{
    struct rig rig;
    struct tai_interval i;
    receiver(&rig, 20, OSCILLATOR_PC, 1e-9, 6 * HOUR_S);
    rig.sources[0].drag_ns_per_s = 300;
    unsigned s = 0;
    while (!rig.view.doubt && s++ < 200)
        rig_second(&rig);
    ck_assert(rig.view.doubt);
    ck_assert_int_eq(rig_reason(&rig, 0), TIMEKEEPER_DOUBT);
    ck_assert_int_gt(rig.view.budget.doubt_ns, 0);
    rig_clear(&rig);
    rig_seconds(&rig, HOUR_S - 10);
    ck_assert(rig.view.doubt);
    all_was_true(&rig);
    ck_assert(
        timekeeper_tai_at(rig.keeper, (tai_mono_t){rig.raw_ns}, &i)); /* by the source alone 1 ms later */
    ck_assert_int_le(i.earliest.ns, rig.true_ns);
    ck_assert_int_ge(i.latest.ns, rig.true_ns + MS);
    rig_seconds(&rig, 20); /* and then it is taken at its word: a single reference has the last one */
    ck_assert(!rig.view.doubt);
    ck_assert_uint_gt(rig.false_seconds, 0);
    rig_end(&rig);
}
END_TEST

START_TEST(an_honest_change_of_the_oscillator_is_doubted_and_true)
{
    struct rig rig;
    receiver(&rig, 21, OSCILLATOR_PC, 1e-9, 6 * HOUR_S);
    rig.walk += 3e-7; /* a fan stops */
    rig_seconds(&rig, 200);
    ck_assert(rig.view.doubt);
    ck_assert_int_eq(rig_verdict(&rig, 0), REFCLOCK_ACCEPTED);
    rig_seconds(&rig, HOUR_S);
    ck_assert(!rig.view.doubt);
    rig_seconds(&rig, 6 * HOUR_S);
    all_was_true(&rig);
    ck_assert_uint_eq(rig.suspicions, 0);
    ck_assert_int_lt(rig.reference.half_width.ns, 3 * US);
    rig_end(&rig);
}
END_TEST

START_TEST(yesterday_is_not_replayed)
{
    struct rig rig;
    receiver(&rig, 22, OSCILLATOR_PC, 1e-9, 5 * HOUR_S);
    struct timekeeper_memory memory;
    ck_assert(timekeeper_remember(rig.keeper, &memory));
    rig.sources[0].step_ns = -DAY_S * RIG_S;
    rig_seconds(&rig, 100);
    ck_assert_int_eq(rig_verdict(&rig, 0), REFCLOCK_ERA);
    ck_assert(rig.reference.present);
    all_was_true(&rig);
    /* The same after a restart, where the last known time is all that is left. */
    rig.settings.quarantine_ns = 10 * RIG_S;
    rig_begin(&rig, &memory);
    rig_clear(&rig);
    rig_seconds(&rig, 300);
    ck_assert_int_eq(rig_verdict(&rig, 0), REFCLOCK_ERA);
    ck_assert_int_eq(rig_reason(&rig, 0), TIMEKEEPER_BEFORE_KNOWN);
    ck_assert(!rig.reference.present);
    /* 1980 is before everything: nobody is told to take away what is known. */
    rig.sources[0].step_ns = (INT64_C(315964819) - INT64_C(1800000000)) * RIG_S;
    rig_seconds(&rig, 12);
    ck_assert_int_eq(rig_reason(&rig, 0), TIMEKEEPER_TOO_EARLY);
    rig.sources[0].step_ns = 0;
    rig_seconds(&rig, 12);
    ck_assert_int_eq(rig_verdict(&rig, 0), REFCLOCK_ACCEPTED);
    all_was_true(&rig);
    rig_end(&rig);
}
END_TEST

#define YEAR_2038_NS ((INT64_C(2147483648) - INT64_C(1800000000)) * RIG_S) /* from RIG_T0_NS on */

static int64_t known_of(const struct rig *rig, struct timekeeper_memory *ret_memory)
{
    *ret_memory = (struct timekeeper_memory){.learnt = false};
    (void)timekeeper_remember(rig->keeper, ret_memory);
    return ret_memory->known.ns;
}

/* The first receiver says 2038, which could be: what is kept of it must not lock out the honest ones after a restart. */
START_TEST(one_wrong_date_does_not_outlive_a_restart)
{
    struct rig rig;
    struct timekeeper_memory memory;
    receiver(&rig, 23, OSCILLATOR_PC, 1e-9, 0);
    rig.sources[0].step_ns = YEAR_2038_NS;
    rig_seconds(&rig, 3 * HOUR_S);
    ck_assert_int_eq(rig_verdict(&rig, 0), REFCLOCK_ACCEPTED);
    ck_assert_int_eq(known_of(&rig, &memory), 0);
    rig.sources[0].step_ns = 0;
    rig_begin(&rig, &memory);
    rig_clear(&rig);
    rig_seconds(&rig, 60);
    ck_assert_int_eq(rig_verdict(&rig, 0), REFCLOCK_ACCEPTED);
    all_was_true(&rig);
    rig_end(&rig);
}
END_TEST

/* For hours, and it is kept; the way out is named, and two peers are another. */
START_TEST(the_way_out_of_a_wrong_date_is_named)
{
    struct rig rig;
    struct timekeeper_memory memory;
    receiver(&rig, 24, OSCILLATOR_PC, 1e-9, 0);
    rig.sources[0].step_ns = YEAR_2038_NS;
    rig_seconds(&rig, 5 * HOUR_S);
    ck_assert_int_gt(known_of(&rig, &memory), rig.true_ns + YEAR_2038_NS - RIG_S);
    rig.sources[0].step_ns = 0;
    rig_begin(&rig, &memory);
    rig_clear(&rig);
    rig_seconds(&rig, 60);
    ck_assert_int_eq(rig_verdict(&rig, 0), REFCLOCK_ERA);
    ck_assert_int_eq(rig_reason(&rig, 0), TIMEKEEPER_BEFORE_KNOWN);
    ck_assert_ptr_nonnull(
        strstr(timekeeper_reason_words(rig_reason(&rig, 0)), "remove the file references in sync.state_dir"));
    rig_begin(&rig, NULL);
    rig_seconds(&rig, 60);
    ck_assert_int_eq(rig_verdict(&rig, 0), REFCLOCK_ACCEPTED);
    all_was_true(&rig);
    rig_end(&rig);
}
END_TEST

/* A second voice: another source, unless it is of the same group or a pulse that says no second; or two peers. */
START_TEST(two_voices_make_a_date_known)
{
    static const struct {
        uint16_t group; /* of the first two */
        enum refclock_driver second;
        bool pulse; /* a third one, that says no second */
        bool known;
    } rows[] = {{0, REFCLOCK_GPSD, false, true},
                {1, REFCLOCK_GPSD, false, false},
                {0, REFCLOCK_PPS, false, false},
                {1, REFCLOCK_GPSD, true, false}};
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        struct rig rig;
        struct timekeeper_memory memory;
        rig_start(&rig, 25, OSCILLATOR_PC, 1e-9);
        for (size_t i = 0; i < 2; i++)
            rig.settings.sources[rig_add(&rig, i == 0 ? REFCLOCK_GPSD : rows[r].second, 100, 250)].group =
                rows[r].group;
        if (rows[r].pulse)
            (void)rig_add(&rig, REFCLOCK_PPS, 100, 250);
        rig_begin(&rig, NULL);
        rig_seconds(&rig, 120);
        for (size_t i = 0; i < (rows[r].pulse ? 3 : 2); i++)
            ck_assert_int_eq(rig_verdict(&rig, i), REFCLOCK_ACCEPTED);
        ck_assert_msg((known_of(&rig, &memory) > rig.true_ns - MS) == rows[r].known, "row %zu", r);
        rig_end(&rig);
    }
    for (uint32_t voices = 1; voices <= 2; voices++) {
        struct rig rig;
        struct timekeeper_memory memory;
        receiver(&rig, 26, OSCILLATOR_PC, 1e-9, 0);
        rig.has_peers = true;
        for (unsigned i = 0; i < 120; i++) {
            rig.peers = (struct timekeeper_peers){.voices = voices,
                                                  .agreed = true,
                                                  .raw = {rig.raw_ns},
                                                  .hull = {{rig.true_ns - MS}, {rig.true_ns + MS}}};
            rig_second(&rig);
        }
        ck_assert_int_eq(rig_verdict(&rig, 0), REFCLOCK_ACCEPTED);
        ck_assert((known_of(&rig, &memory) > rig.true_ns - MS) == (voices == 2));
        rig_end(&rig);
    }
}
END_TEST

START_TEST(dates_that_cannot_be)
{
    static const struct {
        int64_t by_s;
        enum timekeeper_reason cold, warm;
    } cases[] = {
        {-INT64_C(1024) * 7 * DAY_S, TIMEKEEPER_TOO_EARLY, TIMEKEEPER_WEEKS},
        {INT64_C(1024) * 7 * DAY_S, TIMEKEEPER_ERA_PASSED, TIMEKEEPER_WEEKS},
        {-INT64_C(2048) * 7 * DAY_S, TIMEKEEPER_TOO_EARLY, TIMEKEEPER_WEEKS},
        {INT64_C(315964819) - INT64_C(1800000000), TIMEKEEPER_TOO_EARLY, TIMEKEEPER_DAYS}, /* 1980 */
        {INT64_C(2147483648) - INT64_C(1800000000), TIMEKEEPER_NO_REASON,
         TIMEKEEPER_DAYS}, /* 2038: could be */
        {-400000000, TIMEKEEPER_TOO_EARLY, TIMEKEEPER_DAYS},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct rig rig;
        receiver(&rig, 30 + i, OSCILLATOR_PC, 1e-9, 0);
        rig.sources[0].step_ns = cases[i].by_s * RIG_S;
        rig_seconds(&rig, 20);
        if (cases[i].cold != TIMEKEEPER_NO_REASON) {
            ck_assert_int_eq(rig_verdict(&rig, 0), REFCLOCK_ERA);
            ck_assert_int_eq(rig_reason(&rig, 0), cases[i].cold);
        }
        ck_assert(!rig.reference.present);
        rig_end(&rig);

        receiver(&rig, 30 + i, OSCILLATOR_PC, 1e-9, HOUR_S);
        rig.sources[0].step_ns = cases[i].by_s * RIG_S;
        rig_seconds(&rig, 600);
        ck_assert_int_eq(rig_verdict(&rig, 0), REFCLOCK_ERA);
        ck_assert_int_eq(rig_reason(&rig, 0), cases[i].warm);
        ck_assert(rig.reference.present);
        all_was_true(&rig);
        rig_end(&rig);
    }
}
END_TEST

/* Old logs can be played again: the operator says from which date on. */
START_TEST(not_before_can_be_moved)
{
    struct rig rig;
    rig_start(&rig, 40, OSCILLATOR_PC, 1e-9);
    (void)rig_add(&rig, REFCLOCK_GPSD, 100, 250);
    rig.sources[0].step_ns = -INT64_C(500000000) * RIG_S;
    rig_begin(&rig, NULL);
    rig_seconds(&rig, 60);
    ck_assert_int_eq(rig_verdict(&rig, 0), REFCLOCK_ERA);
    rig.settings.not_before.ns = RIG_T0_NS - INT64_C(600000000) * RIG_S;
    rig_begin(&rig, NULL);
    rig_seconds(&rig, 60);
    ck_assert_int_eq(rig_verdict(&rig, 0), REFCLOCK_ACCEPTED);
    rig_end(&rig);
}
END_TEST

START_TEST(a_cold_boot_with_a_wrong_leap_count)
{
    struct rig rig;
    receiver(&rig, 41, OSCILLATOR_PC, 1e-9, 0);
    const struct sync_leap table = {37, 37, {PAGE_NEVER}, {RIG_T0_NS + 100 * TIMEKEEPER_DAY_NS}};
    struct refclock_leap leap = {.has_tai_utc = true, .tai_utc_s = 35};
    timekeeper_leap_table(rig.keeper, &table);
    rig.sources[0].step_ns = -2 * RIG_S;
    timekeeper_leap(rig.keeper, &leap);
    rig_seconds(&rig, 750);
    ck_assert_int_eq(rig_verdict(&rig, 0), REFCLOCK_QUARANTINED);
    ck_assert_int_eq(rig_reason(&rig, 0), TIMEKEEPER_LEAP_COUNT);
    ck_assert(!rig.reference.present);
    rig.sources[0].step_ns = 0;
    leap.tai_utc_s = 37;
    timekeeper_leap(rig.keeper, &leap);
    rig_seconds(&rig, 60);
    ck_assert_int_eq(rig_verdict(&rig, 0), REFCLOCK_ACCEPTED);
    all_was_true(&rig);
    /* While it counts a wrong announcement is told, and changes nothing. */
    leap.tai_utc_s = 18;
    timekeeper_leap(rig.keeper, &leap);
    rig_seconds(&rig, 60);
    ck_assert_int_eq(rig_verdict(&rig, 0), REFCLOCK_ACCEPTED);
    rig_end(&rig);
}
END_TEST

/* Numbers that inf, NaN and worse have become, from a second source and from the peers: the first one goes on. */
START_TEST(any_number_is_survived)
{
    struct prop p = prop_start("any_number_is_survived", 4111);
    struct rig rig;
    rig_start(&rig, 70, OSCILLATOR_PC, 1e-9);
    (void)rig_add(&rig, REFCLOCK_GPSD, 100, 250);
    (void)rig_add(&rig, REFCLOCK_GPSD, 100, 250);
    rig.sources[1].on = false;
    rig_begin(&rig, NULL);
    for (unsigned i = 0; i < 20000; i += prop_step(20)) {
        static const int64_t ends[] = {0, 1, -1, INT64_MIN, INT64_MAX, INT64_MIN + 1, INT64_MAX - 1};
        int64_t n[6];
        for (unsigned k = 0; k < 6; k++)
            n[k] =
                prop_below(&p, 2) ? ends[prop_below(&p, 7)] : (int64_t)(prop_u64(&p) >> prop_below(&p, 64));
        struct refclock_sample s = {.source = (uint8_t)(prop_below(&p, 20) == 0 ? prop_u64(&p) : 1),
                                    .timeline = {prop_below(&p, 4) ? rig.timeline : prop_u64(&p)},
                                    .raw = {prop_below(&p, 2) ? rig.raw_ns : n[0]},
                                    .tai = {prop_below(&p, 2) ? rig.true_ns : n[1]},
                                    .error_ns = n[2],
                                    .noise_ns = n[3]};
        if (s.source == 0)
            s.source = 1;
        timekeeper_sample(rig.keeper, &s);
        struct refclock_leap leap = {.source = 1, .has_tai_utc = true, .tai_utc_s = (int32_t)n[4]};
        timekeeper_leap(rig.keeper, &leap);
        struct view_source peer = {.node = {3},
                                   .server = true,
                                   .reachable = true,
                                   .has_reference = true,
                                   .samples = 1,
                                   .skew_ps_per_s = n[3],
                                   .rate_ps_per_s = n[5]};
        peer.reference = (struct sync_reference){.present = true,
                                                 .raw = {n[0]},
                                                 .tai = {n[1]},
                                                 .half_width = {n[2]},
                                                 .rate_ps_per_s = n[4],
                                                 .growth = {(int32_t)n[5]}};
        timekeeper_peers_of(&peer, 1, (tai_mono_t){rig.raw_ns}, &rig.peers);
        rig.has_peers = prop_below(&p, 100) == 0;
        rig_second(&rig);
    }
    all_was_true(&rig);
    ck_assert_int_eq(rig_verdict(&rig, 0), REFCLOCK_ACCEPTED);
    ck_assert_uint_le(rig.absent_seconds, 200);
    rig_end(&rig);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("timekeeper_spoof");
    TCase *tc = tcase_create("all");
    tcase_set_timeout(tc, 240);
    tcase_add_test(tc, evidence_makes_quarantine_longer_and_decides_nothing);
    tcase_add_test(tc, after_a_step_the_truth_is_taken_up_again);
    tcase_add_test(tc, after_an_impossible_drag_the_truth_is_taken_up_again);
    tcase_add_test(tc, one_lying_peer_excludes_nothing);
    tcase_add_test(tc, who_comes_back_true_has_stepped_back);
    tcase_add_test(tc, a_glitch_is_left_out);
    tcase_add_test(tc, yesterday_is_not_replayed);
    tcase_add_test(tc, one_wrong_date_does_not_outlive_a_restart);
    tcase_add_test(tc, two_voices_make_a_date_known);
    tcase_add_test(tc, not_before_can_be_moved);
    tcase_add_test(tc, a_cold_boot_with_a_wrong_leap_count);
    tcase_add_test(tc, any_number_is_survived);
    if (prop_step(2) == 1) { /* valgrind does without the longest: their memory is that of the others */
        tcase_add_test(tc, the_way_out_of_a_wrong_date_is_named);
        tcase_add_test(tc, dates_that_cannot_be);
        tcase_add_test(tc, a_step_of_10_ms_for_a_day);
        tcase_add_loop_test(tc, a_lost_fix_is_no_step_back, 0, 3);
        tcase_add_test(tc, a_drag_beyond_the_oscillator_is_excluded);
        tcase_add_test(tc, what_is_held_returns_from_a_drag);
        tcase_add_test(tc, an_unlikely_drag_is_doubted);
        tcase_add_test(tc, an_honest_change_of_the_oscillator_is_doubted_and_true);
    }
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
