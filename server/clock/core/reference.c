/* SPDX-License-Identifier: Apache-2.0 */
#include "server/clock/core/reference.h"

#include "sdk/base/bug.h"
#include "sdk/time/arith.h"
#include "sdk/time/civil.h"

/* A clock that missed a leap second counts as right again within this much, plus age / MISSED_AGE_DIV. */
#define MISSED_NS INT64_C(20000000)
enum { MISSED_AGE_DIV = 10000, MIDNIGHT_MARGIN_S = 3 };
/* Without a line to extrapolate, TAI from the kernel's clock may be a second off near a leap second. */
#define LEAP_UNSURE_NS (PAGE_LEAP_NS + NS_PER_S)

static int64_t magnitude(int64_t v)
{
    return v < 0 ? -v : v;
}

static int64_t posix_of(int64_t realtime_ns)
{
    int64_t rest;
    return arith_div_floor(realtime_ns, NS_PER_S, &rest);
}

static void report(struct reference_actions *actions, enum reference_event event, int64_t value)
{
    if (actions->report_count < REFERENCE_REPORTS_MAX)
        actions->reports[actions->report_count++] = (struct reference_report){.event = event, .value = value};
}

void reference_init(struct reference *reference, const struct reference_settings *settings,
                    const struct leap_table *leaps)
{
    *reference = (struct reference){.leaps_unknown = -1};
    reference_configure(reference, settings, leaps);
}

void reference_configure(struct reference *reference, const struct reference_settings *settings,
                         const struct leap_table *leaps)
{
    BUG_UNLESS(!settings->has_assume ||
               (settings->assume_error_ns >= 0 && settings->assume_error_ns <= PAGE_WIDTH_NS_MAX / 2));
    reference->settings = *settings;
    reference->leaps = leaps;
    /* Another table may say another TAI-UTC: what was remembered in TAI no longer compares. */
    reference->has_relation = false;
    reference->window_count = 0;
}

int32_t reference_leaps_unknown(const struct leap_table *leaps, int64_t now_posix_s)
{
    if (leaps == NULL || now_posix_s < leaps->expires_posix_s)
        return -1;
    struct civil from;
    civil_from_seconds(leaps->expires_posix_s, &from);
    int32_t n = 0;
    for (int64_t half = from.year * 2; n < REFERENCE_LEAPS_UNKNOWN_MAX; half++) {
        int64_t year = half / 2;
        int64_t at = civil_to_days(year, half % 2 == 0 ? 1 : 7, 1) * SECONDS_PER_DAY;
        if (at > now_posix_s)
            break;
        if (at >= leaps->expires_posix_s)
            n++;
    }
    return n;
}

/* ---- TAI-UTC ---- */

/* False where the clock's time has no TAI-UTC, or cannot be right. */
static bool offset_known(struct reference *reference, const struct reference_sample *sample,
                         struct reference_actions *actions, int32_t *ret_tai_utc_s,
                         enum taistamp_utc_status *ret_utc)
{
    int64_t posix_s = posix_of(sample->realtime_ns);
    enum taistamp_utc_status utc = leap_offset_at_posix(reference->leaps, posix_s, ret_tai_utc_s);
    bool in_range = magnitude(sample->realtime_ns / 2) < PAGE_INSTANT_NS_MAX / 4;
    bool absent = utc == TAISTAMP_UTC_UNKNOWN || !in_range;
    if (absent && !reference->table_absent)
        report(actions, REFERENCE_TABLE_ABSENT, 0);
    reference->table_absent = absent;
    bool early = !absent && posix_s < reference->leaps->updated_posix_s;
    if (early && !reference->clock_early)
        report(actions, REFERENCE_CLOCK_EARLY, 0);
    reference->clock_early = early;
    *ret_utc = utc;
    return !absent && !early;
}

/* TAI now: by the line where there is one, else by the kernel's clock, which may be a second off near a leap
 * second. */
static tai_t tai_estimate(const struct reference *reference, const struct reference_sample *sample,
                          int32_t tai_utc_s, int64_t *ret_margin_ns)
{
    const struct clock_line *line = &reference->line;
    if (reference->has_line && page_status_has_interval(line->status) &&
        sample->raw.ns <= line->void_after.ns) {
        int64_t elapsed = sample->raw.ns - line->as_of.ns;
        *ret_margin_ns = PAGE_LEAP_NS;
        return (tai_t){line->tai.ns + elapsed + elapsed * line->rate.ppb / NS_PER_S};
    }
    *ret_margin_ns = LEAP_UNSURE_NS;
    return (tai_t){sample->realtime_ns + tai_utc_s * NS_PER_S};
}

