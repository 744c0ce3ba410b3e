/* SPDX-License-Identifier: Apache-2.0 */
/* sdk/sync/drift: one form only. */
#include <check.h>
#include <string.h>

#include "sdk/sync/drift.h"
#include "tests/unit/prop.h"

static const char good[] = "taistamp-drift-1\noscillator -12034567 +-1500\nwander 1250\nensemble 400 +-90\n"
                           "seconds 86400\nwritten 1793268000\n";

START_TEST(as_in_the_header)
{
    struct drift d;
    ck_assert(drift_parse(bytes_of_str(good), &d) == DRIFT_OK);
    ck_assert(d.oscillator_ps_per_s == -12034567 && d.oscillator_sigma_ps_per_s == 1500 &&
              d.wander_ps_per_s == 1250);
    ck_assert(d.ensemble_ps_per_s == 400 && d.ensemble_sigma_ps_per_s == 90);
    ck_assert(d.learnt_s == 86400 && d.written_tai_s == 1793268000);
}
END_TEST

static int64_t rate(struct prop *p, bool sign)
{
    int64_t v = (int64_t)(prop_below(p, (uint64_t)SYNC_RATE_PS_MAX + 1) >> prop_below(p, 31));
    return sign && prop_below(p, 2) == 0 ? -v : v;
}

START_TEST(round_trip)
{
    struct prop p = prop_start("round_trip", 130);
    for (int i = 0; i < 20000; i++) {
        struct drift d = {rate(&p, true),
                          rate(&p, false),
                          rate(&p, false),
                          rate(&p, true),
                          rate(&p, false),
                          prop_below(&p, DRIFT_SECONDS_MAX + 1),
                          prop_below(&p, DRIFT_SECONDS_MAX + 1)};
        if (i == 0)
            d = (struct drift){-SYNC_RATE_PS_MAX, SYNC_RATE_PS_MAX,  SYNC_RATE_PS_MAX, -SYNC_RATE_PS_MAX,
                               SYNC_RATE_PS_MAX,  DRIFT_SECONDS_MAX, DRIFT_SECONDS_MAX};
        char text[DRIFT_TEXT_MAX];
        struct out out = out_of(text, sizeof text);
        drift_print(&d, &out);
        ck_assert(!out.overflow);
        struct drift back;
        ck_assert(drift_parse(out_view(&out), &back) == DRIFT_OK);
        ck_assert(memcmp(&d, &back, sizeof d) == 0);
    }
}
END_TEST

/* Whatever is cut off, doubled or changed is refused, or is another file that prints as itself. */
START_TEST(strict)
{
    static const struct {
        const char *text;
        enum drift_verdict verdict;
    } rows[] = {
        {"", DRIFT_VERSION},
        {"taistamp-drift-2\n", DRIFT_VERSION},
        {"taistamp-drift-1\n", DRIFT_SYNTAX},
        {"taistamp-drift-1\noscillator -0 +-0\nwander 0\nensemble 0 +-0\nseconds 0\nwritten 0\n",
         DRIFT_SYNTAX},
        {"taistamp-drift-1\noscillator +1 +-0\nwander 0\nensemble 0 +-0\nseconds 0\nwritten 0\n",
         DRIFT_SYNTAX},
        {"taistamp-drift-1\noscillator 1 0\nwander 0\nensemble 0 +-0\nseconds 0\nwritten 0\n", DRIFT_SYNTAX},
        {"taistamp-drift-1\noscillator 1  +-0\nwander 0\nensemble 0 +-0\nseconds 0\nwritten 0\n",
         DRIFT_SYNTAX},
        {"taistamp-drift-1\noscillator 1 +--1\nwander 0\nensemble 0 +-0\nseconds 0\nwritten 0\n",
         DRIFT_SYNTAX},
        {"taistamp-drift-1\noscillator 1 +-0\nwander 0\nensemble 0 +-0\nseconds 0\nwritten 0\n\n",
         DRIFT_SYNTAX},
        {"taistamp-drift-1\noscillator 1 +-0\nwander 0\nensemble 0 +-0\nseconds 0\nwritten 0", DRIFT_SYNTAX},
        {"taistamp-drift-1\noscillator 1 +-0\nensemble 0 +-0\nwander 0\nseconds 0\nwritten 0\n",
         DRIFT_SYNTAX},
        {"taistamp-drift-1\noscillator 1000000001 +-0\nwander 0\nensemble 0 +-0\nseconds 0\nwritten 0\n",
         DRIFT_RANGE},
        {"taistamp-drift-1\noscillator 1 +-0\nwander 0\nensemble 0 +-0\nseconds 10000000001\nwritten 0\n",
         DRIFT_RANGE},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct drift d = {.learnt_s = 4711};
        enum drift_verdict verdict = drift_parse(bytes_of_str(rows[i].text), &d);
        ck_assert_msg(verdict == rows[i].verdict, "row %zu: %d", i, (int)verdict);
        ck_assert(d.learnt_s == 4711);
    }
    for (size_t len = 0; len < sizeof good - 1; len++) {
        struct drift d;
        ck_assert(drift_parse(bytes_of(good, len), &d) != DRIFT_OK);
    }
}
END_TEST

START_TEST(flipped_bits)
{
    for (size_t bit = 0; bit < 8 * (sizeof good - 1); bit++) {
        uint8_t bytes[sizeof good];
        memcpy(bytes, good, sizeof good);
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        struct bytes text = bytes_of(bytes, sizeof good - 1);
        struct drift d;
        if (drift_parse(text, &d) != DRIFT_OK)
            continue;
        char again[DRIFT_TEXT_MAX];
        struct out out = out_of(again, sizeof again);
        drift_print(&d, &out);
        ck_assert(bytes_equal(out_view(&out), text));
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("drift");
    TCase *t = tcase_create("drift");
    suite_add_tcase(s, t);
    tcase_set_timeout(t, 60);
    tcase_add_test(t, as_in_the_header);
    tcase_add_test(t, round_trip);
    tcase_add_test(t, strict);
    tcase_add_test(t, flipped_bits);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed == 0 ? 0 : 1;
}
