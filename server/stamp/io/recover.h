/* SPDX-License-Identifier: Apache-2.0 */
/* The start of a log: every row is read and hashed again, and the result held against the head slot.
 *
 * Refused, with a sentence that says what to do: a database that is behind the slot (it lost acknowledged
 * stamps, or is an older copy), one whose tree at the slot's size has another root, rows that contradict
 * themselves or each other, stored checkpoints that are not those of the tree. Continued: a database ahead of
 * the slot. That is what a crash between commit and slot leaves; each batch that the slot does not know is
 * signed now, as it would have been then, and since signing is deterministic a batch that had been signed
 * gets the very same bytes. Before that all of it is made durable once more: a process that was killed, or whose
 * fsync failed, leaves pages that can be read and need not be on the disk. Also here: tiles that are missing or
 * wrong are written again.
 *
 * Cost: about 1 us per entry. */
#ifndef SERVER_STAMP_IO_RECOVER_H
#define SERVER_STAMP_IO_RECOVER_H

#include "server/stamp/io/commit.h"
#include "server/stamp/io/tiles.h"

/* `tiles` is empty before and holds the whole tree afterwards. TAI_ERR_CORRUPT, TAI_ERR_CONFLICT, TAI_ERR_IO.
 */
TAISTAMP_MUST_CHECK enum tai_err log_recover(const struct store *store, struct signer *signer,
                                             struct tiles *tiles, const struct crypto *crypto,
                                             struct log_state *ret_state, struct tai_error *error);

#endif
