/* SPDX-License-Identifier: Apache-2.0 */
/* The master: beats, its lease, its deputy, and the ways in which it ends. */
#include "server/clock/core/election_internal.h"

#include "sdk/base/bug.h"
#include "sdk/time/arith.h"

void election_master_begin(struct election *e, struct election_actions *a)
{
    BUG_UNLESS(e->persisted >= e->vote_token && same_node(e->vote, e->settings.self));
    e->role = ELECTION_IS_MASTER;
    e->master = e->settings.self;
    e->deputy = NOBODY;
    e->fruitless = 0;
    e->claimed_term = 0;
    lease_holder_start(&e->lease, e->settings.members_count, e->quorum, e->self);
    e->lease_due = e->now_ns + e->settings.lease_ns;
    e->beat_at = e->now_ns;
    e->renew_at = e->better_since = ELECTION_NEVER;
    for (unsigned i = 0; i < SYNC_SERVERS_MAX; i++)
        e->claims[i] = 0;
    struct election_action *action = election_action_add(a, ELECTION_MASTER);
    action->term = e->term;
    action->master = e->master;
}

int64_t election_lease_until(const struct election *e)
{
    if (e->role != ELECTION_IS_MASTER)
        return LEASE_NONE;
    return e->alone ? LEASE_FOREVER : lease_holder_until(&e->lease, e->settings.lease_ns);
}

bool election_lease_held(const struct election *e, int64_t now_ns)
{
    return now_ns < election_lease_until(e);
}

void election_backoff_note(struct election *e)
{
    const struct election_settings *s = &e->settings;
    if (e->backoff_until != 0 && e->now_ns - e->backoff_until > 4 * e->backoff_ns)
        e->backoff_ns = s->backoff_ns_min;
    e->backoff_until = e->now_ns + e->backoff_ns;
    e->backoff_ns = e->backoff_ns > s->backoff_ns_max / 2 ? s->backoff_ns_max : 2 * e->backoff_ns;
}

void election_master_end(struct election *e, struct election_actions *a, enum election_reason reason,
                         sync_node_t deputy)
{
    BUG_UNLESS(e->role == ELECTION_IS_MASTER);
    struct election_action *lost = election_action_add(a, ELECTION_LOST);
    lost->term = e->term;
    lost->master = e->master;
    lost->reason = reason;
    if (reason != ELECTION_REASON_SUPERSEDED) {
        struct election_message bye = election_message_of(e, ELECTION_GOODBYE);
        bye.reason = reason;
        bye.deputy = deputy;
        election_message_send(a, NOBODY, &bye);
    }
    e->role = ELECTION_FOLLOWER;
    e->master = NOBODY;
    election_follow_released(e, deputy);
    /* Whom we handed over to is not contested. */
    if (reason == ELECTION_REASON_HANDOVER)
        election_stand_after(e, e->now_ns + e->settings.lease_ns);
}

/* ---- the others ---- */

static bool is_near(const struct election *e, unsigned i)
{
    return i != e->self && e->lease.acked[i] != LEASE_NONE &&
           e->now_ns - e->lease.acked[i] < e->settings.lease_ns && e->now_ns >= e->exiled_until[i];
}

/* Index of the best clock that acknowledges, `stay` among equals; members_count without any. */
static unsigned best_member(const struct election *e, unsigned stay)
{
    unsigned none = e->settings.members_count, best = stay < none && is_near(e, stay) ? stay : none;
    for (unsigned i = 0; i < none; i++)
        if (is_near(e, i) && (best == none || e->quality[i] < e->quality[best]))
            best = i;
    return best;
}

static void deputy_choose(struct election *e)
{
    unsigned best = best_member(e, election_member_index(e, e->deputy));
    e->deputy = best < e->settings.members_count ? e->settings.members[best] : NOBODY;
}

/* True when it ended. */
static bool handover_check(struct election *e, struct election_actions *a)
{
    const struct election_settings *s = &e->settings;
    unsigned best = election_member_index(e, e->deputy); /* the best, by deputy_choose */
    bool better = s->handover_ranks > 0 && best < s->members_count && !e->alone &&
                  e->quality[best] + s->handover_ranks <= e->quality[e->self];
    if (!better)
        e->better_since = ELECTION_NEVER;
    else if (e->better_since == ELECTION_NEVER)
        e->better_since = e->now_ns;
    if (!better || e->now_ns - e->better_since < s->handover_hold_ns || e->now_ns < e->backoff_until)
        return false;
    election_action_report(a, ELECTION_REPORT_HANDOVER, e->deputy, e->quality[best]);
    election_backoff_note(e);
    election_master_end(e, a, ELECTION_REASON_HANDOVER, e->deputy);
    return true;
}

