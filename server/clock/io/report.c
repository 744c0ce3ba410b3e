/* SPDX-License-Identifier: Apache-2.0 */
#include "server/clock/io/report.h"

#include <inttypes.h>

#include "sdk/io/log.h"

static void log_status(const struct reference_report *r)
{
    switch ((enum taistamp_status)r->value) {
    case TAISTAMP_STATUS_SYNCHRONISED:
    case TAISTAMP_STATUS_SINGLE_REFERENCE:
    case TAISTAMP_STATUS_RELATIVE:
        log_notice("clock: %s, by the kernel clock's own error bound",
                   taistamp_status_name((enum taistamp_status)r->value));
        return;
    case TAISTAMP_STATUS_ASSUMED:
        log_notice("clock: the error is assumed, as clock.assume_error_ms declares (%s)",
                   keeper_verdict_text(r->verdict));
        return;
    case TAISTAMP_STATUS_UNKNOWN:
    case TAISTAMP_STATUS_DISRUPTED:
    case TAISTAMP_STATUS_EXPIRED:
        log_warning("clock: %s; no stamps are made (%s)",
                    taistamp_status_name((enum taistamp_status)r->value), keeper_verdict_text(r->verdict));
        return;
    }
}

static void log_verdict(const struct reference_report *r, const struct keeper_evidence *evidence)
{
    bool named = r->verdict == KEEPER_NOT_ALONE && evidence->stranger[0] != 0;
    log_notice("clock: the kernel's own error bound is %s: %s%s%s",
               r->verdict == KEEPER_BOUND ? "used" : "not used", keeper_verdict_text(r->verdict),
               named ? ": " : "", named ? evidence->stranger : "");
}

/* Seconds with six decimals and a sign. */
#define SECONDS_FORMAT "%c%" PRId64 ".%06" PRId64 " s"
#define SECONDS_ARGS(ns)                                                                                     \
    (ns) < 0 ? '-' : '+', (int64_t)(((ns) < 0 ? -(ns) : (ns)) / 1000000000),                                 \
        (int64_t)(((ns) < 0 ? -(ns) : (ns)) % 1000000000 / 1000)

void report_log(const struct reference_report *r, const struct keeper_evidence *evidence)
{
    switch (r->event) {
    case REFERENCE_STATUS:
        log_status(r);
        return;
    case REFERENCE_VERDICT:
        log_verdict(r, evidence);
        return;
    case REFERENCE_MOVED:
        log_warning("clock: the system clock moved by " SECONDS_FORMAT
                    ": somebody set it, slews it fast, or the machine slept; not believed until it is steady",
                    SECONDS_ARGS(r->value));
        return;
    case REFERENCE_STEADY:
        log_notice("clock: the system clock is steady again");
        return;
    case REFERENCE_LEAP_NEAR:
        log_notice("clock: leap second; going on by the raw clock until it is over (TAI-UTC will be %" PRId64
                   " s)",
                   r->value);
        return;
    case REFERENCE_LEAP_PAST:
        log_notice("clock: the leap second is over (TAI-UTC is %" PRId64 " s)", r->value);
        return;
    case REFERENCE_LEAP_MISSED:
        log_error("clock: the system clock and the leap-second table disagree about a leap second "
                  "by " SECONDS_FORMAT "; not believed until they agree, at most for an hour",
                  SECONDS_ARGS(r->value));
        return;
    case REFERENCE_TABLE_EXPIRED:
        log_warning("clock: the leap-second table has expired; up to %" PRId64
                    " leap seconds may be missing and the error is widened by as many seconds; update tzdata",
                    r->value);
        return;
    case REFERENCE_TABLE_ABSENT:
        log_error("clock: no leap-second table reaches the time of the system clock; TAI is unknown");
        return;
    case REFERENCE_CLOCK_EARLY:
        log_error("clock: the system clock shows a time before the leap-second table was made; it is wrong");
        return;
    case REFERENCE_KERNEL_TAI:
        log_warning("clock: the kernel's TAI offset is %" PRId64
                    " s, which the leap-second table contradicts; "
                    "the table is used",
                    r->value);
        return;
    }
}
