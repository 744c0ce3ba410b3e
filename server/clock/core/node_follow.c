/* SPDX-License-Identifier: Apache-2.0 */
/* What this server measured itself, and what it makes of it: evidence for the guard, the master's corrections, the
 * peers' midpoint when there are none, and what speaks against whom. */
#include "client/core/actions.h"
#include "client/core/witness.h"
#include "sdk/base/bug.h"
#include "sdk/sync/line.h"
#include "server/clock/core/node_state.h"

/* A correction that nothing measured can judge makes us measure, at most this often. */
#define UNMEASURED_BURST_NS INT64_C(4000000000)

/* A relative line says nothing about a claim that is absolute. */
static bool comparable(enum taistamp_status line, enum taistamp_status claim)
{
    return page_status_has_interval(line) && (witness_absolute(line) || !witness_absolute(claim));
}

/* Own reference at `now`; false without one. */
static bool own_reference(const struct node *node, const struct engine_now *now, struct guard_witness *ret)
{
    const struct sync_reference *r = &node->reference;
    if (!r->present || r->raw.ns > now->raw.ns)
        return false;
    int64_t age = now->raw.ns - r->raw.ns;
    *ret = (struct guard_witness){
        .node = node->settings.self,
        .tai = round_advance(r->tai, age, r->rate_ps_per_s),
        .half_width = taistamp_bound_add(r->half_width, bound_growth((tai_span_t){age}, r->growth))};
    return true;
}

/* The references of all servers, as we measured them. */
static void reference_evidence(const struct node *node, const struct engine_now *now,
                               struct guard_evidence *e)
{
    struct guard_witness own;
    bool has_own = own_reference(node, now, &own);
    (void)witness_references(node->peers, node->settings.members_count, now->raw, node->f,
                             has_own ? &own : NULL, node->reference.group, e);
    if (!has_own)
        return;
    e->has_reference = true;
    e->reference = interval_saturating(own.tai, own.half_width);
}

/* Width of the path to the master, 0 while that is not measured. */
static int64_t path_to_master(const struct node *node, const struct engine_now *now)
{
    struct peer_placement p;
    for (size_t i = 0; i < node->others; i++) {
        const struct peer *peer = &node->peers[node->server_index[i]];
        if (peer->member->node.id == node->election.master.id && peer_placement(peer, now->raw, &p))
            return p.half_width_ns;
    }
    return 0;
}

/* The lines of the other servers. Where liars are reckoned with, relative ones were drawn from each other: with their own
 * half-widths nobody's would ever shrink. So as witnesses they are as wide as the path and their age, and what they say of
 * themselves is slack, as far as two paths explain it. */
static void line_evidence(const struct node *node, const struct engine_now *now, enum taistamp_status claim,
                          struct guard_evidence *e, struct fallback_input *midpoint)
{
    struct sync_line line;
    bool narrow = !witness_absolute(claim) && node->f > 0;
    int64_t to_master = path_to_master(node, now);
    for (size_t i = 0; i < node->others && e->witnesses_count < GUARD_WITNESSES_MAX; i++) {
        const struct peer *peer = &node->peers[node->server_index[i]];
        struct peer_placement p;
        uint64_t term;
        tai_mono_t at;
        const struct wire_reply *said = peer_said(peer, &term, &at);
        if (said == NULL || !peer_line(peer, now->raw, &line) || !comparable(line.status, claim) ||
            !peer_placement(peer, now->raw, &p))
            continue;
        struct guard_witness w = {peer->member->node, line.tai, line.half_width, p.sigma_ns, 0};
        if (narrow && line.half_width.ns > said->line.half_width.ns) {
            int64_t paths = p.half_width_ns + to_master;
            w.half_width.ns -= said->line.half_width.ns;
            w.slack_ns = said->line.half_width.ns < paths ? said->line.half_width.ns : paths;
        }
        if (midpoint != NULL) {
            midpoint->rates_ps_per_s[e->witnesses_count] = line.rate_ps_per_s;
            midpoint->skews_ps_per_s[e->witnesses_count] = p.skew_ps_per_s;
        }
        e->witnesses[e->witnesses_count++] = w;
    }
    /* With no more witnesses than may lie (a cluster that starts) the last one still counts: it is the elected master, and
     * our own line and reference judge it as well. */
    size_t n = e->witnesses_count;
    e->faults = n > node->f || n == 0 ? node->f : (unsigned)(n - 1);
}

