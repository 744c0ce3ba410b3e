/* SPDX-License-Identifier: Apache-2.0 */
/* Who has the say about the target line, second by second. */
#include "client/core/actions.h"
#include "client/core/witness.h"
#include "sdk/base/bug.h"
#include "sdk/sync/line.h"
#include "sdk/sync/oscillator.h"
#include "server/clock/core/node_state.h"

/* How long `unknown` is shown between relative time and absolute time that is far from it. */
#define BEGIN_AGAIN_NS INT64_C(100000000)

bool node_time_leads(const struct node *node, const struct engine_now *now)
{
    return node->election.role == ELECTION_IS_MASTER && election_lease_held(&node->election, now->boot_ns);
}

static bool is_master(const struct node *node)
{
    return node->election.role == ELECTION_IS_MASTER;
}

/* Polls as often as what we are asks for. */
static void pace(struct node *node, const struct engine_now *now)
{
    /* The deputy measures as a master does, so that it knows the others as well on the day that it leads. */
    bool fast = node->state == VIEW_FALLBACK || node->state == VIEW_FREE || node->state == VIEW_STARTING ||
                node->election.deputy.id == node->settings.self.id;
    for (size_t i = 0; i < node->settings.members_count; i++) {
        int64_t poll = 0;
        if (is_master(node))
            poll = node_master_poll_ns(node, i);
        else if (node->settings.members[i].server)
            poll = fast && node->settings.poll_ns < node->settings.peer_poll_ns ? node->settings.poll_ns
                                                                                : node->settings.peer_poll_ns;
        if (node->peers[i].poll_ns == poll)
            continue;
        peer_set_poll(&node->peers[i], poll, now);
        node->due[i] = peer_wake(&node->peers[i]).ns;
    }
}

static void report_master(struct node *node, struct engine_actions *actions)
{
    if (node->said_master.id == node->election.master.id && node->said_term == node->election.term)
        return;
    node->said_master = node->election.master;
    node->said_term = node->election.term;
    actions_report(actions, ENGINE_SAYS_MASTER, node->said_master, (int64_t)node->said_term, 0);
}

static bool target_now(const struct node *node, const struct engine_now *now, struct sync_line *ret_line)
{
    if (!clockwork_target(&node->clockwork, ret_line) || !page_status_has_interval(ret_line->status))
        return false;
    if (ret_line->raw.ns < now->raw.ns)
        line_rebase(ret_line, now->raw);
    return true;
}

static void take_up_round(struct node *node, const struct engine_now *now)
{
    struct sync_line line;
    round_take_up(&node->round, now->raw, target_now(node, now, &line) ? &line : NULL);
}

void node_time_lead(struct node *node, const struct engine_now *now, struct engine_actions *actions)
{
    report_master(node, actions);
    node->accused = false;
    node->unjudged_since = 0;
    node->refuted = false;
    node->judged = (struct node_judged){0};
    node->has_tentative = false;
    if (is_master(node)) {
        /* What a single node did with its own reference goes on as it is. */
        if (node->round.state == ROUND_IDLE)
            take_up_round(node, now);
        node->correction_number = 0;
    } else {
        if (node->state ==
            VIEW_MASTER) { /* the line is good; the next master's corrections come in a moment */
            node->fallback_at = now->raw.ns + NODE_GRACE_NS;
            node->state = VIEW_FREE;
        }
        round_follow(&node->round, (tai_span_t){0}, NULL, NULL, 0);
    }
    pace(node, now);
    node->step_at = now->raw.ns;
}

/* ---- one second ---- */

static struct view_budget round_budget(const struct round *r)
{
    return (struct view_budget){.upstream_ns = r->line.half_width.ns};
}

