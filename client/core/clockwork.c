/* SPDX-License-Identifier: Apache-2.0 */
#include "client/core/clockwork.h"

#include "client/core/actions.h"
#include "sdk/base/bug.h"
#include "sdk/sync/oscillator.h"
#include "sdk/time/arith.h"

/* Around a leap second REALTIME is ambiguous. */
#define LEAP_HOLD_NS (2 * NS_PER_S)
#define LEAP_DAY_NS  (86400 * NS_PER_S)
/* For so long a clock that is a second off is one that missed the leap second. */
#define LEAP_MISSED_NS (10 * NS_PER_S)

void clockwork_init(struct clockwork *c, const struct engine_settings *settings)
{
    *c = (struct clockwork){.settings = settings, .leap = {.next = {PAGE_NEVER}, .next_tai_utc_s = 0}};
    rawmap_init(&c->map);
    line_follow_init(&c->follow, (tai_ppb_t){CLOCKWORK_SLEW_PPB});
    discipline_init(&c->discipline, settings->step_threshold_ns);
}

/* ---- Leap seconds ---- */

/* +1: the next one is inserted, -1: left out; 0: none is known. */
static int8_t leap_change(const struct clockwork *c)
{
    if (!c->leap_known || c->leap.next.ns >= PAGE_NEVER)
        return 0;
    return (int8_t)((c->leap.next_tai_utc_s > c->leap.tai_utc_s) -
                    (c->leap.next_tai_utc_s < c->leap.tai_utc_s));
}

/* When kernels change over: they count 23:59:59 twice, so an inserted second goes by the new offset already. */
static int64_t kernel_leap_ns(const struct clockwork *c)
{
    return leap_change(c) > 0 ? c->leap.next.ns - NS_PER_S : c->leap.next.ns;
}

static int32_t tai_utc_at(const struct clockwork *c, tai_t t)
{
    return t.ns >= kernel_leap_ns(c) ? c->leap.next_tai_utc_s : c->leap.tai_utc_s;
}

/* What the kernel is to do at the end of this UTC day. It must still be told so when it gets there, which is a little before or
 * after us. */
static int8_t leap_due(const struct clockwork *c, tai_t t)
{
    int64_t ahead = kernel_leap_ns(c) - t.ns;
    return ahead < LEAP_DAY_NS && ahead > -LEAP_HOLD_NS ? leap_change(c) : 0;
}

static bool leap_near(const struct clockwork *c, tai_t t)
{
    int64_t ahead = kernel_leap_ns(c) - t.ns;
    return leap_change(c) != 0 && ahead < LEAP_HOLD_NS && ahead > -LEAP_HOLD_NS;
}

/* ---- The timeline ---- */

/* The loop's name for it, and another one after each break that was found here. SplitMix64, so that names do not meet. */
static sync_timeline_t timeline(const struct clockwork *c)
{
    if (c->breaks == 0)
        return c->named;
    uint64_t z = c->named.id + c->breaks * UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    z ^= z >> 31;
    return (sync_timeline_t){z == 0 ? 1 : z};
}

static void forget_line(struct clockwork *c, bool disrupted)
{
    c->has_target = false;
    c->disrupted = disrupted;
    c->has_published = false;
    c->budget = (struct view_budget){0};
    line_follow_init(&c->follow, (tai_ppb_t){CLOCKWORK_SLEW_PPB});
}

static void new_timeline(struct clockwork *c, enum suspend_verdict why, int64_t by_ns,
                         struct engine_actions *actions)
{
    c->changes++;
    forget_line(c, true);
    rawmap_init(&c->map);
    discipline_lost(&c->discipline);
    actions_report(actions, ENGINE_SAYS_TIMELINE, (sync_node_t){0}, why, by_ns);
}

