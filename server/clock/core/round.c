/* SPDX-License-Identifier: Apache-2.0 */
#include "server/clock/core/round.h"

#include <string.h>

#include "sdk/base/bug.h"
#include "sdk/sync/hull.h"
#include "sdk/time/arith.h"
#include "sdk/time/page.h"

#define PS_PER_NS      1000
#define ELAPSED_NS_MAX INT64_C(100000000000000)
/* References further off than 126 years are taken as that far: sums and differences of two stay in range. A machine whose hardware
 * clock lost its date begins decades off. */
#define OFFSET_NS_MAX INT64_C(4000000000000000000)
#define STEP_NS_MAX   (10 * NS_PER_S)
#define RATE_CLOSE_PS INT64_C(1000000) /* references' rates within 1 ppm of each other agree */
#define SETTLE_S      (ROUND_SETTLE_NS / NS_PER_S)

void round_init(struct round *r, const struct round_settings *settings)
{
    memset(r, 0, sizeof *r);
    r->settings = *settings;
    ensemble_init(&r->ensemble, settings->self, settings->servers, settings->f);
    promise_init(&r->promise, settings->in_use_ns);
}

/* elapsed * rate in ps: whole seconds and the rest apart, so that nothing overflows. */
static int64_t gain_ps(int64_t elapsed_ns, int64_t rate_ps_per_s)
{
    int64_t rest, s;
    int64_t ns = elapsed_ns > ELAPSED_NS_MAX    ? ELAPSED_NS_MAX
                 : elapsed_ns < -ELAPSED_NS_MAX ? -ELAPSED_NS_MAX
                                                : elapsed_ns;
    s = arith_div_floor(ns, NS_PER_S, &rest);
    int64_t ignored;
    return s * rate_ps_per_s + arith_div_floor(rest * rate_ps_per_s + NS_PER_S / 2, NS_PER_S, &ignored);
}

tai_t round_advance(tai_t tai, int64_t elapsed_ns, int64_t rate_ps_per_s)
{
    int64_t ignored;
    int64_t gain = arith_div_floor(gain_ps(elapsed_ns, rate_ps_per_s) + PS_PER_NS / 2, PS_PER_NS, &ignored);
    return (tai_t){tai.ns + elapsed_ns + gain};
}

/* Moves the line's epoch to `now`, half-width aged. */
static void line_advance(struct round *r, tai_mono_t now)
{
    struct sync_line *line = &r->line;
    int64_t elapsed = now.ns - line->raw.ns, rest;
    int64_t ps = gain_ps(elapsed, line->rate_ps_per_s) + r->remainder_ps;
    line->tai.ns += elapsed + arith_div_floor(ps, PS_PER_NS, &rest);
    r->remainder_ps = rest;
    int64_t growth = bound_growth((tai_span_t){elapsed}, line->growth).ns;
    if (r->state != ROUND_RELATIVE)
        line->half_width.ns =
            growth < BOUND_UNBOUNDED - line->half_width.ns ? line->half_width.ns + growth : BOUND_UNBOUNDED;
    line->raw = now;
    line->expires.ns = now.ns + r->settings.life_ns;
}

void round_follow(struct round *r, tai_span_t elapsed, const struct sync_line *line,
                  const struct ensemble_reading *readings, size_t count)
{
    r->state = ROUND_IDLE;
    if (line != NULL)
        ensemble_follow(&r->ensemble, elapsed, readings, count, line->rate_ps_per_s);
}

static bool status_is_absolute(enum taistamp_status status)
{
    return status == TAISTAMP_STATUS_SYNCHRONISED || status == TAISTAMP_STATUS_SINGLE_REFERENCE ||
           status == TAISTAMP_STATUS_ASSUMED;
}

void round_take_up(struct round *r, tai_mono_t now, const struct sync_line *line)
{
    r->since = now;
    r->contradicted = false;
    promise_init(&r->promise, r->settings.in_use_ns);
    if (line == NULL) {
        r->state = ROUND_NO_LINE;
        return;
    }
    r->line = *line;
    r->remainder_ps = 0;
    r->base_ps = line->rate_ps_per_s;
    r->free_ns = 0;
    r->vouched_ps = line->rate_ps_per_s;
    r->vouched_by = line->growth;
    r->state = status_is_absolute(line->status) ? ROUND_HOLDOVER : ROUND_RELATIVE;
    ensemble_continue(&r->ensemble, line->rate_ps_per_s, true);
    if (now.ns > line->raw.ns)
        line_advance(r, now);
}

