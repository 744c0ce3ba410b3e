/* SPDX-License-Identifier: Apache-2.0 */
/* One event in, actions out: the order of things. */
#include <string.h>

#include "client/core/actions.h"
#include "sdk/sync/oscillator.h"
#include "server/clock/core/node_state.h"

/* The record of the hybrid clock: version, then the reserve. */
enum { HLC_LEN = 9, HLC_VERSION = 1 };
/* A peer's tick sends a hello, or a poll; its answers are one each. */
enum { SENDS_KEPT = 2 };
/* Breaks of several measurements within this time have one cause. */
#define BROKE_TOGETHER_NS (30 * NS_PER_S)

size_t node_size(void)
{
    return sizeof(struct node);
}

/* What the oscillator may do between two steps of the round. */
static tai_ppb_t growth_floor(const struct engine_settings *settings)
{
    enum oscillator_class class = settings->oscillator < OSCILLATOR_CLASSES
                                      ? (enum oscillator_class)settings->oscillator
                                      : OSCILLATOR_PC;
    return oscillator_growth(class, settings->rate_bound, 0, 0, (tai_span_t){ROUND_STEP_NS});
}

/* A lab machine that is polled rarely goes by its correction until the next one, or for four polls (following.h); what we say of our
 * line in a reply is used as long as its reader's poll. A step and its way are on top. */
static int64_t in_use_ns(const struct node *node)
{
    const struct engine_settings *s = &node->settings;
    int64_t poll = round_client_poll_ns(node->clients, s->poll_ns, s->client_poll_ns_max);
    int64_t use = 4 * poll > NODE_CORRECTION_LIFE_NS ? 4 * poll : NODE_CORRECTION_LIFE_NS;
    return (use > s->peer_poll_ns ? use : s->peer_poll_ns) + 2 * ROUND_STEP_NS;
}

static void round_begin(struct node *node)
{
    int64_t polls = 4 * node->settings.poll_ns;
    int64_t settle = polls > NODE_CORRECTION_LIFE_NS ? polls : NODE_CORRECTION_LIFE_NS;
    round_init(&node->round, &(struct round_settings){.self = node->settings.self,
                                                      .servers = node->servers,
                                                      .f = node->f,
                                                      .rate_bound = node->settings.rate_bound,
                                                      .floor = growth_floor(&node->settings),
                                                      .settle_ns = settle,
                                                      .in_use_ns = in_use_ns(node),
                                                      .life_ns = NODE_LINE_LIFE_NS});
}

enum tai_err node_init(struct node *node, const struct engine_settings *settings, struct peer *peers)
{
    struct election_settings election;
    if (settings->self.id == 0 || !settings->server || settings->crypto == NULL || settings->poll_ns <= 0 ||
        settings->peer_poll_ns <= 0 || settings->rate_bound.ppb <= 0)
        return TAI_ERR_ARGUMENT;
    if (settings->members_count > SYNC_NODES_MAX - 1)
        return TAI_ERR_RANGE;
    enum tai_err err = node_election_settings(settings, &election);
    if (err != TAI_OK)
        return err;
    memset(node, 0, sizeof *node);
    node->settings = *settings;
    node->peers = peers;
    node->servers = election.members_count;
    node->f = lease_faults(election.members_count);
    for (size_t i = 0; i < settings->members_count; i++) {
        node->ids[i] = settings->members[i].node.id;
        if (settings->members[i].server)
            node->server_index[node->others++] = (uint16_t)i;
        else
            node->clients++;
    }
    hlc_init(&node->hlc, 0);
    clockwork_init(&node->clockwork, settings);
    following_init(&node->following);
    suspicion_init(&node->suspicion);
    round_begin(node);
    node->election_at = ELECTION_NEVER;
    node->step_at = INT64_MAX;
    node->rank = node->rank_next = ELECTION_QUALITY_MAX;
    return TAI_OK;
}

struct peer_context node_context(struct node *node, const struct engine_now *now,
                                 struct engine_actions *actions)
{
    return (struct peer_context){.settings = &node->settings,
                                 .now = now,
                                 .map = clockwork_map(&node->clockwork),
                                 .leap_realtime_ns = clockwork_leap_realtime_ns(&node->clockwork),
                                 .local = &node->local,
                                 .physical = clockwork_now(&node->clockwork, now->raw),
                                 .about = &node->about,
                                 .actions = actions};
}

