/* SPDX-License-Identifier: Apache-2.0 */
#include "sdk/sync/phase.h"

#include <stddef.h>

#include "sdk/sync/real.h"

/* Wander of each model, ns/s per root second. */
static const double wanders[PHASE_MODELS] = {0.01, 0.0316, 0.1, 0.316, 1, 3.16, 10, 31.6, 100};
static const double leak = 0.0005;       /* of a weight to either neighbour, per reading */
static const double weight_floor = 1e-9; /* so that no model is beyond revival */
static const double noise_memory = 128;  /* differences over which the noise is learnt */
static const double noise_least_ns = 1;
static const double ns_per_s = 1e9;

static double square(double x)
{
    return x * x;
}

static double smaller(double a, double b)
{
    return a < b ? a : b;
}

/* ---- Noise ---- */

/* The median follows by steps of its logarithm, whose best length is one over the density there (Robbins and Monro 1951): of the
 * size of a normal variable, whose median is 0.6745 sigma, 0.4287. */
static const double median_of_normal = 0.6745, step_of_normal = 2.333;

static void median_take(struct phase_noise_median *median, double size)
{
    median->count += median->count < UINT32_MAX;
    if (median->count > PHASE_NOISE_LEAST) {
        double step = step_of_normal / smaller(median->count, noise_memory);
        double side = size > median_of_normal * median->sigma ? 0.5 : -0.5;
        median->sigma *= real_exp(side * step);
    } else {
        size_t i = median->count - 1;
        for (; i > 0 && median->first[i - 1] > size; i--)
            median->first[i] = median->first[i - 1];
        median->first[i] = size;
        if (median->count == PHASE_NOISE_LEAST)
            median->sigma = median->first[PHASE_NOISE_LEAST / 2] / median_of_normal;
    }
    if (median->count >= PHASE_NOISE_LEAST && !(median->sigma > noise_least_ns))
        median->sigma = noise_least_ns;
}

/* Of the newest reading, the one `distance` before it and the one as far before that: as of one reading. */
static void take_difference(struct phase_noise *noise, uint32_t distance, struct phase_noise_median *median)
{
    if (noise->readings < 2 * distance + 1)
        return;
    uint32_t newest = noise->readings - 1;
    size_t c = newest % PHASE_NOISE_RING, b = (newest - distance) % PHASE_NOISE_RING;
    size_t a = (newest - 2 * distance) % PHASE_NOISE_RING;
    double early = (double)(noise->ring[b].at_ns - noise->ring[a].at_ns);
    double late = (double)(noise->ring[c].at_ns - noise->ring[b].at_ns);
    double share = early / (early + late); /* of the newest in what is foretold for the middle one */
    double bend = (double)(noise->ring[a].offset_ns - noise->ring[b].offset_ns) * (1 - share) +
                  (double)(noise->ring[c].offset_ns - noise->ring[b].offset_ns) * share;
    median_take(median, real_abs(bend) / real_sqrt(1 + square(share) + square(1 - share)));
}

void phase_noise_take(struct phase_noise *noise, int64_t at_ns, int64_t offset_ns)
{
    /* The ring turns whole, so that the count never ends. */
    if (noise->readings == UINT32_MAX)
        noise->readings -= UINT32_MAX / PHASE_NOISE_RING / 2 * PHASE_NOISE_RING;
    size_t next = noise->readings++ % PHASE_NOISE_RING;
    noise->ring[next].at_ns = at_ns;
    noise->ring[next].offset_ns = offset_ns;
    take_difference(noise, 1, &noise->near);
    take_difference(noise, PHASE_NOISE_FAR, &noise->far);
}

double phase_noise_sigma(const struct phase_noise *noise)
{
    if (noise->near.count < PHASE_NOISE_LEAST)
        return 0;
    double near = square(noise->near.sigma), variance = near;
    if (noise->far.count >= PHASE_NOISE_LEAST) {
        double cube = PHASE_NOISE_FAR * PHASE_NOISE_FAR * PHASE_NOISE_FAR;
        double wander = square(noise->far.sigma) - near;
        variance = near - (wander > 0 ? wander : 0) / (cube - 1);
    }
    double sigma = real_sqrt(variance);
    return sigma > noise_least_ns ? sigma : noise_least_ns;
}

/* ---- The bank ---- */

void phase_start(struct phase *phase, int64_t at_ns, int64_t offset_ns, double rate, double rate_sigma,
                 double noise_ns)
{
    *phase = (struct phase){.at_ns = at_ns, .base_ns = offset_ns, .updates = 1};
    phase_set_noise(phase, noise_ns);
    for (int i = 0; i < PHASE_MODELS; i++)
        phase->models[i] = (struct phase_model){
            .rate = rate,
            .pp = square(phase->noise),
            .rr = square(rate_sigma),
            .weight = 1.0 / PHASE_MODELS,
        };
}

void phase_set_noise(struct phase *phase, double noise_ns)
{
    phase->noise = noise_ns > noise_least_ns ? noise_ns : noise_least_ns;
}

/* dt seconds pass. */
static void model_advance(struct phase_model *m, double dt, double wander)
{
    double q = square(wander) * dt;
    m->phase += dt * m->rate;
    m->pp += 2 * dt * m->pr + dt * dt * m->rr + q * dt * dt / 3;
    m->pr += dt * m->rr + q * dt / 2;
    m->rr += q;
}

static void advance(struct phase *phase, int64_t to_ns)
{
    double dt = (double)(to_ns - phase->at_ns) / ns_per_s;
    for (int i = 0; i < PHASE_MODELS; i++)
        model_advance(&phase->models[i], dt, wanders[i]);
    phase->at_ns = to_ns;
}

