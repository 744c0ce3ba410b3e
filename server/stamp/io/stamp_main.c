/* SPDX-License-Identifier: Apache-2.0 */
/* The stamp process: opens the log, listens, serves until told to stop or until the log fails. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sdk/base/error.h"
#include "sdk/io/file.h"
#include "sdk/io/log.h"
#include "server/served_policy.h"
#include "server/stamp/io/api.h"
#include "server/verbs.h"

/* How long a stop waits for what is under way, and how long a failing process tries to tell its clients. */
enum { DRAIN_MS = 5000, FAIL_MS = 500, DRAIN_LOOK_MS = 10 };
enum { VKEY_TEXT = 512 /* a name of 255 bytes, 8 hex digits, 44 of base64 */ };

struct process {
    const struct taid_config *config;
    struct event_base *base;
    struct event *on_term, *on_int, *drain_tick;
    struct stamp_log *log;
    struct http *http;
    struct api *api;
    char *policy; /* what clients are given; NULL: nothing */
    size_t policy_len;
    int64_t drain_left_ms;
    bool draining;
    int exit_code;
};

static int exit_code_of(enum tai_err err)
{
    switch (err) {
    case TAI_OK:
        return TAID_EXIT_OK;
    case TAI_ERR_IO:
    case TAI_ERR_NO_SPACE:
    case TAI_ERR_MEMORY:
    case TAI_ERR_UNAVAILABLE:
    case TAI_ERR_TIMEOUT:
    case TAI_ERR_INTERRUPTED:
        return TAID_EXIT_FAILED;
    case TAI_ERR_ARGUMENT:
    case TAI_ERR_FORMAT:
    case TAI_ERR_RANGE:
    case TAI_ERR_SPACE:
    case TAI_ERR_UNKNOWN:
    case TAI_ERR_NOT_FOUND:
    case TAI_ERR_PERMISSION:
    case TAI_ERR_CRYPTO:
    case TAI_ERR_CORRUPT:
    case TAI_ERR_CONFLICT:
    case TAI_ERR_REFUSED:
    case TAI_ERR_UNTRUSTED:
    case TAI_ERR_INVALID:
    case TAI_ERR_CHANGED:
    case TAI_ERR_UNSUPPORTED:
    default:
        return TAID_EXIT_REFUSED;
    }
}

static void on_drain_tick(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    struct process *p = arg;
    p->drain_left_ms -= DRAIN_LOOK_MS;
    if (http_quiet(p->http) || p->drain_left_ms <= 0)
        (void)event_base_loopbreak(p->base);
}

static void start_drain(struct process *p, int64_t limit_ms)
{
    const struct timeval look = {.tv_usec = DRAIN_LOOK_MS * 1000};
    if (p->draining)
        return;
    p->draining = true;
    p->drain_left_ms = limit_ms;
    api_drain(p->api);
    http_drain(p->http);
    if (event_add(p->drain_tick, &look) != 0)
        (void)event_base_loopbreak(p->base);
}

static void on_signal(evutil_socket_t signum, short what, void *arg)
{
    (void)what;
    log_notice("told to stop by signal %d", (int)signum);
    start_drain(arg, DRAIN_MS);
}

/* Everything pending has been answered by now; the supervisor starts a new process, which verifies the log. */
static void on_log_failed(void *user, const char *reason)
{
    struct process *p = user;
    log_error("the log failed and this process ends: %s", reason);
    p->exit_code = TAID_EXIT_FAILED;
    start_drain(p, FAIL_MS);
}

static enum tai_err open_log(struct process *p, struct tai_error *error)
{
    const struct taid_config *c = p->config;
    const struct stamp_log_options options = {.data_dir = c->data_dir,
                                              .key_dir = c->key_dir,
                                              .page_path = c->clock.page,
                                              .max_error_ns = c->stamp.max_error_ns,
                                              .pending_max = c->stamp.pending_max,
                                              .failed = on_log_failed,
                                              .failed_user = p};
    return stamp_log_open(p->base, &options, &p->log, error);
}

/* Read once: what is given out has been checked. */
static enum tai_err open_policy(struct process *p, struct tai_error *error)
{
    char vkey[VKEY_TEXT];
    struct out o = out_of(vkey, sizeof vkey);
    stamp_log_vkey(p->log, &o);
    if (!out_terminate(&o))
        return error_set(error, TAI_ERR_SPACE, "the log's name is too long");
    enum tai_err err = served_policy_read(p->config->policy_path, vkey, &p->policy, &p->policy_len, error);
    if (err != TAI_ERR_NOT_FOUND)
        return err;
    log_warning("clients that ask for the policy get none: %s", error->text);
    *error = (struct tai_error){.text = ""};
    return TAI_OK;
}