bool node_send(struct node *node, const struct engine_now *now, size_t peer, struct wire_message *message,
               struct engine_actions *actions)
{
    struct peer_context context = node_context(node, now, actions);
    bool left = peer_send(&node->peers[peer], &context, message);
    node->due[peer] = peer_wake(&node->peers[peer]).ns;
    return left;
}

/* ---- records ---- */

static void on_record(struct node *node, const struct engine_event *event)
{
    struct bytes b = event->u.record.bytes;
    switch (event->u.record.record) {
    case ENGINE_RECORD_VOTE:
        if (node_memory_decode(b, &node->memory) != TAI_OK)
            node->memory = (struct election_memory){.kind = ELECTION_MEMORY_LOST};
        return;
    case ENGINE_RECORD_HLC:
        if (b.len == HLC_LEN && b.data[0] == HLC_VERSION && be64_read(b.data + 1) <= (uint64_t)HLC_L_NS_MAX)
            hlc_init(&node->hlc, (int64_t)be64_read(b.data + 1));
        return;
    case ENGINE_RECORD_DRIFT: /* the clockwork's */
        return;
    }
}

/* Writes the hybrid clock's reserve ahead, rarely; one at a time is on its way. */
static void reserve_clock(struct node *node, const struct engine_now *now, struct engine_actions *actions)
{
    int64_t reserve;
    if (node->hlc_waits || now->raw.ns < node->disk_retry_at ||
        !hlc_reserve_wanted(&node->hlc, clockwork_now(&node->clockwork, now->raw), &reserve))
        return;
    struct engine_persist *slot =
        actions_persist(actions, ENGINE_RECORD_HLC, NODE_TOKEN_HLC | (node->hlc_token + 1));
    if (slot == NULL)
        return;
    node->hlc_token++;
    node->hlc_reserve_ns = reserve;
    node->hlc_waits = true;
    slot->len = HLC_LEN;
    slot->bytes[0] = HLC_VERSION;
    be64_write(slot->bytes + 1, (uint64_t)reserve);
}

/* What depends on the record waits on; a full disk may have room again. */
static void on_disk_failed(struct node *node, const struct engine_now *now, uint64_t token,
                           struct engine_actions *actions)
{
    actions_report(actions, ENGINE_SAYS_DISK, node->settings.self, (int64_t)token, 0);
    node->disk_retry_at = now->raw.ns + NODE_DISK_RETRY_NS;
    if (token == (NODE_TOKEN_HLC | node->hlc_token))
        node->hlc_waits = false;
    else if (token == node->vote.token)
        node->vote_waits = true;
}

static void on_persisted(struct node *node, const struct engine_event *event, const struct engine_now *now,
                         struct engine_actions *actions)
{
    uint64_t token = event->u.persisted.token;
    if (!event->u.persisted.ok) {
        on_disk_failed(node, now, token, actions);
        return;
    }
    if ((token & NODE_TOKEN_HLC) == 0) {
        if (token != 0 && token <= node->election.token)
            node_election_persisted(node, now, token, actions);
        return;
    }
    if (node->hlc_waits && token == (NODE_TOKEN_HLC | node->hlc_token)) {
        node->hlc_waits = false;
        hlc_reserved(&node->hlc, node->hlc_reserve_ns);
    }
}

/* ---- start ---- */

static void on_start(struct node *node, const struct engine_now *now, struct engine_actions *actions)
{
    const struct engine_settings *s = &node->settings;
    node->started = true;
    node->started_at = now->raw;
    node->stepped = now->raw;
    node->step_at = now->raw.ns;
    node->local = (struct session_local){.crypto = s->crypto,
                                         .hlc = &node->hlc,
                                         .cluster = s->cluster,
                                         .self = s->self,
                                         .role = WIRE_SERVER,
                                         .epoch = s->epoch};
    session_local_start(&node->local, s->seed);
    for (size_t i = 0; i < s->members_count; i++) {
        peer_init(&node->peers[i], s, &s->members[i], &node->local, i);
        if (s->members[i].server) {
            peer_set_poll(&node->peers[i], s->peer_poll_ns, now);
            peer_burst(&node->peers[i], now);
        }
        node->due[i] = peer_wake(&node->peers[i]).ns;
    }
    int64_t rate;
    if (clockwork_drift(&node->clockwork, &rate))
        ensemble_continue(&node->round.ensemble, rate, true);
    node_time_about(node, now);
    node_election_start(node, now, actions);
}