/* Mean and variance of phase and rate over all models. */
struct moments {
    double phase, rate, phase_var, rate_var;
};

static struct moments moments_of(const struct phase *phase)
{
    struct moments all = {0};
    for (int i = 0; i < PHASE_MODELS; i++) {
        all.phase += phase->models[i].weight * phase->models[i].phase;
        all.rate += phase->models[i].weight * phase->models[i].rate;
    }
    for (int i = 0; i < PHASE_MODELS; i++) {
        const struct phase_model *m = &phase->models[i];
        all.phase_var += m->weight * (m->pp + square(m->phase - all.phase));
        all.rate_var += m->weight * (m->rr + square(m->rate - all.rate));
    }
    return all;
}

double phase_surprise(const struct phase *phase, int64_t at_ns, int64_t offset_ns, double *ret_physical)
{
    struct phase then = *phase;
    advance(&then, at_ns);
    struct moments all = moments_of(&then);
    const struct phase_model *widest = &then.models[PHASE_MODELS - 1];
    double z = (double)(offset_ns - phase->base_ns), noise = square(phase->noise);
    *ret_physical = real_abs(z - all.phase) / real_sqrt(widest->pp + noise);
    return real_abs(z - all.phase) / real_sqrt(all.phase_var + noise);
}

/* Kalman's update with the reading z; returns the logarithm of how likely it was. */
static double model_take(struct phase_model *m, double z, double noise_var)
{
    double s = m->pp + noise_var, v = z - m->phase, gain = m->pp / s, gain_rate = m->pr / s;
    m->phase += gain * v;
    m->rate += gain_rate * v;
    m->rr -= gain_rate * m->pr;
    m->pr -= gain * m->pr;
    m->pp -= gain * m->pp;
    return -v * v / (2 * s) - real_log(s) / 2;
}

static void mix_one(const struct phase_model old[PHASE_MODELS], int i, struct phase_model *ret)
{
    int first = i > 0 ? i - 1 : i, last = i + 1 < PHASE_MODELS ? i + 1 : i;
    double share[PHASE_MODELS] = {0}, total = 0;
    struct phase_model mixed = {.weight = 0};
    for (int k = first; k <= last; k++) {
        share[k] = old[k].weight * (k == i ? 1 - leak * (last - first) : leak);
        total += share[k];
    }
    for (int k = first; k <= last; k++) {
        share[k] /= total;
        mixed.phase += share[k] * old[k].phase;
        mixed.rate += share[k] * old[k].rate;
    }
    for (int k = first; k <= last; k++) {
        double phase = old[k].phase - mixed.phase, rate = old[k].rate - mixed.rate;
        mixed.pp += share[k] * (old[k].pp + phase * phase);
        mixed.pr += share[k] * (old[k].pr + phase * rate);
        mixed.rr += share[k] * (old[k].rr + rate * rate);
    }
    mixed.weight = total;
    *ret = mixed;
}

static void mix(struct phase *phase)
{
    struct phase_model old[PHASE_MODELS];
    for (int i = 0; i < PHASE_MODELS; i++)
        old[i] = phase->models[i];
    for (int i = 0; i < PHASE_MODELS; i++)
        mix_one(old, i, &phase->models[i]);
}

static void reweigh(struct phase *phase, const double likelihood_log[PHASE_MODELS])
{
    double best = likelihood_log[0], total = 0;
    for (int i = 1; i < PHASE_MODELS; i++)
        if (likelihood_log[i] > best)
            best = likelihood_log[i];
    for (int i = 0; i < PHASE_MODELS; i++) {
        double *weight = &phase->models[i].weight;
        *weight *= real_exp(likelihood_log[i] - best);
        if (!(*weight > weight_floor))
            *weight = weight_floor;
        total += *weight;
    }
    for (int i = 0; i < PHASE_MODELS; i++)
        phase->models[i].weight /= total;
}

/* Keeps phases small beside their reference. */
static void recentre(struct phase *phase)
{
    int64_t by = real_round(moments_of(phase).phase);
    phase->base_ns += by;
    for (int i = 0; i < PHASE_MODELS; i++)
        phase->models[i].phase -= (double)by;
}

void phase_update(struct phase *phase, int64_t at_ns, int64_t offset_ns)
{
    mix(phase);
    advance(phase, at_ns);
    double z = (double)(offset_ns - phase->base_ns), likelihood_log[PHASE_MODELS];
    for (int i = 0; i < PHASE_MODELS; i++)
        likelihood_log[i] = model_take(&phase->models[i], z, square(phase->noise));
    reweigh(phase, likelihood_log);
    phase->updates += phase->updates < UINT32_MAX;
    recentre(phase);
}

void phase_estimate(const struct phase *phase, int64_t at_ns, struct phase_estimate *ret_estimate)
{
    struct phase then = *phase;
    double dt = (double)(at_ns - phase->at_ns) / ns_per_s, log_wander = 0;
    for (int i = 0; i < PHASE_MODELS; i++) {
        struct phase_model *m = &then.models[i];
        if (dt >= 0) {
            model_advance(m, dt, wanders[i]);
        } else { /* backwards: the rate was about the same, and the walk that is undone is in the covariance already */
            m->phase += dt * m->rate;
        }
        log_wander += m->weight * real_log(wanders[i]);
    }
    struct moments all = moments_of(&then);
    *ret_estimate = (struct phase_estimate){
        .offset_ns = phase->base_ns + real_round(all.phase),
        .sigma_ns = real_sqrt(all.phase_var),
        .rate = all.rate,
        .rate_sigma = real_sqrt(all.rate_var),
        .wander = real_exp(log_wander),
    };
}
