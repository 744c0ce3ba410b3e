/* SPDX-License-Identifier: Apache-2.0 */
/* receipt_parse on any bytes, in both forms: what it takes is written again the same. Then the verifier runs on it, with
 * a table in which every signature is good, so that the checks behind the signatures are reached. */
#include "sdk/base/bug.h"
#include "sdk/io/openssl.h"
#include "sdk/proof/verify.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct crypto crypto;
static struct policy policy;
static struct trust trust;

static bool always(void *ctx, const uint8_t *key, const uint8_t *sig, struct bytes message)
{
    (void)ctx;
    return key != NULL && sig != NULL && message.len > 0;
}

static void start(void)
{
    static uint8_t text[2048];
    struct out o = out_of(text, sizeof text);
    static const char *const names[] = {"stamp.example/taistamp/00112233445566ff", "witness.example/w0",
                                        "witness.example/w1"};
    static const uint8_t public_keys[3][ED25519_KEY_LEN] = {{1}, {2}, {3}};
    BUG_UNLESS(openssl_crypto_open(&crypto) == TAI_OK);
    crypto.ed25519_verify = always;
    for (size_t i = 0; i < 3; i++) {
        struct vkey key;
        vkey_of_ed25519(&crypto, bytes_of_str(names[i]), i == 0 ? NOTE_ED25519 : NOTE_COSIGNATURE,
                        public_keys[i], &key);
        out_str(&o, i == 0 ? "log " : i == 1 ? "witness A " : "witness B ");
        vkey_emit(&o, &key);
        out_char(&o, '\n');
    }
    out_str(&o, "quorum none\n");
    BUG_UNLESS(policy_parse(&crypto, out_view(&o), &policy, NULL) == TAI_OK);
    trust_default(&trust);
    trust.n_closed = 1;
    trust.closed[0] = (struct trust_closed){.origin = bytes_of_str(names[0]), .size = 37};
}

static void try_form(struct bytes text, enum receipt_form form)
{
    static struct receipt r;
    static uint8_t again[LIMIT_RECEIPT];
    struct verify_rules rules = {&policy, &trust, NULL};
    struct taistamp_verification v;
    struct tai_error error;
    if (receipt_parse(text, form, &r, &error) != TAI_OK)
        return;
    struct out o = out_of(again, sizeof again);
    receipt_emit(&o, form, &r);
    BUG_UNLESS(!o.overflow && bytes_equal(out_view(&o), text));
    if (form == RECEIPT_FULL)
        verify_receipt(&crypto, &r, &rules, &v);
    else
        verify_bare(&crypto, &r, &rules, &v);
    BUG_UNLESS(v.verdict != TAISTAMP_OTHER_DIGEST);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (crypto.sha256 == NULL)
        start();
    try_form(bytes_of(data, size), RECEIPT_FULL);
    try_form(bytes_of(data, size), RECEIPT_BARE);
    return 0;
}
