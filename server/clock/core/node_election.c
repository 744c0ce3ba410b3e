/* SPDX-License-Identifier: Apache-2.0 */
/* The election on the wire and on the disk: translation both ways, and carrying out what it decides. */
#include <string.h>

#include "client/core/actions.h"
#include "sdk/base/bug.h"
#include "server/clock/core/node_state.h"

/* The record of (term, vote): version, then both. */
enum { MEMORY_LEN = NODE_VOTE_RECORD_LEN, MEMORY_VERSION = 1 };

static void memory_write(uint64_t term, sync_node_t vote, uint8_t ret_record[NODE_VOTE_RECORD_LEN])
{
    ret_record[0] = MEMORY_VERSION;
    be64_write(ret_record + 1, term);
    be32_write(ret_record + 9, vote.id);
}

void node_vote_founded(uint8_t ret_record[NODE_VOTE_RECORD_LEN])
{
    memory_write(0, (sync_node_t){0}, ret_record);
}

enum tai_err node_memory_decode(struct bytes record, struct election_memory *ret_memory)
{
    if (record.len == 0) { /* the loop knows that there should be one */
        *ret_memory = (struct election_memory){.kind = ELECTION_MEMORY_LOST};
        return TAI_OK;
    }
    if (record.len != MEMORY_LEN || record.data[0] != MEMORY_VERSION)
        return TAI_ERR_CORRUPT;
    *ret_memory = (struct election_memory){ELECTION_MEMORY_KEPT, be64_read(record.data + 1),
                                           (sync_node_t){be32_read(record.data + 9)}};
    return TAI_OK;
}

/* A newer (term, vote) replaces one that has not left yet: what is durable then covers both. */
void node_election_persist(struct node *node, struct engine_actions *actions)
{
    struct engine_persist *slot = NULL;
    for (uint8_t i = 0; i < actions->persists_count; i++)
        if (actions->persists[i].record == ENGINE_RECORD_VOTE)
            slot = &actions->persists[i];
    if (slot == NULL)
        slot = actions_persist(actions, ENGINE_RECORD_VOTE, node->vote.token);
    node->vote_waits = slot == NULL;
    if (slot == NULL)
        return;
    slot->token = node->vote.token;
    slot->len = MEMORY_LEN;
    memory_write(node->vote.term, node->vote.vote, slot->bytes);
}

/* ---- words ---- */

static enum wire_vote_reason vote_reason_out(const struct election_message *m)
{
    if (m->granted)
        return WIRE_VOTE_GRANTED;
    switch (m->reason) {
    case ELECTION_REASON_TERM:
        return WIRE_VOTE_OLD_TERM;
    case ELECTION_REASON_LEASE:
        return WIRE_VOTE_LEASE;
    case ELECTION_REASON_VOTED:
        return WIRE_VOTE_OTHER;
    case ELECTION_REASON_SILENT:
        return WIRE_VOTE_RESTARTED;
    case ELECTION_REASON_EXILED:
        return WIRE_VOTE_EXILED;
    case ELECTION_REASON_NONE:
    case ELECTION_REASON_STATIC:
    case ELECTION_REASON_LEAVING:
    case ELECTION_REASON_HANDOVER:
    case ELECTION_REASON_ACCUSED:
    case ELECTION_REASON_QUORUM:
    case ELECTION_REASON_SUPERSEDED:
    case ELECTION_REASON_LAPSED:
    case ELECTION_REASON_BROKEN:
        break;
    }
    return WIRE_VOTE_NOT_VOTER;
}

static enum election_reason vote_reason_in(enum wire_vote_reason reason)
{
    switch (reason) {
    case WIRE_VOTE_GRANTED:
        return ELECTION_REASON_NONE;
    case WIRE_VOTE_OLD_TERM:
        return ELECTION_REASON_TERM;
    case WIRE_VOTE_LEASE:
    case WIRE_VOTE_MASTER_ALIVE:
        return ELECTION_REASON_LEASE;
    case WIRE_VOTE_OTHER:
        return ELECTION_REASON_VOTED;
    case WIRE_VOTE_RESTARTED:
        return ELECTION_REASON_SILENT;
    case WIRE_VOTE_EXILED:
        return ELECTION_REASON_EXILED;
    case WIRE_VOTE_MEMBERSHIP:
    case WIRE_VOTE_NOT_VOTER:
        break;
    }
    return ELECTION_REASON_STATIC;
}

