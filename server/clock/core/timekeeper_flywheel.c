/* SPDX-License-Identifier: Apache-2.0 */
#include "server/clock/core/timekeeper_flywheel.h"

#include "sdk/base/bug.h"
#include "sdk/sync/line.h"
#include "sdk/time/arith.h"

#define PS_PER_NS INT64_C(1000)
/* A mark says nothing of later, or of a source that is further away. */
#define SPAN_NS_MAX  (INT64_C(30) * 86400 * NS_PER_S)
#define MOVED_NS_MAX INT64_C(1000000000000000)
enum { SIGMAS = 4, PART = 4 }; /* of a rate; the part of an excess that may be left open */

static int64_t size_of(int64_t v)
{
    return v < 0 ? -v : v;
}

void flywheel_clear(struct flywheel *flywheel)
{
    *flywheel = (struct flywheel){0};
}

/* Its own place, else a free one, else the one heard of longest ago. */
static struct flywheel_place *place_of(struct flywheel *f, sync_node_t node)
{
    struct flywheel_place *best = &f->places[0];
    for (size_t i = 0; i < SYNC_SERVERS_MAX; i++) {
        struct flywheel_place *p = &f->places[i];
        if (p->node.id == node.id)
            return p;
        if (best->node.id != 0 && (p->node.id == 0 || p->seen_ns < best->seen_ns))
            best = p;
    }
    *best = (struct flywheel_place){.node = node, .life = best->life + 1};
    return best;
}

/* span * rate, |rate| <= SYNC_RATE_PS_MAX: within the type for 290 years. */
static int64_t gain_ps(int64_t span_ns, int64_t rate_ps)
{
    return span_ns / NS_PER_S * rate_ps + span_ns % NS_PER_S * rate_ps / NS_PER_S;
}

static void take(struct flywheel *f, const struct flywheel_reading *r)
{
    struct flywheel_place *p = place_of(f, r->node);
    int64_t elapsed = f->now_ns - p->seen_ns;
    bool begins = p->life == 0 || elapsed > FLYWHEEL_GAP_NS;
    p->life += begins;
    p->gained_ps = begins ? 0 : p->gained_ps + gain_ps(elapsed, r->rate_ps_per_s);
    p->seen_ns = f->now_ns;
    p->rate_ps = r->rate_ps_per_s;
    p->skew_ps = r->skew_ps_per_s;
}

static bool is_usable(const struct flywheel_reading *r)
{
    return r->node.id != 0 && r->skew_ps_per_s >= 0 && r->skew_ps_per_s <= FLYWHEEL_SKEW_PS_MAX &&
           r->rate_ps_per_s >= -SYNC_RATE_PS_MAX && r->rate_ps_per_s <= SYNC_RATE_PS_MAX;
}

void flywheel_second(struct flywheel *flywheel, int64_t raw_ns, uint32_t servers,
                     const struct flywheel_reading *readings, size_t count)
{
    BUG_UNLESS(count <= SYNC_SERVERS_MAX && raw_ns >= flywheel->now_ns);
    flywheel->now_ns = raw_ns;
    flywheel->servers = servers;
    for (size_t i = 0; i < count; i++)
        if (is_usable(&readings[i]))
            take(flywheel, &readings[i]);
}

void flywheel_mark(const struct flywheel *flywheel, int64_t offset_ns, int64_t rate_ps,
                   struct flywheel_mark *ret_mark)
{
    ret_mark->set = true;
    ret_mark->raw_ns = flywheel->now_ns;
    ret_mark->offset_ns = offset_ns;
    ret_mark->rate_ps = rate_ps;
    for (size_t i = 0; i < SYNC_SERVERS_MAX; i++)
        ret_mark->places[i] = flywheel->places[i];
}

/* Read at both ends, and all the time between. */
static bool spans(const struct flywheel *f, const struct flywheel_mark *mark, size_t i)
{
    const struct flywheel_place *then = &mark->places[i], *now = &f->places[i];
    return then->node.id != 0 && then->node.id == now->node.id && then->life == now->life &&
           then->seen_ns == mark->raw_ns && now->seen_ns == f->now_ns;
}

/* What one server says of an excess of the source. */
static enum flywheel_word word_of(const struct flywheel_place *then, const struct flywheel_place *now,
                                  int64_t span_ns, int64_t excess_ns)
{
    int64_t part = size_of(excess_ns) / PART;
    int64_t doubt = SIGMAS * gain_ps(span_ns, then->skew_ps + now->skew_ps) / PS_PER_NS;
    int64_t own = (now->gained_ps - then->gained_ps - gain_ps(span_ns, then->rate_ps)) / PS_PER_NS;
    int64_t left = size_of(excess_ns - own);
    if (doubt > part || part == 0)
        return FLYWHEEL_NOTHING;
    return left <= part                        ? FLYWHEEL_OURS
           : left >= size_of(excess_ns) - part ? FLYWHEEL_SOURCE
                                               : FLYWHEEL_NOTHING;
}

enum flywheel_word flywheel_says(const struct flywheel *flywheel, const struct flywheel_mark *mark,
                                 int64_t offset_ns)
{
    uint32_t votes[FLYWHEEL_SOURCE + 1] = {0};
    int64_t span = flywheel->now_ns - mark->raw_ns, moved;
    if (!mark->set || span <= 0 || span > SPAN_NS_MAX || !arith_sub(offset_ns, mark->offset_ns, &moved) ||
        size_of(moved) > MOVED_NS_MAX)
        return FLYWHEEL_NOTHING;
    int64_t excess = moved - line_gain_ns(span, mark->rate_ps);
    for (size_t i = 0; i < SYNC_SERVERS_MAX; i++)
        if (spans(flywheel, mark, i))
            votes[word_of(&mark->places[i], &flywheel->places[i], span, excess)]++;
    if (votes[FLYWHEEL_OURS] * 2 > flywheel->servers)
        return FLYWHEEL_OURS;
    return votes[FLYWHEEL_SOURCE] * 2 > flywheel->servers ? FLYWHEEL_SOURCE : FLYWHEEL_NOTHING;
}
