/* SPDX-License-Identifier: Apache-2.0 */
/* What a verification found, in a sentence for people and as JSON for programs. Every time carries its ±. */
#ifndef TOOLS_TAI_STAMP_DESCRIBE_H
#define TOOLS_TAI_STAMP_DESCRIBE_H

#include "taistamp/proof.h"
#include "tools/json.h"

/* "2026-11-20T21:00:16.611084572 TAI (20:59:39.611084572Z the same day) ...": TAI, then UTC where it is known, then ± of
 * `h`; malloc'ed. Decimals are shown as far as `h` gives them meaning. Without a table, or past its end, it says so. */
char *describe_instant(tai_t t, tai_bound_t h, const taistamp_leaps *leaps);
/* The same for a bare instant without a half-width. */
char *describe_bare(tai_t t, const taistamp_leaps *leaps);
/* "GPS or another satellite receiver", "an error declared by the operator, not measured", ... */
const char *describe_clock(enum taistamp_clock_source clock);
/* One sentence: "<subject> existed no later than T TAI (UTC ...) +- 101 ms, by a clock ..., says entry 3 of ..., and that rests
 * on this one operator's word." or, with witnesses, "and 3 of 4 witnesses confirm that it was no later than ...".
 * malloc'ed. For verdicts VALID and CLAIM_VOID. */
char *describe_verification(const char *subject, const struct taistamp_receipt_info *info,
                            const struct taistamp_verification *v, const taistamp_leaps *leaps);

/* Adds what a receipt says (t, h, clock, index, size, issuer, kind, digest, ...) to a JSON object. */
void describe_info_json(json_t *object, const struct taistamp_receipt_info *info,
                        const taistamp_leaps *leaps);
/* Adds valid, verdict, claim_void, independent_tai, witnesses ... */
void describe_verification_json(json_t *object, const struct taistamp_verification *v,
                                const taistamp_leaps *leaps);
/* Adds a text that may hold any bytes. */
void describe_text_json(json_t *object, const char *key, const char *text);

#endif
