/* SPDX-License-Identifier: Apache-2.0 */
/* sdk/base: strict text accepts exactly what its writers make; the bounded writer never writes past its end.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sdk/base/bytes.h"
#include "sdk/base/crc32c.h"
#include "sdk/base/error.h"
#include "sdk/base/text.h"
#include "tests/unit/prop.h"

/* SplitMix64 (Steele, Lea, Flood 2014): small, seedable, good enough to choose test inputs. */
static uint64_t random_next(uint64_t *state)
{
    uint64_t z = (*state += UINT64_C(0x9E3779B97F4A7C15));
    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

static uint64_t test_seed(void)
{
    const char *given = getenv("TEST_SEED");
    uint64_t seed = given != NULL ? strtoull(given, NULL, 0) : (uint64_t)time(NULL);
    printf("TEST_SEED=%llu\n", (unsigned long long)seed);
    return seed;
}

START_TEST(numbers)
{
    static const struct {
        const char *text;
        uint64_t max;
        bool ok;
        uint64_t v;
    } row[] = {
        {"0", UINT64_MAX, true, 0},
        {"7", 7, true, 7},
        {"8", 7, false, 0},
        {"18446744073709551615", UINT64_MAX, true, UINT64_MAX},
        {"18446744073709551616", UINT64_MAX, false, 0},
        {"99999999999999999999", UINT64_MAX, false, 0},
        {"184467440737095516150", UINT64_MAX, false, 0},
        {"9223372036854775808", INT64_MAX, false, 0},
        {"9223372036854775807", INT64_MAX, true, INT64_MAX},
        {"", 9, false, 0},
        {"00", 9, false, 0},
        {"01", 9, false, 0},
        {"+1", 9, false, 0},
        {"-1", 9, false, 0},
        {" 1", 9, false, 0},
        {"1 ", 9, false, 0},
        {"1a", 99, false, 0},
        {"0x1", 99, false, 0},
        {"\xD9\xA1", 99, false, 0},
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        uint64_t v = 42;
        ck_assert_msg(text_read_u64(bytes_of_str(row[i].text), row[i].max, &v) == row[i].ok, "\"%s\"",
                      row[i].text);
        ck_assert_uint_eq(v, row[i].ok ? row[i].v : 42);
    }
}
END_TEST

START_TEST(numbers_round_trip)
{
    uint64_t state = test_seed();
    for (int i = 0, rounds = prop_rounds(100000); i < rounds; i++) {
        uint64_t v = random_next(&state) >> random_next(&state) % 64, back = ~v;
        char text[32];
        struct out o = out_of(text, sizeof text);
        out_u64(&o, v);
        ck_assert(text_read_u64(out_view(&o), UINT64_MAX, &back) && back == v);
    }
    char text[32];
    struct out o = out_of(text, sizeof text);
    out_i64(&o, INT64_MIN);
    ck_assert(out_terminate(&o));
    ck_assert_str_eq(text, "-9223372036854775808");
}
END_TEST

START_TEST(base64_known)
{
    /* RFC 4648 section 10. */
    static const char *const row[][2] = {{"", ""},
                                         {"f", "Zg=="},
                                         {"fo", "Zm8="},
                                         {"foo", "Zm9v"},
                                         {"foob", "Zm9vYg=="},
                                         {"fooba", "Zm9vYmE="},
                                         {"foobar", "Zm9vYmFy"}};
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        char text[16];
        uint8_t back[16];
        size_t len = 99;
        struct out o = out_of(text, sizeof text);
        out_base64(&o, bytes_of_str(row[i][0]));
        ck_assert(bytes_equal_str(out_view(&o), row[i][1]));
        ck_assert(base64_decode(bytes_of_str(row[i][1]), back, sizeof back, &len));
        ck_assert(bytes_equal_str(bytes_of(back, len), row[i][0]));
    }
    static const char *const bad[] = {"Zg",       "Zg=",      "Zh==",   "Zm9=",    "Z===", "====",
                                      "=",        "Zg==Zg==", "Zg==\n", " Zg==",   "Z-_=", "Zm 8",
                                      "Zm8=Zm8=", "Z=g=",     "Zm8*",   "\0\0\0\0"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        uint8_t back[16];
        size_t len = 99;
        ck_assert_msg(!base64_decode(bytes_of_str(bad[i]), back, sizeof back, &len) || bad[i][0] == 0,
                      "\"%s\"", bad[i]);
    }
    uint8_t small[2];
    size_t len;
    ck_assert(!base64_decode(bytes_of_str("Zm9v"), small, sizeof small, &len));
    ck_assert(base64_decode(bytes_of_str("Zm8="), small, sizeof small, &len) && len == 2);
}
END_TEST

