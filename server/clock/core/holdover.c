/* SPDX-License-Identifier: Apache-2.0 */
#include "server/clock/core/holdover.h"

#include "sdk/base/bug.h"
#include "sdk/sync/line.h"
#include "sdk/sync/real.h"
#include "sdk/time/arith.h"

#define PS_PER_PPB    INT64_C(1000)
#define WIDTH_NS_MAX  INT64_C(1000000000000000) /* 11 days */
#define GROWTH_OVER_S 60                        /* for how long the growth is meant */
#define AWAY_S        INT64_C(2592000)          /* a month, when nobody knows how long it was */

/* What a class may do before its own was learnt, one sigma: ageing in ns/s per day, coefficient in ns/s per K. Data sheets: a PC's
 * crystal 1 ppm in the first month and up to 0.3 ppm per K away from its turning point; TCXO 1 ppm a year, 0.02 ppm per K within
 * its compensation; OCXO 1e-9 a day, 1e-10 per K; rubidium 5e-11 a month, 1e-11 per K. */
static const struct {
    double ageing, coefficient;
} classes[OSCILLATOR_CLASSES] = {
    [OSCILLATOR_PC] = {30, 300},
    [OSCILLATOR_TCXO] = {3, 20},
    [OSCILLATOR_OCXO] = {1, 0.1},
    [OSCILLATOR_RUBIDIUM] = {0.002, 0.01},
};
static const double seconds_per_day = 86400, ps_per_ns = 1000, fs_per_ns = 1e6, mk_per_k = 1000;

void holdover_init(struct holdover *holdover, const struct holdover_settings *settings)
{
    BUG_UNLESS(settings->class < OSCILLATOR_CLASSES && settings->rate_bound.ppb > 0);
    *holdover = (struct holdover){.settings = *settings};
}

void holdover_remember(struct holdover *holdover, const struct holdover_memory *memory)
{
    BUG_UNLESS(memory->rate_sigma_ps_per_s >= 0 && memory->wander_fs_per_s >= 0);
    BUG_UNLESS(memory->ageing_sigma_fs_per_s_day >= 0 && memory->coefficient_sigma_ps_per_s_k >= 0);
    holdover->memory = *memory;
    holdover->learnt_s = memory->learnt_s;
    holdover->zero_mk = memory->temperature_mk;
}

/* ---- Time passes ---- */

static double warmth_k(const struct holdover *holdover)
{
    return (double)holdover->warmth_mk / mk_per_k;
}

static void end_timeline(struct holdover *holdover)
{
    struct holdover_memory memory;
    if (holdover_keep(holdover, &memory))
        holdover->memory = memory;
    holdover->has_phase = false;
}

void holdover_forget_phase(struct holdover *holdover)
{
    end_timeline(holdover);
}

void holdover_second(struct holdover *holdover, sync_timeline_t timeline, tai_mono_t raw,
                     struct holdover_temperature temperature)
{
    if (timeline.id != holdover->timeline.id)
        end_timeline(holdover);
    holdover->timeline = timeline;
    holdover->now = raw;
    /* The time since the last reading is taken to have been as warm as then and now on average: now will do. */
    if (temperature.known && holdover->zero_mk == 0)
        holdover->zero_mk = temperature.mk;
    if (temperature.known)
        holdover->warmth_mk = temperature.mk - holdover->zero_mk;
    if (!holdover->has_phase)
        return;
    BUG_UNLESS(raw.ns >= holdover->trend.at_ns);
    trend_advance(&holdover->trend, raw.ns, warmth_k(holdover));
}

/* ---- Learning ---- */

static double smaller(double a, double b)
{
    return a < b ? a : b;
}

