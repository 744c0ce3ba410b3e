/* SPDX-License-Identifier: Apache-2.0 */
/* server/clock/io/ntp_upstream on loopback, against a server that does what it is told: right, wrong, hostile, gone. */
#include <arpa/inet.h>
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "sdk/io/log.h"
#include "sdk/io/openssl.h"
#include "sdk/time/arith.h"
#include "sdk/time/ntp.h"
#include "server/clock/core/ntp_packet.h"
#include "server/libevent.h"
#include "tests/unit/ntp_rig.h"

#define POLL_NS INT64_C(250000000)

/* ---- The server ---- */

enum mood { RIGHT, DEAF, FLOODS, DENIES, SLOWS, UNSYNCHRONISED, FROM_ELSEWHERE, SHIFTED };

struct server {
    int fd, elsewhere;
    struct event *event;
    char address[128];
    enum mood mood;
    const struct ntp_key *key;
    unsigned requests;
    struct sockaddr_in last_from;
};

static uint64_t now_stamp(int64_t shift_s)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_REALTIME, &t);
    return ntp_timestamp_from_posix(t.tv_sec + shift_s, (int32_t)t.tv_nsec);
}

static void reply(const struct server *s, int fd, const struct ntp_packet *p, size_t len)
{
    uint8_t bytes[1500] = {0}, header[NTP_HEADER_BYTES];
    struct out o = out_of(bytes, sizeof bytes);
    ntp_packet_write(p, header);
    out_bytes(&o, bytes_of(header, sizeof header));
    if (s->key != NULL)
        ck_assert(ntp_packet_seal(&o, s->key, openssl_mac, NULL));
    (void)sendto(fd, bytes, len == 0 ? o.len : len, 0, (const struct sockaddr *)&s->last_from,
                 sizeof s->last_from);
}

/* What an attacker who cannot see the request sends before the server does; and what comes too often after it. */
static void flood(const struct server *s, const struct ntp_packet *right)
{
    struct ntp_packet p = *right;
    reply(s, s->fd, &p, 47);
    reply(s, s->fd, &p, 49);
    reply(s, s->fd, &p, 1400); /* longer than any of ours, and zeroes behind */
    p.origin = 0;
    reply(s, s->fd, &p, 0);
    p.origin = ~right->origin;
    reply(s, s->fd, &p, 0);
    p.stratum = 0;
    p.reference_id = 0x44454e59;
    reply(s, s->fd, &p, 0);
    p = *right;
    p.mode = 6;
    reply(s, s->fd, &p, 0);
    reply(s, s->fd, right, 0);
    reply(s, s->fd, right, 0);
    reply(s, s->fd, right, 0);
}

static void answer(struct server *s, const struct ntp_packet *request)
{
    struct ntp_packet p = {.version = 4,
                           .mode = NTP_MODE_SERVER,
                           .stratum = 2,
                           .precision = -20,
                           .root_dispersion = 66, /* 1 ms */
                           .reference_id = 0xc0000201,
                           .origin = request->transmit,
                           .reference = now_stamp(-20),
                           .receive = now_stamp(0),
                           .transmit = now_stamp(0)};
    switch (s->mood) {
    case DEAF:
        return;
    case FLOODS:
        flood(s, &p);
        return;
    case DENIES:
        p.stratum = 0;
        p.reference_id = 0x44454e59;
        break;
    case SLOWS:
        p.stratum = 0;
        p.reference_id = 0x52415445;
        break;
    case UNSYNCHRONISED:
        p.stratum = 16;
        break;
    case SHIFTED:
        p.receive = now_stamp(5);
        p.transmit = now_stamp(5);
        break;
    case FROM_ELSEWHERE:
        reply(s, s->elsewhere, &p, 0);
        return;
    case RIGHT:
        break;
    }
    reply(s, s->fd, &p, 0);
}

