/* SPDX-License-Identifier: Apache-2.0 */
/* The driver "shm": a segment of NTP's shared memory, such as gpsd writes. Read only: others may read beside us. */
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/shm.h>

#include "sdk/base/error.h"
#include "sdk/io/log.h"
#include "sdk/time/arith.h"
#include "server/clock/core/beat.h"
#include "server/clock/core/shm_segment.h"
#include "server/clock/io/feed.h"
#include "server/clock/io/shm_owner.h"
#include "server/libevent.h"

enum { RETRY_S = 2, RETRY_S_MAX = 64 };
/* A segment that says nothing for so long may have been removed and made anew: it is looked up again. */
#define STALE_NS (60 * NS_PER_S)

struct shm {
    struct refclock_place place;
    struct event *timer;
    const struct shm_segment *segment; /* NULL: not attached */
    struct shm_reader reader;
    struct beat beat;
    int64_t heard_raw_ns; /* of the last sample, or of the attaching */
    int retry_s;
    const char *said; /* the last word to the timekeeper; NULL: a sample came since */
};

static void lost(struct shm *s, enum refclock_verdict verdict, const char *why)
{
    if (s->said != why)
        s->place.feed->lost(s->place.feed->ctx, s->place.source, verdict, why);
    s->said = why;
}

static void arm(struct shm *s, int64_t wait_ns)
{
    struct timeval at = {.tv_sec = wait_ns / NS_PER_S, .tv_usec = wait_ns % NS_PER_S / 1000};
    evtimer_add(s->timer, &at);
}

static bool attach(struct shm *s, const struct engine_now *now)
{
    int id = shmget((key_t)SHM_SEGMENT_KEY + (key_t)s->place.unit, sizeof(struct shm_segment), 0);
    void *at = id < 0 ? (void *)-1 : shmat(id, NULL, SHM_RDONLY);
    if (at == (void *)-1) {
        lost(s, REFCLOCK_SILENT,
             errno == EACCES   ? "the segment may not be read by this user"
             : errno == EINVAL ? "the segment is too small"
                               : "there is no such segment");
        return false;
    }
    bool ours = shm_is_ours(id);
    if (!ours && s->place.unit < SHM_UNITS_OF_ROOT) {
        shmdt(at);
        lost(s, REFCLOCK_REFUSED, "units 0 and 1 are for root alone, and others may write into this one");
        return false;
    }
    if (!ours)
        log_notice("shared memory unit %u: users other than root may write into it, and are believed",
                   (unsigned)s->place.unit);
    s->segment = at;
    s->heard_raw_ns = now->raw.ns;
    s->reader = (struct shm_reader){.has_last = false};
    return true;
}

static void detach(struct shm *s)
{
    if (s->segment != NULL)
        shmdt(s->segment);
    s->segment = NULL;
}

/* One look. True: *ret_age_ns is how old what was found is. */
static bool look(struct shm *s, const struct engine_now *now, int64_t *ret_age_ns)
{
    struct shm_segment copy, again;
    struct shm_sample sample;
    memcpy(&copy, s->segment, sizeof copy);
    atomic_thread_fence(memory_order_seq_cst);
    memcpy(&again, s->segment, sizeof again);
    switch (shm_read(&s->reader, &copy, &again, &sample)) {
    case SHM_NO_NEWS:
    case SHM_TORN:
        return false;
    case SHM_BAD:
        lost(s, REFCLOCK_REFUSED, "what stands in the segment is no time");
        return false;
    case SHM_UNSYNCED:
        lost(s, REFCLOCK_REFUSED, "the source says that it is not synchronised");
        return false;
    case SHM_SAMPLE:
        break;
    }
    s->heard_raw_ns = now->raw.ns;
    *ret_age_ns = now->realtime_ns - sample.receive_ns;
    feed_leap(&s->place, sample.leap);
    if (feed_utc(&s->place, sample.receive_ns, sample.posix_s, sample.ns, sample.resolution_ns))
        s->said = NULL;
    return true;
}

static void on_timer(evutil_socket_t fd, short what, void *user)
{
    (void)fd;
    (void)what;
    struct shm *s = user;
    struct engine_now now;
    s->place.feed->now(s->place.feed->ctx, &now);
    if (s->segment != NULL && now.raw.ns - s->heard_raw_ns > STALE_NS) {
        detach(s);
        lost(s, REFCLOCK_SILENT, "nothing is written into the segment");
    }
    if (s->segment == NULL && !attach(s, &now)) {
        arm(s, s->retry_s * NS_PER_S);
        s->retry_s = s->retry_s < RETRY_S_MAX ? 2 * s->retry_s : RETRY_S_MAX;
        return;
    }
    s->retry_s = RETRY_S;
    int64_t age_ns = 0;
    bool found = look(s, &now, &age_ns);
    arm(s, beat_next(&s->beat, found, age_ns));
}

static void shm_close(void *state)
{
    struct shm *s = state;
    detach(s);
    if (s->timer != NULL)
        event_free(s->timer);
    free(s);
}

static enum tai_err shm_open_driver(const struct refclock_place *place, void **ret_state,
                                    struct tai_error *error)
{
    struct shm *s = calloc(1, sizeof *s);
    if (s == NULL)
        return error_set(error, TAI_ERR_MEMORY, "out of memory");
    s->place = *place;
    s->retry_s = RETRY_S;
    s->timer = evtimer_new(place->base, on_timer, s);
    if (s->timer == NULL) {
        shm_close(s);
        return error_set(error, TAI_ERR_MEMORY, "out of memory");
    }
    arm(s, 0);
    *ret_state = s;
    return TAI_OK;
}

const struct refclock_driver_ops refclock_shm = {"shm", NULL, shm_open_driver, NULL, shm_close};
