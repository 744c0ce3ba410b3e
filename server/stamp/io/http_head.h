/* SPDX-License-Identifier: Apache-2.0 */
/* Strict reading of an HTTP/1.x request head: is what has arrived a whole request, part of one, or none that we take?
 *
 * evhttp is lenient where leniency is dangerous (repeated Content-Length, Transfer-Encoding beside it, bare LF, folded
 * lines, control bytes), so no byte reaches it before this has seen the whole head and said where the body ends. Then
 * there is one opinion about where a request ends. The rules are RFC 9112 in its strict reading: lines end in CR LF, no
 * space before a colon, no folding, exactly one Host in HTTP/1.1, at most one Content-Length, no transfer codings.
 *
 * What it does not decide: whether the target exists, and what a body means.
 *
 * Pure: no libevent, no allocation, any thread; the fuzz target tests/fuzz/fuzz_http_head.c runs it. */
#ifndef SERVER_STAMP_IO_HTTP_HEAD_H
#define SERVER_STAMP_IO_HTTP_HEAD_H

#include "sdk/base/bytes.h"
#include "server/stamp/io/http_problem.h"

enum {
    HTTP_TARGET_MAX = 1024, /* bytes of a request target; ours are below 100 */
    HTTP_LINES_MAX = 64 /* header lines; browsers send about 15, and each costs evhttp three allocations */
};

struct http_limits {
    size_t header_max; /* bytes of request line and headers */
    size_t body_max;
};

enum http_verdict {
    HTTP_INCOMPLETE, /* so far nothing is wrong; wait for more */
    HTTP_COMPLETE,   /* the head is whole: `skip`, `head_len`, `body_len` are filled */
    HTTP_REJECT      /* answer `problem` and close */
};

struct http_head {
    enum http_problem problem;
    size_t skip;     /* bytes of empty lines before the request line, to be thrown away */
    size_t head_len; /* request line, headers and the empty line, after `skip` */
    size_t body_len; /* what follows */
    bool is_head;    /* the method is HEAD: the answer has no body, an error neither */
    bool http11;
    bool wants_continue; /* Expect: 100-continue */
};

/* `input` starts where a request starts. *ret_head is filled as far as is known, whatever the verdict. */
enum http_verdict http_head_check(struct bytes input, const struct http_limits *limits,
                                  struct http_head *ret_head);

#endif
