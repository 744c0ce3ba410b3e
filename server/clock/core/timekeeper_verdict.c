/* SPDX-License-Identifier: Apache-2.0 */
/* Who is believed this second. */
#include "server/clock/core/timekeeper_judge.h"
#include "sdk/time/arith.h"
#include "sdk/time/page.h"
#include "server/clock/core/timekeeper_state.h"

/* A voice is set against a zero that all share; further off than this they are all as far. */
#define FAR_NS (INT64_C(1) << 60)
/* A suspect whose filter begins again speaks in a moment. */
#define SUSPECT_SILENT_NS (60 * NS_PER_S)

static int64_t size_of(int64_t v)
{
    return v < 0 ? -v : v;
}

static struct hull_item interval_of(const struct timekeeper_source *s)
{
    return timekeeper_item(s->estimate.tai, s->estimate.half_width_ns);
}

/* ---- One source against what is known apart from it ---- */

/* From the beginning of its quarantine on it cannot have run otherwise than an oscillator does. */
static int64_t unsteady(const struct timekeeper *k, const struct timekeeper_source *s)
{
    const struct refclock_estimate *a = &s->first, *b = &s->estimate;
    int64_t elapsed = b->raw.ns - a->raw.ns;
    int64_t drift = bound_growth((tai_span_t){elapsed}, k->settings.rate_bound).ns;
    struct hull_item then = timekeeper_item((tai_t){a->tai.ns + elapsed}, a->half_width_ns + drift),
                     now = interval_of(s);
    return timekeeper_gap(&then, &now);
}

/* The oldest witness that excludes it; WITNESS_LEVELS: none. */
static unsigned excluded_by(const struct timekeeper *k, const struct hull_item *said, int64_t *ret_by_ns)
{
    for (unsigned i = WITNESS_LEVELS; i-- > 0;) {
        struct holdover_prediction p;
        if (!witnesses_predict(&k->witnesses, i, &p))
            continue;
        struct hull_item w = timekeeper_item(p.tai, p.half_width_ns);
        if ((*ret_by_ns = timekeeper_gap(said, &w)) > 0)
            return i;
    }
    *ret_by_ns = 0;
    return WITNESS_LEVELS;
}

static enum timekeeper_reason disagreement(const struct timekeeper *k, const struct timekeeper_source *s,
                                           int64_t *ret_value)
{
    struct hull_item said = interval_of(s), other;
    if (timekeeper_held_at(k, k->now, &other) && (*ret_value = timekeeper_gap(&said, &other)) > 0)
        return s->stepped ? TIMEKEEPER_STEP : TIMEKEEPER_DRAG;
    if (excluded_by(k, &said, ret_value) < WITNESS_LEVELS)
        return TIMEKEEPER_DRAG;
    if (timekeeper_peers_allow(k, 2, &other) && (*ret_value = timekeeper_gap(&said, &other)) > 0)
        return TIMEKEEPER_PEERS;
    if (s->verdict == REFCLOCK_QUARANTINED && s->has_first && (*ret_value = unsteady(k, s)) > 0)
        return TIMEKEEPER_NOT_STEADY;
    return TIMEKEEPER_NO_REASON;
}

/* ---- Suspicion ---- */

/* What is held has been taken along by a source that a witness excludes: it goes on from the witness instead. */
static void return_to_witness(struct timekeeper *k, size_t source)
{
    int64_t by;
    struct hull_item said = interval_of(&k->sources[source]);
    unsigned level = excluded_by(k, &said, &by);
    if (level == WITNESS_LEVELS || (k->held_by & 1u << source) == 0)
        return;
    witnesses_return_to(&k->witnesses, level, &k->holdover);
    k->doubt = false;
    k->held = holdover_predict(&k->holdover, &k->prediction);
}

void timekeeper_suspect(struct timekeeper *keeper, size_t source, enum timekeeper_reason reason,
                        int64_t value, bool stepped)
{
    struct timekeeper_source *s = &keeper->sources[source];
    bool counted = s->verdict == REFCLOCK_ACCEPTED;
    timekeeper_set(keeper, source, REFCLOCK_SUSPECT, reason, value);
    s->stepped = stepped;
    s->has_story = false;
    if (counted && s->speaks && !stepped)
        return_to_witness(keeper, source);
}

/* Whether another source that counts says the same. */
static bool others_confirm(const struct timekeeper *k, const struct timekeeper_source *s)
{
    struct hull_item said = interval_of(s);
    for (size_t i = 0; i < k->settings.sources_count; i++) {
        const struct timekeeper_source *o = &k->sources[i];
        if (o == s || o->verdict != REFCLOCK_ACCEPTED || !o->speaks)
            continue;
        struct hull_item other = interval_of(o);
        if (timekeeper_gap(&said, &other) == 0)
            return true;
    }
    return false;
}

/* A source that stepped away goes on with its lie until it steps back: what is held grows, and would cover the lie some day, but that
 * is no agreement. */
