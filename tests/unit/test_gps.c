/* SPDX-License-Identifier: Apache-2.0 */
/* What the messages of gpsd amount to: pulses and serial time, which second, leap counts, several receivers. */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "server/clock/core/gps.h"
#include "tests/unit/gps_feed.h"

#define MS    INT64_C(1000000)
#define UTC_S INT64_C(1782864000) /* 2026-07-01T00:00:00Z */

static struct gps_feed f;
static struct refclock_settings settings;
static struct gps g;

static void begin(const char *device)
{
    gps_feed_init(&f);
    settings = (struct refclock_settings){
        .driver = REFCLOCK_GPSD, .name = "gps", .accuracy_ns = 100, .serial_accuracy_ns = 500 * MS};
    gps_init(&g, 3, &settings, &f.feed, device);
    gps_connected(&g, true, NULL);
}

static struct gps_message message(enum gps_class class, const char *device)
{
    struct gps_message m = {.class = class};
    strcpy(m.device, device);
    return m;
}

static void take(const struct gps_message *m)
{
    gps_take(&g, m, &f.now);
}

static void tpv_of(const char *device, uint8_t mode, int64_t utc_s, int32_t leap_s)
{
    struct gps_message m = message(GPS_TPV, device);
    m.u.tpv = (struct gps_tpv){.mode = mode,
                               .has_time = mode > 1,
                               .utc_s = utc_s,
                               .has_leap = leap_s != 0,
                               .leap_s = leap_s,
                               .jamming = -1};
    take(&m);
}

static void tpv(int64_t utc_s, int32_t leap_s)
{
    tpv_of("/dev/ttyS0", 3, utc_s, leap_s);
}

/* An edge of `ago_ns` before now. */
static void edge_of(const char *device, enum gps_class class, int64_t utc_s, int64_t ago_ns, int32_t qerr_ps)
{
    struct gps_message m = message(class, device);
    m.u.edge = (struct gps_edge){utc_s, 0, f.now.realtime_ns - ago_ns, -20, qerr_ps};
    take(&m);
}

static void pulse(int64_t utc_s, int64_t ago_ns, int32_t qerr_ps)
{
    edge_of("/dev/ttyS0", GPS_PPS, utc_s, ago_ns, qerr_ps);
}

/* 2014-12-31T03:07:19Z as gpsd 3.22 tells it: 1024 weeks late. */
START_TEST(test_weeks)
{
    static const int64_t from = 1417392000, told = 2039310439; /* 2014-12-01, 2034-08-16T03:07:19Z */
    static const struct {
        int64_t utc_s, dated_s;
    } rows[] = {
        {told, told - GPS_ERA_S},
        {told - GPS_ERA_S, told - GPS_ERA_S},
        {told - 2 * GPS_ERA_S, told - GPS_ERA_S},
        {told + 3 * GPS_ERA_S, told - GPS_ERA_S},
        {from, from},
        {from - 1, from - 1 + GPS_ERA_S},
        {from + GPS_ERA_S - 1, from + GPS_ERA_S - 1},
        {from + GPS_ERA_S, from},
    };
    static const enum gps_class edges[] = {GPS_TOFF, GPS_PPS};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct gps_message m = message(GPS_TPV, "/dev/a");
        m.u.tpv = (struct gps_tpv){.has_time = true, .utc_s = rows[i].utc_s, .utc_ns = 5};
        gps_message_era(&m, from);
        ck_assert_int_eq(m.u.tpv.utc_s, rows[i].dated_s);
        ck_assert_int_eq(m.u.tpv.utc_ns, 5);
        for (size_t k = 0; k < 2; k++) {
            m = message(edges[k], "/dev/a");
            m.u.edge = (struct gps_edge){.real_s = rows[i].utc_s, .clock_ns = 7};
            struct gps_message as_told = m;
            gps_message_era(&as_told, 0);
            ck_assert_int_eq(as_told.u.edge.real_s, rows[i].utc_s);
            gps_message_era(&m, from);
            ck_assert_int_eq(m.u.edge.real_s, rows[i].dated_s);
            ck_assert_int_eq(m.u.edge.clock_ns, 7);
        }
    }
    struct gps_message m = message(GPS_TPV, "/dev/a");
    gps_message_era(&m, from); /* no time: nothing to date */
    ck_assert_int_eq(m.u.tpv.utc_s, 0);
}
END_TEST

