/* SPDX-License-Identifier: Apache-2.0 */
/* One source's samples against the raw timeline: where TAI is by that source alone, how fast it runs, and how sure that is.
 *
 * Decides: the estimate, by the filter of sdk/sync/track.h (measured noise and wander, wild samples set aside), and its half-width.
 * Refuses: to compare with anything but the source itself; timekeeper.h does.
 *
 * The half-width is a bound, not a multiple of sigma. Each sample says: TAI was within +-(error + declared accuracy) of this, there.
 * Since then the raw clock has run at a rate that is known within limits: from true intervals some time apart, widened by what its
 * class may do meanwhile and five sigmas of its wander, and never outside of what is declared (client/core/ageing.h). So each
 * kept sample bounds the estimate: its own width, plus how far the estimate is from it, plus that ageing; the smallest of these is
 * the half-width. One true sample among those kept is enough for it to hold, if it is that one; the samples next to the estimate are.
 *
 * A source that has both pulses and messages (a receiver without and with its pulse) has a track for each: they are apart by what
 * messages come late. The estimate is from that with the smaller half-width, and pulses are it for as long as they come.
 * A track counts for REFCLOCK_LIFE_NS + REFCLOCK_LIFE_INTERVALS of its intervals after its last sample: holding over is not its work.
 *
 * Worked number: accuracy 100 ns, samples each second with errors of +-1 us that scatter by 0.3 us, a PC's oscillator of 1 ppm floor:
 * the estimate's sigma is 0.07 us; the last sample is 0.2 us from it, so the half-width is 0.1 + 1 + 0.2 = 1.3 us, and grows
 * by 1.1 us per second until the next.
 *
 * Pure; one thread at a time. About 4.5 KiB. */
#ifndef SERVER_CLOCK_CORE_REFCLOCK_FILTER_H
#define SERVER_CLOCK_CORE_REFCLOCK_FILTER_H

#include "client/core/ageing.h"
#include "sdk/sync/track.h"
#include "server/clock/core/refclock.h"

enum { REFCLOCK_KEPT = 16, REFCLOCK_LIFE_INTERVALS = 6 };
#define REFCLOCK_LIFE_NS INT64_C(8000000000)

/* What a source says at one reading of the raw timeline. */
struct refclock_estimate {
    tai_mono_t raw;
    tai_t tai;
    int64_t sigma_ns;      /* one sigma of tai by the filter: information */
    int64_t half_width_ns; /* bound: declared accuracy and sample errors, aged to `raw`; > 0 */
    tai_ppb_t growth;      /* of that bound from `raw` on, around rate_ps_per_s */
    int64_t rate_ps_per_s; /* of TAI against the raw clock */
    int64_t rate_sigma_ps_per_s;
    uint32_t samples;        /* in the present fit */
    uint32_t fit;            /* another than before: the samples say something else now, judge it anew */
    bool pulse;              /* rests on pulses, else on messages */
    int64_t age_ns;          /* since the last sample that was taken; >= 0 */
    int64_t noise_ns;        /* measured, of one sample, one sigma: information */
    int64_t wander_ps_per_s; /* measured, per root second: information */
};

struct refclock_filter_settings {
    int64_t accuracy_ns;         /* declared, of pulses and of all that has no own; > 0 */
    int64_t message_accuracy_ns; /* declared, of messages (serial time); 0: as above */
    tai_ppb_t rate_bound;        /* declared: of the oscillator (rho) */
    tai_ppb_t floor;             /* what it may do once measured (oscillator_floor) */
    int64_t rate_ps_per_s;       /* first guess, from an earlier life or other sources */
    int64_t rate_sigma_ps_per_s; /* of it; 0: none, the declared bound counts */
};

/* A sample that was taken. */
struct refclock_kept {
    int64_t raw_ns, tai_ns, width_ns;
};

struct refclock_track {
    struct track track;
    struct refclock_kept kept[REFCLOCK_KEPT]; /* ring */
    uint32_t kept_count, kept_next;
    struct refclock_kept aside[TRACK_RUN]; /* the last ones set aside: a new fit rests on them */
    uint32_t aside_count;
    struct ageing ageing;
    int64_t taken_ns;          /* raw reading of the last one taken */
    int64_t rate_ps, bound_ps; /* TAI gains this much more than raw, give or take */
};

struct refclock_filter {
    struct refclock_filter_settings settings;
    sync_timeline_t timeline;
    struct refclock_track tracks[2]; /* of messages, of pulses */
    uint32_t fits[2];                /* begun so far, of either */
    uint32_t outliers;               /* set aside since the start: information */
};

void refclock_filter_init(struct refclock_filter *filter, const struct refclock_filter_settings *settings);
/* Forgets all samples; the fit number goes on. */
void refclock_filter_reset(struct refclock_filter *filter);

enum refclock_filter_verdict {
    REFCLOCK_FILTER_TAKEN,
    REFCLOCK_FILTER_NEW,    /* taken, and the first of a new fit: of all, of a timeline, of this kind */
    REFCLOCK_FILTER_JUMPED, /* taken, with those set aside before it: a new fit, and no oscillator explains it */
    REFCLOCK_FILTER_SET_ASIDE, /* wild so far: nothing moved */
    REFCLOCK_FILTER_OLD,       /* not after the last one */
    REFCLOCK_FILTER_RANGE      /* readings or widths that cannot be */
};
/* A sample of this source (its index is not looked at). Another timeline than before: all is forgotten first. */
enum refclock_filter_verdict refclock_filter_add(struct refclock_filter *filter,
                                                 const struct refclock_sample *sample);
/* At `raw` of that timeline, which should not be before the last sample by much. False (untouched): nothing to say (nothing
 * taken, or too long ago). */
bool refclock_filter_estimate(const struct refclock_filter *filter, tai_mono_t raw,
                              struct refclock_estimate *ret_estimate);

#endif
