/* SPDX-License-Identifier: Apache-2.0 */
/* What a timekeeper keeps over a restart: one form, taken back to the same, and nothing else. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/clock/core/timekeeper_record.h"

static const char good[] =
    "taistamp-references-1\nknown 1795262400\nrate -12034567000 +-1500000\nageing 1200 +-900\n"
    "coefficient 0 +-8000\nwander 1250000\ntemperature 301250\nseconds 86400\nwritten 1795262401\n"
    "timeline 18446744073709551615\n";
static const char fresh[] =
    "taistamp-references-1\nknown 5\nrate 0 +-0\nageing 0 +-0\ncoefficient 0 +-0\nwander 0\n"
    "temperature 0\nseconds 0\nwritten 0\ntimeline 0\n";

static bool parse(const char *text, size_t len, struct timekeeper_memory *ret)
{
    return timekeeper_record_parse(bytes_of(text, len), ret);
}

static void assert_prints(const struct timekeeper_memory *m, const char *expected)
{
    char text[TIMEKEEPER_RECORD_LEN_MAX];
    struct out out = out_of(text, sizeof text);
    timekeeper_record_print(m, &out);
    ck_assert(out_terminate(&out));
    ck_assert_str_eq(text, expected);
}

START_TEST(test_round_trip)
{
    struct timekeeper_memory m;
    ck_assert(parse(good, strlen(good), &m));
    ck_assert(m.learnt);
    ck_assert_int_eq(m.known.ns, 1795262400000000000);
    ck_assert_int_eq(m.oscillator.rates.rate_fs_per_s, -12034567000);
    ck_assert_int_eq(m.oscillator.rates.coefficient_sigma_fs_per_s_k, 8000);
    ck_assert_int_eq(m.oscillator.temperature_mk, 301250);
    ck_assert_uint_eq(m.oscillator.written_tai_s, 1795262401);
    ck_assert_uint_eq(m.oscillator.timeline.id, UINT64_MAX);
    assert_prints(&m, good);
    ck_assert(parse(fresh, strlen(fresh), &m));
    ck_assert(!m.learnt);
    assert_prints(&m, fresh);
}
END_TEST

START_TEST(test_refused)
{
    static const struct {
        const char *from, *to;
    } changes[] = {{"references-1", "references-2"},
                   {"known 1", "known -1"},
                   {"known 1795262400", "known 9223372037"},
                   {"known 1795262400", "known 01"},
                   {"+-1500000", "+-0"},
                   {"+-900", "+-0"},
                   {"+-8000", "+-0"},
                   {"+-1500000", "-1500000"},
                   {"+-1500000", "+--1500000"},
                   {"rate -12034567000", "rate 9007199254740993"},
                   {"coefficient 0", "coefficient -0"},
                   {"wander 1250000", "wander -1"},
                   {"seconds 86400", "seconds"},
                   {"seconds 86400", "seconds 86400 "},
                   {"temperature", "warmth"},
                   {"timeline 1", "timeline 01"},
                   {"timeline 1", "timeline 9"},
                   {"timeline 18446744073709551615\n", ""},
                   {"timeline 18446744073709551615\n", "timeline 18446744073709551615"},
                   {"timeline 18446744073709551615\n", "timeline 18446744073709551615\nmore 1\n"},
                   {"ageing 1200 +-900\n", ""}};
    struct timekeeper_memory m = {.known = {77}};
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        char text[TIMEKEEPER_RECORD_LEN_MAX];
        const char *at = strstr(good, changes[i].from);
        ck_assert_ptr_nonnull(at);
        snprintf(text, sizeof text, "%.*s%s%s", (int)(at - good), good, changes[i].to,
                 at + strlen(changes[i].from));
        ck_assert_msg(!parse(text, strlen(text), &m), "case %zu", i);
    }
    for (size_t len = 0; len < strlen(good); len++)
        ck_assert_msg(!parse(good, len, &m), "cut at %zu", len);
    ck_assert_int_eq(m.known.ns, 77);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("timekeeper_record");
    TCase *t = tcase_create("timekeeper_record");
    tcase_add_test(t, test_round_trip);
    tcase_add_test(t, test_refused);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
