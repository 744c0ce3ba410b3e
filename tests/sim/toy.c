/* SPDX-License-Identifier: Apache-2.0 */
/* An engine of a hundred lines, to try the simulator and its oracle with: everybody asks node 1 once a second, Cristian's way,
 * and slews to what it says. Node 1's time is its reference, or its own REALTIME. No keys, no election. */
#include <stdlib.h>
#include <string.h>

#include "sdk/base/bug.h"
#include "sdk/time/arith.h"
#include "tests/sim/port.h"

#define POLL_NS  INT64_C(1000000000)
#define SLEW_PPM 200

enum { TOY_POLL = 1, TOY_REPLY };

struct toy_message {
    uint32_t kind;
    uint64_t number;
    int64_t t2, t3, tai, half; /* readings of its raw clock; its line at t3 */
};

struct toy {
    struct engine_settings settings;
    bool server; /* node 1 */
    struct sync_line line, wanted;
    uint64_t number, token;
    int64_t t1, poll_at, map; /* map: RAW - REALTIME */
    struct sync_reference reference;
};

static void *toy_make(const struct engine_settings *settings)
{
    struct toy *toy = calloc(1, sizeof *toy);
    BUG_UNLESS(toy != NULL);
    toy->settings = *settings;
    toy->server = settings->self.id == 1;
    toy->line.status = TAISTAMP_STATUS_UNKNOWN;
    return toy;
}

static int64_t at(const struct sync_line *line, int64_t raw)
{
    return line->tai.ns + (raw - line->raw.ns) +
           (raw - line->raw.ns) / 1000 * (line->rate_ps_per_s / 1000) / 1000000;
}

static void publish(struct toy *toy, const struct engine_now *now, int64_t tai, int64_t half,
                    enum taistamp_status status, struct engine_actions *actions)
{
    struct sync_line line = {.timeline = now->timeline, .raw = now->raw, .tai = {tai}, .status = status};
    line.half_width.ns = half;
    line.growth.ppb = toy->settings.rate_bound.ppb;
    line.expires.ns = now->raw.ns + 4 * POLL_NS;
    if (toy->line.status == status && toy->line.timeline.id == now->timeline.id) {
        int64_t old = at(&toy->line, now->raw.ns), distance = tai - old, most = POLL_NS / 1000000 * SLEW_PPM;
        int64_t slew = distance > most ? most : distance < -most ? -most : distance;
        line.tai.ns = old;
        line.half_width.ns = half + llabs(distance);
        line.growth.ppb += (int32_t)(llabs(slew));
        line.rate_ps_per_s = slew * 1000;
    }
    toy->line = line;
    actions->publish = 1;
    actions->line = line;
    actions->term = 1;
    actions->master = (sync_node_t){1};
}

static void send(struct toy *toy, const struct engine_address *to, const struct toy_message *message,
                 struct engine_actions *actions)
{
    struct engine_send *s = &actions->sends[actions->sends_count++];
    s->to = *to;
    s->token = ++toy->token;
    s->len = sizeof *message;
    memcpy(s->bytes, message, sizeof *message);
}

static void packet(struct toy *toy, const struct engine_event *event, struct engine_actions *actions)
{
    struct toy_message m;
    int64_t t4 = event->u.packet.stamp_realtime_ns + toy->map;
    if (event->u.packet.bytes.len != sizeof m)
        return;
    memcpy(&m, event->u.packet.bytes.data, sizeof m);
    if (m.kind == TOY_POLL && toy->server && toy->line.status != TAISTAMP_STATUS_UNKNOWN) {
        int64_t raw = event->now.raw.ns;
        struct toy_message reply = {
            TOY_REPLY, m.number, t4, raw, at(&toy->line, raw), toy->line.half_width.ns};
        reply.half += bound_growth((tai_span_t){raw - toy->line.raw.ns}, toy->line.growth).ns + 2000;
        send(toy, &event->u.packet.from, &reply, actions);
    }
    if (m.kind != TOY_REPLY || toy->server || m.number != toy->number || toy->t1 == 0)
        return;
    int64_t delay = (t4 - toy->t1) - (m.t3 - m.t2);
    int64_t tai = m.tai + delay / 2 + (event->now.raw.ns - t4);
    int64_t half = m.half + delay / 2 + 2000 + (event->now.raw.ns - toy->t1) / 1000;
    toy->t1 = 0;
    publish(toy, &event->now, tai, half,
            toy->reference.present ? TAISTAMP_STATUS_SINGLE_REFERENCE : TAISTAMP_STATUS_RELATIVE, actions);
}

static void toy_step(void *engine, const struct engine_event *event, struct engine_actions *actions)
{
    struct toy *toy = engine;
    const struct engine_now *now = &event->now;
    actions->publish = actions->steer = 0;
    actions->sends_count = actions->persists_count = actions->reports_count = 0;
    toy->map = now->raw.ns - now->realtime_ns;
    if (event->kind == ENGINE_PACKET)
        packet(toy, event, actions);
    if (event->kind == ENGINE_SENT && event->u.sent.token == toy->token && !toy->server)
        toy->t1 = event->u.sent.stamp_realtime_ns + toy->map;
    if (event->kind == ENGINE_REFERENCE && toy->server) {
        toy->reference = event->u.reference;
        if (toy->reference.present)
            publish(toy, now, toy->reference.tai.ns, toy->reference.half_width.ns,
                    TAISTAMP_STATUS_SINGLE_REFERENCE, actions);
    }
    if (now->raw.ns >= toy->poll_at) {
        struct toy_message poll = {.kind = TOY_POLL, .number = ++toy->number};
        toy->poll_at = now->raw.ns + POLL_NS;
        if (toy->server && !toy->reference.present)
            publish(toy, now,
                    toy->line.status == TAISTAMP_STATUS_RELATIVE ? at(&toy->line, now->raw.ns)
                                                                 : now->realtime_ns + 37 * POLL_NS,
                    1000, TAISTAMP_STATUS_RELATIVE, actions);
        else if (!toy->server)
            send(toy, &toy->settings.members[0].address, &poll, actions);
    }
    actions->wake.ns = toy->poll_at;
}

static void toy_tracking(const void *engine, tai_mono_t raw, struct view_tracking *view)
{
    const struct toy *toy = engine;
    (void)raw;
    view->line = toy->line;
    view->state = toy->server ? VIEW_MASTER : VIEW_FOLLOWING;
    view->term = 1;
    view->master.id = 1;
}

static size_t toy_sources(const void *engine, tai_mono_t raw, struct view_source *sources, size_t max)
{
    (void)engine, (void)raw, (void)sources, (void)max;
    return 0;
}

static void toy_cluster(const void *engine, tai_mono_t raw, struct view_cluster *view)
{
    (void)engine, (void)raw;
    view->lease_valid = false;
}

const struct port port_toy = {"toy",       toy_make, toy_step, toy_tracking, toy_sources,
                              toy_cluster, NULL,     free,     false};
