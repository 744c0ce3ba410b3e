/* SPDX-License-Identifier: Apache-2.0 */
/* What a hostile gpsd can say: lines, each read and taken as a message, a while after the one before. A byte before each line
 * says how long. Nothing breaks, and what is fed is in range. */
#include <string.h>

#include "sdk/base/bug.h"
#include "server/clock/core/gps.h"
#include "server/clock/io/gps_json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SECOND_NS INT64_C(1000000000)
#define UTC_S     INT64_C(1782864000)

static struct engine_now clocks;

static void sample(void *ctx, const struct refclock_sample *s)
{
    (void)ctx;
    BUG_UNLESS(s->error_ns >= 0 && s->error_ns <= SECOND_NS);
    BUG_UNLESS(s->raw.ns <= clocks.raw.ns + SECOND_NS && s->raw.ns >= clocks.raw.ns - 3 * SECOND_NS);
    BUG_UNLESS(s->tai.ns > GPS_UTC_S_MIN * SECOND_NS && s->tai.ns < (GPS_UTC_S_END + 300) * SECOND_NS);
}

static void leap(void *ctx, const struct refclock_leap *l)
{
    (void)ctx;
    BUG_UNLESS(l->tai_utc_s >= GPS_TAI_S - GPS_LEAP_MAX && l->tai_utc_s <= GPS_TAI_S + GPS_LEAP_MAX);
}

static void evidence(void *ctx, const struct refclock_evidence *e)
{
    (void)ctx;
    BUG_UNLESS(e->satellites_count <= REFCLOCK_SATELLITES_MAX && e->satellites_used <= e->satellites_seen);
    BUG_UNLESS(memchr(e->device, 0, sizeof e->device) != NULL &&
               memchr(e->receiver, 0, sizeof e->receiver) != NULL);
}

static void lost(void *ctx, uint8_t source, enum refclock_verdict verdict, const char *why)
{
    (void)ctx;
    BUG_UNLESS(source == 1 && verdict < REFCLOCK_VERDICTS && why != NULL);
}

static void now(void *ctx, struct engine_now *ret_now)
{
    (void)ctx;
    *ret_now = clocks;
}

static bool locate(void *ctx, int64_t realtime_ns, tai_mono_t *ret_raw, int64_t *ret_width_ns)
{
    (void)ctx;
    ret_raw->ns = clocks.raw.ns + (realtime_ns - clocks.realtime_ns);
    *ret_width_ns = 50;
    return realtime_ns >= clocks.realtime_ns - 100 * SECOND_NS &&
           realtime_ns <= clocks.realtime_ns + SECOND_NS;
}

static void leap_table(void *ctx, struct sync_leap *ret_leap)
{
    (void)ctx;
    *ret_leap = (struct sync_leap){37, 37, {INT64_C(8000000000000000000)}, {(UTC_S + 100) * SECOND_NS}};
}

static bool tai_at(void *ctx, tai_mono_t raw, struct tai_interval *ret_interval)
{
    (void)ctx;
    int64_t tai_ns = (UTC_S + 37) * SECOND_NS + raw.ns;
    *ret_interval = (struct tai_interval){{tai_ns - 1000}, {tai_ns + 1000}};
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct refclock_feed feed = {.sample = sample,
                                              .leap = leap,
                                              .evidence = evidence,
                                              .lost = lost,
                                              .now = now,
                                              .locate = locate,
                                              .leap_table = leap_table,
                                              .tai_at = tai_at};
    static const struct refclock_settings settings = {.driver = REFCLOCK_GPSD, .serial_delay_ns = 100000000};
    static struct gps gps;
    gps_init(&gps, 1, &settings, &feed, NULL);
    gps_connected(&gps, true, NULL);
    clocks = (struct engine_now){.timeline = {1}, .raw = {100 * SECOND_NS}, .realtime_ns = UTC_S * SECOND_NS};
    while (size > 1) {
        int64_t pass_ns = data[0] * (SECOND_NS / 50); /* up to 5.1 s */
        const uint8_t *end = memchr(data, '\n', size);
        size_t len = end == NULL ? size : (size_t)(end - data);
        struct gps_message m;
        clocks.raw.ns += pass_ns;
        clocks.realtime_ns += pass_ns;
        clocks.timeline.id += data[0] == 'T' ? 1 : 0;
        if (len > 0 && gps_json_read((const char *)data + 1, len - 1, &m) == GPS_LINE_FINE)
            gps_take(&gps, &m, &clocks);
        gps_second(&gps, &clocks);
        data += end == NULL ? len : len + 1;
        size -= end == NULL ? len : len + 1;
    }
    return 0;
}
