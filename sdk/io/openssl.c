/* SPDX-License-Identifier: Apache-2.0 */
#include "sdk/io/openssl.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

#include "sdk/base/bug.h"

/* OpenSSL queues its errors per thread, and a program that hosts this library may read that queue after its own calls
 * (SSL_get_error does): what ours leave there is taken out again, what was there before stays. */
static void errors_hold(void)
{
    (void)ERR_set_mark();
}

static void errors_drop(void)
{
    (void)ERR_pop_to_mark();
}

/* ---- The table ---- */

struct table {
    EVP_MD *sha256;     /* fetched once: a fetch costs more than a short hash */
    EVP_MD_CTX *digest; /* set up for sha256 and reused for every hash */
    EVP_MD_CTX *verify; /* reset for every signature */
};

static void table_sha256(void *ctx, const struct bytes *parts, size_t n, struct hash *ret_hash)
{
    const struct table *t = ctx;
    /* A NULL digest keeps the fetched one, which skips looking it up again. */
    int ok = EVP_DigestInit_ex2(t->digest, NULL, NULL);
    for (size_t i = 0; ok == 1 && i < n; i++)
        if (parts[i].len > 0)
            ok = EVP_DigestUpdate(t->digest, parts[i].data, parts[i].len);
    if (ok != 1 || EVP_DigestFinal_ex(t->digest, ret_hash->b, NULL) != 1)
        BUG("SHA-256 failed in the cryptographic library");
}

static bool table_verify(const struct table *t, EVP_PKEY *key, const uint8_t *sig, size_t sig_len,
                         struct bytes message)
{
    if (key == NULL)
        return false;
    EVP_MD_CTX_reset(t->verify);
    static const uint8_t nothing[1];
    const uint8_t *data = message.len > 0 ? message.data : nothing;
    bool ok = EVP_DigestVerifyInit_ex(t->verify, NULL, NULL, NULL, NULL, key, NULL) == 1 &&
              EVP_DigestVerify(t->verify, sig, sig_len, data, message.len) == 1;
    EVP_PKEY_free(key);
    return ok;
}

static bool table_ed25519_verify(void *ctx, const uint8_t *key, const uint8_t *sig, struct bytes message)
{
    errors_hold();
    EVP_PKEY *pkey = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, key, ED25519_KEY_LEN);
    bool ok = table_verify(ctx, pkey, sig, ED25519_SIG_LEN, message);
    errors_drop();
    return ok;
}

/* OpenSSL 3.5 and newer know the algorithm by this name; older ones have all the functions but not the name.
 */
static const char mldsa44_name[] = "ML-DSA-44";

static bool table_mldsa44_verify(void *ctx, const uint8_t *key, const uint8_t *sig, struct bytes message)
{
    errors_hold();
    EVP_PKEY *pkey = EVP_PKEY_new_raw_public_key_ex(NULL, mldsa44_name, NULL, key, MLDSA44_KEY_LEN);
    bool ok = table_verify(ctx, pkey, sig, MLDSA44_SIG_LEN, message);
    errors_drop();
    return ok;
}

static bool mldsa44_available(void)
{
    EVP_SIGNATURE *s = EVP_SIGNATURE_fetch(NULL, mldsa44_name, NULL);
    bool there = s != NULL;
    EVP_SIGNATURE_free(s);
    return there;
}

static void table_free(struct table *t)
{
    if (t == NULL)
        return;
    EVP_MD_CTX_free(t->verify);
    EVP_MD_CTX_free(t->digest);
    EVP_MD_free(t->sha256);
    free(t);
}

static enum tai_err table_open(struct crypto *ret_crypto)
{
    struct table *t = calloc(1, sizeof *t);
    if (t == NULL)
        return TAI_ERR_MEMORY;
    t->sha256 = EVP_MD_fetch(NULL, "SHA2-256", NULL);
    t->digest = EVP_MD_CTX_new();
    t->verify = EVP_MD_CTX_new();
    if (t->sha256 == NULL || t->digest == NULL || t->verify == NULL ||
        EVP_DigestInit_ex2(t->digest, t->sha256, NULL) != 1) {
        table_free(t);
        return TAI_ERR_CRYPTO;
    }
    *ret_crypto = (struct crypto){
        .ctx = t,
        .sha256 = table_sha256,
        .ed25519_verify = table_ed25519_verify,
        .mldsa44_verify = mldsa44_available() ? table_mldsa44_verify : NULL,
    };
    return TAI_OK;
}

enum tai_err openssl_crypto_open(struct crypto *ret_crypto)
{
    errors_hold();
    enum tai_err err = table_open(ret_crypto);
    errors_drop();
    return err;
}

void openssl_crypto_close(struct crypto *crypto)
{
    table_free(crypto->ctx);
    *crypto = (struct crypto){0};
}

