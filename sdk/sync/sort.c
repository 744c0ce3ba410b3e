/* SPDX-License-Identifier: Apache-2.0 */
#include "sdk/sync/sort.h"

/* Lets values[root] sink until no child is larger. */
static void sink(int64_t *values, size_t root, size_t count)
{
    int64_t v = values[root];
    for (size_t child = 2 * root + 1; child < count; child = 2 * root + 1) {
        if (child + 1 < count && values[child + 1] > values[child])
            child++;
        if (values[child] <= v)
            break;
        values[root] = values[child];
        root = child;
    }
    values[root] = v;
}

void sort_i64(int64_t *values, size_t count)
{
    for (size_t i = count / 2; i > 0; i--)
        sink(values, i - 1, count);
    for (size_t end = count; end > 1; end--) {
        int64_t largest = values[0];
        values[0] = values[end - 1];
        values[end - 1] = largest;
        sink(values, 0, end - 1);
    }
}
