/* SPDX-License-Identifier: Apache-2.0 */
/* The clock as a program meets it: the page's file, taistamp_clock_open and _read, and the clock process itself
 * running on a page of its own and being stopped, killed and doubled. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "sdk/io/log.h"
#include "sdk/io/page.h"
#include "server/verbs.h"

#define S INT64_C(1000000000)
enum { GENERATION = 2 };

static char folder[64], page_path[128];

static void setup(void)
{
    strcpy(folder, "/tmp/taistamp-clock-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(page_path, sizeof page_path, "%s/run/clock", folder);
}

static void teardown(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    ck_assert_int_eq(system(command), 0);
}

/* A line that is right now: TAI by POSIX time and 37 s. */
static struct clock_line line_now(void)
{
    struct page_clocks now;
    page_clocks_read(true, &now);
    struct clock_line line = {
        .as_of = now.raw,
        .tai = {now.realtime_ns + 37 * S},
        .half_width = {50000000},
        .growth = {500000},
        .void_after = {now.raw.ns + 60 * S},
        .realtime_minus_raw_ns = now.realtime_ns - now.raw.ns,
        .tai_utc_s = 37,
        .next_tai_utc_s = 37,
        .next_leap = {PAGE_NEVER},
        .status = TAISTAMP_STATUS_ASSUMED,
        .source = TAISTAMP_CLOCK_ASSUMED,
    };
    ck_assert_int_eq(page_boot_id(line.boot_id, NULL), TAI_OK);
    return line;
}

static void open_writer(struct page_writer *writer)
{
    struct tai_error error;
    enum tai_err err = page_writer_open(page_path, writer, &error);
    ck_assert_msg(err == TAI_OK, "%s", err == TAI_OK ? "" : error.text);
}

static taistamp_clock *open_clock(void)
{
    struct tai_error error;
    taistamp_clock *clock = NULL;
    enum tai_err err = taistamp_clock_open(page_path, &clock, &error);
    ck_assert_msg(err == TAI_OK, "%s", err == TAI_OK ? "" : error.text);
    return clock;
}

static struct taistamp_reading read_clock(const taistamp_clock *clock)
{
    struct taistamp_reading r;
    ck_assert_int_eq(taistamp_clock_read(clock, &r), TAI_OK);
    return r;
}

START_TEST(a_reading_holds_the_time)
{
    struct page_writer writer;
    open_writer(&writer);
    taistamp_clock *clock = open_clock();
    ck_assert_int_eq(read_clock(clock).status, TAISTAMP_STATUS_UNKNOWN);
    struct clock_line line = line_now();
    page_write(writer.page, &line);
    struct page_clocks now;
    page_clocks_read(true, &now);
    struct taistamp_reading r = read_clock(clock);
    ck_assert_int_eq(r.status, TAISTAMP_STATUS_ASSUMED);
    ck_assert_int_eq(r.source, TAISTAMP_CLOCK_ASSUMED);
    ck_assert_int_eq(r.tai_utc_s, 37);
    ck_assert_int_le(r.tai.earliest.ns, now.realtime_ns + 37 * S);
    ck_assert_int_ge(r.tai.latest.ns, now.realtime_ns + 37 * S);
    ck_assert_int_lt(r.tai.latest.ns - r.tai.earliest.ns, S);
    taistamp_clock_close(clock);
    page_writer_close(&writer);
}
END_TEST

START_TEST(what_a_page_says_after_it_was_made_elsewhere)
{
    struct page_writer writer;
    open_writer(&writer);
    taistamp_clock *clock = open_clock();
    struct clock_line line = line_now();
    line.boot_id[3] ^= 1;
    page_write(writer.page, &line);
    ck_assert_int_eq(read_clock(clock).status, TAISTAMP_STATUS_EXPIRED);
    line = line_now();
    line.realtime_minus_raw_ns -= 3 * S; /* somebody set the clock since */
    page_write(writer.page, &line);
    ck_assert_int_eq(read_clock(clock).status, TAISTAMP_STATUS_DISRUPTED);
    line = line_now();
    line.void_after = line.as_of;
    page_write(writer.page, &line);
    ck_assert_int_eq(read_clock(clock).status, TAISTAMP_STATUS_EXPIRED);
    taistamp_clock_close(clock);
    page_writer_close(&writer);
}
END_TEST

