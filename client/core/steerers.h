/* SPDX-License-Identifier: Apache-2.0 */
/* Programs that steer the system clock: how they are known, and whether one of them may do it here and now.
 *
 * Decides by what the kernel says of a process: its name (which anybody may take), and that it holds CAP_SYS_TIME in our own
 * user namespace (which nobody can fake without having it). Refuses to guess about programs that are not listed: they show
 * when the clock is found to run otherwise than it was told (client/io/steer.h). Our own programs are not listed.
 *
 * Any thread; nothing is kept. */
#ifndef CLIENT_CORE_STEERERS_H
#define CLIENT_CORE_STEERERS_H

#include "sdk/base/bytes.h"

/* What is known of one running process. */
struct process_facts {
    struct bytes comm;    /* the kernel's name for it, at most 15 bytes */
    struct bytes exe;     /* path of its program; empty where we may not look */
    struct bytes cmdline; /* its arguments, each ended by NUL (the program may have rewritten them) */
    uint64_t caps;        /* effective capabilities */
    char state;           /* as in /proc: R, S, D, T, Z and so on; 0 where it is not known */
    bool our_userns;      /* in the same user namespace as we */
};

enum steerer {
    STEERER_NONE,  /* has nothing to do with clocks, as far as we know */
    STEERER_BOUND, /* chronyd, ntpd: tells the kernel how wrong the clock may be */
    STEERER_BARE,  /* steers, and leaves no honest bound behind */
    STEERER_MAYBE  /* steers under some of its settings */
};
enum steerer steerer_of(struct bytes comm);

/* Alive, and has the right to set our clock. */
bool steerer_may(const struct process_facts *facts);
/* Alive and not stopped. */
bool steerer_runs(const struct process_facts *facts);
/* chronyd -x: serves time and leaves the clock alone. */
bool steerer_told_not_to(const struct process_facts *facts);
/* A listed program that may set our clock and was not told not to. One that is stopped counts: it may be continued. */
bool steerer_is_rival(const struct process_facts *facts);

#endif
