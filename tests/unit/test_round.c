/* SPDX-License-Identifier: Apache-2.0 */
/* The master's round: references and their lies, the interval that is never false, continuity, relative time. */
#include <check.h>
#include <stdlib.h>

#include "sdk/time/arith.h"
#include "sdk/time/page.h"
#include "server/clock/core/round.h"
#include "tests/unit/prop.h"

#define S   INT64_C(1000000000)
#define US  INT64_C(1000)
#define MS  INT64_C(1000000)
#define PPM INT64_C(1000000)
#define T0  (INT64_C(1700000000) * S)

static const sync_timeline_t here = {77};
static const struct round_settings settings = {.self = {1},
                                               .servers = 5,
                                               .f = 1,
                                               .rate_bound = {50000},
                                               .floor = {1000},
                                               .settle_ns = 8 * S,
                                               .in_use_ns = 10 * S,
                                               .life_ns = 60 * S};

/* Truth at raw r, when the own oscillator is `slow_ps` slow. */
static tai_t truth(int64_t raw, int64_t slow_ps)
{
    return round_advance((tai_t){T0}, raw, slow_ps);
}

static struct round_reference reference(uint32_t node, int64_t raw, int64_t slow_ps, int64_t error,
                                        int64_t width)
{
    struct sync_reference r = {.present = true,
                               .raw = {raw},
                               .tai = {truth(raw, slow_ps).ns + error},
                               .half_width = {width},
                               .rate_ps_per_s = slow_ps,
                               .growth = {1000}};
    return (struct round_reference){{node}, r};
}

static int64_t line_error(const struct round *r, int64_t raw, int64_t slow_ps)
{
    return round_advance(r->line.tai, raw - r->line.raw.ns, r->line.rate_ps_per_s).ns -
           truth(raw, slow_ps).ns;
}

static int64_t width_at(const struct round *r, int64_t raw)
{
    return r->line.half_width.ns + bound_growth((tai_span_t){raw - r->line.raw.ns}, r->line.growth).ns;
}

START_TEST(two_liars_of_five_do_not_pull)
{
    struct round r;
    round_init(&r, &settings);
    round_take_up(&r, (tai_mono_t){S}, NULL);
    for (int64_t s = 1; s < 100; s++) {
        struct round_reference refs[5];
        for (uint32_t i = 0; i < 5; i++) {
            int64_t lie = i == 3 ? 80 * US : i == 4 ? 150 * US : (int64_t)i * 300 - 300;
            refs[i] = reference(i + 1, s * S, 12 * PPM, lie, 5 * MS);
        }
        ck_assert(round_step(&r, here, (tai_mono_t){s * S}, refs, 5, NULL, 0));
        ck_assert_int_le(llabs(line_error(&r, s * S, 12 * PPM)), 2 * US);
        ck_assert_int_ge(width_at(&r, s * S), llabs(line_error(&r, s * S, 12 * PPM)));
    }
    ck_assert_int_eq(r.line.status, TAISTAMP_STATUS_SYNCHRONISED);
    ck_assert_uint_eq(r.f_ref, 2);
}
END_TEST

START_TEST(worked_number_of_the_header)
{
    struct round r;
    round_init(&r, &settings);
    struct sync_line line = {
        .timeline = here, .raw = {S}, .tai = truth(S, 0), .status = TAISTAMP_STATUS_SYNCHRONISED};
    round_take_up(&r, (tai_mono_t){S}, &line);
    static const int64_t lie[5][2] = {{0, 10}, {2, 10}, {-1, 10}, {80, 10}, {150, 10}};
    struct round_reference refs[5];
    for (uint32_t i = 0; i < 5; i++) {
        refs[i] = reference(i + 1, S, 0, lie[i][0] * US, lie[i][1] * US);
        refs[i].reference.growth.ppb = 0;
    }
    ck_assert(round_step(&r, here, (tai_mono_t){S}, refs, 5, NULL, 0));
    ck_assert_int_eq(r.hull_earliest_ns, -8 * US);
    ck_assert_int_eq(r.hull_latest_ns, 9 * US);
    ck_assert_int_eq(r.line.half_width.ns, 9 * US);
    ck_assert_int_eq(r.line.rate_ps_per_s, 1 * PPM); /* 2 us in 2 s */
    int64_t by;
    ck_assert(round_consistent(&r, &refs[0].reference, &by));
    ck_assert(!round_consistent(&r, &refs[3].reference, &by));
    ck_assert_int_eq(by, 61 * US);
}
END_TEST