START_TEST(test_worked_number)
{
    begin(NULL);
    settings.serial_delay_ns = 120 * MS;
    gps_feed_pass(&f, 130 * MS);
    tpv(UTC_S, 18);
    ck_assert_uint_eq(f.samples, 1);
    ck_assert(!f.sample.pulse && f.sample.source == 3);
    ck_assert_int_eq(f.sample.tai.ns, (UTC_S + 37) * FEED_SECOND + 120 * MS);
    ck_assert_int_eq(f.sample.raw.ns, f.now.raw.ns);
    ck_assert_int_eq(f.sample.error_ns, GPS_ARRIVAL_NS);
    ck_assert_uint_eq(f.leaps, 1);
    ck_assert(f.leap.has_tai_utc && f.leap.tai_utc_s == 37 && f.leap.source == 3);
    /* The pulse of the next second came 880 ms later and is told 2 ms after it. */
    gps_feed_pass(&f, 882 * MS);
    pulse(UTC_S + 1, 2 * MS, 7000);
    ck_assert_uint_eq(f.samples, 2);
    ck_assert(f.sample.pulse);
    ck_assert_int_eq(f.sample.tai.ns, (UTC_S + 38) * FEED_SECOND - 7);
    ck_assert_int_eq(f.sample.raw.ns, f.now.raw.ns - 2 * MS);
    ck_assert_int_eq(f.sample.error_ns, 100 + 954);
    /* Serial time is measured now, and not handed in. */
    gps_feed_pass(&f, 118 * MS);
    tpv(UTC_S + 1, 18);
    ck_assert_uint_eq(f.samples, 2);
    gps_second(&g, &f.now);
    ck_assert_int_eq(f.evidence.serial_delay_ns, 120 * MS - 7);
    ck_assert(f.evidence.serial_delay_pulses && f.evidence.serial_delays == 1);
    ck_assert(f.evidence.has_pulse && f.evidence.mode == 3 && f.evidence.tai_utc_s == 37);
    ck_assert_ptr_null(f.evidence.why);
    ck_assert_uint_eq(f.losses, 0);
}
END_TEST

/* A cable of 50 ns: the pulse comes late. Without pulses for 5 s serial time is taken again, unless only pulses count. */
START_TEST(test_delay_and_fallback)
{
    for (int only = 0; only <= 1; only++) {
        begin(NULL);
        settings.pulses = only == 1;
        settings.delay_ns = 50;
        unsigned serials = 0;
        for (int s = 0; s < 20; s++) {
            bool pulses = s < 10;
            gps_feed_pass(&f, 5 * MS);
            if (pulses && s > 0) {
                pulse(UTC_S + s, 5 * MS, -3000);
                ck_assert(f.sample.pulse);
                ck_assert_int_eq(f.sample.tai.ns, (UTC_S + s + 37) * FEED_SECOND + 50 + 3);
            }
            gps_feed_pass(&f, 195 * MS);
            unsigned before = f.samples;
            tpv(UTC_S + s, 0);
            if (f.samples != before)
                serials++;
            gps_feed_pass(&f, 800 * MS);
            gps_second(&g, &f.now);
        }
        ck_assert_uint_eq(f.evidence.pulses, 9);
        ck_assert_uint_eq(serials, only == 1 ? 0 : 1 + 6); /* before the first pulse, and from second 14 on */
        ck_assert(!f.evidence.has_pulse);
    }
}
END_TEST

