/* SPDX-License-Identifier: Apache-2.0 */
/* The measuring half of peer.h: exchanges into the envelope, and what may be read from it. */
#include "client/core/peer.h"
#include "sdk/sync/line.h"
#include "sdk/sync/oscillator.h"
#include "sdk/time/arith.h"

enum { PS_PER_PPB = 1000, REACHABLE_POLLS = 4 };

static enum oscillator_class class_of(unsigned number)
{
    return number < OSCILLATOR_CLASSES ? (enum oscillator_class)number : OSCILLATOR_PC;
}

static tai_ppb_t remote_bound(const struct peer *peer)
{
    if (peer->has_said && peer->said.rho_ppb > 0 && peer->said.rho_ppb <= PAGE_GROWTH_PPB_MAX)
        return (tai_ppb_t){(int32_t)peer->said.rho_ppb};
    return oscillator_declared(OSCILLATOR_PC);
}

void peer_measure_begin(struct peer *peer)
{
    struct envelope_settings settings = {.local_bound = peer->settings->rate_bound,
                                         .remote_bound = remote_bound(peer),
                                         .asymmetry_ns = peer->member->asymmetry_ns};
    envelope_init(&peer->envelope, &settings);
    ageing_init(&peer->ageing);
}

static int64_t floors_ps(const struct peer *peer)
{
    unsigned remote = peer->has_said ? peer->said.oscillator : OSCILLATOR_PC;
    return ((int64_t)oscillator_floor(class_of(peer->settings->oscillator)).ppb +
            oscillator_floor(class_of(remote)).ppb) *
           PS_PER_PPB;
}

static int64_t declared_ps(const struct peer *peer)
{
    int64_t ppb = (int64_t)peer->settings->rate_bound.ppb + remote_bound(peer).ppb;
    /* Relative rates have a term of second order. */
    int64_t ps = ppb * PS_PER_PPB + ppb * ppb / 1000000 + 1;
    return ps > SYNC_RATE_PS_MAX ? SYNC_RATE_PS_MAX : ps;
}

/* How the interval goes on from this exchange. */
static void set_ageing(struct peer *peer, int64_t at_ns)
{
    struct envelope_placement e;
    int64_t rate, bound;
    if (!envelope_estimate(&peer->envelope, (tai_mono_t){at_ns}, &e))
        return;
    struct ageing_mark mark = {at_ns, e.lower_ns, e.upper_ns};
    ageing_note(&peer->ageing, mark);
    ageing_bound(&peer->ageing, mark,
                 &(struct ageing_limits){.declared_ps = declared_ps(peer),
                                         .floor_ps = floors_ps(peer),
                                         .wander_ps = e.wander_ps_per_s,
                                         .estimated_ps = e.rate_ps_per_s},
                 &rate, &bound);
    envelope_set_ageing(&peer->envelope, rate, bound < SYNC_RATE_PS_MAX ? bound : SYNC_RATE_PS_MAX);
}

bool peer_measure(struct peer *peer, const struct sync_exchange *exchange, tai_mono_t now)
{
    if (!peer->has_good)
        peer_measure_begin(peer);
    enum envelope_verdict verdict = envelope_add(&peer->envelope, exchange, NULL);
    if (!envelope_taken(verdict))
        return false;
    if (verdict == ENVELOPE_NEW_TIMELINE)
        ageing_init(&peer->ageing);
    peer->has_good = true;
    peer->good_at = now;
    peer->delay_ns = exchange->t4_ns - exchange->t1_ns - (exchange->t3_ns - exchange->t2_ns);
    if (verdict == ENVELOPE_CONTRADICTION) {
        peer->breaks++;
        peer->broke = true;
        peer_measure_begin(peer);
        (void)envelope_add(&peer->envelope, exchange, NULL);
    }
    set_ageing(peer, exchange->t4_ns);
    return true;
}

