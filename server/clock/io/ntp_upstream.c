/* SPDX-License-Identifier: Apache-2.0 */
/* The driver of one NTP server: name, socket, timer and key around ntp_client.h, which decides.
 *
 * A server has a socket of its own, connected, so that the kernel drops what comes from elsewhere; a new one, hence another port, for
 * each address that is tried. A server that does not answer is looked for at its other addresses, then its name is
 * resolved again. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "sdk/base/error.h"
#include "sdk/io/address.h"
#include "sdk/io/file.h"
#include "sdk/io/log.h"
#include "sdk/io/openssl.h"
#include "sdk/io/udp_socket.h"
#include "sdk/time/arith.h"
#include "server/clock/core/ntp_client.h"
#include "server/clock/core/ntp_keys.h"
#include "server/clock/io/ntp_address.h"
#include "server/clock/io/ntp_resolve.h"
#include "server/clock/io/references.h"
#include "server/libevent.h"

#define POLL_DEFAULT_NS (64 * NS_PER_S)
#define RESOLVE_MIN_NS  (2 * NS_PER_S) /* pauses between resolutions grow from here ... */
#define RESOLVE_MAX_NS  (64 * NS_PER_S)
#define DENIED_NS       (3600 * NS_PER_S) /* a name is resolved again: it may lead to another server */
#define LOOK_NS         (1 * NS_PER_S)    /* the timer comes at least so often */
#define LOG_AGAIN_NS    (3600 * NS_PER_S)
enum { DENIED_MAX = 16, NS_PER_US = 1000, GIVE_UP_REQUESTS = 2 * NTP_PATIENCE };

struct upstream {
    const struct refclock_place *place;
    struct ntp_address where;
    struct ntp_client client;
    struct event *timer, *readable;
    struct udp udp;
    bool has_socket;
    enum udp_family family;
    uint32_t own_id, server_id; /* reference ids of this machine and of the server */
    bool has_timeline;
    sync_timeline_t timeline;
    /* Addresses of the name: */
    struct ntp_resolve *resolve;
    struct udp_address addresses[NTP_RESOLVE_MAX];
    size_t addresses_count, addresses_next;
    tai_mono_t resolve_at;
    int64_t resolve_pause_ns;
    struct udp_address denied[DENIED_MAX];
    size_t denied_count;
    /* What was said last: */
    bool good;
    const char *why;
    bool has_logged;
    tai_mono_t logged_at;
    enum ntp_verdict open_verdict; /* what came instead of the reply that is waited for */
};

static const char *name_of(const struct upstream *u)
{
    return u->place->settings->name;
}

/* ---- What there is to tell ---- */

static void bad(struct upstream *u, enum refclock_verdict verdict, const char *why, tai_mono_t now)
{
    if (!u->good && u->why == why)
        return;
    if (u->good || !u->has_logged || now.ns - u->logged_at.ns >= LOG_AGAIN_NS) {
        log_warning("reference %s: the server %s", name_of(u), why);
        u->has_logged = true;
        u->logged_at = now;
    }
    u->good = false;
    u->why = why;
    u->place->feed->lost(u->place->feed->ctx, u->place->source, verdict, why);
}

static void well(struct upstream *u)
{
    if (u->good)
        return;
    log_notice("reference %s: the server answers", name_of(u));
    u->good = true;
    u->why = NULL;
    u->resolve_pause_ns = RESOLVE_MIN_NS / 2;
}

static void show(const struct upstream *u, tai_mono_t now)
{
    const struct refclock_feed *feed = u->place->feed;
    struct refclock_upstream view;
    if (feed->upstream == NULL)
        return;
    ntp_client_view(&u->client, now, &view);
    view.source = u->place->source;
    view.own_id = u->server_id;
    if (u->has_socket) {
        const struct udp_address *a = &u->addresses[u->addresses_next];
        view.address = (struct engine_address){.family = a->family, .port = a->port, .scope = a->scope};
        memcpy(view.address.bytes, a->bytes, sizeof view.address.bytes);
    }
    feed->upstream(feed->ctx, &view);
}

/* ---- The socket ---- */

/* As RFC 5905 section 7.3 names what a server follows: the IPv4 address, or 4 bytes of the MD5 of the IPv6 address. */
static uint32_t reference_id(const struct udp_address *a)
{
    uint8_t digest[MAC_LEN_MAX];
    if (a->family == 4)
        return be32_read(a->bytes);
    if (a->family == 6 &&
        openssl_mac(NULL, MAC_MD5, bytes_of("", 0), bytes_of(a->bytes, sizeof a->bytes), digest) > 0)
        return be32_read(digest);
    return 0;
}