/* Serial time numbers the pulses: whatever gpsd says, a pulse is of the second whose message follows it within a second. */
START_TEST(test_numbering)
{
    for (int64_t wrong = -2; wrong <= 2; wrong++)
        for (int64_t late_ms = 10; late_ms <= 900; late_ms += 89) {
            begin(NULL);
            for (int s = 0; s < 10; s++) {
                gps_feed_pass(&f, 3 * MS);
                pulse(UTC_S + s + wrong, 3 * MS, 0);
                gps_feed_pass(&f, (late_ms - 3) * MS);
                tpv(UTC_S + s, 18);
                gps_feed_pass(&f, (1000 - late_ms) * MS);
            }
            gps_second(&g, &f.now);
            ck_assert_uint_eq(f.evidence.pulses, wrong == 0 ? 9 : 0);
            if (wrong != 0)
                ck_assert_uint_ge(f.evidence.withheld, 9);
        }
}
END_TEST

static void run_late(int64_t configured_ms, int64_t gpsd_wrong)
{
    begin(NULL);
    settings.serial_delay_ns = configured_ms * MS;
    settings.pulses = true;
    for (int s = 0; s < 10; s++) {
        gps_feed_pass(&f, 3 * MS);
        pulse(UTC_S + s + gpsd_wrong, 3 * MS, 0);
        gps_feed_pass(&f, 197 * MS);
        tpv(UTC_S + s - 1, 18);
        gps_feed_pass(&f, 800 * MS);
    }
    gps_second(&g, &f.now);
}

/* Messages 1.2 s late. Configured, they number the pulses, and otherwise contradict gpsd's right number; but where gpsd's is one too
 * low, as it makes it of such messages, it looks as if they were 0.2 s late, and only what is configured can contradict it. */
START_TEST(test_a_second_late)
{
    run_late(1200, 0);
    ck_assert_uint_eq(f.evidence.pulses, 9);
    run_late(0, -1);
    ck_assert(f.evidence.pulses == 9 && f.evidence.serial_delay_ns == 200 * MS);
    for (int configured = 0; configured <= 1; configured++) {
        run_late(configured == 1 ? 1200 : 0, configured == 1 ? -1 : 0);
        ck_assert(f.samples == 0 && f.losses == 1);
        ck_assert(f.verdict == REFCLOCK_REFUSED && strstr(f.why, "serial_delay") != NULL);
    }
}
END_TEST

START_TEST(test_pulse_refused)
{
    begin(NULL);
    pulse(UTC_S, 2 * MS, 0); /* before any fix */
    ck_assert_uint_eq(f.samples, 0);
    tpv(UTC_S, 18);
    unsigned serial = f.samples;
    gps_feed_pass(&f, FEED_SECOND);
    f.locatable = false;
    pulse(UTC_S + 1, 2 * MS, 0);
    f.locatable = true;
    pulse(UTC_S + 1, 3 * FEED_SECOND, 0);  /* told 3 s late */
    pulse(UTC_S + 1, -FEED_SECOND / 2, 0); /* of the future */
    pulse(UTC_S + 1000, 2 * MS, 0);        /* of another second altogether */
    ck_assert_uint_eq(f.samples, serial);
    gps_feed_pass(&f, 300 * MS);
    pulse(UTC_S + 1, 300 * MS, 0);
    pulse(UTC_S + 1, 300 * MS, 0);        /* told twice */
    ck_assert_uint_eq(f.samples, serial); /* too near to the bad one before it */
    tpv(UTC_S + 1, 18);
    gps_feed_pass(&f, 702 * MS);
    pulse(UTC_S + 2, 2 * MS, 0);
    pulse(UTC_S + 2, 2 * MS, 0);
    gps_second(&g, &f.now);
    ck_assert_uint_eq(f.evidence.pulses, 1);
    /* Pulses go on without a fix: a receiver that has lost the sky only counts its own crystal. */
    tpv_of("/dev/ttyS0", 1, 0, 0);
    ck_assert(f.verdict == REFCLOCK_REFUSED && strcmp(f.why, "the receiver has no fix") == 0);
    gps_feed_pass(&f, FEED_SECOND);
    pulse(UTC_S + 3, 2 * MS, 0);
    gps_second(&g, &f.now);
    ck_assert_uint_eq(f.evidence.pulses, 1);
    ck_assert_str_eq(f.evidence.why, "the receiver has no fix");
    ck_assert_uint_eq(f.losses, 1);
}
END_TEST

