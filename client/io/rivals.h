/* SPDX-License-Identifier: Apache-2.0 */
/* Two programs that steer one clock fight, and neither says the truth afterwards. So in mode `system` we do not start
 * beside another; this names it, so that a person can decide.
 *
 * It refuses to stop anybody: that is `takeover.h`, for one program only, and asked for. Whom it cannot see (another PID
 * namespace, a program that is not listed) shows later, when the clock runs otherwise than it was told.
 *
 * Thread rule: one thread. */
#ifndef CLIENT_IO_RIVALS_H
#define CLIENT_IO_RIVALS_H

#include "client/io/processes.h"
#include "taistamp/base.h"

enum { RIVALS_MAX = 8, RIVALS_NAME_BYTES = 16 };

struct rival {
    char
        comm[RIVALS_NAME_BYTES]; /* the kernel's name, controls escaped by whoever shows it; NUL-terminated */
    uint32_t pid;
    bool timesyncd; /* takeover_take can stop it */
};

struct rivals {
    uint32_t count; /* all of them */
    struct rival rivals[RIVALS_MAX];
};

/* Who may steer the clock now. `proc`: "/proc"; tests have their own. */
void rivals_find(const char *proc, struct rivals *ret_rivals);
/* TAI_OK when there is nobody; else TAI_ERR_CONFLICT, and a sentence that names them and says what to do. */
TAISTAMP_MUST_CHECK enum tai_err rivals_none(const char *proc, struct tai_error *error);

#endif
