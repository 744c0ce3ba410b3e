/* SPDX-License-Identifier: Apache-2.0 */
#include "server/clock/core/ntp_smear.h"

#include "sdk/time/arith.h"
#include "sdk/time/page.h"

#define REFERENCE_SMOOTHED UINT32_C(0x7f7f01ff) /* 127.127.1.255 */
enum { REFERENCE_SMEARED = 254 };               /* its first byte */

static bool within(tai_t t, tai_t leap)
{
    int64_t apart;
    return arith_sub(t.ns, leap.ns, &apart) && apart >= -NTP_SMEAR_WINDOW_NS && apart <= NTP_SMEAR_WINDOW_NS;
}

/* The leap second in whose window `t` is. */
static bool leap_around(const struct utc_leaps *leaps, tai_t t, tai_t *ret_leap, int32_t *ret_step_s)
{
    if (leaps->table.next.ns < PAGE_NEVER && within(t, leaps->table.next)) {
        *ret_leap = leaps->table.next;
        *ret_step_s = leaps->table.next_tai_utc_s - leaps->table.tai_utc_s;
        return true;
    }
    if (leaps->has_last && within(t, leaps->last)) {
        *ret_leap = leaps->last;
        *ret_step_s = leaps->last_step_s;
        return true;
    }
    return false;
}

static bool announces(enum ntp_leap leap, int32_t step_s)
{
    return leap == (step_s > 0 ? NTP_LEAP_INSERT : NTP_LEAP_DELETE);
}

static int64_t distance(tai_t a, tai_t b)
{
    int64_t d;
    if (!arith_sub(a.ns, b.ns, &d) || d == INT64_MIN)
        return INT64_MAX;
    return d < 0 ? -d : d;
}

static enum ntp_smear_verdict compare(const struct ntp_smear_said *said, const struct tai_interval *known,
                                      int64_t *ret_error_ns)
{
    if (known == NULL)
        return NTP_SMEAR_UNANNOUNCED;
    struct tai_interval mine = interval_saturating(said->tai, (tai_bound_t){said->error_ns});
    if (mine.earliest.ns > known->latest.ns || mine.latest.ns < known->earliest.ns)
        return NTP_SMEAR_DISAGREES;
    int64_t below = distance(said->tai, known->earliest), above = distance(said->tai, known->latest);
    int64_t far = below > above ? below : above;
    *ret_error_ns = far > said->error_ns ? far : said->error_ns;
    return NTP_SMEAR_CONFIRMED;
}

enum ntp_smear_verdict ntp_smear_judge(struct ntp_smear *smear, const struct utc_leaps *leaps,
                                       const struct ntp_smear_said *said, const struct tai_interval *known,
                                       int64_t *ret_error_ns)
{
    tai_t leap;
    int32_t step_s;
    if (said->stratum > 1 && said->reference_id == REFERENCE_SMOOTHED)
        return NTP_SMEAR_REFERENCE;
    if (!leap_around(leaps, said->tai, &leap, &step_s)) {
        *ret_error_ns = said->error_ns;
        return NTP_SMEAR_NO;
    }
    if (said->stratum > 1 && said->reference_id >> 24 == REFERENCE_SMEARED)
        return NTP_SMEAR_REFERENCE;
    bool before = said->tai.ns < leap.ns;
    if (before)
        *smear = (struct ntp_smear){.has_announced = announces(said->leap, step_s), .announced = leap};
    if (smear->has_announced && smear->announced.ns == leap.ns) {
        *ret_error_ns = said->error_ns;
        return NTP_SMEAR_NO;
    }
    return compare(said, known, ret_error_ns);
}