static void add_own(const struct node *node, const struct engine_now *now, enum taistamp_status claim,
                    struct guard_evidence *e)
{
    struct sync_line line;
    if (!clockwork_target(&node->clockwork, &line) || !comparable(line.status, claim))
        return;
    e->has_own = true;
    e->own = line_interval(&line, now->raw);
}

/* The first relative line of a node: nothing of its own can judge the master, which may have two faces. All but f of the
 * other servers must say the same, the master among them; who is silent counts among the f. */
static void demand_agreement(const struct node *node, struct guard_evidence *e)
{
    unsigned agreeing = node->others > node->f ? node->others - node->f : 1;
    e->needed = agreeing;
    e->faults = e->witnesses_count > agreeing ? (unsigned)e->witnesses_count - agreeing : 0;
}

static void correction_evidence(const struct node *node, const struct engine_now *now, sync_node_t from,
                                enum taistamp_status claim, struct guard_evidence *ret_evidence)
{
    *ret_evidence = (struct guard_evidence){
        .needed = 1, .claim_may_lie = node->f > 0, .rate_bound = node->settings.rate_bound};
    if (witness_absolute(claim)) {
        reference_evidence(node, now, ret_evidence);
        witness_sole_reference(ret_evidence, from);
    }
    if (ret_evidence->witnesses_count == 0)
        line_evidence(node, now, claim, ret_evidence, NULL);
    add_own(node, now, claim, ret_evidence);
    if (!witness_absolute(claim) && !ret_evidence->has_own)
        demand_agreement(node, ret_evidence);
}

/* ---- corrections ---- */

static bool speaks_against(enum guard_reason reason)
{
    return reason == GUARD_OUTSIDE_PEERS || reason == GUARD_OUTSIDE_REFERENCE ||
           reason == GUARD_OUTSIDE_OWN || reason == GUARD_RATE;
}

static void report_verdict(struct node *node, sync_node_t about, bool changed, struct engine_actions *actions)
{
    const struct suspicion_server *s = suspicion_of(&node->suspicion, about);
    if (!changed || s == NULL)
        return;
    if (s->verdict == SUSPICION_TRUSTED)
        actions_report(actions, ENGINE_SAYS_CLEARED, about, 0, 0);
    else
        actions_report(actions, ENGINE_SAYS_SUSPECT, about, s->reason, s->reason_ns);
}

static void judge_correction(struct node *node, const struct engine_now *now, size_t peer, bool taken,
                             struct engine_actions *actions)
{
    const struct guard_result *r = &node->following.last;
    sync_node_t from = node->settings.members[peer].node;
    bool changed = false;
    node->judged = (struct node_judged){from, r->verdict, r->reason, r->by_ns};
    if (taken) {
        node->refuted = false;
        changed = suspicion_for(&node->suspicion, from, true);
    } else if (speaks_against(r->reason)) {
        if (!node->refuted)
            actions_report(actions, ENGINE_SAYS_REJECTED, from, r->reason, r->by_ns);
        node->refuted = true;
        node->step_at = now->raw.ns; /* the midpoint stands in at once */
        changed = suspicion_against(&node->suspicion, from, r->reason, r->by_ns);
    } else if (r->reason == GUARD_UNMEASURED && now->raw.ns - node->burst_at.ns >= UNMEASURED_BURST_NS) {
        node->burst_at = now->raw;
        peer_burst(&node->peers[peer], now);
        node->due[peer] = now->raw.ns;
    }
    report_verdict(node, from, changed, actions);
}

/* Where a followed line's half-width comes from. */
static struct view_budget budget_of(const struct node *node, const struct engine_now *now, size_t peer,
                                    const struct sync_line *line)
{
    struct peer_placement p;
    struct view_budget b = {.upstream_ns = line->half_width.ns, .stamps_ns = now->width_ns};
    if (peer_placement(&node->peers[peer], now->raw, &p))
        b.path_ns = p.half_width_ns < b.upstream_ns ? p.half_width_ns : b.upstream_ns;
    b.upstream_ns -= b.path_ns;
    b.stamps_ns = b.stamps_ns < b.upstream_ns ? b.stamps_ns : b.upstream_ns;
    b.upstream_ns -= b.stamps_ns;
    return b;
}

