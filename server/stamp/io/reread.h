/* SPDX-License-Identifier: Apache-2.0 */
/* The receipt of an entry that was stamped before: read from store and tiles, proved, and only then told. */
#ifndef SERVER_STAMP_IO_REREAD_H
#define SERVER_STAMP_IO_REREAD_H

#include "server/stamp/io/commit.h"
#include "server/stamp/io/tiles.h"

/* What the loop's side of the log reads from. `newest` is the checkpoint of `size`. */
struct log_reader {
    const struct store *store;
    struct tiles *tiles;
    const struct crypto *crypto;
    const char *origin;
    uint64_t size;
    struct bytes newest;
};

/* Writes the bare receipt of entry `index` < reader->size, on the checkpoint of the batch that it came with.
 * TAI_ERR_CORRUPT: what is stored does not lead to that checkpoint. */
TAISTAMP_MUST_CHECK enum tai_err log_reread(const struct log_reader *reader, uint64_t index, struct out *o,
                                            struct tai_error *error);
/* The receipt's text; the same for the first answer and for later ones. */
void receipt_write(struct out *o, enum taistamp_kind kind, const struct taistamp_digest *subject,
                   struct bytes entry, uint64_t index, const struct hash *path, size_t n,
                   struct bytes checkpoint);

#endif
