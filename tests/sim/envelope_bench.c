/* SPDX-License-Identifier: Apache-2.0 */
/* Accuracy of sdk/sync/envelope against the truth, beside what simple estimators make of the same exchanges.
 *
 *     make tests/sim/envelope_bench && tests/sim/envelope_bench [seeds [first seed [hours]]]
 *
 * The model is that of NUMBERS: one-way delay 100 us + J * exponential in each direction, oscillator 10 ppm off with a
 * rate that walks by W each second, exchanges each 1 s or 16 s. After each exchange the estimate is used until the next
 * one; the error is taken four times a second. First quarter of an hour left out (16 s: four hours).
 *
 * Beside it, "plain": the two-sided envelope of the last N exchanges, two parallel lines as far apart as possible; the
 * best N for each cell, which nobody knows beforehand. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sdk/sync/envelope.h"
#include "tests/unit/prop.h"

enum { WINDOWS = 9, WINDOW_MAX = 512 };
static const int windows[WINDOWS] = {12, 16, 24, 32, 48, 64, 128, 256, 512};

static double uniform(struct prop *p)
{
    return ((double)(prop_u64(p) >> 11) + 0.5) / 9007199254740992.0;
}

static double normal(struct prop *p)
{
    return sqrt(-2 * log(uniform(p))) * cos(2 * M_PI * uniform(p));
}

static double exponential(struct prop *p)
{
    return -log(uniform(p));
}

struct error {
    double squares, max, widths;
    long n;
};

static void error_add(struct error *e, double v)
{
    e->squares += v * v;
    e->n++;
    if (fabs(v) > e->max)
        e->max = fabs(v);
}

static double error_rms(const struct error *e)
{
    return sqrt(e->squares / (double)e->n);
}

/* Plain envelope: forward points above, backward ones (negated) below; for a slope r the gap between the lowest of the one and
 * the highest of the other is concave in r, so a search by thirds finds the slope with the widest gap. */
struct plain {
    double t[WINDOW_MAX], f[WINDOW_MAX], b[WINDOW_MAX];
    long count;
};

static double plain_gap(const struct plain *p, int n, double now, double r, double *ret_middle)
{
    double above = 1e300, below = -1e300;
    for (int i = 0; i < n; i++) {
        long k = (p->count - 1 - i) % WINDOW_MAX;
        double back = r * (now - p->t[k]);
        above = fmin(above, p->f[k] + back);
        below = fmax(below, -p->b[k] + back);
    }
    *ret_middle = (above + below) / 2;
    return above - below;
}

static void plain_fit(const struct plain *p, int n, double now, double *ret_theta, double *ret_rate)
{
    double low = -100000, high = 100000, middle;
    if (p->count < n)
        n = (int)p->count;
    for (int i = 0; i < 60; i++) {
        double a = low + (high - low) / 3, b = high - (high - low) / 3;
        if (plain_gap(p, n, now, a, &middle) < plain_gap(p, n, now, b, &middle))
            low = a;
        else
            high = b;
    }
    *ret_rate = (low + high) / 2;
    (void)plain_gap(p, n, now, *ret_rate, ret_theta);
}

struct cell {
    double jitter_ns, wander, poll_s;
};

struct world {
    struct prop random;
    double theta, rate;
    double plain_theta[WINDOWS], plain_rate[WINDOWS];
    struct envelope envelope;
    struct plain plain;
};

static void exchange(struct world *w, const struct cell *cell, long second, bool with_plain)
{
    double out = 100e3 + cell->jitter_ns * exponential(&w->random);
    double home = 100e3 + cell->jitter_ns * exponential(&w->random);
    int64_t t1 = (int64_t)second * 1000000000, t4 = t1 + (int64_t)(out + home);
    int64_t t2 = t1 + (int64_t)llround(w->theta + w->rate * out * 1e-9 + out);
    int64_t t3 = t4 + (int64_t)llround(w->theta + w->rate * (out + home) * 1e-9 - home);
    struct sync_exchange x = {
        .local = {1}, .remote = {2}, .t1_ns = t1, .t2_ns = t2, .t3_ns = t3, .t4_ns = t4};
    enum envelope_verdict verdict = envelope_add(&w->envelope, &x, NULL);
    if (verdict != ENVELOPE_OK) {
        printf("verdict %d at %ld\n", (int)verdict, second);
        exit(1);
    }
    if (!with_plain)
        return;
    long k = w->plain.count++ % WINDOW_MAX;
    w->plain.t[k] = (double)second;
    w->plain.f[k] = (double)(t2 - t1);
    w->plain.b[k] = (double)(t4 - t3);
    for (int i = 0; i < WINDOWS; i++)
        plain_fit(&w->plain, windows[i], (double)second, &w->plain_theta[i], &w->plain_rate[i]);
}

