/* SPDX-License-Identifier: Apache-2.0 */
/* A batch as a row of the store: its entries one behind the other, each behind its length, and the row's
 * digest.
 *
 *     offset  bytes
 *          0      2  length of the first entry, big-endian
 *          2      n  the first entry
 *        n+2      2  length of the second ...
 *
 * which is the form of C2SP entry bundles, so that bundles are cut from rows without rewriting. The digest is
 * SHA-256 over "taistamp.row/v1", LF, index of the first entry, number of entries, TAI of the last (8 bytes
 * each, big-endian), and the leaf hashes: it costs next to nothing beside the tree, and names the row that
 * was damaged. Pure. */
#ifndef SERVER_STAMP_CORE_ROW_H
#define SERVER_STAMP_CORE_ROW_H

#include "server/stamp/core/sequencer.h"
#include "taistamp/time.h"

enum { ROW_BYTES_MAX = BATCH_MAX * (LIMIT_ENTRY + 2) };

/* Appends an entry, whose text lies in row->data already, 2 bytes behind its end: fill in place, then close.
 */
struct out row_entry_open(const struct out *row);
void row_entry_close(struct out *row, const struct out *entry);
/* Takes the next entry off `rest`: false at the end, and where the lengths do not fit. */
bool row_next(struct bytes *rest, struct bytes *ret_entry);
struct hash row_digest(const struct crypto *c, uint64_t first, tai_t last_tai, const struct hash *leaves,
                       size_t n);

#endif
