/* SPDX-License-Identifier: Apache-2.0 */
/* The control socket: what it answers, whom it lets command, and what it does with clients that do not behave. */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "client/core/guard.h"
#include "client/io/control.h"
#include "client/io/json.h"
#include "client/io/libevent.h"

static int commands[3];
static const char *refusal; /* of the next command; NULL: it is carried out */

static bool without_time;

static void fake_tracking(void *ctx, struct view_tracking *ret_view)
{
    (void)ctx;
    if (without_time) {
        *ret_view = (struct view_tracking){.line.status = TAISTAMP_STATUS_UNKNOWN, .skew_ps_per_s = -1};
        return;
    }
    *ret_view = (struct view_tracking){.state = VIEW_FOLLOWING,
                                       .half_width_ns = 104000,
                                       .rate_ps_per_s = 12003000,
                                       .term = 3,
                                       .master = {1},
                                       .deputy = {9}};
    ret_view->line.status = TAISTAMP_STATUS_SYNCHRONISED;
    ret_view->line.source = TAISTAMP_CLOCK_GPS;
    ret_view->now = (struct tai_interval){{INT64_C(1800000000123456789)}, {INT64_C(1800000000123664789)}};
    ret_view->budget = (struct view_budget){12000, 90000, 1000, 500, 500};
}

static size_t fake_sources(void *ctx, struct view_source *ret_views, size_t cap)
{
    (void)ctx;
    ck_assert_uint_ge(cap, 3);
    ret_views[0] = (struct view_source){.node = {1},
                                        .server = true,
                                        .reachable = true,
                                        .samples = 64,
                                        .has_offset = true,
                                        .offset_ns = -1500,
                                        .has_half_width = true,
                                        .half_width_ns = 110000,
                                        .verdict = VIEW_SUSPECT,
                                        .reason = GUARD_ODD,
                                        .reason_ns = 80000};
    ret_views[1] = (struct view_source){.node = {77}, .verdict = VIEW_NEW, .age_ns = -1};
    /* Measured, but its line is not known: no offset of 0 +- 0. */
    ret_views[2] = (struct view_source){.node = {2},
                                        .server = true,
                                        .reachable = true,
                                        .samples = 9,
                                        .delay_ns = 16600,
                                        .verdict = VIEW_ACCEPT};
    return 3;
}

static void fake_cluster(void *ctx, struct view_cluster *ret_view)
{
    (void)ctx;
    *ret_view = (struct view_cluster){.servers = 5,
                                      .servers_up = 4,
                                      .f_vote = 1,
                                      .quorum = 4,
                                      .term = 3,
                                      .master = {1},
                                      .self = {2},
                                      .margin = 0,
                                      .lease_valid = true,
                                      .lease_left_ns = 1200000000};
}

static bool has_oscillator;

static bool fake_oscillator(void *ctx, struct view_oscillator *ret_view)
{
    (void)ctx;
    *ret_view =
        (struct view_oscillator){.class = 1,
                                 .declared = {5000},
                                 .floor = {100},
                                 .learnt_s = 86400,
                                 .rate_ps_per_s = 12003000,
                                 .rate_sigma_ps_per_s = 6600,
                                 .wander_fs_per_s = 1000000,
                                 .holds = true,
                                 .held_ns = 720000000000,
                                 .half_width_ns = 7500,
                                 .growth = {150},
                                 .forecasts = {{3600, 1130000}, {21600, INT64_MAX}, {86400, INT64_MAX}},
                                 .allan_count = 1,
                                 .allan = {{64, 8000000, 1200}}};
    return has_oscillator;
}

static const char *fake_command(void *ctx, enum engine_command command)
{
    (void)ctx;
    commands[command]++;
    return refusal;
}

static const char *fake_name(void *ctx, sync_node_t node)
{
    (void)ctx;
    return node.id == 1 ? "alpha" : NULL;
}

static json_t *fake_own(void *ctx, const char *verb)
{
    (void)ctx;
    return strcmp(verb, "mine") == 0 ? json_pack("{s:i, s:b}", "v", 1, "mine", 1) : NULL;
}

