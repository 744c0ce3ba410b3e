/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a clock page, read at any instant: no reader may overflow or trap, and an interval is only ever
 * claimed in order and by a line that was not void. First 16 bytes: the two clocks. The rest lies over a good page
 * word by word, as offset and value, so that few bytes reach deep. */
#include <stddef.h>
#include <string.h>

#include "sdk/base/bug.h"
#include "sdk/time/page_quick.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct clock_line good = {
    .as_of = {1000000000},
    .tai = {1700000037000000000},
    .half_width = {1000000},
    .growth = {500000},
    .void_after = {61000000000},
    .realtime_minus_raw_ns = 1699999999000000000,
    .tai_utc_s = 37,
    .next_tai_utc_s = 37,
    .next_leap = {PAGE_NEVER},
    .status = TAISTAMP_STATUS_ASSUMED,
    .source = TAISTAMP_CLOCK_ASSUMED,
};

static void check(const struct clock_line *line, int64_t now, const struct taistamp_reading *r)
{
    if (!page_status_has_interval(r->status)) {
        BUG_UNLESS(r->tai.earliest.ns == 0 && r->tai.latest.ns == 0);
        return;
    }
    BUG_UNLESS(r->status == line->status && now <= line->void_after.ns &&
               now >= line->as_of.ns - PAGE_BACK_NS);
    BUG_UNLESS((uint64_t)r->tai.latest.ns - (uint64_t)r->tai.earliest.ns >=
               2 * (uint64_t)line->half_width.ns);
    BUG_UNLESS(r->tai.earliest.ns < r->tai.latest.ns);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct clock_page page;
    int64_t clocks[2];
    if (size < sizeof clocks)
        return 0;
    memcpy(clocks, data, sizeof clocks);
    page_init(&page);
    page_write(&page, &good);
    for (size_t at = sizeof clocks; at + 9 <= size; at += 9) {
        uint64_t value;
        memcpy(&value, data + at + 1, sizeof value);
        atomic_store(&page.words[data[at] % PAGE_WORDS], value);
    }
    struct clock_line line;
    struct taistamp_reading slow, quick;
    uint64_t generation = atomic_load(&page.words[2]);
    bool claimed = page_read_quick(&page, generation, (tai_mono_t){clocks[0]}, clocks[1], &quick);
    if (page_read(&page, &line, NULL) != PAGE_OK)
        return 0;
    page_evaluate(&line, (tai_mono_t){clocks[0]}, clocks[1], &slow);
    check(&line, clocks[0], &slow);
    if (claimed && page_status_has_interval(line.status))
        BUG_UNLESS(memcmp(&quick.tai, &slow.tai, sizeof quick.tai) == 0 && quick.status == slow.status);
    return 0;
}
