/* SPDX-License-Identifier: Apache-2.0 */
/* The verifier: what a receipt proves, under a policy and a trust file.
 *
 * The order is fixed and the first thing that fails is the verdict (the strict parse came before):
 *
 *     log known -> issuer = origin = key name, of our form
 *     -> every known key's signature valid, the log's among them
 *     -> quorum -> entry in the tree, with the exact path length -> batch -> commitment -> closed logs
 *     -> witnesses' time and the lag rule -> least source of time and largest half-width
 *
 * The independent time is the (f+1)-th smallest witness time: at most f witnesses lie, so at least one honest
 * witness had seen the tree by then. Worked number, with three witnesses (f = 1): times 618, 619 and 620 s
 * give 619; if the first is a lie ("1 s after 1970"), 1, 619 and 620 give 619 as well. Each second s means
 * its end, in TAI: s + 1 + (TAI-UTC in force then). If that is more than max_lag_s after the issuer's t + h,
 * the issuer's claim is void and the independent time alone stands.
 *
 * Not decided here: whether the issuer's clock was right, and whether others see the same log. Keys come from
 * the policy only. Nothing allocates; any thread, as far as the table of functions allows. */
#ifndef SDK_PROOF_VERIFY_H
#define SDK_PROOF_VERIFY_H

#include "sdk/proof/policy.h"
#include "sdk/proof/receipt.h"
#include "sdk/proof/trust.h"
#include "sdk/time/leap.h"

struct verify_rules {
    const struct policy *policy;
    const struct trust *trust;      /* never NULL: trust_default fills one */
    const struct leap_table *leaps; /* NULL: witness times cannot be converted and do not count */
};

/* Everything but a particular file's digest: a full receipt. */
void verify_receipt(const struct crypto *c, const struct receipt *r, const struct verify_rules *rules,
                    struct taistamp_verification *ret_verification);
/* Everything but batch and commitment: a server's bare receipt, before the client adds its lines. */
void verify_bare(const struct crypto *c, const struct receipt *r, const struct verify_rules *rules,
                 struct taistamp_verification *ret_verification);
/* Batch and commitment only: whether the digest leads to the entry's subject. TAISTAMP_VALID, _BAD_BATCH,
 * _BAD_COMMITMENT. With a bare receipt that verified and the client's lines added, this is the rest. */
enum taistamp_verdict verify_subject(const struct crypto *c, const struct receipt *r);
/* One sentence for a person about a verdict; "" for TAISTAMP_VALID. Static storage. */
const char *verify_reason(enum taistamp_verdict verdict);
/* Sets the verdict and its sentence. */
void verify_conclude(struct taistamp_verification *v, enum taistamp_verdict verdict);

#endif
