/* SPDX-License-Identifier: Apache-2.0 */
/* Simulated days of one server with a reference: how far from the truth its published time is, and its holdover without.
 *
 *     tests/sim/days pulse    [--seeds N] [--first N] [--hours N]
 *     tests/sim/days holdover [--seeds N] [--first N] [-v]
 *
 * pulse: a receiver's pulse each second, read with 1 us of noise (one sigma, at most six), goes through the timekeeping unit
 * (server/clock/core/timekeeper.h) into a whole engine (server/clock/core/node.h) that is a cluster of its own; scored is the
 * line that the engine publishes, four times a second, from the second hour on. Fails when the root mean square is above
 * PULSE_GOAL_NS or an interval did not hold the truth.
 *
 * holdover: the oscillator's model alone (server/clock/core/holdover.h) learns for 24 hours from estimates as a pulse's filter makes
 * them, then runs free for 24, while the temperature makes steps that it had not made before. Scored after 1, 6 and 24 hours over
 * all seeds. Fails when any error is outside its bound, or when the bound (its 95th percentile) is above five times the 95th
 * percentile of the errors (eight times below PERCENTILE_SEEDS, where that one is not known well; not below SEEDS_LEAST).
 *
 * The oscillators are those of the tables below. Seeds are printed and repeat a run. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sdk/base/bug.h"
#include "sdk/io/openssl.h"
#include "sdk/sync/line.h"
#include "server/clock/core/holdover.h"
#include "server/clock/core/node.h"
#include "server/clock/core/timekeeper.h"
#include "client/core/peer.h"
#include "tests/sim/oscillator.h"

#define S    INT64_C(1000000000)
#define TAI0 (INT64_C(1900000000) * S)

struct options {
    uint64_t first, seeds;
    int hours;
    bool verbose;
};

/* ---- A pulse through filter and engine ---- */

#define PULSE_GOAL_NS 270.0
enum { PULSE_NOISE_NS = 1000, PULSE_ACCURACY_NS = 100, PULSE_SETTLE_S = 3600 };

struct score {
    double squares, worst, width;
    uint64_t count, outside;
};

static void score_add(struct score *score, double error_ns, double width_ns)
{
    score->squares += error_ns * error_ns;
    score->worst = fmax(score->worst, fabs(error_ns));
    score->width += width_ns;
    score->count++;
    score->outside += fabs(error_ns) > width_ns;
}

static double score_rms(const struct score *score)
{
    return sqrt(score->squares / (double)score->count);
}

struct server {
    struct oscillator oscillator;
    struct rnd noise;
    struct crypto crypto;
    struct engine_settings settings;
    struct node *node;
    struct timekeeper *keeper;
    struct engine_actions actions;
    struct sync_line line;
    bool has_line;
    int64_t wake_ns; /* true time of the next timer */
};

static struct engine_now clocks_at(struct server *server, int64_t at_ns)
{
    int64_t raw = oscillator_read(&server->oscillator, at_ns);
    return (struct engine_now){
        .timeline = {7}, .raw = {raw}, .realtime_ns = TAI0 - 37 * S + raw, .width_ns = 50, .boot_ns = raw};
}

static void server_step(struct server *server, struct engine_event *event, int64_t at_ns)
{
    event->now = clocks_at(server, at_ns);
    int64_t raw = event->now.raw.ns;
    node_step(server->node, event, &server->actions);
    if (server->actions.publish) {
        server->line = server->actions.line;
        server->has_line = page_status_has_interval(server->line.status);
    }
    double rate = 1 + oscillator_rate(&server->oscillator);
    int64_t in = (int64_t)((double)(server->actions.wake.ns - raw) / rate) + 1000;
    server->wake_ns = at_ns + (in > 1000 ? in : 1000);
    for (uint8_t i = 0; i < server->actions.persists_count; i++) {
        /* A disk that is at once done: the answer comes with the next timer, before anything depends on it. */
        struct engine_event done = {.kind = ENGINE_PERSISTED};
        done.u.persisted.token = server->actions.persists[i].token;
        done.u.persisted.ok = true;
        server_step(server, &done, at_ns + 1000);
        return;
    }
}

