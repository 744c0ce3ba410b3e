/* SPDX-License-Identifier: Apache-2.0 */
/* Which thermometer is read, out of made-up trees of /sys/class, and what is made of its readings. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/clock/io/thermometer.h"

static char folder[] = "/tmp/taistamp-thermometer.XXXXXX";

static void put(const char *path, const char *text)
{
    char full[256];
    snprintf(full, sizeof full, "%s/%s", folder, path);
    for (char *slash = full + strlen(folder) + 1; (slash = strchr(slash, '/')) != NULL; slash++) {
        *slash = 0;
        (void)mkdir(full, 0755);
        *slash = '/';
    }
    FILE *f = fopen(full, "w");
    ck_assert_msg(f != NULL, "%s", full);
    fputs(text, f);
    ck_assert_int_eq(fclose(f), 0);
}

static void sensor(unsigned number, const char *name, const char *value)
{
    char path[64];
    snprintf(path, sizeof path, "hwmon/hwmon%u/name", number);
    put(path, name);
    snprintf(path, sizeof path, "hwmon/hwmon%u/temp1_input", number);
    put(path, value);
}

START_TEST(none)
{
    struct thermometer t;
    thermometer_open(folder, &t);
    ck_assert_str_eq(t.path, "");
    ck_assert(!thermometer_read(&t).known);
    thermometer_open("/nowhere/at/all", &t);
    ck_assert(!thermometer_read(&t).known);
}
END_TEST

START_TEST(the_board_comes_first)
{
    struct thermometer t;
    put("thermal/thermal_zone0/type", "x86_pkg_temp\n");
    put("thermal/thermal_zone0/temp", "61000\n");
    thermometer_open(folder, &t);
    ck_assert_str_eq(t.name, "x86_pkg_temp zone");
    sensor(0, "coretemp\n", "60000\n");
    thermometer_open(folder, &t);
    ck_assert_str_eq(t.name, "coretemp temp1_input");
    sensor(1, "strange\n", "45000\n");
    thermometer_open(folder, &t);
    ck_assert_str_eq(t.name, "strange temp1_input");
    sensor(2, "nvme\n", "40000\n");
    thermometer_open(folder, &t);
    ck_assert_str_eq(t.name, "strange temp1_input");
    put("thermal/thermal_zone1/type", "acpitz\n");
    put("thermal/thermal_zone1/temp", "30000\n");
    thermometer_open(folder, &t);
    ck_assert_str_eq(t.name, "acpitz zone");
    sensor(3, "nct6775\n", "not a number\n");
    put("hwmon/hwmon3/temp9_input", "33500\n");
    put("hwmon/hwmon3/temp7_input", "200000\n");
    put("hwmon/hwmon3/temp2_label", "1\n");
    thermometer_open(folder, &t);
    ck_assert_str_eq(t.name, "nct6775 temp9_input");
    struct holdover_temperature read = thermometer_read(&t);
    ck_assert(read.known);
    ck_assert_int_eq(read.mk, 306650);
    /* Among equals the first by name, in whatever order the folder has them. */
    put("hwmon/hwmon3/temp3_input", "20000\n");
    thermometer_open(folder, &t);
    ck_assert_str_eq(t.name, "nct6775 temp3_input");
}
END_TEST

/* Not even where there is nothing else: a hanging disk would hold the loop. */
START_TEST(disks_are_not_read)
{
    struct thermometer t;
    sensor(0, "nvme\n", "40000\n");
    sensor(1, "drivetemp\n", "35000\n");
    put("thermal/thermal_zone0/type", "nvme0\n");
    put("thermal/thermal_zone0/temp", "41000\n");
    thermometer_open(folder, &t);
    ck_assert_str_eq(t.path, "");
    ck_assert(!thermometer_read(&t).known);
    sensor(2, "coretemp\n", "60000\n");
    thermometer_open(folder, &t);
    ck_assert_str_eq(t.name, "coretemp temp1_input");
}
END_TEST

START_TEST(readings_are_averaged)
{
    struct thermometer t;
    sensor(0, "jc42\n", "20000\n");
    thermometer_open(folder, &t);
    ck_assert_int_eq(thermometer_read(&t).mk, 293150);
    sensor(0, "jc42\n", "26000\n");
    ck_assert_int_eq(thermometer_read(&t).mk, 293250);
    for (int i = 0; i < 600; i++)
        (void)thermometer_read(&t);
    struct holdover_temperature read = thermometer_read(&t);
    ck_assert(read.known && read.mk > 299100 && read.mk <= 299150);
    sensor(0, "jc42\n", "\n");
    ck_assert(!thermometer_read(&t).known);
    sensor(0, "jc42\n", "-300000\n");
    ck_assert(!thermometer_read(&t).known);
}
END_TEST

static void make(void)
{
    memcpy(folder, "/tmp/taistamp-thermometer.XXXXXX", sizeof folder);
    ck_assert_ptr_nonnull(mkdtemp(folder));
}

static void clear(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    ck_assert_int_eq(system(command), 0);
}

int main(void)
{
    Suite *suite = suite_create("thermometer");
    TCase *t = tcase_create("thermometer");
    tcase_add_checked_fixture(t, make, clear);
    tcase_add_test(t, none);
    tcase_add_test(t, the_board_comes_first);
    tcase_add_test(t, disks_are_not_read);
    tcase_add_test(t, readings_are_averaged);
    suite_add_tcase(suite, t);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
