/* SPDX-License-Identifier: Apache-2.0 */
#include "sdk/proof/commitment.h"

#include "sdk/proof/words.h"

struct hash commitment_salt(const struct crypto *c, const uint8_t secret[TAISTAMP_SECRET_LEN],
                            const struct taistamp_digest *digest, uint64_t counter)
{
    uint8_t count[8];
    be64_write(count, counter);
    struct bytes parts[] = {
        bytes_of_str(taistamp_algorithm_name(digest->algorithm)),
        BYTES_LIT("\n"),
        digest_bytes(digest),
        bytes_of(count, sizeof count),
    };
    return crypto_hmac_sha256(c, bytes_of(secret, TAISTAMP_SECRET_LEN), parts, 4);
}

struct hash commitment_make(const struct crypto *c, const struct hash *salt,
                            const struct taistamp_digest *digest)
{
    struct bytes parts[] = {
        BYTES_LIT("taistamp.commit/v1\n"),
        bytes_of_str(taistamp_algorithm_name(digest->algorithm)),
        BYTES_LIT("\n"),
        hash_bytes(salt),
        digest_bytes(digest),
    };
    return crypto_sha256_parts(c, parts, 5);
}

struct hash commitment_batch_subject(const struct crypto *c, uint64_t leaves, const struct hash *root)
{
    uint8_t count[8];
    be64_write(count, leaves);
    struct bytes parts[] = {BYTES_LIT("taistamp.batch/v1\n"), bytes_of(count, sizeof count),
                            hash_bytes(root)};
    return crypto_sha256_parts(c, parts, 3);
}
