/* SPDX-License-Identifier: Apache-2.0 */
#include "client/core/follower_parts.h"

#include "client/core/actions.h"
#include "sdk/base/bug.h"

/* The record of the hybrid clock, as servers write it too: version, then the reserve. */
enum { HLC_LEN = 9, HLC_VERSION = 1 };
#define HLC_TOKEN (UINT64_C(1) << 62)

size_t follower_size(void)
{
    return sizeof(struct follower);
}

void follower_init(struct follower *f, const struct engine_settings *settings, struct peer *peers)
{
    *f = (struct follower){.settings = *settings,
                           .peers = peers,
                           .count = settings->members_count,
                           .polled_ns = settings->peer_poll_ns};
    for (size_t i = 0; i < f->count; i++)
        f->servers += settings->members[i].server;
    BUG_UNLESS(f->servers <= SYNC_SERVERS_MAX && f->count <= 32);
    f->faults = fallback_faults(f->servers);
    hlc_init(&f->hlc, 0);
    clockwork_init(&f->clockwork, &f->settings);
    following_init(&f->following);
    belief_init(&f->belief, f->servers);
}

/* ---- What we say of ourselves ---- */

static enum wire_state wire_state_of(enum view_state state)
{
    switch (state) {
    case VIEW_FOLLOWING:
        return WIRE_FOLLOWING;
    case VIEW_FALLBACK:
    case VIEW_FREE:
        return WIRE_FALLBACK;
    case VIEW_STARTING:
    case VIEW_MASTER:
    case VIEW_ALONE:
        break;
    }
    return WIRE_STARTING;
}

static void describe(struct follower *f)
{
    f->about = (struct wire_reply){.line = {.status = TAISTAMP_STATUS_UNKNOWN},
                                   .leap = clockwork_leap(&f->clockwork),
                                   .rho_ppb = (uint32_t)f->settings.rate_bound.ppb,
                                   .oscillator = f->settings.oscillator,
                                   .state = wire_state_of(f->state),
                                   .master = f->belief.master,
                                   .reference = f->reference};
    struct sync_line line;
    if (clockwork_target(&f->clockwork, &line) && line_valid(&line) && page_status_has_interval(line.status))
        f->about.line = line;
}

static struct peer_context context_of(struct follower *f, const struct engine_now *now,
                                      struct engine_actions *actions)
{
    return (struct peer_context){.settings = &f->settings,
                                 .now = now,
                                 .map = clockwork_map(&f->clockwork),
                                 .leap_realtime_ns = clockwork_leap_realtime_ns(&f->clockwork),
                                 .local = &f->local,
                                 .physical = clockwork_now(&f->clockwork, now->raw),
                                 .about = &f->about,
                                 .actions = actions};
}

/* ---- Our own timeline ---- */

static void begin_anew(struct follower *f, const struct engine_now *now)
{
    for (size_t i = 0; i < f->count; i++)
        peer_forget(&f->peers[i], now);
    f->following.active = false;
    f->state = VIEW_STARTING;
    f->begun = now->raw;
    f->broke_mask = 0;
}

/* A measurement contradicted those before it. When most servers that we measure did so at about the same time, we are the one that
 * stood still; one of them alone is its own affair. */
static void on_break(struct follower *f, size_t index, struct engine_now *now, struct engine_actions *actions)
{
    if (now->raw.ns - f->broke_at.ns > FOLLOWER_BREAKS_NS)
        f->broke_mask = 0;
    f->broke_at = now->raw;
    f->broke_mask |= UINT32_C(1) << index;
    unsigned broke = 0, measured = 0;
    for (size_t i = 0; i < f->count; i++) {
        broke += f->broke_mask >> i & 1;
        measured += peer_reachable(&f->peers[i], now->raw);
    }
    if (broke > f->faults && broke * 2 > measured) {
        clockwork_break(&f->clockwork, now, actions);
        begin_anew(f, now);
    } else {
        follower_ask(f, now);
    }
}

/* ---- Datagrams ---- */

static void named(struct follower *f, sync_node_t server, sync_node_t master, uint64_t term,
                  const struct engine_now *now, struct engine_actions *actions)
{
    if (!belief_named(&f->belief, server, master, term, now->raw))
        return;
    f->local.term = f->belief.term;
    actions_report(actions, ENGINE_SAYS_MASTER, f->belief.master, (int64_t)f->belief.term, 0);
}

