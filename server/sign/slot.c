/* SPDX-License-Identifier: Apache-2.0 */
#include "server/sign/slot.h"

#include <string.h>

#include "sdk/base/bug.h"
#include "sdk/base/crc32c.h"

enum { AT_SEQUENCE = 8, AT_SIZE = 16, AT_ROOT = 24, AT_TAI = 56, AT_BODY = 64, AT_CRC = SLOT_RECORD - 4 };

static const uint8_t magic[8] = {'T', 'A', 'I', 'H', 'E', 'A', 'D', '1'};

void slot_encode(const struct slot *slot, uint8_t ret_record[SLOT_RECORD])
{
    BUG_UNLESS(slot->sequence > 0);
    memset(ret_record, 0, SLOT_RECORD);
    memcpy(ret_record, magic, sizeof magic);
    be64_write(ret_record + AT_SEQUENCE, slot->sequence);
    be64_write(ret_record + AT_SIZE, slot->head.size);
    memcpy(ret_record + AT_ROOT, slot->head.root.b, SHA256_LEN);
    be64_write(ret_record + AT_TAI, (uint64_t)slot->head.last_tai.ns);
    memcpy(ret_record + AT_BODY, slot->body.b, SHA256_LEN);
    be32_write(ret_record + AT_CRC, crc32c(bytes_of(ret_record, AT_CRC)));
}

bool slot_decode(const uint8_t record[SLOT_RECORD], struct slot *ret_slot)
{
    struct slot slot = {.sequence = be64_read(record + AT_SEQUENCE),
                        .head.size = be64_read(record + AT_SIZE)};
    uint64_t tai = be64_read(record + AT_TAI);
    if (slot.sequence == 0 || slot.head.size > INT64_MAX || tai > INT64_MAX)
        return false;
    slot.head.last_tai.ns = (int64_t)tai;
    memcpy(slot.head.root.b, record + AT_ROOT, SHA256_LEN);
    memcpy(slot.body.b, record + AT_BODY, SHA256_LEN);
    uint8_t again[SLOT_RECORD]; /* magic, zeros and checksum hold when the same bytes come out */
    slot_encode(&slot, again);
    if (memcmp(again, record, SLOT_RECORD) != 0)
        return false;
    *ret_slot = slot;
    return true;
}

uint64_t slot_offset(uint64_t sequence)
{
    return (sequence & 1) * SLOT_RECORD;
}

bool slot_choose(const uint8_t file[SLOT_FILE], struct slot *ret_slot)
{
    bool found = false;
    for (uint64_t at = 0; at < SLOT_FILE; at += SLOT_RECORD) {
        struct slot slot;
        if (!slot_decode(file + at, &slot) || slot_offset(slot.sequence) != at)
            continue;
        if (found && slot.sequence < ret_slot->sequence)
            continue;
        *ret_slot = slot;
        found = true;
    }
    return found;
}
