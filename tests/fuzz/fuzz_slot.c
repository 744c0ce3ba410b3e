/* SPDX-License-Identifier: Apache-2.0 */
/* A head slot and a store row of any bytes: never more is read than is there, and a slot's ruling record is one that
 * slot_encode makes. */
#include <string.h>

#include "sdk/base/bug.h"
#include "server/sign/slot.h"
#include "server/stamp/core/row.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes rest = bytes_of(data, size), entry;
    size_t seen = 0;
    while (row_next(&rest, &entry))
        seen += 2 + entry.len;
    BUG_UNLESS(seen + rest.len == size);
    uint8_t file[SLOT_FILE] = {0}, again[SLOT_RECORD];
    struct slot slot;
    memcpy(file, data, size < sizeof file ? size : sizeof file);
    if (!slot_choose(file, &slot))
        return 0;
    slot_encode(&slot, again);
    BUG_UNLESS(memcmp(again, file + slot_offset(slot.sequence), sizeof again) == 0);
    return 0;
}
