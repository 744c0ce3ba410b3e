/* SPDX-License-Identifier: Apache-2.0 */
/* The trust file: how good a time must be for this verifier, beside the policy that says whose keys count.
 *
 *     max_lag_s: 60              # witnesses may be this late; then the issuer's own time is void
 *     min_clock: upstream        # least source accepted: gps > upstream > quorum > system > assumed
 *     max_half_width_ns: 1000000000
 *     f: 1                       # liars tolerated among the witnesses; default (w-1)/2
 *     closed:                    # logs that have ended: their receipts must lead to this tree
 *       - origin: example.org/taistamp/8d123b5b08885826
 *         size: 200
 *         root: LME0MPR/bpLFnd11VgutMbnWd6vSrLxGaljazCDtDFg=
 *
 * The file is YAML, of which this reads a small part, so that the library needs no YAML parser: one mapping,
 * the one sequence of mappings under `closed`, plain and quoted scalars on one line, comments. Everything
 * else is refused rather than guessed at, and what is accepted any YAML reader reads the same way. Plain
 * scalars are of letters, digits and . _ / + = - : (a colon not last); quoted ones hold printable ASCII
 * but that quote and backslashes. All keys are optional; unknown and repeated ones are errors. Indentation is by
 * spaces. Nothing allocates; any thread. */
#ifndef SDK_PROOF_TRUST_H
#define SDK_PROOF_TRUST_H

#include "sdk/base/crypto.h"
#include "sdk/base/limits.h"
#include "taistamp/proof.h"

enum { TRUST_MAX_LAG_DEFAULT_S = 60 };
/* As ns it must fit an instant: 285 years. */
#define TRUST_MAX_LAG_LIMIT_S INT64_C(9000000000)

struct trust_closed {
    struct bytes origin; /* view into the text */
    uint64_t size;
    struct hash root;
};

struct trust {
    int64_t max_lag_s;
    enum taistamp_clock_source min_clock;
    tai_bound_t max_half_width;
    bool has_f;
    size_t f;
    size_t n_closed;
    struct trust_closed closed[LIMIT_CLOSED];
};

/* What holds without a file. */
void trust_default(struct trust *ret_trust);
/* TAI_ERR_FORMAT, _RANGE, _SPACE, with the line. *ret_trust is undefined after a failure. */
TAISTAMP_MUST_CHECK enum tai_err trust_parse(struct bytes text, struct trust *ret_trust,
                                             struct tai_error *error);

#endif
