/* SPDX-License-Identifier: Apache-2.0 */
/* Taking the system clock over from systemd-timesyncd, and giving it back.
 *
 * It decides nothing about time. It stops and disables one service, which most distributions start by default and which can
 * be spared where we steer; other programs (chronyd, ntpd) were chosen by somebody and are left to them.
 *
 * What was found is written to a state file before anything is changed, so that `leave` restores just that: a service that
 * was not enabled does not become so. Taken over twice, the first record stands. Killed in between, `leave` still
 * works: it asks systemd for what the record says and does not mind that it is so already.
 *
 *     taistamp-takeover 1
 *     systemd-timesyncd.service enabled active
 *
 * systemd is asked through `systemctl` on the PATH, each call without a shell. Where systemd did not start the machine
 * (/run/systemd/system is missing, as sd_booted(3) has it) nothing is done and that is said.
 *
 * Thread rule: one thread; it starts processes and waits for them. Not for the clock process, which has no such rights:
 * for commands that a person runs as root. */
#ifndef CLIENT_IO_TAKEOVER_H
#define CLIENT_IO_TAKEOVER_H

#include <stdbool.h>

#include "taistamp/base.h"

#define TAKEOVER_SERVICE "systemd-timesyncd.service"

struct takeover {
    const char *state;  /* path of the state file; its folder exists */
    const char *booted; /* "/run/systemd/system"; tests have their own */
    /* Asks the person; `question` is one sentence. NULL: they have said yes already. */
    bool (*confirm)(void *ctx, const char *question);
    void *ctx;
};

/* TAI_OK: stopped and disabled. TAI_ERR_NOT_FOUND: the service neither runs nor is enabled, nothing was done.
 * TAI_ERR_INTERRUPTED: the person said no. TAI_ERR_UNSUPPORTED: no systemd here. TAI_ERR_REFUSED: systemctl
 * failed. */
TAISTAMP_MUST_CHECK enum tai_err takeover_take(const struct takeover *takeover, struct tai_error *error);
/* TAI_OK: as it was before. TAI_ERR_NOT_FOUND: nothing was taken over. TAI_ERR_REFUSED: systemctl failed; the state file
 * stays, so that it can be tried again. TAI_ERR_CORRUPT: the state file is not one of ours. */
TAISTAMP_MUST_CHECK enum tai_err takeover_leave(const struct takeover *takeover, struct tai_error *error);

#endif
