/* SPDX-License-Identifier: Apache-2.0 */
/* One question to the control socket and its answer. */
#ifndef TOOLS_TAICTL_ASK_H
#define TOOLS_TAICTL_ASK_H

#include "taistamp/base.h"
#include "tools/json.h"

struct asker {
    const char *path; /* the socket in use, for messages */
    int fd;
};

/* Connects. `control` NULL: the usual places, first one that answers. TAI_ERR_NOT_FOUND, _PERMISSION, _UNAVAILABLE
 * (nobody listens there). Close with ask_close. */
TAISTAMP_MUST_CHECK enum tai_err ask_open(const char *control, struct asker *ret_asker,
                                          struct tai_error *error);
void ask_close(struct asker *asker);
/* The answer to `verb`; the caller's (json_decref). Waits at most 5 s. TAI_ERR_REFUSED: it answered with an error, whose
 * sentence is in `error`; _TIMEOUT; _FORMAT: not an answer that this version knows; _UNAVAILABLE: it hung up. */
TAISTAMP_MUST_CHECK enum tai_err ask(struct asker *asker, const char *verb, json_t **ret_answer,
                                     struct tai_error *error);

#endif
