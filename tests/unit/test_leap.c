/* SPDX-License-Identifier: Apache-2.0 */
/* sdk/time/leap: a damaged table is never taken, and TAI, UTC and POSIX seconds agree around every leap second. */
#include <check.h>
#include <stdlib.h>

#include "sdk/time/arith.h"
#include "tests/unit/leap_tables.h"
#include "tests/unit/prop.h"

START_TEST(shipped)
{
    struct leap_table t = table_real();
    ck_assert_uint_ge(t.count, 28);
    ck_assert_int_eq(t.lines[0].posix_s, 63072000);
    ck_assert_int_eq(t.lines[27].posix_s, 1483228800);
    ck_assert_int_eq(t.lines[27].tai_utc_s, 37);
    ck_assert_int_eq(leap_line_from(&t, 27).ns, INT64_C(1483228837) * NS_PER_S);
    ck_assert_int_gt(t.expires_posix_s, t.updated_posix_s);
}
END_TEST

/* Whether the byte belongs to what a program reads: dates, data up to their comment, and the hash. */
static bool is_covered(const struct table_text *t, size_t at)
{
    size_t start = at;
    while (start > 0 && t->text[start - 1] != '\n')
        start--;
    if (t->text[at] == '\n')
        return false;
    if (t->text[start] == '#')
        return t->text[start + 1] == '$' || t->text[start + 1] == '@' || t->text[start + 1] == 'h';
    const char *comment = memchr(t->text + start, '#', at - start + 1);
    return comment == NULL;
}

START_TEST(every_flipped_bit_is_rejected)
{
    struct table_text t = table_shipped();
    struct leap_table table;
    unsigned covered = 0;
    for (size_t at = 0; at < t.len; at++) {
        if (!is_covered(&t, at))
            continue;
        covered++;
        for (int bit = 0; bit < 8; bit++) {
            t.text[at] ^= (char)(1 << bit);
            enum tai_err err = table_read(&t, &table, NULL);
            ck_assert_msg(err == TAI_ERR_FORMAT || err == TAI_ERR_CORRUPT || err == TAI_ERR_RANGE,
                          "byte %zu bit %d: %s", at, bit, taistamp_err_name(err));
            t.text[at] ^= (char)(1 << bit);
        }
    }
    ck_assert_uint_gt(covered, 28 * 14);
}
END_TEST

/* A digit replaced by any other digit is well formed, so the hash alone finds it, or the order of the lines. */
START_TEST(every_other_digit_is_rejected)
{
    struct table_text t = table_shipped();
    struct leap_table table;
    for (size_t at = 0; at < t.len; at++) {
        char original = t.text[at];
        if (!is_covered(&t, at) || original < '0' || original > '9')
            continue;
        for (char digit = '0'; digit <= '9'; digit++) {
            if (digit == original)
                continue;
            t.text[at] = digit;
            ck_assert_msg(table_read(&t, &table, NULL) != TAI_OK, "byte %zu as %c", at, digit);
        }
        t.text[at] = original;
    }
}
END_TEST

START_TEST(every_truncation_is_rejected)
{
    struct table_text t = table_shipped();
    struct leap_table table;
    size_t whole = t.len;
    ck_assert_int_eq(t.text[whole - 1], '\n');
    for (t.len = 0; t.len < whole - 1; t.len++)
        ck_assert_msg(table_read(&t, &table, NULL) != TAI_OK, "cut at %zu", t.len);
    ck_assert_int_eq(table_read(&t, &table, NULL), TAI_OK); /* only the last LF is missing */
}
END_TEST

START_TEST(every_missing_or_doubled_line_is_rejected)
{
    struct table_text t = table_shipped(), work;
    struct leap_table table;
    for (size_t start = 0; start < t.len;) {
        const char *lf = memchr(t.text + start, '\n', t.len - start);
        ck_assert_ptr_nonnull(lf);
        size_t len = (size_t)(lf - (t.text + start)) + 1;
        if (is_covered(&t, start)) {
            memcpy(work.text, t.text, start);
            memcpy(work.text + start, t.text + start + len, t.len - start - len);
            work.len = t.len - len;
            ck_assert_msg(table_read(&work, &table, NULL) != TAI_OK, "without the line at %zu", start);
            memcpy(work.text, t.text, start + len);
            memcpy(work.text + start + len, t.text + start, t.len - start);
            work.len = t.len + len;
            ck_assert_msg(table_read(&work, &table, NULL) != TAI_OK, "the line at %zu twice", start);
        }
        start += len;
    }
}
END_TEST

