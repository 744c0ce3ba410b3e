/* SPDX-License-Identifier: Apache-2.0 */
#include "server/stamp/io/http.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "sdk/base/bug.h"
#include "sdk/io/log.h"
#include "server/json.h"
#include "server/stamp/io/http_listen.h"

/* Descriptors beside connections: listeners, the log's files, the loop's own. */
enum { FILES_RESERVE = 128 };
/* Room for the head of an answer: ours are below 300 bytes. */
enum { HEAD_MAX = 1024 };

struct http {
    struct event_base *base;
    struct evhttp *evhttp;
    struct guard *guard;
    struct evconnlistener *listeners[HTTP_LISTEN_MAX];
    size_t listener_count;
    char where[HTTP_WHERE_MAX];
    struct http_options options;
    struct event *retry_accept;
    bool draining;
    char date[40];
    time_t date_s;
    struct http_stats stats;
};

/* ---- Answers ---- */

/* The Date header's text, made once a second: evhttp would make it for every answer. */
static const char *http_date(struct http *h)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME_COARSE, &t);
    if (t.tv_sec != h->date_s || h->date[0] == '\0') {
        evutil_date_rfc1123(h->date, sizeof h->date, NULL);
        h->date_s = t.tv_sec;
    }
    return h->date;
}

/* Will the connection end with this answer? evhttp judges by the same headers, and by the one we add for it. */
static bool closes(const struct http *h, struct evhttp_request *req, const struct guard_conn *conn)
{
    if (h->draining || guard_conn_problem(conn) != PROBLEM_NONE)
        return true;
    const char *wish = evhttp_find_header(evhttp_request_get_input_headers(req), "Connection");
    if (guard_conn_http11(conn))
        return wish != NULL && evutil_ascii_strcasecmp(wish, "close") == 0;
    return wish == NULL || evutil_ascii_strncasecmp(wish, "keep-alive", 10) != 0;
}

void http_send(struct http *h, struct evhttp_request *req, int status, const char *content_type,
               const char *extra, struct bytes body)
{
    struct guard_conn *conn = guard_find(h->guard, req);
    char head[HEAD_MAX];
    struct out o = out_of(head, sizeof head);
    if (conn == NULL) {
        evhttp_send_error(req, 500, NULL);
        return;
    }
    if (body.len > h->options.output_max) {
        status = 500;
        extra = "";
        body = BYTES_LIT("");
    }
    const bool closing = closes(h, req, conn), refused = guard_conn_problem(conn) != PROBLEM_NONE;
    out_str(&o, "HTTP/1.1 ");
    out_u64(&o, (uint64_t)status);
    out_char(&o, ' ');
    out_str(&o, http_reason(status));
    out_str(&o, "\r\n");
    out_str(&o, extra);
    out_str(&o, "Content-Type: ");
    out_str(&o, content_type);
    out_str(&o, "\r\nContent-Length: ");
    out_u64(&o, body.len);
    out_str(&o, "\r\nDate: ");
    out_str(&o, http_date(h));
    if (closing) {
        out_str(&o, "\r\nConnection: close");
        (void)evhttp_add_header(evhttp_request_get_output_headers(req), "Connection", "close");
    } else if (!guard_conn_http11(conn)) {
        out_str(&o, "\r\nConnection: keep-alive");
    }
    out_str(&o, "\r\n\r\n");
    BUG_UNLESS(!o.overflow);
    if (evhttp_request_get_command(req) == EVHTTP_REQ_HEAD)
        body = BYTES_LIT("");
    h->stats.answers[status / 100 % 6]++;
    guard_answer(conn, req, out_view(&o), body, refused);
}

void http_send_problem(struct http *h, struct evhttp_request *req, enum http_problem problem,
                       const char *detail, const char *extra)
{
    const struct http_problem_text *t = http_problem_text(problem);
    char text[1024];
    if (detail == NULL || detail[0] == '\0')
        detail = t->detail;
    json_t *doc = json_pack("{s:s, s:s, s:i, s:s, s:s}", "type", "about:blank", "title", t->title, "status",
                            t->status, "code", t->code, "detail", detail);
    size_t n = doc != NULL ? json_dumpb(doc, text, sizeof text, JSON_COMPACT) : 0;
    json_decref(doc);
    http_send(h, req, t->status, "application/problem+json", extra, bytes_of(text, n <= sizeof text ? n : 0));
}

void http_defer(struct http *h, struct evhttp_request *req, void *work)
{
    struct guard_conn *conn = guard_find(h->guard, req);
    if (conn != NULL)
        guard_pending(conn, work);
}

static void on_request(struct evhttp_request *req, void *arg)
{
    struct http *h = arg;
    struct guard_conn *conn = guard_find(h->guard, req);
    enum http_problem problem = conn != NULL ? guard_conn_problem(conn) : PROBLEM_INTERNAL;
    if (problem != PROBLEM_NONE) {
        http_send_problem(h, req, problem, NULL, problem == PROBLEM_STOPPING ? "Retry-After: 5\r\n" : "");
        return;
    }
    h->stats.requests++;
    h->options.handler(h->options.user, req);
}

/* ---- Accepting ---- */

