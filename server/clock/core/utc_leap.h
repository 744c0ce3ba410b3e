/* SPDX-License-Identifier: Apache-2.0 */
/* From the UTC of a source to TAI, by the leap table in short: what it says about the date that the source names. That need not be
 * the date that the host's clock shows, which may be years off at a start, so the short form is made for each reading.
 *
 * Decides: TAI of a POSIX reading. Refuses: a reading within UTC_LEAP_GUARD_NS of a leap second (the source's POSIX clock
 * may have repeated, skipped or not yet noticed it), one without a table, and one from before 1972.
 *
 * Past the table's expiry a leap second may have come that it does not have: one at each first of January and July since.
 * So many seconds is the answer in doubt by, and the caller widens by them.
 *
 * Worked number: TAI-UTC is 37 s, and becomes 38 at TAI 1,500,000,038 s (POSIX 1,500,000,000). POSIX 1,499,999,990 is TAI
 * 1,500,000,027; POSIX 1,500,000,010 is 1,500,000,048; what is within 5 s of POSIX 1,500,000,000 is refused.
 *
 * No state; any thread. */
#ifndef SERVER_CLOCK_CORE_UTC_LEAP_H
#define SERVER_CLOCK_CORE_UTC_LEAP_H

#include "sdk/sync/sync.h"
#include "sdk/time/leap.h"

#define UTC_LEAP_GUARD_NS INT64_C(5000000000)

struct utc_leaps {
    struct sync_leap table;
    bool has_last; /* a leap second has passed: */
    tai_t last;
    int32_t last_step_s; /* +1: a second 60 was inserted */
};

/* The short form at POSIX second posix_s: what is in force there, the leap second before and the one after, by the whole table `own`
 * (NULL: none); where that has expired or is missing by `newer` (NULL: none), as long as that is valid: the cluster's. `expires` is 0
 * without a table and before its first line. */
void utc_leaps_at(const struct leap_table *own, const struct sync_leap *newer, int64_t posix_s,
                  struct utc_leaps *ret_leaps);

enum utc_leap_verdict { UTC_LEAP_OK, UTC_LEAP_NO_TABLE, UTC_LEAP_NEAR /* a leap second */, UTC_LEAP_RANGE };
/* TAI of POSIX second posix_s and ns (0 to 999999999). *ret_doubt_ns: by so much it may be wrong for leap seconds that the
 * table cannot have. Both untouched unless UTC_LEAP_OK. */
enum utc_leap_verdict utc_leap_tai(const struct utc_leaps *leaps, int64_t posix_s, int32_t ns, tai_t *ret_tai,
                                   int64_t *ret_doubt_ns);
/* TAI-UTC in force at a POSIX second by the whole table `own` (NULL: none), as leap_offset_at_posix has it; where that has
 * expired or is missing by `table`, as long as that is valid: it may be the cluster's, which is newer. */
enum taistamp_utc_status utc_leap_at(const struct leap_table *own, const struct sync_leap *table,
                                     int64_t posix_s, int32_t *ret_tai_utc_s);
#endif
