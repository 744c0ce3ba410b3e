/* SPDX-License-Identifier: Apache-2.0 */
/* The head of a request: the verdict does not depend on what follows, nor on how the bytes arrived. */
#include <stdlib.h>
#include <string.h>

#include "server/stamp/io/http_head.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static const struct http_limits limits = {.header_max = 2048, .body_max = 4096};

/* A whole head, alone in memory that ends where it ends, is the same head. */
static void check_complete(const uint8_t *data, const struct http_head *head)
{
    const size_t n = head->skip + head->head_len;
    uint8_t *copy = malloc(n);
    struct http_head again;
    if (copy == NULL || head->head_len > limits.header_max || head->body_len > limits.body_max)
        abort();
    memcpy(copy, data, n);
    if (http_head_check(bytes_of(copy, n), &limits, &again) != HTTP_COMPLETE || again.skip != head->skip ||
        again.head_len != head->head_len || again.body_len != head->body_len ||
        again.is_head != head->is_head)
        abort();
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct http_head head, part;
    if (len > 16384)
        return 0;
    enum http_verdict verdict = http_head_check(bytes_of(data, len), &limits, &head);
    if (verdict == HTTP_COMPLETE)
        check_complete(data, &head);
    if ((verdict == HTTP_REJECT) != (head.problem != PROBLEM_NONE))
        abort();
    /* No beginning of a request is taken for a whole one; what is refused stays refused. */
    bool refused = false;
    const size_t whole = verdict == HTTP_COMPLETE ? head.skip + head.head_len : len;
    for (size_t n = 0; n < whole; n += 1 + whole / 64) {
        enum http_verdict v = http_head_check(bytes_of(data, n), &limits, &part);
        if (v == HTTP_COMPLETE)
            abort();
        refused = refused || v == HTTP_REJECT;
    }
    if (refused && verdict != HTTP_REJECT)
        abort();
    return 0;
}
