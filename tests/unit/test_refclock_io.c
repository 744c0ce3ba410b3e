/* SPDX-License-Identifier: Apache-2.0 */
/* The drivers shm, sock, pps and system-clock on a real loop, against a real segment, socket and clock; the feed is the
 * test's. RAW is REALTIME minus RAW_BEHIND here. */
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "sdk/time/page.h"
#include "server/clock/core/shm_segment.h"
#include "server/clock/core/sock_sample.h"
#include "server/clock/core/utc_leap.h"
#include "server/clock/io/reference_set.h"
#include "server/clock/io/references.h"
#include "server/clock/io/serve.h"
#include "server/clock/io/shm_owner.h"
#include "server/libevent.h"

#define S          INT64_C(1000000000)
#define RAW_BEHIND (INT64_C(1700000000) * S)
enum { TAI_UTC = 37 };

struct rig {
    struct event_base *base;
    struct refclock_settings settings;
    struct refclock_feed feed;
    struct refclock_sample sample;
    struct refclock_leap leap;
    uint32_t samples, lost, readings;
    int64_t read_ns; /* the last of them */
    const char *why;
    bool knows; /* tai_at */
    tai_t next_leap;
};

static int64_t realtime_ns(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_REALTIME, &ts);
    return ts.tv_sec * S + ts.tv_nsec;
}

static void on_sample(void *ctx, const struct refclock_sample *sample)
{
    struct rig *r = ctx;
    r->sample = *sample;
    r->samples++;
    event_base_loopbreak(r->base);
}

static void on_leap(void *ctx, const struct refclock_leap *leap)
{
    ((struct rig *)ctx)->leap = *leap;
}

static void on_lost(void *ctx, uint8_t source, enum refclock_verdict verdict, const char *why)
{
    struct rig *r = ctx;
    ck_assert_uint_eq(source, 3);
    ck_assert_int_ne(verdict, REFCLOCK_ACCEPTED);
    r->lost++;
    r->why = why;
    event_base_loopbreak(r->base);
}

static void now(void *ctx, struct engine_now *ret_now)
{
    struct rig *r = ctx;
    int64_t t = realtime_ns();
    r->readings++;
    r->read_ns = t;
    *ret_now =
        (struct engine_now){.timeline = {7}, .raw = {t - RAW_BEHIND}, .realtime_ns = t, .width_ns = 20};
}

static bool locate(void *ctx, int64_t stamp_ns, tai_mono_t *ret_raw, int64_t *ret_width_ns)
{
    (void)ctx;
    if (stamp_ns < realtime_ns() - 60 * S || stamp_ns > realtime_ns() + S)
        return false;
    ret_raw->ns = stamp_ns - RAW_BEHIND;
    *ret_width_ns = 30;
    return true;
}

static void leaps_at(void *ctx, int64_t posix_s, struct utc_leaps *ret_leaps)
{
    struct rig *r = ctx;
    (void)posix_s;
    *ret_leaps = (struct utc_leaps){
        .table = {TAI_UTC, TAI_UTC + (r->next_leap.ns != 0), {PAGE_NEVER}, {PAGE_NEVER - 1}}};
    if (r->next_leap.ns != 0)
        ret_leaps->table.next = r->next_leap;
}

static bool tai_at(void *ctx, tai_mono_t raw, struct tai_interval *ret_interval)
{
    int64_t tai = raw.ns + RAW_BEHIND + TAI_UTC * S;
    *ret_interval = (struct tai_interval){{tai - S / 10}, {tai + S / 10}};
    return ((struct rig *)ctx)->knows;
}

static struct refclock_place place(struct rig *r)
{
    *r = (struct rig){.base = event_base_new(), .settings = {.delay_ns = 50}, .knows = true};
    r->feed = (struct refclock_feed){.ctx = r,
                                     .sample = on_sample,
                                     .leap = on_leap,
                                     .lost = on_lost,
                                     .now = now,
                                     .locate = locate,
                                     .leaps_at = leaps_at,
                                     .tai_at = tai_at};
    return (struct refclock_place){.base = r->base, .settings = &r->settings, .source = 3, .feed = &r->feed};
}

/* Until a sample or a loss, at most 10 s. */
static void run(struct rig *r)
{
    uint32_t before = r->samples + r->lost;
    struct timeval most = {.tv_sec = 10};
    event_base_loopexit(r->base, &most);
    event_base_dispatch(r->base);
    ck_assert_msg(r->samples + r->lost > before, "nothing came within 10 s");
}

