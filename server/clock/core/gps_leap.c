/* SPDX-License-Identifier: Apache-2.0 */
#include "server/clock/core/gps_leap.h"

#define HALF_YEAR_NS INT64_C(15724800000000000) /* 182 days */

void gps_leap_heard(struct gps_leap *leap, int32_t tai_utc_s, tai_mono_t raw)
{
    if (!leap->has || leap->tai_utc_s != tai_utc_s)
        *leap = (struct gps_leap){true, tai_utc_s, raw};
}

/* Whether TAI-UTC can have become `now_s` since a table ended with `last_s`. */
static bool can_be(int32_t now_s, int32_t last_s, int64_t expired_ns)
{
    return now_s >= last_s - 1 && now_s - last_s <= 1 + expired_ns / HALF_YEAR_NS;
}

enum gps_leap_verdict gps_leap_decide(const struct gps_leap *leap, tai_mono_t raw,
                                      enum taistamp_utc_status status, int32_t table_s, int64_t expired_ns,
                                      int32_t *ret_tai_utc_s)
{
    if (status == TAISTAMP_UTC_OK) {
        if (leap->has && leap->tai_utc_s != table_s)
            return GPS_LEAP_DIFFERS;
        *ret_tai_utc_s = table_s;
        return GPS_LEAP_FINE;
    }
    if (!leap->has)
        return GPS_LEAP_UNKNOWN;
    if (status == TAISTAMP_UTC_EXPIRED && !can_be(leap->tai_utc_s, table_s, expired_ns))
        return GPS_LEAP_ABSURD;
    if (raw.ns - leap->raw_since.ns < GPS_LEAP_STEADY_NS)
        return GPS_LEAP_UNSTEADY;
    *ret_tai_utc_s = leap->tai_utc_s;
    return GPS_LEAP_FINE;
}
