/* SPDX-License-Identifier: Apache-2.0 */
#include "sdk/sync/trend.h"

#include "sdk/sync/real.h"

enum { PHASE, RATE, AGEING, WARMTH };

/* Wander of each model, ns/s per root second. */
static const double wanders[TREND_MODELS] = {
    0.01,  0.01468, 0.02154, 0.03162, 0.04642, 0.06813, 0.1,   0.1468, 0.2154, 0.3162, 0.4642, 0.6813, 1,
    1.468, 2.154,   3.162,   4.642,   6.813,   10,      14.68, 21.54,  31.62,  46.42,  68.13,  100};
static const double weight_floor = 1e-12;
static const double ns_per_s = 1e9, fs_per_ns = 1e6, s_per_day = 86400, mk_per_k = 1000;

static double square(double x)
{
    return x * x;
}

/* A remembered wander is likelier than others a decade away by e^2. */
static double weight_before(double wander, double likeliest)
{
    if (!(likeliest > 0))
        return 1;
    double decades = (real_log(wander) - real_log(likeliest)) / 2.302585092994046;
    return real_exp(-2 * decades * decades);
}

static void weights_normalise(struct trend *trend)
{
    double total = 0;
    for (int i = 0; i < TREND_MODELS; i++) {
        if (!(trend->models[i].weight > weight_floor))
            trend->models[i].weight = weight_floor;
        total += trend->models[i].weight;
    }
    for (int i = 0; i < TREND_MODELS; i++)
        trend->models[i].weight /= total;
}

void trend_start(struct trend *trend, const struct trend_rates *known, int64_t at_ns, int64_t offset_ns,
                 int64_t sigma_ns)
{
    *trend = (struct trend){.at_ns = at_ns, .base_ns = offset_ns, .updates = 1};
    for (int i = 0; i < TREND_MODELS; i++) {
        struct trend_model *m = &trend->models[i];
        m->mean[RATE] = (double)known->rate_fs_per_s / fs_per_ns;
        m->mean[AGEING] = (double)known->ageing_fs_per_s_day / fs_per_ns / s_per_day;
        m->mean[WARMTH] = (double)known->coefficient_fs_per_s_k / fs_per_ns;
        m->cov[PHASE][PHASE] = square((double)sigma_ns);
        m->cov[RATE][RATE] = square((double)known->rate_sigma_fs_per_s / fs_per_ns);
        m->cov[AGEING][AGEING] = square((double)known->ageing_sigma_fs_per_s_day / fs_per_ns / s_per_day);
        m->cov[WARMTH][WARMTH] = square((double)known->coefficient_sigma_fs_per_s_k / fs_per_ns);
        m->weight = weight_before(wanders[i], (double)known->wander_fs_per_s / fs_per_ns);
    }
    weights_normalise(trend);
}

/* dt seconds pass. The transition is the unit matrix and these three rows more. */
static void model_advance(struct trend_model *m, double dt, double warmth, double wander)
{
    double(*p)[TREND_STATE] = m->cov;
    double half = dt * dt / 2, gain = dt * warmth, q = square(wander) * dt;
    m->mean[PHASE] += dt * m->mean[RATE] + half * m->mean[AGEING] + gain * m->mean[WARMTH];
    m->mean[RATE] += dt * m->mean[AGEING];
    for (int i = 0; i < TREND_STATE; i++) {
        p[PHASE][i] += dt * p[RATE][i] + half * p[AGEING][i] + gain * p[WARMTH][i];
        p[RATE][i] += dt * p[AGEING][i];
    }
    for (int i = 0; i < TREND_STATE; i++) {
        p[i][PHASE] += dt * p[i][RATE] + half * p[i][AGEING] + gain * p[i][WARMTH];
        p[i][RATE] += dt * p[i][AGEING];
    }
    p[PHASE][PHASE] += q * dt * dt / 3;
    p[PHASE][RATE] += q * dt / 2;
    p[RATE][PHASE] += q * dt / 2;
    p[RATE][RATE] += q;
}

void trend_advance(struct trend *trend, int64_t at_ns, int64_t warmth_mk)
{
    double warmth = (double)warmth_mk / mk_per_k;
    double dt = (double)(at_ns - trend->at_ns) / ns_per_s;
    for (int i = 0; i < TREND_MODELS; i++)
        model_advance(&trend->models[i], dt, warmth, wanders[i]);
    trend->at_ns = at_ns;
}

