/* SPDX-License-Identifier: Apache-2.0 */
#include "sdk/time/arith.h"

#include "sdk/base/bug.h"

bool arith_add(int64_t a, int64_t b, int64_t *ret_sum)
{
    if (b > 0 ? a > INT64_MAX - b : a < INT64_MIN - b)
        return false;
    *ret_sum = a + b;
    return true;
}

bool arith_sub(int64_t a, int64_t b, int64_t *ret_difference)
{
    if (b < 0 ? a > INT64_MAX + b : a < INT64_MIN + b)
        return false;
    *ret_difference = a - b;
    return true;
}

int64_t arith_div_floor(int64_t a, int64_t b, int64_t *ret_remainder)
{
    BUG_UNLESS(b > 0);
    int64_t q = a / b, r = a % b;
    if (r < 0) {
        q--;
        r += b;
    }
    *ret_remainder = r;
    return q;
}

bool arith_join(int64_t seconds, int64_t ns, int64_t *ret_ns)
{
    /* A negative second is taken one later with its nanoseconds less, so that the product stays inside the
     * type. */
    int64_t rest = seconds < 0 ? ns - NS_PER_S : ns;
    if (seconds < 0)
        seconds++;
    if (seconds > INT64_MAX / NS_PER_S || seconds < INT64_MIN / NS_PER_S)
        return false;
    return arith_add(seconds * NS_PER_S, rest, ret_ns);
}

/* On sizes, with the sign set aside: n = q * 10^9 + r, so n * p / 10^9 = q * p + r * p / 10^9, where r * p <
 * 2^61. */
static int64_t scale(int64_t ns, int32_t ppb, bool up)
{
    bool negative = (ns < 0) != (ppb < 0);
    uint64_t n = ns < 0 ? (uint64_t)0 - (uint64_t)ns : (uint64_t)ns;
    uint64_t p = ppb < 0 ? (uint64_t) - (int64_t)ppb : (uint64_t)ppb;
    uint64_t q = n / (uint64_t)NS_PER_S, part = n % (uint64_t)NS_PER_S * p;
    uint64_t limit = (uint64_t)INT64_MAX;
    if (p != 0 && q > limit / p)
        return negative ? INT64_MIN : INT64_MAX;
    uint64_t size = q * p + part / (uint64_t)NS_PER_S;
    if (part % (uint64_t)NS_PER_S != 0 && up != negative)
        size++;
    if (size > limit)
        return negative ? INT64_MIN : INT64_MAX;
    return negative ? -(int64_t)size : (int64_t)size;
}

int64_t arith_scale_up(int64_t ns, int32_t ppb)
{
    return scale(ns, ppb, true);
}

int64_t arith_scale_down(int64_t ns, int32_t ppb)
{
    return scale(ns, ppb, false);
}

tai_bound_t bound_growth(tai_span_t age, tai_ppb_t growth)
{
    if (age.ns == INT64_MIN || growth.ppb == INT32_MIN)
        return (tai_bound_t){BOUND_UNBOUNDED};
    int64_t ns = age.ns < 0 ? -age.ns : age.ns;
    return (tai_bound_t){arith_scale_up(ns, growth.ppb < 0 ? -growth.ppb : growth.ppb)};
}

tai_bound_t interval_half_width(struct tai_interval i)
{
    int64_t width;
    if (i.latest.ns < i.earliest.ns || !arith_sub(i.latest.ns, i.earliest.ns, &width))
        return (tai_bound_t){BOUND_UNBOUNDED};
    return (tai_bound_t){width / 2 + width % 2};
}

tai_t interval_midpoint(struct tai_interval i)
{
    BUG_UNLESS(i.earliest.ns <= i.latest.ns);
    uint64_t width = (uint64_t)i.latest.ns - (uint64_t)i.earliest.ns;
    /* Half of any width fits, and the sum lies between the ends. */
    return (tai_t){i.earliest.ns + (int64_t)(width / 2)};
}

struct tai_interval interval_saturating(tai_t t, tai_bound_t h)
{
    int64_t width = h.ns < 0 ? BOUND_UNBOUNDED : h.ns;
    struct tai_interval i = {{INT64_MIN}, {INT64_MAX}};
    if (width == BOUND_UNBOUNDED)
        return i;
    (void)arith_sub(t.ns, width, &i.earliest.ns);
    (void)arith_add(t.ns, width, &i.latest.ns);
    return i;
}

enum tai_err taistamp_time_add(tai_t a, tai_span_t b, tai_t *ret_t)
{
    return arith_add(a.ns, b.ns, &ret_t->ns) ? TAI_OK : TAI_ERR_RANGE;
}

enum tai_err taistamp_time_sub(tai_t a, tai_t b, tai_span_t *ret_span)
{
    return arith_sub(a.ns, b.ns, &ret_span->ns) ? TAI_OK : TAI_ERR_RANGE;
}

enum tai_err taistamp_time_interval(tai_t t, tai_bound_t h, struct tai_interval *ret_interval)
{
    struct tai_interval i;
    if (h.ns < 0 || !arith_sub(t.ns, h.ns, &i.earliest.ns) || !arith_add(t.ns, h.ns, &i.latest.ns))
        return TAI_ERR_RANGE;
    *ret_interval = i;
    return TAI_OK;
}

tai_bound_t taistamp_bound_add(tai_bound_t a, tai_bound_t b)
{
    int64_t sum;
    if (a.ns < 0 || b.ns < 0 || !arith_add(a.ns, b.ns, &sum))
        return (tai_bound_t){BOUND_UNBOUNDED};
    return (tai_bound_t){sum};
}
