/* SPDX-License-Identifier: Apache-2.0 */
/* The other servers' oscillators decide a doubt: by themselves, and in a timekeeper whose receiver is spoofed or whose crystal changes. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "server/clock/core/timekeeper_flywheel.h"
#include "tests/unit/prop.h"
#include "tests/unit/timekeeper_days.h"

#define S RIG_S

/* ---- By themselves ---- */

enum { OTHERS = 4, MARK_S = 600 };

/* What happens after the mark, in ns/s: to the source and to what each server shows of ours. */
struct change {
    int64_t source, shown[SYNC_SERVERS_MAX];
    int64_t skew_ps;
    uint32_t servers, readings;
    int silent_from, silent_to; /* seconds after the mark, of the first one */
};

static enum flywheel_word word_after(const struct change *c)
{
    struct flywheel f;
    struct flywheel_mark mark;
    struct flywheel_reading r[SYNC_SERVERS_MAX] = {0};
    const int64_t rate_ps = 7000000;
    flywheel_clear(&f);
    for (int t = 1; t <= 2 * MARK_S; t++) {
        bool silent = t - MARK_S >= c->silent_from && t - MARK_S < c->silent_to;
        for (uint32_t i = 0; i < c->readings; i++) {
            int64_t moved = t > MARK_S ? 1000 * c->shown[i] : 0;
            r[i] = (struct flywheel_reading){{10 + i}, -3000000 * (int64_t)i + moved, c->skew_ps};
        }
        flywheel_second(&f, t * S, c->servers, r + silent, c->readings - silent);
        if (t == MARK_S)
            flywheel_mark(&f, 5 * S, rate_ps, &mark);
    }
    return flywheel_says(&f, &mark, 5 * S + MARK_S * (rate_ps / 1000 + c->source));
}

/* The worked number of the header. */
START_TEST(ours_or_the_source)
{
    struct change c = {300, {290, 280, 275, 0}, 2000, OTHERS, OTHERS, 0, 0};
    ck_assert_int_eq(word_after(&c), FLYWHEEL_OURS);
    c = (struct change){300, {3, -3, 0, 300}, 2000, OTHERS, OTHERS, 0, 0};
    ck_assert_int_eq(word_after(&c), FLYWHEEL_SOURCE);
    c = (struct change){-300, {-300, -300, -230, 0}, 2000, OTHERS, OTHERS, 0, 0};
    ck_assert_int_eq(word_after(&c), FLYWHEEL_OURS);
    c = (struct change){300, {-300, -300, -300, 0}, 2000, OTHERS, OTHERS, 0,
                        0}; /* away from it: no word for it */
    ck_assert_int_eq(word_after(&c), FLYWHEEL_SOURCE);
}
END_TEST

START_TEST(half_is_no_word)
{
    struct change c = {300, {150, 150, 150, 150}, 2000, OTHERS, OTHERS, 0, 0};
    ck_assert_int_eq(word_after(&c), FLYWHEEL_NOTHING);
    for (unsigned i = 0; i < OTHERS; i++)
        c.shown[i] = 220; /* 80 of 300 are open: more than a quarter */
    ck_assert_int_eq(word_after(&c), FLYWHEEL_NOTHING);
    for (unsigned i = 0; i < OTHERS; i++)
        c.shown[i] = 80;
    ck_assert_int_eq(word_after(&c), FLYWHEEL_NOTHING);
    c.source = 0; /* nothing has moved: nothing to say */
    c.skew_ps = 0;
    memset(c.shown, 0, sizeof c.shown);
    ck_assert_int_eq(word_after(&c), FLYWHEEL_NOTHING);
}
END_TEST

/* Four sigmas of both ends are 8 * 9.5 ns/s: more than a quarter of 300. */
START_TEST(what_is_not_known_well_is_no_word)
{
    struct change c = {300, {300, 300, 300, 300}, 9500, OTHERS, OTHERS, 0, 0};
    ck_assert_int_eq(word_after(&c), FLYWHEEL_NOTHING);
    c.skew_ps = 9000;
    ck_assert_int_eq(word_after(&c), FLYWHEEL_OURS);
    c.source = c.shown[0] = c.shown[1] = c.shown[2] = c.shown[3] = 100000;
    c.skew_ps = FLYWHEEL_SKEW_PS_MAX + 1;
    ck_assert_int_eq(word_after(&c), FLYWHEEL_NOTHING);
    c.skew_ps = FLYWHEEL_SKEW_PS_MAX;
    ck_assert_int_eq(word_after(&c), FLYWHEEL_OURS);
}
END_TEST

