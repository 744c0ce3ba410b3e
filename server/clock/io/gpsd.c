/* SPDX-License-Identifier: Apache-2.0 */
/* The driver of gpsd: a connection in the loop that is made again for ever, and lines read from it.
 *
 *     waiting --(pause over)--> connecting --(connected)--> open --(hung up, silent, no gpsd)--> waiting
 *
 * Pauses double from 1 s to 60 s and begin anew after a good line. gpsd says nothing while no receiver speaks, so silence is
 * answered with a question: no line for 5 s, and ?VERSION is asked; none for 10 s, and gpsd is taken to hang. Memory: two lines at
 * most; what comes is read at RATE_BYTES a second at most, so that a flood takes little of the loop.
 *
 * Only a gpsd of this machine: its pulses are stamped with the clock of the machine that it runs on, and another machine's
 * would be believed without any bound. */
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "sdk/base/error.h"
#include "sdk/io/address.h"
#include "server/clock/core/gps.h"
#include "server/clock/io/gps_json.h"
#include "server/clock/io/references.h"
#include "server/libevent.h"

enum {
    PORT = 2947,
    PAUSE_S_MAX = 60,
    STRANGE_LINES_MAX = 100,
    LINE_DROP_MAX = 1 << 20,
    RATE_BYTES = 256 * 1024
};
#define SECOND_NS  INT64_C(1000000000)
#define CONNECT_NS (5 * SECOND_NS)
#define ASK_NS     (5 * SECOND_NS)
#define SILENT_NS  (10 * SECOND_NS)

static const char watch[] = "?WATCH={\"enable\":true,\"json\":true,\"pps\":true};\n";
static const char ask[] = "?VERSION;\n";

enum state { WAITING, CONNECTING, OPEN };

struct gpsd {
    struct refclock_place place;
    struct address addresses[2]; /* localhost is two; tried in turn */
    size_t addresses_count, attempt;
    enum state state;
    struct bufferevent *bev; /* NULL while waiting */
    struct ev_token_bucket_cfg *rate;
    tai_mono_t raw_since; /* of the state; while open of the last line */
    int64_t pause_s;
    bool asked, dropping; /* dropping: the rest of a line that was too long */
    size_t dropped;
    unsigned strange; /* bad lines in a row */
    struct gps gps;
};

/* ---- The connection ---- */

static tai_mono_t raw_now(const struct gpsd *g)
{
    struct engine_now now;
    g->place.feed->now(g->place.feed->ctx, &now);
    return now.raw;
}

static void hang_up(struct gpsd *g, const char *why)
{
    if (g->bev != NULL)
        bufferevent_free(g->bev);
    g->bev = NULL;
    g->state = WAITING;
    g->raw_since = raw_now(g);
    gps_connected(&g->gps, false, why);
}

static void say(struct gpsd *g, const char *text, size_t len)
{
    if (bufferevent_write(g->bev, text, len) != 0)
        hang_up(g, "out of memory");
}

static void on_event(struct bufferevent *bev, short what, void *ctx)
{
    struct gpsd *g = ctx;
    (void)bev;
    if ((what & BEV_EVENT_CONNECTED) == 0) {
        hang_up(g, g->state == OPEN ? "gpsd hung up" : "gpsd cannot be reached");
        return;
    }
    g->state = OPEN;
    g->raw_since = raw_now(g);
    g->asked = g->dropping = false;
    g->strange = 0;
    gps_connected(&g->gps, true, NULL);
    say(g, watch, sizeof watch - 1);
}

/* False: the connection is gone. */
static bool take_line(struct gpsd *g, const char *line, size_t len, const struct engine_now *now)
{
    struct gps_message message;
    if (gps_json_read(line, len, &message) != GPS_LINE_FINE) {
        g->gps.bad++;
        if (++g->strange < STRANGE_LINES_MAX)
            return true;
        hang_up(g, "what answers is not gpsd");
        return false;
    }
    g->strange = 0;
    g->pause_s = 1;
    gps_message_era(&message, g->place.settings->weeks_from_s);
    gps_take(&g->gps, &message, now);
    return true;
}

