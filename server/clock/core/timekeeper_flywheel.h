/* SPDX-License-Identifier: Apache-2.0 */
/* The other servers' oscillators as a flywheel: when the own one and a source part, which of the two has changed.
 *
 * Decides: from the rates of the other servers' raw timelines against ours, whether most of them saw our oscillator move as the source
 * says, or saw nothing of it. Refuses: to say where TAI is, and to look at what those servers believe; their raw timelines are
 * steered by nobody, so that a source which leads the whole cluster astray does not move them.
 *
 * Model. A *mark* is made when all agrees: what TAI was, at which rate it was expected to go on, and at which rate each of the other
 * timelines gained on ours. Since then the source is `excess` away from what the mark expected, and each other timeline by an excess
 * of its own, the integral of the change of its rate. Both are the same if it was our oscillator; the second is nothing if
 * it was the source. A server says *ours* when the two differ by at most a quarter of the first, *the source* when by three quarters
 * or more, else nothing; nothing too while what its rate is not known to could be a quarter. It needs more than half of the other
 * servers of the configuration to decide. So of n servers no floor((n-1)/3) liars can, in neither direction.
 *
 * What it cannot tell: all crystals that change alike (a room that cools down) look as the source does when it is dragged.
 *
 * Worked number: 600 s after the mark the source is 180 us ahead (300 ns/s). Three of four servers gained 165 to 175 us on us meanwhile:
 * our crystal has slowed. Had they gained 2 us, it would be the source.
 *
 * Pure; integers only; one thread at a time. 0.5 KiB, and 0.7 KiB for each mark. */
#ifndef SERVER_CLOCK_CORE_TIMEKEEPER_FLYWHEEL_H
#define SERVER_CLOCK_CORE_TIMEKEEPER_FLYWHEEL_H

#include "sdk/sync/sync.h"

/* A rate that is not known better than this (one sigma) is of no use. */
#define FLYWHEEL_SKEW_PS_MAX INT64_C(50000)
/* Who was not heard of for longer begins anew: nobody knows what its rate was meanwhile. */
#define FLYWHEEL_GAP_NS INT64_C(10000000000)

/* Another server's raw timeline against ours, as measured now. */
struct flywheel_reading {
    sync_node_t node;
    int64_t rate_ps_per_s; /* it gains on ours */
    int64_t skew_ps_per_s; /* one sigma of that, >= 0 */
};

struct flywheel_place {
    sync_node_t node;  /* 0: free */
    uint32_t life;     /* another one: marks of before do not count */
    int64_t seen_ns;   /* raw reading at which it was read last */
    int64_t gained_ps; /* since its life began */
    int64_t rate_ps, skew_ps;
};
struct flywheel {
    int64_t now_ns;
    uint32_t servers; /* others of the configuration */
    struct flywheel_place places[SYNC_SERVERS_MAX];
};

struct flywheel_mark {
    bool set;
    int64_t raw_ns, offset_ns; /* TAI minus raw */
    int64_t rate_ps;           /* of TAI against raw, as expected then */
    struct flywheel_place places[SYNC_SERVERS_MAX];
};

enum flywheel_word { FLYWHEEL_NOTHING, FLYWHEEL_OURS, FLYWHEEL_SOURCE };

/* Nothing is known: a new timeline of ours. */
void flywheel_clear(struct flywheel *flywheel);
/* Each second; `servers`: the others of the configuration, count <= SYNC_SERVERS_MAX of them were read, each once. Raw does not go back. */
void flywheel_second(struct flywheel *flywheel, int64_t raw_ns, uint32_t servers,
                     const struct flywheel_reading *readings, size_t count);
/* TAI - raw and its rate, as believed at the reading of the last flywheel_second. |rate| <= SYNC_RATE_PS_MAX. */
void flywheel_mark(const struct flywheel *flywheel, int64_t offset_ns, int64_t rate_ps,
                   struct flywheel_mark *ret_mark);
/* TAI - raw is `offset_ns` now by a source: whose change is that, from the mark on? */
enum flywheel_word flywheel_says(const struct flywheel *flywheel, const struct flywheel_mark *mark,
                                 int64_t offset_ns);

#endif