/* Kept for the others to see, until enough of them say the same. When enough of them are heard and still no hull
 * exists, the master told them different things. */
static void take_tentatively(struct node *node, const struct engine_now *now, size_t peer,
                             const struct wire_message *message, const struct guard_evidence *evidence,
                             struct engine_actions *actions)
{
    const struct sync_line *line = &message->correction.line;
    sync_node_t from = node->settings.members[peer].node;
    if (evidence->has_own || witness_absolute(line->status) || !line_takeable(line) ||
        !line_usable(line, now->timeline, now->raw))
        return;
    bool contradicted = node->has_tentative && evidence->witnesses_count >= evidence->needed;
    node->tentative = *line;
    node->has_tentative = true;
    if (contradicted)
        report_verdict(node, from,
                       suspicion_against(&node->suspicion, from, GUARD_OUTSIDE_PEERS, line->half_width.ns),
                       actions);
}

/* From relative to absolute time that is far: what was published before said nothing about TAI, see round.h. */
static bool begins_again(struct node *node, const struct engine_now *now, const struct sync_line *line)
{
    struct sync_line own;
    int64_t far;
    if (!witness_absolute(line->status) || !clockwork_target(&node->clockwork, &own) ||
        witness_absolute(own.status) ||
        !arith_sub(line_tai(line, now->raw).ns, line_tai(&own, now->raw).ns, &far))
        return false;
    return far > ROUND_BEGIN_AGAIN_NS || far < -ROUND_BEGIN_AGAIN_NS;
}

/* Relative intervals of honest nodes must meet though the master tells each of them something else: so ours reaches as far as
 * the lines of the others do, the f farthest left out. */
static void reach_the_others(const struct guard_evidence *e, struct sync_line *line)
{
    int64_t far[GUARD_WITNESSES_MAX] = {0};
    size_t n = e->witnesses_count, kept = n > e->faults ? n - e->faults : 0;
    for (size_t i = 0; i < n; i++) {
        int64_t d;
        if (!arith_sub(e->witnesses[i].tai.ns, line->tai.ns, &d) || d == INT64_MIN)
            d = INT64_MAX;
        tai_bound_t reach = taistamp_bound_add((tai_bound_t){d < 0 ? -d : d}, e->witnesses[i].half_width);
        size_t at = i;
        for (; at > 0 && far[at - 1] > reach.ns; at--)
            far[at] = far[at - 1];
        far[at] = reach.ns;
    }
    if (kept > 0 && e->faults > 0 && far[kept - 1] > line->half_width.ns)
        line->half_width.ns = far[kept - 1];
}

/* For a server with no table of its own, or an older one: what more others say than may lie. */
static void offer_leap(struct node *node, const struct sync_leap *leap)
{
    witness_offer_leap(node->peers, node->settings.members_count, node->f + 1, leap, &node->clockwork);
}

void node_follow_correction(struct node *node, const struct engine_now *now, size_t peer,
                            const struct wire_message *message, struct engine_actions *actions)
{
    struct guard_evidence evidence;
    struct sync_line line;
    sync_node_t from = node->settings.members[peer].node;
    bool believed = node->election.role != ELECTION_IS_MASTER &&
                    election_accepts_term(&node->election, from, message->header.term);
    correction_evidence(node, now, from, message->correction.line.status, &evidence);
    bool taken = following_correction(&node->following, now, message, believed ? from : (sync_node_t){0},
                                      node->election.term, &evidence, &line);
    if (!believed)
        return;
    if (!taken && node->following.last.reason == GUARD_UNMEASURED)
        take_tentatively(node, now, peer, message, &evidence, actions);
    judge_correction(node, now, peer, taken, actions);
    node_accuse(node, now, from, &message->correction.line, &evidence, actions);
    if (!taken)
        return;
    node->has_tentative = false;
    if (!witness_absolute(line.status))
        reach_the_others(&evidence, &line);
    if (begins_again(node, now, &line)) {
        clockwork_void(&node->clockwork, now); /* readers see `unknown` before the next correction's time */
        return;
    }
    if (node->following.last.own_is_wrong) {
        node_torn_give_up(node, now, actions); /* as above */
        return;
    }
    node->budget = budget_of(node, now, peer, &line);
    offer_leap(node, &message->correction.leap);
    clockwork_aim(&node->clockwork, now, &line, &node->budget);
    node->state = VIEW_FOLLOWING;
}