static const struct control_owner owner = {NULL,         fake_tracking, fake_sources,    fake_cluster,
                                           fake_command, fake_name,     fake_oscillator, fake_own};

/* The answer as JSON; the caller's. */
static json_t *asked(const char *request, bool privileged)
{
    char *line = control_answer(&owner, request, strlen(request), privileged);
    ck_assert_ptr_nonnull(line);
    size_t len = strlen(line);
    ck_assert(line[len - 1] == '\n' && memchr(line, '\n', len - 1) == NULL);
    json_t *o = json_loads(line, 0, NULL);
    free(line);
    ck_assert_ptr_nonnull(o);
    ck_assert_int_eq(json_integer_value(json_object_get(o, "v")), 1);
    return o;
}

static const char *text(const json_t *o, const char *key)
{
    const char *t = json_string_value(json_object_get(o, key));
    return t == NULL ? "(none)" : t;
}

START_TEST(test_tracking)
{
    json_t *o = asked("{\"verb\":\"tracking\"}", false);
    ck_assert_str_eq(text(o, "state"), "following");
    ck_assert_str_eq(text(o, "status"), "synchronised");
    ck_assert_str_eq(text(o, "half_width_ns"), "104000");
    ck_assert_str_eq(text(json_object_get(o, "tai"), "earliest_ns"), "1800000000123456789");
    ck_assert_str_eq(text(json_object_get(o, "master"), "name"), "alpha");
    ck_assert(json_is_null(json_object_get(json_object_get(o, "deputy"), "name")));
    ck_assert_str_eq(text(json_object_get(o, "budget"), "path_ns"), "90000");
    ck_assert(json_is_null(json_object_get(o, "reference")));
    json_decref(o);
}
END_TEST

/* What is not known is null, never a zero. */
START_TEST(test_tracking_without_time)
{
    static const char *const unknown[] = {"source",        "tai",        "half_width_ns",       "budget",
                                          "rate_ps_per_s", "growth_ppb", "skew_ps_per_s",       "system_ns",
                                          "leap",          "reference",  "system_rate_ps_per_s"};
    without_time = true;
    json_t *o = asked("{\"verb\":\"tracking\"}", false);
    ck_assert_str_eq(text(o, "state"), "starting");
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++)
        ck_assert_msg(json_is_null(json_object_get(o, unknown[i])), "%s", unknown[i]);
    json_decref(o);
    without_time = false;
    o = asked("{\"verb\":\"tracking\"}", false);
    ck_assert_int_eq(json_integer_value(json_object_get(o, "rate_ps_per_s")), 12003000);
    ck_assert(json_is_null(json_object_get(o, "system_ns"))); /* not looked at */
    json_decref(o);
}
END_TEST

START_TEST(test_sources)
{
    json_t *o = asked("{\"verb\":\"sources\"}", false), *list = json_object_get(o, "sources");
    ck_assert_uint_eq(json_array_size(list), 3);
    const json_t *first = json_array_get(list, 0), *second = json_array_get(list, 1);
    const json_t *third = json_array_get(list, 2);
    ck_assert_str_eq(text(first, "verdict"), "suspect");
    ck_assert_str_eq(text(first, "reason"), guard_reason_name(GUARD_ODD));
    ck_assert_str_eq(text(first, "offset_ns"), "-1500");
    ck_assert(json_is_null(json_object_get(second, "offset_ns")));
    ck_assert(json_is_null(json_object_get(second, "age_ns")));
    ck_assert_str_eq(text(third, "delay_ns"), "16600");
    ck_assert(json_is_null(json_object_get(third, "offset_ns")));
    ck_assert(json_is_null(json_object_get(third, "half_width_ns")));
    json_decref(o);
}
END_TEST

START_TEST(test_cluster)
{
    json_t *o = asked("{\"verb\":\"cluster\"}", false);
    ck_assert_int_eq(json_integer_value(json_object_get(json_object_get(o, "faults"), "quorum")), 4);
    ck_assert(json_is_true(json_object_get(json_object_get(o, "lease"), "valid")));
    json_decref(o);
}
END_TEST

