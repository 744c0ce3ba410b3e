/* SPDX-License-Identifier: Apache-2.0 */
#include "sdk/sync/bank.h"

#include "sdk/sync/real.h"

enum { THETA, RATE, DELAY_F, DELAY_B };

/* Wander of each model, ns/s per root second. */
static const double wanders[BANK_MODELS] = {0.0316, 0.1, 0.316, 1, 3.16, 10, 31.6, 100};
static const double leak = 0.0005;       /* of a weight to either neighbour, per exchange */
static const double weight_floor = 1e-7; /* so that no model is beyond revival */
static const double delay_walk = 0.0002; /* of the smallest delays, in jitters per root second */
static const double jitter_memory = 256; /* exchanges over which the mean jitter is learnt */
static const double jitter_cut = 5;      /* an excess counts for the mean up to this many jitters */
static const double late_cut = 8;        /* jitters past which a reading tells nothing */
static const double away_cut = 1.2;      /* jitters past which a reading counts as away from the envelope */
static const double early_cut = 8;       /* sigmas before the envelope: a shorter path */
static const double draw_cut = 0.5; /* jitters: differences of the delays below this are drawn to nothing */
static const double draw_noise = 2; /* jitters, at each second */
static const double jitter_floor_ns = 50; /* no network is more regular than that */
static const double ns_per_s = 1e9;

static double square(double x)
{
    return x * x;
}

void bank_start(struct bank *bank, int64_t t4_ns, int64_t forward_ns, int64_t backward_ns, double rate,
                double rate_sigma, double noise_ns)
{
    int64_t base = forward_ns / 2 - backward_ns / 2;
    double delay = ((double)(forward_ns - base) + (double)(backward_ns + base)) / 2;
    double spread = real_abs(delay) + noise_ns + jitter_floor_ns;
    *bank = (struct bank){.at_ns = t4_ns, .base_ns = base, .updates = 1};
    for (int i = 0; i < BANK_MODELS; i++) {
        struct bank_model *m = &bank->models[i];
        m->mean[THETA] = ((double)(forward_ns - base) - (double)(backward_ns + base)) / 2;
        m->mean[RATE] = rate;
        m->mean[DELAY_F] = m->mean[DELAY_B] = delay;
        m->cov[THETA][THETA] = square(spread);
        m->cov[RATE][RATE] = square(rate_sigma);
        m->cov[DELAY_F][DELAY_F] = m->cov[DELAY_F][DELAY_B] = square(spread);
        m->cov[DELAY_B][DELAY_F] = m->cov[DELAY_B][DELAY_B] = square(spread);
        m->weight = 1.0 / BANK_MODELS;
    }
    bank->jitter[0] = bank->jitter[1] = spread / 4;
}

/* dt seconds pass: the rate walks, the delays walk together. */
static void model_advance(struct bank_model *m, double dt, double wander, double walk)
{
    double(*p)[BANK_STATE] = m->cov;
    double q = square(wander) * dt;
    m->mean[THETA] += dt * m->mean[RATE];
    for (int i = 0; i < BANK_STATE; i++)
        p[THETA][i] += dt * p[RATE][i];
    for (int i = 0; i < BANK_STATE; i++)
        p[i][THETA] += dt * p[i][RATE];
    p[THETA][THETA] += q * dt * dt / 3;
    p[THETA][RATE] += q * dt / 2;
    p[RATE][THETA] += q * dt / 2;
    p[RATE][RATE] += q;
    double d = square(walk) * dt;
    p[DELAY_F][DELAY_F] += d;
    p[DELAY_F][DELAY_B] += d;
    p[DELAY_B][DELAY_F] += d;
    p[DELAY_B][DELAY_B] += d;
}

/* One one-way reading: z = row * state + jitter, taken `back` seconds before the state's time. */
struct reading {
    double row[BANK_STATE];
    double z;
    double jitter;
    double noise;
};

static struct reading reading_of(const struct bank *bank, bool backward, double z, double back, double noise)
{
    struct reading r = {.z = z, .jitter = bank->jitter[backward], .noise = noise};
    r.row[THETA] = backward ? -1 : 1;
    r.row[RATE] = backward ? back : -back;
    r.row[backward ? DELAY_B : DELAY_F] = 1;
    return r;
}

