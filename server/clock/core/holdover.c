/* SPDX-License-Identifier: Apache-2.0 */
#include "server/clock/core/holdover.h"

#include "sdk/base/bug.h"
#include "sdk/sync/line.h"
#include "sdk/time/arith.h"
#include "sdk/time/page.h"

#define PS_PER_PPB    INT64_C(1000)
#define FS_PER_PS     INT64_C(1000)
#define FS_PER_PPB    INT64_C(1000000)
#define WIDTH_NS_MAX  INT64_C(1000000000000000) /* 11 days */
#define ROUNDING_NS   2
#define GROWTH_OVER_S 60               /* for how long the growth is meant */
#define AWAY_S        INT64_C(2592000) /* a month, when nobody knows how long it was */

/* What a class may do before its own was learnt, one sigma: ageing in fs/s per day, coefficient in fs/s per K. Data sheets: a PC's
 * crystal 1 ppm in the first month and up to 0.3 ppm per K away from its turning point; TCXO 1 ppm a year, 0.02 ppm per K within
 * its compensation; OCXO 1e-9 a day, 1e-10 per K; rubidium 5e-11 a month, 1e-11 per K. */
static const struct {
    int64_t ageing, coefficient;
} classes[OSCILLATOR_CLASSES] = {
    [OSCILLATOR_PC] = {30000000, 300000000},
    [OSCILLATOR_TCXO] = {3000000, 20000000},
    [OSCILLATOR_OCXO] = {1000000, 100000},
    [OSCILLATOR_RUBIDIUM] = {2000, 10000},
};

void holdover_init(struct holdover *holdover, const struct holdover_settings *settings)
{
    BUG_UNLESS(settings->class < OSCILLATOR_CLASSES && settings->rate_bound.ppb > 0);
    *holdover = (struct holdover){.settings = *settings};
}

void holdover_remember(struct holdover *holdover, const struct holdover_memory *memory)
{
    const struct trend_rates *r = &memory->rates;
    BUG_UNLESS(r->rate_sigma_fs_per_s > 0 && r->ageing_sigma_fs_per_s_day > 0);
    BUG_UNLESS(r->coefficient_sigma_fs_per_s_k > 0 && r->wander_fs_per_s >= 0 && memory->temperature_mk >= 0);
    holdover->memory = *memory;
    holdover->learnt_s = memory->learnt_s;
    holdover->zero_mk = memory->temperature_mk;
}

/* ---- Time passes ---- */

static void end_timeline(struct holdover *holdover)
{
    struct holdover_memory memory;
    if (holdover_keep(holdover, &memory))
        holdover->memory = memory;
    holdover->has_phase = false;
    allan_cut(&holdover->allan);
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
    trend_advance(&holdover->trend, raw.ns, holdover->warmth_mk);
}

/* ---- Learning ---- */

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* One sigma of a remembered rate after a time away. */
static int64_t rate_doubt_fs(const struct holdover *holdover, int64_t away_s)
{
    const struct trend_rates *known = &holdover->memory.rates;
    int64_t declared = holdover->settings.rate_bound.ppb * FS_PER_PPB;
    if (holdover->memory.timeline.id == 0 || holdover->memory.timeline.id != holdover->timeline.id)
        return declared;
    int64_t sigma = trend_doubt_fs(known->rate_sigma_fs_per_s, known->wander_fs_per_s, away_s,
                                   oscillator_floor(holdover->settings.class).ppb * FS_PER_PPB);
    return smaller(sigma, declared);
}

static struct trend_rates rates_at_start(const struct holdover *holdover, tai_t tai)
{
    const struct holdover_memory *m = &holdover->memory;
    struct trend_rates start = m->rates;
    int64_t ageing = classes[holdover->settings.class].ageing;
    int64_t coefficient = classes[holdover->settings.class].coefficient;
    if (m->learnt_s == 0)
        return (struct trend_rates){.rate_sigma_fs_per_s = holdover->settings.rate_bound.ppb * FS_PER_PPB,
                                    .ageing_sigma_fs_per_s_day = ageing,
                                    .coefficient_sigma_fs_per_s_k = coefficient};
    int64_t away_s = tai.ns / NS_PER_S - (int64_t)m->written_tai_s;
    start.rate_sigma_fs_per_s =
        rate_doubt_fs(holdover, away_s < 0 || m->written_tai_s == 0 ? AWAY_S : away_s);
    start.ageing_sigma_fs_per_s_day = smaller(ageing, start.ageing_sigma_fs_per_s_day);
    start.coefficient_sigma_fs_per_s_k = smaller(coefficient, start.coefficient_sigma_fs_per_s_k);
    return start;
}

/* Saturates. */
static int64_t distance(int64_t a, int64_t b)
{
    int64_t d;
    return !arith_sub(a, b, &d) || d == INT64_MIN ? INT64_MAX : d < 0 ? -d : d;
}

