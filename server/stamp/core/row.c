/* SPDX-License-Identifier: Apache-2.0 */
#include "server/stamp/core/row.h"

#include "sdk/base/bug.h"

struct out row_entry_open(const struct out *row)
{
    BUG_UNLESS(!row->overflow && row->cap - row->len >= 2);
    return out_of(row->data + row->len + 2, row->cap - row->len - 2);
}

void row_entry_close(struct out *row, const struct out *entry)
{
    BUG_UNLESS(!entry->overflow && entry->len <= LIMIT_ENTRY && entry->data == row->data + row->len + 2);
    out_be16(row, (uint16_t)entry->len);
    row->len += entry->len;
}

bool row_next(struct bytes *rest, struct bytes *ret_entry)
{
    if (rest->len < 2)
        return false;
    size_t len = be16_read(rest->data);
    if (rest->len - 2 < len)
        return false;
    *ret_entry = bytes_of(rest->data + 2, len);
    *rest = bytes_of(rest->data + 2 + len, rest->len - 2 - len);
    return true;
}

struct hash row_digest(const struct crypto *c, uint64_t first, tai_t last_tai, const struct hash *leaves,
                       size_t n)
{
    uint8_t head[48];
    struct out o = out_of(head, sizeof head);
    out_str(&o, "taistamp.row/v1\n");
    out_be64(&o, first);
    out_be64(&o, n);
    out_be64(&o, (uint64_t)last_tai.ns);
    BUG_UNLESS(!o.overflow);
    const struct bytes parts[] = {out_view(&o), bytes_of(leaves, n * sizeof *leaves)};
    return crypto_sha256_parts(c, parts, 2);
}
