/* SPDX-License-Identifier: Apache-2.0 */
/* What a source announces of leap seconds, beside the leap table.
 *
 * Decides: whether the two agree. It is a flag for people: whom to believe about time is the timekeeper's (and a receiver's
 * driver withholds time with another count by itself, gps_leap.h), and a table is replaced by a newer one only.
 *
 * The rule. A count of TAI-UTC must be the one in force; within ANNOUNCEMENT_NEAR_NS of a leap second the other one is right as
 * well, for a receiver and a table turn over a moment apart. An announcement stands for the end of the day, or of the month: the table must
 * have a leap second of that sign within ANNOUNCEMENT_AHEAD_NS, or have had it within ANNOUNCEMENT_LATE_NS, for a
 * server that is asked every quarter of an hour still says it then. Where the table has one within ANNOUNCEMENT_SOON_NS, a source that
 * says "none" misses it. Without a table, or before TAI is known, nothing is compared but counts with a table.
 *
 * An expired table is compared all the same: that a receiver counts more is how one learns what came after it.
 *
 * Worked number: TAI-UTC is 37 s, 38 from TAI 1,500,000,038 s on; at 1,499,990,000 (2.8 h before) "a second 60 comes" agrees, "none"
 * misses it, and a count of 38 differs; at 1,497,000,000 (35 days before) the first differs and the second agrees.
 *
 * Pure, no state; any thread. */
#ifndef SERVER_CLOCK_CORE_ANNOUNCEMENT_H
#define SERVER_CLOCK_CORE_ANNOUNCEMENT_H

#include "server/clock/core/refclock.h"
#include "server/clock/core/utc_leap.h"

#define ANNOUNCEMENT_NEAR_NS  INT64_C(120000000000)     /* 2 min */
#define ANNOUNCEMENT_LATE_NS  INT64_C(7200000000000)    /* 2 h */
#define ANNOUNCEMENT_SOON_NS  INT64_C(43200000000000)   /* 12 h */
#define ANNOUNCEMENT_AHEAD_NS INT64_C(2764800000000000) /* 32 days */

enum announcement {
    ANNOUNCEMENT_NOTHING, /* said, or nothing to compare it with */
    ANNOUNCEMENT_AGREES,
    ANNOUNCEMENT_COUNT,   /* another TAI-UTC */
    ANNOUNCEMENT_UNKNOWN, /* a leap second that the table does not have */
    ANNOUNCEMENT_MISSING, /* none, where the table has one */
    ANNOUNCEMENTS
};

/* `tai`: now, by the node; NULL: not known. */
enum announcement announcement_judge(const struct refclock_leap *says, const struct utc_leaps *leaps,
                                     const tai_t *tai);
/* Whether that is one of the last three. */
bool announcement_differs(enum announcement announcement);
/* "counts other leap seconds than the leap table". Static storage. */
const char *announcement_words(enum announcement announcement);

#endif
