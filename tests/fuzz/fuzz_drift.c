/* SPDX-License-Identifier: Apache-2.0 */
/* drift_parse on any bytes: what it takes prints to the same bytes. */
#include "sdk/base/bug.h"
#include "sdk/sync/drift.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct drift drift;
    char text[DRIFT_TEXT_MAX];
    struct out out = out_of(text, sizeof text);
    if (drift_parse(bytes_of(data, size), &drift) != DRIFT_OK)
        return 0;
    drift_print(&drift, &out);
    BUG_UNLESS(!out.overflow && bytes_equal(out_view(&out), bytes_of(data, size)));
    return 0;
}
