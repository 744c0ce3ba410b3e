/* SPDX-License-Identifier: Apache-2.0 */
#include "server/clock/io/feed.h"

#include "sdk/time/arith.h"
#include "server/clock/core/pulse.h"
#include "server/clock/core/utc_leap.h"

static bool feed_at(const struct refclock_place *place, sync_timeline_t timeline, tai_mono_t raw,
                    int64_t posix_s, int32_t ns, int64_t error_ns)
{
    struct refclock_sample sample = {.source = place->source, .timeline = timeline, .raw = raw};
    struct utc_leaps leaps;
    int64_t doubt_ns;
    place->feed->leaps_at(place->feed->ctx, posix_s, &leaps);
    if (utc_leap_tai(&leaps, posix_s, ns, &sample.tai, &doubt_ns) != UTC_LEAP_OK ||
        !arith_add(sample.tai.ns, place->settings->delay_ns, &sample.tai.ns) ||
        !arith_add(error_ns, doubt_ns, &sample.error_ns))
        return false;
    place->feed->sample(place->feed->ctx, &sample);
    return true;
}

bool feed_utc_at(const struct refclock_place *place, const struct engine_now *now, int64_t posix_s,
                 int32_t ns, int64_t error_ns)
{
    return feed_at(place, now->timeline, now->raw, posix_s, ns, error_ns);
}

bool feed_utc(const struct refclock_place *place, int64_t realtime_ns, int64_t posix_s, int32_t ns,
              int64_t error_ns)
{
    struct engine_now now;
    tai_mono_t raw;
    int64_t width_ns;
    place->feed->now(place->feed->ctx, &now);
    return place->feed->locate(place->feed->ctx, realtime_ns, &raw, &width_ns) &&
           feed_at(place, now.timeline, raw, posix_s, ns, error_ns + width_ns);
}

bool feed_pulse(const struct refclock_place *place, int64_t realtime_ns, int64_t fraction_ns,
                int64_t error_ns)
{
    const struct refclock_feed *feed = place->feed;
    struct refclock_sample sample = {.source = place->source, .pulse = true};
    struct engine_now now;
    struct tai_interval known;
    int64_t width_ns;
    feed->now(feed->ctx, &now);
    if (!feed->locate(feed->ctx, realtime_ns, &sample.raw, &width_ns) ||
        !feed->tai_at(feed->ctx, sample.raw, &known) ||
        !pulse_number(&known, fraction_ns + place->settings->delay_ns, &sample.tai))
        return false;
    sample.timeline = now.timeline;
    sample.error_ns = error_ns + width_ns;
    feed->sample(feed->ctx, &sample);
    return true;
}

void feed_leap(const struct refclock_place *place, int32_t leap)
{
    struct refclock_leap says = {.source = place->source,
                                 .warning = leap == 1   ? REFCLOCK_LEAP_INSERT
                                            : leap == 2 ? REFCLOCK_LEAP_DELETE
                                                        : REFCLOCK_LEAP_UNKNOWN};
    place->feed->leap(place->feed->ctx, &says);
}
