/* SPDX-License-Identifier: Apache-2.0 */
/* sdk/sync/oscillator: growth follows what was measured, between the class's floor and twice the declared bound. */
#include <check.h>

#include "sdk/sync/oscillator.h"
#include "sdk/time/arith.h"
#include "tests/unit/prop.h"

START_TEST(names)
{
    for (int i = 0; i < OSCILLATOR_CLASSES; i++) {
        enum oscillator_class back = OSCILLATOR_CLASSES;
        ck_assert(oscillator_parse(bytes_of_str(oscillator_name((enum oscillator_class)i)), &back));
        ck_assert(back == (enum oscillator_class)i);
        ck_assert(oscillator_floor(back).ppb >= 1 &&
                  oscillator_floor(back).ppb < oscillator_declared(back).ppb);
    }
    enum oscillator_class class = OSCILLATOR_OCXO;
    ck_assert(!oscillator_parse(BYTES_LIT("PC"), &class) && !oscillator_parse(BYTES_LIT(""), &class));
    ck_assert(class == OSCILLATOR_OCXO);
    ck_assert_int_eq(oscillator_declared(OSCILLATOR_PC).ppb, 50000);
}
END_TEST

START_TEST(growth)
{
    tai_ppb_t declared = {50000};
    tai_span_t life = {15 * NS_PER_S};
    /* The header's number: the floor. */
    ck_assert_int_eq(oscillator_growth(OSCILLATOR_PC, declared, 20000, 1000, life).ppb, 1000);
    ck_assert_int_eq(oscillator_growth(OSCILLATOR_TCXO, declared, 20000, 1000, life).ppb, 120);
    /* Not measured at all: twice the declared bound, for both the measured rate and the truth are within it. */
    ck_assert_int_eq(oscillator_growth(OSCILLATOR_PC, declared, INT64_MAX, 0, life).ppb, 100000);
    ck_assert_int_eq(oscillator_growth(OSCILLATOR_PC, declared, 0, INT64_MAX, (tai_span_t){INT64_MAX}).ppb,
                     100000);
    ck_assert_int_eq(oscillator_growth(OSCILLATOR_RUBIDIUM, (tai_ppb_t){0}, 0, 0, (tai_span_t){0}).ppb, 1);
}
END_TEST

START_TEST(growth_is_monotone)
{
    struct prop p = prop_start("growth_is_monotone", 131);
    for (int i = 0, rounds = prop_rounds(50000); i < rounds; i++) {
        enum oscillator_class class = (enum oscillator_class)prop_below(&p, OSCILLATOR_CLASSES);
        tai_ppb_t declared = {(int32_t)prop_below(&p, 500000)};
        int64_t skew = (int64_t)prop_below(&p, 1000000), wander = (int64_t)prop_below(&p, 100000);
        tai_span_t life = {(int64_t)prop_below(&p, 3600) * NS_PER_S};
        int32_t g = oscillator_growth(class, declared, skew, wander, life).ppb;
        ck_assert(g >= oscillator_floor(class).ppb);
        ck_assert(g <= 2 * declared.ppb || g <= 2 * oscillator_floor(class).ppb);
        ck_assert(oscillator_growth(class, declared, skew + 1000, wander, life).ppb >= g);
        ck_assert(oscillator_growth(class, declared, skew, wander + 1000, life).ppb >= g);
        ck_assert(oscillator_growth(class, declared, skew, wander, (tai_span_t){life.ns + NS_PER_S}).ppb >=
                  g);
    }
}
END_TEST

START_TEST(plausible)
{
    tai_ppb_t declared = {50000};
    ck_assert(oscillator_plausible(declared, 50000000) && oscillator_plausible(declared, -50002500));
    ck_assert(!oscillator_plausible(declared, 51000000) && !oscillator_plausible(declared, -51000000));
}
END_TEST

int main(void)
{
    Suite *s = suite_create("oscillator");
    TCase *t = tcase_create("oscillator");
    suite_add_tcase(s, t);
    tcase_set_timeout(t, 60);
    tcase_add_test(t, names);
    tcase_add_test(t, growth);
    tcase_add_test(t, growth_is_monotone);
    tcase_add_test(t, plausible);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed == 0 ? 0 : 1;
}