/* ---- without a master ---- */

/* What the lines that are moved to claim at most, all but f of them. */
static enum taistamp_status midpoint_status(const struct node *node, const struct engine_now *now,
                                            bool absolute)
{
    bool single = false;
    if (!absolute)
        return TAISTAMP_STATUS_RELATIVE;
    for (size_t i = 0; i < node->others; i++) {
        struct sync_line line;
        if (peer_line(&node->peers[node->server_index[i]], now->raw, &line))
            single = single || line.status != TAISTAMP_STATUS_SYNCHRONISED;
    }
    return single ? TAISTAMP_STATUS_SINGLE_REFERENCE : TAISTAMP_STATUS_SYNCHRONISED;
}

/* The weakest of what the lines moved to rest on. */
static enum taistamp_clock_source midpoint_source(const struct node *node, const struct engine_now *now)
{
    enum taistamp_clock_source source = TAISTAMP_CLOCK_QUORUM;
    for (size_t i = 0; i < node->others; i++) {
        struct sync_line line;
        if (peer_line(&node->peers[node->server_index[i]], now->raw, &line) && witness_absolute(line.status))
            source = witness_weaker(source, line.source);
    }
    return source;
}

/* Absolute as soon as more servers than may lie have absolute lines, or we have one. */
static bool is_absolute(const struct node *node, const struct engine_now *now, bool has_own,
                        const struct sync_line *own)
{
    size_t n = 0;
    struct sync_line line;
    for (size_t i = 0; i < node->others; i++)
        if (peer_line(&node->peers[node->server_index[i]], now->raw, &line) && witness_absolute(line.status))
            n++;
    return n > node->f || (has_own && witness_absolute(own->status));
}

bool node_follow_midpoint(struct node *node, const struct engine_now *now, bool start,
                          struct sync_line *ret_line)
{
    struct sync_line own;
    bool has_own = clockwork_target(&node->clockwork, &own) && page_status_has_interval(own.status);
    bool absolute = is_absolute(node, now, has_own, &own);
    struct fallback_input in = {.server = true, .servers = node->servers};
    enum taistamp_status status = absolute ? TAISTAMP_STATUS_SYNCHRONISED : TAISTAMP_STATUS_RELATIVE;
    in.evidence.needed = 1;
    in.evidence.rate_bound = node->settings.rate_bound;
    line_evidence(node, now, status, &in.evidence, &in);
    add_own(node, now, status, &in.evidence);
    size_t heard = in.evidence.witnesses_count;
    in.evidence.faults = node->f; /* nobody was elected: all of the budget */
    if (start && !in.evidence.has_own && !absolute && heard > 0 && heard <= 2 * (size_t)node->f)
        in.evidence.faults =
            (unsigned)((heard - 1) / 2); /* a start: any running time is better than another one */
    if (has_own && comparable(own.status, status)) {
        line_rebase(&own, now->raw);
        in.has_own = true;
        in.own = own.tai;
        in.own_half_width = own.half_width;
        in.own_rate_ps_per_s = own.rate_ps_per_s;
    }
    struct fallback_result result = fallback_midpoint(&in);
    if (!result.moved)
        return false;
    struct sync_line line = in.has_own ? own : (struct sync_line){.timeline = now->timeline, .raw = now->raw};
    line.tai.ns += result.move_ns;
    line.rate_ps_per_s = result.rate_ps_per_s;
    line.half_width = result.half_width;
    line.growth = result.growth;
    line.expires.ns = now->raw.ns + NODE_LINE_LIFE_NS;
    line.status =
        in.has_own && comparable(own.status, status) ? own.status : midpoint_status(node, now, absolute);
    line.source = in.has_own && witness_absolute(own.status)
                      ? witness_weaker(own.source, midpoint_source(node, now))
                      : midpoint_source(node, now);
    *ret_line = line;
    return true;
}

