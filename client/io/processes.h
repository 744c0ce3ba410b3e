/* SPDX-License-Identifier: Apache-2.0 */
/* Looking through /proc for the processes that may have to do with the clock (steerers.h says what is asked of one).
 *
 * It takes about 10 us for each process of the machine. Processes that we may not see (hidepid, another PID namespace)
 * are not found. Thread rule: one thread per buffers. */
#ifndef CLIENT_IO_PROCESSES_H
#define CLIENT_IO_PROCESSES_H

#include "client/core/steerers.h"

enum {
    PROCESS_COMM_BYTES = 64,
    PROCESS_STATUS_BYTES = 8192,
    PROCESS_PATH_BYTES = 4096,
    PROCESS_MAP_BYTES = 1024
};

/* What the facts of one process point into. */
struct process_buffers {
    uint8_t comm[PROCESS_COMM_BYTES], status[PROCESS_STATUS_BYTES], uid_map[PROCESS_MAP_BYTES],
        exe[PROCESS_PATH_BYTES], cmdline[PROCESS_PATH_BYTES];
};

/* Who asks. `map`: our own uid_map, which processes_each fills: seen from inside, an unprivileged user namespace cannot map
 * what ours maps, so equal text is the same one. */
struct process_search {
    bool (*matters)(struct bytes comm); /* whether a process of this name is worth the further questions */
    /* Called for each process that matters. `dir`, its folder in /proc, belongs to the callee from now on; no other
     * process can slip into it. */
    void (*take)(void *ctx, int dir, uint64_t pid, const struct process_facts *facts);
    void *ctx;
    uint8_t map[PROCESS_MAP_BYTES];
    size_t map_len;
};

/* One look at all processes under `proc` ("/proc"; tests have their own). Nothing can be read: nobody is found. */
void processes_each(const char *proc, struct process_search *search);
/* Asks again about the process in `dir`. Only the name is set for one that does not matter. Points into `buffers`. */
void process_examine(int dir, const struct process_search *search, struct process_buffers *buffers,
                     struct process_facts *ret_facts);

#endif
