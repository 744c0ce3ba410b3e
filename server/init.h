/* SPDX-License-Identifier: Apache-2.0 */
/* Making a new server's folder: key, settings, policy. All of it or nothing.
 *
 * Everything is made in a folder of its own beside or inside the final one and moved into place at the end, the settings
 * last. An error on the way removes what was made. A folder that does not exist appears in one rename, so that even a
 * power cut leaves the whole or none of it; in one that exists (it must be empty) a power cut can leave a key folder
 * without settings, which the next init refuses by name. Nothing that exists is ever overwritten.
 *
 *     DIR/taid.yaml    0644   the annotated sample with the given values
 *     DIR/policy       0644   C2SP tlog-policy: this log, no witnesses yet
 *     DIR/keys         0700   log.key, log.origin, log.head, all 0600 (server/sign/sign.h) */
#ifndef SERVER_INIT_H
#define SERVER_INIT_H

#include <stdbool.h>

#include "taistamp/base.h"

struct file_ops;

struct init_options {
    const char *dir;
    const char *host;             /* first part of the log's name; NULL: this machine's name */
    const char *listen;           /* one address; NULL: the sample's */
    const char *url;              /* where clients reach the log, for the policy; NULL: not said */
    const char *assume_error_ms;  /* digits; NULL: not assumed */
    const struct file_ops *files; /* NULL: the disk */
};

struct init_result {
    char origin[256];
    char vkey[512];
    char fingerprint[65]; /* what clients compare: SHA-256 of type and key, hex */
};

/* TAI_ERR_ARGUMENT, _RANGE, _FORMAT: an option; TAI_ERR_CONFLICT: the folder is in use; TAI_ERR_NOT_FOUND: the folder
 * above it is missing; and what the disk says. */
TAISTAMP_MUST_CHECK enum tai_err init_run(const struct init_options *options, struct init_result *ret_result,
                                          struct tai_error *error);

#endif