/* Whatever a reader accepts is what the writer would have written. */
START_TEST(canonical)
{
    uint64_t state = test_seed();
    static const char alphabet[] = "AZaz09+/=%._~-2fF \n\xC3";
    unsigned accepted = 0;
    for (int i = 0, rounds = prop_rounds(400000); i < rounds; i++) {
        uint8_t text[12], raw[64];
        size_t n = (size_t)(random_next(&state) % sizeof text), len = 0;
        for (size_t j = 0; j < n; j++)
            text[j] = (uint8_t)alphabet[random_next(&state) % (sizeof alphabet - 1)];
        struct bytes in = bytes_of(text, n);
        char again[128];
        struct out o = out_of(again, sizeof again);
        if (base64_decode(in, raw, sizeof raw, &len)) {
            out_base64(&o, bytes_of(raw, len));
            ck_assert(bytes_equal(in, out_view(&o)));
            accepted++;
        }
        o = out_of(again, sizeof again);
        if (percent_decode(in, raw, sizeof raw, &len)) {
            percent_encode(bytes_of(raw, len), &o);
            ck_assert(bytes_equal(in, out_view(&o)));
            accepted++;
        }
        o = out_of(again, sizeof again);
        if (n % 2 == 0 && hex_decode(in, raw, n / 2)) {
            out_hex(&o, bytes_of(raw, n / 2));
            ck_assert(bytes_equal(in, out_view(&o)));
            accepted++;
        }
    }
    ck_assert_uint_gt(accepted, 1000);
}
END_TEST

START_TEST(percent_all_bytes)
{
    uint8_t all[256], back[256];
    for (size_t i = 0; i < 256; i++)
        all[i] = (uint8_t)i;
    char text[1024];
    size_t len;
    struct out o = out_of(text, sizeof text);
    percent_encode(bytes_of(all, 256), &o);
    ck_assert(percent_decode(out_view(&o), back, 256, &len) && len == 256 && memcmp(all, back, 256) == 0);
    ck_assert(!percent_decode(bytes_of_str("%2f"), back, 256, &len));
    ck_assert(!percent_decode(bytes_of_str("%41"), back, 256, &len));
    ck_assert(!percent_decode(bytes_of_str("%4"), back, 256, &len));
    ck_assert(!percent_decode(bytes_of_str("a b"), back, 256, &len));
    ck_assert(!percent_decode(bytes_of_str("abc"), back, 2, &len));
}
END_TEST

