/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/ntp_rig.h"

#include <string.h>

#include "client/io/clocks.h"
#include "sdk/time/arith.h"
#include "server/clock/core/utc_leap.h"
#include "server/libevent.h"

static void rig_now(void *ctx, struct engine_now *ret_now)
{
    struct ntp_rig *rig = ctx;
    struct clocks_pair pair;
    clocks_pair_read(&pair);
    (void)rawmap_add(&rig->map, &(struct rawmap_pair){pair.raw.ns, pair.realtime_ns, pair.width_ns});
    *ret_now = (struct engine_now){.timeline = {rig->timeline},
                                   .raw = pair.raw,
                                   .realtime_ns = pair.realtime_ns,
                                   .width_ns = pair.width_ns,
                                   .boot_ns = pair.raw.ns};
}

static bool rig_locate(void *ctx, int64_t realtime_ns, tai_mono_t *ret_raw, int64_t *ret_width_ns)
{
    struct ntp_rig *rig = ctx;
    return rawmap_locate(&rig->map, realtime_ns, RAWMAP_NO_LEAP, &ret_raw->ns, ret_width_ns) == RAWMAP_OK;
}

static void rig_sample(void *ctx, const struct refclock_sample *sample)
{
    struct ntp_rig *rig = ctx;
    struct clocks_pair pair;
    clocks_pair_read(&pair);
    int64_t truth = pair.realtime_ns + NTP_RIG_TAI_UTC_S * NS_PER_S - (pair.raw.ns - sample->raw.ns);
    int64_t slack = pair.width_ns + (pair.raw.ns - sample->raw.ns) / 2000 + 1;
    rig->samples++;
    rig->sample = *sample;
    rig->off_ns = sample->tai.ns - truth;
    int64_t bound = sample->error_ns + slack;
    rig->untrue += rig->off_ns > bound || rig->off_ns < -bound;
}

static void rig_leap(void *ctx, const struct refclock_leap *leap)
{
    struct ntp_rig *rig = ctx;
    rig->leaps++;
    rig->leap = *leap;
}

static void rig_evidence(void *ctx, const struct refclock_evidence *evidence)
{
    (void)ctx;
    (void)evidence;
}

static void rig_lost(void *ctx, uint8_t source, enum refclock_verdict verdict, const char *why)
{
    struct ntp_rig *rig = ctx;
    (void)source;
    rig->losses++;
    rig->verdict = verdict;
    rig->why = why;
}

static void rig_leaps_at(void *ctx, int64_t posix_s, struct utc_leaps *ret_leaps)
{
    (void)ctx;
    (void)posix_s;
    *ret_leaps = (struct utc_leaps){.table = {.tai_utc_s = NTP_RIG_TAI_UTC_S,
                                              .next_tai_utc_s = NTP_RIG_TAI_UTC_S,
                                              .next = {INT64_MAX},
                                              .expires = {INT64_C(4000000000) * NS_PER_S}}};
}

static bool rig_tai_at(void *ctx, tai_mono_t raw, struct tai_interval *ret_interval)
{
    (void)ctx;
    (void)raw;
    (void)ret_interval;
    return false;
}

static void rig_upstream(void *ctx, const struct refclock_upstream *upstream)
{
    struct ntp_rig *rig = ctx;
    rig->views++;
    rig->view = *upstream;
}

void ntp_rig_init(struct ntp_rig *rig, const char *address, int64_t poll_ns, const char *key_file,
                  uint32_t key_id)
{
    *rig = (struct ntp_rig){.timeline = 1};
    rawmap_init(&rig->map);
    rig->base = event_base_new();
    rig->settings = (struct refclock_settings){
        .driver = REFCLOCK_NTP, .name = "server", .accuracy_ns = 1000, .poll_ns = poll_ns};
    rig->feed = (struct refclock_feed){.ctx = rig,
                                       .sample = rig_sample,
                                       .leap = rig_leap,
                                       .evidence = rig_evidence,
                                       .lost = rig_lost,
                                       .now = rig_now,
                                       .locate = rig_locate,
                                       .leaps_at = rig_leaps_at,
                                       .upstream = rig_upstream,
                                       .tai_at = rig_tai_at};
    rig->place = (struct refclock_place){.base = rig->base,
                                         .settings = &rig->settings,
                                         .source = 3,
                                         .feed = &rig->feed,
                                         .address = address,
                                         .key_file = key_file,
                                         .key_id = key_id};
}

enum tai_err ntp_rig_open(struct ntp_rig *rig, struct tai_error *error)
{
    return refclock_ntp.open(&rig->place, &rig->driver, error);
}

void ntp_rig_close(struct ntp_rig *rig)
{
    if (rig->driver != NULL)
        refclock_ntp.close(rig->driver);
    rig->driver = NULL;
    event_base_free(rig->base);
}

bool ntp_rig_run(struct ntp_rig *rig, double seconds, bool (*done)(const void *ctx), const void *ctx)
{
    struct clocks_pair pair;
    clocks_pair_read(&pair);
    int64_t until = pair.raw.ns + (int64_t)(seconds * 1e9);
    struct timeval tick = {.tv_usec = 20000};
    while (!done(ctx) && pair.raw.ns < until) {
        (void)event_base_loopexit(rig->base, &tick);
        (void)event_base_dispatch(rig->base);
        clocks_pair_read(&pair);
    }
    return done(ctx);
}
