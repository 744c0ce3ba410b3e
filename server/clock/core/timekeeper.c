/* SPDX-License-Identifier: Apache-2.0 */
/* Life, the second, and what is held. */
#include "server/clock/core/timekeeper.h"

#include <string.h>

#include "sdk/base/bug.h"
#include "sdk/sync/line.h"
#include "server/clock/core/timekeeper_state.h"

#define YEAR_1980_NS (INT64_C(315964800) * NS_PER_S)
#define YEAR_2170_NS (INT64_C(6311433600) * NS_PER_S)

size_t timekeeper_size(void)
{
    return sizeof(struct timekeeper);
}

/* ---- Small things that all use ---- */

void timekeeper_report(struct timekeeper *keeper, struct timekeeper_report report)
{
    struct timekeeper_reports *r = &keeper->reports;
    if (r->count < TIMEKEEPER_REPORTS_MAX)
        r->items[r->count++] = report;
    else
        r->lost++;
}

void timekeeper_set(struct timekeeper *keeper, size_t source, enum refclock_verdict verdict,
                    enum timekeeper_reason reason, int64_t value)
{
    struct timekeeper_source *s = &keeper->sources[source];
    bool news = s->verdict != verdict;
    s->verdict = verdict;
    s->reason = reason;
    s->value = value;
    if (verdict == REFCLOCK_SUSPECT ||
        (verdict == REFCLOCK_ERA && s->returned)) /* a cold receiver names any date */
        s->penance = true;
    if (news)
        timekeeper_report(keeper, (struct timekeeper_report){.kind = TIMEKEEPER_SAYS_VERDICT,
                                                             .source = (uint8_t)source,
                                                             .verdict = verdict,
                                                             .reason = reason,
                                                             .value = value});
}

int64_t timekeeper_quarantine_ns(const struct timekeeper *keeper, size_t source)
{
    const struct timekeeper_settings *t = &keeper->settings;
    const struct timekeeper_source *s = &keeper->sources[source];
    enum refclock_driver driver = t->sources[source].driver;
    if (s->penance)
        return s->bits != 0 ? 4 * t->penance_ns : t->penance_ns;
    if (driver == REFCLOCK_SYSTEM_CLOCK ||
        driver == REFCLOCK_KERNEL) /* somebody else has judged them already */
        return 0;
    return s->bits != 0 ? 4 * t->quarantine_ns : t->quarantine_ns;
}

void timekeeper_quarantine(struct timekeeper *keeper, size_t source, int64_t raw_ns,
                           enum timekeeper_reason reason, int64_t value)
{
    struct timekeeper_source *s = &keeper->sources[source];
    s->since_ns = raw_ns;
    s->has_first = s->eligible = s->stepped = s->has_story = false;
    s->off_samples = 0;
    timekeeper_set(keeper, source, REFCLOCK_QUARANTINED, reason, value);
}

struct hull_item timekeeper_item(tai_t tai, int64_t half_width_ns)
{
    return (struct hull_item){tai.ns - half_width_ns, tai.ns + half_width_ns, 0};
}

int64_t timekeeper_gap(const struct hull_item *a, const struct hull_item *b)
{
    int64_t before = a->earliest_ns - b->latest_ns, after = b->earliest_ns - a->latest_ns;
    int64_t gap = before > after ? before : after;
    return gap > 0 ? gap : 0;
}

static struct hull_item carried(tai_t tai, int64_t half_ns, int64_t rate_ps, tai_ppb_t growth,
                                int64_t elapsed_ns)
{
    int64_t grown = bound_growth((tai_span_t){elapsed_ns}, growth).ns;
    int64_t half = half_ns + (grown < TIMEKEEPER_DAY_NS ? grown : TIMEKEEPER_DAY_NS) + 1;
    return timekeeper_item((tai_t){tai.ns + elapsed_ns + line_gain_ns(elapsed_ns, rate_ps)}, half);
}

