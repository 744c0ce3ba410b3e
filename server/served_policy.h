/* SPDX-License-Identifier: Apache-2.0 */
/* The policy that this server hands to its clients, checked before they get it.
 *
 * A client that follows it must be able to verify what this server issues. So it has to name this log's key, and no
 * witness: this server asks none for cosignatures, and a policy that names witnesses makes every receipt without theirs
 * worthless (docs/FORMATS.md, "What verification says"). Whoever does collect cosignatures uses a policy of his own. */
#ifndef SERVER_SERVED_POLICY_H
#define SERVER_SERVED_POLICY_H

#include <stddef.h>

#include "server/config.h"

/* Reads and checks the policy at `path`; `vkey` is the log's own verifier key, NULL: not compared. The text goes to
 * *ret_text (NULL where it is not wanted), which the caller frees, and which ends with a NUL that *ret_len does not
 * count. TAI_ERR_NOT_FOUND: no file; TAI_ERR_CONFLICT: witnesses, or not this log's; TAI_ERR_FORMAT and others: not a
 * policy, not readable. The error's text names the file and says what to do. */
TAISTAMP_MUST_CHECK enum tai_err served_policy_read(const char *path, const char *vkey, char **ret_text,
                                                    size_t *ret_len, struct tai_error *error);
/* The same for what the settings name, with the key in their key_dir. Where that cannot be had the policy is not compared
 * with it, and *ret_key_error says why; else its text is empty. */
TAISTAMP_MUST_CHECK enum tai_err served_policy_check(const struct taid_config *config,
                                                     struct tai_error *ret_key_error,
                                                     struct tai_error *error);
/* True if the stamp process would start with this policy; logs why not. */
bool served_policy_ok(const struct taid_config *config);

#endif
