/* SPDX-License-Identifier: Apache-2.0 */
/* CRC-32C (Castagnoli, RFC 3720 appendix B.4): finds torn and flipped records; it is no defence against a
 * person. */
#ifndef SDK_BASE_CRC32C_H
#define SDK_BASE_CRC32C_H

#include "sdk/base/bytes.h"

/* The checksum of `b`: 0xE3069283 for the nine ASCII bytes "123456789". Any thread. */
uint32_t crc32c(struct bytes b);

#endif
