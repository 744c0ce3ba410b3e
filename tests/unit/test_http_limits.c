/* SPDX-License-Identifier: Apache-2.0 */
/* The guard's limits over real sockets: deadlines, caps, memory, and how a server ends. */
#include <check.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "tests/unit/fake_log.h"
#include "server/verbs.h"
#include "tests/unit/http_rig.h"
#include "tests/unit/prop.h"

#define GET(path) "GET " path " HTTP/1.1\r\nHost: h\r\n\r\n"

/* AddressSanitizer keeps freed memory aside. */
#ifdef __SANITIZE_ADDRESS__
enum { QUARANTINE_KB = 256 * 1024 };
#else
enum { QUARANTINE_KB = 0 };
#endif

static struct rig rig;

static void prepare(void)
{
    fake_script = (struct fake_script){.tile_len = 8192};
    rig_prepare(&rig);
}

static long now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000L + t.tv_nsec / 1000000;
}

static void assert_alive(void)
{
    struct rig_answer a;
    rig_exchange(&rig, rig_good_post, strlen(rig_good_post), &a);
    ck_assert_int_eq(a.status, 201);
}

/* A number out of /metrics. */
static long metric(const char *name)
{
    struct rig_answer a;
    char key[80];
    rig_exchange(&rig, GET("/metrics"), sizeof GET("/metrics") - 1, &a);
    snprintf(key, sizeof key, "\n%s ", name);
    const char *at = strstr(a.body, key);
    ck_assert_msg(at != NULL, "no metric %s", name);
    return strtol(at + strlen(key), NULL, 10);
}

/* A byte now and then does not keep a request alive. */
START_TEST(test_slow_request)
{
    prepare();
    rig.config.stamp.request_ms = 400;
    rig_start(&rig);
    struct rig_answer a;
    int fd = rig_connect(&rig);
    const long start = now_ms();
    size_t sent = 0;
    while (!rig_ends(fd, 20) && now_ms() - start < 5000)
        rig_send(fd, rig_good_post + sent++, 1);
    ck_assert_int_lt(now_ms() - start, 1500);
    close(fd);
    /* The same in the body; and the answer says why. */
    fd = rig_connect(&rig);
    rig_send(fd, rig_good_post, strlen(rig_good_post) - 1);
    rig_read(fd, true, &a);
    ck_assert_int_eq(a.status, 408);
    ck_assert_str_eq(a.code, "request_timeout");
    ck_assert(a.closed && rig_ends(fd, 3000));
    close(fd);
    ck_assert_int_eq(metric("taistamp_refused_total{reason=\"request_timeout\"}"), 2);
    assert_alive();
    ck_assert_int_eq(rig_stop(&rig), 0);
}
END_TEST

START_TEST(test_idle)
{
    prepare();
    rig.config.stamp.idle_ms = 300;
    rig_start(&rig);
    struct rig_answer a;
    int fresh = rig_connect(&rig), used = rig_connect(&rig);
    rig_send_text(used, rig_good_post);
    rig_read(used, true, &a);
    ck_assert_int_eq(a.status, 201);
    ck_assert(rig_ends(fresh, 2000));
    ck_assert(rig_ends(used, 2000));
    close(fresh);
    close(used);
    assert_alive();
    ck_assert_int_eq(rig_stop(&rig), 0);
}
END_TEST

/* Whoever does not read the answer is dropped, and takes no memory but that of one answer. */
START_TEST(test_slow_reader)
{
    prepare();
    rig.config.stamp.answer_ms = 500;
    fake_script.tile_len = 8 << 20;
    rig_start(&rig);
    enum { READERS = 4 };
    int fds[READERS];
    for (size_t i = 0; i < READERS; i++) {
        fds[i] = rig_connect(&rig);
        for (size_t k = 0; k < 50; k++)
            rig_send_text(fds[i], GET("/tile/0/000"));
    }
    usleep(200000);
    ck_assert_int_lt(rig_memory_kb(&rig), 400L << 10);
    usleep(1500000);
    ck_assert_int_eq(metric("taistamp_refused_total{reason=\"slow_reader\"}"), READERS);
    ck_assert_int_eq(metric("taistamp_http_connections"), 1);
    for (size_t i = 0; i < READERS; i++) {
        ck_assert(rig_ends(fds[i], 5000));
        close(fds[i]);
    }
    assert_alive();
    ck_assert_int_eq(rig_stop(&rig), 0);
}
END_TEST