static bool is_loopback(const struct udp_address *a)
{
    struct address address = {.family = a->family};
    memcpy(address.bytes, a->bytes, sizeof address.bytes);
    return address_is_loopback(&address);
}

static void close_socket(struct upstream *u)
{
    if (!u->has_socket)
        return;
    event_free(u->readable);
    u->readable = NULL;
    udp_close(&u->udp);
    u->has_socket = false;
}

static void on_readable(evutil_socket_t fd, short what, void *ctx);

/* Where that fails (no route yet) the sends say so, and what comes is compared with the address anyway. */
static void connect_socket(struct upstream *u, const struct udp_address *to)
{
    struct sockaddr_storage sa;
    socklen_t len = udp_address_to_sockaddr(to, &sa);
    int fd = udp_fd(&u->udp, u->family);
    struct udp_address own = {.family = 0};
    if (connect(fd, (const struct sockaddr *)&sa, len) == 0) {
        len = sizeof sa;
        if (getsockname(fd, (struct sockaddr *)&sa, &len) == 0)
            udp_address_from_sockaddr(&sa, &own);
    }
    /* "Follows 127.0.0.1" is said of any server on that machine, not of this process. */
    u->own_id = is_loopback(&own) ? 0 : reference_id(&own);
    u->server_id = reference_id(to);
}

static bool open_socket(struct upstream *u, const struct udp_address *to)
{
    struct tai_error error;
    u->family = to->family == 6 ? UDP_V6 : UDP_V4;
    struct udp_settings settings = {.without = {[UDP_V4] = to->family == 6, [UDP_V6] = to->family == 4},
                                    .has_filter = true,
                                    .filter = {.len_min = NTP_HEADER_BYTES, .len_max = UDP_BYTES_MAX}};
    if (udp_open(&settings, &u->udp, &error) != TAI_OK) {
        log_debug("reference %s: %s", name_of(u), error.text);
        return false;
    }
    u->readable = event_new(u->place->base, udp_fd(&u->udp, u->family), EV_READ | EV_PERSIST, on_readable, u);
    if (u->readable == NULL || event_add(u->readable, NULL) != 0) {
        if (u->readable != NULL)
            event_free(u->readable);
        udp_close(&u->udp);
        return false;
    }
    connect_socket(u, to);
    u->has_socket = true;
    return true;
}

/* ---- Its address ---- */

static bool is_denied(const struct upstream *u, const struct udp_address *a)
{
    for (size_t i = 0; i < u->denied_count; i++)
        if (udp_address_equal(&u->denied[i], a))
            return true;
    return false;
}

static void resolve_later(struct upstream *u, tai_mono_t now)
{
    u->resolve_pause_ns = 2 * u->resolve_pause_ns < RESOLVE_MAX_NS ? 2 * u->resolve_pause_ns : RESOLVE_MAX_NS;
    u->resolve_at.ns = now.ns + u->resolve_pause_ns;
}

/* The next address of those known that does not refuse us. */
static bool use_next_address(struct upstream *u, tai_mono_t now)
{
    for (; u->addresses_next < u->addresses_count; u->addresses_next++) {
        const struct udp_address *a = &u->addresses[u->addresses_next];
        if (!is_denied(u, a) && open_socket(u, a)) {
            ntp_client_restart(&u->client, now, true);
            return true;
        }
    }
    return false;
}

static void look_for_address(struct upstream *u, tai_mono_t now)
{
    if (u->resolve != NULL) {
        if (!ntp_resolve_done(u->resolve, u->addresses, &u->addresses_count))
            return;
        ntp_resolve_free(u->resolve);
        u->resolve = NULL;
        u->addresses_next = 0;
        if (u->addresses_count == 0)
            bad(u, REFCLOCK_SILENT, "has a name that cannot be resolved now", now);
        resolve_later(u, now);
    }
    if (use_next_address(u, now) || now.ns < u->resolve_at.ns)
        return;
    if (u->where.numeric) {
        if (u->denied_count > 0)
            return; /* never again */
        u->addresses_next = 0;
        resolve_later(u, now);
        if (!use_next_address(u, now))
            bad(u, REFCLOCK_SILENT, "has an address of a family that this machine does not speak", now);
        return;
    }
    u->resolve = ntp_resolve_start(u->place->base, u->where.host, u->where.port);
    if (u->resolve == NULL)
        resolve_later(u, now);
}

