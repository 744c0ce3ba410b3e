/* SPDX-License-Identifier: Apache-2.0 */
/* Who steers the clock, in a /proc of our own; and the service that is taken over, with a systemctl of our own. */
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/io/rivals.h"
#include "client/io/takeover.h"

static char folder[64];

static void setup(void)
{
    strcpy(folder, "/tmp/test_rivals.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
}

static void teardown(void)
{
    char command[128];
    snprintf(command, sizeof command, "/bin/rm -rf '%s'", folder);
    ck_assert_int_eq(system(command), 0);
}

static const char *in_folder(char *path, const char *name)
{
    snprintf(path, 256, "%s/%s", folder, name);
    return path;
}

static void put(const char *name, const char *text, size_t len)
{
    char path[256];
    int fd = open(in_folder(path, name), O_WRONLY | O_CREAT | O_TRUNC, 0700);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, text, len), (ssize_t)len);
    close(fd);
}

static void put_text(const char *name, const char *text)
{
    put(name, text, strlen(text));
}

#define SYS_TIME  "0000000002000000"
#define NO_RIGHT  "000001fffdffffff"
#define OUR_MAP   "         0          0 4294967295\n"
#define THEIR_MAP "         0       1000          1\n"

static void process(int pid, const char *comm, const char *caps, const char *map, char state,
                    const char *args, size_t args_len)
{
    char path[256], name[64], text[256];
    snprintf(name, sizeof name, "%d", pid);
    ck_assert_int_eq(mkdir(in_folder(path, name), 0700), 0);
    snprintf(name, sizeof name, "%d/comm", pid);
    snprintf(text, sizeof text, "%s\n", comm);
    put_text(name, text);
    snprintf(name, sizeof name, "%d/status", pid);
    snprintf(text, sizeof text, "Name:\tx\nState:\t%c (x)\nCapPrm:\t%s\nCapEff:\t%s\n", state, SYS_TIME,
             caps);
    put_text(name, text);
    snprintf(name, sizeof name, "%d/uid_map", pid);
    put_text(name, map);
    snprintf(name, sizeof name, "%d/cmdline", pid);
    put(name, args, args_len);
}

static void ourselves(void)
{
    char path[256];
    ck_assert_int_eq(mkdir(in_folder(path, "self"), 0700), 0);
    put_text("self/uid_map", OUR_MAP);
}

START_TEST(test_nobody)
{
    struct tai_error error;
    ourselves();
    process(1, "systemd", SYS_TIME, OUR_MAP, 'S', "", 0);
    process(2, "chronyd", NO_RIGHT, OUR_MAP, 'S', "", 0);   /* may not */
    process(3, "chronyd", SYS_TIME, THEIR_MAP, 'S', "", 0); /* in a container of somebody's */
    process(4, "ntpd", SYS_TIME, OUR_MAP, 'Z', "", 0);      /* dead */
    process(5, "chronyd", SYS_TIME, OUR_MAP, 'S', "chronyd\0-Px\0", 12);
    process(6, "chronyd2", SYS_TIME, OUR_MAP, 'S', "", 0);
    process(7, "taid", SYS_TIME, OUR_MAP, 'S', "", 0);
    ck_assert_int_eq(rivals_none(folder, &error), TAI_OK);
    ck_assert_int_eq(rivals_none("/nonexistent", &error), TAI_OK);
}
END_TEST