enum tai_err openssl_random(void *out, size_t len)
{
    return len <= INT32_MAX && RAND_bytes(out, (int)len) == 1 ? TAI_OK : TAI_ERR_CRYPTO;
}

/* ---- Digests of files ---- */

enum tai_err openssl_sha1(struct bytes message, uint8_t ret_hash[20])
{
    size_t len = 0;
    uint8_t hash[EVP_MAX_MD_SIZE];
    errors_hold();
    int ok = EVP_Q_digest(NULL, "SHA1", NULL, message.data, message.len, hash, &len);
    errors_drop();
    if (ok != 1 || len != 20)
        return TAI_ERR_CRYPTO;
    memcpy(ret_hash, hash, 20);
    return TAI_OK;
}

struct openssl_digest {
    enum taistamp_algorithm algorithm;
    EVP_MD_CTX *ctx;
};

static const char *digest_name(enum taistamp_algorithm algorithm)
{
    switch (algorithm) {
    case TAISTAMP_SHA256:
        return "SHA2-256";
    case TAISTAMP_SHA384:
        return "SHA2-384";
    case TAISTAMP_SHA512:
        return "SHA2-512";
    case TAISTAMP_SHA3_256:
        return "SHA3-256";
    case TAISTAMP_SHA3_384:
        return "SHA3-384";
    case TAISTAMP_SHA3_512:
        return "SHA3-512";
    }
    return NULL;
}

enum tai_err openssl_digest_new(enum taistamp_algorithm algorithm, struct openssl_digest **ret_d)
{
    const char *name = digest_name(algorithm);
    if (name == NULL)
        return TAI_ERR_ARGUMENT;
    struct openssl_digest *d = calloc(1, sizeof *d);
    if (d == NULL)
        return TAI_ERR_MEMORY;
    d->algorithm = algorithm;
    errors_hold();
    d->ctx = EVP_MD_CTX_new();
    EVP_MD *md = EVP_MD_fetch(NULL, name, NULL);
    bool ok = d->ctx != NULL && md != NULL && EVP_DigestInit_ex2(d->ctx, md, NULL) == 1;
    EVP_MD_free(md); /* the context holds its own reference */
    errors_drop();
    if (!ok) {
        openssl_digest_free(d);
        return TAI_ERR_CRYPTO;
    }
    *ret_d = d;
    return TAI_OK;
}

enum tai_err openssl_digest_update(struct openssl_digest *d, struct bytes piece)
{
    return piece.len == 0 || EVP_DigestUpdate(d->ctx, piece.data, piece.len) == 1 ? TAI_OK : TAI_ERR_CRYPTO;
}

enum tai_err openssl_digest_final(struct openssl_digest *d, struct taistamp_digest *ret_digest)
{
    uint8_t hash[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    if (EVP_DigestFinal_ex(d->ctx, hash, &len) != 1 || len > sizeof ret_digest->bytes)
        return TAI_ERR_CRYPTO;
    *ret_digest = (struct taistamp_digest){.algorithm = d->algorithm};
    memcpy(ret_digest->bytes, hash, len);
    return TAI_OK;
}

void openssl_digest_free(struct openssl_digest *d)
{
    if (d == NULL)
        return;
    EVP_MD_CTX_free(d->ctx);
    free(d);
}

/* ---- Ed25519 private keys ---- */

struct ed25519 {
    EVP_PKEY *pkey;
    EVP_MD_CTX *sign;
    uint8_t public_key[ED25519_KEY_LEN];
};

/* Takes over `pkey`, also on failure. */
static enum tai_err ed25519_wrap(EVP_PKEY *pkey, struct ed25519 **ret_key)
{
    struct ed25519 *key = calloc(1, sizeof *key);
    if (key == NULL) {
        EVP_PKEY_free(pkey);
        return TAI_ERR_MEMORY;
    }
    key->pkey = pkey;
    key->sign = EVP_MD_CTX_new();
    size_t len = sizeof key->public_key;
    if (key->sign == NULL || EVP_PKEY_get_raw_public_key(pkey, key->public_key, &len) != 1 ||
        len != ED25519_KEY_LEN) {
        ed25519_free(key);
        return TAI_ERR_CRYPTO;
    }
    *ret_key = key;
    return TAI_OK;
}

enum tai_err ed25519_generate(struct ed25519 **ret_key)
{
    EVP_PKEY *pkey = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    return pkey == NULL ? TAI_ERR_CRYPTO : ed25519_wrap(pkey, ret_key);
}

enum tai_err ed25519_from_seed(const uint8_t seed[ED25519_KEY_LEN], struct ed25519 **ret_key)
{
    EVP_PKEY *pkey = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, ED25519_KEY_LEN);
    return pkey == NULL ? TAI_ERR_CRYPTO : ed25519_wrap(pkey, ret_key);
}

