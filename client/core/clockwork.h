/* SPDX-License-Identifier: Apache-2.0 */
/* The own clock: the raw timeline, the line on it that is published, and the kernel's clock that is made to show it.
 *
 * Decides: whether the raw timeline is still the same (suspend.h), where a kernel stamp lies on it (rawmap), what is
 * published and when, and how CLOCK_REALTIME is steered in mode system (discipline.h). Refuses: to say what time it is;
 * that is told to it as a target by a correction, by the fallback, or by the master's ensemble.
 *
 * Model. The target is a line. The published line is the target as soon as there has been no line before; afterwards it
 * goes over to a new target without a step: it starts where the old one is, its rate is the target's plus a slew that closes the distance
 * in about a second, at most CLOCKWORK_SLEW_PPB (line.h); its half-width is the target's plus the distance left. It is published
 * anew with each target and at least each second, so that the slew ends when the distance is closed.
 *
 *     raw ->   .... old line ----\__ slewed __/---- target
 *
 * Worked number: the target moves by +3 us; the published line runs 3 ppm faster for a second and its half-width is 3 us more
 * at first, nothing more after it.
 *
 * A target that nobody renews runs on after its expiry. Its half-width then grows ever faster, from the growth that it came with to
 * the declared bound of the oscillator (settings.rate_bound) at CLOCKWORK_HOLD_NS, for a rate that was measured an hour
 * ago is not better than what the data sheet says.
 *
 * Thread rule: that of the engine. */
#ifndef CLIENT_CORE_CLOCKWORK_H
#define CLIENT_CORE_CLOCKWORK_H

#include "client/core/discipline.h"
#include "client/core/suspend.h"
#include "client/core/view.h"
#include "sdk/sync/drift.h"
#include "sdk/sync/line.h"
#include "sdk/sync/rawmap.h"

enum { CLOCKWORK_SLEW_PPB = 200000 }; /* a distance is not closed faster than by 200 ppm */
#define CLOCKWORK_PUBLISH_NS INT64_C(1000000000)
#define CLOCKWORK_LIFE_NS                                                                                    \
    INT64_C(60000000000) /* expiry of a published line: a writer silent for a minute is dead */
#define CLOCKWORK_DRIFT_NS INT64_C(3600000000000) /* between two writes of the drift file */
#define CLOCKWORK_HOLD_NS                                                                                    \
    INT64_C(3600000000000) /* past this age a rate is worth no more than the declared bound */
#define CLOCKWORK_TOKEN (UINT64_C(1) << 63) /* of its persisted records: nobody waits for them */

/* What an event was found to have done to the timeline. */
enum clockwork_change {
    CLOCKWORK_SAME,
    CLOCKWORK_NEW_TIMELINE /* suspend, pause, migration, clocksource: what was measured is worth nothing */
};

struct clockwork {
    const struct engine_settings *settings;
    struct suspend suspend;
    struct rawmap map;
    sync_timeline_t named; /* as the loop calls it */
    uint64_t breaks;       /* found here: part of the id that others see */
    uint64_t changes;
    bool running; /* ENGINE_START is past */
    /* where to */
    bool has_target, fresh;
    struct sync_line target; /* its expiry is kept aside: */
    tai_mono_t target_until; /* past it nobody renewed it */
    tai_ppb_t target_growth; /* until then */
    struct view_budget budget;
    /* what is published */
    bool disrupted; /* without a target: why */
    struct line_follow follow;
    bool has_published;
    struct sync_line published;
    tai_mono_t published_at;
    struct discipline discipline;
    struct engine_now now; /* of the last event */
    /* learned */
    bool has_drift;
    struct drift drift;
    tai_mono_t drift_at; /* last written, or start */
    struct sync_leap leap;
    bool leap_known, leap_own;
    int32_t tai_utc_s;         /* last told to the kernel, to see the leap second pass */
    bool leap_passing;         /* one passed a moment ago: the kernel should have made it */
    tai_mono_t leap_passed_at; /* then */
};

void clockwork_init(struct clockwork *clockwork, const struct engine_settings *settings);
/* First thing in every step. Reads the clocks of the event into the map (not those of ENGINE_RECORD and ENGINE_START), notices
 * disruptions, takes in the events that are its own (ENGINE_RECORD drift, ENGINE_KERNEL, ENGINE_LEAP). *ret_now is the event's reading
 * with the timeline's id as others must know it: use it, not event->now, from here on. After CLOCKWORK_NEW_TIMELINE
 * there is no target and the status is disrupted until clockwork_aim. */
enum clockwork_change clockwork_begin(struct clockwork *clockwork, const struct engine_event *event,
                                      struct engine_now *ret_now, struct engine_actions *actions);
/* Exchanges show that our own timeline stood still unnoticed: as CLOCKWORK_NEW_TIMELINE. The id of *now changes. */
void clockwork_break(struct clockwork *clockwork, struct engine_now *now, struct engine_actions *actions);
/* The map of our REALTIME stamps to raw ones, for peers. */
const struct rawmap *clockwork_map(const struct clockwork *clockwork);
/* REALTIME at the nearest leap second, as rawmap_locate wants it. */
int64_t clockwork_leap_realtime_ns(const struct clockwork *clockwork);

/* A new target, on our timeline, valid (line_valid) and with an interval. It replaces the one before. Past its expiry it runs on and widens. The first one after a start or a new timeline is taken up at once
 * (a step of the *line*, from nothing); all later ones are slewed to. */
void clockwork_aim(struct clockwork *clockwork, const struct engine_now *now, const struct sync_line *target,
                   const struct view_budget *budget);
/* The line contradicts what is known: publish `unknown` until the next clockwork_aim, which is taken up at once. */
void clockwork_void(struct clockwork *clockwork, const struct engine_now *now);
bool clockwork_has_target(const struct clockwork *clockwork);
/* The target, for replies to others and for the guard; false when there is none. */
bool clockwork_target(const struct clockwork *clockwork, struct sync_line *ret_line);
/* The published line at `raw`; status unknown or disrupted without a target. */
struct sync_line clockwork_line(const struct clockwork *clockwork, tai_mono_t raw);
/* TAI now by that line, 0 without one. */
tai_t clockwork_now(const struct clockwork *clockwork, tai_mono_t raw);

/* Last thing in every step: publishes and steers when that is due, writes the drift (hourly, and with `last` at once), sets
 * actions->wake to `wake` or earlier. */
void clockwork_end(struct clockwork *clockwork, const struct engine_now *now, uint64_t term,
                   sync_node_t master, tai_mono_t wake, bool last, struct engine_actions *actions);
/* The operator wants CLOCK_REALTIME stepped to the line, mode system. */
void clockwork_makestep(struct clockwork *clockwork);
/* How fast the line runs against the raw clock, as known from the last life or this one; false when never learned. */
bool clockwork_drift(const struct clockwork *clockwork, int64_t *ret_rate_ps_per_s);
/* Leap seconds as last told; tai_utc_s 0: nobody has told. */
struct sync_leap clockwork_leap(const struct clockwork *clockwork);
/* The table of others, taken up when we have none of our own, or one that expires earlier. */
void clockwork_offer_leap(struct clockwork *clockwork, const struct sync_leap *leap);

/* Fills line, budget, rates, system, timeline and leap. */
void clockwork_view(const struct clockwork *clockwork, tai_mono_t raw, struct view_tracking *ret_tracking);

#endif