/* One sigma of a remembered rate after a time away, ns/s. */
static double rate_doubt(const struct holdover *holdover, int64_t away_s)
{
    const struct holdover_memory *m = &holdover->memory;
    double known = (double)m->rate_sigma_ps_per_s / ps_per_ns;
    double wander = (double)m->wander_fs_per_s / fs_per_ns;
    double floor = oscillator_floor(holdover->settings.class).ppb;
    double sigma = real_sqrt(known * known + wander * wander * (double)away_s + floor * floor);
    return smaller(sigma, holdover->settings.rate_bound.ppb);
}

static struct trend_start start_of(const struct holdover *holdover, tai_t tai)
{
    const struct holdover_memory *m = &holdover->memory;
    double ageing = classes[holdover->settings.class].ageing / seconds_per_day;
    double coefficient = classes[holdover->settings.class].coefficient;
    struct trend_start start = {.rate_sigma = holdover->settings.rate_bound.ppb,
                                .ageing_sigma = ageing,
                                .coefficient_sigma = coefficient};
    if (m->learnt_s == 0)
        return start;
    int64_t away_s = tai.ns / NS_PER_S - (int64_t)m->written_tai_s;
    start.rate = (double)m->rate_ps_per_s / ps_per_ns;
    start.rate_sigma = rate_doubt(holdover, away_s < 0 || m->written_tai_s == 0 ? AWAY_S : away_s);
    start.ageing = (double)m->ageing_fs_per_s_day / fs_per_ns / seconds_per_day;
    if (m->ageing_sigma_fs_per_s_day > 0)
        start.ageing_sigma =
            smaller(ageing, (double)m->ageing_sigma_fs_per_s_day / fs_per_ns / seconds_per_day);
    start.coefficient = (double)m->coefficient_ps_per_s_k / ps_per_ns;
    if (m->coefficient_sigma_ps_per_s_k > 0)
        start.coefficient_sigma = smaller(coefficient, (double)m->coefficient_sigma_ps_per_s_k / ps_per_ns);
    start.wander = (double)m->wander_fs_per_s / fs_per_ns;
    return start;
}

static int64_t trend_offset(const struct holdover *holdover)
{
    struct trend_estimate e;
    trend_estimate(&holdover->trend, warmth_k(holdover), &e);
    return e.offset_ns;
}

void holdover_accept(struct holdover *holdover, tai_t tai, int64_t sigma_ns, int64_t half_width_ns)
{
    BUG_UNLESS(sigma_ns > 0 && half_width_ns >= 0);
    int64_t raw = holdover->now.ns, offset;
    if (!arith_sub(tai.ns, raw, &offset))
        return;
    if (!holdover->has_phase) {
        struct trend_start start = start_of(holdover, tai);
        trend_start(&holdover->trend, &start, raw, offset, (double)sigma_ns);
        holdover->has_phase = true;
        holdover->learnt_at_ns = raw;
    } else if (raw - holdover->learnt_at_ns >= HOLDOVER_STEP_NS) {
        trend_update(&holdover->trend, offset, (double)sigma_ns);
        holdover->learnt_s += (uint64_t)((raw - holdover->learnt_at_ns) / NS_PER_S);
        holdover->learnt_at_ns = raw;
    }
    holdover->accepted_ns = raw;
    holdover->accepted_tai_ns = tai.ns;
    holdover->accepted_width_ns = half_width_ns;
    holdover->accepted_trend_ns = trend_offset(holdover);
}

/* ---- Prediction ---- */

/* How far TAI may be from what is predicted at the reading to which `trend` has been advanced. */
static int64_t width_of(const struct holdover *holdover, const struct trend_estimate *e, int64_t held_ns)
{
    int64_t moved = e->offset_ns - holdover->accepted_trend_ns;
    int64_t declared = (moved < 0 ? -moved : moved) +
                       line_gain_ns(held_ns, holdover->settings.rate_bound.ppb * PS_PER_PPB) + 2;
    int64_t floor = line_gain_ns(held_ns, oscillator_floor(holdover->settings.class).ppb * PS_PER_PPB);
    int64_t learnt = real_round(HOLDOVER_SIGMAS * e->sigma_ns) + floor + 2;
    bool known = holdover->learnt_s >= HOLDOVER_LEAST_S && learnt < declared;
    int64_t width = holdover->accepted_width_ns + (known ? learnt : declared);
    return width < WIDTH_NS_MAX ? width : WIDTH_NS_MAX;
}

