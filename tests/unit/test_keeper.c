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
    char state;
} processes[] = {
    {"chronyd", "/usr/sbin/chronyd", ARGS("/usr/sbin/chronyd\0-F\0001"), CAP_TIME, false, KEEPER_CHRONYD,
     'S'},
    {"chronyd", "", ARGS("/usr/sbin/chronyd\0-F\0001"), CAP_TIME, false, KEEPER_CHRONYD, 'S'},
    {"chronyd", "/usr/sbin/chronyd (deleted)", ARGS("/usr/sbin/chronyd"), CAP_TIME, false, KEEPER_CHRONYD,
     'S'},
    {"ntpd", "/usr/sbin/ntpd", ARGS("/usr/sbin/ntpd\0-p\0x"), CAP_TIME, false, KEEPER_NTPD, 'S'},
    {"ntpd", "", ARGS("/usr/sbin/ntpd\0-x"), CAP_TIME, false, KEEPER_NTPD, 'S'},
    /* may not set the clock, or was told not to */
    {"chronyd", "/usr/sbin/chronyd", ARGS("/usr/sbin/chronyd"), ~CAP_TIME, false, KEEPER_POWERLESS, 'S'},
    {"chronyd", "/usr/sbin/chronyd", ARGS("/usr/sbin/chronyd"), ~UINT64_C(0), true, KEEPER_POWERLESS, 'S'},
    {"ntpd", "", ARGS("ntpd"), 0, false, KEEPER_POWERLESS, 'S'},
    {"chronyd", "/usr/sbin/chronyd", ARGS("chronyd\0-x"), CAP_TIME, false, KEEPER_POWERLESS, 'S'},
    {"chronyd", "", ARGS("chronyd\0-dx"), CAP_TIME, false, KEEPER_POWERLESS, 'S'},
    /* another program under the name */
    {"ntpd", "/bin/busybox", ARGS("ntpd\0-p\0pool"), CAP_TIME, false, KEEPER_STRANGER, 'S'},
    {"chronyd", "/usr/bin/python3.11", ARGS("python3\0chronyd"), CAP_TIME, false, KEEPER_STRANGER, 'S'},
    {"ntpd", "", ARGS("ntpd: ntp engine"), CAP_TIME, false, KEEPER_STRANGER, 'S'},
    {"systemd-timesyn", "", ARGS("/lib/systemd/systemd-timesyncd"), CAP_TIME, false, KEEPER_STRANGER, 'S'},
    {"phc2sys", "", ARGS("phc2sys\0-a"), CAP_TIME, false, KEEPER_STRANGER, 'S'},
    {"systemd-timesyn", "", ARGS("x"), 0, false, KEEPER_NOBODY, 'S'},
    {"bash", "/bin/bash", ARGS("chronyd"), CAP_TIME, false, KEEPER_NOBODY, 'S'},
    {"chronyd2", "/usr/sbin/chronyd", ARGS("chronyd"), CAP_TIME, false, KEEPER_NOBODY, 'S'},
    /* nobody steers: a zombie keeps its name and its capabilities until its parent looks */
    {"chronyd", "/usr/sbin/chronyd", ARGS("chronyd"), CAP_TIME, false, KEEPER_CHRONYD, 'R'},
    {"chronyd", "/usr/sbin/chronyd", ARGS("chronyd"), CAP_TIME, false, KEEPER_CHRONYD, 0}, /* not known */
    {"chronyd", "", ARGS(""), CAP_TIME, false, KEEPER_NOBODY, 'Z'},
    {"ntpd", "", ARGS(""), CAP_TIME, false, KEEPER_NOBODY, 'Z'},
    {"systemd-timesyn", "", ARGS(""), CAP_TIME, false, KEEPER_NOBODY, 'Z'},
    {"chronyd", "/usr/sbin/chronyd", ARGS("chronyd"), CAP_TIME, false, KEEPER_POWERLESS, 'T'},
    {"ntpd", "/usr/sbin/ntpd", ARGS("ntpd"), CAP_TIME, false, KEEPER_POWERLESS, 't'},
    {"phc2sys", "", ARGS("phc2sys\0-a"), CAP_TIME, false, KEEPER_STRANGER, 'T'}, /* it may go on any time */
};

START_TEST(processes_are_recognised)
{
    struct process_facts facts = {
        .comm = bytes_of_str(processes[_i].comm),
        .exe = bytes_of_str(processes[_i].exe),
        .cmdline = processes[_i].cmdline,
        .caps = processes[_i].caps,
        .our_userns = !processes[_i].foreign_userns,
        .state = processes[_i].state,
    };
    ck_assert_int_eq(keeper_classify(&facts), processes[_i].kind);
}
END_TEST

static const struct keeper_evidence chronyd = {.chronyd = 2};

static const struct keeper_evidence ntpd = {.ntpd = 1}, nobody = {.ntpd = 0};

