/* SPDX-License-Identifier: Apache-2.0 */
#include "server/stamp/io/recover.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sdk/base/bug.h"
#include "sdk/base/error.h"
#include "sdk/proof/entry.h"

#define RESTORE " (stop here, keep the files as they are, and restore the newest backup of the data folder)"

struct recovery {
    struct signer *signer;
    struct tiles *tiles;
    const struct crypto *crypto;
    struct sign_head slot; /* as it was found */
    bool slot_met;
    uint64_t from; /* rows before this entry have been dealt with */
    bool kept;     /* the checkpoint of the row before was in the store */
    struct log_state *state;
    struct batch_tree tree;
    struct hash leaves[BATCH_MAX];
};

static enum tai_err corrupt(uint64_t index, const char *what, struct tai_error *error)
{
    char text[300];
    snprintf(text, sizeof text, "log.db, entries from %llu on: %s" RESTORE, (unsigned long long)index, what);
    return error_set(error, TAI_ERR_CORRUPT, text);
}

/* Hashes the row's entries; parses the last one, or all where nobody has signed them yet. */
static enum tai_err read_entries(struct recovery *r, const struct store_batch *b, struct tai_error *error)
{
    struct bytes rest = b->entries, text;
    bool is_signed = b->first + b->count <= r->slot.size;
    tai_t last = r->state->last_tai;
    for (size_t i = 0; i < b->count; i++) {
        if (!row_next(&rest, &text))
            return corrupt(b->first, "the row is shorter than it says", error);
        r->leaves[i] = merkle_leaf_hash(r->crypto, text);
        if (is_signed && i + 1 < b->count)
            continue;
        struct entry entry;
        if (entry_parse(text, &entry, NULL) != TAI_OK)
            return corrupt(b->first, "not an entry", error);
        if (!bytes_equal_str(entry.issuer, signer_origin(r->signer)))
            return corrupt(b->first, "an entry of another log", error);
        if (entry.t.ns <= last.ns)
            return corrupt(b->first, "the entries' times do not increase", error);
        last = entry.t;
    }
    if (rest.len > 0 || last.ns != b->last_tai.ns)
        return corrupt(b->first, "the row is not as it was written", error);
    return TAI_OK;
}

static enum tai_err check_row(struct recovery *r, const struct store_batch *b, struct tai_error *error)
{
    if (b->first != r->state->frontier.size)
        return corrupt(r->state->frontier.size, "a row is missing", error);
    if (b->first > 0 && !r->kept)
        return corrupt(b->first, "the checkpoint of the row before is missing", error);
    r->kept = b->checkpoint.len > 0;
    if (b->count == 0 || b->count > BATCH_MAX)
        return corrupt(b->first, "the row has an impossible number of entries", error);
    enum tai_err err = read_entries(r, b, error);
    if (err != TAI_OK)
        return err;
    struct hash digest = row_digest(r->crypto, b->first, b->last_tai, r->leaves, b->count);
    if (!hash_equal(&digest, &b->digest))
        return corrupt(b->first, "the row does not match its digest", error);
    return TAI_OK;
}

static bool is_checkpoint_of(const struct recovery *r, struct bytes note)
{
    uint8_t text[CHECKPOINT_BODY_MAX + 1];
    struct out body = out_of(text, sizeof text);
    checkpoint_emit(&body,
                    &(struct checkpoint){bytes_of_str(signer_origin(r->signer)), r->tree.size, r->tree.root});
    out_char(&body, '\n');
    return note.len > body.len && bytes_equal(bytes_of(note.data, body.len), out_view(&body));
}

