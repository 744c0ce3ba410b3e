/* SPDX-License-Identifier: Apache-2.0 */
/* Fields of messages, described once for both directions.
 *
 * A cursor either reads or writes. Each function below moves one field between the bytes and the struct and notes in `bad` when
 * its value is out of range; so a message's layout is one straight row of calls (wire_body.c), and what is written is what
 * is read. A reader goes on after a bad field, within the length that the caller has checked; the result is then thrown
 * away. Inner to sdk/sync/wire*.c. */
#ifndef SDK_SYNC_WIRE_FIELDS_H
#define SDK_SYNC_WIRE_FIELDS_H

#include "sdk/sync/wire.h"

struct wire_cursor {
    const uint8_t *in; /* NULL when writing */
    uint8_t *out;      /* NULL when reading, or when only ranges are looked at */
    size_t done;       /* bytes so far */
    bool bad;
};

void field_u8(struct wire_cursor *c, uint8_t *v);
void field_u16(struct wire_cursor *c, uint16_t *v);
void field_u32(struct wire_cursor *c, uint32_t *v);
void field_u64(struct wire_cursor *c, uint64_t *v);
/* Signed, from min to max. */
void field_i32(struct wire_cursor *c, int32_t *v, int32_t min, int32_t max);
void field_i64(struct wire_cursor *c, int64_t *v, int64_t min, int64_t max);
/* A byte from min to max: numbers of enums, as unsigned. */
void field_code(struct wire_cursor *c, unsigned *v, unsigned min, unsigned max);
void field_flag(struct wire_cursor *c, bool *v);
/* 32 bits of which only those in `known` may be set. */
void field_bits(struct wire_cursor *c, uint32_t *v, uint32_t known);
void field_bytes(struct wire_cursor *c, uint8_t *v, size_t n);
/* `n` zero bytes. */
void field_reserved(struct wire_cursor *c, size_t n);
/* Notes a rule between fields that does not hold. */
void field_rule(struct wire_cursor *c, bool holds);

void field_header(struct wire_cursor *c, struct wire_header *h);
/* The body of a message of m->header.type, which is a type. */
void field_body(struct wire_cursor *c, struct wire_message *m);
/* Bytes of that body. */
size_t wire_body_length(enum wire_type type);

#endif