/* ---- datagrams ---- */

static void on_message(struct node *node, const struct engine_now *now, size_t peer,
                       const struct wire_message *message, struct engine_actions *actions)
{
    const struct engine_member *member = &node->settings.members[peer];
    if (!member->server) /* a lab machine has no say */
        return;
    if (message->header.type == WIRE_CORRECTION)
        node_follow_correction(node, now, peer, message, actions);
    else
        (void)node_election_message(node, now, member->node, message, actions);
}

/* Exchanges with most of the others that no oscillator explains: it was our own timeline that stood still. */
static bool own_timeline_broke(struct node *node, const struct engine_now *now, size_t server)
{
    size_t broke = 0, up = 0;
    node->broke_at[server] = now->raw.ns;
    for (size_t i = 0; i < node->others; i++) {
        up += peer_reachable(&node->peers[node->server_index[i]], now->raw);
        broke += node->broke_at[i] != 0 && now->raw.ns - node->broke_at[i] < BROKE_TOGETHER_NS;
    }
    return broke >= 2 && broke > node->f && 2 * broke > up;
}

static void on_fresh(struct node *node, struct engine_now *now, size_t peer, struct engine_actions *actions)
{
    for (size_t i = 0; i < node->others; i++) {
        if (node->server_index[i] != peer)
            continue;
        if (peer_broke(&node->peers[peer]) && own_timeline_broke(node, now, i)) {
            clockwork_break(&node->clockwork, now, actions);
            node_time_new_timeline(node, now, actions);
            return;
        }
        node_follow_compare(node, now, i, actions);
    }
    if (node_time_leads(node, now))
        node_master_correct(node, now, peer, actions);
}

static size_t member_index(const struct node *node, sync_node_t member)
{
    size_t i = 0;
    while (i < node->settings.members_count && node->ids[i] != member.id)
        i++;
    return i;
}

static void on_packet(struct node *node, const struct engine_event *event, struct engine_now *now,
                      struct engine_actions *actions)
{
    sync_node_t sender;
    if (session_screen(&node->local, event->u.packet.bytes, &sender) != WIRE_OK)
        return;
    size_t i = member_index(node, sender);
    if (i == node->settings.members_count) {
        node->local.strangers.n[WIRE_SENDER]++;
        return;
    }
    struct wire_message message;
    bool fresh = false;
    node_time_about(node, now);
    struct peer_context context = node_context(node, now, actions);
    bool authentic = peer_packet(&node->peers[i], &context, event, &message, &fresh);
    node->due[i] = peer_wake(&node->peers[i]).ns;
    if (authentic)
        on_message(node, now, i, &message, actions);
    if (fresh)
        on_fresh(node, now, i, actions);
}

static void on_sent(struct node *node, const struct engine_event *event, struct engine_now *now,
                    struct engine_actions *actions)
{
    size_t i;
    bool fresh = false;
    if (!peer_token_index(event->u.sent.token, &i) || i >= node->settings.members_count)
        return;
    struct peer_context context = node_context(node, now, actions);
    peer_sent(&node->peers[i], &context, event->u.sent.token, event->u.sent.stamp_realtime_ns, &fresh);
    node->due[i] = peer_wake(&node->peers[i]).ns;
    if (fresh)
        on_fresh(node, now, i, actions);
}

/* ---- the rest ---- */

static void on_reference(struct node *node, const struct engine_event *event, struct engine_actions *actions)
{
    bool had = node->reference.present;
    node->reference = event->u.reference;
    if (had != node->reference.present)
        actions_report(actions, ENGINE_SAYS_REFERENCE, node->settings.self, node->reference.present, 0);
}

static void on_command(struct node *node, const struct engine_event *event, const struct engine_now *now)
{
    switch (event->u.command) {
    case ENGINE_MAKESTEP:
        clockwork_makestep(&node->clockwork);
        return;
    case ENGINE_BURST:
        for (size_t i = 0; i < node->others; i++) {
            peer_burst(&node->peers[node->server_index[i]], now);
            node->due[node->server_index[i]] = now->raw.ns;
        }
        return;
    }
}

