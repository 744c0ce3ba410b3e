/* SPDX-License-Identifier: Apache-2.0 */
/* The body of POST /v1/stamps: whatever is taken is a kind and a digest that may be stamped, and written in the plain
 * form it means the same; whatever is refused has a code. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/stamp/io/api_request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check_taken(const struct api_request *r)
{
    char subject[TAISTAMP_DIGEST_TEXT], body[320];
    struct api_request again;
    memset(&again, 0, sizeof again);
    if (r->kind == TAISTAMP_TOKEN || (r->kind != TAISTAMP_DIGEST && r->subject.algorithm != TAISTAMP_SHA256))
        abort();
    taistamp_digest_print(&r->subject, subject);
    int n = snprintf(body, sizeof body, "{\"kind\":\"%s\",\"subject\":\"%s\"}", taistamp_kind_name(r->kind),
                     subject);
    if (n < 0 || (size_t)n >= sizeof body ||
        api_request_parse(bytes_of(body, (size_t)n), &again) != PROBLEM_NONE || again.kind != r->kind ||
        !taistamp_digest_equal(&again.subject, &r->subject))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct api_request r;
    memset(&r, 0, sizeof r);
    enum http_problem problem = api_request_parse(bytes_of(data, len), &r);
    if (problem == PROBLEM_NONE)
        check_taken(&r);
    else if (problem < PROBLEM_BAD_JSON || problem > PROBLEM_DIGEST_LENGTH)
        abort();
    return 0;
}