START_TEST(forms)
{
    static const struct {
        const char *text;
        enum tai_err err;
    } row[] = {
        {"", TAI_ERR_FORMAT},
        {"#$\t1\n#@\t2\n2272060800\t10\n", TAI_ERR_FORMAT},
        {"#@\t2\n2272060800\t10\n#h\t0 0 0 0 0\n", TAI_ERR_FORMAT},
        {"#$\t1\n2272060800\t10\n#h\t0 0 0 0 0\n", TAI_ERR_FORMAT},
        {"#$\t1\n#@\t2\n#h\t0 0 0 0 0\n", TAI_ERR_FORMAT},
        {"#$\t1\n#@\t2\n2272060800\t10\n#h\t0 0 0 0 0\n", TAI_ERR_CORRUPT},
        {"#$\t1\n#@\t2\n2272060800\t10\n#h\t0 0 0 0\n", TAI_ERR_FORMAT},
        {"#$\t1\n#@\t2\n2272060800\t10\n#h\t0 0 0 0 0 0\n", TAI_ERR_FORMAT},
        {"#$\t1\n#@\t2\n2272060800\t10\n#h\t000000000 0 0 0 0\n", TAI_ERR_FORMAT},
        {"#$\t1\n#@\t2\n2272060800\t10\n#h\tA 0 0 0 0\n", TAI_ERR_FORMAT},
        {"#$\t-1\n", TAI_ERR_FORMAT},
        {"#$\t1 2\n", TAI_ERR_FORMAT},
        {"#$\t01\n", TAI_ERR_FORMAT},
        {"#$\t99999999999\n", TAI_ERR_FORMAT},
        {"#$\t1\n#$\t1\n", TAI_ERR_FORMAT},
        {"2272060801\t10\n", TAI_ERR_FORMAT}, /* not 1972-01-01 */
        {"2272060800\t11\n", TAI_ERR_FORMAT}, /* not 10 s */
        {"2272060800\t10 x\n", TAI_ERR_FORMAT},
        {"2272060800\n", TAI_ERR_FORMAT},
        {"2272060800\t10\n2287785600\t12\n", TAI_ERR_FORMAT}, /* two seconds at once */
        {"2272060800\t10\n2287785600\t10\n", TAI_ERR_FORMAT}, /* no change */
        {"2272060800\t10\n2287785601\t11\n", TAI_ERR_FORMAT}, /* not midnight */
        {"2272060800\t10\n2287872000\t11\n", TAI_ERR_FORMAT}, /* the second of July */
        {"2272060800\t10\n2272060800\t11\n", TAI_ERR_FORMAT}, /* order */
        {"\xEF\xBB\xBF#$\t1\n", TAI_ERR_FORMAT},
    };
    struct leap_table table;
    struct tai_error error;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        struct bytes text = bytes_of(row[i].text, strlen(row[i].text));
        ck_assert_msg(leap_parse(text, leap_file_sha1, NULL, &table, &error) == row[i].err, "row %zu: %s", i,
                      error.text);
        ck_assert_uint_gt(strlen(error.text), 10);
    }
}
END_TEST

