/* SPDX-License-Identifier: Apache-2.0 */
/* The HTTP server: listeners, evhttp behind the guard, and the form of every answer.
 *
 * What an address means is decided by the handler (api.h): it is called once per request with a connection in good
 * order and answers with one http_send or http_send_problem, at once or later. Requests that the guard refused are
 * answered in here. All on the loop's thread. */
#ifndef SERVER_STAMP_IO_HTTP_H
#define SERVER_STAMP_IO_HTTP_H

#include "sdk/base/bytes.h"
#include "server/stamp/io/http_guard.h"

struct http;

typedef void (*http_handler_fn)(void *user, struct evhttp_request *req);

struct http_options {
    struct guard_options guard; /* gone and user are the handler's; pause is filled in here */
    uint32_t output_max;        /* bytes of the longest answer */
    const char *const *listen;  /* "127.0.0.1:8023", "[::1]:0" */
    size_t listen_count;
    http_handler_fn handler;
    void *user;
};

/* Binds and starts to accept. TAI_ERR_ARGUMENT: not an address; TAI_ERR_CONFLICT: in use; TAI_ERR_PERMISSION;
 * TAI_ERR_NOT_FOUND: not an address of this machine; TAI_ERR_IO. */
TAISTAMP_MUST_CHECK enum tai_err http_new(struct event_base *base, const struct http_options *options,
                                          struct http **ret_http, struct tai_error *error);
void http_free(struct http *http);
/* Where it really listens (port 0 resolved), separated by spaces. Lives as long as `http`. */
const char *http_where(const struct http *http);
/* Stops accepting; what is under way goes on, and its connections end after the answer. */
void http_drain(struct http *http);
/* True when every request under way has been answered. */
bool http_quiet(const struct http *http);

struct http_stats {
    struct guard_stats guard;
    uint64_t requests;   /* that reached the handler */
    uint64_t answers[6]; /* by hundreds of the status */
};
void http_stats(const struct http *http, struct http_stats *ret_stats);

/* Answers with `body`. `extra`: further header lines, each ended by CR LF, or "". For HEAD the headers are those of GET
 * and the body stays away. The request is gone on return. */
void http_send(struct http *http, struct evhttp_request *req, int status, const char *content_type,
               const char *extra, struct bytes body);
/* The same with a problem document; `detail` NULL or "": the usual one. */
void http_send_problem(struct http *http, struct evhttp_request *req, enum http_problem problem,
                       const char *detail, const char *extra);
/* The answer will come later: `work` goes to options.guard.gone should the connection die before. */
void http_defer(struct http *http, struct evhttp_request *req, void *work);

#endif
