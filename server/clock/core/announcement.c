/* SPDX-License-Identifier: Apache-2.0 */
#include "server/clock/core/announcement.h"

#include "sdk/time/arith.h"
#include "sdk/time/page.h"

/* From now to the table's next leap second, and since its last one; INT64_MAX: there is none. */
struct distance {
    int64_t ahead_ns, since_ns;
};

static struct distance distance_to(const struct utc_leaps *leaps, tai_t tai)
{
    struct distance d = {INT64_MAX, INT64_MAX};
    if (leaps->table.next.ns != PAGE_NEVER && !arith_sub(leaps->table.next.ns, tai.ns, &d.ahead_ns))
        d.ahead_ns = INT64_MAX;
    if (leaps->has_last && !arith_sub(tai.ns, leaps->last.ns, &d.since_ns))
        d.since_ns = INT64_MAX;
    return d;
}

static bool is_count_right(int32_t tai_utc_s, const struct utc_leaps *leaps, const tai_t *tai)
{
    const struct sync_leap *table = &leaps->table;
    if (tai_utc_s == table->tai_utc_s)
        return true;
    if (tai == NULL) /* whether the next one has come is not known then */
        return tai_utc_s == table->next_tai_utc_s;
    struct distance d = distance_to(leaps, *tai);
    return (d.ahead_ns <= ANNOUNCEMENT_NEAR_NS && tai_utc_s == table->next_tai_utc_s) ||
           (d.since_ns <= ANNOUNCEMENT_NEAR_NS && tai_utc_s == table->tai_utc_s - leaps->last_step_s);
}

static enum announcement judge_warning(enum refclock_leap_warning warning, const struct utc_leaps *leaps,
                                       tai_t tai)
{
    struct distance d = distance_to(leaps, tai);
    int32_t step = warning == REFCLOCK_LEAP_INSERT ? 1 : -1;
    if (warning == REFCLOCK_LEAP_NONE)
        return d.ahead_ns <= ANNOUNCEMENT_SOON_NS && d.ahead_ns > ANNOUNCEMENT_NEAR_NS ? ANNOUNCEMENT_MISSING
                                                                                       : ANNOUNCEMENT_AGREES;
    bool comes =
        d.ahead_ns <= ANNOUNCEMENT_AHEAD_NS && leaps->table.next_tai_utc_s - leaps->table.tai_utc_s == step;
    bool came = d.since_ns <= ANNOUNCEMENT_LATE_NS && leaps->last_step_s == step;
    return comes || came ? ANNOUNCEMENT_AGREES : ANNOUNCEMENT_UNKNOWN;
}

enum announcement announcement_judge(const struct refclock_leap *says, const struct utc_leaps *leaps,
                                     const tai_t *tai)
{
    enum announcement found = ANNOUNCEMENT_NOTHING;
    if (leaps->table.expires.ns == 0)
        return found;
    if (says->has_tai_utc)
        found = is_count_right(says->tai_utc_s, leaps, tai) ? ANNOUNCEMENT_AGREES : ANNOUNCEMENT_COUNT;
    if (found != ANNOUNCEMENT_COUNT && says->warning != REFCLOCK_LEAP_UNKNOWN && tai != NULL)
        found = judge_warning(says->warning, leaps, *tai);
    return found;
}

bool announcement_differs(enum announcement announcement)
{
    return announcement > ANNOUNCEMENT_AGREES && announcement < ANNOUNCEMENTS;
}

const char *announcement_words(enum announcement announcement)
{
    static const char *const words[ANNOUNCEMENTS] = {
        [ANNOUNCEMENT_NOTHING] = "announces nothing",
        [ANNOUNCEMENT_AGREES] = "agrees with the leap table",
        [ANNOUNCEMENT_COUNT] = "counts other leap seconds than the leap table",
        [ANNOUNCEMENT_UNKNOWN] = "announces a leap second that the leap table does not have",
        [ANNOUNCEMENT_MISSING] = "does not announce the leap second that the leap table has",
    };
    return (unsigned)announcement < ANNOUNCEMENTS ? words[announcement] : words[ANNOUNCEMENT_NOTHING];
}
