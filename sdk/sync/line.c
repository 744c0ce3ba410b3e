/* SPDX-License-Identifier: Apache-2.0 */
#include "sdk/sync/line.h"

#include <string.h>

#include "sdk/base/bug.h"

enum { PS_PER_PPB = 1000 };
#define TAKEABLE_TAI_NS_MIN INT64_C(-1000000000000000000)
#define TAKEABLE_TAI_NS_MAX INT64_C(7000000000000000000)

static int64_t add_saturating(int64_t a, int64_t b)
{
    int64_t sum;
    if (arith_add(a, b, &sum))
        return sum;
    return b > 0 ? INT64_MAX : INT64_MIN;
}

static int64_t sub_saturating(int64_t a, int64_t b)
{
    int64_t difference;
    if (arith_sub(a, b, &difference))
        return difference;
    return b < 0 ? INT64_MAX : INT64_MIN;
}

int64_t line_gain_ns(int64_t span_ns, int64_t rate_ps_per_s)
{
    BUG_UNLESS(rate_ps_per_s >= -SYNC_RATE_PS_MAX && rate_ps_per_s <= SYNC_RATE_PS_MAX);
    bool negative = (span_ns < 0) != (rate_ps_per_s < 0);
    uint64_t n = span_ns < 0 ? (uint64_t)0 - (uint64_t)span_ns : (uint64_t)span_ns;
    uint64_t p = (uint64_t)(rate_ps_per_s < 0 ? -rate_ps_per_s : rate_ps_per_s);
    /* n = q s + r ns: (q * p + r * p / 10^9) / 10^3, where q < 2^34, p < 2^30, r * p < 2^60. */
    uint64_t second = (uint64_t)NS_PER_S;
    uint64_t gain = (n / second * p + n % second * p / second) / 1000;
    return negative ? -(int64_t)gain : (int64_t)gain;
}

static bool within(int64_t v, int64_t max)
{
    return v >= -max && v <= max;
}

bool line_valid(const struct sync_line *line)
{
    return line->timeline.id != 0 && line->raw.ns >= 0 && line->expires.ns >= line->raw.ns &&
           within(line->tai.ns, PAGE_INSTANT_NS_MAX) && line->half_width.ns >= 0 &&
           within(line->rate_ps_per_s, SYNC_RATE_PS_MAX) && line->growth.ppb >= 0 &&
           line->growth.ppb <= PAGE_GROWTH_PPB_MAX && line->status < TAISTAMP_STATUS_EXPIRED &&
           line->source <= TAISTAMP_CLOCK_ASSUMED;
}

bool line_takeable(const struct sync_line *line)
{
    return line_valid(line) && line->tai.ns >= TAKEABLE_TAI_NS_MIN && line->tai.ns <= TAKEABLE_TAI_NS_MAX &&
           line->half_width.ns <= PAGE_WIDTH_NS_MAX / 2;
}

void line_for_wire(struct sync_line *line)
{
    if (line->half_width.ns > PAGE_WIDTH_NS_MAX)
        line->half_width.ns = BOUND_UNBOUNDED;
}

bool line_usable(const struct sync_line *line, sync_timeline_t timeline, tai_mono_t raw)
{
    return line->timeline.id == timeline.id && raw.ns <= line->expires.ns;
}

tai_t line_tai(const struct sync_line *line, tai_mono_t raw)
{
    int64_t elapsed = sub_saturating(raw.ns, line->raw.ns);
    int64_t advance = add_saturating(elapsed, line_gain_ns(elapsed, line->rate_ps_per_s));
    return (tai_t){add_saturating(line->tai.ns, advance)};
}

tai_bound_t line_half_width(const struct sync_line *line, tai_mono_t raw)
{
    int64_t elapsed = sub_saturating(raw.ns, line->raw.ns);
    tai_bound_t h = line->half_width;
    if (elapsed == 0)
        return h;
    h = taistamp_bound_add(h, bound_growth((tai_span_t){elapsed}, line->growth));
    return taistamp_bound_add(h, (tai_bound_t){1});
}

struct tai_interval line_interval(const struct sync_line *line, tai_mono_t raw)
{
    return interval_saturating(line_tai(line, raw), line_half_width(line, raw));
}

