/* SPDX-License-Identifier: Apache-2.0 */
/* Time without a master: the midpoint converges against two-faced liars; lines carried between timelines never lie. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "client/core/fallback.h"
#include "client/core/placement.h"
#include "sdk/sync/line.h"
#include "tests/unit/prop.h"

#define S  INT64_C(1000000000)
#define T0 (INT64_C(1790000000) * S)

static struct fallback_input input_of(const int64_t *offsets, size_t count, unsigned servers, bool server)
{
    struct fallback_input in = {.server = server, .servers = servers, .has_own = true, .own = {T0}};
    in.own_half_width.ns = 1000;
    in.evidence.faults = fallback_faults(servers);
    in.evidence.needed = 1;
    in.evidence.witnesses_count = count;
    for (size_t i = 0; i < count; i++)
        in.evidence.witnesses[i] =
            (struct guard_witness){{(uint32_t)i + 1}, {T0 + offsets[i]}, {20000}, 0, 0};
    return in;
}

START_TEST(the_midpoint_of_the_header)
{
    int64_t offsets[] = {30, -20, 9000};
    struct fallback_input in = input_of(offsets, 3, 4, true);
    in.evidence.witnesses[2].half_width.ns = 10;
    in.rates_ps_per_s[0] = 300;
    in.rates_ps_per_s[1] = -200;
    in.rates_ps_per_s[2] = 90000;
    struct fallback_result r = fallback_midpoint(&in);
    ck_assert(r.moved);
    ck_assert_int_eq(r.move_ns, 15);
    ck_assert_int_eq(r.rate_ps_per_s, 150);
    ck_assert_int_eq(r.half_width.ns, 1015);
}
END_TEST

START_TEST(too_few_do_not_move_it)
{
    int64_t offsets[] = {30, -20, 50};
    struct fallback_input in = input_of(offsets, 1, 4, true);
    ck_assert(!fallback_midpoint(&in).moved);
    in = input_of(offsets, 0, 3, true);
    ck_assert(!fallback_midpoint(&in).moved);
    in = input_of(offsets, 1, 3, true); /* with us a majority of three */
    ck_assert(fallback_midpoint(&in).moved);
    in = input_of(offsets, 2, 4, false); /* a lab machine: not more than 2f */
    ck_assert(!fallback_midpoint(&in).moved);
}
END_TEST

START_TEST(a_lab_machine_goes_to_where_the_servers_are)
{
    int64_t offsets[] = {5000, 5100, 5200, -90000};
    struct fallback_input in = input_of(offsets, 4, 4, false);
    in.evidence.witnesses[3].half_width.ns = 10;
    struct fallback_result r = fallback_midpoint(&in);
    ck_assert(r.moved);
    ck_assert_int_eq(r.move_ns, 5050);
    in.has_own = false; /* and from nothing */
    r = fallback_midpoint(&in);
    ck_assert(r.moved);
    ck_assert_int_eq(r.move_ns, T0 + 5050);
    for (int i = 0; i < 4; i++)
        in.evidence.witnesses[i].sigma_ns = 1000;
    in.has_own = true; /* noise of 1 us: only what goes beyond two of it */
    ck_assert_int_eq(fallback_midpoint(&in).move_ns, 3050);
}
END_TEST

/* NUMBERS: start +-100, read error +-1; each liar tells each node what hurts most. */
START_TEST(two_faced_liars_do_not_keep_servers_apart)
{
    static const unsigned sizes[][2] = {{4, 1}, {5, 1}, {7, 2}};
    unsigned n = sizes[_i][0], f = sizes[_i][1];
    int64_t worst = 0;
    for (uint64_t seed = 1; seed <= 30; seed++) {
        struct prop p = {seed * 977};
        int64_t at[7];
        for (unsigned i = 0; i < n; i++)
            at[i] = (int64_t)prop_below(&p, 200001) - 100000;
        for (int round = 0; round < 60; round++) {
            int64_t next[7];
            for (unsigned i = 0; i < n - f; i++) {
                int64_t offsets[7];
                size_t count = 0;
                for (unsigned k = 0; k < n; k++) {
                    if (k == i)
                        continue;
                    int64_t says = k < n - f ? at[k] + (int64_t)prop_below(&p, 2001) - 1000
                                             : at[i] + (i % 2 == 0 ? 150000 : -150000);
                    offsets[count++] = says - at[i];
                }
                struct fallback_input in = input_of(offsets, count, n, true);
                for (size_t k = 0; k < count; k++)
                    in.evidence.witnesses[k].half_width.ns = 400000;
                struct fallback_result r = fallback_midpoint(&in);
                ck_assert(r.moved);
                next[i] = at[i] + r.move_ns;
            }
            memcpy(at, next, (n - f) * sizeof at[0]);
        }
        int64_t low = at[0], high = at[0];
        for (unsigned i = 1; i < n - f; i++) {
            low = at[i] < low ? at[i] : low;
            high = at[i] > high ? at[i] : high;
        }
        worst = high - low > worst ? high - low : worst;
    }
    printf("n = %u, f = %u: worst skew %.2f of 200\n", n, f, (double)worst / 1000);
    ck_assert_int_le(worst, 2500);
}
END_TEST

/* ---- Placement ---- */