/* Many slow readers at once: what they have not read is bounded for all of them together. */
START_TEST(test_slow_readers_together)
{
    prepare();
    fake_script.tile_len = 16 << 20;
    rig_start(&rig);
    enum { READERS = 24 };
    int fds[READERS];
    for (size_t i = 0; i < READERS; i++) {
        fds[i] = rig_connect(&rig);
        rig_send_text(fds[i], GET("/tile/0/000"));
        usleep(20000);
    }
    usleep(300000);
    ck_assert_int_lt(rig_memory_kb(&rig), (280L << 10) + QUARANTINE_KB);
    ck_assert_int_gt(metric("taistamp_refused_total{reason=\"slow_reader\"}"), READERS / 2);
    /* The newest is served to its end. */
    struct rig_answer a;
    rig_read(fds[READERS - 1], true, &a);
    ck_assert_int_eq(a.status, 200);
    ck_assert_uint_eq(a.body_len, 16 << 20);
    for (size_t i = 0; i < READERS; i++)
        close(fds[i]);
    assert_alive();
    ck_assert_int_eq(rig_stop(&rig), 0);
}
END_TEST

/* A client that has said all it will say still gets a long answer whole, at its own pace. */
START_TEST(test_half_closed_long_answer)
{
    prepare();
    fake_script.tile_len = 16 << 20;
    rig_start(&rig);
    struct rig_answer a;
    int fd = rig_connect(&rig);
    rig_send_text(fd, GET("/tile/0/000"));
    ck_assert_int_eq(shutdown(fd, SHUT_WR), 0);
    usleep(200000);
    rig_read(fd, true, &a);
    ck_assert_int_eq(a.status, 200);
    ck_assert_uint_eq(a.body_len, 16 << 20);
    ck_assert(rig_ends(fd, 5000));
    close(fd);
    ck_assert_int_eq(rig_stop(&rig), 0);
}
END_TEST

/* The next request arrives while the first is pending, or while its answer is being written. */
START_TEST(test_early_next_request)
{
    for (size_t long_answer = 0; long_answer < 2; long_answer++) {
        prepare();
        fake_script.commit_ms = long_answer ? 0 : 150;
        fake_script.receipt_len = long_answer ? 16 << 20 : 700;
        rig_start(&rig);
        struct rig_answer a;
        int fd = rig_connect(&rig);
        rig_send_text(fd, rig_good_post);
        usleep(50000);
        rig_send_text(fd, rig_good_post);
        usleep(50000);
        rig_send_text(fd, GET("/healthz"));
        ck_assert_int_eq(shutdown(fd, SHUT_WR), 0);
        for (size_t i = 0; i < 3; i++) {
            rig_read(fd, true, &a);
            ck_assert_int_eq(a.status, i < 2 ? 201 : 200);
        }
        ck_assert(rig_ends(fd, 5000));
        close(fd);
        ck_assert_int_eq(rig_stop(&rig), 0);
    }
}
END_TEST

START_TEST(test_answer_too_long)
{
    prepare();
    rig.config.stamp.output_bytes_max = 100000;
    fake_script.tile_len = 100001;
    rig_start(&rig);
    struct rig_answer a;
    rig_exchange(&rig, GET("/tile/0/000"), sizeof GET("/tile/0/000") - 1, &a);
    ck_assert_int_eq(a.status, 500);
    ck_assert_int_eq(rig_stop(&rig), 0);
}
END_TEST

