/* SPDX-License-Identifier: Apache-2.0 */
/* From what was typed to an instant. */
#ifndef TOOLS_TAI_LEAP_READ_H
#define TOOLS_TAI_LEAP_READ_H

#include "taistamp/clock.h"
#include "tools/tai-leap/options.h"

struct instant {
    tai_t t;
    bool measured; /* it is "now": bound and source tell how well it is known */
    bool bounded;  /* half_width holds */
    tai_bound_t half_width;
    const char *source; /* what the present time was read from */
    const char *remark; /* a sentence to add, or NULL */
};

/* The present: taid's clock page where it vouches for an interval, else CLOCK_REALTIME (which needs `leaps`).
 */
TAISTAMP_MUST_CHECK enum tai_err read_now(const taistamp_leaps *leaps, struct instant *ret_instant,
                                          struct tai_error *error);
/* Any item. `pivot` is for 64-bit NTP timestamps. */
TAISTAMP_MUST_CHECK enum tai_err read_item(const struct item *item, const taistamp_leaps *leaps, tai_t pivot,
                                           struct instant *ret_instant, struct tai_error *error);

#endif