/* Worlds of two oscillators and true time: what is carried across holds the truth, both ways and back. */
START_TEST(what_is_carried_holds_the_truth)
{
    struct prop p = prop_start("placement", 8);
    for (int round = 0, rounds = prop_rounds(20000); round < rounds; round++) {
        /* true time t, ours = a0 + t (1 + ra), its = b0 + t (1 + rb), line exact within h */
        int64_t ra = (int64_t)prop_below(&p, 200000001) - 100000000,
                rb = (int64_t)prop_below(&p, 200000001) - 100000000;
        int64_t h = (int64_t)prop_below(&p, 100000), path = (int64_t)prop_below(&p, 100000);
        int64_t t = 1000 * S + (int64_t)prop_below(&p, 1000 * (uint64_t)S),
                dt = (int64_t)prop_below(&p, 20 * (uint64_t)S);
        int64_t a = 7 * S + t + line_gain_ns(t, ra), b = 90 * S + t + line_gain_ns(t, rb);
        int64_t b_line = 90 * S + (t - dt) + line_gain_ns(t - dt, rb);
        int64_t off = (int64_t)prop_below(&p, 2 * (uint64_t)path + 1) - path;
        int64_t wrong = (int64_t)prop_below(&p, 2 * (uint64_t)h + 1) - h;
        struct peer_placement placement = {.local_timeline = {1},
                                           .remote_timeline = {2},
                                           .local = {a},
                                           .remote = {b + off},
                                           .rate_ps_per_s = rb - ra,
                                           .half_width_ns = path + 3,
                                           .growth = {50}};
        struct sync_line line = {.timeline = {2},
                                 .raw = {b_line},
                                 .tai = {T0 + t - dt + wrong},
                                 .half_width = {h},
                                 .rate_ps_per_s = -rb + rb / 1000 * (rb / 1000) / 1000000,
                                 .growth = {20},
                                 .expires = {b_line + 60 * S},
                                 .status = TAISTAMP_STATUS_SYNCHRONISED};
        struct sync_line ours, back;
        ck_assert(placement_carry(&placement, &line, &ours));
        struct tai_interval i = line_interval(&ours, (tai_mono_t){a});
        ck_assert(i.earliest.ns <= T0 + t && T0 + t <= i.latest.ns);
        ck_assert_int_ge(ours.half_width.ns, h + path);
        ck_assert_uint_eq(ours.timeline.id, 1);
        ck_assert(placement_carry_back(&placement, &ours, &back));
        ck_assert_uint_eq(back.timeline.id, 2);
        i = line_interval(&back, (tai_mono_t){b});
        ck_assert(i.earliest.ns <= T0 + t && T0 + t <= i.latest.ns);
        int64_t drift = back.rate_ps_per_s - line.rate_ps_per_s;
        ck_assert_msg(drift <= 5 && drift >= -5, "rate %lld", (long long)drift);
        ck_assert_int_ge(back.half_width.ns, ours.half_width.ns + path);
    }
}
END_TEST

START_TEST(nothing_is_carried_from_another_timeline_or_past_its_expiry)
{
    struct peer_placement p = {.local_timeline = {1},
                               .remote_timeline = {2},
                               .local = {100 * S},
                               .remote = {500 * S},
                               .half_width_ns = 200000};
    struct sync_line line = {.timeline = {2},
                             .raw = {500 * S},
                             .tai = {T0},
                             .half_width = {5000},
                             .rate_ps_per_s = 3000000,
                             .expires = {560 * S},
                             .status = TAISTAMP_STATUS_SYNCHRONISED},
                     out;
    p.rate_ps_per_s = 2000000;
    ck_assert(placement_carry(&p, &line, &out));
    ck_assert_int_eq(out.tai.ns, T0);
    ck_assert_int_eq(out.rate_ps_per_s, 5000006 - 0);
    ck_assert(out.half_width.ns >= 205000 && out.half_width.ns <= 205300);
    ck_assert_int_le(out.expires.ns, 160 * S);
    line.timeline.id = 3;
    ck_assert(!placement_carry(&p, &line, &out));
    line.timeline.id = 2;
    p.remote.ns = 561 * S;
    ck_assert(!placement_carry(&p, &line, &out));
    p.remote.ns = 500 * S;
    line.status = TAISTAMP_STATUS_UNKNOWN;
    ck_assert(!placement_carry(&p, &line, &out));
    line.status = TAISTAMP_STATUS_SYNCHRONISED;
    line.half_width.ns = INT64_MAX;
    ck_assert(!placement_carry(&p, &line, &out));
    struct sync_reference none = {.present = false}, reference;
    ck_assert(!placement_reference(&p, &none, &reference));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("fallback");
    TCase *c = tcase_create("fallback");
    tcase_add_test(c, the_midpoint_of_the_header);
    tcase_add_test(c, too_few_do_not_move_it);
    tcase_add_test(c, a_lab_machine_goes_to_where_the_servers_are);
    tcase_add_loop_test(c, two_faced_liars_do_not_keep_servers_apart, 0, 3);
    tcase_add_test(c, what_is_carried_holds_the_truth);
    tcase_add_test(c, nothing_is_carried_from_another_timeline_or_past_its_expiry);
    suite_add_tcase(suite, c);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
