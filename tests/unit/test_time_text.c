/* SPDX-License-Identifier: Apache-2.0 */
/* sdk/time/{civil,rfc3339,tai64}: text forms of instants, against golden vectors, each other and libc's calendar. */
#include <check.h>
#include <stdlib.h>
#include <time.h>

#include "sdk/time/arith.h"
#include "sdk/time/rfc3339.h"
#include "sdk/time/tai64.h"
#include "tests/unit/leap_tables.h"
#include "tests/unit/prop.h"

#define VECTORS TEST_SRCDIR "/tests/vectors/time/"

static enum tai_err parse(const char *text, const struct leap_table *table, tai_t *ret_t,
                          struct tai_error *error)
{
    struct bytes b = bytes_of_str(text);
    return text[0] == '@' ? tai64_parse(b, ret_t, error) : rfc3339_parse(b, table, ret_t, error);
}

START_TEST(calendar_agrees_with_libc)
{
    struct prop p = prop_start("calendar_agrees_with_libc", 3339);
    for (int i = 0, rounds = prop_rounds(100000); i < rounds; i++) {
        /* From the year 0 to 9999. */
        int64_t s = -INT64_C(62167219200) + (int64_t)prop_below(&p, UINT64_C(315569520000));
        time_t libc_s = (time_t)s;
        struct tm tm;
        struct civil c;
        ck_assert_ptr_nonnull(gmtime_r(&libc_s, &tm));
        civil_from_seconds(s, &c);
        ck_assert_int_eq(c.year, tm.tm_year + 1900);
        ck_assert_int_eq(c.month, tm.tm_mon + 1);
        ck_assert_int_eq(c.day, tm.tm_mday);
        ck_assert_int_eq(c.hour, tm.tm_hour);
        ck_assert_int_eq(c.minute, tm.tm_min);
        ck_assert_int_eq(c.second, tm.tm_sec);
        ck_assert(civil_valid(&c));
        ck_assert_int_eq(civil_to_seconds(&c), s);
    }
}
END_TEST

/* Every day from 1600 to 2400: six eras' worth of month ends. */
START_TEST(every_day)
{
    struct civil before = {.year = 0}, c;
    for (int64_t day = civil_to_days(prop_step(2) == 1 ? 1600 : 2300, 1, 1);
         day <= civil_to_days(2400, 12, 31); day++) {
        civil_from_seconds(day * SECONDS_PER_DAY + 86399, &c);
        ck_assert_int_eq(civil_to_days(c.year, c.month, c.day), day);
        ck_assert(c.hour == 23 && c.minute == 59 && c.second == 59);
        if (before.year != 0 && c.day != before.day + 1) {
            ck_assert_int_eq(c.day, 1);
            ck_assert_int_eq(before.day, civil_days_in_month(before.year, before.month));
            ck_assert_int_eq(c.month, before.month % 12 + 1);
            ck_assert_int_eq(c.year, before.year + (before.month == 12 ? 1 : 0));
        }
        before = c;
    }
    ck_assert_int_eq(before.year, 2400);
}
END_TEST

/* Splits a row of instants.txt at "; ". */
static void split_row(char *line, char *field[7])
{
    for (int i = 0; i < 7; i++) {
        field[i] = line;
        char *end = strstr(line, i < 6 ? "; " : "\n");
        ck_assert_ptr_nonnull(end);
        *end = 0;
        line = end + 2;
    }
}

static void check_ntp_and_posix(const struct leap_table *table, tai_t t, char *field[7])
{
    int64_t posix_s;
    int32_t ns;
    enum taistamp_utc_status status;
    char text[64];
    enum tai_err err = leap_posix_from_tai(table, t, &posix_s, &ns, &status);
    if (strcmp(field[4], "-") == 0) {
        ck_assert_int_eq(err, TAI_ERR_UNKNOWN);
        return;
    }
    ck_assert_int_eq(err, TAI_OK);
    snprintf(text, sizeof text, "%" PRId64 ".%09" PRId32, posix_s, ns);
    ck_assert_str_eq(text, field[4]);
    snprintf(text, sizeof text, "%016" PRIx64, ntp_timestamp_from_posix(posix_s, ns));
    ck_assert_str_eq(text, field[5]);
    struct tai_ntp_date date = ntp_date_from_posix(posix_s, ns);
    snprintf(text, sizeof text, "%016" PRIx64 "%016" PRIx64, (uint64_t)date.seconds, date.fraction);
    ck_assert_str_eq(text, field[6]);
}