START_TEST(a_reader_outlives_its_writer)
{
    struct page_writer writer;
    struct taistamp_reading r;
    open_writer(&writer);
    taistamp_clock *clock = open_clock();
    struct clock_line line = line_now();
    page_write(writer.page, &line);
    atomic_fetch_add(&writer.page->words[GENERATION], 1); /* it died half-way */
    page_writer_close(&writer);
    struct timespec start, end;
    clock_gettime(CLOCK_MONOTONIC, &start);
    ck_assert_int_eq(taistamp_clock_read(clock, &r), TAI_ERR_UNAVAILABLE);
    clock_gettime(CLOCK_MONOTONIC, &end);
    ck_assert_int_lt(end.tv_sec - start.tv_sec, 2);
    open_writer(&writer); /* its successor writes the same file, which the reader still has */
    ck_assert_int_eq(read_clock(clock).status, TAISTAMP_STATUS_UNKNOWN);
    line = line_now();
    page_write(writer.page, &line);
    ck_assert_int_eq(read_clock(clock).status, TAISTAMP_STATUS_ASSUMED);
    atomic_store(&writer.page->words[8], (uint64_t)INT64_MAX);
    atomic_fetch_add(&writer.page->words[GENERATION], 2);
    ck_assert_int_eq(taistamp_clock_read(clock, &r), TAI_ERR_CORRUPT);
    taistamp_clock_close(clock);
    page_writer_close(&writer);
}
END_TEST

static void put_file(const char *path, const void *bytes, size_t len)
{
    FILE *f = fopen(path, "w");
    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(fwrite(bytes, 1, len, f), len);
    fclose(f);
}

START_TEST(what_is_no_page_is_not_opened)
{
    struct tai_error error = {.code = TAI_OK};
    taistamp_clock *clock = NULL;
    char path[128];
    static const char zeroes[8192];
    ck_assert_int_eq(taistamp_clock_open("/nonexistent/clock", &clock, &error), TAI_ERR_NOT_FOUND);
    ck_assert_int_eq(taistamp_clock_open(folder, &clock, &error), TAI_ERR_CORRUPT);
    ck_assert_int_eq(taistamp_clock_open("/dev/null", &clock, &error), TAI_ERR_CORRUPT);
    snprintf(path, sizeof path, "%s/short", folder);
    put_file(path, "TAICLOCK", 8);
    ck_assert_int_eq(taistamp_clock_open(path, &clock, &error), TAI_ERR_CORRUPT);
    snprintf(path, sizeof path, "%s/zeroes", folder);
    put_file(path, zeroes, sizeof zeroes);
    ck_assert_int_eq(taistamp_clock_open(path, &clock, &error), TAI_ERR_CORRUPT);
    snprintf(path, sizeof path, "%s/fifo", folder);
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    ck_assert_int_eq(taistamp_clock_open(path, &clock, &error), TAI_ERR_CORRUPT);
    ck_assert_int_eq(taistamp_clock_open(path, NULL, &error), TAI_ERR_ARGUMENT);
    ck_assert_ptr_null(clock);
    taistamp_clock_close(NULL);
    struct page_writer writer;
    ck_assert_int_eq(page_writer_open("/nonexistent/a/clock", &writer, &error), TAI_ERR_NOT_FOUND);
    ck_assert_int_eq(page_writer_open(folder, &writer, &error), TAI_ERR_CORRUPT);
}
END_TEST

START_TEST(one_page_has_one_writer_and_keeps_its_file)
{
    struct page_writer first, second;
    struct tai_error error;
    struct stat before, after;
    mode_t mask = umask(077);
    open_writer(&first);
    umask(mask);
    ck_assert_int_eq(page_writer_open(page_path, &second, &error), TAI_ERR_CONFLICT);
    ck_assert_int_eq(stat(page_path, &before), 0);
    ck_assert_int_eq(before.st_mode & 07777, 0644);
    page_writer_close(&first);
    open_writer(&second);
    ck_assert_int_eq(stat(page_path, &after), 0);
    ck_assert_uint_eq(before.st_ino, after.st_ino);
    page_writer_close(&second);
}
END_TEST