bool line_raw(const struct sync_line *line, tai_t tai, tai_mono_t *ret_raw)
{
    int64_t span, raw;
    if (!arith_sub(tai.ns, line->tai.ns, &span))
        return false;
    /* elapsed = span / (1 + rate): each round leaves a thousandth of the error at most. */
    int64_t elapsed = span;
    for (int i = 0; i < 8; i++)
        elapsed = sub_saturating(span, line_gain_ns(elapsed, line->rate_ps_per_s));
    if (!arith_add(line->raw.ns, elapsed, &raw) || !within(raw, INT64_MAX - 8))
        return false;
    tai_t near = line_tai(line, (tai_mono_t){raw});
    if (near.ns == INT64_MAX || near.ns == INT64_MIN)
        return false;
    while (line_tai(line, (tai_mono_t){raw}).ns < tai.ns)
        raw++;
    while (line_tai(line, (tai_mono_t){raw - 1}).ns >= tai.ns)
        raw--;
    *ret_raw = (tai_mono_t){raw};
    return true;
}

void line_rebase(struct sync_line *line, tai_mono_t raw)
{
    tai_t tai = line_tai(line, raw);
    line->half_width = line_half_width(line, raw);
    line->tai = tai;
    line->raw = raw;
}

void line_widen(struct sync_line *line, int64_t by_ns)
{
    BUG_UNLESS(by_ns >= 0);
    line->half_width = taistamp_bound_add(line->half_width, (tai_bound_t){by_ns});
}

/* Nearest whole ppb. */
static int32_t whole_ppb(int64_t rate_ps_per_s)
{
    int64_t half = rate_ps_per_s < 0 ? -PS_PER_PPB / 2 : PS_PER_PPB / 2;
    return (int32_t)((rate_ps_per_s + half) / PS_PER_PPB);
}

static int32_t growth_plus(tai_ppb_t growth, int64_t more_ppb)
{
    int64_t sum = growth.ppb + more_ppb;
    return sum > PAGE_GROWTH_PPB_MAX ? PAGE_GROWTH_PPB_MAX : (int32_t)sum;
}

static bool context_valid(const struct line_page_context *c)
{
    return within(c->realtime_minus_raw_ns, PAGE_INSTANT_NS_MAX) &&
           within(c->next_leap.ns, PAGE_INSTANT_NS_MAX) && within(c->tai_utc_s, PAGE_TAI_UTC_S_MAX) &&
           within(c->next_tai_utc_s, PAGE_TAI_UTC_S_MAX) && c->utc <= TAISTAMP_UTC_UNKNOWN;
}

bool line_page_leap(const struct sync_leap *leap, tai_t now, struct line_page_context *c)
{
    bool coming = leap->next.ns < PAGE_NEVER && now.ns < leap->next.ns + PAGE_LEAP_NS;
    c->next_leap.ns = coming ? leap->next.ns : PAGE_NEVER;
    c->next_tai_utc_s = leap->next_tai_utc_s;
    c->tai_utc_s = coming || leap->next.ns >= PAGE_NEVER ? leap->tai_utc_s : leap->next_tai_utc_s;
    if (!coming)
        c->next_tai_utc_s = c->tai_utc_s;
    c->utc = leap->expires.ns == 0       ? TAISTAMP_UTC_UNKNOWN
             : now.ns < leap->expires.ns ? TAISTAMP_UTC_OK
                                         : TAISTAMP_UTC_EXPIRED;
    return !coming || now.ns < leap->next.ns - PAGE_LEAP_NS;
}

bool line_to_page(const struct sync_line *line, const struct line_page_context *context,
                  struct clock_line *ret_page)
{
    if (!line_valid(line) || !context_valid(context))
        return false;
    int32_t ppb = whole_ppb(line->rate_ps_per_s);
    bool exact = (int64_t)ppb * PS_PER_PPB == line->rate_ps_per_s;
    bool bounded = line->half_width.ns <= PAGE_WIDTH_NS_MAX;
    int64_t life = line->expires.ns - line->raw.ns;
    struct clock_line page = {
        .timeline = context->timeline,
        .as_of = line->raw,
        .tai = line->tai,
        .half_width = bounded ? line->half_width : (tai_bound_t){0},
        .rate = {ppb},
        .growth = {growth_plus(line->growth, exact ? 0 : 1)},
        .void_after = {line->raw.ns + (life < PAGE_LIFE_NS_MAX ? life : PAGE_LIFE_NS_MAX)},
        .realtime_minus_raw_ns = context->realtime_minus_raw_ns,
        .tai_utc_s = context->tai_utc_s,
        .next_tai_utc_s = context->next_tai_utc_s,
        .next_leap = context->next_leap,
        .utc = context->utc,
        .status = bounded || !page_status_has_interval(line->status) ? line->status : TAISTAMP_STATUS_UNKNOWN,
        .source = line->source,
        .term = context->term,
        .master = context->master,
    };
    memcpy(page.boot_id, context->boot_id, sizeof page.boot_id);
    *ret_page = page;
    return true;
}

