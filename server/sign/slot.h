/* SPDX-License-Identifier: Apache-2.0 */
/* The head slot's records: the log's memory of what it has signed, kept beside the key and not with the
 * entries.
 *
 * The file log.head is 1024 bytes, two records of 512 bytes that are written in turn and fdatasynced; a
 * record is one sector, so that a power cut spoils at most the one being written. The record of sequence s
 * lies at (s mod 2) * 512. The valid record of the higher sequence rules. All numbers are big-endian:
 *
 *     offset  bytes
 *          0      8  "TAIHEAD1"
 *          8      8  sequence, from 1
 *         16      8  size of the tree
 *         24     32  root of the tree
 *         56      8  TAI of the newest entry, ns; 0 for size 0
 *         64     32  SHA-256 of the checkpoint body (origin, size, root), which ties the record to its log
 *         96    412  zero
 *        508      4  CRC-32C of bytes 0 to 507 */
#ifndef SERVER_SIGN_SLOT_H
#define SERVER_SIGN_SLOT_H

#include "server/sign/sign.h"

enum { SLOT_RECORD = 512, SLOT_FILE = 2 * SLOT_RECORD };

struct slot {
    uint64_t sequence;
    struct sign_head head;
    struct hash body;
};

void slot_encode(const struct slot *slot, uint8_t ret_record[SLOT_RECORD]);
/* False for a record that slot_encode does not make. */
bool slot_decode(const uint8_t record[SLOT_RECORD], struct slot *ret_slot);
/* Where the record of `sequence` lies. */
uint64_t slot_offset(uint64_t sequence);
/* The ruling record of a file's content. False: none is valid. */
bool slot_choose(const uint8_t file[SLOT_FILE], struct slot *ret_slot);

#endif
