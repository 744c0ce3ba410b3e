/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/tai-stamp/judge.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/file.h"
#include "tools/text.h"

static bool read_named(const char *path, size_t limit, char **ret_text, size_t *ret_len)
{
    int err = file_load(path, limit, ret_text, ret_len);
    char *shown;

    if (err == 0)
        return true;
    shown = text_escape(path);
    fprintf(stderr, "tai-stamp: %s: %s\n", shown, strerror(err));
    free(shown);
    return false;
}

static void note_bad(struct judge *judge, const char *verdict, const char *what, const char *path,
                     const struct tai_error *error)
{
    char *shown = text_escape(path);

    judge->bad = verdict;
    snprintf(judge->reason, sizeof judge->reason, "the %s %.120s is not valid: %.150s", what, shown,
             error->text);
    free(shown);
}

static bool open_named(const char *policy, const char *trust, struct judge *judge)
{
    struct tai_error error = {0};

    judge->named = true;
    if (!read_named(policy, PINS_POLICY_MAX, &judge->policy_text, &judge->policy_len) ||
        (trust != NULL && !read_named(trust, PINS_TRUST_MAX, &judge->trust_text, &judge->trust_len)))
        return false;
    if (taistamp_policy_parse(judge->policy_text, judge->policy_len, &judge->policy, &error) != TAI_OK)
        note_bad(judge, "bad_policy", "policy", policy, &error);
    else if (trust != NULL &&
             taistamp_trust_parse(judge->trust_text, judge->trust_len, &judge->trust, &error) != TAI_OK)
        note_bad(judge, "bad_trust", "trust file", trust, &error);
    return true;
}

bool judge_open(const char *policy, const char *trust, struct judge *ret_judge)
{
    struct judge judge = {0};
    struct tai_error error = {0};
    bool ok;

    if (policy != NULL) {
        ok = open_named(policy, trust, &judge);
    } else {
        ok = pins_load(&judge.pins, &error) == TAI_OK;
        if (!ok)
            fprintf(stderr, "tai-stamp: %s\n", error.text);
    }
    if (!ok) {
        judge_close(&judge);
        return false;
    }
    if (taistamp_leaps_load(NULL, &judge.leaps, &error) != TAI_OK)
        judge.leaps = NULL;
    *ret_judge = judge;
    return true;
}

void judge_close(struct judge *judge)
{
    taistamp_policy_free(judge->policy);
    taistamp_trust_free(judge->trust);
    free(judge->policy_text);
    free(judge->trust_text);
    pins_free(&judge->pins);
    taistamp_leaps_free(judge->leaps);
}

bool judge_for(const struct judge *judge, const char *issuer, const taistamp_policy **ret_policy,
               const taistamp_trust **ret_trust)
{
    const struct pin *pin;

    if (judge->named) {
        *ret_policy = judge->policy;
        *ret_trust = judge->trust;
        return judge->policy != NULL;
    }
    pin = pins_by_issuer(&judge->pins, issuer);
    if (pin == NULL)
        return false;
    *ret_policy = pin->policy;
    *ret_trust = pin->trust;
    return true;
}

taistamp_receipt *judge_parse_receipt(const char *text, size_t len, char *reason, size_t reason_size)
{
    struct tai_error error = {0};
    taistamp_receipt *receipt = NULL;

    if (taistamp_receipt_parse(text, len, &receipt, &error) == TAI_OK)
        return receipt;
    snprintf(reason, reason_size, "the receipt is damaged: %s", error.text);
    return NULL;
}

taistamp_receipt *judge_read_receipt(const char *path, bool *ret_missing, char *reason, size_t reason_size)
{
    taistamp_receipt *receipt;
    char *text;
    size_t len;
    int err = file_load(path, TAISTAMP_RECEIPT_MAX, &text, &len);

    *ret_missing = err == ENOENT || err == ENOTDIR;
    if (err != 0) {
        snprintf(reason, reason_size, "the receipt cannot be read: %s",
                 err == EFBIG    ? "it is longer than any receipt"
                 : err == EINVAL ? "it is not a regular file"
                                 : strerror(err));
        return NULL;
    }
    receipt = judge_parse_receipt(text, len, reason, reason_size);
    free(text);
    return receipt;
}

const char *judge_digest(const struct judge *judge, const taistamp_receipt *receipt,
                         const struct taistamp_digest *digest, char *reason, size_t size,
                         struct taistamp_receipt_info *ret_info)
{
    const taistamp_policy *policy;
    const taistamp_trust *trust;
    struct taistamp_verification v;

    taistamp_receipt_info(receipt, ret_info);
    if (!judge_for(judge, ret_info->issuer, &policy, &trust))
        return "it is by a log whose key is not pinned, so it cannot be judged";
    if (ret_info->digest.algorithm != digest->algorithm)
        return "it is for a digest of another algorithm";
    if (taistamp_verify_digest(receipt, digest, policy, trust, judge->leaps, &v) != TAI_OK)
        return "it cannot be verified";
    if (v.verdict == TAISTAMP_VALID)
        return NULL;
    if (v.verdict == TAISTAMP_OTHER_DIGEST)
        return "the file was changed since it was stamped";
    snprintf(reason, size, "it does not hold: %s", v.reason);
    return reason;
}
