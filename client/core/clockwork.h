/* SPDX-License-Identifier: Apache-2.0 */
/* The own clock: the raw timeline, the line on it that is published, and the kernel's clock that is made to show it.
 *
 * Decides: whether the raw timeline is still the same (suspend.h), where a kernel stamp lies on it (rawmap), what is
 * published and when, and how CLOCK_REALTIME is steered in mode system (discipline.h). Refuses: to say what time it is;
 * that is told to it as a target by a correction, by the fallback, or by the master's ensemble.
 *
 * Model. The target is a line. The published line is the target as soon as there has been no line before; afterwards it
 * goes over to a new target without a step: it starts where the old one is, its rate is the target's plus a slew that closes the distance
 * in about CLOCKWORK_SLEW_NS, at most CLOCKWORK_SLEW_PPB; its half-width is the target's plus the distance left. It is published
 * anew with each target and at least each second, so that the slew ends when the distance is closed.
 *
 *     raw ->   .... old line ----\__ slewed __/---- target
 *
 * Worked number: the target moves by +3 us; the published line runs 1.5 ppm faster for 2 s and its half-width is 3 us more
 * at first, 1.5 us a second later.
 *
 * A line's half-width ages by its own growth, never slower than the declared bound of this oscillator (settings.rate_bound).
 *
 * Thread rule: that of the engine. */
#ifndef CLIENT_CORE_CLOCKWORK_H
#define CLIENT_CORE_CLOCKWORK_H

#include "client/core/engine.h"
#include "client/core/view.h"

struct clockwork;
struct rawmap;

#define CLOCKWORK_SLEW_NS INT64_C(2000000000) /* a distance is closed in about this time */
enum { CLOCKWORK_SLEW_PPB = 200000 };         /* and not faster than by 200 ppm */
#define CLOCKWORK_PUBLISH_NS INT64_C(1000000000)

/* What an event was found to have done to the timeline. */
enum clockwork_change {
    CLOCKWORK_SAME,
    CLOCKWORK_NEW_TIMELINE /* suspend, pause, migration, clocksource: what was measured is worth nothing */
};

void clockwork_init(struct clockwork *clockwork, const struct engine_settings *settings);
/* First thing in every step. Reads the clocks of the event into the map, notices disruptions, takes in the events that are
 * its own (ENGINE_RECORD drift, ENGINE_KERNEL, ENGINE_LEAP). After CLOCKWORK_NEW_TIMELINE there is no target and the status is disrupted until
 * clockwork_aim. */
enum clockwork_change clockwork_begin(struct clockwork *clockwork, const struct engine_event *event,
                                      struct engine_actions *actions);
/* The map of our REALTIME stamps to raw ones, for peers. */
const struct rawmap *clockwork_map(const struct clockwork *clockwork);

/* A new target, on our timeline. It replaces the one before. The first one after a start or a new timeline is taken up at once
 * (a step of the *line*, from nothing); all later ones are slewed to. */
void clockwork_aim(struct clockwork *clockwork, const struct engine_now *now, const struct sync_line *target,
                   const struct view_budget *budget);
/* The target is given up without another: its line runs on with growth, `status` and all. */
void clockwork_coast(struct clockwork *clockwork, const struct engine_now *now);
/* The line contradicts what is known: publish `unknown` until the next clockwork_aim, which is taken up at once. */
void clockwork_void(struct clockwork *clockwork, const struct engine_now *now);
bool clockwork_has_target(const struct clockwork *clockwork);
/* The target, for replies to others and for the guard; false when there is none. */
bool clockwork_target(const struct clockwork *clockwork, struct sync_line *ret_line);
/* The published line at `raw`; status unknown or disrupted without a target. */
struct sync_line clockwork_line(const struct clockwork *clockwork, tai_mono_t raw);
/* TAI now by that line, 0 without one. */
tai_t clockwork_now(const struct clockwork *clockwork, tai_mono_t raw);

/* Last thing in every step: publishes and steers when that is due, sets actions->wake to `wake` or earlier. */
void clockwork_end(struct clockwork *clockwork, const struct engine_now *now, uint64_t term,
                   sync_node_t master, tai_mono_t wake, struct engine_actions *actions);
/* The operator wants CLOCK_REALTIME stepped to the line, mode system. */
void clockwork_makestep(struct clockwork *clockwork);
/* How fast the line runs against the raw clock, as known from the last life or this one; false when never learned. */
bool clockwork_drift(const struct clockwork *clockwork, int64_t *ret_rate_ps_per_s);
/* Leap seconds as last told; tai_utc_s 0: nobody has told. */
struct sync_leap clockwork_leap(const struct clockwork *clockwork);
/* The table of another, taken up when we have none of our own. */
void clockwork_offer_leap(struct clockwork *clockwork, const struct sync_leap *leap);

/* Fills line, budget, rates, system, timeline and leap. */
void clockwork_view(const struct clockwork *clockwork, tai_mono_t raw, struct view_tracking *ret_tracking);

#endif
