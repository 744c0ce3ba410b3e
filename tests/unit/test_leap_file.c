/* SPDX-License-Identifier: Apache-2.0 */
/* Which leap table is taken: the newest valid one, never a damaged one, and only the chosen one where one is chosen. */
#include <check.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sdk/time/arith.h"
#include "tests/unit/leap_tables.h"

static char folder[] = "/tmp/taistamp-leap-XXXXXX";
static char older[64], newer[64], renewed[64], damaged[64], missing[64], fifo[64];

static void write_file(char *ret_path, const char *name, const char *text, size_t len)
{
    snprintf(ret_path, 64, "%s/%s", folder, name);
    FILE *f = fopen(ret_path, "wb");
    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(fwrite(text, 1, len, f), len);
    ck_assert_int_eq(fclose(f), 0);
}

static void setup(void)
{
    ck_assert_ptr_nonnull(mkdtemp(folder));
    struct table_text t = table_make(1700000000, 1800000000, negative_lines, 2);
    write_file(older, "older", t.text, t.len);
    t = table_make(1710000000, 1900000000, negative_lines, 3);
    write_file(newer, "newer", t.text, t.len);
    t = table_make(1720000000, 1900000000, negative_lines, 3);
    write_file(renewed, "renewed", t.text, t.len);
    t = table_make(1730000000, 2000000000, negative_lines, 3);
    t.text[t.len - 2] ^= 1;
    write_file(damaged, "damaged", t.text, t.len);
    snprintf(missing, sizeof missing, "%s/missing", folder);
    snprintf(fifo, sizeof fifo, "%s/fifo", folder);
    ck_assert_int_eq(mkfifo(fifo, 0600), 0);
}

static void teardown(void)
{
    const char *const all[] = {older, newer, renewed, damaged, fifo};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        unlink(all[i]);
    rmdir(folder);
}

START_TEST(best_of_several)
{
    const char *const paths[] = {missing, older, damaged, newer, renewed, fifo};
    struct leap_table table;
    struct tai_error error;
    const char *path = NULL;
    ck_assert_int_eq(leap_file_best(paths, 6, &table, &path, &error), TAI_OK);
    ck_assert_str_eq(path, renewed); /* same expiry as `newer`, updated later */
    ck_assert_int_eq(leap_file_best(paths, 4, &table, &path, &error), TAI_OK);
    ck_assert_str_eq(path, newer);
    ck_assert_int_eq(leap_file_best(paths, 3, &table, &path, &error), TAI_OK);
    ck_assert_str_eq(path, older);
    const char *const newest_first[] = {renewed, newer, older};
    ck_assert_int_eq(leap_file_best(newest_first, 3, &table, &path, &error), TAI_OK);
    ck_assert_str_eq(path, renewed);
    const char *const equals[] = {older, older};
    ck_assert_int_eq(leap_file_best(equals, 2, &table, &path, &error), TAI_OK);
    ck_assert_ptr_eq(path, equals[0]);
}
END_TEST

START_TEST(none_of_several)
{
    const char *const paths[] = {missing, missing, damaged, missing};
    struct leap_table table;
    struct tai_error error;
    const char *path = "untouched";
    ck_assert_int_eq(leap_file_best(paths, 2, &table, &path, &error), TAI_ERR_NOT_FOUND);
    ck_assert_int_eq(leap_file_best(paths, 4, &table, &path, &error), TAI_ERR_CORRUPT);
    ck_assert_ptr_nonnull(strstr(error.text, damaged));
    ck_assert_int_eq(leap_file_best(paths, 1, &table, &path, &error), TAI_ERR_NOT_FOUND);
    ck_assert_ptr_nonnull(strstr(error.text, missing));
    ck_assert_int_eq(leap_file_best(NULL, 0, &table, &path, &error), TAI_ERR_NOT_FOUND);
    ck_assert_str_eq(path, "untouched");
}
END_TEST

