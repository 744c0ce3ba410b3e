/* SPDX-License-Identifier: Apache-2.0 */
#include "server/stamp/core/issuer.h"

#include "sdk/base/bug.h"

/* The latest instant that an issuer deals in: so far below the type's end that no sum here can leave it. */
#define LATEST_NS (INT64_MAX / 4)

static bool is_bounded(const struct taistamp_reading *r)
{
    bool status = r->status == TAISTAMP_STATUS_SYNCHRONISED ||
                  r->status == TAISTAMP_STATUS_SINGLE_REFERENCE || r->status == TAISTAMP_STATUS_ASSUMED;
    return status && r->tai.earliest.ns > 0 && r->tai.earliest.ns <= r->tai.latest.ns &&
           r->tai.latest.ns <= LATEST_NS;
}

static int64_t half_width(const struct tai_interval *read, int64_t t)
{
    int64_t before = t - read->earliest.ns, after = read->latest.ns - t;
    return before > after ? before : after;
}

void issuer_batch(const struct taistamp_reading *reading, tai_t last, size_t n, int64_t h_max_ns,
                  struct issue *ret_issue)
{
    struct issue issue = {.rest = ISSUE_NO_BOUND};
    *ret_issue = issue;
    if (!is_bounded(reading))
        return;
    issue.read = reading->tai;
    issue.rest = ISSUE_CLOCK_BEHIND;
    *ret_issue = issue;
    if (last.ns >= issue.read.latest.ns)
        return;
    int64_t midpoint = issue.read.earliest.ns + (issue.read.latest.ns - issue.read.earliest.ns) / 2;
    issue.first.ns = midpoint > last.ns ? midpoint : last.ns + 1;
    /* h grows from entry to entry at last: past the midpoint each is 1 ns further from e. */
    issue.rest = ISSUE_TOO_UNCERTAIN;
    while (issue.count < n) {
        int64_t t = issue.first.ns + (int64_t)issue.count, h = half_width(&issue.read, t);
        if (h > h_max_ns)
            break;
        if (h >= t) { /* an entry can not say it: the interval would reach back to 1970 */
            issue.rest = ISSUE_NO_BOUND;
            break;
        }
        issue.count++;
    }
    issue.clock = reading->status == TAISTAMP_STATUS_ASSUMED ? TAISTAMP_CLOCK_ASSUMED : reading->source;
    /* Past the table's expiry a leap second may be missing: then the entry makes no statement about UTC. */
    issue.tai_utc_known =
        reading->utc == TAISTAMP_UTC_OK && reading->tai_utc_s >= 0 && reading->tai_utc_s <= 9999;
    issue.tai_utc_s = issue.tai_utc_known ? reading->tai_utc_s : 0;
    *ret_issue = issue;
}

void issuer_entry(const struct issue *issue, size_t i, tai_t *ret_t, tai_bound_t *ret_h)
{
    BUG_UNLESS(i < issue->count);
    ret_t->ns = issue->first.ns + (int64_t)i;
    ret_h->ns = half_width(&issue->read, ret_t->ns);
}