static void on_request(evutil_socket_t fd, short what, void *ctx)
{
    struct server *s = ctx;
    uint8_t bytes[200];
    struct ntp_packet request;
    struct ntp_tail tail;
    socklen_t len = sizeof s->last_from;
    (void)what;
    ssize_t n = recvfrom(fd, bytes, sizeof bytes, 0, (struct sockaddr *)&s->last_from, &len);
    ck_assert(n >= NTP_HEADER_BYTES && ntp_packet_parse(bytes_of(bytes, (size_t)n), &request, &tail));
    ck_assert(request.mode == NTP_MODE_CLIENT && request.receive == 0 && request.reference == 0);
    ck_assert((n > NTP_HEADER_BYTES) == (tail.key_id != 0));
    s->requests++;
    answer(s, &request);
}

static int bound_socket(struct sockaddr_in *ret_at)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof at;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    ck_assert(fd >= 0 && bind(fd, (const struct sockaddr *)&at, sizeof at) == 0);
    ck_assert(getsockname(fd, (struct sockaddr *)&at, &len) == 0);
    *ret_at = at;
    return fd;
}

static struct server server;
static struct ntp_rig rig;

static void begin(enum mood mood, const char *host, const char *key_file, uint32_t key_id)
{
    struct sockaddr_in at, other;
    struct tai_error error;
    log_open("test", LOG_ERROR);
    server = (struct server){.mood = mood};
    server.fd = bound_socket(&at);
    server.elsewhere = bound_socket(&other);
    (void)snprintf(server.address, sizeof server.address, "%s:%u", host, (unsigned)ntohs(at.sin_port));
    ntp_rig_init(&rig, server.address, POLL_NS, key_file, key_id);
    server.event = event_new(rig.base, server.fd, EV_READ | EV_PERSIST, on_request, &server);
    ck_assert(event_add(server.event, NULL) == 0);
    ck_assert_msg(ntp_rig_open(&rig, &error) == TAI_OK, "%s", error.text);
}

static void end(void)
{
    event_free(server.event);
    ntp_rig_close(&rig);
    close(server.fd);
    close(server.elsewhere);
}

static bool samples_are(const void *n)
{
    return rig.samples >= *(const unsigned *)n;
}
static bool is_lost(const void *ctx)
{
    (void)ctx;
    return rig.losses > 0;
}
static bool never(const void *ctx)
{
    (void)ctx;
    return false;
}

/* ---- The tests ---- */

START_TEST(right_server)
{
    begin(RIGHT, "127.0.0.1", NULL, 0);
    ck_assert(ntp_rig_run(&rig, 20, samples_are, &(unsigned){12}));
    ck_assert_uint_eq(rig.untrue, 0);
    ck_assert_uint_eq(rig.losses, 0);
    ck_assert(rig.sample.source == 3 && !rig.sample.pulse && rig.sample.timeline.id == 1);
    ck_assert_int_lt(rig.sample.error_ns, 50000000); /* 1 ms of root dispersion, and a busy machine */
    ck_assert_int_gt(rig.sample.error_ns, 1000000);
    ck_assert_int_gt(rig.sample.noise_ns, 0);
    ck_assert(rig.leaps >= 12 && !rig.leap.has_tai_utc && rig.leap.warning == REFCLOCK_LEAP_NONE);
    ck_assert(rig.view.source == 3 && rig.view.stratum == 2 && rig.view.reference_id == 0xc0000201);
    ck_assert(rig.view.own_id == 0x7f000001 && rig.view.address.family == 4 && !rig.view.authenticated);
    ck_assert_uint_eq(rig.view.reach, 0xff);
    /* The machine slept: all begins anew on the new timeline. */
    rig.timeline = 2;
    unsigned more = rig.samples + 3;
    ck_assert(ntp_rig_run(&rig, 20, samples_are, &more));
    ck_assert(rig.sample.timeline.id == 2 && rig.untrue == 0);
    end();
}
END_TEST

START_TEST(configured_delay)
{
    begin(RIGHT, "127.0.0.1", NULL, 0);
    rig.settings.delay_ns = 700000000;
    ck_assert(ntp_rig_run(&rig, 20, samples_are, &(unsigned){1}));
    ck_assert(rig.off_ns > 600000000 && rig.off_ns < 800000000);
    end();
}
END_TEST

