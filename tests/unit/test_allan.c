/* SPDX-License-Identifier: Apache-2.0 */
/* sdk/sync/allan: against the textbook's figures for known noises, and against the definition computed afresh. */
#include <check.h>
#include <math.h>
#include <stdlib.h>

#include "sdk/sync/allan.h"
#include "tests/sim/random.h"
#include "tests/unit/prop.h"

#define S INT64_C(1000000000)

static double row(const struct allan *allan, int64_t tau_s, uint64_t *ret_differences)
{
    struct allan_row rows[ALLAN_OCTAVES];
    size_t n = allan_table(allan, rows);
    for (size_t i = 0; i < n; i++)
        if (rows[i].tau_s == tau_s) {
            *ret_differences = rows[i].differences;
            return (double)rows[i].deviation_fs_per_s * 1e-15;
        }
    ck_abort_msg("no row");
    return 0;
}

START_TEST(white_noise_of_phase)
{
    struct allan allan = {0};
    struct rnd r = {1};
    for (int64_t t = 0; t < 40000; t++)
        allan_take(&allan, t * S, 500 + t * 12000 + (int64_t)lround(1000 * rnd_gauss(&r)));
    for (int64_t tau = 1; tau <= 1024; tau *= 4) {
        uint64_t n;
        double expected = sqrt(3) * 1e-6 / (double)tau, seen = row(&allan, tau, &n);
        ck_assert_msg(fabs(seen / expected - 1) < 0.15, "tau %lld: %g, not %g", (long long)tau, seen,
                      expected);
    }
}
END_TEST

START_TEST(random_walk_of_the_rate)
{
    struct allan allan = {0};
    struct rnd r = {2};
    double rate = 0, phase = 0;
    for (int64_t t = 0; t < 200000; t++) {
        allan_take(&allan, t * S, (int64_t)llround(phase));
        phase += rate;
        rate += 100 * rnd_gauss(&r); /* 1e-7 per root second */
    }
    for (int64_t tau = 16; tau <= 1024; tau *= 4) {
        uint64_t n;
        double expected = 1e-7 * sqrt((double)tau / 3), seen = row(&allan, tau, &n);
        ck_assert_msg(fabs(seen / expected - 1) < 0.15, "tau %lld: %g, not %g", (long long)tau, seen,
                      expected);
    }
}
END_TEST

/* Every difference that the overlap asks for, by the definition. */
START_TEST(as_defined)
{
    enum { N = 500 };
    static int64_t x[N];
    struct allan allan = {0};
    struct rnd r = {3};
    for (int64_t t = 0; t < N; t++) {
        x[t] = (int64_t)lround(1e6 * rnd_gauss(&r));
        allan_take(&allan, t * S, x[t]);
    }
    for (int64_t tau = 1; tau <= 128; tau *= 2) {
        int64_t step = tau < 4 ? 1 : tau / 4;
        double sum = 0;
        uint64_t n = 0, seen_n;
        for (int64_t t = 0; t + 2 * tau < N; t += step, n++)
            sum += pow((double)(x[t + 2 * tau] - 2 * x[t + tau] + x[t]) / (double)tau * 1e-9, 2);
        double seen = row(&allan, tau, &seen_n);
        ck_assert_uint_eq(seen_n, n);
        ck_assert(fabs(seen / sqrt(sum / (double)n / 2) - 1) < 1e-6);
    }
}
END_TEST

START_TEST(a_steady_rate_is_nothing_and_gaps_are_no_jumps)
{
    struct allan allan = {0};
    struct prop p = prop_start("gaps", 61);
    struct allan_row rows[ALLAN_OCTAVES];
    ck_assert_uint_eq(allan_table(&allan, rows), 0);
    int64_t at = 0, jump = 0;
    for (int k = 0; k < 20000; k++) {
        at += S + (int64_t)prop_below(&p, 20000000) - 10000000; /* not quite each second */
        if (prop_below(&p, 500) == 0)
            at += 100 * S; /* the phase went on as it did */
        if (prop_below(&p, 500) == 0) {
            allan_cut(&allan);
            jump += 1000000;
        }
        allan_take(&allan, at, at / 100000 + jump);
        allan_take(&allan, at, 0); /* the same reading again */
    }
    size_t n = allan_table(&allan, rows);
    ck_assert_uint_ge(n, 5);
    for (size_t i = 0; i < n; i++)
        ck_assert_int_le(rows[i].deviation_fs_per_s, 2000000 / rows[i].tau_s); /* rounding to 1 ns */
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("allan");
    TCase *t = tcase_create("allan");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, white_noise_of_phase);
    tcase_add_test(t, random_walk_of_the_rate);
    tcase_add_test(t, as_defined);
    tcase_add_test(t, a_steady_rate_is_nothing_and_gaps_are_no_jumps);
    suite_add_tcase(suite, t);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
