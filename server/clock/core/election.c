/* SPDX-License-Identifier: Apache-2.0 */
#include "server/clock/core/election_internal.h"

#include "sdk/base/bug.h"
#include "sdk/time/arith.h"

enum { STAND_WIDER_MAX = 3 };
#define MS      INT64_C(1000000)
#define HOUR_NS (3600 * NS_PER_S)
#define WEEK_NS (7 * 24 * HOUR_NS)

void election_settings_init(struct election_settings *settings)
{
    *settings = (struct election_settings){
        .heartbeat_ns = 500 * MS,
        .lease_ns = 1500 * MS,
        .margin_ns = 10 * MS,
        .timeout_ns_min = 100 * MS,
        .timeout_ns_max = 400 * MS,
        .deputy_delay_ns = 60 * MS,
        .quality_delay_ns = 50 * MS,
        .round_ns = 400 * MS,
        .resend_ns = 100 * MS,
        .handover_ranks = 2,
        .handover_hold_ns = 30 * NS_PER_S,
        .backoff_ns_min = 60 * NS_PER_S,
        .backoff_ns_max = HOUR_NS,
        .exile_ns = 60 * NS_PER_S,
    };
}

static bool between(int64_t low, int64_t value, int64_t high)
{
    return low <= value && value <= high;
}

static bool members_are_right(const struct election_settings *s)
{
    if (s->members_count < 1 || s->members_count > SYNC_SERVERS_MAX)
        return false;
    bool self = false, preferred = s->preferred.id == 0;
    for (unsigned i = 0; i < s->members_count; i++) {
        self = self || same_node(s->members[i], s->self);
        preferred = preferred || same_node(s->members[i], s->preferred);
        if (s->members[i].id == 0)
            return false;
        for (unsigned j = 0; j < i; j++)
            if (same_node(s->members[i], s->members[j]))
                return false;
    }
    return self && preferred;
}

enum tai_err election_settings_check(const struct election_settings *s)
{
    if (!members_are_right(s))
        return TAI_ERR_ARGUMENT;
    bool times = between(1, s->heartbeat_ns, HOUR_NS) && between(1, s->lease_ns, HOUR_NS) &&
                 between(2 * s->heartbeat_ns, s->lease_ns, 8 * s->heartbeat_ns) &&
                 between(lease_margin_min(s->lease_ns), s->margin_ns, HOUR_NS) &&
                 between(0, s->timeout_ns_min, HOUR_NS) &&
                 between(s->timeout_ns_min + 1, s->timeout_ns_max, HOUR_NS) &&
                 between(0, s->deputy_delay_ns, HOUR_NS) && between(0, s->quality_delay_ns, HOUR_NS) &&
                 between(1, s->round_ns, s->lease_ns) && between(1, s->resend_ns, s->round_ns) &&
                 between(0, s->handover_hold_ns, WEEK_NS) && between(1, s->backoff_ns_max, WEEK_NS) &&
                 between(1, s->backoff_ns_min, s->backoff_ns_max) && between(0, s->exile_ns, WEEK_NS);
    return times ? TAI_OK : TAI_ERR_RANGE;
}

unsigned election_members_in(uint32_t set)
{
    unsigned count = 0;
    for (; set != 0; set &= set - 1)
        count++;
    return count;
}

unsigned election_member_index(const struct election *e, sync_node_t node)
{
    unsigned i = 0;
    while (i < e->settings.members_count && !same_node(e->settings.members[i], node))
        i++;
    return i;
}

struct election_action *election_action_add(struct election_actions *a, enum election_action_kind kind)
{
    BUG_UNLESS(a->count < ELECTION_ACTIONS_MAX);
    struct election_action *action = &a->list[a->count++];
    *action = (struct election_action){.kind = kind};
    return action;
}

void election_action_report(struct election_actions *a, enum election_report report, sync_node_t member,
                            uint64_t value)
{
    struct election_action *action = election_action_add(a, ELECTION_REPORT);
    action->report = report;
    action->member = member;
    action->value = value;
}

