/* SPDX-License-Identifier: Apache-2.0 */
/* entry_parse on any bytes; what it takes, entry_emit writes again the same. */
#include <string.h>

#include "sdk/base/bug.h"
#include "sdk/base/limits.h"
#include "sdk/proof/entry.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t again[LIMIT_ENTRY];
    struct entry e;
    struct tai_error error;
    struct bytes text = bytes_of(data, size);
    (void)origin_valid(text);
    if (entry_parse(text, &e, &error) != TAI_OK)
        return 0;
    struct out o = out_of(again, sizeof again);
    entry_emit(&o, &e);
    BUG_UNLESS(!o.overflow && bytes_equal(out_view(&o), text));
    return 0;
}
