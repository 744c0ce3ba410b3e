/* SPDX-License-Identifier: Apache-2.0 */
#include "sdk/sync/wire_fields.h"

#include <string.h>

void field_u8(struct wire_cursor *c, uint8_t *v)
{
    if (c->in != NULL)
        *v = c->in[c->done];
    else if (c->out != NULL)
        c->out[c->done] = *v;
    c->done += 1;
}

void field_u16(struct wire_cursor *c, uint16_t *v)
{
    if (c->in != NULL)
        *v = be16_read(c->in + c->done);
    else if (c->out != NULL)
        be16_write(c->out + c->done, *v);
    c->done += 2;
}

void field_u32(struct wire_cursor *c, uint32_t *v)
{
    if (c->in != NULL)
        *v = be32_read(c->in + c->done);
    else if (c->out != NULL)
        be32_write(c->out + c->done, *v);
    c->done += 4;
}

void field_u64(struct wire_cursor *c, uint64_t *v)
{
    if (c->in != NULL)
        *v = be64_read(c->in + c->done);
    else if (c->out != NULL)
        be64_write(c->out + c->done, *v);
    c->done += 8;
}

/* Two's complement; the conversion back is spelled out, for C17 leaves it to the compiler. */
static int64_t signed_of(uint64_t u)
{
    return u <= INT64_MAX ? (int64_t)u : -(int64_t)(UINT64_MAX - u) - 1;
}

void field_i32(struct wire_cursor *c, int32_t *v, int32_t min, int32_t max)
{
    uint32_t u = (uint32_t)*v;
    field_u32(c, &u);
    *v = u <= INT32_MAX ? (int32_t)u : -(int32_t)(UINT32_MAX - u) - 1;
    field_rule(c, *v >= min && *v <= max);
}

void field_i64(struct wire_cursor *c, int64_t *v, int64_t min, int64_t max)
{
    uint64_t u = (uint64_t)*v;
    field_u64(c, &u);
    *v = signed_of(u);
    field_rule(c, *v >= min && *v <= max);
}

void field_code(struct wire_cursor *c, unsigned *v, unsigned min, unsigned max)
{
    field_rule(c, *v <= UINT8_MAX || c->in != NULL);
    uint8_t u = (uint8_t)*v;
    field_u8(c, &u);
    if (c->in != NULL)
        *v = u;
    field_rule(c, *v >= min && *v <= max);
}

void field_flag(struct wire_cursor *c, bool *v)
{
    uint8_t u = *v;
    field_u8(c, &u);
    *v = u == 1;
    field_rule(c, u <= 1);
}

void field_bits(struct wire_cursor *c, uint32_t *v, uint32_t known)
{
    field_u32(c, v);
    field_rule(c, (*v & ~known) == 0);
}

void field_bytes(struct wire_cursor *c, uint8_t *v, size_t n)
{
    if (c->in != NULL)
        memcpy(v, c->in + c->done, n);
    else if (c->out != NULL)
        memcpy(c->out + c->done, v, n);
    c->done += n;
}

void field_reserved(struct wire_cursor *c, size_t n)
{
    if (c->in != NULL) {
        uint8_t any = 0;
        for (size_t i = 0; i < n; i++)
            any |= c->in[c->done + i];
        field_rule(c, any == 0);
    } else if (c->out != NULL) {
        memset(c->out + c->done, 0, n);
    }
    c->done += n;
}

void field_rule(struct wire_cursor *c, bool holds)
{
    if (!holds)
        c->bad = true;
}
