/* SPDX-License-Identifier: Apache-2.0 */
#include "client/core/witness.h"

#include "sdk/sync/line.h"

bool witness_absolute(enum taistamp_status status)
{
    return status == TAISTAMP_STATUS_SYNCHRONISED || status == TAISTAMP_STATUS_SINGLE_REFERENCE ||
           status == TAISTAMP_STATUS_ASSUMED;
}

struct carried {
    sync_node_t node;
    struct sync_line line;
    int64_t sigma_ns;
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

void witness_collect(const struct peer *peers, size_t count, tai_mono_t raw, unsigned servers,
                     struct witness_panel *ret_panel)
{
    struct carried lines[GUARD_WITNESSES_MAX];
    *ret_panel = (struct witness_panel){.status = TAISTAMP_STATUS_UNKNOWN};
    struct guard_evidence *e = &ret_panel->evidence;
    e->faults = fallback_faults(servers);
    e->needed = e->faults + 1;
    size_t n = carry_all(peers, count, raw, lines), absolute = 0, kept = 0;
    for (size_t i = 0; i < n; i++)
        absolute += witness_absolute(lines[i].line.status);
    ret_panel->absolute = absolute >= e->needed;
    for (size_t i = 0; i < n; i++)
        if (witness_absolute(lines[i].line.status) == ret_panel->absolute)
            lines[kept++] = lines[i];
    for (size_t i = 0; i < kept; i++) {
        e->witnesses[i] = (struct guard_witness){lines[i].node, lines[i].line.tai, lines[i].line.half_width,
                                                 lines[i].sigma_ns};
        ret_panel->rates_ps_per_s[i] = lines[i].line.rate_ps_per_s;
        if (i == 0 || lines[i].line.half_width.ns < lines[0].line.half_width.ns)
            ret_panel->source = lines[i].line.source;
    }
    e->witnesses_count = kept;
    if (kept > 0)
        ret_panel->status = agreed_status(lines, kept, e->faults);
}

void witness_add_own(struct witness_panel *panel, const struct sync_line *own, tai_mono_t raw)
{
    if (!page_status_has_interval(own->status) || witness_absolute(own->status) != panel->absolute)
        return;
    panel->evidence.has_own = true;
    panel->evidence.own = line_interval(own, raw);
}
