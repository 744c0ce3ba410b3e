/* SPDX-License-Identifier: Apache-2.0 */
/* NTP's two formats of a UTC instant, and the era that the short one leaves out.
 *
 *     timestamp, 64 bits    | seconds 32 | fraction 32 |            seconds since 1900-01-01, modulo 2^32
 *     date, 128 bits        | era 32 | seconds 32 | fraction 64 |   era 0 from 1900, era 1 from 2036-02-07T06:28:16Z
 *
 * A timestamp alone names one instant in every 136 years: the caller gives a pivot, and the answer is the
 * only one in [pivot - 2^31 s, pivot + 2^31 s). A date is the signed 64-bit number era * 2^32 + seconds. The
 * all-zero timestamp means "unknown" on the wire; it is never made here.
 *
 * NTP counts as POSIX does: no number of its own for a second 60. Inside one, the value is that of the
 * midnight after. Fractions of a nanosecond: writing rounds up and reading rounds down, so ns -> NTP -> ns is
 * exact in either format. No state; any thread. Source: RFC 5905 section 6. */
#ifndef SDK_TIME_NTP_H
#define SDK_TIME_NTP_H

#include "taistamp/time.h"

/* Seconds from 1900-01-01 to 1970-01-01. */
#define NTP_TO_POSIX_S INT64_C(2208988800)

/* Exactly `posix_s` seconds and `ns` (0 to 999999999). |posix_s| < 2^62. */
struct tai_ntp_date ntp_date_from_posix(int64_t posix_s, int32_t ns);
/* TAI_ERR_RANGE when the second leaves int64. */
TAISTAMP_MUST_CHECK enum tai_err ntp_date_to_posix(struct tai_ntp_date date, int64_t *ret_posix_s,
                                                   int32_t *ret_ns);
/* The date in the era nearest to `pivot_posix_s` (|pivot| < 2^62). */
struct tai_ntp_date ntp_date_near(uint64_t timestamp, int64_t pivot_posix_s);
/* The low 32 bits of the second and the high 32 of the fraction, rounded so that ntp_date_near gives back the
 * same nanosecond; never zero. */
uint64_t ntp_timestamp_from_posix(int64_t posix_s, int32_t ns);

#endif
