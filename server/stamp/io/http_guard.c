/* SPDX-License-Identifier: Apache-2.0 */
#include "server/stamp/io/http_guard.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

/* How long, and for how much, a connection that we have closed may still send. */
enum { LINGER_MS = 1000, LINGER_BYTES = 1024 * 1024 };
/* Room in the input buffer beyond one request: what one read may bring along. */
enum { READ_AHEAD = 2 * 1024 };
/* Answers that clients have not read yet, all together; beyond it whoever has been reading for longest is dropped. */
enum { UNREAD_MAX = 64 * 1024 * 1024 };

enum conn_state {
    CONN_NEW, /* accepted, not yet looked at */
    CONN_IDLE,
    CONN_READING,
    CONN_PENDING,
    CONN_BUSY,
    CONN_CUT, /* shut down by us; evhttp will notice */
    CONN_LINGER,
    CONN_STATES
};

TAILQ_HEAD(conn_list, guard_conn);

struct guard_conn {
    TAILQ_ENTRY(guard_conn) link;   /* in the list of its state */
    STAILQ_ENTRY(guard_conn) later; /* in guard->later */
    struct guard *guard;
    struct bufferevent *bev; /* our reference keeps it, and its socket, alive */
    struct evbuffer_cb_entry *input_cb;
    struct evbuffer *held; /* part of a request, kept from evhttp; NULL until needed */
    void *work;            /* while pending */
    void *evcon;           /* what evhttp's callbacks take */
    int64_t since_ms;      /* when the state began */
    uint64_t linger_bytes;
    size_t unread; /* bytes of its answer that the socket did not take at once */
    enum conn_state state;
    enum http_problem problem;
    int fd;
    bool is_later, gating, continued, will_linger, http11;
};

struct guard {
    struct event_base *base;
    struct guard_options options;
    struct conn_list lists[CONN_STATES];
    size_t counts[CONN_STATES];
    STAILQ_HEAD(, guard_conn) later; /* connections to be looked at from the loop, outside evhttp's calls */
    struct event *later_event, *sweep_event;
    struct guard_conn **by_fd;
    size_t by_fd_len;
    size_t live;
    size_t unread; /* of all connections */
    bool paused, draining;
    /* evhttp's, the same for all of its connections. */
    bufferevent_data_cb read_cb, write_cb;
    bufferevent_event_cb event_cb;
    struct guard_stats stats;
};

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void conn_enter(struct guard_conn *c, enum conn_state state)
{
    struct guard *g = c->guard;
    TAILQ_REMOVE(&g->lists[c->state], c, link);
    g->counts[c->state]--;
    c->state = state;
    c->since_ms = now_ms();
    TAILQ_INSERT_TAIL(&g->lists[state], c, link);
    g->counts[state]++;
}

static void conn_later(struct guard_conn *c)
{
    if (c->is_later)
        return;
    c->is_later = true;
    STAILQ_INSERT_TAIL(&c->guard->later, c, later);
    event_active(c->guard->later_event, EV_TIMEOUT, 0);
}

/* Both directions end: the next read or write makes evhttp free the connection. */
static void conn_cut(struct guard_conn *c)
{
    (void)shutdown(c->fd, SHUT_RDWR);
    conn_enter(c, CONN_CUT);
}

static void conn_release(struct guard_conn *c)
{
    struct guard *g = c->guard;
    TAILQ_REMOVE(&g->lists[c->state], c, link);
    g->counts[c->state]--;
    if (c->is_later)
        STAILQ_REMOVE(&g->later, c, guard_conn, later);
    if (c->fd >= 0 && (size_t)c->fd < g->by_fd_len && g->by_fd[c->fd] == c)
        g->by_fd[c->fd] = NULL;
    if (c->input_cb != NULL)
        evbuffer_remove_cb_entry(bufferevent_get_input(c->bev), c->input_cb);
    if (c->held != NULL)
        evbuffer_free(c->held);
    g->unread -= c->unread;
    bufferevent_decref(c->bev);
    free(c);
    g->live--;
    if (g->paused && !g->draining && g->live < g->options.connections_max) {
        g->paused = false;
        g->options.pause(g->options.pause_user, false);
    }
}