START_TEST(hostile_neighbours)
{
    begin(FLOODS, "127.0.0.1", NULL, 0);
    ck_assert(ntp_rig_run(&rig, 20, samples_are, &(unsigned){8}));
    ck_assert_uint_eq(rig.untrue, 0);
    ck_assert_uint_eq(rig.losses, 0);
    ck_assert_uint_le(rig.samples, server.requests); /* one for each, however often it is repeated */
    end();
    /* Who has seen the request but sends from another port is not heard: the socket is connected. */
    begin(FROM_ELSEWHERE, "127.0.0.1", NULL, 0);
    ck_assert(ntp_rig_run(&rig, 20, is_lost, NULL));
    ck_assert_int_eq(rig.verdict, REFCLOCK_SILENT);
    ck_assert_uint_eq(rig.samples, 0);
    end();
}
END_TEST

START_TEST(silent_and_back)
{
    begin(DEAF, "127.0.0.1", NULL, 0);
    ck_assert(ntp_rig_run(&rig, 20, is_lost, NULL));
    ck_assert(rig.verdict == REFCLOCK_SILENT && strcmp(rig.why, "does not answer") == 0);
    server.mood = RIGHT;
    ck_assert(ntp_rig_run(&rig, 30, samples_are, &(unsigned){3}));
    ck_assert_uint_eq(rig.untrue, 0);
    ck_assert_uint_eq(rig.losses, 1); /* said once */
    end();
}
END_TEST

START_TEST(kisses)
{
    begin(DENIES, "127.0.0.1", NULL, 0);
    ck_assert(ntp_rig_run(&rig, 20, is_lost, NULL));
    ck_assert(rig.verdict == REFCLOCK_REFUSED && strstr(rig.why, "DENY") != NULL);
    (void)ntp_rig_run(&rig, 2, never, NULL);
    ck_assert_uint_eq(server.requests, 1); /* and not one more */
    end();
    begin(SLOWS, "127.0.0.1", NULL, 0);
    (void)ntp_rig_run(&rig, 4, never, NULL);
    ck_assert_uint_le(server.requests, 4); /* at 0, 0.5, 1.5, 3.5 s; not each quarter of a second */
    ck_assert_int_ge(rig.view.poll_ns, 4 * POLL_NS);
    ck_assert_uint_eq(rig.samples, 0);
    end();
}
END_TEST

START_TEST(bad_server)
{
    begin(UNSYNCHRONISED, "127.0.0.1", NULL, 0);
    ck_assert(ntp_rig_run(&rig, 20, is_lost, NULL));
    ck_assert(rig.verdict == REFCLOCK_REFUSED && strstr(rig.why, "not synchronised") != NULL);
    ck_assert_uint_eq(rig.samples, 0);
    server.mood = RIGHT;
    ck_assert(ntp_rig_run(&rig, 20, samples_are, &(unsigned){3}));
    server.mood = SHIFTED;
    rig.losses = 0;
    ck_assert(ntp_rig_run(&rig, 20, is_lost, NULL));
    ck_assert(rig.verdict == REFCLOCK_REFUSED && strstr(rig.why, "contradicts") != NULL);
    end();
}
END_TEST

static const struct ntp_key key = {30, MAC_AES128_CMAC, 16, "0123456789abcdef"};

static void write_keys(char path[64], mode_t mode)
{
    static const char text[] = "30 AES128 ASCII:0123456789abcdef\n";
    (void)snprintf(path, 64, "ntp_keys.%ld", (long)getpid());
    (void)unlink(path);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
    ck_assert(fd >= 0 && write(fd, text, sizeof text - 1) == sizeof text - 1 && fchmod(fd, mode) == 0);
    close(fd);
}

