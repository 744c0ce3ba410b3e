/* SPDX-License-Identifier: Apache-2.0 */
/* What the believed sources and the oscillator amount to: the reference of this second, and what is held from here on.
 *
 * Both the hull of the sources and the interval that is held contain the truth while the assumptions hold, so the reference is what they
 * have in common. A source that is not much wider than what is held anchors it anew; a wide one (network servers, when the
 * receiver has gone) confirms it and leaves it alone until it has grown about as wide. */
#include "sdk/base/bug.h"
#include "sdk/sync/line.h"
#include "server/clock/core/timekeeper_judge.h"
#include "sdk/time/arith.h"
#include "sdk/time/page.h"
#include "server/clock/core/timekeeper_state.h"

/* A source anchors what is held when it is at most this many times as wide. */
enum { ANCHOR_WIDER = 4 };

struct target {
    int64_t tai_ns, sigma_ns, rate_ps_per_s;
    int64_t aim_ns; /* TAI as the sources have it; tai_ns is moved into what is held, where it was outside */
    struct hull_item hull; /* TAI, ns */
    tai_ppb_t growth;
    int64_t narrowest_ns; /* half-width of a single source */
    uint16_t sources;     /* bits */
    struct judgement judgement;
    struct timekeeper_budget budget; /* its first three */
};

static int64_t size_of(int64_t v)
{
    return v < 0 ? -v : v;
}

static int64_t reach(const struct hull_item *hull, int64_t tai_ns)
{
    int64_t below = tai_ns - hull->earliest_ns, above = hull->latest_ns - tai_ns;
    return below > above ? below : above;
}

/* Splits `total` over the parts in their order; what remains is spread. */
static struct timekeeper_budget split(int64_t total, int64_t source, int64_t samples)
{
    struct timekeeper_budget b = {.source_ns = source < total ? source : total};
    int64_t rest = total - b.source_ns;
    b.samples_ns = samples < rest ? samples : rest;
    b.spread_ns = rest - b.samples_ns;
    return b;
}

/* ---- The sources ---- */

static void bounded_by(const struct timekeeper *k, size_t source, struct target *t)
{
    const struct timekeeper_source *s = &k->sources[source];
    const struct refclock_settings *c = &k->settings.sources[source];
    int64_t accuracy =
        !s->estimate.pulse && c->serial_accuracy_ns > 0 ? c->serial_accuracy_ns : c->accuracy_ns;
    int64_t samples = s->estimate.half_width_ns - accuracy;
    t->budget = split(t->judgement.half_width_ns, accuracy, samples > 0 ? samples : 0);
}

/* The sources that count, together; false: there is none, or they contradict each other. */
static bool sources_agree(const struct timekeeper *k, struct target *ret)
{
    struct judge_voice voices[REFCLOCKS_MAX];
    size_t places[REFCLOCKS_MAX], n = 0;
    int64_t zero = 0;
    struct target t = {.sigma_ns = 1, .narrowest_ns = INT64_MAX};
    for (size_t i = 0; i < k->settings.sources_count; i++) {
        const struct timekeeper_source *s = &k->sources[i];
        if (s->verdict != REFCLOCK_ACCEPTED || !s->speaks)
            continue;
        const struct refclock_estimate *e = &s->estimate;
        if (n == 0)
            zero = e->tai.ns;
        int64_t by = e->tai.ns - zero; /* those that count agree: they are near each other */
        voices[n] =
            (struct judge_voice){{by - e->half_width_ns, by + e->half_width_ns, k->settings.sources[i].group},
                                 (uint8_t)timekeeper_kind(&k->settings.sources[i]),
                                 e->rate_ps_per_s};
        places[n++] = i;
        t.growth = e->growth.ppb > t.growth.ppb ? e->growth : t.growth;
        t.sources |= (uint16_t)(1u << i);
        if (e->half_width_ns < t.narrowest_ns) {
            t.narrowest_ns = e->half_width_ns;
            t.sigma_ns = e->sigma_ns > 0 ? e->sigma_ns : 1;
        }
    }
    if (judge_agree(voices, n, &t.judgement) != JUDGE_AGREED)
        return false;
    t.tai_ns = t.aim_ns = zero + t.judgement.aim_ns;
    t.hull = (struct hull_item){zero + t.judgement.hull.earliest_ns, zero + t.judgement.hull.latest_ns, 0};
    t.rate_ps_per_s = t.judgement.rate_ps_per_s;
    bounded_by(k, places[t.judgement.bound_by], &t);
    *ret = t;
    return true;
}

/* What they have in common with what is held; false: nothing. */
static bool meet(const struct timekeeper *k, struct target *t)
{
    struct hull_item held = timekeeper_item(k->prediction.tai, k->prediction.half_width_ns);
    if (timekeeper_gap(&held, &t->hull) > 0)
        return false;
    if (held.earliest_ns > t->hull.earliest_ns)
        t->hull.earliest_ns = held.earliest_ns;
    if (held.latest_ns < t->hull.latest_ns)
        t->hull.latest_ns = held.latest_ns;
    t->tai_ns = hull_clamp(&t->hull, t->tai_ns);
    return true;
}