static void clock_was_set(struct clockwork *c, const struct engine_now *now, int64_t by_ns,
                          struct engine_actions *actions)
{
    bool by_kernel = c->has_published && leap_near(c, line_tai(&c->published, now->raw));
    discipline_lost(&c->discipline);
    c->has_published = false; /* the relation on the page is wrong now: publish at once */
    if (c->settings->mode == ENGINE_MODE_SYSTEM && !by_kernel)
        actions_report(actions, ENGINE_SAYS_RIVAL, (sync_node_t){0}, 0, by_ns);
}

static void feed(struct clockwork *c, const struct engine_now *now)
{
    struct rawmap_pair pair = {now->raw.ns, now->realtime_ns, now->width_ns < 0 ? 0 : now->width_ns};
    (void)rawmap_add(&c->map, &pair); /* several events of one wake-up bring the same pair */
}

/* What became of the timeline since the last event. */
static enum clockwork_change look(struct clockwork *c, const struct engine_event *event,
                                  struct engine_actions *actions)
{
    int64_t by_ns;
    enum suspend_verdict verdict = suspend_look(&c->suspend, &event->now, &by_ns);
    bool renamed = c->named.id != event->now.timeline.id;
    enum clockwork_change change = CLOCKWORK_SAME;
    c->named = event->now.timeline;
    if (verdict == SUSPEND_SLEPT || verdict == SUSPEND_OTHER) {
        c->breaks += !renamed;
        new_timeline(c, verdict, by_ns, actions);
        change = CLOCKWORK_NEW_TIMELINE;
    } else if (verdict == SUSPEND_CLOCK_SET) {
        clock_was_set(c, &event->now, by_ns, actions);
    }
    feed(c, &event->now);
    return change;
}

static void take_drift(struct clockwork *c, struct bytes text)
{
    if (drift_parse(text, &c->drift) != DRIFT_OK)
        return; /* as absent */
    c->has_drift = true;
    discipline_start_rate(&c->discipline, c->drift.oscillator_ps_per_s);
}

/* The own table. Without one there is nothing to say: what the servers agree on, or the table of before, stays; and so it does when
 * the servers have a newer one. */
static void take_leap(struct clockwork *c, const struct sync_leap *leap)
{
    if (leap->tai_utc_s == 0 || (c->leap_known && !c->leap_own && leap->expires.ns < c->leap.expires.ns))
        return;
    c->leap = *leap;
    c->leap_known = c->leap_own = true;
}

enum clockwork_change clockwork_begin(struct clockwork *c, const struct engine_event *event,
                                      struct engine_now *ret_now, struct engine_actions *actions)
{
    enum clockwork_change change = CLOCKWORK_SAME;
    if (event->kind == ENGINE_RECORD || event->kind == ENGINE_START) {
        if (event->kind == ENGINE_RECORD && event->u.record.record == ENGINE_RECORD_DRIFT)
            take_drift(c, event->u.record.bytes);
        c->running = event->kind == ENGINE_START;
        c->named = event->now.timeline;
        c->drift_at = event->now.raw;
    } else {
        BUG_UNLESS(c->running);
        change = look(c, event, actions);
    }
    if (event->kind == ENGINE_LEAP)
        take_leap(c, &event->u.leap);
    if (event->kind == ENGINE_KERNEL &&
        discipline_readback(&c->discipline, event->u.kernel.known, event->u.kernel.rate_ps_per_s,
                            event->u.kernel.rival))
        actions_report(actions, ENGINE_SAYS_RIVAL, (sync_node_t){0}, event->u.kernel.rate_ps_per_s, 0);
    c->now = event->now;
    c->now.timeline = timeline(c);
    *ret_now = c->now;
    return change;
}

void clockwork_break(struct clockwork *c, struct engine_now *now, struct engine_actions *actions)
{
    c->breaks++;
    new_timeline(c, SUSPEND_SLEPT, 0, actions);
    feed(c, now);
    c->now.timeline = now->timeline = timeline(c);
}

