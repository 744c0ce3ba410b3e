/* SPDX-License-Identifier: Apache-2.0 */
/* One taid to a data directory, and the small files that say what runs there, in data_dir/run:
 *
 *     lock        held (flock) by the supervisor and by each of its processes until it has ended, so that a new
 *                 taid does not start beside a process that a killed one left dying; holds the pid of the owner
 *     NAME.lock   held by `taid NAME` alone in the foreground, beside a shared hold of `lock`
 *     pid         of the supervisor, while it runs
 *     listen      where the stamp process listens, an address to a line, while it runs
 *
 * The files are made for reading by everybody; none holds a secret. */
#ifndef SERVER_LOCK_H
#define SERVER_LOCK_H

#include <sys/types.h>

#include "server/config.h"

struct lock {
    int whole; /* fd of run/lock; -1: not held */
    int part;  /* fd of run/NAME.lock; -1 */
};

/* Makes data_dir/run (0755; it belongs to clock.user where root starts us) and takes the lock: of everything
 * with `part` NULL, else of that one process. Waits up to `wait_ms` for a holder whose owner has died.
 * TAI_ERR_CONFLICT: in use; the text names the pid. TAI_ERR_NOT_FOUND: no data_dir. */
TAISTAMP_MUST_CHECK enum tai_err lock_take(const struct taid_config *config, const char *part,
                                           unsigned wait_ms, struct lock *ret_lock, struct tai_error *error);
void lock_release(struct lock *lock);
/* The pid of the supervisor that holds data_dir; 0: none does. */
pid_t lock_owner(const struct taid_config *config);
/* The pid of `taid PART` that runs there alone in the foreground; 0: none does. */
pid_t lock_part_owner(const struct taid_config *config, const char *part);

/* Writes or removes (`text` NULL) data_dir/run/NAME; a failure is logged, nothing depends on these files. */
void lock_tell(const struct taid_config *config, const char *name, const char *text);

#endif
