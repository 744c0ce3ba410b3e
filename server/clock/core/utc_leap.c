/* SPDX-License-Identifier: Apache-2.0 */
#include "server/clock/core/utc_leap.h"

#include "sdk/time/arith.h"
#include "sdk/time/page.h"
#include "server/clock/core/reference.h"

#define POSIX_1972 INT64_C(63072000)

/* Where a POSIX reading stands to a leap second that takes force at TAI `at`, with TAI-UTC `after_s` from there on. */
enum side { BEFORE, AT, AFTER };
static enum side side_of(int64_t posix_ns, tai_t at, int32_t after_s)
{
    int64_t leap_ns = at.ns - after_s * NS_PER_S;
    return posix_ns < leap_ns - UTC_LEAP_GUARD_NS   ? BEFORE
           : posix_ns < leap_ns + UTC_LEAP_GUARD_NS ? AT
                                                    : AFTER;
}

static int64_t posix_of(tai_t tai, int32_t tai_utc_s)
{
    return arith_div_floor(tai.ns, NS_PER_S, &(int64_t){0}) - tai_utc_s;
}

static void leaps_by_table(const struct leap_table *table, int64_t posix_s, struct utc_leaps *ret_leaps)
{
    struct sync_leap *t = &ret_leaps->table;
    *ret_leaps = (struct utc_leaps){.table = {.next = {PAGE_NEVER}}};
    if (leap_offset_at_posix(table, posix_s, &t->tai_utc_s) == TAISTAMP_UTC_UNKNOWN)
        return;
    t->next_tai_utc_s = t->tai_utc_s;
    t->expires = leap_expires(table);
    for (size_t i = 1; i < table->count; i++) {
        int32_t step_s = table->lines[i].tai_utc_s - table->lines[i - 1].tai_utc_s;
        if (step_s == 0)
            continue;
        if (table->lines[i].posix_s > posix_s) {
            t->next = leap_line_from(table, i);
            t->next_tai_utc_s = table->lines[i].tai_utc_s;
            return;
        }
        ret_leaps->has_last = true;
        ret_leaps->last = leap_line_from(table, i);
        ret_leaps->last_step_s = step_s;
    }
}

/* Whether `newer` speaks of a second of which `own` does not. */
static bool is_beyond(const struct leap_table *own, const struct sync_leap *newer, int64_t posix_s)
{
    int32_t s;
    bool beyond =
        own == NULL ? posix_s >= POSIX_1972 : leap_offset_at_posix(own, posix_s, &s) == TAISTAMP_UTC_EXPIRED;
    return beyond && newer->expires.ns != 0 && posix_s < posix_of(newer->expires, newer->next_tai_utc_s);
}

void utc_leaps_at(const struct leap_table *own, const struct sync_leap *newer, int64_t posix_s,
                  struct utc_leaps *ret_leaps)
{
    leaps_by_table(own, posix_s, ret_leaps);
    if (newer == NULL || !is_beyond(own, newer, posix_s))
        return;
    /* The last one of ours is its last one too, as long as none came between. */
    ret_leaps->has_last = ret_leaps->has_last && ret_leaps->table.tai_utc_s == newer->tai_utc_s;
    ret_leaps->table = *newer;
}

enum utc_leap_verdict utc_leap_tai(const struct utc_leaps *leaps, int64_t posix_s, int32_t ns, tai_t *ret_tai,
                                   int64_t *ret_doubt_ns)
{
    const struct sync_leap *t = &leaps->table;
    int64_t posix_ns, tai_ns;
    int32_t offset = t->tai_utc_s;
    if (t->expires.ns == 0)
        return UTC_LEAP_NO_TABLE;
    if (posix_s < POSIX_1972 || !arith_join(posix_s, ns, &posix_ns) || posix_ns > PAGE_NEVER)
        return UTC_LEAP_RANGE;
    if (t->next.ns < PAGE_NEVER) {
        enum side side = side_of(posix_ns, t->next, t->next_tai_utc_s);
        if (side == AT)
            return UTC_LEAP_NEAR;
        if (side == AFTER)
            offset = t->next_tai_utc_s;
    }
    if (leaps->has_last) {
        enum side side = side_of(posix_ns, leaps->last, t->tai_utc_s);
        if (side == AT)
            return UTC_LEAP_NEAR;
        if (side == BEFORE)
            offset = t->tai_utc_s - leaps->last_step_s;
    }
    if (!arith_add(posix_ns, offset * NS_PER_S, &tai_ns))
        return UTC_LEAP_RANGE;
    const struct leap_table expiry = {.expires_posix_s = posix_of(t->expires, t->tai_utc_s), .count = 0};
    int32_t missed = reference_leaps_unknown(&expiry, posix_s);
    ret_tai->ns = tai_ns;
    *ret_doubt_ns = missed > 0 ? missed * NS_PER_S : 0;
    return UTC_LEAP_OK;
}

enum taistamp_utc_status utc_leap_at(const struct leap_table *own, const struct sync_leap *table,
                                     int64_t posix_s, int32_t *ret_tai_utc_s)
{
    if (!is_beyond(own, table, posix_s))
        return leap_offset_at_posix(own, posix_s, ret_tai_utc_s);
    bool after = posix_s >= posix_of(table->next, table->next_tai_utc_s);
    *ret_tai_utc_s = after ? table->next_tai_utc_s : table->tai_utc_s;
    return TAISTAMP_UTC_OK;
}
