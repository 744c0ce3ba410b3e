/* SPDX-License-Identifier: Apache-2.0 */
/* The clock page: one page of shared memory, one writer, any number of readers, no locks.
 *
 * It carries a line on the raw timeline (CLOCK_MONOTONIC_RAW): at raw reading `as_of`, TAI was `tai`, give or take
 * `half_width`; since then TAI advances by (1 + rate) per raw second and the half-width grows by `growth`. Past
 * `void_after` nothing is claimed. The raw timeline stands still in suspend and knows nothing of somebody setting the
 * clock, so the page also holds REALTIME - RAW as measured at `as_of`: a reader that sees another relation than
 * 20 ms + 500 ppm of the age says "disrupted".
 *
 * Consistency is a seqlock: the generation is odd while the writer is at work. Readers retry a bounded number of times,
 * for the writer may have died half-way. All fields are 64-bit words written and read with relaxed atomics between the
 * two generation accesses (Boehm, "Can seqlocks get along with programming language memory models?", MSPC 2012).
 *
 * This module is pure: mapping the page and reading clocks is done by its callers (sdk/io/page.h). */
#ifndef SDK_TIME_PAGE_H
#define SDK_TIME_PAGE_H

#include <stdatomic.h>

#include "taistamp/clock.h"

enum { PAGE_WORDS = 64, PAGE_BYTES = PAGE_WORDS * 8 };

/* What the page says, outside the page. */
struct clock_line {
    uint8_t boot_id[16];
    uint64_t timeline;     /* clocksource generation within the boot: the other half of the timeline's id */
    tai_mono_t as_of;      /* raw reading to which the rest refers */
    tai_t tai;             /* there */
    tai_bound_t half_width; /* there */
    tai_ppb_t rate;        /* TAI gained per raw second, ppb */
    tai_ppb_t growth;      /* of the half-width per raw second, ppb, >= 0 */
    tai_mono_t void_after; /* raw reading past which the line is worth nothing */
    int64_t realtime_minus_raw_ns; /* CLOCK_REALTIME - CLOCK_MONOTONIC_RAW at as_of */
    int32_t tai_utc_s;     /* in force at as_of */
    int32_t next_tai_utc_s; /* in force from next_leap on; equal to tai_utc_s when none is known to come */
    tai_t next_leap;
    enum taistamp_utc_status utc;
    enum taistamp_status status;
    enum taistamp_clock_source source;
    uint64_t term;         /* of the master that this line follows; 0: none */
    uint64_t master;       /* its node number; 0: none */
};

/* The page as it lies in memory. */
struct clock_page {
    _Atomic uint64_t words[PAGE_WORDS];
};

/* Writer. Formats a fresh page: magic, version, generation 0 and status unknown. */
void page_init(struct clock_page *page);
/* Writer. Replaces the line. Only one thread of one process may call this for a page. */
void page_write(struct clock_page *page, const struct clock_line *line);

enum page_verdict {
    PAGE_OK = 0,
    PAGE_BUSY,  /* the generation stayed odd or kept changing for the bounded number of tries */
    PAGE_FOREIGN /* magic, version or a field's range is wrong */
};
/* Reader. Copies the line out. */
enum page_verdict page_read(const struct clock_page *page, struct clock_line *ret_line);
/* What the line says at raw reading `now`, given CLOCK_REALTIME_COARSE read beside it: interval and status, with
 * disruption and expiry judged. Integer arithmetic; widths round up. */
void page_evaluate(const struct clock_line *line, tai_mono_t now, int64_t realtime_coarse_ns,
                   struct taistamp_reading *ret_reading);

#endif
