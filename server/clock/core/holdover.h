/* SPDX-License-Identifier: Apache-2.0 */
/* Holdover: what the node's own oscillator is like, and what TAI is by it when every source is gone.
 *
 * Decides: from what was accepted each second, the oscillator's rate, ageing, temperature coefficient (where a sensor is read) and wander
 * (sdk/sync/trend.h); TAI at later readings by these alone; and the bound of that. Refuses: to judge what it is given
 * (timekeeper.h hands in only what it believes).
 *
 * The bound. At the last accepted estimate it was that estimate's half-width. From there on it grows by the floor of the
 * oscillator's class (oscillator.h: what such a crystal may do although it has been measured, temperature included), plus
 * HOLDOVER_SIGMAS sigmas of what the model itself admits: its wander, its doubt about rate, ageing and coefficient times the
 * temperature met since. And never faster than the rate could be wrong at all: its distance from nominal and the declared bound
 * together. Before HOLDOVER_LEAST_S of learning only that last one counts.
 *
 * Only rates, ageing, coefficient and wander outlive a restart or the end of a timeline (struct holdover_memory). The rate is then doubted
 * by the class's floor and by what it may have walked in the time away; TAI itself is unknown until a source says it. On another
 * timeline the raw clock is another one as well (a boot calibrates its counter anew, a clocksource has its own crystal, a
 * record may come from another machine): there the rate is doubted by all that is declared, and learnt again in minutes.
 *
 * Worked number: a TCXO (floor 100 ppb) with a wander of 1e-9 per root second, half-width 2 us when the fix is lost: after an hour
 * one sigma is 125 us, so the bound is 2 us + 360 us + 6 * 125 us = 1.1 ms.
 *
 * Pure; one thread at a time. About 8 KiB. */
#ifndef SERVER_CLOCK_CORE_HOLDOVER_H
#define SERVER_CLOCK_CORE_HOLDOVER_H

#include "client/core/view.h"
#include "sdk/sync/allan.h"
#include "sdk/sync/oscillator.h"
#include "sdk/sync/trend.h"

enum { HOLDOVER_SIGMAS = 6, HOLDOVER_LEAST_S = 600 };
#define HOLDOVER_STEP_NS INT64_C(64000000000) /* between estimates that are learnt from: nearly independent */

struct holdover_settings {
    enum oscillator_class class;
    tai_ppb_t rate_bound; /* declared (rho), > 0 */
};

#define HOLDOVER_FS_MAX (INT64_C(1) << 53) /* size of what is kept, fs/s; beyond it is nonsense */

/* What survives a restart. */
struct holdover_memory {
    struct trend_rates rates; /* TAI against the raw clock, at this temperature: */
    int64_t temperature_mk;   /* 0: no sensor was read */
    uint64_t learnt_s;        /* over how long; 0: nothing */
    uint64_t written_tai_s;   /* TAI, s since 1970 */
    sync_timeline_t timeline; /* on which; id 0: not known */
};

/* A reading of the thermometer next to the oscillator. */
struct holdover_temperature {
    bool known;
    int64_t mk; /* millikelvin, > 0 */
};

struct holdover {
    struct holdover_settings settings;
    struct holdover_memory memory; /* of an earlier life or timeline; learnt_s = 0: none */
    sync_timeline_t timeline;
    tai_mono_t now;    /* of the last holdover_second */
    int64_t zero_mk;   /* temperature from which warmth counts; 0: none read yet */
    int64_t warmth_mk; /* now, against it */
    bool has_phase; /* TAI on this timeline is known, so it can be predicted, and all below has a meaning */
    struct trend trend;   /* advanced to `now` */
    struct allan allan;   /* of what was accepted, over all timelines */
    int64_t learnt_at_ns; /* raw reading of the last estimate learnt from */
    int64_t accepted_ns;  /* of the last one handed in, with */
    int64_t accepted_tai_ns, accepted_width_ns;
    int64_t accepted_trend_ns; /* and the trend's own offset there */
    uint64_t learnt_s;         /* on this timeline and before */
};

void holdover_init(struct holdover *holdover, const struct holdover_settings *settings);
/* What an earlier life has learnt; before the first holdover_second. Values out of range are an assertion. */
void holdover_remember(struct holdover *holdover, const struct holdover_memory *memory);

/* Each second, before the others: time passes on `timeline` up to `raw`, at this temperature. Another timeline than before: phases
 * are forgotten. Raw never goes back on a timeline. */
void holdover_second(struct holdover *holdover, sync_timeline_t timeline, tai_mono_t raw,
                     struct holdover_temperature temperature);
/* What the timekeeper believes at the reading of the last holdover_second: TAI with one sigma (> 0) and half-width (>= 0). */
void holdover_accept(struct holdover *holdover, tai_t tai, int64_t sigma_ns, int64_t half_width_ns);
/* TAI stepped, because what was believed was wrong: phases are forgotten, rates stay. */
void holdover_forget_phase(struct holdover *holdover);

struct holdover_prediction {
    tai_t tai;
    int64_t half_width_ns; /* bound */
    tai_ppb_t growth;      /* of it from here on, for the next minute */
    bool learnt;           /* by what was learnt; else as declared only */
    int64_t sigma_ns;      /* information */
    int64_t rate_ps_per_s; /* now */
    int64_t rate_sigma_ps_per_s;
    int64_t held_ns; /* since the last accepted estimate */
};
/* At the reading of the last holdover_second. False (untouched): nothing was accepted on this timeline. */
bool holdover_predict(const struct holdover *holdover, struct holdover_prediction *ret_prediction);
/* The rate of TAI against the raw clock as known, for filters that begin: true also right after a restart. */
bool holdover_rate(const struct holdover *holdover, int64_t *ret_ps_per_s, int64_t *ret_sigma_ps_per_s);

/* For people: what was learnt, and how the half-width would grow from here. */
void holdover_view(const struct holdover *holdover, struct view_oscillator *ret_view);

/* What there is to keep for the next life; false (untouched) while nothing has been learnt. */
bool holdover_keep(const struct holdover *holdover, struct holdover_memory *ret_memory);

#endif
