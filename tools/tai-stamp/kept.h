/* SPDX-License-Identifier: Apache-2.0 */
/* Receipts kept by digest, so that one is found again when its file was renamed or the .tai beside it was lost. Those of
 * batches are kept a batch in one file (batches.h); a single one is
 * data/receipts/ALGORITHM/HH/REST.COUNTER.tai, where HH and REST are the digest in hex and COUNTER says how often this
 * user had stamped this digest before (it is part of the salt, so with the secret a lost receipt can be made again). */
#ifndef TOOLS_TAI_STAMP_KEPT_H
#define TOOLS_TAI_STAMP_KEPT_H

#include "taistamp/hash.h"
#include "tools/tai-stamp/pins.h"

/* The path of one receipt, malloc'ed; NULL without a home folder. */
char *kept_path(const struct taistamp_digest *digest, uint64_t counter);
/* The kept receipt of the lowest counter, malloc'ed; NULL without one. Counters may have gaps: what was reserved for a
 * request that was given up is not used. */
char *kept_find(const struct taistamp_digest *digest);
/* A kept receipt, read. */
struct kept {
    char *text;
    size_t len;
    char *where; /* the file it came from */
};
struct kept_store; /* all that are kept; for one thread */
/* `pins` has to outlive it: it says whose answers are believed when a batch's receipts are made again. */
struct kept_store *kept_open(const struct pins *pins);
void kept_close(struct kept_store *store); /* NULL is fine */
/* The first receipt that is kept for `digest`. False: none, or it cannot be read. Release with kept_free. */
bool kept_read(struct kept_store *store, const struct taistamp_digest *digest, struct kept *ret_kept);
void kept_free(struct kept *kept);
/* The first counter without a receipt: with none kept, 0. */
uint64_t kept_count(const struct taistamp_digest *digest);
/* Makes the folder that the receipts of `digest` go to. An errno value, 0: fine. */
TAISTAMP_MUST_CHECK int kept_prepare(const struct taistamp_digest *digest);
/* Whether any receipt may be kept for digests of this algorithm: without one, hashing for it would be vain. */
bool kept_any(struct kept_store *store, enum taistamp_algorithm algorithm);

#endif
