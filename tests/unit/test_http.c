/* SPDX-License-Identifier: Apache-2.0 */
/* The HTTP side over real sockets: every address, every refusal, and requests that are out to harm. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "server/stamp/io/http_problem.h"
#include "tests/unit/fake_log.h"
#include "tests/unit/http_rig.h"

#define HEX64     "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define HEX32     "0123456789abcdef0123456789abcdef"
#define GET(path) "GET " path " HTTP/1.1\r\nHost: h\r\n\r\n"

static struct rig rig;

static void setup(void)
{
    fake_script = (struct fake_script){.tile_len = 8192};
    rig_prepare(&rig);
    rig_start(&rig);
}

static void teardown(void)
{
    ck_assert_int_eq(rig_stop(&rig), 0);
}

/* Sends a body as POST /v1/stamps with what belongs around it. */
static void post(const char *body, size_t len, const char *headers, struct rig_answer *ret_answer)
{
    char text[8192];
    int n = snprintf(text, sizeof text,
                     "POST /v1/stamps HTTP/1.1\r\nHost: h\r\nContent-Length: %zu\r\n%s\r\n", len, headers);
    ck_assert(n > 0 && (size_t)n + len < sizeof text);
    memcpy(text + n, body, len);
    rig_exchange(&rig, text, (size_t)n + len, ret_answer);
}

