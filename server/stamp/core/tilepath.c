/* SPDX-License-Identifier: Apache-2.0 */
#include "server/stamp/core/tilepath.h"

#include "sdk/base/bug.h"
#include "sdk/base/text.h"

static bool read_group(struct bytes digits, unsigned *ret_v)
{
    if (digits.len != 3)
        return false;
    unsigned v = 0;
    for (size_t i = 0; i < 3; i++) {
        if (digits.data[i] < '0' || digits.data[i] > '9')
            return false;
        v = v * 10 + (unsigned)(digits.data[i] - '0');
    }
    *ret_v = v;
    return true;
}

/* "x001/x234/067": groups, the first of several not 000. */
static bool read_index(struct bytes text, uint64_t *ret_index)
{
    uint64_t v = 0;
    unsigned group;
    for (bool first = true; text.len > 0 && text.data[0] == 'x'; first = false) {
        struct bytes head;
        if (!bytes_split(text, '/', &head, &text))
            return false;
        if (!read_group(bytes_of(head.data + 1, head.len - 1), &group) || (first && group == 0))
            return false;
        if (v > UINT64_MAX / 10000000)
            return false;
        v = v * 1000 + group;
    }
    if (!read_group(text, &group))
        return false;
    *ret_index = v * 1000 + group;
    return true;
}

/* Cuts ".p/<width>" off the end. */
static bool cut_width(struct bytes *text, unsigned *ret_width)
{
    *ret_width = TILE_WIDTH;
    for (size_t i = 0; i + 3 <= text->len; i++) {
        if (!bytes_equal(bytes_of(text->data + i, 3), BYTES_LIT(".p/")))
            continue;
        uint64_t w;
        if (!text_read_u64(bytes_of(text->data + i + 3, text->len - i - 3), TILE_WIDTH - 1, &w) || w == 0)
            return false;
        *ret_width = (unsigned)w;
        text->len = i;
        return true;
    }
    return true;
}

bool tilepath_parse(struct bytes text, struct tilepath *ret_path)
{
    struct bytes level, rest;
    struct tilepath p = {0};
    uint64_t l = 0;
    if (!bytes_split(text, '/', &level, &rest) || !cut_width(&rest, &p.width) || !read_index(rest, &p.index))
        return false;
    p.entries = bytes_equal_str(level, "entries");
    if (!p.entries && !text_read_u64(level, TILE_LEVELS - 1, &l))
        return false;
    p.level = (unsigned)l;
    unsigned span = TILE_BITS * (p.level + 1); /* the tile starts at leaf index << span, below 2^63 */
    if (span >= 63 ? p.index > 0 : p.index >> (63 - span) != 0)
        return false;
    *ret_path = p;
    return true;
}

static void out_group(struct out *o, unsigned group)
{
    out_char(o, (char)('0' + group / 100));
    out_char(o, (char)('0' + group / 10 % 10));
    out_char(o, (char)('0' + group % 10));
}

void tilepath_print(const struct tilepath *path, char ret_text[TILEPATH_TEXT])
{
    struct out o = out_of(ret_text, TILEPATH_TEXT);
    if (path->entries)
        out_str(&o, "entries");
    else
        out_u64(&o, path->level);
    uint64_t unit = 1;
    while (path->index / unit >= 1000)
        unit *= 1000;
    for (; unit > 1; unit /= 1000) {
        out_str(&o, "/x");
        out_group(&o, (unsigned)(path->index / unit % 1000));
    }
    out_char(&o, '/');
    out_group(&o, (unsigned)(path->index % 1000));
    if (path->width < TILE_WIDTH) {
        out_str(&o, ".p/");
        out_u64(&o, path->width);
    }
    BUG_UNLESS(out_terminate(&o));
}