/* What the model expects of row * state: mean, variance, and the state's covariance with it. */
static void model_expect(const struct bank_model *m, const struct reading *r, double *ret_mean,
                         double *ret_var, double ret_cross[BANK_STATE])
{
    *ret_mean = 0;
    *ret_var = square(r->noise);
    for (int i = 0; i < BANK_STATE; i++) {
        ret_cross[i] = 0;
        for (int j = 0; j < BANK_STATE; j++)
            ret_cross[i] += m->cov[i][j] * r->row[j];
        *ret_mean += r->row[i] * m->mean[i];
        *ret_var += r->row[i] * ret_cross[i];
    }
    if (!(*ret_var > 1))
        *ret_var = 1;
}

/* Tilts and cuts the belief; returns the logarithm of how likely the reading was. */
static double model_take(struct bank_model *m, const struct reading *r)
{
    double expected, v, cross[BANK_STATE], j = r->jitter;
    model_expect(m, r, &expected, &v, cross);
    double x = r->z - expected, sigma = real_sqrt(v);
    if (x > late_cut * j + 4 * sigma)
        return -late_cut - real_log(j);
    double cut = (x - v / j) / sigma;
    struct real_tail tail = real_tail_below(cut);
    double shift = v / j - sigma * tail.ratio;
    double left = cut < -50 ? 1 / square(cut) : 1 - tail.ratio * (tail.ratio + cut);
    if (!(left > 1e-6))
        left = 1e-6;
    for (int i = 0; i < BANK_STATE; i++) {
        m->mean[i] += cross[i] * shift / v;
        for (int k = 0; k < BANK_STATE; k++)
            m->cov[i][k] -= (1 - left) / v * cross[i] * cross[k];
    }
    return v / (2 * j * j) - x / j - real_log(j) + tail.log_mass;
}

/* New belief of model i: its own and a leak of its neighbours', matched in mean and variance. */
static void mix_one(const struct bank_model old[BANK_MODELS], int i, struct bank_model *ret)
{
    int first = i > 0 ? i - 1 : i, last = i + 1 < BANK_MODELS ? i + 1 : i;
    double share[BANK_MODELS] = {0}, total = 0;
    *ret = (struct bank_model){.weight = 0};
    for (int k = first; k <= last; k++) {
        share[k] = old[k].weight * (k == i ? 1 - leak * (last - first) : leak);
        total += share[k];
    }
    for (int k = first; k <= last; k++)
        for (int a = 0; a < BANK_STATE; a++)
            ret->mean[a] += share[k] / total * old[k].mean[a];
    for (int k = first; k <= last; k++)
        for (int a = 0; a < BANK_STATE; a++)
            for (int b = 0; b < BANK_STATE; b++)
                ret->cov[a][b] +=
                    share[k] / total *
                    (old[k].cov[a][b] + (old[k].mean[a] - ret->mean[a]) * (old[k].mean[b] - ret->mean[b]));
    ret->weight = total;
}

static void mix(struct bank *bank)
{
    struct bank_model old[BANK_MODELS];
    for (int i = 0; i < BANK_MODELS; i++)
        old[i] = bank->models[i];
    for (int i = 0; i < BANK_MODELS; i++)
        mix_one(old, i, &bank->models[i]);
}

static void reweigh(struct bank *bank, const double likelihood_log[BANK_MODELS])
{
    double best = likelihood_log[0], total = 0;
    for (int i = 1; i < BANK_MODELS; i++)
        if (likelihood_log[i] > best)
            best = likelihood_log[i];
    for (int i = 0; i < BANK_MODELS; i++) {
        bank->models[i].weight *= real_exp(likelihood_log[i] - best);
        if (!(bank->models[i].weight > weight_floor))
            bank->models[i].weight = weight_floor;
        total += bank->models[i].weight;
    }
    for (int i = 0; i < BANK_MODELS; i++)
        bank->models[i].weight /= total;
}

/* By how much the reading exceeds what the whole bank expects, and the sigma of that expectation. */
static double excess(const struct bank *bank, const struct reading *r, double *ret_sigma)
{
    double expected[BANK_MODELS], mean = 0, var = 0;
    for (int i = 0; i < BANK_MODELS; i++) {
        double v, cross[BANK_STATE];
        model_expect(&bank->models[i], r, &expected[i], &v, cross);
        mean += bank->models[i].weight * expected[i];
        var += bank->models[i].weight * v;
    }
    for (int i = 0; i < BANK_MODELS; i++)
        var += bank->models[i].weight * square(expected[i] - mean);
    *ret_sigma = real_sqrt(var);
    return r->z - mean;
}

