/* SPDX-License-Identifier: Apache-2.0 */
/* TAI64 and TAI64N labels: "@" and hex digits.
 *
 *     @ 40000000586846a4 1dcd6500          TAI64N, 2016-12-31T23:59:60.5Z
 *       |     second     |   ns   |          16 digits: second + 2^62; 8 digits: nanoseconds below 10^9
 *
 * Second 2^62 of TAI64 is 1970-01-01T00:00:00 TAI, our own epoch, so no table is needed. A bare TAI64 label
 * (16 digits) names the beginning of its second. Refused: upper-case digits, TAI64NA (attoseconds, which
 * tai_t does not hold), and seconds that tai_t does not reach. No state; any thread. Source:
 * https://cr.yp.to/libtai/tai64.html */
#ifndef SDK_TIME_TAI64_H
#define SDK_TIME_TAI64_H

#include "sdk/base/bytes.h"
#include "taistamp/time.h"

/* `text` with its "@". TAI_ERR_FORMAT, TAI_ERR_RANGE. */
TAISTAMP_MUST_CHECK enum tai_err tai64_parse(struct bytes text, tai_t *ret_t, struct tai_error *error);

#endif