static void server_start(struct server *server, const struct oscillator_plan *plan, uint64_t seed)
{
    struct rnd root = {seed};
    memset(server, 0, sizeof *server);
    oscillator_start(&server->oscillator, plan, rnd_fork(&root, 1), 0);
    server->noise = rnd_fork(&root, 2);
    BUG_UNLESS(openssl_crypto_open(&server->crypto) == TAI_OK);
    server->settings = (struct engine_settings){.self = {1},
                                                .server = true,
                                                .cluster = 1,
                                                .epoch = 1,
                                                .crypto = &server->crypto,
                                                .oscillator = OSCILLATOR_PC,
                                                .rate_bound = {50000},
                                                .mode = ENGINE_MODE_PAGE,
                                                .poll_ns = S,
                                                .client_poll_ns_max = 64 * S,
                                                .peer_poll_ns = 16 * S};
    server->settings.seed[0] = (uint8_t)seed;
    server->node = malloc(node_size());
    BUG_UNLESS(server->node != NULL && node_init(server->node, &server->settings, NULL) == TAI_OK);
    const struct timekeeper_settings keeper = {
        .sources = {{.driver = REFCLOCK_PPS, .name = "pulse", .accuracy_ns = PULSE_ACCURACY_NS}},
        .sources_count = 1,
        .oscillator = OSCILLATOR_PC,
        .rate_bound = {50000},
        .not_before = {TAI0 - 86400 * S}};
    server->keeper = malloc(timekeeper_size());
    BUG_UNLESS(server->keeper != NULL && timekeeper_init(server->keeper, &keeper) == TAI_OK);
    struct engine_event event = {.kind = ENGINE_START};
    server_step(server, &event, 1000);
    event = (struct engine_event){.kind = ENGINE_LEAP};
    event.u.leap = (struct sync_leap){37, 37, {PAGE_NEVER}, {TAI0 * 2}};
    server_step(server, &event, 1000000);
    timekeeper_leap_table(server->keeper, &event.u.leap);
}

/* The pulse of true second `at_ns`, read then, handed in 10 ms later. */
static void server_pulse(struct server *server, int64_t at_ns, struct score *estimates)
{
    int64_t raw = oscillator_read(&server->oscillator, at_ns);
    struct refclock_sample sample = {
        .pulse = true,
        .timeline = {7},
        .raw = {raw + (int64_t)lround(PULSE_NOISE_NS * rnd_gauss(&server->noise))},
        .tai = {TAI0 + at_ns},
        .error_ns = 6 * PULSE_NOISE_NS + 1,
        .noise_ns = PULSE_NOISE_NS};
    timekeeper_sample(server->keeper, &sample);
    int64_t handed = at_ns + 10000000;
    struct engine_now now = clocks_at(server, handed);
    struct timekeeper_reports reports;
    struct engine_event event = {.kind = ENGINE_REFERENCE};
    timekeeper_second(server->keeper, &now, &event.u.reference, &reports);
    if (event.u.reference.present && at_ns > PULSE_SETTLE_S * S)
        score_add(estimates, (double)(event.u.reference.tai.ns - TAI0 - handed),
                  (double)event.u.reference.half_width.ns);
    server_step(server, &event, handed);
}

static bool pulse_seed(uint64_t seed, int hours)
{
    static const struct oscillator_plan plan = {.ppm = 12, .bound_ppm = 50, .wander = 1e-9, .within = true};
    static struct server server;
    struct score line = {0}, estimates = {0};
    server_start(&server, &plan, seed);
    int64_t end = (int64_t)hours * 3600 * S, pulse = S, look = PULSE_SETTLE_S * S + 123456789;
    for (;;) {
        if (look < pulse && look < server.wake_ns) {
            if (look >= end)
                break;
            tai_mono_t raw = {oscillator_read(&server.oscillator, look)};
            if (server.has_line)
                score_add(&line, (double)(line_tai(&server.line, raw).ns - TAI0 - look),
                          (double)line_half_width(&server.line, raw).ns);
            look += S / 4;
        } else if (pulse <= server.wake_ns) {
            server_pulse(&server, pulse, &estimates);
            pulse += S;
        } else {
            struct engine_event event = {.kind = ENGINE_TIMER};
            server_step(&server, &event, server.wake_ns);
        }
    }
    free(server.node);
    free(server.keeper);
    openssl_crypto_close(&server.crypto);
    bool complete = line.count == (uint64_t)(end - PULSE_SETTLE_S * S - 123456789) / (uint64_t)(S / 4) + 1;
    bool good = complete && line.outside == 0 && score_rms(&line) <= PULSE_GOAL_NS;
    printf("pulse seed %llu: %d h, line RMS %.1f ns, worst %.0f ns, half-width %.2f us, outside %llu; "
           "timekeeper alone RMS %.1f ns%s\n",
           (unsigned long long)seed, hours, score_rms(&line), line.worst,
           line.width / (double)line.count / 1e3, (unsigned long long)line.outside, score_rms(&estimates),
           good       ? ""
           : complete ? "  FAILED"
                      : "  FAILED: no line at times");
    return good;
}