/* evhttp is about to free the connection. */
static void on_close(struct evhttp_connection *evcon, void *arg)
{
    (void)evcon;
    struct guard_conn *c = arg;
    if (c->state == CONN_PENDING && c->guard->options.gone != NULL)
        c->guard->options.gone(c->guard->options.user, c->work);
    if (!c->will_linger) {
        conn_release(c);
        return;
    }
    conn_enter(c, CONN_LINGER);
    conn_later(c);
}

/* ---- The gate: bytes before evhttp ---- */

/* Puts a request in evhttp's way that it cannot misread; the handler answers c->problem. */
static void gate_refuse(struct guard_conn *c, struct evbuffer *input, enum http_problem problem, bool is_head)
{
    static const char get[] = "GET / HTTP/1.1\r\nConnection: close\r\n\r\n";
    static const char head[] = "HEAD / HTTP/1.1\r\nConnection: close\r\n\r\n";
    evbuffer_drain(input, evbuffer_get_length(input));
    if (evbuffer_prepend(input, is_head ? head : get, is_head ? sizeof head - 1 : sizeof get - 1) != 0) {
        conn_cut(c);
        return;
    }
    c->problem = problem;
    c->http11 = true;
    c->guard->stats.refused++;
    conn_enter(c, CONN_BUSY);
}

static void gate_hold(struct guard_conn *c, struct evbuffer *input)
{
    if (c->held == NULL)
        c->held = evbuffer_new();
    if (c->held == NULL || evbuffer_add_buffer(c->held, input) != 0) {
        evbuffer_drain(input, evbuffer_get_length(input));
        conn_cut(c);
        return;
    }
    if (c->state != CONN_READING)
        conn_enter(c, CONN_READING);
}

