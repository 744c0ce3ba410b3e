/* SPDX-License-Identifier: Apache-2.0 */
/* Signed notes, verifier keys, checkpoints and cosignatures (C2SP signed-note, tlog-checkpoint,
 * tlog-cosignature).
 *
 *     example.org/taistamp/8d123b5b08885826              body: origin, size, root; here three lines and no more
 *     300
 *     DDQy7Nz/hLis+aOywkGiW/wuPeZ0Zi0/v27H0uXopjo=
 *                                                        empty line
 *     — example.org/taistamp/8d123b5b08885826 97HSd...   em dash, key name, base64 of key id (4 bytes) and signature
 *
 * A signature type decides what is signed: 0x01 (Ed25519, a log) the body; 0x04 (Ed25519, a witness) the body
 * behind two lines that hold the witness's time; 0x06 (ML-DSA-44, a witness) a binary structure of the same.
 * This module says whether one signature by one key holds; which keys count is the policy's business
 * (sdk/proof/policy.h). Views point into the parsed text. Nothing allocates; any thread, as far as the table
 * of functions allows. */
#ifndef SDK_PROOF_NOTE_H
#define SDK_PROOF_NOTE_H

#include "sdk/base/crypto.h"
#include "sdk/base/limits.h"
#include "taistamp/base.h"

enum note_type { NOTE_ED25519 = 0x01, NOTE_COSIGNATURE = 0x04, NOTE_COSIGNATURE_MLDSA44 = 0x06 };
enum { NOTE_KEY_ID = 4, NOTE_KEY_MAX = MLDSA44_KEY_LEN };
/* Bytes of the longest checkpoint body: an origin, a size of 19 digits, a root, three line ends. */
enum { CHECKPOINT_BODY_MAX = LIMIT_ORIGIN + 19 + 44 + 3 };
/* Bytes of the longest signature line of type 0x01: dash, name, base64 of 68 bytes. */
enum { NOTE_SIGNATURE_LINE_MAX = 4 + LIMIT_ORIGIN + 1 + 92 + 1 };

/* A key's name: UTF-8 of 1 to LIMIT_ORIGIN bytes without white space, control characters and plus. */
bool note_name_valid(struct bytes name);

/* ---- Verifier keys: <name>+<8 hex of key id>+<base64 of type byte and key> ---- */

struct vkey {
    struct bytes name; /* a view into what was parsed or given */
    uint8_t type;      /* enum note_type */
    uint8_t id[NOTE_KEY_ID];
    size_t key_len;
    uint8_t key[NOTE_KEY_MAX];
};

/* First four bytes of SHA-256(name || LF || type || key). */
void vkey_id(const struct crypto *c, struct bytes name, uint8_t type, struct bytes key,
             uint8_t ret_id[NOTE_KEY_ID]);
/* TAI_ERR_FORMAT; TAI_ERR_UNSUPPORTED for a type that is not in enum note_type. The id must be the key's. */
TAISTAMP_MUST_CHECK enum tai_err vkey_parse(const struct crypto *c, struct bytes text, struct vkey *ret_vkey,
                                            struct tai_error *error);
void vkey_emit(struct out *o, const struct vkey *vkey);
/* An Ed25519 key as a vkey of `type`. `name` must outlive it. */
void vkey_of_ed25519(const struct crypto *c, struct bytes name, enum note_type type,
                     const uint8_t key[ED25519_KEY_LEN], struct vkey *ret_vkey);

/* ---- Notes ---- */

struct note_signature {
    struct bytes name;
    uint8_t id[NOTE_KEY_ID];
    struct bytes base64; /* of id and signature, canonical, more than the id */
};

struct note {
    struct bytes text; /* all of it */
    struct bytes body; /* with its last LF, without the empty line */
    size_t n;
    struct note_signature signatures[LIMIT_SIGNATURES];
};

/* Reads the form only; no signature is checked. TAI_ERR_FORMAT, TAI_ERR_SPACE (more than LIMIT_SIGNATURES).
 */
TAISTAMP_MUST_CHECK enum tai_err note_parse(struct bytes text, struct note *ret_note,
                                            struct tai_error *error);
/* Whether name and key id of the signature are the key's: only then the signature means anything to its
 * owner. */
bool note_signature_by(const struct note_signature *s, const struct vkey *key);
/* Writes the line of a signature: "— name base64(id || signature)" and LF. */
void note_emit_signature(struct out *o, struct bytes name, const uint8_t id[NOTE_KEY_ID],
                         struct bytes signature);

/* ---- Checkpoints ---- */

struct checkpoint {
    struct bytes origin;
    uint64_t size; /* at most MERKLE_SIZE_MAX */
    struct hash root;
};

/* A body of exactly three lines. TAI_ERR_FORMAT. */
TAISTAMP_MUST_CHECK enum tai_err checkpoint_parse(struct bytes body, struct checkpoint *ret_checkpoint,
                                                  struct tai_error *error);
void checkpoint_emit(struct out *o, const struct checkpoint *checkpoint);

/* Whether `s` is a valid signature by `key`, of the type of the key, over the note with this body and
 * checkpoint. *ret_time_s is the witness's POSIX time for the cosignature types (0: no statement), 0 for type
 * 0x01. False for a wrong length, a time above 2^63 - 1, or an ML-DSA-44 key where the table has no such
 * function. */
bool note_signature_verify(const struct crypto *c, const struct note_signature *s, const struct vkey *key,
                           struct bytes body, const struct checkpoint *checkpoint, uint64_t *ret_time_s);
/* What a witness of type 0x04 signs: "cosignature/v1", "time N" and the body. */
void cosignature_emit_message(struct out *o, uint64_t time_s, struct bytes body);

#endif
