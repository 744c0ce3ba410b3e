/* SPDX-License-Identifier: Apache-2.0 */
#include "client/core/witness.h"

#include "sdk/sync/line.h"
#include "sdk/time/arith.h"

bool witness_absolute(enum taistamp_status status)
{
    return status == TAISTAMP_STATUS_SYNCHRONISED || status == TAISTAMP_STATUS_SINGLE_REFERENCE ||
           status == TAISTAMP_STATUS_ASSUMED;
}

enum taistamp_clock_source witness_weaker(enum taistamp_clock_source a, enum taistamp_clock_source b)
{
    return a > b ? a : b; /* they are numbered from the best on */
}

enum taistamp_clock_source witness_relayed(enum taistamp_clock_source source)
{
    return witness_weaker(source, TAISTAMP_CLOCK_QUORUM);
}

struct carried {
    sync_node_t node;
    struct sync_line line;
    int64_t sigma_ns, skew_ps_per_s;
};

static size_t carry_all(const struct peer *peers, size_t count, tai_mono_t raw, struct carried *ret_lines)
{
    size_t n = 0;
    for (size_t i = 0; i < count && n < GUARD_WITNESSES_MAX; i++) {
        struct peer_placement placement;
        if (!peers[i].member->server || !peer_line(&peers[i], raw, &ret_lines[n].line) ||
            !peer_placement(&peers[i], raw, &placement))
            continue;
        ret_lines[n].node = peers[i].member->node;
        ret_lines[n].sigma_ns = placement.sigma_ns;
        ret_lines[n].skew_ps_per_s = placement.skew_ps_per_s;
        n++;
    }
    return n;
}

/* The status that all but f claim at least: the statuses with an interval are ordered from better to worse. */
static enum taistamp_status agreed_status(const struct carried *lines, size_t count, size_t f)
{
    unsigned better[TAISTAMP_STATUS_RELATIVE + 1] = {0};
    unsigned seen = 0;
    for (size_t i = 0; i < count; i++)
        better[lines[i].line.status]++;
    for (unsigned s = TAISTAMP_STATUS_SYNCHRONISED; s <= TAISTAMP_STATUS_RELATIVE; s++) {
        seen += better[s];
        if (seen + f >= count && seen > 0)
            return (enum taistamp_status)s;
    }
    return TAISTAMP_STATUS_RELATIVE;
}

/* Keeps the lines of one kind; of the best or of relative ones, unless they are too few. */
static size_t keep_kind(struct carried *lines, size_t count, size_t needed, enum witness_kind kind,
                        bool *ret_absolute)
{
    size_t absolute = 0, kept = 0;
    for (size_t i = 0; i < count; i++)
        absolute += witness_absolute(lines[i].line.status);
    *ret_absolute = kind == WITNESS_ABSOLUTE || (kind == WITNESS_BEST && absolute >= needed);
    /* Relative lines say nothing of TAI, however few others there are (seed 723680 of the simulator). */
    if (kind != WITNESS_ABSOLUTE && (*ret_absolute ? absolute : count - absolute) < needed) {
        *ret_absolute = absolute == count;
        return count;
    }
    for (size_t i = 0; i < count; i++)
        if (witness_absolute(lines[i].line.status) == *ret_absolute)
            lines[kept++] = lines[i];
    return kept;
}

void witness_collect(const struct peer *peers, size_t count, tai_mono_t raw, unsigned servers,
                     tai_ppb_t rate_bound, enum witness_kind kind, struct witness_panel *ret_panel)
{
    struct carried lines[GUARD_WITNESSES_MAX];
    *ret_panel = (struct witness_panel){.status = TAISTAMP_STATUS_UNKNOWN};
    struct guard_evidence *e = &ret_panel->evidence;
    e->faults = fallback_faults(servers);
    e->needed = e->faults + 1;
    e->claim_may_lie = e->faults > 0;
    e->rate_bound = rate_bound;
    size_t n = carry_all(peers, count, raw, lines);
    n = keep_kind(lines, n, e->needed, kind, &ret_panel->absolute);
    e->of_cluster_time = !ret_panel->absolute;
    for (size_t i = 0; i < n; i++) {
        const struct sync_line *line = &lines[i].line;
        e->witnesses[i] =
            (struct guard_witness){lines[i].node, line->tai, line->half_width, lines[i].sigma_ns, 0};
        ret_panel->rates_ps_per_s[i] = line->rate_ps_per_s;
        ret_panel->skews_ps_per_s[i] = lines[i].skew_ps_per_s;
        ret_panel->source = witness_weaker(ret_panel->source, witness_relayed(line->source));
    }
    e->witnesses_count = n;
    if (n == 0)
        return;
    ret_panel->status = agreed_status(lines, n, e->faults);
}

