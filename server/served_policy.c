/* SPDX-License-Identifier: Apache-2.0 */
#include "server/served_policy.h"

#include <stdlib.h>
#include <string.h>

#include "sdk/base/error.h"
#include "sdk/base/limits.h"
#include "sdk/io/file.h"
#include "sdk/io/log.h"
#include "server/sign/sign.h"
#include "taistamp/proof.h"

enum { VKEY_TEXT = 512 /* a name of 255 bytes, 8 hex digits, 44 of base64 */ };

static enum tai_err refuse(const char *path, enum tai_err code, const char *why, struct tai_error *error)
{
    return error_set_detail(error, code, path, bytes_of_str(why));
}

static bool names_log(const taistamp_policy *policy, const char *vkey)
{
    for (size_t i = 0; i < taistamp_policy_logs(policy); i++) {
        struct taistamp_policy_key key;
        if (taistamp_policy_key(policy, i, &key) == TAI_OK && strcmp(key.vkey, vkey) == 0)
            return true;
    }
    return false;
}

static enum tai_err check(const char *path, const char *vkey, const char *text, size_t len,
                          struct tai_error *error)
{
    taistamp_policy *policy;
    struct tai_error why = {.text = ""};
    enum tai_err err = taistamp_policy_parse(text, len, &policy, &why);
    if (err != TAI_OK)
        return refuse(path, err, why.text, error);
    /* A quorum other than none is made of witnesses: without one there is none. */
    if (taistamp_policy_witnesses(policy) > 0)
        err = refuse(
            path, TAI_ERR_CONFLICT,
            "this policy names witnesses, but this server asks none for cosignatures: clients that follow it "
            "would reject every receipt. Take the witnesses out and write \"quorum none\"; a client for whom "
            "somebody collects cosignatures has a policy of its own",
            error);
    else if (vkey != NULL && !names_log(policy, vkey))
        err =
            refuse(path, TAI_ERR_CONFLICT,
                   "this policy does not name the key of this log: clients that follow it would reject every "
                   "receipt. Put the policy that `taid init` made with this key back",
                   error);
    taistamp_policy_free(policy);
    return err;
}

enum tai_err served_policy_read(const char *path, const char *vkey, char **ret_text, size_t *ret_len,
                                struct tai_error *error)
{
    char *text;
    size_t len;
    enum tai_err err = file_read(&file_posix, path, LIMIT_POLICY, &text, &len, error);
    if (err != TAI_OK)
        return err;
    err = check(path, vkey, text, len, error);
    if (err != TAI_OK || ret_text == NULL) {
        free(text);
        return err;
    }
    *ret_text = text;
    *ret_len = len;
    return TAI_OK;
}

enum tai_err served_policy_check(const struct taid_config *config, struct tai_error *ret_key_error,
                                 struct tai_error *error)
{
    char vkey[VKEY_TEXT];
    struct out o = out_of(vkey, sizeof vkey);
    *ret_key_error = (struct tai_error){.text = ""};
    bool has_key = signer_read_vkey(&file_posix, config->key_dir, &o, ret_key_error) == TAI_OK;
    if (has_key && !out_terminate(&o))
        return error_set(error, TAI_ERR_SPACE, "the log's name is too long");
    return served_policy_read(config->policy_path, has_key ? vkey : NULL, NULL, NULL, error);
}

bool served_policy_ok(const struct taid_config *config)
{
    struct tai_error key_error, error;
    enum tai_err err = served_policy_check(config, &key_error, &error);
    if (err == TAI_OK || err == TAI_ERR_NOT_FOUND)
        return true;
    log_error("%s", error.text);
    return false;
}