START_TEST(test_oscillator)
{
    has_oscillator = false;
    json_t *o = asked("{\"verb\":\"oscillator\"}", false);
    ck_assert_str_eq(text(o, "error"), "not_found");
    json_decref(o);
    has_oscillator = true;
    o = asked("{\"verb\":\"oscillator\"}", false);
    const json_t *learnt = json_object_get(o, "learnt"), *held = json_object_get(o, "holdover");
    const json_t *forecast = json_object_get(held, "forecast"), *allan = json_object_get(o, "allan");
    ck_assert_str_eq(text(o, "class"), "tcxo");
    ck_assert(json_is_null(json_object_get(o, "temperature_mk")));
    ck_assert(json_is_null(json_object_get(learnt, "coefficient_fs_per_s_k")));
    ck_assert_int_eq(json_integer_value(json_object_get(learnt, "wander_fs_per_s")), 1000000);
    ck_assert_str_eq(text(held, "half_width_ns"), "7500");
    ck_assert_uint_eq(json_array_size(forecast), VIEW_FORECASTS);
    ck_assert_str_eq(text(json_array_get(forecast, 0), "half_width_ns"), "1130000");
    ck_assert(json_is_null(json_object_get(json_array_get(forecast, 2), "half_width_ns")));
    ck_assert_uint_eq(json_array_size(allan), 1);
    ck_assert_int_eq(json_integer_value(json_object_get(json_array_get(allan, 0), "tau_s")), 64);
    json_decref(o);
}
END_TEST

/* A verb of the owner's own. */
START_TEST(test_own)
{
    json_t *o = asked("{\"verb\":\"mine\"}", false);
    ck_assert(json_is_true(json_object_get(o, "mine")));
    json_decref(o);
    o = asked("{\"verb\":\"yours\"}", true);
    ck_assert_str_eq(text(o, "error"), "argument");
    json_decref(o);
    o = asked("{\"verb\":\"references\"}", true);
    ck_assert_str_eq(text(o, "error"), "references");
    json_decref(o);
}
END_TEST

START_TEST(test_only_the_privileged_command)
{
    memset(commands, 0, sizeof commands);
    json_t *o = asked("{\"verb\":\"makestep\"}", false);
    ck_assert_str_eq(text(o, "error"), "permission");
    json_decref(o);
    ck_assert_int_eq(commands[ENGINE_MAKESTEP], 0);
    o = asked("{\"verb\":\"makestep\"}", true);
    ck_assert(json_is_true(json_object_get(o, "done")));
    json_decref(o);
    ck_assert_int_eq(commands[ENGINE_MAKESTEP], 1);
    json_decref(asked("{\"verb\":\"burst\"}", true));
    ck_assert_int_eq(commands[ENGINE_BURST], 1);
    refusal = "mode page";
    o = asked("{\"verb\":\"makestep\"}", true);
    ck_assert_str_eq(text(o, "error"), "refused");
    ck_assert_str_eq(text(o, "message"), "mode page");
    ck_assert_ptr_null(json_object_get(o, "done"));
    json_decref(o);
    refusal = NULL;
}
END_TEST

START_TEST(test_bad_requests)
{
    static const char *const bad[] = {"",
                                      "{",
                                      "[]",
                                      "null",
                                      "{\"verb\":1}",
                                      "{\"verb\":\"reboot\"}",
                                      "{\"verb\":\"tracking\",\"verb\":\"tracking\"}",
                                      "\xff\xfe"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        json_t *o = asked(bad[i], true);
        ck_assert_ptr_nonnull(json_object_get(o, "error"));
        json_decref(o);
    }
}
END_TEST

/* ---- Over the socket ---- */

static char folder[] = "/tmp/taistamp-control.XXXXXX";
static char path[64];

static int connected(void)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    memcpy(a.sun_path, path, sizeof path);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
    return fd;
}

static void turn(struct event_base *base)
{
    for (int i = 0; i < 20; i++)
        event_base_loop(base, EVLOOP_NONBLOCK);
}

static struct control *opened(struct event_base *base)
{
    struct tai_error error;
    struct control *control;
    ck_assert_msg(control_open(base, path, &owner, &control, &error) == TAI_OK, "%s", error.text);
    return control;
}