static enum wire_goodbye_reason goodbye_reason_out(enum election_reason reason)
{
    if (reason == ELECTION_REASON_HANDOVER)
        return WIRE_GOODBYE_HANDOVER;
    if (reason == ELECTION_REASON_ACCUSED)
        return WIRE_GOODBYE_ACCUSED;
    if (reason == ELECTION_REASON_QUORUM)
        return WIRE_GOODBYE_QUORUM;
    if (reason == ELECTION_REASON_SUPERSEDED)
        return WIRE_GOODBYE_SUPERSEDED;
    if (reason == ELECTION_REASON_BROKEN)
        return WIRE_GOODBYE_SUSPEND;
    return WIRE_GOODBYE_STOP;
}

static enum election_reason goodbye_reason_in(enum wire_goodbye_reason reason)
{
    switch (reason) {
    case WIRE_GOODBYE_HANDOVER:
        return ELECTION_REASON_HANDOVER;
    case WIRE_GOODBYE_ACCUSED:
        return ELECTION_REASON_ACCUSED;
    case WIRE_GOODBYE_QUORUM:
        return ELECTION_REASON_QUORUM;
    case WIRE_GOODBYE_SUPERSEDED:
        return ELECTION_REASON_SUPERSEDED;
    case WIRE_GOODBYE_SUSPEND:
        return ELECTION_REASON_BROKEN;
    case WIRE_GOODBYE_STOP:
    case WIRE_GOODBYE_LEAVE:
        break;
    }
    return ELECTION_REASON_LEAVING;
}

static enum wire_accusation_reason accusation_reason_out(enum guard_reason reason)
{
    if (reason == GUARD_OUTSIDE_REFERENCE)
        return WIRE_ACCUSE_REFERENCE;
    if (reason == GUARD_UNMEASURED) /* for long, with enough of the others in reach (never_judged) */
        return WIRE_ACCUSE_TWO_FACED;
    if (reason == GUARD_RATE)
        return WIRE_ACCUSE_RATE;
    return WIRE_ACCUSE_OUTSIDE;
}

/* ---- to the wire ---- */

static void vote_out(const struct election_message *m, struct wire_message *ret)
{
    ret->header.type = m->kind == ELECTION_VOTE ? WIRE_VOTE : WIRE_PRE_VOTE;
    ret->vote = (struct wire_vote){
        .candidate = m->candidate, .quality = m->quality, .proposed_term = m->term, .token = m->sent};
}

static void vote_reply_out(const struct election_message *m, struct wire_message *ret)
{
    ret->header.type = m->kind == ELECTION_VOTE_REPLY ? WIRE_VOTE_REPLY : WIRE_PRE_VOTE_REPLY;
    ret->vote_reply = (struct wire_vote_reply){.candidate = m->candidate,
                                               .granted = m->granted,
                                               .reason = vote_reason_out(m),
                                               .proposed_term = m->term > 0 ? m->term : 1,
                                               .voter_term = m->term,
                                               .token = m->sent};
}

static void accusation_out(const struct election_message *m, struct wire_message *ret)
{
    ret->header.type = WIRE_ACCUSATION;
    ret->accusation =
        (struct wire_accusation){.accused = m->accused,
                                 .accused_term = m->term,
                                 .reason = accusation_reason_out((enum guard_reason)m->ground.reason),
                                 .offset_ns = m->ground.offset_ns,
                                 .measured_width = m->ground.measured,
                                 .claimed_width = m->ground.claimed};
}

/* False for what the wire can not say (a member that is no candidate); that is dropped, for it is repeated. */
static bool message_out(const struct election_message *m, struct wire_message *ret)
{
    *ret = (struct wire_message){0};
    switch (m->kind) {
    case ELECTION_PRE_VOTE:
    case ELECTION_VOTE:
        vote_out(m, ret);
        return true;
    case ELECTION_PRE_VOTE_REPLY:
    case ELECTION_VOTE_REPLY:
        vote_reply_out(m, ret);
        return m->candidate.id != 0;
    case ELECTION_HEARTBEAT:
        ret->header.type = WIRE_HEARTBEAT;
        ret->heartbeat = (struct wire_heartbeat){
            .token = (int64_t)m->sent, .lease_ms = m->lease_ms, .deputy = m->deputy, .quality = m->quality};
        return true;
    case ELECTION_HEARTBEAT_ACK:
        ret->header.type = WIRE_HEARTBEAT_ACK;
        ret->heartbeat_ack = (struct wire_heartbeat_ack){.token = (int64_t)m->sent,
                                                         .quality = m->quality,
                                                         .granted = m->granted,
                                                         .reason = vote_reason_out(m)};
        return true;
    case ELECTION_ACCUSATION:
        accusation_out(m, ret);
        return m->accused.id != 0 && m->term != 0;
    case ELECTION_GOODBYE:
        ret->header.type = WIRE_GOODBYE;
        ret->goodbye = (struct wire_goodbye){.successor = m->deputy, .reason = goodbye_reason_out(m->reason)};
        return true;
    }
    return false;
}

