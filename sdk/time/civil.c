/* SPDX-License-Identifier: Apache-2.0 */
#include "sdk/time/civil.h"

#include "sdk/base/bug.h"
#include "sdk/time/arith.h"

/* The calendar repeats every 400 years. A year is counted from March, so that the leap day is its last day.
 */
enum { DAYS_PER_ERA = 146097, DAYS_PER_CENTURY = 36524, DAYS_PER_4_YEARS = 1461, YEARS_PER_ERA = 400 };
/* Days from 0000-03-01 to 1970-01-01. */
enum { EPOCH_DAYS = 719468 };

static bool is_leap_year(int64_t year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

int32_t civil_days_in_month(int64_t year, int32_t month)
{
    static const int32_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    BUG_UNLESS(month >= 1 && month <= 12);
    return month == 2 && is_leap_year(year) ? 29 : days[month - 1];
}

bool civil_valid(const struct civil *c)
{
    return c->month >= 1 && c->month <= 12 && c->day >= 1 &&
           c->day <= civil_days_in_month(c->year, c->month) && c->hour >= 0 && c->hour <= 23 &&
           c->minute >= 0 && c->minute <= 59 && c->second >= 0 && c->second <= 60 && c->ns >= 0 &&
           c->ns < NS_PER_S;
}

/* Days before a month of the March-based year (March is 0): months of 31 and 30 days alternate in groups of
 * five. */
static int64_t days_before_month(int64_t m)
{
    return (153 * m + 2) / 5;
}

int64_t civil_to_days(int64_t year, int32_t month, int32_t day)
{
    int64_t march_month = month > 2 ? month - 3 : month + 9;
    int64_t year_of_era;
    int64_t era = arith_div_floor(month > 2 ? year : year - 1, YEARS_PER_ERA, &year_of_era);
    int64_t day_of_year = days_before_month(march_month) + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * DAYS_PER_ERA + day_of_era - EPOCH_DAYS;
}

int64_t civil_to_seconds(const struct civil *c)
{
    int64_t of_day = c->hour * INT64_C(3600) + c->minute * INT64_C(60) + c->second;
    return civil_to_days(c->year, c->month, c->day) * SECONDS_PER_DAY + of_day;
}

void civil_from_seconds(int64_t seconds, struct civil *ret_civil)
{
    int64_t of_day, day_of_era;
    int64_t days = arith_div_floor(seconds, SECONDS_PER_DAY, &of_day);
    int64_t era = arith_div_floor(days + EPOCH_DAYS, DAYS_PER_ERA, &day_of_era);
    /* The last day of four years, of a century and of the era is a leap day (or its absence): take it out
     * first. */
    int64_t year_of_era = (day_of_era - day_of_era / (DAYS_PER_4_YEARS - 1) + day_of_era / DAYS_PER_CENTURY -
                           day_of_era / (DAYS_PER_ERA - 1)) /
                          365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t march_month = (5 * day_of_year + 2) / 153;
    int32_t month = (int32_t)(march_month < 10 ? march_month + 3 : march_month - 9);
    *ret_civil = (struct civil){
        .year = era * YEARS_PER_ERA + year_of_era + (month <= 2 ? 1 : 0),
        .month = month,
        .day = (int32_t)(day_of_year - days_before_month(march_month) + 1),
        .hour = (int32_t)(of_day / 3600),
        .minute = (int32_t)(of_day / 60 % 60),
        .second = (int32_t)(of_day % 60),
    };
}