/* An edge that was told too late, though all else of it fits. */
START_TEST(test_stale_pulse)
{
    for (int late = 0; late <= 1; late++) {
        begin(NULL);
        gps_feed_pass(&f, FEED_SECOND);
        tpv(UTC_S, 18);
        gps_feed_pass(&f, (late == 1 ? 2300 : 1500) * MS);
        pulse(UTC_S, (late == 1 ? 2350 : 1550) * MS, 0);
        gps_second(&g, &f.now);
        ck_assert_uint_eq(f.evidence.pulses, late == 1 ? 0 : 1);
    }
}
END_TEST

START_TEST(test_simulated)
{
    begin(NULL);
    struct gps_message m = message(GPS_TPV, "x");
    m.u.tpv = (struct gps_tpv){.mode = 3, .status = GPS_STATUS_SIMULATED, .has_time = true, .utc_s = UTC_S};
    take(&m);
    ck_assert_uint_eq(f.samples, 0);
    ck_assert(f.verdict == REFCLOCK_REFUSED && strstr(f.why, "simulated") != NULL);
}
END_TEST

/* TOFF where it can be placed; TPV where not; never both for one second. */
START_TEST(test_serial_sources)
{
    begin(NULL);
    for (int s = 0; s < 5; s++) {
        tpv(UTC_S + s, 18);
        edge_of("/dev/ttyS0", GPS_TOFF, UTC_S + s, 40 * MS, 0);
        if (s > 0)
            ck_assert_int_eq(f.sample.error_ns, 100);
        gps_feed_pass(&f, FEED_SECOND);
    }
    ck_assert_uint_eq(f.samples,
                      1 + 4); /* the first TPV came before there was a TOFF, whose own was too near then */
    f.locatable = false;
    for (int s = 5; s < 12; s++) {
        tpv(UTC_S + s, 18);
        gps_feed_pass(&f, 600 * MS);
        tpv(UTC_S + s, 18); /* gpsd tells a second again and again */
        edge_of("/dev/ttyS0", GPS_TOFF, UTC_S + s, 40 * MS, 0);
        gps_feed_pass(&f, 400 * MS);
    }
    ck_assert_int_eq(f.sample.error_ns, GPS_ARRIVAL_NS);
    ck_assert_uint_eq(f.samples, 5 + 5); /* seconds 5 and 6 still wait for TOFF */
    ck_assert_uint_eq(f.losses, 0);
}
END_TEST

START_TEST(test_delay_against_node)
{
    begin(NULL);
    f.knows = true;
    f.known = (struct tai_interval){{(UTC_S + 37) * FEED_SECOND - MS}, {(UTC_S + 37) * FEED_SECOND + MS}};
    for (int s = 0; s < 40; s++) {
        int64_t late = (200 + s % 5 * 10) * MS;
        gps_feed_pass(&f, late);
        tpv(UTC_S + s, 18);
        gps_feed_pass(&f, FEED_SECOND - late);
    }
    gps_second(&g, &f.now);
    ck_assert(!f.evidence.serial_delay_pulses);
    ck_assert_uint_eq(f.evidence.serial_delays, GPS_DELAYS);
    ck_assert_int_eq(f.evidence.serial_delay_ns, 220 * MS);
    ck_assert_int_eq(f.evidence.serial_delay_spread_ns, 40 * MS);
    /* Not applied by itself. */
    ck_assert_int_eq(f.sample.tai.ns % FEED_SECOND, 0);
}
END_TEST