static void accept_all(struct http *h, bool on)
{
    for (size_t i = 0; i < h->listener_count; i++)
        (void)(on ? evconnlistener_enable(h->listeners[i]) : evconnlistener_disable(h->listeners[i]));
}

static void on_pause(void *user, bool paused)
{
    struct http *h = user;
    if (!h->draining)
        accept_all(h, !paused);
}

/* accept(2) failed for want of descriptors or memory: trying at once again would spin. */
static void on_accept_error(struct evconnlistener *listener, void *arg)
{
    (void)listener;
    struct http *h = arg;
    const struct timeval soon = {.tv_usec = 100000};
    log_warning("cannot accept connections: %s", strerror(errno));
    accept_all(h, false);
    (void)event_add(h->retry_accept, &soon);
}

static void on_retry_accept(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    struct http *h = arg;
    if (!h->draining)
        accept_all(h, true);
}

/* Raises the limit of open files as far as the cap on connections needs; where that is refused the cap comes down. */
static uint32_t fit_connections(uint32_t wanted)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return wanted;
    rlim_t need = (rlim_t)wanted + FILES_RESERVE;
    if (limit.rlim_cur < need) {
        struct rlimit more = {.rlim_cur = need, .rlim_max = limit.rlim_max > need ? limit.rlim_max : need};
        if (setrlimit(RLIMIT_NOFILE, &more) != 0) {
            more = (struct rlimit){.rlim_cur = limit.rlim_max, .rlim_max = limit.rlim_max};
            (void)setrlimit(RLIMIT_NOFILE, &more);
        }
        (void)getrlimit(RLIMIT_NOFILE, &limit);
    }
    if (limit.rlim_cur >= need)
        return wanted;
    rlim_t can = limit.rlim_cur > 2 * FILES_RESERVE ? limit.rlim_cur - FILES_RESERVE : limit.rlim_cur / 2;
    log_warning("only %llu open files allowed: at most %llu connections", (unsigned long long)limit.rlim_cur,
                (unsigned long long)can);
    return (uint32_t)can;
}

static enum tai_err start_evhttp(struct http *h)
{
    h->evhttp = evhttp_new(h->base);
    h->retry_accept = event_new(h->base, -1, 0, on_retry_accept, h);
    if (h->evhttp == NULL || h->retry_accept == NULL)
        return TAI_ERR_MEMORY;
    evhttp_set_bevcb(h->evhttp, guard_accept, h->guard);
    evhttp_set_gencb(h->evhttp, on_request, h);
    evhttp_set_default_content_type(h->evhttp, NULL);
    evhttp_set_allowed_methods(h->evhttp, EVHTTP_REQ_GET | EVHTTP_REQ_HEAD | EVHTTP_REQ_POST |
                                              EVHTTP_REQ_PUT | EVHTTP_REQ_DELETE | EVHTTP_REQ_OPTIONS |
                                              EVHTTP_REQ_TRACE | EVHTTP_REQ_PATCH);
    for (size_t i = 0; i < h->listener_count; i++) {
        if (evhttp_bind_listener(h->evhttp, h->listeners[i]) == NULL)
            return TAI_ERR_MEMORY;
        evconnlistener_set_error_cb(h->listeners[i], on_accept_error);
    }
    return TAI_OK;
}

enum tai_err http_new(struct event_base *base, const struct http_options *options, struct http **ret_http,
                      struct tai_error *error)
{
    struct http *h = calloc(1, sizeof *h);
    if (h == NULL)
        return TAI_ERR_MEMORY;
    h->base = base;
    h->options = *options;
    struct guard_options guard = options->guard;
    guard.connections_max = fit_connections(guard.connections_max);
    guard.pause = on_pause;
    guard.user = options->user;
    guard.pause_user = h;
    enum tai_err err = guard_new(base, &guard, &h->guard);
    for (size_t i = 0; err == TAI_OK && i < options->listen_count && i < HTTP_LISTEN_MAX; i++) {
        err = http_listen(base, options->listen[i], &h->listeners[i], h->where, error);
        h->listener_count += err == TAI_OK;
    }
    if (err == TAI_OK)
        err = start_evhttp(h);
    if (err != TAI_OK) {
        http_free(h);
        return err;
    }
    *ret_http = h;
    return TAI_OK;
}

void http_free(struct http *h)
{
    if (h == NULL)
        return;
    h->draining = true;
    if (h->evhttp != NULL)
        evhttp_free(h->evhttp); /* and the listeners */
    else
        for (size_t i = 0; i < h->listener_count; i++)
            evconnlistener_free(h->listeners[i]);
    if (h->retry_accept != NULL)
        event_free(h->retry_accept);
    guard_free(h->guard);
    free(h);
}

const char *http_where(const struct http *h)
{
    return h->where;
}

void http_drain(struct http *h)
{
    h->draining = true;
    accept_all(h, false);
    guard_drain(h->guard);
}

bool http_quiet(const struct http *h)
{
    return guard_quiet(h->guard);
}

void http_stats(const struct http *h, struct http_stats *ret_stats)
{
    *ret_stats = h->stats;
    guard_stats(h->guard, &ret_stats->guard);
}