bool peer_placement(const struct peer *peer, tai_mono_t raw, struct peer_placement *ret_placement)
{
    struct envelope_placement e;
    int64_t remote;
    if (!peer->has_good || raw.ns < 0 || !envelope_estimate(&peer->envelope, raw, &e) ||
        !arith_add(raw.ns, e.offset_ns, &remote) || remote < 0)
        return false;
    int64_t below = e.offset_ns - e.lower_ns, above = e.upper_ns - e.offset_ns;
    int64_t growth = peer->envelope.bound_ps_per_s / PS_PER_PPB + 1;
    *ret_placement = (struct peer_placement){
        .local_timeline = peer->envelope.local,
        .remote_timeline = peer->envelope.remote,
        .local = raw,
        .remote = {remote},
        .rate_ps_per_s =
            peer->envelope.rate_ps_per_s, /* what the growth is about: not every fit can be true */
        .half_width_ns = below > above ? below : above,
        .growth = {growth > PAGE_GROWTH_PPB_MAX ? PAGE_GROWTH_PPB_MAX : (int32_t)growth},
        .sigma_ns = e.sigma_ns,
        .skew_ps_per_s = e.skew_ps_per_s,
        .delay_ns = e.delay_ns,
        .samples = e.samples,
    };
    return true;
}

bool peer_line(const struct peer *peer, tai_mono_t raw, struct sync_line *ret_line)
{
    struct peer_placement placement;
    return peer->has_said && peer_placement(peer, raw, &placement) &&
           placement_carry(&placement, &peer->said.line, ret_line);
}

bool peer_reference(const struct peer *peer, tai_mono_t raw, struct sync_reference *ret_reference)
{
    struct peer_placement placement;
    return peer->has_said && peer_placement(peer, raw, &placement) &&
           placement.remote_timeline.id == peer->said.stamps.timeline.id &&
           placement_reference(&placement, &peer->said.reference, ret_reference);
}

bool peer_broke(struct peer *peer)
{
    bool broke = peer->broke;
    peer->broke = false;
    return broke;
}

const struct wire_reply *peer_said(const struct peer *peer, uint64_t *ret_term, tai_mono_t *ret_at)
{
    if (!peer->has_said)
        return NULL;
    *ret_term = peer->said_term;
    *ret_at = peer->said_at;
    return &peer->said;
}

bool peer_reachable(const struct peer *peer, tai_mono_t raw)
{
    if (!peer->up || !peer->has_good)
        return false;
    int64_t age = raw.ns - peer->good_at.ns, poll = peer->poll_ns > 0 ? peer->poll_ns : NS_PER_S;
    return age <= REACHABLE_POLLS * poll + NS_PER_S;
}

static uint32_t bad_packets(const struct peer *peer)
{
    uint64_t bad = 0;
    for (unsigned v = 0; v < WIRE_VERDICTS; v++)
        if (v != WIRE_OK && v != WIRE_HANDSHAKE)
            bad += peer->session.counts.n[v];
    return bad > UINT32_MAX ? UINT32_MAX : (uint32_t)bad;
}

void peer_count(const struct peer *peer, struct wire_counts *counts)
{
    for (unsigned v = 0; v < WIRE_VERDICTS; v++)
        counts->n[v] += peer->session.counts.n[v];
}

void peer_view(const struct peer *peer, tai_mono_t raw, struct view_source *ret_source)
{
    struct view_source v = {.node = peer->member->node,
                            .server = peer->member->server,
                            .reachable = peer_reachable(peer, raw),
                            .address = peer->address,
                            .verdict = VIEW_NEW,
                            .poll_ns = peer->poll_ns,
                            .age_ns = peer->has_good ? raw.ns - peer->good_at.ns : -1,
                            .sent = (uint32_t)peer->polls,
                            .received = peer->exchanges.completed,
                            .lost = peer->exchanges.lost,
                            .packets_bad = bad_packets(peer),
                            .last_delay_ns = peer->delay_ns};
    struct envelope_placement e;
    struct sync_line line;
    if (peer->has_good && envelope_estimate(&peer->envelope, raw, &e)) {
        v.sigma_ns = e.sigma_ns;
        v.delay_ns = e.delay_ns;
        v.rate_ps_per_s = e.rate_ps_per_s;
        v.skew_ps_per_s = e.skew_ps_per_s;
        v.wander_ps_per_s = e.wander_ps_per_s;
        v.window_ns = e.window_ns;
        v.samples = e.samples;
    }
    v.has_half_width = peer_line(peer, raw, &line);
    if (v.has_half_width)
        v.half_width_ns = line.half_width.ns;
    v.has_reference = peer_reference(peer, raw, &v.reference);
    if (!v.reachable)
        v.verdict = peer->has_said ? VIEW_SILENT : VIEW_NEW;
    else
        v.verdict = VIEW_ACCEPT;
    *ret_source = v;
}
