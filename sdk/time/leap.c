/* SPDX-License-Identifier: Apache-2.0 */
#include "sdk/time/leap.h"

#include "sdk/time/arith.h"

/* The last line in force at or before a value: `from_tai` compares TAI seconds, else POSIX seconds. NULL
 * before 1972. */
static const struct leap_line *line_at(const struct leap_table *table, int64_t second, bool is_tai)
{
    if (table == NULL)
        return NULL;
    for (size_t i = table->count; i > 0; i--) {
        const struct leap_line *l = &table->lines[i - 1];
        if (second >= l->posix_s + (is_tai ? l->tai_utc_s : 0))
            return l;
    }
    return NULL;
}

static int64_t tai_second(tai_t t)
{
    int64_t ns;
    return arith_div_floor(t.ns, NS_PER_S, &ns);
}

static int64_t expires_tai_second(const struct leap_table *table)
{
    const struct leap_line *l = line_at(table, table->expires_posix_s, false);
    return table->expires_posix_s + (l != NULL ? l->tai_utc_s : 0);
}

enum taistamp_utc_status leap_offset_at_tai(const struct leap_table *table, tai_t t, int32_t *ret_tai_utc_s)
{
    const struct leap_line *l = line_at(table, tai_second(t), true);
    if (l == NULL)
        return TAISTAMP_UTC_UNKNOWN;
    *ret_tai_utc_s = l->tai_utc_s;
    return tai_second(t) >= expires_tai_second(table) ? TAISTAMP_UTC_EXPIRED : TAISTAMP_UTC_OK;
}

enum taistamp_utc_status leap_offset_at_posix(const struct leap_table *table, int64_t posix_s,
                                              int32_t *ret_tai_utc_s)
{
    const struct leap_line *l = line_at(table, posix_s, false);
    if (l == NULL)
        return TAISTAMP_UTC_UNKNOWN;
    *ret_tai_utc_s = l->tai_utc_s;
    return posix_s >= table->expires_posix_s ? TAISTAMP_UTC_EXPIRED : TAISTAMP_UTC_OK;
}

enum tai_err leap_tai_from_posix(const struct leap_table *table, int64_t posix_s, tai_t *ret_t,
                                 enum taistamp_utc_status *ret_status)
{
    int32_t offset;
    enum taistamp_utc_status status = leap_offset_at_posix(table, posix_s, &offset);
    if (status == TAISTAMP_UTC_UNKNOWN)
        return TAI_ERR_UNKNOWN;
    if (posix_s > INT64_MAX - offset || !arith_join(posix_s + offset, 0, &ret_t->ns))
        return TAI_ERR_RANGE;
    *ret_status = status;
    return TAI_OK;
}

enum tai_err leap_tai_from_posix_end(const struct leap_table *table, int64_t posix_s, tai_t *ret_t,
                                     enum taistamp_utc_status *ret_status)
{
    if (posix_s == INT64_MAX)
        return TAI_ERR_RANGE;
    return leap_tai_from_posix(table, posix_s + 1, ret_t, ret_status);
}

enum tai_err leap_utc_from_tai(const struct leap_table *table, tai_t t, struct leap_utc *ret_utc)
{
    struct leap_utc utc;
    utc.status = leap_offset_at_tai(table, t, &utc.tai_utc_s);
    if (utc.status == TAISTAMP_UTC_UNKNOWN)
        return TAI_ERR_UNKNOWN;
    int64_t ns;
    utc.posix_s = arith_div_floor(t.ns, NS_PER_S, &ns) - utc.tai_utc_s;
    utc.ns = (int32_t)ns;
    /* Still the old offset, but POSIX has reached the midnight of the next line: that is the inserted second.
     */
    utc.second_60 = leap_step_at_posix(table, utc.posix_s) > 0 &&
                    line_at(table, utc.posix_s, false)->tai_utc_s != utc.tai_utc_s;
    if (utc.second_60)
        utc.posix_s--;
    *ret_utc = utc;
    return TAI_OK;
}

enum tai_err leap_posix_from_tai(const struct leap_table *table, tai_t t, int64_t *ret_posix_s,
                                 int32_t *ret_ns, enum taistamp_utc_status *ret_status)
{
    struct leap_utc utc;
    enum tai_err err = leap_utc_from_tai(table, t, &utc);
    if (err != TAI_OK)
        return err;
    *ret_posix_s = utc.posix_s + (utc.second_60 ? 1 : 0);
    *ret_ns = utc.ns;
    *ret_status = utc.status;
    return TAI_OK;
}

int32_t leap_step_at_posix(const struct leap_table *table, int64_t posix_s)
{
    const struct leap_line *l = line_at(table, posix_s, false);
    if (l == NULL || l->posix_s != posix_s || l == table->lines)
        return 0;
    return l->tai_utc_s - (l - 1)->tai_utc_s;
}

bool leap_next(const struct leap_table *table, tai_t t, tai_t *ret_from, int32_t *ret_tai_utc_s)
{
    if (table == NULL)
        return false;
    for (size_t i = 1; i < table->count; i++) {
        tai_t from = leap_line_from(table, i);
        if (from.ns <= t.ns)
            continue;
        *ret_from = from;
        *ret_tai_utc_s = table->lines[i].tai_utc_s;
        return true;
    }
    return false;
}

tai_t leap_line_from(const struct leap_table *table, size_t i)
{
    return (tai_t){(table->lines[i].posix_s + table->lines[i].tai_utc_s) * NS_PER_S};
}

tai_t leap_expires(const struct leap_table *table)
{
    return (tai_t){expires_tai_second(table) * NS_PER_S};
}

tai_t leap_updated(const struct leap_table *table)
{
    const struct leap_line *l = line_at(table, table->updated_posix_s, false);
    return (tai_t){(table->updated_posix_s + (l != NULL ? l->tai_utc_s : 0)) * NS_PER_S};
}

static bool continues(const struct leap_table *fresh, const struct leap_table *old)
{
    if (fresh->count < old->count)
        return false;
    for (size_t i = 0; i < old->count; i++)
        if (fresh->lines[i].posix_s != old->lines[i].posix_s ||
            fresh->lines[i].tai_utc_s != old->lines[i].tai_utc_s)
            return false;
    return fresh->count == old->count || fresh->lines[old->count].posix_s >= old->expires_posix_s;
}

enum leap_succession leap_succeeds(const struct leap_table *fresh, const struct leap_table *old)
{
    bool as_late = fresh->expires_posix_s == old->expires_posix_s;
    int64_t later = as_late ? fresh->updated_posix_s - old->updated_posix_s
                            : fresh->expires_posix_s - old->expires_posix_s;
    if (later < 0)
        return LEAP_OLDER;
    if (!continues(fresh, old))
        return LEAP_CONTRADICTS;
    return later == 0 ? LEAP_SAME : LEAP_NEWER;
}