/* Power-up with the leap count of an old firmware: announced, refused, and taken when the almanac has come. */
START_TEST(test_cold_boot)
{
    begin(NULL);
    for (int s = 0; s < 750; s++, gps_feed_pass(&f, FEED_SECOND))
        tpv(UTC_S + s, 15);
    ck_assert_uint_eq(f.samples, 0);
    ck_assert(f.verdict == REFCLOCK_REFUSED && strstr(f.why, "leap seconds") != NULL);
    ck_assert_uint_eq(f.losses, 1);
    ck_assert(f.leaps > 0 && f.leap.tai_utc_s == 34);
    tpv(UTC_S + 750 - 3, 18); /* its UTC goes back by the three seconds */
    ck_assert_uint_eq(f.samples, 1);
    ck_assert_int_eq(f.leap.tai_utc_s, 37);
}
END_TEST

/* Second by second over the leap second: nothing within 2 s of it, and TAI goes on evenly. */
START_TEST(test_over_a_leap_second)
{
    begin(NULL);
    int64_t tai_before = 0, gaps = 0;
    for (int s = -10; s <= 10; s++, gps_feed_pass(&f, FEED_SECOND)) {
        /* POSIX has no number for second 60: the receiver's next second is 00:00:00. */
        int64_t utc_s = FEED_LEAP_S + s - (s > 0 ? 1 : 0);
        unsigned before = f.samples;
        tpv(utc_s, utc_s < FEED_LEAP_S ? 17 : 18);
        if (f.samples == before) {
            gaps++;
            ck_assert_msg(s >= -2 && s <= 2, "second %d", s);
            continue;
        }
        if (tai_before != 0)
            ck_assert_int_eq((f.sample.tai.ns - tai_before) / FEED_SECOND, 1 + gaps);
        gaps = 0;
        tai_before = f.sample.tai.ns;
    }
    ck_assert_uint_eq(f.losses, 0);
    ck_assert_int_eq(tai_before, (FEED_LEAP_S + 9 + 37) * FEED_SECOND);
}
END_TEST

START_TEST(test_table_expired)
{
    begin(NULL);
    f.expires_s = UTC_S - 86400;
    tpv(UTC_S, 0);
    ck_assert_uint_eq(f.samples, 0);
    ck_assert_str_eq(f.why, "no valid leap table at its date, and it says no count of leap seconds");
    for (int s = 0; s <= 900; s++, gps_feed_pass(&f, FEED_SECOND))
        tpv(UTC_S + 1 + s, 19);
    ck_assert_uint_eq(f.samples, 1);
    ck_assert_int_eq(f.sample.tai.ns, (UTC_S + 901 + 38) * FEED_SECOND);
}
END_TEST

