/* SPDX-License-Identifier: Apache-2.0 */
/* TAI-UTC for the UTC that a satellite receiver names: its own count of leap seconds beside the node's table.
 *
 * The satellites count without leap seconds (TAI = GPS + 19 s for ever) and send GPS-UTC along, once in 12.5 minutes. Until it
 * has come a receiver uses what its firmware was built with, and its UTC is then wrong by whole seconds. gpsd hands on UTC
 * and, from receivers that say it, the count. Which of them is wrong cannot be seen from here: a receiver may be wrong in
 * both together (then UTC + 19 s + count is right) or in the count alone (then UTC + the table's value is right).
 *
 * The rule.
 *   - The table is valid at that date: it rules. With a count that says the same, or without any count, TAI = UTC + table. A
 *     count that differs says that something is wrong by whole seconds, so nothing is handed in until they agree, however
 *     long that takes; the difference is announced (refclock_leap).
 *   - The table has expired, or there is none: the receiver's count is believed once it has stood for 15 min without a
 *     change, a whole almanac and more. It must also be possible: not below the table's last value by more than one (a negative
 *     leap second), nor above it by more than one and one for each half year since the table expired. A receiver that says no count is not believed then: a leap second may have come.
 *
 * Worked number: count 18, table 37: agreed, TAI-UTC = 37. Count 15, as an old firmware has it, table 37 and valid: refused.
 *
 * Not seen: a receiver that says no count (NMEA) and is wrong by a second. That is for the timekeeper, which compares it
 * with all else.
 *
 * Pure. Source: IS-GPS-200 section 20.3.3.5.2.4 and 20.3.3.5.1.6 (UTC parameters in page 18 of subframe 4, repeated every 12.5 min). */
#ifndef SERVER_CLOCK_CORE_GPS_LEAP_H
#define SERVER_CLOCK_CORE_GPS_LEAP_H

#include "server/clock/core/refclock.h"

enum { GPS_TAI_S = 19 /* TAI - GPS */ };
#define GPS_LEAP_STEADY_NS INT64_C(900000000000)

/* What a receiver has said of its count. */
struct gps_leap {
    bool has;
    int32_t tai_utc_s;    /* by its count */
    tai_mono_t raw_since; /* first heard, unchanged since */
};

enum gps_leap_verdict {
    GPS_LEAP_FINE,
    GPS_LEAP_DIFFERS,  /* from a valid table */
    GPS_LEAP_UNSTEADY, /* no valid table, and the count has not stood long enough */
    GPS_LEAP_ABSURD,   /* no valid table, and the count cannot be */
    GPS_LEAP_UNKNOWN   /* neither a valid table nor a count */
};

/* The count came, at `raw`. */
void gps_leap_heard(struct gps_leap *leap, int32_t tai_utc_s, tai_mono_t raw);
/* As the rule says; *ret_tai_utc_s is written with GPS_LEAP_FINE. `table_s`: the table's value, unless `status` is
 * TAISTAMP_UTC_UNKNOWN; `expired_ns`: how long before that date the table expired, >= 0, INT64_MAX: not known. */
enum gps_leap_verdict gps_leap_decide(const struct gps_leap *leap, tai_mono_t raw,
                                      enum taistamp_utc_status status, int32_t table_s, int64_t expired_ns,
                                      int32_t *ret_tai_utc_s);

#endif
