/* SPDX-License-Identifier: Apache-2.0 */
/* --take-over and leave, as tai-client and taid have them on their command lines: asks on the terminal, says what was done.
 *
 * Thread rule: as takeover.h; called by the command before any process is started. */
#ifndef CLIENT_IO_TAKEOVER_COMMAND_H
#define CLIENT_IO_TAKEOVER_COMMAND_H

#include <stdbool.h>

#include "taistamp/base.h"

struct takeover_command {
    const char *program; /* whose `leave` undoes it, for what is said */
    const char *state;   /* path of the record; its folder exists */
    bool leave;          /* false: take over */
    bool steers;         /* this program will steer; a take-over without that is refused */
    bool yes;            /* nobody is asked */
};

/* TAI_OK: done, or there was nothing to do; _REFUSED: not done. What and why was logged. */
TAISTAMP_MUST_CHECK enum tai_err takeover_command(const struct takeover_command *command);

#endif
