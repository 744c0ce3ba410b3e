/* SPDX-License-Identifier: Apache-2.0 */
/* Who a node is: an Ed25519 key for statements that third parties check, and an X25519 key from which every pair of
 * nodes derives the key of its polls.
 *
 * Decides: the file, its text form, the public token, the derivation. Does not decide who belongs to a cluster
 * (sdk/io/cluster.h) nor what is authenticated with the keys.
 *
 * The private file, five lines and nothing else, mode 0600:
 *
 *     taistamp node key v1
 *     ed25519 <64 hex digits: the seed>
 *     x25519 <64 hex digits: the private scalar>
 *     public tainode1-<92 characters>
 *     crc32c <8 hex digits: of the four lines above>
 *
 * It is read strictly: the one text that these keys are written as. The public token is there so that a person can copy
 * it out of the file, and so that a damaged key is noticed on the machine that has it. Refused are a symbolic link,
 * what is no regular file, a file that group or others may do anything with, and one that belongs to somebody else: its
 * owner knows the key.
 *
 * The public token is one word of 101 characters: "tainode1-" and 92 of base64, for
 *
 *      0       1                      33                     65        69
 *      | 0x01  | Ed25519 public key   | X25519 public key    | CRC-32C |
 *
 * The checksum is of the first 65 bytes: it finds a token that was typed or cut, and is no defence against a person.
 * Whoever pins a token pins both keys.
 *
 * The key of a pair (RFC 5869, RFC 7748 section 6.1):
 *
 *     HKDF-SHA256(ikm = X25519(own private, other's public), salt = none,
 *                 info = "taistamp pair key v1" || cluster id, 8 bytes || lower node number, 4 || higher, 4), 32 bytes
 *
 * numbers big-endian. Both sides come to the same key, and no third node does: a node can speak for itself only. In
 * another cluster, or under another number, the same two machines have another key.
 *
 * Objects are for one thread at a time. Secrets are wiped before memory is given back. */
#ifndef SDK_IO_NODEKEY_H
#define SDK_IO_NODEKEY_H

#include "sdk/base/bytes.h"
#include "sdk/io/file.h"
#include "sdk/sync/sync.h"

enum {
    NODEKEY_HALF = 32,      /* bytes of either public key */
    NODEKEY_TEXT_LEN = 101, /* characters of the public token */
    NODEKEY_PAIR_LEN = 32,  /* bytes of the key of a pair */
    NODEKEY_SIGNATURE_LEN = 64
};

struct nodekey_public {
    uint8_t ed25519[NODEKEY_HALF];
    uint8_t x25519[NODEKEY_HALF];
};

/* False, *ret_public untouched: not a public token, or a damaged one. */
bool nodekey_public_parse(struct bytes text, struct nodekey_public *ret_public);
/* Writes the token and a NUL. */
void nodekey_public_print(const struct nodekey_public *key, char ret_text[NODEKEY_TEXT_LEN + 1]);
bool nodekey_public_equal(const struct nodekey_public *a, const struct nodekey_public *b);

struct nodekey;

/* Makes a key out of fresh randomness and writes it durably to `path`, whose folder exists. `files` may be NULL: the
 * disk. Never replaces anything: TAI_ERR_CONFLICT when `path` is there. Also TAI_ERR_CRYPTO, _PERMISSION, _NO_SPACE,
 * _IO. */
TAISTAMP_MUST_CHECK enum tai_err nodekey_create(const struct file_ops *files, const char *path,
                                                struct nodekey_public *ret_public, struct tai_error *error);

enum nodekey_owner {
    NODEKEY_OURS,      /* the file must belong to the user we run as */
    NODEKEY_ROOT_LOOKS /* the same, but root may read everybody's: to show the public half */
};
/* Reads a key; *ret_key is the caller's (nodekey_free). TAI_ERR_NOT_FOUND; TAI_ERR_UNTRUSTED: link, mode or owner;
 * TAI_ERR_FORMAT: not such a file; TAI_ERR_CORRUPT: damaged; _PERMISSION, _IO, _CRYPTO. The error names the path and says
 * what to do. */
TAISTAMP_MUST_CHECK enum tai_err nodekey_load(const struct file_ops *files, const char *path,
                                              enum nodekey_owner owner, struct nodekey **ret_key,
                                              struct tai_error *error);
void nodekey_free(struct nodekey *key);

/* Lives as long as the key. */
const struct nodekey_public *nodekey_public_of(const struct nodekey *key);
/* Ed25519 over `message`. TAI_ERR_CRYPTO. */
TAISTAMP_MUST_CHECK enum tai_err nodekey_sign(const struct nodekey *key, struct bytes message,
                                              uint8_t ret_signature[NODEKEY_SIGNATURE_LEN]);
/* The key of node `own`, whose key this is, with `other` in `cluster`; the caller wipes it. The numbers differ and are
 * not 0. TAI_ERR_UNTRUSTED: the other's key is one with which no secret can be shared; TAI_ERR_CRYPTO. */
TAISTAMP_MUST_CHECK enum tai_err nodekey_pair(const struct nodekey *key, uint64_t cluster, sync_node_t own,
                                              sync_node_t other, const struct nodekey_public *other_key,
                                              uint8_t ret_key[NODEKEY_PAIR_LEN]);

#endif
