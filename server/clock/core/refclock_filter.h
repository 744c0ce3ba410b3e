/* SPDX-License-Identifier: Apache-2.0 */
/* One source's samples against the raw timeline: where TAI is by that source alone, how fast it runs, and how sure that is.
 *
 * Pure; one thread at a time. */
#ifndef SERVER_CLOCK_CORE_REFCLOCK_FILTER_H
#define SERVER_CLOCK_CORE_REFCLOCK_FILTER_H

#include "server/clock/core/refclock.h"

/* What a source says at one reading of the raw timeline. */
struct refclock_estimate {
    tai_mono_t raw;
    tai_t tai;
    int64_t sigma_ns;      /* one sigma of tai by the filter: information */
    int64_t half_width_ns; /* bound: declared accuracy and sample errors, aged; > 0 */
    int64_t rate_ps_per_s; /* of TAI against the raw clock */
    int64_t rate_sigma_ps_per_s;
    uint32_t samples; /* in use */
};

#endif
