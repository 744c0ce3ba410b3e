/* SPDX-License-Identifier: Apache-2.0 */
/* What the opaque types of taistamp/proof.h hold, for the facades (sdk/proof.c, sdk/stamp.c). */
#ifndef SDK_PROOF_FACADE_H
#define SDK_PROOF_FACADE_H

#include "sdk/proof/verify.h"

enum { POLICY_KEYS_MAX = LIMIT_LOGS + LIMIT_WITNESSES };

struct taistamp_policy {
    struct policy policy; /* views into `text` */
    uint8_t *text;
    char *strings; /* what `keys` point to */
    struct taistamp_policy_key keys[POLICY_KEYS_MAX];
};

struct taistamp_trust {
    struct trust trust; /* views into `text` */
    uint8_t *text;
};

struct taistamp_receipt {
    struct receipt receipt; /* views into `text` and into itself */
    uint8_t *text;
    char *strings; /* issuer, entry, checkpoint, each with its NUL */
    const char *issuer, *entry, *checkpoint;
};

/* `trust` may be NULL: then `defaults` is filled and used. `leaps` may be NULL. */
struct verify_rules verify_rules_of(const taistamp_policy *policy, const taistamp_trust *trust,
                                    const taistamp_leaps *leaps, struct trust *defaults);
/* A copy of `len` bytes for views to point into; NULL without memory. Never of size 0. */
uint8_t *bytes_copy(const void *data, size_t len);

#endif