START_TEST(test_several_receivers)
{
    begin(NULL);
    tpv_of("a", 1, 0, 0);
    tpv_of("b", 3, UTC_S, 18);
    ck_assert_uint_eq(f.samples, 1);
    for (int s = 1; s < 5; s++, gps_feed_pass(&f, FEED_SECOND)) {
        tpv_of("a", 3, UTC_S + s, 18);
        tpv_of("b", 3, UTC_S + s, 18);
        edge_of("a", GPS_PPS, UTC_S + s, 2 * MS, 0); /* pulses do not take over from one that works */
    }
    ck_assert_uint_eq(f.evidence.pulses, 0);
    gps_second(&g, &f.now);
    ck_assert_str_eq(f.evidence.device, "b");
    unsigned losses = f.losses;
    for (int s = 5; s < 20; s++, gps_feed_pass(&f, FEED_SECOND)) {
        edge_of("a", GPS_PPS, UTC_S + s, 2 * MS, 0);
        tpv_of("c", 3, UTC_S + s, 18);
        tpv_of("a", 3, UTC_S + s, 18);
        gps_second(&g, &f.now);
    }
    ck_assert_str_eq(f.evidence.device, "a"); /* b is gone, and a has pulses */
    ck_assert_uint_gt(f.evidence.pulses, 0);
    ck_assert_uint_eq(f.losses, losses + 1);
    /* a is unplugged: c at once. */
    struct gps_message gone = message(GPS_DEVICE, "");
    gone.u.devices.count = 1;
    strcpy(gone.u.devices.list[0].path, "a");
    take(&gone);
    ck_assert_str_eq(f.why, "the receiver was unplugged");
    tpv_of("c", 3, UTC_S + 20, 18);
    gps_second(&g, &f.now);
    ck_assert_str_eq(f.evidence.device, "c");
    /* and plugged in again, with its driver's name. */
    gone.u.devices.list[0].active = true;
    strcpy(gone.u.devices.list[0].driver, "u-blox");
    take(&gone);
    /* A list without c. */
    struct gps_message list = message(GPS_DEVICES, "");
    list.u.devices = gone.u.devices;
    take(&list);
    gps_second(&g, &f.now);
    ck_assert_str_eq(f.evidence.receiver, "u-blox");
    /* Any number of names costs no memory and ends nothing. */
    for (int i = 0; i < 1000; i++) {
        char name[16];
        snprintf(name, sizeof name, "n%d", i);
        tpv_of(name, 3, UTC_S + 30, 18);
        gps_feed_pass(&f, MS);
    }
}
END_TEST

/* Two receivers, one of them with an old count: it is told whose count counts now, whoever was chosen when it was first heard. */
START_TEST(test_counts_of_two)
{
    begin(NULL);
    tpv_of("a", 3, UTC_S, 15);
    for (int s = 1; s < 15; s++, gps_feed_pass(&f, FEED_SECOND)) {
        tpv_of("b", 3, UTC_S + s, 18);
        gps_second(&g, &f.now);
    }
    ck_assert_str_eq(f.evidence.device, "b");
    ck_assert_uint_gt(f.samples, 0);
    ck_assert_int_eq(f.leap.tai_utc_s, 37);
}
END_TEST

/* Who was silent is forgotten; its count, still the same, is told again with its first word. */
START_TEST(test_count_after_silence)
{
    begin(NULL);
    tpv(UTC_S, 18);
    for (int s = 0; s < 12; s++, gps_feed_pass(&f, FEED_SECOND))
        gps_second(&g, &f.now);
    ck_assert_int_eq(f.verdict, REFCLOCK_SILENT);
    unsigned before = f.leaps;
    tpv(UTC_S + 12, 18);
    ck_assert_uint_eq(f.leaps, before + 1);
    ck_assert_int_eq(f.leap.tai_utc_s, 37);
}
END_TEST

START_TEST(test_one_device)
{
    begin("/dev/ttyS1");
    tpv(UTC_S, 18);
    ck_assert_uint_eq(f.samples, 0);
    struct gps_message list = message(GPS_DEVICES, "");
    take(&list);
    ck_assert(f.verdict == REFCLOCK_SILENT && strcmp(f.why, "gpsd has no such receiver") == 0);
    tpv_of("/dev/ttyS1", 3, UTC_S, 18);
    ck_assert_uint_eq(f.samples, 1);
}
END_TEST

