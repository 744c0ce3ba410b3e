/* SPDX-License-Identifier: Apache-2.0 */
/* What the timekeeper shows. */
#include <string.h>

#include "sdk/time/arith.h"
#include "server/clock/core/timekeeper_state.h"

static void view_source(const struct timekeeper *k, size_t i, tai_mono_t raw,
                        struct timekeeper_source_view *v)
{
    const struct refclock_settings *c = &k->settings.sources[i];
    const struct timekeeper_source *s = &k->sources[i];
    *v = (struct timekeeper_source_view){.driver = c->driver,
                                         .kind = timekeeper_kind(c),
                                         .group = c->group,
                                         .verdict = s->verdict,
                                         .reason = s->reason,
                                         .value = s->value,
                                         .said = s->said,
                                         .speaks = s->speaks,
                                         .age_ns = s->has_sample ? raw.ns - s->sample_ns : -1,
                                         .pulse = s->pulse,
                                         .has_tai_utc = s->has_tai_utc,
                                         .tai_utc_s = s->tai_utc_s,
                                         .evidence = s->bits,
                                         .taken = s->taken,
                                         .refused = s->refused};
    memcpy(v->name, c->name, sizeof v->name);
    v->name[sizeof v->name - 1] = 0;
    if (s->verdict == REFCLOCK_QUARANTINED) {
        int64_t left = timekeeper_quarantine_ns(k, i) - (k->now.ns - s->since_ns);
        v->quarantine_ns = left > 0 ? left : 0;
    }
    if (!s->speaks)
        return;
    v->sigma_ns = s->estimate.sigma_ns;
    v->half_width_ns = s->estimate.half_width_ns;
    v->rate_ps_per_s = s->estimate.rate_ps_per_s;
    v->samples = s->estimate.samples;
    if (!k->reference.present || !arith_sub(s->estimate.tai.ns, k->reference.tai.ns, &v->offset_ns))
        v->offset_ns = INT64_MAX;
}

void timekeeper_view(const struct timekeeper *keeper, tai_mono_t raw, struct timekeeper_view *ret_view)
{
    struct timekeeper_view v = {.reference = keeper->reference,
                                .voices = keeper->voices,
                                .f = keeper->f,
                                .holdover_ns = keeper->held ? keeper->prediction.held_ns : -1,
                                .doubt = keeper->doubt,
                                .budget = keeper->budget,
                                .sources_count = keeper->settings.sources_count};
    if (keeper->counts)
        v.holdover_ns = 0;
    for (size_t i = 0; i < v.sources_count; i++)
        view_source(keeper, i, raw, &v.sources[i]);
    *ret_view = v;
}

void timekeeper_oscillator(const struct timekeeper *keeper, struct view_oscillator *ret_view)
{
    holdover_view(&keeper->holdover, ret_view);
}

const struct refclock_evidence *timekeeper_evidence_of(const struct timekeeper *keeper, uint8_t source)
{
    if (source >= keeper->settings.sources_count || !keeper->sources[source].has_evidence)
        return NULL;
    return &keeper->sources[source].evidence;
}