/* ---- The oscillator's model in holdover ---- */

enum {
    PERCENTILE_SEEDS = 500,
    SEEDS_LEAST = 30,
    TRAINING_S = 86400,
    HELD_S = 86400,
    TICK_S = 16,
    HORIZONS = 3
};
static const int horizons_s[HORIZONS] = {3600, 21600, 86400};

struct crystal {
    const char *name;
    enum oscillator_class class;
    double wander;         /* relative, per root second */
    double ageing_per_day; /* one sigma, relative */
    double coefficient;    /* one sigma, relative per kelvin */
    double day_k;          /* half of the daily swing of temperature while learning */
    double step_k;         /* largest step while held: two of them, of random size and sign */
    bool sensor;           /* the thermometer is read, in whole kelvins, a minute late */
};
static const struct crystal crystals[] = {
    {"tcxo, thermometer", OSCILLATOR_TCXO, 1e-9, 5e-9, 1e-8, 2, 6, true},
    {"tcxo, no thermometer", OSCILLATOR_TCXO, 1e-9, 5e-9, 2e-9, 2, 6, false},
    {"pc, thermometer", OSCILLATOR_PC, 1.5e-8, 2e-8, 1e-7, 2, 6, true},
    {"pc, no thermometer", OSCILLATOR_PC, 1.5e-8, 2e-8, 2e-8, 2, 6, false},
    {"ocxo, no thermometer", OSCILLATOR_OCXO, 1e-10, 1e-9, 1e-10, 2, 6, false},
};
enum { CRYSTALS = sizeof crystals / sizeof crystals[0] };

struct held {
    double error_ns, width_ns;
};

struct climate {
    double step_k[2];
    int step_at_s[2];
    double now_k, shown_k; /* of the crystal; of the thermometer, which follows */
};

static double outside_k(const struct crystal *c, const struct climate *climate, int t)
{
    double k = c->day_k * sin(2 * 3.14159265358979 * t / 86400);
    for (int i = 0; i < 2; i++)
        if (t >= climate->step_at_s[i])
            k += climate->step_k[i];
    return k;
}

