/* SPDX-License-Identifier: Apache-2.0 */
/* The driver of gpsd against one that the test plays: absent, slow, hung, restarted, hostile. Time is the test's own: a
 * minute of pauses takes no minute. */
#include <arpa/inet.h>
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "server/clock/io/gps_json.h"
#include "server/clock/io/references.h"
#include "server/libevent.h"
#include "tests/unit/gps_feed.h"

#define UTC_S INT64_C(1782864000) /* 2026-07-01T00:00:00Z */

static struct gps_feed f;
static struct refclock_settings settings;
static struct refclock_place place;
static void *driver;
static int listening, connection;
static char address[32];

/* ---- The other side ---- */

static void listen_again(uint16_t port)
{
    struct sockaddr_in in = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof in;
    listening = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    int on = 1;
    ck_assert_int_eq(setsockopt(listening, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on), 0);
    ck_assert_int_eq(bind(listening, (struct sockaddr *)&in, sizeof in), 0);
    ck_assert_int_eq(listen(listening, 5), 0);
    ck_assert_int_eq(getsockname(listening, (struct sockaddr *)&in, &len), 0);
    snprintf(address, sizeof address, "127.0.0.1:%u", (unsigned)ntohs(in.sin_port));
}

static uint16_t port_of_address(void)
{
    return (uint16_t)atoi(strchr(address, ':') + 1);
}

static void loop_once(void)
{
    struct timespec pause = {0, 1000000};
    event_base_loop(place.base, EVLOOP_NONBLOCK);
    nanosleep(&pause, NULL);
}

static void settle(void)
{
    for (int i = 0; i < 20; i++)
        loop_once();
}

/* A second of the test's time. */
static void second(void)
{
    gps_feed_pass(&f, FEED_SECOND);
    refclock_gpsd.second(driver, &f.now);
    settle();
}

/* Takes the driver's connection. */
static bool is_called(void)
{
    for (int i = 0; i < 50; i++) {
        loop_once();
        connection = accept4(listening, NULL, NULL, SOCK_NONBLOCK);
        if (connection >= 0)
            return true;
    }
    return false;
}

static void hear(const char *words)
{
    char text[256];
    size_t len = 0;
    for (int i = 0; i < 100; i++) {
        loop_once();
        ssize_t n = recv(connection, text + len, sizeof text - 1 - len, 0);
        if (n > 0)
            len += (size_t)n;
        text[len] = 0;
        if (strstr(text, words) != NULL)
            return;
    }
    ck_abort_msg("no %s in %s", words, text);
}

static void tell(const char *text)
{
    size_t len = strlen(text);
    while (len > 0) {
        ssize_t n = send(connection, text, len, MSG_NOSIGNAL);
        if (n > 0) {
            text += n;
            len -= (size_t)n;
        } else {
            loop_once();
        }
    }
    settle();
}

static void tell_fix(int64_t utc_s)
{
    char date[32], line[256];
    time_t t = (time_t)utc_s;
    struct tm tm;
    strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", gmtime_r(&t, &tm));
    snprintf(line, sizeof line,
             "{\"class\":\"TPV\",\"device\":\"/dev/"
             "ttyS0\",\"mode\":3,\"time\":\"%s.000Z\",\"leapseconds\":18,\"lat\":48.25,"
             "\"lon\":-11.5,\"altHAE\":500.5,\"ept\":0.005}\r\n",
             date);
    tell(line);
}

static bool is_hung_up(void)
{
    char byte[64];
    for (int i = 0; i < 50; i++) {
        loop_once();
        ssize_t n;
        while ((n = recv(connection, byte, sizeof byte, 0)) > 0)
            ;
        if (n == 0)
            return true;
    }
    return false;
}

static void begin(void)
{
    struct tai_error error;
    gps_feed_init(&f);
    listen_again(0);
    settings = (struct refclock_settings){.driver = REFCLOCK_GPSD, .name = "gps", .accuracy_ns = 1000};
    place = (struct refclock_place){event_base_new(), &settings, 2, &f.feed, address, NULL, NULL, 0, 0};
    ck_assert(refclock_gpsd.open(&place, &driver, &error) == TAI_OK);
    refclock_gpsd.second(driver, &f.now);
}