static bool leap_is_near(const struct reference *reference, tai_t tai, int64_t margin_ns,
                         int32_t *ret_tai_utc_s)
{
    tai_t from;
    return leap_next(reference->leaps, (tai_t){tai.ns - margin_ns}, &from, ret_tai_utc_s) &&
           from.ns <= tai.ns + margin_ns;
}

/* ---- Steadiness ---- */

/* Whether a UTC midnight lies in the time since the sample before, or just beside it. */
static bool midnight_since(const struct reference_sample *sample, int64_t gap_ns)
{
    int64_t now_s = posix_of(sample->realtime_ns), rest;
    int64_t then_s = posix_of(sample->realtime_ns - gap_ns);
    return arith_div_floor(now_s + MIDNIGHT_MARGIN_S, SECONDS_PER_DAY, &rest) !=
           arith_div_floor(then_s - MIDNIGHT_MARGIN_S, SECONDS_PER_DAY, &rest);
}

static void disrupt(struct reference *reference, const struct reference_sample *sample, int64_t moved,
                    int64_t allowed, struct reference_actions *actions)
{
    int64_t gap = sample->raw.ns - reference->relation_at.ns;
    bool a_second = magnitude(magnitude(moved) - NS_PER_S) <= allowed;
    if (!reference->missed_leap && a_second && midnight_since(sample, gap)) {
        reference->missed_leap = true;
        reference->expected = reference->relation;
        reference->expected_at = reference->relation_at;
        reference->hold_until.ns = sample->raw.ns + REFERENCE_MISSED_LEAP_NS;
        report(actions, REFERENCE_LEAP_MISSED, moved);
    } else {
        /* A slew moves at every sample: one report is enough, unless it is a step. */
        if (!reference->holding || magnitude(moved) >= NS_PER_S / 2)
            report(actions, REFERENCE_MOVED, moved);
        int64_t until = sample->raw.ns + REFERENCE_HOLD_NS;
        if (!reference->missed_leap || reference->hold_until.ns < until)
            reference->hold_until.ns = until;
    }
    reference->holding = true;
    reference->window_count = 0;
}

/* Compares TAI - RAW with the sample before, and says whether the clock may be believed. */
static void follow_relation(struct reference *reference, const struct reference_sample *sample,
                            int64_t relation, struct reference_actions *actions)
{
    if (reference->has_relation) {
        int64_t gap = sample->raw.ns - reference->relation_at.ns;
        int64_t allowed = PAGE_DISRUPTED_NS + gap / PAGE_DISRUPTED_AGE_DIV + sample->width.ns;
        int64_t moved = relation - reference->relation;
        if (magnitude(moved) > allowed)
            disrupt(reference, sample, moved, allowed, actions);
    }
    if (reference->missed_leap) {
        int64_t age = sample->raw.ns - reference->expected_at.ns;
        bool right = magnitude(relation - reference->expected) <= MISSED_NS + age / MISSED_AGE_DIV;
        if (right)
            reference->hold_until.ns = sample->raw.ns + REFERENCE_HOLD_NS;
        if (right || sample->raw.ns >= reference->hold_until.ns)
            reference->missed_leap = false;
    }
    if (reference->holding && sample->raw.ns >= reference->hold_until.ns) {
        reference->holding = false;
        report(actions, REFERENCE_STEADY, 0);
    }
    reference->has_relation = true;
    reference->relation = relation;
    reference->relation_at = sample->raw;
}

