/* SPDX-License-Identifier: Apache-2.0 */
#include "client/core/discipline.h"

#include "sdk/time/arith.h"

enum { RATE_READBACK_PS = 20000000, MARK_NS_MIN = 1000000000, BIAS_SHARE = 16 };
#define MARK_NS_MAX INT64_C(4000000000)
/* Readings this wide say nothing about rates of a part in 10^8. */
#define MARK_WIDTH_NS_MAX INT64_C(2000)

static int64_t clamp(int64_t value, int64_t limit)
{
    return value > limit ? limit : value < -limit ? -limit : value;
}

void discipline_init(struct discipline *d, int64_t step_threshold_ns)
{
    *d = (struct discipline){.step_threshold_ns = step_threshold_ns, .may_step = true};
}

void discipline_lost(struct discipline *d)
{
    d->has_mark = false;
}

void discipline_start_rate(struct discipline *d, int64_t rate_ps_per_s)
{
    d->has_rate = true;
    d->rate_ps_per_s = clamp(rate_ps_per_s, DISCIPLINE_RATE_MAX);
}

static void mark(struct discipline *d, const struct engine_now *now)
{
    d->has_mark = true;
    d->mark = d->seen = now->raw;
    d->mark_realtime_ns = now->realtime_ns;
    d->mark_width_ns = now->width_ns;
    d->expected_ps = 0;
}

/* What came of the rates told since the mark: a share of each second's surprise goes into the bias. */
static void learn(struct discipline *d, const struct engine_now *now)
{
    int64_t gap = now->raw.ns - d->mark.ns;
    if (!d->told || !d->has_mark || gap > MARK_NS_MAX || gap < 0) {
        mark(d, now);
        return;
    }
    d->expected_ps += d->rate_ps_per_s / 1000 * ((now->raw.ns - d->seen.ns) / 1000) / 1000;
    d->seen = now->raw;
    if (gap < MARK_NS_MIN)
        return;
    int64_t gained = (now->realtime_ns - d->mark_realtime_ns) - gap;
    bool usable = now->width_ns <= MARK_WIDTH_NS_MAX && d->mark_width_ns <= MARK_WIDTH_NS_MAX &&
                  gained > -MARK_NS_MAX / 1000 && gained < MARK_NS_MAX / 1000;
    if (usable) {
        int64_t surprise = (gained * 1000 - d->expected_ps) * 1000 / (gap / 1000000) - d->bias_ps_per_s;
        int64_t bias = d->bias_ps_per_s + clamp(surprise, DISCIPLINE_BIAS_MAX) / BIAS_SHARE;
        d->bias_ps_per_s = clamp(bias, DISCIPLINE_BIAS_MAX);
    }
    mark(d, now);
}

static void tell(struct discipline *d, const struct engine_now *now, int64_t rate)
{
    d->rate_ps_per_s = rate;
    d->has_rate = true;
    d->told = true;
    d->told_at = now->raw;
}

static bool step_due(const struct discipline *d)
{
    if (d->must_step)
        return true;
    int64_t size = d->phase_ns < 0 ? -d->phase_ns : d->phase_ns;
    return d->may_step && d->step_threshold_ns > 0 && size > d->step_threshold_ns;
}

static int64_t wanted_rate(const struct discipline *d, const struct engine_now *now,
                           const struct discipline_aim *aim, int64_t phase)
{
    int64_t p = clamp(phase, NS_PER_S);
    if (now->width_ns > MARK_WIDTH_NS_MAX && p <= now->width_ns && p >= -now->width_ns)
        p = 0;
    int64_t slew = p * 1000 / (DISCIPLINE_CLOSE_NS / NS_PER_S); /* ns per s are 1000 ps per s */
    return clamp(aim->rate_ps_per_s + slew - d->bias_ps_per_s, DISCIPLINE_RATE_MAX);
}

bool discipline_steer(struct discipline *d, const struct engine_now *now, const struct discipline_aim *aim,
                      struct engine_steer *ret_steer)
{
    if (!arith_sub(aim->realtime_ns, now->realtime_ns, &d->phase_ns))
        d->phase_ns = aim->realtime_ns > now->realtime_ns ? INT64_MAX / 2 : INT64_MIN / 2;
    d->phase_ns = clamp(d->phase_ns, INT64_MAX / 2);
    if (aim->hold)
        d->has_mark = false;
    else
        learn(d, now);
    int64_t left = aim->hold ? 0 : d->phase_ns, step = 0;
    if (!aim->hold && step_due(d)) {
        step = d->phase_ns;
        left = 0;
    }
    int64_t rate = wanted_rate(d, now, aim, left);
    int64_t change = rate - d->rate_ps_per_s;
    bool fresh = d->told && step == 0 && now->raw.ns - d->told_at.ns < DISCIPLINE_PERIOD_NS &&
                 change < DISCIPLINE_RATE_STEP && change > -DISCIPLINE_RATE_STEP;
    if (!aim->hold)
        d->may_step = d->must_step = false;
    if (fresh)
        return false;
    tell(d, now, rate);
    if (step != 0)
        d->has_mark = false;
    int64_t off = left < 0 ? -left : left, maxerror;
    if (!arith_add(off, aim->half_width_ns, &maxerror))
        maxerror = BOUND_UNBOUNDED;
    *ret_steer = (struct engine_steer){.step = step != 0,
                                       .step_ns = step,
                                       .rate_ps_per_s = rate,
                                       .maxerror_ns = maxerror,
                                       .esterror_ns = off,
                                       .unsynchronised = !aim->valid,
                                       .tai_utc_s = aim->hold ? 0 : aim->tai_utc_s,
                                       .leap = aim->leap};
    return true;
}

bool discipline_idle(struct discipline *d, const struct engine_now *now, struct engine_steer *ret_steer)
{
    learn(d, now);
    if (!d->has_rate ||
        (d->told && now->raw.ns >= d->told_at.ns && now->raw.ns - d->told_at.ns < DISCIPLINE_PERIOD_NS))
        return false;
    tell(d, now, d->rate_ps_per_s);
    *ret_steer = (struct engine_steer){.rate_ps_per_s = d->rate_ps_per_s,
                                       .maxerror_ns = BOUND_UNBOUNDED,
                                       .esterror_ns = BOUND_UNBOUNDED,
                                       .unsynchronised = true};
    return true;
}

bool discipline_readback(struct discipline *d, bool known, int64_t rate_ps_per_s, bool rival)
{
    int64_t off = rate_ps_per_s - d->rate_ps_per_s;
    bool other = rival || (known && d->told && (off > RATE_READBACK_PS || off < -RATE_READBACK_PS));
    bool fresh = other && !d->rival;
    d->rival = other;
    d->rival_rate_ps_per_s = other ? rate_ps_per_s : 0;
    return fresh;
}
