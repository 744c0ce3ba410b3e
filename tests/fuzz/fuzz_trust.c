/* SPDX-License-Identifier: Apache-2.0 */
/* trust_parse on any bytes; what it takes, libyaml must read the same way. */
#include "sdk/base/bug.h"
#include "tests/unit/trust_yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct trust trust;
    struct tai_error error;
    struct bytes text = bytes_of(data, size);
    if (trust_parse(text, &trust, &error) == TAI_OK)
        BUG_UNLESS(trust_yaml_agrees(text, &trust));
    return 0;
}
