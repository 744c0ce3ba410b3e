/* SPDX-License-Identifier: Apache-2.0 */
/* libtaistamp-net: the blocking HTTP client (libcurl) for apps that have no HTTP stack of their own.
 *
 * Link with libtaistamp-net for this header only; everything else is in libtaistamp. A connection object is used by
 * one thread at a time and keeps its TCP connection between calls. Time limits are in ms and cover the whole call. The
 * first taistamp_net_new of a process calls curl_global_init, once, which with libcurl 7.84 and newer any thread may
 * do; where it is older, make the first one before other threads use libcurl. */
#ifndef TAISTAMP_NET_H
#define TAISTAMP_NET_H

#include "taistamp/stamp.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct taistamp_net taistamp_net;

struct taistamp_net_options {
    size_t size;         /* sizeof(struct taistamp_net_options) */
    int64_t connect_ms;  /* until there is a connection; 0 or less: 5000 */
    int64_t total_ms;    /* until the answer is whole; 0 or less: 30000 */
    const char *ca_file; /* PEM file of the CAs to trust for https; NULL: the system's */
};

/* `url` is the server's base, "http://127.0.0.1:8023" or "https://..."; it is copied. `options` may be NULL and is not
 * needed afterwards; one whose `size` is too small is refused, never passed over. Nothing is sent yet. TAI_ERR_ARGUMENT
 * (no such URL, options without their size), _UNSUPPORTED (libcurl does not start), _MEMORY. *ret_net is the caller's.
 */
TAISTAMP_API TAISTAMP_MUST_CHECK enum tai_err taistamp_net_new(const char *url,
                                                               const struct taistamp_net_options *options,
                                                               taistamp_net **ret_net,
                                                               struct tai_error *error);
/* Closes the connection. */
TAISTAMP_API void taistamp_net_free(taistamp_net *net);
/* POSTs the session's request and hands the answer to taistamp_stamping_response. Nothing is retried: posting again is
 * harmless but makes a second entry. TAI_ERR_UNAVAILABLE (nobody answers, or 429/503), _TIMEOUT, _REFUSED (with the
 * server's code and sentence), _UNTRUSTED (its TLS certificate), _ARGUMENT (a `ca_file` that is none), _SPACE (an answer longer than any receipt), and what
 * taistamp_stamping_request and taistamp_stamping_response say. `trust` and `leaps` may be NULL, as there. */
TAISTAMP_API TAISTAMP_MUST_CHECK enum tai_err
taistamp_net_stamp(taistamp_net *net, taistamp_stamping *stamping, const taistamp_policy *policy,
                   const taistamp_trust *trust, const taistamp_leaps *leaps, struct tai_error *error);
/* GETs `path` ("/policy", "/v1/time", "/checkpoint", "/tile/...") of at most `limit` bytes; *ret_body is malloc'ed,
 * NUL-terminated, the caller's (free). TAI_ERR_NOT_FOUND for 404, _SPACE when it is longer than `limit`, _ARGUMENT for
 * a path without its slash, _UNAVAILABLE, _TIMEOUT, _REFUSED, _UNTRUSTED as above. */
TAISTAMP_API TAISTAMP_MUST_CHECK enum tai_err taistamp_net_get(taistamp_net *net, const char *path,
                                                               size_t limit, char **ret_body, size_t *ret_len,
                                                               struct tai_error *error);

#ifdef __cplusplus
}
#endif
#endif
