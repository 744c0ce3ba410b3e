/* SPDX-License-Identifier: Apache-2.0 */
#include "sdk/proof.h"

#include <stdlib.h>
#include <string.h>

#include "sdk/base/error.h"
#include "sdk/io/openssl.h"
#include "sdk/leaps.h"

uint8_t *bytes_copy(const void *data, size_t len)
{
    uint8_t *copy = malloc(len + 1);
    if (copy != NULL && len > 0)
        memcpy(copy, data, len);
    return copy;
}

static enum tai_err no_memory(struct tai_error *error)
{
    return error_set(error, TAI_ERR_MEMORY, "out of memory");
}

/* Appends `b` and a NUL at *at and moves it. */
static const char *string_put(char **at, struct bytes b)
{
    char *s = *at;
    if (b.len > 0)
        memcpy(s, b.data, b.len);
    s[b.len] = 0;
    *at = s + b.len + 1;
    return s;
}

/* ---- Policy ---- */

struct key_source {
    const struct vkey *key;
    struct bytes label, vkey_text, url;
};

static struct key_source key_source(const struct policy *p, size_t i)
{
    if (i < p->n_logs)
        return (struct key_source){&p->logs[i].key, bytes_of(NULL, 0), p->logs[i].vkey_text, p->logs[i].url};
    const struct policy_witness *w = &p->witnesses[i - p->n_logs];
    return (struct key_source){&w->key, w->name, w->vkey_text, w->url};
}

/* Makes what taistamp_policy_key hands out: NUL-terminated copies and fingerprints. */
static enum tai_err keys_make(const struct crypto *c, struct taistamp_policy *p, struct tai_error *error)
{
    size_t n = p->policy.n_logs + p->policy.n_witnesses, room = 1;
    for (size_t i = 0; i < n; i++) {
        struct key_source s = key_source(&p->policy, i);
        room += s.key->name.len + s.label.len + s.vkey_text.len + s.url.len + 4;
    }
    p->strings = malloc(room);
    if (p->strings == NULL)
        return no_memory(error);
    char *at = p->strings;
    for (size_t i = 0; i < n; i++) {
        struct key_source s = key_source(&p->policy, i);
        struct taistamp_policy_key *k = &p->keys[i];
        struct bytes parts[] = {bytes_of(&s.key->type, 1), bytes_of(s.key->key, s.key->key_len)};
        struct hash fingerprint = crypto_sha256_parts(c, parts, 2);
        k->is_witness = i >= p->policy.n_logs;
        k->name = string_put(&at, s.key->name);
        k->label = string_put(&at, s.label);
        k->vkey = string_put(&at, s.vkey_text);
        k->url = string_put(&at, s.url);
        memcpy(k->fingerprint, fingerprint.b, sizeof k->fingerprint);
    }
    return TAI_OK;
}

static enum tai_err policy_make(const struct crypto *c, const void *text, size_t len,
                                struct taistamp_policy *p, struct tai_error *error)
{
    p->text = bytes_copy(text, len);
    if (p->text == NULL)
        return no_memory(error);
    enum tai_err err = policy_parse(c, bytes_of(p->text, len), &p->policy, error);
    return err != TAI_OK ? err : keys_make(c, p, error);
}

enum tai_err taistamp_policy_parse(const void *text, size_t len, taistamp_policy **ret_policy,
                                   struct tai_error *error)
{
    struct crypto c;
    if (len > LIMIT_POLICY)
        return error_set(error, TAI_ERR_SPACE, "the policy is longer than any policy");
    enum tai_err err = openssl_crypto_open(&c);
    if (err != TAI_OK)
        return error_set(error, err, "the cryptographic library does not start");
    struct taistamp_policy *p = calloc(1, sizeof *p);
    err = p == NULL ? no_memory(error) : policy_make(&c, text, len, p, error);
    openssl_crypto_close(&c);
    if (err != TAI_OK)
        taistamp_policy_free(p);
    else
        *ret_policy = p;
    return err;
}

void taistamp_policy_free(taistamp_policy *policy)
{
    if (policy == NULL)
        return;
    free(policy->strings);
    free(policy->text);
    free(policy);
}

size_t taistamp_policy_logs(const taistamp_policy *policy)
{
    return policy->policy.n_logs;
}

size_t taistamp_policy_witnesses(const taistamp_policy *policy)
{
    return policy->policy.n_witnesses;
}

enum tai_err taistamp_policy_key(const taistamp_policy *policy, size_t i, struct taistamp_policy_key *ret_key)
{
    if (i >= policy->policy.n_logs + policy->policy.n_witnesses)
        return TAI_ERR_RANGE;
    *ret_key = policy->keys[i];
    return TAI_OK;
}

/* ---- Trust ---- */

enum tai_err taistamp_trust_parse(const void *text, size_t len, taistamp_trust **ret_trust,
                                  struct tai_error *error)
{
    if (len > LIMIT_TRUST)
        return error_set(error, TAI_ERR_SPACE, "the trust file is longer than any trust file");
    struct taistamp_trust *t = calloc(1, sizeof *t);
    if (t == NULL)
        return no_memory(error);
    t->text = bytes_copy(text, len);
    enum tai_err err =
        t->text == NULL ? no_memory(error) : trust_parse(bytes_of(t->text, len), &t->trust, error);
    if (err != TAI_OK)
        taistamp_trust_free(t);
    else
        *ret_trust = t;
    return err;
}

