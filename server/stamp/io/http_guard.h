/* SPDX-License-Identifier: Apache-2.0 */
/* The guard: every limit on connections that evhttp lacks.
 *
 * evhttp calls guard_accept for each connection's bufferevent. The guard listens on that bufferevent's input buffer, so
 * it sees bytes before evhttp does; it keeps them back until http_head_check has seen a whole request, head and body,
 * and only then lets evhttp read. A request that is refused is replaced by a harmless one that leads to the handler,
 * which answers what the guard has noted (guard_conn_problem) and closes. So evhttp only ever parses complete, strictly
 * formed requests, one at a time.
 *
 * A connection is in one of these states, each with its own list in order of time, so that looking for the overdue
 * costs nothing:
 *
 *     idle     waiting for the first byte of a request     after idle_ms it is closed
 *     reading  part of a request has arrived               request_ms after its first byte: 408
 *     pending  a whole request is being worked on          no limit here: the log answers everything
 *     busy     an answer is being made or written          after answer_ms it is dropped: a slow reader
 *     linger   answered and closed by us; what the client still sends is thrown away for a moment, so that the
 *              answer is not lost to a reset
 *
 * At connections_max the connection that has been idle for longest makes room; when none is idle, accepting pauses.
 * While a connection is not idle or reading, nothing is read from it: pipelined requests wait in the kernel, bounded by
 * its buffers and by what one read had brought along. All on the loop's thread. */
#ifndef SERVER_STAMP_IO_HTTP_GUARD_H
#define SERVER_STAMP_IO_HTTP_GUARD_H

#include <stdint.h>

#include "server/libevent.h"
#include "server/stamp/io/http_head.h"
#include "taistamp/base.h"

struct guard;
struct guard_conn;

struct guard_options {
    struct http_limits limits;
    uint32_t connections_max;
    uint32_t request_ms, idle_ms, answer_ms;
    /* Called when a pending connection is gone: nobody waits for the answer any more. `work` as in guard_pending. */
    void (*gone)(void *user, void *work);
    /* Called to stop (true) and to resume accepting. */
    void (*pause)(void *pause_user, bool paused);
    void *user, *pause_user;
};

struct guard_stats {
    size_t connections, idle, reading, pending, busy, linger;
    uint64_t accepted, evicted, pauses;
    uint64_t idle_closed, request_timeouts, slow_readers;
    uint64_t refused; /* requests refused before evhttp saw them */
};

TAISTAMP_MUST_CHECK enum tai_err guard_new(struct event_base *base, const struct guard_options *options,
                                           struct guard **ret_guard);
/* After evhttp_free: every connection is gone by then. */
void guard_free(struct guard *guard);
/* For evhttp_set_bevcb; `guard` is the struct guard. */
struct bufferevent *guard_accept(struct event_base *base, void *guard);
/* Stops taking requests: idle connections are closed, half-arrived requests refused as stopping. Answers then carry
 * Connection: close. */
void guard_drain(struct guard *guard);
/* True when nothing is being worked on or written. */
bool guard_quiet(const struct guard *guard);
void guard_stats(const struct guard *guard, struct guard_stats *ret_stats);

/* The connection of a request in evhttp's hands. */
struct guard_conn *guard_find(struct guard *guard, struct evhttp_request *req);
/* What the guard has found wrong with the request; PROBLEM_NONE for a real one. */
enum http_problem guard_conn_problem(const struct guard_conn *conn);
/* The request's version is 1.1. */
bool guard_conn_http11(const struct guard_conn *conn);
/* The request waits for `work`, which is told if the connection dies meanwhile. */
void guard_pending(struct guard_conn *conn, void *work);
/* Answers the request evhttp has handed out: writes `head` and `body` at once as far as the socket takes them, the rest
 * as the client reads, and tells evhttp that the request is done. For a connection that shall close the caller has put
 * "Connection: close" into the request's output headers. With `lingering`, what the client still sends is thrown away
 * for a moment before the socket is closed. The request is gone on return, and the connection may be. */
void guard_answer(struct guard_conn *conn, struct evhttp_request *req, struct bytes head, struct bytes body,
                  bool lingering);

#endif
