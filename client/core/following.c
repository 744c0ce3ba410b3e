/* SPDX-License-Identifier: Apache-2.0 */
#include "client/core/following.h"

#include "sdk/sync/line.h"
#include "sdk/sync/oscillator.h"
#include "sdk/time/arith.h"

enum { FOLLOWING_INTERVALS = 4, PS_PER_PPB = 1000 };

void following_init(struct following *f)
{
    *f = (struct following){.leap = {.next = {PAGE_NEVER}}};
}

int64_t following_rate_max_ps(tai_ppb_t own)
{
    int64_t pc = oscillator_declared(OSCILLATOR_PC).ppb;
    int64_t ppb = (int64_t)own.ppb + (own.ppb > pc ? own.ppb : pc);
    int64_t most = ppb > PAGE_RATE_PPB_MAX ? PAGE_RATE_PPB_MAX : ppb;
    return most * PS_PER_PPB + most; /* one over 1 + rho is rho squared more than 1 - rho */
}

void following_reset(struct following *f)
{
    f->active = false;
    f->master = (sync_node_t){0};
    f->term = 0;
    f->number = 0;
}

/* What it is, before what it says. */
static enum guard_reason form_of(const struct following *f, const struct engine_now *now,
                                 const struct wire_message *m, sync_node_t believed, uint64_t believed_term)
{
    const struct wire_correction *c = &m->correction;
    if (m->header.term < believed_term || m->header.term < f->term)
        return GUARD_LOWER_TERM;
    if (m->header.sender.id != believed.id || m->header.term != believed_term)
        return GUARD_NOT_MASTER;
    if (m->header.term == f->term && m->header.sender.id == f->master.id && c->number <= f->number)
        return GUARD_REPLAYED;
    if (c->line.timeline.id != now->timeline.id)
        return GUARD_OTHER_TIMELINE;
    if (c->line.raw.ns > now->raw.ns && c->line.raw.ns - now->raw.ns > FOLLOWING_AHEAD_NS)
        return GUARD_FUTURE;
    if (now->raw.ns > c->line.expires.ns)
        return GUARD_EXPIRED;
    return GUARD_FINE;
}

static struct guard_result refuse(enum guard_reason reason)
{
    return (struct guard_result){.verdict = GUARD_REJECT, .reason = reason};
}

static struct guard_result judge(const struct following *f, const struct engine_now *now,
                                 const struct wire_message *m, sync_node_t believed, uint64_t believed_term,
                                 const struct guard_evidence *evidence)
{
    const struct sync_line *line = &m->correction.line;
    enum guard_reason form = form_of(f, now, m, believed, believed_term);
    if (form != GUARD_FINE)
        return refuse(form);
    if (!line_takeable(line) || !page_status_has_interval(line->status))
        return refuse(GUARD_WIDTH);
    int64_t most = following_rate_max_ps(evidence->rate_bound);
    if (evidence->rate_bound.ppb > 0 && (line->rate_ps_per_s > most || line->rate_ps_per_s < -most))
        return refuse(GUARD_RATE);
    struct sync_line here = *line; /* its epoch may lie far back */
    line_rebase(&here, now->raw);
    if (!line_takeable(&here))
        return refuse(GUARD_WIDTH);
    struct guard_claim claim = {here.tai, here.half_width};
    return guard_judge(evidence, &claim);
}

static void take_up(struct following *f, const struct engine_now *now, const struct wire_message *m)
{
    const struct wire_correction *c = &m->correction;
    int64_t quiet = FOLLOWING_INTERVALS * (int64_t)c->interval_ms * 1000000;
    f->term = m->header.term;
    f->master = m->header.sender;
    f->number = c->number;
    f->active = true;
    f->taken_up = now->raw;
    f->until = (tai_mono_t){now->raw.ns + (quiet > FOLLOWING_LIFE_NS ? quiet : FOLLOWING_LIFE_NS)};
    f->deputy = c->deputy;
    f->leap = c->leap;
}

/* The line, referred to now, with its middle and its width as the guard allows. Cluster time without references is what the
 * master's line says, and the witnesses' lines are only near it: then the claim's own interval stays covered. It does as well when
 * it is of TAI and the witnesses have heard of cluster time only: what they say of each other is no bound of TAI. */
static struct sync_line followed(const struct engine_now *now, const struct sync_line *line,
                                 const struct guard_evidence *evidence, const struct guard_result *result)
{
    struct sync_line out = *line;
    line_rebase(&out, now->raw);
    int64_t moved = INT64_MAX;
    (void)arith_sub(result->followed.ns, out.tai.ns, &moved);
    tai_bound_t claimed = taistamp_bound_add(out.half_width, (tai_bound_t){moved < 0 ? -moved : moved});
    out.tai = result->followed;
    out.half_width = result->half_width;
    if ((out.status == TAISTAMP_STATUS_RELATIVE || evidence->of_cluster_time) &&
        claimed.ns > out.half_width.ns)
        out.half_width = claimed;
    return out;
}

bool following_correction(struct following *f, const struct engine_now *now,
                          const struct wire_message *message, sync_node_t believed, uint64_t believed_term,
                          const struct guard_evidence *evidence, struct sync_line *ret_line)
{
    f->last = judge(f, now, message, believed, believed_term, evidence);
    f->reasons[f->last.reason]++;
    f->accepted += f->last.verdict == GUARD_ACCEPT;
    f->suspect += f->last.verdict == GUARD_SUSPECT;
    f->rejected += f->last.verdict == GUARD_REJECT;
    if (f->last.verdict == GUARD_REJECT)
        return false;
    take_up(f, now, message);
    *ret_line = followed(now, &message->correction.line, evidence, &f->last);
    return true;
}

bool following_flows(struct following *f, tai_mono_t raw)
{
    if (f->active && raw.ns > f->until.ns)
        f->active = false;
    return f->active;
}
