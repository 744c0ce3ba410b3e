/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/tiny_net.h"

#include <math.h>
#include <string.h>

#include "client/core/actions.h"
#include "client/core/placement.h"
#include "sdk/base/bug.h"

static double uniform(struct tiny *n)
{
    return ((double)(prop_u64(&n->prop) >> 11) + 0.5) / 9007199254740992.0;
}

static double normal(struct tiny *n)
{
    return sqrt(-2 * log(uniform(n))) * cos(6.283185307179586 * uniform(n));
}

static void clock_run(struct tiny *n, struct tiny_clock *c, int64_t t)
{
    double dt = (double)t - c->at_ns;
    c->raw_ns += dt * (1 + c->rate);
    c->realtime_error_ns += dt * (1 + c->rate) * (1 + c->steer) - dt;
    c->rate += c->wander * sqrt(dt / 1e9) * normal(n);
    c->at_ns = (double)t;
}

static int64_t clock_realtime(const struct tiny_clock *c, int64_t t)
{
    return TINY_START - TINY_TAI_UTC_S * TINY_S + t + (int64_t)floor(c->realtime_error_ns + 0.5);
}

static struct engine_now clock_now(struct tiny *n, struct tiny_clock *c, sync_timeline_t timeline,
                                   int64_t frozen)
{
    clock_run(n, c, n->t);
    int64_t raw = (int64_t)floor(c->raw_ns + 0.5) - frozen;
    return (struct engine_now){.timeline = timeline,
                               .raw = {raw},
                               .realtime_ns = clock_realtime(c, n->t) - frozen,
                               .width_ns = 0,
                               .boot_ns = raw + 12345};
}

static struct tiny_item *queue_place(struct tiny *n)
{
    for (unsigned i = 0; i < TINY_QUEUE; i++)
        if (!n->queue[i].used)
            return &n->queue[i];
    BUG("queue full");
}

static void queue_datagram(struct tiny *n, enum tiny_kind kind, unsigned server, const uint8_t *bytes,
                           uint16_t len)
{
    if (uniform(n) < n->loss)
        return;
    int copies = uniform(n) < n->duplicate ? 2 : 1;
    for (int i = 0; i < copies; i++) {
        struct tiny_item *item = queue_place(n);
        double delay = n->delay_ns - n->jitter_ns * log(uniform(n));
        *item = (struct tiny_item){
            .used = true, .at = n->t + 3000 + (int64_t)delay, .kind = kind, .server = server, .len = len};
        memcpy(item->bytes, bytes, len);
    }
}

static void queue_from_server(struct tiny *n, unsigned server, const struct engine_send *send)
{
    uint8_t bytes[WIRE_DATAGRAM_MAX];
    struct wire_message m;
    size_t len = send->len;
    BUG_UNLESS(len <= sizeof bytes);
    memcpy(bytes, send->bytes, len);
    if (n->twist != NULL && wire_decode(bytes_of(bytes, len), &m) == WIRE_OK) {
        n->twist(n, server, &m);
        len = wire_encode(&m, n->crypto, n->members[server].key, bytes);
    }
    queue_datagram(n, TINY_TO_CLIENT, server, bytes, (uint16_t)len);
}

/* The datagram leaves 3 us after the wake-up, and the kernel says so 20 us later. */
static void queue_stamp(struct tiny *n, enum tiny_kind kind, unsigned server, uint64_t token,
                        int64_t realtime)
{
    struct tiny_item *item = queue_place(n);
    *item = (struct tiny_item){.used = true,
                               .at = n->t + 20000,
                               .kind = kind,
                               .server = server,
                               .token = token,
                               .stamp_realtime = realtime + 3000};
}

static sync_timeline_t server_timeline(unsigned s)
{
    return (sync_timeline_t){1000 + s};
}

/* ---- Servers ---- */

static struct engine_now server_now(struct tiny *n, unsigned s)
{
    return clock_now(n, &n->server[s].clock, server_timeline(s), 0);
}

static struct sync_line server_line(const struct tiny *n, unsigned s, const struct engine_now *now,
                                    int64_t lie)
{
    const struct tiny_server *server = &n->server[s];
    return (struct sync_line){.timeline = now->timeline,
                              .raw = now->raw,
                              .tai = {TINY_START + n->t + lie},
                              .half_width = {server->width_ns},
                              .rate_ps_per_s = (int64_t)(-server->clock.rate * 1e12),
                              .growth = {1000},
                              .expires = {now->raw.ns + 60 * TINY_S},
                              .status = TAISTAMP_STATUS_SYNCHRONISED,
                              .source = TAISTAMP_CLOCK_QUORUM};
}

