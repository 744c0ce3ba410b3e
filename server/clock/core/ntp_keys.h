/* SPDX-License-Identifier: Apache-2.0 */
/* A file of symmetric NTP keys, in the form that chronyd and ntpd share.
 *
 *     # comment
 *     1 MD5 AVeryOldSecret                        text, up to the next space
 *     10 SHA1 a8bfb2fb8f4b8ac3bb8d9ea23b2bd7a2bd4bfe5a        more than 20 characters, all hex: 20 bytes (ntpd)
 *     20 SHA256 HEX:1dc764e0791b11fa67ef...       (chronyd)
 *     30 AES128 HEX:00112233445566778899aabbccddeeff
 *
 * One key a line: number (1 to 4294967295), algorithm, key; what follows it (ntpd's list of addresses) is refused, for we could not
 * heed it. Algorithms: MD5 (also M), SHA1 (SHA), SHA256, SHA384, SHA512, AES128 (AES128CMAC), AES256 (AES256CMAC). A key of AES has exactly
 * its 16 or 32 bytes. chronyd's form without algorithm is refused too: two words could be either. A bare key of more than
 * 20 characters that are all hex digits is hex to ntpd and text to chronyd: we take it as ntpd does; "ASCII:" in front
 * says the other.
 *
 * Strict: every line is looked at, and one that is wrong, or a number that comes twice, fails the file, with its line.
 * No state; any thread. Sources: chrony.keys(5), ntp.keys(5). */
#ifndef SERVER_CLOCK_CORE_NTP_KEYS_H
#define SERVER_CLOCK_CORE_NTP_KEYS_H

#include "server/clock/core/ntp_packet.h"
#include "taistamp/base.h"

enum { NTP_KEYS_MAX = 256, NTP_KEYS_FILE_MAX = 64 * 1024 };

/* Finds key `id` in the text of a file. TAI_ERR_FORMAT, _SPACE (more than NTP_KEYS_MAX), _CONFLICT (a number twice),
 * _NOT_FOUND. The error says the line, and never a key. *ret_key is written on success only. */
TAISTAMP_MUST_CHECK enum tai_err ntp_keys_find(struct bytes text, uint32_t id, struct ntp_key *ret_key,
                                               struct tai_error *error);

#endif
