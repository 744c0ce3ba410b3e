/* SPDX-License-Identifier: Apache-2.0 */
/* UDP on loopback: stamps, verdicts, the filter in the kernel, and interfaces that go and come. */
#include <arpa/inet.h>
#include <check.h>
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "sdk/io/udp.h"
#include "sdk/io/udp_socket.h"
#include "tests/unit/prop.h"

static struct udp_address address(const char *text, uint16_t port)
{
    bool six = strchr(text, ':') != NULL;
    struct udp_address a = {.family = six ? 6 : 4, .port = port};
    ck_assert_int_eq(inet_pton(six ? AF_INET6 : AF_INET, text, a.bytes), 1);
    return a;
}

static void open_at(struct udp *udp, const char *v4, const char *v6)
{
    struct udp_settings settings = {.port = 0};
    struct tai_error error;
    if (v4 != NULL)
        settings.bind[UDP_V4] = address(v4, 0);
    if (v6 != NULL)
        settings.bind[UDP_V6] = address(v6, 0);
    settings.without[UDP_V6] = v6 == NULL;
    ck_assert_msg(udp_open(&settings, udp, &error) == TAI_OK, "%s", error.text);
}

static struct udp_address at(const struct udp *udp, const char *host)
{
    bool six = strchr(host, ':') != NULL;
    uint16_t port = udp_port(udp, six ? UDP_V6 : UDP_V4);
    ck_assert_uint_ne(port, 0);
    return address(host, port);
}