/* Tables that no timekeeper would publish, each with a right hash: the rule itself must refuse them. */
START_TEST(rules_hold_despite_a_right_hash)
{
    static const struct {
        struct leap_line lines[3];
        size_t n;
        enum tai_err err;
    } row[] = {
        {{{63072000, 10}, {78796800, 11}, {94694400, 12}}, 3, TAI_OK},
        {{{63072000, 10}, {78796800, 11}, {94694400, 10}}, 3, TAI_OK},
        {{{63072000, 11}}, 1, TAI_ERR_FORMAT},                 /* starts with another offset */
        {{{63072001, 10}}, 1, TAI_ERR_FORMAT},                 /* or at another second */
        {{{78796800, 11}}, 1, TAI_ERR_FORMAT},                 /* 1972-01-01 is missing */
        {{{63072000, 10}, {78796800, 12}}, 2, TAI_ERR_FORMAT}, /* two seconds at once */
        {{{63072000, 10}, {78796800, 8}}, 2, TAI_ERR_FORMAT},  /* two out */
        {{{63072000, 10}, {78796800, 10}}, 2, TAI_ERR_FORMAT}, /* no change */
        {{{63072000, 10}, {78796801, 11}}, 2, TAI_ERR_FORMAT}, /* not at midnight */
        {{{63072000, 10}, {78883200, 11}}, 2, TAI_ERR_FORMAT}, /* before the second of a month */
        {{{63072000, 10}, {63072000, 11}}, 2, TAI_ERR_FORMAT}, /* the same second twice */
        {{{63072000, 10}, {94694400, 11}, {78796800, 12}}, 3, TAI_ERR_FORMAT}, /* out of order */
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        struct table_text t = table_make(1700000000, 1900000000, row[i].lines, row[i].n);
        struct leap_table table;
        enum tai_err err = table_read(&t, &table, NULL);
        ck_assert_msg(err == row[i].err, "row %zu: %s", i, taistamp_err_name(err));
    }
}
END_TEST

START_TEST(crlf_and_short_hash_words)
{
    struct table_text t = table_shipped(), crlf = {.len = 0};
    struct leap_table table, same = table_real();
    for (size_t i = 0; i < t.len; i++)
        table_add(&crlf, t.text[i] == '\n' ? "\r\n" : "%c", t.text[i]);
    ck_assert_int_eq(table_read(&crlf, &table, NULL), TAI_OK);
    ck_assert_int_eq(memcmp(&table.lines, &same.lines, same.count * sizeof *same.lines), 0);

    /* Find an expiry whose hash has a word that starts with a zero, and leave that zero out as old files did. */
    for (int64_t expires = 2000000000; expires < 2000001000; expires++) {
        t = table_make(1500000000, expires, negative_lines, 3);
        char *hash = strstr(t.text, "#h\t");
        ck_assert_ptr_nonnull(hash);
        if (hash[3] != '0')
            continue;
        memmove(hash + 3, hash + 4, strlen(hash + 4) + 1);
        t.len--;
        ck_assert_int_eq(table_read(&t, &table, NULL), TAI_OK);
        return;
    }
    ck_abort_msg("no hash with a leading zero found");
}
END_TEST

START_TEST(limits)
{
    static char big[LIMIT_LEAP_FILE + 2];
    struct leap_table table = {.count = 7};
    struct leap_line lines[LIMIT_LEAPS + 1];
    memset(big, '#', sizeof big);
    ck_assert_int_eq(leap_parse(bytes_of(big, LIMIT_LEAP_FILE + 1), leap_file_sha1, NULL, &table, NULL),
                     TAI_ERR_SPACE);
    /* One second in, one second out, on each first of January from 1972 on: years are 365 or 366 days. */
    int64_t posix_s = 63072000;
    for (size_t i = 0; i <= LIMIT_LEAPS; i++) {
        lines[i] = (struct leap_line){posix_s, 10 + (int32_t)(i % 2)};
        int year = 1972 + (int)i;
        bool leap_year = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
        posix_s += (leap_year ? 366 : 365) * INT64_C(86400);
    }
    struct table_text t = table_make(0, 9000000000, lines, LIMIT_LEAPS);
    ck_assert_int_eq(table_read(&t, &table, NULL), TAI_OK);
    ck_assert_uint_eq(table.count, LIMIT_LEAPS);
    t = table_make(0, 9000000000, lines, LIMIT_LEAPS + 1);
    table.count = 7;
    ck_assert_int_eq(table_read(&t, &table, NULL), TAI_ERR_SPACE);
    ck_assert_uint_eq(table.count, 7); /* untouched on failure */
}
END_TEST

