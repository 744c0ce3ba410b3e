/* SPDX-License-Identifier: Apache-2.0 */
/* What comes from the drivers: dates that cannot be, samples outside what is held, and all else that a source says. */
#include "sdk/sync/line.h"
#include "sdk/time/arith.h"
#include "sdk/time/page.h"
#include "server/clock/core/timekeeper_state.h"

/* Older samples, and those of the future, are the driver's error. */
#define SAMPLE_AGE_NS_MAX (60 * NS_PER_S)
/* So far off is another date: yesterday's, played again, is a day off give or take what is held. */
#define DATE_NS              (TIMEKEEPER_DAY_NS / 2)
#define SAMPLE_FUTURE_NS_MAX (10 * NS_PER_S)

static int64_t size_of(int64_t v)
{
    return v < 0 ? -v : v;
}

static bool sample_is_possible(const struct timekeeper *k, const struct refclock_sample *s)
{
    if (s->raw.ns < 0 || s->raw.ns > PAGE_INSTANT_NS_MAX || s->error_ns < 0 ||
        s->error_ns > TIMEKEEPER_DAY_NS || s->noise_ns < 0 || s->tai.ns < -PAGE_INSTANT_NS_MAX ||
        s->tai.ns > PAGE_INSTANT_NS_MAX)
        return false;
    if (!k->has_now || s->timeline.id != k->timeline.id)
        return !k->has_now || s->timeline.id != 0;
    return s->raw.ns - k->now.ns < SAMPLE_FUTURE_NS_MAX && k->now.ns - s->raw.ns < SAMPLE_AGE_NS_MAX;
}

/* ---- Dates ---- */

/* What is known of the date at `raw`: held, or by two peers or more. */
static bool date_known(const struct timekeeper *k, const struct refclock_sample *s, int64_t *ret_tai_ns)
{
    struct hull_item item;
    if (!k->has_now || s->timeline.id != k->timeline.id ||
        (!timekeeper_held_at(k, s->raw, &item) && !timekeeper_peers_at(k, s->raw, 2, &item)))
        return false;
    *ret_tai_ns = item.earliest_ns + (item.latest_ns - item.earliest_ns) / 2;
    return true;
}

/* Whole eras that lie between, if that is within a day of the difference; 0: none. */
static int64_t eras_of(int64_t difference_ns)
{
    int64_t n = (size_of(difference_ns) + TIMEKEEPER_ERA_NS / 2) / TIMEKEEPER_ERA_NS;
    int64_t rest = size_of(difference_ns) - n * TIMEKEEPER_ERA_NS;
    return size_of(rest) >= TIMEKEEPER_DAY_NS ? 0 : difference_ns < 0 ? -n : n;
}

static enum timekeeper_reason date_fault(const struct timekeeper *k, const struct refclock_sample *s,
                                         int64_t *ret_value)
{
    int64_t first = k->settings.not_before.ns, error = s->error_ns, tai;
    if (date_known(k, s, &tai)) {
        int64_t by = s->tai.ns - tai, eras = eras_of(by);
        if (eras != 0) {
            *ret_value = eras;
            return TIMEKEEPER_WEEKS;
        }
        *ret_value = by;
        return size_of(by) >= DATE_NS ? TIMEKEEPER_DAYS : TIMEKEEPER_NO_REASON;
    }
    int64_t least = k->known.ns > first ? k->known.ns : first;
    if (s->tai.ns + error < least) {
        *ret_value = least - s->tai.ns;
        /* What is before both is no reason to doubt the last known one. */
        return s->tai.ns + error < first ? TIMEKEEPER_TOO_EARLY : TIMEKEEPER_BEFORE_KNOWN;
    }
    *ret_value = s->tai.ns - first - TIMEKEEPER_ERA_NS;
    return *ret_value > 0 ? TIMEKEEPER_ERA_PASSED : TIMEKEEPER_NO_REASON;
}

/* ---- Samples ---- */

static int64_t accuracy_of(const struct refclock_settings *t, bool pulse)
{
    return !pulse && t->serial_accuracy_ns > 0 ? t->serial_accuracy_ns : t->accuracy_ns;
}

/* By how much it has no point in common with what is held. */
static int64_t outside(const struct timekeeper *k, const struct refclock_sample *s)
{
    struct hull_item held;
    if (!k->has_now || s->timeline.id != k->timeline.id || !timekeeper_held_at(k, s->raw, &held))
        return 0;
    int64_t width = s->error_ns + accuracy_of(&k->settings.sources[s->source], s->pulse);
    struct hull_item said = timekeeper_item(s->tai, width);
    return timekeeper_gap(&held, &said);
}