/* The client waits to be asked for the body. Nothing else can be under way to it, so the socket takes these bytes. */
static void gate_continue(struct guard_conn *c)
{
    static const char line[] = "HTTP/1.1 100 Continue\r\n\r\n";
    if (c->continued)
        return;
    c->continued = true;
    (void)send(c->fd, line, sizeof line - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void gate_run(struct guard_conn *c, struct evbuffer *input)
{
    const struct http_limits *limits = &c->guard->options.limits;
    if (c->held != NULL && evbuffer_get_length(c->held) > 0 && evbuffer_prepend_buffer(input, c->held) != 0) {
        conn_cut(c);
        return;
    }
    size_t len = evbuffer_get_length(input), look = limits->header_max + 3;
    if (len == 0)
        return;
    look = len < look ? len : look;
    const uint8_t *data = evbuffer_pullup(input, (ssize_t)look);
    if (data == NULL) {
        conn_cut(c);
        return;
    }
    struct http_head head;
    switch (http_head_check(bytes_of(data, look), limits, &head)) {
    case HTTP_REJECT:
        gate_refuse(c, input, head.problem, head.is_head);
        return;
    case HTTP_INCOMPLETE:
        gate_hold(c, input);
        return;
    case HTTP_COMPLETE:
        if (len < head.skip + head.head_len + head.body_len) {
            if (head.wants_continue && len == head.skip + head.head_len)
                gate_continue(c);
            gate_hold(c, input);
            return;
        }
        if (head.skip > 0)
            evbuffer_drain(input, head.skip);
        c->http11 = head.http11;
        conn_enter(c, CONN_BUSY);
    }
}

static void gate_input(struct evbuffer *input, const struct evbuffer_cb_info *info, void *arg)
{
    struct guard_conn *c = arg;
    if (info->n_added == 0 || c->gating || (c->state != CONN_IDLE && c->state != CONN_READING))
        return;
    c->gating = true;
    gate_run(c, input);
    c->gating = false;
}

/* The answer is in the socket; the next request may begin, and may have arrived already. */
static void on_complete(struct evhttp_request *req, void *arg)
{
    (void)req;
    struct guard_conn *c = arg;
    struct evbuffer *input = bufferevent_get_input(c->bev);
    conn_enter(c, CONN_IDLE);
    c->continued = false;
    c->guard->unread -= c->unread;
    c->unread = 0;
    if (c->guard->draining || c->will_linger || evbuffer_get_length(input) == 0)
        return;
    c->gating = true;
    gate_run(c, input);
    c->gating = false;
}

/* ---- Arrivals and departures ---- */

/* Makes room: the connection idle (or lingering) for longest goes. False: none to take. */
static bool evict_one(struct guard *g)
{
    struct guard_conn *c = TAILQ_FIRST(&g->lists[CONN_LINGER]);
    if (c != NULL && !c->is_later) {
        conn_release(c);
        return true;
    }
    c = TAILQ_FIRST(&g->lists[CONN_IDLE]);
    if (c == NULL)
        return false;
    g->stats.evicted++;
    conn_cut(c);
    return true;
}

struct bufferevent *guard_accept(struct event_base *base, void *guard)
{
    struct guard *g = guard;
    struct guard_conn *c = calloc(1, sizeof *c);
    struct bufferevent *bev = bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);
    if (c == NULL || bev == NULL)
        goto fail;
    c->guard = g;
    c->bev = bev;
    c->fd = -1;
    c->input_cb = evbuffer_add_cb(bufferevent_get_input(bev), gate_input, c);
    if (c->input_cb == NULL)
        goto fail;
    bufferevent_setwatermark(bev, EV_READ, 0,
                             g->options.limits.header_max + g->options.limits.body_max + READ_AHEAD);
    bufferevent_incref(bev);
    TAILQ_INSERT_TAIL(&g->lists[CONN_NEW], c, link);
    g->counts[CONN_NEW]++;
    g->live++;
    g->stats.accepted++;
    conn_later(c);
    if (g->live >= g->options.connections_max && !evict_one(g) && !g->paused) {
        g->paused = true;
        g->stats.pauses++;
        g->options.pause(g->options.pause_user, true);
    }
    return bev;
fail:
    /* Without a bufferevent of ours evhttp would make one that nobody guards. */
    if (bev != NULL)
        bufferevent_free(bev);
    free(c);
    abort();
}

static bool by_fd_set(struct guard *g, struct guard_conn *c)
{
    size_t fd = (size_t)c->fd;
    if (fd >= g->by_fd_len) {
        size_t n = fd * 2 + 64;
        struct guard_conn **grown = realloc(g->by_fd, n * sizeof(struct guard_conn *));
        if (grown == NULL)
            return false;
        memset(grown + g->by_fd_len, 0, (n - g->by_fd_len) * sizeof(struct guard_conn *));
        g->by_fd = grown;
        g->by_fd_len = n;
    }
    g->by_fd[fd] = c;
    return true;
}

/* A new connection, now that evhttp has given it a socket. evhttp has no call for "who was accepted", but it is what
 * the bufferevent's callbacks point to; without callbacks it has given up already. */
static void conn_attach(struct guard_conn *c)
{
    struct guard *g = c->guard;
    bufferevent_data_cb read_cb = NULL, write_cb = NULL;
    bufferevent_event_cb event_cb = NULL;
    void *evcon = NULL;
    bufferevent_getcb(c->bev, &read_cb, &write_cb, &event_cb, &evcon);
    c->fd = bufferevent_getfd(c->bev);
    if (read_cb == NULL || evcon == NULL || c->fd < 0) {
        conn_release(c);
        return;
    }
    g->read_cb = read_cb;
    g->write_cb = write_cb;
    g->event_cb = event_cb;
    c->evcon = evcon;
    evhttp_connection_set_closecb(evcon, on_close, c);
    conn_enter(c, CONN_IDLE);
    if (!by_fd_set(g, c) || g->draining)
        conn_cut(c);
}

static void linger_read(struct bufferevent *bev, void *arg)
{
    struct guard_conn *c = arg;
    struct evbuffer *input = bufferevent_get_input(bev);
    c->linger_bytes += evbuffer_get_length(input);
    evbuffer_drain(input, evbuffer_get_length(input));
    if (c->linger_bytes > LINGER_BYTES)
        conn_release(c);
}

static void linger_event(struct bufferevent *bev, short what, void *arg)
{
    (void)bev;
    (void)what;
    conn_release(arg);
}

/* evhttp has let go of the bufferevent and has said "no more" to the client; we hold on until the client has too. */
static void conn_linger(struct guard_conn *c)
{
    bufferevent_setcb(c->bev, linger_read, NULL, linger_event, c);
    bufferevent_disable(c->bev, EV_WRITE);
    if (bufferevent_enable(c->bev, EV_READ) != 0)
        conn_release(c);
}

static void on_later(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    struct guard *g = arg;
    struct guard_conn *c;
    while ((c = STAILQ_FIRST(&g->later)) != NULL) {
        STAILQ_REMOVE_HEAD(&g->later, later);
        c->is_later = false;
        if (c->state == CONN_NEW)
            conn_attach(c);
        else if (c->state == CONN_LINGER)
            conn_linger(c);
    }
}

/* ---- Deadlines ---- */

/* Takes the oldest of a list when it is overdue; the caller moves it out of the list. */
static struct guard_conn *overdue(struct guard *g, enum conn_state state, int64_t limit_ms, int64_t now)
{
    struct guard_conn *c = TAILQ_FIRST(&g->lists[state]);
    return c != NULL && now - c->since_ms >= limit_ms ? c : NULL;
}

static void refuse_reading(struct guard_conn *c, enum http_problem problem)
{
    if (c->held != NULL)
        evbuffer_drain(c->held, evbuffer_get_length(c->held));
    c->gating = true;
    gate_refuse(c, bufferevent_get_input(c->bev), problem, false);
    c->gating = false;
    bufferevent_trigger(c->bev, EV_READ, BEV_TRIG_IGNORE_WATERMARKS);
}

static void on_sweep(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    struct guard *g = arg;
    const int64_t now = now_ms();
    struct guard_conn *c;
    while ((c = overdue(g, CONN_IDLE, g->options.idle_ms, now)) != NULL) {
        g->stats.idle_closed++;
        conn_cut(c);
    }
    while ((c = overdue(g, CONN_READING, g->options.request_ms, now)) != NULL) {
        g->stats.request_timeouts++;
        refuse_reading(c, PROBLEM_REQUEST_TIMEOUT);
    }
    while ((c = overdue(g, CONN_BUSY, g->options.answer_ms, now)) != NULL) {
        g->stats.slow_readers++;
        conn_cut(c);
    }
    while ((c = overdue(g, CONN_LINGER, LINGER_MS, now)) != NULL)
        conn_release(c);
}

/* An eighth of the shortest limit, so that none is exceeded by much. */
static struct timeval sweep_period(const struct guard_options *o)
{
    uint32_t ms = o->request_ms < o->idle_ms ? o->request_ms : o->idle_ms;
    ms = (ms < o->answer_ms ? ms : o->answer_ms) / 8;
    ms = ms < 10 ? 10 : ms > 250 ? 250 : ms;
    return (struct timeval){.tv_sec = 0, .tv_usec = (suseconds_t)ms * 1000};
}

/* ---- For the server ---- */

enum tai_err guard_new(struct event_base *base, const struct guard_options *options, struct guard **ret_guard)
{
    struct guard *g = calloc(1, sizeof *g);
    if (g == NULL)
        return TAI_ERR_MEMORY;
    g->base = base;
    g->options = *options;
    for (size_t i = 0; i < CONN_STATES; i++)
        TAILQ_INIT(&g->lists[i]);
    STAILQ_INIT(&g->later);
    struct timeval period = sweep_period(options);
    g->later_event = event_new(base, -1, 0, on_later, g);
    g->sweep_event = event_new(base, -1, EV_PERSIST, on_sweep, g);
    if (g->later_event == NULL || g->sweep_event == NULL || event_add(g->sweep_event, &period) != 0) {
        guard_free(g);
        return TAI_ERR_MEMORY;
    }
    *ret_guard = g;
    return TAI_OK;
}

void guard_free(struct guard *g)
{
    if (g == NULL)
        return;
    g->draining = true;
    for (size_t i = 0; i < CONN_STATES; i++)
        while (!TAILQ_EMPTY(&g->lists[i]))
            conn_release(TAILQ_FIRST(&g->lists[i]));
    if (g->later_event != NULL)
        event_free(g->later_event);
    if (g->sweep_event != NULL)
        event_free(g->sweep_event);
    free(g->by_fd);
    free(g);
}

void guard_drain(struct guard *g)
{
    struct guard_conn *c;
    g->draining = true;
    while ((c = TAILQ_FIRST(&g->lists[CONN_IDLE])) != NULL)
        conn_cut(c);
    while ((c = TAILQ_FIRST(&g->lists[CONN_READING])) != NULL)
        refuse_reading(c, PROBLEM_STOPPING);
}

bool guard_quiet(const struct guard *g)
{
    return g->counts[CONN_PENDING] + g->counts[CONN_BUSY] + g->counts[CONN_READING] == 0;
}

void guard_stats(const struct guard *g, struct guard_stats *ret_stats)
{
    *ret_stats = g->stats;
    ret_stats->connections = g->live;
    ret_stats->idle = g->counts[CONN_IDLE] + g->counts[CONN_NEW];
    ret_stats->reading = g->counts[CONN_READING];
    ret_stats->pending = g->counts[CONN_PENDING];
    ret_stats->busy = g->counts[CONN_BUSY];
    ret_stats->linger = g->counts[CONN_LINGER];
}

struct guard_conn *guard_find(struct guard *g, struct evhttp_request *req)
{
    int fd = bufferevent_getfd(evhttp_connection_get_bufferevent(evhttp_request_get_connection(req)));
    return fd >= 0 && (size_t)fd < g->by_fd_len ? g->by_fd[fd] : NULL;
}

enum http_problem guard_conn_problem(const struct guard_conn *c)
{
    return c->problem;
}

bool guard_conn_http11(const struct guard_conn *c)
{
    return c->http11;
}

/* The client's end of a connection with a request under way: it may have shut its sending side only, so the answer is
 * written all the same and the next read sees the end again. */
static void pending_event(struct bufferevent *bev, short what, void *arg)
{
    (void)bev;
    (void)what;
    (void)arg;
}

void guard_pending(struct guard_conn *c, void *work)
{
    c->work = work;
    conn_enter(c, CONN_PENDING);
    /* evhttp has stopped reading, and starts again after the answer: two calls into the kernel for each request. As
     * long as nobody listens, reading may go on; the watermark bounds it. */
    bufferevent_setcb(c->bev, NULL, NULL, pending_event, NULL);
    bufferevent_enable(c->bev, EV_READ);
}

/* Hands what fits to the socket and says how much that was; a broken connection takes everything. */
static size_t write_now(const struct guard_conn *c, struct bytes head, struct bytes body)
{
    struct iovec parts[2] = {{.iov_len = head.len}, {.iov_len = body.len}};
    memcpy(&parts[0].iov_base, &head.data, sizeof head.data);
    memcpy(&parts[1].iov_base, &body.data, sizeof body.data);
    const struct msghdr message = {.msg_iov = parts, .msg_iovlen = body.len > 0 ? 2 : 1};
    ssize_t n = sendmsg(c->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n >= 0)
        return (size_t)n;
    return errno == EAGAIN || errno == EINTR || errno == ENOBUFS ? 0 : head.len + body.len;
}

/* The rest of an answer goes through evhttp's writing, whose end it takes for the end of the request. Meanwhile nothing
 * is read: evhttp would read on into memory, and would take a half-closed connection for a closed one. */
static bool write_later(struct guard_conn *c, struct bytes head, struct bytes body, size_t done)
{
    struct evbuffer *output = bufferevent_get_output(c->bev);
    size_t in_head = done < head.len ? done : head.len, in_body = done - in_head;
    bufferevent_disable(c->bev, EV_READ);
    c->unread = head.len + body.len - done;
    c->guard->unread += c->unread;
    if (c->guard->unread > UNREAD_MAX) {
        c->guard->stats.slow_readers++;
        conn_cut(TAILQ_FIRST(&c->guard->lists[CONN_BUSY]));
    }
    return evbuffer_add(output, head.data + in_head, head.len - in_head) == 0 &&
           evbuffer_add(output, body.data + in_body, body.len - in_body) == 0 &&
           bufferevent_enable(c->bev, EV_WRITE) == 0;
}

void guard_answer(struct guard_conn *c, struct evhttp_request *req, struct bytes head, struct bytes body,
                  bool lingering)
{
    if (c->state == CONN_PENDING)
        bufferevent_setcb(c->bev, c->guard->read_cb, c->guard->write_cb, c->guard->event_cb, c->evcon);
    c->will_linger = lingering;
    conn_enter(c, CONN_BUSY);
    evhttp_request_set_on_complete_cb(req, on_complete, c);
    /* Most answers fit the socket, and cost no further turn of the loop then. */
    size_t done = write_now(c, head, body);
    if (done < head.len + body.len && !write_later(c, head, body, done))
        conn_cut(c);
    /* Nothing of the answer is evhttp's making: to it, this is the end of an answer in pieces. */
    evhttp_send_reply_end(req);
}
