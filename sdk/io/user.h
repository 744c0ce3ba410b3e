/* SPDX-License-Identifier: Apache-2.0 */
/* Running as another user: giving up the rights of root, but for the one that a clock needs.
 *
 * Root that becomes a user loses every capability. A process that steers the system clock keeps CAP_SYS_TIME, and that
 * alone; nothing can be gained any more afterwards (PR_SET_NO_NEW_PRIVS). All of it is checked and not only asked for.
 * A process that another user started with capabilities (systemd's AmbientCapabilities=) is left the same one, and only
 * where it is to steer. Root that is told no user stays root. */
#ifndef SDK_IO_USER_H
#define SDK_IO_USER_H

#include <stdbool.h>

#include "taistamp/base.h"

/* True (TAI_OK) if a process can run as `user` from here: it exists, and we are root or are that user. NULL: it can.
 * TAI_ERR_NOT_FOUND, _PERMISSION. */
TAISTAMP_MUST_CHECK enum tai_err user_check(const char *user, struct tai_error *error);
/* Becomes `user` (NULL: stays), for good. `steers`: keeps CAP_SYS_TIME if it is there. Call before threads are made. The
 * errors of user_check; TAI_ERR_PERMISSION. */
TAISTAMP_MUST_CHECK enum tai_err user_drop(const char *user, bool steers, struct tai_error *error);

#endif
