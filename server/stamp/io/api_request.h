/* SPDX-License-Identifier: Apache-2.0 */
/* The body of POST /v1/stamps: bytes to kind and subject, or the problem with them.
 *
 *     {"kind":"commitment","subject":"sha256:<64 hex digits>"}
 *
 * Strict: one JSON object in UTF-8 with exactly these two members, once each, both strings, and nothing after it.
 * Commitments and batches are sha256; a digest may be any of the six algorithms; tokens are the server's own. No
 * libevent in here; the fuzz target tests/fuzz/fuzz_request.c runs it. Any thread. */
#ifndef SERVER_STAMP_IO_API_REQUEST_H
#define SERVER_STAMP_IO_API_REQUEST_H

#include "sdk/base/bytes.h"
#include "server/stamp/io/http_problem.h"
#include "taistamp/proof.h"

struct api_request {
    enum taistamp_kind kind;
    struct taistamp_digest subject;
};

/* PROBLEM_NONE, or what to answer; *ret_request is untouched then. */
enum http_problem api_request_parse(struct bytes body, struct api_request *ret_request);

#endif
