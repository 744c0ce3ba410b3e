/* SPDX-License-Identifier: Apache-2.0 */
/* The words of the formats: algorithms, kinds and sources of time, to text and back; and "<algorithm>:<hex>".
 */
#ifndef SDK_PROOF_WORDS_H
#define SDK_PROOF_WORDS_H

#include "sdk/base/bytes.h"
#include "taistamp/proof.h"

bool algorithm_parse(struct bytes word, enum taistamp_algorithm *ret_algorithm);
bool kind_parse(struct bytes word, enum taistamp_kind *ret_kind);
bool clock_source_parse(struct bytes word, enum taistamp_clock_source *ret_source);

/* "<algorithm>:<lower-case hex>" of the algorithm's exact length. */
bool digest_parse(struct bytes text, struct taistamp_digest *ret_digest);
void digest_emit(struct out *o, const struct taistamp_digest *digest);
struct bytes digest_bytes(const struct taistamp_digest *digest);

/* If `line` is "<word> <something>", gives the something. */
bool line_field(struct bytes line, const char *word, struct bytes *ret_rest);

#endif
