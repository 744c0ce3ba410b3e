/* SPDX-License-Identifier: Apache-2.0 */
#include "server/clock/core/timekeeper_judge.h"

#include "sdk/base/bug.h"
#include "sdk/sync/sort.h"

static int64_t half_sum(int64_t a, int64_t b)
{
    return a / 2 + b / 2 + (a % 2 + b % 2) / 2;
}

static int64_t width(const struct hull_item *item)
{
    return (item->latest_ns - item->earliest_ns) / 2;
}

static bool touches(const struct hull_item *item, const struct hull_item *hull)
{
    return item->earliest_ns <= hull->latest_ns && item->latest_ns >= hull->earliest_ns;
}

/* Voices with those of one group merged as the hull merges them; the rate is its narrowest member's. Returns how many. */
static size_t merged(const struct judge_voice *voices, size_t count, struct judge_voice *ret)
{
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        size_t j = n;
        if (voices[i].item.group != 0)
            for (j = 0; j < n && ret[j].item.group != voices[i].item.group; j++)
                ;
        if (j == n) {
            ret[n++] = voices[i];
            continue;
        }
        if (width(&voices[i].item) < width(&ret[j].item))
            ret[j].rate_ps_per_s = voices[i].rate_ps_per_s;
        if (voices[i].item.earliest_ns < ret[j].item.earliest_ns)
            ret[j].item.earliest_ns = voices[i].item.earliest_ns;
        if (voices[i].item.latest_ns > ret[j].item.latest_ns)
            ret[j].item.latest_ns = voices[i].item.latest_ns;
    }
    return n;
}

/* Drops as many of each end as may lie, and gives the middle of the rest. */
static int64_t tolerant_middle(int64_t *values, size_t count)
{
    size_t f = (count - 1) / 2;
    sort_i64(values, count);
    return half_sum(values[f], values[count - 1 - f]);
}

static void aim(const struct judge_voice *voices, size_t count, struct judgement *j)
{
    int64_t middles[REFCLOCKS_MAX], rates[REFCLOCKS_MAX], narrowest = INT64_MAX;
    size_t n = 0;
    for (size_t i = 0; i < count; i++)
        if (touches(&voices[i].item, &j->hull) && width(&voices[i].item) < narrowest)
            narrowest = width(&voices[i].item);
    for (size_t i = 0; i < count; i++) {
        if (!touches(&voices[i].item, &j->hull) || width(&voices[i].item) / JUDGE_PRECISE > narrowest)
            continue;
        middles[n] = half_sum(voices[i].item.earliest_ns, voices[i].item.latest_ns);
        rates[n++] = voices[i].rate_ps_per_s;
    }
    BUG_UNLESS(n > 0); /* the ends of the hull are ends of voices */
    j->aim_ns = hull_clamp(&j->hull, tolerant_middle(middles, n));
    j->rate_ps_per_s = tolerant_middle(rates, n);
}

/* Who makes the ends. Of several with the same end the best kind counts: without the others it would be the same. */
static void bound(const struct judge_voice *voices, size_t count, struct judgement *j)
{
    int64_t below = j->aim_ns - j->hull.earliest_ns, above = j->hull.latest_ns - j->aim_ns;
    uint8_t low = UINT8_MAX, high = UINT8_MAX;
    for (size_t i = 0; i < count; i++) {
        if (voices[i].item.earliest_ns == j->hull.earliest_ns && voices[i].kind < low) {
            low = voices[i].kind;
            if (below >= above)
                j->bound_by = (uint8_t)i;
        }
        if (voices[i].item.latest_ns == j->hull.latest_ns && voices[i].kind < high) {
            high = voices[i].kind;
            if (above > below)
                j->bound_by = (uint8_t)i;
        }
    }
    BUG_UNLESS(low != UINT8_MAX && high != UINT8_MAX);
    j->kind = low > high ? low : high;
    j->half_width_ns = below > above ? below : above;
}

enum judge_outcome judge_agree(const struct judge_voice *voices, size_t count, struct judgement *ret)
{
    struct hull_item items[REFCLOCKS_MAX];
    struct judge_voice single[REFCLOCKS_MAX];
    BUG_UNLESS(count <= REFCLOCKS_MAX);
    *ret = (struct judgement){0};
    if (count == 0)
        return JUDGE_NOBODY;
    for (size_t i = 0; i < count; i++)
        items[i] = voices[i].item;
    size_t n = merged(voices, count, single);
    ret->voices = (uint32_t)n;
    ret->f = (uint32_t)(n - 1) / 2;
    if (hull_intersect(items, count, ret->f, &ret->hull, NULL) != HULL_OK)
        return JUDGE_CONTRADICTED;
    aim(single, n, ret);
    bound(voices, count, ret);
    ret->group = n == 1 ? voices[0].item.group : 0;
    for (size_t i = 0; i < count; i++)
        if (!touches(&voices[i].item, &ret->hull))
            ret->outvoted |= (uint16_t)(1u << i);
    return JUDGE_AGREED;
}
