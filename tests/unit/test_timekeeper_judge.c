/* SPDX-License-Identifier: Apache-2.0 */
/* What several sources say together, what the peers' references do, and what a receiver shows of itself. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "server/clock/core/timekeeper_evidence.h"
#include "server/clock/core/timekeeper_judge.h"
#include "tests/unit/prop.h"

#define US INT64_C(1000)
#define MS INT64_C(1000000)
#define S  INT64_C(1000000000)

static struct judge_voice voice(int64_t mid, int64_t half, uint8_t kind)
{
    return (struct judge_voice){{mid - half, mid + half, 0}, kind, 0};
}

START_TEST(nobody_says_nothing)
{
    struct judgement j;
    ck_assert_int_eq(judge_agree(NULL, 0, &j), JUDGE_NOBODY);
    ck_assert_uint_eq(j.voices, 0);
}
END_TEST

/* The worked number of the header. */
START_TEST(a_receiver_among_servers)
{
    struct judge_voice v[3] = {voice(0, US, TAISTAMP_CLOCK_GPS),
                               voice(1000 * US, 5000 * US, TAISTAMP_CLOCK_UPSTREAM),
                               voice(0, 5000 * US, TAISTAMP_CLOCK_UPSTREAM)};
    struct judgement j;
    ck_assert_int_eq(judge_agree(v, 3, &j), JUDGE_AGREED);
    ck_assert_int_eq(j.hull.earliest_ns, -4000 * US);
    ck_assert_int_eq(j.hull.latest_ns, 5000 * US);
    ck_assert_int_eq(j.aim_ns, 0);
    ck_assert_int_eq(j.half_width_ns, 5000 * US);
    ck_assert_int_eq(j.kind, TAISTAMP_CLOCK_UPSTREAM);
    ck_assert_uint_eq(j.bound_by, 2);
    ck_assert_uint_eq(j.f, 1);
    ck_assert_int_eq(judge_agree(v, 1, &j), JUDGE_AGREED);
    ck_assert_int_eq(j.half_width_ns, US);
    ck_assert_int_eq(j.kind, TAISTAMP_CLOCK_GPS);
}
END_TEST

START_TEST(two_that_differ_decide_nothing)
{
    struct judge_voice v[2] = {voice(0, MS, TAISTAMP_CLOCK_GPS), voice(100 * MS, MS, TAISTAMP_CLOCK_GPS)};
    struct judgement j;
    ck_assert_int_eq(judge_agree(v, 2, &j), JUDGE_CONTRADICTED);
    ck_assert_uint_eq(j.voices, 2);
}
END_TEST

START_TEST(one_of_three_is_outvoted)
{
    struct judge_voice v[3] = {voice(100 * MS, 10, TAISTAMP_CLOCK_GPS), voice(0, MS, TAISTAMP_CLOCK_UPSTREAM),
                               voice(MS, MS, TAISTAMP_CLOCK_SYSTEM)};
    struct judgement j;
    ck_assert_int_eq(judge_agree(v, 3, &j), JUDGE_AGREED);
    ck_assert_uint_eq(j.outvoted, 1);
    ck_assert_int_eq(j.hull.earliest_ns, 0);
    ck_assert_int_eq(j.hull.latest_ns, MS);
    ck_assert_int_eq(j.kind, TAISTAMP_CLOCK_SYSTEM); /* it makes the earlier end */
}
END_TEST

START_TEST(those_of_one_group_count_once)
{
    struct judge_voice v[3] = {voice(0, MS, TAISTAMP_CLOCK_GPS), voice(100 * MS, MS, TAISTAMP_CLOCK_GPS),
                               voice(101 * MS, MS, TAISTAMP_CLOCK_GPS)};
    struct judgement j;
    v[1].item.group = v[2].item.group = 7;
    ck_assert_int_eq(judge_agree(v, 3, &j), JUDGE_CONTRADICTED); /* two voices, not two against one */
    ck_assert_uint_eq(j.voices, 2);
    ck_assert_int_eq(judge_agree(v + 1, 2, &j), JUDGE_AGREED);
    ck_assert_uint_eq(j.voices, 1);
    ck_assert_uint_eq(j.group, 7);
    ck_assert_int_eq(j.half_width_ns, MS + MS / 2); /* 99 ... 102 ms: the most modest of both */
}
END_TEST