START_TEST(more_than_half_of_all_others_decide)
{
    struct change c = {300, {300, 300, 0, 0}, 2000, OTHERS, OTHERS, 0, 0};
    ck_assert_int_eq(word_after(&c), FLYWHEEL_NOTHING);
    c.shown[2] = 300;
    ck_assert_int_eq(word_after(&c), FLYWHEEL_OURS);
    c.readings = 2; /* the two that are heard agree: two of four */
    ck_assert_int_eq(word_after(&c), FLYWHEEL_NOTHING);
    c.servers = 3;
    ck_assert_int_eq(word_after(&c), FLYWHEEL_OURS);
    c.servers = 0;
    c.readings = 0;
    ck_assert_int_eq(word_after(&c), FLYWHEEL_NOTHING);
}
END_TEST

/* Nobody knows how it ran meanwhile. Some seconds without a reading are not missed. */
START_TEST(who_was_away_has_no_word)
{
    struct change c = {300, {300, 300, 300, 0}, 2000, OTHERS, OTHERS, 100, 109};
    ck_assert_int_eq(word_after(&c), FLYWHEEL_OURS);
    c.silent_to = 111;
    ck_assert_int_eq(word_after(&c), FLYWHEEL_NOTHING);
    c.silent_from = -5; /* not there when the mark was made */
    c.silent_to = 2;
    ck_assert_int_eq(word_after(&c), FLYWHEEL_NOTHING);
    c.silent_from = MARK_S; /* gone now */
    c.silent_to = MARK_S + 1;
    ck_assert_int_eq(word_after(&c), FLYWHEEL_NOTHING);
}
END_TEST

/* Of n servers floor((n-1)/3) others lie: they never make the honest say the opposite. */
START_TEST(few_liars_decide_nothing)
{
    struct prop p = prop_start("few_liars_decide_nothing", 4121);
    for (int round = 0, rounds = prop_share(3000, 20); round < rounds; round++) {
        uint32_t others = 1 + (uint32_t)prop_below(&p, SYNC_SERVERS_MAX - 1), liars = others / 3;
        bool ours = prop_below(&p, 2) == 0;
        int64_t moved = 100 + (int64_t)prop_below(&p, 100000);
        struct change c = {moved, {0}, 1000, others, others, 0, 0};
        for (uint32_t i = 0; i < others; i++) {
            int64_t noise = (int64_t)prop_below(&p, 41) - 20;
            c.shown[i] = (ours ? moved : 0) + noise;
            if (i < liars)
                c.shown[i] =
                    prop_below(&p, 2) ? moved - c.shown[i] : (int64_t)prop_below(&p, 400000) - 200000;
        }
        ck_assert_int_eq(word_after(&c), ours ? FLYWHEEL_OURS : FLYWHEEL_SOURCE);
    }
}
END_TEST

/* ---- Which servers are asked ---- */

START_TEST(servers_that_are_measured_have_a_say)
{
    struct view_source s[8];
    struct timekeeper_peers peers;
    for (unsigned i = 0; i < 8; i++)
        s[i] = (struct view_source){.node = {i + 2},
                                    .server = true,
                                    .reachable = true,
                                    .verdict = VIEW_ACCEPT,
                                    .samples = 8,
                                    .rate_ps_per_s = 1000 + i,
                                    .skew_ps_per_s = 10 + i};
    s[1].reachable = false;
    s[2].verdict = VIEW_REJECT;
    s[3].samples = 7;
    s[4].age_ns = -1;
    s[5].age_ns = 60 * S;
    s[6].server = false;
    timekeeper_peers_of(s, 8, (tai_mono_t){100 * S}, &peers);
    ck_assert_uint_eq(peers.servers, 7); /* the silent count among whom a half is taken of */
    ck_assert_uint_eq(peers.crystals_count, 2);
    ck_assert_uint_eq(peers.crystals[0].node.id, 2);
    ck_assert_uint_eq(peers.crystals[1].node.id, 9);
    ck_assert_int_eq(peers.crystals[1].rate_ps_per_s, 1007);
    ck_assert_int_eq(peers.crystals[1].skew_ps_per_s, 17);
    ck_assert_uint_eq(peers.voices, 0);
}
END_TEST

/* ---- In a timekeeper ---- */

