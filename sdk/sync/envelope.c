/* SPDX-License-Identifier: Apache-2.0 */
#include "sdk/sync/envelope.h"

#include "sdk/base/bug.h"
#include "sdk/sync/line.h"
#include "sdk/sync/real.h"

enum { PS_PER_PPB = 1000 };
static const double ps_per_ns = 1000;
#define READING_MAX  (INT64_C(1) << 61)
#define WIDTH_MAX    INT64_C(1000000000)   /* stamps worse than a second are none */
#define LATE_NS      INT64_C(10000000000)  /* an exchange may come this long after a later one was settled */
#define DELAY_EPOCH  INT64_C(512000000000) /* smallest round trips are remembered for one to two of these */
#define DELAY_NONE   INT64_MAX
#define ROUNDING     2 /* ns, of two readings */
#define SIGMAS_APART 10

_Static_assert(sizeof(struct envelope) <= 4096, "some servers follow a thousand clients");

/* Of the relative rate: (1 + a) / (1 - b) - 1 is a + b and a term of second order, below 2 * max(a, b)^2. */
static int64_t declared_bound(const struct envelope_settings *s)
{
    int64_t sum = (int64_t)s->local_bound.ppb + s->remote_bound.ppb;
    int64_t bound = sum * PS_PER_PPB + sum * sum / 1000000 + 1;
    return bound < SYNC_RATE_PS_MAX ? bound : SYNC_RATE_PS_MAX;
}

void envelope_init(struct envelope *envelope, const struct envelope_settings *settings)
{
    BUG_UNLESS(settings->local_bound.ppb >= 0 && settings->remote_bound.ppb >= 0);
    BUG_UNLESS(settings->rate_sigma_ps_per_s >= 0);
    BUG_UNLESS(settings->asymmetry_ns >= -WIDTH_MAX && settings->asymmetry_ns <= WIDTH_MAX);
    *envelope = (struct envelope){.settings = *settings};
    envelope_reset(envelope);
}

void envelope_reset(struct envelope *envelope)
{
    envelope->settled = envelope->tip = (struct envelope_state){.samples = 0};
    envelope->open_count = 0;
    envelope->local = envelope->remote = (sync_timeline_t){0};
    envelope->settled_t1_ns = -1;
    envelope->rate_ps_per_s = 0;
    envelope->bound_ps_per_s = declared_bound(&envelope->settings);
}

void envelope_set_ageing(struct envelope *envelope, int64_t rate_ps_per_s, int64_t bound_ps_per_s)
{
    BUG_UNLESS(rate_ps_per_s >= -SYNC_RATE_PS_MAX && rate_ps_per_s <= SYNC_RATE_PS_MAX);
    BUG_UNLESS(bound_ps_per_s >= 0 && bound_ps_per_s <= SYNC_RATE_PS_MAX);
    envelope->rate_ps_per_s = rate_ps_per_s;
    envelope->bound_ps_per_s = bound_ps_per_s;
}

/* The interval of theta after dt (of either sign), rounded outwards. */
static void age(const struct envelope *envelope, int64_t dt, int64_t *lower, int64_t *upper)
{
    if (dt == 0)
        return;
    int64_t gain = line_gain_ns(dt, envelope->rate_ps_per_s);
    int64_t stray = line_gain_ns(dt < 0 ? -dt : dt, envelope->bound_ps_per_s) + 2;
    *lower += gain - stray;
    *upper += gain + stray;
}

static bool reading_fits(int64_t t)
{
    return t >= 0 && t <= READING_MAX;
}

static bool exchange_possible(const struct envelope *envelope, const struct sync_exchange *x)
{
    if (!reading_fits(x->t1_ns) || !reading_fits(x->t2_ns) || !reading_fits(x->t3_ns) ||
        !reading_fits(x->t4_ns))
        return false;
    if (x->local_width_ns < 0 || x->local_width_ns > WIDTH_MAX || x->remote_width_ns < 0 ||
        x->remote_width_ns > WIDTH_MAX || x->local.id == 0 || x->remote.id == 0)
        return false;
    int64_t widths = 2 * (x->local_width_ns + x->remote_width_ns);
    int64_t here = x->t4_ns - x->t1_ns, there = x->t3_ns - x->t2_ns;
    if (here < -2 * x->local_width_ns - ROUNDING || there < -2 * x->remote_width_ns - ROUNDING)
        return false;
    /* No delay at all, less what stamps and oscillators excuse. */
    int64_t excuse =
        line_gain_ns(here < 0 ? 0 : here, declared_bound(&envelope->settings)) + widths + ROUNDING;
    return here - there >= -excuse;
}

/* What one exchange says by itself, at its t4. */
struct sides {
    int64_t lower_ns, upper_ns;
};

