/* SPDX-License-Identifier: Apache-2.0 */
#include "client/core/fallback.h"

#include "sdk/base/bug.h"
#include "sdk/sync/hull.h"
#include "sdk/sync/midpoint.h"
#include "sdk/sync/sort.h"
#include "sdk/time/arith.h"
#include "sdk/time/page.h"

unsigned fallback_faults(unsigned servers)
{
    return servers == 0 ? 0 : (servers - 1) / 3;
}

static int64_t saturating_sub(int64_t a, int64_t b)
{
    int64_t d;
    return arith_sub(a, b, &d) ? d : b < 0 ? INT64_MAX / 2 : INT64_MIN / 2;
}

/* Of somebody who is not one of the n: goes to where they are, f dropped at each end. */
static bool midpoint_of_others(const int64_t *offsets, size_t count, size_t f, int64_t *ret_ns)
{
    int64_t sorted[GUARD_WITNESSES_MAX];
    if (count <= 2 * f)
        return false;
    for (size_t i = 0; i < count; i++)
        sorted[i] = offsets[i];
    sort_i64(sorted, count);
    int64_t low = sorted[f], high = sorted[count - 1 - f];
    /* high >= low, and half of the distance fits. */
    *ret_ns = low + (int64_t)(((uint64_t)high - (uint64_t)low) / 2);
    return true;
}

/* Of phases or of rates: what to add to our own. */
static bool midpoint(const struct fallback_input *in, const int64_t *offsets, size_t count, int64_t *ret_add)
{
    size_t f = in->evidence.faults;
    if (!in->server || !in->has_own)
        return midpoint_of_others(offsets, count, f, ret_add);
    size_t others = in->servers > 0 ? in->servers - 1 : 0;
    if (count > others)
        return false;
    size_t least = in->servers / 2 > 0 ? in->servers / 2 : 1; /* with us: a majority */
    return midpoint_fault_tolerant(offsets, count, others - count, f, least, ret_add) == MIDPOINT_OK;
}

/* The largest but f of what the witnesses' fits believe of themselves. */
static int64_t typical_sigma(const int64_t *sigmas, size_t count, size_t f)
{
    int64_t sorted[GUARD_WITNESSES_MAX];
    for (size_t i = 0; i < count; i++)
        sorted[i] = sigmas[i];
    sort_i64(sorted, count);
    return count > f ? sorted[count - 1 - f] : 0;
}

/* What of `move` goes beyond the noise. */
static int64_t beyond_noise(int64_t move, int64_t sigma)
{
    int64_t dead = sigma > INT64_MAX / FALLBACK_SIGMAS ? INT64_MAX : FALLBACK_SIGMAS * sigma;
    return move > dead ? move - dead : move < -dead ? move + dead : 0;
}

/* The cluster's rate is that of other oscillators, each within the bound. */
static int64_t plausible(int64_t rate_ps, tai_ppb_t bound)
{
    int64_t most = 2 * (int64_t)bound.ppb * 1000;
    if (most <= 0)
        return rate_ps;
    return rate_ps > most ? most : rate_ps < -most ? -most : rate_ps;
}

static tai_ppb_t growth_of(int64_t rate_ps, tai_ppb_t bound)
{
    int64_t ppb = bound.ppb + (rate_ps < 0 ? -rate_ps : rate_ps) / 1000 + 1;
    return (tai_ppb_t){ppb > PAGE_GROWTH_PPB_MAX ? PAGE_GROWTH_PPB_MAX : (int32_t)ppb};
}

struct fallback_result fallback_midpoint(const struct fallback_input *in)
{
    struct fallback_result result = {.half_width = {BOUND_UNBOUNDED}};
    const struct guard_evidence *e = &in->evidence;
    int64_t offsets[GUARD_WITNESSES_MAX], rates[GUARD_WITNESSES_MAX], sigmas[GUARD_WITNESSES_MAX], move,
        faster;
    struct tai_interval hull, wide;
    size_t agreeing, n = e->witnesses_count;
    BUG_UNLESS(n <= GUARD_WITNESSES_MAX);
    int64_t own = in->has_own ? in->own.ns : 0, own_rate = in->has_own ? in->own_rate_ps_per_s : 0;
    if (!guard_hull_wide(e, &wide))
        return result;
    if (!guard_hull(e, &hull, &agreeing))
        hull = wide;
    for (size_t i = 0; i < n; i++) {
        offsets[i] = saturating_sub(e->witnesses[i].tai.ns, own);
        rates[i] = in->rates_ps_per_s[i] - own_rate;
        sigmas[i] = e->witnesses[i].sigma_ns;
    }
    if (!midpoint(in, offsets, n, &move) || !midpoint(in, rates, n, &faster))
        return result;
    if (in->has_own)
        faster = beyond_noise(faster, typical_sigma(in->skews_ps_per_s, n, e->faults));
    if (in->has_own && !in->server)
        move = beyond_noise(move, typical_sigma(sigmas, n, e->faults));
    struct hull_item bounds = {.earliest_ns = saturating_sub(hull.earliest.ns, own),
                               .latest_ns = saturating_sub(hull.latest.ns, own)};
    result.moved = true;
    result.move_ns = hull_clamp(&bounds, move);
    result.rate_ps_per_s = plausible(own_rate + faster, e->rate_bound);
    result.growth = growth_of(result.rate_ps_per_s, e->rate_bound);
    /* The truth is in the hull, and in our own interval while that is true: both seen from where the line goes. */
    tai_t at = {own + result.move_ns};
    int64_t early = saturating_sub(at.ns, wide.earliest.ns), late = saturating_sub(wide.latest.ns, at.ns);
    result.half_width.ns = early > late ? early : late;
    if (in->has_own) {
        int64_t size = result.move_ns < 0 ? -result.move_ns : result.move_ns;
        tai_bound_t own_says = taistamp_bound_add(in->own_half_width, (tai_bound_t){size});
        if (own_says.ns < result.half_width.ns)
            result.half_width = own_says;
    }
    return result;
}
