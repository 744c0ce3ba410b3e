/* SPDX-License-Identifier: Apache-2.0 */
/* What the addresses of the stamp server mean: docs/HTTP-API.md in C.
 *
 *     POST /v1/stamps          one subject in, its receipt out once it is durable and signed
 *     GET  /v1/stamps/INDEX    the same receipt again
 *     GET  /v1/time /v1/status /healthz /metrics /policy /checkpoint /tile/...
 *
 * The handler turns requests into calls of the log (log.h) and outcomes into answers; it keeps no state about a request
 * but the one waiting for a commit. On the loop's thread. */
#ifndef SERVER_STAMP_IO_API_H
#define SERVER_STAMP_IO_API_H

#include "server/stamp/io/http.h"
#include "server/stamp/io/log.h"

struct api;

struct api_options {
    struct bytes policy; /* what /policy says; it must outlive the api. Empty: nothing */
    int64_t max_error_ns;
    const char *
        leap_file; /* the leap table, looked for again every hour; NULL: the newest found. None: no UTC texts */
    const char *page; /* the clock page, for what it says of the cluster; NULL: that is not shown */
};

TAISTAMP_MUST_CHECK enum tai_err api_new(const struct api_options *options, struct api **ret_api);
void api_free(struct api *api);
/* Before the first request: where answers go and what they are about. */
void api_connect(struct api *api, struct http *http, struct stamp_log *log);
/* For struct http_options: handler and guard.gone; `api` is the struct api. */
void api_handle(void *api, struct evhttp_request *req);
void api_gone(void *api, void *work);
/* From now on: not healthy. */
void api_drain(struct api *api);

#endif