/* ---- Doubt ---- */

/* Whether the target is further than so many sigmas from what a witness expects, and how far. */
static bool is_beyond(const struct holdover_prediction *p, const struct target *t, int64_t sigmas,
                      int64_t *ret_by_ns)
{
    int64_t by = t->tai_ns - p->tai.ns;
    *ret_by_ns = by;
    return p->learnt && size_of(by) > sigmas * (p->sigma_ns + t->sigma_ns);
}

static void doubt_begins(struct timekeeper *k, const struct target *t)
{
    for (unsigned i = 0; i < WITNESS_LEVELS; i++) {
        struct holdover_prediction p;
        int64_t by;
        if (!witnesses_predict(&k->witnesses, i, &p) || !is_beyond(&p, t, TIMEKEEPER_SIGMAS, &by))
            continue;
        k->doubt = true;
        k->doubt_ns = 0;
        k->noticed = k->witnesses.old[i].holdover;
        k->noticed_mark = k->witnesses.old[i].mark;
        bool older = i + 1 < WITNESS_LEVELS && k->witnesses.old[i + 1].set;
        k->doubted = k->witnesses.old[older ? i + 1 : i].holdover;
        timekeeper_report(k, (struct timekeeper_report){.kind = TIMEKEEPER_SAYS_DOUBT, .value = 1});
        return;
    }
}

static void doubt_ends(struct timekeeper *k)
{
    k->doubt = false;
    timekeeper_report(k, (struct timekeeper_report){.kind = TIMEKEEPER_SAYS_DOUBT, .value = 0});
    for (size_t i = 0; i < k->settings.sources_count; i++)
        if (k->sources[i].verdict == REFCLOCK_ACCEPTED)
            timekeeper_set(k, i, REFCLOCK_ACCEPTED, TIMEKEEPER_NO_REASON, 0);
}

static void weigh_doubt(struct timekeeper *k, const struct target *t)
{
    struct holdover_prediction p;
    int64_t by = 0;
    if (!k->doubt)
        doubt_begins(k, t);
    if (!k->doubt)
        return;
    int64_t offset = 0;
    bool known = arith_sub(t->tai_ns, k->now.ns, &offset);
    enum flywheel_word word =
        known ? flywheel_says(&k->flywheel, &k->noticed_mark, offset) : FLYWHEEL_NOTHING;
    /* It has gone back; that the witness knows less and less is no reason. */
    if (!holdover_predict(&k->noticed, &p) || !is_beyond(&p, t, TIMEKEEPER_SIGMAS_BACK, &by)) {
        doubt_ends(k);
        return;
    }
    int64_t times = word == FLYWHEEL_SOURCE ? TIMEKEEPER_CONTRADICTED : 1;
    /* The oscillator is another one now: the witnesses know only the old one. */
    if (word == FLYWHEEL_OURS || k->doubt_ns / times >= k->settings.doubt_ns) {
        witnesses_clear(&k->witnesses);
        doubt_ends(k);
        return;
    }
    for (size_t i = 0; i < k->settings.sources_count; i++)
        if ((t->sources & 1u << i) != 0)
            timekeeper_set(k, i, REFCLOCK_ACCEPTED, TIMEKEEPER_DOUBT, by);
}

/* ---- The date ---- */

/* A pulse without a second is numbered by what is held: whatever the date, it agrees. */
static bool says_date(const struct timekeeper *k, size_t source)
{
    const struct timekeeper_source *s = &k->sources[source];
    enum refclock_driver driver = k->settings.sources[source].driver;
    return s->verdict == REFCLOCK_ACCEPTED && s->speaks && driver != REFCLOCK_PPS &&
           !(driver == REFCLOCK_SOCK && s->pulse);
}

uint32_t timekeeper_date_voices(const struct timekeeper *keeper)
{
    uint32_t voices = 0;
    for (size_t i = 0; i < keeper->settings.sources_count; i++) {
        uint16_t group = keeper->settings.sources[i].group;
        bool again = !says_date(keeper, i);
        for (size_t j = 0; j < i && group != 0; j++)
            again = again || (keeper->settings.sources[j].group == group && says_date(keeper, j));
        voices += !again;
    }
    return voices;
}

/* Whether more than a single voice, or one that has lasted, stands behind the date. The last known date outlives restarts and refuses
 * all earlier ones, so a wrong one would lock out every honest source. What is held does not step, so its date stays as it was when two said it. */
static bool date_is_confirmed(const struct timekeeper *k, int64_t tai_ns, int64_t half_ns)
{
    struct hull_item peers, said = timekeeper_item((tai_t){tai_ns}, half_ns);
    return k->date_confirmed || (k->voices >= 2 && timekeeper_date_voices(k) >= 2) ||
           k->dated_ns >= TIMEKEEPER_ALONE_NS ||
           (timekeeper_peers_at(k, k->now, 2, &peers) && timekeeper_gap(&said, &peers) == 0);
}

