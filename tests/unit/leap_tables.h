/* SPDX-License-Identifier: Apache-2.0 */
/* Leap tables for tests: the one shipped, and made-up ones with a right hash. */
#ifndef TESTS_UNIT_LEAP_TABLES_H
#define TESTS_UNIT_LEAP_TABLES_H

#include <check.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "sdk/io/leap_file.h"
#include "sdk/time/ntp.h"

#define SHIPPED_TABLE TEST_SRCDIR "/leapseconds/leap-seconds.list"

enum { TABLE_TEXT = 16384 };

struct table_text {
    char text[TABLE_TEXT];
    size_t len;
};

static inline struct table_text table_shipped(void)
{
    struct table_text t = {.len = 0};
    FILE *f = fopen(SHIPPED_TABLE, "rb");
    ck_assert_ptr_nonnull(f);
    t.len = fread(t.text, 1, sizeof t.text - 1, f);
    fclose(f);
    ck_assert_uint_gt(t.len, 1000);
    return t;
}

static inline void table_add(struct table_text *t, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static inline void table_add(struct table_text *t, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    int n = vsnprintf(t->text + t->len, sizeof t->text - t->len, format, list);
    va_end(list);
    ck_assert_int_ge(n, 0);
    t->len += (size_t)n;
    ck_assert_uint_lt(t->len, sizeof t->text);
}

/* A table with the given POSIX dates and a right hash. */
static inline struct table_text table_make(int64_t updated, int64_t expires, const struct leap_line *lines,
                                           size_t n)
{
    struct table_text digits = {.len = 0}, t = {.len = 0};
    uint8_t hash[LEAP_SHA1_LEN];
    table_add(&t, "#\tmade for a test\n#$\t%" PRId64 "\n#@\t%" PRId64 "\n", updated + NTP_TO_POSIX_S,
              expires + NTP_TO_POSIX_S);
    table_add(&digits, "%" PRId64 "%" PRId64, updated + NTP_TO_POSIX_S, expires + NTP_TO_POSIX_S);
    for (size_t i = 0; i < n; i++) {
        table_add(&t, "%" PRId64 "\t%" PRId32 "\t# line\n", lines[i].posix_s + NTP_TO_POSIX_S,
                  lines[i].tai_utc_s);
        table_add(&digits, "%" PRId64 "%" PRId32, lines[i].posix_s + NTP_TO_POSIX_S, lines[i].tai_utc_s);
    }
    ck_assert(leap_file_sha1(NULL, bytes_of(digits.text, digits.len), hash));
    table_add(&t, "#h\t");
    for (size_t i = 0; i < LEAP_SHA1_LEN; i++)
        table_add(&t, i > 0 && i % 4 == 0 ? " %02x" : "%02x", hash[i]);
    table_add(&t, "\n");
    return t;
}

static inline enum tai_err table_read(const struct table_text *t, struct leap_table *ret_table,
                                      struct tai_error *error)
{
    return leap_parse(bytes_of(t->text, t->len), leap_file_sha1, NULL, ret_table, error);
}

/* 1972 and one leap second, then a negative one at 2030-01-01, expiring in 2031. */
static const struct leap_line negative_lines[] = {{63072000, 10}, {78796800, 11}, {1893456000, 10}};
#define NEGATIVE_POSIX   INT64_C(1893456000)
#define NEGATIVE_EXPIRES INT64_C(1924992000)

static inline struct leap_table table_negative(void)
{
    struct leap_table table;
    struct table_text t = table_make(1767225600, NEGATIVE_EXPIRES, negative_lines, 3);
    ck_assert_int_eq(table_read(&t, &table, NULL), TAI_OK);
    return table;
}

static inline struct leap_table table_real(void)
{
    struct leap_table table;
    struct table_text t = table_shipped();
    ck_assert_int_eq(table_read(&t, &table, NULL), TAI_OK);
    return table;
}

#endif