START_TEST(utf8)
{
    static const char *const good[] = {
        "", "a", "\xC2\x80", "\xE0\xA0\x80", "\xED\x9F\xBF", "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF"};
    static const char *const bad[] = {"\x80",
                                      "\xC0\x80",
                                      "\xC1\xBF",
                                      "\xC2",
                                      "\xE0\x9F\xBF",
                                      "\xED\xA0\x80",
                                      "\xEF\xBF",
                                      "\xF0\x8F\xBF\xBF",
                                      "\xF4\x90\x80\x80",
                                      "\xF5\x80\x80\x80",
                                      "\xFF",
                                      "a\xE2\x82"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        ck_assert_msg(utf8_valid(bytes_of_str(good[i])), "good %zu", i);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ck_assert_msg(!utf8_valid(bytes_of_str(bad[i])), "bad %zu", i);
    ck_assert(utf8_has_space(bytes_of_str("a\xE2\x80\xA8"
                                          "b")));
    ck_assert(utf8_has_space(bytes_of_str("a\xC2\xA0")));
    ck_assert(!utf8_has_space(bytes_of_str("a\xE2\x80\x94")));
}
END_TEST

/* For every capacity: nothing is written past it, and overflow is said exactly when something is missing. */
START_TEST(writer_bounds)
{
    for (size_t cap = 0; cap < 64; cap++) {
        uint8_t area[80];
        memset(area, 0xEE, sizeof area);
        struct out o = out_of(area, cap);
        out_str(&o, "abc");
        out_u64(&o, 1234567890);
        out_base64(&o, bytes_of_str("xyzzy"));
        out_hex(&o, bytes_of_str("hex"));
        out_be64(&o, 7);
        size_t need = 3 + 10 + 8 + 6 + 8;
        ck_assert_int_eq(o.overflow, cap < need);
        ck_assert_uint_le(o.len, cap);
        for (size_t i = cap; i < sizeof area; i++)
            ck_assert_uint_eq(area[i], 0xEE);
    }
}
END_TEST

START_TEST(line_walk)
{
    struct lines l = {BYTES_LIT("a\n\nb\nrest")};
    struct bytes line;
    ck_assert(lines_next(&l, &line) && bytes_equal_str(line, "a"));
    ck_assert(lines_next(&l, &line) && line.len == 0);
    ck_assert(lines_next(&l, &line) && bytes_equal_str(line, "b"));
    ck_assert(!lines_next(&l, &line) && bytes_equal_str(l.rest, "rest"));
    ck_assert(bytes_compare(BYTES_LIT("a"), BYTES_LIT("ab")) < 0 &&
              bytes_compare(BYTES_LIT("b"), BYTES_LIT("ab")) > 0);
    ck_assert(bytes_compare(BYTES_LIT(""), BYTES_LIT("")) == 0);
}
END_TEST

START_TEST(checksum)
{
    ck_assert_uint_eq(crc32c(BYTES_LIT("123456789")),
                      0xE3069283u); /* RFC 3720 B.4's polynomial, the usual check value */
    uint8_t zero[32] = {0};
    ck_assert_uint_eq(crc32c(bytes_of(zero, 32)), 0x8A9136AAu); /* RFC 3720 B.4 */
}
END_TEST

START_TEST(error_text)
{
    struct tai_error e;
    ck_assert_int_eq(error_set_detail(&e, TAI_ERR_FORMAT, "bad line", BYTES_LIT("a\x1b[2J\n")),
                     TAI_ERR_FORMAT);
    ck_assert_str_eq(e.text, "bad line: a\\x1b[2J\\x0a");
    ck_assert_int_eq(error_set(NULL, TAI_ERR_IO, "x"), TAI_ERR_IO);
    char longer[1000];
    memset(longer, 'y', sizeof longer - 1);
    longer[sizeof longer - 1] = 0;
    (void)error_set(&e, TAI_ERR_IO, longer);
    ck_assert_uint_eq(strlen(e.text), sizeof e.text - 1);
    /* The text itself holds paths too; and only what is broken is escaped, not what stands beside it. */
    (void)error_set(&e, TAI_ERR_IO, "cannot open /a\x1b[2J\n/\xC3\xA9\xFF\xC2\x9B\xE2\x80\xAE");
    ck_assert_str_eq(e.text, "cannot open /a\\x1b[2J\\x0a/\xC3\xA9\\xff\\xc2\\x9b\\xe2\\x80\\xae");
    /* Cut between characters: whatever the length, what is left is UTF-8. */
    for (size_t len = 390; len < 405; len++) {
        for (size_t i = 0; i < sizeof longer - 3; i += 3)
            memcpy(longer + i, "\xE2\x82\xAC", 3);
        memset(longer, 'y', len % 3);
        memmove(longer + len % 3, longer + 3, sizeof longer - 6);
        longer[sizeof longer - 1] = longer[sizeof longer - 2] = longer[sizeof longer - 3] = 0;
        (void)error_set(&e, TAI_ERR_IO, longer);
        ck_assert(utf8_valid(bytes_of_str(e.text)));
        ck_assert_uint_gt(strlen(e.text), sizeof e.text - 5);
        (void)error_set_detail(&e, TAI_ERR_IO, "x", bytes_of_str(longer));
        ck_assert(utf8_valid(bytes_of_str(e.text)));
    }
    for (int i = 0; i <= TAI_ERR_INTERRUPTED; i++)
        ck_assert_str_ne(taistamp_err_name((enum tai_err)i), "other");
}
END_TEST

int main(void)
{
    Suite *s = suite_create("base");
    TCase *t = tcase_create("base");
    suite_add_tcase(s, t);
    tcase_add_test(t, numbers);
    tcase_add_test(t, numbers_round_trip);
    tcase_add_test(t, base64_known);
    tcase_add_test(t, canonical);
    tcase_add_test(t, percent_all_bytes);
    tcase_add_test(t, utf8);
    tcase_add_test(t, writer_bounds);
    tcase_add_test(t, line_walk);
    tcase_add_test(t, checksum);
    tcase_add_test(t, error_text);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed == 0 ? 0 : 1;
}
