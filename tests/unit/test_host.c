/* SPDX-License-Identifier: Apache-2.0 */
/* How the loop ends: which exit code, and so whether the service manager starts it anew (adjtimex is ours here). */
#include <check.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/timex.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client/io/host.h"

#define WAKE_NS INT64_C(1000000)

static char folder[] = "/tmp/taistamp-host-XXXXXX", page[64];
static bool kernel_refuses; /* what would set the clock; reading is always allowed */

int adjtimex(struct timex *tx)
{
    if (kernel_refuses && tx->modes != 0) {
        errno = EPERM;
        return -1;
    }
    *tx = (struct timex){.tick = 1000000 / sysconf(_SC_CLK_TCK), .status = STA_NANO};
    return TIME_OK;
}

/* An engine that does as a case says, at one kind of event. */
struct script {
    enum engine_event_kind at;
    bool steers, stops, persists, done;
    bool came; /* such an event */
};

static void step(void *engine, const struct engine_event *event, struct engine_actions *ret_actions)
{
    struct script *s = engine;
    ret_actions->wake = (tai_mono_t){event->now.raw.ns + WAKE_NS};
    if (event->kind != s->at)
        return;
    s->came = true;
    ret_actions->steer = s->steers;
    ret_actions->steering = (struct engine_steer){.unsynchronised = true};
    kernel_refuses = s->steers;
    if (s->stops)
        raise(SIGTERM);
    if (s->persists)
        ret_actions->persists[ret_actions->persists_count++] =
            (struct engine_persist){.record = ENGINE_RECORD_HLC};
}

static void tracking(const void *engine, tai_mono_t raw, struct view_tracking *ret_view)
{
    (void)engine;
    *ret_view = (struct view_tracking){.line = {.raw = raw, .status = TAISTAMP_STATUS_UNKNOWN}};
}

static size_t sources(const void *engine, tai_mono_t raw, struct view_source *ret_views, size_t cap)
{
    (void)engine, (void)raw, (void)ret_views, (void)cap;
    return 0;
}

static void cluster(const void *engine, tai_mono_t raw, struct view_cluster *ret_view)
{
    (void)engine, (void)raw;
    *ret_view = (struct view_cluster){.servers = 1};
}

static bool done(void *ctx)
{
    const struct script *s = ctx;
    return s->done && s->came;
}

/* In the process that outlives the tests, one of which aborts. */
static void setup(void)
{
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(page, sizeof page, "%s/clock", folder);
}

static void teardown(void)
{
    unlink(page);
    rmdir(folder);
}

static int run(struct script *s)
{
    const struct host_settings settings = {
        .engine = {s, step, tracking, sources, cluster},
        .self = {1},
        .udp = {.without = {[UDP_V6] = true}},
        .steer = true,
        .page = page,
        .assume_error_ns = -1,
        .ctx = s,
        .done = done,
    };
    kernel_refuses = false;
    int code = host_run(&settings);
    ck_assert(s->came);
    return code;
}

/* An owner that says when it is done is not done because the clock could not be steered. */
START_TEST(a_clock_that_cannot_be_steered_is_a_failure)
{
    ck_assert_int_eq(run(&(struct script){.at = ENGINE_TIMER, .steers = true}), 1);
    ck_assert_int_eq(run(&(struct script){.at = ENGINE_START, .steers = true}), 1);
    ck_assert_int_eq(run(&(struct script){.at = ENGINE_TIMER, .steers = true, .done = true}), 1);
}
END_TEST

START_TEST(what_was_asked_for_is_no_failure)
{
    ck_assert_int_eq(run(&(struct script){.at = ENGINE_TIMER, .done = true}), 0);
    ck_assert_int_eq(run(&(struct script){.at = ENGINE_TIMER, .stops = true}), 0);
    ck_assert_int_eq(run(&(struct script){.at = ENGINE_TIMER, .stops = true, .steers = true}), 0);
}
END_TEST

/* The engine would be told that it is kept. In a process of its own, for it aborts. */
START_TEST(a_record_without_a_file_is_a_bug)
{
    int status;
    pid_t child = fork();
    if (child == 0) {
        run(&(struct script){.at = ENGINE_TIMER, .persists = true, .done = true});
        _exit(0);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {a_clock_that_cannot_be_steered_is_a_failure,
                                  what_was_asked_for_is_no_failure};
    Suite *suite = suite_create("host");
    TCase *tcase = tcase_create("host");
    for (size_t i = 0; i < sizeof tests / sizeof *tests; i++)
        tcase_add_test(tcase, tests[i]);
    tcase_add_unchecked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, a_record_without_a_file_is_a_bug);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
