/* SPDX-License-Identifier: Apache-2.0 */
#include "server/stamp/io/api.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sdk/base/bug.h"
#include "sdk/base/limits.h"
#include "sdk/base/text.h"
#include "sdk/io/file.h"
#include "sdk/io/log.h"
#include "sdk/io/page.h"
#include "sdk/leap_watch.h"
#include "sdk/time/arith.h"
#include "server/stamp/io/api_report.h"
#include "server/stamp/io/api_request.h"

/* When to try again: a commit takes milliseconds, a clock or a start needs longer. */
static const char retry_soon[] = "Retry-After: 1\r\n", retry_later[] = "Retry-After: 10\r\n";

struct api {
    struct api_options options;
    struct http *http;
    struct stamp_log *log;
    struct leap_watch leaps;
    int64_t started_s;
    bool stopping;
    struct pending *spare; /* finished ones, used again */
};

/* A request that waits for a commit. */
struct pending {
    struct pending *next; /* among the spare ones */
    struct api *api;
    struct evhttp_request *req;
    stamp_ticket_t ticket;
};

static const char no_store[] = "Cache-Control: no-store\r\n";
static const char text_type[] = "text/plain; charset=utf-8";

static int64_t monotonic_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec;
}

/* The leap table as it is now: for this turn of the loop, since the next may have another. Looked for when somebody asks, so that
 * it cannot be freed under a request. NULL: none. */
static const taistamp_leaps *leaps_now(struct api *a)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    (void)leap_watch_hourly(&a->leaps, t.tv_sec * NS_PER_S + t.tv_nsec);
    return a->leaps.leaps;
}

static void refuse(struct api *a, struct evhttp_request *req, enum http_problem problem)
{
    http_send_problem(a->http, req, problem, NULL, "");
}

/* ---- POST /v1/stamps ---- */

static struct pending *pending_new(struct api *a, struct evhttp_request *req)
{
    struct pending *p = a->spare;
    if (p != NULL)
        a->spare = p->next;
    else if ((p = malloc(sizeof *p)) == NULL)
        return NULL;
    *p = (struct pending){.api = a, .req = req};
    return p;
}

static void pending_free(struct pending *p)
{
    p->next = p->api->spare;
    p->api->spare = p;
}

static void answer_refusal(struct api *a, struct evhttp_request *req, const struct stamp_answer *answer)
{
    enum http_problem problem = PROBLEM_INTERNAL;
    const char *retry = retry_later;
    switch (answer->outcome) {
    case STAMP_NO_BOUND:
        problem = PROBLEM_CLOCK_NO_BOUND;
        break;
    case STAMP_TOO_UNCERTAIN:
        problem = PROBLEM_CLOCK_TOO_UNCERTAIN;
        break;
    case STAMP_CLOCK_BEHIND_LOG:
        problem = PROBLEM_CLOCK_BEHIND_LOG;
        break;
    case STAMP_OVERLOADED:
        problem = PROBLEM_OVERLOADED;
        retry = retry_soon;
        break;
    case STAMP_STOPPING:
        problem = PROBLEM_STOPPING;
        break;
    case STAMP_STORE_FAILED:
        problem = PROBLEM_STORE_FAILED;
        break;
    case STAMP_OK:
    default:
        retry = "";
        break;
    }
    http_send_problem(a->http, req, problem, answer->detail, retry);
}

static void on_stamped(void *user, const struct stamp_answer *answer)
{
    struct pending *p = user;
    struct api *a = p->api;
    struct evhttp_request *req = p->req;
    pending_free(p);
    if (answer->outcome != STAMP_OK) {
        answer_refusal(a, req, answer);
        return;
    }
    char location[64];
    struct out o = out_of(location, sizeof location);
    out_str(&o, "Location: /v1/stamps/");
    out_u64(&o, answer->index);
    out_str(&o, "\r\n");
    BUG_UNLESS(out_terminate(&o));
    http_send(a->http, req, 201, text_type, location, answer->receipt);
}