/* It does not answer, or does not want us: another address of the name, or none. */
static void leave_address(struct upstream *u, tai_mono_t now)
{
    if (u->client.denied) {
        u->denied[u->denied_count % DENIED_MAX] = u->addresses[u->addresses_next];
        u->denied_count += u->denied_count < DENIED_MAX;
        u->resolve_at.ns = now.ns + DENIED_NS;
    } else if (u->where.numeric) {
        return; /* there is nothing else to try */
    }
    close_socket(u);
    u->addresses_next++;
}

/* ---- The exchange ---- */

/* A stamp of the recent past as a raw reading; `read` where there is none or it cannot be placed. */
static bool place_stamp(const struct upstream *u, bool has_stamp, int64_t realtime_ns,
                        const struct engine_now *read, tai_mono_t *ret_raw, int64_t *ret_width_ns)
{
    const struct refclock_feed *feed = u->place->feed;
    *ret_raw = read->raw;
    *ret_width_ns = 0;
    return !has_stamp || feed->locate(feed->ctx, realtime_ns, ret_raw, ret_width_ns);
}

static void take_stamp(struct upstream *u, const struct udp_stamp *stamp, const struct engine_now *now)
{
    tai_mono_t raw;
    int64_t width;
    if (stamp->token != 0 && place_stamp(u, true, stamp->realtime_ns, now, &raw, &width))
        ntp_client_sent(&u->client, stamp->token, raw, width);
}

static void take_stamps(struct upstream *u, const struct engine_now *now)
{
    struct udp_stamp stamp;
    while (u->has_socket && udp_poll_stamps(&u->udp, u->family, &stamp))
        take_stamp(u, &stamp, now);
}

static void ask(struct upstream *u, struct engine_now *now)
{
    uint8_t request[NTP_REQUEST_BYTES_MAX];
    uint64_t transmit = 0;
    struct udp_stamp stamp;
    const struct refclock_feed *feed = u->place->feed;
    if (openssl_random(&transmit, sizeof transmit) != TAI_OK || transmit == 0) {
        u->client.next.ns = now->raw.ns + LOOK_NS;
        return;
    }
    feed->now(feed->ctx, now);
    size_t len = ntp_client_request(&u->client, now->timeline, now->raw, 0, transmit, request);
    if (len == 0)
        return;
    enum udp_sent sent =
        udp_send(&u->udp, &u->addresses[u->addresses_next], NULL, bytes_of(request, len), transmit, &stamp);
    if (sent != UDP_SENT)
        log_debug("reference %s: %s", name_of(u), udp_sent_text(sent));
    feed->now(feed->ctx, now);
    take_stamp(u, &stamp, now);
}

static void feed_sample(const struct upstream *u, const struct ntp_arrival *a, const struct ntp_measured *m)
{
    const struct refclock_feed *feed = u->place->feed;
    const struct refclock_settings *s = u->place->settings;
    feed->leap(feed->ctx, &(struct refclock_leap){.source = u->place->source, .warning = m->warning});
    struct refclock_sample sample = {.source = u->place->source,
                                     .timeline = a->timeline,
                                     .raw = m->raw,
                                     .tai = {m->tai.ns + s->delay_ns},
                                     .error_ns = m->error_ns,
                                     .noise_ns = m->noise_ns};
    feed->sample(feed->ctx, &sample);
}

static void take_reply(struct upstream *u, const struct udp_datagram *d, const struct engine_now *now)
{
    const struct refclock_feed *feed = u->place->feed;
    struct utc_leaps leaps;
    struct tai_interval known;
    struct ntp_measured m;
    struct ntp_arrival a = {.timeline = now->timeline, .leaps = &leaps, .own_id = u->own_id};
    a.placed = place_stamp(u, d->has_stamp, d->stamp_realtime_ns, now, &a.raw, &a.width_ns);
    feed->leaps_at(feed->ctx, ntp_client_date(bytes_of(d->bytes, d->len)), &leaps);
    if (a.placed && feed->tai_at(feed->ctx, a.raw, &known))
        a.known = &known;
    enum ntp_verdict v = ntp_client_reply(&u->client, bytes_of(d->bytes, d->len), &a, &m);
    if (v <= NTP_UNAUTHENTIC && v != NTP_OK) {
        u->open_verdict = v;
        return;
    }
    u->open_verdict = NTP_OK;
    enum refclock_verdict means = ntp_verdict_means(v);
    if (v == NTP_OK) {
        well(u);
        feed_sample(u, &a, &m);
    } else if (means != REFCLOCK_ACCEPTED) {
        bad(u, means, ntp_verdict_text(v), now->raw);
    } else if (v == NTP_KISS_RATE) {
        log_notice("reference %s: the server %s; now every %lld s", name_of(u), ntp_verdict_text(v),
                   (long long)(u->client.poll_ns / NS_PER_S));
    }
    show(u, now->raw);
    if (u->client.denied)
        leave_address(u, now->raw);
}

