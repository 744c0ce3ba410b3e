/* SPDX-License-Identifier: Apache-2.0 */
#include "server/stamp/io/http_head.h"

#include <string.h>

/* What a header section has said so far about framing. */
struct framing {
    bool has_length, has_encoding, takes_body;
    unsigned hosts;
    uint64_t length;
};

static bool is_alnum(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* RFC 9110 section 5.6.2. */
static bool is_token(uint8_t c)
{
    return is_alnum(c) || c == '-' || (c > 0x20 && c < 0x7F && strchr("!#$%&'*+.^_`|~", c) != NULL);
}

/* RFC 3986: what may stand in a path and query, but for percent itself. */
static bool is_target(uint8_t c)
{
    return is_alnum(c) || c == '/' || c == '-' || c == '.' ||
           (c > 0x20 && c < 0x7F && strchr("_~!$&'()*+,;=:@?", c) != NULL);
}

static bool is_hex(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F') || (c >= 'a' && c <= 'f');
}

static bool is_control(uint8_t c)
{
    return (c < 0x20 && c != '\t') || c == 0x7F;
}

/* Eight bytes at a time: a byte below 0x20 or equal to 0x7F sets its top bit; a hit (a tab, mostly) is looked at. */
static bool has_control(struct bytes b)
{
    const uint64_t ones = UINT64_MAX / 255, tops = ones << 7;
    size_t i = 0;
    for (; i + 8 <= b.len; i += 8) {
        uint64_t v;
        memcpy(&v, b.data + i, sizeof v);
        uint64_t low = (v - ones * 0x20) & ~v, del = v ^ ones * 0x7F;
        if (((low | ((del - ones) & ~del)) & tops) == 0)
            continue;
        for (size_t k = i; k < i + 8; k++)
            if (is_control(b.data[k]))
                return true;
    }
    for (; i < b.len; i++)
        if (is_control(b.data[i]))
            return true;
    return false;
}

static bool equals_nocase(struct bytes b, const char *lower)
{
    for (size_t i = 0; i < b.len; i++) {
        uint8_t c = b.data[i];
        if ((c >= 'A' && c <= 'Z' ? c + 32 : c) != (uint8_t)lower[i])
            return false;
    }
    return lower[b.len] == '\0';
}

/* Takes a line without its CR LF off the front. False: no whole line yet, or *ret_bad (an LF without CR). */
static bool take_line(struct bytes *rest, struct bytes *ret_line, bool *ret_bad)
{
    const uint8_t *lf = rest->len > 0 ? memchr(rest->data, '\n', rest->len) : NULL;
    if (lf == NULL)
        return false;
    size_t n = (size_t)(lf - rest->data);
    if (n == 0 || lf[-1] != '\r') {
        *ret_bad = true;
        return false;
    }
    *ret_line = bytes_of(rest->data, n - 1);
    *rest = bytes_of(lf + 1, rest->len - n - 1);
    return true;
}

static enum http_problem check_method(struct bytes method, struct framing *f, struct http_head *h)
{
    static const char *const with_body[] = {"POST", "PUT", "PATCH", "DELETE", "OPTIONS"};
    if (bytes_equal_str(method, "GET") || bytes_equal_str(method, "TRACE"))
        return PROBLEM_NONE;
    h->is_head = bytes_equal_str(method, "HEAD");
    if (h->is_head)
        return PROBLEM_NONE;
    for (size_t i = 0; i < sizeof with_body / sizeof with_body[0]; i++)
        if (bytes_equal_str(method, with_body[i]))
            f->takes_body = true;
    if (f->takes_body)
        return PROBLEM_NONE;
    for (size_t i = 0; i < method.len; i++)
        if (!is_token(method.data[i]))
            return PROBLEM_BAD_REQUEST_LINE;
    return method.len == 0 ? PROBLEM_BAD_REQUEST_LINE : PROBLEM_UNKNOWN_METHOD;
}

static enum http_problem check_target(struct bytes t)
{
    if (t.len > HTTP_TARGET_MAX)
        return PROBLEM_TARGET_TOO_LONG;
    if (t.len == 0 || t.data[0] != '/' || (t.len > 1 && t.data[1] == '/'))
        return PROBLEM_BAD_TARGET;
    for (size_t i = 0; i < t.len; i++) {
        if (t.data[i] == '%') {
            if (t.len - i < 3 || !is_hex(t.data[i + 1]) || !is_hex(t.data[i + 2]))
                return PROBLEM_BAD_TARGET;
            i += 2;
        } else if (!is_target(t.data[i])) {
            return PROBLEM_BAD_TARGET;
        }
    }
    return PROBLEM_NONE;
}

static enum http_problem check_request_line(struct bytes line, struct framing *f, struct http_head *h)
{
    struct bytes method, target, version;
    if (!bytes_split(line, ' ', &method, &line) || !bytes_split(line, ' ', &target, &version))
        return PROBLEM_BAD_REQUEST_LINE;
    struct bytes digits = version;
    if (!bytes_strip_prefix(&digits, "HTTP/"))
        return PROBLEM_BAD_REQUEST_LINE;
    h->http11 = bytes_equal_str(digits, "1.1");
    if (!h->http11 && !bytes_equal_str(digits, "1.0"))
        return digits.len == 3 && digits.data[1] == '.' ? PROBLEM_HTTP_VERSION : PROBLEM_BAD_REQUEST_LINE;
    enum http_problem p = check_method(method, f, h);
    return p != PROBLEM_NONE ? p : check_target(target);
}

/* Digits only, so that every reader of the same bytes sees the same number. A number too large for the type stays
 * "very large", which is refused as too large. */
static enum http_problem read_length(struct bytes value, struct framing *f)
{
    if (f->has_length || value.len == 0)
        return PROBLEM_BAD_LENGTH;
    f->has_length = true;
    for (size_t i = 0; i < value.len; i++) {
        if (value.data[i] < '0' || value.data[i] > '9')
            return PROBLEM_BAD_LENGTH;
        uint64_t d = (uint64_t)(value.data[i] - '0');
        f->length = f->length > (UINT64_MAX - 9) / 10 ? UINT64_MAX - 9 : f->length * 10 + d;
    }
    return PROBLEM_NONE;
}

static enum http_problem check_header(struct bytes line, struct framing *f, struct http_head *h)
{
    struct bytes name, value;
    if (!bytes_split(line, ':', &name, &value) || name.len == 0)
        return PROBLEM_BAD_HEADER;
    for (size_t i = 0; i < name.len; i++)
        if (!is_token(name.data[i]))
            return PROBLEM_BAD_HEADER;
    if (has_control(value))
        return PROBLEM_BAD_HEADER;
    while (value.len > 0 && (value.data[0] == ' ' || value.data[0] == '\t'))
        value = bytes_of(value.data + 1, value.len - 1);
    while (value.len > 0 && (value.data[value.len - 1] == ' ' || value.data[value.len - 1] == '\t'))
        value.len--;
    switch (name.len) {
    case 4:
        f->hosts += equals_nocase(name, "host");
        return PROBLEM_NONE;
    case 6:
        if (!equals_nocase(name, "expect"))
            return PROBLEM_NONE;
        h->wants_continue = equals_nocase(value, "100-continue");
        return h->wants_continue ? PROBLEM_NONE : PROBLEM_EXPECTATION_FAILED;
    case 14:
        return equals_nocase(name, "content-length") ? read_length(value, f) : PROBLEM_NONE;
    case 17:
        f->has_encoding |= equals_nocase(name, "transfer-encoding");
        return PROBLEM_NONE;
    default:
        return PROBLEM_NONE;
    }
}

static enum http_problem check_framing(const struct framing *f, const struct http_head *h,
                                       const struct http_limits *limits)
{
    if (f->hosts > 1 || (h->http11 && f->hosts == 0))
        return PROBLEM_BAD_HOST;
    if (f->has_encoding)
        return f->has_length ? PROBLEM_LENGTH_AND_ENCODING : PROBLEM_LENGTH_REQUIRED;
    if (f->length > limits->body_max)
        return PROBLEM_BODY_TOO_LARGE;
    if (f->length > 0 && !f->takes_body)
        return PROBLEM_UNEXPECTED_BODY;
    return PROBLEM_NONE;
}

static enum http_verdict reject(struct http_head *h, enum http_problem problem)
{
    h->problem = problem;
    return HTTP_REJECT;
}

/* A line that is not whole: still possible, or already too long? */
static enum http_verdict unfinished(struct bytes input, bool bad, enum http_problem problem,
                                    const struct http_limits *limits, struct http_head *h)
{
    if (bad)
        return reject(h, problem);
    return input.len - h->skip > limits->header_max ? reject(h, PROBLEM_HEADERS_TOO_LARGE) : HTTP_INCOMPLETE;
}

enum http_verdict http_head_check(struct bytes input, const struct http_limits *limits, struct http_head *h)
{
    *h = (struct http_head){.problem = PROBLEM_NONE};
    /* RFC 9112 section 2.2 asks to overlook an empty line before a request. */
    if (input.len >= 2 && input.data[0] == '\r' && input.data[1] == '\n')
        h->skip = 2;
    struct bytes rest = bytes_of(input.data + h->skip, input.len - h->skip), line;
    struct framing f = {0};
    bool bad = false;
    if (!take_line(&rest, &line, &bad))
        return unfinished(input, bad, PROBLEM_BAD_REQUEST_LINE, limits, h);
    enum http_problem problem = check_request_line(line, &f, h);
    if (problem != PROBLEM_NONE)
        return reject(h, problem);
    for (unsigned lines = 0;; lines++) {
        if (!take_line(&rest, &line, &bad))
            return unfinished(input, bad, PROBLEM_BAD_HEADER, limits, h);
        if (line.len == 0)
            break;
        if (lines == HTTP_LINES_MAX)
            return reject(h, PROBLEM_HEADERS_TOO_LARGE);
        problem = check_header(line, &f, h);
        if (problem != PROBLEM_NONE)
            return reject(h, problem);
    }
    h->head_len = input.len - h->skip - rest.len;
    if (h->head_len > limits->header_max)
        return reject(h, PROBLEM_HEADERS_TOO_LARGE);
    problem = check_framing(&f, h, limits);
    if (problem != PROBLEM_NONE)
        return reject(h, problem);
    h->body_len = (size_t)f.length;
    return HTTP_COMPLETE;
}