START_TEST(golden_instants)
{
    struct leap_table table = table_real();
    FILE *f = fopen(VECTORS "instants.txt", "r");
    char line[512], text[TAISTAMP_TIME_TEXT], *field[7];
    enum taistamp_utc_status status;
    tai_t back;
    int rows = 0;
    ck_assert_ptr_nonnull(f);
    while (fgets(line, sizeof line, f) != NULL) {
        if (line[0] == '#')
            continue;
        rows++;
        split_row(line, field);
        tai_t t = {strtoll(field[0], NULL, 10)};
        ck_assert_int_eq(rfc3339_print(t, TAISTAMP_TAI, 9, NULL, text, &status), TAI_OK);
        ck_assert_str_eq(text, field[1]);
        ck_assert_int_eq(parse(field[1], NULL, &back, NULL), TAI_OK);
        ck_assert_int_eq(back.ns, t.ns);
        enum tai_err err = rfc3339_print(t, TAISTAMP_UTC, 9, &table, text, &status);
        if (strcmp(field[2], "-") == 0) {
            ck_assert_int_eq(err, TAI_ERR_UNKNOWN);
        } else {
            ck_assert_int_eq(err, TAI_OK);
            ck_assert_str_eq(text, field[2]);
            ck_assert_int_eq(parse(field[2], &table, &back, NULL), TAI_OK);
            ck_assert_int_eq(back.ns, t.ns);
            ck_assert_int_eq(parse(field[2], NULL, &back, NULL), TAI_ERR_UNKNOWN);
            ck_assert_int_eq(status == TAISTAMP_UTC_EXPIRED, t.ns >= leap_expires(&table).ns);
        }
        taistamp_time_print_tai64n(t, text);
        ck_assert_str_eq(text, field[3]);
        ck_assert_int_eq(parse(field[3], NULL, &back, NULL), TAI_OK);
        ck_assert_int_eq(back.ns, t.ns);
        check_ntp_and_posix(&table, t, field);
    }
    fclose(f);
    ck_assert_int_gt(rows, 300);
}
END_TEST

START_TEST(golden_rejected)
{
    struct leap_table table = table_real();
    FILE *f = fopen(VECTORS "rejected.txt", "r");
    char line[512];
    int rows = 0;
    ck_assert_ptr_nonnull(f);
    while (fgets(line, sizeof line, f) != NULL) {
        if (line[0] == '#')
            continue;
        rows++;
        struct tai_error error;
        tai_t t = {-7};
        char *text = strstr(line, "; ");
        ck_assert_ptr_nonnull(text);
        *text = 0;
        text += 2;
        text[strcspn(text, "\n")] = 0;
        enum tai_err err = parse(text, &table, &t, &error);
        ck_assert_msg(strcmp(taistamp_err_name(err), line) == 0, "'%s': %s instead of %s", text,
                      taistamp_err_name(err), line);
        ck_assert_int_eq(error.code, err);
        ck_assert_int_eq(t.ns, -7);
    }
    fclose(f);
    ck_assert_int_gt(rows, 60);
}
END_TEST

START_TEST(accepted_spellings)
{
    static const struct {
        const char *text;
        int64_t ns;
    } row[] = {
        {"2016-12-31T23:59:60Z", 1483228836000000000},
        {"2016-12-31 23:59:60z", 1483228836000000000},
        {"2017-01-01t05:29:60+05:30", 1483228836000000000},
        {"2016-12-31T15:59:60.25-08:00", 1483228836250000000},
        {"2017-01-01T00:00:00-00:00", 1483228837000000000},
        {"2017-01-01T00:00:36TAI", 1483228836000000000},
        {"2017-01-01T00:00:36.1 TAI", 1483228836100000000},
        {"2017-01-01T00:00:36.000000001 TAI", 1483228836000000001},
        {"1972-01-01T00:00:00Z", 63072010000000000},
        {"1971-12-31T23:00:00-01:00", 63072010000000000},
        {"@40000000586846a4", 1483228836000000000},
        {"@40000000586846a43b9ac9ff", 1483228836999999999},
    };
    struct leap_table table = table_real();
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        struct tai_error error = {.text = ""};
        tai_t t;
        ck_assert_msg(parse(row[i].text, &table, &t, &error) == TAI_OK, "%s: %s", row[i].text, error.text);
        ck_assert_int_eq(t.ns, row[i].ns);
    }
}
END_TEST

START_TEST(decimals_are_cut)
{
    static const struct {
        unsigned digits;
        const char *text;
    } row[] = {
        {0, "2016-12-31T23:59:60Z"},           {1, "2016-12-31T23:59:60.9Z"},
        {3, "2016-12-31T23:59:60.999Z"},       {8, "2016-12-31T23:59:60.99999999Z"},
        {9, "2016-12-31T23:59:60.999999999Z"},
    };
    struct leap_table table = table_real();
    char text[TAISTAMP_TIME_TEXT];
    enum taistamp_utc_status status;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        ck_assert_int_eq(
            rfc3339_print((tai_t){1483228836999999999}, TAISTAMP_UTC, row[i].digits, &table, text, &status),
            TAI_OK);
        ck_assert_str_eq(text, row[i].text);
    }
    ck_assert_int_eq(rfc3339_print((tai_t){0}, TAISTAMP_TAI, 10, &table, text, &status), TAI_ERR_ARGUMENT);
    /* Before 1970 too the cut goes towards the past. */
    ck_assert_int_eq(rfc3339_print((tai_t){-1}, TAISTAMP_TAI, 3, NULL, text, &status), TAI_OK);
    ck_assert_str_eq(text, "1969-12-31T23:59:59.999 TAI");
}
END_TEST