static int64_t trend_offset(const struct holdover *holdover)
{
    struct trend_estimate e;
    trend_estimate(&holdover->trend, holdover->warmth_mk, &e);
    return e.offset_ns;
}

void holdover_accept(struct holdover *holdover, tai_t tai, int64_t sigma_ns, int64_t half_width_ns)
{
    BUG_UNLESS(sigma_ns > 0 && half_width_ns >= 0);
    int64_t raw = holdover->now.ns, offset;
    if (!arith_sub(tai.ns, raw, &offset))
        return;
    if (holdover->has_phase && distance(offset, trend_offset(holdover)) > WIDTH_NS_MAX)
        end_timeline(holdover); /* another date altogether */
    if (!holdover->has_phase) {
        struct trend_rates start = rates_at_start(holdover, tai);
        trend_start(&holdover->trend, &start, raw, offset, sigma_ns);
        holdover->has_phase = true;
        holdover->learnt_at_ns = raw;
    } else if (raw - holdover->learnt_at_ns >= HOLDOVER_STEP_NS) {
        trend_update(&holdover->trend, offset, sigma_ns);
        holdover->learnt_s += (uint64_t)((raw - holdover->learnt_at_ns + NS_PER_S / 2) / NS_PER_S);
        holdover->learnt_at_ns = raw;
    }
    allan_take(&holdover->allan, raw, offset);
    holdover->accepted_ns = raw;
    holdover->accepted_tai_ns = tai.ns;
    holdover->accepted_width_ns = half_width_ns;
    holdover->accepted_trend_ns = trend_offset(holdover);
}

/* ---- Prediction ---- */

/* How far TAI may be from what is predicted at the reading to which `trend` was advanced; above WIDTH_NS_MAX: nobody knows. */
static int64_t width_of(const struct holdover *holdover, const struct trend_estimate *e, int64_t held_ns)
{
    int64_t moved = distance(e->offset_ns, holdover->accepted_trend_ns);
    int64_t declared = line_gain_ns(held_ns, holdover->settings.rate_bound.ppb * PS_PER_PPB) + ROUNDING_NS;
    int64_t floor = line_gain_ns(held_ns, oscillator_floor(holdover->settings.class).ppb * PS_PER_PPB);
    if (moved > WIDTH_NS_MAX || holdover->accepted_width_ns > WIDTH_NS_MAX || declared > WIDTH_NS_MAX)
        return INT64_MAX;
    declared += moved;
    int64_t learnt =
        e->sigma_ns < WIDTH_NS_MAX ? HOLDOVER_SIGMAS * e->sigma_ns + floor + ROUNDING_NS : INT64_MAX;
    bool known = holdover->learnt_s >= HOLDOVER_LEAST_S && learnt < declared;
    return holdover->accepted_width_ns + (known ? learnt : declared);
}

static int32_t growth_of(int64_t now_ns, int64_t soon_ns)
{
    int64_t ppb = soon_ns > WIDTH_NS_MAX ? PAGE_GROWTH_PPB_MAX : (soon_ns - now_ns) / GROWTH_OVER_S + 1;
    return ppb < 1 ? 1 : ppb < PAGE_GROWTH_PPB_MAX ? (int32_t)ppb : PAGE_GROWTH_PPB_MAX;
}

bool holdover_predict(const struct holdover *holdover, struct holdover_prediction *ret_prediction)
{
    if (!holdover->has_phase)
        return false;
    struct trend_estimate e, soon;
    struct trend later = holdover->trend;
    int64_t raw = holdover->now.ns, held = raw - holdover->accepted_ns, tai;
    trend_estimate(&holdover->trend, holdover->warmth_mk, &e);
    trend_advance(&later, raw + GROWTH_OVER_S * NS_PER_S, holdover->warmth_mk);
    trend_estimate(&later, holdover->warmth_mk, &soon);
    int64_t width = width_of(holdover, &e, held);
    if (width > WIDTH_NS_MAX || !arith_add(holdover->accepted_tai_ns, held, &tai) ||
        !arith_add(tai, e.offset_ns - holdover->accepted_trend_ns, &tai))
        return false;
    *ret_prediction = (struct holdover_prediction){
        .tai = {tai},
        .half_width_ns = width,
        .growth = {growth_of(width, width_of(holdover, &soon, held + GROWTH_OVER_S * NS_PER_S))},
        .learnt = holdover->learnt_s >= HOLDOVER_LEAST_S,
        .sigma_ns = e.sigma_ns,
        .rate_ps_per_s = e.rates.rate_fs_per_s / FS_PER_PS,
        .rate_sigma_ps_per_s = e.rates.rate_sigma_fs_per_s / FS_PER_PS + 1,
        .held_ns = held,
    };
    return true;
}

