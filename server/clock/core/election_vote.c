/* SPDX-License-Identifier: Apache-2.0 */
/* A round: first the question "would you vote for me?", then the vote. */
#include "server/clock/core/election_internal.h"

#include "sdk/base/bug.h"

static void ask_the_others(struct election *e, struct election_actions *a)
{
    bool first = e->role == ELECTION_PRE_CANDIDATE;
    struct election_message m = election_message_of(e, first ? ELECTION_PRE_VOTE : ELECTION_VOTE);
    m.term = e->round_term;
    m.candidate = e->settings.self;
    m.quality = e->quality[e->self];
    m.sent = e->round_token;
    for (unsigned i = 0; i < e->settings.members_count; i++)
        if (i != e->self && (e->answered & election_member_bit(i)) == 0)
            election_message_send(a, e->settings.members[i], &m);
    e->resend_at = e->now_ns + e->settings.resend_ns;
}

static void phase_begin(struct election *e, enum election_role role)
{
    e->role = role;
    e->granted = e->answered = 0;
    e->asked = false;
    e->resend_at = ELECTION_NEVER;
    e->round_until = e->now_ns + e->settings.round_ns;
    e->round_token++;
}

/* The term is ours to run for: our vote goes to the disk, then out. */
static void candidacy_begin(struct election *e, struct election_actions *a)
{
    BUG_UNLESS(e->round_term > e->term);
    phase_begin(e, ELECTION_CANDIDATE);
    e->term = e->round_term;
    e->vote = e->settings.self;
    e->accusers = 0;
    e->accused = NOBODY;
    e->reply_waits = false;
    election_memory_persist(e, a);
    e->vote_token = e->token;
    e->round_until = ELECTION_NEVER; /* a slow disk of our own takes nothing from the round */
}

void election_round_begin(struct election *e, struct election_actions *a)
{
    BUG_UNLESS(e->alone || e->promised.id == 0 || e->now_ns >= e->promised_until);
    election_follow_nobody(e, a, ELECTION_REASON_LAPSED);
    e->round_term = (e->claimed_term > e->term ? e->claimed_term : e->term) + 1;
    if (e->alone) {
        candidacy_begin(e, a);
        return;
    }
    if (e->fruitless == 0)
        election_action_report(a, ELECTION_REPORT_STANDING, e->settings.self, e->round_term);
    phase_begin(e, ELECTION_PRE_CANDIDATE);
    e->granted = election_member_bit(e->self);
    ask_the_others(e, a);
}

void election_round_tick(struct election *e, struct election_actions *a)
{
    if (e->now_ns >= e->round_until && !e->alone) {
        if (e->fruitless++ == 0)
            election_action_report(a, ELECTION_REPORT_NO_QUORUM, e->settings.self,
                                   election_members_in(e->granted));
        e->role = ELECTION_FOLLOWER;
        election_stand_after(e, e->now_ns);
    } else if (e->now_ns >= e->resend_at) {
        ask_the_others(e, a);
    }
}

int64_t election_round_deadline(const struct election *e)
{
    if (e->alone)
        return ELECTION_NEVER; /* only the disk is awaited */
    return e->resend_at < e->round_until ? e->resend_at : e->round_until;
}

static void round_count(struct election *e, struct election_actions *a)
{
    unsigned needed = e->alone ? 1 : e->quorum;
    if (election_members_in(e->granted) < needed)
        return;
    if (e->role == ELECTION_PRE_CANDIDATE)
        candidacy_begin(e, a);
    else
        election_master_begin(e, a);
}

static void vote_reply(const struct election *e, struct election_actions *a)
{
    struct election_message reply = election_message_of(e, ELECTION_VOTE_REPLY);
    reply.candidate = e->vote;
    reply.sent = e->reply_sent;
    reply.granted = true;
    election_message_send(a, e->vote, &reply);
}

void election_round_persisted(struct election *e, struct election_actions *a)
{
    if (e->persisted < e->vote_token)
        return;
    if (e->reply_waits) {
        e->reply_waits = false;
        vote_reply(e, a);
    }
    if (e->role == ELECTION_CANDIDATE && !e->asked) {
        e->asked = true;
        e->round_until = e->now_ns + e->settings.round_ns;
        e->granted |= election_member_bit(e->self);
        ask_the_others(e, a);
        round_count(e, a);
    }
}

