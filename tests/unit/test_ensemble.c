/* SPDX-License-Identifier: Apache-2.0 */
/* The time scale of many oscillators: founding, and that joins, leaves, liars and new masters do not move it. */
#include <check.h>
#include <stdlib.h>

#include "server/clock/core/ensemble.h"
#include "tests/unit/prop.h"

#define S   INT64_C(1000000000)
#define PPM INT64_C(1000000)

enum { MEMBERS = 5 };
static const int64_t issue_rates[MEMBERS] = {12 * PPM, -7 * PPM, 3 * PPM, -15 * PPM, 9 * PPM};

/* True rates of the oscillators against truth; who is master measures the others against itself. */
struct lab {
    struct prop prop;
    int64_t rate[MEMBERS];
    bool up[MEMBERS];
    size_t master;
    int64_t noise_ps; /* of measured rates, uniform +- */
    struct ensemble scale[MEMBERS];
};

static int64_t noise(struct lab *lab)
{
    return lab->noise_ps == 0
               ? 0
               : (int64_t)prop_below(&lab->prop, (uint64_t)(2 * lab->noise_ps + 1)) - lab->noise_ps;
}

static void lab_begin(struct lab *lab, struct prop prop, int64_t noise_ps)
{
    *lab = (struct lab){.prop = prop, .noise_ps = noise_ps};
    for (size_t i = 0; i < MEMBERS; i++) {
        lab->rate[i] = issue_rates[i];
        lab->up[i] = true;
        ensemble_init(&lab->scale[i], (sync_node_t){(uint32_t)i + 1}, MEMBERS, 1);
    }
}

static size_t measure(struct lab *lab, size_t who, struct ensemble_reading *ret)
{
    size_t n = 0;
    for (size_t i = 0; i < MEMBERS; i++)
        if (i != who && lab->up[i])
            ret[n++] = (struct ensemble_reading){
                {(uint32_t)i + 1}, ensemble_rate_over(lab->rate[i], lab->rate[who]) + noise(lab), 10000};
    return n;
}

/* One second: the master steps, the others keep the book by its line. Returns the rate of cluster time against truth. */
static int64_t lab_second(struct lab *lab)
{
    struct ensemble_reading readings[MEMBERS];
    size_t n = measure(lab, lab->master, readings);
    int64_t rate = ensemble_step(&lab->scale[lab->master], (tai_span_t){S}, readings, n);
    int64_t cluster = ensemble_rate_times(rate, lab->rate[lab->master]);
    for (size_t i = 0; i < MEMBERS; i++) {
        if (i == lab->master || !lab->up[i])
            continue;
        n = measure(lab, i, readings);
        ensemble_follow(&lab->scale[i], (tai_span_t){S}, readings, n,
                        ensemble_rate_over(cluster, lab->rate[i]) + noise(lab));
    }
    return cluster;
}

/* The master dies and `next` goes on with the line that it followed. */
static void lab_hand_over(struct lab *lab, size_t next, int64_t cluster)
{
    lab->up[lab->master] = false;
    lab->master = next;
    ensemble_continue(&lab->scale[next], ensemble_rate_over(cluster, lab->rate[next]), true);
}

static void ck_near(int64_t a, int64_t b, int64_t within, const char *what)
{
    ck_assert_msg(llabs(a - b) <= within, "%s: %lld and %lld differ by more than %lld", what, (long long)a,
                  (long long)b, (long long)within);
}

START_TEST(average_is_of_the_largest_cluster)
{
    size_t kept;
    int64_t crazy[] = {5, 1, 3, 1000, 2};
    ck_assert_int_eq(ensemble_average(crazy, 5, 10, 1, 0, &kept),
                     3); /* 1 [2 3] 5: mean 2.5, half away from zero */
    ck_assert_uint_eq(kept, 2);
    int64_t two[] = {0, 100};
    ck_assert_int_eq(ensemble_average(two, 2, 10, 0, 90, &kept), 100); /* of equals the one that is near */
    int64_t alone[] = {-7};
    ck_assert_int_eq(ensemble_average(alone, 1, 0, 5, 0, &kept), -7);
    /* Three sigmas would keep the liar: it makes the sigma. */
    int64_t ten[] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 1000000};
    ck_assert_int_eq(ensemble_average(ten, 10, 200, 3, 0, &kept), 0);
}
END_TEST

START_TEST(rates_compose)
{
    ck_assert_int_eq(ensemble_rate_times(100 * PPM, 100 * PPM), 200 * PPM + 10000);
    ck_assert_int_eq(ensemble_rate_over(200 * PPM + 10000, 100 * PPM), 100 * PPM);
    struct prop p = prop_start("rates_compose", 3);
    for (int i = 0; i < 100000; i++) {
        int64_t a = (int64_t)prop_below(&p, 1000000000) - 500000000;
        int64_t b = (int64_t)prop_below(&p, 800000000) - 400000000;
        ck_near(ensemble_rate_over(ensemble_rate_times(a, b), b), a, 2, "there and back");
    }
}
END_TEST

START_TEST(founders_give_the_trimmed_mean)
{
    struct lab lab;
    lab_begin(&lab, prop_start("founders", 1), 0);
    int64_t cluster = 0;
    for (int i = 0; i < 120; i++)
        cluster = lab_second(&lab);
    ck_near(cluster, (9 + 3 - 7) * PPM / 3, 5000, "mean without the extremes");
}
END_TEST