static void arm(struct upstream *u, tai_mono_t now)
{
    int64_t wait = LOOK_NS;
    if (u->has_socket && ntp_client_due(&u->client).ns - now.ns < wait)
        wait = ntp_client_due(&u->client).ns - now.ns;
    if (wait < NS_PER_US)
        wait = NS_PER_US;
    struct timeval tv = {.tv_sec = (time_t)(wait / NS_PER_S),
                         .tv_usec = (suseconds_t)(wait % NS_PER_S / NS_PER_US)};
    if (event_add(u->timer, &tv) != 0)
        log_error("reference %s: no timer: it will not be asked any more", name_of(u));
}

static void on_readable(evutil_socket_t fd, short what, void *ctx)
{
    struct upstream *u = ctx;
    struct engine_now now;
    struct udp_datagram d;
    (void)fd;
    (void)what;
    u->place->feed->now(u->place->feed->ctx, &now);
    for (uint32_t n = udp_burst(&u->udp); n > 0 && u->has_socket; n--) {
        enum udp_received r = udp_receive(&u->udp, u->family, &d);
        if (r == UDP_EMPTY)
            break;
        /* The stamp of the request is in the other queue, and there by now. */
        take_stamps(u, &now);
        if (r == UDP_RECEIVED && udp_address_equal(&d.from, &u->addresses[u->addresses_next]))
            take_reply(u, &d, &now);
    }
    take_stamps(u, &now);
    arm(u, now.raw);
}

/* It has not answered for a while. */
static void complain(struct upstream *u, tai_mono_t now)
{
    if (u->open_verdict == NTP_CRYPTO_NAK || u->open_verdict == NTP_UNAUTHENTIC)
        bad(u, REFCLOCK_REFUSED, ntp_verdict_text(u->open_verdict), now);
    else if (u->client.settings.has_key)
        bad(u, REFCLOCK_SILENT, "does not answer; it may have no such key", now);
    else
        bad(u, REFCLOCK_SILENT, "does not answer", now);
}

static void on_timer(evutil_socket_t fd, short what, void *ctx)
{
    struct upstream *u = ctx;
    struct engine_now now;
    (void)fd;
    (void)what;
    u->place->feed->now(u->place->feed->ctx, &now);
    if (!u->has_timeline || u->timeline.id != now.timeline.id) {
        if (u->has_timeline) {
            u->resolve_at = now.raw; /* of a timeline that ended */
            u->has_logged = false;
        }
        ntp_client_restart(&u->client, now.raw, false);
        u->has_timeline = true;
        u->timeline = now.timeline;
    }
    if (!u->has_socket)
        look_for_address(u, now.raw);
    if (u->has_socket && ntp_client_due(&u->client).ns <= now.raw.ns) {
        if (ntp_client_silent(&u->client))
            complain(u, now.raw);
        if (u->client.open)
            show(u, now.raw);
        if (u->client.unanswered >= GIVE_UP_REQUESTS && !u->where.numeric)
            leave_address(u, now.raw);
        else
            ask(u, &now);
    }
    arm(u, now.raw);
}

/* ---- Opening ---- */

/* The key file must be nobody's but its owner's to write, and not everybody's to read. */
static enum tai_err check_key_file(const char *path, struct tai_error *error)
{
    struct file_stat st;
    int fd = file_posix.open(NULL, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK, 0);
    if (fd < 0)
        return file_error(error, fd, "cannot open the NTP key file", path);
    int r = file_posix.stat(NULL, fd, &st);
    (void)file_posix.close(NULL, fd);
    if (r < 0)
        return file_error(error, r, "cannot look at the NTP key file", path);
    if ((st.mode & (S_IRWXO | S_IWGRP)) != 0)
        return error_set_detail(
            error, TAI_ERR_PERMISSION,
            "the NTP key file is open to others; chmod 640 it, and if somebody may have read it, "
            "make new keys",
            bytes_of_str(path));
    return TAI_OK;
}

