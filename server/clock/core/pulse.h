/* SPDX-License-Identifier: Apache-2.0 */
/* Which second a pulse begins.
 *
 * A pulse per second says when a second of TAI (and of UTC, whose seconds are the same) begins and not which. That is
 * taken from what is known otherwise, if it is known to better than PULSE_KNOWN_NS: the nearest. A pulse that is then far from
 * what is known is handed on all the same: to judge is the timekeeper's.
 *
 * Worked number: known 1000000036.9 s +- 0.2 s, delay 50 ns: the pulse is of second 1000000037, so TAI is 1000000037.000000050 s.
 *
 * Pure, no state; any thread. */
#ifndef SERVER_CLOCK_CORE_PULSE_H
#define SERVER_CLOCK_CORE_PULSE_H

#include <stdbool.h>

#include "taistamp/clock.h"

#define PULSE_KNOWN_NS                                                                                       \
    INT64_C(400000000) /* half-width: less than half a second, with room for the pulse's own error */

/* `known`: TAI when the pulse came. delay_ns 0 to 10^9: how late it came. False (untouched): not known well enough. */
bool pulse_number(const struct tai_interval *known, int64_t delay_ns, tai_t *ret_tai);

#endif
