/* SPDX-License-Identifier: Apache-2.0 */
/* The drivers "system-clock" and "kernel": CLOCK_REALTIME as a source, once a second.
 *
 * The first takes the operator's word for its error (settings.accuracy_ns). The second that of the kernel, where a daemon is
 * recognised that keeps it honest (server/clock/core/keeper.h). */
#include <stdlib.h>

#include "sdk/base/error.h"
#include "sdk/time/arith.h"
#include "server/clock/io/evidence.h"
#include "server/clock/io/feed.h"
#include "server/clock/io/kernel.h"

enum { EVIDENCE_SAMPLES = 10 /* a look through /proc with every tenth reading, and when a daemon ends */ };

struct system_clock {
    struct refclock_place place;
    bool by_kernel;
    uint32_t readings;
    struct keeper keeper;
    struct evidence evidence;
    const char *said;
};

static void lost(struct system_clock *c, enum refclock_verdict verdict, const char *why)
{
    if (c->said != why)
        c->place.feed->lost(c->place.feed->ctx, c->place.source, verdict, why);
    c->said = why;
}

/* What the kernel says of its error just now; false: it is not believed. */
static bool judge(struct system_clock *c, struct reference_sample *sample, tai_bound_t *ret_bound)
{
    bool look_due = c->readings++ % EVIDENCE_SAMPLES == 0;
    kernel_read(sample);
    /* Only now: the daemon must have been there until the clock had been read. */
    if (look_due || !evidence_stands(&c->evidence))
        evidence_scan("/proc", &c->evidence);
    enum keeper_verdict verdict =
        keeper_judge(&c->keeper, &c->evidence.found, &sample->kernel, sample->raw, ret_bound);
    if (verdict != KEEPER_BOUND)
        lost(c, REFCLOCK_REFUSED, keeper_verdict_text(verdict));
    return verdict == KEEPER_BOUND;
}

static void second(void *state, const struct engine_now *now)
{
    struct system_clock *c = state;
    struct engine_now at = *now;
    tai_bound_t bound = {0};
    if (c->by_kernel) {
        struct reference_sample sample = {.raw = {0}};
        if (!judge(c, &sample, &bound))
            return;
        at.raw = sample.raw;
        at.realtime_ns = sample.realtime_ns;
        at.width_ns = sample.width.ns;
    }
    int64_t ns, error_ns, posix_s = arith_div_floor(at.realtime_ns, NS_PER_S, &ns);
    if (arith_add(bound.ns, at.width_ns, &error_ns) &&
        feed_utc_at(&c->place, &at, posix_s, (int32_t)ns, error_ns))
        c->said = NULL;
}

static void system_clock_close(void *state)
{
    struct system_clock *c = state;
    evidence_release(&c->evidence);
    free(c);
}

static enum tai_err open_either(const struct refclock_place *place, bool by_kernel, void **ret_state,
                                struct tai_error *error)
{
    struct system_clock *c = calloc(1, sizeof *c);
    if (c == NULL)
        return error_set(error, TAI_ERR_MEMORY, "out of memory");
    c->place = *place;
    c->by_kernel = by_kernel;
    *ret_state = c;
    return TAI_OK;
}

static enum tai_err system_clock_open(const struct refclock_place *place, void **ret_state,
                                      struct tai_error *error)
{
    return open_either(place, false, ret_state, error);
}

static enum tai_err kernel_open(const struct refclock_place *place, void **ret_state, struct tai_error *error)
{
    return open_either(place, true, ret_state, error);
}

const struct refclock_driver_ops refclock_system_clock = {"system-clock", NULL, system_clock_open, second,
                                                          system_clock_close};
const struct refclock_driver_ops refclock_kernel = {"kernel", NULL, kernel_open, second, system_clock_close};
