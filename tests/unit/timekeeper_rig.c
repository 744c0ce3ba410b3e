/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/timekeeper_rig.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t u64(struct rig *rig)
{
    uint64_t z = rig->random += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

static double uniform(struct rig *rig)
{
    return ((double)(u64(rig) >> 11) + 0.5) / 9007199254740992.0;
}

/* Marsaglia's polar method; cut at four sigma, so that a source's error bound can hold. */
static double normal(struct rig *rig)
{
    for (;;) {
        double a = 2 * uniform(rig) - 1, b = 2 * uniform(rig) - 1, s = a * a + b * b;
        if (s >= 1 || s <= 0)
            continue;
        double v = a * sqrt(-2 * log(s) / s);
        if (fabs(v) <= 4)
            return v;
    }
}

void rig_start(struct rig *rig, uint64_t seed, enum oscillator_class class, double wander)
{
    memset(rig, 0, sizeof *rig);
    rig->random = seed;
    rig->wander = wander;
    rig->walk = 3e-6;
    rig->true_ns = RIG_T0_NS;
    rig->raw_ns = 1000 * RIG_S;
    rig->timeline = 77;
    rig->settings.oscillator = (uint8_t) class;
    rig->settings.rate_bound = oscillator_declared(class);
    rig->settings.not_before.ns = RIG_T0_NS - 90 * TIMEKEEPER_DAY_NS;
    if (rig->walk > 1e-9 * rig->settings.rate_bound.ppb / 4)
        rig->walk = 1e-9 * rig->settings.rate_bound.ppb / 4;
}

size_t rig_add(struct rig *rig, enum refclock_driver driver, int64_t accuracy_ns, double noise_ns)
{
    size_t i = rig->settings.sources_count++;
    struct refclock_settings *s = &rig->settings.sources[i];
    *s = (struct refclock_settings){.driver = driver, .accuracy_ns = accuracy_ns, .surveyed = true};
    (void)snprintf(s->name, sizeof s->name, "source%zu", i);
    rig->sources[i] = (struct rig_source){.on = true,
                                          .pulse = driver == REFCLOCK_GPSD,
                                          .noise_ns = noise_ns,
                                          .error_ns = (int64_t)(4 * noise_ns) + 1};
    return i;
}

void rig_begin(struct rig *rig, const struct timekeeper_memory *memory)
{
    if (rig->keeper == NULL)
        rig->keeper = malloc(timekeeper_size());
    if (rig->keeper == NULL || timekeeper_init(rig->keeper, &rig->settings) != TAI_OK)
        abort();
    if (memory != NULL)
        timekeeper_recall(rig->keeper, memory);
}

struct refclock_sample rig_sample(struct rig *rig, size_t source)
{
    struct rig_source *s = &rig->sources[source];
    double error = s->bias_ns + s->noise_ns * normal(rig) + s->dragged_ns;
    return (struct refclock_sample){.source = (uint8_t)source,
                                    .pulse = s->pulse,
                                    .timeline = {rig->timeline},
                                    .raw = {rig->raw_ns},
                                    .tai = {rig->true_ns + s->step_ns + (int64_t)floor(error + 0.5)},
                                    .error_ns = s->error_ns};
}

static void advance(struct rig *rig)
{
    rig->walk += rig->wander * normal(rig);
    rig->y = rig->walk;
    if (rig->swing_period_s > 0)
        rig->y += rig->swing * sin(6.283185307179586 * (double)rig->second / rig->swing_period_s);
    rig->warmth_k += (rig->heat_k - rig->warmth_k) / 120;
    rig->shown_k += (rig->warmth_k - rig->shown_k) / 60;
    rig->y += rig->coefficient * rig->warmth_k + rig->common;
    rig->true_ns += RIG_S;
    double more = rig->y * 1e9 + rig->raw_fraction;
    rig->raw_ns += RIG_S + (int64_t)floor(more);
    rig->raw_fraction = more - floor(more);
    rig->second++;
}

void rig_crystals(struct rig *rig, unsigned count)
{
    rig->has_peers = true;
    rig->crystals_count = count;
    rig->peers.servers = count;
    for (unsigned i = 0; i < count; i++)
        rig->crystals[i].walk = 1e-6 * (double)i;
}

/* What an envelope makes of it: rates of a minute ago, and 2 ns/s of noise that stays for a minute. */
static void show_crystals(struct rig *rig)
{
    struct timekeeper_peers *p = &rig->peers;
    p->raw.ns = rig->raw_ns;
    p->crystals_count = 0;
    for (unsigned i = 0; i < rig->crystals_count; i++) {
        struct rig_crystal *c = &rig->crystals[i];
        c->walk += rig->wander * normal(rig);
        double is = 1e9 * (c->walk + c->step + rig->common - rig->y);
        c->shown_ns_per_s += rig->second < 60 ? is - c->shown_ns_per_s : (is - c->shown_ns_per_s) / 60;
        c->noise_ns_per_s += -c->noise_ns_per_s / 60 + 2 * sqrt(2 / 60.0) * normal(rig);
        if (!c->silent)
            p->crystals[p->crystals_count++] = (struct flywheel_reading){
                {i + 2}, (int64_t)(1e3 * (c->shown_ns_per_s + c->noise_ns_per_s)), 2000};
    }
}

static void count_reports(struct rig *rig, const struct timekeeper_reports *reports)
{
    for (uint32_t i = 0; i < reports->count; i++) {
        const struct timekeeper_report *r = &reports->items[i];
        rig->suspicions += r->kind == TIMEKEEPER_SAYS_VERDICT && r->verdict == REFCLOCK_SUSPECT;
        rig->doubts += r->kind == TIMEKEEPER_SAYS_DOUBT && r->value == 1;
        rig->refuted += r->kind == TIMEKEEPER_SAYS_REFUTED;
    }
}

void rig_second(struct rig *rig)
{
    advance(rig);
    for (size_t i = 0; i < rig->settings.sources_count; i++) {
        struct rig_source *s = &rig->sources[i];
        s->dragged_ns += s->drag_ns_per_s;
        if (!s->on || (s->every_s > 1 && rig->second % s->every_s != 0))
            continue;
        struct refclock_sample sample = rig_sample(rig, i);
        timekeeper_sample(rig->keeper, &sample);
    }
    if (rig->sensor_k > 0) {
        double steps = floor(rig->shown_k / rig->sensor_k + 0.5);
        timekeeper_temperature(rig->keeper, (struct holdover_temperature){
                                                true, 315000 + (int64_t)(1000 * rig->sensor_k * steps)});
    }
    if (rig->crystals_count > 0)
        show_crystals(rig);
    if (rig->has_peers)
        timekeeper_peers(rig->keeper, &rig->peers);
    struct engine_now now = {.timeline = {rig->timeline}, .raw = {rig->raw_ns}};
    struct timekeeper_reports reports;
    timekeeper_second(rig->keeper, &now, &rig->reference, &reports);
    timekeeper_view(rig->keeper, now.raw, &rig->view);
    count_reports(rig, &reports);
    rig->error_ns = rig->reference.present ? rig->reference.tai.ns - rig->true_ns : 0;
    int64_t size = rig->error_ns < 0 ? -rig->error_ns : rig->error_ns;
    rig->is_true = !rig->reference.present || size <= rig->reference.half_width.ns;
    rig->false_seconds += !rig->is_true;
    rig->absent_seconds += !rig->reference.present;
    rig->worst_ns = size > rig->worst_ns ? size : rig->worst_ns;
}

void rig_seconds(struct rig *rig, unsigned count)
{
    while (count-- > 0)
        rig_second(rig);
}

void rig_clear(struct rig *rig)
{
    rig->false_seconds = rig->absent_seconds = rig->suspicions = rig->doubts = rig->refuted = 0;
    rig->worst_ns = 0;
}

void rig_end(struct rig *rig)
{
    free(rig->keeper);
    rig->keeper = NULL;
}

enum refclock_verdict rig_verdict(const struct rig *rig, size_t source)
{
    return rig->keeper->sources[source].verdict;
}

enum timekeeper_reason rig_reason(const struct rig *rig, size_t source)
{
    return rig->keeper->sources[source].reason;
}