static void *must_open(const struct refclock_driver_ops *ops, const struct refclock_place *p)
{
    void *state = NULL;
    struct tai_error error = {0};
    enum tai_err err = ops->open(p, &state, &error);
    ck_assert_msg(err == TAI_OK, "%s", error.text);
    return state;
}

/* ---- shm ---- */

static void write_segment(struct shm_segment *s, int64_t receive_ns, int64_t ahead_ns)
{
    int64_t clock_ns = receive_ns + ahead_ns;
    s->mode = 1;
    s->valid = 0;
    s->count++;
    s->receive_s = receive_ns / S;
    s->receive_us = (int32_t)(receive_ns % S / 1000);
    s->receive_ns = (uint32_t)(receive_ns % S);
    s->clock_s = clock_ns / S;
    s->clock_us = (int32_t)(clock_ns % S / 1000);
    s->clock_ns = (uint32_t)(clock_ns % S);
    s->leap = 1;
    s->count++;
    s->valid = 1;
}

START_TEST(test_shm)
{
    struct rig r;
    struct refclock_place p = place(&r);
    p.unit = 100 + (uint32_t)getpid() % 150;
    key_t key = SHM_SEGMENT_KEY + (key_t)p.unit;
    void *state = must_open(&refclock_shm, &p);
    run(&r);
    ck_assert_str_eq(r.why, "there is no such segment");
    refclock_shm.close(state);
    int id = shmget(key, sizeof(struct shm_segment), IPC_CREAT | IPC_EXCL | 0600);
    ck_assert_msg(id >= 0, "the segment of unit %u cannot be made", p.unit);
    struct shm_segment *s = shmat(id, NULL, 0);
    int64_t receive = realtime_ns() - S / 3;
    write_segment(s, receive, 250);
    struct shm_segment before = *s;
    state = must_open(&refclock_shm, &p);
    run(&r);
    ck_assert_uint_eq(r.samples, 1);
    ck_assert_uint_eq(r.sample.source, 3);
    ck_assert(!r.sample.pulse && r.sample.timeline.id == 7);
    ck_assert_int_eq(r.sample.raw.ns, receive - RAW_BEHIND);
    ck_assert_int_eq(r.sample.tai.ns, receive + 250 + 50 + TAI_UTC * S);
    ck_assert_int_eq(r.sample.error_ns, 31);
    ck_assert_int_eq(r.leap.warning, REFCLOCK_LEAP_INSERT);
    ck_assert_mem_eq(s, &before, sizeof before); /* nothing was written */
    write_segment(s, receive + S / 4, -1000);
    run(&r);
    ck_assert_int_eq(r.sample.tai.ns, receive + S / 4 - 1000 + 50 + TAI_UTC * S);
    s->leap = 3;
    s->count++;
    run(&r);
    ck_assert_str_eq(r.why, "the source says that it is not synchronised");
    /* Near a leap second: read, not handed in. */
    r.next_leap.ns = receive + (TAI_UTC + 3) * S;
    uint32_t samples = r.samples;
    write_segment(s, receive + S / 3, 0);
    struct timeval some = {.tv_usec = 300000};
    event_base_loopexit(r.base, &some);
    event_base_dispatch(r.base);
    ck_assert_uint_eq(r.samples, samples);
    refclock_shm.close(state);
    shmdt(s);
    shmctl(id, IPC_RMID, NULL);
    event_base_free(r.base);
}
END_TEST

/* ---- sock ---- */

static void send_to(const char *path, const void *data, size_t len)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    memcpy(to.sun_path, path, strlen(path) + 1);
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    ck_assert_int_eq(sendto(fd, data, len, 0, (const struct sockaddr *)&to, sizeof to), (ssize_t)len);
    close(fd);
}