static void aim_at_round(struct node *node, const struct engine_now *now, enum view_state state)
{
    node->budget = round_budget(&node->round);
    node->state = state;
    if (node->round.begun && clockwork_has_target(&node->clockwork)) {
        clockwork_void(&node->clockwork, now); /* readers see `unknown` before another time */
        node->step_at = now->raw.ns + BEGIN_AGAIN_NS;
        return;
    }
    clockwork_aim(&node->clockwork, now, &node->round.line, &node->budget);
}

/* The own reference alone is better than the peers' midpoint while nobody leads. */
static bool step_alone(struct node *node, const struct engine_now *now)
{
    if (!node->reference.present)
        return false;
    if (node->round.state == ROUND_IDLE)
        take_up_round(node, now);
    if (!node_master_step(node, now))
        return false;
    aim_at_round(node, now, VIEW_ALONE);
    return true;
}

static void step_without_master(struct node *node, const struct engine_now *now,
                                struct engine_actions *actions)
{
    struct sync_line line;
    if (step_alone(node, now))
        return;
    if (now->raw.ns < node->fallback_at)
        return;
    bool had = clockwork_has_target(&node->clockwork);
    /* Without a line of our own the master's word is waited for; two faces would look like a midpoint. Not when all but
     * f of the others spoke against it already. */
    bool waits = !had && node->election.master.id != 0 && !node->refuted;
    if (!waits && node_follow_midpoint(node, now, false, &line)) {
        if (node->state != VIEW_FALLBACK && had)
            actions_report(actions, ENGINE_SAYS_FALLBACK, node->election.master,
                           node->refuted ? node->following.last.reason : GUARD_LEASE, 0);
        node->budget = (struct view_budget){.upstream_ns = line.half_width.ns};
        clockwork_aim(&node->clockwork, now, &line, &node->budget);
        node->state = VIEW_FALLBACK;
        node->fallback_at = now->raw.ns + NODE_FALLBACK_NS;
        return;
    }
    node->state = had ? VIEW_FREE : VIEW_STARTING;
}

static void step_follower(struct node *node, const struct engine_now *now, tai_span_t elapsed,
                          struct engine_actions *actions)
{
    struct ensemble_reading readings[ENSEMBLE_MEMBERS_MAX];
    struct sync_line line;
    /* What the last master said stays true while another is elected; nobody moves for that short time. */
    bool fresh = node->following.term == node->election.term ||
                 now->raw.ns - node->following.taken_up.ns < NODE_GRACE_NS;
    bool flows = following_flows(&node->following, now->raw) && !node->refuted && fresh;
    if (!flows) {
        step_without_master(node, now, actions);
    } else {
        node->fallback_at = 0;
        node->state = VIEW_FOLLOWING;
    }
    if (node->state == VIEW_ALONE) /* the round keeps the book */
        return;
    bool has = node->state == VIEW_FOLLOWING && target_now(node, now, &line);
    size_t n = node_master_readings(node, now, readings);
    round_follow(&node->round, elapsed, has ? &line : NULL, readings, n);
}

/* Rank of the own clock, coarse: what decides is whether there is a reference, how good, and the oscillator. */
static uint8_t rank_now(const struct node *node, const struct engine_now *now)
{
    const struct sync_reference *r = &node->reference;
    if (r->present && r->raw.ns <= now->raw.ns) {
        tai_bound_t growth = bound_growth((tai_span_t){now->raw.ns - r->raw.ns}, r->growth);
        return election_quality_rank(true, taistamp_bound_add(r->half_width, growth));
    }
    uint8_t rank = election_quality_rank(false, (tai_bound_t){0});
    if (node->settings.oscillator == OSCILLATOR_PC)
        rank += 2;
    else if (node->settings.oscillator == OSCILLATOR_TCXO)
        rank += 1;
    if (!clockwork_has_target(&node->clockwork)) /* who has just started should follow */
        rank += 3;
    return rank;
}

