/* SPDX-License-Identifier: Apache-2.0 */
/* The table of hash and signature functions that pure code is given.
 *
 * Pure code never links a cryptographic library: whoever drives it fills this table (sdk/io/openssl.h does,
 * from OpenSSL). A hash cannot fail for reasons the caller could handle, so those functions return nothing;
 * an implementation that cannot go on ends the process. The table is used from one thread at a time; make one
 * per thread. */
#ifndef SDK_BASE_CRYPTO_H
#define SDK_BASE_CRYPTO_H

#include <stdbool.h>

#include "sdk/base/bytes.h"

enum {
    SHA256_LEN = 32,
    ED25519_KEY_LEN = 32,
    ED25519_SIG_LEN = 64,
    MLDSA44_KEY_LEN = 1312,
    MLDSA44_SIG_LEN = 2420
};

struct hash {
    uint8_t b[SHA256_LEN];
};

/* Message authentication codes of NTP's symmetric keys: for foreign peers only, nothing of ours uses them. Of a hash it is
 * the hash of key and message (RFC 5905 section 7.3), of AES it is CMAC (RFC 8573). */
enum mac_algorithm {
    MAC_MD5,
    MAC_SHA1,
    MAC_SHA256,
    MAC_SHA384,
    MAC_SHA512,
    MAC_AES128_CMAC,
    MAC_AES256_CMAC,
    MAC_ALGORITHMS
};
enum { MAC_LEN_MAX = 64 };
/* Writes the code and returns its length; 0 where the library has no such algorithm or the key does not fit it. */
typedef size_t (*mac_fn)(void *ctx, enum mac_algorithm algorithm, struct bytes key, struct bytes message,
                         uint8_t ret_mac[MAC_LEN_MAX]);

struct crypto {
    void *ctx;
    /* SHA-256 of the concatenated parts. */
    void (*sha256)(void *ctx, const struct bytes *parts, size_t n, struct hash *ret_hash);
    /* RFC 8032; false for any signature that does not verify. */
    bool (*ed25519_verify)(void *ctx, const uint8_t *key, const uint8_t *sig, struct bytes message);
    /* FIPS 204 ML-DSA-44, empty context string; NULL where the library has none. */
    bool (*mldsa44_verify)(void *ctx, const uint8_t *key, const uint8_t *sig, struct bytes message);
};

struct hash crypto_sha256(const struct crypto *c, struct bytes message);
struct hash crypto_sha256_parts(const struct crypto *c, const struct bytes *parts, size_t n);
/* RFC 2104 over SHA-256; at most 8 parts. A key longer than 64 bytes is hashed first, as the RFC has it. */
struct hash crypto_hmac_sha256(const struct crypto *c, struct bytes key, const struct bytes *parts, size_t n);
bool hash_equal(const struct hash *a, const struct hash *b);
static inline struct bytes hash_bytes(const struct hash *h)
{
    return (struct bytes){h->b, SHA256_LEN};
}

#endif
