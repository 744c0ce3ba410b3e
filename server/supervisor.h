/* SPDX-License-Identifier: Apache-2.0 */
/* The supervisor: starts the processes of taid, keeps them running, stops them. It parses nothing from the
 * network.
 *
 * It decides when a process runs: each starts once the one before it in the table is ready; one that dies is
 * started again after a pause (doubling up to a maximum, back to the first after a long good run); one that
 * refuses to run (enum taid_exit) ends everything, because a person must look. It does not decide what a
 * process does, and knows of it only its ready line and how it ended.
 *
 * States of a process:
 *
 *     idle -> starting -> ready -> (dies) -> paused -> idle
 *     ready -> stopping -> idle (new settings) or the end
 *
 * Signals: SIGTERM and SIGINT stop all, last one first, each with `stop_ms` before SIGKILL; a second one
 * kills at once. SIGHUP reads the settings again: bad ones are refused and the old ones stay; good ones are
 * taken over by restarting the processes one after the other, and if one of them refuses to run with them,
 * the old ones come back. A kill -9 of the supervisor takes the processes with it. */
#ifndef SERVER_SUPERVISOR_H
#define SERVER_SUPERVISOR_H

#include "server/config.h"

enum { SUPERVISOR_CHILDREN_MAX = 8 };

struct supervisor_child {
    const char *name;                                           /* "clock" */
    int (*run)(const struct taid_config *config, int ready_fd); /* server/verbs.h */
    const char *(*user)(const struct taid_config *config);      /* NULL result: as started */
    /* Whether it steers the system clock and so keeps CAP_SYS_TIME as another user. NULL: it does not. */
    bool (*steers)(const struct taid_config *config);
    /* Whether it would start with these settings, as far as files say; logs why not. Asked before new settings are
     * taken over, in a process of its own with the rights of `user`. NULL: it would. */
    bool (*check)(const struct taid_config *config);
};

struct supervisor_options {
    const struct supervisor_child *children; /* in the order of their start */
    size_t count;                            /* 1 to SUPERVISOR_CHILDREN_MAX */
    uint32_t pause_ms;                       /* before the first restart: 1000 */
    uint32_t pause_ms_max;                   /* 30000; a run that was ready for this long resets the pause */
    uint32_t stop_ms;                        /* from SIGTERM to SIGKILL: 10000 */
    int lock_fd;     /* held by every process until it ends (server/lock.h); -1: none */
    int level_fixed; /* log level of the command line, above that of the settings; -1: none */
};

/* Runs until stopped. Takes `config` over. Returns enum taid_exit. Call from a process with one thread; it
 * blocks the signals that it handles and leaves them blocked. */
int supervisor_run(struct taid_config *config, const struct supervisor_options *options);

#endif