static void line_begin(struct round *r, sync_timeline_t timeline, tai_mono_t now, tai_t tai, int64_t rate)
{
    r->line = (struct sync_line){.timeline = timeline, .raw = now, .tai = tai, .rate_ps_per_s = rate};
    r->line.growth = r->settings.floor;
    r->free_ns = 0;
    r->line.expires.ns = now.ns + r->settings.life_ns;
    r->line.status = TAISTAMP_STATUS_RELATIVE;
    r->remainder_ps = 0;
    r->base_ps = rate;
}

void round_start(struct round *r, sync_timeline_t timeline, tai_mono_t now, tai_t tai)
{
    BUG_UNLESS(r->state == ROUND_NO_LINE);
    int64_t ignored;
    line_begin(r, timeline, now, tai, arith_div_floor(r->ensemble.rate_fs, 1000, &ignored));
    r->state = ROUND_RELATIVE;
}

void round_forget(struct round *r)
{
    ensemble_forget(&r->ensemble, r->settings.self);
    r->state = ROUND_IDLE;
}

/* A reference's interval at `now` against `zero`. */
static struct hull_item reference_item(const struct sync_reference *reference, tai_mono_t now, tai_t zero)
{
    int64_t elapsed = now.ns - reference->raw.ns;
    tai_t tai = round_advance(reference->tai, elapsed, reference->rate_ps_per_s);
    int64_t offset, width = reference->half_width.ns;
    if (!arith_sub(tai.ns, zero.ns, &offset))
        offset = tai.ns > zero.ns ? OFFSET_NS_MAX : -OFFSET_NS_MAX;
    offset = offset > OFFSET_NS_MAX ? OFFSET_NS_MAX : offset < -OFFSET_NS_MAX ? -OFFSET_NS_MAX : offset;
    int64_t growth = bound_growth((tai_span_t){elapsed}, reference->growth).ns;
    width = width < 0 || width > ROUND_WIDTH_NS_MAX || growth > ROUND_WIDTH_NS_MAX ? 2 * ROUND_WIDTH_NS_MAX
                                                                                   : width + growth;
    return (struct hull_item){offset - width, offset + width, reference->group};
}

static void sort(int64_t *values, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        int64_t v = values[i];
        size_t j = i;
        for (; j > 0 && values[j - 1] > v; j--)
            values[j] = values[j - 1];
        values[j] = v;
    }
}

static int64_t half_sum(int64_t a, int64_t b)
{
    return a / 2 + b / 2 + (a % 2 + b % 2) / 2;
}

/* The middles of what counts, correlated ones merged as the hull merges them; returns how many. */
static size_t middles(const struct hull_item *items, size_t count, int64_t *ret_middles)
{
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        struct hull_item merged = items[i];
        bool earlier = false;
        for (size_t j = 0; j < count && merged.group != 0; j++) {
            if (items[j].group != merged.group)
                continue;
            earlier = earlier || j < i;
            if (items[j].earliest_ns < merged.earliest_ns)
                merged.earliest_ns = items[j].earliest_ns;
            if (items[j].latest_ns > merged.latest_ns)
                merged.latest_ns = items[j].latest_ns;
        }
        if (!earlier)
            ret_middles[n++] = half_sum(merged.earliest_ns, merged.latest_ns);
    }
    return n;
}

/* What the references agree on, against `zero`: hull and the point to be drawn to. */
struct agreement {
    struct hull_item hull;
    int64_t aim_ns;
    int64_t rate_ps;
    int64_t growth_ppb; /* the largest of them */
    enum taistamp_clock_source source;
};

/* What bounds the line, for entries: our own reference, if it can be true with the others; else servers that have one, but
 * never better than the worst kind of all but f of them. */
