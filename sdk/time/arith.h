/* SPDX-License-Identifier: Apache-2.0 */
/* Checked integer arithmetic on nanoseconds: what the public types of taistamp/time.h rest on.
 *
 * Sums that leave the type are refused; bounds saturate at BOUND_UNBOUNDED instead, because a half-width that
 * is too large to write is still true as "unbounded". Whatever widens an interval rounds up, so rounding
 * never makes a claim smaller. There is no 128-bit type in strict C17: products by ppb are split at 10^9 and
 * stay exact in 64 bits.
 *
 * Worked number: a bound aged 3600 s at 50 ppm (50,000 ppb) grows by 180,000,000 ns; aged 1 ns it grows by 1
 * ns.
 *
 * No function here keeps state; all may be called from any thread. */
#ifndef SDK_TIME_ARITH_H
#define SDK_TIME_ARITH_H

#include "taistamp/time.h"

#define NS_PER_S        INT64_C(1000000000)
#define BOUND_UNBOUNDED INT64_MAX

/* a + b or a - b where it fits; false and *ret_sum untouched where not. */
bool arith_add(int64_t a, int64_t b, int64_t *ret_sum);
bool arith_sub(int64_t a, int64_t b, int64_t *ret_difference);
/* Quotient rounded towards minus infinity, and the remainder in [0, b). b > 0. */
int64_t arith_div_floor(int64_t a, int64_t b, int64_t *ret_remainder);
/* seconds * 10^9 + ns, for ns in [0, 10^9), right to both ends of the type. False where it does not fit. */
bool arith_join(int64_t seconds, int64_t ns, int64_t *ret_ns);
/* ns * ppb / 10^9 rounded towards plus infinity; saturates at INT64_MIN or INT64_MAX. */
int64_t arith_scale_up(int64_t ns, int32_t ppb);
/* The same rounded towards minus infinity. */
int64_t arith_scale_down(int64_t ns, int32_t ppb);

/* How much a half-width grows over `age` at `growth`, rounded up. A negative age or growth counts as its
 * size: an age is uncertain in either direction. Saturates at BOUND_UNBOUNDED. */
tai_bound_t bound_growth(tai_span_t age, tai_ppb_t growth);
/* The half-width that covers a whole interval from its midpoint, rounded up. An inverted one is unbounded. */
tai_bound_t interval_half_width(struct tai_interval i);
/* The midpoint, rounded towards `earliest`. An interval must not be inverted. */
tai_t interval_midpoint(struct tai_interval i);
/* [t - h, t + h] with ends that stop at the ends of the type instead of failing. Negative h counts as
 * unbounded. */
struct tai_interval interval_saturating(tai_t t, tai_bound_t h);

#endif
