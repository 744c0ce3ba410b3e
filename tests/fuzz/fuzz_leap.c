/* SPDX-License-Identifier: Apache-2.0 */
/* leap_parse on any bytes. The hash that is handed in is made to match half of the time, so that the checks behind it
 * are reached too; what a table that was accepted must hold is asserted. */
#include <stdlib.h>
#include <string.h>

#include "sdk/base/bug.h"
#include "sdk/time/arith.h"
#include "sdk/time/leap.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Takes the hash line's words out of the input, so that every table that is otherwise well formed is accepted. */
static bool agreeable_hash(void *ctx, struct bytes message, uint8_t ret_hash[LEAP_SHA1_LEN])
{
    const struct bytes *text = ctx;
    (void)message;
    memset(ret_hash, 0, LEAP_SHA1_LEN);
    for (size_t i = 0; i + 3 <= text->len; i++) {
        if (memcmp(text->data + i, "#h\t", 3) != 0 || (i > 0 && text->data[i - 1] != '\n'))
            continue;
        size_t digit = 0;
        for (size_t at = i + 3; at < text->len && digit < LEAP_SHA1_LEN * 2 && text->data[at] != '\n'; at++) {
            uint8_t c = text->data[at];
            if (c == ' ' || c == '\t')
                continue;
            uint8_t v = (uint8_t)(c >= 'a' ? c - 'a' + 10 : c - '0');
            ret_hash[digit / 2] = (uint8_t)(ret_hash[digit / 2] << 4 | (v & 15));
            digit++;
        }
    }
    return true;
}

static void check_table(const struct leap_table *t)
{
    BUG_UNLESS(t->count >= 1 && t->count <= LIMIT_LEAPS);
    for (size_t i = 0; i < t->count; i++) {
        tai_t from = leap_line_from(t, i), back;
        int32_t offset;
        enum taistamp_utc_status status;
        BUG_UNLESS(leap_offset_at_tai(t, from, &offset) != TAISTAMP_UTC_UNKNOWN);
        BUG_UNLESS(offset == t->lines[i].tai_utc_s);
        BUG_UNLESS(leap_tai_from_posix(t, t->lines[i].posix_s, &back, &status) == TAI_OK &&
                   back.ns == from.ns);
        BUG_UNLESS(i == 0 || from.ns > leap_line_from(t, i - 1).ns);
    }
    (void)leap_expires(t);
    (void)leap_updated(t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes text = bytes_of(data, size);
    struct leap_table table;
    struct tai_error error;
    if (leap_parse(text, agreeable_hash, &text, &table, &error) == TAI_OK)
        check_table(&table);
    return 0;
}