static enum tai_err read_key(const struct refclock_place *place, struct ntp_key *ret_key,
                             struct tai_error *error)
{
    char *text;
    size_t len;
    struct tai_error why = {.code = TAI_OK};
    if (place->key_file == NULL)
        return error_set_detail(error, TAI_ERR_INVALID, "a key number needs a key file",
                                bytes_of_str(place->settings->name));
    enum tai_err err = check_key_file(place->key_file, error);
    if (err == TAI_OK)
        err = file_read(&file_posix, place->key_file, NTP_KEYS_FILE_MAX, &text, &len, error);
    if (err != TAI_OK)
        return err;
    err = ntp_keys_find(bytes_of(text, len), place->key_id, ret_key, &why);
    openssl_cleanse(text, len);
    free(text);
    if (err != TAI_OK) {
        char line[sizeof why.text + 32];
        struct out o = out_of(line, sizeof line);
        out_str(&o, why.text);
        out_str(&o, " (key ");
        out_u64(&o, place->key_id);
        out_str(&o, ") in the NTP key file");
        return out_terminate(&o) ? error_set_detail(error, err, line, bytes_of_str(place->key_file)) : err;
    }
    uint8_t request[NTP_REQUEST_BYTES_MAX];
    if (ntp_packet_request(1, ret_key, openssl_mac, NULL, request) == 0)
        return error_set_detail(
            error, TAI_ERR_UNSUPPORTED,
            "this system's OpenSSL does not allow the algorithm of the NTP key; use AES128",
            bytes_of_str(place->key_file));
    return TAI_OK;
}

static void upstream_close(void *state)
{
    struct upstream *u = state;
    if (u == NULL)
        return;
    close_socket(u);
    ntp_resolve_free(u->resolve);
    if (u->timer != NULL)
        event_free(u->timer);
    openssl_cleanse(u, sizeof *u);
    free(u);
}

static enum tai_err read_where(const struct refclock_place *place, struct ntp_address *ret_where,
                               struct tai_error *error)
{
    if (place->address != NULL && ntp_address_parse(place->address, ret_where))
        return TAI_OK;
    return error_set_detail(error, TAI_ERR_INVALID,
                            "not the address of an NTP server; write a name or a numeric address, and :port "
                            "where it is not 123",
                            bytes_of_str(place->address == NULL ? "" : place->address));
}

static enum tai_err upstream_check(const struct refclock_place *place, struct tai_error *error)
{
    struct ntp_address where;
    struct ntp_key key;
    enum tai_err err = read_where(place, &where, error);
    if (err == TAI_OK && place->key_id != 0)
        err = read_key(place, &key, error);
    openssl_cleanse(&key, sizeof key);
    return err;
}

static enum tai_err start(struct upstream *u, struct tai_error *error)
{
    const struct refclock_place *place = u->place;
    int64_t poll = place->settings->poll_ns;
    struct ntp_client_settings settings = {.poll_ns = poll > 0 ? poll : POLL_DEFAULT_NS, .mac = openssl_mac};
    if (settings.poll_ns < NTP_POLL_NS_MIN)
        settings.poll_ns = NTP_POLL_NS_MIN;
    if (settings.poll_ns > NTP_POLL_NS_MAX)
        settings.poll_ns = NTP_POLL_NS_MAX;
    enum tai_err err = read_where(place, &u->where, error);
    if (err != TAI_OK)
        return err;
    if (place->key_id != 0) {
        err = read_key(place, &settings.key, error);
        if (err != TAI_OK)
            return err;
        settings.has_key = true;
    }
    ntp_client_init(&u->client, &settings, (tai_mono_t){0});
    openssl_cleanse(&settings, sizeof settings);
    if (u->where.numeric) {
        u->addresses[0] = u->where.address;
        u->addresses_count = 1;
    }
    u->resolve_pause_ns = RESOLVE_MIN_NS / 2;
    static const struct timeval at_once = {0, 0};
    u->timer = evtimer_new(place->base, on_timer, u);
    /* No clock is read before the loop runs. */
    return u->timer != NULL && event_add(u->timer, &at_once) == 0
               ? TAI_OK
               : error_set(error, TAI_ERR_MEMORY, "no memory for a reference");
}

static enum tai_err upstream_open(const struct refclock_place *place, void **ret_state,
                                  struct tai_error *error)
{
    struct upstream *u = calloc(1, sizeof *u);
    if (u == NULL)
        return error_set(error, TAI_ERR_MEMORY, "no memory for a reference");
    u->place = place;
    enum tai_err err = start(u, error);
    if (err != TAI_OK) {
        upstream_close(u);
        return err;
    }
    *ret_state = u;
    return TAI_OK;
}

const struct refclock_driver_ops refclock_ntp = {
    .word = "ntp",
    .check = upstream_check,
    .open = upstream_open,
    .close = upstream_close,
};