/* Who is not heard may be honest and who is heard a liar: f does not shrink with what is missing. */
START_TEST(missing_references_count_as_honest)
{
    static const int64_t off[3] = {0, 5 * US, -5 * US};
    struct round r;
    for (uint32_t missing = 0; missing <= 2; missing += 2) {
        struct round_reference refs[3];
        round_init(&r, &settings);
        round_take_up(&r, (tai_mono_t){S}, NULL);
        for (uint32_t i = 0; i < 3; i++) {
            refs[i] = reference(i + 1, S, 0, off[i], 10 * US);
            refs[i].reference.growth.ppb = 0;
        }
        r.missing = missing;
        ck_assert(round_step(&r, here, (tai_mono_t){S}, refs, 3, NULL, 0));
        ck_assert_uint_eq(r.f_ref, missing == 0 ? 1 : 2);
        ck_assert_int_eq(r.hull_latest_ns - r.hull_earliest_ns, (missing == 0 ? 20 : 30) * US);
    }
}
END_TEST

START_TEST(correlated_references_count_once)
{
    struct round r;
    round_init(&r, &settings);
    round_take_up(&r, (tai_mono_t){S}, NULL);
    struct round_reference refs[3];
    for (uint32_t i = 0; i < 3; i++) {
        refs[i] = reference(i + 1, S, 0, 0, 10 * US);
        refs[i].reference.group = 9;
    }
    ck_assert(round_step(&r, here, (tai_mono_t){S}, refs, 3, NULL, 0));
    ck_assert_uint_eq(r.voices, 1);
    ck_assert_int_eq(r.line.status, TAISTAMP_STATUS_SINGLE_REFERENCE);
    /* Three that lie together against two that do not: one voice against two. */
    struct round_reference five[5] = {refs[0], refs[1], refs[2], reference(4, 2 * S, 0, 0, 10 * US),
                                      reference(5, 2 * S, 0, 0, 10 * US)};
    for (int i = 0; i < 3; i++)
        five[i].reference.tai.ns += 500 * US;
    round_take_up(&r, (tai_mono_t){2 * S}, NULL);
    ck_assert(round_step(&r, here, (tai_mono_t){2 * S}, five, 5, NULL, 0));
    ck_assert_int_le(llabs(line_error(&r, 2 * S, 0)), 10 * US);
}
END_TEST

START_TEST(contradiction_runs_free_and_widens)
{
    struct round r;
    round_init(&r, &settings);
    round_take_up(&r, (tai_mono_t){S}, NULL);
    struct round_reference good = reference(1, S, 5 * PPM, 0, 10 * US);
    ck_assert(round_step(&r, here, (tai_mono_t){S}, &good, 1, NULL, 0));
    int64_t before = r.line.half_width.ns;
    for (int64_t s = 2; s < 4000; s++) {
        struct round_reference two[2] = {reference(1, s * S, 5 * PPM, 0, 10 * US),
                                         reference(2, s * S, 5 * PPM, MS, 10 * US)};
        ck_assert(round_step(&r, here, (tai_mono_t){s * S}, two, 2, NULL, 0));
        ck_assert(r.contradicted);
        ck_assert_int_eq(r.state, ROUND_HOLDOVER);
        ck_assert_int_eq(r.line.status, TAISTAMP_STATUS_SINGLE_REFERENCE);
        ck_assert_int_gt(r.line.half_width.ns, before);
        before = r.line.half_width.ns;
    }
    ck_assert_int_ge(r.line.growth.ppb, 50000); /* by now only the data sheet counts */
}
END_TEST

/* Honest references at random widths and errors inside them, f of them liars of any kind, coming and going: the interval
 * holds the truth at each step and up to the next, and phase never jumps. */