START_TEST(chosen_by_environment)
{
    taistamp_leaps *leaps;
    struct tai_error error;
    setenv("TAISTAMP_LEAP_FILE", older, 1);
    ck_assert_str_eq(taistamp_leaps_path(0), older);
    ck_assert_ptr_null(taistamp_leaps_path(1));
    ck_assert_int_eq(taistamp_leaps_load(NULL, &leaps, &error), TAI_OK);
    ck_assert_str_eq(taistamp_leaps_origin(leaps), older);
    taistamp_leaps_free(leaps);
    setenv("TAISTAMP_LEAP_FILE", damaged, 1);
    ck_assert_int_eq(taistamp_leaps_load(NULL, &leaps, &error), TAI_ERR_CORRUPT);
    setenv("TAISTAMP_LEAP_FILE", missing, 1);
    ck_assert_int_eq(taistamp_leaps_load(NULL, &leaps, &error), TAI_ERR_NOT_FOUND);
    setenv("TAISTAMP_LEAP_FILE", "", 1);
    ck_assert_ptr_nonnull(strstr(taistamp_leaps_path(0), "/lib/taistamp/leap-seconds.list"));
    ck_assert_str_eq(taistamp_leaps_path(1), "/usr/share/zoneinfo/leap-seconds.list");
    size_t n = 0;
    while (taistamp_leaps_path(n) != NULL)
        n++;
    ck_assert_uint_gt(n, 2);
    ck_assert_ptr_nonnull(strstr(taistamp_leaps_path(n - 1), "/taistamp/leap-seconds.list"));
    unsetenv("TAISTAMP_LEAP_FILE");
}
END_TEST

START_TEST(public_table)
{
    struct table_text t = table_make(1710000000, 1900000000, negative_lines, 3);
    taistamp_leaps *leaps;
    struct tai_error error;
    tai_t from = {-7};
    int32_t s = -7;
    ck_assert_int_eq(taistamp_leaps_parse(t.text, t.len, &leaps, &error), TAI_OK);
    ck_assert_str_eq(taistamp_leaps_origin(leaps), "memory");
    ck_assert_uint_eq(taistamp_leaps_count(leaps), 3);
    ck_assert_int_eq(taistamp_leaps_line(leaps, 3, &from, &s), TAI_ERR_RANGE);
    ck_assert(from.ns == -7 && s == -7);
    ck_assert_int_eq(taistamp_leaps_line(leaps, 2, &from, &s), TAI_OK);
    ck_assert(from.ns == (NEGATIVE_POSIX + 10) * NS_PER_S && s == 10);
    ck_assert_int_eq(taistamp_leaps_updated(leaps).ns, INT64_C(1710000011) * NS_PER_S);
    ck_assert_int_eq(taistamp_leaps_expires(leaps).ns, INT64_C(1900000010) * NS_PER_S);
    ck_assert_int_eq(taistamp_leaps_offset(leaps, (tai_t){INT64_C(1800000000) * NS_PER_S}, &s),
                     TAISTAMP_UTC_OK);
    ck_assert_int_eq(s, 11);
    ck_assert_int_eq(taistamp_leaps_offset(NULL, (tai_t){INT64_C(1800000000) * NS_PER_S}, &s),
                     TAISTAMP_UTC_UNKNOWN);
    taistamp_leaps_free(leaps);
    taistamp_leaps_free(NULL);
    t.text[t.len - 2] ^= 1;
    ck_assert_int_eq(taistamp_leaps_parse(t.text, t.len, &leaps, &error), TAI_ERR_CORRUPT);
    ck_assert_int_eq(taistamp_leaps_load(fifo, &leaps, &error), TAI_ERR_ARGUMENT);
    ck_assert_int_eq(taistamp_leaps_load(folder, &leaps, &error), TAI_ERR_ARGUMENT);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("leap_file");
    TCase *t = tcase_create("leap_file");
    suite_add_tcase(s, t);
    tcase_add_unchecked_fixture(t, setup, teardown);
    tcase_add_test(t, best_of_several);
    tcase_add_test(t, none_of_several);
    tcase_add_test(t, chosen_by_environment);
    tcase_add_test(t, public_table);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed == 0 ? 0 : 1;
}
