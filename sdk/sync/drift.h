/* SPDX-License-Identifier: Apache-2.0 */
/* The drift file: what a node has learnt of its oscillator, so that a restart begins with it.
 *
 * Only what survives a boot is in it: rates, never offsets, readings or timeline ids. Text, so that a person can read it;
 * exactly one form, so that printing what was parsed gives the same bytes. Strict: any other byte is refused, the file is
 * then treated as absent, and the declared bound counts. What it says is a start for the estimators, never a bound:
 * a file from another machine costs some polls, not the truth of an interval.
 *
 *     taistamp-drift-1
 *     oscillator -12034567 +-1500        rate that cluster time has against the raw clock, ps/s, and one sigma
 *     wander 1250                        random walk of that rate, ps/s per root second
 *     ensemble 400 +-90                  rate of the ensemble against the raw clock, ps/s (0 +-0: never formed)
 *     seconds 86400                      how long has been learnt
 *     written 1793268000                 TAI, s since 1970; 0 where absolute time was not known
 *
 * Each line ends in LF; one space between the words (the remarks above are not part of it). Integers only; any thread. */
#ifndef SDK_SYNC_DRIFT_H
#define SDK_SYNC_DRIFT_H

#include "sdk/base/bytes.h"
#include "sdk/sync/sync.h"

enum { DRIFT_TEXT_MAX = 256 };
#define DRIFT_SECONDS_MAX UINT64_C(10000000000) /* both times: year 2286 */

struct drift {
    int64_t oscillator_ps_per_s; /* within +-SYNC_RATE_PS_MAX, as all rates here */
    int64_t oscillator_sigma_ps_per_s;
    int64_t wander_ps_per_s;
    int64_t ensemble_ps_per_s;
    int64_t ensemble_sigma_ps_per_s;
    uint64_t learnt_s;
    uint64_t written_tai_s;
};

enum drift_verdict {
    DRIFT_OK,
    DRIFT_VERSION, /* first line is not ours: perhaps a newer version */
    DRIFT_SYNTAX,  /* a line is missing, too much, or not in its only form */
    DRIFT_RANGE    /* a number is outside its range */
};

/* Whole file; *ret_drift untouched unless DRIFT_OK. */
enum drift_verdict drift_parse(struct bytes text, struct drift *ret_drift);
/* Writes the text, at most DRIFT_TEXT_MAX bytes. Values must be in range (an assertion). */
void drift_print(const struct drift *drift, struct out *out);

#endif