START_TEST(negative_leap_second)
{
    struct leap_table table = table_negative();
    struct tai_error error;
    char text[TAISTAMP_TIME_TEXT];
    enum taistamp_utc_status status;
    tai_t before, midnight, t;
    ck_assert_int_eq(parse("2029-12-31T23:59:58Z", &table, &before, NULL), TAI_OK);
    ck_assert_int_eq(parse("2030-01-01T00:00:00Z", &table, &midnight, NULL), TAI_OK);
    ck_assert_int_eq(midnight.ns - before.ns, NS_PER_S);
    ck_assert_int_eq(parse("2029-12-31T23:59:59Z", &table, &t, &error), TAI_ERR_RANGE);
    ck_assert_int_eq(parse("2029-12-31T23:59:60Z", &table, &t, &error), TAI_ERR_RANGE);
    ck_assert_int_eq(parse("2029-12-31T18:59:59.5-05:00", &table, &t, &error), TAI_ERR_RANGE);
    ck_assert_int_eq(rfc3339_print((tai_t){midnight.ns - 1}, TAISTAMP_UTC, 9, &table, text, &status), TAI_OK);
    ck_assert_str_eq(text, "2029-12-31T23:59:58.999999999Z");
}
END_TEST

START_TEST(second_60_beyond_the_table)
{
    struct leap_table table = table_negative();
    tai_t t;
    struct tai_error error;
    /* The table ends at 2031-01-01: of the second before it, it can still speak. */
    ck_assert_int_eq(parse("2030-12-31T23:59:60Z", &table, &t, &error), TAI_ERR_RANGE);
    ck_assert_int_eq(parse("2031-01-31T23:59:60Z", &table, &t, &error), TAI_ERR_UNKNOWN);
}
END_TEST

static void check_round_trip(const struct leap_table *table, tai_t t)
{
    char text[TAISTAMP_TIME_TEXT];
    enum taistamp_utc_status status;
    tai_t back;
    for (int scale = 0; scale <= 1; scale++) {
        enum tai_err err = rfc3339_print(t, (enum taistamp_scale)scale, 9, table, text, &status);
        if (err == TAI_ERR_UNKNOWN && t.ns < INT64_C(63072010) * NS_PER_S && scale == TAISTAMP_UTC)
            continue;
        ck_assert_int_eq(err, TAI_OK);
        ck_assert_msg(parse(text, table, &back, NULL) == TAI_OK && back.ns == t.ns, "%s", text);
    }
    taistamp_time_print_tai64n(t, text);
    ck_assert_uint_eq(strlen(text), 25);
    ck_assert_msg(parse(text, table, &back, NULL) == TAI_OK && back.ns == t.ns, "%s", text);
}

START_TEST(round_trip_property)
{
    struct prop p = prop_start("round_trip_property", 64);
    struct leap_table real = table_real(), negative = table_negative();
    for (int i = 0, rounds = prop_rounds(40000); i < rounds; i++) {
        const struct leap_table *table = i % 2 == 0 ? &real : &negative;
        tai_t t = {(int64_t)prop_u64(&p)};
        if (i % 3 == 0)
            t.ns = leap_line_from(table, prop_below(&p, table->count)).ns - 2 * NS_PER_S +
                   (int64_t)prop_below(&p, 4000000000);
        check_round_trip(table, t);
    }
    check_round_trip(&real, (tai_t){INT64_MIN});
    check_round_trip(&real, (tai_t){INT64_MAX});
}
END_TEST

/* No character of a good text can be replaced and still read as the same instant, but for the spellings allowed. */
START_TEST(every_changed_character_matters)
{
    struct leap_table table = table_real();
    char text[] = "2016-12-30T20:15:36.250000001Z";
    tai_t t, other;
    ck_assert_int_eq(parse(text, &table, &t, NULL), TAI_OK);
    for (size_t i = 0; i + 1 < sizeof text; i++) {
        char original = text[i];
        for (int c = 1; c < 256; c++) {
            text[i] = (char)c;
            bool same_meaning = (char)c == original || (original == 'T' && (c == 't' || c == ' ')) ||
                                (original == 'Z' && c == 'z');
            bool same = parse(text, &table, &other, NULL) == TAI_OK && other.ns == t.ns;
            ck_assert_msg(same == same_meaning, "character %zu as %d", i, c);
        }
        text[i] = original;
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("time_text");
    TCase *t = tcase_create("time_text");
    suite_add_tcase(s, t);
    tcase_set_timeout(t, 60);
    tcase_add_test(t, calendar_agrees_with_libc);
    tcase_add_test(t, every_day);
    tcase_add_test(t, golden_instants);
    tcase_add_test(t, golden_rejected);
    tcase_add_test(t, accepted_spellings);
    tcase_add_test(t, decimals_are_cut);
    tcase_add_test(t, negative_leap_second);
    tcase_add_test(t, second_60_beyond_the_table);
    tcase_add_test(t, round_trip_property);
    tcase_add_test(t, every_changed_character_matters);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed == 0 ? 0 : 1;
}