START_TEST(what_follows_a_table)
{
    static const struct {
        struct leap_table fresh;
        enum leap_succession is;
    } row[] = {
        {{.updated_posix_s = 10, .expires_posix_s = 100, .count = 2, .lines = {{1, 10}, {50, 11}}},
         LEAP_SAME},
        {{.updated_posix_s = 11, .expires_posix_s = 100, .count = 2, .lines = {{1, 10}, {50, 11}}},
         LEAP_NEWER},
        {{.updated_posix_s = 9, .expires_posix_s = 101, .count = 2, .lines = {{1, 10}, {50, 11}}},
         LEAP_NEWER},
        {{.updated_posix_s = 9, .expires_posix_s = 100, .count = 2, .lines = {{1, 10}, {50, 11}}},
         LEAP_OLDER},
        {{.updated_posix_s = 99, .expires_posix_s = 99, .count = 2, .lines = {{1, 10}, {50, 11}}},
         LEAP_OLDER},
        /* A leap second more: from the expiry on, not before. */
        {{.updated_posix_s = 11, .expires_posix_s = 300, .count = 3, .lines = {{1, 10}, {50, 11}, {100, 10}}},
         LEAP_NEWER},
        {{.updated_posix_s = 11, .expires_posix_s = 300, .count = 3, .lines = {{1, 10}, {50, 11}, {99, 12}}},
         LEAP_CONTRADICTS},
        /* One that is missing, at another date, the other way. */
        {{.updated_posix_s = 11, .expires_posix_s = 300, .count = 1, .lines = {{1, 10}}}, LEAP_CONTRADICTS},
        {{.updated_posix_s = 11, .expires_posix_s = 300, .count = 2, .lines = {{1, 10}, {51, 11}}},
         LEAP_CONTRADICTS},
        {{.updated_posix_s = 11, .expires_posix_s = 300, .count = 2, .lines = {{1, 10}, {50, 9}}},
         LEAP_CONTRADICTS},
        {{.updated_posix_s = 10, .expires_posix_s = 100, .count = 1, .lines = {{1, 10}}}, LEAP_CONTRADICTS},
    };
    const struct leap_table old = row[0].fresh;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++)
        ck_assert_msg(leap_succeeds(&row[i].fresh, &old) == row[i].is, "row %zu", i);
}
END_TEST

static bool sha1_fails(void *ctx, struct bytes message, uint8_t ret_hash[LEAP_SHA1_LEN])
{
    (void)ctx;
    (void)message;
    (void)ret_hash;
    return false;
}

START_TEST(hash_failure)
{
    struct table_text t = table_shipped();
    struct leap_table table;
    ck_assert_int_eq(leap_parse(bytes_of(t.text, t.len), sha1_fails, NULL, &table, NULL), TAI_ERR_CRYPTO);
}
END_TEST

static void check_around(const struct leap_table *t, size_t i)
{
    int64_t p = t->lines[i].posix_s;
    int32_t before = t->lines[i - 1].tai_utc_s, after = t->lines[i].tai_utc_s, got;
    tai_t from = leap_line_from(t, i), posix_end;
    enum taistamp_utc_status status;
    struct leap_utc utc;
    ck_assert_int_eq(from.ns, (p + after) * NS_PER_S);
    ck_assert_int_eq(leap_step_at_posix(t, p), after - before);
    ck_assert_int_eq(leap_step_at_posix(t, p - 1), 0);
    ck_assert_int_eq(leap_step_at_posix(t, p + 1), 0);
    ck_assert_int_eq(leap_offset_at_tai(t, from, &got), TAISTAMP_UTC_OK);
    ck_assert_int_eq(got, after);
    ck_assert_int_eq(leap_offset_at_tai(t, (tai_t){from.ns - 1}, &got), TAISTAMP_UTC_OK);
    ck_assert_int_eq(got, before);
    ck_assert_int_eq(leap_offset_at_posix(t, p, &got), TAISTAMP_UTC_OK);
    ck_assert_int_eq(got, after);
    ck_assert_int_eq(leap_offset_at_posix(t, p - 1, &got), TAISTAMP_UTC_OK);
    ck_assert_int_eq(got, before);
    /* The second before midnight ends where midnight begins, whatever lies between. */
    ck_assert_int_eq(leap_tai_from_posix_end(t, p - 1, &posix_end, &status), TAI_OK);
    ck_assert_int_eq(posix_end.ns, from.ns);
    ck_assert_int_eq(leap_utc_from_tai(t, from, &utc), TAI_OK);
    ck_assert(!utc.second_60 && utc.posix_s == p && utc.ns == 0);
    ck_assert_int_eq(leap_utc_from_tai(t, (tai_t){from.ns - 1}, &utc), TAI_OK);
    ck_assert_int_eq(utc.ns, 999999999);
    if (after > before) {
        ck_assert(utc.second_60 && utc.posix_s == p - 1 && utc.tai_utc_s == before);
        ck_assert_int_eq(leap_utc_from_tai(t, (tai_t){from.ns - NS_PER_S}, &utc), TAI_OK);
        ck_assert(utc.second_60 && utc.posix_s == p - 1 && utc.ns == 0);
        ck_assert_int_eq(leap_utc_from_tai(t, (tai_t){from.ns - NS_PER_S - 1}, &utc), TAI_OK);
        ck_assert(!utc.second_60 && utc.posix_s == p - 1);
    } else {
        ck_assert(!utc.second_60 && utc.posix_s == p - 2); /* 23:59:59 is left out */
    }
}