/* What the slot already knows must be the same; what it does not know yet is signed now. */
static enum tai_err settle_head(struct recovery *r, const struct store_batch *b, struct tai_error *error)
{
    struct sign_head head = {.size = r->tree.size, .root = r->tree.root, .last_tai = b->last_tai};
    struct log_state *s = r->state;
    if (head.size < r->slot.size) {
        s->checkpoint_len = 0;
        return TAI_OK;
    }
    if (head.size == r->slot.size) {
        if (!hash_equal(&head.root, &r->slot.root) || head.last_tai.ns != r->slot.last_tai.ns)
            return error_set(
                error, TAI_ERR_CORRUPT,
                "log.db holds other entries than were signed: its tree differs from the head slot at the "
                "same size" RESTORE);
        r->slot_met = true;
    }
    if (!r->slot_met)
        return error_set(error, TAI_ERR_CORRUPT,
                         "log.db holds other batches than were signed: the head slot's size is in the middle "
                         "of one" RESTORE);
    struct hash proof[MERKLE_CONSISTENCY_MAX];
    size_t n;
    bool made =
        merkle_consistency_read(r->crypto, r->tree.from, r->tree.size, batch_tree_get, &r->tree, proof, &n);
    BUG_UNLESS(made);
    struct out o = out_of(s->checkpoint, sizeof s->checkpoint);
    enum tai_err err = signer_sign(r->signer, &head, proof, n, &o, error);
    s->checkpoint_len = o.len;
    return err;
}

static enum tai_err visit_row(void *user, const struct store_batch *b, struct tai_error *error)
{
    struct recovery *r = user;
    if (b->first < r->from)
        return TAI_OK;
    enum tai_err err = check_row(r, b, error);
    if (err != TAI_OK)
        return err;
    batch_tree_build(&r->state->frontier, r->crypto, r->leaves, b->count, &r->tree);
    if (b->checkpoint.len > 0 && !is_checkpoint_of(r, b->checkpoint))
        return corrupt(b->first, "the stored checkpoint is not that of the tree", error);
    err = settle_head(r, b, error);
    if (err == TAI_OK)
        err = tiles_replay(r->tiles, &r->tree, error);
    if (err != TAI_OK)
        return err;
    batch_tree_advance(&r->tree, &r->state->frontier);
    r->state->last_tai = b->last_tai;
    return TAI_OK;
}

static enum tai_err behind(const struct recovery *r, struct tai_error *error)
{
    char text[400];
    snprintf(text, sizeof text,
             "log.db ends at entry %llu, but %llu were signed: it lost acknowledged stamps, or an older copy "
             "was put "
             "back" RESTORE,
             (unsigned long long)r->state->frontier.size, (unsigned long long)r->slot.size);
    return error_set(error, TAI_ERR_CORRUPT, text);
}

enum tai_err log_recover(const struct store *store, struct signer *signer, struct tiles *tiles,
                         const struct crypto *crypto, struct log_state *ret_state, struct tai_error *error)
{
    struct recovery *r = calloc(1, sizeof *r);
    if (r == NULL)
        return error_set(error, TAI_ERR_MEMORY, "out of memory");
    memset(ret_state, 0, sizeof *ret_state);
    r->signer = signer;
    r->tiles = tiles;
    r->crypto = crypto;
    r->state = ret_state;
    signer_head(signer, &r->slot);
    r->slot_met = r->slot.size == 0;
    enum tai_err err =
        r->slot.size == 0 ? TAI_OK : store->read(store->ctx, 0, r->slot.size, visit_row, r, error);
    if (err == TAI_OK && ret_state->frontier.size < r->slot.size)
        err = behind(r, error);
    /* The database has not been touched so far, so that a refusal leaves it as it was. What the slot does not know yet
     * may not be on the disk: it must be before the slot knows it, or the next power cut would leave the slot ahead. */
    if (err == TAI_OK)
        err = store->renew(store->ctx, error);
    r->from = ret_state->frontier.size;
    if (err == TAI_OK)
        err = store->read(store->ctx, r->from, MERKLE_SIZE_MAX, visit_row, r, error);
    if (err == TAI_OK && ret_state->frontier.size == 0) {
        struct out o = out_of(ret_state->checkpoint, sizeof ret_state->checkpoint);
        err = signer_sign(signer, &r->slot, NULL, 0, &o, error);
        ret_state->checkpoint_len = o.len;
    }
    free(r);
    return err;
}
