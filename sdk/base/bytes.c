/* SPDX-License-Identifier: Apache-2.0 */
#include "sdk/base/bytes.h"

#include <string.h>

#include "sdk/base/text.h"

struct bytes bytes_of(const void *data, size_t len)
{
    return (struct bytes){(const uint8_t *)data, len};
}

struct bytes bytes_of_str(const char *s)
{
    return bytes_of(s, strlen(s));
}

bool bytes_equal(struct bytes a, struct bytes b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

bool bytes_equal_str(struct bytes a, const char *s)
{
    return bytes_equal(a, bytes_of_str(s));
}

int bytes_compare(struct bytes a, struct bytes b)
{
    size_t n = a.len < b.len ? a.len : b.len;
    int c = n == 0 ? 0 : memcmp(a.data, b.data, n);
    if (c != 0)
        return c;
    return a.len < b.len ? -1 : a.len > b.len;
}

bool bytes_strip_prefix(struct bytes *b, const char *prefix)
{
    size_t n = strlen(prefix);
    if (b->len < n || (n > 0 && memcmp(b->data, prefix, n) != 0))
        return false;
    b->data += n;
    b->len -= n;
    return true;
}

bool bytes_split(struct bytes b, uint8_t sep, struct bytes *head, struct bytes *rest)
{
    const uint8_t *at = b.len == 0 ? NULL : memchr(b.data, sep, b.len);
    if (at == NULL)
        return false;
    size_t n = (size_t)(at - b.data);
    *head = bytes_of(b.data, n);
    *rest = bytes_of(at + 1, b.len - n - 1);
    return true;
}

struct out out_of(void *data, size_t cap)
{
    return (struct out){.data = data, .cap = cap};
}

/* Room for `n` more bytes, or NULL with overflow noted. */
static uint8_t *out_room(struct out *o, size_t n)
{
    if (o->overflow || o->cap - o->len < n) {
        o->overflow = true;
        return NULL;
    }
    uint8_t *p = o->data + o->len;
    o->len += n;
    return p;
}

void out_bytes(struct out *o, struct bytes b)
{
    uint8_t *p = out_room(o, b.len);
    if (p != NULL && b.len > 0)
        memcpy(p, b.data, b.len);
}

void out_str(struct out *o, const char *s)
{
    out_bytes(o, bytes_of_str(s));
}

void out_char(struct out *o, char c)
{
    uint8_t *p = out_room(o, 1);
    if (p != NULL)
        *p = (uint8_t)c;
}

void out_u64(struct out *o, uint64_t v)
{
    uint8_t digits[20];
    size_t n = sizeof digits;
    do {
        digits[--n] = (uint8_t)('0' + v % 10);
        v /= 10;
    } while (v != 0);
    out_bytes(o, bytes_of(digits + n, sizeof digits - n));
}

void out_i64(struct out *o, int64_t v)
{
    if (v < 0)
        out_char(o, '-');
    out_u64(o, v < 0 ? (uint64_t)0 - (uint64_t)v : (uint64_t)v);
}

void out_hex(struct out *o, struct bytes b)
{
    uint8_t *p = b.len > SIZE_MAX / 2 ? out_room(o, SIZE_MAX) : out_room(o, b.len * 2);
    if (p != NULL)
        hex_encode(b, (char *)p);
}

void out_base64(struct out *o, struct bytes b)
{
    uint8_t *p = out_room(o, base64_length(b.len));
    if (p != NULL)
        base64_encode(b, (char *)p);
}

void out_be16(struct out *o, uint16_t v)
{
    uint8_t *p = out_room(o, 2);
    if (p != NULL)
        be16_write(p, v);
}

void out_be32(struct out *o, uint32_t v)
{
    uint8_t *p = out_room(o, 4);
    if (p != NULL)
        be32_write(p, v);
}

void out_be64(struct out *o, uint64_t v)
{
    uint8_t *p = out_room(o, 8);
    if (p != NULL)
        be64_write(p, v);
}

bool out_terminate(struct out *o)
{
    uint8_t *p = out_room(o, 1);
    if (p == NULL)
        return false;
    *p = 0;
    o->len--;
    return true;
}

uint16_t be16_read(const uint8_t *p)
{
    return (uint16_t)((unsigned)p[0] << 8 | p[1]);
}

uint32_t be32_read(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

uint64_t be64_read(const uint8_t *p)
{
    return (uint64_t)be32_read(p) << 32 | be32_read(p + 4);
}

void be16_write(uint8_t *p, uint16_t v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

void be32_write(uint8_t *p, uint32_t v)
{
    be16_write(p, (uint16_t)(v >> 16));
    be16_write(p + 2, (uint16_t)v);
}

void be64_write(uint8_t *p, uint64_t v)
{
    be32_write(p, (uint32_t)(v >> 32));
    be32_write(p + 4, (uint32_t)v);
}

bool lines_next(struct lines *l, struct bytes *ret_line)
{
    return bytes_split(l->rest, '\n', ret_line, &l->rest);
}