void taistamp_trust_free(taistamp_trust *trust)
{
    if (trust == NULL)
        return;
    free(trust->text);
    free(trust);
}

/* ---- Receipt ---- */

static enum tai_err receipt_make(const void *text, size_t len, struct taistamp_receipt *r,
                                 struct tai_error *error)
{
    const struct receipt *p = &r->receipt;
    r->text = bytes_copy(text, len);
    if (r->text == NULL)
        return no_memory(error);
    enum tai_err err = receipt_parse(bytes_of(r->text, len), RECEIPT_FULL, &r->receipt, error);
    if (err != TAI_OK)
        return err;
    char *at = r->strings = malloc(p->entry.issuer.len + p->entry_text.len + p->note.text.len + 3);
    if (at == NULL)
        return no_memory(error);
    r->issuer = string_put(&at, p->entry.issuer);
    r->entry = string_put(&at, p->entry_text);
    r->checkpoint = string_put(&at, p->note.text);
    return TAI_OK;
}

enum tai_err taistamp_receipt_parse(const void *text, size_t len, taistamp_receipt **ret_receipt,
                                    struct tai_error *error)
{
    if (len > LIMIT_RECEIPT)
        return error_set(error, TAI_ERR_FORMAT, "the receipt is longer than 256 KiB");
    struct taistamp_receipt *r = calloc(1, sizeof *r);
    enum tai_err err = r == NULL ? no_memory(error) : receipt_make(text, len, r, error);
    if (err != TAI_OK)
        taistamp_receipt_free(r);
    else
        *ret_receipt = r;
    return err;
}

void taistamp_receipt_free(taistamp_receipt *receipt)
{
    if (receipt == NULL)
        return;
    free(receipt->strings);
    free(receipt->text);
    free(receipt);
}

void taistamp_receipt_info(const taistamp_receipt *receipt, struct taistamp_receipt_info *ret_info)
{
    const struct receipt *r = &receipt->receipt;
    *ret_info = (struct taistamp_receipt_info){
        .issuer = receipt->issuer,
        .kind = r->entry.kind,
        .digest = r->digest,
        .t = r->entry.t,
        .h = r->entry.h,
        .tai_utc_known = r->entry.tai_utc_known,
        .tai_utc_s = r->entry.tai_utc_s,
        .clock = r->entry.clock,
        .index = r->index,
        .size = r->checkpoint.size,
        .in_batch = r->entry.kind == TAISTAMP_BATCH,
        .batch_index = r->batch_index,
        .batch_size = r->batch_size,
        .has_closed = r->has_closed,
        .closed_size = r->closed_size,
        .name = r->name_len > 0 ? r->name : NULL,
        .name_len = r->name_len,
        .signatures = r->note.n,
        .entry = receipt->entry,
        .checkpoint = receipt->checkpoint,
    };
}

/* ---- Verification ---- */

struct verify_rules verify_rules_of(const taistamp_policy *policy, const taistamp_trust *trust,
                                    const taistamp_leaps *leaps, struct trust *defaults)
{
    trust_default(defaults);
    return (struct verify_rules){
        .policy = &policy->policy,
        .trust = trust != NULL ? &trust->trust : defaults,
        .leaps = leaps_table(leaps),
    };
}

enum tai_err taistamp_verify_receipt(const taistamp_receipt *receipt, const taistamp_policy *policy,
                                     const taistamp_trust *trust, const taistamp_leaps *leaps,
                                     struct taistamp_verification *ret_verification)
{
    struct trust defaults;
    struct crypto c;
    enum tai_err err = openssl_crypto_open(&c);
    if (err != TAI_OK)
        return err;
    struct verify_rules rules = verify_rules_of(policy, trust, leaps, &defaults);
    verify_receipt(&c, &receipt->receipt, &rules, ret_verification);
    openssl_crypto_close(&c);
    return TAI_OK;
}

enum tai_err taistamp_verify_digest(const taistamp_receipt *receipt, const struct taistamp_digest *digest,
                                    const taistamp_policy *policy, const taistamp_trust *trust,
                                    const taistamp_leaps *leaps,
                                    struct taistamp_verification *ret_verification)
{
    struct taistamp_verification v;
    if (digest->algorithm != receipt->receipt.digest.algorithm)
        return TAI_ERR_ARGUMENT;
    enum tai_err err = taistamp_verify_receipt(receipt, policy, trust, leaps, &v);
    if (err != TAI_OK)
        return err;
    bool holds = v.verdict == TAISTAMP_VALID || v.verdict == TAISTAMP_CLAIM_VOID;
    if (holds && !taistamp_digest_equal(digest, &receipt->receipt.digest))
        verify_conclude(&v, TAISTAMP_OTHER_DIGEST);
    *ret_verification = v;
    return TAI_OK;
}