/* Whatever at most f liars say, the truth (zero) is in the hull and within the half-width of the aim. */
START_TEST(the_truth_is_in_it)
{
    struct prop p = prop_start("the_truth_is_in_it", 4101);
    for (int round = 0, rounds = prop_share(200000, 100); round < rounds; round++) {
        struct judge_voice v[REFCLOCKS_MAX];
        size_t n = 1 + prop_below(&p, REFCLOCKS_MAX), liars = prop_below(&p, (n - 1) / 2 + 1);
        for (size_t i = 0; i < n; i++) {
            int64_t half = 1 + (int64_t)prop_below(&p, 1u << prop_below(&p, 30));
            int64_t error = (int64_t)prop_below(&p, 2 * (uint64_t)half + 1) - half;
            if (i < liars)
                error = (int64_t)prop_below(&p, UINT64_C(1) << 62) - (INT64_C(1) << 61) + half;
            v[i] = voice(error, half, (uint8_t)prop_below(&p, TAISTAMP_CLOCK_ASSUMED + 1));
        }
        struct judgement j;
        ck_assert_int_eq(judge_agree(v, n, &j), JUDGE_AGREED);
        ck_assert_int_le(j.hull.earliest_ns, 0);
        ck_assert_int_ge(j.hull.latest_ns, 0);
        ck_assert_int_le(j.aim_ns < 0 ? -j.aim_ns : j.aim_ns, j.half_width_ns);
        for (size_t i = liars; i < n; i++)
            ck_assert((j.outvoted & 1u << i) == 0 || n > 1);
    }
}
END_TEST

/* ---- Peers ---- */

static struct view_source peer(uint32_t node, int64_t tai, int64_t half, uint16_t group)
{
    return (struct view_source){.node = {node},
                                .server = true,
                                .reachable = true,
                                .has_reference = true,
                                .samples = 10,
                                .rate_ps_per_s = 1000 * (int64_t)node,
                                .skew_ps_per_s = 100,
                                .reference = {.present = true,
                                              .group = group,
                                              .raw = {90 * S},
                                              .tai = {tai - 10 * S},
                                              .half_width = {half},
                                              .growth = {1000}}};
}

START_TEST(peers_speak_by_their_own_references)
{
    struct timekeeper_peers peers;
    struct view_source s[5] = {peer(2, 1000 * S, MS, 0), peer(3, 1000 * S + MS, MS, 0),
                               peer(4, 2000 * S, MS, 0), peer(5, 1000 * S, MS, 0), peer(6, 1000 * S, MS, 0)};
    s[3].has_reference = false;
    s[4].server = false;
    timekeeper_peers_of(s, 5, (tai_mono_t){100 * S}, &peers);
    ck_assert_uint_eq(peers.voices, 3);
    ck_assert(peers.agreed);
    ck_assert_int_eq(peers.hull.earliest.ns, 1000 * S - 10 * US); /* 10 s at 1 ppm */
    ck_assert_int_eq(peers.hull.latest.ns, 1000 * S + MS + 10 * US);
    ck_assert(peers.excludes); /* one of three, or of four with ours */
    ck_assert_int_eq(peers.allowed.earliest.ns, peers.hull.earliest.ns);
    ck_assert_int_eq(peers.allowed.latest.ns, peers.hull.latest.ns);

    timekeeper_peers_of(s + 1, 2, (tai_mono_t){100 * S}, &peers);
    ck_assert_uint_eq(peers.voices, 2);
    ck_assert(!peers.agreed);
    ck_assert(peers.excludes); /* one of three with ours: all that either says */
    ck_assert_int_eq(peers.allowed.earliest.ns, 1000 * S - 10 * US);
    ck_assert_int_eq(peers.allowed.latest.ns, 2000 * S + MS + 10 * US);
    s[1].reference.group = s[2].reference.group = 9;
    timekeeper_peers_of(s + 1, 2, (tai_mono_t){100 * S}, &peers);
    ck_assert_uint_eq(peers.voices, 1);
    timekeeper_peers_of(s, 0, (tai_mono_t){100 * S}, &peers);
    ck_assert(!peers.agreed && !peers.excludes && peers.voices == 0);
}
END_TEST

START_TEST(peers_with_impossible_numbers_have_no_say)
{
    struct timekeeper_peers peers;
    struct view_source s[6];
    for (unsigned i = 0; i < 6; i++)
        s[i] = peer(i + 2, 1000 * S, MS, 0);
    s[0].reference.tai.ns = INT64_MAX;
    s[1].reference.half_width.ns = -1;
    s[2].reference.raw.ns = INT64_MIN;
    s[3].reference.rate_ps_per_s = INT64_MAX;
    s[4].verdict = VIEW_REJECT;
    s[5].reachable = false;
    timekeeper_peers_of(s, 6, (tai_mono_t){100 * S}, &peers);
    ck_assert_uint_eq(peers.voices, 0);
}
END_TEST

