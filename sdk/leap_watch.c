/* SPDX-License-Identifier: Apache-2.0 */
#include "sdk/leap_watch.h"

#include <string.h>

#include "sdk/io/log.h"
#include "sdk/leaps.h"
#include "sdk/time/arith.h"
#include "sdk/time/page.h"

#define LOOK_NS (3600 * NS_PER_S)
#define LAG_NS  (4 * NS_PER_S)

void leap_watch_open(struct leap_watch *watch, const char *path)
{
    *watch = (struct leap_watch){.path = path};
}

void leap_watch_close(struct leap_watch *watch)
{
    taistamp_leaps_free(watch->leaps);
    watch->leaps = NULL;
}

void leap_watch_again(struct leap_watch *watch)
{
    watch->read_at_ns = 0;
}

/* Whether a table that was read takes the place of the one in use; says why not. */
static bool is_better(const struct leap_watch *watch, const taistamp_leaps *fresh)
{
    const char *why = NULL;
    if (watch->leaps == NULL)
        return true;
    switch (leap_succeeds(leaps_table(fresh), leaps_table(watch->leaps))) {
    case LEAP_NEWER:
        return true;
    case LEAP_SAME:
        return false;
    case LEAP_OLDER:
        why = "is older than";
        break;
    case LEAP_CONTRADICTS:
        why = "contradicts, about leap seconds that were settled,";
        break;
    }
    log_warning("leap-second table %s %s the one in use, which stays", taistamp_leaps_origin(fresh), why);
    return false;
}

bool leap_watch_read(struct leap_watch *watch)
{
    struct tai_error error;
    taistamp_leaps *fresh;
    if (taistamp_leaps_load(watch->path, &fresh, &error) != TAI_OK) {
        log_warning("no leap-second table could be read%s: %s",
                    watch->leaps != NULL ? ", the old one stays" : "", error.text);
        return false;
    }
    if (!is_better(watch, fresh)) {
        taistamp_leaps_free(fresh);
        return false;
    }
    log_notice("leap-second table %s", taistamp_leaps_origin(fresh));
    taistamp_leaps_free(watch->leaps);
    watch->leaps = fresh;
    return true;
}

bool leap_watch_hourly(struct leap_watch *watch, int64_t realtime_ns)
{
    if (watch->read_at_ns != 0 && realtime_ns >= watch->read_at_ns &&
        realtime_ns - watch->read_at_ns < LOOK_NS)
        return false;
    watch->read_at_ns = realtime_ns;
    return leap_watch_read(watch);
}

static bool same_leap(const struct sync_leap *a, const struct sync_leap *b)
{
    return a->tai_utc_s == b->tai_utc_s && a->next_tai_utc_s == b->next_tai_utc_s &&
           a->next.ns == b->next.ns && a->expires.ns == b->expires.ns;
}

/* TAI by the system's clock; false without a table that reaches it. A clock from before the table was written is wrong: today is that
 * day at least. */
static bool system_tai(const struct leap_table *table, int64_t realtime_ns, tai_t *ret_tai)
{
    int64_t ns;
    int32_t s;
    if (table != NULL && realtime_ns < table->updated_posix_s * NS_PER_S)
        realtime_ns = table->updated_posix_s * NS_PER_S;
    if (leap_offset_at_posix(table, arith_div_floor(realtime_ns, NS_PER_S, &ns), &s) == TAISTAMP_UTC_UNKNOWN)
        return false;
    ret_tai->ns = realtime_ns + s * NS_PER_S;
    return true;
}

bool leap_watch_look(struct leap_watch *watch, int64_t realtime_ns, const tai_t *tai, struct sync_leap *leap)
{
    (void)leap_watch_hourly(watch, realtime_ns);
    struct sync_leap now = {.next = {PAGE_NEVER}};
    const struct leap_table *table = leaps_table(watch->leaps);
    tai_t t = {0};
    int32_t s;
    if (tai != NULL)
        t = *tai;
    if ((tai != NULL || system_tai(table, realtime_ns, &t)) &&
        leap_offset_at_tai(table, (tai_t){t.ns - LAG_NS}, &s) != TAISTAMP_UTC_UNKNOWN) {
        now.tai_utc_s = now.next_tai_utc_s = s;
        now.expires = leap_expires(table);
        if (!leap_next(table, (tai_t){t.ns - LAG_NS}, &now.next, &now.next_tai_utc_s))
            now.next.ns = PAGE_NEVER;
    }
    if (same_leap(&now, leap))
        return false;
    *leap = now;
    return true;
}

struct sync_leap leap_watch_later(const struct sync_leap *own, const struct sync_leap *theirs, tai_t now)
{
    if (theirs->expires.ns <= own->expires.ns)
        return *own;
    struct sync_leap leap = *theirs;
    if (leap.next.ns != PAGE_NEVER && now.ns - LAG_NS >= leap.next.ns) {
        leap.tai_utc_s = leap.next_tai_utc_s;
        leap.next.ns = PAGE_NEVER;
    }
    return leap;
}