START_TEST(truth_is_always_inside)
{
    struct prop p = prop_start("truth_is_always_inside", 11);
    for (int story = 0, stories = prop_rounds(300); story < stories; story++) {
        struct round r;
        round_init(&r, &settings);
        int64_t slow = (int64_t)prop_below(&p, 80 * (uint64_t)PPM) - 40 * PPM;
        round_take_up(&r, (tai_mono_t){S}, NULL);
        uint32_t m = 3 + (uint32_t)prop_below(&p, 5), f = (m - 1) / 2;
        int64_t lie = (int64_t)prop_below(&p, 2 * (uint64_t)MS) - MS;
        int64_t raw = S, shown = 0;
        bool has = false;
        for (int step = 0; step < 150; step++) {
            struct round_reference refs[8];
            uint32_t seen = prop_below(&p, 10) == 0 ? 0 : m;
            for (uint32_t i = 0; i < seen; i++) {
                int64_t width = US + (int64_t)prop_below(&p, 200 * (uint64_t)US);
                int64_t error = (int64_t)prop_below(&p, (uint64_t)(2 * width + 1)) - width;
                refs[i] = reference(i + 1, raw - (int64_t)prop_below(&p, 500 * (uint64_t)MS), slow,
                                    i < f ? lie : error, width);
            }
            bool line = round_step(&r, here, (tai_mono_t){raw}, refs, seen, NULL, 0);
            ck_assert(line == has || line);
            if (has)
                ck_assert_msg(llabs(r.line.tai.ns - shown) <= 1, "story %d: phase jumps by %lld", story,
                              (long long)(r.line.tai.ns - shown));
            has = line;
            int64_t next = raw + 900 * MS + (int64_t)prop_below(&p, 200 * (uint64_t)MS);
            for (int64_t at = raw; line && at <= next; at += next - raw)
                ck_assert_msg(width_at(&r, at) >= llabs(line_error(&r, at, slow)),
                              "story %d step %d: off by %lld, half-width %lld", story, step,
                              (long long)line_error(&r, at, slow), (long long)width_at(&r, at));
            raw = next;
            if (line)
                shown = round_advance(r.line.tai, raw - r.line.raw.ns, r.line.rate_ps_per_s).ns;
        }
    }
}
END_TEST

START_TEST(new_master_goes_on_where_the_line_is)
{
    struct round r;
    round_init(&r, &settings);
    struct sync_line line = {.timeline = here,
                             .raw = {5 * S},
                             .tai = {T0},
                             .half_width = {120 * US},
                             .rate_ps_per_s = 8 * PPM,
                             .growth = {1000},
                             .status = TAISTAMP_STATUS_RELATIVE};
    round_take_up(&r, (tai_mono_t){7 * S}, &line);
    ck_assert_int_eq(r.line.tai.ns, T0 + 2 * S + 16 * US);
    int64_t shown = r.line.tai.ns;
    for (int64_t s = 8; s < 40; s++) {
        ck_assert(round_step(&r, here, (tai_mono_t){s * S}, NULL, 0, NULL, 0));
        ck_assert_int_le(llabs(r.line.tai.ns - (shown + S + 8 * US)), 1);
        ck_assert_int_eq(r.line.rate_ps_per_s, 8 * PPM);
        ck_assert_int_eq(r.line.status, TAISTAMP_STATUS_RELATIVE);
        /* Inherited until the predecessor's corrections are gone. */
        ck_assert_int_eq(r.line.half_width.ns, s - 7 > 8 ? 0 : 120 * US);
        shown = r.line.tai.ns;
    }
}
END_TEST

/* Taken up from a first reading that was off by tens of ms, inside what it said: cluster time is where the references are at
 * once, and does not begin anew (nobody voids its line for it). Just outside, or where its own interval denies that they can be there, it is drawn. */
START_TEST(far_outside_of_the_references_it_is_set_down)
{
    static const int64_t off[] = {40 * MS, -40 * MS, 900 * US, -900 * US, 40 * MS};
    for (int i = 0; i < 5; i++) {
        struct round r;
        round_init(&r, &settings);
        struct sync_line line = {.timeline = here,
                                 .raw = {S},
                                 .tai = {truth(S, 0).ns + off[i]},
                                 .half_width = {i == 4 ? MS : 50 * MS},
                                 .growth = {1000},
                                 .status = TAISTAMP_STATUS_SINGLE_REFERENCE};
        round_take_up(&r, (tai_mono_t){S}, &line);
        struct round_reference ref = reference(1, 2 * S, 0, 3 * US, 20 * US);
        ck_assert(round_step(&r, here, (tai_mono_t){2 * S}, &ref, 1, NULL, 0));
        ck_assert(!r.begun);
        ck_assert_int_eq(r.state, ROUND_STEERED);
        bool far = i < 2;
        ck_assert_int_le(llabs(line_error(&r, 2 * S, 0) - (far ? 3 * US : off[i])), 2);
        ck_assert_int_ge(width_at(&r, 2 * S), llabs(line_error(&r, 2 * S, 0)));
        ck_assert_int_le(width_at(&r, 2 * S), (far ? 0 : llabs(off[i])) + 30 * US);
        int64_t by;
        ck_assert(round_consistent(&r, &ref.reference, &by));
    }
}
END_TEST

