/* SPDX-License-Identifier: Apache-2.0 */
#include "server/clock/core/refclock_filter.h"

#include "sdk/base/bug.h"
#include "sdk/sync/line.h"
#include "sdk/time/arith.h"

#define READING_NS_MAX (INT64_C(1) << 61)
#define OFFSET_NS_MAX  (INT64_C(1) << 62)
#define WIDTH_NS_MAX   INT64_C(1000000000000000) /* 11 days: nothing worse is a source of time */
#define PS_PER_PPB     INT64_C(1000)
enum {
    NOISE_OF_ERROR = 3, /* a bound is about three sigmas, until the noise has been measured */
    NOISE_LEAST_DIV = 4 /* of the noise that a source expects: the least that is believed */
};

static void tracks_init(struct refclock_filter *filter)
{
    const struct refclock_filter_settings *s = &filter->settings;
    int64_t declared = s->rate_bound.ppb * PS_PER_PPB;
    struct track_settings track = {.rate_ps_per_s = s->rate_ps_per_s, .rate_sigma_ps_per_s = declared};
    if (s->rate_sigma_ps_per_s > 0 && s->rate_sigma_ps_per_s < declared)
        track.rate_sigma_ps_per_s = s->rate_sigma_ps_per_s;
    for (size_t i = 0; i < 2; i++) {
        struct refclock_track *t = &filter->tracks[i];
        *t = (struct refclock_track){.bound_ps = declared};
        track_init(&t->track, &track);
        ageing_init(&t->ageing);
    }
}

void refclock_filter_init(struct refclock_filter *filter, const struct refclock_filter_settings *settings)
{
    BUG_UNLESS(settings->accuracy_ns > 0 && settings->message_accuracy_ns >= 0);
    BUG_UNLESS(settings->rate_bound.ppb > 0 && settings->floor.ppb >= 0);
    *filter = (struct refclock_filter){.settings = *settings};
    tracks_init(filter);
}

void refclock_filter_reset(struct refclock_filter *filter)
{
    filter->timeline.id = 0;
    tracks_init(filter);
}

static bool sample_possible(const struct refclock_filter *filter, const struct refclock_sample *sample,
                            struct refclock_kept *ret_kept)
{
    const struct refclock_filter_settings *s = &filter->settings;
    int64_t accuracy = !sample->pulse && s->message_accuracy_ns > 0 ? s->message_accuracy_ns : s->accuracy_ns;
    int64_t offset;
    if (sample->timeline.id == 0 || sample->raw.ns < 0 || sample->raw.ns > READING_NS_MAX ||
        !arith_sub(sample->tai.ns, sample->raw.ns, &offset) || offset >= OFFSET_NS_MAX ||
        offset <= -OFFSET_NS_MAX || sample->error_ns < 0 || sample->error_ns > WIDTH_NS_MAX ||
        accuracy > WIDTH_NS_MAX || sample->noise_ns < 0 || sample->noise_ns > WIDTH_NS_MAX)
        return false;
    *ret_kept = (struct refclock_kept){sample->raw.ns, sample->tai.ns, sample->error_ns + accuracy};
    return true;
}

static void keep(struct refclock_track *t, const struct refclock_kept *sample)
{
    t->kept[t->kept_next] = *sample;
    t->kept_next = (t->kept_next + 1) % REFCLOCK_KEPT;
    t->kept_count += t->kept_count < REFCLOCK_KEPT;
    t->taken_ns = sample->raw_ns;
}

/* The last TRACK_RUN that were set aside. */
static void put_aside(struct refclock_track *t, const struct refclock_kept *sample)
{
    if (t->aside_count == TRACK_RUN) {
        for (size_t i = 1; i < TRACK_RUN; i++)
            t->aside[i - 1] = t->aside[i];
        t->aside_count--;
    }
    t->aside[t->aside_count++] = *sample;
}

static int64_t distance(int64_t a, int64_t b)
{
    return a > b ? a - b : b - a;
}

/* The bound that one sample sets to how far TAI at raw_ns can be from tai_ns. */
static int64_t width_by(const struct refclock_track *t, const struct refclock_kept *sample, int64_t raw_ns,
                        int64_t tai_ns)
{
    int64_t elapsed = raw_ns - sample->raw_ns, age = elapsed < 0 ? -elapsed : elapsed;
    int64_t expected = sample->tai_ns + elapsed + line_gain_ns(elapsed, t->rate_ps);
    /* Two nanoseconds for the rounding of either gain. */
    return sample->width_ns + distance(expected, tai_ns) + line_gain_ns(age, t->bound_ps) + 2;
}

static int64_t width_at(const struct refclock_track *t, int64_t raw_ns, int64_t tai_ns)
{
    int64_t least = INT64_MAX;
    for (size_t i = 0; i < t->kept_count; i++) {
        int64_t width = width_by(t, &t->kept[i], raw_ns, tai_ns);
        if (width < least)
            least = width;
    }
    return least;
}