static struct sides sides_of(const struct envelope *envelope, const struct sync_exchange *x)
{
    int64_t width = x->local_width_ns + x->remote_width_ns;
    int64_t lower = x->t3_ns - x->t4_ns - width, upper = x->t2_ns - x->t1_ns + width, unused = 0;
    age(envelope, x->t4_ns - x->t1_ns, &unused, &upper);
    return (struct sides){lower, upper};
}

static void start_bank(const struct envelope *envelope, struct envelope_state *state,
                       const struct sync_exchange *x)
{
    const struct envelope_settings *s = &envelope->settings;
    int64_t sigma = s->rate_sigma_ps_per_s;
    if (sigma == 0)
        sigma = declared_bound(s);
    int64_t shift = s->asymmetry_ns / 2;
    bank_start(&state->bank, x->t4_ns, x->t2_ns - x->t1_ns - shift, x->t4_ns - x->t3_ns + shift,
               (double)s->rate_ps_per_s / ps_per_ns, (double)sigma / ps_per_ns,
               (double)(x->local_width_ns + x->remote_width_ns));
}

/* The filter cannot have meant this remote clock: its estimate is outside what the exchange alone allows by far. */
static bool bank_lost(const struct envelope_state *state, const struct sync_exchange *x,
                      const struct sides *sides)
{
    struct bank_estimate e;
    bank_estimate(&state->bank, x->t4_ns, &e);
    int64_t slack = real_round(SIGMAS_APART * e.sigma_ns);
    return e.offset_ns > sides->upper_ns + slack || e.offset_ns < sides->lower_ns - slack;
}

static void note_delay(struct envelope_state *state, const struct sync_exchange *x)
{
    int64_t delay = x->t4_ns - x->t1_ns - (x->t3_ns - x->t2_ns);
    if (state->samples == 0 || x->t4_ns >= state->delay_until_ns) {
        bool follows = state->samples > 0 && x->t4_ns - state->delay_until_ns < DELAY_EPOCH;
        state->delay_ns[1] = follows ? state->delay_ns[0] : DELAY_NONE;
        state->delay_ns[0] = DELAY_NONE;
        state->delay_until_ns = x->t4_ns + DELAY_EPOCH;
    }
    if (delay < state->delay_ns[0])
        state->delay_ns[0] = delay < 0 ? 0 : delay;
}

/* False when the exchange contradicted the interval. */
static bool narrow(const struct envelope *envelope, struct envelope_state *state,
                   const struct sync_exchange *x, struct sides sides)
{
    if (x->t4_ns > state->at_ns) {
        age(envelope, x->t4_ns - state->at_ns, &state->lower_ns, &state->upper_ns);
        state->at_ns = x->t4_ns;
    } else {
        age(envelope, state->at_ns - x->t4_ns, &sides.lower_ns, &sides.upper_ns);
    }
    int64_t lower = sides.lower_ns > state->lower_ns ? sides.lower_ns : state->lower_ns;
    int64_t upper = sides.upper_ns < state->upper_ns ? sides.upper_ns : state->upper_ns;
    bool common = lower <= upper;
    state->lower_ns = common ? lower : sides.lower_ns;
    state->upper_ns = common ? upper : sides.upper_ns;
    state->contradictions += !common;
    return common;
}

static bool apply(const struct envelope *envelope, struct envelope_state *state,
                  const struct sync_exchange *x)
{
    struct sides sides = sides_of(envelope, x);
    int64_t shift = envelope->settings.asymmetry_ns / 2;
    bool common = true;
    note_delay(state, x);
    if (state->samples == 0) {
        state->at_ns = state->since_ns = x->t4_ns;
        state->lower_ns = sides.lower_ns;
        state->upper_ns = sides.upper_ns;
        start_bank(envelope, state, x);
    } else {
        common = narrow(envelope, state, x, sides);
        if (!common && bank_lost(state, x, &sides)) {
            start_bank(envelope, state, x);
            state->restarts++;
        } else {
            bank_update(&state->bank, x->t1_ns, x->t4_ns, x->t2_ns - x->t1_ns - shift,
                        x->t4_ns - x->t3_ns + shift, (double)(x->local_width_ns + x->remote_width_ns));
        }
    }
    state->samples += state->samples < UINT32_MAX;
    return common;
}

static void settle_first(struct envelope *envelope)
{
    (void)apply(envelope, &envelope->settled, &envelope->open[0].exchange);
    envelope->settled_t1_ns = envelope->open[0].exchange.t1_ns;
    envelope->open_count--;
    for (uint32_t i = 0; i < envelope->open_count; i++)
        envelope->open[i] = envelope->open[i + 1];
}

static bool seen(const struct envelope *envelope, const struct sync_exchange *x)
{
    if (x->t1_ns == envelope->settled_t1_ns)
        return true;
    for (uint32_t i = 0; i < envelope->open_count; i++)
        if (x->t1_ns == envelope->open[i].exchange.t1_ns || x->t4_ns == envelope->open[i].exchange.t4_ns)
            return true;
    return false;
}

