/* SPDX-License-Identifier: Apache-2.0 */
/* The entry: the log's leaf data, seven lines that claim an instant for a subject.
 *
 *     taistamp.entry/v1
 *     issuer example.org/taistamp/8d123b5b08885826
 *     kind commitment
 *     subject sha256:018c0cb0f08ceb21e056a752afab99427e779f0938ba06613d6d2b685c6bf496
 *     tai 1795176616611084572 83000
 *     tai-utc 37
 *     clock gps
 *
 * There is one text for every entry: the reader takes exactly what the writer makes. It does not decide
 * whether the issuer is who it says (sdk/proof/verify.h), nor whether its clock is believed. Source:
 * docs/FORMATS.md. Any thread. */
#ifndef SDK_PROOF_ENTRY_H
#define SDK_PROOF_ENTRY_H

#include "sdk/base/bytes.h"
#include "taistamp/proof.h"

struct entry {
    struct bytes issuer; /* a view: into the text that was parsed, or what the maker set */
    enum taistamp_kind kind;
    struct taistamp_digest subject;
    tai_t t;       /* 0 < t */
    tai_bound_t h; /* 0 <= h < t, and t + h fits */
    bool tai_utc_known;
    int32_t tai_utc_s; /* 0 ... 9999 where known, else 0 */
    enum taistamp_clock_source clock;
};

/* Whether `origin` is <host>/taistamp/<16 hex>, as a log of ours must be called. */
bool origin_valid(struct bytes origin);

/* Whether `kind` may have a subject of `algorithm`: commitments and batches are SHA-256, the others any. */
bool entry_kind_takes(enum taistamp_kind kind, enum taistamp_algorithm algorithm);

/* TAI_ERR_FORMAT with the line that is wrong. The issuer only has to be a possible key name here. */
TAISTAMP_MUST_CHECK enum tai_err entry_parse(struct bytes text, struct entry *ret_entry,
                                             struct tai_error *error);
/* Writes the seven lines, at most LIMIT_ENTRY bytes. What breaks a rule of the format is a bug of the caller.
 */
void entry_emit(struct out *o, const struct entry *entry);

#endif
