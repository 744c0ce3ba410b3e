/* SPDX-License-Identifier: Apache-2.0 */
/* tai-leap update: a newer leap-second table put where every program of this machine finds it.
 *
 * Decides: which of the sources is taken (the newest valid one), and whether it may replace what is there. A table is
 * refused when its hash is wrong, when it is older than one that this machine has, and when it contradicts one of them about
 * a leap second that is in both tables' reach: the past does not change. Nothing is written unless all is well, and then
 * so that a reader sees the old or the new file. */
#ifndef TOOLS_TAI_LEAP_UPDATE_H
#define TOOLS_TAI_LEAP_UPDATE_H

/* The command behind "tai-leap update"; argv[0] is "update". Returns the exit code. */
int update_command(int argc, char **argv);

#endif
