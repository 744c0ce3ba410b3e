/* SPDX-License-Identifier: Apache-2.0 */
#include "client/core/steerers.h"

enum { CAP_SYS_TIME_BIT = 25 };

/* By the kernel's name, cut at 15 bytes. ntpd-rs ("ntp-daemon") tells the kernel a bound, but is not known to this
 * release. */
static const struct {
    const char *comm;
    enum steerer steerer;
} known[] = {
    {"chronyd", STEERER_BOUND}, {"ntpd", STEERER_BOUND},   {"systemd-timesyn", STEERER_BARE},
    {"openntpd", STEERER_BARE}, {"phc2sys", STEERER_BARE}, {"ntp-daemon", STEERER_BARE},
    {"connmand", STEERER_BARE}, {"ptp4l", STEERER_MAYBE},  {"ptpd", STEERER_MAYBE},
    {"ptpd2", STEERER_MAYBE},   {"ts2phc", STEERER_MAYBE}, {"VBoxService", STEERER_MAYBE},
};

enum steerer steerer_of(struct bytes comm)
{
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (bytes_equal_str(comm, known[i].comm))
            return known[i].steerer;
    return STEERER_NONE;
}

static bool is_dead(const struct process_facts *facts)
{
    return facts->state == 'Z' || facts->state == 'X';
}

bool steerer_may(const struct process_facts *facts)
{
    return !is_dead(facts) && facts->our_userns && (facts->caps >> CAP_SYS_TIME_BIT & 1) != 0;
}

bool steerer_runs(const struct process_facts *facts)
{
    return !is_dead(facts) && facts->state != 'T' && facts->state != 't';
}

/* -x, or -Px, -xd and so on. */
bool steerer_told_not_to(const struct process_facts *facts)
{
    struct bytes arg, cmdline = facts->cmdline;
    bool first = true;
    if (!bytes_equal_str(facts->comm, "chronyd"))
        return false;
    while (bytes_split(cmdline, 0, &arg, &cmdline)) {
        bool flags = !first && arg.len >= 2 && arg.data[0] == '-' && arg.data[1] != '-';
        first = false;
        for (size_t i = 1; flags && i < arg.len; i++)
            if (arg.data[i] == 'x')
                return true;
    }
    return false;
}

bool steerer_is_rival(const struct process_facts *facts)
{
    return steerer_of(facts->comm) != STEERER_NONE && steerer_may(facts) && !steerer_told_not_to(facts);
}