/* ---- Evidence ---- */

static struct refclock_evidence sky(void)
{
    struct refclock_evidence e = {.connected = true,
                                  .device = "/dev/ttyACM0",
                                  .mode = 3,
                                  .has_position = true,
                                  .latitude_ndeg = INT64_C(60170000000),
                                  .longitude_ndeg = INT64_C(24940000000),
                                  .altitude_mm = 20000,
                                  .jamming = -1,
                                  .satellites_seen = 10,
                                  .satellites_used = 8,
                                  .satellites_count = 8};
    for (unsigned i = 0; i < 8; i++)
        e.satellites[i] = (struct refclock_satellite){
            .number = (uint16_t)i, .cn0_ddbhz = (int16_t)(300 + 20 * i), .used = true};
    return e;
}

START_TEST(an_antenna_that_moves_is_seen_if_it_was_surveyed)
{
    struct evidence_watch w = {0}, loose = {0};
    struct refclock_evidence e = sky();
    for (unsigned i = 0; i < EVIDENCE_SURVEY; i++) {
        e.latitude_ndeg += i % 2 == 0 ? 50000 : -50000; /* 5 m of noise */
        ck_assert_uint_eq(evidence_look(&w, true, &e), 0);
        ck_assert_uint_eq(evidence_look(&loose, false, &e), 0);
    }
    e.longitude_ndeg += 1000000; /* 55 m at 60 degrees north */
    ck_assert_uint_eq(evidence_look(&w, true, &e), 0);
    ck_assert_int_ge(evidence_distance_mm(&w, &e), 54500);
    ck_assert_int_le(evidence_distance_mm(&w, &e), 56500);
    e.longitude_ndeg += 1000000;
    ck_assert_uint_eq(evidence_look(&w, true, &e), TIMEKEEPER_MOVED);
    ck_assert_uint_eq(evidence_look(&loose, false, &e), 0);
    e.latitude_ndeg = -INT64_C(90000000000);
    e.longitude_ndeg = -INT64_C(180000000000);
    ck_assert_uint_eq(evidence_look(&w, true, &e), TIMEKEEPER_MOVED);
}
END_TEST

START_TEST(signals_of_one_transmitter_are_alike)
{
    struct evidence_watch w = {0};
    struct refclock_evidence e = sky();
    for (unsigned i = 0; i < 8; i++)
        e.satellites[i].cn0_ddbhz = (int16_t)(420 + i);
    ck_assert_uint_eq(evidence_look(&w, true, &e), TIMEKEEPER_UNIFORM);
    e.satellites[7].cn0_ddbhz = 300;
    ck_assert_uint_eq(evidence_look(&w, true, &e), 0);
    e.satellites[7].used = false;
    ck_assert_uint_eq(evidence_look(&w, true, &e), TIMEKEEPER_UNIFORM);
    e.satellites[6].used = e.satellites[5].used = false; /* five are too few to say so */
    ck_assert_uint_eq(evidence_look(&w, true, &e), 0);
}
END_TEST

START_TEST(a_drop_and_jamming_are_shown_for_their_time)
{
    struct evidence_watch w = {0};
    struct refclock_evidence e = sky();
    ck_assert_uint_eq(evidence_look(&w, true, &e), 0);
    e.satellites_used = 4;
    for (unsigned i = 0; i < EVIDENCE_DROPPED_FOR; i++)
        ck_assert_uint_eq(evidence_look(&w, true, &e), TIMEKEEPER_DROPPED);
    ck_assert_uint_eq(evidence_look(&w, true, &e), 0);
    e.jamming = 127;
    ck_assert_uint_eq(evidence_look(&w, true, &e), 0);
    e.jamming = 128;
    ck_assert_uint_eq(evidence_look(&w, true, &e), TIMEKEEPER_JAMMING);
}
END_TEST

