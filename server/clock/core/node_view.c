/* SPDX-License-Identifier: Apache-2.0 */
/* What a node shows of itself. */
#include <string.h>

#include "client/core/witness.h"
#include "sdk/sync/line.h"
#include "server/clock/core/node_state.h"

static struct view_budget budget_now(const struct node *node, const struct view_tracking *t)
{
    struct view_budget b = t->budget;
    int64_t sum = b.upstream_ns + b.path_ns + b.stamps_ns + b.age_ns + b.slew_ns;
    if (sum == 0)
        b = node->budget;
    return b;
}

void node_tracking(const struct node *node, tai_mono_t raw, struct view_tracking *ret_tracking)
{
    struct view_tracking t = {0};
    clockwork_view(&node->clockwork, raw, &t);
    const struct ensemble_member *own = ensemble_member_of(&node->round.ensemble, node->settings.self);
    t.state = node->servers == 1 && node->state == VIEW_MASTER ? VIEW_ALONE : node->state;
    t.budget = budget_now(node, &t);
    t.term = node->election.term;
    t.master = node->election.master;
    t.deputy = node->election.deputy;
    t.reference = node->reference;
    t.hlc_ns = (uint64_t)node->hlc.now.l_ns;
    t.hlc_count = node->hlc.now.c;
    if (own->learned && t.rate_ps_per_s == 0)
        t.rate_ps_per_s = own->frequency_fs / 1000;
    t.corrections_accepted = node->following.accepted;
    t.corrections_suspect = node->following.suspect;
    t.corrections_rejected = node->following.rejected;
    for (size_t i = 0; i < node->others; i++) {
        const struct peer *peer = &node->peers[node->server_index[i]];
        struct peer_placement p;
        if (peer->member->node.id == t.master.id && peer_placement(peer, raw, &p))
            t.skew_ps_per_s = p.skew_ps_per_s;
    }
    memcpy(t.reasons, node->following.reasons, sizeof t.reasons);
    *ret_tracking = t;
}

/* Server `i`'s line against ours, and whether its reference or oscillator has a say now. */
static void source_line(const struct node *node, tai_mono_t raw, const struct peer *peer,
                        struct view_source *v)
{
    struct sync_line own, line;
    if (clockwork_target(&node->clockwork, &own) && peer_line(peer, raw, &line) &&
        arith_sub(line.tai.ns, line_tai(&own, raw).ns, &v->offset_ns))
        v->has_offset = true;
    const struct ensemble_member *m = ensemble_member_of(&node->round.ensemble, peer->member->node);
    if (node->round.state == ROUND_STEERED)
        v->weighs = v->has_reference && v->reachable;
    else if (node->round.state != ROUND_IDLE)
        v->weighs = m != NULL && m->weighs;
}

static enum view_verdict verdict_shown(enum guard_verdict verdict)
{
    if (verdict == GUARD_REJECT)
        return VIEW_REJECT;
    return verdict == GUARD_SUSPECT ? VIEW_SUSPECT : VIEW_ACCEPT;
}

/* What stands against it; and of the master what the guard found of its newest correction, where that is worse. */
static void source_verdict(const struct node *node, const struct peer *peer, struct view_source *v)
{
    const struct suspicion_server *s = suspicion_of(&node->suspicion, peer->member->node);
    const struct node_judged *judged = &node->judged;
    if (v->verdict != VIEW_ACCEPT)
        return;
    if (s != NULL && s->verdict != SUSPICION_TRUSTED) {
        v->verdict = s->verdict == SUSPICION_FALSE ? VIEW_REJECT : VIEW_SUSPECT;
        v->reason = s->reason;
        v->reason_ns = s->reason_ns;
    }
    enum view_verdict found = verdict_shown(judged->verdict);
    if (judged->master.id != peer->member->node.id || found <= v->verdict)
        return;
    v->verdict = found;
    v->reason = (uint8_t)judged->reason;
    v->reason_ns = judged->by_ns;
}

size_t node_sources(const struct node *node, tai_mono_t raw, struct view_source *ret_sources,
                    size_t sources_max)
{
    size_t n = 0;
    if (!node->started)
        return 0;
    for (; n < node->settings.members_count && n < sources_max; n++) {
        const struct peer *peer = &node->peers[n];
        peer_view(peer, raw, &ret_sources[n]);
        if (!peer->member->server)
            continue;
        source_line(node, raw, peer, &ret_sources[n]);
        source_verdict(node, peer, &ret_sources[n]);
    }
    return n;
}

/* References that are heard of now, correlated ones once. The master's round has counted; others count what they are told. */
static uint32_t voices(const struct node *node, tai_mono_t raw)
{
    uint16_t groups[SYNC_SERVERS_MAX + 1];
    size_t n = 0;
    if (node->round.state == ROUND_STEERED)
        return node->round.voices;
    for (size_t i = 0; i <= node->others && n <= SYNC_SERVERS_MAX; i++) {
        struct sync_reference r = node->reference;
        if (i > 0 && !peer_reference(&node->peers[node->server_index[i - 1]], raw, &r))
            continue;
        bool counted = !r.present;
        for (size_t j = 0; j < n && r.group != 0; j++)
            counted = counted || groups[j] == r.group;
        if (!counted)
            groups[n++] = r.group;
    }
    return (uint32_t)n;
}

/* How many more may fail before time is lost: of the servers for the next election, and of the references for TAI. */
static uint32_t margin(const struct node *node, uint32_t up, uint32_t f_ref)
{
    struct sync_line line;
    uint32_t quorum = node->election.quorum;
    uint32_t of_votes = up > quorum ? up - quorum : 0;
    if (node->servers <= 2)
        of_votes = 0;
    bool absolute = clockwork_target(&node->clockwork, &line) && witness_absolute(line.status);
    return absolute && f_ref < of_votes ? f_ref : of_votes;
}

static uint32_t accusers(const struct node *node)
{
    uint32_t n = 0;
    for (uint32_t set = node->election.accusers; set != 0; set &= set - 1)
        n++;
    return n;
}

void node_cluster(const struct node *node, tai_mono_t raw, struct view_cluster *ret_cluster)
{
    struct view_cluster c = {.servers = node->servers,
                             .servers_up = 1,
                             .clients = node->clients,
                             .f_vote = node->f,
                             .references = node->started ? voices(node, raw) : 0,
                             .quorum = node->election.quorum,
                             .term = node->election.term,
                             .master = node->election.master,
                             .deputy = node->election.deputy,
                             .self = node->settings.self,
                             .epoch = node->settings.epoch,
                             .cluster = node->settings.cluster,
                             .accusations = accusers(node),
                             .two_servers = node->servers == 2};
    c.datagrams = node->local.strangers;
    for (size_t i = 0; node->started && i < node->settings.members_count; i++) {
        peer_count(&node->peers[i], &c.datagrams);
        if (!peer_reachable(&node->peers[i], raw))
            continue;
        if (node->settings.members[i].server)
            c.servers_up++;
        else
            c.clients_up++;
    }
    /* Leases count on BOOTTIME; since the last event both clocks went on alike. */
    int64_t boot_ns = node->clockwork.now.boot_ns + (raw.ns - node->clockwork.now.raw.ns);
    c.lease_valid = election_lease_held(&node->election, boot_ns);
    int64_t until = election_lease_until(&node->election);
    c.lease_left_ns = until == LEASE_FOREVER ? INT64_MAX : c.lease_valid ? until - boot_ns : 0;
    c.f_ref = c.references > 0 ? (c.references - 1) / 2 : 0;
    c.margin = margin(node, c.servers_up, c.f_ref);
    *ret_cluster = c;
}