static void run(const struct cell *cell, uint64_t seed, long seconds, bool with_plain, struct error *ret_ours,
                struct error ret_plain[WINDOWS], double *wander)
{
    static struct world w;
    w = (struct world){.random = {seed * 7919 + 1}, .theta = 10e6, .rate = 10000};
    struct envelope_settings settings = {.local_bound = {50000}, .remote_bound = {0}};
    envelope_init(&w.envelope, &settings);
    long poll = (long)cell->poll_s, last = 0, skip = 900 * (poll == 1 ? 1 : 16);
    struct envelope_placement p = {0};
    for (long s = 0; s < seconds; s++) {
        w.rate += cell->wander * normal(&w.random);
        if (s % poll == 0) {
            exchange(&w, cell, s, with_plain);
            last = s;
        }
        for (int q = 1; q <= 4 && s > skip; q++) {
            int64_t at = (int64_t)s * 1000000000 + q * 250000000 - 1000000;
            double truth = w.theta + w.rate * (q * 0.25 - 0.001);
            if (!envelope_estimate(&w.envelope, (tai_mono_t){at}, &p))
                abort();
            error_add(ret_ours, (double)p.offset_ns - truth);
            if (truth < (double)p.lower_ns - 1 || truth > (double)p.upper_ns + 1)
                printf("FALSE INTERVAL at %ld\n", s);
            for (int i = 0; i < WINDOWS && with_plain; i++)
                error_add(&ret_plain[i], w.plain_theta[i] +
                                             w.plain_rate[i] * ((double)(s - last) + q * 0.25 - 0.001) -
                                             truth);
        }
        w.theta += w.rate;
    }
    *wander += (double)p.wander_ps_per_s;
}

int main(int argc, char **argv)
{
    static const double jitters[] = {10e3, 100e3}, wanders[] = {1, 10}, polls[] = {1, 16};
    int seeds = argc > 1 ? atoi(argv[1]) : 4, first = argc > 2 ? atoi(argv[2]) : 1;
    long hours = argc > 3 ? atol(argv[3]) : 4;
    bool with_plain = getenv("OURS_ONLY") == NULL;
    printf("poll J us   W     ours rms/max us  (wander found)   plain, best N: rms/max us\n");
    for (int i = 0; i < 8; i++) {
        struct cell cell = {jitters[i / 2 % 2], wanders[i % 2], polls[i / 4]};
        struct error ours = {0}, plain[WINDOWS] = {{0}};
        double wander = 0;
        for (int s = first; s < first + seeds; s++)
            run(&cell, (uint64_t)s, hours * 3600 * (i / 4 == 0 ? 1 : 8), with_plain, &ours, plain, &wander);
        int best = 0;
        for (int k = 0; k < WINDOWS && with_plain; k++)
            if (error_rms(&plain[k]) < error_rms(&plain[best]))
                best = k;
        printf("%3.0f %5.0f %6.0e   %6.3f %6.2f   (%.1e)", cell.poll_s, cell.jitter_ns / 1e3,
               cell.wander * 1e-9, error_rms(&ours) / 1e3, ours.max / 1e3, wander / seeds * 1e-12);
        if (with_plain)
            printf("   %4d: %6.3f %6.2f", windows[best], error_rms(&plain[best]) / 1e3,
                   plain[best].max / 1e3);
        printf("\n");
        fflush(stdout);
    }
    return 0;
}
