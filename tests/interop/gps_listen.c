/* SPDX-License-Identifier: Apache-2.0 */
/* The driver of gpsd on a loop of its own, with this machine's clocks: prints what it feeds, a line each. For tests that play
 * logs to a real gpsd.
 *
 * Usage: gps_listen ADDRESS SECONDS LEAP-TABLE [SERIAL-DELAY-MS] */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "client/io/clocks.h"
#include "server/clock/io/references.h"
#include "server/libevent.h"

#define NS_PER_S  INT64_C(1000000000)
#define WIDTH_NS  INT64_C(20000) /* of a stamp of the last second or two: nobody slews that fast here */
#define NS_PER_MS INT64_C(1000000)
#define RECENT_NS (5 * NS_PER_S)

static struct clocks clocks;
static taistamp_leaps *leaps;
static void *driver;
static int seconds_left;
static struct event_base *base;

static void on_sample(void *ctx, const struct refclock_sample *s)
{
    (void)ctx;
    struct engine_now now;
    clocks_read(&clocks, &now);
    int64_t at_ns = now.realtime_ns - (now.raw.ns - s->raw.ns);
    printf("sample pulse=%d tai=%" PRId64 " realtime=%" PRId64 " error=%" PRId64 "\n", s->pulse, s->tai.ns,
           at_ns, s->error_ns);
}

static void on_leap(void *ctx, const struct refclock_leap *l)
{
    (void)ctx;
    printf("leap tai_utc=%d\n", (int)l->tai_utc_s);
}

static void on_evidence(void *ctx, const struct refclock_evidence *e)
{
    (void)ctx;
    printf("evidence connected=%d mode=%d seen=%d used=%d listed=%d leap=%d tai_utc=%d device=%s receiver=%s "
           "bad=%" PRIu64 " withheld=%" PRIu64 " why=%s\n",
           e->connected, e->mode, e->satellites_seen, e->satellites_used, e->satellites_count, e->has_leap,
           (int)e->tai_utc_s, e->device, e->receiver, e->bad, e->withheld, e->why == NULL ? "" : e->why);
}

static void on_lost(void *ctx, uint8_t source, enum refclock_verdict verdict, const char *why)
{
    (void)ctx;
    (void)source;
    printf("lost %d %s\n", (int)verdict, why);
}

static void on_now(void *ctx, struct engine_now *ret_now)
{
    (void)ctx;
    clocks_read(&clocks, ret_now);
}

static bool locate(void *ctx, int64_t realtime_ns, tai_mono_t *ret_raw, int64_t *ret_width_ns)
{
    (void)ctx;
    struct engine_now now;
    clocks_read(&clocks, &now);
    int64_t ago_ns = now.realtime_ns - realtime_ns;
    if (ago_ns < -RECENT_NS || ago_ns > RECENT_NS)
        return false;
    ret_raw->ns = now.raw.ns - ago_ns;
    *ret_width_ns = WIDTH_NS;
    return true;
}

static void leap_table(void *ctx, struct sync_leap *ret_leap)
{
    (void)ctx;
    *ret_leap = (struct sync_leap){.expires = taistamp_leaps_expires(leaps)};
}

static enum taistamp_utc_status tai_utc_at(void *ctx, int64_t posix_s, int32_t *ret_tai_utc_s)
{
    (void)ctx;
    enum taistamp_utc_status status;
    tai_t t;
    if (taistamp_time_from_posix(leaps, posix_s, &t, &status) != TAI_OK)
        return TAISTAMP_UTC_UNKNOWN;
    *ret_tai_utc_s = (int32_t)(t.ns / NS_PER_S - posix_s);
    return status;
}

static bool tai_at(void *ctx, tai_mono_t raw, struct tai_interval *ret_interval)
{
    (void)ctx;
    (void)raw;
    (void)ret_interval;
    return false;
}

static void on_second(evutil_socket_t fd, short what, void *ctx)
{
    (void)fd;
    (void)what;
    (void)ctx;
    struct engine_now now;
    clocks_read(&clocks, &now);
    refclock_gpsd.second(driver, &now);
    fflush(stdout);
    if (--seconds_left <= 0)
        event_base_loopbreak(base);
}

int main(int argc, char **argv)
{
    struct tai_error error;
    static const struct refclock_feed feed = {NULL,   on_sample,  on_leap,    on_evidence, on_lost, on_now,
                                              locate, leap_table, tai_utc_at, NULL,        NULL,    tai_at};
    struct refclock_settings settings = {.driver = REFCLOCK_GPSD, .name = "gps"};
    if (argc < 4 || argc > 5 || taistamp_leaps_load(argv[3], &leaps, &error) != TAI_OK) {
        fprintf(stderr, "usage: gps_listen ADDRESS SECONDS LEAP-TABLE [SERIAL-DELAY-MS]\n");
        return 2;
    }
    settings.serial_delay_ns = argc == 5 ? atoi(argv[4]) * NS_PER_MS : 0;
    clocks_open(&clocks, 1);
    base = event_base_new();
    struct refclock_place place = {.base = base, .settings = &settings, .feed = &feed, .address = argv[1]};
    if (base == NULL || refclock_gpsd.open(&place, &driver, &error) != TAI_OK) {
        fprintf(stderr, "gps_listen: %s\n", error.text);
        return 1;
    }
    seconds_left = atoi(argv[2]);
    struct timeval one = {1, 0};
    struct event *timer = event_new(base, -1, EV_PERSIST, on_second, NULL);
    event_add(timer, &one);
    event_base_dispatch(base);
    event_free(timer);
    refclock_gpsd.close(driver);
    event_base_free(base);
    clocks_close(&clocks);
    taistamp_leaps_free(leaps);
    return 0;
}