static void begin_connected(void)
{
    begin();
    ck_assert(is_called());
    hear("?WATCH={\"enable\":true,\"json\":true,\"pps\":true};");
    tell("{\"class\":\"VERSION\",\"release\":\"3.22\",\"rev\":\"3.22\",\"proto_major\":3,\"proto_minor\":14}"
         "\r\n");
}

static void end(void)
{
    refclock_gpsd.close(driver);
    event_base_free(place.base);
    close(listening);
    if (connection > 0)
        close(connection);
}

/* ---- Tests ---- */

START_TEST(test_talk)
{
    begin_connected();
    tell("{\"class\":\"DEVICES\",\"devices\":[{\"class\":\"DEVICE\",\"path\":\"/dev/"
         "ttyS0\",\"driver\":\"u-blox\","
         "\"activated\":\"2026-07-01T00:00:00.000Z\",\"flags\":1,\"native\":1,\"bps\":9600}]}\r\n");
    tell_fix(UTC_S);
    ck_assert_uint_eq(f.samples, 1);
    ck_assert(f.sample.source == 2 && !f.sample.pulse && f.sample.tai.ns == (UTC_S + 37) * FEED_SECOND);
    gps_feed_pass(&f, FEED_SECOND);
    char line[256];
    snprintf(
        line, sizeof line,
        "{\"class\":\"PPS\",\"device\":\"/dev/ttyS0\",\"real_sec\":%lld,\"real_nsec\":0,\"clock_sec\":%lld,"
        "\"clock_nsec\":999000000,\"precision\":-20,\"qErr\":-4000,\"shm\":\"NTP2\"}\r\n",
        (long long)UTC_S + 1, (long long)(f.now.realtime_ns / FEED_SECOND) - 1);
    tell(line);
    ck_assert(f.sample.pulse && f.sample.tai.ns == (UTC_S + 38) * FEED_SECOND + 4);
    ck_assert_int_eq(f.now.raw.ns - f.sample.raw.ns, 1000000);
    tell(
        "{\"class\":\"SKY\",\"device\":\"/dev/"
        "ttyS0\",\"time\":\"2026-07-01T00:00:01.000Z\",\"hdop\":0.9,\"satellites\":["
        "{\"PRN\":8,\"el\":37.0,\"az\":270.0,\"ss\":45.5,\"used\":true,\"gnssid\":0,\"svid\":8,\"health\":1},"
        "{\"PRN\":70,\"used\":false}]}\r\n");
    second();
    const struct refclock_evidence *e = &f.evidence;
    ck_assert(e->connected && e->mode == 3 && e->has_pulse && e->has_position && e->has_leap);
    ck_assert_str_eq(e->device, "/dev/ttyS0");
    ck_assert_str_eq(e->receiver, "u-blox");
    ck_assert_int_eq(e->latitude_ndeg, INT64_C(48250000000));
    ck_assert_int_eq(e->longitude_ndeg, INT64_C(-11500000000));
    ck_assert_int_eq(e->altitude_mm, 500500);
    ck_assert_int_eq(e->time_error_ns, 5000000);
    ck_assert(e->satellites_seen == 2 && e->satellites_used == 1 && e->satellites_count == 2);
    ck_assert(e->satellites[0].number == 8 && e->satellites[0].cn0_ddbhz == 455 && e->satellites[0].used);
    ck_assert(e->satellites[1].constellation == 6 && e->satellites[1].elevation_deg == -1000);
    ck_assert_uint_eq(e->bad, 0);
    ck_assert_uint_eq(f.losses, 0);
    end();
}
END_TEST

/* Each byte by itself. */
START_TEST(test_split)
{
    static const char line[] =
        "{\"class\":\"TPV\",\"device\":\"/dev/ttyS0\",\"mode\":3,\"time\":\"2026-07-01T00:00:00.000Z\"}\n";
    begin_connected();
    for (size_t i = 0; i < sizeof line - 1; i++) {
        ck_assert_int_eq(send(connection, line + i, 1, MSG_NOSIGNAL), 1);
        loop_once();
    }
    settle();
    ck_assert_uint_eq(f.samples, 1);
    end();
}
END_TEST

