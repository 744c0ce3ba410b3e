/* SPDX-License-Identifier: Apache-2.0 */
/* What this user's stamps need to remember: the secret that salts are made of, and a lock.
 *
 * The secret is 32 random bytes in config/secret, mode 0600, made once. Two processes that make it at the same moment
 * end up with the same one. The lock is held while counters are reserved, not while a server is waited for. */
#ifndef TOOLS_TAI_STAMP_STATE_H
#define TOOLS_TAI_STAMP_STATE_H

#include <stdbool.h>

#include "taistamp/stamp.h"

/* Reads the secret, making it first if there is none. TAI_ERR_PERMISSION: others may read it. */
TAISTAMP_MUST_CHECK enum tai_err state_secret(uint8_t ret_secret[TAISTAMP_SECRET_LEN],
                                              struct tai_error *error);

/* Whether there is a secret already. */
bool state_has_secret(void);

/* Waits for the lock of the data folder, making the folder if need be. The descriptor is released with state_unlock;
 * -1 and an error otherwise. */
int state_lock(struct tai_error *error);
void state_unlock(int fd);

#endif