static void message_send(struct node *node, const struct engine_now *now,
                         const struct election_action *action, struct engine_actions *actions)
{
    struct wire_message message;
    if (!message_out(&action->message, &message))
        return;
    uint64_t term = node->local.term;
    bool asks = action->message.kind == ELECTION_VOTE || action->message.kind == ELECTION_PRE_VOTE;
    if (!asks) /* a term that is only proposed stands in the body */
        node->local.term = action->message.term;
    for (size_t i = 0; i < node->settings.members_count; i++) {
        const struct engine_member *member = &node->settings.members[i];
        if (!member->server || (action->to.id != 0 && action->to.id != member->node.id))
            continue;
        struct wire_message copy = message;
        (void)node_send(node, now, i, &copy, actions); /* what finds no session or room is repeated */
    }
    node->local.term = term;
}

/* ---- from the wire ---- */

static bool message_in(const struct wire_message *m, sync_node_t self, struct election_message *ret)
{
    *ret = (struct election_message){.term = m->header.term, .epoch = m->header.epoch};
    switch (m->header.type) {
    case WIRE_PRE_VOTE:
    case WIRE_VOTE:
        ret->kind = m->header.type == WIRE_VOTE ? ELECTION_VOTE : ELECTION_PRE_VOTE;
        ret->term = m->vote.proposed_term;
        ret->candidate = m->vote.candidate;
        ret->quality =
            (uint8_t)(m->vote.quality < ELECTION_QUALITY_MAX ? m->vote.quality : ELECTION_QUALITY_MAX);
        ret->sent = m->vote.token;
        return true;
    case WIRE_PRE_VOTE_REPLY:
    case WIRE_VOTE_REPLY:
        ret->kind = m->header.type == WIRE_VOTE_REPLY ? ELECTION_VOTE_REPLY : ELECTION_PRE_VOTE_REPLY;
        ret->term = m->vote_reply.voter_term;
        ret->candidate = m->vote_reply.candidate;
        ret->granted = m->vote_reply.granted;
        ret->reason = vote_reason_in(m->vote_reply.reason);
        ret->sent = m->vote_reply.token;
        return true;
    case WIRE_HEARTBEAT:
        ret->kind = ELECTION_HEARTBEAT;
        ret->sent = (uint64_t)m->heartbeat.token;
        ret->lease_ms = m->heartbeat.lease_ms;
        ret->deputy = m->heartbeat.deputy;
        ret->quality = (uint8_t)(m->heartbeat.quality < ELECTION_QUALITY_MAX ? m->heartbeat.quality
                                                                             : ELECTION_QUALITY_MAX);
        return true;
    case WIRE_HEARTBEAT_ACK:
        ret->kind = ELECTION_HEARTBEAT_ACK;
        ret->candidate = self;
        ret->sent = (uint64_t)m->heartbeat_ack.token;
        ret->granted = m->heartbeat_ack.granted;
        ret->reason = vote_reason_in(m->heartbeat_ack.reason);
        ret->quality = (uint8_t)(m->heartbeat_ack.quality < ELECTION_QUALITY_MAX ? m->heartbeat_ack.quality
                                                                                 : ELECTION_QUALITY_MAX);
        return true;
    case WIRE_ACCUSATION:
        ret->kind = ELECTION_ACCUSATION;
        ret->term = m->accusation.accused_term;
        ret->accused = m->accusation.accused;
        return true;
    case WIRE_GOODBYE:
        ret->kind = ELECTION_GOODBYE;
        ret->deputy = m->goodbye.successor;
        ret->reason = goodbye_reason_in(m->goodbye.reason);
        return true;
    case WIRE_HELLO:
    case WIRE_HELLO_REPLY:
    case WIRE_POLL:
    case WIRE_REPLY:
    case WIRE_FOLLOW_UP:
    case WIRE_CORRECTION:
    case WIRE_CERTIFICATE:
        break;
    }
    return false;
}