static void cluster(struct rig *rig, uint64_t seed, unsigned others, int64_t doubt_s)
{
    rig_start(rig, seed, OSCILLATOR_PC, 1e-9);
    (void)rig_add(rig, REFCLOCK_GPSD, 100, 250);
    rig_crystals(rig, others);
    rig->settings.doubt_ns = doubt_s * S;
    rig_begin(rig, NULL);
    rig_seconds(rig, 3 * HOUR_S);
    ck_assert_int_eq(rig_verdict(rig, 0), REFCLOCK_ACCEPTED);
    ck_assert_uint_eq(rig->doubts, 0);
    all_was_true(rig);
    rig_clear(rig);
}

static unsigned seconds_in_doubt(struct rig *rig, unsigned seconds)
{
    unsigned n = 0;
    for (unsigned s = 0; s < seconds; s++) {
        rig_second(rig);
        n += rig->view.doubt;
    }
    return n;
}

/* A fan stops at this machine alone: the others saw it, and the doubt is over in minutes. */
START_TEST(a_change_that_the_others_saw_is_soon_believed)
{
    struct rig rig;
    cluster(&rig, 80, 4, 0);
    rig.walk += 3e-7;
    rig.crystals[2].step = 5e-6; /* and one of them lies */
    unsigned doubted = seconds_in_doubt(&rig, 2 * HOUR_S);
    ck_assert_uint_ge(rig.doubts, 1);
    ck_assert_uint_le(doubted, 900);
    ck_assert_uint_eq(rig.suspicions, 0);
    all_was_true(&rig);
    rig_end(&rig);
}
END_TEST

/* Without them it is taken at its word after the hour, and false (an_unlikely_drag_is_doubted). */
START_TEST(a_drag_that_the_others_did_not_see_stays_doubted)
{
    struct rig rig;
    cluster(&rig, 81, 4, 0);
    rig.sources[0].drag_ns_per_s = 300;
    rig_seconds(&rig, 120);
    ck_assert(rig.view.doubt);
    rig_clear(&rig);
    rig.crystals[1].step = -3e-7; /* one confirms the lie, as it would be if our crystal had changed */
    ck_assert_uint_eq(seconds_in_doubt(&rig, 6 * HOUR_S), 6 * HOUR_S);
    all_was_true(&rig);
    ck_assert_uint_eq(rig.absent_seconds, 0);
    rig_end(&rig);
}
END_TEST

/* Two of four are no majority: it is as if nobody was there. */
START_TEST(two_of_four_decide_nothing)
{
    struct rig rig;
    cluster(&rig, 82, 4, 0);
    rig.crystals[0].silent = rig.crystals[3].silent = true;
    rig.sources[0].drag_ns_per_s = 300;
    unsigned doubted = seconds_in_doubt(&rig, 3 * HOUR_S);
    ck_assert_uint_ge(doubted, HOUR_S - 5);
    ck_assert_uint_le(doubted, HOUR_S + 5);
    rig_end(&rig);
}
END_TEST

/* A cold room: all crystals alike. It cannot be told from a drag, and has an end all the same. */
START_TEST(what_happens_to_all_is_doubted_for_a_day_and_true)
{
    struct rig rig;
    cluster(&rig, 83, 4, 300);
    rig.common = 3e-7;
    unsigned doubted = seconds_in_doubt(&rig, 3 * HOUR_S);
    ck_assert_uint_ge(doubted, 300 * TIMEKEEPER_CONTRADICTED - 5);
    ck_assert_uint_le(doubted, 300 * TIMEKEEPER_CONTRADICTED + 5);
    ck_assert_uint_eq(rig.suspicions, 0);
    all_was_true(&rig);
    rig_end(&rig);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("timekeeper_flywheel");
    TCase *tc = tcase_create("all");
    tcase_set_timeout(tc, 240);
    tcase_add_test(tc, ours_or_the_source);
    tcase_add_test(tc, half_is_no_word);
    tcase_add_test(tc, what_is_not_known_well_is_no_word);
    tcase_add_test(tc, more_than_half_of_all_others_decide);
    tcase_add_test(tc, who_was_away_has_no_word);
    tcase_add_test(tc, few_liars_decide_nothing);
    tcase_add_test(tc, servers_that_are_measured_have_a_say);
    if (prop_step(2) == 1) { /* valgrind does without the longest: their memory is that of test_timekeeper */
        tcase_add_test(tc, a_change_that_the_others_saw_is_soon_believed);
        tcase_add_test(tc, a_drag_that_the_others_did_not_see_stays_doubted);
        tcase_add_test(tc, two_of_four_decide_nothing);
        tcase_add_test(tc, what_happens_to_all_is_doubted_for_a_day_and_true);
    }
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
