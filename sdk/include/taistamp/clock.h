/* SPDX-License-Identifier: Apache-2.0 */
/* The bounded clock: "what time is it, between which bounds?", from the clock page that taid keeps in shared memory.
 *
 * A reading is an interval in TAI and a status, never a bare instant. It costs about as much as clock_gettime. The page
 * is written by one process; a reader maps it read-only and needs no lock and no server. If the writer dies, readings
 * go on with growing bounds until the page's own expiry, then the status is TAISTAMP_STATUS_EXPIRED.
 *
 * Whoever owns the page's file must not truncate it: reading a mapping beyond the end of its file raises SIGBUS.
 *
 * Thread rule: an open clock may be read by any number of threads at once; open and close are for one. */
#ifndef TAISTAMP_CLOCK_H
#define TAISTAMP_CLOCK_H

#include "taistamp/proof.h"
#include "taistamp/time.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct taistamp_clock taistamp_clock;

enum taistamp_status {
    TAISTAMP_STATUS_SYNCHRONISED = 0, /* the interval contains true TAI while the assumptions hold */
    TAISTAMP_STATUS_SINGLE_REFERENCE, /* the same, but one reference alone vouches for it */
    TAISTAMP_STATUS_ASSUMED,          /* the half-width is what the operator declared, not measured */
    TAISTAMP_STATUS_RELATIVE,         /* cluster time only: the distance to TAI is unknown */
    TAISTAMP_STATUS_UNKNOWN,          /* no bound: nothing is known about the error */
    TAISTAMP_STATUS_DISRUPTED, /* the machine was suspended, or its clock was set: wait for the next page */
    TAISTAMP_STATUS_EXPIRED    /* the writer has been silent for too long */
};
/* A stable lower-case word such as "synchronised". Static storage. */
TAISTAMP_API const char *taistamp_status_name(enum taistamp_status status);

struct taistamp_reading {
    struct tai_interval tai; /* meaningful for the first three statuses (RELATIVE: cluster time) */
    enum taistamp_status status;
    enum taistamp_clock_source source; /* what bounds it, for the first three statuses */
    int32_t tai_utc_s;                 /* TAI-UTC now; valid when utc is not TAISTAMP_UTC_UNKNOWN */
    enum taistamp_utc_status utc;
};

/* Opens the clock page; NULL means $TAISTAMP_CLOCK_PAGE or /run/taistamp/clock (the environment is not looked at in a
 * setuid program). TAI_ERR_NOT_FOUND (no taid has run here), _PERMISSION, _CORRUPT (not a page, or of another version),
 * _IO. *ret_clock is the caller's (taistamp_clock_close). */
TAISTAMP_API TAISTAMP_MUST_CHECK enum tai_err
taistamp_clock_open(const char *path, taistamp_clock **ret_clock, struct tai_error *error);
/* Unmaps the page; nobody may be reading. */
TAISTAMP_API void taistamp_clock_close(taistamp_clock *clock);
/* One reading, by any number of threads at once; does not block but for up to 1 ms while a writer that lost its
 * processor is in the middle of a change. TAI_OK whatever the status; TAI_ERR_UNAVAILABLE when the writer died half-way
 * through a change and the page cannot be read until it is restarted; TAI_ERR_CORRUPT when the page no longer is one.
 */
TAISTAMP_API TAISTAMP_MUST_CHECK enum tai_err taistamp_clock_read(const taistamp_clock *clock,
                                                                  struct taistamp_reading *ret_reading);

#ifdef __cplusplus
}
#endif
#endif