/* All of a line that has no end yet and is too long; the rest of it is not looked at either. False: it has no end. */
static bool drop_start(struct gpsd *g, struct evbuffer *in)
{
    if (!g->dropping)
        g->dropped = 0;
    g->dropping = true;
    g->dropped += evbuffer_get_length(in);
    evbuffer_drain(in, evbuffer_get_length(in));
    if (g->dropped <= LINE_DROP_MAX)
        return true;
    g->gps.bad++;
    hang_up(g, "what answers is not gpsd");
    return false;
}

static void on_read(struct bufferevent *bev, void *ctx)
{
    struct gpsd *g = ctx;
    struct evbuffer *in = bufferevent_get_input(bev);
    struct engine_now now;
    g->place.feed->now(g->place.feed->ctx, &now);
    g->raw_since = now.raw;
    g->asked = false;
    for (;;) {
        struct evbuffer_ptr end = evbuffer_search(in, "\n", 1, NULL);
        if (end.pos < 0)
            break;
        size_t len = (size_t)end.pos;
        if (g->dropping || len > GPS_LINE_MAX) {
            g->dropping = false;
            g->gps.bad++;
        } else {
            const char *line = (const char *)evbuffer_pullup(in, end.pos + 1);
            if (line == NULL) {
                hang_up(g, "out of memory");
                return;
            }
            bool cr = len > 0 && line[len - 1] == '\r';
            if (!take_line(g, line, cr ? len - 1 : len, &now))
                return;
        }
        evbuffer_drain(in, len + 1);
    }
    if (g->dropping || evbuffer_get_length(in) > GPS_LINE_MAX)
        (void)drop_start(g, in);
}

static socklen_t put_address(const struct address *a, struct sockaddr_storage *ret)
{
    *ret = (struct sockaddr_storage){0};
    if (a->family == 4) {
        struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(a->port)};
        memcpy(&in.sin_addr, a->bytes, sizeof in.sin_addr);
        memcpy(ret, &in, sizeof in);
        return sizeof in;
    }
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(a->port)};
    memcpy(&in6.sin6_addr, a->bytes, sizeof in6.sin6_addr);
    memcpy(ret, &in6, sizeof in6);
    return sizeof in6;
}

static void start(struct gpsd *g, tai_mono_t raw)
{
    struct sockaddr_storage to;
    socklen_t len = put_address(&g->addresses[g->attempt++ % g->addresses_count], &to);
    g->state = CONNECTING;
    g->raw_since = raw;
    g->bev = bufferevent_socket_new(g->place.base, -1, BEV_OPT_CLOSE_ON_FREE);
    if (g->bev == NULL) {
        hang_up(g, "out of memory");
        return;
    }
    bufferevent_setcb(g->bev, on_read, NULL, on_event, g);
    bufferevent_setwatermark(g->bev, EV_READ, 0, 2 * GPS_LINE_MAX);
    if (bufferevent_set_rate_limit(g->bev, g->rate) != 0 ||
        bufferevent_enable(g->bev, EV_READ | EV_WRITE) != 0) {
        hang_up(g, "out of memory");
        return;
    }
    /* A refusal may be told at once, in on_event. */
    if (bufferevent_socket_connect(g->bev, (struct sockaddr *)&to, (int)len) != 0 && g->state == CONNECTING)
        hang_up(g, "gpsd cannot be reached");
}