/* "application/json", in any case, with parameters that change nothing; or no Content-Type at all. */
static bool media_type_ok(struct evhttp_request *req)
{
    static const char json[] = "application/json";
    struct evkeyvalq *headers = evhttp_request_get_input_headers(req);
    const char *coding = evhttp_find_header(headers, "Content-Encoding");
    if (coding != NULL && evutil_ascii_strcasecmp(coding, "identity") != 0)
        return false;
    const char *type = evhttp_find_header(headers, "Content-Type");
    if (type == NULL || type[0] == '\0')
        return true;
    if (evutil_ascii_strncasecmp(type, json, sizeof json - 1) != 0)
        return false;
    char next = type[sizeof json - 1];
    return next == '\0' || next == ';' || next == ' ' || next == '\t';
}

static void post_stamp(struct api *a, struct evhttp_request *req, const char *rest)
{
    (void)rest;
    if (!media_type_ok(req)) {
        refuse(a, req, PROBLEM_MEDIA_TYPE);
        return;
    }
    struct evbuffer *input = evhttp_request_get_input_buffer(req);
    size_t len = evbuffer_get_length(input);
    const uint8_t *body = len > 0 ? evbuffer_pullup(input, -1) : (const uint8_t *)"";
    struct api_request r;
    enum http_problem problem = body != NULL ? api_request_parse(bytes_of(body, len), &r) : PROBLEM_INTERNAL;
    if (problem != PROBLEM_NONE) {
        refuse(a, req, problem);
        return;
    }
    struct pending *p = pending_new(a, req);
    if (p == NULL) {
        refuse(a, req, PROBLEM_INTERNAL);
        return;
    }
    if (stamp_log_submit(a->log, r.kind, &r.subject, on_stamped, p, &p->ticket) != TAI_OK) {
        pending_free(p);
        refuse(a, req, PROBLEM_INTERNAL);
        return;
    }
    http_defer(a->http, req, p);
}

void api_gone(void *api, void *work)
{
    struct api *a = api;
    struct pending *p = work;
    stamp_log_forget(a->log, p->ticket);
    pending_free(p);
}

/* ---- What is there ---- */

/* Gathers what the log hands out in pieces. */
struct gather {
    struct evbuffer *buffer;
    bool failed;
};

static void gather_put(void *user, struct bytes piece)
{
    struct gather *g = user;
    if (evbuffer_add(g->buffer, piece.data, piece.len) != 0)
        g->failed = true;
}

/* Answers with what was gathered, if `err` says so, and frees it. */
static void send_gathered(struct api *a, struct evhttp_request *req, struct gather *g, enum tai_err err,
                          const char *type, const char *extra)
{
    const uint8_t *data = NULL;
    size_t len = 0;
    if (err == TAI_OK && !g->failed) {
        len = evbuffer_get_length(g->buffer);
        data = len > 0 ? evbuffer_pullup(g->buffer, -1) : (const uint8_t *)"";
    }
    if (data != NULL)
        http_send(a->http, req, 200, type, extra, bytes_of(data, len));
    else
        refuse(a, req, err == TAI_ERR_NOT_FOUND ? PROBLEM_NOT_FOUND : PROBLEM_INTERNAL);
    evbuffer_free(g->buffer);
}

static void get_stamp(struct api *a, struct evhttp_request *req, const char *rest)
{
    uint64_t index;
    struct tai_error error = {.text = ""};
    if (!text_read_u64(bytes_of_str(rest), INT64_MAX, &index)) {
        refuse(a, req, PROBLEM_NOT_FOUND);
        return;
    }
    struct gather g = {.buffer = evbuffer_new()};
    if (g.buffer == NULL) {
        refuse(a, req, PROBLEM_INTERNAL);
        return;
    }
    enum tai_err err = stamp_log_receipt(a->log, index, gather_put, &g, &error);
    if (err != TAI_OK && err != TAI_ERR_NOT_FOUND)
        log_error("cannot serve entry %llu: %s", (unsigned long long)index, error.text);
    send_gathered(a, req, &g, err, text_type, "Cache-Control: public, max-age=3600\r\n");
}

