/* SPDX-License-Identifier: Apache-2.0 */
#include "client/core/ageing.h"

#include "sdk/base/bug.h"

#define LEAST_NS    INT64_C(1000000000) /* a shorter span says nothing */
#define MOST_NS     INT64_C(9000000000) /* offsets do not move so far in a window, and the products fit */
#define ROUNDING_PS 1000
enum { WANDER_SIGMAS = 5 };

void ageing_init(struct ageing *ageing)
{
    *ageing = (struct ageing){0};
}

void ageing_note(struct ageing *ageing, struct ageing_mark mark)
{
    if (ageing->marks == 0) {
        ageing->old = ageing->young = mark;
        ageing->marks = 1;
        return;
    }
    if (mark.at_ns - ageing->young.at_ns < AGEING_WINDOW_NS / 2)
        return;
    ageing->old = ageing->young;
    ageing->young = mark;
    ageing->marks = 2;
}

/* ns per `span` as ps per second, rounded to either side by the caller. False: too far. */
static bool rate_of(int64_t moved_ns, int64_t span_ns, int64_t *ret_ps)
{
    if (moved_ns > MOST_NS || moved_ns < -MOST_NS)
        return false;
    *ret_ps = moved_ns * 1000000000 / (span_ns / 1000);
    return true;
}

/* Smallest whole number of seconds' root, rounded up. */
static int64_t root_s(int64_t span_ns)
{
    int64_t s = span_ns / 1000000000 + 1, r = 1;
    while (r * r < s)
        r++;
    return r;
}

static int64_t clamp(int64_t v, int64_t low, int64_t high)
{
    return v < low ? low : v > high ? high : v;
}

void ageing_bound(const struct ageing *ageing, struct ageing_mark now, const struct ageing_limits *limits,
                  int64_t *ret_rate_ps, int64_t *ret_bound_ps)
{
    BUG_UNLESS(limits->declared_ps >= 0 && limits->floor_ps >= 0 && limits->wander_ps >= 0);
    int64_t low = -limits->declared_ps, high = limits->declared_ps, slowest, fastest;
    int64_t span = ageing->marks == 0 ? 0 : now.at_ns - ageing->old.at_ns;
    if (span >= LEAST_NS && rate_of(now.lower_ns - ageing->old.upper_ns, span, &slowest) &&
        rate_of(now.upper_ns - ageing->old.lower_ns, span, &fastest)) {
        int64_t root = root_s(span);
        int64_t wander = limits->wander_ps < limits->declared_ps ? limits->wander_ps : limits->declared_ps;
        int64_t slack = limits->floor_ps + WANDER_SIGMAS * wander * root + ROUNDING_PS;
        /* A mean outside of what is declared says that an assumption broke: then the declared bounds stand. */
        if (slowest <= high && fastest >= low) {
            low = slowest - slack > low ? slowest - slack : low;
            high = fastest + slack < high ? fastest + slack : high;
        }
    }
    *ret_rate_ps = clamp(limits->estimated_ps, low, high);
    *ret_bound_ps = *ret_rate_ps - low > high - *ret_rate_ps ? *ret_rate_ps - low : high - *ret_rate_ps;
}