/* ---- comparing ---- */

static void compare_leaps(struct node *node, size_t server, const struct wire_reply *said,
                          struct engine_actions *actions)
{
    struct sync_leap own = clockwork_leap(&node->clockwork);
    uint32_t bit = UINT32_C(1) << server;
    if (own.tai_utc_s == 0 || said->leap.expires.ns > own.expires.ns)
        offer_leap(node, &said->leap);
    bool differs = own.tai_utc_s != 0 && said->leap.tai_utc_s != 0 && own.tai_utc_s != said->leap.tai_utc_s;
    if (differs && (node->leap_differs & bit) == 0)
        actions_report(actions, ENGINE_SAYS_LEAP_DIFFERS,
                       node->settings.members[node->server_index[server]].node, said->leap.tai_utc_s, 0);
    node->leap_differs = differs ? node->leap_differs | bit : node->leap_differs & ~bit;
}

/* Detours that do not close: a path is asymmetric, or somebody lies no more than a path could. */
static bool compare_triangle(struct node *node, const struct engine_now *now, size_t server,
                             struct engine_actions *actions)
{
    sync_node_t who = node->settings.members[node->server_index[server]].node, whose;
    int64_t by_ns;
    switch (node_triangle(node, now, server, &whose, &by_ns)) {
    case TRIANGLE_UNKNOWN:
        return false;
    case TRIANGLE_CLOSED:
        return suspicion_for(&node->suspicion, who, false);
    case TRIANGLE_OPEN:
    case TRIANGLE_LIE: /* what is impossible was found by the intervals before */
        break;
    }
    bool changed = suspicion_against(&node->suspicion, whose, GUARD_TRIANGLE, by_ns < 0 ? -by_ns : by_ns);
    if (whose.id != who.id)
        report_verdict(node, whose, changed, actions);
    return whose.id == who.id && changed;
}

/* Its line against ours: apart is impossible, odd is odd. */
static bool compare_lines(struct node *node, const struct engine_now *now, size_t server,
                          struct engine_actions *actions)
{
    const struct peer *peer = &node->peers[node->server_index[server]];
    struct sync_line own, line;
    sync_node_t who = peer->member->node;
    if (!clockwork_target(&node->clockwork, &own) || !peer_line(peer, now->raw, &line) ||
        !comparable(own.status, line.status) || !comparable(line.status, own.status))
        return false;
    int64_t apart, width;
    if (!arith_sub(line.tai.ns, line_tai(&own, now->raw).ns, &apart))
        return false;
    apart = apart < 0 ? -apart : apart;
    width = taistamp_bound_add(line.half_width, line_half_width(&own, now->raw)).ns;
    if (apart > width)
        return suspicion_against(&node->suspicion, who, GUARD_OUTSIDE_OWN, apart - width);
    bool changed = false;
    if (who.id != node->election.master.id) /* the master's hard evidence is its corrections */
        changed = suspicion_for(&node->suspicion, who, true);
    return compare_triangle(node, now, server, actions) || changed;
}

void node_follow_compare(struct node *node, const struct engine_now *now, size_t server,
                         struct engine_actions *actions)
{
    const struct peer *peer = &node->peers[node->server_index[server]];
    struct sync_reference reference;
    uint64_t term;
    tai_mono_t at;
    int64_t by_ns;
    const struct wire_reply *said = peer_said(peer, &term, &at);
    if (said == NULL)
        return;
    compare_leaps(node, server, said, actions);
    bool changed = compare_lines(node, now, server, actions);
    if (node->state == VIEW_MASTER && peer_reference(peer, now->raw, &reference) && reference.present &&
        !round_consistent(&node->round, &reference, &by_ns))
        changed =
            suspicion_against(&node->suspicion, peer->member->node, GUARD_FALSE_REFERENCE, by_ns) || changed;
    report_verdict(node, peer->member->node, changed, actions);
}
