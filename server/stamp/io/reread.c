/* SPDX-License-Identifier: Apache-2.0 */
#include "server/stamp/io/reread.h"

#include <string.h>

#include "sdk/base/error.h"
#include "sdk/proof/receipt.h"

/* One entry and the checkpoint of its batch, out of the row. */
struct found {
    uint64_t index;
    bool there;
    uint64_t size; /* after its batch */
    size_t entry_len, checkpoint_len;
    uint8_t entry[LIMIT_ENTRY];
    uint8_t checkpoint[SIGNED_CHECKPOINT_MAX];
};

static enum tai_err visit_row(void *user, const struct store_batch *b, struct tai_error *error)
{
    struct found *f = user;
    struct bytes rest = b->entries, text = {0};
    for (uint64_t i = b->first; i <= f->index; i++)
        if (i >= b->first + b->count || !row_next(&rest, &text))
            return error_set(error, TAI_ERR_CORRUPT, "a row of the database is shorter than it says");
    if (text.len > sizeof f->entry || b->checkpoint.len > sizeof f->checkpoint)
        return error_set(error, TAI_ERR_CORRUPT, "a row of the database is longer than it can be");
    memcpy(f->entry, text.data, text.len);
    f->entry_len = text.len;
    if (b->checkpoint.len > 0)
        memcpy(f->checkpoint, b->checkpoint.data, b->checkpoint.len);
    f->checkpoint_len = b->checkpoint.len;
    f->size = b->first + b->count;
    f->there = true;
    return TAI_OK;
}

/* The path must lead from the entry to the root that the checkpoint states. */
static bool proves(const struct log_reader *r, const struct found *f, struct bytes checkpoint,
                   const struct hash *path, size_t n)
{
    struct hash leaf = merkle_leaf_hash(r->crypto, bytes_of(f->entry, f->entry_len)), root;
    if (!merkle_path_root(r->crypto, &leaf, f->index, f->size, path, n, &root))
        return false;
    uint8_t text[CHECKPOINT_BODY_MAX + 1];
    struct out body = out_of(text, sizeof text);
    checkpoint_emit(&body, &(struct checkpoint){bytes_of_str(r->origin), f->size, root});
    out_char(&body, '\n');
    return checkpoint.len > body.len && bytes_equal(bytes_of(checkpoint.data, body.len), out_view(&body));
}

void receipt_write(struct out *o, enum taistamp_kind kind, const struct taistamp_digest *subject,
                   struct bytes entry, uint64_t index, const struct hash *path, size_t n,
                   struct bytes checkpoint)
{
    bool plain = kind == TAISTAMP_DIGEST || kind == TAISTAMP_TOKEN;
    receipt_emit_bare(o, entry, plain ? subject : NULL, index, path, n, checkpoint);
}

enum tai_err log_reread(const struct log_reader *reader, uint64_t index, struct out *o,
                        struct tai_error *error)
{
    struct found f = {.index = index};
    enum tai_err err = reader->store->read(reader->store->ctx, index, index + 1, visit_row, &f, error);
    if (err != TAI_OK)
        return err;
    struct bytes entry_text = bytes_of(f.entry, f.entry_len);
    struct entry entry;
    if (!f.there || entry_parse(entry_text, &entry, NULL) != TAI_OK)
        return error_set(error, TAI_ERR_CORRUPT, "the database does not hold the entry that was signed");
    struct bytes checkpoint =
        f.size == reader->size ? reader->newest : bytes_of(f.checkpoint, f.checkpoint_len);
    struct hash path[LIMIT_PATH_HASHES];
    size_t n;
    if (!merkle_path_read(reader->crypto, index, f.size, tiles_get, reader->tiles, path, &n) ||
        !proves(reader, &f, checkpoint, path, n))
        return error_set(
            error, TAI_ERR_CORRUPT,
            "what is stored of this entry does not lead to its signed checkpoint: the disk changed it");
    receipt_write(o, entry.kind, &entry.subject, entry_text, index, path, n, checkpoint);
    return o->overflow ? error_set(error, TAI_ERR_SPACE, "no room for the receipt") : TAI_OK;
}
