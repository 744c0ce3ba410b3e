/* SPDX-License-Identifier: Apache-2.0 */
/* The blocking HTTP client over libcurl: the only file of the SDK that includes it.
 *
 * What it refuses: redirects (a server is pinned by its keys, yet an answer from elsewhere is nothing we asked for),
 * anything but http and https, answers longer than their limit, certificates that do not verify, and a proxy for
 * loopback addresses whatever the environment says. */
#include "taistamp/net.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    CONNECT_MS = 5000,
    TOTAL_MS = 30000,
    ANSWER_MAX = TAISTAMP_RECEIPT_MAX,
    PROBLEM_CODE = 64,
    PROBLEM_DETAIL = 300
};

/* Of the options as they were first published; fields that come later exist where `size` says so. */
#define OPTIONS_SIZE (offsetof(struct taistamp_net_options, ca_file) + sizeof(const char *))

struct taistamp_net {
    CURL *curl;
    char *url; /* without a slash at its end */
    char curl_says[CURL_ERROR_SIZE];
};

/* What comes back of one request. */
struct answer {
    char *data; /* NUL-terminated once something came */
    size_t len, limit;
    bool too_long, no_memory;
};

static pthread_once_t curl_once = PTHREAD_ONCE_INIT;
static CURLcode curl_ready;

static void curl_start(void)
{
    curl_ready = curl_global_init(CURL_GLOBAL_DEFAULT);
}

static enum tai_err fail(struct tai_error *error, enum tai_err code, const char *format, ...)
    TAISTAMP_PRINTF(3, 4);

static enum tai_err fail(struct tai_error *error, enum tai_err code, const char *format, ...)
{
    va_list args;

    if (error == NULL)
        return code;
    error->code = code;
    va_start(args, format);
    vsnprintf(error->text, sizeof error->text, format, args);
    va_end(args);
    /* libcurl's words hold what came from the other side (a certificate's names) or from the caller. */
    for (char *p = error->text; *p != '\0'; p++)
        if ((unsigned char)*p < 0x20 || (unsigned char)*p >= 0x7f)
            *p = '?';
    return code;
}

static size_t on_data(char *data, size_t size, size_t count, void *user)
{
    struct answer *answer = user;
    size_t len = size * count;
    char *grown;

    if (len > answer->limit - answer->len) {
        answer->too_long = true;
        return 0;
    }
    grown = realloc(answer->data, answer->len + len + 1);
    if (grown == NULL) {
        answer->no_memory = true;
        return 0;
    }
    memcpy(grown + answer->len, data, len);
    answer->data = grown;
    answer->len += len;
    grown[answer->len] = '\0';
    return len;
}