/* TAI gained per raw second over the window, which takes in this sample. */
static tai_ppb_t follow_rate(struct reference *reference, const struct reference_sample *sample,
                             int64_t relation)
{
    if (sample->timeline != reference->timeline)
        reference->window_count = 0;
    reference->timeline = sample->timeline;
    if (sample->width.ns <= REFERENCE_WIDTH_NS_MAX) {
        if (reference->window_count == 0)
            reference->window_next = 0;
        reference->window[reference->window_next].raw = sample->raw;
        reference->window[reference->window_next].relation = relation;
        reference->window_next = (reference->window_next + 1) % REFERENCE_WINDOW;
        if (reference->window_count < REFERENCE_WINDOW)
            reference->window_count++;
    }
    if (reference->window_count < 2)
        return (tai_ppb_t){0};
    size_t newest = (reference->window_next + REFERENCE_WINDOW - 1) % REFERENCE_WINDOW;
    size_t oldest = (newest + REFERENCE_WINDOW + 1 - reference->window_count) % REFERENCE_WINDOW;
    int64_t span = reference->window[newest].raw.ns - reference->window[oldest].raw.ns;
    int64_t gained = reference->window[newest].relation - reference->window[oldest].relation;
    /* Steady samples differ by at most 20 ms + 500 ppm each; the limit keeps the product within 63 bits. */
    if (span < REFERENCE_WINDOW_S_MIN * NS_PER_S || magnitude(gained) >= 4 * NS_PER_S)
        return (tai_ppb_t){0};
    int64_t ppb = gained * NS_PER_S / span;
    return (tai_ppb_t){magnitude(ppb) <= REFERENCE_RATE_PPB_MAX ? (int32_t)ppb : 0};
}

/* ---- The line ---- */

/* Whose word the half-width is, and what it is before leap seconds that may be unknown. */
static void choose_bound(const struct reference *reference, const struct reference_sample *sample,
                         enum keeper_verdict verdict, tai_bound_t kernel_bound, struct clock_line *line)
{
    line->status = TAISTAMP_STATUS_UNKNOWN;
    line->half_width.ns = BOUND_UNBOUNDED;
    if (verdict == KEEPER_BOUND) {
        line->status = TAISTAMP_STATUS_SINGLE_REFERENCE;
        line->source = TAISTAMP_CLOCK_SYSTEM;
        line->half_width = taistamp_bound_add(kernel_bound, sample->width);
    } else if (reference->settings.has_assume) {
        line->status = TAISTAMP_STATUS_ASSUMED;
        line->source = TAISTAMP_CLOCK_ASSUMED;
        line->half_width =
            taistamp_bound_add((tai_bound_t){reference->settings.assume_error_ns}, sample->width);
    }
}

static void widen_for_leaps(struct reference *reference, const struct reference_sample *sample,
                            struct clock_line *line, struct reference_actions *actions)
{
    int64_t until_s = posix_of(sample->realtime_ns + REFERENCE_LIFE_NS);
    int32_t unknown = reference_leaps_unknown(reference->leaps, until_s);
    if (unknown != reference->leaps_unknown && unknown >= 0)
        report(actions, REFERENCE_TABLE_EXPIRED, unknown);
    reference->leaps_unknown = unknown;
    if (unknown > 0)
        line->half_width = taistamp_bound_add(line->half_width, (tai_bound_t){unknown * NS_PER_S});
}

static void report_changes(struct reference *reference, enum keeper_verdict verdict,
                           const struct clock_line *line, struct reference_actions *actions)
{
    if (!reference->reported || verdict != reference->verdict)
        report(actions, REFERENCE_VERDICT, 0);
    if (!reference->reported || line->status != reference->status || line->source != reference->source)
        report(actions, REFERENCE_STATUS, (int64_t)line->status);
    for (size_t i = 0; i < actions->report_count; i++) {
        actions->reports[i].verdict = verdict;
        actions->reports[i].source = line->source;
    }
    reference->reported = true;
    reference->verdict = verdict;
    reference->status = line->status;
    reference->source = line->source;
}

static void publish(struct reference *reference, enum keeper_verdict verdict, const struct clock_line *line,
                    struct reference_actions *actions)
{
    report_changes(reference, verdict, line, actions);
    reference->has_line = true;
    reference->line = *line;
    actions->publish = true;
    actions->line = *line;
}

/* A line that says nothing but when it was made. */
static struct clock_line line_unknown(const struct reference *reference,
                                      const struct reference_sample *sample)
{
    struct clock_line line = {
        .timeline = sample->timeline,
        .as_of = sample->raw,
        .half_width = {BOUND_UNBOUNDED},
        .void_after = {sample->raw.ns + REFERENCE_LIFE_NS},
        .next_leap = {PAGE_NEVER},
        .utc = TAISTAMP_UTC_UNKNOWN,
        .status = TAISTAMP_STATUS_UNKNOWN,
    };
    for (size_t i = 0; i < sizeof line.boot_id; i++)
        line.boot_id[i] = reference->settings.boot_id[i];
    return line;
}