static enum taistamp_clock_source source_of(const struct round *r, const struct hull_item *hull,
                                            const struct round_reference *references,
                                            const struct hull_item *items, size_t count)
{
    size_t better[TAISTAMP_CLOCK_ASSUMED + 1] = {0}, seen = 0;
    for (size_t i = 0; i < count; i++) {
        unsigned kind = references[i].reference.kind;
        kind = kind > TAISTAMP_CLOCK_ASSUMED ? TAISTAMP_CLOCK_ASSUMED : kind;
        if (references[i].node.id == r->settings.self.id && items[i].earliest_ns <= hull->latest_ns &&
            items[i].latest_ns >= hull->earliest_ns)
            return (enum taistamp_clock_source)kind;
        better[kind]++;
    }
    for (unsigned kind = TAISTAMP_CLOCK_GPS; kind < TAISTAMP_CLOCK_ASSUMED; kind++) {
        seen += better[kind];
        if (seen + r->f_ref >= count && seen > 0)
            return kind < TAISTAMP_CLOCK_QUORUM ? TAISTAMP_CLOCK_QUORUM : (enum taistamp_clock_source)kind;
    }
    return TAISTAMP_CLOCK_ASSUMED;
}

/* The farther end of the hull from the line, which stands at zero. */
static int64_t width_to(const struct hull_item *hull)
{
    int64_t below = hull->earliest_ns < 0 ? -hull->earliest_ns : 0;
    int64_t above = hull->latest_ns > 0 ? hull->latest_ns : 0;
    return below > above ? below : above;
}

/* An absolute line that is narrower than what the references say together. */
static bool knows_better(const struct round *r, const struct hull_item *hull)
{
    return (r->state == ROUND_STEERED || r->state == ROUND_HOLDOVER) &&
           page_status_has_interval(r->line.status) && r->line.half_width.ns < width_to(hull);
}

/* References that stand behind the line: those that count, and what our own one was made of. */
static uint32_t vouching(const struct round *r, const struct round_reference *references, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (references[i].node.id == r->settings.self.id && references[i].reference.voices > 1)
            return r->voices + references[i].reference.voices - 1;
    return r->voices;
}

static bool references_agree(struct round *r, tai_mono_t now, tai_t zero,
                             const struct round_reference *references, size_t count,
                             struct agreement *ret_agreement)
{
    struct hull_item items[ROUND_REFERENCES_MAX];
    int64_t values[ROUND_REFERENCES_MAX], rates[ROUND_REFERENCES_MAX];
    for (size_t i = 0; i < count; i++) {
        items[i] = reference_item(&references[i].reference, now, zero);
        rates[i] = references[i].reference.rate_ps_per_s;
    }
    size_t voices = middles(items, count, values);
    r->voices = (uint32_t)voices;
    r->vouching = vouching(r, references, count);
    r->contradicted = false;
    r->f_ref = 0;
    if (voices == 0)
        return false;
    size_t f_middle = (voices - 1) / 2, f = (voices + r->missing - 1) / 2;
    r->f_ref = (uint32_t)(f < voices ? f : voices - 1);
    struct agreement a = {.growth_ppb = 0};
    for (size_t i = 0; i < count; i++)
        if (references[i].reference.growth.ppb > a.growth_ppb)
            a.growth_ppb = references[i].reference.growth.ppb;
    if (hull_intersect(items, count, r->f_ref, &a.hull, NULL) != HULL_OK) {
        r->contradicted = true;
        return false;
    }
    a.source = source_of(r, &a.hull, references, items, count);
    if (voices <= 2 * r->f_ref && knows_better(r, &a.hull))
        return false;
    sort(values, voices);
    a.aim_ns = hull_clamp(&a.hull, half_sum(values[f_middle], values[voices - 1 - f_middle]));
    a.rate_ps = ensemble_average(rates, count, RATE_CLOSE_PS, (unsigned)f_middle, r->base_ps, NULL);
    *ret_agreement = a;
    return true;
}

static int64_t size_of(int64_t v)
{
    return v < 0 ? -v : v;
}

static tai_ppb_t growth_of(int64_t ppb)
{
    return (tai_ppb_t){ppb > PAGE_GROWTH_PPB_MAX ? PAGE_GROWTH_PPB_MAX : (int32_t)ppb};
}

/* The most that can be wrong with a rate that was measured as base_ps: the oscillator is within its bound of the truth. */
static int64_t ignorance_ppb(const struct round *r)
{
    return r->settings.rate_bound.ppb + size_of(r->base_ps) / 1000 + 1;
}

/* While the line is drawn its interval must bear that it runs away from the hull by that rate until the next step. */
static tai_ppb_t steered_growth(const struct round *r, const struct agreement *a)
{
    int64_t ppb = a->growth_ppb > r->settings.floor.ppb ? a->growth_ppb : r->settings.floor.ppb;
    int64_t most = ignorance_ppb(r);
    return growth_of((ppb < most ? ppb : most) + size_of(r->line.rate_ps_per_s - a->rate_ps) / 1000 + 1);
}

