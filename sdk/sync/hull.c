/* SPDX-License-Identifier: Apache-2.0 */
#include "sdk/sync/hull.h"

#include "sdk/base/bug.h"
#include "sdk/sync/sort.h"

/* True when an earlier item is of the same group, so that this one has been counted with it. */
static bool counted(const struct hull_item *items, size_t i)
{
    for (size_t k = 0; items[i].group != 0 && k < i; k++)
        if (items[k].group == items[i].group)
            return true;
    return false;
}

/* One voice per group: its smallest and its largest end. */
static struct hull_item voice(const struct hull_item *items, size_t count, size_t i)
{
    struct hull_item v = items[i];
    for (size_t k = i + 1; v.group != 0 && k < count; k++) {
        if (items[k].group != v.group)
            continue;
        if (items[k].earliest_ns < v.earliest_ns)
            v.earliest_ns = items[k].earliest_ns;
        if (items[k].latest_ns > v.latest_ns)
            v.latest_ns = items[k].latest_ns;
    }
    return v;
}

/* The first point from below that `need` intervals cover. Coverage can only rise at a lower end; at one, the lower
 * ends up to it have opened and the upper ends below it have closed. */
static bool first_covered(const int64_t *lower, const int64_t *upper, size_t m, size_t need, int64_t *ret)
{
    size_t closed = 0;
    for (size_t opened = 1; opened <= m; opened++) {
        int64_t x = lower[opened - 1];
        while (closed < m && upper[closed] < x)
            closed++;
        if (opened - closed >= need) {
            *ret = x;
            return true;
        }
    }
    return false;
}

/* The same from above. */
static bool last_covered(const int64_t *lower, const int64_t *upper, size_t m, size_t need, int64_t *ret)
{
    size_t closed = 0;
    for (size_t opened = 1; opened <= m; opened++) {
        int64_t x = upper[m - opened];
        while (closed < m && lower[m - 1 - closed] > x)
            closed++;
        if (opened - closed >= need) {
            *ret = x;
            return true;
        }
    }
    return false;
}

enum hull_verdict hull_intersect(const struct hull_item *items, size_t count, size_t f,
                                 struct hull_item *ret_hull, size_t *ret_voices)
{
    BUG_UNLESS(count <= HULL_ITEMS_MAX);
    int64_t lower[HULL_ITEMS_MAX], upper[HULL_ITEMS_MAX];
    size_t m = 0;
    for (size_t i = 0; i < count; i++) {
        if (items[i].earliest_ns > items[i].latest_ns)
            return HULL_INVERTED;
        if (counted(items, i))
            continue;
        struct hull_item v = voice(items, count, i);
        lower[m] = v.earliest_ns;
        upper[m] = v.latest_ns;
        m++;
    }
    if (m <= f)
        return HULL_TOO_FEW;
    sort_i64(lower, m);
    sort_i64(upper, m);
    int64_t first, last;
    if (!first_covered(lower, upper, m, m - f, &first) || !last_covered(lower, upper, m, m - f, &last))
        return HULL_EMPTY;
    BUG_UNLESS(first <= last);
    *ret_hull = (struct hull_item){first, last, 0};
    if (ret_voices != NULL)
        *ret_voices = m;
    return HULL_OK;
}

size_t hull_overlapping(const struct hull_item *items, size_t count, const struct hull_item *with)
{
    size_t n = 0;
    for (size_t i = 0; i < count; i++)
        n += items[i].earliest_ns <= with->latest_ns && items[i].latest_ns >= with->earliest_ns;
    return n;
}

int64_t hull_clamp(const struct hull_item *hull, int64_t v)
{
    if (v < hull->earliest_ns)
        return hull->earliest_ns;
    return v > hull->latest_ns ? hull->latest_ns : v;
}