static int64_t realtime(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static bool wait_for(const struct udp *udp, enum udp_family f, int ms)
{
    struct pollfd p = {.fd = udp_fd(udp, f), .events = POLLIN};
    return poll(&p, 1, ms) == 1;
}

static enum udp_received receive(struct udp *udp, enum udp_family f, struct udp_datagram *ret)
{
    wait_for(udp, f, 2000);
    return udp_receive(udp, f, ret);
}

static void send_plain(struct udp *udp, const struct udp_address *to, const void *data, size_t len)
{
    struct udp_stamp stamp;
    ck_assert_int_eq(udp_send(udp, to, NULL, bytes_of(data, len), 0, &stamp), UDP_SENT);
    ck_assert_uint_eq(stamp.token, 0);
}

static bool have_ipv6(void)
{
    struct udp udp;
    struct udp_settings settings = {.without = {[UDP_V4] = true}};
    settings.bind[UDP_V6] = address("::1", 0);
    if (udp_open(&settings, &udp, NULL) != TAI_OK)
        return false;
    struct udp_address self = at(&udp, "::1");
    struct udp_stamp stamp;
    bool works = udp_send(&udp, &self, NULL, BYTES_LIT("x"), 0, &stamp) == UDP_SENT;
    udp_close(&udp);
    return works;
}

/* A hundred exchanges: left no earlier than asked, arrived no earlier than left, seen no earlier than arrived. */
static void exchange(const char *host, enum udp_family f)
{
    struct udp a, b;
    bool six = f == UDP_V6;
    open_at(&a, six ? NULL : host, six ? host : NULL);
    open_at(&b, six ? NULL : host, six ? host : NULL);
    ck_assert(udp_stamps(&a) && udp_stamps(&b) && udp_burst(&a) > 1);
    struct udp_address to = at(&b, host), from = at(&a, host);
    struct udp_datagram d;
    /* The kernel switches receive stamps on a moment after they are asked for. */
    for (d.has_stamp = false; !d.has_stamp;) {
        send_plain(&a, &to, "x", 1);
        ck_assert_int_eq(receive(&b, f, &d), UDP_RECEIVED);
    }
    uint64_t warm = b.counts.received;
    for (uint64_t token = 1; token <= 100; token++) {
        struct udp_stamp sent;
        int64_t before = realtime();
        ck_assert_int_eq(udp_send(&a, &to, NULL, bytes_of(&token, sizeof token), token, &sent), UDP_SENT);
        if (sent.token == 0)
            ck_assert(wait_for(&a, f, 2000) && udp_poll_stamps(&a, f, &sent));
        ck_assert_uint_eq(sent.token, token);
        ck_assert_int_eq(receive(&b, f, &d), UDP_RECEIVED);
        int64_t after = realtime();
        ck_assert_uint_eq(d.len, sizeof token);
        ck_assert_mem_eq(d.bytes, &token, sizeof token);
        ck_assert(udp_address_equal(&d.from, &from));
        struct udp_address host_only = to;
        host_only.port = 0;
        ck_assert(udp_address_equal(&d.to, &host_only));
        ck_assert(d.has_stamp);
        ck_assert_int_le(d.stamp_realtime_ns, after);
        ck_assert_int_le(before, sent.realtime_ns);
        ck_assert_int_le(sent.realtime_ns, d.stamp_realtime_ns);
        ck_assert_int_eq(udp_receive(&b, f, &d), UDP_EMPTY);
    }
    ck_assert_uint_eq(a.counts.stamps, 100);
    ck_assert_uint_eq(a.counts.stamps_strange + a.counts.stamps_lost, 0);
    ck_assert_uint_eq(b.counts.received, 100 + warm);
    ck_assert_uint_eq(b.counts.received_unstamped, warm - 1);
    udp_close(&a);
    udp_close(&b);
}

START_TEST(test_stamps)
{
    exchange("127.0.0.1", UDP_V4);
    if (have_ipv6())
        exchange("::1", UDP_V6);
}
END_TEST

/* Sends that the kernel takes, with a number, and then reports as failed; as a firewall's verdict is. */
static uint32_t sends_to_fail;

ssize_t sendmsg(int fd, const struct msghdr *msg, int flags)
{
    static ssize_t (*real)(int, const struct msghdr *, int);
    if (real == NULL)
        *(void **)&real = dlsym(RTLD_NEXT, "sendmsg");
    ssize_t n = real(fd, msg, flags);
    if (sends_to_fail == 0)
        return n;
    sends_to_fail--;
    errno = EPERM;
    return -1;
}

/* Failed sends use up numbers of the kernel's, or do not: the next stamp is still the right one's. */
START_TEST(test_numbers_after_failure)
{
    struct udp a, b;
    open_at(&a, "127.0.0.1", NULL);
    open_at(&b, "127.0.0.1", NULL);
    struct udp_address to = at(&b, "127.0.0.1"), broadcast = address("255.255.255.255", 9);
    struct udp_stamp stamp;
    uint64_t token = 0;
    for (uint32_t i = 0; i < 10; i++) {
        ck_assert_int_eq(udp_send(&a, &broadcast, NULL, BYTES_LIT("no"), ++token, &stamp), UDP_FORBIDDEN);
        ck_assert_uint_eq(stamp.token, 0);
        for (uint32_t k = 0; k < i; k++) {
            sends_to_fail = 1;
            ck_assert_int_eq(udp_send(&a, &to, NULL, BYTES_LIT("no"), ++token, &stamp), UDP_FORBIDDEN);
        }
        for (uint32_t k = 0; k < 3; k++) {
            int64_t before = realtime();
            ck_assert_int_eq(udp_send(&a, &to, NULL, BYTES_LIT("yes"), ++token, &stamp), UDP_SENT);
            while (stamp.token == 0)
                ck_assert(udp_poll_stamps(&a, UDP_V4, &stamp));
            ck_assert_uint_eq(stamp.token, token);
            ck_assert(stamp.realtime_ns >= before && stamp.realtime_ns <= realtime());
        }
    }
    ck_assert_uint_eq(a.counts.sent[UDP_FORBIDDEN], 10 + 45);
    ck_assert_uint_eq(a.counts.stamps, 30);
    ck_assert_uint_eq(a.counts.stamps_strange, 45); /* of what was reported as failed */
    udp_close(&a);
    udp_close(&b);
}
END_TEST

/* Stamps that lie behind others in the error queue come out later, and empty the queue. */
START_TEST(test_late_stamp)
{
    struct udp a, b;
    open_at(&a, "127.0.0.1", NULL);
    open_at(&b, "127.0.0.1", NULL);
    struct udp_address to = at(&b, "127.0.0.1"), closed = to;
    udp_close(&b);
    open_at(&b, "127.0.0.1", NULL);
    to = at(&b, "127.0.0.1");
    for (int i = 0; i < 20; i++)
        send_plain(&a, &closed, "x", 1);
    struct udp_stamp stamp;
    ck_assert_int_eq(udp_send(&a, &to, NULL, BYTES_LIT("late"), 77, &stamp), UDP_SENT);
    ck_assert_uint_eq(stamp.token, 0);
    ck_assert(wait_for(&a, UDP_V4, 0));
    ck_assert(udp_poll_stamps(&a, UDP_V4, &stamp));
    ck_assert_uint_eq(stamp.token, 77);
    ck_assert(!udp_poll_stamps(&a, UDP_V4, &stamp));
    ck_assert_uint_eq(a.counts.stamps_late, 1);
    struct udp_datagram d;
    while (udp_receive(&a, UDP_V4, &d) != UDP_EMPTY)
        ;
    ck_assert_msg(!wait_for(&a, UDP_V4, 0), "the loop would spin");
    udp_close(&a);
    udp_close(&b);
}
END_TEST

START_TEST(test_unreachable)
{
    struct udp a, b;
    open_at(&a, "127.0.0.1", NULL);
    open_at(&b, "127.0.0.1", NULL);
    struct udp_address closed = at(&b, "127.0.0.1");
    udp_close(&b);
    open_at(&b, "127.0.0.1", NULL);
    struct udp_address good = at(&b, "127.0.0.1");
    struct udp_stamp stamp;
    struct udp_datagram d;
    for (uint64_t i = 1; i <= 50; i++) {
        send_plain(&a, &closed, "x", 1);
        /* The error about the one is told at the send to the other, which leaves all the same. */
        ck_assert_int_eq(udp_send(&a, &good, NULL, BYTES_LIT("y"), i, &stamp), UDP_SENT);
        ck_assert_int_eq(receive(&b, UDP_V4, &d), UDP_RECEIVED);
        ck_assert_int_eq(udp_receive(&b, UDP_V4, &d), UDP_EMPTY);
    }
    while (udp_poll_stamps(&a, UDP_V4, &stamp))
        ;
    ck_assert_uint_eq(a.counts.network_errors, 50);
    ck_assert_int_eq(a.counts.last_network_errno, ECONNREFUSED);
    ck_assert(udp_address_equal(&a.counts.last_network_peer, &closed));
    /* As an error of the read. */
    send_plain(&a, &closed, "x", 1);
    ck_assert_int_eq(receive(&a, UDP_V4, &d), UDP_RECEIVE_ERROR);
    ck_assert_int_eq(udp_receive(&a, UDP_V4, &d), UDP_EMPTY);
    udp_close(&a);
    udp_close(&b);
}
END_TEST

START_TEST(test_texts)
{
    for (int s = 0; s <= UDP_SEND_OTHER; s++)
        ck_assert_str_ne(udp_sent_text((enum udp_sent)s), "other");
    ck_assert_str_eq(udp_sent_text((enum udp_sent)(UDP_SEND_OTHER + 1)), "other");
}
END_TEST

START_TEST(test_lengths)
{
    struct udp a, b;
    open_at(&a, "127.0.0.1", NULL);
    open_at(&b, "127.0.0.1", NULL);
    struct udp_address to = at(&b, "127.0.0.1"), none = {.family = 0}, six = address("::1", 9);
    uint8_t bytes[UDP_BYTES_MAX + 1];
    memset(bytes, 0xa5, sizeof bytes);
    struct udp_stamp stamp;
    struct udp_datagram d;
    ck_assert_int_eq(udp_send(&a, &to, NULL, bytes_of(bytes, sizeof bytes), 1, &stamp), UDP_TOO_LONG);
    ck_assert_int_eq(udp_send(&a, &none, NULL, bytes_of(bytes, 1), 1, &stamp), UDP_NO_FAMILY);
    ck_assert_int_eq(udp_send(&a, &six, NULL, bytes_of(bytes, 1), 1, &stamp), UDP_NO_FAMILY);
    /* From a stranger's socket, one byte too many; then the longest, an empty one, and one of a single byte. */
    struct sockaddr_storage sa;
    socklen_t len = udp_address_to_sockaddr(&to, &sa);
    ck_assert_int_eq(sendto(udp_fd(&a, UDP_V4), bytes, sizeof bytes, 0, (struct sockaddr *)&sa, len),
                     sizeof bytes);
    ck_assert_int_eq(receive(&b, UDP_V4, &d), UDP_TRUNCATED);
    static const size_t lengths[] = {UDP_BYTES_MAX, 0, 1, UDP_TAIL_BYTES, UDP_TAIL_BYTES + 1};
    for (uint64_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        ck_assert_int_eq(udp_send(&a, &to, NULL, bytes_of(bytes, lengths[i]), i + 1, &stamp), UDP_SENT);
        ck_assert_uint_eq(stamp.token, i + 1);
        ck_assert_int_eq(receive(&b, UDP_V4, &d), UDP_RECEIVED);
        ck_assert_uint_eq(d.len, lengths[i]);
        ck_assert_mem_eq(d.bytes, bytes, lengths[i]);
    }
    ck_assert_uint_eq(b.counts.truncated, 1);
    udp_close(&a);
    udp_close(&b);
}
END_TEST

/* Whoever is asked at one of several addresses answers from it. */
START_TEST(test_reply_from_where_asked)
{
    struct udp a, b;
    open_at(&a, NULL, NULL);
    open_at(&b, NULL, NULL);
    struct udp_address to = at(&b, "127.0.0.5");
    struct udp_stamp stamp;
    struct udp_datagram d, e;
    send_plain(&a, &to, "?", 1);
    ck_assert_int_eq(receive(&b, UDP_V4, &d), UDP_RECEIVED);
    ck_assert_int_eq(udp_send(&b, &d.from, &d.to, BYTES_LIT("!"), 3, &stamp), UDP_SENT);
    ck_assert_uint_eq(stamp.token, 3);
    ck_assert_int_eq(receive(&a, UDP_V4, &e), UDP_RECEIVED);
    ck_assert(udp_address_equal(&e.from, &to));
    udp_close(&a);
    udp_close(&b);
}
END_TEST

static const struct udp_filter filter = {
    .len_min = 24,
    .len_max = 32,
    .count = 3,
    .matches = {{.offset = 0, .len = 4, .bytes = {'T', 'A', 'I', 'S'}},
                {.offset = 5, .len = 1, .bytes = {0xfe}},
                {.offset = 9, .len = 7, .bytes = {1, 2, 3, 0xff, 5, 6, 7}}}};

static bool passes(const uint8_t *p, size_t len)
{
    bool pass = len >= filter.len_min && len <= filter.len_max;
    for (int i = 0; pass && i < filter.count; i++)
        pass = memcmp(p + filter.matches[i].offset, filter.matches[i].bytes, filter.matches[i].len) == 0;
    return pass;
}

static void open_filtered(struct udp *udp)
{
    struct udp_settings settings = {.without = {[UDP_V6] = true}, .has_filter = true, .filter = filter};
    settings.bind[UDP_V4] = address("127.0.0.1", 0);
    ck_assert_int_eq(udp_open(&settings, udp, NULL), TAI_OK);
    ck_assert(udp->sockets[UDP_V4].filtered);
}

/* A datagram that passes. */
static void good_datagram(uint8_t *p, size_t len)
{
    memset(p, 0x33, len);
    for (int i = 0; i < filter.count; i++)
        memcpy(p + filter.matches[i].offset, filter.matches[i].bytes, filter.matches[i].len);
}

/* Every flipped bit and every length, against the same rule in C. */
START_TEST(test_filter)
{
    struct udp a, b;
    open_at(&a, "127.0.0.1", NULL);
    open_filtered(&b);
    struct udp_address to = at(&b, "127.0.0.1");
    struct udp_datagram d;
    uint8_t p[64];
    uint32_t passed = 0;
    for (size_t len = 0; len < 40; len++) {
        good_datagram(p, sizeof p);
        send_plain(&a, &to, p, len);
        ck_assert_int_eq(udp_receive(&b, UDP_V4, &d), passes(p, len) ? UDP_RECEIVED : UDP_EMPTY);
        passed += passes(p, len);
    }
    ck_assert_uint_eq(passed, 9);
    for (size_t bit = 0; bit < 24 * 8; bit++) {
        good_datagram(p, sizeof p);
        p[bit / 8] ^= (uint8_t)(1u << bit % 8);
        send_plain(&a, &to, p, 24);
        ck_assert_int_eq(udp_receive(&b, UDP_V4, &d), passes(p, 24) ? UDP_RECEIVED : UDP_EMPTY);
    }
    udp_close(&a);
    udp_close(&b);
}
END_TEST

/* Ten thousand strange datagrams, and a good one after each thousand: nobody wakes up but for these. */
START_TEST(test_flood)
{
    struct udp a, b;
    struct prop prop = prop_start("flood", 1);
    open_at(&a, "127.0.0.1", NULL);
    open_filtered(&b);
    struct udp_address to = at(&b, "127.0.0.1");
    struct udp_datagram d;
    uint8_t p[UDP_BYTES_MAX];
    good_datagram(p, sizeof p);
    send_plain(&a, &to, p, 30);
    ck_assert_int_eq(receive(&b, UDP_V4, &d), UDP_RECEIVED);
    for (uint32_t i = 1; i <= 10000; i++) {
        size_t len = prop_below(&prop, sizeof p + 1);
        for (size_t k = 0; k < len; k++)
            p[k] = (uint8_t)prop_u64(&prop);
        if (prop_below(&prop, 2) == 0) { /* all but right */
            good_datagram(p, sizeof p);
            len = 24 + prop_below(&prop, 9);
            p[prop_below(&prop, 4)] ^= 1;
        }
        ck_assert(!passes(p, len));
        send_plain(&a, &to, p, len);
        if (i % 1000 == 0) {
            ck_assert(!wait_for(&b, UDP_V4, 0));
            good_datagram(p, sizeof p);
            send_plain(&a, &to, p, 24);
            ck_assert_int_eq(receive(&b, UDP_V4, &d), UDP_RECEIVED);
        }
    }
    ck_assert_uint_eq(b.counts.received, 11);
    ck_assert_uint_eq(b.counts.kernel_drops, 10000);
    udp_close(&a);
    udp_close(&b);
}
END_TEST

/* Without room in the queue the kernel drops, and we know how many. */
START_TEST(test_drops_are_known)
{
    struct udp a, b;
    open_at(&a, "127.0.0.1", NULL);
    open_at(&b, "127.0.0.1", NULL);
    int small = 4096;
    ck_assert_int_eq(setsockopt(udp_fd(&b, UDP_V4), SOL_SOCKET, SO_RCVBUF, &small, sizeof small), 0);
    struct udp_address to = at(&b, "127.0.0.1");
    struct udp_datagram d;
    uint32_t got = 0;
    for (int i = 0; i < 200; i++)
        send_plain(&a, &to, "flood", 5);
    while (udp_receive(&b, UDP_V4, &d) == UDP_RECEIVED)
        got++;
    ck_assert_uint_lt(got, 200);
    send_plain(&a, &to, "last", 4);
    ck_assert_int_eq(receive(&b, UDP_V4, &d), UDP_RECEIVED);
    ck_assert_uint_eq(got + b.counts.kernel_drops, 200);
    udp_close(&a);
    udp_close(&b);
}
END_TEST

static int count_descriptors(void)
{
    DIR *dir = opendir("/proc/self/fd");
    int n = 0;
    ck_assert_ptr_nonnull(dir);
    while (readdir(dir) != NULL)
        n++;
    closedir(dir);
    return n;
}

START_TEST(test_no_descriptor_leak)
{
    int before = count_descriptors();
    struct udp udp, other;
    struct tai_error error;
    for (int i = 0; i < 100; i++) {
        struct udp_settings settings = {.port = 0};
        ck_assert_int_eq(udp_open(&settings, &udp, &error), TAI_OK);
        struct udp_settings same = {.port = udp_port(&udp, UDP_V4)};
        other = udp;
        ck_assert_int_eq(udp_open(&same, &other, &error), TAI_ERR_CONFLICT);
        ck_assert_mem_eq(&other, &udp, sizeof udp);
        udp_close(&udp);
        udp_close(&udp);
    }
    struct udp_settings none = {.without = {true, true}};
    ck_assert_int_eq(udp_open(&none, &udp, &error), TAI_ERR_UNAVAILABLE);
    ck_assert_int_eq(count_descriptors(), before);
}
END_TEST

/* An error queue that returns the whole frame, as clknetsim's does, and one that returns stamps in another order. */
START_TEST(test_pending)
{
    struct udp udp;
    struct udp_stamp stamp;
    open_at(&udp, "127.0.0.1", NULL);
    struct udp_socket *s = &udp.sockets[UDP_V4];
    uint8_t frame[42 + 100];
    memset(frame, 7, sizeof frame);
    for (uint32_t i = 0; i < 3; i++)
        s->pending[i] =
            (struct udp_pending){.token = 10 + i, .before_ns = 1000 + i, .number = 100 + i, .len = 100};
    s->pending[0].tail[0] = s->pending[1].tail[0] = s->pending[2].tail[0] = 7;
    memset(s->pending[1].tail, 7, UDP_TAIL_BYTES);
    s->pending_count = s->pending_next = 3;
    /* By content; too early; too short; of nobody. */
    ck_assert(!udp_pending_take(&udp, s, bytes_of(frame, sizeof frame), 0, 1000, &stamp));
    ck_assert(!udp_pending_take(&udp, s, bytes_of(frame, 99), 0, 2000, &stamp));
    ck_assert(udp_pending_take(&udp, s, bytes_of(frame, sizeof frame), 0, 2000, &stamp));
    ck_assert(stamp.token == 11 && stamp.realtime_ns == 2000);
    ck_assert(!udp_pending_take(&udp, s, bytes_of(frame, sizeof frame), 0, 2000, &stamp));
    /* By number, in any order, each once. */
    ck_assert(udp_pending_take(&udp, s, bytes_of(NULL, 0), 102, 3000, &stamp) && stamp.token == 12);
    ck_assert(!udp_pending_take(&udp, s, bytes_of(NULL, 0), 102, 3000, &stamp));
    ck_assert(!udp_pending_take(&udp, s, bytes_of(NULL, 0), 100, 999, &stamp));
    ck_assert(udp_pending_take(&udp, s, bytes_of(NULL, 0), 100, 1000, &stamp) && stamp.token == 10);
    ck_assert_uint_eq(s->pending_count, 0);
    ck_assert_uint_eq(udp.counts.stamps, 3);
    ck_assert_uint_eq(udp.counts.stamps_strange, 5);
    udp_close(&udp);
}
END_TEST

/* Of more sends than can be awaited the oldest are given up, and counted. */
START_TEST(test_pending_overflow)
{
    struct udp a, b;
    open_at(&a, "127.0.0.1", NULL);
    open_at(&b, "127.0.0.1", NULL);
    struct udp_socket *s = &a.sockets[UDP_V4];
    int off = 0;
    ck_assert_int_eq(setsockopt(s->fd, SOL_SOCKET, SO_TIMESTAMPING, &off, sizeof off), 0);
    struct udp_address to = at(&b, "127.0.0.1");
    struct udp_stamp stamp;
    for (uint64_t i = 1; i <= UDP_PENDING_MAX + 5; i++) {
        ck_assert_int_eq(udp_send(&a, &to, NULL, BYTES_LIT("x"), i, &stamp), UDP_SENT);
        ck_assert_uint_eq(stamp.token, 0);
    }
    ck_assert_uint_eq(s->pending_count, UDP_PENDING_MAX);
    ck_assert_uint_eq(a.counts.stamps_lost, 5);
    udp_close(&a);
    udp_close(&b);
}
END_TEST

/* The interface up with the address, or the address gone and the interface down. */
static void set_loopback(bool up, const char *host)
{
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    struct ifreq lo = {.ifr_name = "lo"}, alias = {.ifr_name = "lo:1"};
    struct sockaddr_in sin = {.sin_family = AF_INET};
    inet_pton(AF_INET, host, &sin.sin_addr);
    if (!up) { /* an alias without IFF_UP is an address deleted */
        ck_assert_int_eq(ioctl(fd, SIOCSIFFLAGS, &alias), 0);
        ck_assert_int_eq(ioctl(fd, SIOCSIFFLAGS, &lo), 0);
    } else {
        lo.ifr_flags = IFF_UP | IFF_RUNNING;
        ck_assert_int_eq(ioctl(fd, SIOCSIFFLAGS, &lo), 0);
        memcpy(&alias.ifr_addr, &sin, sizeof sin);
        ck_assert_int_eq(ioctl(fd, SIOCSIFADDR, &alias), 0);
    }
    close(fd);
}

/* In a network of its own: the interface goes and comes, and an address that a socket is bound to appears later. */
START_TEST(test_interface_comes_and_goes)
{
    if (unshare(CLONE_NEWNET) != 0) {
        printf("interfaces: no network namespace here (%s), not tried\n", strerror(errno));
        return;
    }
    struct udp a, b;
    struct udp_stamp stamp;
    struct udp_datagram d;
    open_at(&a, NULL, NULL);
    set_loopback(true, "10.1.1.1"); /* the first address makes the tables that tell own from foreign */
    set_loopback(false, "10.1.1.1");
    open_at(&b, "10.9.9.9", NULL);
    struct udp_address to = at(&b, "10.9.9.9");
    for (uint64_t round = 1; round <= 3; round++) {
        ck_assert_int_eq(udp_send(&a, &to, NULL, BYTES_LIT("x"), round, &stamp), UDP_UNREACHABLE);
        set_loopback(true, "10.9.9.9");
        ck_assert_int_eq(udp_send(&a, &to, NULL, BYTES_LIT("x"), round, &stamp), UDP_SENT);
        ck_assert_uint_eq(stamp.token, round);
        ck_assert_int_eq(receive(&b, UDP_V4, &d), UDP_RECEIVED);
        set_loopback(false, "10.9.9.9");
        ck_assert_int_eq(udp_receive(&b, UDP_V4, &d), UDP_EMPTY);
    }
    udp_close(&a);
    udp_close(&b);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        test_stamps,          test_numbers_after_failure,   test_late_stamp, test_unreachable,
        test_lengths,         test_reply_from_where_asked,  test_filter,     test_flood,
        test_drops_are_known, test_no_descriptor_leak,      test_pending,    test_pending_overflow,
        test_texts,           test_interface_comes_and_goes};
    Suite *suite = suite_create("udp");
    TCase *tcase = tcase_create("udp");
    tcase_set_timeout(tcase, 60);
    for (size_t i = 0; i < sizeof tests / sizeof *tests; i++)
        tcase_add_test(tcase, tests[i]);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
