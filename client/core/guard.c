/* SPDX-License-Identifier: Apache-2.0 */
#include "client/core/guard.h"

#include "sdk/base/bug.h"
#include "sdk/sync/hull.h"
#include "sdk/sync/sort.h"
#include "sdk/time/arith.h"

/* A claim is odd beyond this many sigmas of where the witnesses agree, and beyond ODD_NS_MIN: stamps are no better. */
enum { ODD_SIGMAS = 6, ODD_NS_MIN = 2000 };

static struct hull_item item_of(struct tai_interval i)
{
    return (struct hull_item){.earliest_ns = i.earliest.ns, .latest_ns = i.latest.ns};
}

static struct tai_interval interval_of(const struct hull_item *i)
{
    return (struct tai_interval){{i->earliest_ns}, {i->latest_ns}};
}

static size_t collect(const struct guard_evidence *e, bool wide, struct hull_item *items)
{
    BUG_UNLESS(e->witnesses_count <= GUARD_WITNESSES_MAX);
    for (size_t i = 0; i < e->witnesses_count; i++) {
        const struct guard_witness *w = &e->witnesses[i];
        tai_bound_t slack = {wide ? w->slack_ns : 0};
        items[i] = item_of(interval_saturating(w->tai, taistamp_bound_add(w->half_width, slack)));
    }
    return e->witnesses_count;
}

static bool hull_of(const struct guard_evidence *e, bool wide, struct tai_interval *ret_hull,
                    size_t *ret_agreeing)
{
    struct hull_item items[GUARD_WITNESSES_MAX], hull;
    size_t count = collect(e, wide, items), least = e->needed > 0 ? e->needed : 1;
    if (count < least)
        return false;
    /* Beyond the budget a majority stands in: m - f > m / 2. */
    for (size_t f = e->faults; f < count; f++) {
        if (f > e->faults && (count - f) * 2 <= count)
            return false;
        if (hull_intersect(items, count, f, &hull, NULL) != HULL_OK)
            continue;
        *ret_hull = interval_of(&hull);
        *ret_agreeing = count - f;
        return true;
    }
    return false;
}

bool guard_hull(const struct guard_evidence *e, struct tai_interval *ret_hull, size_t *ret_agreeing)
{
    return hull_of(e, false, ret_hull, ret_agreeing);
}

bool guard_hull_wide(const struct guard_evidence *e, struct tai_interval *ret_hull)
{
    size_t ignored;
    return hull_of(e, true, ret_hull, &ignored);
}

/* By how much two intervals miss each other; 0: they meet. */
static int64_t apart(struct tai_interval a, struct tai_interval b)
{
    int64_t by = 0;
    if (a.latest.ns < b.earliest.ns)
        return arith_sub(b.earliest.ns, a.latest.ns, &by) ? by : INT64_MAX;
    if (b.latest.ns < a.earliest.ns)
        return arith_sub(a.earliest.ns, b.latest.ns, &by) ? by : INT64_MAX;
    return 0;
}

static int64_t outside(tai_t t, struct tai_interval i)
{
    return apart((struct tai_interval){t, t}, i);
}

static tai_t clamp(tai_t t, struct tai_interval i)
{
    struct hull_item hull = item_of(i);
    return (tai_t){hull_clamp(&hull, t.ns)};
}

static struct guard_result reject(enum guard_reason reason, int64_t by_ns)
{
    return (struct guard_result){.verdict = GUARD_REJECT, .reason = reason, .by_ns = by_ns};
}

/* How far the claim lies from the nearest value that the middle of the witnesses (f dropped at each end) holds, beyond what
 * their own sigmas explain. 0: not at all, or too few to say. */
static int64_t oddness(const struct guard_evidence *e, tai_t tai)
{
    int64_t offsets[GUARD_WITNESSES_MAX], sigmas[GUARD_WITNESSES_MAX];
    size_t n = e->witnesses_count;
    if (n < 2 * (size_t)e->faults + 2)
        return 0;
    for (size_t i = 0; i < n; i++) {
        if (!arith_sub(e->witnesses[i].tai.ns, tai.ns, &offsets[i]))
            return 0;
        sigmas[i] = e->witnesses[i].sigma_ns;
    }
    sort_i64(offsets, n);
    sort_i64(sigmas, n);
    int64_t low = offsets[e->faults], high = offsets[n - 1 - e->faults];
    int64_t sigma = sigmas[n - 1 - e->faults], allowed;
    if (sigma > INT64_MAX / ODD_SIGMAS || !arith_add(sigma * ODD_SIGMAS, ODD_NS_MIN, &allowed))
        return 0;
    if (low > allowed)
        return low - allowed;
    if (high < -allowed)
        return -(high + allowed);
    return 0;
}

static bool meets(struct tai_interval a, struct tai_interval b)
{
    return apart(a, b) == 0;
}

