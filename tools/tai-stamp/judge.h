/* SPDX-License-Identifier: Apache-2.0 */
/* By which keys a receipt is judged: the policy and trust file named on the command line, or what the user has pinned.
 *
 * With --policy nothing in the home folder is looked at. A policy or trust file that is named but breaks the rules is
 * not a mistake of usage: whatever is judged by it fails, with the reason. */
#ifndef TOOLS_TAI_STAMP_JUDGE_H
#define TOOLS_TAI_STAMP_JUDGE_H

#include "tools/tai-stamp/pins.h"

struct judge {
    bool named;              /* by --policy */
    taistamp_policy *policy; /* the named ones; NULL when they are bad, `bad` says why */
    taistamp_trust *trust;
    char *policy_text, *trust_text; /* NULL without one */
    size_t policy_len, trust_len;
    const char *bad; /* NULL, or the verdict word "bad_policy" or "bad_trust" */
    char reason[320];
    struct pins pins;
    taistamp_leaps *leaps; /* NULL: no table was found */
};

/* `policy` and `trust` are paths or NULL. False after a message on standard error: a file is missing, or the pins are
 * damaged. Release with judge_close. */
bool judge_open(const char *policy, const char *trust, struct judge *ret_judge);
void judge_close(struct judge *judge);

/* A receipt's issuer, judged by whom? False: no pinned policy names it. */
bool judge_for(const struct judge *judge, const char *issuer, const taistamp_policy **ret_policy,
               const taistamp_trust **ret_trust);

/* Reads and parses a receipt. NULL: *ret_missing says whether the file is not there at all, `reason` says why. */
taistamp_receipt *judge_read_receipt(const char *path, bool *ret_missing, char *reason, size_t reason_size);
/* The same for one that is in memory. */
taistamp_receipt *judge_parse_receipt(const char *text, size_t len, char *reason, size_t reason_size);

/* Why `receipt` cannot stand for a file of this digest; NULL: it can. Static storage or `reason`. */
const char *judge_digest(const struct judge *judge, const taistamp_receipt *receipt,
                         const struct taistamp_digest *digest, char *reason, size_t size,
                         struct taistamp_receipt_info *ret_info);

#endif