bool timekeeper_held_at(const struct timekeeper *keeper, tai_mono_t raw, struct hull_item *ret_item)
{
    const struct holdover_prediction *p = &keeper->prediction;
    struct holdover_prediction d;
    int64_t elapsed = raw.ns - keeper->now.ns;
    if (!keeper->held)
        return false;
    *ret_item = carried(p->tai, p->half_width_ns, p->rate_ps_per_s, p->growth, elapsed);
    if (keeper->doubt && holdover_predict(&keeper->doubted, &d)) {
        struct hull_item other = carried(d.tai, d.half_width_ns, d.rate_ps_per_s, d.growth, elapsed);
        if (other.earliest_ns < ret_item->earliest_ns)
            ret_item->earliest_ns = other.earliest_ns;
        if (other.latest_ns > ret_item->latest_ns)
            ret_item->latest_ns = other.latest_ns;
    }
    return true;
}

static bool peers_carried(const struct timekeeper *keeper, tai_mono_t raw, uint32_t voices,
                          const struct tai_interval *said, struct hull_item *ret_item)
{
    const struct timekeeper_peers *p = &keeper->peers;
    int64_t age = raw.ns - p->raw.ns;
    if (!keeper->has_peers || p->voices < voices || age > TIMEKEEPER_PEERS_NS || age < -TIMEKEEPER_PEERS_NS)
        return false;
    int64_t slack = bound_growth((tai_span_t){age}, keeper->settings.rate_bound).ns;
    *ret_item = (struct hull_item){said->earliest.ns + age - slack, said->latest.ns + age + slack, 0};
    return true;
}

bool timekeeper_peers_at(const struct timekeeper *keeper, tai_mono_t raw, uint32_t voices,
                         struct hull_item *ret_item)
{
    return keeper->peers.agreed && peers_carried(keeper, raw, voices, &keeper->peers.hull, ret_item);
}

bool timekeeper_peers_allow(const struct timekeeper *keeper, uint32_t voices, struct hull_item *ret_item)
{
    return keeper->peers.excludes &&
           peers_carried(keeper, keeper->now, voices, &keeper->peers.allowed, ret_item);
}

void timekeeper_filters(struct timekeeper *keeper)
{
    int64_t rate = 0, sigma = 0;
    if (!holdover_rate(&keeper->holdover, &rate, &sigma))
        rate = sigma = 0;
    for (size_t i = 0; i < keeper->settings.sources_count; i++) {
        const struct refclock_settings *t = &keeper->settings.sources[i];
        const struct refclock_filter_settings f = {
            .accuracy_ns = t->accuracy_ns,
            .message_accuracy_ns = t->serial_accuracy_ns,
            .rate_bound = keeper->settings.rate_bound,
            .floor = oscillator_floor((enum oscillator_class)keeper->settings.oscillator),
            .rate_ps_per_s = rate,
            .rate_sigma_ps_per_s = sigma,
        };
        refclock_filter_init(&keeper->sources[i].filter, &f);
    }
}

void timekeeper_forget(struct timekeeper *keeper)
{
    holdover_forget_phase(&keeper->holdover);
    witnesses_clear(&keeper->witnesses);
    flywheel_clear(&keeper->flywheel);
    keeper->held = keeper->doubt = keeper->counts = keeper->date_confirmed = false;
    keeper->refuted_ns = keeper->dated_ns = 0;
}

/* ---- Life ---- */

static bool source_is_possible(const struct refclock_settings *s)
{
    return s->driver > REFCLOCK_NONE && s->driver < REFCLOCK_DRIVERS && s->name[0] != 0 &&
           s->accuracy_ns > 0 && s->accuracy_ns <= TIMEKEEPER_DAY_NS && s->serial_accuracy_ns >= 0 &&
           s->serial_accuracy_ns <= TIMEKEEPER_DAY_NS;
}

