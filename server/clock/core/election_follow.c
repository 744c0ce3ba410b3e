/* SPDX-License-Identifier: Apache-2.0 */
/* A member that is not master: whom it follows, what it promised, and when it stops. */
#include "server/clock/core/election_internal.h"

#include "sdk/base/bug.h"

void election_follow_nobody(struct election *e, struct election_actions *a, enum election_reason reason)
{
    if (e->master.id == 0)
        return;
    struct election_action *action = election_action_add(a, ELECTION_UNFOLLOW);
    action->term = e->term;
    action->master = e->master;
    action->reason = reason;
    e->master = NOBODY;
    e->learning_until = ELECTION_NEVER;
}

void election_follow_released(struct election *e, sync_node_t deputy)
{
    e->ended_term = e->term;
    e->promised = NOBODY;
    e->promised_until = e->now_ns;
    e->deputy = deputy;
    election_stand_after(e, e->now_ns);
    bool may = e->now_ns >= e->exiled_until[e->self] && e->now_ns >= e->silent_until;
    if (may && same_node(deputy, e->settings.self))
        e->stand_at = e->now_ns;
}

void election_follow_tick(struct election *e, struct election_actions *a)
{
    if (e->master.id != 0 && e->now_ns >= e->promised_until)
        election_follow_nobody(e, a, ELECTION_REASON_LAPSED);
}

void election_accuse_tick(struct election *e, struct election_actions *a)
{
    if (e->accused.id == 0 || e->now_ns < e->accuse_at)
        return;
    struct election_message m = election_message_of(e, ELECTION_ACCUSATION);
    m.accused = e->accused;
    m.ground = e->ground;
    election_message_send(a, NOBODY, &m);
    e->accuse_at = e->now_ns + e->settings.heartbeat_ns;
}

/* A lost memory is learnt again: whoever we may have voted for has had its round long ago, and this master a quorum. */
static void follow_learn(struct election *e, struct election_actions *a)
{
    if (e->learning_until == ELECTION_NEVER) {
        e->learning_until = lease_promised_until(e->now_ns, e->settings.lease_ns, e->settings.margin_ns);
    } else if (e->now_ns >= e->learning_until) {
        e->memory_lost = false;
        e->learning_until = ELECTION_NEVER;
        election_action_report(a, ELECTION_REPORT_MEMORY_LEARNT, e->master, e->term);
    }
}

static void follow_begin(struct election *e, unsigned from, const struct election_message *m,
                         struct election_actions *a)
{
    e->role = ELECTION_FOLLOWER;
    e->fruitless = 0;
    e->reply_waits = false; /* a vote still on its way to the disk has lost, and would break the promise */
    e->master = e->settings.members[from];
    e->beat = 0;
    if (e->vote.id == 0) {
        e->vote = e->master; /* it has won this term: nobody else may have it */
        election_memory_persist(e, a);
        e->vote_token = e->token;
    }
    struct election_action *action = election_action_add(a, ELECTION_FOLLOW);
    action->term = m->term;
    action->master = e->master;
}

static void heartbeat_answer(const struct election *e, unsigned from, const struct election_message *m,
                             enum election_reason reason, struct election_actions *a)
{
    struct election_message ack = election_message_of(e, ELECTION_HEARTBEAT_ACK);
    ack.candidate = e->settings.members[from];
    ack.granted = reason == ELECTION_REASON_NONE;
    ack.reason = reason;
    ack.quality = e->quality[e->self];
    ack.sent = m->sent;
    election_message_send(a, ack.candidate, &ack);
}

/* ACCEPTED, or why this member is not (or no longer) our master. */
static enum election_verdict heartbeat_verdict(struct election *e, unsigned from,
                                               const struct election_message *m, struct election_actions *a)
{
    if ((int64_t)m->lease_ms * 1000000 > e->settings.lease_ns)
        return ELECTION_LONG_LEASE;
    if (m->term < e->term) {
        heartbeat_answer(e, from, m, ELECTION_REASON_TERM, a);
        return ELECTION_REFUSED;
    }
    if (m->term >
        e->term) /* who was deposed a moment ago has not won the next term from those who deposed it */
        return e->now_ns < e->exiled_until[from] ? ELECTION_DEPOSED : ELECTION_ACCEPTED;
    if (m->term == e->ended_term || m->term == 0)
        return ELECTION_DEPOSED;
    if (e->master.id != 0 && !same_node(e->master, e->settings.members[from])) {
        if (e->rival_term != e->term)
            election_action_report(a, ELECTION_REPORT_RIVAL, e->settings.members[from], e->term);
        e->rival_term = e->term;
        return ELECTION_RIVAL;
    }
    return e->master.id != 0 && m->sent <= e->beat ? ELECTION_STALE : ELECTION_ACCEPTED;
}

