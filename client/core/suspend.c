/* SPDX-License-Identifier: Apache-2.0 */
#include "client/core/suspend.h"

#include "sdk/time/arith.h"

/* How much `a - raw` moved between two readings, wrapping like the readings do. */
static int64_t moved(int64_t a, int64_t raw, int64_t a_before, int64_t raw_before)
{
    return (int64_t)(((uint64_t)a - (uint64_t)a_before) - ((uint64_t)raw - (uint64_t)raw_before));
}

static bool beyond(int64_t by, int64_t allowed)
{
    return by > allowed || by < -allowed;
}

static enum suspend_verdict compare(struct suspend *s, const struct engine_now *now, int64_t *ret_by_ns)
{
    const struct engine_now *last = &s->last;
    *ret_by_ns = 0;
    if (now->timeline.id != last->timeline.id || now->raw.ns < last->raw.ns)
        return SUSPEND_OTHER;
    tai_span_t gap = {now->raw.ns - last->raw.ns};
    int64_t allowed = SUSPEND_NS + bound_growth(gap, (tai_ppb_t){SUSPEND_STEER_PPB}).ns;
    int64_t boot = moved(now->boot_ns, now->raw.ns, last->boot_ns, last->raw.ns);
    int64_t set = moved(now->realtime_ns, now->raw.ns, last->realtime_ns, last->raw.ns);
    if (boot != 0 || now->boot_ns != now->raw.ns)
        s->has_boottime = true;
    if (beyond(boot, allowed)) {
        *ret_by_ns = boot;
        return SUSPEND_SLEPT;
    }
    int64_t widths = now->width_ns + last->width_ns;
    if (!beyond(set, allowed > INT64_MAX - widths ? INT64_MAX : allowed + widths))
        return SUSPEND_NONE;
    *ret_by_ns = set;
    return s->has_boottime || set < 0 ? SUSPEND_CLOCK_SET : SUSPEND_SLEPT;
}

enum suspend_verdict suspend_look(struct suspend *s, const struct engine_now *now, int64_t *ret_by_ns)
{
    enum suspend_verdict verdict = SUSPEND_NONE;
    *ret_by_ns = 0;
    if (s->has_last)
        verdict = compare(s, now, ret_by_ns);
    s->last = *now;
    s->has_last = true;
    return verdict;
}

void suspend_expect_step(struct suspend *s, int64_t ns)
{
    if (s->has_last)
        s->last.realtime_ns = (int64_t)((uint64_t)s->last.realtime_ns + (uint64_t)ns);
}