START_TEST(test_each_is_named)
{
    static const char *const names[] = {"chronyd", "ntpd",       "systemd-timesyn", "openntpd",
                                        "phc2sys", "ntp-daemon", "connmand",        "ptp4l",
                                        "ptpd",    "VBoxService"};
    struct tai_error error;
    struct rivals rivals;
    ourselves();
    for (int i = 0; i < (int)(sizeof names / sizeof *names); i++) {
        char path[256], pid[16], command[300];
        process(100 + i, names[i], SYS_TIME, OUR_MAP, i % 2 == 0 ? 'S' : 'T', "", 0);
        ck_assert_int_eq(rivals_none(folder, &error), TAI_ERR_CONFLICT);
        ck_assert_msg(strstr(error.text, names[i]) != NULL, "%s", error.text);
        snprintf(pid, sizeof pid, "%d", 100 + i);
        ck_assert_ptr_nonnull(strstr(error.text, pid));
        bool timesyncd = strcmp(names[i], "systemd-timesyn") == 0;
        ck_assert_int_eq(strstr(error.text, "--take-over") != NULL, timesyncd);
        ck_assert_int_eq(strstr(error.text, "systemd-timesyncd") != NULL, timesyncd);
        rivals_find(folder, &rivals);
        ck_assert(rivals.count == 1 && rivals.rivals[0].timesyncd == timesyncd);
        ck_assert_str_eq(rivals.rivals[0].comm, names[i]);
        ck_assert_uint_eq(rivals.rivals[0].pid, 100 + (uint32_t)i);
        snprintf(command, sizeof command, "/bin/rm -rf '%s'", in_folder(path, pid));
        ck_assert_int_eq(system(command), 0);
    }
    for (int i = 0; i < 12; i++)
        process(200 + i, i == 0 ? "systemd-timesyn" : "chronyd", SYS_TIME, OUR_MAP, 'S', "", 0);
    ck_assert_int_eq(rivals_none(folder, &error), TAI_ERR_CONFLICT);
    ck_assert_ptr_nonnull(strstr(error.text, "and more"));
    ck_assert_ptr_null(strstr(error.text, "--take-over"));
}
END_TEST

/* A systemctl that keeps its state in two files and writes down what it was asked. */
static const char fake[] =
    "#!/bin/sh\n"
    "cd \"$TEST_FOLDER\" || exit 9\n"
    "echo \"$*\" >> asked\n"
    "[ -e broken ] && case $1 in is-*) ;; *) exit 1 ;; esac\n"
    "[ -e stubborn ] && case $1 in is-*) ;; *) exit 0 ;; esac\n"
    "case $1 in\n"
    "is-enabled) [ -e enabled ] ;;\n"
    "is-active) [ -e active ] ;;\n"
    "disable) rm -f enabled; [ \"$5\" != --now ] && [ \"$4\" != --now ] || rm -f active ;;\n"
    "enable) : > enabled ;;\n"
    "start) : > active ;;\n"
    "*) exit 7 ;;\n"
    "esac\n";

static char state_path[256], booted_path[256];

static struct takeover machine(bool enabled, bool active)
{
    char path[256];
    in_folder(state_path, "state");
    in_folder(booted_path, "booted");
    setenv("TEST_FOLDER", folder, 1);
    snprintf(path, sizeof path, "%s:/usr/bin:/bin", folder);
    setenv("PATH", path, 1);
    put_text("systemctl", fake);
    put_text("booted", "");
    if (enabled)
        put_text("enabled", "");
    if (active)
        put_text("active", "");
    return (struct takeover){.state = state_path, .booted = booted_path};
}

static bool is_there(const char *name)
{
    char path[256];
    return access(in_folder(path, name), F_OK) == 0;
}

static void gone(const char *name)
{
    char path[256];
    ck_assert_int_eq(unlink(in_folder(path, name)), 0);
}