enum envelope_verdict envelope_add(struct envelope *envelope, const struct sync_exchange *exchange,
                                   uint32_t *ret_id)
{
    if (!exchange_possible(envelope, exchange))
        return ENVELOPE_IMPOSSIBLE;
    bool known = envelope->tip.samples > 0;
    bool other =
        known && (envelope->local.id != exchange->local.id || envelope->remote.id != exchange->remote.id);
    if (other)
        envelope_reset(envelope);
    else if (known && seen(envelope, exchange))
        return ENVELOPE_DUPLICATE;
    else if (known && exchange->t4_ns < envelope->tip.at_ns - LATE_NS)
        return ENVELOPE_OLD;
    envelope->local = exchange->local;
    envelope->remote = exchange->remote;
    while (envelope->open_count > 0 &&
           (envelope->open[0].refined || envelope->open_count == ENVELOPE_OPEN_MAX))
        settle_first(envelope);
    envelope->open[envelope->open_count++] = (struct envelope_open){*exchange, ++envelope->last_id, false};
    bool common = apply(envelope, &envelope->tip, exchange);
    if (ret_id != NULL)
        *ret_id = envelope->last_id;
    if (other)
        return ENVELOPE_NEW_TIMELINE;
    return common ? ENVELOPE_OK : ENVELOPE_CONTRADICTION;
}

static struct sync_exchange refined(const struct sync_exchange *x, const struct envelope_refinement *better)
{
    struct sync_exchange r = *x;
    if (better->has_t1)
        r.t1_ns = better->t1_ns;
    if (better->has_t2)
        r.t2_ns = better->t2_ns;
    if (better->has_t3)
        r.t3_ns = better->t3_ns;
    if (better->has_local_width)
        r.local_width_ns = better->local_width_ns;
    if (better->has_remote_width)
        r.remote_width_ns = better->remote_width_ns;
    return r;
}

enum envelope_verdict envelope_refine(struct envelope *envelope, uint32_t id,
                                      const struct envelope_refinement *better)
{
    uint32_t i = 0;
    while (i < envelope->open_count && envelope->open[i].id != id)
        i++;
    if (i == envelope->open_count)
        return ENVELOPE_OLD;
    struct sync_exchange exchange = refined(&envelope->open[i].exchange, better);
    if (!exchange_possible(envelope, &exchange))
        return ENVELOPE_IMPOSSIBLE;
    envelope->open[i].exchange = exchange;
    envelope->open[i].refined = true;
    envelope->tip = envelope->settled;
    bool common = true;
    for (uint32_t k = 0; k < envelope->open_count; k++)
        common = apply(envelope, &envelope->tip, &envelope->open[k].exchange) && common;
    return common ? ENVELOPE_OK : ENVELOPE_CONTRADICTION;
}

/* The rate walked `wander` per root second for as long as makes up its uncertainty: what is older no longer matters. */
static int64_t window_of(const struct envelope_state *state, const struct bank_estimate *e)
{
    int64_t span = state->at_ns - state->since_ns;
    double root = e->skew / e->wander;
    int64_t memory = real_round(root * root * 1e9);
    return memory < span ? memory : span;
}

static int64_t clamp(int64_t v, int64_t low, int64_t high)
{
    return v < low ? low : v > high ? high : v;
}

bool envelope_estimate(const struct envelope *envelope, tai_mono_t at,
                       struct envelope_placement *ret_placement)
{
    const struct envelope_state *state = &envelope->tip;
    if (state->samples == 0)
        return false;
    BUG_UNLESS(reading_fits(at.ns));
    struct bank_estimate e;
    bank_estimate(&state->bank, at.ns, &e);
    int64_t lower = state->lower_ns, upper = state->upper_ns;
    age(envelope, at.ns - state->at_ns, &lower, &upper);
    *ret_placement = (struct envelope_placement){
        .offset_ns = clamp(e.offset_ns, lower, upper),
        .lower_ns = lower,
        .upper_ns = upper,
        .rate_ps_per_s = clamp(real_round(e.rate * ps_per_ns), -SYNC_RATE_PS_MAX, SYNC_RATE_PS_MAX),
        .sigma_ns = real_round(e.sigma_ns) + 1,
        .skew_ps_per_s = real_round(e.skew * ps_per_ns),
        .wander_ps_per_s = real_round(e.wander * ps_per_ns),
        .delay_ns = state->delay_ns[0] < state->delay_ns[1] ? state->delay_ns[0] : state->delay_ns[1],
        .jitter_ns = real_round(e.jitter_ns),
        .window_ns = window_of(state, &e),
        .age_ns = at.ns - state->at_ns,
        .samples = state->samples,
        .contradictions = state->contradictions,
    };
    return true;
}