static const struct {
    struct keeper_evidence evidence;
    struct keeper_kernel kernel;
    enum keeper_verdict verdict;
    int64_t bound_ns;
} states[] = {
    {{.chronyd = 1}, {true, 1234, 0, false, 0, 0}, KEEPER_BOUND, 1234000 + 51000},
    {{.ntpd = 1}, {true, 1234, -70, false, 0, 0}, KEEPER_BOUND, 1234000 + 51000 + 70},
    {{.chronyd = 1, .powerless = 1}, {true, 1, 0, false, 37, 0}, KEEPER_BOUND, 1000 + 51000},
    {{.chronyd = 1}, {true, 15999999, 0, false, 0, 0}, KEEPER_BOUND, INT64_C(15999999000) + 51000},
    {{.chronyd = 0}, {true, 1234, 0, false, 0, 0}, KEEPER_ABSENT, 0},
    {{.powerless = 1}, {true, 1234, 0, false, 0, 0}, KEEPER_CANNOT, 0},
    {{.chronyd = 1, .strangers = 1}, {true, 1234, 0, false, 0, 0}, KEEPER_NOT_ALONE, 0},
    {{.strangers = 1}, {true, 1234, 0, false, 0, 0}, KEEPER_NOT_ALONE, 0},
    {{.chronyd = 1, .ntpd = 1}, {true, 1234, 0, false, 0, 0}, KEEPER_NOT_ALONE, 0},
    {{.chronyd = 1}, {true, 1234, 0, true, 0, 0}, KEEPER_UNSYNCHRONISED, 0},
    {{.chronyd = 1}, {true, 0, 0, false, 0, 0}, KEEPER_ZERO, 0},
    {{.chronyd = 1}, {true, 12500, 0, false, 0, 0}, KEEPER_ZERO, 0},
    {{.chronyd = 1}, {true, 16000000, 0, false, 0, 0}, KEEPER_TOO_WIDE, 0},
    {{.chronyd = 1}, {true, -1, 0, false, 0, 0}, KEEPER_TOO_WIDE, 0},
    {{.chronyd = 1}, {true, INT64_MIN, 0, false, 0, 0}, KEEPER_TOO_WIDE, 0},
    {{.chronyd = 1}, {true, 1234, 16 * S, false, 0, 0}, KEEPER_TOO_WIDE, 0},
    {{.chronyd = 1}, {false, 1234, 0, false, 0, 0}, KEEPER_NO_KERNEL, 0},
    {{.chronyd = 1}, {true, 16, 0, false, 0, 0}, KEEPER_BOUND, 16000 + 51000},
    {{.ntpd = 1}, {true, 16, 0, false, 0, 0}, KEEPER_STARTING, 0},
    {{.ntpd = 1}, {true, 22516, 0, false, 0, 0}, KEEPER_STARTING, 0},
    {{.chronyd = 1}, {true, 1234, 0, false, 0, 5 * S}, KEEPER_BOUND, 1234000 + 51000}, /* slept long ago */
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

/* One maxerror a second; 'b' believed. In the notes: '+' the machine slept in this second, '.' no daemon is seen. */
static const struct {
    const char *what;
    int64_t maxerror_us[24];
    const char *verdicts, *notes;
    bool by_ntpd;
} histories[] = {
    {"honest and growing", {1234, 1734, 2234, 2734, 1300, 1800}, "bbbbbb", NULL, false},
    {"timesyncd", {500, 1000, 1500, 2000, 2500, 0, 500, 1000}, "00000000", NULL, false},
    {"0 never caught, seen at 500", {12345, 500, 1000, 1500, 2000, 2500}, "b00000", NULL, false},
    {"0 and then honest", {0, 500, 1000, 7777, 8277}, "000bb", NULL, false},
    {"honest multiple too large for a 0", {1234, 12500, 13000}, "bbb", NULL, false},
    {"honest again from a multiple", {12500, 13000, 13500, 20000, 20500}, "000bb", NULL, false},
    {"honest small values", {131, 631, 127, 627, 1127}, "bbbbb", NULL, false},
    {"16 s at the start", {16000000, 1234}, "wb", NULL, false},
    {"16 s, then 0", {16000000, 0, 500}, "w00", NULL, false},
    /* as seen with NTPsec 1.2.2 */
    {"ntpd starts", {516, 1016, 1516, 938098, 938598, 1041, 1541}, "sssbbbb", NULL, true},
    {"a second ntpd starts", {1234, 1734, 16, 516, 1016, 1234}, "bbsssb", NULL, true},
    {"ntpd starts between two looks", {1234, 1734, 1016, 1516}, "bbss", NULL, true},
    {"ntpd, large and growing", {5016, 5516, 6234, 20016, 20516}, "ssbbb", NULL, true},
    {"chronyd in a fast network", {16, 516, 16, 516}, "bbbb", NULL, false},
    {"sleep", {1234, 1734, 2234, 2734, 900}, "bbppb", "--+--", false},
    {"written in the second of the sleep", {1234, 1734, 900, 1400, 800}, "bbppb", "--+--", false},
    {"a daemon comes and has not spoken",
     {1234, 1734, 2234, 2734, 3234, 3734, 4234, 4734,  5234, 5734, 6234,
      6734, 7234, 7734, 8234, 8734, 9234, 9734, 10234, 777,  1277},
     "baaaaaaaaaaaaaaaappbb",
     "-................----",
     false},
    {"a daemon comes and has spoken before it is seen",
     {1234, 1734, 2234, 16000000, 16000000, 222, 722, 1222, 1722},
     "baaaaaabb",
     "-......--",
     false},
    {"two sleeps", {1234, 1734, 2234, 900, 1400, 700}, "bppppb", "-+-+--", false},
};

static enum keeper_verdict verdict_of(char letter)
{
    switch (letter) {
    case 'b':
        return KEEPER_BOUND;
    case '0':
        return KEEPER_ZERO;
    case 's':
        return KEEPER_STARTING;
    case 'a':
        return KEEPER_ABSENT;
    case 'p':
        return KEEPER_STALE;
    default:
        return KEEPER_TOO_WIDE;
    }
}

START_TEST(what_maxerror_went_through)
{
    struct keeper keeper = {.seen = false};
    int64_t asleep_ns = 7 * S;
    for (size_t i = 0; histories[_i].verdicts[i] != 0; i++) {
        bool absent = histories[_i].notes != NULL && histories[_i].notes[i] == '.';
        asleep_ns += 300; /* noise of reading two clocks */
        if (histories[_i].notes != NULL && histories[_i].notes[i] == '+')
            asleep_ns += 40 * S;
        struct keeper_kernel kernel = {
            .known = true, .maxerror_us = histories[_i].maxerror_us[i], .asleep_ns = asleep_ns};
        tai_bound_t bound;
        enum keeper_verdict verdict = keeper_judge(&keeper,
                                                   absent                  ? &nobody
                                                   : histories[_i].by_ntpd ? &ntpd
                                                                           : &chronyd,
                                                   &kernel, (tai_mono_t){(int64_t)i * S}, &bound);
        ck_assert_msg(verdict == verdict_of(histories[_i].verdicts[i]), "%s, second %zu: %s",
                      histories[_i].what, i, keeper_verdict_text(verdict));
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
    struct evidence e = {.held = 0};
    evidence_scan(proc, &e);
    ck_assert_uint_eq(e.found.chronyd, 1);
    ck_assert_uint_eq(e.found.ntpd, 0);
    ck_assert_uint_eq(e.found.strangers, 1);
    ck_assert_uint_eq(e.found.powerless, 3);
    ck_assert_str_eq(e.found.stranger, "systemd-timesyn");
    evidence_scan("/nonexistent", &e);
    ck_assert_uint_eq(e.found.chronyd + e.found.ntpd + e.found.strangers + e.found.powerless, 0);
    snprintf(command, sizeof command, "rm -r %s", proc);
    ck_assert_int_eq(system(command), 0);
}
END_TEST

START_TEST(the_end_of_a_daemon_is_seen_between_two_scans)
{
    char proc[] = "/tmp/taistamp-proc-XXXXXX", dir[64], command[128];
    ck_assert_ptr_nonnull(mkdtemp(proc));
    static const char map[] = "         0          0 4294967295\n", yes[] = "0000000002000000";
    static const char zombie[] = "State:\tZ (zombie)\nCapEff:\t0000000002000000\n";
    static const char sleeping[] = "State:\tS (sleeping)\nCapEff:\t0000000002000000\n";
    put_process(proc, "self", "test", yes, map);
    put_process(proc, "10", "chronyd", yes, map);
    put_process(proc, "11", "chronyd", yes, map);
    struct evidence e = {.held = 0};
    ck_assert(evidence_stands(&e)); /* nobody was there: nobody is missing */
    evidence_scan(proc, &e);
    ck_assert_uint_eq(e.held, 2);
    ck_assert(evidence_stands(&e));
    snprintf(dir, sizeof dir, "%s/11", proc);
    put(dir, "status", zombie, sizeof zombie - 1);
    ck_assert(!evidence_stands(&e));
    put(dir, "status", sleeping, sizeof sleeping - 1);
    ck_assert(evidence_stands(&e));
    snprintf(command, sizeof command, "rm -r %s/10", proc);
    ck_assert_int_eq(system(command), 0);
    ck_assert(!evidence_stands(&e));
    put_process(proc, "10", "chronyd", yes, map); /* another process under the same number */
    ck_assert(!evidence_stands(&e));
    evidence_scan(proc, &e);
    ck_assert(evidence_stands(&e));
    evidence_release(&e);
    ck_assert_uint_eq(e.held, 0);
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
    tcase_add_loop_test(tc, what_maxerror_went_through, 0, sizeof histories / sizeof *histories);
    tcase_add_test(tc, a_scan_finds_who_may_set_the_clock);
    tcase_add_test(tc, the_end_of_a_daemon_is_seen_between_two_scans);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