START_TEST(around_each_leap)
{
    struct leap_table real = table_real(), negative = table_negative();
    for (size_t i = 1; i < real.count; i++)
        check_around(&real, i);
    for (size_t i = 1; i < negative.count; i++)
        check_around(&negative, i);
}
END_TEST

START_TEST(removed_second)
{
    struct leap_table t = table_negative();
    enum taistamp_utc_status status;
    tai_t removed, midnight, end;
    ck_assert_int_eq(leap_tai_from_posix(&t, NEGATIVE_POSIX - 1, &removed, &status), TAI_OK);
    ck_assert_int_eq(leap_tai_from_posix(&t, NEGATIVE_POSIX, &midnight, &status), TAI_OK);
    ck_assert_int_eq(leap_tai_from_posix_end(&t, NEGATIVE_POSIX - 1, &end, &status), TAI_OK);
    ck_assert_int_eq(removed.ns, midnight.ns);
    ck_assert_int_eq(end.ns, midnight.ns);
}
END_TEST

START_TEST(edges_of_knowledge)
{
    struct leap_table t = table_real();
    enum taistamp_utc_status status = TAISTAMP_UTC_OK;
    struct leap_utc utc;
    int32_t s = -1;
    tai_t x = {-1}, expires = leap_expires(&t);
    tai_t first = leap_line_from(&t, 0);
    ck_assert_int_eq(leap_offset_at_tai(&t, (tai_t){first.ns - 1}, &s), TAISTAMP_UTC_UNKNOWN);
    ck_assert_int_eq(leap_offset_at_tai(&t, (tai_t){INT64_MIN}, &s), TAISTAMP_UTC_UNKNOWN);
    ck_assert_int_eq(leap_offset_at_tai(NULL, first, &s), TAISTAMP_UTC_UNKNOWN);
    ck_assert_int_eq(leap_offset_at_posix(&t, 63071999, &s), TAISTAMP_UTC_UNKNOWN);
    ck_assert_int_eq(leap_tai_from_posix(&t, 63071999, &x, &status), TAI_ERR_UNKNOWN);
    ck_assert_int_eq(leap_tai_from_posix(&t, INT64_MIN, &x, &status), TAI_ERR_UNKNOWN);
    ck_assert_int_eq(leap_tai_from_posix(NULL, 1483228800, &x, &status), TAI_ERR_UNKNOWN);
    ck_assert_int_eq(leap_tai_from_posix(&t, INT64_MAX, &x, &status), TAI_ERR_RANGE);
    ck_assert_int_eq(leap_tai_from_posix_end(&t, INT64_MAX, &x, &status), TAI_ERR_RANGE);
    ck_assert_int_eq(leap_tai_from_posix(&t, INT64_MAX / NS_PER_S, &x, &status), TAI_ERR_RANGE);
    ck_assert_int_eq(leap_utc_from_tai(&t, (tai_t){first.ns - 1}, &utc), TAI_ERR_UNKNOWN);
    ck_assert_int_eq(s, -1);
    ck_assert_int_eq(x.ns, -1);
    ck_assert_int_eq(leap_tai_from_posix_end(&t, 63071999, &x, &status), TAI_OK);
    ck_assert_int_eq(x.ns, first.ns);
    ck_assert_int_eq(leap_offset_at_tai(&t, first, &s), TAISTAMP_UTC_OK);
    ck_assert_int_eq(s, 10);
    ck_assert_int_eq(leap_offset_at_tai(&t, (tai_t){expires.ns - 1}, &s), TAISTAMP_UTC_OK);
    ck_assert_int_eq(leap_offset_at_tai(&t, expires, &s), TAISTAMP_UTC_EXPIRED);
    ck_assert_int_eq(s, t.lines[t.count - 1].tai_utc_s);
    ck_assert_int_eq(leap_tai_from_posix(&t, t.expires_posix_s - 1, &x, &status), TAI_OK);
    ck_assert_int_eq(status, TAISTAMP_UTC_OK);
    ck_assert_int_eq(leap_tai_from_posix(&t, t.expires_posix_s, &x, &status), TAI_OK);
    ck_assert_int_eq(status, TAISTAMP_UTC_EXPIRED);
    ck_assert_int_eq(x.ns, expires.ns);
}
END_TEST

