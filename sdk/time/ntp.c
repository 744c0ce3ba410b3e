/* SPDX-License-Identifier: Apache-2.0 */
#include "sdk/time/ntp.h"

#include "sdk/base/bug.h"
#include "sdk/time/arith.h"

/* ns * 2^32 / 10^9 rounded down, and what is left: the first 32 bits of a long division. */
static uint32_t divide_32(uint64_t ns, uint64_t *ret_rest)
{
    uint64_t scaled = ns << 32;
    *ret_rest = scaled % (uint64_t)NS_PER_S;
    return (uint32_t)(scaled / (uint64_t)NS_PER_S);
}

struct tai_ntp_date ntp_date_from_posix(int64_t posix_s, int32_t ns)
{
    BUG_UNLESS(ns >= 0 && ns < NS_PER_S);
    uint64_t rest;
    uint64_t high = divide_32((uint64_t)ns, &rest);
    uint64_t low = divide_32(rest, &rest);
    /* ns < 10^9, so the fraction stays below 2^64 - 2^34: rounding up cannot carry into the second. */
    return (struct tai_ntp_date){posix_s + NTP_TO_POSIX_S, (high << 32 | low) + (rest != 0 ? 1 : 0)};
}

enum tai_err ntp_date_to_posix(struct tai_ntp_date date, int64_t *ret_posix_s, int32_t *ret_ns)
{
    int64_t posix_s;
    if (!arith_sub(date.seconds, NTP_TO_POSIX_S, &posix_s))
        return TAI_ERR_RANGE;
    uint64_t high = date.fraction >> 32, low = date.fraction & UINT32_MAX;
    *ret_ns = (int32_t)((high * (uint64_t)NS_PER_S + (low * (uint64_t)NS_PER_S >> 32)) >> 32);
    *ret_posix_s = posix_s;
    return TAI_OK;
}

struct tai_ntp_date ntp_date_near(uint64_t timestamp, int64_t pivot_posix_s)
{
    int64_t pivot = pivot_posix_s + NTP_TO_POSIX_S;
    int64_t first = pivot - (INT64_C(1) << 31);
    /* How far the timestamp's second lies behind the window's first one, modulo 2^32. */
    uint32_t ahead = (uint32_t)(timestamp >> 32) - (uint32_t)(uint64_t)first;
    return (struct tai_ntp_date){first + ahead, (timestamp & UINT32_MAX) << 32};
}

uint64_t ntp_timestamp_from_posix(int64_t posix_s, int32_t ns)
{
    BUG_UNLESS(ns >= 0 && ns < NS_PER_S);
    uint64_t rest;
    uint64_t fraction = divide_32((uint64_t)ns, &rest) + (rest != 0 ? UINT64_C(1) : UINT64_C(0));
    uint64_t timestamp = ((uint64_t)posix_s + (uint64_t)NTP_TO_POSIX_S) << 32 | fraction;
    /* Zero means "unknown" on the wire; the first fraction of an era's first second reads back as 0 ns too.
     */
    return timestamp == 0 ? 1 : timestamp;
}
