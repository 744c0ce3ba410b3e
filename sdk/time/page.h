/* SPDX-License-Identifier: Apache-2.0 */
/* The clock page: one page of shared memory, one writer, any number of readers, no locks.
 *
 * It carries a line on the raw timeline (CLOCK_MONOTONIC_RAW): at raw reading `as_of`, TAI was `tai`, give or
 * take `half_width`; since then TAI advances by (1 + rate) per raw second and the half-width grows by
 * `growth`. Past `void_after` nothing is claimed. Worked numbers: tai = 1000 s +- 1 ms at raw 50 s, rate
 * +2000 ppb, growth 500000 ppb; at raw 52 s TAI is 1002.000004 s, half-width 2 ms (1 ms, and 500 ppm of 2 s).
 *
 * The raw timeline stands still in suspend and knows nothing of somebody setting the clock, so the page also
 * holds REALTIME - RAW as measured at `as_of`: a reader that sees another relation, by more than 20 ms + 500
 * ppm of the age, says "disrupted". REALTIME jumps at a leap second; the reader knows when from the page.
 *
 * Consistency is a seqlock: the generation is odd while the writer is at work. Readers retry a bounded number
 * of times, for the writer may have died half-way. All fields are 64-bit words written and read with relaxed
 * atomics between the two generation accesses (Boehm, "Can seqlocks get along with programming language
 * memory models?", MSPC 2012). What a reader copies out is checked field by field, so that the arithmetic on
 * it cannot overflow whatever the bytes were; who may write the file decides whether it is true.
 *
 * Words of 64 bits in the machine's own byte order (the page never leaves the machine):
 *
 *      0  magic, the bytes "TAICLOCK"           8  tai
 *      1  version, 1                            9  half_width
 *      2  generation                           10  bits 0-31 rate, 32-63 growth (signed)
 *      3  bits 0-7 status, 8-15 utc,           11  void_after
 *         16-23 source, 24-63 the mark         12  realtime_minus_raw
 *         0x5441494301                         13  bits 0-31 tai_utc, 32-63 next_tai_utc (signed)
 *      4  boot id, bytes 0-7                   14  next_leap
 *      5  boot id, bytes 8-15                  15  term
 *      6  timeline                             16  master
 *      7  as_of                                17  bits 0-7 role, 8-15 margin + 1, 16-23 servers
 *                                                  up, 24-31 servers; 0: not known
 *     18  bits 0-7 1 when 18 to 24 say        19  holdover
 *         something, 8-15 kind of the own     20 to 24  upstream, path, stamps, age, slew
 *         reference, 16-23 how many count,
 *         24-31 how many announce other
 *         leap seconds + 1, 0: none does      25 to 63  zero
 *
 * This module is pure: mapping the page and reading clocks is done by its callers (sdk/io/page.h). */
#ifndef SDK_TIME_PAGE_H
#define SDK_TIME_PAGE_H

#include <stdatomic.h>

#include "taistamp/clock.h"

enum { PAGE_WORDS = 64, PAGE_BYTES = PAGE_WORDS * 8, PAGE_VERSION = 1 };

/* Ranges outside which a line is not one of ours. They keep every product and sum below within 63 bits. */
enum {
    PAGE_RATE_PPB_MAX = 1000000,   /* twice what Linux lets anybody steer an oscillator by */
    PAGE_GROWTH_PPB_MAX = 1000000, /* of the half-width */
    PAGE_TAI_UTC_S_MAX = 1000      /* centuries of leap seconds */
};
/* Of a line: one hour. */
#define PAGE_LIFE_NS_MAX INT64_C(3600000000000)
/* TAI and REALTIME - RAW, either sign: year 2223. */
#define PAGE_INSTANT_NS_MAX INT64_C(8000000000000000000)
/* Half-width of a status that has an interval: 31 years. */
#define PAGE_WIDTH_NS_MAX INT64_C(1000000000000000000)

/* A reader calls a page disrupted past this difference of REALTIME - RAW, plus age / PAGE_DISRUPTED_AGE_DIV:
 * CLOCK_REALTIME_COARSE lags by up to a tick, 10 ms at 100 Hz. */
#define PAGE_DISRUPTED_NS INT64_C(20000000)
enum { PAGE_DISRUPTED_AGE_DIV = 2000 }; /* 500 ppm: the most that Linux slews by frequency alone */
/* Around a leap second the kernel may have made its jump or not: both relations are right this long. */
#define PAGE_LEAP_NS INT64_C(2000000000)
/* A raw reading may come out this much before as_of (another processor's counter); more is another timeline.
 */
#define PAGE_BACK_NS INT64_C(1000000)

/* next_leap when no leap second is known to come. */
#define PAGE_NEVER PAGE_INSTANT_NS_MAX