START_TEST(test_sock)
{
    struct rig r;
    struct refclock_place p = place(&r);
    char dir[] = "/tmp/taistamp-sock-XXXXXX", path[100];
    ck_assert_ptr_nonnull(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/s", dir);
    p.device = path;
    void *state = must_open(&refclock_sock, &p);
    struct stat st;
    ck_assert_int_eq(stat(path, &st), 0);
    ck_assert_int_eq(st.st_mode & 0777, 0600);
    uint8_t datagram[SOCK_SAMPLE_LEN];
    int64_t at = realtime_ns() / 1000 * 1000;
    struct sock_sample sample = {.realtime_ns = at, .offset_ns = -777, .leap = 2};
    sock_sample_write(&sample, datagram);
    send_to(path, datagram, sizeof datagram);
    run(&r);
    ck_assert_int_eq(r.sample.raw.ns, at - RAW_BEHIND);
    ck_assert_int_eq(r.sample.tai.ns, at - 777 + 50 + TAI_UTC * S);
    ck_assert(!r.sample.pulse);
    ck_assert_int_eq(r.leap.warning, REFCLOCK_LEAP_DELETE);
    /* A pulse says the fraction only: 5 s off makes no difference. */
    sample.pulse = true;
    sample.offset_ns = 5 * S - 333;
    sock_sample_write(&sample, datagram);
    send_to(path, datagram, sizeof datagram);
    run(&r);
    ck_assert(r.sample.pulse);
    ck_assert_int_eq(r.sample.tai.ns, at - 333 + 50 + TAI_UTC * S);
    send_to(path, "nonsense", 8);
    run(&r);
    ck_assert_str_eq(r.why, "what is sent is no sample");
    refclock_sock.close(state);
    ck_assert_int_ne(stat(path, &st), 0);
    /* What a dead process left is replaced, a file is not. */
    int fd = open(path, O_CREAT | O_WRONLY, 0600);
    close(fd);
    struct tai_error error;
    ck_assert_int_eq(refclock_sock.open(&p, &state, &error), TAI_ERR_CONFLICT);
    unlink(path);
    rmdir(dir);
    event_base_free(r.base);
}
END_TEST

/* A stamp that comes 300 ms late: the clocks are read when the next is due, so that it has a reading near it. */
START_TEST(test_sock_late)
{
    struct rig r;
    struct refclock_place p = place(&r);
    char dir[] = "/tmp/taistamp-sock-XXXXXX", path[100];
    ck_assert_ptr_nonnull(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/s", dir);
    p.device = path;
    void *state = must_open(&refclock_sock, &p);
    uint8_t datagram[SOCK_SAMPLE_LEN];
    const struct sock_sample sample = {.realtime_ns = (realtime_ns() - S * 3 / 10) / 1000 * 1000};
    sock_sample_write(&sample, datagram);
    send_to(path, datagram, sizeof datagram);
    run(&r);
    uint32_t before = r.readings;
    struct timeval most = {.tv_sec = 10};
    event_base_loopexit(r.base, &most);
    while (r.readings == before && !event_base_got_exit(r.base))
        event_base_loop(r.base, EVLOOP_ONCE);
    ck_assert_uint_eq(r.readings, before + 1);
    /* The loop counts from when it woke up, which is a little earlier. */
    ck_assert_int_ge(r.read_ns, sample.realtime_ns + S - S / 50);
    refclock_sock.close(state);
    rmdir(dir);
    event_base_free(r.base);
}
END_TEST

/* ---- pps: no such device in most places; what is no PPS device is said to be none ---- */

START_TEST(test_pps)
{
    struct rig r;
    struct refclock_place p = place(&r);
    p.device = "/dev/null";
    void *state = must_open(&refclock_pps, &p);
    run(&r);
    ck_assert_str_eq(r.why, "this is no PPS device");
    refclock_pps.close(state);
    p.device = "/nonexistent/pps0";
    state = must_open(&refclock_pps, &p);
    run(&r);
    ck_assert_str_eq(r.why, "there is no such device");
    refclock_pps.close(state);
    if (access("/dev/pps0", R_OK) != 0) {
        printf("pps with a device: left out, for this machine has no /dev/pps0 that may be read\n");
    } else {
        p.device = "/dev/pps0";
        state = must_open(&refclock_pps, &p);
        run(&r);
        refclock_pps.close(state);
    }
    event_base_free(r.base);
}
END_TEST

/* ---- system-clock and kernel ---- */

START_TEST(test_system_clock)
{
    struct rig r;
    struct refclock_place p = place(&r);
    void *state = must_open(&refclock_system_clock, &p);
    struct engine_now at;
    now(&r, &at);
    refclock_system_clock.second(state, &at);
    ck_assert_uint_eq(r.samples, 1);
    ck_assert_int_eq(r.sample.raw.ns, at.raw.ns);
    ck_assert_int_eq(r.sample.tai.ns, at.realtime_ns + 50 + TAI_UTC * S);
    ck_assert_int_eq(r.sample.error_ns, 20);
    r.next_leap.ns = at.realtime_ns + (TAI_UTC + 1) * S;
    refclock_system_clock.second(state, &at);
    ck_assert_uint_eq(r.samples, 1);
    refclock_system_clock.close(state);
    /* By the kernel's word: counted, or refused with the reason; never silently. */
    r.next_leap.ns = 0;
    state = must_open(&refclock_kernel, &p);
    refclock_kernel.second(state, &at);
    ck_assert_uint_eq(r.samples + r.lost, 2);
    if (r.lost > 0)
        ck_assert_ptr_nonnull(r.why);
    refclock_kernel.second(state, &at);
    ck_assert_uint_le(r.lost, 1); /* said once */
    refclock_kernel.close(state);
    event_base_free(r.base);
}
END_TEST

/* ---- What is given out ---- */

/* Only time with a measured bound, and not near a leap second; its announcement on the day before. */
/* An outvoted source is quarantined and suspected again within each second, until something is held. */
START_TEST(a_verdict_is_logged_once)
{
    struct timekeeper_reports r = {
        .count = 3,
        .items = {{TIMEKEEPER_SAYS_VERDICT, 1, REFCLOCK_QUARANTINED, TIMEKEEPER_CAME_BACK, 0},
                  {TIMEKEEPER_SAYS_VERDICT, 2, REFCLOCK_ACCEPTED, TIMEKEEPER_NO_REASON, 0},
                  {TIMEKEEPER_SAYS_VERDICT, 1, REFCLOCK_SUSPECT, TIMEKEEPER_OUTVOTED, 9097413}}};
    struct reference_said one = {0}, two = {0};
    ck_assert(!reference_report_is_news(&r, 0, &one));
    ck_assert(reference_report_is_news(&r, 1, &two));
    ck_assert(reference_report_is_news(&r, 2, &one));
    ck_assert(!reference_report_is_news(&r, 0, &one));
    ck_assert(!reference_report_is_news(&r, 2, &one));
    r.items[2].reason = TIMEKEEPER_PEERS;
    ck_assert(reference_report_is_news(&r, 2, &one));
    r.count = 1;
    ck_assert(reference_report_is_news(&r, 0, &one));
    r.items[0].kind = TIMEKEEPER_SAYS_REFERENCE;
    ck_assert(reference_report_is_news(&r, 0, &one));
    ck_assert(reference_report_is_news(&r, 0, &one));
}
END_TEST

START_TEST(a_reason_has_its_value_with_a_unit)
{
    static const struct {
        enum timekeeper_reason reason;
        int64_t value;
        const char *text;
    } rows[] = {
        {TIMEKEEPER_OUTVOTED, 9097413, ", by 9.10 ms"},
        {TIMEKEEPER_STEP, 999, ", by 999 ns"},
        {TIMEKEEPER_STEP, 999999, ", by 1.00 ms"},
        {TIMEKEEPER_DRAG, -12345, ", by 12.3 us"},
        {TIMEKEEPER_DAYS, INT64_MIN, ", by 106752 d"},
        {TIMEKEEPER_PEERS, 90 * S, ", by 90.0 s"},
        {TIMEKEEPER_UNDECIDED, 0, ""},
        {TIMEKEEPER_WEEKS, -1, ", -1 times"},
        {TIMEKEEPER_LEAP_COUNT, 36, ": TAI-UTC 36 s"},
        {TIMEKEEPER_NEW, 30 * S, ""},
        {TIMEKEEPER_TOO_EARLY, 7200 * S, ", by 2.00 h"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[64];
        reference_report_value(rows[i].reason, rows[i].value, text, sizeof text);
        ck_assert_str_eq(text, rows[i].text);
    }
}
END_TEST

/* Any local user may have been there first. */
START_TEST(test_others_may_write)
{
    struct rig r;
    struct refclock_place p = place(&r);
    int id = -1;
    for (p.unit = 0; id < 0 && p.unit < SHM_UNITS_OF_ROOT; p.unit += id < 0)
        id = shmget(SHM_SEGMENT_KEY + (key_t)p.unit, sizeof(struct shm_segment), IPC_CREAT | IPC_EXCL | 0666);
    ck_assert_msg(id >= 0, "units 0 and 1 are in use on this machine");
    void *state = must_open(&refclock_shm, &p);
    run(&r);
    ck_assert_str_eq(r.why, "units 0 and 1 are for root alone, and others may write into this one");
    refclock_shm.close(state);
    event_base_free(r.base);
    struct taid_config config = {.sync = {.serve_shm = p.unit}};
    struct serve serve;
    struct tai_error error = {0};
    ck_assert_int_eq(serve_open(&config, &serve, &error), TAI_ERR_CONFLICT);
    ck_assert_ptr_nonnull(strstr(error.text, "ipcrm"));
    serve_close(&serve);
    shmctl(id, IPC_RMID, NULL);
    ck_assert_int_eq(serve_open(&config, &serve, &error), TAI_OK);
    serve_close(&serve);
    id = shmget(SHM_SEGMENT_KEY + (key_t)p.unit, sizeof(struct shm_segment), 0);
    ck_assert_int_eq(shmctl(id, IPC_RMID, NULL), 0);
}
END_TEST

START_TEST(test_serve)
{
    char dir[] = "/tmp/taistamp-serve-XXXXXX", path[100];
    ck_assert_ptr_nonnull(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/out", dir);
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    memcpy(to.sun_path, path, strlen(path) + 1);
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    ck_assert_int_eq(bind(fd, (const struct sockaddr *)&to, sizeof to), 0);
    struct taid_config config = {.sync = {.serve_shm = CONFIG_NO_UNIT, .serve_sock = path}};
    struct serve serve;
    struct tai_error error = {0};
    ck_assert_int_eq(serve_open(&config, &serve, &error), TAI_OK);
    const int64_t tai = INT64_C(1700000037) * S;
    struct engine_now at = {
        .timeline = {7}, .raw = {100 * S}, .realtime_ns = tai - TAI_UTC * S - 1500, .width_ns = 20};
    struct sync_line line = {.timeline = {7},
                             .raw = {100 * S},
                             .tai = {tai},
                             .half_width = {1000},
                             .expires = {160 * S},
                             .status = TAISTAMP_STATUS_SYNCHRONISED};
    struct sync_leap leap = {TAI_UTC, TAI_UTC, {PAGE_NEVER}, {tai + 1000 * S}};
    uint8_t datagram[100];
    struct sock_sample sample;
    for (int status = 0; status <= TAISTAMP_STATUS_EXPIRED; status++) {
        line.status = (enum taistamp_status)status;
        bool good = status == TAISTAMP_STATUS_SYNCHRONISED || status == TAISTAMP_STATUS_SINGLE_REFERENCE;
        ck_assert_msg(serve_second(&serve, &at, &line, &leap) == good, "status %d", status);
        ssize_t n = recv(fd, datagram, sizeof datagram, 0);
        ck_assert_int_eq(n, good ? SOCK_SAMPLE_LEN : -1);
    }
    line.status = TAISTAMP_STATUS_SYNCHRONISED;
    ck_assert(serve_second(&serve, &at, &line, &leap));
    ck_assert_int_eq(recv(fd, datagram, sizeof datagram, 0), SOCK_SAMPLE_LEN);
    ck_assert(sock_sample_parse(bytes_of(datagram, SOCK_SAMPLE_LEN), &sample));
    ck_assert_int_eq(sample.offset_ns, 1500);
    ck_assert_int_eq(sample.leap, 0);
    for (int step = -1; step <= 1; step += 2) {
        leap.next.ns = tai + 3600 * S;
        leap.next_tai_utc_s = TAI_UTC + step;
        ck_assert(serve_second(&serve, &at, &line, &leap));
        ck_assert_int_eq(recv(fd, datagram, sizeof datagram, 0), SOCK_SAMPLE_LEN);
        ck_assert(sock_sample_parse(bytes_of(datagram, SOCK_SAMPLE_LEN), &sample));
        ck_assert_int_eq(sample.leap, step > 0 ? 1 : 2);
        leap.next.ns = tai + S;
        ck_assert(!serve_second(&serve, &at, &line, &leap));
    }
    leap = (struct sync_leap){TAI_UTC, TAI_UTC, {PAGE_NEVER}, {tai - S}};
    ck_assert(!serve_second(&serve, &at, &line, &leap)); /* an expired table */
    leap.expires.ns = 0;
    ck_assert(!serve_second(&serve, &at, &line, &leap)); /* none */
    leap.expires.ns = tai + 1000 * S;
    at.raw.ns = 161 * S;
    ck_assert(!serve_second(&serve, &at, &line, &leap)); /* an expired line */
    serve_close(&serve);
    close(fd);
    unlink(path);
    rmdir(dir);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("refclock_io");
    TCase *t = tcase_create("refclock_io");
    tcase_set_timeout(t, 120);
    tcase_add_test(t, test_shm);
    tcase_add_test(t, test_sock);
    tcase_add_test(t, test_sock_late);
    tcase_add_test(t, test_pps);
    tcase_add_test(t, test_others_may_write);
    tcase_add_test(t, test_serve);
    tcase_add_test(t, a_verdict_is_logged_once);
    tcase_add_test(t, a_reason_has_its_value_with_a_unit);
    tcase_add_test(t, test_system_clock);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