/* Closed by the other side, in order or with a reset because something was left unread. */
static bool is_hung_up(int fd)
{
    char byte;
    ssize_t n = recv(fd, &byte, 1, MSG_DONTWAIT);
    return n == 0 || (n < 0 && errno == ECONNRESET);
}

START_TEST(test_socket)
{
    struct event_base *base = event_base_new();
    struct control *control = opened(base), *second;
    struct tai_error error;
    ck_assert_int_eq(control_open(base, path, &owner, &second, &error), TAI_ERR_CONFLICT);
    int fd = connected();
    turn(base);
    const char *twice = "{\"verb\":\"cluster\"}\n{\"verb\":\"tracking\"}\n";
    ck_assert_int_eq(write(fd, twice, strlen(twice)), (ssize_t)strlen(twice));
    turn(base);
    char answer[8192];
    ssize_t n = recv(fd, answer, sizeof answer - 1, MSG_DONTWAIT);
    ck_assert_int_gt(n, 0);
    answer[n] = 0;
    char *end = strchr(answer, '\n');
    ck_assert(end != NULL && end[1] == '{' && answer[n - 1] == '\n');
    /* One that is too long is not read, whole or not. */
    char padded[CONTROL_REQUEST_MAX + 32];
    memset(padded, ' ', sizeof padded);
    memcpy(padded, "{\"verb\":\"cluster\"}", 18);
    padded[sizeof padded - 1] = '\n';
    int other = connected();
    turn(base);
    ck_assert_int_eq(write(other, padded, sizeof padded), sizeof padded);
    turn(base);
    ck_assert(is_hung_up(other));
    close(other);
    /* A line that never ends is not kept. */
    char junk[CONTROL_REQUEST_MAX * 4];
    memset(junk, 'x', sizeof junk);
    ck_assert_int_eq(write(fd, junk, sizeof junk), sizeof junk);
    turn(base);
    ck_assert(is_hung_up(fd));
    close(fd);
    control_close(control);
    ck_assert_int_ne(access(path, F_OK), 0);
    event_base_free(base);
}
END_TEST

START_TEST(test_too_many_and_a_socket_left_behind)
{
    struct event_base *base = event_base_new();
    unlink(path);
    /* What a killed process leaves is replaced. */
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    memcpy(a.sun_path, path, sizeof path);
    int dead = socket(AF_UNIX, SOCK_STREAM, 0);
    ck_assert_int_eq(bind(dead, (struct sockaddr *)&a, sizeof a), 0);
    close(dead);
    struct control *control = opened(base);
    int fds[CONTROL_CLIENTS_MAX + 2];
    for (size_t i = 0; i < CONTROL_CLIENTS_MAX + 2; i++) {
        fds[i] = connected();
        turn(base);
    }
    ck_assert(is_hung_up(fds[CONTROL_CLIENTS_MAX]));
    close(fds[0]);
    turn(base);
    int again = connected();
    turn(base);
    ck_assert(!is_hung_up(again));
    for (size_t i = 1; i < CONTROL_CLIENTS_MAX + 2; i++)
        close(fds[i]);
    close(again);
    control_close(control);
    event_base_free(base);
}
END_TEST

int main(void)
{
    if (mkdtemp(folder) == NULL)
        return EXIT_FAILURE;
    snprintf(path, sizeof path, "%s/control", folder);
    Suite *s = suite_create("control");
    TCase *t = tcase_create("answers");
    tcase_add_test(t, test_tracking);
    tcase_add_test(t, test_tracking_without_time);
    tcase_add_test(t, test_sources);
    tcase_add_test(t, test_cluster);
    tcase_add_test(t, test_oscillator);
    tcase_add_test(t, test_own);
    tcase_add_test(t, test_only_the_privileged_command);
    tcase_add_test(t, test_bad_requests);
    suite_add_tcase(s, t);
    TCase *socket_case = tcase_create("socket");
    tcase_add_test(socket_case, test_socket);
    tcase_add_test(socket_case, test_too_many_and_a_socket_left_behind);
    suite_add_tcase(s, socket_case);
    SRunner *runner = srunner_create(s);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    unlink(path);
    rmdir(folder);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
