/* SPDX-License-Identifier: Apache-2.0 */
/* The receipts of batches, kept as one file each.
 *
 * data/batches/NAME.list is the journal of a finished request (outbox.h): its files' digests, counters and commitments
 * in the order of the batch, and the server's answer. From that and the secret each of its receipts is made again, byte
 * for byte, so ten thousand of them cost one file. The lines are in the order of their digests, which is how one is
 * found without reading the whole. Lists are mapped, so opening many of them is cheap; an object is for one thread. */
#ifndef TOOLS_TAI_STAMP_BATCHES_H
#define TOOLS_TAI_STAMP_BATCHES_H

#include <stdbool.h>

#include "taistamp/hash.h"
#include "tools/tai-stamp/pins.h"

struct batches;

/* Opens all lists; none at all is fine. */
struct batches *batches_open(void);
void batches_close(struct batches *batches);
/* Whether any list has a digest of this algorithm. */
bool batches_algorithm(const struct batches *batches, enum taistamp_algorithm algorithm);
/* One more than the highest counter of `digest` in any list; 0: it is in none. */
uint64_t batches_next_counter(const struct batches *batches, const struct taistamp_digest *digest);
/* Makes the receipt of `digest` again, verified against the policy in `pins` that fits. *ret_text and *ret_where (the
 * list's path) are the caller's. False: it is in no list, or nothing can be made of that list. */
bool batches_receipt(struct batches *batches, const struct pins *pins, const struct taistamp_digest *digest,
                     char **ret_text, size_t *ret_len, char **ret_where);

#endif
