/* SPDX-License-Identifier: Apache-2.0 */
#include "server/clock/core/promise.h"

#include "sdk/base/bug.h"

static const struct promise_range anything = {-SYNC_RATE_PS_MAX, SYNC_RATE_PS_MAX};

void promise_init(struct promise *p, int64_t life_ns)
{
    BUG_UNLESS(life_ns > 0);
    *p = (struct promise){.life_ns = life_ns, .old = anything, .young = anything};
}

static int64_t clamp(int64_t v, struct promise_range r)
{
    return v < r.low_ps ? r.low_ps : v > r.high_ps ? r.high_ps : v;
}

/* What was told a life before the younger range began is in use no more. */
static void forget(struct promise *p, tai_mono_t now)
{
    if (!p->any || now.ns - p->began.ns < p->life_ns)
        return;
    p->old = now.ns - p->began.ns < 2 * p->life_ns ? p->young : anything;
    p->young = anything;
    p->began = now;
}

int64_t promise_keep(struct promise *p, tai_mono_t now, int64_t wish_ps)
{
    forget(p, now);
    /* Each rate told lay in all ranges before, so the two have it in common. */
    return clamp(clamp(wish_ps, p->young), p->old);
}

void promise_tell(struct promise *p, tai_mono_t now, int64_t rate_ps, int64_t allowance_ps)
{
    BUG_UNLESS(allowance_ps >= 0 && allowance_ps <= 2 * SYNC_RATE_PS_MAX);
    if (!p->any)
        p->began = now;
    p->any = true;
    if (rate_ps - allowance_ps > p->young.low_ps)
        p->young.low_ps = rate_ps - allowance_ps;
    if (rate_ps + allowance_ps < p->young.high_ps)
        p->young.high_ps = rate_ps + allowance_ps;
}
