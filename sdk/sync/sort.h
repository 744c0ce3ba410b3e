/* SPDX-License-Identifier: Apache-2.0 */
/* Sorting of 64-bit integers in place: pure code has no library to ask. Heap sort: no recursion, no memory, and no
 * input makes it slow. Any thread, on different arrays. */
#ifndef SDK_SYNC_SORT_H
#define SDK_SYNC_SORT_H

#include <stddef.h>
#include <stdint.h>

/* Ascending. */
void sort_i64(int64_t *values, size_t count);

#endif