/* ---- what it decides ---- */

static void carry_out(struct node *node, const struct engine_now *now, struct engine_actions *actions)
{
    const struct election_actions *list = &node->election_actions;
    bool led = false;
    node->local.term = node->election.term;
    for (unsigned i = 0; i < list->count; i++) {
        const struct election_action *action = &list->list[i];
        switch (action->kind) {
        case ELECTION_SEND:
            message_send(node, now, action, actions);
            break;
        case ELECTION_PERSIST:
            node->vote = *action;
            node_election_persist(node, actions);
            break;
        case ELECTION_MASTER:
        case ELECTION_LOST:
        case ELECTION_FOLLOW:
        case ELECTION_UNFOLLOW:
            led = true;
            break;
        case ELECTION_REPORT:
            actions_report(actions, ENGINE_SAYS_ELECTION, action->member, (int64_t)action->report,
                           (int64_t)action->value);
            break;
        }
    }
    node->election_at = list->deadline_ns;
    if (led)
        node_time_lead(node, now, actions);
}

enum tai_err node_election_settings(const struct engine_settings *settings,
                                    struct election_settings *ret_settings)
{
    struct election_settings s;
    election_settings_init(&s);
    s.self = settings->self;
    s.epoch = settings->epoch;
    s.preferred = settings->preferred;
    s.members[s.members_count++] = s.self;
    for (size_t i = 0; i < settings->members_count; i++) {
        if (!settings->members[i].server)
            continue;
        if (s.members_count == SYNC_SERVERS_MAX)
            return TAI_ERR_RANGE;
        s.members[s.members_count++] = settings->members[i].node;
    }
    if (settings->heartbeat_ns > 0)
        s.heartbeat_ns = settings->heartbeat_ns;
    if (settings->lease_ns > 0)
        s.lease_ns = settings->lease_ns;
    if (s.margin_ns < lease_margin_min(s.lease_ns))
        s.margin_ns = lease_margin_min(s.lease_ns);
    if (settings->timeout_ns_max > 0) {
        s.timeout_ns_min = settings->timeout_ns_min;
        s.timeout_ns_max = settings->timeout_ns_max;
    }
    if (s.round_ns > s.lease_ns)
        s.round_ns = s.lease_ns;
    *ret_settings = s;
    return election_settings_check(&s);
}

void node_election_start(struct node *node, const struct engine_now *now, struct engine_actions *actions)
{
    struct election_settings s;
    BUG_UNLESS(node_election_settings(&node->settings, &s) == TAI_OK); /* node_init has looked */
    uint64_t seed = be64_read(node->settings.seed + 8);
    election_start(&node->election, &s, &node->memory, now->boot_ns, seed, &node->election_actions);
    carry_out(node, now, actions);
}

void node_election_tick(struct node *node, const struct engine_now *now, struct engine_actions *actions)
{
    if (now->boot_ns < node->election_at)
        return;
    election_on_tick(&node->election, now->boot_ns, &node->election_actions);
    carry_out(node, now, actions);
}

bool node_election_message(struct node *node, const struct engine_now *now, sync_node_t from,
                           const struct wire_message *message, struct engine_actions *actions)
{
    struct election_message m;
    if (!message_in(message, node->settings.self, &m))
        return false;
    election_on_message(&node->election, now->boot_ns, from, &m, &node->election_actions);
    carry_out(node, now, actions);
    return true;
}

void node_election_persisted(struct node *node, const struct engine_now *now, uint64_t token,
                             struct engine_actions *actions)
{
    election_on_persisted(&node->election, now->boot_ns, token, &node->election_actions);
    carry_out(node, now, actions);
}

void node_election_accuse(struct node *node, const struct engine_now *now,
                          const struct election_ground *ground, struct engine_actions *actions)
{
    election_accuse(&node->election, now->boot_ns, ground, &node->election_actions);
    carry_out(node, now, actions);
}

void node_election_resign(struct node *node, const struct engine_now *now, struct engine_actions *actions)
{
    election_resign(&node->election, now->boot_ns, &node->election_actions);
    carry_out(node, now, actions);
}

void node_election_leave(struct node *node, const struct engine_now *now, struct engine_actions *actions)
{
    election_leave(&node->election, now->boot_ns, &node->election_actions);
    carry_out(node, now, actions);
}
