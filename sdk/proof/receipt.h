/* SPDX-License-Identifier: Apache-2.0 */
/* Receipts: reading and writing the text of docs/FORMATS.md, "Receipt"; nothing is verified here.
 *
 *     c2sp.org/tlog-proof@v1
 *     extra <base64 of the lines below>         taistamp.extra/v1
 *     index 68                                  name photo.jpg          (a hint)
 *     iJb2dpzY4Y7W...   audit path              digest sha256:e4bf...   of the file
 *                                               salt ATRF...            kinds commitment and batch
 *     example.org/taistamp/8d12...              batch 3 7               kind batch, then its path lines
 *     300                                       closed 200              optional, then its closed-path lines
 *     DDQy7Nz/hLis...
 *                                               taistamp.entry/v1 ...   seven lines
 *     — example.org/taistamp/8d12... 97HS...
 *
 * A bare receipt is what a server answers: it knows neither the file's name nor, for a commitment or a batch,
 * its digest, so those lines are missing; the client adds them and changes nothing else.
 *
 * There is one text for every receipt: what receipt_parse takes, receipt_emit writes again, byte for byte. No
 * function allocates; any thread. */
#ifndef SDK_PROOF_RECEIPT_H
#define SDK_PROOF_RECEIPT_H

#include "sdk/proof/entry.h"
#include "sdk/proof/note.h"

/* Bytes of the decoded extra: version, name, digest, salt, batch and closed with 63 hashes each, entry. */
enum { RECEIPT_EXTRA_MAX = 10 * 1024 };

enum receipt_form { RECEIPT_FULL, RECEIPT_BARE };

/* Holds views into itself: use it where it was filled, do not copy it. About 25 kB. */
struct receipt {
    size_t name_len; /* 0: no hint */
    uint8_t name[LIMIT_NAME];
    bool has_digest; /* always in a full receipt */
    struct taistamp_digest digest;
    struct hash salt;                 /* kinds commitment and batch */
    uint64_t batch_index, batch_size; /* kind batch */
    size_t batch_path_n;
    struct hash batch_path[LIMIT_PATH_HASHES];
    bool has_closed;
    uint64_t closed_size;
    size_t closed_path_n;
    struct hash closed_path[LIMIT_PATH_HASHES];
    struct bytes entry_text; /* view into `extra` */
    struct entry entry;      /* views into `extra` */
    uint64_t index;
    size_t path_n;
    struct hash path[LIMIT_PATH_HASHES];
    struct note note; /* views into the parsed text, which must outlive this */
    struct checkpoint checkpoint;
    uint8_t extra[RECEIPT_EXTRA_MAX];
};

/* TAI_ERR_FORMAT says what is wrong; TAI_ERR_SPACE: longer than a receipt may be. *ret_receipt is undefined
 * after a failure. */
TAISTAMP_MUST_CHECK enum tai_err receipt_parse(struct bytes text, enum receipt_form form,
                                               struct receipt *ret_receipt, struct tai_error *error);
/* Writes the text again from the fields. To make a full receipt of a bare one, set name, has_digest, digest,
 * salt and batch fields first. A result longer than LIMIT_RECEIPT shows as overflow. */
void receipt_emit(struct out *o, enum receipt_form form, const struct receipt *receipt);
/* Writes a bare receipt without a struct receipt, for servers. `digest` is the entry's subject for kinds
 * digest and token, NULL for commitment and batch; `checkpoint` the whole signed note. */
void receipt_emit_bare(struct out *o, struct bytes entry_text, const struct taistamp_digest *digest,
                       uint64_t index, const struct hash *path, size_t n, struct bytes checkpoint);

#endif
