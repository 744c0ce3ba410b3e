/* SPDX-License-Identifier: Apache-2.0 */
#include "sdk/base/crypto.h"

#include <string.h>

#include "sdk/base/bug.h"

enum { HMAC_BLOCK = 64, HMAC_PARTS_MAX = 8 };

struct hash crypto_sha256(const struct crypto *c, struct bytes message)
{
    return crypto_sha256_parts(c, &message, 1);
}

struct hash crypto_sha256_parts(const struct crypto *c, const struct bytes *parts, size_t n)
{
    struct hash h;
    c->sha256(c->ctx, parts, n, &h);
    return h;
}

struct hash crypto_hmac_sha256(const struct crypto *c, struct bytes key, const struct bytes *parts, size_t n)
{
    BUG_UNLESS(n <= HMAC_PARTS_MAX);
    uint8_t block[HMAC_BLOCK] = {0};
    if (key.len > HMAC_BLOCK) {
        struct hash shorter = crypto_sha256(c, key);
        memcpy(block, shorter.b, sizeof shorter.b);
    } else if (key.len > 0) {
        memcpy(block, key.data, key.len);
    }
    struct bytes row[HMAC_PARTS_MAX + 1];
    for (size_t i = 0; i < HMAC_BLOCK; i++)
        block[i] ^= 0x36;
    row[0] = bytes_of(block, sizeof block);
    for (size_t i = 0; i < n; i++)
        row[i + 1] = parts[i];
    struct hash inner = crypto_sha256_parts(c, row, n + 1);
    for (size_t i = 0; i < HMAC_BLOCK; i++)
        block[i] ^= 0x36 ^ 0x5c;
    row[1] = hash_bytes(&inner);
    return crypto_sha256_parts(c, row, 2);
}

bool hash_equal(const struct hash *a, const struct hash *b)
{
    return memcmp(a->b, b->b, SHA256_LEN) == 0;
}
