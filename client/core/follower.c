/* SPDX-License-Identifier: Apache-2.0 */
#include "client/core/follower.h"

#include "client/core/actions.h"
#include "sdk/base/bug.h"
#include "sdk/time/arith.h"

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

/* ---- Asking the servers ---- */

static void poll_all(struct follower *f, int64_t poll_ns, const struct engine_now *now)
{
    f->polled_ns = poll_ns;
    for (size_t i = 0; i < f->count; i++)
        if (f->settings.members[i].server)
            peer_set_poll(&f->peers[i], poll_ns, now);
}

static void burst_all(struct follower *f, const struct engine_now *now)
{
    for (size_t i = 0; i < f->count; i++)
        peer_burst(&f->peers[i], now);
}

/* Something came that we can not judge: ask, but not for each such thing. */
static void ask(struct follower *f, const struct engine_now *now)
{
    if (f->asked && now->raw.ns - f->asked_at.ns < FOLLOWER_ASK_NS)
        return;
    f->asked = true;
    f->asked_at = now->raw;
    burst_all(f, now);
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
        ask(f, now);
    }
}

/* ---- The fallback ---- */

static void fall_back(struct follower *f, enum guard_reason why, const struct engine_now *now,
                      struct engine_actions *actions)
{
    f->following.active = false;
    f->why = why;
    if (f->state == VIEW_FALLBACK || f->state == VIEW_FREE)
        return;
    f->state = VIEW_FALLBACK;
    f->fallback_since = f->fallback_at = now->raw;
    actions_report(actions, ENGINE_SAYS_FALLBACK, f->belief.master, why, 0);
    poll_all(f, FOLLOWER_POLL_NS < f->settings.peer_poll_ns ? FOLLOWER_POLL_NS : f->settings.peer_poll_ns,
             now);
}

/* Where the midpoint of the servers leads. False: too few. */
static bool midpoint_line(const struct follower *f, const struct engine_now *now, struct sync_line *ret_line)
{
    struct witness_panel panel;
    struct sync_line own;
    witness_collect(f->peers, f->count, now->raw, f->servers, f->settings.rate_bound, WITNESS_BEST, &panel);
    bool has_own = clockwork_target(&f->clockwork, &own) && witness_absolute(own.status) == panel.absolute;
    struct fallback_input in = {.evidence = panel.evidence, .servers = f->servers, .has_own = has_own};
    for (size_t i = 0; i < panel.evidence.witnesses_count; i++) {
        in.rates_ps_per_s[i] = panel.rates_ps_per_s[i];
        in.skews_ps_per_s[i] = panel.skews_ps_per_s[i];
    }
    if (has_own) {
        in.own = line_tai(&own, now->raw);
        in.own_half_width = line_half_width(&own, now->raw);
        in.own_rate_ps_per_s = own.rate_ps_per_s;
    }
    struct fallback_result r = fallback_midpoint(&in);
    if (!r.moved)
        return false;
    *ret_line = (struct sync_line){.timeline = now->timeline,
                                   .raw = now->raw,
                                   .tai = {in.own.ns + r.move_ns},
                                   .half_width = r.half_width,
                                   .rate_ps_per_s = r.rate_ps_per_s,
                                   .growth = r.growth,
                                   .expires = {now->raw.ns + FOLLOWING_LIFE_NS},
                                   .status = panel.status,
                                   .source = panel.source};
    return line_valid(ret_line);
}

/* Polls every two seconds at first, then more and more rarely, down to what a quiet life has. */
static int64_t fallback_poll(const struct follower *f, const struct engine_now *now)
{
    int64_t poll = FOLLOWER_POLL_NS, left = (now->raw.ns - f->fallback_since.ns) / FOLLOWER_EAGER_NS;
    for (; left > 0 && poll < f->settings.peer_poll_ns; left /= 2)
        poll *= 2;
    return poll < f->settings.peer_poll_ns ? poll : f->settings.peer_poll_ns;
}

static void move_to_midpoint(struct follower *f, const struct engine_now *now)
{
    struct sync_line line;
    if (now->raw.ns < f->fallback_at.ns)
        return;
    f->fallback_at = (tai_mono_t){now->raw.ns + FOLLOWER_POLL_NS};
    if (midpoint_line(f, now, &line)) {
        struct view_budget budget = {.upstream_ns = line.half_width.ns};
        clockwork_aim(&f->clockwork, now, &line, &budget);
        f->state = VIEW_FALLBACK;
    } else {
        f->state = VIEW_FREE;
    }
    if (fallback_poll(f, now) != f->polled_ns)
        poll_all(f, fallback_poll(f, now), now);
}

static void lead_without_master(struct follower *f, const struct engine_now *now,
                                struct engine_actions *actions)
{
    if (following_flows(&f->following, now->raw))
        return;
    if (f->state == VIEW_STARTING && now->raw.ns - f->begun.ns < FOLLOWER_GRACE_NS)
        return;
    if (f->state == VIEW_STARTING || f->state == VIEW_FOLLOWING)
        fall_back(f, GUARD_LEASE, now, actions);
    move_to_midpoint(f, now);
}

/* ---- Corrections ---- */

static struct view_budget budget_of(const struct peer *peer, const struct engine_now *now,
                                    const struct sync_line *line)
{
    struct peer_placement p;
    struct view_budget b = {.upstream_ns = line->half_width.ns, .stamps_ns = now->width_ns};
    if (peer_placement(peer, now->raw, &p))
        b.path_ns = p.half_width_ns < b.upstream_ns ? p.half_width_ns : b.upstream_ns;
    b.upstream_ns -= b.path_ns;
    b.stamps_ns = b.stamps_ns < b.upstream_ns ? b.stamps_ns : b.upstream_ns;
    b.upstream_ns -= b.stamps_ns;
    return b;
}