/* A restart of gpsd, or a cable that is pulled, must not look like an attack, and must not hide one that was seen. */
START_TEST(what_is_gone_drops_no_satellites)
{
    struct evidence_watch w = {0};
    struct refclock_evidence e = sky(), gone = {.jamming = -1, .connected = _i == 1};
    ck_assert_uint_eq(evidence_look(&w, true, &e), 0);
    ck_assert_uint_eq(evidence_look(&w, true, &gone), 0);
    e.satellites_used = 3; /* those that are found first */
    ck_assert_uint_eq(evidence_look(&w, true, &e), 0);
    e.satellites_used = 8;
    ck_assert_uint_eq(evidence_look(&w, true, &e), 0);
    e.satellites_used = 4;
    ck_assert_uint_eq(evidence_look(&w, true, &e), TIMEKEEPER_DROPPED);
    ck_assert_uint_eq(evidence_look(&w, true, &gone), TIMEKEEPER_DROPPED);
}
END_TEST

/* inf and NaN of a receiver have become some number; 255 satellites are counted. */
START_TEST(any_evidence_is_survived)
{
    struct prop p = prop_start("any_evidence_is_survived", 4102);
    struct evidence_watch w = {0};
    for (unsigned i = 0; i < 20000; i += prop_step(20)) {
        struct refclock_evidence e = sky();
        int64_t *n[3] = {&e.latitude_ndeg, &e.longitude_ndeg, &e.altitude_mm};
        for (unsigned k = 0; k < 3; k++)
            *n[k] = prop_below(&p, 2) ? (int64_t)prop_u64(&p) : prop_below(&p, 2) ? INT64_MIN : INT64_MAX;
        if (prop_below(&p, 2))
            e.latitude_ndeg = e.longitude_ndeg = 0;
        e.satellites_count = (uint16_t)prop_u64(&p);
        e.satellites_used = (uint16_t)prop_u64(&p);
        e.jamming = (int16_t)prop_u64(&p);
        e.satellites[0].cn0_ddbhz = (int16_t)prop_u64(&p);
        ck_assert_uint_lt(evidence_look(&w, true, &e), 16);
    }
}
END_TEST

START_TEST(every_reason_has_words)
{
    for (unsigned i = 0; i < TIMEKEEPER_REASONS; i++)
        ck_assert_uint_gt(strlen(timekeeper_reason_words((enum timekeeper_reason)i)), 0);
    static const struct {
        enum refclock_driver driver;
        enum taistamp_clock_source stated, kind;
    } rows[] = {
        {REFCLOCK_GPSD, TAISTAMP_CLOCK_ASSUMED, TAISTAMP_CLOCK_GPS},
        {REFCLOCK_NTP, TAISTAMP_CLOCK_GPS, TAISTAMP_CLOCK_UPSTREAM},
        {REFCLOCK_KERNEL, TAISTAMP_CLOCK_GPS, TAISTAMP_CLOCK_SYSTEM},
        {REFCLOCK_SYSTEM_CLOCK, TAISTAMP_CLOCK_GPS, TAISTAMP_CLOCK_ASSUMED},
        {REFCLOCK_SHM, TAISTAMP_CLOCK_UPSTREAM, TAISTAMP_CLOCK_UPSTREAM},
        {REFCLOCK_SOCK, TAISTAMP_CLOCK_GPS, TAISTAMP_CLOCK_GPS},
        {REFCLOCK_PPS, TAISTAMP_CLOCK_ASSUMED, TAISTAMP_CLOCK_ASSUMED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct refclock_settings source = {.driver = rows[i].driver, .kind = rows[i].stated};
        ck_assert_int_eq(timekeeper_kind(&source), rows[i].kind);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("timekeeper_judge");
    TCase *tc = tcase_create("all");
    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, nobody_says_nothing);
    tcase_add_test(tc, a_receiver_among_servers);
    tcase_add_test(tc, two_that_differ_decide_nothing);
    tcase_add_test(tc, one_of_three_is_outvoted);
    tcase_add_test(tc, those_of_one_group_count_once);
    tcase_add_test(tc, the_truth_is_in_it);
    tcase_add_test(tc, peers_speak_by_their_own_references);
    tcase_add_test(tc, peers_with_impossible_numbers_have_no_say);
    tcase_add_test(tc, an_antenna_that_moves_is_seen_if_it_was_surveyed);
    tcase_add_test(tc, signals_of_one_transmitter_are_alike);
    tcase_add_test(tc, a_drop_and_jamming_are_shown_for_their_time);
    tcase_add_loop_test(tc, what_is_gone_drops_no_satellites, 0, 2);
    tcase_add_test(tc, any_evidence_is_survived);
    tcase_add_test(tc, every_reason_has_words);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