static void dispatch(struct node *node, const struct engine_event *event, struct engine_now *now,
                     struct engine_actions *actions)
{
    switch (event->kind) {
    case ENGINE_START:
        on_start(node, now, actions);
        return;
    case ENGINE_RECORD:
        on_record(node, event);
        return;
    case ENGINE_PACKET:
        on_packet(node, event, now, actions);
        return;
    case ENGINE_SENT:
        on_sent(node, event, now, actions);
        return;
    case ENGINE_PERSISTED:
        on_persisted(node, event, now, actions);
        return;
    case ENGINE_REFERENCE:
        on_reference(node, event, actions);
        return;
    case ENGINE_COMMAND:
        on_command(node, event, now);
        return;
    case ENGINE_STOP:
        node_election_leave(node, now, actions);
        node->gone = true;
        return;
    case ENGINE_TIMER:
    case ENGINE_LEAP:   /* the clockwork's */
    case ENGINE_KERNEL: /* the clockwork's */
        return;
    }
}

/* Ticks of the peers that want one. What finds no room among the actions goes on at the next wake-up, at once. */
static void peers_tick(struct node *node, struct engine_now *now, struct engine_actions *actions)
{
    bool told = false;
    for (size_t i = 0; i < node->settings.members_count; i++) {
        if (node->due[i] > now->raw.ns)
            continue;
        if (actions->sends_count + SENDS_KEPT > ENGINE_SENDS_MAX)
            return;
        if (!told)
            node_time_about(node, now);
        told = true;
        struct peer_context context = node_context(node, now, actions);
        bool fresh = false;
        peer_tick(&node->peers[i], &context, &fresh);
        node->due[i] = peer_wake(&node->peers[i]).ns;
        if (fresh) /* one that had waited long enough */
            on_fresh(node, now, i, actions);
    }
}

static tai_mono_t next_wake(const struct node *node, const struct engine_now *now)
{
    int64_t wake = node->step_at;
    for (size_t i = 0; i < node->settings.members_count; i++)
        if (node->due[i] < wake)
            wake = node->due[i];
    if (node->election_at != ELECTION_NEVER) {
        int64_t in = node->election_at - now->boot_ns;
        if (in < wake - now->raw.ns)
            wake = now->raw.ns + in;
    }
    return (tai_mono_t){wake > now->raw.ns ? wake : now->raw.ns};
}

static void report_status(struct node *node, const struct engine_now *now, struct engine_actions *actions)
{
    enum taistamp_status status = clockwork_line(&node->clockwork, now->raw).status;
    enum taistamp_status old = node->said_any ? node->said_status : TAISTAMP_STATUS_UNKNOWN;
    node->said_any = true;
    node->said_status = status;
    if (status != old)
        actions_report(actions, ENGINE_SAYS_STATUS, node->settings.self, status, old);
}

/* Whose time the published line is; nobody's without a master, whoever was elected meanwhile. */
struct lead {
    uint64_t term;
    sync_node_t master;
};

static struct lead lead_of(const struct node *node)
{
    if (node->state == VIEW_FOLLOWING)
        return (struct lead){node->following.term, node->following.master};
    if ((node->state == VIEW_MASTER || node->state == VIEW_ALONE) &&
        node->election.role == ELECTION_IS_MASTER)
        return (struct lead){node->election.term, node->settings.self};
    return (struct lead){0, {0}};
}

void node_step(struct node *node, const struct engine_event *event, struct engine_actions *actions)
{
    struct engine_now reading;
    const struct engine_now *now = &reading;
    actions_begin(actions, &event->now);
    enum clockwork_change change = clockwork_begin(&node->clockwork, event, &reading, actions);
    if (change == CLOCKWORK_NEW_TIMELINE && node->started)
        node_time_new_timeline(node, now, actions);
    if (!node->gone && (node->started || event->kind == ENGINE_RECORD || event->kind == ENGINE_START ||
                        event->kind == ENGINE_REFERENCE))
        dispatch(node, event, &reading, actions);
    if (!node->started)
        return;
    struct lead lead = lead_of(node);
    if (node->gone) {
        clockwork_end(&node->clockwork, now, lead.term, lead.master, now->raw, event->kind == ENGINE_STOP,
                      actions);
        return;
    }
    if (node->vote_waits && now->raw.ns >= node->disk_retry_at)
        node_election_persist(node, actions);
    node_election_tick(node, now, actions);
    if (now->raw.ns >= node->step_at)
        node_time_step(node, now, actions);
    peers_tick(node, &reading, actions);
    reserve_clock(node, now, actions);
    lead = lead_of(node);
    clockwork_end(&node->clockwork, now, lead.term, lead.master, next_wake(node, now), false, actions);
    report_status(node, now, actions);
}