/* A client that announces, or just sends, a gigabyte: refused at once, and it can read why. */
START_TEST(test_huge_body)
{
    prepare();
    rig_start(&rig);
    static char block[64 * 1024];
    memset(block, 'x', sizeof block);
    struct rig_answer a;
    const long before = rig_memory_kb(&rig);
    for (size_t i = 0; i < 20; i++) {
        int fd = rig_connect(&rig);
        rig_send_text(fd, "POST /v1/stamps HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000000\r\n\r\n");
        rig_send(fd, block, sizeof block);
        rig_send(fd, block, sizeof block);
        rig_read(fd, true, &a);
        ck_assert_int_eq(a.status, 413);
        ck_assert_str_eq(a.code, "body_too_large");
        /* It goes on taking what was under way: a reset could have taken the answer with it. */
        for (size_t k = 0; k < 4; k++) {
            ck_assert_int_eq(send(fd, block, sizeof block, MSG_NOSIGNAL), sizeof block);
            usleep(5000);
        }
        /* It stops to listen after a moment, however much comes. */
        const long start = now_ms();
        while (now_ms() - start < 5000 && send(fd, block, sizeof block, MSG_NOSIGNAL) > 0)
            ;
        ck_assert_int_lt(now_ms() - start, 5000);
        close(fd);
    }
    /* Without any line end, too. */
    int fd = rig_connect(&rig);
    rig_send(fd, block, sizeof block);
    rig_read(fd, true, &a);
    ck_assert_int_eq(a.status, 431);
    close(fd);
    ck_assert_int_lt(rig_memory_kb(&rig) - before, 4096 + QUARANTINE_KB);
    assert_alive();
    ck_assert_int_eq(rig_stop(&rig), 0);
}
END_TEST

START_TEST(test_headers_too_large)
{
    prepare();
    rig_start(&rig);
    static char text[20000];
    struct rig_answer a;
    size_t n = (size_t)snprintf(text, sizeof text, "GET /healthz HTTP/1.1\r\nHost: h\r\n");
    for (size_t i = 0; i < 63; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "X-%zu: y\r\n", i);
    size_t full = n + (size_t)snprintf(text + n, sizeof text - n, "\r\n");
    rig_exchange(&rig, text, full, &a);
    ck_assert_int_eq(a.status, 200);
    full = n + (size_t)snprintf(text + n, sizeof text - n, "One: more\r\n\r\n");
    rig_exchange(&rig, text, full, &a);
    ck_assert_int_eq(a.status, 431);
    for (size_t len = 8150; len < 8250; len++) {
        n = (size_t)snprintf(text, sizeof text, "GET /healthz HTTP/1.1\r\nHost: h\r\nX: ");
        memset(text + n, 'x', len - n - 4);
        memcpy(text + len - 4, "\r\n\r\n", 4);
        rig_exchange(&rig, text, len, &a);
        ck_assert_msg(a.status == (len <= 8192 ? 200 : 431), "%zu bytes: %d", len, a.status);
    }
    n = (size_t)snprintf(text, sizeof text, "GET /");
    memset(text + n, 'x', 1024);
    memcpy(text + n + 1024, " HTTP/1.1\r\nHost: h\r\n\r\n", 22);
    rig_exchange(&rig, text, n + 1024 + 22, &a);
    ck_assert_int_eq(a.status, 414);
    ck_assert_int_eq(rig_stop(&rig), 0);
}
END_TEST

/* At the cap the longest idle makes room; when none is idle, newcomers wait. */
START_TEST(test_connection_cap)
{
    prepare();
    rig.config.stamp.connections_max = 8;
    rig.config.stamp.request_ms = 700;
    rig_start(&rig);
    enum { MANY = 40 };
    int fds[MANY];
    struct rig_answer a;
    for (size_t i = 0; i < MANY; i++) {
        fds[i] = rig_connect(&rig);
        rig_send_text(fds[i], GET("/healthz"));
        rig_read(fds[i], true, &a);
        ck_assert_int_eq(a.status, 200);
    }
    ck_assert(rig_ends(fds[0], 1000));
    ck_assert_int_le(metric("taistamp_http_connections"), 8);
    assert_alive();
    for (size_t i = 0; i < MANY; i++)
        close(fds[i]);
    usleep(100000);
    for (size_t i = 0; i < 12; i++) {
        fds[i] = rig_connect(&rig);
        rig_send_text(fds[i], "GET /healthz");
    }
    const long start = now_ms();
    assert_alive();
    ck_assert_int_gt(now_ms() - start, 300);
    for (size_t i = 0; i < 12; i++)
        close(fds[i]);
    assert_alive();
    ck_assert_int_eq(rig_stop(&rig), 0);
}
END_TEST