/* The highest term that more than `liars` members claim, or 0. */
static uint64_t claim_of_more_than(const struct election *e, unsigned liars)
{
    uint64_t best = 0;
    for (unsigned i = 0; i < e->settings.members_count; i++) {
        unsigned claimants = 0;
        for (unsigned j = 0; j < e->settings.members_count; j++)
            claimants += e->claims[j] >= e->claims[i];
        if (claimants > liars && e->claims[i] > best)
            best = e->claims[i];
    }
    return best > e->term ? best : 0;
}

/* Ends to stand again above that term at once, so that whoever is in it comes back in. */
static void master_renew(struct election *e, struct election_actions *a, uint64_t claimed)
{
    unsigned who = 0;
    while (e->claims[who] < claimed)
        who++;
    election_action_report(a, ELECTION_REPORT_RENEWAL, e->settings.members[who], claimed);
    election_backoff_note(e);
    election_master_end(e, a, ELECTION_REASON_SUPERSEDED, NOBODY);
    struct election_message bye = election_message_of(e, ELECTION_GOODBYE);
    bye.reason = ELECTION_REASON_SUPERSEDED;
    bye.deputy = e->settings.self;
    election_message_send(a, NOBODY, &bye);
    e->claimed_term = claimed;
    e->stand_at = e->now_ns;
}

enum election_verdict election_take_ack(struct election *e, unsigned from, const struct election_message *m,
                                        struct election_actions *a)
{
    if (!same_node(m->candidate, e->settings.self))
        return ELECTION_MISPLACED;
    if (e->role != ELECTION_IS_MASTER)
        return ELECTION_STALE;
    if (m->granted && m->term == e->term) {
        if (!lease_holder_acked(&e->lease, from, (int64_t)m->sent))
            return ELECTION_STALE;
        e->claims[from] = 0;
        e->quality[from] = m->quality > ELECTION_QUALITY_MAX ? ELECTION_QUALITY_MAX : m->quality;
        return ELECTION_ACCEPTED;
    }
    if (m->granted || m->term <= e->term)
        return ELECTION_STALE;
    if (!election_claim_counts(e, m->term))
        return ELECTION_FAR_TERM;
    e->claims[from] = m->term;
    uint64_t sure = claim_of_more_than(e, e->faults);
    if (sure != 0)
        master_renew(e, a, sure);
    else if (e->renew_at == ELECTION_NEVER)
        e->renew_at = e->backoff_until > e->now_ns ? e->backoff_until : e->now_ns + e->settings.lease_ns;
    return ELECTION_ACCEPTED;
}

/* ---- time ---- */

static int64_t lease_must_not_pass(const struct election *e)
{
    int64_t until = election_lease_until(e);
    if (until == LEASE_NONE)
        return e->lease_due;
    return until == LEASE_FOREVER ? ELECTION_NEVER : until - e->settings.margin_ns;
}

static void beat(struct election *e, struct election_actions *a)
{
    deputy_choose(e);
    lease_holder_sent(&e->lease, e->now_ns);
    struct election_message m = election_message_of(e, ELECTION_HEARTBEAT);
    m.deputy = e->deputy;
    m.lease_ms = (uint32_t)(e->settings.lease_ns / 1000000);
    m.quality = e->quality[e->self];
    m.sent = (uint64_t)e->now_ns;
    election_message_send(a, NOBODY, &m);
    e->beat_at = e->now_ns + e->settings.heartbeat_ns;
}

void election_master_tick(struct election *e, struct election_actions *a)
{
    if (e->now_ns >= lease_must_not_pass(e)) {
        election_master_end(e, a, ELECTION_REASON_QUORUM, e->deputy);
        return;
    }
    if (e->now_ns >= e->renew_at) {
        e->renew_at = ELECTION_NEVER;
        uint64_t claimed = claim_of_more_than(e, 0);
        if (claimed != 0) {
            master_renew(e, a, claimed);
            return;
        }
    }
    if (e->now_ns >= e->beat_at) {
        beat(e, a);
        (void)handover_check(e, a);
    }
}

int64_t election_master_deadline(const struct election *e)
{
    int64_t at = lease_must_not_pass(e);
    if (e->beat_at < at)
        at = e->beat_at;
    return e->renew_at < at ? e->renew_at : at;
}
