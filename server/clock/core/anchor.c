/* SPDX-License-Identifier: Apache-2.0 */
#include "server/clock/core/anchor.h"

#include <string.h>

#include "sdk/time/arith.h"
#include "sdk/time/page.h"

#define LEAP_NEAR_NS INT64_C(2000000000)
#define SET_NS       INT64_C(1000000) /* a jump beyond this and 500 ppm of the gap is somebody setting the clock */
enum { SET_PPB = 1000000, PS_PER_PPB = 1000 };

void anchor_init(struct anchor *anchor, const struct anchor_settings *settings)
{
    *anchor = (struct anchor){.settings = *settings};
}

static bool is_near_leap(const struct sync_leap *leap, int64_t tai_ns)
{
    int64_t to;
    return leap->next.ns != PAGE_NEVER && arith_sub(leap->next.ns, tai_ns, &to) && to < LEAP_NEAR_NS &&
           to > -LEAP_NEAR_NS;
}

static void forget(struct anchor *anchor)
{
    anchor->count = 0;
    anchor->has_last = false;
}

/* How far TAI by this clock moved against the raw clock since the last reading, beyond what steering explains. */
static bool was_set(const struct anchor *anchor, const struct anchor_reading *r)
{
    const struct anchor_reading *last = &anchor->last;
    int64_t gap = r->raw_ns - last->raw_ns, moved = r->tai_ns - last->tai_ns - gap;
    int64_t allowed =
        SET_NS + bound_growth((tai_span_t){gap}, (tai_ppb_t){SET_PPB}).ns + r->width_ns + last->width_ns;
    return moved > allowed || moved < -allowed;
}

static void keep(struct anchor *anchor, const struct anchor_reading *r)
{
    if (anchor->count > 0 && r->raw_ns - anchor->readings[anchor->count - 1].raw_ns < ANCHOR_STEP_NS)
        return;
    if (anchor->count == ANCHOR_READINGS) {
        memmove(anchor->readings, anchor->readings + 1, (ANCHOR_READINGS - 1) * sizeof *anchor->readings);
        anchor->count--;
    }
    anchor->readings[anchor->count++] = *r;
}

/* Rate over the span of what is kept, and what it may be wrong by. */
static void rate(const struct anchor *anchor, const struct anchor_reading *r,
                 struct sync_reference *reference)
{
    const struct anchor_settings *s = &anchor->settings;
    reference->rate_ps_per_s = 0;
    reference->growth = s->rate_bound;
    if (anchor->count == 0)
        return;
    const struct anchor_reading *first = &anchor->readings[0];
    int64_t span = r->raw_ns - first->raw_ns, ignored;
    if (span < ANCHOR_LEAST_NS)
        return;
    int64_t gained = r->tai_ns - first->tai_ns - span; /* at most 500 ppm of the span, some 10^8 ns */
    int64_t by = 2 * s->bound_ns + r->width_ns + first->width_ns; /* at most some hours */
    int64_t ppb = arith_div_floor(by, span / NS_PER_S, &ignored) + 1 + s->floor.ppb;
    if (ppb >= s->rate_bound.ppb)
        return;
    reference->rate_ps_per_s = arith_div_floor(gained * PS_PER_PPB, span / 1000000, &ignored) * 1000;
    reference->growth.ppb = (int32_t)ppb;
}

bool anchor_read(struct anchor *anchor, const struct engine_now *now, const struct sync_leap *leap,
                 struct sync_reference *ret_reference)
{
    *ret_reference = (struct sync_reference){.kind = TAISTAMP_CLOCK_ASSUMED, .raw = now->raw};
    if (leap->expires.ns == 0) {
        forget(anchor);
        return true;
    }
    struct anchor_reading r = {now->raw.ns, now->realtime_ns + leap->tai_utc_s * NS_PER_S, now->width_ns};
    if (is_near_leap(leap, r.tai_ns)) {
        forget(anchor); /* the jump of REALTIME is not somebody setting it */
        return false;
    }
    if (anchor->timeline.id != now->timeline.id)
        forget(anchor);
    anchor->timeline = now->timeline;
    if (anchor->has_last && was_set(anchor, &r)) {
        forget(anchor);
        anchor->hold_until_raw_ns = now->raw.ns + ANCHOR_HOLD_NS;
    }
    anchor->last = r;
    anchor->has_last = true;
    if (now->raw.ns < anchor->hold_until_raw_ns)
        return true;
    ret_reference->present = true;
    ret_reference->tai.ns = r.tai_ns;
    ret_reference->half_width.ns = anchor->settings.bound_ns + r.width_ns;
    rate(anchor, &r, ret_reference);
    keep(anchor, &r);
    return true;
}
