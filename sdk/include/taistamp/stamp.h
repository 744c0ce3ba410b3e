/* SPDX-License-Identifier: Apache-2.0 */
/* Stamping without sockets: from digests to one request, from the server's answer to receipts.
 *
 * The caller moves the bytes. A session takes the digests of one or many files, makes a salted commitment of each and,
 * for more than one, the tree over them; says what to POST; and turns the answer into one receipt per file, verified
 * against the policy before anybody sees it. By default the server learns a commitment only: neither the file's name
 * nor its digest.
 *
 * The salt of a file is derived from the client's 32-byte secret and a counter (how often this client stamped this
 * digest before), so that a lost single receipt can be made again: keep the secret, mode 0600. With the same digest,
 * secret and counter the commitment is the same.
 *
 * Life cycle: new, add ..., request, (POST it), response, receipt(0) ... receipt(n-1), free. Objects are used by one
 * thread at a time; different objects by different threads at once. */
#ifndef TAISTAMP_STAMP_H
#define TAISTAMP_STAMP_H

#include "taistamp/proof.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct taistamp_stamping taistamp_stamping;

enum { TAISTAMP_SECRET_LEN = 32 };

struct taistamp_stamp_options {
    size_t size; /* sizeof(struct taistamp_stamp_options): which fields exist */
    bool
        unsalted; /* submit the digest itself (kind digest; one file only): the server and the log's readers see it */
};

/* `secret` is copied, and cleansed when the session is freed; `options` may be NULL and is not needed afterwards.
 * TAI_ERR_ARGUMENT (options without their size), _CRYPTO, _MEMORY. *ret_stamping is the caller's
 * (taistamp_stamping_free). */
TAISTAMP_API TAISTAMP_MUST_CHECK enum tai_err
taistamp_stamping_new(const uint8_t secret[TAISTAMP_SECRET_LEN], const struct taistamp_stamp_options *options,
                      taistamp_stamping **ret_stamping);
TAISTAMP_API void taistamp_stamping_free(taistamp_stamping *stamping);
/* Adds a file: its digest, its base name as a hint for people (any bytes without NUL and '/', or NULL), and how often
 * this secret stamped this digest before (from 0). Both are copied. TAI_ERR_ARGUMENT: after taistamp_stamping_request,
 * a name of other than 1 to 255 bytes or with a '/', an unknown algorithm, or a second file in an unsalted session. */
TAISTAMP_API TAISTAMP_MUST_CHECK enum tai_err taistamp_stamping_add(taistamp_stamping *stamping,
                                                                    const struct taistamp_digest *digest,
                                                                    const char *name, uint64_t counter);
/* Files added. */
TAISTAMP_API size_t taistamp_stamping_count(const taistamp_stamping *stamping);
/* The JSON body of POST /v1/stamps, NUL-terminated; lives as long as the session; the same body each
 * time. TAI_ERR_ARGUMENT without files. */
TAISTAMP_API TAISTAMP_MUST_CHECK enum tai_err
taistamp_stamping_request(taistamp_stamping *stamping, const char **ret_body, size_t *ret_len);
/* Takes the body of a 200 or 201 answer, checks that it is about what was asked and that it verifies against `policy`
 * (`trust`, `leaps` may be NULL; without `leaps` witnesses' times do not count). TAI_ERR_FORMAT, TAI_ERR_UNTRUSTED
 * (another log than the policy's), TAI_ERR_INVALID: it does not verify, or the issuer's claim is void already. */
TAISTAMP_API TAISTAMP_MUST_CHECK enum tai_err
taistamp_stamping_response(taistamp_stamping *stamping, const void *body, size_t len,
                           const taistamp_policy *policy, const taistamp_trust *trust,
                           const taistamp_leaps *leaps, struct tai_error *error);
/* The body of the good response, as it came; lives as long as the session, or until another response. Kept with the
 * digests and counters it makes the same receipts again, in a new session, without the server. TAI_ERR_ARGUMENT before a
 * good response. */
TAISTAMP_API TAISTAMP_MUST_CHECK enum tai_err
taistamp_stamping_answer(const taistamp_stamping *stamping, const char **ret_answer, size_t *ret_len);
/* The receipt of the i-th file added, malloc'ed, NUL-terminated; the caller frees it with free(). It has been verified
 * again in full, for this file, before it is handed out. TAI_ERR_ARGUMENT before a good response or past the last file,
 * _SPACE (it would be longer than 256 KiB), _INVALID (it does not verify). */
TAISTAMP_API TAISTAMP_MUST_CHECK enum tai_err
taistamp_stamping_receipt(const taistamp_stamping *stamping, size_t i, char **ret_receipt, size_t *ret_len);
/* The i-th file's 32-byte commitment: what to keep, in order, so that a batch's receipts can be made again.
 * TAI_ERR_ARGUMENT past the last file. */
TAISTAMP_API TAISTAMP_MUST_CHECK enum tai_err
taistamp_stamping_commitment(const taistamp_stamping *stamping, size_t i, uint8_t ret_commitment[32]);

#ifdef __cplusplus
}
#endif
#endif
