/* SPDX-License-Identifier: Apache-2.0 */
/* Salted commitments to digests, and the subject of a batch of them.
 *
 * A server that sees a digest can tell who stamped a file that it knows; a commitment hides the digest behind
 * 32 bytes of salt that stay with the client until the receipt is shown to somebody. The salt comes from the
 * client's secret, the digest and a counter, so that it can be made again. Source: docs/FORMATS.md. Nothing
 * allocates; any thread. */
#ifndef SDK_PROOF_COMMITMENT_H
#define SDK_PROOF_COMMITMENT_H

#include "sdk/base/crypto.h"
#include "taistamp/stamp.h"

/* HMAC-SHA256(secret, algorithm || LF || digest || counter as 8 bytes big-endian). */
struct hash commitment_salt(const struct crypto *c, const uint8_t secret[TAISTAMP_SECRET_LEN],
                            const struct taistamp_digest *digest, uint64_t counter);
/* SHA-256("taistamp.commit/v1" || LF || algorithm || LF || salt || digest). */
struct hash commitment_make(const struct crypto *c, const struct hash *salt,
                            const struct taistamp_digest *digest);
/* SHA-256("taistamp.batch/v1" || LF || leaves as 8 bytes big-endian || root): the number of leaves is bound
 * too. */
struct hash commitment_batch_subject(const struct crypto *c, uint64_t leaves, const struct hash *root);

#endif