void line_follow_init(struct line_follow *follow, tai_ppb_t slew_limit)
{
    BUG_UNLESS(slew_limit.ppb >= 1 && slew_limit.ppb <= 500000);
    *follow = (struct line_follow){.slew_limit = slew_limit};
}

int64_t line_follow_distance_ns(const struct line_follow *follow, const struct sync_line *target,
                                tai_mono_t now)
{
    if (!follow->started || follow->output.timeline.id != target->timeline.id)
        return 0;
    return sub_saturating(line_tai(target, now).ns, line_tai(&follow->output, now).ns);
}

/* By how much the output runs faster than the target to close `distance`, ps/s. */
static int64_t closing_rate(int64_t distance, tai_ppb_t limit)
{
    int64_t max = (int64_t)limit.ppb * PS_PER_PPB;
    int64_t per_s = distance > INT64_C(1000000) ? max : distance < -INT64_C(1000000) ? -max : distance * 1000;
    return per_s > max ? max : per_s < -max ? -max : per_s;
}

/* The growth that covers what the output gains on the target after it has reached it: at t it is |slew| * t - |distance|
 * past it, of which the half-width already holds |distance|; the worst is at the end of the line's life. */
static int64_t overshoot_ppb(int64_t distance, int64_t slew_ps_per_s, int64_t life_ns)
{
    int64_t size = slew_ps_per_s < 0 ? -slew_ps_per_s : slew_ps_per_s;
    int64_t gap = distance < 0 ? -distance : distance;
    int64_t past = line_gain_ns(life_ns, size);
    if (past / 2 < gap || life_ns <= 0)
        return 0;
    return size / PS_PER_PPB + 1;
}

enum line_follow_verdict line_follow_update(struct line_follow *follow, const struct sync_line *target,
                                            tai_mono_t now, bool step, struct sync_line *ret_output)
{
    if (!line_valid(target) || !line_usable(target, target->timeline, now) || now.ns < 0)
        return LINE_FOLLOW_UNUSABLE;
    bool same = follow->started && follow->output.timeline.id == target->timeline.id;
    int64_t distance = step ? 0 : line_follow_distance_ns(follow, target, now);
    tai_t at = same && !step ? line_tai(&follow->output, now) : line_tai(target, now);
    bool exactly_on = !same || step;
    struct sync_line output = *target;
    line_rebase(&output, now);
    output.tai = at;
    line_widen(&output, distance == INT64_MIN ? INT64_MAX : distance < 0 ? -distance : distance);
    /* Four roundings below 1 ns: of either line, when the distance was taken and when it is used. */
    line_widen(&output, exactly_on ? 0 : 4);
    int64_t slew = closing_rate(distance, follow->slew_limit);
    int64_t rate = (int64_t)whole_ppb(target->rate_ps_per_s + slew) * PS_PER_PPB;
    if (rate > SYNC_RATE_PS_MAX || rate < -SYNC_RATE_PS_MAX)
        rate = rate < 0 ? -SYNC_RATE_PS_MAX : SYNC_RATE_PS_MAX;
    int64_t life = target->expires.ns - now.ns;
    int64_t more = distance == 0 ? 1 : overshoot_ppb(distance, rate - target->rate_ps_per_s, life);
    bool exact = rate == target->rate_ps_per_s;
    output.rate_ps_per_s = rate;
    output.growth.ppb = growth_plus(target->growth, exact ? 0 : more);
    follow->output = output;
    follow->started = true;
    *ret_output = output;
    if (step && same)
        return LINE_FOLLOW_STEPPED;
    return same ? LINE_FOLLOWING : LINE_FOLLOW_BEGAN;
}
