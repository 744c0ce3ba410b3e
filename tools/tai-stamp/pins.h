/* SPDX-License-Identifier: Apache-2.0 */
/* The servers whose keys this user has pinned: for each a policy, and perhaps a trust file.
 *
 * A pin is a folder below config/servers, made whole and renamed into place: `url` (empty for a policy that came from a
 * file), `policy`, and `trust.yaml` if the user puts one there (else config/trust.yaml holds for all). `default` names
 * the server that a stamp goes to. Keys change only by removing a pin and making another. */
#ifndef TOOLS_TAI_STAMP_PINS_H
#define TOOLS_TAI_STAMP_PINS_H

#include <stdbool.h>
#include <stddef.h>

#include "taistamp/proof.h"

enum { PINS_POLICY_MAX = 256 * 1024, PINS_TRUST_MAX = 64 * 1024 };

struct pin {
    char *folder; /* its full path */
    char *url;    /* "" without one */
    char *policy_text;
    size_t policy_len;
    char *trust_text; /* NULL without a trust file */
    size_t trust_len;
    taistamp_policy *policy;
    taistamp_trust *trust; /* NULL: defaults */
};

struct pins {
    struct pin *list;
    size_t n;
    char *default_url; /* NULL: none */
};

/* Reads all pins; none at all is fine. TAI_ERR_FORMAT and others name the file that is at fault. */
TAISTAMP_MUST_CHECK enum tai_err pins_load(struct pins *ret_pins, struct tai_error *error);
void pins_free(struct pins *pins);
/* NULL when nothing fits. */
const struct pin *pins_by_issuer(const struct pins *pins, const char *issuer);
const struct pin *pins_by_url(const struct pins *pins, const char *url);
bool pins_policy_names_log(const taistamp_policy *policy, const char *issuer);

/* Pins `policy` under `url`, or under the name of its first log when `url` is "". The first URL becomes the default.
 * TAI_ERR_CONFLICT: pinned already. */
TAISTAMP_MUST_CHECK enum tai_err pins_add(const char *url, const char *policy, size_t len,
                                          struct tai_error *error);
/* Forgets a pin; the default goes with it. */
TAISTAMP_MUST_CHECK enum tai_err pins_remove(const struct pins *pins, const struct pin *pin,
                                             struct tai_error *error);

/* What a person compares. With one log and no witness it is that key's fingerprint; else it is the SHA-256 of the whole
 * policy, because a fingerprint of one key would say nothing about the others. */
void pins_fingerprint(const taistamp_policy *policy, const char *text, size_t len, char ret_hex[65]);

/* "http://host:port" without a slash at its end, malloc'ed; NULL if it is not an http or https URL. */
char *pins_clean_url(const char *url);

#endif
