/* SPDX-License-Identifier: Apache-2.0 */
/* The common case of a clock reading, inline: a call costs a tenth of what the whole reading may (1.5 times
 * clock_gettime). And the words of the page, which page.c and this share. */
#ifndef SDK_TIME_PAGE_QUICK_H
#define SDK_TIME_PAGE_QUICK_H

#include <string.h>

#include "sdk/time/arith.h"
#include "sdk/time/page.h"

enum page_word {
    PAGE_W_MAGIC,
    PAGE_W_VERSION,
    PAGE_W_GENERATION,
    PAGE_W_FLAGS,
    PAGE_W_BOOT_0,
    PAGE_W_BOOT_1,
    PAGE_W_TIMELINE,
    PAGE_W_AS_OF,
    PAGE_W_TAI,
    PAGE_W_HALF_WIDTH,
    PAGE_W_RATES,
    PAGE_W_VOID_AFTER,
    PAGE_W_RELATION,
    PAGE_W_TAI_UTC,
    PAGE_W_NEXT_LEAP,
    PAGE_W_TERM,
    PAGE_W_MASTER,
    PAGE_W_CLUSTER,
    PAGE_W_MAKE,
    PAGE_W_HOLDOVER,
    PAGE_W_UPSTREAM,
    PAGE_W_PATH,
    PAGE_W_STAMPS,
    PAGE_W_AGE,
    PAGE_W_SLEW,
    PAGE_W_USED
};

/* "TAIC" and the version, above the three enums of the flags word. */
#define PAGE_FLAGS_MARK UINT64_C(0x5441494301)
enum { PAGE_FLAGS_BITS = 24, PAGE_FLAGS_BYTE = 0xFF };

static inline uint64_t page_load(const struct clock_page *page, int word)
{
    return atomic_load_explicit(&page->words[word], memory_order_relaxed);
}

/* Two's complement without implementation-defined conversion; compilers make it a plain move. */
static inline int64_t page_i64(uint64_t v)
{
    int64_t i;
    memcpy(&i, &v, sizeof i);
    return i;
}

static inline int32_t page_i32(uint64_t v)
{
    uint32_t u = (uint32_t)v;
    int32_t i;
    memcpy(&i, &u, sizeof i);
    return i;
}

/* Reader, for the common case: what page_evaluate would say, if the line is still the one that page_read saw
 * under `generation` and was of this boot and had an interval, and there is no disruption and no leap second near.
 * False, with *ret_reading untouched, in every other case: page_read and page_evaluate tell which. The clocks
 * must have been read before the call. Skipping the checks of a line that were made once makes this some 3 ns.
 *
 * What page_read saw was within its ranges, and a torn or hostile copy is harmless: sums and products wrap, and the
 * generation discards the result. */
static inline bool page_read_quick(const struct clock_page *page, uint64_t generation, tai_mono_t now,
                                   int64_t realtime_ns, struct taistamp_reading *ret_reading)
{
    if (atomic_load_explicit(&page->words[PAGE_W_GENERATION], memory_order_acquire) != generation)
        return false;
    uint64_t as_of = page_load(page, PAGE_W_AS_OF), tai = page_load(page, PAGE_W_TAI),
             half_width = page_load(page, PAGE_W_HALF_WIDTH);
    uint64_t rates = page_load(page, PAGE_W_RATES), void_after = page_load(page, PAGE_W_VOID_AFTER);
    uint64_t relation = page_load(page, PAGE_W_RELATION), next_leap = page_load(page, PAGE_W_NEXT_LEAP);
    uint64_t flags = page_load(page, PAGE_W_FLAGS), tai_utc = page_load(page, PAGE_W_TAI_UTC);
    atomic_thread_fence(memory_order_acquire);
    if (page_load(page, PAGE_W_GENERATION) != generation)
        return false;
    uint64_t elapsed = (uint64_t)now.ns - as_of; /* huge when negative */
    int64_t gained = page_i64(elapsed * (uint64_t)(int64_t)page_i32(rates)) / NS_PER_S;
    uint64_t mid = tai + elapsed + (uint64_t)gained;
    uint64_t half = half_width + elapsed * (rates >> 32) / (uint64_t)NS_PER_S + 2;
    /* 488 ppm of the age instead of 500: where it matters, page_evaluate decides. */
    uint64_t moved = (uint64_t)realtime_ns - (uint64_t)now.ns - relation;
    uint64_t allowed = (uint64_t)PAGE_DISRUPTED_NS + (elapsed >> 11);
    if ((elapsed > void_after - as_of) | (moved + allowed > 2 * allowed) |
        (page_i64(mid + (uint64_t)PAGE_LEAP_NS) >= page_i64(next_leap)))
        return false;
    ret_reading->tai.earliest.ns = page_i64(mid - half);
    ret_reading->tai.latest.ns = page_i64(mid + half);
    ret_reading->status = (enum taistamp_status)(flags & PAGE_FLAGS_BYTE);
    ret_reading->source = (enum taistamp_clock_source)(flags >> 16 & PAGE_FLAGS_BYTE);
    ret_reading->tai_utc_s = page_i32(tai_utc);
    ret_reading->utc = (enum taistamp_utc_status)(flags >> 8 & PAGE_FLAGS_BYTE);
    return true;
}

#endif
