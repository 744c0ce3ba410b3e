/* SPDX-License-Identifier: Apache-2.0 */
/* What the commands say of a command line that they cannot use: what is wrong with it, and where help is. Each takes the
 * command as it is called, such as "tai-leap update", writes to standard error and returns the exit code. */
#ifndef TOOLS_USAGE_H
#define TOOLS_USAGE_H

int usage_wrong(const char *command, const char *what, const char *detail);

/* What getopt_long refused with `c`, where opterr is 0 and the letters begin with ':' (or "-:"). */
int usage_refused(const char *command, int c, char *const *argv);

#endif