const struct rawmap *clockwork_map(const struct clockwork *c)
{
    return &c->map;
}

/* ---- Leap seconds, for others ---- */

int64_t clockwork_leap_realtime_ns(const struct clockwork *c)
{
    if (!c->leap_known || c->leap.next.ns >= PAGE_NEVER)
        return RAWMAP_NO_LEAP;
    return c->leap.next.ns - (int64_t)c->leap.next_tai_utc_s * NS_PER_S;
}

struct sync_leap clockwork_leap(const struct clockwork *c)
{
    return c->leap;
}

void clockwork_offer_leap(struct clockwork *c, const struct sync_leap *leap)
{
    if (leap->tai_utc_s == 0 || (c->leap_own && leap->expires.ns <= c->leap.expires.ns))
        return;
    c->leap = *leap;
    c->leap_known = true;
    c->leap_own = false;
}

/* ---- The target ---- */

static tai_mono_t in(const struct engine_now *now, int64_t ns)
{
    return (tai_mono_t){now->raw.ns < INT64_MAX - ns ? now->raw.ns + ns : INT64_MAX};
}

static enum oscillator_class class_of(const struct clockwork *c)
{
    unsigned number = c->settings->oscillator;
    return number < OSCILLATOR_CLASSES ? (enum oscillator_class)number : OSCILLATOR_PC;
}

void clockwork_aim(struct clockwork *c, const struct engine_now *now, const struct sync_line *target,
                   const struct view_budget *budget)
{
    BUG_UNLESS(line_valid(target) && target->timeline.id == timeline(c).id);
    tai_ppb_t floor = oscillator_floor(class_of(c));
    c->target = *target;
    if (c->target.growth.ppb < floor.ppb)
        c->target.growth = floor;
    c->target_until = target->expires;
    c->target_growth = c->target.growth;
    c->target.expires = in(now, CLOCKWORK_LIFE_NS);
    c->budget = *budget;
    c->has_target = c->fresh = true;
    c->disrupted = false;
}

void clockwork_void(struct clockwork *c, const struct engine_now *now)
{
    (void)now;
    forget_line(c, false);
}

bool clockwork_has_target(const struct clockwork *c)
{
    return c->has_target;
}

bool clockwork_target(const struct clockwork *c, struct sync_line *ret_line)
{
    if (c->has_target)
        *ret_line = c->target;
    return c->has_target;
}

/* Growth of a line whose rate was confirmed `age` before, for the first time not again. */
static tai_ppb_t held_growth(const struct clockwork *c, int64_t age_ns)
{
    int64_t from = c->target_growth.ppb, to = c->settings->rate_bound.ppb;
    if (to <= from)
        return c->target_growth;
    int64_t age_s = age_ns >= CLOCKWORK_HOLD_NS ? CLOCKWORK_HOLD_NS / NS_PER_S : age_ns / NS_PER_S;
    return (tai_ppb_t){(int32_t)(from + (to - from) * age_s / (CLOCKWORK_HOLD_NS / NS_PER_S))};
}

/* The target lives as long as this process does; what ages is its width. */
static void renew(struct clockwork *c, const struct engine_now *now)
{
    if (now->raw.ns > c->target_until.ns) {
        line_rebase(&c->target, now->raw);
        c->target.growth = held_growth(c, now->raw.ns - c->target_until.ns);
    }
    c->target.expires = in(now, CLOCKWORK_LIFE_NS);
}

/* ---- Publishing ---- */

static struct sync_line no_line(const struct clockwork *c)
{
    return (struct sync_line){.timeline = timeline(c),
                              .raw = c->now.raw,
                              .half_width = {BOUND_UNBOUNDED},
                              .expires = in(&c->now, CLOCKWORK_LIFE_NS),
                              .status = c->disrupted ? TAISTAMP_STATUS_DISRUPTED : TAISTAMP_STATUS_UNKNOWN};
}

