/* SPDX-License-Identifier: Apache-2.0 */
/* What a receiver shows of itself that an attack would: the antenna moved, all satellites alike, half of them gone at once, jamming.
 *
 * Decides: which of these is so now. Refuses: to say that it *is* an attack; good weather, a bus before the window and a firmware do
 * the same, so this is shown, logged, and makes quarantines longer. Nothing else.
 *
 * Rules. A surveyed antenna's place is the mean of its first EVIDENCE_SURVEY 3-D positions; further than 100 m from it it has
 * moved (a fix in a street canyon is off by tens of metres). Signals that come from the sky differ by some dB from satellite to
 * satellite; of six or more that are used and all lie within 2 dB, a single transmitter is the likelier source. From six or
 * more used to half of them or fewer between two reports: dropped, for a minute of reports. That gpsd cannot be reached, or that
 * the receiver was unplugged, says nothing of the sky. Jamming: the receiver's own indicator above half of its scale.
 *
 * Pure; integers only; one thread at a time. */
#ifndef SERVER_CLOCK_CORE_TIMEKEEPER_EVIDENCE_H
#define SERVER_CLOCK_CORE_TIMEKEEPER_EVIDENCE_H

#include "server/clock/core/timekeeper.h"

enum {
    EVIDENCE_SURVEY = 32,      /* positions that make the surveyed one */
    EVIDENCE_SATELLITES = 6,   /* fewer say nothing */
    EVIDENCE_UNIFORM_DDB = 20, /* tenths of dB, from the weakest to the strongest */
    EVIDENCE_DROPPED_FOR = 60, /* reports */
    EVIDENCE_JAMMING = 128     /* of 255 */
};
#define EVIDENCE_MOVED_MM INT64_C(100000)

struct evidence_watch {
    uint32_t positions;
    int64_t latitude_ndeg, longitude_ndeg, altitude_mm; /* mean so far; of the first position from then on */
    uint16_t used;                                      /* of the last report */
    uint32_t dropped_left;                              /* reports */
};

/* Looks at the next report of a source; returns bits of enum timekeeper_evidence. A zeroed watch is a new one. */
uint8_t evidence_look(struct evidence_watch *watch, bool surveyed, const struct refclock_evidence *evidence);
/* Distance over ground and in height together, mm; within 1 % up to 10 km and 80 degrees of latitude. */
int64_t evidence_distance_mm(const struct evidence_watch *watch, const struct refclock_evidence *evidence);

#endif