static void server_send_all(struct tiny *n, unsigned s, const struct engine_actions *a, int64_t realtime)
{
    for (unsigned i = 0; i < a->sends_count; i++) {
        queue_from_server(n, s, &a->sends[i]);
        if (a->sends[i].token != 0)
            queue_stamp(n, TINY_STAMP_SERVER, s, a->sends[i].token, realtime);
    }
}

static struct sync_leap server_leap(void)
{
    return (struct sync_leap){.tai_utc_s = TINY_TAI_UTC_S,
                              .next_tai_utc_s = TINY_TAI_UTC_S,
                              .next = {PAGE_NEVER},
                              .expires = {TINY_START + 1000000 * TINY_S}};
}

static struct peer_context server_context(struct tiny *n, unsigned s, const struct engine_now *now,
                                          struct engine_actions *actions)
{
    struct tiny_server *server = &n->server[s];
    struct rawmap_pair pair = {now->raw.ns, now->realtime_ns, 0};
    (void)rawmap_add(&server->map, &pair);
    server->about = (struct wire_reply){.line = server_line(n, s, now, server->lie_ns),
                                        .leap = server_leap(),
                                        .rho_ppb = 50000,
                                        .state = server->master.id == s + 1 ? WIRE_MASTER : WIRE_FOLLOWING,
                                        .master = server->master};
    server->local.term = server->term;
    actions_begin(actions, now);
    return (struct peer_context){.settings = &server->settings,
                                 .now = now,
                                 .map = &server->map,
                                 .leap_realtime_ns = RAWMAP_NO_LEAP,
                                 .local = &server->local,
                                 .physical = {TINY_START + n->t},
                                 .about = &server->about,
                                 .actions = actions};
}

static void server_correct(struct tiny *n, unsigned s, const struct engine_now *now,
                           const struct peer_context *c)
{
    struct tiny_server *server = &n->server[s];
    struct peer_placement placement;
    struct wire_message m = {.header.type = WIRE_CORRECTION};
    struct sync_line line = server_line(n, s, now, server->lie_ns + server->correction_lie_ns);
    if (server->master.id != s + 1 || server->silent ||
        !peer_placement(&server->peer, now->raw, &placement) ||
        !placement_carry_back(&placement, &line, &m.correction.line))
        return;
    m.correction.line.expires.ns = m.correction.line.raw.ns + 8 * TINY_S;
    m.correction.number = ++server->number;
    m.correction.interval_ms = (uint32_t)(server->poll_ns / 1000000);
    m.correction.leap = server_leap();
    (void)peer_send(&server->peer, c, &m);
}

static void server_event(struct tiny *n, unsigned s, const struct tiny_item *item)
{
    struct tiny_server *server = &n->server[s];
    struct engine_now now = server_now(n, s);
    static struct engine_actions actions;
    struct peer_context c = server_context(n, s, &now, &actions);
    bool fresh = false;
    if (server->dead)
        return;
    if (item == NULL) {
        peer_tick(&server->peer, &c, &fresh);
    } else if (item->kind == TINY_STAMP_SERVER) {
        peer_sent(&server->peer, &c, item->token, item->stamp_realtime, &fresh);
    } else {
        struct wire_message message;
        struct engine_event event = {.kind = ENGINE_PACKET, .now = now};
        event.u.packet.from = (struct engine_address){.family = 4, .port = 9};
        event.u.packet.bytes = bytes_of(item->bytes, item->len);
        event.u.packet.has_stamp = true;
        event.u.packet.stamp_realtime_ns = now.realtime_ns;
        sync_node_t sender;
        if (session_screen(&server->local, event.u.packet.bytes, &sender) == WIRE_OK)
            (void)peer_packet(&server->peer, &c, &event, &message, &fresh);
    }
    (void)peer_broke(&server->peer);
    if (fresh)
        server_correct(n, s, &now, &c);
    server_send_all(n, s, &actions, now.realtime_ns);
}

static void server_init(struct tiny *n, unsigned s)
{
    struct tiny_server *server = &n->server[s];
    uint8_t seed[WIRE_KEY] = {(uint8_t)(s + 1), 7};
    *server = (struct tiny_server){.width_ns = 1000, .poll_ns = TINY_S, .term = 5, .master = {1}};
    server->clock = (struct tiny_clock){.raw_ns = 7e12 + 1e12 * s, .rate = 1e-6 * ((int)s * 7 - 9)};
    server->client = (struct engine_member){.node = {99}};
    memset(server->client.key, (int)s + 1, ENGINE_KEY_LEN);
    server->settings =
        (struct engine_settings){.self = {s + 1}, .server = true, .crypto = n->crypto, .rate_bound = {50000}};
    hlc_init(&server->hlc, 0);
    hlc_reserved(&server->hlc, HLC_L_NS_MAX);
    server->local = (struct session_local){
        .crypto = n->crypto, .hlc = &server->hlc, .cluster = 3, .self = {s + 1}, .role = WIRE_SERVER};
    session_local_start(&server->local, seed);
    rawmap_init(&server->map);
    peer_init(&server->peer, &server->settings, &server->client, &server->local, 0);
    struct engine_now now = server_now(n, s);
    peer_set_poll(&server->peer, s == 0 ? server->poll_ns : 16 * TINY_S, &now);
}

