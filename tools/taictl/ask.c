/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/taictl/ask.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

enum { ANSWER_S = 5, ANSWER_MAX = 4 * 1024 * 1024, CHUNK = 65536, VERSION_KNOWN = 1 };

TAISTAMP_PRINTF(3, 4)
static enum tai_err fail(struct tai_error *error, enum tai_err code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    error->code = code;
    vsnprintf(error->text, sizeof error->text, format, args);
    va_end(args);
    return code;
}

static enum tai_err connect_to(const char *path, int *ret_fd, struct tai_error *error)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path)
        return fail(error, TAI_ERR_ARGUMENT, "%.200s is too long for a socket", path);
    strcpy(address.sun_path, path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return fail(error, TAI_ERR_IO, "no socket: %s", strerror(errno));
    struct timeval limit = {.tv_sec = ANSWER_S};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    if (connect(fd, (const struct sockaddr *)&address, sizeof address) == 0) {
        *ret_fd = fd;
        return TAI_OK;
    }
    int errnum = errno;
    close(fd);
    if (errnum == ENOENT)
        return fail(error, TAI_ERR_NOT_FOUND,
                    "%.200s: no such control socket; is taid or tai-client running?", path);
    if (errnum == EACCES || errnum == EPERM)
        return fail(error, TAI_ERR_PERMISSION, "%.200s: %s", path, strerror(errnum));
    return fail(error, TAI_ERR_UNAVAILABLE,
                "%.200s: nobody answers there (%s); is taid or tai-client running?", path, strerror(errnum));
}

enum tai_err ask_open(const char *control, struct asker *ret_asker, struct tai_error *error)
{
    static const char *const usual[] = {"/run/taistamp/control", "run/control"};
    const char *given = control != NULL ? control : getenv("TAISTAMP_CONTROL");
    if (given != NULL) {
        ret_asker->path = given;
        return connect_to(given, &ret_asker->fd, error);
    }
    enum tai_err err = TAI_ERR_NOT_FOUND;
    for (size_t i = 0; i < sizeof usual / sizeof *usual; i++) {
        struct tai_error now;
        ret_asker->path = usual[i];
        err = connect_to(usual[i], &ret_asker->fd, &now);
        if (err == TAI_OK)
            return TAI_OK;
        if (i == 0 || err != TAI_ERR_NOT_FOUND)
            *error = now;
    }
    if (error->code == TAI_ERR_NOT_FOUND)
        return fail(
            error, TAI_ERR_NOT_FOUND,
            "no control socket at %s or %s; name it with --control, and see that taid or tai-client runs",
            usual[0], usual[1]);
    return error->code;
}

void ask_close(struct asker *asker)
{
    close(asker->fd);
}

static bool send_all(int fd, const char *text, size_t len)
{
    while (len > 0) {
        ssize_t n = send(fd, text, len, MSG_NOSIGNAL);
        if (n <= 0)
            return false;
        text += n;
        len -= (size_t)n;
    }
    return true;
}

/* One line, malloc'ed, without its LF. */
static char *read_line(int fd, int *ret_errno)
{
    char *line = NULL;
    size_t len = 0;
    *ret_errno = 0;
    while (len < ANSWER_MAX) {
        char *grown = realloc(line, len + CHUNK);
        if (grown == NULL)
            break;
        line = grown;
        ssize_t n = recv(fd, line + len, CHUNK - 1, 0);
        if (n <= 0) {
            *ret_errno = n < 0 ? errno : 0;
            break;
        }
        char *end = memchr(line + len, '\n', (size_t)n);
        len += (size_t)n;
        if (end != NULL) {
            *end = 0;
            return line;
        }
    }
    free(line);
    return NULL;
}

enum tai_err ask(struct asker *asker, const char *verb, json_t **ret_answer, struct tai_error *error)
{
    char request[64];
    int n = snprintf(request, sizeof request, "{\"verb\":\"%s\"}\n", verb), errnum = 0;
    char *line = send_all(asker->fd, request, (size_t)n) ? read_line(asker->fd, &errnum) : NULL;
    if (line == NULL && (errnum == EAGAIN || errnum == EWOULDBLOCK))
        return fail(error, TAI_ERR_TIMEOUT, "%.200s: no answer within %d s", asker->path, ANSWER_S);
    if (line == NULL)
        return fail(error, TAI_ERR_UNAVAILABLE, "%.200s: the clock process hung up", asker->path);
    json_t *answer = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
    free(line);
    const char *message = json_string_value(json_object_get(answer, "message"));
    enum tai_err err = TAI_OK;
    if (json_integer_value(json_object_get(answer, "v")) != VERSION_KNOWN)
        err = fail(error, TAI_ERR_FORMAT,
                   "%.200s: an answer that this taictl does not know; are both of one version?", asker->path);
    else if (json_object_get(answer, "error") != NULL)
        err = fail(error, TAI_ERR_REFUSED, "%.300s", message != NULL ? message : "refused");
    if (err != TAI_OK) {
        json_decref(answer);
        return err;
    }
    *ret_answer = answer;
    return TAI_OK;
}
