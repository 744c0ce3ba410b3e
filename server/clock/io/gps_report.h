/* SPDX-License-Identifier: Apache-2.0 */
/* What satellite receivers show of themselves, as the answer to the control socket's verb "gps"; taictl(1) has its fields.
 * Any thread. */
#ifndef SERVER_CLOCK_IO_GPS_REPORT_H
#define SERVER_CLOCK_IO_GPS_REPORT_H

#include "server/clock/core/refclock.h"

struct json_t;

/* One gpsd reference. */
struct gps_report_item {
    const char *name;
    const struct refclock_evidence *evidence;
    enum refclock_verdict verdict; /* the timekeeper's */
    const char *why;               /* of the verdict; NULL: nothing to say */
};

/* {"v":1,"receivers":[...]}; the caller's. NULL without memory. */
struct json_t *gps_report(const struct gps_report_item *items, size_t count);
/* "accepted", "quarantined" ... Static storage. */
const char *gps_report_verdict(enum refclock_verdict verdict);

#endif
