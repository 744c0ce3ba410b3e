/* SPDX-License-Identifier: Apache-2.0 */
/* The time of a batch: from one reading of the bounded clock to an instant and a half-width for each entry.
 *
 * One reading [e, l] is taken after the last request of the batch has arrived. The first entry gets
 * t = max(midpoint, last + 1), where `last` is the log's newest TAI, and each further entry 1 ns more, so
 * that TAI in a log strictly increases. Entry i claims [t - h, t + h] with h = max(t - e, l - t) for its own
 * t, which contains [e, l] and so the truth wherever the clock kept its promise.
 *
 * Refused: a clock without a bound; a log whose last TAI is not before l (time would have to run ahead of
 * every clock bound: the clock was set back, or the log is from the future); entries whose h is above the
 * operator's limit.
 *
 * Worked example: [e, l] = [1000, 1600], last = 900: t = 1300, h = 300. With last = 1400: t = 1401, h = 401;
 * the next entry t = 1402, h = 402. With last = 1600: refused.
 *
 * Pure; any thread. */
#ifndef SERVER_STAMP_CORE_ISSUER_H
#define SERVER_STAMP_CORE_ISSUER_H

#include "taistamp/clock.h"

enum issue_verdict {
    ISSUE_OK = 0,
    ISSUE_NO_BOUND,     /* the reading has no bound, or not one that an entry can state */
    ISSUE_CLOCK_BEHIND, /* last >= l */
    ISSUE_TOO_UNCERTAIN /* h above the limit */
};

struct issue {
    size_t count; /* entries that get a time; the rest, if any, are refused with `rest` */
    enum issue_verdict rest;
    tai_t first; /* entry i: first + i ns */
    struct tai_interval read;
    enum taistamp_clock_source clock;
    bool tai_utc_known;
    int32_t tai_utc_s;
};

/* Times for a batch of `n` behind `last` (0: an empty log), with half-widths of at most h_max_ns. */
void issuer_batch(const struct taistamp_reading *reading, tai_t last, size_t n, int64_t h_max_ns,
                  struct issue *ret_issue);
/* Time and half-width of entry i < issue->count. */
void issuer_entry(const struct issue *issue, size_t i, tai_t *ret_t, tai_bound_t *ret_h);

#endif