START_TEST(with_a_key)
{
    char path[64];
    write_keys(path, 0640);
    begin(RIGHT, "127.0.0.1", path, 30);
    server.key = &key;
    ck_assert(ntp_rig_run(&rig, 20, samples_are, &(unsigned){4}));
    ck_assert(rig.untrue == 0 && rig.view.authenticated);
    end();
    begin(RIGHT, "127.0.0.1", path, 30); /* a server that knows no key */
    ck_assert(ntp_rig_run(&rig, 20, is_lost, NULL));
    ck_assert(rig.verdict == REFCLOCK_REFUSED && strstr(rig.why, "same key") != NULL);
    ck_assert_uint_eq(rig.samples, 0);
    end();
    (void)unlink(path);
}
END_TEST

/* By name, out of /etc/hosts; where localhost is ::1 first, nobody answers there and the next address is tried. */
START_TEST(by_name)
{
    begin(RIGHT, "localhost", NULL, 0);
    ck_assert(ntp_rig_run(&rig, 60, samples_are, &(unsigned){3}));
    ck_assert_uint_eq(rig.untrue, 0);
    end();
    /* A name that nobody can have (a label has 63 characters at most, so nobody is asked) is no end, only silence. */
    begin(RIGHT, "a123456789b123456789c123456789d123456789e123456789f123456789g1234.invalid", NULL, 0);
    ck_assert(ntp_rig_run(&rig, 20, is_lost, NULL));
    ck_assert_uint_eq(rig.samples, 0);
    ck_assert(rig.verdict == REFCLOCK_SILENT && strstr(rig.why, "cannot be resolved") != NULL);
    end();
}
END_TEST

START_TEST(cannot_be_opened)
{
    char open_to_all[64];
    write_keys(open_to_all, 0644);
    static const struct {
        const char *address;
        uint32_t key_id;
        bool key_file;
        const char *said;
    } rows[] = {
        {NULL, 0, false, "not the address"},          {"", 0, false, "not the address"},
        {"127.0.0.1:0", 0, false, "not the address"}, {"127.0.0.1:70000", 0, false, "not the address"},
        {"0.0.0.0", 0, false, "not the address"},     {"1.2.3", 0, false, "not the address"},
        {"a..b", 0, false, "not the address"},        {"host name", 0, false, "not the address"},
        {"-host", 0, false, "not the address"},       {"127.0.0.1", 30, false, "needs a key file"},
        {"127.0.0.1", 30, true, "chmod 640"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct tai_error error = {.code = TAI_OK};
        ntp_rig_init(&rig, rows[i].address, POLL_NS, rows[i].key_file ? open_to_all : NULL, rows[i].key_id);
        ck_assert(ntp_rig_open(&rig, &error) != TAI_OK);
        ck_assert_msg(strstr(error.text, rows[i].said) != NULL, "%s", error.text);
        ntp_rig_close(&rig);
    }
    struct tai_error error;
    ck_assert(chmod(open_to_all, 0600) == 0);
    ntp_rig_init(&rig, "ntp.example.org", POLL_NS, open_to_all, 31);
    ck_assert(ntp_rig_open(&rig, &error) == TAI_ERR_NOT_FOUND);
    ck_assert(strstr(error.text, "key 31") != NULL && strstr(error.text, open_to_all) != NULL);
    ntp_rig_close(&rig);
    (void)unlink(open_to_all);
    ntp_rig_init(&rig, "ntp.example.org", POLL_NS, open_to_all, 30);
    ck_assert(ntp_rig_open(&rig, &error) == TAI_ERR_NOT_FOUND);
    ntp_rig_close(&rig);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("ntp_upstream");
    TCase *t = tcase_create("ntp_upstream");
    suite_add_tcase(s, t);
    tcase_set_timeout(t, 120);
    tcase_add_test(t, right_server);
    tcase_add_test(t, configured_delay);
    tcase_add_test(t, hostile_neighbours);
    tcase_add_test(t, silent_and_back);
    tcase_add_test(t, kisses);
    tcase_add_test(t, bad_server);
    tcase_add_test(t, with_a_key);
    tcase_add_test(t, by_name);
    tcase_add_test(t, cannot_be_opened);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed == 0 ? 0 : 1;
}