START_TEST(the_environment_names_the_page)
{
    struct page_writer writer;
    taistamp_clock *clock;
    open_writer(&writer);
    setenv("TAISTAMP_CLOCK_PAGE", page_path, 1);
    ck_assert_int_eq(taistamp_clock_open(NULL, &clock, NULL), TAI_OK);
    taistamp_clock_close(clock);
    unsetenv("TAISTAMP_CLOCK_PAGE");
    page_writer_close(&writer);
}
END_TEST

/* ---- The process ---- */

/* With a `log`, its warnings go into that file of the folder. */
static pid_t start_clock_logging(const char *config_text, const char *log, int *ret_ready_fd)
{
    char config_path[128];
    snprintf(config_path, sizeof config_path, "%s/taid.yaml", folder);
    put_file(config_path, config_text, strlen(config_text));
    int ready[2];
    ck_assert_int_eq(pipe(ready), 0);
    pid_t pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        struct tai_error error;
        struct taid_config *config;
        close(ready[0]);
        snprintf(config_path, sizeof config_path, "%s/%s", folder, log != NULL ? log : "");
        if (log != NULL && freopen(config_path, "w", stderr) == NULL)
            _exit(98);
        snprintf(config_path, sizeof config_path, "%s/taid.yaml", folder);
        log_open("taid", log != NULL ? LOG_WARNING : LOG_ERROR);
        if (config_load(config_path, &config, &error) != TAI_OK) {
            fprintf(stderr, "%s\n", error.text);
            _exit(99);
        }
        _exit(clock_run(config, ready[1]));
    }
    close(ready[1]);
    *ret_ready_fd = ready[0];
    return pid;
}

static pid_t start_clock(const char *config_text, int *ret_ready_fd)
{
    return start_clock_logging(config_text, NULL, ret_ready_fd);
}

static void wait_ready(int fd)
{
    char line[16] = {0};
    ck_assert_int_gt(read(fd, line, sizeof line - 1), 0);
    ck_assert_str_eq(line, "ready\n");
    close(fd);
}

