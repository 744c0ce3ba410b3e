/* SPDX-License-Identifier: Apache-2.0 */
/* tilepath_parse on any bytes; what it takes, tilepath_print writes again the same. */
#include "sdk/base/bug.h"
#include "server/stamp/core/tilepath.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tilepath p;
    char again[TILEPATH_TEXT];
    if (!tilepath_parse(bytes_of(data, size), &p))
        return 0;
    BUG_UNLESS(p.width >= 1 && p.width <= TILE_WIDTH && p.level < TILE_LEVELS);
    tilepath_print(&p, again);
    BUG_UNLESS(bytes_equal_str(bytes_of(data, size), again));
    return 0;
}