/* Both delays become uncertain by as much, together: their difference is known as well as before. */
static void loosen_both(struct bank *bank, double by)
{
    for (int i = 0; i < BANK_MODELS; i++)
        for (int a = DELAY_F; a <= DELAY_B; a++)
            for (int b = DELAY_F; b <= DELAY_B; b++)
                bank->models[i].cov[a][b] += square(by);
}

static void loosen_one(struct bank *bank, int delay, double by)
{
    for (int i = 0; i < BANK_MODELS; i++)
        bank->models[i].cov[delay][delay] += square(by);
}

static void loosen_theta(struct bank *bank, double by)
{
    for (int i = 0; i < BANK_MODELS; i++)
        bank->models[i].cov[THETA][THETA] += square(by);
}

/* How much longer this direction's delay is believed to be than the other's. */
static double asymmetry(const struct bank *bank, int delay)
{
    double sum = 0;
    for (int i = 0; i < BANK_MODELS; i++)
        sum += bank->models[i].weight *
               (bank->models[i].mean[delay] - bank->models[i].mean[DELAY_F + DELAY_B - delay]);
    return sum;
}

/* A reading before the envelope by more than can be believed: the path became shorter. If this direction had become longer
 * before, then it is now as it was; else half of the difference was error of theta, unless the other direction says otherwise. */
static void shorter_path(struct bank *bank, int delay, double by)
{
    if (asymmetry(bank, delay) > by / 2) {
        loosen_one(bank, delay, by);
        return;
    }
    loosen_both(bank, by);
    loosen_theta(bank, by);
}

/* Counts readings in a row that stay away from the envelope. */
static void watch_run(struct bank *bank, int direction, double x, double sigma)
{
    if (x < away_cut * bank->jitter[direction] + 2 * sigma) {
        bank->run[direction] = 0;
        return;
    }
    if (bank->run[direction] == 0 || x < bank->least[direction])
        bank->least[direction] = x;
    bank->run[direction]++;
}

/* A run of readings that all stayed away: the path became longer by about the least of them; in both directions if the other
 * one has a run as well. */
static void longer_path(struct bank *bank)
{
    bool both = bank->run[0] >= BANK_RUN / 2 && bank->run[1] >= BANK_RUN / 2;
    if (both)
        loosen_both(bank, bank->least[0] > bank->least[1] ? bank->least[0] : bank->least[1]);
    for (int d = 0; d < 2; d++) {
        if (!both && bank->run[d] >= BANK_RUN)
            loosen_one(bank, DELAY_F + d, bank->least[d]);
        if (both || bank->run[d] >= BANK_RUN)
            bank->run[d] = 0;
    }
}

static void watch_path(struct bank *bank, const double x[2], const double sigma[2])
{
    for (int d = 0; d < 2; d++) {
        if (x[d] < -early_cut * sigma[d] - jitter_floor_ns)
            shorter_path(bank, DELAY_F + d, -x[d]);
        watch_run(bank, d, x[d], sigma[d]);
    }
    if (bank->run[0] >= BANK_RUN || bank->run[1] >= BANK_RUN)
        longer_path(bank);
}

/* A difference of the delays that is small against the jitter is more likely the error of learning them again than a property of the
 * path: it is drawn to nothing, over an hour or so. A Kalman update with the reading "difference = 0". */
static void draw_together(struct bank *bank, double dt)
{
    double j = (bank->jitter[0] + bank->jitter[1]) / 2, known = asymmetry(bank, DELAY_F);
    if (dt <= 0 || real_abs(known) > draw_cut * j)
        return;
    for (int i = 0; i < BANK_MODELS; i++) {
        struct bank_model *m = &bank->models[i];
        double cross[BANK_STATE], difference = m->mean[DELAY_F] - m->mean[DELAY_B];
        for (int a = 0; a < BANK_STATE; a++)
            cross[a] = m->cov[a][DELAY_F] - m->cov[a][DELAY_B];
        double v = cross[DELAY_F] - cross[DELAY_B] + square(draw_noise * j) / dt;
        for (int a = 0; a < BANK_STATE; a++) {
            m->mean[a] -= cross[a] * difference / v;
            for (int b = 0; b < BANK_STATE; b++)
                m->cov[a][b] -= cross[a] * cross[b] / v;
        }
    }
}

