/* SPDX-License-Identifier: Apache-2.0 */
/* The track of one clock: which of its readings are taken, and what they amount to, in integers.
 *
 * Decides: which readings belong to the fit (phase.h), and when a fit has to be made anew. A reading further than
 * TRACK_CUT sigmas from what was foretold is set aside: alone it moves nothing. But it begins a fit of its own beside the first;
 * readings that go on to agree with that one, TRACK_RUN in a row while none agrees with the first, make it the fit: a persistent
 * change. Such a change is `explained` when an oscillator could have done it (its rate stepped between two distant readings), and
 * else somebody jumped: the source, or the raw clock. Refuses: to say which, and to bound anything.
 *
 * Worked number: readings each second with 1 us of noise, one of them 10 ms off: set aside, the estimate stays. All of them
 * 10 ms off from now on: the estimate stays for four, the fifth makes the new fit.
 *
 * Estimators only; no allocation; one thread per track. About 1.3 KiB. */
#ifndef SDK_SYNC_TRACK_H
#define SDK_SYNC_TRACK_H

#include "sdk/sync/phase.h"
#include "sdk/sync/sync.h"

enum { TRACK_CUT = 5, TRACK_RUN = 5 };

struct track_settings {
    int64_t rate_ps_per_s; /* first guess of the rate (what a drift file knows), within +-SYNC_RATE_PS_MAX */
    int64_t rate_sigma_ps_per_s; /* of that guess, > 0 */
};

struct track {
    struct track_settings settings;
    struct phase_noise all_noise, fit_noise; /* of all readings, wild ones too; of those in the fit */
    bool measured;                           /* the fit's noise is by measurement */
    struct phase fit;
    struct phase rival; /* meaningful while rival_run > 0 */
    uint32_t rival_run;
    bool rival_explained;
    int64_t last_ns;     /* raw reading of the last one, taken or not */
    int64_t interval_ns; /* between readings, about; 0: one only */
    uint32_t samples;    /* in the fit; 0: nothing yet */
    uint32_t fits;       /* 1 from the first reading on; one more at each new fit */
};

void track_init(struct track *track, const struct track_settings *settings);

enum track_verdict {
    TRACK_TAKEN,
    TRACK_BEGAN,     /* the first reading: taken */
    TRACK_SET_ASIDE, /* far from the fit: nothing moved */
    TRACK_STEERED, /* taken, with the readings set aside before it: a new fit, which an oscillator explains */
    TRACK_JUMPED,  /* the same, which no oscillator explains */
    TRACK_OLD      /* not taken: not after the last one */
};
/* A reading: at raw reading at_ns, in [0, 2^61], the other clock was ahead by offset_ns, |offset_ns| < 2^62. Its noise, one sigma, is
 * expected to be noise_ns > 0, which counts until enough has been measured, and is never believed to be less than least_ns >= 0. */
enum track_verdict track_add(struct track *track, int64_t at_ns, int64_t offset_ns, int64_t noise_ns,
                             int64_t least_ns);

struct track_estimate {
    int64_t offset_ns;
    int64_t sigma_ns; /* >= 1 */
    int64_t rate_ps_per_s;
    int64_t rate_sigma_ps_per_s;
    int64_t noise_ns;        /* of one reading */
    int64_t wander_ps_per_s; /* per root second */
};
/* At raw reading at_ns. False (untouched) before the first. */
bool track_estimate(const struct track *track, int64_t at_ns, struct track_estimate *ret_estimate);

#endif