static bool same_story(const struct timekeeper *k, struct timekeeper_source *s, bool off)
{
    if (!s->stepped || !k->held || others_confirm(k, s))
        return false;
    int64_t by = s->estimate.tai.ns - k->prediction.tai.ns;
    if (!s->has_story || (off && (s->story_fit != s->estimate.fit || size_of(by) > size_of(s->story_ns)))) {
        s->has_story = true;
        s->story_ns = by;
        s->story_fit = s->estimate.fit;
    }
    bool stepped_back = s->story_fit != s->estimate.fit && size_of(by) <= size_of(s->story_ns) / 2;
    s->story_fit = s->estimate.fit;
    return !stepped_back;
}

static void look_at_suspect(struct timekeeper *k, size_t source, enum timekeeper_reason reason, int64_t value)
{
    struct timekeeper_source *s = &k->sources[source];
    bool off = reason != TIMEKEEPER_NO_REASON;
    bool same = same_story(k, s, off);
    if (off) /* for the reason that it was found out by */
        timekeeper_set(k, source, REFCLOCK_SUSPECT, s->reason, value);
    else if (same)
        timekeeper_set(k, source, REFCLOCK_SUSPECT, TIMEKEEPER_STEP, size_of(s->story_ns));
    else
        timekeeper_quarantine(k, source, k->now.ns, TIMEKEEPER_CAME_BACK, 0);
}

static void look_at(struct timekeeper *k, size_t source)
{
    struct timekeeper_source *s = &k->sources[source];
    int64_t value = 0;
    s->eligible = false;
    if (s->verdict == REFCLOCK_QUARANTINED && !s->has_first) {
        s->first = s->estimate;
        s->has_first = true;
    }
    enum timekeeper_reason reason = disagreement(k, s, &value);
    bool off = reason != TIMEKEEPER_NO_REASON;
    s->off_seconds = off ? s->off_seconds + 1 : 0;
    if (s->verdict == REFCLOCK_SUSPECT) {
        look_at_suspect(k, source, reason, value);
        return;
    }
    if (reason == TIMEKEEPER_NOT_STEADY)
        timekeeper_quarantine(k, source, k->now.ns, reason, value);
    else if (s->off_seconds >= TIMEKEEPER_RUN)
        timekeeper_suspect(k, source, reason, value, false);
    if (s->verdict != REFCLOCK_QUARANTINED || off)
        return;
    int64_t left = timekeeper_quarantine_ns(k, source) - (k->now.ns - s->since_ns);
    s->eligible = left <= 0;
    if (s->reason == TIMEKEEPER_NEW || s->reason == TIMEKEEPER_CAME_BACK)
        s->value = left > 0 ? left : 0;
    /* With a wrong count of leap seconds a receiver that has just begun is wrong by them; it finds out within 13 minutes. A table that
     * has expired at the receiver's date refutes no count (gps_leap.h). */
    if (s->leap_told && !k->held && k->table.expires.ns > s->estimate.tai.ns)
        timekeeper_quarantine(k, source, k->now.ns, TIMEKEEPER_LEAP_COUNT, s->tai_utc_s);
}

static void hear(struct timekeeper *k, size_t source)
{
    struct timekeeper_source *s = &k->sources[source];
    s->speaks =
        refclock_filter_estimate(&s->filter, k->now, &s->estimate) && s->filter.timeline.id == k->timeline.id;
    s->has_steady = s->speaks && (s->off_samples == 0 || s->has_steady);
    if (s->speaks && s->off_samples == 0)
        s->steady = s->estimate;
    bool listens = s->verdict == REFCLOCK_ACCEPTED || s->verdict == REFCLOCK_QUARANTINED ||
                   s->verdict == REFCLOCK_SUSPECT;
    if (!listens)
        return;
    if (s->speaks)
        look_at(k, source);
    else if (s->verdict != REFCLOCK_SUSPECT || k->now.ns - s->sample_ns > SUSPECT_SILENT_NS)
        timekeeper_set(k, source, REFCLOCK_SILENT, TIMEKEEPER_NOTHING_CAME, 0);
}

/* ---- All together ---- */

struct hearing {
    struct judge_voice voices[REFCLOCKS_MAX];
    uint8_t sources[REFCLOCKS_MAX];
    size_t count;
};

static void let_speak(const struct timekeeper *k, struct hearing *h, size_t source, tai_t zero)
{
    const struct timekeeper_source *s = &k->sources[source];
    struct hull_item item = interval_of(s);
    int64_t half = s->estimate.half_width_ns, by;
    if (!arith_sub(item.earliest_ns, zero.ns, &by) || by > FAR_NS || by < -FAR_NS)
        by = item.earliest_ns > zero.ns ? FAR_NS : -FAR_NS;
    h->voices[h->count] = (struct judge_voice){.item = {by, by + 2 * half, k->settings.sources[source].group},
                                               .kind = (uint8_t)timekeeper_kind(&k->settings.sources[source]),
                                               .rate_ps_per_s = s->estimate.rate_ps_per_s};
    h->sources[h->count++] = (uint8_t)source;
}