static bool set_options(struct taistamp_net *net, const struct taistamp_net_options *o)
{
    CURL *c = net->curl;
    const struct taistamp_net_options none = {0};
    CURLcode bad = CURLE_OK;

    if (o == NULL)
        o = &none;
#define SET(option, value) bad = bad != CURLE_OK ? bad : curl_easy_setopt(c, option, value)
    SET(CURLOPT_ERRORBUFFER, net->curl_says);
#if LIBCURL_VERSION_NUM >= 0x075500
    SET(CURLOPT_PROTOCOLS_STR, "http,https");
#else
    SET(CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
    SET(CURLOPT_FOLLOWLOCATION, 0L);
    SET(CURLOPT_SSL_VERIFYPEER, 1L);
    SET(CURLOPT_SSL_VERIFYHOST, 2L);
    SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    SET(CURLOPT_USERAGENT, "taistamp/" TAISTAMP_VERSION);
    SET(CURLOPT_CONNECTTIMEOUT_MS, (long)(o->connect_ms > 0 ? o->connect_ms : CONNECT_MS));
    SET(CURLOPT_TIMEOUT_MS, (long)(o->total_ms > 0 ? o->total_ms : TOTAL_MS));
    SET(CURLOPT_NOPROXY, "localhost,127.0.0.1,[::1],::1");
    SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    SET(CURLOPT_WRITEFUNCTION, on_data);
    if (o->ca_file != NULL)
        SET(CURLOPT_CAINFO, o->ca_file);
#undef SET
    return bad == CURLE_OK;
}

/* Loopback is reached directly: a proxy there would be another machine's loopback. */
static bool is_loopback(const char *url)
{
    const char *host = strstr(url, "://");

    host = host != NULL ? host + 3 : url;
    return strncmp(host, "127.", 4) == 0 || strncmp(host, "[::1]", 5) == 0 ||
           strncmp(host, "localhost", 9) == 0;
}

enum tai_err taistamp_net_new(const char *url, const struct taistamp_net_options *options,
                              taistamp_net **ret_net, struct tai_error *error)
{
    struct taistamp_net *net;
    size_t len;

    /* Options that are not understood are refused: to pass over a ca_file would be to trust others than asked for. */
    if (options != NULL && options->size < OPTIONS_SIZE)
        return fail(error, TAI_ERR_ARGUMENT, "the options do not state their size");
    if (url == NULL || (strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0))
        return fail(error, TAI_ERR_ARGUMENT,
                    "a server is named by a URL that starts with http:// or https://");
    pthread_once(&curl_once, curl_start);
    if (curl_ready != CURLE_OK)
        return fail(error, TAI_ERR_UNSUPPORTED, "libcurl does not start: %s", curl_easy_strerror(curl_ready));
    net = calloc(1, sizeof *net);
    if (net == NULL)
        return fail(error, TAI_ERR_MEMORY, "out of memory");
    len = strlen(url);
    while (len > 0 && url[len - 1] == '/')
        len--;
    net->url = strndup(url, len);
    net->curl = curl_easy_init();
    if (net->url == NULL || net->curl == NULL || !set_options(net, options) ||
        (is_loopback(url) && curl_easy_setopt(net->curl, CURLOPT_PROXY, "") != CURLE_OK)) {
        taistamp_net_free(net);
        return fail(error, TAI_ERR_MEMORY, "the HTTP client cannot be set up");
    }
    *ret_net = net;
    return TAI_OK;
}

void taistamp_net_free(taistamp_net *net)
{
    if (net == NULL)
        return;
    curl_easy_cleanup(net->curl);
    free(net->url);
    free(net);
}

/* What curl's verdict means to our caller. */
static enum tai_err transport_failed(const struct taistamp_net *net, CURLcode code,
                                     const struct answer *answer, struct tai_error *error)
{
    const char *says = net->curl_says[0] != '\0' ? net->curl_says : curl_easy_strerror(code);

    if (answer->too_long)
        return fail(error, TAI_ERR_SPACE, "the answer of %.150s is longer than %zu bytes", net->url,
                    answer->limit);
    if (answer->no_memory || code == CURLE_OUT_OF_MEMORY)
        return fail(error, TAI_ERR_MEMORY, "out of memory");
    if (code == CURLE_OPERATION_TIMEDOUT)
        return fail(error, TAI_ERR_TIMEOUT, "%.150s took too long: %.150s", net->url, says);
    if (code == CURLE_SSL_CACERT_BADFILE)
        return fail(
            error, TAI_ERR_ARGUMENT,
            "the file of certificates to accept cannot be used (without one of its own, https needs the "
            "system's: the package ca-certificates): %.150s",
            says);
    if (code == CURLE_PEER_FAILED_VERIFICATION)
        return fail(error, TAI_ERR_UNTRUSTED, "the TLS certificate of %.150s is not trusted: %.150s",
                    net->url, says);
    if (code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL)
        return fail(error, TAI_ERR_ARGUMENT, "%.150s is no URL of a server: %.150s", net->url, says);
    return fail(error, TAI_ERR_UNAVAILABLE, "%.150s does not answer: %.150s", net->url, says);
}

/* One request. *ret_status is the HTTP status of a complete answer. */
static enum tai_err perform(struct taistamp_net *net, const char *path, struct answer *answer,
                            long *ret_status, struct tai_error *error)
{
    size_t room = strlen(net->url) + strlen(path) + 1;
    char *full = malloc(room);
    CURLcode code;

    if (full == NULL)
        return fail(error, TAI_ERR_MEMORY, "out of memory");
    snprintf(full, room, "%s%s", net->url, path);
    net->curl_says[0] = '\0';
    code = curl_easy_setopt(net->curl, CURLOPT_URL, full);
    if (code == CURLE_OK)
        code = curl_easy_setopt(net->curl, CURLOPT_WRITEDATA, answer);
    if (code == CURLE_OK)
        code = curl_easy_perform(net->curl);
    free(full);
    if (code != CURLE_OK)
        return transport_failed(net, code, answer, error);
    curl_easy_getinfo(net->curl, CURLINFO_RESPONSE_CODE, ret_status);
    return TAI_OK;
}

/* The string member `key` of a flat JSON object, for showing only: escapes stay as they are, and whatever could disturb
 * a terminal is replaced. "" when it is not there. */
static void show_member(const char *json, const char *key, char *ret_text, size_t size)
{
    const char *p = json != NULL ? strstr(json, key) : NULL;
    size_t n = 0;

    p = p != NULL ? p + strlen(key) : "";
    p += strspn(p, " \t\r\n");
    if (*p == ':')
        p += 1 + strspn(p + 1, " \t\r\n");
    for (p = *p == '"' ? p + 1 : ""; *p != '\0' && *p != '"' && n + 1 < size; p++) {
        unsigned char c = (unsigned char)*p;

        if (c == '\\' && p[1] != '\0') /* keeps an escaped quote from ending the text */
            ret_text[n++] = *++p == '"' ? '\'' : '?';
        else
            ret_text[n++] = c < 0x20 || c >= 0x7f ? '?' : *p;
    }
    ret_text[n] = '\0';
}

/* The `code` and `detail` of an application/problem+json answer (RFC 9457), or "" where it is something else. */
static void read_problem(const struct answer *answer, char ret_code[PROBLEM_CODE],
                         char ret_detail[PROBLEM_DETAIL])
{
    show_member(answer->data, "\"code\"", ret_code, PROBLEM_CODE);
    show_member(answer->data, "\"detail\"", ret_detail, PROBLEM_DETAIL);
    if (ret_detail[0] == '\0')
        show_member(answer->data, "\"title\"", ret_detail, PROBLEM_DETAIL);
}

static enum tai_err refused(const struct taistamp_net *net, long status, const struct answer *answer,
                            struct tai_error *error)
{
    char code[PROBLEM_CODE], detail[PROBLEM_DETAIL];
    enum tai_err err = status == 429 || status >= 500 ? TAI_ERR_UNAVAILABLE
                       : status == 404                ? TAI_ERR_NOT_FOUND
                                                      : TAI_ERR_REFUSED;

    if (status >= 300 && status < 400)
        return fail(error, TAI_ERR_REFUSED,
                    "%.150s redirects elsewhere, which is not followed: name the server itself", net->url);
    read_problem(answer, code, detail);
    if (code[0] == '\0' && detail[0] == '\0')
        return fail(error, err, "%.150s answers with HTTP status %ld", net->url, status);
    return fail(error, err, "%.100s says: %.200s (%s, HTTP status %ld)", net->url, detail, code, status);
}

enum tai_err taistamp_net_stamp(taistamp_net *net, taistamp_stamping *stamping, const taistamp_policy *policy,
                                const taistamp_trust *trust, const taistamp_leaps *leaps,
                                struct tai_error *error)
{
    struct answer answer = {.limit = ANSWER_MAX};
    struct curl_slist *headers;
    enum tai_err err;
    const char *body;
    size_t len;
    long status = 0;

    err = taistamp_stamping_request(stamping, &body, &len);
    if (err != TAI_OK)
        return fail(error, err, "nothing to stamp");
    headers = curl_slist_append(NULL, "Content-Type: application/json");
    if (headers == NULL)
        return fail(error, TAI_ERR_MEMORY, "out of memory");
    if (curl_easy_setopt(net->curl, CURLOPT_POST, 1L) != CURLE_OK ||
        curl_easy_setopt(net->curl, CURLOPT_HTTPHEADER, headers) != CURLE_OK ||
        curl_easy_setopt(net->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)len) != CURLE_OK ||
        curl_easy_setopt(net->curl, CURLOPT_POSTFIELDS, body) != CURLE_OK)
        err = fail(error, TAI_ERR_MEMORY, "the HTTP client cannot be set up");
    else
        err = perform(net, "/v1/stamps", &answer, &status, error);
    curl_easy_setopt(net->curl, CURLOPT_HTTPHEADER, NULL);
    curl_easy_setopt(net->curl, CURLOPT_POSTFIELDS, NULL);
    curl_slist_free_all(headers);
    if (err == TAI_OK && status != 200 && status != 201) {
        err = refused(net, status, &answer, error);
        if (err == TAI_ERR_NOT_FOUND)
            err = fail(error, TAI_ERR_REFUSED, "%.150s has no /v1/stamps: it is not a taistamp server",
                       net->url);
    }
    if (err == TAI_OK)
        err = taistamp_stamping_response(stamping, answer.data != NULL ? answer.data : "", answer.len, policy,
                                         trust, leaps, error);
    free(answer.data);
    return err;
}

enum tai_err taistamp_net_get(taistamp_net *net, const char *path, size_t limit, char **ret_body,
                              size_t *ret_len, struct tai_error *error)
{
    struct answer answer = {.limit = limit};
    enum tai_err err;
    long status = 0;

    if (path[0] != '/')
        return fail(error, TAI_ERR_ARGUMENT, "a path starts with a slash");
    if (curl_easy_setopt(net->curl, CURLOPT_HTTPGET, 1L) != CURLE_OK)
        return fail(error, TAI_ERR_MEMORY, "the HTTP client cannot be set up");
    err = perform(net, path, &answer, &status, error);
    if (err == TAI_OK && status != 200)
        err = refused(net, status, &answer, error);
    if (err == TAI_OK && answer.data == NULL && (answer.data = calloc(1, 1)) == NULL)
        err = fail(error, TAI_ERR_MEMORY, "out of memory");
    if (err != TAI_OK) {
        free(answer.data);
        return err;
    }
    *ret_body = answer.data;
    *ret_len = answer.len;
    return TAI_OK;
}