/* Nobody there: tried after 1, 2, 4 ... 60 s, for ever, one loss; and the one who comes at last is heard. */
START_TEST(test_absent)
{
    begin();
    close(listening);
    settle();
    int tries = 0, gap = 0, longest = 0;
    for (int s = 0; s < 600; s++) {
        listen_again(port_of_address());
        second();
        int fd = accept4(listening, NULL, NULL, SOCK_NONBLOCK);
        close(listening);
        gap++;
        if (fd < 0)
            continue;
        close(fd); /* hangs up before a word */
        tries++;
        longest = gap > longest ? gap : longest;
        gap = 0;
    }
    ck_assert_int_ge(tries, 10);
    ck_assert_int_le(tries, 20);
    ck_assert_int_ge(longest, 58);
    ck_assert_int_le(longest, 64);
    ck_assert(f.verdict == REFCLOCK_SILENT && f.losses >= 1);
    listen_again(port_of_address());
    for (int s = 0; s < 62 && !is_called(); s++)
        second();
    ck_assert_int_ge(connection, 0);
    hear("?WATCH");
    tell_fix(UTC_S);
    ck_assert_uint_eq(f.samples, 1);
    end();
}
END_TEST

/* Hung: asked after 5 s, left after 10, called again a second later. */
START_TEST(test_hung)
{
    begin_connected();
    tell_fix(UTC_S);
    for (int s = 0; s < 5; s++)
        second();
    hear("?VERSION;");
    for (int s = 0; s < 6; s++)
        second();
    ck_assert(is_hung_up());
    ck_assert_str_eq(f.why, "gpsd does not answer");
    close(connection);
    connection = 0;
    second();
    second();
    ck_assert(is_called());
    hear("?WATCH");
    end();
}
END_TEST

/* No receiver speaks, but gpsd lives: it is asked, and stays. */
START_TEST(test_quiet)
{
    begin_connected();
    for (int s = 0; s < 60; s++) {
        second();
        if (s % 5 == 4) {
            hear("?VERSION;");
            tell("{\"class\":\"VERSION\",\"release\":\"3.22\"}\n");
        }
    }
    tell_fix(UTC_S + 60);
    ck_assert_uint_eq(f.samples, 1);
    end();
}
END_TEST

START_TEST(test_restarted)
{
    begin_connected();
    tell_fix(UTC_S);
    close(connection);
    settle();
    ck_assert_str_eq(f.why, "gpsd hung up");
    second();
    ck_assert(!f.evidence.connected);
    second();
    ck_assert(is_called());
    hear("?WATCH");
    tell_fix(UTC_S + 1);
    ck_assert_uint_eq(f.samples, 2);
    second();
    ck_assert(f.evidence.connected && f.evidence.why == NULL);
    end();
}
END_TEST

/* A receiver, or gpsd, that is 1024 weeks off; the settings say from when on its dates are. */
START_TEST(test_weeks)
{
    begin_connected();
    settings.weeks_from_s = UTC_S - 86400;
    tell_fix(UTC_S - GPS_ERA_S);
    ck_assert_uint_eq(f.samples, 1);
    ck_assert_int_eq(f.sample.tai.ns, (UTC_S + 37) * FEED_SECOND);
    settings.weeks_from_s = 0;
    second();
    second();
    tell_fix(UTC_S + 2);
    ck_assert_int_eq(f.sample.tai.ns, (UTC_S + 2 + 37) * FEED_SECOND);
    end();
}
END_TEST

