/* SPDX-License-Identifier: Apache-2.0 */
#include "client/io/control.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "client/io/control_json.h"
#include "client/io/libevent.h"
#include "sdk/base/error.h"
#include "sdk/io/file.h"
#include "sdk/io/log.h"

enum { BACKLOG = 16, SOCKET_MODE = 0666, TIMEOUT_S = 10, OUTPUT_MAX = 1024 * 1024 };

struct connection {
    struct control *control;
    struct bufferevent *bev;
    bool privileged;
};

struct control {
    struct control_owner owner;
    struct event_base *base;
    struct evconnlistener *listener;
    struct connection connections[CONTROL_CLIENTS_MAX];
    char *path;
};

static json_t *json_error(const char *name, const char *text)
{
    return json_pack("{s:i, s:s, s:s}", "v", 1, "error", name, "message", text);
}

static json_t *command(const struct control_owner *owner, enum engine_command which, bool privileged)
{
    if (!privileged)
        return json_error("permission", "only root and the user that the clock runs as may do that");
    const char *why_not = owner->command(owner->ctx, which);
    return why_not == NULL ? json_pack("{s:i, s:b}", "v", 1, "done", 1) : json_error("refused", why_not);
}

static json_t *answer(const struct control_owner *owner, const char *verb, bool privileged)
{
    if (strcmp(verb, "tracking") == 0)
        return control_json_tracking(owner);
    if (strcmp(verb, "sources") == 0)
        return control_json_sources(owner);
    if (strcmp(verb, "cluster") == 0)
        return control_json_cluster(owner);
    if (strcmp(verb, "oscillator") == 0)
        return control_json_oscillator(owner);
    if (strcmp(verb, "makestep") == 0)
        return command(owner, ENGINE_MAKESTEP, privileged);
    if (strcmp(verb, "burst") == 0)
        return command(owner, ENGINE_BURST, privileged);
    json_t *own = owner->own == NULL ? NULL : owner->own(owner->ctx, verb);
    if (own != NULL)
        return own;
    if (strcmp(verb, "references") == 0 || strcmp(verb, "gps") == 0)
        return json_error("references",
                          "this process has no references of its own (sync.references in the settings "
                          "of a server); whom it follows: taictl tracking and taictl sources");
    return json_error("argument",
                      "verbs are tracking, sources, cluster, oscillator, makestep and burst; on a "
                      "server with references also references and gps");
}

char *control_answer(const struct control_owner *owner, const char *request, size_t len, bool privileged)
{
    json_t *asked = json_loadb(request, len, JSON_REJECT_DUPLICATES, NULL), *reply;
    const char *verb = json_string_value(json_object_get(asked, "verb"));
    if (verb == NULL)
        reply = json_error("format", "a request is one line such as {\"verb\":\"tracking\"}");
    else
        reply = answer(owner, verb, privileged);
    json_decref(asked);
    char *text = reply == NULL ? NULL : json_dumps(reply, JSON_COMPACT);
    json_decref(reply);
    if (text == NULL)
        return NULL;
    size_t n = strlen(text);
    char *line = realloc(text, n + 2);
    if (line == NULL) {
        free(text);
        return NULL;
    }
    memcpy(line + n, "\n", 2);
    return line;
}

static void drop(struct connection *c)
{
    bufferevent_free(c->bev);
    c->bev = NULL;
}

static void on_read(struct bufferevent *bev, void *user)
{
    struct connection *c = user;
    struct evbuffer *in = bufferevent_get_input(bev);
    size_t len;
    char *line;
    while ((line = evbuffer_readln(in, &len, EVBUFFER_EOL_LF)) != NULL) {
        char *text =
            len > CONTROL_REQUEST_MAX ? NULL : control_answer(&c->control->owner, line, len, c->privileged);
        free(line);
        bool sent = text != NULL && bufferevent_write(bev, text, strlen(text)) == 0;
        free(text);
        if (!sent || evbuffer_get_length(bufferevent_get_output(bev)) > OUTPUT_MAX) {
            drop(c);
            return;
        }
    }
    if (evbuffer_get_length(in) > CONTROL_REQUEST_MAX)
        drop(c);
}