static enum tai_err open_http(struct process *p, struct tai_error *error)
{
    const struct taid_config *c = p->config;
    const struct api_options api = {.policy = bytes_of(p->policy, p->policy_len),
                                    .max_error_ns = c->stamp.max_error_ns,
                                    .leap_file = c->clock.leap_file,
                                    .page = c->clock.page};
    enum tai_err err = api_new(&api, &p->api);
    if (err != TAI_OK)
        return err;
    const struct http_options options = {
        .guard = {.limits = {.header_max = c->stamp.header_bytes_max, .body_max = c->stamp.body_bytes_max},
                  .connections_max = c->stamp.connections_max,
                  .request_ms = c->stamp.request_ms,
                  .idle_ms = c->stamp.idle_ms,
                  .answer_ms = c->stamp.answer_ms,
                  .gone = api_gone},
        .output_max = c->stamp.output_bytes_max,
        .listen = (const char *const *)c->stamp.listen,
        .listen_count = c->stamp.listen_count,
        .handler = api_handle,
        .user = p->api};
    err = http_new(p->base, &options, &p->http, error);
    if (err == TAI_OK)
        api_connect(p->api, p->http, p->log);
    return err;
}

/* data_dir/run/listen: where clients on this machine find us, for port 0 above all. Under a supervisor this is its affair:
 * the folder may belong to another user. */
static enum tai_err write_where(const struct process *p, struct tai_error *error)
{
    char text[1024];
    char *run = file_path(p->config->data_dir, "run");
    char *path = run != NULL ? file_path(run, "listen") : NULL;
    int n = snprintf(text, sizeof text, "%s\n", http_where(p->http));
    enum tai_err err = TAI_ERR_MEMORY;
    for (char *space = text; (space = strchr(space, ' ')) != NULL;)
        *space = '\n'; /* an address to a line */
    if (path != NULL && n > 0 && (size_t)n < sizeof text)
        err = file_make_dirs(&file_posix, run, 0755, error);
    if (err == TAI_OK)
        err = file_write(&file_posix, path, 0644, FILE_REPLACE, bytes_of(text, (size_t)n), error);
    free(path);
    free(run);
    return err;
}

static enum tai_err open_loop(struct process *p)
{
    struct event_config *config = event_config_new();
    if (config == NULL)
        return TAI_ERR_MEMORY;
    /* One thread turns the loop and nobody else touches it, so it needs no locks; changes of interest in a socket
     * that undo each other within a turn never reach the kernel (no descriptor here is a duplicate of another). */
    (void)event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
    (void)event_config_set_flag(config, EVENT_BASE_FLAG_EPOLL_USE_CHANGELIST);
    p->base = event_base_new_with_config(config);
    event_config_free(config);
    if (p->base == NULL)
        return TAI_ERR_MEMORY;
    p->on_term = evsignal_new(p->base, SIGTERM, on_signal, p);
    p->on_int = evsignal_new(p->base, SIGINT, on_signal, p);
    p->drain_tick = event_new(p->base, -1, EV_PERSIST, on_drain_tick, p);
    if (p->on_term == NULL || p->on_int == NULL || p->drain_tick == NULL ||
        event_add(p->on_term, NULL) != 0 || event_add(p->on_int, NULL) != 0)
        return TAI_ERR_MEMORY;
    return TAI_OK;
}

static enum tai_err open_all(struct process *p, struct tai_error *error)
{
    enum tai_err err = open_loop(p);
    if (err != TAI_OK)
        return err;
    err = open_log(p, error);
    if (err == TAI_OK)
        err = open_policy(p, error);
    if (err == TAI_OK)
        err = open_http(p, error);
    return err;
}

static void close_all(struct process *p)
{
    /* The log first: it answers what is still pending, and those answers need the connections. */
    if (p->log != NULL)
        stamp_log_close(p->log);
    http_free(p->http);
    api_free(p->api);
    free(p->policy);
    if (p->on_term != NULL)
        event_free(p->on_term);
    if (p->on_int != NULL)
        event_free(p->on_int);
    if (p->drain_tick != NULL)
        event_free(p->drain_tick);
    if (p->base != NULL)
        event_base_free(p->base);
}

int stamp_run(const struct taid_config *config, int ready_fd)
{
    struct process p = {.config = config, .exit_code = TAID_EXIT_OK};
    struct tai_error error = {.text = ""};
    (void)signal(SIGPIPE, SIG_IGN);
    enum tai_err err = open_all(&p, &error);
    if (err != TAI_OK) {
        log_error("cannot start: %s", error.text[0] != '\0' ? error.text : taistamp_err_name(err));
        p.exit_code = exit_code_of(err);
    } else {
        log_notice("listening on %s", http_where(p.http));
        if (ready_fd < 0 && write_where(&p, &error) != TAI_OK)
            log_warning("%s", error.text);
        verbs_ready(ready_fd, http_where(p.http));
        if (event_base_dispatch(p.base) < 0)
            p.exit_code = TAID_EXIT_FAILED;
    }
    close_all(&p);
    return p.exit_code;
}
