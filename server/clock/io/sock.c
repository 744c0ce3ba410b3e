/* SPDX-License-Identifier: Apache-2.0 */
/* The driver "sock": samples that other programs send to a datagram socket, in chronyd's form.
 *
 * When they are sent is the sender's choice, often long after the stamp in them: a receiver's messages take tenths of a second. Where
 * others may steer CLOCK_REALTIME, a stamp is worth what the nearest reading of the clocks is near to it; so the clocks are
 * read at the moment at which the next stamp is due, one second after the last. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "sdk/base/error.h"
#include "sdk/time/arith.h"
#include "server/clock/core/sock_sample.h"
#include "server/clock/io/feed.h"
#include "server/libevent.h"

enum { BURST = 16, SOCKET_MODE = 0600 };
/* A stamp that is younger than this when it arrives needs no reading of its own. */
#define LATE_NS INT64_C(2000000)

struct sock {
    struct refclock_place place;
    struct sockaddr_un address;
    int fd;
    struct event *readable;
    struct event *due; /* a reading of the clocks */
    const char *said;
};

static void lost(struct sock *s, enum refclock_verdict verdict, const char *why)
{
    if (s->said != why)
        s->place.feed->lost(s->place.feed->ctx, s->place.source, verdict, why);
    s->said = why;
}

static void on_due(evutil_socket_t fd, short what, void *user)
{
    (void)fd;
    (void)what;
    const struct sock *s = user;
    struct engine_now now;
    s->place.feed->now(s->place.feed->ctx, &now); /* `locate` knows it from now on */
}

/* The next stamp is due a second after this one. One that comes at once has its own reading. */
static void expect(struct sock *s, int64_t stamp_ns)
{
    struct engine_now now;
    int64_t age_ns;
    s->place.feed->now(s->place.feed->ctx, &now);
    if (!arith_sub(now.realtime_ns, stamp_ns, &age_ns) || age_ns < LATE_NS || age_ns >= NS_PER_S)
        return;
    struct timeval at = {.tv_usec = (NS_PER_S - age_ns) / 1000 + 1};
    evtimer_add(s->due, &at);
}

static void take(struct sock *s, struct bytes datagram)
{
    struct sock_sample sample;
    if (!sock_sample_parse(datagram, &sample)) {
        lost(s, REFCLOCK_REFUSED, "what is sent is no sample");
        return;
    }
    int64_t utc_ns, ns;
    if (!arith_add(sample.realtime_ns, sample.offset_ns, &utc_ns))
        return;
    expect(s, sample.realtime_ns);
    int64_t posix_s = arith_div_floor(utc_ns, NS_PER_S, &ns);
    feed_leap(&s->place, sample.leap);
    bool fed = sample.pulse
                   ? feed_pulse(&s->place, sample.realtime_ns, ns, sample.resolution_ns)
                   : feed_utc(&s->place, sample.realtime_ns, posix_s, (int32_t)ns, sample.resolution_ns);
    if (fed)
        s->said = NULL;
}

static void on_readable(evutil_socket_t fd, short what, void *user)
{
    (void)what;
    struct sock *s = user;
    for (int i = 0; i < BURST; i++) {
        uint8_t bytes[SOCK_SAMPLE_LEN + 1]; /* a longer one shows */
        ssize_t n = recv(fd, bytes, sizeof bytes, MSG_DONTWAIT);
        if (n < 0)
            return;
        take(s, bytes_of(bytes, (size_t)n));
    }
}

static void sock_close(void *state)
{
    struct sock *s = state;
    if (s->readable != NULL)
        event_free(s->readable);
    if (s->due != NULL)
        event_free(s->due);
    if (s->fd >= 0) {
        close(s->fd);
        unlink(s->address.sun_path);
    }
    free(s);
}

/* A socket that a dead process left there is replaced; anything else that stands there is not. */
static enum tai_err make_room(const char *path, struct tai_error *error)
{
    struct stat st;
    if (lstat(path, &st) != 0)
        return TAI_OK;
    if (!S_ISSOCK(st.st_mode))
        return error_set_detail(error, TAI_ERR_CONFLICT, path, bytes_of_str("is there and is no socket"));
    unlink(path);
    return TAI_OK;
}

static enum tai_err listen_on(struct sock *s, const char *path, struct tai_error *error)
{
    s->address.sun_family = AF_UNIX;
    if (strlen(path) >= sizeof s->address.sun_path)
        return error_set_detail(error, TAI_ERR_SPACE, path,
                                bytes_of_str("the path is too long for a socket"));
    memcpy(s->address.sun_path, path, strlen(path) + 1);
    enum tai_err err = make_room(path, error);
    if (err != TAI_OK)
        return err;
    s->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    mode_t before = umask(0777 & ~SOCKET_MODE);
    bool bound = s->fd >= 0 && bind(s->fd, (const struct sockaddr *)&s->address, sizeof s->address) == 0;
    int number = errno;
    umask(before);
    if (!bound) {
        if (s->fd >= 0)
            close(s->fd);
        s->fd = -1;
        return error_set_detail(error, TAI_ERR_IO, path, bytes_of_str(strerror(number)));
    }
    s->readable = event_new(s->place.base, s->fd, EV_READ | EV_PERSIST, on_readable, s);
    s->due = evtimer_new(s->place.base, on_due, s);
    if (s->due == NULL || s->readable == NULL || event_add(s->readable, NULL) != 0)
        return error_set(error, TAI_ERR_MEMORY, "the event loop cannot wait on a socket");
    return TAI_OK;
}

static enum tai_err sock_open(const struct refclock_place *place, void **ret_state, struct tai_error *error)
{
    struct sock *s = calloc(1, sizeof *s);
    if (s == NULL)
        return error_set(error, TAI_ERR_MEMORY, "out of memory");
    s->place = *place;
    s->fd = -1;
    enum tai_err err = listen_on(s, place->device, error);
    if (err != TAI_OK) {
        sock_close(s);
        return err;
    }
    *ret_state = s;
    return TAI_OK;
}

const struct refclock_driver_ops refclock_sock = {"sock", NULL, sock_open, NULL, sock_close};