enum election_verdict election_take_heartbeat(struct election *e, unsigned from,
                                              const struct election_message *m, struct election_actions *a)
{
    enum election_verdict verdict = heartbeat_verdict(e, from, m, a);
    if (verdict != ELECTION_ACCEPTED)
        return verdict;
    if (m->term > e->term)
        election_term_adopt(e, a, m->term);
    if (e->master.id == 0)
        follow_begin(e, from, m, a);
    e->beat = m->sent;
    e->quality[from] = m->quality > ELECTION_QUALITY_MAX ? ELECTION_QUALITY_MAX : m->quality;
    bool known = election_member_index(e, m->deputy) < e->settings.members_count;
    e->deputy = known ? m->deputy : NOBODY;
    e->promised = e->master;
    e->promised_until = lease_promised_until(e->now_ns, e->settings.lease_ns, e->settings.margin_ns);
    election_stand_after(e, e->promised_until);
    if (e->memory_lost)
        follow_learn(e, a);
    heartbeat_answer(e, from, m, ELECTION_REASON_NONE, a);
    return ELECTION_ACCEPTED;
}

/* At most f lie. So when more than f have been deposed within an exile's time, honest ones have been, and those in exile may be
 * all who could lead: the one that has been there for longest comes back. (One there is in any case.) */
static void exile(struct election *e, unsigned member)
{
    e->exiled_until[member] = e->now_ns + e->settings.exile_ns;
    unsigned exiled = 0, oldest = member;
    for (unsigned i = 0; i < e->settings.members_count; i++) {
        exiled += e->exiled_until[i] > e->now_ns;
        if (e->exiled_until[i] > e->now_ns && i != member &&
            (oldest == member || e->exiled_until[i] < e->exiled_until[oldest]))
            oldest = i;
    }
    if (exiled <= (e->faults > 0 ? e->faults : 1))
        return;
    e->exiled_until[oldest] = e->now_ns;
    if (oldest == e->self)
        election_stand_after(e, e->now_ns);
}

/* f+1 accuse the master: one of them is honest. */
static void follow_depose(struct election *e, struct election_actions *a)
{
    sync_node_t accused = e->master;
    sync_node_t deputy = e->deputy;
    election_action_report(a, ELECTION_REPORT_DEPOSED, accused, election_members_in(e->accusers));
    exile(e, election_member_index(e, accused));
    if (e->role == ELECTION_IS_MASTER) {
        election_master_end(e, a, ELECTION_REASON_ACCUSED, deputy);
        return;
    }
    election_follow_nobody(e, a, ELECTION_REASON_ACCUSED);
    election_follow_released(e, deputy);
}

static void accuser_add(struct election *e, unsigned accuser, struct election_actions *a)
{
    e->accusers |= election_member_bit(accuser);
    /* Of two servers nobody could take over. */
    if (e->settings.members_count > 2 && election_members_in(e->accusers) > e->faults)
        follow_depose(e, a);
}

enum election_verdict election_take_accusation(struct election *e, unsigned from,
                                               const struct election_message *m, struct election_actions *a)
{
    if (m->term != e->term || e->master.id == 0 || !same_node(m->accused, e->master))
        return ELECTION_STALE;
    if (same_node(m->accused, e->settings.members[from]))
        return ELECTION_MISPLACED;
    accuser_add(e, from, a);
    return ELECTION_ACCEPTED;
}

void election_accuse_begin(struct election *e, const struct election_ground *ground,
                           struct election_actions *a)
{
    if (e->role != ELECTION_FOLLOWER || e->master.id == 0 || e->accused.id != 0)
        return;
    e->accused = e->master;
    e->ground = *ground;
    e->accuse_at = e->now_ns;
    election_accuse_tick(e, a);
    accuser_add(e, e->self, a);
}

enum election_verdict election_take_goodbye(struct election *e, unsigned from,
                                            const struct election_message *m, struct election_actions *a)
{
    sync_node_t leaver = e->settings.members[from];
    if (m->term < e->term || (m->term == e->term && m->term == e->ended_term))
        return ELECTION_STALE;
    if (m->reason == ELECTION_REASON_HANDOVER && same_node(leaver, e->master))
        election_backoff_note(e);
    if (m->reason == ELECTION_REASON_ACCUSED)
        exile(e, from);
    if (!same_node(leaver, e->master) && !same_node(leaver, e->promised))
        return ELECTION_ACCEPTED; /* no master of ours: nothing to give back */
    bool here = m->term == e->term;
    if (e->role != ELECTION_FOLLOWER || !here) {
        if (same_node(leaver, e->promised))
            e->promised_until = e->now_ns;
        return ELECTION_ACCEPTED;
    }
    election_follow_nobody(e, a, m->reason);
    bool known = election_member_index(e, m->deputy) < e->settings.members_count;
    election_follow_released(e, known ? m->deputy : NOBODY);
    return ELECTION_ACCEPTED;
}
