/* SPDX-License-Identifier: Apache-2.0 */
/* What the processes of taid say to each other: how one is started, how it says that it is ready, how it
 * ends.
 *
 * The supervisor forks each process and gives it the settings and the write end of a pipe. The process says
 * one line down that pipe once it does its work ("ready", or "ready" and where it listens), and its exit code
 * says what to do next: restart it (a crash, an input/output error) or leave it alone (it refuses to run
 * until a person has looked). The same functions run a process alone in the foreground; nobody listens to the
 * pipe then (ready_fd is -1).
 *
 * The byte picture of a ready line, at most VERBS_READY_MAX bytes with its LF, printable ASCII:
 *
 *     ready 127.0.0.1:8023 [::1]:8023\n */
#ifndef SERVER_VERBS_H
#define SERVER_VERBS_H

#include "server/config.h"

/* Exit codes of taid and of each of its processes. */
enum taid_exit {
    TAID_EXIT_OK = 0, /* did what was asked; a process that was told to stop (SIGTERM) ends so */
    TAID_EXIT_FAILED =
        1, /* failed in a way that a new start may cure: the supervisor restarts it after a pause */
    TAID_EXIT_USAGE = 2, /* wrong command line; wrong or missing configuration */
    TAID_EXIT_REFUSED =
        78 /* refuses to run (no key, corrupt or older data, address not ours, no permission): a person
            * must act first, a new start would end the same way. EX_CONFIG of <sysexits.h> */
};

enum { VERBS_READY_MAX = 512 };

/* The processes: each runs until SIGTERM or SIGINT, writes to standard error through sdk/io/log.h, and
 * returns an exit code (enum taid_exit). `config` outlives the call. Called in a process of its own, from its
 * only thread. */
int clock_run(const struct taid_config *config, int ready_fd); /* server/clock/io */
int stamp_run(const struct taid_config *config, int ready_fd); /* server/stamp/io */

/* Founds the record of votes in `state_dir` (made if need be), unless there is one; in server/clock/io. It belongs to the
 * making of the node key: from then on a missing record is a lost one. _PERMISSION, _NO_SPACE, _IO. */
TAISTAMP_MUST_CHECK enum tai_err clock_found(const char *state_dir, struct tai_error *error);

/* --take-over (systemd-timesyncd is stopped and disabled, after a question on the terminal unless `yes`) and `leave`, which
 * undoes it; in server/clock/io. What was done or why not is logged. _REFUSED, or as file_make_dirs. */
TAISTAMP_MUST_CHECK enum tai_err clock_take_over(const struct taid_config *config, bool leave, bool yes);

/* Says "ready" (and `where`, a space-separated list of addresses, where not NULL) and closes the pipe.
 * Nothing happens with ready_fd < 0. Call once. */
void verbs_ready(int ready_fd, const char *where);
/* Reads a ready line: `line` without its LF. False unless it has the form above; *ret_where then points at
 * what follows "ready " ("" if nothing). */
bool verbs_read_ready(const char *line, const char **ret_where);

#endif