START_TEST(death_of_the_fastest_moves_nothing)
{
    struct lab lab;
    lab_begin(&lab, prop_start("death", 2), 20000);
    int64_t cluster = 0;
    for (int i = 0; i < 1000; i++)
        cluster = lab_second(&lab);
    int64_t before = cluster;
    lab_hand_over(&lab, 1, cluster);
    for (int i = 0; i < 2000; i++)
        ck_near(lab_second(&lab), before, PPM / 10, "rate after the death");
    /* And the next two, until two are left. */
    lab_hand_over(&lab, 3, before);
    for (int i = 0; i < 1000; i++)
        ck_near(lab_second(&lab), before, PPM / 10, "rate after the second");
}
END_TEST

START_TEST(join_moves_nothing)
{
    struct lab lab;
    lab_begin(&lab, prop_start("join", 4), 20000);
    lab.up[3] = false;
    int64_t before = 0;
    for (int i = 0; i < 600; i++)
        before = lab_second(&lab);
    lab.up[3] = true;
    for (int i = 0; i < 600; i++)
        ck_near(lab_second(&lab), before, PPM / 20, "rate after the join");
    ck_assert(ensemble_member_of(&lab.scale[0], (sync_node_t){4})->learned);
    ck_assert(ensemble_member_of(&lab.scale[0], (sync_node_t){4})->weighs);
}
END_TEST

/* One of five goes mad in every way: jumps, drags slowly, alternates, is unsteady. The rate of the rest stays. */
START_TEST(crazy_member_moves_nothing)
{
    struct lab lab;
    struct prop prop = prop_start("crazy", 5);
    for (int story = 0; story < 40; story++) {
        lab_begin(&lab, prop, 5000);
        int64_t before = 0;
        for (int i = 0; i < 300; i++)
            before = lab_second(&lab);
        size_t mad = 1 + prop_below(&lab.prop, MEMBERS - 1);
        int64_t by = (int64_t)prop_below(&lab.prop, 400 * (uint64_t)PPM) - 200 * PPM;
        for (int i = 0; i < 1000; i++) {
            switch (story % 4) {
            case 0:
                lab.rate[mad] = issue_rates[mad] + by;
                break;
            case 1:
                lab.rate[mad] += by / 100000;
                break;
            case 2:
                lab.rate[mad] = issue_rates[mad] + (i / 7 % 2 == 0 ? by : -by);
                break;
            default:
                lab.rate[mad] = issue_rates[mad] + (int64_t)prop_below(&lab.prop, 2 * (uint64_t)PPM);
            }
            ck_near(lab_second(&lab), before, PPM / 20, "rate beside a madman");
        }
        prop = lab.prop;
    }
}
END_TEST

START_TEST(changed_oscillator_is_learned_anew)
{
    struct lab lab;
    lab_begin(&lab, prop_start("changed", 6), 0);
    int64_t before = 0;
    for (int i = 0; i < 300; i++)
        before = lab_second(&lab);
    lab.rate[2] += 5 * PPM;
    for (int i = 0; i < 15; i++)
        (void)lab_second(&lab);
    ck_assert(!ensemble_member_of(&lab.scale[0], (sync_node_t){3})->weighs);
    for (int i = 0; i < 60; i++)
        (void)lab_second(&lab);
    ck_assert(ensemble_member_of(&lab.scale[0], (sync_node_t){3})->weighs);
    ck_near(lab_second(&lab), before, PPM / 20, "rate");
}
END_TEST

START_TEST(alone_it_keeps_its_rate)
{
    struct ensemble e;
    ensemble_init(&e, (sync_node_t){1}, 1, 0);
    ck_assert_int_eq(ensemble_step(&e, (tai_span_t){S}, NULL, 0), 0);
    ensemble_init(&e, (sync_node_t){1}, 1, 0);
    ensemble_continue(&e, -3 * PPM, true);
    for (int i = 0; i < 100; i++)
        ck_assert_int_eq(ensemble_step(&e, (tai_span_t){S}, NULL, 0), -3 * PPM);
}
END_TEST

START_TEST(told_frequencies_let_members_weigh_at_once)
{
    struct ensemble e;
    ensemble_init(&e, (sync_node_t){1}, 3, 0);
    ensemble_continue(&e, 4 * PPM, true);
    ensemble_told(&e, (sync_node_t){2}, 6 * PPM);
    struct ensemble_reading r = {{2}, -2 * PPM, 1000};
    (void)ensemble_step(&e, (tai_span_t){S}, &r, 1);
    ck_assert(ensemble_member_of(&e, (sync_node_t){2})->weighs);
    ensemble_forget(&e, (sync_node_t){2});
    (void)ensemble_step(&e, (tai_span_t){S}, &r, 1);
    ck_assert(!ensemble_member_of(&e, (sync_node_t){2})->weighs);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ensemble");
    TCase *tc = tcase_create("all");
    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, average_is_of_the_largest_cluster);
    tcase_add_test(tc, rates_compose);
    tcase_add_test(tc, founders_give_the_trimmed_mean);
    tcase_add_test(tc, death_of_the_fastest_moves_nothing);
    tcase_add_test(tc, join_moves_nothing);
    tcase_add_test(tc, crazy_member_moves_nothing);
    tcase_add_test(tc, changed_oscillator_is_learned_anew);
    tcase_add_test(tc, alone_it_keeps_its_rate);
    tcase_add_test(tc, told_frequencies_let_members_weigh_at_once);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