static void holdover_seed(const struct crystal *c, uint64_t seed, struct held ret_held[HORIZONS])
{
    struct rnd root = {seed * 7919 + 17}, walk = rnd_fork(&root, 1), noise = rnd_fork(&root, 2);
    struct rnd draw = rnd_fork(&root, 3);
    double rate = rnd_uniform(&draw, -0.4e-9, 0.4e-9) * oscillator_declared(c->class).ppb;
    double ageing = c->ageing_per_day / 86400 * rnd_gauss(&draw),
           coefficient = c->coefficient * rnd_gauss(&draw);
    struct climate climate = {.now_k = 0};
    for (int i = 0; i < 2; i++) {
        climate.step_k[i] = rnd_uniform(&draw, -c->step_k, c->step_k);
        climate.step_at_s[i] = TRAINING_S + (int)rnd_between(&draw, 60, i == 0 ? 1800 : 36000);
    }
    struct holdover h;
    struct holdover_settings settings = {c->class, oscillator_declared(c->class)};
    holdover_init(&h, &settings);
    double offset_ns = 0; /* TAI - raw - TAI0 */
    for (int t = 0, next = 0; next < HORIZONS; t += TICK_S) {
        int64_t tai = TAI0 + t * S, raw = tai - TAI0 - (int64_t)llround(offset_ns) + 1000 * S;
        struct holdover_temperature sensor = {c->sensor, (int64_t)(315 + lround(climate.shown_k)) * 1000};
        holdover_second(&h, (sync_timeline_t){9}, (tai_mono_t){raw}, sensor);
        if (t <= TRAINING_S)
            holdover_accept(&h, (tai_t){tai + (int64_t)lround(210 * rnd_gauss(&noise))}, 215, 2000);
        struct holdover_prediction p;
        if (t - TRAINING_S >= horizons_s[next] && holdover_predict(&h, &p))
            ret_held[next++] = (struct held){(double)(p.tai.ns - tai), (double)p.half_width_ns};
        double y = rate + coefficient * climate.now_k;
        double w = c->wander * sqrt(TICK_S), a = rnd_gauss(&walk), b = rnd_gauss(&walk);
        /* Exact for a walk of the rate: its integral over the tick has a part of its own. */
        offset_ns += 1e9 * (TICK_S * (y + w * a / 2 + ageing * TICK_S / 2) + w * TICK_S * b / sqrt(12));
        rate += w * a + ageing * TICK_S;
        climate.now_k += (outside_k(c, &climate, t) - climate.now_k) * TICK_S / 300.0;
        climate.shown_k += (climate.now_k - climate.shown_k) * TICK_S / 60.0;
    }
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static double percentile95(double *values, size_t count)
{
    qsort(values, count, sizeof *values, compare);
    return values[(count * 95 + 99) / 100 - 1];
}

static bool holdover_crystal(const struct crystal *c, const struct options *o)
{
    double *errors = calloc(3 * o->seeds * HORIZONS, sizeof *errors);
    BUG_UNLESS(errors != NULL);
    double *widths = errors + o->seeds * HORIZONS;
    size_t outside[HORIZONS] = {0};
    double closest[HORIZONS] = {0};
    for (size_t i = 0; i < o->seeds; i++) {
        struct held held[HORIZONS];
        holdover_seed(c, o->first + i, held);
        for (size_t k = 0; k < HORIZONS; k++) {
            double used = fabs(held[k].error_ns) / held[k].width_ns;
            errors[k * o->seeds + i] = fabs(held[k].error_ns);
            widths[k * o->seeds + i] = held[k].width_ns;
            outside[k] += used > 1;
            closest[k] = fmax(closest[k], used);
            if (used > 1 || o->verbose)
                printf("  seed %llu, %d h: error %.1f us, bound %.1f us\n",
                       (unsigned long long)(o->first + i), horizons_s[k] / 3600, held[k].error_ns / 1e3,
                       held[k].width_ns / 1e3);
        }
    }
    bool good = true;
    for (size_t k = 0; k < HORIZONS; k++) {
        double error = percentile95(errors + k * o->seeds, o->seeds);
        double width = percentile95(widths + k * o->seeds, o->seeds);
        double median = widths[k * o->seeds + o->seeds / 2];
        double most = o->seeds < SEEDS_LEAST ? INFINITY : o->seeds < PERCENTILE_SEEDS ? 8 : 5;
        bool fine = outside[k] == 0 && width <= most * error;
        printf(
            "holdover %s, %d h: error 95%% %.1f us, bound median %.1f, 95%% %.1f us = %.2f x, outside %zu of "
            "%llu, largest error / bound %.2f%s\n",
            c->name, horizons_s[k] / 3600, error / 1e3, median / 1e3, width / 1e3, width / error, outside[k],
            (unsigned long long)o->seeds, closest[k], fine ? "" : "  FAILED");
        good = good && fine;
    }
    free(errors);
    return good;
}

static uint64_t number(const char *text)
{
    char *end;
    uint64_t v = strtoull(text, &end, 10);
    if (*text == '\0' || *end != '\0') {
        fprintf(stderr, "days: %s: not a number\n", text);
        exit(2);
    }
    return v;
}

int main(int argc, char **argv)
{
    struct options o = {.first = 1, .seeds = 1, .hours = 6};
    const char *what = argc > 1 ? argv[1] : "";
    for (int i = 2; i < argc; i++) {
        if (strcmp(argv[i], "-v") == 0)
            o.verbose = true;
        else if (i + 1 < argc && strcmp(argv[i], "--seeds") == 0)
            o.seeds = number(argv[++i]);
        else if (i + 1 < argc && strcmp(argv[i], "--first") == 0)
            o.first = number(argv[++i]);
        else if (i + 1 < argc && strcmp(argv[i], "--hours") == 0)
            o.hours = (int)number(argv[++i]);
        else
            what = "";
    }
    bool good = true, known = o.seeds > 0 && o.hours > 1;
    if (known && strcmp(what, "pulse") == 0) {
        for (uint64_t i = 0; i < o.seeds; i++)
            good = pulse_seed(o.first + i, o.hours) && good;
    } else if (known && strcmp(what, "holdover") == 0) {
        for (size_t i = 0; i < CRYSTALS; i++)
            good = holdover_crystal(&crystals[i], &o) && good;
    } else {
        fprintf(stderr, "usage: days pulse|holdover [--seeds N] [--first N] [--hours N (at least 2)] [-v]\n");
        return 2;
    }
    return good ? 0 : 1;
}