/* Our own line and the hull of more witnesses than may lie can not both be true. */
static bool own_contradicts(const struct guard_evidence *e, struct tai_interval hull, size_t agreeing)
{
    return e->has_own && agreeing > e->faults && !meets(e->own, hull);
}

static struct tai_interval both(struct tai_interval a, struct tai_interval b)
{
    return (struct tai_interval){a.earliest.ns > b.earliest.ns ? a.earliest : b.earliest,
                                 a.latest.ns < b.latest.ns ? a.latest : b.latest};
}

/* Where the truth is, by all that we have of our own. */
static struct tai_interval narrowed(const struct guard_evidence *e, struct tai_interval hull,
                                    bool own_is_wrong)
{
    struct tai_interval i = hull;
    if (e->has_own && !own_is_wrong && meets(i, e->own))
        i = both(i, e->own);
    if (e->has_reference && meets(i, e->reference))
        i = both(i, e->reference);
    return i;
}

/* From t to the farther end. */
static tai_bound_t reach(tai_t t, struct tai_interval i)
{
    int64_t early, late;
    if (!arith_sub(t.ns, i.earliest.ns, &early) || !arith_sub(i.latest.ns, t.ns, &late))
        return (tai_bound_t){BOUND_UNBOUNDED};
    int64_t far = early > late ? early : late;
    return (tai_bound_t){far < 0 ? 0 : far};
}

struct guard_result guard_judge(const struct guard_evidence *e, const struct guard_claim *claim)
{
    struct tai_interval hull, wide, interval = interval_saturating(claim->tai, claim->half_width);
    size_t agreeing = 0, ignored;
    if (claim->half_width.ns < 0 || claim->half_width.ns == BOUND_UNBOUNDED)
        return reject(GUARD_WIDTH, 0);
    if (!hull_of(e, true, &wide, &agreeing))
        return reject(GUARD_UNMEASURED, 0);
    if (!hull_of(e, false, &hull, &ignored))
        hull = wide;
    bool own_is_wrong = own_contradicts(e, wide, agreeing);
    struct guard_result result = {
        .verdict = GUARD_ACCEPT, .reason = GUARD_FINE, .followed = claim->tai, .own_is_wrong = own_is_wrong};
    if (!meets(interval, wide))
        result = reject(GUARD_OUTSIDE_PEERS, apart(interval, wide));
    else if (e->has_reference && !meets(interval, e->reference))
        result = reject(GUARD_OUTSIDE_REFERENCE, apart(interval, e->reference));
    else if (e->has_own && !own_is_wrong && !meets(interval, e->own))
        result = reject(GUARD_OUTSIDE_OWN, apart(interval, e->own));
    result.own_is_wrong = own_is_wrong;
    if (result.verdict == GUARD_REJECT)
        return result;
    int64_t by = outside(claim->tai, hull);
    if (by > 0) {
        result.verdict = GUARD_SUSPECT;
        result.reason = GUARD_EDGE;
        result.by_ns = by;
        result.followed = clamp(claim->tai, hull);
    } else if ((by = oddness(e, claim->tai)) > 0) {
        result.verdict = GUARD_SUSPECT;
        result.reason = GUARD_ODD;
        result.by_ns = by;
    }
    result.half_width = reach(result.followed, narrowed(e, hull, own_is_wrong));
    bool trusted = !e->claim_may_lie && e->faults == 0 && agreeing == e->witnesses_count;
    if (trusted && claim->half_width.ns < result.half_width.ns)
        result.half_width = claim->half_width;
    return result;
}

const char *guard_reason_name(enum guard_reason reason)
{
    switch (reason) {
    case GUARD_FINE:
        return "fine";
    case GUARD_EDGE:
        return "edge";
    case GUARD_ODD:
        return "odd";
    case GUARD_TRIANGLE:
        return "triangle";
    case GUARD_OUTSIDE_PEERS:
        return "outside_peers";
    case GUARD_OUTSIDE_REFERENCE:
        return "outside_reference";
    case GUARD_OUTSIDE_OWN:
        return "outside_own";
    case GUARD_RATE:
        return "rate";
    case GUARD_WIDTH:
        return "width";
    case GUARD_FALSE_REFERENCE:
        return "false_reference";
    case GUARD_EXPIRED:
        return "expired";
    case GUARD_REPLAYED:
        return "replayed";
    case GUARD_LOWER_TERM:
        return "lower_term";
    case GUARD_OTHER_TIMELINE:
        return "other_timeline";
    case GUARD_NOT_MASTER:
        return "not_master";
    case GUARD_FUTURE:
        return "future";
    case GUARD_UNMEASURED:
        return "unmeasured";
    case GUARD_LEASE:
        return "lease";
    case GUARD_SELF:
        return "self";
    }
    return "other";
}