/* Another rank must last before it is told, so that a reference near a border does not make masters change. */
static void rank_tell(struct node *node, const struct engine_now *now)
{
    uint8_t rank = rank_now(node, now);
    if (rank == node->rank) {
        node->rank_next = rank;
        return;
    }
    if (rank != node->rank_next) {
        node->rank_next = rank;
        node->rank_at = now->raw.ns + NODE_QUALITY_HOLD_NS;
    }
    if (node->rank != ELECTION_QUALITY_MAX && now->raw.ns < node->rank_at)
        return;
    node->rank = rank;
    election_set_quality(&node->election, rank);
}

void node_time_step(struct node *node, const struct engine_now *now, struct engine_actions *actions)
{
    tai_span_t elapsed = {now->raw.ns - node->stepped.ns};
    node->stepped = now->raw;
    node->step_at = now->raw.ns + ROUND_STEP_NS;
    rank_tell(node, now);
    if (node_torn_look(node, now, actions))
        return;
    if (is_master(node)) {
        if (node_master_step(node, now))
            aim_at_round(node, now, VIEW_MASTER);
        else if (node->round.state == ROUND_NO_LINE) /* it still gathers */
            node->step_at = now->raw.ns + NODE_REFERENCE_NS;
    } else {
        step_follower(node, now, elapsed, actions);
    }
    pace(node, now);
}

void node_time_new_timeline(struct node *node, const struct engine_now *now, struct engine_actions *actions)
{
    actions_report(actions, ENGINE_SAYS_TIMELINE, node->settings.self, 0, 0);
    for (size_t i = 0; i < node->settings.members_count; i++) {
        peer_forget(&node->peers[i], now);
        node->due[i] = peer_wake(&node->peers[i]).ns;
    }
    for (size_t i = 0; i < node->others; i++)
        node->broke_at[i] = 0;
    node->reference.present = false;
    node->has_tentative = false;
    node->torn_since = 0;
    following_reset(&node->following);
    round_forget(&node->round);
    node->refuted = false;
    node->judged = (struct node_judged){0};
    node->state = VIEW_STARTING;
    node->fallback_at = 0;
    node->started_at = now->raw;
    node->stepped = now->raw;
    node->step_at = now->raw.ns;
    node_election_resign(node, now, actions);
}

/* ---- what we say of ourselves ---- */

static enum wire_state wire_state_of(enum view_state state)
{
    switch (state) {
    case VIEW_STARTING:
        return WIRE_STARTING;
    case VIEW_FOLLOWING:
        return WIRE_FOLLOWING;
    case VIEW_MASTER:
        return WIRE_MASTER;
    case VIEW_FALLBACK:
    case VIEW_FREE:
    case VIEW_ALONE:
        break;
    }
    return WIRE_FALLBACK;
}

void node_time_about(struct node *node, const struct engine_now *now)
{
    struct wire_reply *about = &node->about;
    struct sync_line line;
    const struct ensemble_member *own = ensemble_member_of(&node->round.ensemble, node->settings.self);
    *about = (struct wire_reply){.line.status = TAISTAMP_STATUS_UNKNOWN,
                                 .leap = clockwork_leap(&node->clockwork),
                                 .rho_ppb = (uint32_t)node->settings.rate_bound.ppb,
                                 .oscillator = node->settings.oscillator,
                                 .state = wire_state_of(node->state),
                                 .master = node->election.master,
                                 .suspicions = suspicion_count(&node->suspicion)};
    if (target_now(node, now, &line) && line_valid(&line)) {
        line.expires.ns = now->raw.ns + NODE_LINE_LIFE_NS;
        about->line = line;
    } else if (node->has_tentative && node->tentative.timeline.id == now->timeline.id) {
        about->line = node->tentative;
        line_rebase(&about->line, now->raw);
        about->line.expires.ns = now->raw.ns + NODE_LINE_LIFE_NS;
    }
    if (node->reference.present)
        about->reference = node->reference;
    if (own->learned) {
        about->frequency_ps_per_s = own->frequency_fs / 1000;
        about->flags |= WIRE_FLAG_LEARNED;
    }
}