static void watch_over(struct gpsd *g, tai_mono_t raw)
{
    int64_t age_ns = raw.ns - g->raw_since.ns;
    if (g->state == WAITING && age_ns >= g->pause_s * SECOND_NS) {
        g->pause_s = g->pause_s * 2 > PAUSE_S_MAX ? PAUSE_S_MAX : g->pause_s * 2;
        start(g, raw);
    } else if (g->state == CONNECTING && age_ns >= CONNECT_NS) {
        hang_up(g, "gpsd cannot be reached");
    } else if (g->state == OPEN && age_ns >= SILENT_NS) {
        hang_up(g, "gpsd does not answer");
    } else if (g->state == OPEN && age_ns >= ASK_NS && !g->asked) {
        g->asked = true;
        say(g, ask, sizeof ask - 1);
    }
}

/* ---- The driver ---- */

static bool read_addresses(struct gpsd *g, const char *text)
{
    static const char name[] = "localhost", *const both[] = {"127.0.0.1", "[::1]"};
    char numeric[ADDRESS_TEXT_MAX];
    if (text == NULL)
        text = name;
    if (strncmp(text, name, sizeof name - 1) != 0) {
        g->addresses_count = 1;
        return address_parse(text, PORT, &g->addresses[0]) && address_is_loopback(&g->addresses[0]);
    }
    for (size_t i = 0; i < 2; i++) {
        struct out o = out_of(numeric, sizeof numeric);
        out_str(&o, both[i]);
        out_str(&o, text + sizeof name - 1);
        if (!out_terminate(&o) || !address_parse(numeric, PORT, &g->addresses[i]))
            return false;
    }
    g->addresses_count = 2;
    return true;
}

static void close_driver(void *state)
{
    struct gpsd *g = state;
    if (g->bev != NULL)
        bufferevent_free(g->bev);
    if (g->rate != NULL)
        ev_token_bucket_cfg_free(g->rate);
    free(g);
}

static enum tai_err read_place(struct gpsd *g, const struct refclock_place *place, struct tai_error *error)
{
    if (!read_addresses(g, place->address))
        return error_set_detail(
            error, TAI_ERR_ARGUMENT,
            "gpsd's address must be one of this machine, such as 127.0.0.1:2947, for its pulses are "
            "stamped with the clock of the machine that it runs on; it is not such a one",
            bytes_of_str(place->address));
    if (place->device != NULL && strlen(place->device) >= REFCLOCK_DEVICE_MAX)
        return error_set_detail(error, TAI_ERR_ARGUMENT, "the name of gpsd's device is too long",
                                bytes_of_str(place->device));
    return TAI_OK;
}

static enum tai_err check(const struct refclock_place *place, struct tai_error *error)
{
    struct gpsd *g = calloc(1, sizeof *g);
    enum tai_err err =
        g == NULL ? error_set(error, TAI_ERR_MEMORY, "out of memory") : read_place(g, place, error);
    free(g);
    return err;
}

static enum tai_err open_driver(const struct refclock_place *place, void **ret_state, struct tai_error *error)
{
    struct gpsd *g = calloc(1, sizeof *g);
    if (g == NULL)
        return error_set(error, TAI_ERR_MEMORY, "out of memory");
    g->place = *place;
    g->pause_s = 0;
    enum tai_err err = read_place(g, place, error);
    if (err != TAI_OK) {
        free(g);
        return err;
    }
    g->rate = ev_token_bucket_cfg_new(RATE_BYTES, RATE_BYTES, RATE_BYTES, RATE_BYTES, NULL);
    if (g->rate == NULL) {
        close_driver(g);
        return error_set(error, TAI_ERR_MEMORY, "out of memory");
    }
    gps_init(&g->gps, place->source, place->settings, place->feed, place->device);
    *ret_state = g;
    return TAI_OK;
}

static void second(void *state, const struct engine_now *now)
{
    struct gpsd *g = state;
    watch_over(g, now->raw);
    if (g->pause_s == 0)
        g->pause_s = 1;
    gps_second(&g->gps, now);
}

const struct refclock_driver_ops refclock_gpsd = {
    .word = "gpsd", .check = check, .open = open_driver, .second = second, .close = close_driver};
