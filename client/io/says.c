/* SPDX-License-Identifier: Apache-2.0 */
#include "client/io/says.h"

#include <inttypes.h>
#include <stdio.h>

#include "client/core/guard.h"
#include "sdk/io/log.h"

enum { NAME_MAX_SHOWN = 80 };

struct name {
    char text[NAME_MAX_SHOWN];
};

static struct name name_of(sync_node_t node, const struct host_settings *s)
{
    struct name n;
    const char *given = s->name == NULL ? NULL : s->name(s->ctx, node);
    if (given != NULL)
        snprintf(n.text, sizeof n.text, "%s", given);
    else
        snprintf(n.text, sizeof n.text, "node %" PRIu32, node.id);
    return n;
}

/* "+12.3 us": sign and three or four digits, in the unit that fits. */
static struct name span(int64_t ns)
{
    static const struct {
        int64_t ns;
        const char *unit;
    } units[] = {{1000000000, "s"}, {1000000, "ms"}, {1000, "us"}};
    struct name n;
    uint64_t size = ns < 0 ? 0 - (uint64_t)ns : (uint64_t)ns;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (size >= (uint64_t)units[i].ns) {
            uint64_t unit = (uint64_t)units[i].ns;
            snprintf(n.text, sizeof n.text, "%c%" PRIu64 ".%03" PRIu64 " %s", ns < 0 ? '-' : '+', size / unit,
                     size % unit * 1000 / unit, units[i].unit);
            return n;
        }
    snprintf(n.text, sizeof n.text, "%c%" PRIu64 " ns", ns < 0 ? '-' : '+', size);
    return n;
}

static void say_status(const struct engine_report *r)
{
    enum taistamp_status status = (enum taistamp_status)r->value;
    bool good = status == TAISTAMP_STATUS_SYNCHRONISED || status == TAISTAMP_STATUS_SINGLE_REFERENCE ||
                status == TAISTAMP_STATUS_ASSUMED || status == TAISTAMP_STATUS_RELATIVE;
    log_line(good ? LOG_NOTICE : LOG_WARNING, "clock: status %s (was %s)", taistamp_status_name(status),
             taistamp_status_name((enum taistamp_status)r->other));
}

static void say_election(const struct engine_report *r, const struct host_settings *s)
{
    bool alarming = false;
    const char *text = s->election == NULL ? NULL : s->election(s->ctx, r->value, &alarming);
    if (text == NULL)
        return;
    bool own = r->node.id == s->self.id || r->node.id == 0;
    log_line(alarming ? LOG_WARNING : LOG_DEBUG, "clock: election: %s%s%s%s", text, own ? "" : " (",
             own ? "" : name_of(r->node, s).text, own ? "" : ")");
}

void says_log(const struct engine_report *r, const struct host_settings *s)
{
    switch (r->kind) {
    case ENGINE_SAYS_STATUS:
        say_status(r);
        return;
    case ENGINE_SAYS_MASTER:
        if (r->node.id == 0)
            log_warning("clock: no master (term %" PRId64 ")", r->value);
        else
            log_notice("clock: the master is %s (term %" PRId64 ")", name_of(r->node, s).text, r->value);
        return;
    case ENGINE_SAYS_FALLBACK:
        log_warning("clock: going on by the midpoint of the peers: %s",
                    guard_reason_name((enum guard_reason)r->value));
        return;
    case ENGINE_SAYS_REJECTED:
        log_warning("clock: a correction of %s is rejected: %s (by %s)", name_of(r->node, s).text,
                    guard_reason_name((enum guard_reason)r->value), span(r->other).text);
        return;
    case ENGINE_SAYS_SUSPECT:
        log_warning("clock: %s is suspect: %s (%s)", name_of(r->node, s).text,
                    guard_reason_name((enum guard_reason)r->value), span(r->other).text);
        return;
    case ENGINE_SAYS_CLEARED:
        log_notice("clock: %s is no longer suspect", name_of(r->node, s).text);
        return;
    case ENGINE_SAYS_TIMELINE:
        log_warning("clock: the machine slept, was moved, or its clocksource changed: measuring afresh");
        return;
    case ENGINE_SAYS_STEP:
        log_notice("clock: the system clock was stepped by %s", span(r->value).text);
        return;
    case ENGINE_SAYS_RIVAL:
        log_error("clock: another program steers the system clock (rate found: %" PRId64 " ps/s)", r->value);
        return;
    case ENGINE_SAYS_PEER_UP:
        log_notice("clock: %s answers", name_of(r->node, s).text);
        return;
    case ENGINE_SAYS_PEER_DOWN:
        log_warning("clock: %s is silent", name_of(r->node, s).text);
        return;
    case ENGINE_SAYS_TRIANGLE:
        log_warning("clock: the paths to %s and %s do not agree, by %s: one of them is asymmetric, or lies",
                    name_of(r->node, s).text, name_of((sync_node_t){(uint32_t)r->other}, s).text,
                    span(r->value).text);
        return;
    case ENGINE_SAYS_REFERENCE:
        log_line(r->value != 0 ? LOG_NOTICE : LOG_WARNING, "clock: this machine's own reference is %s",
                 r->value != 0 ? "in use" : "lost");
        return;
    case ENGINE_SAYS_LEAP_DIFFERS:
        log_warning("clock: %s counts TAI-UTC as %" PRId64 " s", name_of(r->node, s).text, r->value);
        return;
    case ENGINE_SAYS_ELECTION:
        say_election(r, s);
        return;
    case ENGINE_SAYS_DISK:
        log_error("clock: a record could not be made durable");
        return;
    }
}