START_TEST(test_ten_thousand_idle)
{
    enum { MANY = 10000 };
    struct rlimit limit = {MANY + 200, MANY + 200}, old;
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &old), 0);
    if (old.rlim_max > limit.rlim_max)
        limit.rlim_max = old.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0) {
        printf("SKIP test_ten_thousand_idle: at most %llu open files allowed\n",
               (unsigned long long)old.rlim_max);
        const char *ci = getenv("CI");
        ck_assert_msg(ci == NULL || strcmp(ci, "true") != 0,
                      "a skip is a failure here: allow more open files");
        return;
    }
    prepare();
    rig.config.stamp.connections_max = MANY + 100;
    rig_start(&rig);
    static int fds[MANY];
    struct rig_answer a;
    assert_alive();
    const long before = rig_memory_kb(&rig);
    for (size_t i = 0; i < MANY; i++) {
        fds[i] = rig_connect(&rig);
        if (i % 100 != 0)
            continue;
        rig_send_text(fds[i], rig_good_post);
        rig_read(fds[i], true, &a);
        ck_assert_int_eq(a.status, 201);
    }
    ck_assert_int_eq(metric("taistamp_http_connections"), MANY + 1);
    const long each = (rig_memory_kb(&rig) - before) * 1024 / MANY;
    printf("test_ten_thousand_idle: %ld bytes for each idle connection\n", each);
    ck_assert_int_lt(each, 8192);
    const long start = now_ms();
    for (size_t i = 0; i < 100; i++)
        assert_alive();
    ck_assert_int_lt(now_ms() - start, 5000);
    for (size_t i = 0; i < MANY; i += 97) {
        rig_send_text(fds[i], rig_good_post);
        rig_read(fds[i], true, &a);
        ck_assert_int_eq(a.status, 201);
    }
    for (size_t i = 0; i < MANY; i++)
        close(fds[i]);
    assert_alive();
    ck_assert_int_eq(rig_stop(&rig), 0);
}
END_TEST

/* Clients that go away while their stamp is made. */
START_TEST(test_gone_while_pending)
{
    prepare();
    fake_script.commit_ms = 100;
    rig_start(&rig);
    for (size_t i = 0; i < 100; i++) {
        int fd = rig_connect(&rig);
        rig_send_text(fd, rig_good_post);
        const struct linger reset = {1, 0};
        if (i % 2 == 0)
            ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset), 0);
        close(fd);
    }
    usleep(300000);
    assert_alive();
    ck_assert_int_eq(metric("taistamp_http_connections"), 1);
    ck_assert_int_eq(rig_stop(&rig), 0);
}
END_TEST

START_TEST(test_refusals)
{
    static const struct {
        enum stamp_outcome outcome;
        int status;
        const char *code;
    } rows[] = {{STAMP_NO_BOUND, 503, "clock_no_bound"},
                {STAMP_TOO_UNCERTAIN, 503, "clock_too_uncertain"},
                {STAMP_CLOCK_BEHIND_LOG, 503, "clock_behind_log"},
                {STAMP_OVERLOADED, 429, "overloaded"}};
    prepare();
    fake_script.outcome = rows[_i].outcome;
    fake_script.clock_status = _i == 0 ? TAISTAMP_STATUS_DISRUPTED : TAISTAMP_STATUS_ASSUMED;
    fake_script.half_width_ns = _i == 1 ? 1000000001 : 1;
    rig_start(&rig);
    struct rig_answer a;
    rig_exchange(&rig, rig_good_post, strlen(rig_good_post), &a);
    ck_assert_int_eq(a.status, rows[_i].status);
    ck_assert_str_eq(a.code, rows[_i].code);
    ck_assert_ptr_nonnull(strstr(a.head, "\r\nRetry-After: "));
    ck_assert_ptr_nonnull(strstr(a.body, "as the script says"));
    rig_exchange(&rig, GET("/healthz"), sizeof GET("/healthz") - 1, &a);
    ck_assert_int_eq(a.status, _i < 2 ? 503 : 200);
    if (_i == 0) {
        rig_exchange(&rig, GET("/v1/time"), sizeof GET("/v1/time") - 1, &a);
        ck_assert_ptr_nonnull(strstr(a.body, "\"status\": \"disrupted\""));
        ck_assert_ptr_nonnull(strstr(a.body, "\"earliest\": null"));
    }
    ck_assert_int_eq(rig_stop(&rig), 0);
}
END_TEST