/* A proportional part closes the distance in SETTLE_S, an integral one learns the rate four times slower. */
static void draw(struct round *r, const struct agreement *a, int64_t elapsed)
{
    int64_t aim = a->aim_ns, far = ROUND_SLEW_PS * SETTLE_S / PS_PER_NS;
    bool is_far = aim > far || aim < -far;
    int64_t slew = is_far ? (aim > 0 ? ROUND_SLEW_PS : -ROUND_SLEW_PS) : aim * PS_PER_NS / SETTLE_S;
    if (is_far) /* the distance says nothing about the rate yet */
        r->base_ps += (a->rate_ps - r->base_ps) / 4;
    else
        r->base_ps += aim * PS_PER_NS / (4 * SETTLE_S * SETTLE_S) * (elapsed / 1000000) / 1000;
    r->line.rate_ps_per_s = ensemble_rate_times(r->base_ps, slew);
}

/* Whether the line lies so far outside of what the references allow that drawing it there would take longer than what it said
 * is worth: at a start, a line taken up from the first readings of a machine that was busy; after long holdover. Its interval
 * must have said that they can be there: where it contradicts them somebody is wrong, and it is not known who. */
static bool is_lost(const struct round *r, const struct agreement *a)
{
    int64_t by = a->hull.earliest_ns > 0 ? a->hull.earliest_ns : -a->hull.latest_ns;
    return by > ROUND_BEGIN_AGAIN_NS && by <= r->line.half_width.ns;
}

/* Cluster time is where the references are from now on. Nobody's published time steps by it: each node slews to its target
 * (line.h), with the distance in its half-width. */
static void set_down(struct round *r, struct agreement *a)
{
    r->line.tai.ns += a->aim_ns;
    a->hull.earliest_ns -= a->aim_ns;
    a->hull.latest_ns -= a->aim_ns;
    a->aim_ns = 0;
}

static void steer_by_references(struct round *r, sync_timeline_t timeline, tai_mono_t now, int64_t elapsed,
                                struct agreement *a)
{
    bool far = a->aim_ns > ROUND_BEGIN_AGAIN_NS || a->aim_ns < -ROUND_BEGIN_AGAIN_NS;
    r->begun = r->state == ROUND_NO_LINE || (r->state == ROUND_RELATIVE && far);
    if (r->begun) { /* the agreement was made against the first reference: see round_step */
        set_down(r, a);
        line_begin(r, timeline, now, r->line.tai, a->rate_ps);
    } else {
        if (is_lost(r, a))
            set_down(r, a);
        draw(r, a, elapsed);
    }
    r->line.half_width.ns = width_to(&a->hull);
    r->hull_earliest_ns = a->hull.earliest_ns;
    r->hull_latest_ns = a->hull.latest_ns;
    r->line.status = r->vouching >= 3 ? TAISTAMP_STATUS_SYNCHRONISED : TAISTAMP_STATUS_SINGLE_REFERENCE;
    r->line.source = a->source;
    if (a->source == TAISTAMP_CLOCK_ASSUMED) /* an operator's word, nobody's measurement */
        r->line.status = TAISTAMP_STATUS_ASSUMED;
    r->line.growth = steered_growth(r, a);
    r->vouched_ps = a->rate_ps;
    r->vouched_by = growth_of(a->growth_ppb);
    r->state = ROUND_STEERED;
    r->free_ns = 0;
}

/* The rate of a relative line, and how far it may move while what is told now is in use: a quarter more than the ensemble is on its
 * way to, and an eighth of the floor for its usual small steps. */
static int64_t promised_rate(struct round *r, tai_mono_t now, int64_t rate_ps, int64_t *ret_changing_ppb)
{
    int64_t rate = promise_keep(&r->promise, now, rate_ps);
    if (rate != rate_ps)
        ensemble_hold(&r->ensemble, rate);
    int64_t ahead = size_of(r->ensemble.heading_ps - rate);
    *ret_changing_ppb = (ahead + ahead / 4) / 1000 + r->settings.floor.ppb / 8 + 1;
    promise_tell(&r->promise, now, rate, *ret_changing_ppb * 1000);
    return rate;
}

