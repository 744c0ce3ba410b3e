/* SPDX-License-Identifier: Apache-2.0 */
/* The driver "pps": pulses that the kernel stamps (/dev/pps0, RFC 2783 by Linux's ioctls).
 *
 * The assert edge counts. The device is asked and never waited for: PPS_FETCH with no time to wait says what the last pulse was.
 * Only a new sequence number is news. */
#include <errno.h>
#include <fcntl.h>
#include <linux/pps.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "sdk/base/error.h"
#include "sdk/time/arith.h"
#include "server/clock/core/beat.h"
#include "server/clock/io/feed.h"
#include "server/libevent.h"

enum { RETRY_S = 2, RETRY_S_MAX = 64 };
#define SILENT_NS (5 * NS_PER_S)

struct pps {
    struct refclock_place place;
    struct event *timer;
    int fd;
    bool has_last;
    uint32_t sequence;
    int64_t heard_raw_ns;
    struct beat beat;
    int retry_s;
    const char *said;
};

static void lost(struct pps *p, const char *why)
{
    if (p->said != why)
        p->place.feed->lost(p->place.feed->ctx, p->place.source, REFCLOCK_SILENT, why);
    p->said = why;
}

static void arm(struct pps *p, int64_t wait_ns)
{
    struct timeval at = {.tv_sec = wait_ns / NS_PER_S, .tv_usec = wait_ns % NS_PER_S / 1000};
    evtimer_add(p->timer, &at);
}

/* The assert edge must be captured; setting that takes CAP_SYS_TIME, and mostly it is so already. */
static const char *prepare(int fd)
{
    int can = 0;
    struct pps_kparams params;
    if (ioctl(fd, PPS_GETCAP, &can) != 0 || ioctl(fd, PPS_GETPARAMS, &params) != 0)
        return "this is no PPS device";
    if ((can & PPS_CAPTUREASSERT) == 0)
        return "the device does not stamp the assert edge";
    if ((params.mode & PPS_CAPTUREASSERT) != 0)
        return NULL;
    params.mode = (params.mode | PPS_CAPTUREASSERT | PPS_TSFMT_TSPEC) & can;
    return ioctl(fd, PPS_SETPARAMS, &params) == 0
               ? NULL
               : "the assert edge is not stamped, and may not be switched on";
}

static bool open_device(struct pps *p, const struct engine_now *now)
{
    int fd = open(p->place.device, O_RDWR | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        fd = open(p->place.device, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    const char *why = fd >= 0           ? prepare(fd)
                      : errno == EACCES ? "the device may not be opened by this user"
                                        : "there is no such device";
    if (why != NULL) {
        if (fd >= 0)
            close(fd);
        lost(p, why);
        return false;
    }
    p->fd = fd;
    p->has_last = false;
    p->heard_raw_ns = now->raw.ns;
    return true;
}

static void close_device(struct pps *p)
{
    if (p->fd >= 0)
        close(p->fd);
    p->fd = -1;
}

/* One look. True: a pulse came since the last, *ret_age_ns ago. */
static bool look(struct pps *p, const struct engine_now *now, int64_t *ret_age_ns)
{
    struct pps_fdata data = {.timeout = {.sec = 0}};
    if (ioctl(p->fd, PPS_FETCH, &data) != 0) {
        if (errno != EINTR && errno != ETIMEDOUT && errno != EAGAIN) {
            close_device(p);
            lost(p, "the device has gone");
        }
        return false;
    }
    bool news = p->has_last && data.info.assert_sequence != p->sequence;
    p->has_last = true; /* what was stamped before we came may be of any age */
    p->sequence = data.info.assert_sequence;
    if (!news)
        return false;
    p->heard_raw_ns = now->raw.ns;
    int64_t stamp_ns;
    if (!arith_join(data.info.assert_tu.sec, data.info.assert_tu.nsec, &stamp_ns))
        return false;
    *ret_age_ns = now->realtime_ns - stamp_ns;
    if (feed_pulse(&p->place, stamp_ns, 0, 1))
        p->said = NULL;
    return true;
}

static void on_timer(evutil_socket_t fd, short what, void *user)
{
    (void)fd;
    (void)what;
    struct pps *p = user;
    struct engine_now now;
    p->place.feed->now(p->place.feed->ctx, &now);
    if (p->fd < 0 && !open_device(p, &now)) {
        arm(p, p->retry_s * NS_PER_S);
        p->retry_s = p->retry_s < RETRY_S_MAX ? 2 * p->retry_s : RETRY_S_MAX;
        return;
    }
    p->retry_s = RETRY_S;
    int64_t age_ns = 0;
    bool found = look(p, &now, &age_ns);
    if (p->fd >= 0 && now.raw.ns - p->heard_raw_ns > SILENT_NS)
        lost(p, "no pulses come");
    arm(p, beat_next(&p->beat, found, age_ns));
}

static void pps_close(void *state)
{
    struct pps *p = state;
    close_device(p);
    if (p->timer != NULL)
        event_free(p->timer);
    free(p);
}

static enum tai_err pps_open(const struct refclock_place *place, void **ret_state, struct tai_error *error)
{
    struct pps *p = calloc(1, sizeof *p);
    if (p == NULL)
        return error_set(error, TAI_ERR_MEMORY, "out of memory");
    p->place = *place;
    p->fd = -1;
    p->retry_s = RETRY_S;
    p->timer = evtimer_new(place->base, on_timer, p);
    if (p->timer == NULL) {
        pps_close(p);
        return error_set(error, TAI_ERR_MEMORY, "out of memory");
    }
    arm(p, 0);
    *ret_state = p;
    return TAI_OK;
}

const struct refclock_driver_ops refclock_pps = {"pps", NULL, pps_open, NULL, pps_close};
