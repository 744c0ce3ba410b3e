/* SPDX-License-Identifier: Apache-2.0 */
/* The reference "system-clock": CLOCK_REALTIME, kept right by some other program, with a bound that the operator declared.
 *
 * Decides: TAI from REALTIME and the leap table, its rate against the raw clock, and how fast its interval ages between two
 * readings. Refuses: to check the operator's word (that is what `assumed` means), and to say anything within 2 s of a leap
 * second, where REALTIME is ambiguous, or for a while after somebody set the clock.
 *
 * Model. Readings are kept over ANCHOR_SPAN_NS. The clock was right within +-bound at both ends of that span, so its rate against
 * RAW is known to 2 * (bound + width) / span, and the oscillator may have changed since by what its class allows. Before 16 s
 * have been seen, or when that says no more than the declared bound of the oscillator, the latter counts.
 *
 * Worked number: bound 1 us, readings 128 s apart, widths 50 ns: the rate is known to 17 ppb; a crystal that may change by 2 ppm
 * meanwhile ages by 2.017 ppm instead of 50: 2 us in the second until the next reading.
 *
 * Pure; one thread at a time. */
#ifndef SERVER_CLOCK_CORE_ANCHOR_H
#define SERVER_CLOCK_CORE_ANCHOR_H

#include "client/core/engine.h"

enum { ANCHOR_READINGS = 17 };
#define ANCHOR_STEP_NS  INT64_C(8000000000)  /* between readings kept: 17 of them span 128 s */
#define ANCHOR_LEAST_NS INT64_C(16000000000) /* a shorter span says nothing of the rate */
#define ANCHOR_HOLD_NS  INT64_C(10000000000) /* of steadiness after the clock was set */

struct anchor_settings {
    int64_t bound_ns;     /* declared: how wrong REALTIME may be, > 0 */
    tai_ppb_t rate_bound; /* declared: of the oscillator */
    tai_ppb_t floor;      /* what it may change by once measured */
};

struct anchor_reading {
    int64_t raw_ns, tai_ns, width_ns;
};

struct anchor {
    struct anchor_settings settings;
    sync_timeline_t timeline;
    struct anchor_reading readings[ANCHOR_READINGS]; /* oldest first */
    size_t count;
    struct anchor_reading last;
    bool has_last;
    int64_t hold_until_raw_ns;
};

void anchor_init(struct anchor *anchor, const struct anchor_settings *settings);
/* Once a second. True: *ret_reference is news, with present = false when nothing can be said now; false: near a leap second,
 * what was said before goes on. */
bool anchor_read(struct anchor *anchor, const struct engine_now *now, const struct sync_leap *leap,
                 struct sync_reference *ret_reference);

#endif
