/* SPDX-License-Identifier: Apache-2.0 */
/* sdk/sync/real against the mathematics library. */
#include <check.h>
#include <math.h>

#include "sdk/sync/real.h"
#include "tests/unit/prop.h"

static void near(double got, double want, double relative, double argument)
{
    ck_assert_msg(fabs(got - want) <= relative * fabs(want), "of %.17g: %.17g, not %.17g", argument, got,
                  want);
}

/* Any size, logarithmically. */
static double any_size(struct prop *p, double exponents)
{
    double e = ((double)(prop_u64(p) >> 11) / 9007199254740992.0 * 2 - 1) * exponents;
    return exp2(e);
}

START_TEST(elementary)
{
    struct prop p = prop_start("elementary", 120);
    for (int i = 0, draws = prop_rounds(200000); i < draws; i++) {
        double x = any_size(&p, 900), y = (any_size(&p, 9)) * (i % 2 == 0 ? 1 : -1);
        near(real_sqrt(x), sqrt(x), 1e-14, x);
        near(real_log(x), log(x), 1e-13, x);
        near(real_exp(y), exp(y), 1e-12, y);
        near(real_log(1 + y * 1e-6), log1p((1 + y * 1e-6) - 1), 1e-10, y);
    }
    ck_assert(real_sqrt(0) == 0 && real_sqrt(-1) == 0 && real_sqrt(4) == 2);
    ck_assert(real_exp(0) == 1 && real_exp(-1e9) == 0 && isfinite(real_exp(1e9)));
    ck_assert(real_log(1) == 0 && real_log(0) == -1e300 && real_abs(-2) == 2 && real_abs(2) == 2);
}
END_TEST

START_TEST(rounds)
{
    ck_assert(real_round(0.5) == 1 && real_round(-0.5) == -1 && real_round(0.49) == 0 &&
              real_round(-1.6) == -2);
    ck_assert(real_round(1e19) == INT64_MAX && real_round(-1e19) == INT64_MIN);
    ck_assert(real_round(-9.2233720368547748e18) == INT64_MIN &&
              real_round(9.2233720368547748e18) == INT64_MAX);
}
END_TEST

START_TEST(tail)
{
    for (double a = -37; a < 37; a += 0.01) {
        double mass = 0.5 * erfc(-a / sqrt(2)), density = exp(-a * a / 2) / sqrt(2 * acos(-1));
        struct real_tail t = real_tail_below(a);
        ck_assert_msg(fabs(t.log_mass - log(mass)) <= 1e-10 * fabs(log(mass)) + 1e-12,
                      "log mass below %g: %.17g", a, t.log_mass);
        near(t.ratio, density / mass, 1e-9, a);
    }
    /* Far out the ratio is -a - 1/a and a little less. */
    for (double a = -1e6; a < -40; a /= 1.5)
        near(real_tail_below(a).ratio + a, -1 / a, 2 / (a * a) + 1e-15 * a * a, a);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("real");
    TCase *t = tcase_create("real");
    suite_add_tcase(s, t);
    tcase_set_timeout(t, 60);
    tcase_add_test(t, elementary);
    tcase_add_test(t, rounds);
    tcase_add_test(t, tail);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed == 0 ? 0 : 1;
}
