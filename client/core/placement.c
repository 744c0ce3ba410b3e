/* SPDX-License-Identifier: Apache-2.0 */
#include "client/core/placement.h"

#include "sdk/sync/line.h"
#include "sdk/time/arith.h"

enum { PS_PER_PPB = 1000 };
#define PS_PER_S INT64_C(1000000000000)

static int64_t limited(int64_t rate)
{
    return rate > SYNC_RATE_PS_MAX ? SYNC_RATE_PS_MAX : rate < -SYNC_RATE_PS_MAX ? -SYNC_RATE_PS_MAX : rate;
}

/* a * b / 10^12 for rates: exact enough (1 ps/s) without 128 bits. */
static int64_t cross(int64_t a, int64_t b)
{
    return a / PS_PER_PPB * (b / PS_PER_PPB) / (PS_PER_S / PS_PER_PPB / PS_PER_PPB);
}

/* (1 + a)(1 + b) - 1 */
static int64_t rate_chain(int64_t a, int64_t b)
{
    return limited(a + b + cross(a, b));
}

/* (1 + a) / (1 + b) - 1; each round leaves a thousandth of the error at most. */
static int64_t rate_unchain(int64_t a, int64_t b)
{
    int64_t x = a - b;
    for (int i = 0; i < 4; i++)
        x = a - b - cross(x, b);
    return limited(x);
}

/* A width of one timeline in nanoseconds of another whose rates differ by up to 1000 ppm, both ways; rounded up. */
static tai_bound_t stretched(int64_t width)
{
    tai_bound_t w = {width < 0 ? BOUND_UNBOUNDED : width};
    return taistamp_bound_add(w, bound_growth((tai_span_t){w.ns == BOUND_UNBOUNDED ? 0 : w.ns},
                                              (tai_ppb_t){SYNC_RATE_PS_MAX / PS_PER_PPB + 2000}));
}

/* Growth per second of the other timeline: one of both, stretched. */
static tai_ppb_t growths(tai_ppb_t a, tai_ppb_t b)
{
    int64_t sum = (int64_t)a.ppb + b.ppb;
    sum += sum / 500 + 1;
    return (tai_ppb_t){sum > PAGE_GROWTH_PPB_MAX ? PAGE_GROWTH_PPB_MAX : (int32_t)sum};
}

/* `from` + span, kept within readings of a clock. */
static tai_mono_t later(tai_mono_t from, int64_t span)
{
    int64_t at;
    if (!arith_add(from.ns, span, &at))
        at = INT64_MAX;
    return (tai_mono_t){at};
}

/* Shortens a life by what the two clocks may differ in rate. */
static int64_t life(tai_mono_t expires, tai_mono_t at)
{
    int64_t span;
    if (!arith_sub(expires.ns, at.ns, &span))
        return INT64_MAX / 2;
    return span - span / (PS_PER_S / SYNC_RATE_PS_MAX);
}

static bool has_interval(const struct sync_line *line)
{
    return page_status_has_interval(line->status) && line->half_width.ns != BOUND_UNBOUNDED;
}

static bool carry(const struct peer_placement *p, const struct sync_line *line, struct sync_line *ret_line)
{
    if (!line_valid(line) || !has_interval(line) || !line_usable(line, p->remote_timeline, p->remote) ||
        p->local.ns < 0)
        return false;
    struct sync_line out = *line;
    out.timeline = p->local_timeline;
    out.raw = p->local;
    out.tai = line_tai(line, p->remote);
    out.half_width = taistamp_bound_add(line_half_width(line, p->remote), stretched(p->half_width_ns));
    out.rate_ps_per_s = rate_chain(line->rate_ps_per_s, p->rate_ps_per_s);
    out.growth = growths(line->growth, p->growth);
    out.expires = later(p->local, life(line->expires, p->remote));
    if (!line_takeable(&out))
        return false;
    *ret_line = out;
    return true;
}

struct peer_placement placement_reverse(const struct peer_placement *p)
{
    struct peer_placement r = *p;
    r.local_timeline = p->remote_timeline;
    r.remote_timeline = p->local_timeline;
    r.local = p->remote;
    r.remote = p->local;
    r.rate_ps_per_s = rate_unchain(0, p->rate_ps_per_s);
    r.half_width_ns = stretched(p->half_width_ns).ns;
    r.growth = growths(p->growth, (tai_ppb_t){0});
    return r;
}

bool placement_carry(const struct peer_placement *placement, const struct sync_line *line,
                     struct sync_line *ret_line)
{
    return carry(placement, line, ret_line);
}

bool placement_carry_back(const struct peer_placement *placement, const struct sync_line *line,
                          struct sync_line *ret_line)
{
    struct peer_placement back = placement_reverse(placement);
    struct sync_line out;
    if (!carry(&back, line, &out))
        return false;
    out.rate_ps_per_s = rate_unchain(line->rate_ps_per_s, placement->rate_ps_per_s);
    *ret_line = out;
    return true;
}

bool placement_reference(const struct peer_placement *p, const struct sync_reference *reference,
                         struct sync_reference *ret_reference)
{
    if (!reference->present)
        return false;
    struct sync_line line = {.timeline = p->remote_timeline,
                             .raw = reference->raw,
                             .tai = reference->tai,
                             .half_width = reference->half_width,
                             .rate_ps_per_s = reference->rate_ps_per_s,
                             .growth = reference->growth,
                             .expires = {INT64_MAX},
                             .status = TAISTAMP_STATUS_SINGLE_REFERENCE};
    struct sync_line out;
    if (!carry(p, &line, &out))
        return false;
    *ret_reference = *reference;
    ret_reference->raw = out.raw;
    ret_reference->tai = out.tai;
    ret_reference->half_width = out.half_width;
    ret_reference->rate_ps_per_s = out.rate_ps_per_s;
    ret_reference->growth = out.growth;
    return true;
}
