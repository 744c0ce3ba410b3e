/* SPDX-License-Identifier: Apache-2.0 */
/* What the timekeeper reports, as lines of the log. */
#include <inttypes.h>

#include <stdio.h>

#include "sdk/io/log.h"
#include "server/clock/io/reference_set.h"

/* ", by 9.73 ms" of a size; three digits. */
static void by(int64_t ns, char *ret_text, size_t room)
{
    static const struct {
        double ns;
        const char *unit;
    } units[] = {{1, "ns"}, {1e3, "us"}, {1e6, "ms"}, {1e9, "s"}, {3600e9, "h"}, {86400e9, "d"}};
    double size = ns < 0 ? -(double)ns : (double)ns;
    size_t u = 0;
    while (u + 1 < sizeof units / sizeof units[0] && size >= 0.9995 * units[u + 1].ns)
        u++;
    size /= units[u].ns;
    int decimals = u == 0 || size >= 99.95 ? 0 : size >= 9.995 ? 1 : 2;
    snprintf(ret_text, room, ", by %.*f %s", decimals, size, units[u].unit);
}

void reference_report_value(enum timekeeper_reason reason, int64_t value, char *ret_text, size_t room)
{
    ret_text[0] = 0;
    switch (reason) {
    case TIMEKEEPER_NOT_STEADY:
    case TIMEKEEPER_UNDECIDED:
    case TIMEKEEPER_STEP:
    case TIMEKEEPER_DRAG:
    case TIMEKEEPER_OUTVOTED:
    case TIMEKEEPER_PEERS:
    case TIMEKEEPER_DOUBT:
    case TIMEKEEPER_TOO_EARLY:
    case TIMEKEEPER_BEFORE_KNOWN:
    case TIMEKEEPER_ERA_PASSED:
    case TIMEKEEPER_DAYS:
        if (value != 0) /* 0: not known by how much */
            by(value, ret_text, room);
        return;
    case TIMEKEEPER_WEEKS:
        snprintf(ret_text, room, ", %" PRId64 " times", value);
        return;
    case TIMEKEEPER_LEAP_COUNT:
        snprintf(ret_text, room, ": TAI-UTC %" PRId64 " s", value);
        return;
    case TIMEKEEPER_NO_REASON:
    case TIMEKEEPER_NOTHING_CAME:
    case TIMEKEEPER_DRIVER_SAYS:
    case TIMEKEEPER_NEW:
    case TIMEKEEPER_CAME_BACK:
    case TIMEKEEPER_REASONS:
        return;
    }
}

bool reference_report_is_news(const struct timekeeper_reports *reports, uint32_t index,
                              struct reference_said *said)
{
    const struct timekeeper_report *r = &reports->items[index];
    if (r->kind != TIMEKEEPER_SAYS_VERDICT)
        return true;
    for (uint32_t i = index + 1; i < reports->count; i++)
        if (reports->items[i].kind == TIMEKEEPER_SAYS_VERDICT && reports->items[i].source == r->source)
            return false;
    bool news = !said->has || said->verdict != r->verdict || said->reason != r->reason;
    *said = (struct reference_said){.has = true, .verdict = r->verdict, .reason = r->reason};
    return news;
}

static void log_verdict(const struct timekeeper_report *r, const char *name, const char *said)
{
    char value[64];
    reference_report_value(r->reason, r->value, value, sizeof value);
    switch (r->verdict) {
    case REFCLOCK_ACCEPTED:
        log_notice("clock: reference %s counts", name);
        return;
    case REFCLOCK_QUARANTINED:
        log_notice("clock: reference %s is in quarantine: %s%s", name, timekeeper_reason_words(r->reason),
                   value);
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
        log_warning("clock: reference %s does not count: %s%s", name, timekeeper_reason_words(r->reason),
                    value);
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