/* Lines that are refused; a good one after each is heard. */
START_TEST(test_hostile)
{
    static const char *const lines[] = {
        "{\"class\":\"TPV\",\"mode\":3,\"lat\":1e400,\"time\":\"2026-07-01T00:00:00.000Z\"}",
        "{\"class\":\"TPV\",\"mode\":3,\"lat\":NaN,\"time\":\"2026-07-01T00:00:00.000Z\"}",
        "{\"class\":\"TPV\",\"mode\":3,\"lat\":inf}",
        "{\"class\":\"TPV\",\"mode\":3,\"lat\":91}",
        "{\"class\":\"TPV\",\"mode\":3,\"time\":\"2026-06-31T00:00:00.000Z\"}",
        "{\"class\":\"TPV\",\"mode\":3,\"time\":1782864000}",
        "{\"class\":\"TPV\",\"mode\":\"3\"}",
        "{\"class\":\"TPV\",\"mode\":4}",
        "{\"class\":\"TPV\",\"mode\":3.5}",
        "{\"class\":\"TPV\"}",
        "{\"class\":\"TPV\",\"mode\":3,\"mode\":3}",
        "{\"class\":\"TPV\",\"mode\":3,\"leapseconds\":99999999999999999999}",
        "{\"class\":\"TPV\",\"mode\":3,\"leapseconds\":2000}",
        "{\"class\":\"TPV\",\"mode\":3,\"device\":17}",
        "{\"class\":\"TPV\",\"mode\":3,\"device\":\"/dev/\\u001b[31m\"}",
        "{\"class\":\"TPV\",\"mode\":3,\"device\":"
        "\"0123456789012345678901234567890123456789012345678901234567890123\"}",
        "{\"class\":\"PPS\",\"device\":\"x\",\"real_sec\":1782864000,\"real_nsec\":1000000000,\"clock_sec\":"
        "1,\"clock_nsec\":0,"
        "\"precision\":-20}",
        "{\"class\":\"PPS\",\"device\":\"x\",\"real_sec\":9223372036854775807,\"real_nsec\":0,\"clock_sec\":"
        "1,\"clock_nsec\":0,"
        "\"precision\":-20}",
        "{\"class\":\"PPS\",\"device\":\"x\",\"real_sec\":1782864000,\"real_nsec\":0,\"clock_sec\":-1,"
        "\"clock_nsec\":0,"
        "\"precision\":-20}",
        "{\"class\":\"PPS\",\"device\":\"x\",\"real_sec\":1782864000,\"real_nsec\":0,\"clock_sec\":1,\"clock_"
        "nsec\":0,"
        "\"precision\":-128}",
        "{\"class\":\"PPS\",\"device\":\"x\",\"real_sec\":1782864000,\"real_nsec\":0,\"clock_sec\":1,\"clock_"
        "nsec\":0,"
        "\"precision\":-20,\"qErr\":2000000000}",
        "{\"class\":\"PPS\",\"device\":\"x\"}",
        "{\"class\":\"TOFF\",\"device\":\"x\",\"real_sec\":5,\"real_nsec\":0,\"clock_sec\":1,\"clock_nsec\":"
        "0}",
        "{\"class\":\"SKY\",\"satellites\":{}}",
        "{\"class\":\"SKY\",\"satellites\":[1]}",
        "{\"class\":\"SKY\",\"satellites\":[{\"PRN\":1}]}",
        "{\"class\":\"SKY\",\"satellites\":[{\"PRN\":-1,\"used\":true}]}",
        "{\"class\":\"SKY\",\"satellites\":[{\"PRN\":1,\"used\":true,\"ss\":1000}]}",
        "{\"class\":\"DEVICES\"}",
        "{\"class\":\"DEVICES\",\"devices\":[[]]}",
        "{\"class\":\"DEVICE\"}",
        "{\"class\":[\"TPV\"]}",
        "{\"class\":\"TPV\",\"mode\":3,\"x\":[[[[[[[1]]]]]]]}",
        "{\"class\":\"TPV\",\"mode\":3,\"device\":\"a\\u0000b\"}",
        "[]",
        "\"TPV\"",
        "",
        "{",
        "HTTP/1.1 400 Bad Request",
        "\xff\xfe\xfd",
    };
    begin_connected();
    unsigned n = 0;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct gps_message m;
        ck_assert_msg(gps_json_read(lines[i], strlen(lines[i]), &m) != GPS_LINE_FINE, "%s", lines[i]);
        tell(lines[i]);
        tell("\r\n");
        second();
        ck_assert_msg(f.evidence.bad == ++n, "%s: %llu bad", lines[i], (unsigned long long)f.evidence.bad);
        tell_fix(UTC_S + (int64_t)i);
        ck_assert_msg(f.samples == n, "after %s", lines[i]);
    }
    end();
}
END_TEST

/* Lines that are strange and no harm. */
START_TEST(test_unknown)
{
    static const char *const lines[] = {
        "{\"class\":\"ATT\",\"device\":\"x\",\"heading\":\"north\"}",
        "{\"class\":\"WATCH\",\"enable\":true}",
        "{\"class\":\"ERROR\",\"message\":\"Unrecognized request\"}",
        "{\"class\":\"TPV\",\"mode\":0,\"newly\":{\"made\":[1,2]},\"jam\":255}",
        "{\"class\":\"SKY\",\"device\":\"x\",\"hdop\":1.0}",
        "{\"class\":\"\"}",
        "{\"class\":\"TPV\",\"mode\":3,\"time\":\"1980-01-06T00:00:00.000Z\"}",
        "{\"class\":\"TPV\",\"mode\":3,\"time\":\"2038-01-19T03:14:08.000Z\"}",
    };
    begin_connected();
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        tell(lines[i]);
        tell("\n");
    }
    second();
    ck_assert_uint_eq(f.evidence.bad, 0);
    end();
}
END_TEST

