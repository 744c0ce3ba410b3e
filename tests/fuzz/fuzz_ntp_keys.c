/* SPDX-License-Identifier: Apache-2.0 */
/* ntp_keys_find on any bytes: a key it finds is usable, and what is wrong with the rest says so. */
#include "sdk/base/bug.h"
#include "server/clock/core/ntp_keys.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    for (uint32_t id = 1; id <= 30; id += 29) {
        struct ntp_key key = {.id = 0};
        struct tai_error error = {.code = TAI_OK};
        if (ntp_keys_find(bytes_of(data, size), id, &key, &error) == TAI_OK)
            BUG_UNLESS(key.id == id && key.len > 0 && key.len <= NTP_KEY_BYTES_MAX &&
                       key.algorithm < MAC_ALGORITHMS);
        else
            BUG_UNLESS(key.id == 0 && error.code != TAI_OK && error.text[0] != '\0');
    }
    return 0;
}