static void get_tile(struct api *a, struct evhttp_request *req, const char *rest)
{
    bool immutable = false;
    struct gather g = {.buffer = evbuffer_new()};
    if (g.buffer == NULL) {
        refuse(a, req, PROBLEM_INTERNAL);
        return;
    }
    enum tai_err err = stamp_log_tile(a->log, bytes_of_str(rest), gather_put, &g, &immutable);
    send_gathered(a, req, &g, err, "application/octet-stream",
                  immutable ? "Cache-Control: public, max-age=31536000, immutable\r\n"
                            : "Cache-Control: no-cache\r\n");
}

static void get_checkpoint(struct api *a, struct evhttp_request *req, const char *rest)
{
    (void)rest;
    http_send(a->http, req, 200, text_type, "Cache-Control: public, max-age=1\r\n",
              stamp_log_checkpoint(a->log));
}

static void get_policy(struct api *a, struct evhttp_request *req, const char *rest)
{
    (void)rest;
    if (a->options.policy.len == 0)
        refuse(a, req, PROBLEM_NOT_FOUND);
    else
        http_send(a->http, req, 200, text_type, "Cache-Control: public, max-age=60\r\n", a->options.policy);
}

/* ---- How it is ---- */

/* Seldom asked, so the page is mapped for each look: its writer may have made another. */
static void look_at_page(const char *path, struct clock_line *ret_line)
{
    const struct clock_page *page;
    struct tai_error error;
    if (path == NULL || page_map(path, &page, &error) != TAI_OK)
        return;
    if (page_read(page, ret_line, NULL) != PAGE_OK)
        *ret_line = (struct clock_line){0};
    page_unmap(page);
}

static void look(struct api *a, struct api_view *v)
{
    *v = (struct api_view){.leaps = leaps_now(a),
                           .max_error_ns = a->options.max_error_ns,
                           .uptime_s = monotonic_s() - a->started_s,
                           .stopping = a->stopping};
    stamp_log_clock(a->log, &v->clock);
    if (v->clock.status != TAISTAMP_STATUS_EXPIRED) /* else the rest of the page is as old */
        look_at_page(a->options.page, &v->line);
    stamp_log_stats(a->log, &v->log);
    http_stats(a->http, &v->http);
}

static void send_report(struct api *a, struct evhttp_request *req, char *(*make)(const struct api_view *),
                        const char *type)
{
    struct api_view v;
    look(a, &v);
    char *text = make(&v);
    if (text != NULL)
        http_send(a->http, req, 200, type, no_store, bytes_of_str(text));
    else
        refuse(a, req, PROBLEM_INTERNAL);
    free(text);
}

static void get_time(struct api *a, struct evhttp_request *req, const char *rest)
{
    (void)rest;
    send_report(a, req, api_time_json, "application/json");
}

static void get_status(struct api *a, struct evhttp_request *req, const char *rest)
{
    (void)rest;
    send_report(a, req, api_status_json, "application/json");
}

static void get_metrics(struct api *a, struct evhttp_request *req, const char *rest)
{
    (void)rest;
    send_report(a, req, api_metrics_text, "text/plain; version=0.0.4; charset=utf-8");
}

static void get_health(struct api *a, struct evhttp_request *req, const char *rest)
{
    (void)rest;
    struct api_view v;
    look(a, &v);
    const char *why = api_unhealthy(&v);
    char text[200] = "ok\n";
    if (why != NULL)
        (void)snprintf(text, sizeof text, "%s\n", why);
    http_send(a->http, req, why == NULL ? 200 : 503, text_type, no_store, bytes_of_str(text));
}