static void know(struct timekeeper *k, int64_t tai_ns, int64_t half_ns)
{
    k->date_confirmed = date_is_confirmed(k, tai_ns, half_ns);
    if (k->date_confirmed && tai_ns - half_ns > k->known.ns)
        k->known.ns = tai_ns - half_ns;
}

/* ---- The reference ---- */

static void refer(struct timekeeper *k, int64_t tai_ns, int64_t half_ns, int64_t rate_ps, tai_ppb_t growth)
{
    struct holdover_prediction d;
    int64_t with_doubt = half_ns, ppb = growth.ppb;
    if (k->doubt && holdover_predict(&k->doubted, &d)) {
        struct hull_item other = timekeeper_item(d.tai, d.half_width_ns);
        int64_t far = reach(&other, tai_ns);
        with_doubt = far > with_doubt ? far : with_doubt;
        int64_t parting = size_of(d.rate_ps_per_s - rate_ps) / 1000 + d.growth.ppb + 1;
        ppb = parting > ppb ? parting : ppb;
    }
    k->budget.doubt_ns = with_doubt - half_ns;
    k->reference = (struct sync_reference){.present = with_doubt <= TIMEKEEPER_WIDTH_NS_MAX,
                                           .kind = k->held_kind,
                                           .group = k->held_group,
                                           .raw = k->now,
                                           .tai = {tai_ns},
                                           .half_width = {with_doubt},
                                           .rate_ps_per_s = rate_ps,
                                           .voices = (uint8_t)(k->voices > 0 ? k->voices : k->held_voices)};
    if (rate_ps > SYNC_RATE_PS_MAX || rate_ps < -SYNC_RATE_PS_MAX)
        k->reference.present = false;
    k->reference.growth.ppb = (int32_t)(ppb < PAGE_GROWTH_PPB_MAX ? ppb : PAGE_GROWTH_PPB_MAX);
    if (!k->reference.present)
        k->reference = (struct sync_reference){0};
    if (k->reference.present)
        know(k, tai_ns, with_doubt);
}

/* Other sources than before, of another systematic error: their step is none of the oscillator's. */
static void change_sources(struct timekeeper *k, const struct target *t)
{
    if (!k->held || k->held_by == t->sources ||
        size_of(t->aim_ns - k->prediction.tai.ns) <=
            TIMEKEEPER_SIGMAS * (k->prediction.sigma_ns + t->sigma_ns))
        return;
    holdover_forget_phase(&k->holdover);
    witnesses_clear(&k->witnesses);
}

static void anchor(struct timekeeper *k, const struct target *t)
{
    /* Intervals that are about to part have little in common: that is no better knowledge. */
    int64_t half = reach(&t->hull, t->tai_ns);
    half = half > t->narrowest_ns ? half : t->narrowest_ns;
    /* At the edge of what is held nobody has measured the oscillator: it will seem to run from there to where the sources are. */
    int64_t sigma = t->sigma_ns + size_of(t->aim_ns - t->tai_ns);
    holdover_accept(&k->holdover, (tai_t){t->tai_ns}, sigma, half);
    k->held_kind = t->judgement.kind;
    k->held_group = t->judgement.group;
    k->held_by = t->sources;
    k->held_voices = k->voices;
    k->budget = k->held_budget = split(half, t->budget.source_ns, t->budget.samples_ns);
    refer(k, t->tai_ns, half, t->rate_ps_per_s, t->growth);
    if (!k->doubt)
        witnesses_copy(&k->witnesses, k->now, &k->holdover, &k->flywheel);
}

/* Nothing anchors: the oscillator alone, or with wide sources that confirm it. */
static void hold(struct timekeeper *k, const struct target *confirmed)
{
    const struct holdover_prediction *p = &k->prediction;
    struct hull_item hull = timekeeper_item(p->tai, p->half_width_ns);
    if (confirmed != NULL)
        hull = confirmed->hull;
    int64_t tai = hull_clamp(&hull, p->tai.ns), half = reach(&hull, tai);
    const struct timekeeper_budget *b = &k->held_budget;
    k->budget = split(half, b->source_ns, b->samples_ns);
    int64_t spread = b->spread_ns < k->budget.spread_ns ? b->spread_ns : k->budget.spread_ns;
    k->budget.holdover_ns = k->budget.spread_ns - spread;
    k->budget.spread_ns = spread;
    refer(k, tai, half, p->rate_ps_per_s, p->growth);
}

void timekeeper_combine(struct timekeeper *keeper)
{
    struct target t;
    keeper->budget = (struct timekeeper_budget){0};
    bool agree = sources_agree(keeper, &t);
    keeper->voices = agree ? t.judgement.voices : 0;
    keeper->f = agree ? t.judgement.f : 0;
    if (agree && keeper->held)
        agree = meet(keeper, &t);
    bool anchors = agree && (!keeper->held ||
                             t.judgement.half_width_ns / ANCHOR_WIDER <= keeper->prediction.half_width_ns);
    if (anchors) {
        change_sources(keeper, &t);
        weigh_doubt(keeper, &t);
        anchor(keeper, &t);
    } else if (keeper->held) {
        hold(keeper, agree ? &t : NULL);
    } else {
        keeper->reference = (struct sync_reference){0};
    }
}