static void on_event(struct bufferevent *bev, short what, void *user)
{
    (void)bev;
    (void)what; /* end, error or timeout */
    drop(user);
}

/* Root, or the user that we run as. */
static bool is_privileged(int fd)
{
    struct ucred who;
    socklen_t len = sizeof who;
    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) == 0 && len == sizeof who &&
           (who.uid == 0 || who.uid == geteuid());
}

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *from, int len,
                      void *user)
{
    (void)listener;
    (void)from;
    (void)len;
    struct control *control = user;
    struct connection *c = NULL;
    for (size_t i = 0; i < CONTROL_CLIENTS_MAX && c == NULL; i++)
        if (control->connections[i].bev == NULL)
            c = &control->connections[i];
    struct bufferevent *bev =
        c == NULL ? NULL : bufferevent_socket_new(control->base, fd, BEV_OPT_CLOSE_ON_FREE);
    if (bev == NULL) {
        close(fd);
        return;
    }
    *c = (struct connection){control, bev, is_privileged(fd)};
    struct timeval limit = {.tv_sec = TIMEOUT_S};
    bufferevent_setcb(bev, on_read, NULL, on_event, c);
    bufferevent_set_timeouts(bev, &limit, &limit);
    bufferevent_setwatermark(bev, EV_READ, 0, 2 * CONTROL_REQUEST_MAX);
    if (bufferevent_enable(bev, EV_READ | EV_WRITE) != 0)
        drop(c);
}

/* True if somebody listens there; a socket without a listener is what a dead process left. */
static bool is_answered(const struct sockaddr_un *address)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return false;
    bool answered = connect(fd, (const struct sockaddr *)address, sizeof *address) == 0;
    close(fd);
    return answered;
}

static enum tai_err listen_on(const char *path, int *ret_fd, struct tai_error *error)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path)
        return error_set_detail(
            error, TAI_ERR_SPACE,
            "the path of the control socket is longer than the system takes: ", bytes_of_str(path));
    strcpy(address.sun_path, path);
    if (is_answered(&address))
        return error_set_detail(error, TAI_ERR_CONFLICT, "another process answers at the control socket ",
                                bytes_of_str(path));
    struct stat st;
    if (lstat(path, &st) == 0 && S_ISSOCK(st.st_mode))
        unlink(path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return file_error(error, errno, "making the control socket", path);
    if (bind(fd, (const struct sockaddr *)&address, sizeof address) != 0 || chmod(path, SOCKET_MODE) != 0 ||
        listen(fd, BACKLOG) != 0) {
        int errnum = errno;
        close(fd);
        return file_error(error, errnum, "making the control socket", path);
    }
    *ret_fd = fd;
    return TAI_OK;
}

enum tai_err control_open(struct event_base *base, const char *path, const struct control_owner *owner,
                          struct control **ret_control, struct tai_error *error)
{
    int fd;
    enum tai_err err = listen_on(path, &fd, error);
    if (err != TAI_OK)
        return err;
    struct control *control = calloc(1, sizeof *control);
    if (control != NULL) {
        control->owner = *owner;
        control->base = base;
        control->path = strdup(path);
        control->listener = control->path == NULL
                                ? NULL
                                : evconnlistener_new(base, on_accept, control, LEV_OPT_CLOSE_ON_FREE, 0, fd);
    }
    if (control == NULL || control->listener == NULL) {
        close(fd);
        unlink(path);
        if (control != NULL)
            free(control->path);
        free(control);
        return error_set(error, TAI_ERR_MEMORY, "out of memory");
    }
    *ret_control = control;
    return TAI_OK;
}

void control_close(struct control *control)
{
    if (control == NULL)
        return;
    for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++)
        if (control->connections[i].bev != NULL)
            drop(&control->connections[i]);
    evconnlistener_free(control->listener);
    unlink(control->path);
    free(control->path);
    free(control);
}