/* The table in use, as its file has it: it carries its own hash, so nobody has to believe us. */
static void get_leap_seconds(struct api *a, struct evhttp_request *req, const char *rest)
{
    (void)rest;
    char *text;
    size_t len;
    const taistamp_leaps *used = leaps_now(a);
    taistamp_leaps *leaps = NULL;
    if (used == NULL) {
        refuse(a, req, PROBLEM_NOT_FOUND);
        return;
    }
    if (file_read(&file_posix, taistamp_leaps_origin(used), LIMIT_LEAP_FILE, &text, &len, NULL) != TAI_OK) {
        refuse(a, req, PROBLEM_NOT_FOUND);
        return;
    }
    if (taistamp_leaps_parse(text, len, &leaps, NULL) == TAI_OK)
        http_send(a->http, req, 200, text_type, "Cache-Control: max-age=3600\r\n", bytes_of(text, len));
    else
        refuse(a, req, PROBLEM_NOT_FOUND);
    taistamp_leaps_free(leaps);
    free(text);
}

/* ---- Routes ---- */

typedef void (*route_fn)(struct api *a, struct evhttp_request *req, const char *rest);

static const struct route {
    const char *path;
    bool prefix; /* what follows the path goes to the function */
    route_fn get, post;
} routes[] = {
    {"/v1/stamps", false, NULL, post_stamp}, {"/v1/stamps/", true, get_stamp, NULL},
    {"/v1/time", false, get_time, NULL},     {"/v1/status", false, get_status, NULL},
    {"/healthz", false, get_health, NULL},   {"/metrics", false, get_metrics, NULL},
    {"/policy", false, get_policy, NULL},    {"/checkpoint", false, get_checkpoint, NULL},
    {"/tile/", true, get_tile, NULL},        {"/v1/leap-seconds", false, get_leap_seconds, NULL},
};

static const struct route *find_route(const char *path, const char **ret_rest)
{
    for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++) {
        size_t n = strlen(routes[i].path);
        if (strncmp(path, routes[i].path, n) != 0 || (path[n] != '\0') != routes[i].prefix)
            continue;
        *ret_rest = path + n;
        return &routes[i];
    }
    return NULL;
}

void api_handle(void *api, struct evhttp_request *req)
{
    struct api *a = api;
    /* A query is of no use here and is overlooked. The path is compared as sent: ours need no percent-encoding. */
    const char *path = evhttp_uri_get_path(evhttp_request_get_evhttp_uri(req)), *rest = "";
    const struct route *route = find_route(path != NULL ? path : "", &rest);
    if (route == NULL) {
        refuse(a, req, PROBLEM_NOT_FOUND);
        return;
    }
    const enum evhttp_cmd_type method = evhttp_request_get_command(req);
    route_fn run = NULL;
    if (method == EVHTTP_REQ_POST)
        run = route->post;
    else if (method == EVHTTP_REQ_GET || method == EVHTTP_REQ_HEAD)
        run = route->get;
    if (run == NULL) {
        http_send_problem(a->http, req, PROBLEM_METHOD_NOT_ALLOWED, NULL,
                          route->post != NULL ? "Allow: POST\r\n" : "Allow: GET, HEAD\r\n");
        return;
    }
    run(a, req, rest);
}

/* ---- Life ---- */

enum tai_err api_new(const struct api_options *options, struct api **ret_api)
{
    struct api *a = calloc(1, sizeof *a);
    if (a == NULL)
        return TAI_ERR_MEMORY;
    a->options = *options;
    a->started_s = monotonic_s();
    leap_watch_open(&a->leaps, options->leap_file);
    (void)leaps_now(a); /* what is wrong with the table is said at the start */
    *ret_api = a;
    return TAI_OK;
}

void api_free(struct api *a)
{
    if (a == NULL)
        return;
    while (a->spare != NULL) {
        struct pending *p = a->spare;
        a->spare = p->next;
        free(p);
    }
    leap_watch_close(&a->leaps);
    free(a);
}

void api_connect(struct api *a, struct http *http, struct stamp_log *log)
{
    a->http = http;
    a->log = log;
}

void api_drain(struct api *a)
{
    a->stopping = true;
}
