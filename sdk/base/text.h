/* SPDX-License-Identifier: Apache-2.0 */
/* Strict text: numbers, hex, base64, percent-encoding and UTF-8, in the one canonical form that FORMATS
 * allows.
 *
 * Every reader here accepts exactly what the matching writer makes, so "re-encoding gives the same bytes"
 * holds piece by piece. No function allocates, all may be called from any thread. Sources: RFC 4648 sections
 * 4 and 8, RFC 3986 section 2.1, RFC 3629. */
#ifndef SDK_BASE_TEXT_H
#define SDK_BASE_TEXT_H

#include <stdbool.h>

#include "sdk/base/bytes.h"

/* ASCII decimal: no sign, no leading zero but for "0" itself, at most `max`. */
bool text_read_u64(struct bytes b, uint64_t max, uint64_t *ret_v);

/* Lower-case hex. Writes 2 * b.len characters to `out`, no NUL. */
void hex_encode(struct bytes b, char *out);
/* Reads exactly 2 * out_len lower-case digits. */
bool hex_decode(struct bytes text, uint8_t *out, size_t out_len);

/* RFC 4648 section 4 with padding. */
size_t base64_length(size_t len);
void base64_encode(struct bytes b, char *out);
/* Canonical only: right padding, zero trailing bits, no white space. Fails when the result is longer than
 * `cap`. */
bool base64_decode(struct bytes text, uint8_t *out, size_t cap, size_t *ret_len);
/* The same, for a result that must have exactly `len` bytes. */
bool base64_decode_exact(struct bytes text, uint8_t *out, size_t len);

/* Percent-encoding of any bytes: all but A-Z a-z 0-9 - . _ ~ become %XX, upper case. */
void percent_encode(struct bytes b, struct out *o);
/* Rejects what percent_encode would have written otherwise. */
bool percent_decode(struct bytes text, uint8_t *out, size_t cap, size_t *ret_len);

/* The code point at b.data[0] and the number of its bytes, 1 to 4; 0 where they are malformed. `b` is not empty. */
size_t utf8_point(struct bytes b, uint32_t *ret_point);
/* RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF. */
bool utf8_valid(struct bytes b);
/* True when `b` holds a white-space code point (Unicode property White_Space). `b` must be valid UTF-8. */
bool utf8_has_space(struct bytes b);
/* True when `b` holds a control character (Unicode category Cc, so U+0080 to U+009F as well: U+009B begins a terminal's
 * escape sequence), or is not UTF-8. */
bool utf8_has_control(struct bytes b);

/* Writes `b` for a person to read: valid UTF-8 as it is, but broken bytes, controls, line separators and the marks that
 * reorder text as \xNN. What does not fit is left out, never half a character. */
void text_show(struct bytes b, struct out *o);

#endif
