/* SPDX-License-Identifier: Apache-2.0 */
/* A node as a driver sees it, for tests: clocks that stand where the test puts them (or the machine's own), a leap table that
 * knows the leap second of 2017, and a notebook of what was fed. */
#ifndef TESTS_UNIT_GPS_FEED_H
#define TESTS_UNIT_GPS_FEED_H

#include "server/clock/core/refclock.h"

#define FEED_SECOND INT64_C(1000000000)
#define FEED_LEAP_S INT64_C(1483228800) /* 2017-01-01: TAI-UTC 36 before, 37 from there on */

struct gps_feed {
    struct refclock_feed feed;
    bool machine;          /* `now` reads the machine's clocks */
    struct engine_now now; /* else this */
    bool locatable;        /* REALTIME stamps can be placed: REALTIME - RAW is that of `now` */
    int64_t locate_width_ns;
    bool has_table;
    int64_t expires_s; /* POSIX second at which the table expires */
    bool knows;        /* the node knows TAI by itself: */
    struct tai_interval known;
    /* What was fed. */
    unsigned samples, leaps, losses, evidences;
    struct refclock_sample sample; /* the last ones */
    struct refclock_leap leap;
    struct refclock_evidence evidence;
    enum refclock_verdict verdict;
    const char *why;
};

/* RAW 1000 s, REALTIME 2026-07-01T00:00:00Z, a table valid until 2027-06-28, stamps placed within 100 ns. */
void gps_feed_init(struct gps_feed *feed);
/* All clocks go on. */
void gps_feed_pass(struct gps_feed *feed, int64_t ns);

#endif