static void on_message(struct follower *f, size_t index, struct engine_now *now, const struct wire_message *m,
                       struct engine_actions *actions)
{
    sync_node_t sender = f->settings.members[index].node;
    switch (m->header.type) {
    case WIRE_REPLY:
        named(f, sender, m->reply.state == WIRE_MASTER ? sender : m->reply.master, m->header.term, now,
              actions);
        return;
    case WIRE_HEARTBEAT:
        named(f, sender, sender, m->header.term, now, actions);
        return;
    case WIRE_CORRECTION:
        named(f, sender, sender, m->header.term, now, actions);
        follower_correct(f, index, now, m, actions);
        return;
    case WIRE_GOODBYE:
        if (sender.id == f->following.master.id && f->state == VIEW_FOLLOWING)
            follower_fall_back(f, GUARD_LEASE, now, actions);
        return;
    case WIRE_HELLO:
    case WIRE_HELLO_REPLY:
    case WIRE_POLL:
    case WIRE_FOLLOW_UP:
    case WIRE_HEARTBEAT_ACK:
    case WIRE_PRE_VOTE:
    case WIRE_PRE_VOTE_REPLY:
    case WIRE_VOTE:
    case WIRE_VOTE_REPLY:
    case WIRE_ACCUSATION:
    case WIRE_CERTIFICATE:
        return;
    }
}

static bool find_member(const struct follower *f, sync_node_t node, size_t *ret_index)
{
    for (size_t i = 0; i < f->count; i++) {
        if (f->settings.members[i].node.id != node.id)
            continue;
        *ret_index = i;
        return true;
    }
    return false;
}

static void on_packet(struct follower *f, const struct engine_event *event, struct engine_now *now,
                      struct engine_actions *actions)
{
    sync_node_t sender;
    struct wire_message message;
    size_t index;
    bool fresh;
    if (session_screen(&f->local, event->u.packet.bytes, &sender) != WIRE_OK)
        return;
    if (!find_member(f, sender, &index)) {
        f->local.strangers.n[WIRE_SENDER]++;
        return;
    }
    describe(f);
    struct peer_context context = context_of(f, now, actions);
    bool good = peer_packet(&f->peers[index], &context, event, &message, &fresh);
    if (peer_broke(&f->peers[index]))
        on_break(f, index, now, actions);
    if (good && f->settings.members[index].server)
        on_message(f, index, now, &message, actions);
}

static void on_sent(struct follower *f, const struct engine_event *event, struct engine_now *now,
                    struct engine_actions *actions)
{
    size_t index;
    bool fresh;
    if (!peer_token_index(event->u.sent.token, &index) || index >= f->count)
        return;
    struct peer_context context = context_of(f, now, actions);
    peer_sent(&f->peers[index], &context, event->u.sent.token, event->u.sent.stamp_realtime_ns, &fresh);
    if (peer_broke(&f->peers[index]))
        on_break(f, index, now, actions);
}

/* ---- Start, stop, records ---- */

static void on_start(struct follower *f, const struct engine_now *now)
{
    f->local = (struct session_local){.crypto = f->settings.crypto,
                                      .hlc = &f->hlc,
                                      .cluster = f->settings.cluster,
                                      .self = f->settings.self,
                                      .role = WIRE_CLIENT,
                                      .epoch = f->settings.epoch};
    session_local_start(&f->local, f->settings.seed);
    for (size_t i = 0; i < f->count; i++)
        peer_init(&f->peers[i], &f->settings, &f->settings.members[i], &f->local, i);
    follower_poll(f, f->settings.peer_poll_ns, now);
    f->started = true;
    f->begun = now->raw;
}

static void on_record(struct follower *f, const struct engine_event *event)
{
    struct bytes b = event->u.record.bytes;
    if (event->u.record.record != ENGINE_RECORD_HLC || b.len != HLC_LEN || b.data[0] != HLC_VERSION ||
        be64_read(b.data + 1) > (uint64_t)HLC_L_NS_MAX)
        return;
    hlc_init(&f->hlc, (int64_t)be64_read(b.data + 1));
}

/* Writes the hybrid clock's reserve ahead, rarely; one at a time is on its way. */
static void reserve_clock(struct follower *f, const struct engine_now *now, struct engine_actions *actions)
{
    int64_t reserve;
    if (f->hlc_reserve_ns != 0 ||
        !hlc_reserve_wanted(&f->hlc, clockwork_now(&f->clockwork, now->raw), &reserve))
        return;
    struct engine_persist *record = actions_persist(actions, ENGINE_RECORD_HLC, HLC_TOKEN);
    if (record == NULL)
        return;
    f->hlc_reserve_ns = reserve;
    record->len = HLC_LEN;
    record->bytes[0] = HLC_VERSION;
    be64_write(record->bytes + 1, (uint64_t)reserve);
}

