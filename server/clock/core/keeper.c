/* SPDX-License-Identifier: Apache-2.0 */
#include "server/clock/core/keeper.h"

enum {
    MAXERROR_STEP_US = 500,     /* what the kernel adds at each second */
    MAXERROR_MAX_US = 16000000, /* NTP_PHASE_LIMIT: from here on the kernel itself says unsynchronised */
    START_US = 16,              /* NTPsec's MAXDISPERSE, in seconds, taken for microseconds */
    SLEPT_NS = 1000000,         /* reading two clocks makes less of a difference than this */
    NOTICED_S = 15,       /* a new process is seen within 10 s: what was written since may be its word */
    TRUNCATION_NS = 1000, /* daemons cut maxerror to whole microseconds */
    LAG_NS = 50000,       /* 50 ppm of the second before the kernel's next addition */
    NS_PER_US = 1000
};
#define SECOND_NS INT64_C(1000000000)

bool keeper_name_matters(struct bytes comm)
{
    enum steerer steerer = steerer_of(comm);
    return steerer == STEERER_BOUND || steerer == STEERER_BARE;
}

/* The last part of the path, without what the kernel appends when the program was replaced by an upgrade. */
static struct bytes program_name(struct bytes exe)
{
    static const char deleted[] = " (deleted)";
    size_t cut = sizeof deleted - 1;
    if (exe.len > cut && bytes_equal_str(bytes_of(exe.data + exe.len - cut, cut), deleted))
        exe.len -= cut;
    struct bytes head;
    while (bytes_split(exe, '/', &head, &exe))
        ;
    return exe;
}

enum keeper_kind keeper_classify(const struct process_facts *facts)
{
    bool dead = facts->state == 'Z' || facts->state == 'X';
    if (dead || !keeper_name_matters(facts->comm))
        return KEEPER_NOBODY;
    if (steerer_of(facts->comm) == STEERER_BARE)
        return steerer_may(facts) ? KEEPER_STRANGER : KEEPER_NOBODY;
    if (!steerer_may(facts) || !steerer_runs(facts) || steerer_told_not_to(facts))
        return KEEPER_POWERLESS;
    /* A program of another name behind ours (busybox, a script), or OpenNTPD, which titles its processes so.
     */
    bool other_program = facts->exe.len > 0 && !bytes_equal(program_name(facts->exe), facts->comm);
    struct bytes title = facts->cmdline;
    if (other_program || bytes_strip_prefix(&title, "ntpd: "))
        return KEEPER_STRANGER;
    return bytes_equal_str(facts->comm, "chronyd") ? KEEPER_CHRONYD : KEEPER_NTPD;
}

void keeper_count(struct keeper_evidence *evidence, const struct process_facts *facts)
{
    switch (keeper_classify(facts)) {
    case KEEPER_NOBODY:
        break;
    case KEEPER_POWERLESS:
        evidence->powerless++;
        break;
    case KEEPER_CHRONYD:
        evidence->chronyd++;
        break;
    case KEEPER_NTPD:
        evidence->ntpd++;
        break;
    case KEEPER_STRANGER:
        evidence->strangers++;
        struct out name = out_of(evidence->stranger, sizeof evidence->stranger);
        out_bytes(&name, facts->comm);
        if (!out_terminate(&name))
            evidence->stranger[0] = 0;
        break;
    }
}

const char *keeper_verdict_text(enum keeper_verdict verdict)
{
    static const char *const texts[] = {
        [KEEPER_BOUND] = "kept by a daemon that says how wrong it may be",
        [KEEPER_NO_KERNEL] = "the kernel does not show the state of its clock",
        [KEEPER_ABSENT] = "neither chronyd nor ntpd is seen to run here",
        [KEEPER_CANNOT] = "chronyd or ntpd is there but may not set the clock, or is stopped",
        [KEEPER_NOT_ALONE] = "more than one program may set the clock, or one that keeps no error bound",
        [KEEPER_UNSYNCHRONISED] = "the kernel says unsynchronised (chronyd needs rtcsync)",
        [KEEPER_ZERO] = "the error reported by the kernel was written as 0, which nobody can mean",
        [KEEPER_STARTING] = "ntpd has not found the time yet",
        [KEEPER_STALE] = "the daemon has not said how wrong it may be since it started or the machine slept",
        [KEEPER_TOO_WIDE] = "the error reported by the kernel is 16 s or more",
    };
    size_t i = (size_t)verdict;
    return i < sizeof texts / sizeof *texts ? texts[i] : "other";
}