static bool publish(struct clockwork *c, const struct engine_now *now)
{
    bool due = !c->has_published || c->fresh || now->raw.ns - c->published_at.ns >= CLOCKWORK_PUBLISH_NS;
    if (!due)
        return false;
    c->published = no_line(c);
    if (c->has_target) {
        renew(c, now);
        enum line_follow_verdict v =
            line_follow_update(&c->follow, &c->target, now->raw, false, &c->published);
        BUG_UNLESS(v != LINE_FOLLOW_UNUSABLE);
    }
    c->has_published = true;
    c->fresh = false;
    c->published_at = now->raw;
    return true;
}

struct sync_line clockwork_line(const struct clockwork *c, tai_mono_t raw)
{
    (void)raw;
    return c->has_published && c->has_target ? c->published : no_line(c);
}

tai_t clockwork_now(const struct clockwork *c, tai_mono_t raw)
{
    if (!c->has_target)
        return (tai_t){0};
    return line_tai(c->has_published ? &c->published : &c->target, raw);
}

/* ---- The kernel's clock ---- */

/* Without any word on leap seconds only a cluster that has its own time anyway may set the clock. */
static bool may_steer(const struct clockwork *c)
{
    return c->has_target && (c->leap_known || c->published.status == TAISTAMP_STATUS_RELATIVE);
}

/* A leap second went by. The kernel makes it, having been told so a day before; one that was not (we started a moment ago, or it
 * was set by another in between) is a second off now, and is stepped as kernels do it. */
static void see_leap_pass(struct clockwork *c, const struct engine_now *now, const struct discipline_aim *aim)
{
    if (c->tai_utc_s != 0 && c->tai_utc_s != aim->tai_utc_s) {
        c->leap_passing = true;
        c->leap_passed_at = now->raw;
    }
    c->tai_utc_s = aim->tai_utc_s;
    if (!c->leap_passing || aim->hold)
        return;
    int64_t off = aim->realtime_ns - now->realtime_ns;
    if (now->raw.ns - c->leap_passed_at.ns > LEAP_MISSED_NS)
        c->leap_passing = false;
    else if (off > NS_PER_S / 2 || off < -NS_PER_S / 2) {
        c->discipline.must_step = true;
        c->leap_passing = false;
    }
}

static bool steer(struct clockwork *c, const struct engine_now *now, struct engine_actions *actions)
{
    struct engine_steer *out = &actions->steering;
    if (c->settings->mode != ENGINE_MODE_SYSTEM || c->map.count == 0)
        return false;
    if (!may_steer(c))
        return discipline_idle(&c->discipline, now, out);
    tai_t tai = line_tai(&c->published, now->raw);
    int32_t tai_utc_s = tai_utc_at(c, tai);
    struct discipline_aim aim = {.realtime_ns = tai.ns - (int64_t)tai_utc_s * NS_PER_S,
                                 .rate_ps_per_s = c->published.rate_ps_per_s,
                                 .half_width_ns = line_half_width(&c->published, now->raw).ns,
                                 .valid = page_status_has_interval(c->published.status),
                                 .hold = leap_near(c, tai),
                                 .tai_utc_s = tai_utc_s,
                                 .leap = leap_due(c, tai)};
    see_leap_pass(c, now, &aim);
    if (!discipline_steer(&c->discipline, now, &aim, out))
        return false;
    if (out->step) {
        suspend_expect_step(&c->suspend, out->step_ns);
        actions_report(actions, ENGINE_SAYS_STEP, (sync_node_t){0}, out->step_ns, 0);
    }
    return true;
}

void clockwork_makestep(struct clockwork *c)
{
    c->discipline.must_step = true;
}

/* ---- What is learned ---- */

enum {
    DRIFT_SIGMA_PS = 50000
}; /* of a rate that was followed: 0.05 ppm, what a day's temperature does to it */