START_TEST(next_change)
{
    struct leap_table t = table_real();
    tai_t from = {0};
    int32_t s = 0;
    ck_assert(leap_next(&t, (tai_t){0}, &from, &s));
    ck_assert(from.ns == INT64_C(78796811) * NS_PER_S && s == 11);
    ck_assert(leap_next(&t, (tai_t){INT64_C(1483228837) * NS_PER_S - 1}, &from, &s));
    ck_assert(from.ns == INT64_C(1483228837) * NS_PER_S && s == 37);
    ck_assert(!leap_next(&t, leap_line_from(&t, t.count - 1), &from, &s));
    ck_assert(!leap_next(NULL, (tai_t){0}, &from, &s));
}
END_TEST

static void posix_round_trips(const struct leap_table *t, struct prop *p)
{
    for (int i = 0, rounds = prop_rounds(20000); i < rounds; i++) {
        int64_t posix_s = 63072000 + (int64_t)prop_below(p, 9223372036 - 63072000 - 100), back_s;
        int32_t ns;
        enum taistamp_utc_status status, back_status;
        tai_t x;
        /* Half of them within two seconds of a line. */
        if (i % 2 == 0)
            posix_s = t->lines[1 + prop_below(p, t->count - 1)].posix_s - 2 + (int64_t)prop_below(p, 5);
        ck_assert_int_eq(leap_tai_from_posix(t, posix_s, &x, &status), TAI_OK);
        ck_assert_int_eq(leap_posix_from_tai(t, x, &back_s, &ns, &back_status), TAI_OK);
        int64_t want = leap_step_at_posix(t, posix_s + 1) < 0 ? posix_s + 1 : posix_s;
        ck_assert_int_eq(back_s, want);
        ck_assert_int_eq(ns, 0);
        ck_assert_int_eq(status == TAISTAMP_UTC_EXPIRED, posix_s >= t->expires_posix_s);
    }
}

START_TEST(posix_property)
{
    struct prop p = prop_start("posix_property", 0x7A15);
    struct leap_table real = table_real(), negative = table_negative();
    posix_round_trips(&real, &p);
    posix_round_trips(&negative, &p);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("leap");
    TCase *t = tcase_create("leap");
    suite_add_tcase(s, t);
    tcase_set_timeout(t, 60);
    tcase_add_test(t, shipped);
    tcase_add_test(t, every_flipped_bit_is_rejected);
    tcase_add_test(t, every_other_digit_is_rejected);
    tcase_add_test(t, every_truncation_is_rejected);
    tcase_add_test(t, every_missing_or_doubled_line_is_rejected);
    tcase_add_test(t, forms);
    tcase_add_test(t, rules_hold_despite_a_right_hash);
    tcase_add_test(t, crlf_and_short_hash_words);
    tcase_add_test(t, limits);
    tcase_add_test(t, what_follows_a_table);
    tcase_add_test(t, hash_failure);
    tcase_add_test(t, around_each_leap);
    tcase_add_test(t, removed_second);
    tcase_add_test(t, edges_of_knowledge);
    tcase_add_test(t, next_change);
    tcase_add_test(t, posix_property);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed == 0 ? 0 : 1;
}