/* What part the writer's machine plays in its cluster. */
enum page_role {
    PAGE_ROLE_NONE, /* no cluster, or not said */
    PAGE_ROLE_STARTING,
    PAGE_ROLE_FOLLOWING,
    PAGE_ROLE_FALLBACK,
    PAGE_ROLE_FREE,
    PAGE_ROLE_MASTER,
    PAGE_ROLE_ALONE
};
/* Information for whoever watches a cluster; no reading of the clock depends on it, so a reader that does not know this
 * word loses nothing. Counts saturate at PAGE_COUNT_MAX. */
enum { PAGE_COUNT_MAX = 254 };
struct page_cluster {
    enum page_role role;
    bool has_margin;
    uint8_t margin;     /* further faults that the time survives now */
    uint8_t servers_up; /* with this one, if it is one */
    uint8_t servers;    /* of the configuration; 0: not said */
};

/* Where the half-width at as_of comes from, and the writer's own reference; information as well. */
struct page_make {
    bool said;
    bool has_reference; /* the writer vouches for TAI by sources of its own */
    enum taistamp_clock_source kind;
    bool leap_heard;      /* own sources announce leap seconds, or that none comes */
    uint8_t leap_differs; /* so many of them not what the leap table says; saturates at PAGE_COUNT_MAX */
    uint8_t references;   /* of its sources count now, correlated ones once; saturates at PAGE_COUNT_MAX */
    int64_t
        holdover_ns; /* since the last of them counted; 0: one counts; -1: nothing is held, or there are none */
    int64_t upstream_ns, path_ns, stamps_ns, age_ns, slew_ns; /* parts of the half-width, >= 0 */
};

/* What the page says, outside the page. */
struct clock_line {
    uint8_t boot_id[16];
    uint64_t timeline;      /* clocksource generation within the boot: the other half of the timeline's id */
    tai_mono_t as_of;       /* raw reading to which the rest refers, >= 0 */
    tai_t tai;              /* there */
    tai_bound_t half_width; /* there */
    tai_ppb_t rate;         /* TAI gained per raw second, ppb */
    tai_ppb_t growth;       /* of the half-width per raw second, ppb, >= 0 */
    tai_mono_t
        void_after; /* raw reading past which the line is worth nothing; 0 in a page without a line yet */
    int64_t realtime_minus_raw_ns; /* CLOCK_REALTIME - CLOCK_MONOTONIC_RAW at as_of */
    int32_t tai_utc_s;             /* in force at as_of */
    int32_t next_tai_utc_s;        /* in force from next_leap on */
    tai_t next_leap;               /* PAGE_NEVER, with equal offsets, when none is known to come */
    enum taistamp_utc_status utc;
    enum taistamp_status status; /* never TAISTAMP_STATUS_EXPIRED: only a reader can say that */
    enum taistamp_clock_source source;
    uint64_t term;   /* of the master that this line follows; 0: none */
    uint64_t master; /* its node number; 0: none */
    struct page_cluster cluster;
    struct page_make make;
};

/* The page as it lies in memory. */
struct clock_page {
    _Atomic uint64_t words[PAGE_WORDS];
};

/* "starting", "following", "fallback", "free-running", "master", "alone"; "none". Static storage. */
const char *page_role_name(enum page_role role);
/* True for the statuses that have an interval: synchronised, single-reference, assumed, relative. */
bool page_status_has_interval(enum taistamp_status status);

/* Writer. Makes it a page that says "unknown", whatever was there: fresh zeroes, an older line, one that a
 * writer left half written (odd generation). The generation goes on from what it was, so that readers which
 * have it mapped notice. */
void page_init(struct clock_page *page);
/* Writer. Replaces the line, which must be within the ranges above (an assertion). Only one thread of one
 * process may call this for a page. */
void page_write(struct clock_page *page, const struct clock_line *line);

enum page_verdict {
    PAGE_OK = 0,
    PAGE_BUSY,   /* the generation stayed odd or kept changing for the bounded number of tries */
    PAGE_FOREIGN /* magic, version or a field's range is wrong */
};
/* Reader. Copies the line out, and the generation under which it stands (may be NULL); both untouched unless
 * PAGE_OK. Any thread. */
enum page_verdict page_read(const struct clock_page *page, struct clock_line *ret_line,
                            uint64_t *ret_generation);
/* What the line (from page_read, or within the same ranges) says at raw reading `now`, given CLOCK_REALTIME
 * or CLOCK_REALTIME_COARSE read beside it: interval and status, with disruption and expiry judged. An
 * interval of zeroes and utc TAISTAMP_UTC_UNKNOWN where the status has none. Integer arithmetic; widths round
 * up. That the line is of this boot is for the caller to see (boot_id). */
void page_evaluate(const struct clock_line *line, tai_mono_t now, int64_t realtime_ns,
                   struct taistamp_reading *ret_reading);

#endif
