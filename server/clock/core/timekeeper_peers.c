/* SPDX-License-Identifier: Apache-2.0 */
/* What the other servers say for themselves: their own references and oscillators, never the line that they share with us. */
#include "sdk/sync/hull.h"
#include "sdk/sync/line.h"
#include "server/clock/core/round.h"
#include "server/clock/core/timekeeper.h"

/* A peer's word of a minute ago is none of now. */
#define PEER_AGE_NS_MAX INT64_C(60000000000)

static bool reference_counts(const struct view_source *s, tai_mono_t raw)
{
    const struct sync_reference *r = &s->reference;
    int64_t age;
    return s->server && s->reachable && s->has_reference && r->present && s->verdict != VIEW_REJECT &&
           r->half_width.ns >= 0 && r->half_width.ns <= ROUND_WIDTH_NS_MAX &&
           arith_sub(raw.ns, r->raw.ns, &age) && age > -PEER_AGE_NS_MAX && age < PEER_AGE_NS_MAX &&
           r->tai.ns > -PAGE_INSTANT_NS_MAX && r->tai.ns < PAGE_INSTANT_NS_MAX &&
           r->rate_ps_per_s >= -SYNC_RATE_PS_MAX && r->rate_ps_per_s <= SYNC_RATE_PS_MAX;
}

/* Exchanges from which a rate is known at all. */
enum { CRYSTAL_SAMPLES = 8 };

static bool crystal_counts(const struct view_source *s)
{
    return s->reachable && s->verdict != VIEW_REJECT && s->samples >= CRYSTAL_SAMPLES && s->age_ns >= 0 &&
           s->age_ns < PEER_AGE_NS_MAX;
}

/* Its interval at `raw`, whole instants: TAI up to 2223 and widths of days stay within the type. */
static struct hull_item item_of(const struct sync_reference *r, tai_mono_t raw)
{
    tai_span_t age = {raw.ns - r->raw.ns};
    int64_t mid = round_advance(r->tai, age.ns, r->rate_ps_per_s).ns;
    int64_t half = taistamp_bound_add(r->half_width, bound_growth(age, r->growth)).ns;
    return (struct hull_item){mid - half, mid + half, r->group};
}

/* The points that all but f of them can be true with; false: there are none. */
static bool intersect(const struct hull_item *items, size_t n, size_t f, struct tai_interval *ret)
{
    struct hull_item hull;
    if (hull_intersect(items, n, f, &hull, NULL) != HULL_OK)
        return false;
    *ret = (struct tai_interval){{hull.earliest_ns}, {hull.latest_ns}};
    return true;
}

void timekeeper_peers_of(const struct view_source *sources, size_t count, tai_mono_t raw,
                         struct timekeeper_peers *ret_peers)
{
    struct hull_item items[SYNC_SERVERS_MAX];
    struct timekeeper_peers peers = {.raw = raw};
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        const struct view_source *s = &sources[i];
        if (n < SYNC_SERVERS_MAX && reference_counts(s, raw))
            items[n++] = item_of(&s->reference, raw);
        peers.servers += s->server;
        if (s->server && crystal_counts(s) && peers.crystals_count < SYNC_SERVERS_MAX)
            peers.crystals[peers.crystals_count++] =
                (struct flywheel_reading){s->node, s->rate_ps_per_s, s->skew_ps_per_s};
    }
    size_t voices = 0;
    for (size_t i = 0; i < n; i++) {
        bool again = false;
        for (size_t j = 0; j < i && items[i].group != 0; j++)
            again = again || items[j].group == items[i].group;
        voices += !again;
    }
    peers.voices = (uint32_t)voices;
    peers.agreed = voices > 0 && intersect(items, n, (voices - 1) / 2, &peers.hull);
    peers.excludes = voices > 0 && intersect(items, n, voices / 2, &peers.allowed);
    *ret_peers = peers;
}