START_TEST(test_silence_and_timeline)
{
    begin(NULL);
    tpv(UTC_S, 18);
    for (int s = 0; s < 12; s++, gps_feed_pass(&f, FEED_SECOND))
        gps_second(&g, &f.now);
    ck_assert(f.verdict == REFCLOCK_SILENT && f.losses == 1);
    tpv(UTC_S + 12, 18);
    ck_assert_uint_eq(f.samples, 2);
    gps_feed_pass(&f, FEED_SECOND);
    pulse(UTC_S + 13, 2 * MS, 0);
    ck_assert(f.sample.pulse);
    /* The machine slept: nothing from before numbers a pulse of after. */
    f.now.timeline.id++;
    gps_feed_pass(&f, FEED_SECOND);
    pulse(UTC_S + 14, 2 * MS, 0);
    ck_assert_uint_eq(f.samples, 3);
    gps_connected(&g, false, "gpsd hung up");
    ck_assert_str_eq(f.why, "gpsd hung up");
    gps_second(&g, &f.now);
    ck_assert(!f.evidence.connected);
    ck_assert_str_eq(f.evidence.why, "gpsd hung up");
}
END_TEST

START_TEST(test_dates)
{
    static const struct {
        const char *text;
        bool good;
        int64_t s;
        int32_t ns;
    } rows[] = {
        {"2018-10-25T20:55:46.000Z", true, 1540500946, 0},
        {"2018-10-25T20:55:46Z", true, 1540500946, 0},
        {"1980-01-06T00:00:00.000Z", true, 315964800, 0},
        {"2038-01-19T03:14:08.5Z", true, INT64_C(2147483648), 500000000},
        {"2199-12-31T23:59:59.999999999Z", true, GPS_UTC_S_END - 1, 999999999},
        {"2024-02-29T00:00:00Z", true, 1709164800, 0},
        {"2023-02-29T00:00:00Z", false, 0, 0},
        {"2023-02-31T00:00:00Z", false, 0, 0},
        {"2016-12-31T23:59:60Z", false, 0, 0},
        {"2200-01-01T00:00:00Z", false, 0, 0},
        {"1971-12-31T23:59:59Z", false, 0, 0},
        {"2018-10-25T24:00:00Z", false, 0, 0},
        {"2018-10-25T20:55:46", false, 0, 0},
        {"2018-10-25T20:55:46.Z", false, 0, 0},
        {"2018-10-25T20:55:46.0000000000Z", false, 0, 0},
        {"2018-10-25T20:55:46.12x4Z", false, 0, 0},
        {"2018-10-25 20:55:46Z", false, 0, 0},
        {"2018-10-25T20:55:46+00:00", false, 0, 0},
        {"-018-10-25T20:55:46Z", false, 0, 0},
        {"2018-1-25T20:55:46.0Z", false, 0, 0},
        {"2018-00-25T20:55:46Z", false, 0, 0},
        {" 2018-10-25T20:55:46Z", false, 0, 0},
        {"", false, 0, 0},
        {"Z", false, 0, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int64_t s = 0;
        int32_t ns = 0;
        ck_assert_msg(gps_time_read(bytes_of_str(rows[i].text), &s, &ns) == rows[i].good && s == rows[i].s &&
                          ns == rows[i].ns,
                      "%s: %lld %d", rows[i].text, (long long)s, ns);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("gps");
    TCase *tcase = tcase_create("gps");
    tcase_add_test(tcase, test_weeks);
    tcase_add_test(tcase, test_worked_number);
    tcase_add_test(tcase, test_delay_and_fallback);
    tcase_add_test(tcase, test_numbering);
    tcase_add_test(tcase, test_a_second_late);
    tcase_add_test(tcase, test_pulse_refused);
    tcase_add_test(tcase, test_stale_pulse);
    tcase_add_test(tcase, test_simulated);
    tcase_add_test(tcase, test_serial_sources);
    tcase_add_test(tcase, test_delay_against_node);
    tcase_add_test(tcase, test_cold_boot);
    tcase_add_test(tcase, test_over_a_leap_second);
    tcase_add_test(tcase, test_table_expired);
    tcase_add_test(tcase, test_several_receivers);
    tcase_add_test(tcase, test_counts_of_two);
    tcase_add_test(tcase, test_count_after_silence);
    tcase_add_test(tcase, test_one_device);
    tcase_add_test(tcase, test_silence_and_timeline);
    tcase_add_test(tcase, test_dates);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
