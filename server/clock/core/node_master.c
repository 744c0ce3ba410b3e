/* SPDX-License-Identifier: Apache-2.0 */
/* The master's second: references and oscillators into the round; and what each node is told after each exchange. */
#include "client/core/witness.h"
#include "sdk/base/bug.h"
#include "sdk/sync/line.h"
#include "server/clock/core/node_state.h"

/* The own reference counts this long without a new reading; its interval grows meanwhile. */
#define REFERENCE_LIFE_NS INT64_C(600000000000)

int64_t node_master_poll_ns(const struct node *node, size_t peer)
{
    const struct engine_settings *s = &node->settings;
    if (s->members[peer].server)
        return s->poll_ns;
    return round_client_poll_ns(node->clients, s->poll_ns, s->client_poll_ns_max);
}

static bool own_reference(const struct node *node, const struct engine_now *now, struct round_reference *ret)
{
    if (!node->reference.present || node->reference.raw.ns > now->raw.ns ||
        now->raw.ns - node->reference.raw.ns > REFERENCE_LIFE_NS)
        return false;
    *ret = (struct round_reference){node->settings.self, node->reference};
    return true;
}

static size_t references(struct node *node, const struct engine_now *now, struct round_reference *ret)
{
    size_t n = 0;
    node->round.missing = 0;
    if (own_reference(node, now, &ret[n]))
        n++;
    for (size_t i = 0; i < node->others && n < ROUND_REFERENCES_MAX; i++) {
        const struct peer *peer = &node->peers[node->server_index[i]];
        if (!peer_reachable(peer, now->raw) || !peer_reference(peer, now->raw, &ret[n].reference) ||
            !ret[n].reference.present) {
            node->round.missing += witness_is_missing(peer);
            continue;
        }
        ret[n].node = peer->member->node;
        n++;
    }
    return n;
}

size_t node_master_readings(struct node *node, const struct engine_now *now,
                            struct ensemble_reading *ret_readings)
{
    size_t n = 0;
    for (size_t i = 0; i < node->others; i++) {
        const struct peer *peer = &node->peers[node->server_index[i]];
        struct peer_placement p;
        uint64_t term;
        tai_mono_t at;
        if (!peer_reachable(peer, now->raw) || !peer_placement(peer, now->raw, &p))
            continue;
        sync_node_t member = peer->member->node;
        if (node->timelines[i].id != p.remote_timeline.id) {
            ensemble_forget(&node->round.ensemble, member);
            node->timelines[i] = p.remote_timeline;
        }
        const struct wire_reply *said = peer_said(peer, &term, &at);
        if (node->round.ensemble.founded && said != NULL && (said->flags & WIRE_FLAG_LEARNED) != 0 &&
            page_status_has_interval(said->line.status))
            ensemble_told(&node->round.ensemble, member, said->frequency_ps_per_s);
        ret_readings[n++] = (struct ensemble_reading){member, p.rate_ps_per_s, p.skew_ps_per_s};
    }
    return n;
}

/* Whether all that could be known at a start is known: the own reference, which comes right after it, and each server has said
 * something, or had the time to. Without an own reference the first burst of each is waited for: what a single exchange says of where
 * the others' time is may be wrong by what one of the two machines was busy, tens of ms (seeds 34563, 200871, 501532 of the
 * simulator), and others will go by it. */
static bool has_gathered(const struct node *node, const struct engine_now *now)
{
    bool all = now->raw.ns - node->started_at.ns >= NODE_REFERENCE_NS;
    for (size_t i = 0; i < node->others; i++) {
        const struct peer *peer = &node->peers[node->server_index[i]];
        all = all && peer_reachable(peer, now->raw) && (node->reference.present || peer->burst_left == 0);
    }
    return all || now->raw.ns - node->started_at.ns >= NODE_GATHER_NS;
}

/* CLOCK_REALTIME as TAI: all that a cold cluster without references has. */
static tai_t realtime_tai(const struct node *node, const struct engine_now *now)
{
    struct sync_leap leap = clockwork_leap(&node->clockwork);
    return (tai_t){now->realtime_ns + leap.tai_utc_s * NS_PER_S};
}

/* Where a master without any line begins: in the middle of a cluster that runs, else anew. */
static void begin_without_references(struct node *node, const struct engine_now *now)
{
    struct sync_line line;
    if (node_follow_midpoint(node, now, true, &line))
        round_take_up(&node->round, now->raw, &line);
    else
        round_start(&node->round, now->timeline, now->raw, realtime_tai(node, now));
}

bool node_master_step(struct node *node, const struct engine_now *now)
{
    struct round_reference list[ROUND_REFERENCES_MAX];
    struct ensemble_reading readings[ENSEMBLE_MEMBERS_MAX];
    size_t references_count = references(node, now, list);
    size_t readings_count = node_master_readings(node, now, readings);
    if (node->round.state == ROUND_NO_LINE) {
        if (!has_gathered(node, now))
            return false;
        if (references_count == 0)
            begin_without_references(node, now);
    }
    return round_step(&node->round, now->timeline, now->raw, list, references_count, readings,
                      readings_count);
}

/* A measurement of a second may claim more than any oscillator does, and who is told that rejects it (following.h): it is told the
 * most that it takes. Our own line runs on at the rate that it has, so what was held back goes into the growth. */
static void tell_possible_rate(const struct peer *peer, struct sync_line *line)
{
    uint64_t term;
    tai_mono_t at;
    const struct wire_reply *said = peer_said(peer, &term, &at);
    int32_t rho = said == NULL ? 0 : (int32_t)said->rho_ppb;
    int64_t most = following_rate_max_ps((tai_ppb_t){rho});
    int64_t rate = line->rate_ps_per_s;
    int64_t told = rate > most ? most : rate < -most ? -most : rate;
    int64_t held_back_ppb = ((rate > told ? rate - told : told - rate) + 999) / 1000;
    int64_t growth = line->growth.ppb + held_back_ppb;
    line->rate_ps_per_s = told;
    line->growth.ppb = growth > PAGE_GROWTH_PPB_MAX ? PAGE_GROWTH_PPB_MAX : (int32_t)growth;
}

void node_master_correct(struct node *node, const struct engine_now *now, size_t peer,
                         struct engine_actions *actions)
{
    struct peer_placement placement;
    if (node->round.state == ROUND_NO_LINE || node->round.state == ROUND_IDLE ||
        !page_status_has_interval(node->round.line.status) ||
        !peer_placement(&node->peers[peer], now->raw, &placement))
        return;
    struct wire_message m = {.header.type = WIRE_CORRECTION};
    struct wire_correction *c = &m.correction;
    if (!placement_carry_back(&placement, &node->round.line, &c->line))
        return;
    if (c->line.source < TAISTAMP_CLOCK_QUORUM) /* ours; theirs is that servers of the cluster have it */
        c->line.source = TAISTAMP_CLOCK_QUORUM;
    tell_possible_rate(&node->peers[peer], &c->line);
    int64_t poll = node_master_poll_ns(node, peer);
    int64_t life = 4 * poll > NODE_CORRECTION_LIFE_NS ? 4 * poll : NODE_CORRECTION_LIFE_NS;
    c->line.expires.ns = c->line.raw.ns + life;
    c->number = ++node->correction_number;
    c->deputy = node->election.deputy;
    c->interval_ms = (uint32_t)(poll / 1000000);
    c->leap = clockwork_leap(&node->clockwork);
    (void)node_send(node, now, peer, &m, actions); /* the next exchange brings the next one */
}
