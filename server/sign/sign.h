/* SPDX-License-Identifier: Apache-2.0 */
/* Signing: the one place that holds the log's private key, and the memory of what it has signed.
 *
 * Before a checkpoint is signed, its size, root and last TAI go into the head slot beside the key (two
 * 512-byte records written in turn, fdatasynced). sign_head refuses a size smaller than the slot's, another
 * root for the slot's size, a new size whose tree is not shown to contain the slot's, and a last TAI that
 * does not increase: so a log that lost its tail can not be continued under the same key. The same head again
 * is signed again; the first time after opening, the slot is written for it too, for what was read of it may have
 * been in the system's memory only.
 *
 * The calls are few, of fixed form and length-checked, so that this can be served by a process of its own.
 * One thread. */
#ifndef SERVER_SIGN_SIGN_H
#define SERVER_SIGN_SIGN_H

#include "sdk/base/crypto.h"
#include "taistamp/time.h"

struct file_ops;
struct signer;

/* Makes the files of a new log in `key_dir` (which exists): log.head for size 0, log.origin, and last
 * log.key, mode 0600, whose presence says that the log exists. Never overwrites a key, nor a slot under which
 * something was signed: TAI_ERR_CONFLICT. TAI_ERR_ARGUMENT: `origin` is not of the form <host>/taistamp/<16
 * hex>. `files` NULL: the disk. */
TAISTAMP_MUST_CHECK enum tai_err signer_create(const struct file_ops *files, const char *key_dir,
                                               const char *origin, struct tai_error *error);

struct sign_head {
    uint64_t size;
    struct hash root;
    tai_t last_tai; /* of the newest entry; 0 for size 0 */
};

/* Opens key and slot in `key_dir` (log.key, log.origin, log.head) and locks them against a second process.
 * `files` NULL: the disk. TAI_ERR_NOT_FOUND: run `taid init`; TAI_ERR_PERMISSION also when the key is
 * readable by others; TAI_ERR_CORRUPT: no valid slot record; TAI_ERR_CONFLICT: in use. */
TAISTAMP_MUST_CHECK enum tai_err signer_open(const struct file_ops *files, const char *key_dir,
                                             struct signer **ret_signer, struct tai_error *error);
void signer_close(struct signer *signer);
/* Lives as long as the signer. */
const char *signer_origin(const struct signer *signer);
void signer_public(const struct signer *signer, uint8_t ret_key[ED25519_KEY_LEN]);
/* Appends the log's verifier key, as policies write it. */
void signer_vkey(const struct signer *signer, struct out *o);
/* The same from the files, without lock and slot: beside a running server, too. TAI_ERR_NOT_FOUND, _PERMISSION,
 * _CORRUPT. */
TAISTAMP_MUST_CHECK enum tai_err signer_read_vkey(const struct file_ops *files, const char *key_dir,
                                                  struct out *o, struct tai_error *error);
/* The head slot's content: what was last signed. */
void signer_head(const struct signer *signer, struct sign_head *ret_head);
/* Advances the slot to `head` and writes the signed checkpoint (body, empty line, signature line) to `o`.
 * `consistency` is the RFC 6962 proof from the slot's size to head->size, `n` hashes. TAI_ERR_CONFLICT:
 * refused (see above), nothing changed; TAI_ERR_IO: the slot could not be made durable, the signer is dead
 * until opened again. */
TAISTAMP_MUST_CHECK enum tai_err signer_sign(struct signer *signer, const struct sign_head *head,
                                             const struct hash *consistency, size_t n, struct out *o,
                                             struct tai_error *error);

#endif