/* Through a leap second: the line stands; without one there is nothing to say until it is over. */
static void hold_line(struct reference *reference, const struct reference_sample *sample,
                      enum keeper_verdict verdict, int32_t tai_utc_after_s, struct reference_actions *actions)
{
    if (!reference->leap_near)
        report(actions, REFERENCE_LEAP_NEAR, tai_utc_after_s);
    reference->leap_near = true;
    bool stands = reference->has_line && page_status_has_interval(reference->line.status);
    if (stands) {
        report_changes(reference, verdict, &reference->line, actions);
    } else {
        struct clock_line line = line_unknown(reference, sample);
        publish(reference, verdict, &line, actions);
    }
}

static void measure(struct reference *reference, const struct reference_sample *sample,
                    enum keeper_verdict verdict, tai_bound_t kernel_bound, int32_t tai_utc_s,
                    enum taistamp_utc_status utc, struct reference_actions *actions)
{
    struct clock_line line = line_unknown(reference, sample);
    line.tai.ns = sample->realtime_ns + tai_utc_s * NS_PER_S;
    line.realtime_minus_raw_ns = sample->realtime_ns - sample->raw.ns;
    int64_t relation = line.tai.ns - sample->raw.ns;
    follow_relation(reference, sample, relation, actions);
    line.rate = follow_rate(reference, sample, relation);
    line.growth.ppb = REFERENCE_GROWTH_PPB;
    line.tai_utc_s = line.next_tai_utc_s = tai_utc_s;
    line.utc = utc;
    if (!leap_next(reference->leaps, line.tai, &line.next_leap, &line.next_tai_utc_s))
        line.next_leap.ns = PAGE_NEVER;
    choose_bound(reference, sample, verdict, kernel_bound, &line);
    widen_for_leaps(reference, sample, &line, actions);
    if (line.half_width.ns > PAGE_WIDTH_NS_MAX)
        line.status = TAISTAMP_STATUS_UNKNOWN;
    if (reference->holding)
        line.status = TAISTAMP_STATUS_DISRUPTED;
    publish(reference, verdict, &line, actions);
}

static void compare_kernel_tai(struct reference *reference, const struct keeper_kernel *kernel,
                               int32_t tai_utc_s, struct reference_actions *actions)
{
    bool differs = kernel->known && kernel->tai_offset_s != 0 && kernel->tai_offset_s != tai_utc_s;
    int32_t now = differs ? kernel->tai_offset_s : 0;
    if (differs && now != reference->kernel_tai_s)
        report(actions, REFERENCE_KERNEL_TAI, now);
    reference->kernel_tai_s = now;
}

void reference_sample(struct reference *reference, const struct reference_sample *sample,
                      struct reference_actions *ret_actions)
{
    *ret_actions = (struct reference_actions){.publish = false};
    BUG_UNLESS(sample->raw.ns >= 0 && sample->raw.ns <= PAGE_INSTANT_NS_MAX / 2 && sample->width.ns >= 0);
    BUG_UNLESS(!reference->has_relation || sample->raw.ns >= reference->relation_at.ns);
    tai_bound_t kernel_bound = {BOUND_UNBOUNDED};
    enum keeper_verdict verdict =
        keeper_judge(&reference->keeper, &sample->evidence, &sample->kernel, sample->raw, &kernel_bound);
    int32_t tai_utc_s = 0, after_s = 0;
    enum taistamp_utc_status utc;
    if (!offset_known(reference, sample, ret_actions, &tai_utc_s, &utc)) {
        reference->has_relation = false;
        reference->window_count = 0;
        struct clock_line line = line_unknown(reference, sample);
        publish(reference, verdict, &line, ret_actions);
        return;
    }
    int64_t margin_ns;
    tai_t tai = tai_estimate(reference, sample, tai_utc_s, &margin_ns);
    if (leap_is_near(reference, tai, margin_ns, &after_s)) {
        hold_line(reference, sample, verdict, after_s, ret_actions);
        return;
    }
    if (reference->leap_near)
        report(ret_actions, REFERENCE_LEAP_PAST, tai_utc_s);
    reference->leap_near = false;
    compare_kernel_tai(reference, &sample->kernel, tai_utc_s, ret_actions);
    measure(reference, sample, verdict, kernel_bound, tai_utc_s, utc, ret_actions);
}
