/* SPDX-License-Identifier: Apache-2.0 */
/* What the timekeeper reports, as lines of the log. */
#include <inttypes.h>

#include "sdk/io/log.h"
#include "server/clock/io/reference_set.h"

static void log_verdict(const struct timekeeper_report *r, const char *name, const char *said)
{
    switch (r->verdict) {
    case REFCLOCK_ACCEPTED:
        log_notice("clock: reference %s counts", name);
        return;
    case REFCLOCK_QUARANTINED:
        log_notice("clock: reference %s is in quarantine: %s", name, timekeeper_reason_words(r->reason));
        return;
    case REFCLOCK_SILENT:
    case REFCLOCK_SUSPECT:
    case REFCLOCK_ERA:
    case REFCLOCK_SMEARED:
    case REFCLOCK_REFUSED:
    case REFCLOCK_VERDICTS:
        break;
    }
    if (r->reason == TIMEKEEPER_DRIVER_SAYS && said != NULL)
        log_warning("clock: reference %s does not count: %s", name, said);
    else if (r->reason == TIMEKEEPER_NOTHING_CAME || r->reason == TIMEKEEPER_NO_REASON)
        log_warning("clock: reference %s is silent", name);
    else
        log_warning("clock: reference %s does not count: %s (%" PRId64 ")", name,
                    timekeeper_reason_words(r->reason), r->value);
}

static void log_evidence(uint64_t bits, const char *name)
{
    if ((bits & TIMEKEEPER_MOVED) != 0)
        log_warning("clock: reference %s: its antenna, which is surveyed, is elsewhere", name);
    if ((bits & TIMEKEEPER_UNIFORM) != 0)
        log_warning("clock: reference %s: all satellites are received alike, as from one transmitter", name);
    if ((bits & TIMEKEEPER_DROPPED) != 0)
        log_warning("clock: reference %s: half of the satellites went at once", name);
    if ((bits & TIMEKEEPER_JAMMING) != 0)
        log_warning("clock: reference %s: jamming", name);
}

void reference_report_log(const struct timekeeper_report *r, const char *name, const char *said)
{
    switch (r->kind) {
    case TIMEKEEPER_SAYS_VERDICT:
        log_verdict(r, name, said);
        return;
    case TIMEKEEPER_SAYS_REFERENCE:
        if (r->value == 1)
            log_notice("clock: the references say what time it is");
        else if (r->value == 2)
            log_warning("clock: no reference counts: going on by the oscillator, with a growing half-width");
        else
            log_warning("clock: no reference any more, and the oscillator is too uncertain to go on");
        return;
    case TIMEKEEPER_SAYS_DOUBT:
        if (r->value != 0)
            log_warning("clock: the references drift as this oscillator has not done before: the half-width "
                        "covers both");
        else
            log_notice("clock: the doubt about the references is over");
        return;
    case TIMEKEEPER_SAYS_EVIDENCE:
        log_evidence((uint64_t)r->value, name);
        return;
    case TIMEKEEPER_SAYS_LEAP:
        log_warning("clock: reference %s counts TAI-UTC as %" PRId64 " s, the leap-second table otherwise",
                    name, r->value);
        return;
    case TIMEKEEPER_SAYS_REFUTED:
        log_warning("clock: the references of the other servers exclude the own one, which is forgotten");
        return;
    }
}