void tiny_elect(struct tiny *n, unsigned master, uint64_t term)
{
    for (unsigned s = 0; s < n->servers; s++) {
        struct tiny_server *server = &n->server[s];
        struct engine_now now = server_now(n, s);
        server->master = (sync_node_t){master + 1};
        server->term = term;
        peer_set_poll(&server->peer, s == master ? TINY_S : 16 * TINY_S, &now);
    }
}

/* ---- The follower ---- */

static int64_t line_says(const struct sync_line *line, int64_t raw, struct tai_interval *ret_interval)
{
    *ret_interval = line_interval(line, (tai_mono_t){raw});
    return line_tai(line, (tai_mono_t){raw}).ns;
}

/* What the page says now must hold the truth, at both ends of a line's life. */
static void check_line(struct tiny *n, int64_t raw)
{
    struct tai_interval i;
    if (!n->has_line || !page_status_has_interval(n->line.status))
        return;
    int64_t says = line_says(&n->line, raw, &i), truth = TINY_START + n->t;
    if (truth < i.earliest.ns || truth > i.latest.ns) {
        if (n->false_intervals++ < 5)
            printf("false at %.3f s: %lld [%lld, %lld]\n", (double)n->t / 1e9, (long long)(says - truth),
                   (long long)(i.earliest.ns - truth), (long long)(i.latest.ns - truth));
    }
    if (n->t >= n->measure_from && fabs((double)(says - truth)) > n->line_error_max)
        n->line_error_max = fabs((double)(says - truth));
}

static void measure(struct tiny *n)
{
    if (n->t < n->measure_from)
        return;
    double e = n->clock.realtime_error_ns;
    n->error_sum += e * e;
    n->error_max = fmax(n->error_max, fabs(e));
    n->error_count++;
}

static void carry_out(struct tiny *n, const struct engine_now *now)
{
    const struct engine_actions *a = &n->actions;
    if (a->publish) {
        struct tai_interval unused;
        BUG_UNLESS(a->line.status == TAISTAMP_STATUS_UNKNOWN || a->line.status == TAISTAMP_STATUS_DISRUPTED ||
                   line_valid(&a->line));
        if (n->has_line && page_status_has_interval(n->line.status) &&
            page_status_has_interval(a->line.status) && n->line.timeline.id == a->line.timeline.id) {
            int64_t jump =
                line_says(&a->line, now->raw.ns, &unused) - line_says(&n->line, now->raw.ns, &unused);
            jump = jump < 0 ? -jump : jump;
            n->biggest_jump_ns = jump > n->biggest_jump_ns ? jump : n->biggest_jump_ns;
        }
        n->line = a->line;
        n->has_line = true;
        n->published++;
        n->statuses[a->line.status]++;
    }
    if (a->steer) {
        if (a->steering.step) {
            n->clock.realtime_error_ns += (double)a->steering.step_ns;
            n->steps++;
        }
        BUG_UNLESS(a->steering.rate_ps_per_s <= 500000000);
        BUG_UNLESS(a->steering.rate_ps_per_s >= -500000000);
        n->clock.steer = (double)a->steering.rate_ps_per_s / 1e12;
    }
    for (unsigned i = 0; i < a->reports_count; i++)
        n->reports[a->reports[i].kind]++;
    for (unsigned i = 0; i < a->sends_count; i++) {
        unsigned s = a->sends[i].to.port;
        BUG_UNLESS(s < n->servers);
        queue_datagram(n, TINY_TO_SERVER, s, a->sends[i].bytes, a->sends[i].len);
        if (a->sends[i].token != 0)
            queue_stamp(n, TINY_STAMP_CLIENT, s, a->sends[i].token, now->realtime_ns);
    }
    int64_t in = a->wake.ns - now->raw.ns;
    n->wake = n->t + (in < 1000 ? 1000 : in);
}

static void client_step(struct tiny *n, struct engine_event *event)
{
    event->now = clock_now(n, &n->clock, n->timeline, n->raw_frozen_ns);
    check_line(n, event->now.raw.ns);
    measure(n);
    follower_step(&n->follower, event, &n->actions);
    carry_out(n, &event->now);
    check_line(n, event->now.raw.ns);
    for (unsigned i = 0; i < n->actions.persists_count; i++) {
        struct engine_event done = {.kind = ENGINE_PERSISTED};
        done.u.persisted.token = n->actions.persists[i].token;
        done.u.persisted.ok = true;
        client_step(n, &done);
        break; /* the actions are those of the inner step now */
    }
}

