/* SPDX-License-Identifier: Apache-2.0 */
#include "sdk/base/crc32c.h"

uint32_t crc32c(struct bytes b)
{
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < b.len; i++) {
        crc ^= b.data[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ ((crc & 1) != 0 ? 0x82F63B78u : 0);
    }
    return ~crc;
}