/* A second reference of a group widens the first. */
static void add_reference(struct guard_evidence *e, uint16_t *groups, uint16_t group,
                          const struct guard_witness *w)
{
    for (size_t i = 0; group != 0 && i < e->witnesses_count; i++) {
        struct guard_witness *other = &e->witnesses[i];
        if (groups[i] != group)
            continue;
        struct tai_interval a = interval_saturating(other->tai, other->half_width);
        struct tai_interval b = interval_saturating(w->tai, w->half_width);
        a.earliest = b.earliest.ns < a.earliest.ns ? b.earliest : a.earliest;
        a.latest = b.latest.ns > a.latest.ns ? b.latest : a.latest;
        other->tai = interval_midpoint(a);
        other->half_width = interval_half_width(a);
        return;
    }
    if (e->witnesses_count == GUARD_WITNESSES_MAX)
        return;
    groups[e->witnesses_count] = group;
    e->witnesses[e->witnesses_count++] = *w;
}

bool witness_is_missing(const struct peer *peer)
{
    uint64_t term;
    tai_mono_t at;
    const struct wire_reply *said = peer_said(peer, &term, &at);
    return peer->member->server && (said == NULL || said->reference.present);
}

/* Who may lie. Of all the references that there may be, heard and missing, the smaller half may be false, for one that is not heard
 * may be an honest one; but no more than servers may lie, and who has been silent for long has crashed and is one of those.
 * Our own one is no liar: with it no other has to vouch. */
static void set_faults(struct guard_evidence *e, size_t silent, unsigned liars, bool has_own)
{
    size_t heard = e->witnesses_count, half = (heard + e->missing - 1) / 2;
    size_t lying = liars > silent ? liars - silent : 0;
    e->faults = (unsigned)(half < heard ? half : heard - 1);
    e->needed = has_own ? 1 : (unsigned)(half < lying ? half : lying) + 1;
}

bool witness_references(const struct peer *peers, size_t count, tai_mono_t raw, unsigned liars,
                        const struct guard_witness *own, uint16_t own_group, struct guard_evidence *evidence)
{
    struct guard_evidence e = *evidence;
    size_t silent = 0;
    uint16_t groups[GUARD_WITNESSES_MAX] = {0};
    e.witnesses_count = 0;
    e.missing = 0;
    e.references = own != NULL;
    e.of_cluster_time = false;
    if (own != NULL)
        add_reference(&e, groups, own_group, own);
    for (size_t i = 0; i < count; i++) {
        struct peer_placement p;
        struct sync_reference r;
        if (!peers[i].member->server)
            continue;
        if (!peer_reachable(&peers[i], raw) || !peer_reference(&peers[i], raw, &r) || !r.present ||
            !peer_placement(&peers[i], raw, &p)) {
            if (witness_is_missing(&peers[i])) {
                e.missing++;
                silent += peers[i].unanswered >= WITNESS_SILENT_POLLS;
            }
            continue;
        }
        /* What a reference may scatter by is known to its node only: anywhere in its interval is nothing odd. */
        int64_t sigma = p.sigma_ns + (r.half_width.ns < NS_PER_S ? r.half_width.ns / 6 : NS_PER_S);
        struct guard_witness w = {peers[i].member->node, r.tai, r.half_width, sigma, 0};
        add_reference(&e, groups, r.group, &w);
        e.references++;
    }
    if (e.witnesses_count == 0)
        return false;
    set_faults(&e, silent, liars, own != NULL);
    *evidence = e;
    return true;
}

void witness_sole_reference(struct guard_evidence *e, sync_node_t claimant)
{
    if (e->references == 1 && e->missing == 0 && e->witnesses[0].node.id == claimant.id)
        e->claim_may_lie = false;
}

void witness_add_own(struct witness_panel *panel, const struct sync_line *own, tai_mono_t raw)
{
    if (!page_status_has_interval(own->status) || witness_absolute(own->status) != panel->absolute)
        return;
    panel->evidence.has_own = true;
    panel->evidence.own = line_interval(own, raw);
}

void witness_offer_leap(const struct peer *peers, size_t count, unsigned needed, const struct sync_leap *leap,
                        struct clockwork *clockwork)
{
    unsigned voices = 0;
    for (size_t i = 0; i < count; i++) {
        uint64_t term;
        tai_mono_t at;
        const struct wire_reply *said = peer_said(&peers[i], &term, &at);
        voices += peers[i].member->server && said != NULL && said->leap.tai_utc_s == leap->tai_utc_s &&
                  said->leap.next_tai_utc_s == leap->next_tai_utc_s && said->leap.next.ns == leap->next.ns &&
                  said->leap.expires.ns >= leap->expires.ns;
    }
    if (voices >= needed)
        clockwork_offer_leap(clockwork, leap);
}