bool holdover_predict(const struct holdover *holdover, struct holdover_prediction *ret_prediction)
{
    if (!holdover->has_phase)
        return false;
    struct trend_estimate e, soon;
    struct trend later = holdover->trend;
    int64_t raw = holdover->now.ns, held = raw - holdover->accepted_ns;
    trend_estimate(&holdover->trend, warmth_k(holdover), &e);
    trend_advance(&later, raw + GROWTH_OVER_S * NS_PER_S, warmth_k(holdover));
    trend_estimate(&later, warmth_k(holdover), &soon);
    int64_t width = width_of(holdover, &e, held);
    int64_t more = width_of(holdover, &soon, held + GROWTH_OVER_S * NS_PER_S) - width;
    int64_t tai = holdover->accepted_tai_ns + held + (e.offset_ns - holdover->accepted_trend_ns);
    *ret_prediction = (struct holdover_prediction){
        .tai = {tai},
        .half_width_ns = width,
        .growth = {(int32_t)(more / GROWTH_OVER_S + 1)},
        .learnt = holdover->learnt_s >= HOLDOVER_LEAST_S,
        .sigma_ns = real_round(e.sigma_ns) + 1,
        .rate_ps_per_s = real_round(e.rate * ps_per_ns),
        .rate_sigma_ps_per_s = real_round(e.rate_sigma * ps_per_ns) + 1,
        .held_ns = held,
    };
    return true;
}

bool holdover_rate(const struct holdover *holdover, int64_t *ret_ps_per_s, int64_t *ret_sigma_ps_per_s)
{
    if (holdover->has_phase && holdover->learnt_s > 0) {
        struct trend_estimate e;
        trend_estimate(&holdover->trend, warmth_k(holdover), &e);
        *ret_ps_per_s = real_round(e.rate * ps_per_ns);
        *ret_sigma_ps_per_s = real_round(e.rate_sigma * ps_per_ns) + 1;
        return true;
    }
    if (holdover->memory.learnt_s == 0)
        return false;
    *ret_ps_per_s = holdover->memory.rate_ps_per_s;
    *ret_sigma_ps_per_s = real_round(rate_doubt(holdover, AWAY_S) * ps_per_ns) + 1;
    return true;
}

bool holdover_keep(const struct holdover *holdover, struct holdover_memory *ret_memory)
{
    if (!holdover->has_phase || holdover->learnt_s == 0)
        return false;
    struct trend_estimate e;
    trend_estimate(&holdover->trend, 0, &e);
    *ret_memory = (struct holdover_memory){
        .rate_ps_per_s = real_round(e.rate * ps_per_ns),
        .rate_sigma_ps_per_s = real_round(e.rate_sigma * ps_per_ns) + 1,
        .wander_fs_per_s = real_round(e.wander * fs_per_ns),
        .ageing_fs_per_s_day = real_round(e.ageing * fs_per_ns * seconds_per_day),
        .ageing_sigma_fs_per_s_day = real_round(e.ageing_sigma * fs_per_ns * seconds_per_day) + 1,
        .coefficient_ps_per_s_k = real_round(e.coefficient * ps_per_ns),
        .coefficient_sigma_ps_per_s_k = real_round(e.coefficient_sigma * ps_per_ns) + 1,
        .temperature_mk = holdover->zero_mk,
        .learnt_s = holdover->learnt_s,
        .written_tai_s = (uint64_t)(holdover->accepted_tai_ns > 0 ? holdover->accepted_tai_ns / NS_PER_S : 0),
    };
    return true;
}