/* By how much it has no point in common with what its own source said while all was in order: both would hold the truth. In the few
 * seconds between no oscillator goes elsewhere by more than a tenth of what its class may do, or eight sigmas of its rate. */
static int64_t jumped(const struct timekeeper *k, const struct refclock_sample *s)
{
    const struct timekeeper_source *src = &k->sources[s->source];
    const struct refclock_estimate *e = &src->steady;
    if (src->verdict != REFCLOCK_ACCEPTED || !src->has_steady || s->timeline.id != k->timeline.id)
        return 0;
    int64_t elapsed = s->raw.ns - e->raw.ns;
    int64_t floor_ppb = oscillator_floor((enum oscillator_class)k->settings.oscillator).ppb / 10 + 1;
    int64_t sigmas_ppb = TIMEKEEPER_SIGMAS * e->rate_sigma_ps_per_s / 1000;
    int64_t ppb = sigmas_ppb > floor_ppb ? sigmas_ppb : floor_ppb;
    int64_t most_ppb = k->settings.rate_bound.ppb;
    int64_t drift =
        bound_growth((tai_span_t){elapsed}, (tai_ppb_t){(int32_t)(ppb < most_ppb ? ppb : most_ppb)}).ns;
    struct hull_item before = timekeeper_item(
        (tai_t){e->tai.ns + elapsed + line_gain_ns(elapsed, e->rate_ps_per_s)}, e->half_width_ns + drift);
    struct hull_item now =
        timekeeper_item(s->tai, s->error_ns + accuracy_of(&k->settings.sources[s->source], s->pulse));
    return timekeeper_gap(&before, &now);
}

/* It may fall silent before there is an estimate of what it says since. */
static void begin_story(const struct timekeeper *k, const struct refclock_sample *s,
                        struct timekeeper_source *src)
{
    struct hull_item held;
    src->has_story = timekeeper_held_at(k, s->raw, &held);
    if (!src->has_story)
        return;
    src->story_fit = src->estimate.fit;
    src->story_ns = s->tai.ns - held.earliest_ns - (held.latest_ns - held.earliest_ns) / 2;
}

/* Refuses a sample of a bad date or far from what is held. A source that counts, or is about to, is allowed a glitch. */
static bool is_refused(struct timekeeper *k, const struct refclock_sample *s)
{
    struct timekeeper_source *src = &k->sources[s->source];
    int64_t value = 0;
    enum refclock_verdict verdict = REFCLOCK_ERA;
    enum timekeeper_reason reason = date_fault(k, s, &value);
    bool trusted = src->verdict == REFCLOCK_ACCEPTED || src->verdict == REFCLOCK_QUARANTINED;
    if (reason == TIMEKEEPER_NO_REASON && trusted) {
        int64_t by = jumped(k, s), off = outside(k, s);
        reason = by > 0 ? TIMEKEEPER_STEP : off > 0 ? TIMEKEEPER_DRAG : TIMEKEEPER_NO_REASON;
        value = by > off ? by : off;
        verdict = REFCLOCK_SUSPECT;
    }
    if (reason == TIMEKEEPER_NO_REASON) {
        src->off_samples = 0;
        return false;
    }
    if (trusted && ++src->off_samples < TIMEKEEPER_RUN)
        return true;
    refclock_filter_reset(&src->filter); /* what it says from now on is judged anew */
    if (verdict != REFCLOCK_SUSPECT) {
        timekeeper_set(k, s->source, verdict, reason, value);
        return true;
    }
    timekeeper_suspect(k, s->source, reason, value, reason == TIMEKEEPER_STEP);
    if (src->stepped)
        begin_story(k, s, src);
    return true;
}