/* An encrypted key must not make a daemon ask a terminal for its pass phrase. */
static int no_passphrase(char *buffer, int size, int writing, void *user)
{
    (void)buffer;
    (void)size;
    (void)writing;
    (void)user;
    return -1;
}

enum tai_err ed25519_from_pem(struct bytes pem, struct ed25519 **ret_key)
{
    if (pem.len > INT32_MAX)
        return TAI_ERR_FORMAT;
    BIO *bio = BIO_new_mem_buf(pem.data, (int)pem.len);
    if (bio == NULL)
        return TAI_ERR_MEMORY;
    errors_hold();
    EVP_PKEY *pkey = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL);
    errors_drop();
    BIO_free(bio);
    if (pkey == NULL)
        return TAI_ERR_FORMAT;
    if (EVP_PKEY_is_a(pkey, "ED25519") != 1) {
        EVP_PKEY_free(pkey);
        return TAI_ERR_FORMAT;
    }
    return ed25519_wrap(pkey, ret_key);
}

enum tai_err ed25519_to_pem(const struct ed25519 *key, struct out *o)
{
    /* secmem: the buffer that held the key is cleansed when it is freed. */
    BIO *bio = BIO_new(BIO_s_secmem());
    if (bio == NULL)
        return TAI_ERR_MEMORY;
    char *data = NULL;
    bool ok = PEM_write_bio_PKCS8PrivateKey(bio, key->pkey, NULL, NULL, 0, NULL, NULL) == 1;
    long len = ok ? BIO_get_mem_data(bio, &data) : 0;
    if (ok && len > 0)
        out_bytes(o, bytes_of(data, (size_t)len));
    BIO_free(bio);
    return ok && len > 0 ? TAI_OK : TAI_ERR_CRYPTO;
}

void ed25519_public(const struct ed25519 *key, uint8_t ret_public[ED25519_KEY_LEN])
{
    memcpy(ret_public, key->public_key, ED25519_KEY_LEN);
}

enum tai_err ed25519_sign(const struct ed25519 *key, struct bytes message, uint8_t ret_sig[ED25519_SIG_LEN])
{
    uint8_t sig[ED25519_SIG_LEN];
    size_t len = sizeof sig;
    EVP_MD_CTX_reset(key->sign);
    if (EVP_DigestSignInit_ex(key->sign, NULL, NULL, NULL, NULL, key->pkey, NULL) != 1 ||
        EVP_DigestSign(key->sign, sig, &len, message.data, message.len) != 1 || len != sizeof sig)
        return TAI_ERR_CRYPTO;
    memcpy(ret_sig, sig, sizeof sig);
    return TAI_OK;
}

void ed25519_free(struct ed25519 *key)
{
    if (key == NULL)
        return;
    EVP_MD_CTX_free(key->sign);
    EVP_PKEY_free(key->pkey); /* cleanses the private bytes */
    OPENSSL_cleanse(key, sizeof *key);
    free(key);
}

/* ---- NTP's symmetric keys ---- */

static size_t mac_of_hash(const char *name, struct bytes key, struct bytes message,
                          uint8_t ret_mac[MAC_LEN_MAX])
{
    unsigned len = 0;
    EVP_MD *md = EVP_MD_fetch(NULL, name, NULL);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool ok = md != NULL && ctx != NULL && EVP_MD_get_size(md) <= MAC_LEN_MAX &&
              EVP_DigestInit_ex2(ctx, md, NULL) == 1 && EVP_DigestUpdate(ctx, key.data, key.len) == 1 &&
              EVP_DigestUpdate(ctx, message.data, message.len) == 1 &&
              EVP_DigestFinal_ex(ctx, ret_mac, &len) == 1;
    EVP_MD_CTX_free(ctx);
    EVP_MD_free(md);
    return ok ? len : 0;
}

static size_t mac_of_cipher(const char *name, size_t key_len, struct bytes key, struct bytes message,
                            uint8_t ret_mac[MAC_LEN_MAX])
{
    size_t len = 0;
    EVP_MAC *mac = EVP_MAC_fetch(NULL, "CMAC", NULL);
    EVP_MAC_CTX *ctx = mac != NULL ? EVP_MAC_CTX_new(mac) : NULL;
    /* OSSL_PARAM has one pointer type for what is read and what is written; this is only read. */
    union {
        const char *in;
        char *out;
    } cipher = {name};
    OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string("cipher", cipher.out, 0),
                           OSSL_PARAM_construct_end()};
    bool ok = ctx != NULL && key.len == key_len && EVP_MAC_init(ctx, key.data, key.len, params) == 1 &&
              EVP_MAC_update(ctx, message.data, message.len) == 1 &&
              EVP_MAC_final(ctx, ret_mac, &len, MAC_LEN_MAX) == 1;
    EVP_MAC_CTX_free(ctx);
    EVP_MAC_free(mac);
    return ok ? len : 0;
}