/* The table of requests as raw bytes: what comes back. Strings with NULs carry their length. */
static const struct {
    const char *bytes;
    size_t len;
    int status;
    const char *code;
} hostile[] = {
#define ROW(text, status, code)                                                                              \
    {                                                                                                        \
        text, sizeof text - 1, status, code                                                                  \
    }
    ROW("\r\n" GET("/healthz"), 200, ""),
    ROW("\r\n\r\n" GET("/healthz"), 400, "bad_request_line"),
    ROW("GET /healthz HTTP/1.0\r\n\r\n", 200, ""),
    ROW("GET /healthz?x=%41 HTTP/1.1\r\nHost: h\r\n\r\n", 200, ""),
    ROW("GET /healthz HTTP/1.1\r\n\r\n", 400, "bad_host"),
    ROW("GET /healthz HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400, "bad_host"),
    ROW("GET /healthz HTTP/1.1\nHost: h\n\n", 400, "bad_request_line"),
    ROW("GET /healthz HTTP/1.1\r\nHost: h\n\r\n", 400, "bad_header"),
    ROW("GET /healthz\r\n\r\n", 400, "bad_request_line"),
    ROW("GET  /healthz HTTP/1.1\r\nHost: h\r\n\r\n", 400, "bad_request_line"),
    ROW("GET /healthz HTTP/1.1 \r\nHost: h\r\n\r\n", 400, "bad_request_line"),
    ROW("GET /healthz http/1.1\r\nHost: h\r\n\r\n", 400, "bad_request_line"),
    ROW(" GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n", 400, "bad_request_line"),
    ROW("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400, "bad_request_line"),
    ROW("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, "http_version"),
    ROW("GET /healthz HTTP/1.2\r\nHost: h\r\n\r\n", 505, "http_version"),
    ROW("BREW /healthz HTTP/1.1\r\nHost: h\r\n\r\n", 501, "unknown_method"),
    ROW("CONNECT h:80 HTTP/1.1\r\nHost: h\r\n\r\n", 501, "unknown_method"),
    ROW("get /healthz HTTP/1.1\r\nHost: h\r\n\r\n", 501, "unknown_method"),
    ROW("G\0T /healthz HTTP/1.1\r\nHost: h\r\n\r\n", 400, "bad_request_line"),
    ROW("GET http://h/healthz HTTP/1.1\r\nHost: h\r\n\r\n", 400, "bad_target"),
    ROW("OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n", 400, "bad_target"),
    ROW("GET //healthz HTTP/1.1\r\nHost: h\r\n\r\n", 400, "bad_target"),
    ROW("GET /heal\0thz HTTP/1.1\r\nHost: h\r\n\r\n", 400, "bad_target"),
    ROW("GET /h\xc3\xa4 HTTP/1.1\r\nHost: h\r\n\r\n", 400, "bad_target"),
    ROW("GET /%zz HTTP/1.1\r\nHost: h\r\n\r\n", 400, "bad_target"),
    ROW("GET /% HTTP/1.1\r\nHost: h\r\n\r\n", 400, "bad_target"),
    ROW("GET /<script> HTTP/1.1\r\nHost: h\r\n\r\n", 400, "bad_target"),
    ROW("GET /a#b HTTP/1.1\r\nHost: h\r\n\r\n", 400, "bad_target"),
    ROW("GET /healthz HTTP/1.1\r\nHost: h\r\nX: a\0b\r\n\r\n", 400, "bad_header"),
    ROW("GET /healthz HTTP/1.1\r\nHost: h\r\nX: aaaaaaaaaaaa\x01\r\n\r\n", 400, "bad_header"),
    ROW("GET /healthz HTTP/1.1\r\nHost: h\r\nX: aaaaaaa\x7f"
        "aaaa\r\n\r\n",
        400, "bad_header"),
    ROW("GET /healthz HTTP/1.1\r\nHost: h\r\nX: a\rb\r\n\r\n", 400, "bad_header"),
    ROW("GET /healthz HTTP/1.1\r\nHost: h\r\nX: a\tb \xc3\xa4\r\n\r\n", 200, ""),
    ROW("GET /healthz HTTP/1.1\r\nHost: h\r\nX: a\r\n b\r\n\r\n", 400, "bad_header"),
    ROW("GET /healthz HTTP/1.1\r\nHost: h\r\nX : a\r\n\r\n", 400, "bad_header"),
    ROW("GET /healthz HTTP/1.1\r\nHost: h\r\n: a\r\n\r\n", 400, "bad_header"),
    ROW("GET /healthz HTTP/1.1\r\nHost: h\r\nno colon\r\n\r\n", 400, "bad_header"),
    ROW("GET /healthz HTTP/1.1\r\nHost: h\r\nX\0: a\r\n\r\n", 400, "bad_header"),
    ROW("GET /healthz HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n", 200, ""),
    ROW("GET /healthz HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nx", 400, "unexpected_body"),
    ROW("HEAD /healthz HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nx", 400, ""),
    ROW("HEAD /healthz HTTP/1.1\r\nHost: h\r\n\r\n", 200, ""),
    ROW("POST /v1/stamps HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\n{}", 400,
        "bad_length"),
    ROW("POST /v1/stamps HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\ncontent-length: 3\r\n\r\n{}", 400,
        "bad_length"),
    ROW("POST /v1/stamps HTTP/1.1\r\nHost: h\r\nContent-Length: 2, 2\r\n\r\n{}", 400, "bad_length"),
    ROW("POST /v1/stamps HTTP/1.1\r\nHost: h\r\nContent-Length: +2\r\n\r\n{}", 400, "bad_length"),
    ROW("POST /v1/stamps HTTP/1.1\r\nHost: h\r\nContent-Length: -2\r\n\r\n{}", 400, "bad_length"),
    ROW("POST /v1/stamps HTTP/1.1\r\nHost: h\r\nContent-Length: 0x2\r\n\r\n{}", 400, "bad_length"),
    ROW("POST /v1/stamps HTTP/1.1\r\nHost: h\r\nContent-Length:\r\n\r\n{}", 400, "bad_length"),
    ROW("POST /v1/stamps HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}",
        400, "length_and_encoding"),
    ROW("POST /v1/stamps HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", 411,
        "length_required"),
    ROW("POST /v1/stamps HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: xchunked\r\n\r\n", 411, "length_required"),
    ROW("POST /v1/stamps HTTP/1.1\r\nHost: h\r\nContent-Length: 4097\r\n\r\n", 413, "body_too_large"),
    ROW("POST /v1/stamps HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000000\r\n\r\n", 413, "body_too_large"),
    ROW("POST /v1/stamps HTTP/1.1\r\nHost: h\r\nContent-Length: 18446744073709551618\r\n\r\n", 413,
        "body_too_large"),
    ROW("POST /v1/stamps HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000000\r\nExpect: 100-continue\r\n\r\n",
        413, "body_too_large"),
    ROW("POST /v1/stamps HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nExpect: tea\r\n\r\n{}", 417,
        "expectation_failed"),
    ROW("POST /v1/stamps HTTP/1.1\r\nHost: h\r\n\r\n", 400, "bad_json"),
    ROW(GET("/"), 404, "not_found"),
    ROW(GET("/v1"), 404, "not_found"),
    ROW(GET("/v1/stamps/"), 404, "not_found"),
    ROW(GET("/v1/stamps/0"), 404, "not_found"),
    ROW(GET("/v1/stamps/-1"), 404, "not_found"),
    ROW(GET("/v1/stamps/01"), 404, "not_found"),
    ROW(GET("/v1/stamps/99999999999999999999"), 404, "not_found"),
    ROW(GET("/v1/stamps/0x0"), 404, "not_found"),
    ROW(GET("/healthz/"), 404, "not_found"),
    ROW(GET("/../etc/passwd"), 404, "not_found"),
    ROW(GET("/tile/../keys/log.key"), 404, "not_found"),
    ROW(GET("/tile/0/001"), 404, "not_found"),
    ROW("DELETE /v1/stamps/0 HTTP/1.1\r\nHost: h\r\n\r\n", 405, "method_not_allowed"),
    ROW("PUT /v1/stamps HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n{}", 405, "method_not_allowed"),
    ROW("POST /healthz HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n{}", 405, "method_not_allowed"),
    ROW("TRACE /healthz HTTP/1.1\r\nHost: h\r\n\r\n", 405, "method_not_allowed"),
    ROW("OPTIONS /healthz HTTP/1.1\r\nHost: h\r\n\r\n", 405, "method_not_allowed"),
    ROW(GET("/v1/stamps"), 405, "method_not_allowed"),
#undef ROW
};

START_TEST(test_hostile)
{
    struct rig_answer a;
    rig_exchange(&rig, hostile[_i].bytes, hostile[_i].len, &a);
    ck_assert_msg(a.status == hostile[_i].status && strcmp(a.code, hostile[_i].code) == 0,
                  "row %d: %d %s instead of %d %s", _i, a.status, a.code, hostile[_i].status,
                  hostile[_i].code);
    if (a.code[0] != '\0')
        ck_assert_ptr_nonnull(strstr(a.head, "Content-Type: application/problem+json"));
    if (a.status == 405)
        ck_assert_ptr_nonnull(strstr(a.head, "\r\nAllow: "));
    rig_exchange(&rig, GET("/healthz"), sizeof GET("/healthz") - 1, &a);
    ck_assert_int_eq(a.status, 200);
}
END_TEST

static const struct {
    const char *body;
    size_t len;
    int status;
    const char *code;
} bodies[] = {
#define ROW(text, status, code)                                                                              \
    {                                                                                                        \
        text, sizeof text - 1, status, code                                                                  \
    }
#define S(kind, subject) "{\"kind\":\"" kind "\",\"subject\":\"" subject "\"}"
    ROW(S("commitment", "sha256:" HEX64), 201, ""),
    ROW(S("batch", "sha256:" HEX64), 201, ""),
    ROW(S("digest", "sha256:" HEX64), 201, ""),
    ROW(S("digest", "sha384:" HEX64 HEX32), 201, ""),
    ROW(S("digest", "sha512:" HEX64 HEX64), 201, ""),
    ROW(S("digest", "sha3-256:" HEX64), 201, ""),
    ROW(S("digest", "sha3-384:" HEX64 HEX32), 201, ""),
    ROW(S("digest", "sha3-512:" HEX64 HEX64), 201, ""),
    ROW(" {\n\"subject\" : \"sha256:" HEX64 "\" , \"\\u006bind\":\"batch\" }\r\n", 201, ""),
    ROW(S("commitment", "sha512:" HEX64 HEX64), 400, "algorithm_not_allowed"),
    ROW(S("batch", "sha3-256:" HEX64), 400, "algorithm_not_allowed"),
    ROW(S("token", "sha256:" HEX64), 400, "kind_not_accepted"),
    ROW(S("photo", "sha256:" HEX64), 400, "unknown_kind"),
    ROW(S("", "sha256:" HEX64), 400, "unknown_kind"),
    ROW(S("Commitment", "sha256:" HEX64), 400, "unknown_kind"),
    ROW(S("commitment\\u0000", "sha256:" HEX64), 400, "unknown_kind"),
    ROW(S("commitment", "md5:" HEX32), 400, "unknown_algorithm"),
    ROW(S("commitment", "SHA256:" HEX64), 400, "unknown_algorithm"),
    ROW(S("commitment", HEX64), 400, "bad_subject"),
    ROW(S("commitment", "sha256:" HEX32), 400, "digest_length"),
    ROW(S("commitment", "sha256:" HEX64 "0"), 400, "digest_length"),
    ROW(S("commitment", "sha256:"), 400, "digest_length"),
    ROW(S("digest", "sha512:" HEX64), 400, "digest_length"),
    ROW(S("digest", "sha384:" HEX64), 400, "digest_length"),
    ROW(S("commitment", "sha256:" HEX32 "0123456789ABCDEF0123456789abcdef"), 400, "bad_subject"),
    ROW(S("commitment", "sha256:" HEX32 "0123456789abcdeg0123456789abcdef"), 400, "bad_subject"),
    ROW(S("commitment", "sha256:" HEX64) "x", 400, "trailing_bytes"),
    ROW(S("commitment", "sha256:" HEX64) "{}", 400, "trailing_bytes"),
    ROW(S("commitment", "sha256:" HEX64) "\0", 400, "trailing_bytes"),
    ROW("{\"kind\":\"batch\",\"kind\":\"batch\",\"subject\":\"sha256:" HEX64 "\"}", 400, "duplicate_member"),
    ROW("{\"kind\":\"batch\",\"subject\":\"sha256:" HEX64 "\",\"subject\":\"x\"}", 400, "duplicate_member"),
    ROW("{\"kind\":\"batch\",\"subject\":\"sha256:" HEX64 "\",\"name\":\"x\"}", 400, "unknown_member"),
    ROW("{\"kind\":\"batch\",\"Subject\":\"sha256:" HEX64 "\"}", 400, "unknown_member"),
    ROW("{\"kind\":\"batch\"}", 400, "missing_member"),
    ROW("{}", 400, "missing_member"),
    ROW("{\"kind\":1,\"subject\":\"sha256:" HEX64 "\"}", 400, "wrong_type"),
    ROW("{\"kind\":\"batch\",\"subject\":[\"sha256:" HEX64 "\"]}", 400, "wrong_type"),
    ROW("{\"kind\":null,\"subject\":null}", 400, "wrong_type"),
    ROW("[]", 400, "bad_json"),
    ROW("\"x\"", 400, "bad_json"),
    ROW("null", 400, "bad_json"),
    ROW("", 400, "bad_json"),
    ROW("{", 400, "bad_json"),
    ROW("{\"kind\":\"batch\",}", 400, "bad_json"),
    ROW("{'kind':'batch'}", 400, "bad_json"),
    ROW("\xef\xbb\xbf{}", 400, "bad_json"),
    ROW("{\"kind\":\"\xff\xfe\"}", 400, "bad_utf8"),
    ROW("{\"kind\":\"\xc0\x80\"}", 400, "bad_utf8"),
    ROW("{\"kind\":\"\xed\xa0\x80\"}", 400, "bad_utf8"),
#undef ROW
};

START_TEST(test_bodies)
{
    struct rig_answer a;
    post(bodies[_i].body, bodies[_i].len, "", &a);
    ck_assert_msg(a.status == bodies[_i].status && strcmp(a.code, bodies[_i].code) == 0,
                  "row %d: %d %s instead of %d %s", _i, a.status, a.code, bodies[_i].status, bodies[_i].code);
}
END_TEST

START_TEST(test_media_types)
{
    static const struct {
        const char *headers;
        int status;
    } rows[] = {{"", 201},
                {"Content-Type: application/json\r\n", 201},
                {"Content-Type: Application/JSON; charset=utf-8\r\n", 201},
                {"Content-Type: text/plain\r\n", 415},
                {"Content-Type: application/jsonp\r\n", 415},
                {"Content-Type: application/x-www-form-urlencoded\r\n", 415},
                {"Content-Encoding: gzip\r\n", 415},
                {"Content-Encoding: identity\r\n", 201},
                {"Accept: image/png\r\n", 201}};
    static const char body[] = S("commitment", "sha256:" HEX64);
    struct rig_answer a;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        post(body, sizeof body - 1, rows[i].headers, &a);
        ck_assert_msg(a.status == rows[i].status, "%s: %d", rows[i].headers, a.status);
    }
}
END_TEST

START_TEST(test_answers)
{
    struct rig_answer a;
    int fd = rig_connect(&rig);
    rig_send_text(fd, rig_good_post);
    rig_read(fd, true, &a);
    ck_assert_int_eq(a.status, 201);
    ck_assert_uint_eq(a.body_len, 700);
    ck_assert_ptr_nonnull(strstr(a.head, "\r\nLocation: /v1/stamps/0\r\n"));
    ck_assert_ptr_nonnull(strstr(a.head, "\r\nContent-Type: text/plain; charset=utf-8\r\n"));
    ck_assert_ptr_nonnull(strstr(a.head, "\r\nDate: "));
    static const struct {
        const char *request, *type, *cache, *has;
        size_t len;
    } rows[] = {
        {GET("/v1/stamps/0"), "text/plain; charset=utf-8", "public, max-age=3600", "rrr", 700},
        {GET("/checkpoint"), "text/plain; charset=utf-8", "public, max-age=1", "a checkpoint\n", 13},
        {GET("/policy"), "text/plain; charset=utf-8", "public, max-age=60", "quorum none\n", 0},
        {GET("/healthz"), "text/plain; charset=utf-8", "no-store", "ok\n", 3},
        {GET("/tile/0/000"), "application/octet-stream", "public, max-age=31536000, immutable", "r", 8192},
        {GET("/v1/time"), "application/json", "no-store", "\"earliest\": \"1799999999999999000\"", 0},
        {GET("/v1/time"), "application/json", "no-store", "2027-01-15T08:00:00.000001000 TAI", 0},
        {GET("/v1/time"), "application/json", "no-store", "\"latest_utc\": \"2027-01-15T07:59:23.0000", 0},
        {GET("/v1/leap-seconds"), "text/plain; charset=utf-8", "max-age=3600", "#@", 0},
        {GET("/v1/status"), "application/json", "no-store", "\"healthy\": true", 0},
        {GET("/metrics"), "text/plain; version=0.0.4; charset=utf-8", "no-store", "taistamp_log_size 1\n",
         0}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char want[128];
        rig_send_text(fd, rows[i].request);
        rig_read(fd, true, &a);
        ck_assert_int_eq(a.status, 200);
        snprintf(want, sizeof want, "\r\nContent-Type: %s\r\n", rows[i].type);
        ck_assert_msg(strstr(a.head, want) != NULL, "%s in %s", want, a.head);
        snprintf(want, sizeof want, "\r\nCache-Control: %s\r\n", rows[i].cache);
        ck_assert_msg(strstr(a.head, want) != NULL, "%s in %s", want, a.head);
        ck_assert_msg(strstr(a.body, rows[i].has) != NULL, "%s in %s", rows[i].has, a.body);
        if (rows[i].len > 0)
            ck_assert_uint_eq(a.body_len, rows[i].len);
    }
    /* HEAD: the same headers, no body, and the connection goes on. */
    rig_send_text(fd, "HEAD /v1/stamps/0 HTTP/1.1\r\nHost: h\r\n\r\n");
    rig_read(fd, false, &a);
    ck_assert_int_eq(a.status, 200);
    ck_assert_uint_eq(a.body_len, 700);
    rig_send_text(fd, rig_good_post);
    rig_read(fd, true, &a);
    ck_assert_int_eq(a.status, 201);
    close(fd);
}
END_TEST

/* However the network cuts a request, it is the same request. */
START_TEST(test_cut_anywhere)
{
    const size_t len = strlen(rig_good_post);
    struct rig_answer a;
    int fd = rig_connect(&rig);
    for (size_t cut = 1; cut < len; cut++) {
        rig_send(fd, rig_good_post, cut);
        usleep(300);
        rig_send(fd, rig_good_post + cut, len - cut);
        rig_read(fd, true, &a);
        ck_assert_msg(a.status == 201, "cut at %zu: %d", cut, a.status);
    }
    for (size_t i = 0; i < len; i++) {
        rig_send(fd, rig_good_post + i, 1);
        usleep(100);
    }
    rig_read(fd, true, &a);
    ck_assert_int_eq(a.status, 201);
    close(fd);
}
END_TEST

START_TEST(test_pipelined)
{
    enum { N = 200 };
    static char all[N * 400];
    size_t len = 0;
    struct rig_answer a;
    for (size_t i = 0; i < N; i++)
        len += (size_t)snprintf(all + len, sizeof all - len, "%s",
                                i % 3 == 0 ? GET("/checkpoint") : rig_good_post);
    int fd = rig_connect(&rig);
    rig_send(fd, all, len);
    for (size_t i = 0; i < N; i++) {
        rig_read(fd, true, &a);
        ck_assert_msg(a.status == (i % 3 == 0 ? 200 : 201), "answer %zu: %d", i, a.status);
    }
    /* A bad one behind good ones takes nothing away from them. */
    len = (size_t)snprintf(all, sizeof all, "%s%s%s%s", rig_good_post, GET("/healthz"),
                           "GET /\x01 HTTP/1.1\r\n\r\n", rig_good_post);
    rig_send(fd, all, len);
    rig_read(fd, true, &a);
    ck_assert_int_eq(a.status, 201);
    rig_read(fd, true, &a);
    ck_assert_int_eq(a.status, 200);
    rig_read(fd, true, &a);
    ck_assert_int_eq(a.status, 400);
    ck_assert(a.closed);
    ck_assert(rig_ends(fd, 5000));
    close(fd);
}
END_TEST

START_TEST(test_half_closed)
{
    struct rig_answer a;
    for (size_t i = 0; i < 50; i++) {
        int fd = rig_connect(&rig);
        rig_send_text(fd, rig_good_post);
        ck_assert_int_eq(shutdown(fd, SHUT_WR), 0);
        rig_read(fd, true, &a);
        ck_assert_int_eq(a.status, 201);
        ck_assert(rig_ends(fd, 5000));
        close(fd);
    }
    /* Half a request and no more is no request. */
    int fd = rig_connect(&rig);
    rig_send(fd, rig_good_post, 100);
    ck_assert_int_eq(shutdown(fd, SHUT_WR), 0);
    ck_assert(rig_ends(fd, 5000));
    close(fd);
}
END_TEST

START_TEST(test_expect_continue)
{
    struct rig_answer a;
    char head[256];
    const char *body = strstr(rig_good_post, "{\"kind\"");
    snprintf(head, sizeof head,
             "POST /v1/stamps HTTP/1.1\r\nHost: h\r\nExpect: 100-Continue\r\nContent-Length: %zu\r\n\r\n",
             strlen(body));
    int fd = rig_connect(&rig);
    for (size_t i = 0; i < 3; i++) {
        rig_send_text(fd, head);
        rig_read(fd, false, &a);
        ck_assert_int_eq(a.status, 100);
        rig_send_text(fd, body);
        rig_read(fd, true, &a);
        ck_assert_int_eq(a.status, 201);
    }
    close(fd);
}
END_TEST

START_TEST(test_close_on_request)
{
    static const char close_request[] = "GET /healthz HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
    struct rig_answer a;
    int fd = rig_connect(&rig);
    rig_send_text(fd, close_request);
    rig_read(fd, true, &a);
    ck_assert(a.status == 200 && a.closed);
    ck_assert(rig_ends(fd, 5000));
    close(fd);
    fd = rig_connect(&rig);
    rig_send_text(fd, "GET /healthz HTTP/1.0\r\n\r\n");
    rig_read(fd, true, &a);
    ck_assert_int_eq(a.status, 200);
    ck_assert(rig_ends(fd, 5000));
    close(fd);
}
END_TEST

/* docs/HTTP-API.md names every code, and the table has no gaps. */
START_TEST(test_codes_documented)
{
    static char text[256 * 1024];
    FILE *f = fopen(TEST_SRCDIR "/docs/HTTP-API.md", "r");
    ck_assert_ptr_nonnull(f);
    ck_assert_uint_gt(fread(text, 1, sizeof text - 1, f), 0);
    fclose(f);
    for (int p = PROBLEM_NONE + 1; p < PROBLEM_COUNT; p++) {
        char want[80];
        const struct http_problem_text *t = http_problem_text((enum http_problem)p);
        ck_assert_ptr_nonnull(t->code);
        ck_assert_str_ne(http_reason(t->status), "");
        snprintf(want, sizeof want, "| `%s` | %d |", t->code, t->status);
        ck_assert_msg(strstr(text, want) != NULL, "docs/HTTP-API.md has no row %s", want);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("http");
    TCase *t = tcase_create("requests");
    tcase_set_timeout(t, 60);
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, test_answers);
    tcase_add_test(t, test_media_types);
    tcase_add_test(t, test_cut_anywhere);
    tcase_add_test(t, test_pipelined);
    tcase_add_test(t, test_half_closed);
    tcase_add_test(t, test_expect_continue);
    tcase_add_test(t, test_close_on_request);
    suite_add_tcase(s, t);
    TCase *tables = tcase_create("tables");
    tcase_set_timeout(tables, 60);
    tcase_add_unchecked_fixture(tables, setup, teardown);
    tcase_add_loop_test(tables, test_hostile, 0, (int)(sizeof hostile / sizeof hostile[0]));
    tcase_add_loop_test(tables, test_bodies, 0, (int)(sizeof bodies / sizeof bodies[0]));
    suite_add_tcase(s, tables);
    TCase *docs = tcase_create("documents");
    tcase_add_test(docs, test_codes_documented);
    suite_add_tcase(s, docs);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
