/* SPDX-License-Identifier: Apache-2.0 */
/* Starting a process of taid with no more rights than it needs.
 *
 * A process gets its own user where the settings name one, no way to new privileges, no open files but
 * standard ones, its ready pipe and the lock, default signals, and a kernel promise that it dies with its
 * parent. All of it is checked and not only asked for: a process that could not drop its rights ends at once.
 */
#ifndef SERVER_SPAWN_H
#define SERVER_SPAWN_H

#include <sys/types.h>

#include "server/supervisor.h"

/* Forks `child`. Returns its pid, and the read end of its ready pipe (non-blocking, close-on-exec) in
 * *ret_ready_fd; or -1 with errno. `lock_fd` stays open in it (-1: none). */
pid_t spawn_child(const struct supervisor_child *child, const struct taid_config *config, int lock_fd,
                  int *ret_ready_fd);
/* Runs child->check with the child's rights and waits for it. True also where there is none, or it could not be run. */
bool spawn_check(const struct supervisor_child *child, const struct taid_config *config);
/* The part for one process alone in the foreground: user and privileges (sdk/io/user.h). */
TAISTAMP_MUST_CHECK enum tai_err spawn_drop(const struct supervisor_child *child,
                                            const struct taid_config *config, struct tai_error *error);
/* Raises the limit of open files to what `config` needs, as far as the system allows; says so if it does not.
 */
void spawn_raise_files(const struct taid_config *config);

#endif