enum tai_err timekeeper_init(struct timekeeper *keeper, const struct timekeeper_settings *settings)
{
    if (settings->sources_count > REFCLOCKS_MAX || settings->oscillator >= OSCILLATOR_CLASSES ||
        settings->rate_bound.ppb <= 0 || settings->quarantine_ns < 0 || settings->penance_ns < 0 ||
        settings->doubt_ns < 0)
        return TAI_ERR_ARGUMENT;
    for (size_t i = 0; i < settings->sources_count; i++)
        if (!source_is_possible(&settings->sources[i]))
            return TAI_ERR_ARGUMENT;
    if (settings->not_before.ns < YEAR_1980_NS || settings->not_before.ns > YEAR_2170_NS)
        return TAI_ERR_RANGE;
    memset(keeper, 0, sizeof *keeper);
    keeper->settings = *settings;
    struct timekeeper_settings *s = &keeper->settings;
    s->quarantine_ns = s->quarantine_ns != 0 ? s->quarantine_ns : TIMEKEEPER_QUARANTINE_NS;
    s->penance_ns = s->penance_ns != 0 ? s->penance_ns : TIMEKEEPER_PENANCE_NS;
    s->doubt_ns = s->doubt_ns != 0 ? s->doubt_ns : TIMEKEEPER_DOUBT_NS;
    const struct holdover_settings h = {(enum oscillator_class)s->oscillator, s->rate_bound};
    holdover_init(&keeper->holdover, &h);
    timekeeper_filters(keeper);
    for (size_t i = 0; i < s->sources_count; i++)
        keeper->sources[i].reason = TIMEKEEPER_NOTHING_CAME;
    return TAI_OK;
}

bool timekeeper_remember(const struct timekeeper *keeper, struct timekeeper_memory *ret_memory)
{
    struct timekeeper_memory m = {.known = keeper->known};
    m.learnt = holdover_keep(&keeper->holdover, &m.oscillator);
    if (!m.learnt && keeper->holdover.memory.learnt_s > 0) { /* nothing new since the restart */
        m.oscillator = keeper->holdover.memory;
        m.learnt = true;
    }
    if (!m.learnt && m.known.ns == 0)
        return false;
    *ret_memory = m;
    return true;
}

void timekeeper_recall(struct timekeeper *keeper, const struct timekeeper_memory *memory)
{
    BUG_UNLESS(!keeper->has_now);
    if (memory->known.ns >= keeper->settings.not_before.ns &&
        memory->known.ns - keeper->settings.not_before.ns < TIMEKEEPER_ERA_NS)
        keeper->known = memory->known;
    if (!memory->learnt)
        return;
    holdover_remember(&keeper->holdover, &memory->oscillator);
    timekeeper_filters(keeper);
}

/* ---- From the node ---- */

void timekeeper_leap_table(struct timekeeper *keeper, const struct sync_leap *table)
{
    keeper->table = *table;
}

void timekeeper_peers(struct timekeeper *keeper, const struct timekeeper_peers *peers)
{
    keeper->peers = *peers;
    keeper->has_peers = true;
}

void timekeeper_temperature(struct timekeeper *keeper, struct holdover_temperature temperature)
{
    keeper->temperature = temperature;
}

void timekeeper_group(struct timekeeper *keeper, uint8_t source, uint16_t group)
{
    if (source < keeper->settings.sources_count)
        keeper->settings.sources[source].group = group;
}

/* ---- The second ---- */

static void new_timeline(struct timekeeper *keeper, const struct engine_now *now)
{
    timekeeper_forget(keeper);
    keeper->has_peers = false;
    for (size_t i = 0; i < keeper->settings.sources_count; i++) {
        struct timekeeper_source *s = &keeper->sources[i];
        if (s->filter.timeline.id != now->timeline.id)
            refclock_filter_reset(&s->filter);
        s->speaks = s->stepped = s->has_story = false;
        if (s->verdict == REFCLOCK_ACCEPTED || s->verdict == REFCLOCK_QUARANTINED ||
            s->verdict == REFCLOCK_SUSPECT)
            timekeeper_quarantine(keeper, i, now->raw.ns, TIMEKEEPER_NEW, 0);
    }
}

/* Words of the peers that are not fresh are none. */
static void turn_flywheel(struct timekeeper *keeper)
{
    const struct timekeeper_peers *p = &keeper->peers;
    int64_t age = keeper->now.ns - p->raw.ns;
    bool fresh = keeper->has_peers && age < TIMEKEEPER_PEERS_NS && age > -TIMEKEEPER_PEERS_NS;
    flywheel_second(&keeper->flywheel, keeper->now.ns, keeper->has_peers ? p->servers : 0, p->crystals,
                    fresh ? p->crystals_count : 0);
}

