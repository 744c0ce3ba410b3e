/* SPDX-License-Identifier: Apache-2.0 */
/* Who is believed about the kernel's clock, and how processes are recognised, from facts and from a /proc. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/clock/core/keeper.h"
#include "server/clock/io/evidence.h"

#define S        INT64_C(1000000000)
#define CAP_TIME (UINT64_C(1) << 25)
#define ARGS(text)                                                                                           \
    {                                                                                                        \
        (const uint8_t *)(text), sizeof(text)                                                                \
    }

static const struct {
    const char *comm, *exe;
    struct bytes cmdline;
    uint64_t caps;
    bool foreign_userns;
    enum keeper_kind kind;
} processes[] = {
    {"chronyd", "/usr/sbin/chronyd", ARGS("/usr/sbin/chronyd\0-F\0001"), CAP_TIME, false, KEEPER_CHRONYD},
    {"chronyd", "", ARGS("/usr/sbin/chronyd\0-F\0001"), CAP_TIME, false, KEEPER_CHRONYD},
    {"chronyd", "/usr/sbin/chronyd (deleted)", ARGS("/usr/sbin/chronyd"), CAP_TIME, false, KEEPER_CHRONYD},
    {"ntpd", "/usr/sbin/ntpd", ARGS("/usr/sbin/ntpd\0-p\0x"), CAP_TIME, false, KEEPER_NTPD},
    {"ntpd", "", ARGS("/usr/sbin/ntpd\0-x"), CAP_TIME, false, KEEPER_NTPD},
    /* may not set the clock, or was told not to */
    {"chronyd", "/usr/sbin/chronyd", ARGS("/usr/sbin/chronyd"), ~CAP_TIME, false, KEEPER_POWERLESS},
    {"chronyd", "/usr/sbin/chronyd", ARGS("/usr/sbin/chronyd"), ~UINT64_C(0), true, KEEPER_POWERLESS},
    {"ntpd", "", ARGS("ntpd"), 0, false, KEEPER_POWERLESS},
    {"chronyd", "/usr/sbin/chronyd", ARGS("chronyd\0-x"), CAP_TIME, false, KEEPER_POWERLESS},
    {"chronyd", "", ARGS("chronyd\0-dx"), CAP_TIME, false, KEEPER_POWERLESS},
    /* another program under the name */
    {"ntpd", "/bin/busybox", ARGS("ntpd\0-p\0pool"), CAP_TIME, false, KEEPER_STRANGER},
    {"chronyd", "/usr/bin/python3.11", ARGS("python3\0chronyd"), CAP_TIME, false, KEEPER_STRANGER},
    {"ntpd", "", ARGS("ntpd: ntp engine"), CAP_TIME, false, KEEPER_STRANGER},
    {"systemd-timesyn", "", ARGS("/lib/systemd/systemd-timesyncd"), CAP_TIME, false, KEEPER_STRANGER},
    {"phc2sys", "", ARGS("phc2sys\0-a"), CAP_TIME, false, KEEPER_STRANGER},
    {"systemd-timesyn", "", ARGS("x"), 0, false, KEEPER_NOBODY},
    {"bash", "/bin/bash", ARGS("chronyd"), CAP_TIME, false, KEEPER_NOBODY},
    {"chronyd2", "/usr/sbin/chronyd", ARGS("chronyd"), CAP_TIME, false, KEEPER_NOBODY},
};

START_TEST(processes_are_recognised)
{
    struct keeper_facts facts = {
        .comm = bytes_of_str(processes[_i].comm),
        .exe = bytes_of_str(processes[_i].exe),
        .cmdline = processes[_i].cmdline,
        .caps = processes[_i].caps,
        .our_userns = !processes[_i].foreign_userns,
    };
    ck_assert_int_eq(keeper_classify(&facts), processes[_i].kind);
}
END_TEST

static const struct keeper_evidence chronyd = {.chronyd = 2};

static const struct {
    struct keeper_evidence evidence;
    struct keeper_kernel kernel;
    enum keeper_verdict verdict;
    int64_t bound_ns;
} states[] = {
    {{.chronyd = 1}, {true, 1234, 0, false, 0}, KEEPER_BOUND, 1234000 + 51000},
    {{.ntpd = 1}, {true, 1234, -70, false, 0}, KEEPER_BOUND, 1234000 + 51000 + 70},
    {{.chronyd = 1, .powerless = 1}, {true, 1, 0, false, 37}, KEEPER_BOUND, 1000 + 51000},
    {{.chronyd = 1}, {true, 15999999, 0, false, 0}, KEEPER_BOUND, INT64_C(15999999000) + 51000},
    {{.chronyd = 0}, {true, 1234, 0, false, 0}, KEEPER_ABSENT, 0},
    {{.powerless = 1}, {true, 1234, 0, false, 0}, KEEPER_CANNOT, 0},
    {{.chronyd = 1, .strangers = 1}, {true, 1234, 0, false, 0}, KEEPER_NOT_ALONE, 0},
    {{.strangers = 1}, {true, 1234, 0, false, 0}, KEEPER_NOT_ALONE, 0},
    {{.chronyd = 1, .ntpd = 1}, {true, 1234, 0, false, 0}, KEEPER_NOT_ALONE, 0},
    {{.chronyd = 1}, {true, 1234, 0, true, 0}, KEEPER_UNSYNCHRONISED, 0},
    {{.chronyd = 1}, {true, 0, 0, false, 0}, KEEPER_ZERO, 0},
    {{.chronyd = 1}, {true, 12500, 0, false, 0}, KEEPER_ZERO, 0},
    {{.chronyd = 1}, {true, 16000000, 0, false, 0}, KEEPER_TOO_WIDE, 0},
    {{.chronyd = 1}, {true, -1, 0, false, 0}, KEEPER_TOO_WIDE, 0},
    {{.chronyd = 1}, {true, INT64_MIN, 0, false, 0}, KEEPER_TOO_WIDE, 0},
    {{.chronyd = 1}, {true, 1234, 16 * S, false, 0}, KEEPER_TOO_WIDE, 0},
    {{.chronyd = 1}, {false, 1234, 0, false, 0}, KEEPER_NO_KERNEL, 0},
};

