/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 3339 text of instants, in TAI and in UTC.
 *
 * Decides: the form of the text, the calendar, and whether the leap table has the second 60 that a text
 * names. Refuses: UTC before 1972 or without a table, a second 60 that the table does not have, a second 59
 * that a negative leap second removed, more than nine decimals, years that tai_t does not reach.
 *
 *     2016-12-31T23:59:60.5Z          UTC; also with an offset as in 2017-01-01T00:59:60.5+01:00
 *     2017-01-01T00:00:36.5 TAI       TAI; the space may be missing
 *
 * "T" may be lower case or a space and "Z" lower case, as the RFC allows. Worked number: both lines above are
 * 1483228836500000000. No state; any thread. Source: RFC 3339 section 5.6 and appendix D. */
#ifndef SDK_TIME_RFC3339_H
#define SDK_TIME_RFC3339_H

#include "sdk/time/civil.h"
#include "sdk/time/leap.h"

/* TAI_ERR_FORMAT, _RANGE, _UNKNOWN (UTC before 1972, without a table, or a second 60 beyond its expiry), each
 * with a sentence. `table` may be NULL. */
TAISTAMP_MUST_CHECK enum tai_err rfc3339_parse(struct bytes text, const struct leap_table *table,
                                               tai_t *ret_t, struct tai_error *error);
/* `digits` 0 to 9 decimals, cut towards the past. TAI_ERR_ARGUMENT, TAI_ERR_UNKNOWN (UTC only). *ret_status
 * is OK for TAI. */
TAISTAMP_MUST_CHECK enum tai_err rfc3339_print(tai_t t, enum taistamp_scale scale, unsigned digits,
                                               const struct leap_table *table,
                                               char ret_text[TAISTAMP_TIME_TEXT],
                                               enum taistamp_utc_status *ret_status);

#endif