static void write_drift(struct clockwork *c, const struct engine_now *now, struct engine_actions *actions)
{
    uint64_t since_s = (uint64_t)(now->raw.ns - c->drift_at.ns) / (uint64_t)NS_PER_S;
    struct engine_persist *persist = actions_persist(actions, ENGINE_RECORD_DRIFT, CLOCKWORK_TOKEN);
    if (persist == NULL)
        return;
    int64_t tai_s = line_tai(&c->target, now->raw).ns / NS_PER_S;
    bool absolute = c->target.status <= TAISTAMP_STATUS_ASSUMED && tai_s > 0;
    c->drift.oscillator_ps_per_s = c->target.rate_ps_per_s;
    c->drift.oscillator_sigma_ps_per_s = DRIFT_SIGMA_PS;
    c->drift.learnt_s =
        c->drift.learnt_s + since_s > DRIFT_SECONDS_MAX ? DRIFT_SECONDS_MAX : c->drift.learnt_s + since_s;
    c->drift.written_tai_s = absolute ? (uint64_t)tai_s : 0;
    c->has_drift = true;
    c->drift_at = now->raw;
    struct out out = out_of(persist->bytes, sizeof persist->bytes);
    drift_print(&c->drift, &out);
    BUG_UNLESS(!out.overflow);
    persist->len = (uint16_t)out.len;
}

bool clockwork_drift(const struct clockwork *c, int64_t *ret_rate_ps_per_s)
{
    if (c->has_target)
        *ret_rate_ps_per_s = c->target.rate_ps_per_s;
    else if (c->has_drift)
        *ret_rate_ps_per_s = c->drift.oscillator_ps_per_s;
    return c->has_target || c->has_drift;
}

void clockwork_end(struct clockwork *c, const struct engine_now *now, uint64_t term, sync_node_t master,
                   tai_mono_t wake, bool last, struct engine_actions *actions)
{
    actions_wake(actions, wake);
    if (!c->running || c->map.count == 0)
        return;
    if (publish(c, now)) {
        actions->publish = 1;
        actions->line = c->published;
        actions->term = term;
        actions->master = master;
    }
    if (steer(c, now, actions))
        actions->steer = 1;
    bool due = now->raw.ns - c->drift_at.ns >= CLOCKWORK_DRIFT_NS;
    if (c->has_target && (due || (last && now->raw.ns - c->drift_at.ns >= CLOCKWORK_PUBLISH_NS)))
        write_drift(c, now, actions);
    actions_wake(actions, (tai_mono_t){c->published_at.ns + CLOCKWORK_PUBLISH_NS});
}

/* ---- What it shows ---- */

void clockwork_view(const struct clockwork *c, tai_mono_t raw, struct view_tracking *ret_tracking)
{
    struct view_tracking *v = ret_tracking;
    v->line = clockwork_line(c, raw);
    v->now_raw_ns = raw.ns;
    v->now = (struct tai_interval){{0}, {0}};
    v->half_width_ns = BOUND_UNBOUNDED;
    v->budget = c->budget;
    v->rate_ps_per_s = v->line.rate_ps_per_s;
    v->skew_ps_per_s = -1;
    v->has_system = c->settings->mode == ENGINE_MODE_SYSTEM && c->discipline.told;
    v->system_ns = c->discipline.phase_ns;
    v->system_rate_ps_per_s = c->discipline.rate_ps_per_s;
    v->leap = c->leap;
    v->timeline = timeline(c).id;
    v->timeline_changes = c->changes;
    if (!c->has_target)
        return;
    v->now = line_interval(&v->line, raw);
    v->half_width_ns = line_half_width(&v->line, raw).ns;
    int64_t left = line_follow_distance_ns(&c->follow, &c->target, raw);
    v->budget.slew_ns = left < 0 ? -left : left;
    v->budget.age_ns = line_half_width(&c->target, raw).ns - c->target.half_width.ns + c->budget.age_ns;
}
