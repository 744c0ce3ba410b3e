/* SPDX-License-Identifier: Apache-2.0 */
/* What a timekeeper keeps over a restart, as text: one form only, so that printing what was parsed gives the same bytes.
 *
 *     taistamp-references-1
 *     known 1795262400                   TAI that had come at the least, s since 1970; 0: not known
 *     rate -12034567000 +-1500000        of TAI against the raw clock, fs/s, and one sigma
 *     ageing 1200 +-900                  its change in a day, fs/s
 *     coefficient 30000 +-8000           and with a kelvin, fs/s
 *     wander 1250000                     random walk of the rate, fs/s per root second
 *     temperature 301250                 to which the rate belongs, millikelvin; 0: no sensor
 *     seconds 86400                      how long has been learnt; 0: nothing, and the five lines above say nothing
 *     written 1795262400                 TAI, s since 1970; 0: not known
 *     timeline 1234567890123456789       number of the raw timeline that the rate belongs to; 0: not known
 *
 * Each line ends in LF (the remarks are not part of it). Rates are a start for the estimator, never a bound. Integers only; any
 * thread. */
#ifndef SERVER_CLOCK_CORE_TIMEKEEPER_RECORD_H
#define SERVER_CLOCK_CORE_TIMEKEEPER_RECORD_H

#include "server/clock/core/timekeeper.h"

enum { TIMEKEEPER_RECORD_LEN_MAX = 512 };

/* False (untouched): not a record, or a number that cannot be. */
bool timekeeper_record_parse(struct bytes text, struct timekeeper_memory *ret_memory);
/* Numbers out of the ranges above are an assertion. */
void timekeeper_record_print(const struct timekeeper_memory *memory, struct out *out);

#endif
