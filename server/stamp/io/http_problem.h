/* SPDX-License-Identifier: Apache-2.0 */
/* Every error that the HTTP side can answer: status, stable code and title, in one table.
 *
 * Answers are application/problem+json (RFC 9457) with the members type, title, status, code and detail. The code is
 * what programs look at: it never changes its meaning. docs/HTTP-API.md lists the same codes for people, and a test
 * compares the two. Pure data, any thread. */
#ifndef SERVER_STAMP_IO_HTTP_PROBLEM_H
#define SERVER_STAMP_IO_HTTP_PROBLEM_H

enum http_problem {
    PROBLEM_NONE = 0,
    /* What arrived is no request that we take. The connection is closed after the answer. */
    PROBLEM_BAD_REQUEST_LINE,
    PROBLEM_BAD_TARGET,
    PROBLEM_TARGET_TOO_LONG,
    PROBLEM_HTTP_VERSION,
    PROBLEM_UNKNOWN_METHOD,
    PROBLEM_BAD_HEADER,
    PROBLEM_HEADERS_TOO_LARGE,
    PROBLEM_BAD_HOST,
    PROBLEM_BAD_LENGTH,
    PROBLEM_LENGTH_AND_ENCODING,
    PROBLEM_LENGTH_REQUIRED,
    PROBLEM_BODY_TOO_LARGE,
    PROBLEM_UNEXPECTED_BODY,
    PROBLEM_EXPECTATION_FAILED,
    PROBLEM_REQUEST_TIMEOUT,
    /* What the request asks for is not there or not in this way. */
    PROBLEM_NOT_FOUND,
    PROBLEM_METHOD_NOT_ALLOWED,
    PROBLEM_MEDIA_TYPE,
    /* The body of POST /v1/stamps. */
    PROBLEM_BAD_JSON,
    PROBLEM_BAD_UTF8,
    PROBLEM_TRAILING_BYTES,
    PROBLEM_DUPLICATE_MEMBER,
    PROBLEM_UNKNOWN_MEMBER,
    PROBLEM_MISSING_MEMBER,
    PROBLEM_WRONG_TYPE,
    PROBLEM_UNKNOWN_KIND,
    PROBLEM_KIND_NOT_ACCEPTED,
    PROBLEM_BAD_SUBJECT,
    PROBLEM_UNKNOWN_ALGORITHM,
    PROBLEM_ALGORITHM_NOT_ALLOWED,
    PROBLEM_DIGEST_LENGTH,
    /* The server cannot, now or at all. */
    PROBLEM_CLOCK_NO_BOUND,
    PROBLEM_CLOCK_TOO_UNCERTAIN,
    PROBLEM_CLOCK_BEHIND_LOG,
    PROBLEM_OVERLOADED,
    PROBLEM_STOPPING,
    PROBLEM_STORE_FAILED,
    PROBLEM_INTERNAL,
    PROBLEM_COUNT
};

struct http_problem_text {
    int status;
    const char *code;
    const char *title;
    const char *detail; /* what to say when nothing more particular is known */
};

/* Static storage; PROBLEM_NONE and numbers outside the enumeration give PROBLEM_INTERNAL's. */
const struct http_problem_text *http_problem_text(enum http_problem problem);
/* The reason phrase of an HTTP status that we send; "" for others. Static storage. */
const char *http_reason(int status);

#endif