static int end_clock(pid_t pid, int number)
{
    int status;
    if (number != 0)
        ck_assert_int_eq(kill(pid, number), 0);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static void wait_status(const taistamp_clock *clock, enum taistamp_status status)
{
    for (int i = 0; i < 100 && read_clock(clock).status != status; i++)
        usleep(50000);
    ck_assert_int_eq(read_clock(clock).status, status);
}

static const char assumed_text[] = "clock:\n  page: run/clock\n  assume_error_ms: 250\n";
static const char silent_text[] = "clock:\n  page: run/clock\n";

START_TEST(the_process_publishes_and_stops)
{
    int ready;
    pid_t pid = start_clock(assumed_text, &ready);
    wait_ready(ready);
    taistamp_clock *clock = open_clock();
    struct taistamp_reading r = read_clock(clock);
    struct page_clocks now;
    page_clocks_read(true, &now);
    /* Where chronyd runs beside the test its word goes before the operator's. */
    ck_assert(r.status == TAISTAMP_STATUS_ASSUMED || r.status == TAISTAMP_STATUS_SINGLE_REFERENCE);
    ck_assert_int_eq(r.utc == TAISTAMP_UTC_UNKNOWN, 0);
    int64_t tai = now.realtime_ns + r.tai_utc_s * S;
    ck_assert_int_le(r.tai.earliest.ns, tai);
    ck_assert_int_ge(r.tai.latest.ns, tai);
    /* A second one on the same page is refused and does no harm. */
    int second_ready;
    pid_t second = start_clock(assumed_text, &second_ready);
    ck_assert_int_eq(end_clock(second, 0), TAID_EXIT_REFUSED);
    close(second_ready);
    ck_assert_int_eq(read_clock(clock).status, r.status);
    ck_assert_int_eq(end_clock(pid, SIGTERM), TAID_EXIT_OK);
    ck_assert_int_eq(read_clock(clock).status, r.status);
    taistamp_clock_close(clock);
}
END_TEST

START_TEST(a_killed_process_is_followed_by_another)
{
    int ready;
    pid_t pid = start_clock(assumed_text, &ready);
    wait_ready(ready);
    taistamp_clock *clock = open_clock();
    enum taistamp_status status = read_clock(clock).status;
    ck_assert_int_eq(end_clock(pid, SIGKILL), -SIGKILL);
    ck_assert_int_eq(read_clock(clock).status, status);
    pid = start_clock(assumed_text, &ready);
    wait_ready(ready);
    wait_status(clock, status);
    ck_assert_int_eq(end_clock(pid, SIGINT), TAID_EXIT_OK);
    taistamp_clock_close(clock);
}
END_TEST

START_TEST(a_reload_takes_the_assumption_back)
{
    int ready;
    pid_t pid = start_clock(assumed_text, &ready);
    wait_ready(ready);
    taistamp_clock *clock = open_clock();
    if (read_clock(clock).status == TAISTAMP_STATUS_ASSUMED) {
        char path[128];
        snprintf(path, sizeof path, "%s/taid.yaml", folder);
        put_file(path, "clock: [", 8); /* broken: nothing changes */
        ck_assert_int_eq(kill(pid, SIGHUP), 0);
        usleep(1500000);
        ck_assert_int_eq(read_clock(clock).status, TAISTAMP_STATUS_ASSUMED);
        put_file(path, silent_text, sizeof silent_text - 1);
        ck_assert_int_eq(kill(pid, SIGHUP), 0);
        wait_status(clock, TAISTAMP_STATUS_UNKNOWN);
    }
    ck_assert_int_eq(end_clock(pid, SIGTERM), TAID_EXIT_OK);
    taistamp_clock_close(clock);
}
END_TEST

START_TEST(a_reload_says_that_the_page_stays)
{
    static const char moved_text[] = "clock:\n  page: run/elsewhere\n  assume_error_ms: 250\n";
    int ready;
    pid_t pid = start_clock_logging(assumed_text, "log", &ready);
    wait_ready(ready);
    char path[128], log[2048] = "";
    snprintf(path, sizeof path, "%s/taid.yaml", folder);
    put_file(path, moved_text, sizeof moved_text - 1);
    ck_assert_int_eq(kill(pid, SIGHUP), 0);
    snprintf(path, sizeof path, "%s/log", folder);
    for (int i = 0; i < 100 && strstr(log, "clock.page was changed") == NULL; i++) {
        usleep(50000);
        FILE *f = fopen(path, "r");
        ck_assert_ptr_nonnull(f);
        log[fread(log, 1, sizeof log - 1, f)] = 0;
        fclose(f);
    }
    ck_assert_ptr_nonnull(strstr(log, "clock.page was changed"));
    ck_assert_ptr_nonnull(strstr(log, page_path)); /* the one that is still written */
    taistamp_clock *clock = open_clock();
    ck_assert_int_lt(read_clock(clock).status, TAISTAMP_STATUS_RELATIVE);
    taistamp_clock_close(clock);
    ck_assert_int_eq(end_clock(pid, SIGTERM), TAID_EXIT_OK);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("clock");
    TCase *tc = tcase_create("clock");
    tcase_set_timeout(tc, 60);
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, a_reading_holds_the_time);
    tcase_add_test(tc, what_a_page_says_after_it_was_made_elsewhere);
    tcase_add_test(tc, a_reader_outlives_its_writer);
    tcase_add_test(tc, what_is_no_page_is_not_opened);
    tcase_add_test(tc, one_page_has_one_writer_and_keeps_its_file);
    tcase_add_test(tc, the_environment_names_the_page);
    tcase_add_test(tc, the_process_publishes_and_stops);
    tcase_add_test(tc, a_killed_process_is_followed_by_another);
    tcase_add_test(tc, a_reload_takes_the_assumption_back);
    tcase_add_test(tc, a_reload_says_that_the_page_stays);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