/* Told to stop: what is pending is answered, idle connections end, half a request is told. */
START_TEST(test_drain)
{
    prepare();
    fake_script.commit_ms = 400;
    rig_start(&rig);
    struct rig_answer a;
    int pending = rig_connect(&rig), idle = rig_connect(&rig), half = rig_connect(&rig);
    rig_send_text(pending, rig_good_post);
    rig_send(half, rig_good_post, 50);
    usleep(100000);
    ck_assert_int_eq(kill(rig.pid, SIGTERM), 0);
    rig_read(pending, true, &a);
    ck_assert_int_eq(a.status, 201);
    ck_assert(a.closed);
    rig_read(half, true, &a);
    ck_assert_int_eq(a.status, 503);
    ck_assert_str_eq(a.code, "stopping");
    ck_assert(rig_ends(idle, 2000));
    ck_assert_int_eq(rig_wait(&rig), 0);
    close(pending);
    close(idle);
    close(half);
}
END_TEST

START_TEST(test_log_fails)
{
    prepare();
    fake_script.fails = true;
    rig_start(&rig);
    struct rig_answer a;
    rig_exchange(&rig, rig_good_post, strlen(rig_good_post), &a);
    ck_assert_int_eq(a.status, 500);
    ck_assert_str_eq(a.code, "store_failed");
    ck_assert_int_eq(rig_wait(&rig), 1);
}
END_TEST

/* Noise from many sides at once: no crash, no growth. */
START_TEST(test_noise)
{
    prepare();
    rig_start(&rig);
    struct prop prop = prop_start("noise", 20260101);
    assert_alive();
    for (size_t i = 0; i < 2000; i++) {
        char noise[400];
        size_t n = (size_t)prop_below(&prop, sizeof noise);
        for (size_t k = 0; k < n; k++)
            noise[k] = (char)prop_u64(&prop);
        int fd = rig_connect(&rig);
        size_t whole = strlen(rig_good_post);
        rig_send(fd, rig_good_post, (size_t)prop_below(&prop, whole + 1));
        rig_send(fd, noise, n);
        close(fd);
    }
    assert_alive();
    ck_assert_int_lt(rig_memory_kb(&rig), (64L << 10) + QUARANTINE_KB);
    ck_assert_int_eq(rig_stop(&rig), 0);
}
END_TEST

START_TEST(test_addresses)
{
    static char bad[] = "localhost", six[] = "[::1]:0";
    prepare();
    rig.config.stamp.listen[1] = six;
    rig.config.stamp.listen_count = 2;
    rig_start(&rig);
    int four_port = 0, six_port = 0;
    ck_assert_int_eq(sscanf(rig.where, "127.0.0.1:%d [::1]:%d", &four_port, &six_port), 2);
    ck_assert_int_eq(four_port, rig.port);
    assert_alive();
    /* The port is taken now. */
    static char taken[40];
    struct rig second;
    rig_prepare(&second);
    snprintf(taken, sizeof taken, "127.0.0.1:%d", rig.port);
    second.config.stamp.listen[0] = taken;
    fflush(NULL);
    second.pid = fork();
    if (second.pid == 0)
        exit(stamp_run(&second.config, -1));
    ck_assert_int_eq(rig_wait(&second), 78);
    rig_prepare(&second);
    second.config.stamp.listen[0] = bad;
    fflush(NULL);
    second.pid = fork();
    if (second.pid == 0)
        exit(stamp_run(&second.config, -1));
    ck_assert_int_eq(rig_wait(&second), 78);
    ck_assert_int_eq(rig_stop(&rig), 0);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("http_limits");
    TCase *t = tcase_create("limits");
    tcase_set_timeout(t, 120);
    tcase_add_test(t, test_slow_request);
    tcase_add_test(t, test_idle);
    tcase_add_test(t, test_slow_reader);
    tcase_add_test(t, test_slow_readers_together);
    tcase_add_test(t, test_half_closed_long_answer);
    tcase_add_test(t, test_early_next_request);
    tcase_add_test(t, test_answer_too_long);
    tcase_add_test(t, test_huge_body);
    tcase_add_test(t, test_headers_too_large);
    tcase_add_test(t, test_connection_cap);
    tcase_add_test(t, test_ten_thousand_idle);
    tcase_add_test(t, test_gone_while_pending);
    tcase_add_loop_test(t, test_refusals, 0, 4);
    tcase_add_test(t, test_drain);
    tcase_add_test(t, test_log_fails);
    tcase_add_test(t, test_noise);
    tcase_add_test(t, test_addresses);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