size_t openssl_mac(void *ctx, enum mac_algorithm algorithm, struct bytes key, struct bytes message,
                   uint8_t ret_mac[MAC_LEN_MAX])
{
    static const char *const hashes[] = {[MAC_MD5] = "MD5",
                                         [MAC_SHA1] = "SHA1",
                                         [MAC_SHA256] = "SHA2-256",
                                         [MAC_SHA384] = "SHA2-384",
                                         [MAC_SHA512] = "SHA2-512"};
    (void)ctx;
    size_t len;
    errors_hold();
    if (algorithm == MAC_AES128_CMAC)
        len = mac_of_cipher("AES-128-CBC", 16, key, message, ret_mac);
    else if (algorithm == MAC_AES256_CMAC)
        len = mac_of_cipher("AES-256-CBC", 32, key, message, ret_mac);
    else
        len = mac_of_hash(hashes[algorithm], key, message, ret_mac);
    errors_drop();
    return len;
}

/* ---- X25519 and what is derived from it ---- */

struct x25519 {
    EVP_PKEY *pkey;
    uint8_t public_key[X25519_LEN];
};

enum tai_err x25519_from_private(const uint8_t private_key[X25519_LEN], struct x25519 **ret_key)
{
    struct x25519 *key = calloc(1, sizeof *key);
    if (key == NULL)
        return TAI_ERR_MEMORY;
    size_t len = sizeof key->public_key;
    key->pkey = EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, private_key, X25519_LEN);
    if (key->pkey == NULL || EVP_PKEY_get_raw_public_key(key->pkey, key->public_key, &len) != 1 ||
        len != X25519_LEN) {
        x25519_free(key);
        return TAI_ERR_CRYPTO;
    }
    *ret_key = key;
    return TAI_OK;
}

void x25519_public(const struct x25519 *key, uint8_t ret_public[X25519_LEN])
{
    memcpy(ret_public, key->public_key, X25519_LEN);
}

enum tai_err x25519_shared(const struct x25519 *key, const uint8_t peer[X25519_LEN],
                           uint8_t ret_shared[X25519_LEN])
{
    uint8_t shared[X25519_LEN];
    size_t len = sizeof shared;
    errors_hold();
    EVP_PKEY *other = EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL, peer, X25519_LEN);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key->pkey, NULL);
    bool ready = other != NULL && ctx != NULL && EVP_PKEY_derive_init(ctx) == 1 &&
                 EVP_PKEY_derive_set_peer(ctx, other) == 1;
    /* The library refuses a result of all zeroes, and has no other reason to fail here. */
    bool ok = ready && EVP_PKEY_derive(ctx, shared, &len) == 1 && len == X25519_LEN;
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(other);
    errors_drop();
    if (ok)
        memcpy(ret_shared, shared, sizeof shared);
    OPENSSL_cleanse(shared, sizeof shared);
    return ok ? TAI_OK : ready ? TAI_ERR_UNTRUSTED : TAI_ERR_CRYPTO;
}

void x25519_free(struct x25519 *key)
{
    if (key == NULL)
        return;
    EVP_PKEY_free(key->pkey); /* cleanses the private bytes */
    free(key);
}

enum tai_err openssl_hkdf_sha256(struct bytes ikm, struct bytes salt, struct bytes info, uint8_t *ret_out,
                                 size_t len)
{
    char digest[] = "SHA2-256";
    static uint8_t nothing[1];
    /* OSSL_PARAM has one pointer type for what is read and what is written; these are only read. */
    union {
        const uint8_t *in;
        void *out;
    } secret = {ikm.len > 0 ? ikm.data : nothing}, extra = {salt.len > 0 ? salt.data : nothing},
      label = {info.len > 0 ? info.data : nothing};
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string("digest", digest, 0),
        OSSL_PARAM_construct_octet_string("key", secret.out, ikm.len),
        OSSL_PARAM_construct_octet_string("salt", extra.out, salt.len),
        OSSL_PARAM_construct_octet_string("info", label.out, info.len),
        OSSL_PARAM_construct_end(),
    };
    errors_hold();
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
    EVP_KDF_CTX *ctx = kdf != NULL ? EVP_KDF_CTX_new(kdf) : NULL;
    bool ok = ctx != NULL && EVP_KDF_derive(ctx, ret_out, len, params) == 1;
    EVP_KDF_CTX_free(ctx);
    EVP_KDF_free(kdf);
    errors_drop();
    return ok ? TAI_OK : TAI_ERR_CRYPTO;
}

void openssl_cleanse(void *secret, size_t len)
{
    OPENSSL_cleanse(secret, len);
}
