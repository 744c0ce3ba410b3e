/* SPDX-License-Identifier: Apache-2.0 */
/* policy_parse on any bytes. What it takes keeps its own rules, and more witnesses never undo a quorum. */
#include <string.h>

#include "sdk/base/bug.h"
#include "sdk/io/openssl.h"
#include "sdk/proof/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_policy(const struct policy *p)
{
    bool cosigned[LIMIT_WITNESSES] = {false};
    bool met = policy_quorum_met(p, cosigned);
    BUG_UNLESS(met == (p->quorum == POLICY_QUORUM_NONE));
    for (size_t i = 0; i < p->n_witnesses; i++) {
        BUG_UNLESS(p->witnesses[i].key.type != NOTE_ED25519);
        BUG_UNLESS(p->witnesses[i].group < (int)p->n_groups);
        cosigned[i] = true;
        bool now = policy_quorum_met(p, cosigned);
        BUG_UNLESS(now || !met);
        met = now;
    }
    /* With every witness every group that has members only of witnesses is met, and so is the quorum. */
    BUG_UNLESS(met);
    for (size_t i = 0; i < p->n_groups; i++)
        BUG_UNLESS(p->groups[i].threshold >= 1 && p->groups[i].threshold <= p->groups[i].members);
    for (size_t i = 0; i < p->n_logs; i++)
        BUG_UNLESS(p->logs[i].key.type == NOTE_ED25519);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct crypto crypto;
    static struct policy policy;
    struct tai_error error;
    if (crypto.sha256 == NULL)
        BUG_UNLESS(openssl_crypto_open(&crypto) == TAI_OK);
    if (policy_parse(&crypto, bytes_of(data, size), &policy, &error) == TAI_OK)
        check_policy(&policy);
    return 0;
}