/* Of those in quarantine who is off this second has no voice: it could keep an honest one waiting for ever. */
static void hear_all(const struct timekeeper *k, enum refclock_verdict verdict, struct hearing *h)
{
    h->count = 0;
    const struct timekeeper_source *first = NULL;
    for (size_t i = 0; i < k->settings.sources_count; i++) {
        const struct timekeeper_source *s = &k->sources[i];
        if (s->verdict != verdict || !s->speaks || (verdict == REFCLOCK_QUARANTINED && s->off_seconds > 0))
            continue;
        first = first != NULL ? first : s;
        let_speak(k, h, i, first->estimate.tai);
    }
}

/* Nobody knows who lies: none of them counts until they agree or something decides. */
static void undecided(struct timekeeper *k, const struct hearing *h)
{
    int64_t latest_begin = INT64_MIN, earliest_end = INT64_MAX;
    for (size_t i = 0; i < h->count; i++) {
        const struct hull_item *item = &h->voices[i].item;
        latest_begin = item->earliest_ns > latest_begin ? item->earliest_ns : latest_begin;
        earliest_end = item->latest_ns < earliest_end ? item->latest_ns : earliest_end;
    }
    for (size_t i = 0; i < h->count; i++)
        timekeeper_quarantine(k, h->sources[i], k->now.ns, TIMEKEEPER_UNDECIDED, latest_begin - earliest_end);
}

static int64_t outvoted_by(const struct hearing *h, size_t voice, const struct judgement *j)
{
    return timekeeper_gap(&h->voices[voice].item, &j->hull);
}

static void accept(struct timekeeper *k, size_t source)
{
    struct timekeeper_source *s = &k->sources[source];
    s->returned = true;
    s->penance = s->eligible = false;
    s->off_seconds = 0;
    timekeeper_set(k, source, REFCLOCK_ACCEPTED, TIMEKEEPER_NO_REASON, 0);
}

/* None counts so far: all that speak are heard, also those whose quarantine is not over, so that the first to come does not win. */
static void begin(struct timekeeper *k)
{
    struct hearing h;
    struct judgement j;
    struct hull_item peer;
    hear_all(k, REFCLOCK_QUARANTINED, &h);
    enum judge_outcome outcome = judge_agree(h.voices, h.count, &j);
    if (outcome == JUDGE_CONTRADICTED)
        undecided(k, &h);
    if (outcome != JUDGE_AGREED)
        return;
    for (size_t i = 0; i < h.count; i++) {
        struct timekeeper_source *s = &k->sources[h.sources[i]];
        struct hull_item said = interval_of(s);
        if ((j.outvoted & 1u << i) != 0)
            timekeeper_set(k, h.sources[i], REFCLOCK_SUSPECT, TIMEKEEPER_OUTVOTED, outvoted_by(&h, i, &j));
        else if (!k->held && timekeeper_peers_allow(k, 1, &peer) && timekeeper_gap(&said, &peer) > 0)
            timekeeper_quarantine(k, h.sources[i], k->now.ns, TIMEKEEPER_UNDECIDED,
                                  timekeeper_gap(&said, &peer));
        else if (s->eligible)
            accept(k, h.sources[i]);
    }
}

/* Those that count are heard with each other, then with each one whose quarantine is over. */
static void go_on(struct timekeeper *k)
{
    struct hearing h;
    struct judgement j;
    hear_all(k, REFCLOCK_ACCEPTED, &h);
    if (judge_agree(h.voices, h.count, &j) == JUDGE_CONTRADICTED) {
        undecided(k, &h);
        return;
    }
    for (size_t i = 0; i < h.count; i++)
        if ((j.outvoted & 1u << i) != 0)
            timekeeper_suspect(k, h.sources[i], TIMEKEEPER_OUTVOTED, outvoted_by(&h, i, &j), false);
    for (size_t i = 0; i < k->settings.sources_count; i++) {
        struct timekeeper_source *s = &k->sources[i];
        if (s->verdict != REFCLOCK_QUARANTINED || !s->eligible)
            continue;
        hear_all(k, REFCLOCK_ACCEPTED, &h);
        let_speak(k, &h, i, k->sources[h.sources[0]].estimate.tai);
        enum judge_outcome outcome = judge_agree(h.voices, h.count, &j);
        if (outcome == JUDGE_AGREED && (j.outvoted & 1u << (h.count - 1)) == 0)
            accept(k, i);
        else
            timekeeper_quarantine(k, i, k->now.ns, TIMEKEEPER_UNDECIDED, 0);
    }
}

static bool any_counts(const struct timekeeper *k)
{
    for (size_t i = 0; i < k->settings.sources_count; i++)
        if (k->sources[i].verdict == REFCLOCK_ACCEPTED && k->sources[i].speaks)
            return true;
    return false;
}

void timekeeper_verdicts(struct timekeeper *keeper)
{
    for (size_t i = 0; i < keeper->settings.sources_count; i++)
        hear(keeper, i);
    if (any_counts(keeper))
        go_on(keeper);
    else
        begin(keeper);
    keeper->counts = any_counts(keeper);
}