struct election_message election_message_of(const struct election *e, enum election_kind kind)
{
    return (struct election_message){.kind = kind, .term = e->term, .epoch = e->settings.epoch};
}

void election_message_send(struct election_actions *a, sync_node_t to, const struct election_message *message)
{
    struct election_action *action = election_action_add(a, ELECTION_SEND);
    action->to = to;
    action->message = *message;
}

/* SplitMix64. */
static uint64_t random_next(struct election *e)
{
    uint64_t z = e->random += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

int64_t election_random_between(struct election *e, int64_t min, int64_t max)
{
    return max <= min ? min : min + (int64_t)(random_next(e) % (uint64_t)(max - min));
}

void election_memory_persist(struct election *e, struct election_actions *a)
{
    struct election_action *action = election_action_add(a, ELECTION_PERSIST);
    action->token = ++e->token;
    action->term = e->term;
    action->vote = e->vote;
}

bool election_term_too_far(const struct election *e, uint64_t term)
{
    return term > ELECTION_TERM_MAX || (term > e->term && term - e->term > ELECTION_TERM_JUMP_MAX);
}

bool election_claim_counts(const struct election *e, uint64_t term)
{
    return term > e->term && term - e->term <= ELECTION_TERM_JUMP_MAX / 2;
}

void election_term_adopt(struct election *e, struct election_actions *a, uint64_t term)
{
    BUG_UNLESS(term > e->term);
    if (e->role == ELECTION_IS_MASTER)
        election_master_end(e, a, ELECTION_REASON_SUPERSEDED, NOBODY);
    else
        election_follow_nobody(e, a, ELECTION_REASON_SUPERSEDED);
    e->role = ELECTION_FOLLOWER;
    e->term = term;
    e->vote = NOBODY;
    e->accusers = 0;
    e->accused = NOBODY;
    e->reply_waits = false;
}

static bool is_static(const struct election *e)
{
    return e->settings.members_count == 2;
}

void election_stand_after(struct election *e, int64_t from_ns)
{
    const struct election_settings *s = &e->settings;
    if (e->alone) {
        e->stand_at = from_ns;
        return;
    }
    if (is_static(e)) {
        e->stand_at = ELECTION_NEVER;
        return;
    }
    bool first = e->deputy.id != 0 ? same_node(e->deputy, s->self) : same_node(s->preferred, s->self);
    /* After a round in vain (split votes, a slow network) the candidates draw from a wider range. */
    unsigned wider = e->fruitless < STAND_WIDER_MAX ? e->fruitless : STAND_WIDER_MAX;
    int64_t range = s->timeout_ns_max - s->timeout_ns_min;
    int64_t delay = s->deputy_delay_ns + election_random_between(e, 0, wider * range + 1);
    if (!first)
        delay = s->timeout_ns_min + election_random_between(e, 0, (wider + 1) * range) +
                e->quality[e->self] * s->quality_delay_ns;
    /* Our own vote for ourselves would break a promise as any other would. */
    if (e->promised.id != 0 && from_ns < e->promised_until)
        from_ns = e->promised_until;
    if (from_ns < e->silent_until)
        from_ns = e->silent_until;
    if (from_ns < e->exiled_until[e->self])
        from_ns = e->exiled_until[e->self];
    e->stand_at = from_ns + delay;
}

bool election_voter_is_barred(const struct election *e)
{
    return e->memory_lost || e->now_ns < e->silent_until;
}

/* What is due at now_ns. Runs before an input is looked at (a late vote of a round that is over must not count) and after
 * it (what it made due). */
static void election_due(struct election *e, struct election_actions *a)
{
    election_accuse_tick(e, a);
    switch (e->role) {
    case ELECTION_FOLLOWER:
        election_follow_tick(e, a);
        if (e->now_ns >= e->stand_at && !election_voter_is_barred(e))
            election_round_begin(e, a);
        break;
    case ELECTION_PRE_CANDIDATE:
    case ELECTION_CANDIDATE:
        election_round_tick(e, a);
        break;
    case ELECTION_IS_MASTER:
        election_master_tick(e, a);
        break;
    case ELECTION_GONE:
        break;
    }
}

static int64_t election_deadline(const struct election *e)
{
    int64_t at = ELECTION_NEVER;
    switch (e->role) {
    case ELECTION_FOLLOWER:
        if (e->master.id != 0)
            at = e->promised_until;
        if (!e->memory_lost && e->stand_at < at)
            at = e->stand_at;
        break;
    case ELECTION_PRE_CANDIDATE:
    case ELECTION_CANDIDATE:
        at = election_round_deadline(e);
        break;
    case ELECTION_IS_MASTER:
        at = election_master_deadline(e);
        break;
    case ELECTION_GONE:
        return ELECTION_NEVER;
    }
    return e->accused.id != 0 && e->accuse_at < at ? e->accuse_at : at;
}

static void input_begin(struct election *e, int64_t now_ns, struct election_actions *a)
{
    a->count = 0;
    a->verdict = ELECTION_ACCEPTED;
    if (now_ns > e->now_ns)
        e->now_ns = now_ns;
    election_due(e, a);
}

static void input_end(struct election *e, struct election_actions *a)
{
    election_due(e, a);
    a->deadline_ns = election_deadline(e);
}

static sync_node_t static_master(const struct election_settings *s)
{
    if (s->preferred.id != 0)
        return s->preferred;
    return s->members[0].id < s->members[1].id ? s->members[0] : s->members[1];
}

void election_start(struct election *e, const struct election_settings *settings,
                    const struct election_memory *memory, int64_t now_ns, uint64_t seed,
                    struct election_actions *ret_actions)
{
    BUG_UNLESS(election_settings_check(settings) == TAI_OK);
    *e = (struct election){.settings = *settings, .now_ns = now_ns, .role = ELECTION_FOLLOWER};
    e->self = election_member_index(e, settings->self);
    e->faults = lease_faults(settings->members_count);
    e->quorum = lease_quorum(settings->members_count);
    bool is_the_static = is_static(e) && same_node(static_master(settings), settings->self);
    e->alone = settings->members_count == 1 || is_the_static;
    e->random = seed ^ (uint64_t)settings->self.id << 32;
    e->round_token = random_next(e) >> 1; /* so that no answer to an earlier life fits a round of this one */
    e->learning_until = e->renew_at = e->better_since = ELECTION_NEVER;
    e->backoff_ns = settings->backoff_ns_min;
    e->promised_until = e->silent_until = now_ns;
    for (unsigned i = 0; i < SYNC_SERVERS_MAX; i++) {
        e->quality[i] = ELECTION_QUALITY_MAX;
        e->exiled_until[i] = now_ns;
    }
    ret_actions->count = 0;
    ret_actions->verdict = ELECTION_ACCEPTED;
    if (memory->kind == ELECTION_MEMORY_KEPT && memory->term <= ELECTION_TERM_MAX) {
        e->term = memory->term;
        e->vote = memory->vote;
    } else {
        e->memory_lost = !e->alone;
        election_action_report(ret_actions, ELECTION_REPORT_MEMORY_LOST, settings->self, 0);
    }
    if (is_static(e))
        election_action_report(ret_actions,
                               e->alone ? ELECTION_REPORT_STATIC_MASTER : ELECTION_REPORT_STATIC_STANDBY,
                               static_master(settings), 0);
    /* An earlier life may have promised its vote to somebody a moment ago. */
    if (!e->alone)
        e->silent_until = lease_promised_until(now_ns, settings->lease_ns, settings->margin_ns);
    election_stand_after(e, now_ns);
    input_end(e, ret_actions);
}

void election_on_tick(struct election *e, int64_t now_ns, struct election_actions *ret_actions)
{
    input_begin(e, now_ns, ret_actions);
    input_end(e, ret_actions);
}

static enum election_verdict message_dispatch(struct election *e, sync_node_t from,
                                              const struct election_message *m, struct election_actions *a)
{
    unsigned i = election_member_index(e, from);
    if (i == e->settings.members_count || i == e->self)
        return ELECTION_STRANGER;
    if (m->epoch != e->settings.epoch)
        return ELECTION_OTHER_EPOCH;
    if (election_term_too_far(e, m->term))
        return ELECTION_FAR_TERM;
    switch (m->kind) {
    case ELECTION_PRE_VOTE:
        return election_take_pre_vote(e, i, m, a);
    case ELECTION_VOTE:
        return election_take_vote(e, i, m, a);
    case ELECTION_PRE_VOTE_REPLY:
    case ELECTION_VOTE_REPLY:
        return election_take_reply(e, i, m, a);
    case ELECTION_HEARTBEAT:
        return election_take_heartbeat(e, i, m, a);
    case ELECTION_HEARTBEAT_ACK:
        return election_take_ack(e, i, m, a);
    case ELECTION_ACCUSATION:
        return election_take_accusation(e, i, m, a);
    case ELECTION_GOODBYE:
        return election_take_goodbye(e, i, m, a);
    }
    return ELECTION_MISPLACED;
}

void election_on_message(struct election *e, int64_t now_ns, sync_node_t from,
                         const struct election_message *message, struct election_actions *ret_actions)
{
    input_begin(e, now_ns, ret_actions);
    if (e->role != ELECTION_GONE) {
        ret_actions->verdict = message_dispatch(e, from, message, ret_actions);
        e->verdicts[ret_actions->verdict]++;
    }
    input_end(e, ret_actions);
}

void election_on_persisted(struct election *e, int64_t now_ns, uint64_t token,
                           struct election_actions *ret_actions)
{
    BUG_UNLESS(token <= e->token);
    input_begin(e, now_ns, ret_actions);
    if (token > e->persisted)
        e->persisted = token;
    election_round_persisted(e, ret_actions);
    input_end(e, ret_actions);
}

void election_set_quality(struct election *e, uint8_t rank)
{
    e->quality[e->self] = rank > ELECTION_QUALITY_MAX ? ELECTION_QUALITY_MAX : rank;
}

uint8_t election_quality_rank(bool has_reference, tai_bound_t half_width)
{
    if (!has_reference)
        return 8;
    uint8_t rank = 0;
    for (int64_t limit_ns = 1000; rank < 7 && half_width.ns > limit_ns; limit_ns *= 10)
        rank++;
    return rank;
}

void election_accuse(struct election *e, int64_t now_ns, const struct election_ground *ground,
                     struct election_actions *ret_actions)
{
    input_begin(e, now_ns, ret_actions);
    election_accuse_begin(e, ground, ret_actions);
    input_end(e, ret_actions);
}

void election_absolve(struct election *e)
{
    e->accused = NOBODY;
}

void election_resign(struct election *e, int64_t now_ns, struct election_actions *ret_actions)
{
    input_begin(e, now_ns, ret_actions);
    if (e->role == ELECTION_IS_MASTER)
        election_master_end(e, ret_actions, ELECTION_REASON_BROKEN, e->deputy);
    input_end(e, ret_actions);
}

void election_leave(struct election *e, int64_t now_ns, struct election_actions *ret_actions)
{
    input_begin(e, now_ns, ret_actions);
    if (e->role == ELECTION_IS_MASTER) {
        election_master_end(e, ret_actions, ELECTION_REASON_LEAVING, e->deputy);
    } else if (e->role != ELECTION_GONE) {
        struct election_message bye = election_message_of(e, ELECTION_GOODBYE);
        bye.reason = ELECTION_REASON_LEAVING;
        election_message_send(ret_actions, NOBODY, &bye);
    }
    e->role = ELECTION_GONE;
    e->master = e->accused = NOBODY;
    ret_actions->deadline_ns = ELECTION_NEVER;
}

bool election_accepts_term(const struct election *e, sync_node_t from, uint64_t term)
{
    /* Until the term is on the disk a restart could take us back before it. */
    return from.id != 0 && e->persisted >= e->vote_token && term == e->term && same_node(from, e->master);
}