/* Whether `value` can be what `origin` has grown to within `grown`. */
static bool grown_from(int64_t origin, int64_t value, int64_t grown)
{
    int64_t added = value - origin;
    return added >= 0 && added <= grown && added % MAXERROR_STEP_US == 0;
}

/* Follows maxerror: a value that did not just grow was written by somebody since; was it 0, or what ntpd starts
 * with? */
static void keeper_follow(struct keeper *keeper, const struct keeper_kernel *kernel, bool present,
                          tai_mono_t now)
{
    int64_t value = kernel->maxerror_us;
    if (value < 0 || value >= MAXERROR_MAX_US)
        value = MAXERROR_MAX_US + 1; /* grown from nothing */
    int64_t gap = now.ns - keeper->at.ns;
    bool first = !keeper->seen || gap < 0;
    int64_t grown = first ? MAXERROR_MAX_US : (gap / SECOND_NS + 2) * MAXERROR_STEP_US;
    bool written = !first && !grown_from(keeper->maxerror_us, value, grown);
    bool kept = !first && !written;
    /* A fresh 0 wins over "it grew": from 300 us to 500 us is no growth, but from 0 to 500 is either. */
    keeper->zero = grown_from(0, value, grown) || (kept && keeper->zero);
    keeper->starting = grown_from(START_US, value, grown) || (kept && keeper->starting);
    if (written)
        keeper->written_at = now;
    bool came =
        !first && present && !keeper->present && now.ns - keeper->written_at.ns > NOTICED_S * SECOND_NS;
    /* What was written in the second of the sleep may be from before it. */
    if (came || (!first && kernel->asleep_ns - keeper->asleep_ns > SLEPT_NS))
        keeper->stale = true;
    else if (written)
        keeper->stale = false;
    keeper->seen = true;
    keeper->present = present;
    keeper->maxerror_us = value;
    keeper->asleep_ns = kernel->asleep_ns;
    keeper->at = now;
}

enum keeper_verdict keeper_judge(struct keeper *keeper, const struct keeper_evidence *evidence,
                                 const struct keeper_kernel *kernel, tai_mono_t now, tai_bound_t *ret_bound)
{
    if (!kernel->known)
        return KEEPER_NO_KERNEL;
    bool chronyd = evidence->chronyd > 0, ntpd = evidence->ntpd > 0;
    keeper_follow(keeper, kernel, chronyd || ntpd, now);
    if (evidence->strangers > 0 || (chronyd && ntpd))
        return KEEPER_NOT_ALONE;
    if (!chronyd && !ntpd)
        return evidence->powerless > 0 ? KEEPER_CANNOT : KEEPER_ABSENT;
    if (kernel->unsynchronised)
        return KEEPER_UNSYNCHRONISED;
    if (kernel->maxerror_us < 0 || kernel->maxerror_us >= MAXERROR_MAX_US)
        return KEEPER_TOO_WIDE;
    if (keeper->zero)
        return KEEPER_ZERO;
    if (ntpd && keeper->starting)
        return KEEPER_STARTING;
    if (keeper->stale)
        return KEEPER_STALE;
    int64_t offset = kernel->offset_ns < 0 ? -kernel->offset_ns : kernel->offset_ns;
    if (offset < 0 || offset >= (int64_t)MAXERROR_MAX_US * NS_PER_US)
        return KEEPER_TOO_WIDE;
    ret_bound->ns = kernel->maxerror_us * NS_PER_US + offset + TRUNCATION_NS + LAG_NS;
    return KEEPER_BOUND;
}