/* No references that agree: the ensemble's rate; the half-width has been aged, or what was inherited ends. */
static void run_free(struct round *r, tai_mono_t now, int64_t elapsed, int64_t rate_ps)
{
    /* The rate may go on changing as it just did for some steps: the ensemble looks for its place. */
    int64_t changing_ppb = 4 * size_of(rate_ps - r->line.rate_ps_per_s) / 1000;
    if (r->state == ROUND_RELATIVE)
        rate_ps = promised_rate(r, now, rate_ps, &changing_ppb);
    r->free_ns += elapsed;
    r->base_ps = rate_ps;
    r->line.rate_ps_per_s = rate_ps;
    if (r->state == ROUND_STEERED)
        r->state = ROUND_HOLDOVER;
    if (r->state == ROUND_RELATIVE && now.ns - r->since.ns > r->settings.settle_ns)
        r->line.half_width.ns = 0;
    int64_t floor = r->settings.floor.ppb, most = ignorance_ppb(r);
    int64_t held_ms = (r->free_ns < ROUND_HOLD_NS ? r->free_ns : ROUND_HOLD_NS) / 1000000;
    int64_t ppb = floor < most ? floor + (most - floor) * held_ms / (ROUND_HOLD_NS / 1000000) : most;
    if (r->state == ROUND_HOLDOVER) {
        int64_t vouched = r->vouched_by.ppb + size_of(rate_ps - r->vouched_ps) / 1000 + 1;
        ppb = ppb > vouched ? ppb : vouched;
        ppb = ppb < most ? ppb : most;
    }
    r->line.growth = growth_of((r->state == ROUND_HOLDOVER ? ppb : floor) + changing_ppb);
    if (r->state == ROUND_HOLDOVER && r->line.half_width.ns > ROUND_WIDTH_NS_MAX)
        r->line.status = TAISTAMP_STATUS_UNKNOWN;
}

bool round_step(struct round *r, sync_timeline_t timeline, tai_mono_t now,
                const struct round_reference *references, size_t references_count,
                const struct ensemble_reading *readings, size_t readings_count)
{
    BUG_UNLESS(r->state != ROUND_IDLE && references_count <= ROUND_REFERENCES_MAX);
    int64_t elapsed = STEP_NS_MAX;
    if (r->state != ROUND_NO_LINE) {
        elapsed = now.ns - r->line.raw.ns;
        BUG_UNLESS(elapsed >= 0);
        line_advance(r, now);
    } else if (references_count > 0) {
        const struct sync_reference *first = &references[0].reference;
        r->line.tai = round_advance(first->tai, now.ns - first->raw.ns, first->rate_ps_per_s);
    }
    elapsed = elapsed < STEP_NS_MAX ? elapsed : STEP_NS_MAX;
    struct agreement a;
    r->begun = false;
    bool agree = references_agree(r, now, r->line.tai, references, references_count, &a);
    if (agree) {
        steer_by_references(r, timeline, now, elapsed, &a);
        ensemble_follow(&r->ensemble, (tai_span_t){elapsed}, readings, readings_count, r->base_ps);
        return true;
    }
    r->hull_earliest_ns = r->hull_latest_ns = 0;
    int64_t rate = ensemble_step(&r->ensemble, (tai_span_t){elapsed}, readings, readings_count);
    if (r->state == ROUND_NO_LINE)
        return false;
    run_free(r, now, elapsed, rate);
    return true;
}

bool round_consistent(const struct round *r, const struct sync_reference *reference, int64_t *ret_by_ns)
{
    *ret_by_ns = 0;
    if (r->state != ROUND_STEERED || r->voices < 3) /* of two that differ nobody knows which */
        return true;
    struct hull_item item = reference_item(reference, r->line.raw, r->line.tai);
    if (item.earliest_ns > r->hull_latest_ns)
        *ret_by_ns = item.earliest_ns - r->hull_latest_ns;
    else if (item.latest_ns < r->hull_earliest_ns)
        *ret_by_ns = r->hull_earliest_ns - item.latest_ns;
    return *ret_by_ns == 0;
}

int64_t round_client_poll_ns(uint32_t clients, int64_t poll_ns, int64_t poll_ns_max)
{
    int64_t even = (int64_t)clients * (NS_PER_S / ROUND_CLIENT_POLLS_PER_S);
    int64_t ns = even > poll_ns ? even : poll_ns;
    return ns < poll_ns_max || poll_ns_max <= poll_ns ? ns : poll_ns_max;
}