/* Taken and given back, from every state that it can be in; twice each. */
START_TEST(test_take_and_leave)
{
    struct tai_error error;
    bool enabled = _i & 1, active = _i & 2;
    struct takeover t = machine(enabled, active);
    ck_assert_int_eq(takeover_leave(&t, &error), TAI_ERR_NOT_FOUND);
    if (!enabled && !active) {
        ck_assert_int_eq(takeover_take(&t, &error), TAI_ERR_NOT_FOUND);
        ck_assert(!is_there("state"));
        return;
    }
    ck_assert_int_eq(takeover_take(&t, &error), TAI_OK);
    ck_assert(!is_there("enabled") && !is_there("active") && is_there("state"));
    /* Somebody started it again; it is taken again, and the first record stands. */
    put_text("active", "");
    ck_assert_int_eq(takeover_take(&t, &error), TAI_OK);
    ck_assert(!is_there("enabled") && !is_there("active"));
    ck_assert_int_eq(takeover_leave(&t, &error), TAI_OK);
    ck_assert_int_eq(is_there("enabled"), enabled);
    ck_assert_int_eq(is_there("active"), active);
    ck_assert(!is_there("state"));
    ck_assert_int_eq(takeover_leave(&t, &error), TAI_ERR_NOT_FOUND);
}
END_TEST

static bool say_no(void *ctx, const char *question)
{
    ck_assert_ptr_nonnull(strstr(question, "systemd-timesyncd"));
    ++*(int *)ctx;
    return false;
}

START_TEST(test_not_without_consent)
{
    struct tai_error error;
    struct takeover t = machine(true, true);
    int asked = 0;
    t.confirm = say_no;
    t.ctx = &asked;
    ck_assert_int_eq(takeover_take(&t, &error), TAI_ERR_INTERRUPTED);
    ck_assert_int_eq(asked, 1);
    ck_assert(is_there("enabled") && is_there("active") && !is_there("state"));
}
END_TEST

START_TEST(test_things_that_fail)
{
    struct tai_error error;
    struct takeover t = machine(true, true);
    gone("booted");
    ck_assert_int_eq(takeover_take(&t, &error), TAI_ERR_UNSUPPORTED);
    ck_assert_ptr_nonnull(strstr(error.text, "systemd"));
    ck_assert(!is_there("asked"));
    put_text("booted", "");
    put_text("broken", "");
    ck_assert_int_eq(takeover_take(&t, &error), TAI_ERR_REFUSED);
    ck_assert(is_there("state")); /* it may have been half done */
    gone("broken");
    put_text("stubborn", ""); /* says yes and does nothing */
    ck_assert_int_eq(takeover_take(&t, &error), TAI_ERR_REFUSED);
    gone("stubborn");
    ck_assert_int_eq(takeover_take(&t, &error), TAI_OK);
    put_text("broken", "");
    ck_assert_int_eq(takeover_leave(&t, &error), TAI_ERR_REFUSED);
    ck_assert(is_there("state"));
    gone("broken");
    ck_assert_int_eq(takeover_leave(&t, &error), TAI_OK);
    ck_assert(is_there("enabled") && is_there("active"));
    put_text("systemctl", "#!/bin/sh\nexit 127\n"); /* how POSIX lets a failed spawn end: as under valgrind */
    ck_assert_int_eq(takeover_take(&t, &error), TAI_ERR_UNSUPPORTED);
    gone("systemctl");
    setenv("PATH", folder, 1);
    ck_assert_int_eq(takeover_take(&t, &error), TAI_ERR_UNSUPPORTED);
    static const char *const damaged[] = {
        "",
        "taistamp-takeover 1\n",
        "taistamp-takeover 1\nsystemd-timesyncd.service enabled active",
        "taistamp-takeover 2\nsystemd-timesyncd.service enabled active\n",
        "taistamp-takeover 1\nsshd.service enabled active\n",
        "taistamp-takeover 1\nsystemd-timesyncd.service enabled active\n\n"};
    for (size_t i = 0; i < sizeof damaged / sizeof *damaged; i++) {
        put_text("state", damaged[i]);
        ck_assert_int_eq(takeover_leave(&t, &error), TAI_ERR_CORRUPT);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("rivals");
    TCase *tcase = tcase_create("rivals");
    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, test_nobody);
    tcase_add_test(tcase, test_each_is_named);
    tcase_add_loop_test(tcase, test_take_and_leave, 0, 4);
    tcase_add_test(tcase, test_not_without_consent);
    tcase_add_test(tcase, test_things_that_fail);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