START_TEST(a_first_look_at_the_kernel)
{
    struct keeper keeper = {.seen = false};
    tai_bound_t bound = {0};
    ck_assert_int_eq(
        keeper_judge(&keeper, &states[_i].evidence, &states[_i].kernel, (tai_mono_t){9 * S}, &bound),
        states[_i].verdict);
    ck_assert_int_eq(bound.ns, states[_i].bound_ns);
}
END_TEST

/* One maxerror a second; 'b' believed, '0' not. */
static const struct {
    const char *what;
    int64_t maxerror_us[9];
    const char *verdicts;
} histories[] = {
    {"honest and growing", {1234, 1734, 2234, 2734, 1300, 1800}, "bbbbbb"},
    {"timesyncd", {500, 1000, 1500, 2000, 2500, 0, 500, 1000}, "00000000"},
    {"0 never caught, seen at 500", {12345, 500, 1000, 1500, 2000, 2500}, "b00000"},
    {"0 and then honest", {0, 500, 1000, 7777, 8277}, "000bb"},
    {"honest multiple too large for a 0", {1234, 12500, 13000}, "bbb"},
    {"honest again from a multiple", {12500, 13000, 13500, 20000, 20500}, "000bb"},
    {"honest small values", {131, 631, 127, 627, 1127}, "bbbbb"},
    {"16 s at the start", {16000000, 1234}, "wb"},
    {"16 s, then 0", {16000000, 0, 500}, "w00"},
};

START_TEST(zeroes_are_found_out)
{
    struct keeper keeper = {.seen = false};
    for (size_t i = 0; histories[_i].verdicts[i] != 0; i++) {
        struct keeper_kernel kernel = {.known = true, .maxerror_us = histories[_i].maxerror_us[i]};
        tai_bound_t bound;
        enum keeper_verdict verdict =
            keeper_judge(&keeper, &chronyd, &kernel, (tai_mono_t){(int64_t)i * S}, &bound);
        char want = histories[_i].verdicts[i];
        ck_assert_msg(verdict == (want == 'b'   ? KEEPER_BOUND
                                  : want == '0' ? KEEPER_ZERO
                                                : KEEPER_TOO_WIDE),
                      "%s, second %zu: %s", histories[_i].what, i, keeper_verdict_text(verdict));
    }
}
END_TEST

static void put(const char *dir, const char *name, const char *text, size_t len)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "w");
    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(fwrite(text, 1, len, f), len);
    fclose(f);
}

static void put_process(const char *proc, const char *pid, const char *comm, const char *caps,
                        const char *map)
{
    char dir[128], text[128];
    snprintf(dir, sizeof dir, "%s/%s", proc, pid);
    ck_assert_int_eq(mkdir(dir, 0755), 0);
    put(dir, "comm", text, (size_t)snprintf(text, sizeof text, "%s\n", comm));
    put(dir, "status", text,
        (size_t)snprintf(text, sizeof text, "Name:\tx\nCapEff:\t%s\nSeccomp:\t0\n", caps));
    put(dir, "uid_map", map, strlen(map));
    put(dir, "cmdline", text, (size_t)snprintf(text, sizeof text, "/usr/sbin/%s", comm) + 1);
}

START_TEST(a_scan_finds_who_may_set_the_clock)
{
    char proc[] = "/tmp/taistamp-proc-XXXXXX", command[64];
    ck_assert_ptr_nonnull(mkdtemp(proc));
    static const char all[] = "         0          0 4294967295\n",
                      user[] = "         0       1000          1\n";
    static const char yes[] = "0000000002000000", no[] = "00000000fdffffff";
    put_process(proc, "self", "test", no, all);
    put_process(proc, "10", "chronyd", yes, all);
    put_process(proc, "11", "chronyd", no, all);
    put_process(proc, "12", "chronyd", "000001ffffffffff", user);
    put_process(proc, "13", "systemd-timesyn", yes, all);
    put_process(proc, "14", "ntpd", "broken", all);
    put_process(proc, "xyz", "ntpd", yes, all);
    struct keeper_evidence e;
    evidence_scan(proc, &e);
    ck_assert_uint_eq(e.chronyd, 1);
    ck_assert_uint_eq(e.ntpd, 0);
    ck_assert_uint_eq(e.strangers, 1);
    ck_assert_uint_eq(e.powerless, 3);
    ck_assert_str_eq(e.stranger, "systemd-timesyn");
    evidence_scan("/nonexistent", &e);
    ck_assert_uint_eq(e.chronyd + e.ntpd + e.strangers + e.powerless, 0);
    snprintf(command, sizeof command, "rm -r %s", proc);
    ck_assert_int_eq(system(command), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("keeper");
    TCase *tc = tcase_create("keeper");
    tcase_add_loop_test(tc, processes_are_recognised, 0, sizeof processes / sizeof *processes);
    tcase_add_loop_test(tc, a_first_look_at_the_kernel, 0, sizeof states / sizeof *states);
    tcase_add_loop_test(tc, zeroes_are_found_out, 0, sizeof histories / sizeof *histories);
    tcase_add_test(tc, a_scan_finds_who_may_set_the_clock);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
