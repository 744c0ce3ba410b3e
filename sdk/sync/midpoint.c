/* SPDX-License-Identifier: Apache-2.0 */
#include "sdk/sync/midpoint.h"

#include "sdk/base/bug.h"
#include "sdk/sync/sort.h"

/* Half the sum without overflow, towards zero. */
static int64_t middle(int64_t a, int64_t b)
{
    int64_t rest = a % 2 + b % 2;
    int64_t halves = a / 2 + b / 2 + rest / 2;
    /* Halves of opposite sign to the rest: one step back towards zero was lost. */
    if (rest % 2 != 0 && halves != 0 && (halves > 0) != (rest > 0))
        halves += rest > 0 ? 1 : -1;
    return halves;
}

enum midpoint_verdict midpoint_fault_tolerant(const int64_t *offsets_ns, size_t heard, size_t missing,
                                              size_t f, size_t least, int64_t *ret_ns)
{
    size_t n = heard + missing + 1;
    BUG_UNLESS(n <= MIDPOINT_VALUES_MAX);
    if (n < 3 * f + 1)
        return MIDPOINT_TOO_FEW_NODES;
    if (heard < least)
        return MIDPOINT_TOO_FEW_HEARD;
    int64_t values[MIDPOINT_VALUES_MAX] = {0};
    for (size_t i = 0; i < heard; i++)
        values[i] = offsets_ns[i];
    sort_i64(values, n);
    *ret_ns = middle(values[f], values[n - 1 - f]);
    return MIDPOINT_OK;
}

bool midpoint_trimmed_mean(int64_t *values, size_t count, size_t f, int64_t *ret)
{
    if (count <= 2 * f)
        return false;
    sort_i64(values, count);
    /* Distances from the first one kept: they are small where the values are large and alike. */
    int64_t from = values[f], n = (int64_t)(count - 2 * f), quotients = 0, rests = 0;
    for (size_t i = f; i < count - f; i++) {
        int64_t d = values[i] - from;
        quotients += d / n;
        rests += d % n;
    }
    *ret = from + quotients + rests / n;
    return true;
}

static uint64_t distance(int64_t low, int64_t high)
{
    return (uint64_t)high - (uint64_t)low;
}

struct midpoint_cluster midpoint_largest_cluster(int64_t *values, size_t count, int64_t spread)
{
    BUG_UNLESS(count > 0 && spread >= 0);
    sort_i64(values, count);
    struct midpoint_cluster best = {values[0], values[0], 0, 1};
    size_t first = 0;
    for (size_t last = 0; last < count; last++) {
        while (distance(values[first], values[last]) > (uint64_t)spread)
            first++;
        size_t size = last - first + 1;
        bool narrower = distance(values[first], values[last]) < distance(best.low, best.high);
        if (size > best.size || (size == best.size && narrower))
            best = (struct midpoint_cluster){values[first], values[last], first, size};
    }
    return best;
}