static void learn_jitter(struct bank *bank, int direction, double x)
{
    double *j = &bank->jitter[direction], n = bank->updates + 2;
    double seen = x < 0 ? 0 : x > jitter_cut * *j ? jitter_cut * *j : x;
    *j += (seen - *j) / (n < jitter_memory ? n : jitter_memory);
    if (*j < jitter_floor_ns)
        *j = jitter_floor_ns;
}

static void advance(struct bank *bank, int64_t to_ns)
{
    double dt = (double)(to_ns - bank->at_ns) / ns_per_s;
    double walk = delay_walk * (bank->jitter[0] + bank->jitter[1]) / 2;
    for (int i = 0; i < BANK_MODELS; i++)
        model_advance(&bank->models[i], dt, wanders[i], walk);
    bank->at_ns = to_ns;
}

/* Keeps theta small beside its reference. */
static void recentre(struct bank *bank)
{
    double mean = 0;
    for (int i = 0; i < BANK_MODELS; i++)
        mean += bank->models[i].weight * bank->models[i].mean[THETA];
    int64_t by = real_round(mean);
    bank->base_ns += by;
    for (int i = 0; i < BANK_MODELS; i++)
        bank->models[i].mean[THETA] -= (double)by;
}

void bank_update(struct bank *bank, int64_t t1_ns, int64_t t4_ns, int64_t forward_ns, int64_t backward_ns,
                 double noise_ns)
{
    mix(bank);
    if (t4_ns > bank->at_ns) {
        draw_together(bank, (double)(t4_ns - bank->at_ns) / ns_per_s);
        advance(bank, t4_ns);
    }
    double back[2] = {(double)(bank->at_ns - t1_ns) / ns_per_s, (double)(bank->at_ns - t4_ns) / ns_per_s};
    double z[2] = {(double)(forward_ns - bank->base_ns), (double)(backward_ns + bank->base_ns)};
    double x[2], sigma[2], likelihood_log[BANK_MODELS] = {0};
    struct reading readings[2];
    for (int d = 0; d < 2; d++) {
        readings[d] = reading_of(bank, d == 1, z[d], back[d], noise_ns);
        x[d] = excess(bank, &readings[d], &sigma[d]);
    }
    watch_path(bank, x, sigma);
    for (int i = 0; i < BANK_MODELS; i++)
        for (int d = 0; d < 2; d++)
            likelihood_log[i] += model_take(&bank->models[i], &readings[d]);
    reweigh(bank, likelihood_log);
    bank->updates += bank->updates < UINT32_MAX;
    for (int d = 0; d < 2; d++)
        learn_jitter(bank, d, x[d]);
    recentre(bank);
}

void bank_estimate(const struct bank *bank, int64_t at_ns, struct bank_estimate *ret_estimate)
{
    double dt = (double)(at_ns - bank->at_ns) / ns_per_s, past = dt > 0 ? dt : 0;
    double theta = 0, rate = 0, wander_log = 0, delay = 0, var = 0, rate_var = 0;
    for (int i = 0; i < BANK_MODELS; i++) {
        const struct bank_model *m = &bank->models[i];
        theta += m->weight * (m->mean[THETA] + dt * m->mean[RATE]);
        rate += m->weight * m->mean[RATE];
        delay += m->weight * (m->mean[DELAY_F] + m->mean[DELAY_B]);
        wander_log += m->weight * real_log(wanders[i]);
    }
    for (int i = 0; i < BANK_MODELS; i++) {
        const struct bank_model *m = &bank->models[i];
        double own = m->cov[THETA][THETA] + 2 * dt * m->cov[THETA][RATE] + dt * dt * m->cov[RATE][RATE] +
                     square(wanders[i]) * past * past * past / 3;
        var += m->weight * (own + square(m->mean[THETA] + dt * m->mean[RATE] - theta));
        rate_var +=
            m->weight * (m->cov[RATE][RATE] + square(wanders[i]) * past + square(m->mean[RATE] - rate));
    }
    *ret_estimate = (struct bank_estimate){
        .offset_ns = bank->base_ns + real_round(theta),
        .sigma_ns = real_sqrt(var),
        .rate = rate,
        .skew = real_sqrt(rate_var),
        .wander = real_exp(wander_log),
        .delay_ns = delay,
        .jitter_ns = (bank->jitter[0] + bank->jitter[1]) / 2,
    };
}