static void client_event(struct tiny *n, const struct tiny_item *item)
{
    struct engine_event event = {.kind = ENGINE_TIMER};
    if (item != NULL && item->kind == TINY_STAMP_CLIENT) {
        event.kind = ENGINE_SENT;
        event.u.sent.token = item->token;
        event.u.sent.stamp_realtime_ns = item->stamp_realtime;
    } else if (item != NULL) {
        clock_run(n, &n->clock, n->t);
        event.kind = ENGINE_PACKET;
        event.u.packet.from = (struct engine_address){.family = 4, .port = (uint16_t)item->server};
        event.u.packet.bytes = bytes_of(item->bytes, item->len);
        event.u.packet.has_stamp = true;
        event.u.packet.stamp_realtime_ns = clock_realtime(&n->clock, n->t) - n->raw_frozen_ns;
    }
    client_step(n, &event);
}

void tiny_init(struct tiny *n, const struct crypto *crypto, uint64_t seed, unsigned servers,
               enum engine_mode mode)
{
    *n = (struct tiny){.prop = prop_start("tiny_net", seed), .servers = servers, .crypto = crypto};
    n->t = TINY_S;
    n->delay_ns = 100000;
    n->jitter_ns = 10000;
    n->timeline = (sync_timeline_t){77};
    n->clock = (struct tiny_clock){
        .at_ns = (double)n->t, .raw_ns = 5e12, .rate = 10e-6, .wander = 1e-9, .realtime_error_ns = 1e7};
    n->settings = (struct engine_settings){.self = {99},
                                           .cluster = 3,
                                           .members = n->members,
                                           .members_count = servers,
                                           .crypto = crypto,
                                           .seed = {1, 2, 3},
                                           .rate_bound = {50000},
                                           .mode = mode,
                                           .peer_poll_ns = 16 * TINY_S,
                                           .step_threshold_ns = 1000000};
    for (unsigned s = 0; s < servers; s++) {
        n->members[s] = (struct engine_member){
            .node = {s + 1}, .server = true, .address = {.family = 4, .port = (uint16_t)s}};
        memset(n->members[s].key, (int)s + 1, ENGINE_KEY_LEN);
        server_init(n, s);
        n->server[s].clock.at_ns = (double)n->t;
    }
    n->measure_from = 60 * TINY_S;
}

void tiny_start(struct tiny *n)
{
    follower_init(&n->follower, &n->settings, n->peers);
    struct engine_event start = {.kind = ENGINE_START};
    client_step(n, &start);
}

void tiny_run(struct tiny *n, int64_t until)
{
    while (n->t < until) {
        struct tiny_item *next = NULL;
        int64_t at = n->wake < until ? n->wake : until, tick = INT64_MAX;
        unsigned ticker = 0;
        for (unsigned i = 0; i < TINY_QUEUE; i++)
            if (n->queue[i].used && n->queue[i].at < at) {
                at = n->queue[i].at;
                next = &n->queue[i];
            }
        for (unsigned s = 0; s < n->servers; s++) {
            struct tiny_server *server = &n->server[s];
            int64_t in = peer_wake(&server->peer).ns - (int64_t)server->clock.raw_ns;
            int64_t due = in > INT64_MAX / 4 ? INT64_MAX : (int64_t)server->clock.at_ns + in;
            due = due <= n->t ? n->t + 1000 : due;
            if (!server->dead && due < tick) {
                tick = due;
                ticker = s;
            }
        }
        int64_t then = at < tick ? at : tick;
        n->t = then > n->t ? then : n->t; /* what was on its way when the test moved time comes now */
        if (tick < at) {
            server_event(n, ticker, NULL);
        } else if (next == NULL) {
            client_event(n, NULL);
        } else {
            struct tiny_item item = *next;
            next->used = false;
            if (item.kind == TINY_TO_CLIENT || item.kind == TINY_STAMP_CLIENT)
                client_event(n, &item);
            else
                server_event(n, item.server, &item);
        }
    }
}

struct view_tracking tiny_view(struct tiny *n)
{
    struct view_tracking v;
    struct engine_now now = clock_now(n, &n->clock, n->timeline, n->raw_frozen_ns);
    follower_tracking(&n->follower, now.raw, &v);
    return v;
}

double tiny_rms(const struct tiny *n)
{
    return n->error_count == 0 ? 0 : sqrt(n->error_sum / (double)n->error_count);
}