/* What followers were told at one step. */
struct told {
    int64_t at, tai, rate, growth_ppb;
};

/* Founders come and go, and are measured badly at first: whoever goes by what the master's line said at some step is within
 * the width that grew with it until the correction ends. */
/* A machine whose hardware clock lost its date: relative time by it is years off when a receiver comes. Absolute time begins where the
 * receiver is, in one step; and one far off that contradicts an absolute line does not move it at all. */
START_TEST(years_off_it_begins_at_the_reference)
{
    static const int64_t years[] = {-8, 8, 50, -56, 100};
    for (int i = 0; i < 5; i++) {
        struct round r;
        round_init(&r, &settings);
        struct sync_line line = {.timeline = here,
                                 .raw = {S},
                                 .tai = {truth(S, 0).ns - years[i] * 365 * 86400 * S},
                                 .half_width = {0},
                                 .growth = {1000},
                                 .status = TAISTAMP_STATUS_RELATIVE};
        round_take_up(&r, (tai_mono_t){S}, &line);
        struct round_reference ref = reference(1, 2 * S, 0, 3 * US, 20 * US);
        ck_assert(round_step(&r, here, (tai_mono_t){2 * S}, &ref, 1, NULL, 0));
        ck_assert(r.begun);
        ck_assert_int_eq(r.line.status, TAISTAMP_STATUS_SINGLE_REFERENCE);
        ck_assert_int_le(llabs(line_error(&r, 2 * S, 0) - 3 * US), 2);
        ck_assert_int_le(width_at(&r, 2 * S), 30 * US);
        struct round_reference far[] = {ref, reference(2, 3 * S, 0, years[i] * 365 * 86400 * S, 20 * US)};
        (void)round_step(&r, here, (tai_mono_t){3 * S}, far, 2, NULL, 0);
        ck_assert(!page_status_has_interval(r.line.status) ||
                  width_at(&r, 3 * S) >= llabs(line_error(&r, 3 * S, 0)));
    }
}
END_TEST

START_TEST(relative_rate_keeps_what_was_told)
{
    enum { STEPS = 400, MEMBERS = 4, LIFE_S = 8 };
    static struct told told[STEPS];
    int64_t fastest = 0, moved = 0, runs = prop_share(60, 4);
    struct prop p = prop_start("promise", 41);
    for (int run = 0; run < runs; run++) {
        struct round r;
        int64_t ppm[MEMBERS], up_from[MEMBERS];
        round_init(&r, &settings);
        round_take_up(&r, (tai_mono_t){0}, NULL);
        round_start(&r, here, (tai_mono_t){0}, (tai_t){T0});
        for (int i = 0; i < MEMBERS; i++) {
            ppm[i] = (int64_t)prop_below(&p, 80) - 40;
            up_from[i] = (int64_t)prop_below(&p, 120);
        }
        int64_t first = 0;
        for (int64_t s = 1; s < STEPS; s++) {
            struct ensemble_reading readings[MEMBERS];
            size_t n = 0;
            for (int i = 0; i < MEMBERS; i++) {
                int64_t age = s - up_from[i], skew = age > 0 ? 1000000 / age / age : 0;
                if (age < 1 || (run % 3 == 0 && prop_below(&p, 20) == 0))
                    continue;
                int64_t noise = skew == 0 ? 0 : (int64_t)prop_below(&p, 2 * (uint64_t)skew) - skew;
                if (s == 250 && i == 0) /* the room became warmer */
                    ppm[i] += 2;
                readings[n++] = (struct ensemble_reading){{(uint32_t)i + 2}, ppm[i] * PPM + noise, skew};
            }
            ck_assert(round_step(&r, here, (tai_mono_t){s * S}, NULL, 0, readings, n));
            told[s] = (struct told){s, r.line.tai.ns, r.line.rate_ps_per_s, r.line.growth.ppb};
            first = s == 1 ? r.line.rate_ps_per_s : first;
            for (int64_t then = s > LIFE_S ? s - LIFE_S : 1; then < s; then++) {
                int64_t ran = s - then, by_it = told[then].tai + ran * S + ran * told[then].rate / 1000;
                int64_t off = llabs(by_it - r.line.tai.ns), grown = ran * told[then].growth_ppb;
                ck_assert_msg(off <= grown + 2, "run %d, step %lld: told at %lld, %lld ns off, %lld grown",
                              run, (long long)s, (long long)then, (long long)off, (long long)grown);
            }
        }
        int64_t by = llabs(told[STEPS - 1].rate - first);
        moved += by > PPM;
        fastest = by > fastest ? by : fastest;
        ck_assert_int_le(told[STEPS - 1].growth_ppb, 1500); /* no more than it needs, once it has settled */
    }
    ck_assert_int_ge(moved, runs / 2); /* and the rate does go where the founders are */
    ck_assert_int_ge(fastest, 10 * PPM);
}
END_TEST

