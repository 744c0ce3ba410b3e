/* SPDX-License-Identifier: Apache-2.0 */
/* Borrowed byte ranges, a bounded writer and a bounded reader: how pure code sees input and makes output.
 *
 * A `struct bytes` is a view: it owns nothing and lives as long as what it points into. A `struct out` writes
 * into the caller's buffer and remembers overflow, so that a builder is a straight row of calls with one
 * check at its end. A `struct lines` walks text that must consist of LF-terminated lines and nothing else. No
 * function here allocates. */
#ifndef SDK_BASE_BYTES_H
#define SDK_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bytes {
    const uint8_t *data;
    size_t len;
};

#define BYTES_LIT(s) ((struct bytes){(const uint8_t *)("" s), sizeof(s) - 1})

struct bytes bytes_of(const void *data, size_t len);
struct bytes bytes_of_str(const char *s);
bool bytes_equal(struct bytes a, struct bytes b);
bool bytes_equal_str(struct bytes a, const char *s);
/* <0, 0, >0 as memcmp; a proper prefix sorts first. */
int bytes_compare(struct bytes a, struct bytes b);
/* If `b` starts with `prefix`, removes it from `b` and says true. */
bool bytes_strip_prefix(struct bytes *b, const char *prefix);
/* Splits at the first `sep`: what precedes goes to `head`, what follows to `rest`. False (both untouched)
 * without one. `head` and `rest` may be the view that `b` came from. */
bool bytes_split(struct bytes b, uint8_t sep, struct bytes *head, struct bytes *rest);

struct out {
    uint8_t *data;
    size_t cap;
    size_t len;
    bool overflow; /* sticky: something did not fit and `data` is incomplete */
};

struct out out_of(void *data, size_t cap);
void out_bytes(struct out *o, struct bytes b);
void out_str(struct out *o, const char *s);
void out_char(struct out *o, char c);
void out_u64(struct out *o, uint64_t v); /* decimal */
void out_i64(struct out *o, int64_t v);  /* decimal, '-' when negative */
void out_hex(struct out *o, struct bytes b);
void out_base64(struct out *o, struct bytes b);
void out_be16(struct out *o, uint16_t v);
void out_be32(struct out *o, uint32_t v);
void out_be64(struct out *o, uint64_t v);
/* Ends the text with a NUL that is not counted in `len`. False if it or anything before did not fit. */
bool out_terminate(struct out *o);
static inline struct bytes out_view(const struct out *o)
{
    return (struct bytes){o->data, o->len};
}

uint16_t be16_read(const uint8_t *p);
uint32_t be32_read(const uint8_t *p);
uint64_t be64_read(const uint8_t *p);
void be16_write(uint8_t *p, uint16_t v);
void be32_write(uint8_t *p, uint32_t v);
void be64_write(uint8_t *p, uint64_t v);

struct lines {
    struct bytes rest;
};

/* Takes the next line without its LF. False at the end or when the remaining text has no LF (then `rest` is
 * not empty). */
bool lines_next(struct lines *l, struct bytes *ret_line);

#endif
