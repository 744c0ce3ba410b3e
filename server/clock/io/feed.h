/* SPDX-License-Identifier: Apache-2.0 */
/* What drivers have in common on the way to the timekeeper: UTC made TAI, stamps placed, the announcement of leap seconds.
 * One thread: the loop's. */
#ifndef SERVER_CLOCK_IO_FEED_H
#define SERVER_CLOCK_IO_FEED_H

#include "server/clock/io/references.h"

/* A source says: when CLOCK_REALTIME was realtime_ns, UTC was POSIX second posix_s and ns, within +-error_ns. Handed in as a
 * message's sample, with the delay of the settings. False: it cannot be placed or is near a leap second, and was left out. */
bool feed_utc(const struct refclock_place *place, int64_t realtime_ns, int64_t posix_s, int32_t ns,
              int64_t error_ns);
/* A pulse: a second and fraction_ns (0 to 999999999) began at realtime_ns, within +-error_ns; which one is looked up. */
bool feed_pulse(const struct refclock_place *place, int64_t realtime_ns, int64_t fraction_ns,
                int64_t error_ns);
/* The same as feed_utc for a reading that is on the raw timeline already. */
bool feed_utc_at(const struct refclock_place *place, const struct engine_now *now, int64_t posix_s,
                 int32_t ns, int64_t error_ns);
/* `leap` as NTP has it: 0, 1 (a second 60 comes), 2 (a second 59 goes). Of the forms that drivers read, 0 is what
 * writers put there who do not know as well, so it announces nothing. */
void feed_leap(const struct refclock_place *place, int32_t leap);

#endif