static void on_persisted(struct follower *f, const struct engine_event *event, struct engine_actions *actions)
{
    if (event->u.persisted.token != HLC_TOKEN || f->hlc_reserve_ns == 0)
        return;
    /* A lab machine without a disk still keeps time: its stamps then hold for this life only. */
    if (!event->u.persisted.ok)
        actions_report(actions, ENGINE_SAYS_DISK, f->settings.self, 0, 0);
    hlc_reserved(&f->hlc, event->u.persisted.ok ? f->hlc_reserve_ns : HLC_L_NS_MAX);
    f->hlc_reserve_ns = 0;
}

static void on_stop(struct follower *f, const struct engine_now *now, struct engine_actions *actions)
{
    struct peer_context context = context_of(f, now, actions);
    for (size_t i = 0; i < f->count; i++) {
        struct wire_message bye = {.header.type = WIRE_GOODBYE, .goodbye = {.reason = WIRE_GOODBYE_STOP}};
        (void)peer_send(&f->peers[i], &context, &bye);
    }
    f->stopped = true;
}

static void on_command(struct follower *f, enum engine_command command, const struct engine_now *now)
{
    switch (command) {
    case ENGINE_MAKESTEP:
        clockwork_makestep(&f->clockwork);
        return;
    case ENGINE_BURST:
        follower_burst(f, now);
        return;
    }
}

static void dispatch(struct follower *f, const struct engine_event *event, struct engine_now *now,
                     struct engine_actions *actions)
{
    switch (event->kind) {
    case ENGINE_START:
        on_start(f, now);
        return;
    case ENGINE_RECORD:
        on_record(f, event);
        return;
    case ENGINE_PACKET:
        on_packet(f, event, now, actions);
        return;
    case ENGINE_SENT:
        on_sent(f, event, now, actions);
        return;
    case ENGINE_PERSISTED:
        on_persisted(f, event, actions);
        return;
    case ENGINE_REFERENCE:
        f->reference = event->u.reference;
        return;
    case ENGINE_COMMAND:
        on_command(f, event->u.command, now);
        return;
    case ENGINE_STOP:
        on_stop(f, now, actions);
        return;
    case ENGINE_TIMER:
    case ENGINE_LEAP:   /* the clockwork's */
    case ENGINE_KERNEL: /* the clockwork's */
        return;
    }
}

/* ---- The step ---- */

static void tick_peers(struct follower *f, struct engine_now *now, struct engine_actions *actions)
{
    describe(f);
    for (size_t i = 0; i < f->count; i++) {
        bool fresh;
        struct peer_context context = context_of(f, now, actions);
        if (now->raw.ns < peer_wake(&f->peers[i]).ns)
            continue;
        peer_tick(&f->peers[i], &context, &fresh);
        if (peer_broke(&f->peers[i]))
            on_break(f, i, now, actions);
    }
}

static tai_mono_t next_wake(const struct follower *f)
{
    int64_t wake = INT64_MAX;
    for (size_t i = 0; i < f->count; i++)
        if (peer_wake(&f->peers[i]).ns < wake)
            wake = peer_wake(&f->peers[i]).ns;
    return (tai_mono_t){wake};
}

static void report_status(struct follower *f, const struct engine_now *now, struct engine_actions *actions)
{
    enum taistamp_status status = clockwork_line(&f->clockwork, now->raw).status;
    enum taistamp_status old = f->said_any ? f->said_status : TAISTAMP_STATUS_UNKNOWN;
    f->said_any = true;
    f->said_status = status;
    if (status != old)
        actions_report(actions, ENGINE_SAYS_STATUS, f->settings.self, status, old);
}

void follower_step(struct follower *f, const struct engine_event *event, struct engine_actions *actions)
{
    struct engine_now now;
    actions_begin(actions, &event->now);
    enum clockwork_change change = clockwork_begin(&f->clockwork, event, &now, actions);
    if (f->stopped)
        return;
    if (change == CLOCKWORK_NEW_TIMELINE)
        begin_anew(f, &now);
    dispatch(f, event, &now, actions);
    if (!f->started)
        return;
    bool live = event->kind != ENGINE_START && !f->stopped;
    reserve_clock(f, &now, actions);
    if (live) {
        tick_peers(f, &now, actions);
        follower_lead(f, &now, actions);
    }
    tai_mono_t wake = live ? next_wake(f) : now.raw; /* after the start: the first wake-up begins */
    /* Whose time the line is; nobody's without corrections, whoever was elected meanwhile. */
    bool led = f->state == VIEW_FOLLOWING;
    clockwork_end(&f->clockwork, &now, led ? f->following.term : 0,
                  led ? f->following.master : (sync_node_t){0}, wake, f->stopped, actions);
    report_status(f, &now, actions);
}
