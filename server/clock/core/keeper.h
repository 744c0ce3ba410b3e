/* SPDX-License-Identifier: Apache-2.0 */
/* Who keeps the kernel's clock, and whether the error bound that the kernel reports may be believed.
 *
 * The kernel reports `maxerror`, but only repeats what somebody told it, plus 500 ppm of the time since. Two
 * programs tell it the truth, half the root delay plus the root dispersion: chronyd and the reference ntpd.
 * Others write 0 and mean nothing by it (systemd-timesyncd, OpenNTPD, phc2sys). So the number is believed
 * only when all of this holds:
 *   - at least one process is recognised as chronyd or ntpd, not both kinds, and it may set the clock: it
 *     holds CAP_SYS_TIME in our own user namespace, which nobody can fake without having it;
 *   - it runs: it is not stopped, and no zombie;
 *   - no other program that is known to steer clocks holds that right as well;
 *   - the kernel says synchronised (STA_UNSYNC clear; chronyd clears it only with `rtcsync`);
 *   - maxerror is below 16 s, and is not a 0 that the kernel has let grow: the kernel adds 500 us at each
 *     second, so after a 0 every value is a multiple of 500 us and is no larger than the time since allows;
 *   - nor, under ntpd, a 16 that has grown: NTPsec and older ntpd write "synchronised, 16 us" when they start, where
 *     16 s are meant, long before they have spoken to a server;
 *   - somebody was there to write it: what an earlier daemon has left behind is not the word of one that came since
 *     (OpenNTPD calls itself ntpd as well);
 *   - the machine has not slept since maxerror was written: the kernel does not touch it for that, while the clock
 *     wakes up as wrong as the hardware clock is.
 * What is said is then maxerror, the offset that the kernel is still working off, and 50 us for the second
 * during which the kernel has not yet added its 500 us.
 *
 * What this cannot see: a daemon that lies, a bound that its servers spoil, a smeared leap second, a virtual machine that was
 * paused (all its clocks stood still); and, when we come after both, that a number was left behind by another. */
#ifndef SERVER_CLOCK_CORE_KEEPER_H
#define SERVER_CLOCK_CORE_KEEPER_H

#include "client/core/steerers.h"
#include "taistamp/time.h"

enum keeper_kind {
    KEEPER_NOBODY,    /* has nothing to do with clocks, or may not set ours */
    KEEPER_POWERLESS, /* chronyd or ntpd that may not set the clock, was told not to, or is stopped */
    KEEPER_CHRONYD,
    KEEPER_NTPD,
    KEEPER_STRANGER /* may set the clock and is known to keep no bound */
};
enum keeper_kind keeper_classify(const struct process_facts *facts);
/* Whether a process of this name is worth the further questions. */
bool keeper_name_matters(struct bytes comm);

/* One look at all processes. */
struct keeper_evidence {
    uint32_t chronyd, ntpd, strangers, powerless;
    char stranger[16]; /* the name of one of them, NUL-terminated */
};
void keeper_count(struct keeper_evidence *evidence, const struct process_facts *facts);

/* What adjtimex(2) says. */
struct keeper_kernel {
    bool known; /* the call worked */
    int64_t maxerror_us;
    int64_t offset_ns; /* still to be worked off by the kernel's loop */
    bool unsynchronised;
    int32_t tai_offset_s; /* the kernel's TAI-UTC; 0: nobody has set it */
    int64_t
        asleep_ns; /* CLOCK_BOOTTIME - CLOCK_MONOTONIC: how long the machine has slept since it was started */
};

enum keeper_verdict {
    KEEPER_BOUND = 0,      /* believed */
    KEEPER_NO_KERNEL,      /* adjtimex failed */
    KEEPER_ABSENT,         /* neither chronyd nor ntpd runs here (or not in our sight) */
    KEEPER_CANNOT,         /* one is there but may not set the clock, or is stopped */
    KEEPER_NOT_ALONE,      /* another program may set the clock as well */
    KEEPER_UNSYNCHRONISED, /* it has not found the time yet (or chronyd runs without rtcsync) */
    KEEPER_ZERO,           /* maxerror was written as 0 */
    KEEPER_STARTING,       /* ntpd has written nothing yet but what it starts with */
    KEEPER_STALE,          /* nothing was written since the machine slept or the daemon came */
    KEEPER_TOO_WIDE        /* maxerror is 16 s or more: the kernel's word for "no idea" */
};
/* A stable lower-case phrase. Static storage. */
const char *keeper_verdict_text(enum keeper_verdict verdict);

/* Memory of the kernel's maxerror from one second to the next. Zeroes at the start. */
struct keeper {
    bool seen;
    bool zero;     /* the value now growing began as 0, or may have */
    bool starting; /* as 16 */
    bool stale;    /* it was written before the machine slept, or by another daemon than the one that runs */
    bool present;  /* somebody was recognised at the last look */
    int64_t maxerror_us;
    int64_t asleep_ns;
    tai_mono_t written_at; /* when maxerror was last seen to be another than what had grown */
    tai_mono_t at;
};
/* One reading, made at raw reading `now`. *ret_bound: of REALTIME against UTC, for KEEPER_BOUND. */
enum keeper_verdict keeper_judge(struct keeper *keeper, const struct keeper_evidence *evidence,
                                 const struct keeper_kernel *kernel, tai_mono_t now, tai_bound_t *ret_bound);

#endif