static void take_up(struct follower *f, size_t index, const struct engine_now *now,
                    const struct sync_line *line, struct engine_actions *actions)
{
    const struct guard_result *r = &f->following.last;
    sync_node_t master = f->settings.members[index].node;
    struct view_budget budget = budget_of(&f->peers[index], now, line);
    witness_offer_leap(f->peers, f->count, f->faults + 1, &f->following.leap, &f->clockwork);
    clockwork_aim(&f->clockwork, now, line, &budget);
    if (f->state != VIEW_FOLLOWING)
        poll_all(f, f->settings.peer_poll_ns, now);
    f->state = VIEW_FOLLOWING;
    if (r->verdict == GUARD_SUSPECT && f->suspects++ == 0)
        actions_report(actions, ENGINE_SAYS_SUSPECT, master, r->reason, r->by_ns);
    if (r->verdict == GUARD_ACCEPT && f->suspects > 0) {
        f->suspects = 0;
        actions_report(actions, ENGINE_SAYS_CLEARED, master, 0, 0);
    }
}

static void turn_down(struct follower *f, size_t index, const struct engine_now *now,
                      struct engine_actions *actions)
{
    const struct guard_result *r = &f->following.last;
    switch (r->reason) {
    case GUARD_NOT_MASTER:
    case GUARD_UNMEASURED:
        ask(f, now);
        return;
    case GUARD_OUTSIDE_PEERS:
    case GUARD_OUTSIDE_REFERENCE:
    case GUARD_OUTSIDE_OWN:
    case GUARD_RATE:
        actions_report(actions, ENGINE_SAYS_REJECTED, f->settings.members[index].node, r->reason, r->by_ns);
        ask(f, now);
        if (f->state == VIEW_FOLLOWING)
            fall_back(f, r->reason, now, actions);
        return;
    case GUARD_FINE:
    case GUARD_EDGE:
    case GUARD_ODD:
    case GUARD_TRIANGLE:
    case GUARD_WIDTH:
    case GUARD_FALSE_REFERENCE:
    case GUARD_EXPIRED:
    case GUARD_REPLAYED:
    case GUARD_LOWER_TERM:
    case GUARD_OTHER_TIMELINE:
    case GUARD_FUTURE:
    case GUARD_LEASE:
    case GUARD_SELF:
        return; /* counted */
    }
}

/* Time never steps: `unknown` comes between, and what comes next is taken up as at a start. */
static void give_up_line(struct follower *f, const struct engine_now *now)
{
    clockwork_void(&f->clockwork, now);
    f->following.active = false;
    f->state = VIEW_STARTING;
    f->begun = now->raw;
}

/* From relative to absolute time that is far: what was published before said nothing about TAI, and slewing would take hours. */
static bool begins_again(const struct follower *f, const struct engine_now *now, const struct sync_line *line)
{
    struct sync_line own;
    int64_t far;
    if (!witness_absolute(line->status) || !clockwork_target(&f->clockwork, &own) ||
        witness_absolute(own.status) ||
        !arith_sub(line_tai(line, now->raw).ns, line_tai(&own, now->raw).ns, &far))
        return false;
    return far > FOLLOWER_BEGIN_AGAIN_NS || far < -FOLLOWER_BEGIN_AGAIN_NS;
}

static void on_correction(struct follower *f, size_t index, struct engine_now *now,
                          const struct wire_message *m, struct engine_actions *actions)
{
    struct witness_panel panel;
    struct sync_line own, line;
    bool absolute = witness_absolute(m->correction.line.status);
    enum witness_kind kind = absolute ? WITNESS_ABSOLUTE : WITNESS_RELATIVE;
    witness_collect(f->peers, f->count, now->raw, f->servers, f->settings.rate_bound, kind, &panel);
    if (absolute && witness_references(f->peers, f->count, now->raw, f->faults, NULL, 0, &panel.evidence))
        panel.absolute = true;
    witness_sole_reference(&panel.evidence, m->header.sender);
    if (clockwork_target(&f->clockwork, &own) && witness_absolute(own.status) == absolute)
        witness_add_own(&panel, &own, now->raw);
    bool taken =
        following_correction(&f->following, now, m, f->belief.master, f->belief.term, &panel.evidence, &line);
    if (f->following.last.own_is_wrong)
        actions_report(actions, ENGINE_SAYS_REJECTED, f->settings.self, GUARD_SELF, f->following.last.by_ns);
    if (f->following.last.own_is_wrong || (taken && begins_again(f, now, &line)))
        give_up_line(f, now);
    else if (taken)
        take_up(f, index, now, &line, actions);
    else
        turn_down(f, index, now, actions);
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
        on_correction(f, index, now, m, actions);
        return;
    case WIRE_GOODBYE:
        if (sender.id == f->following.master.id && f->state == VIEW_FOLLOWING)
            fall_back(f, GUARD_LEASE, now, actions);
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
    poll_all(f, f->settings.peer_poll_ns, now);
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
        burst_all(f, now);
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
        lead_without_master(f, &now, actions);
    }
    tai_mono_t wake = live ? next_wake(f) : now.raw; /* after the start: the first wake-up begins */
    /* Whose time the line is; nobody's without corrections, whoever was elected meanwhile. */
    bool led = f->state == VIEW_FOLLOWING;
    clockwork_end(&f->clockwork, &now, led ? f->following.term : 0,
                  led ? f->following.master : (sync_node_t){0}, wake, f->stopped, actions);
    report_status(f, &now, actions);
}
