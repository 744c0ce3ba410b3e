/* SPDX-License-Identifier: Apache-2.0 */
/* What a follower shows of itself. */
#include <string.h>

#include "client/core/follower.h"

#include "sdk/time/arith.h"

void follower_tracking(const struct follower *f, tai_mono_t raw, struct view_tracking *ret_tracking)
{
    struct view_tracking v = {.state = f->state,
                              .term = f->belief.term,
                              .master = f->belief.master,
                              .deputy = f->following.deputy,
                              .reference = f->reference,
                              .hlc_ns = (uint64_t)f->hlc.now.l_ns,
                              .hlc_count = f->hlc.now.c,
                              .corrections_accepted = f->following.accepted,
                              .corrections_suspect = f->following.suspect,
                              .corrections_rejected = f->following.rejected};
    memcpy(v.reasons, f->following.reasons, sizeof v.reasons);
    clockwork_view(&f->clockwork, raw, &v);
    for (size_t i = 0; i < f->count; i++) {
        struct peer_placement p;
        if (f->settings.members[i].node.id == f->belief.master.id && peer_placement(&f->peers[i], raw, &p))
            v.skew_ps_per_s = p.skew_ps_per_s;
    }
    *ret_tracking = v;
}

/* How its line stands against the hull of all, and against ours. */
static void judge_source(const struct follower *f, const struct peer *peer, const struct witness_panel *panel,
                         tai_mono_t raw, struct view_source *v)
{
    struct sync_line line, own;
    if (!peer_line(peer, raw, &line))
        return;
    v->weighs = v->reachable && witness_absolute(line.status) == panel->absolute;
    if (clockwork_target(&f->clockwork, &own) &&
        arith_sub(line.tai.ns, line_tai(&own, raw).ns, &v->offset_ns))
        v->has_offset = true;
    if (!v->weighs)
        return;
    struct guard_claim claim = {line.tai, line.half_width};
    struct guard_result r = guard_judge(&panel->evidence, &claim);
    if (r.reason == GUARD_UNMEASURED)
        return;
    v->reason = (uint8_t)r.reason;
    v->reason_ns = r.by_ns;
    v->verdict = r.verdict == GUARD_ACCEPT    ? VIEW_ACCEPT
                 : r.verdict == GUARD_SUSPECT ? VIEW_SUSPECT
                                              : VIEW_REJECT;
}

size_t follower_sources(const struct follower *f, tai_mono_t raw, struct view_source *ret_sources,
                        size_t sources_max)
{
    struct witness_panel panel;
    size_t n = f->count < sources_max ? f->count : sources_max;
    if (!f->started)
        return 0;
    witness_collect(f->peers, f->count, raw, f->servers, f->settings.rate_bound, WITNESS_BEST, &panel);
    for (size_t i = 0; i < n; i++) {
        peer_view(&f->peers[i], raw, &ret_sources[i]);
        judge_source(f, &f->peers[i], &panel, raw, &ret_sources[i]);
        /* What its correction was told counts more than what its line says. */
        bool leads =
            f->settings.members[i].node.id == f->belief.master.id && f->following.last.reason != GUARD_FINE;
        if (leads && ret_sources[i].reachable && ret_sources[i].verdict == VIEW_ACCEPT) {
            ret_sources[i].verdict = f->following.last.verdict == GUARD_REJECT ? VIEW_REJECT : VIEW_SUSPECT;
            ret_sources[i].reason = (uint8_t)f->following.last.reason;
            ret_sources[i].reason_ns = f->following.last.by_ns;
        }
    }
    return n;
}

void follower_cluster(const struct follower *f, tai_mono_t raw, struct view_cluster *ret_cluster)
{
    struct view_cluster v = {.servers = f->servers,
                             .f_vote = f->faults,
                             .quorum = (f->servers + f->faults) / 2 + 1,
                             .term = f->belief.term,
                             .master = f->belief.master,
                             .deputy = f->following.deputy,
                             .self = f->settings.self,
                             .epoch = f->settings.epoch,
                             .cluster = f->settings.cluster,
                             .two_servers = f->servers == 2};
    v.datagrams = f->local.strangers;
    for (size_t i = 0; f->started && i < f->count; i++) {
        bool up = peer_reachable(&f->peers[i], raw);
        peer_count(&f->peers[i], &v.datagrams);
        v.servers_up += up && f->settings.members[i].server;
        v.references += up && f->peers[i].has_said && f->peers[i].said.reference.present;
    }
    v.f_ref = v.references > 0 ? (v.references - 1) / 2 : 0;
    v.margin = v.servers_up > v.quorum && v.servers > 2 ? v.servers_up - v.quorum : 0;
    struct sync_line line;
    if (clockwork_target(&f->clockwork, &line) && witness_absolute(line.status) && v.f_ref < v.margin)
        v.margin = v.f_ref;
    *ret_cluster = v;
}
