/* SPDX-License-Identifier: Apache-2.0 */
/* Making receipts again from the journal of a request that was answered (outbox.h), without a server.
 *
 * The journal has the digests and counters, the secret makes the salts, the answer is what the server signed: together
 * they give the very receipts that the run would have written. This is how a run that was killed half-way is finished,
 * and how the receipts of a batch are kept. */
#ifndef TOOLS_TAI_STAMP_REMAKE_H
#define TOOLS_TAI_STAMP_REMAKE_H

#include "taistamp/stamp.h"
#include "tools/tai-stamp/options.h"
#include "tools/tai-stamp/outbox.h"
#include "tools/tai-stamp/pins.h"

/* A session that has its answer, verified against the policy in `pins` that fits; its i-th file is content->items[i].
 * NULL and an error: no answer, the secret is another one, or no pinned policy believes the answer. */
taistamp_stamping *remake_session(const struct outbox_content *content, const struct pins *pins,
                                  struct tai_error *error);

/* Finishes what killed runs left: writes the receipts that are missing beside files that are still the same, removes
 * temporary files of those runs, and lets go of their journals. */
void remake_interrupted(const struct options *o, const struct pins *pins);

#endif