static void predict(struct timekeeper *keeper)
{
    turn_flywheel(keeper);
    holdover_second(&keeper->holdover, keeper->timeline, keeper->now, keeper->temperature);
    witnesses_second(&keeper->witnesses, keeper->timeline, keeper->now, keeper->temperature);
    if (keeper->doubt) {
        holdover_second(&keeper->noticed, keeper->timeline, keeper->now, keeper->temperature);
        holdover_second(&keeper->doubted, keeper->timeline, keeper->now, keeper->temperature);
    }
    keeper->held = holdover_predict(&keeper->holdover, &keeper->prediction);
    if (keeper->held && keeper->prediction.half_width_ns > TIMEKEEPER_WIDTH_NS_MAX)
        timekeeper_forget(keeper);
}

/* The peers' references exclude what is held, for a minute, with more of them than may lie: it is our oscillator that has done what
 * it cannot, as when a virtual machine stands still for a while. */
static void refute(struct timekeeper *keeper, int64_t elapsed_ns)
{
    struct hull_item held, peers;
    if (!timekeeper_held_at(keeper, keeper->now, &held) || !timekeeper_peers_allow(keeper, 2, &peers) ||
        timekeeper_gap(&held, &peers) == 0) {
        keeper->refuted_ns = 0;
        return;
    }
    keeper->refuted_ns += elapsed_ns;
    if (keeper->refuted_ns < TIMEKEEPER_REFUTED_NS)
        return;
    timekeeper_report(keeper, (struct timekeeper_report){.kind = TIMEKEEPER_SAYS_REFUTED});
    timekeeper_forget(keeper);
    for (size_t i = 0; i < keeper->settings.sources_count; i++)
        if (keeper->sources[i].verdict == REFCLOCK_ACCEPTED)
            timekeeper_quarantine(keeper, i, keeper->now.ns, TIMEKEEPER_CAME_BACK, 0);
}

static void say_reference(struct timekeeper *keeper)
{
    int64_t says = !keeper->reference.present ? 0 : keeper->counts ? 1 : 2;
    if (says != keeper->said)
        timekeeper_report(keeper,
                          (struct timekeeper_report){.kind = TIMEKEEPER_SAYS_REFERENCE, .value = says});
    keeper->said = says;
}

void timekeeper_second(struct timekeeper *keeper, const struct engine_now *now,
                       struct sync_reference *ret_reference, struct timekeeper_reports *ret_reports)
{
    if (!keeper->has_now || now->timeline.id != keeper->timeline.id)
        new_timeline(keeper, now);
    else
        BUG_UNLESS(now->raw.ns >= keeper->now.ns);
    int64_t elapsed =
        keeper->has_now && now->timeline.id == keeper->timeline.id ? now->raw.ns - keeper->now.ns : 0;
    keeper->has_now = true;
    keeper->timeline = now->timeline;
    keeper->now = now->raw;
    predict(keeper);
    refute(keeper, elapsed);
    timekeeper_verdicts(keeper);
    if (keeper->doubt && keeper->counts)
        keeper->doubt_ns += elapsed;
    if (timekeeper_date_voices(keeper) > 0)
        keeper->dated_ns += elapsed;
    timekeeper_combine(keeper);
    keeper->held = holdover_predict(&keeper->holdover, &keeper->prediction);
    say_reference(keeper);
    *ret_reference = keeper->reference;
    *ret_reports = keeper->reports;
    keeper->reports = (struct timekeeper_reports){0};
}

bool timekeeper_tai_at(const struct timekeeper *keeper, tai_mono_t raw, struct tai_interval *ret_interval)
{
    struct hull_item item;
    if (!timekeeper_held_at(keeper, raw, &item))
        return false;
    *ret_interval = (struct tai_interval){{item.earliest_ns}, {item.latest_ns}};
    return true;
}