static enum election_verdict refuse(const struct election *e, unsigned from, const struct election_message *m,
                                    enum election_reason reason, struct election_actions *a)
{
    bool pre = m->kind == ELECTION_PRE_VOTE;
    struct election_message reply =
        election_message_of(e, pre ? ELECTION_PRE_VOTE_REPLY : ELECTION_VOTE_REPLY);
    reply.candidate = m->candidate;
    reply.sent = m->sent;
    reply.reason = reason;
    election_message_send(a, e->settings.members[from], &reply);
    return ELECTION_REFUSED;
}

/* Whatever the term says: may this member have our vote now? NONE: yes. */
static enum election_reason vote_hindrance(const struct election *e, unsigned candidate)
{
    if (e->settings.members_count == 2)
        return ELECTION_REASON_STATIC;
    if (election_voter_is_barred(e))
        return ELECTION_REASON_SILENT;
    if (e->role == ELECTION_IS_MASTER)
        return ELECTION_REASON_LEASE;
    bool promised = e->now_ns < e->promised_until && e->promised.id != 0;
    if (promised && !same_node(e->promised, e->settings.members[candidate]))
        return ELECTION_REASON_LEASE;
    if (e->now_ns < e->exiled_until[candidate])
        return ELECTION_REASON_EXILED;
    return ELECTION_REASON_NONE;
}

enum election_verdict election_take_pre_vote(struct election *e, unsigned from,
                                             const struct election_message *m, struct election_actions *a)
{
    if (!same_node(m->candidate, e->settings.members[from]))
        return ELECTION_MISPLACED;
    e->quality[from] = m->quality > ELECTION_QUALITY_MAX ? ELECTION_QUALITY_MAX : m->quality;
    if (m->term <= e->term)
        return refuse(e, from, m, ELECTION_REASON_TERM, a);
    enum election_reason hindrance = vote_hindrance(e, from);
    if (hindrance != ELECTION_REASON_NONE)
        return refuse(e, from, m, hindrance, a);
    struct election_message reply = election_message_of(e, ELECTION_PRE_VOTE_REPLY);
    reply.candidate = m->candidate;
    reply.sent = m->sent;
    reply.granted = true;
    election_message_send(a, e->settings.members[from], &reply);
    return ELECTION_ACCEPTED;
}

enum election_verdict election_take_vote(struct election *e, unsigned from, const struct election_message *m,
                                         struct election_actions *a)
{
    if (!same_node(m->candidate, e->settings.members[from]))
        return ELECTION_MISPLACED;
    if (m->term < e->term)
        return refuse(e, from, m, ELECTION_REASON_TERM, a);
    /* A promise or silence also keeps the term: whoever hears a master is not drawn away from it. */
    enum election_reason hindrance = vote_hindrance(e, from);
    if (hindrance != ELECTION_REASON_NONE)
        return refuse(e, from, m, hindrance, a);
    if (m->term > e->term)
        election_term_adopt(e, a, m->term);
    if (e->vote.id != 0 && !same_node(e->vote, m->candidate))
        return refuse(e, from, m, ELECTION_REASON_VOTED, a);
    e->role = ELECTION_FOLLOWER; /* a round of our own for the next term would rob this one */
    e->reply_sent = m->sent;
    if (e->vote.id == 0) {
        e->vote = m->candidate;
        election_memory_persist(e, a);
        e->vote_token = e->token;
    }
    election_stand_after(e, e->now_ns + e->settings.round_ns);
    e->reply_waits = e->persisted < e->vote_token;
    if (!e->reply_waits)
        vote_reply(e, a);
    return ELECTION_ACCEPTED;
}

enum election_verdict election_take_reply(struct election *e, unsigned from, const struct election_message *m,
                                          struct election_actions *a)
{
    if (!same_node(m->candidate, e->settings.self))
        return ELECTION_MISPLACED;
    bool pre = m->kind == ELECTION_PRE_VOTE_REPLY;
    if (e->role != (pre ? ELECTION_PRE_CANDIDATE : ELECTION_CANDIDATE) || m->sent != e->round_token)
        return ELECTION_STALE;
    if (m->granted && !pre && m->term != e->round_term)
        return ELECTION_STALE;
    if (!m->granted) {
        /* Ends no round, or one liar could end them all; the next one is for a higher term. */
        if (m->term > e->claimed_term && election_claim_counts(e, m->term))
            e->claimed_term = m->term;
        /* LEASE and SILENT pass within moments: ask again. */
        if (m->reason != ELECTION_REASON_LEASE && m->reason != ELECTION_REASON_SILENT)
            e->answered |= election_member_bit(from);
        return ELECTION_ACCEPTED;
    }
    e->answered |= election_member_bit(from);
    e->granted |= election_member_bit(from);
    round_count(e, a);
    return ELECTION_ACCEPTED;
}