/* Kalman's update with an offset; returns the logarithm of how likely it was. */
static double model_take(struct trend_model *m, double z, double sigma)
{
    double s = m->cov[PHASE][PHASE] + square(sigma), v = z - m->mean[PHASE], cross[TREND_STATE];
    for (int i = 0; i < TREND_STATE; i++)
        cross[i] = m->cov[i][PHASE];
    for (int i = 0; i < TREND_STATE; i++) {
        m->mean[i] += cross[i] * v / s;
        for (int k = 0; k < TREND_STATE; k++)
            m->cov[i][k] -= cross[i] * cross[k] / s;
    }
    return -v * v / (2 * s) - real_log(s) / 2;
}

static double weighted(const struct trend *trend, int state)
{
    double sum = 0;
    for (int i = 0; i < TREND_MODELS; i++)
        sum += trend->models[i].weight * trend->models[i].mean[state];
    return sum;
}

static double spread(const struct trend *trend, int state, double mean)
{
    double sum = 0;
    for (int i = 0; i < TREND_MODELS; i++) {
        const struct trend_model *m = &trend->models[i];
        sum += m->weight * (m->cov[state][state] + square(m->mean[state] - mean));
    }
    return sum;
}

void trend_update(struct trend *trend, int64_t offset_ns, int64_t sigma_ns)
{
    double likelihood_log[TREND_MODELS], best = -1e300;
    double z = (double)(offset_ns - trend->base_ns);
    for (int i = 0; i < TREND_MODELS; i++) {
        likelihood_log[i] = model_take(&trend->models[i], z, (double)sigma_ns);
        if (likelihood_log[i] > best)
            best = likelihood_log[i];
    }
    for (int i = 0; i < TREND_MODELS; i++)
        trend->models[i].weight *= real_exp(likelihood_log[i] - best);
    weights_normalise(trend);
    int64_t by = real_round(weighted(trend, PHASE));
    trend->base_ns += by;
    for (int i = 0; i < TREND_MODELS; i++)
        trend->models[i].mean[PHASE] -= (double)by;
    trend->updates += trend->updates < UINT32_MAX;
}

static int64_t fs_of(double ns)
{
    return real_round(ns * fs_per_ns);
}

static int64_t sigma_fs_of(double variance)
{
    return fs_of(real_sqrt(variance)) + 1;
}

void trend_estimate(const struct trend *trend, int64_t warmth_mk, struct trend_estimate *ret_estimate)
{
    double warmth = (double)warmth_mk / mk_per_k, log_wander = 0, rate_var = 0;
    double phase = weighted(trend, PHASE), ageing = weighted(trend, AGEING);
    double coefficient = weighted(trend, WARMTH), rate = weighted(trend, RATE) + warmth * coefficient;
    for (int i = 0; i < TREND_MODELS; i++) {
        const struct trend_model *m = &trend->models[i];
        double own =
            m->cov[RATE][RATE] + 2 * warmth * m->cov[RATE][WARMTH] + square(warmth) * m->cov[WARMTH][WARMTH];
        rate_var += m->weight * (own + square(m->mean[RATE] + warmth * m->mean[WARMTH] - rate));
        log_wander += m->weight * real_log(wanders[i]);
    }
    *ret_estimate = (struct trend_estimate){
        .offset_ns = trend->base_ns + real_round(phase),
        .sigma_ns = real_round(real_sqrt(spread(trend, PHASE, phase))) + 1,
        .rates = {.rate_fs_per_s = fs_of(rate),
                  .rate_sigma_fs_per_s = sigma_fs_of(rate_var),
                  .ageing_fs_per_s_day = fs_of(ageing * s_per_day),
                  .ageing_sigma_fs_per_s_day = sigma_fs_of(spread(trend, AGEING, ageing) * square(s_per_day)),
                  .coefficient_fs_per_s_k = fs_of(coefficient),
                  .coefficient_sigma_fs_per_s_k = sigma_fs_of(spread(trend, WARMTH, coefficient)),
                  .wander_fs_per_s = fs_of(real_exp(log_wander))},
    };
}

int64_t trend_doubt_fs(int64_t sigma_fs_per_s, int64_t wander_fs_per_s, int64_t away_s, int64_t step_fs_per_s)
{
    double walked = square((double)wander_fs_per_s) * (double)away_s;
    return real_round(real_sqrt(square((double)sigma_fs_per_s) + walked + square((double)step_fs_per_s))) + 1;
}