static void count_in(struct timekeeper *k, const struct refclock_sample *s)
{
    struct timekeeper_source *src = &k->sources[s->source];
    enum refclock_filter_verdict v = refclock_filter_add(&src->filter, s);
    if (v == REFCLOCK_FILTER_SET_ASIDE || v == REFCLOCK_FILTER_OLD || v == REFCLOCK_FILTER_RANGE) {
        src->refused++;
        src->aside = v == REFCLOCK_FILTER_SET_ASIDE ? src->aside + 1 : src->aside;
        /* A spoofer's impossible rate must not be what the truth is measured by afterwards. */
        if (src->aside >= TIMEKEEPER_ASIDE && src->verdict != REFCLOCK_ACCEPTED) {
            refclock_filter_reset(&src->filter);
            src->aside = 0;
        }
        return;
    }
    src->aside = 0;
    src->taken++;
    src->has_sample = true;
    src->sample_ns = s->raw.ns;
    src->pulse = s->pulse;
    switch (src->verdict) {
    case REFCLOCK_QUARANTINED:
        if (v == REFCLOCK_FILTER_JUMPED)
            timekeeper_quarantine(k, s->source, s->raw.ns, TIMEKEEPER_NOT_STEADY, 0);
        return;
    case REFCLOCK_ACCEPTED:
    case REFCLOCK_SUSPECT: /* the second decides */
        return;
    case REFCLOCK_SILENT:
    case REFCLOCK_ERA:
    case REFCLOCK_SMEARED:
    case REFCLOCK_REFUSED:
    case REFCLOCK_VERDICTS:
        break;
    }
    src->said = NULL;
    if (src->stepped) { /* a fix lost since then is no step back */
        timekeeper_set(k, s->source, REFCLOCK_SUSPECT, TIMEKEEPER_STEP, size_of(src->story_ns));
        return;
    }
    timekeeper_quarantine(k, s->source, s->raw.ns, src->returned ? TIMEKEEPER_CAME_BACK : TIMEKEEPER_NEW, 0);
}

void timekeeper_sample(struct timekeeper *keeper, const struct refclock_sample *sample)
{
    if (sample->source >= keeper->settings.sources_count)
        return;
    if (!sample_is_possible(keeper, sample) || is_refused(keeper, sample)) {
        keeper->sources[sample->source].refused++;
        return;
    }
    count_in(keeper, sample);
}

/* ---- All else ---- */

static bool table_is_valid(const struct timekeeper *k)
{
    struct hull_item held;
    tai_t now = k->settings.not_before;
    if (k->has_now && timekeeper_held_at(k, k->now, &held))
        now.ns = held.latest_ns;
    return k->table.expires.ns > now.ns;
}

void timekeeper_leap(struct timekeeper *keeper, const struct refclock_leap *leap)
{
    if (leap->source >= keeper->settings.sources_count)
        return;
    struct timekeeper_source *s = &keeper->sources[leap->source];
    s->has_tai_utc = leap->has_tai_utc;
    s->tai_utc_s = leap->tai_utc_s;
    bool differs = leap->has_tai_utc && table_is_valid(keeper) &&
                   leap->tai_utc_s != keeper->table.tai_utc_s &&
                   leap->tai_utc_s != keeper->table.next_tai_utc_s;
    if (differs && !s->leap_told)
        timekeeper_report(keeper, (struct timekeeper_report){.kind = TIMEKEEPER_SAYS_LEAP,
                                                             .source = leap->source,
                                                             .verdict = s->verdict,
                                                             .value = leap->tai_utc_s});
    s->leap_told = differs;
}

void timekeeper_show(struct timekeeper *keeper, const struct refclock_evidence *evidence)
{
    if (evidence->source >= keeper->settings.sources_count)
        return;
    struct timekeeper_source *s = &keeper->sources[evidence->source];
    s->evidence = *evidence;
    if (s->evidence.satellites_count > REFCLOCK_SATELLITES_MAX)
        s->evidence.satellites_count = REFCLOCK_SATELLITES_MAX;
    s->evidence.device[REFCLOCK_DEVICE_MAX - 1] = 0;
    s->has_evidence = true;
    uint8_t bits =
        evidence_look(&s->watch, keeper->settings.sources[evidence->source].surveyed, &s->evidence);
    unsigned fresh = bits & ~(unsigned)s->bits;
    s->bits = bits;
    if (fresh != 0)
        timekeeper_report(keeper, (struct timekeeper_report){.kind = TIMEKEEPER_SAYS_EVIDENCE,
                                                             .source = evidence->source,
                                                             .verdict = s->verdict,
                                                             .value = fresh});
}

void timekeeper_lost(struct timekeeper *keeper, uint8_t source, enum refclock_verdict verdict,
                     const char *why)
{
    if (source >= keeper->settings.sources_count)
        return;
    if (verdict != REFCLOCK_REFUSED && verdict != REFCLOCK_SMEARED && verdict != REFCLOCK_ERA)
        verdict = REFCLOCK_SILENT;
    keeper->sources[source].said = why;
    refclock_filter_reset(&keeper->sources[source].filter);
    timekeeper_set(keeper, source, verdict, TIMEKEEPER_DRIVER_SAYS, 0);
}
