/* SPDX-License-Identifier: Apache-2.0 */
/* Looking through /proc for who may be keeping the clock (keeper.h says what counts). */
#ifndef SERVER_CLOCK_IO_EVIDENCE_H
#define SERVER_CLOCK_IO_EVIDENCE_H

#include "client/io/processes.h"
#include "server/clock/core/keeper.h"

enum { EVIDENCE_KEEPERS_MAX = 8 /* chronyd has up to three processes */ };

/* What the newest look has found, and a hold on the processes that are believed. */
struct evidence {
    struct keeper_evidence found;
    uint32_t held;
    struct process_search search;        /* of the newest look */
    int processes[EVIDENCE_KEEPERS_MAX]; /* folders in /proc: no other process can slip into one */
};
/* One look at all processes that we may see, under `proc` ("/proc"; tests have their own). Nothing seen, all
 * zero. It takes about 10 us for each process of the machine. `evidence` begins as zeroes. */
void evidence_scan(const char *proc, struct evidence *evidence);
/* Whether those that were believed are still there, run and may set the clock; some 50 us for each. Between two scans
 * this is what tells of a daemon killed in the middle of a slew: the kernel goes on with it, past its goal. */
bool evidence_stands(const struct evidence *evidence);
/* Lets go of the processes. */
void evidence_release(struct evidence *evidence);

#endif
