/* SPDX-License-Identifier: Apache-2.0 */
/* What the believed sources of one node say together.
 *
 * Decides: the hull of the points that all but f of them can be true with, f = (m - 1) / 2 of m after correlated ones were counted
 * once (hull.h); the point in it to aim at; who bounds it, and so what kind of reference it is. Refuses: to believe a source for
 * being precise. The hull holds the truth as long as at most f of them lie, whoever that is.
 *
 * The aim is the fault-tolerant midpoint of the *precise* ones, those at most four times as wide as the narrowest that touches the
 * hull, clamped into it. Rejected: the midpoint of all, as between servers (round.h): a receiver good to 1 us beside two network
 * servers good to 5 ms would be drawn to the middle of those, and nothing is won, for the half-width is the distance to the farther
 * end of the hull wherever the aim is.
 *
 * Worked number, in us: a receiver [-1, 1], servers [-4000, 6000] and [-5000, 5000]: m = 3, f = 1, the hull is
 * [-4000, 5000], the aim 0, the half-width 5000, bounded by servers: upstream. Without them it is 0 +- 1, gps; that the one
 * receiver could lie is what `single-reference` says then.
 *
 * Pure; integers only; any thread. */
#ifndef SERVER_CLOCK_CORE_TIMEKEEPER_JUDGE_H
#define SERVER_CLOCK_CORE_TIMEKEEPER_JUDGE_H

#include "sdk/sync/hull.h"
#include "server/clock/core/refclock.h"

/* A source that is precise is at most this many times as wide as the narrowest. */
enum { JUDGE_PRECISE = 4 };

/* One source: its interval against a zero of the caller's choice, with its group. Ends within +-2^61. */
struct judge_voice {
    struct hull_item item;
    uint8_t kind; /* enum taistamp_clock_source */
    int64_t rate_ps_per_s;
};

enum judge_outcome {
    JUDGE_NOBODY,      /* no voices */
    JUDGE_AGREED,      /* there is a hull */
    JUDGE_CONTRADICTED /* no point that enough of them can be true with: nobody knows who lies */
};

struct judgement {
    uint32_t voices, f; /* after grouping; how many of them may lie */
    struct hull_item hull;
    int64_t aim_ns, half_width_ns; /* the aim, and its distance to the farther end of the hull */
    int64_t rate_ps_per_s;
    uint8_t kind;      /* the worse of the two that make the ends of the hull */
    uint16_t group;    /* not 0: all voices are of this group */
    uint8_t bound_by;  /* place among the voices of who makes the farther end */
    uint16_t outvoted; /* bits: voices that have no point in common with the hull */
};

/* count <= REFCLOCKS_MAX. `voices` and `f` are set whatever the outcome, the rest when JUDGE_AGREED. */
enum judge_outcome judge_agree(const struct judge_voice *voices, size_t count, struct judgement *ret);

#endif