bool holdover_rate(const struct holdover *holdover, int64_t *ret_ps_per_s, int64_t *ret_sigma_ps_per_s)
{
    if (holdover->has_phase && holdover->learnt_s > 0) {
        struct trend_estimate e;
        trend_estimate(&holdover->trend, holdover->warmth_mk, &e);
        *ret_ps_per_s = e.rates.rate_fs_per_s / FS_PER_PS;
        *ret_sigma_ps_per_s = e.rates.rate_sigma_fs_per_s / FS_PER_PS + 1;
        return true;
    }
    if (holdover->memory.learnt_s == 0)
        return false;
    *ret_ps_per_s = holdover->memory.rates.rate_fs_per_s / FS_PER_PS;
    *ret_sigma_ps_per_s = rate_doubt_fs(holdover, AWAY_S) / FS_PER_PS + 1;
    return true;
}

/* What was learnt of nonsense stays within what a record can hold. */
static int64_t limited(int64_t fs)
{
    return fs > HOLDOVER_FS_MAX ? HOLDOVER_FS_MAX : fs < -HOLDOVER_FS_MAX ? -HOLDOVER_FS_MAX : fs;
}

bool holdover_keep(const struct holdover *holdover, struct holdover_memory *ret_memory)
{
    if (!holdover->has_phase || holdover->learnt_s == 0)
        return false;
    struct trend_estimate e;
    trend_estimate(&holdover->trend, 0, &e);
    *ret_memory = (struct holdover_memory){
        .rates = {.rate_fs_per_s = limited(e.rates.rate_fs_per_s),
                  .rate_sigma_fs_per_s = limited(e.rates.rate_sigma_fs_per_s),
                  .ageing_fs_per_s_day = limited(e.rates.ageing_fs_per_s_day),
                  .ageing_sigma_fs_per_s_day = limited(e.rates.ageing_sigma_fs_per_s_day),
                  .coefficient_fs_per_s_k = limited(e.rates.coefficient_fs_per_s_k),
                  .coefficient_sigma_fs_per_s_k = limited(e.rates.coefficient_sigma_fs_per_s_k),
                  .wander_fs_per_s = limited(e.rates.wander_fs_per_s)},
        .temperature_mk = holdover->zero_mk,
        .learnt_s = holdover->learnt_s,
        .written_tai_s = (uint64_t)(holdover->accepted_tai_ns > 0 ? holdover->accepted_tai_ns / NS_PER_S : 0),
        .timeline = holdover->timeline,
    };
    return true;
}

/* ---- For people ---- */

static const int64_t forecasts_s[VIEW_FORECASTS] = {3600, 21600, 86400};

static void forecast(const struct holdover *holdover, const struct holdover_prediction *p,
                     struct view_oscillator *view)
{
    view->holds = true;
    view->held_ns = p->held_ns;
    view->half_width_ns = p->half_width_ns;
    view->growth = p->growth;
    for (size_t i = 0; i < VIEW_FORECASTS; i++) {
        struct trend later = holdover->trend;
        struct trend_estimate e;
        int64_t in_ns = forecasts_s[i] * NS_PER_S;
        trend_advance(&later, holdover->now.ns + in_ns, holdover->warmth_mk);
        trend_estimate(&later, holdover->warmth_mk, &e);
        view->forecasts[i] =
            (struct view_forecast){forecasts_s[i], width_of(holdover, &e, p->held_ns + in_ns)};
    }
}

void holdover_view(const struct holdover *holdover, struct view_oscillator *ret_view)
{
    enum oscillator_class class = holdover->settings.class;
    struct view_oscillator v = {.class = (uint8_t) class,
                                .declared = holdover->settings.rate_bound,
                                .floor = oscillator_floor(class),
                                .has_temperature = holdover->zero_mk > 0,
                                .temperature_mk = holdover->zero_mk + holdover->warmth_mk,
                                .learnt_s = holdover->learnt_s};
    struct trend_rates rates = holdover->memory.rates;
    if (holdover->has_phase) {
        struct trend_estimate e;
        trend_estimate(&holdover->trend, holdover->warmth_mk, &e);
        rates = e.rates;
    }
    v.rate_ps_per_s = rates.rate_fs_per_s / FS_PER_PS;
    v.rate_sigma_ps_per_s = rates.rate_sigma_fs_per_s / FS_PER_PS + 1;
    v.wander_fs_per_s = rates.wander_fs_per_s;
    v.ageing_fs_per_s_day = rates.ageing_fs_per_s_day;
    v.ageing_sigma_fs_per_s_day = rates.ageing_sigma_fs_per_s_day;
    v.coefficient_fs_per_s_k = rates.coefficient_fs_per_s_k;
    v.coefficient_sigma_fs_per_s_k = rates.coefficient_sigma_fs_per_s_k;
    struct holdover_prediction p;
    if (holdover_predict(holdover, &p))
        forecast(holdover, &p, &v);
    v.allan_count = allan_table(&holdover->allan, v.allan);
    *ret_view = v;
}