START_TEST(test_many_satellites)
{
    static char line[GPS_LINE_MAX];
    begin_connected();
    for (int n = 255; n <= 1200; n += 945) { /* as many as the table holds are kept, the used ones first */
        size_t len = (size_t)snprintf(line, sizeof line,
                                      "{\"class\":\"SKY\",\"device\":\"/dev/ttyS0\",\"satellites\":[");
        for (int i = 0; i < n && len < sizeof line - 64; i++)
            len += (size_t)snprintf(line + len, sizeof line - len, "%s{\"PRN\":%d,\"ss\":40,\"used\":%s}",
                                    i > 0 ? "," : "", i % 200 + 1, i >= 200 ? "true" : "false");
        snprintf(line + len, sizeof line - len, "]}\n");
        tell(line);
        second();
    }
    ck_assert_uint_eq(f.evidence.satellites_count, REFCLOCK_SATELLITES_MAX);
    ck_assert(f.evidence.satellites[0].used); /* the used ones are kept */
    ck_assert_uint_ge(f.evidence.satellites_seen, 255);
    end();
}
END_TEST

/* A megabyte: 300 kB are one bad line; one without an end ends the connection. */
START_TEST(test_long_lines)
{
    static char text[300001];
    memset(text, 'a', sizeof text - 1);
    begin_connected();
    tell(text);
    tell("\n");
    for (int i = 0; i < 1500 && f.evidence.bad == 0; i++) { /* what is too much comes in by and by */
        loop_once();
        refclock_gpsd.second(driver, &f.now);
    }
    ck_assert_uint_eq(f.evidence.bad, 1);
    tell_fix(UTC_S);
    ck_assert_uint_eq(f.samples, 1);
    for (int i = 0; i < 12000 && f.losses == 0; i++) {
        (void)!send(connection, text, 4096, MSG_NOSIGNAL);
        loop_once();
    }
    ck_assert_uint_eq(f.losses, 1);
    ck_assert_str_eq(f.why, "what answers is not gpsd");
    ck_assert(is_hung_up());
    end();
}
END_TEST

START_TEST(test_stranger)
{
    begin_connected();
    for (int i = 0; i < 100; i++)
        tell("220 mail.example.org ESMTP\r\n");
    ck_assert(is_hung_up());
    ck_assert_str_eq(f.why, "what answers is not gpsd");
    end();
}
END_TEST

START_TEST(test_addresses)
{
    static const struct {
        const char *text;
        bool good;
    } rows[] = {{NULL, true},
                {"127.0.0.1", true},
                {"127.0.0.1:2947", true},
                {"[::1]:2947", true},
                {"localhost", true},
                {"localhost:1", true},
                {"192.0.2.1:2947", false},
                {"localhosts", false},
                {"gps.example", false},
                {"0.0.0.0", false},
                {"", false},
                {"127.0.0.1:x", false}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct tai_error error = {0};
        gps_feed_init(&f);
        place =
            (struct refclock_place){event_base_new(), &settings, 0, &f.feed, rows[i].text, NULL, NULL, 0, 0};
        enum tai_err err = refclock_gpsd.open(&place, &driver, &error);
        ck_assert_msg((err == TAI_OK) == rows[i].good, "%s: %s", rows[i].text, error.text);
        if (err == TAI_OK)
            refclock_gpsd.close(driver);
        else
            ck_assert_ptr_nonnull(strstr(error.text, "127.0.0.1:2947"));
        event_base_free(place.base);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("gpsd");
    TCase *tcase = tcase_create("gpsd");
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, test_talk);
    tcase_add_test(tcase, test_split);
    tcase_add_test(tcase, test_absent);
    tcase_add_test(tcase, test_hung);
    tcase_add_test(tcase, test_quiet);
    tcase_add_test(tcase, test_restarted);
    tcase_add_test(tcase, test_weeks);
    tcase_add_test(tcase, test_hostile);
    tcase_add_test(tcase, test_unknown);
    tcase_add_test(tcase, test_many_satellites);
    tcase_add_test(tcase, test_long_lines);
    tcase_add_test(tcase, test_stranger);
    tcase_add_test(tcase, test_addresses);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
