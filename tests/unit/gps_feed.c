/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/gps_feed.h"

#include <check.h>
#include <time.h>

static void on_sample(void *ctx, const struct refclock_sample *sample)
{
    struct gps_feed *f = ctx;
    ck_assert_int_ge(sample->error_ns, 0);
    ck_assert(sample->timeline.id == f->now.timeline.id);
    f->sample = *sample;
    f->samples++;
}

static void on_leap(void *ctx, const struct refclock_leap *leap)
{
    struct gps_feed *f = ctx;
    f->leap = *leap;
    f->leaps++;
}

static void on_evidence(void *ctx, const struct refclock_evidence *evidence)
{
    struct gps_feed *f = ctx;
    ck_assert_uint_le(evidence->satellites_count, REFCLOCK_SATELLITES_MAX);
    f->evidence = *evidence;
    f->evidences++;
}

static void on_lost(void *ctx, uint8_t source, enum refclock_verdict verdict, const char *why)
{
    struct gps_feed *f = ctx;
    (void)source;
    ck_assert_ptr_nonnull(why);
    ck_assert(verdict == REFCLOCK_SILENT || verdict == REFCLOCK_REFUSED);
    f->verdict = verdict;
    f->why = why;
    f->losses++;
}

static int64_t clock_ns(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return t.tv_sec * FEED_SECOND + t.tv_nsec;
}

static void now(void *ctx, struct engine_now *ret_now)
{
    struct gps_feed *f = ctx;
    if (f->machine) {
        f->now.raw.ns = f->now.boot_ns = clock_ns(CLOCK_MONOTONIC);
        f->now.realtime_ns = clock_ns(CLOCK_REALTIME);
    }
    *ret_now = f->now;
}

static bool locate(void *ctx, int64_t realtime_ns, tai_mono_t *ret_raw, int64_t *ret_width_ns)
{
    const struct gps_feed *f = ctx;
    int64_t ago_ns = f->now.realtime_ns - realtime_ns;
    if (!f->locatable || ago_ns > 60 * FEED_SECOND || ago_ns < -FEED_SECOND)
        return false;
    ret_raw->ns = f->now.raw.ns - ago_ns;
    *ret_width_ns = f->locate_width_ns;
    return true;
}

static void leap_table(void *ctx, struct sync_leap *ret_leap)
{
    const struct gps_feed *f = ctx;
    *ret_leap = (struct sync_leap){37, 37, {INT64_C(8000000000000000000)}, {0}};
    if (f->has_table)
        ret_leap->expires.ns = (f->expires_s + 37) * FEED_SECOND;
}

static enum taistamp_utc_status tai_utc_at(void *ctx, int64_t posix_s, int32_t *ret_tai_utc_s)
{
    const struct gps_feed *f = ctx;
    if (!f->has_table || posix_s < INT64_C(63072000))
        return TAISTAMP_UTC_UNKNOWN;
    *ret_tai_utc_s = posix_s < FEED_LEAP_S ? 36 : 37;
    return posix_s < f->expires_s ? TAISTAMP_UTC_OK : TAISTAMP_UTC_EXPIRED;
}

static bool tai_at(void *ctx, tai_mono_t raw, struct tai_interval *ret_interval)
{
    const struct gps_feed *f = ctx;
    if (!f->knows)
        return false;
    int64_t ago_ns = f->now.raw.ns - raw.ns;
    *ret_interval = (struct tai_interval){{f->known.earliest.ns - ago_ns}, {f->known.latest.ns - ago_ns}};
    return true;
}

void gps_feed_init(struct gps_feed *f)
{
    *f = (struct gps_feed){.feed = {f, on_sample, on_leap, on_evidence, on_lost, now, locate, leap_table,
                                    tai_utc_at, NULL, NULL, tai_at},
                           .now = {.timeline = {7},
                                   .raw = {1000 * FEED_SECOND},
                                   .realtime_ns = INT64_C(1782864000) * FEED_SECOND},
                           .locatable = true,
                           .locate_width_ns = 100,
                           .has_table = true,
                           .expires_s = INT64_C(1814140800)};
}

void gps_feed_pass(struct gps_feed *f, int64_t ns)
{
    f->now.raw.ns += ns;
    f->now.boot_ns += ns;
    f->now.realtime_ns += ns;
    f->known.earliest.ns += ns;
    f->known.latest.ns += ns;
}
