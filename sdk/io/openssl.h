/* SPDX-License-Identifier: Apache-2.0 */
/* All cryptography, from OpenSSL 3: the table that pure code is given, file digests, Ed25519 and X25519 keys, random
 * bytes.
 *
 * sdk/io/openssl.c is the only file of the SDK and the server that includes an OpenSSL header. Algorithms are fetched
 * once per object and reused: a fetch costs more than a hash. Objects are for one thread at a time. */
#ifndef SDK_IO_OPENSSL_H
#define SDK_IO_OPENSSL_H

#include "sdk/base/crypto.h"
#include "taistamp/hash.h"

/* Fills `ret_crypto`; release with openssl_crypto_close. TAI_ERR_CRYPTO, TAI_ERR_MEMORY. */
TAISTAMP_MUST_CHECK enum tai_err openssl_crypto_open(struct crypto *ret_crypto);
void openssl_crypto_close(struct crypto *crypto);

/* Cryptographically secure random bytes. TAI_ERR_CRYPTO. */
TAISTAMP_MUST_CHECK enum tai_err openssl_random(void *out, size_t len);

/* SHA-1, for the check line of leap-seconds.list only. */
TAISTAMP_MUST_CHECK enum tai_err openssl_sha1(struct bytes message, uint8_t ret_hash[20]);

/* A mac_fn (sdk/base/crypto.h); ctx is not looked at. MD5 and SHA-1 are missing where the system's policy forbids them. */
size_t openssl_mac(void *ctx, enum mac_algorithm algorithm, struct bytes key, struct bytes message,
                   uint8_t ret_mac[MAC_LEN_MAX]);

/* Hashing in pieces. */
struct openssl_digest;
TAISTAMP_MUST_CHECK enum tai_err openssl_digest_new(enum taistamp_algorithm algorithm,
                                                    struct openssl_digest **ret_d);
TAISTAMP_MUST_CHECK enum tai_err openssl_digest_update(struct openssl_digest *d, struct bytes piece);
/* Ends the message; the object can then only be freed. */
TAISTAMP_MUST_CHECK enum tai_err openssl_digest_final(struct openssl_digest *d,
                                                      struct taistamp_digest *ret_digest);
void openssl_digest_free(struct openssl_digest *d);

/* An Ed25519 private key. Its bytes stay inside the object and are cleansed when it is freed. */
struct ed25519;
TAISTAMP_MUST_CHECK enum tai_err ed25519_generate(struct ed25519 **ret_key);
/* PKCS #8 PEM, unencrypted. TAI_ERR_FORMAT: no Ed25519 key in it. */
TAISTAMP_MUST_CHECK enum tai_err ed25519_from_pem(struct bytes pem, struct ed25519 **ret_key);
/* Writes PEM to `o`; an overflow shows there. */
TAISTAMP_MUST_CHECK enum tai_err ed25519_to_pem(const struct ed25519 *key, struct out *o);
/* From the 32 bytes that RFC 8032 calls the private key. TAI_ERR_CRYPTO, TAI_ERR_MEMORY. */
TAISTAMP_MUST_CHECK enum tai_err ed25519_from_seed(const uint8_t seed[ED25519_KEY_LEN],
                                                   struct ed25519 **ret_key);
void ed25519_public(const struct ed25519 *key, uint8_t ret_public[ED25519_KEY_LEN]);
TAISTAMP_MUST_CHECK enum tai_err ed25519_sign(const struct ed25519 *key, struct bytes message,
                                              uint8_t ret_sig[ED25519_SIG_LEN]);
void ed25519_free(struct ed25519 *key);

/* An X25519 private key (RFC 7748), kept as above. */
enum { X25519_LEN = 32 };
struct x25519;
TAISTAMP_MUST_CHECK enum tai_err x25519_from_private(const uint8_t private_key[X25519_LEN],
                                                     struct x25519 **ret_key);
void x25519_public(const struct x25519 *key, uint8_t ret_public[X25519_LEN]);
/* The secret that both sides come to; the caller wipes it. TAI_ERR_UNTRUSTED: `peer` is a point of low order, with
 * which everybody comes to the same secret (RFC 7748 section 6.1); TAI_ERR_CRYPTO. */
TAISTAMP_MUST_CHECK enum tai_err x25519_shared(const struct x25519 *key, const uint8_t peer[X25519_LEN],
                                               uint8_t ret_shared[X25519_LEN]);
void x25519_free(struct x25519 *key);

/* RFC 5869 with SHA-256: `len` bytes, at most 8160, out of the secret `ikm`. `salt` and `info` may be empty.
 * TAI_ERR_CRYPTO. */
TAISTAMP_MUST_CHECK enum tai_err openssl_hkdf_sha256(struct bytes ikm, struct bytes salt, struct bytes info,
                                                     uint8_t *ret_out, size_t len);
/* Overwrites a secret so that no compiler leaves it out. */
void openssl_cleanse(void *secret, size_t len);

#endif
