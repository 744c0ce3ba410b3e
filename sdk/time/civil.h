/* SPDX-License-Identifier: Apache-2.0 */
/* The proleptic Gregorian calendar: days since 1970-01-01 and year, month, day.
 *
 * Years count astronomically (1 BC is 0). Text forms have years 0 to 9999 (RFC 3339), and tai_t reaches from
 * 1677 to 2262; the arithmetic here holds far beyond both. No state; any thread. */
#ifndef SDK_TIME_CIVIL_H
#define SDK_TIME_CIVIL_H

#include <stdbool.h>
#include <stdint.h>

#define SECONDS_PER_DAY INT64_C(86400)

/* A date and a time of day, in whatever scale the caller means. */
struct civil {
    int64_t year;
    int32_t month;  /* 1 to 12 */
    int32_t day;    /* 1 to 31 */
    int32_t hour;   /* 0 to 23 */
    int32_t minute; /* 0 to 59 */
    int32_t second; /* 0 to 59; 60 in UTC inside an inserted second */
    int32_t ns;     /* 0 to 999999999 */
};

/* 28 to 31. `month` 1 to 12. */
int32_t civil_days_in_month(int64_t year, int32_t month);
/* Every field in its range; second 60 counts as in range here: whether there is one is the leap table's word.
 */
bool civil_valid(const struct civil *c);
/* Days since 1970-01-01, negative before. |year| below 10^12. */
int64_t civil_to_days(int64_t year, int32_t month, int32_t day);
/* Seconds since 1970-01-01T00:00:00, every day counted as 86400 s. `ns` is left out; second 60 counts on. */
int64_t civil_to_seconds(const struct civil *c);
/* The reverse; *ret_civil gets ns 0. |seconds| below 10^19 / 2. */
void civil_from_seconds(int64_t seconds, struct civil *ret_civil);

#endif