static void learn_ageing(const struct refclock_filter *filter, struct refclock_track *t, int64_t raw_ns)
{
    struct track_estimate e;
    if (!track_estimate(&t->track, raw_ns, &e))
        return;
    int64_t width = width_at(t, raw_ns, raw_ns + e.offset_ns);
    struct ageing_mark mark = {raw_ns, e.offset_ns - width, e.offset_ns + width};
    struct ageing_limits limits = {.declared_ps = filter->settings.rate_bound.ppb * PS_PER_PPB,
                                   .floor_ps = filter->settings.floor.ppb * PS_PER_PPB,
                                   .wander_ps = e.wander_ps_per_s,
                                   .estimated_ps = e.rate_ps_per_s};
    ageing_note(&t->ageing, mark);
    ageing_bound(&t->ageing, mark, &limits, &t->rate_ps, &t->bound_ps);
}

/* The fit is another one now: it rests on the samples that had been set aside, and on nothing before. */
static void start_anew(const struct refclock_filter *filter, struct refclock_track *t)
{
    t->kept_count = t->kept_next = 0;
    for (size_t i = 0; i < t->aside_count; i++)
        keep(t, &t->aside[i]);
    t->aside_count = 0;
    ageing_init(&t->ageing);
    t->rate_ps = 0;
    t->bound_ps = filter->settings.rate_bound.ppb * PS_PER_PPB;
}

enum refclock_filter_verdict refclock_filter_add(struct refclock_filter *filter,
                                                 const struct refclock_sample *sample)
{
    struct refclock_kept kept;
    if (!sample_possible(filter, sample, &kept))
        return REFCLOCK_FILTER_RANGE;
    if (filter->timeline.id != sample->timeline.id)
        refclock_filter_reset(filter);
    filter->timeline = sample->timeline;
    struct refclock_track *t = &filter->tracks[sample->pulse];
    int64_t noise = sample->noise_ns > 0 ? sample->noise_ns : sample->error_ns / NOISE_OF_ERROR + 1;
    enum track_verdict verdict = track_add(&t->track, sample->raw.ns, sample->tai.ns - sample->raw.ns, noise,
                                           sample->noise_ns / NOISE_LEAST_DIV);
    if (verdict == TRACK_OLD)
        return REFCLOCK_FILTER_OLD;
    if (verdict == TRACK_SET_ASIDE) {
        put_aside(t, &kept);
        filter->outliers += filter->outliers < UINT32_MAX;
        return REFCLOCK_FILTER_SET_ASIDE;
    }
    filter->fits[sample->pulse] += verdict == TRACK_BEGAN || verdict == TRACK_JUMPED;
    if (verdict == TRACK_STEERED || verdict == TRACK_JUMPED) {
        put_aside(t, &kept);
        start_anew(filter, t);
    } else {
        keep(t, &kept);
        t->aside_count = 0;
    }
    learn_ageing(filter, t, sample->raw.ns);
    return verdict == TRACK_BEGAN    ? REFCLOCK_FILTER_NEW
           : verdict == TRACK_JUMPED ? REFCLOCK_FILTER_JUMPED
                                     : REFCLOCK_FILTER_TAKEN;
}

static bool estimate_of(const struct refclock_track *t, int64_t raw_ns,
                        struct refclock_estimate *ret_estimate)
{
    struct track_estimate e;
    int64_t age = raw_ns - t->taken_ns;
    int64_t life = REFCLOCK_LIFE_NS + REFCLOCK_LIFE_INTERVALS * t->track.interval_ns;
    if (t->kept_count == 0 || age > life || !track_estimate(&t->track, raw_ns, &e))
        return false;
    int64_t tai = raw_ns + e.offset_ns;
    int64_t growth = t->bound_ps + distance(e.rate_ps_per_s, t->rate_ps);
    *ret_estimate = (struct refclock_estimate){
        .raw = {raw_ns},
        .tai = {tai},
        .sigma_ns = e.sigma_ns,
        .half_width_ns = width_at(t, raw_ns, tai),
        .growth = {(int32_t)(growth / PS_PER_PPB + 1)},
        .rate_ps_per_s = e.rate_ps_per_s,
        .rate_sigma_ps_per_s = e.rate_sigma_ps_per_s,
        .samples = t->track.samples,
        .age_ns = age > 0 ? age : 0,
        .noise_ns = e.noise_ns,
        .wander_ps_per_s = e.wander_ps_per_s,
    };
    return true;
}

bool refclock_filter_estimate(const struct refclock_filter *filter, tai_mono_t raw,
                              struct refclock_estimate *ret_estimate)
{
    struct refclock_estimate by[2];
    bool has[2];
    for (size_t i = 0; i < 2; i++)
        has[i] = estimate_of(&filter->tracks[i], raw.ns, &by[i]);
    if (!has[0] && !has[1])
        return false;
    bool pulse = has[1] && (!has[0] || by[1].half_width_ns <= by[0].half_width_ns);
    *ret_estimate = by[pulse];
    ret_estimate->pulse = pulse;
    /* Going from one kind to the other is another fit too. */
    ret_estimate->fit = filter->fits[pulse] << 1 | pulse;
    return true;
}