START_TEST(rounding_does_not_add_up)
{
    struct round r;
    round_init(&r, &settings);
    ensemble_continue(&r.ensemble, 333, true); /* a third of a ns in 1000 s */
    round_take_up(&r, (tai_mono_t){0}, NULL);
    round_start(&r, here, (tai_mono_t){0}, (tai_t){T0});
    for (int64_t s = 1; s <= 100000; s++)
        ck_assert(round_step(&r, here, (tai_mono_t){s * S}, NULL, 0, NULL, 0));
    ck_assert_int_le(llabs(r.line.tai.ns - (T0 + 100000 * S + 33300)), 1);
}
END_TEST

START_TEST(clients_are_polled_evenly)
{
    ck_assert_int_eq(round_client_poll_ns(0, S, 64 * S), S);
    ck_assert_int_eq(round_client_poll_ns(20, S, 64 * S), S);
    ck_assert_int_eq(round_client_poll_ns(1000, S, 64 * S), 10 * S);
    ck_assert_int_eq(round_client_poll_ns(1000, S, 4 * S), 4 * S);
    ck_assert_int_eq(round_client_poll_ns(20, 16 * S, 4 * S), 16 * S);
}
END_TEST

/* One node alone with several sources of its own: three make it synchronised, two do not; a peer's are not known. */
START_TEST(sources_of_our_own_reference_are_voices)
{
    for (unsigned own = 0; own < 5; own++)
        for (unsigned peer = 0; peer < 2; peer++) {
            struct round r;
            struct round_reference refs[2] = {reference(1, S, 0, 0, 10 * US), reference(2, S, 0, 0, 10 * US)};
            refs[0].reference.voices = (uint8_t)own;
            refs[1].reference.voices = peer != 0 ? 5 : 0; /* as no message can say */
            round_init(&r, &settings);
            round_take_up(&r, (tai_mono_t){S}, NULL);
            ck_assert(round_step(&r, here, (tai_mono_t){S}, refs, 1 + peer, NULL, 0));
            unsigned behind = (own > 1 ? own : 1) + peer;
            ck_assert_int_eq(r.line.status,
                             behind >= 3 ? TAISTAMP_STATUS_SYNCHRONISED : TAISTAMP_STATUS_SINGLE_REFERENCE);
            ck_assert_uint_eq(r.voices, 1 + peer);
        }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("round");
    TCase *tc = tcase_create("all");
    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, two_liars_of_five_do_not_pull);
    tcase_add_test(tc, sources_of_our_own_reference_are_voices);
    tcase_add_test(tc, worked_number_of_the_header);
    tcase_add_test(tc, missing_references_count_as_honest);
    tcase_add_test(tc, correlated_references_count_once);
    tcase_add_test(tc, contradiction_runs_free_and_widens);
    tcase_add_test(tc, truth_is_always_inside);
    tcase_add_test(tc, new_master_goes_on_where_the_line_is);
    tcase_add_test(tc, far_outside_of_the_references_it_is_set_down);
    tcase_add_test(tc, years_off_it_begins_at_the_reference);
    tcase_add_test(tc, relative_rate_keeps_what_was_told);
    tcase_add_test(tc, rounding_does_not_add_up);
    tcase_add_test(tc, clients_are_polled_evenly);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
