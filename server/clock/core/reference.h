/* SPDX-License-Identifier: Apache-2.0 */
/* The clock process's decisions: from readings of the kernel's clock to the line on the clock page.
 *
 * Once a second the loop hands in a sample: CLOCK_REALTIME on the raw timeline, what adjtimex says, who runs.
 * The answer is the line to publish, if any, and what there is to tell a person. Decides: TAI from REALTIME
 * and the leap table; whose word the half-width is; when not to believe the clock for a while.
 *
 *   - TAI = REALTIME + TAI-UTC of the leap table. The kernel's own TAI offset is compared, never used.
 *   - half-width = the kernel's bound (keeper.h), source system; else the operator's, source assumed; plus
 *     half the time that reading both clocks took; else status unknown, with the reason. One clock alone
 *     vouches for the first, so its status is single-reference.
 *   - past the table's expiry each first of January and of July since may have brought a leap second that we
 *     do not know: 1 s more for each.
 *   - rate: TAI against RAW over the last 16 s, 0 until 4 s are seen and whenever it is beyond 400 ppm (the
 *     clock is being slewed; no oscillator is that wrong). Growth 500 ppm covers what the rate may be wrong
 *     by: slews up to 400 ppm against oscillators up to 100 ppm.
 *   - REALTIME + TAI-UTC - RAW may move by 20 ms + 500 ppm from one sample to the next. If it moves further,
 *     somebody set the clock, slews it fast, or the machine slept: disrupted, until it has been steady
 *     for 10 s.
 *   - within 2 s of a leap second the kernel's clock is ambiguous: the line published before stands, and
 *     readers extrapolate it over RAW. If afterwards the kernel's clock is a second off (it did not make the
 *     leap second, or made one that the table does not have), disrupted until it is right again, at most for 1 h.
 *   - a clock that shows a time before the table's own date, or before 1972, is wrong whoever vouches for it.
 *
 * Worked numbers: REALTIME 1483228810.000000000 at raw 50 s read within +-1 us, TAI-UTC 37, chronyd's
 * maxerror 1234 us: tai 1483228847000000000, half-width 1234000 + 1000 + 50000 + 1000 = 1286000 ns.
 *
 * What it cannot see: a clock smeared around a leap second (the daemon's bound is against smeared time then).
 */
#ifndef SERVER_CLOCK_CORE_REFERENCE_H
#define SERVER_CLOCK_CORE_REFERENCE_H

#include "sdk/time/leap.h"
#include "sdk/time/page.h"
#include "server/clock/core/keeper.h"

/* void_after - as_of: a writer silent for a minute is dead. */
#define REFERENCE_LIFE_NS INT64_C(60000000000)
/* Of steadiness after a disruption. */
#define REFERENCE_HOLD_NS INT64_C(10000000000)
/* For a clock that missed a leap second: the longest poll of NTP is 36 h, the usual one 17 min. */
#define REFERENCE_MISSED_LEAP_NS INT64_C(3600000000000)
enum {
    REFERENCE_GROWTH_PPB = 500000,
    REFERENCE_RATE_PPB_MAX = 400000,
    REFERENCE_WINDOW = 16, /* samples over which the rate is taken */
    REFERENCE_WINDOW_S_MIN = 4,
    REFERENCE_LEAPS_UNKNOWN_MAX = 1000, /* seconds added at most past the table's expiry */
    REFERENCE_REPORTS_MAX = 8
};
/* A sample whose two clocks lie further apart says nothing about rates (it still says what time it is). */
#define REFERENCE_WIDTH_NS_MAX INT64_C(1000000)

struct reference_settings {
    uint8_t boot_id[16];
    bool has_assume;         /* the operator vouches for the kernel's clock */
    int64_t assume_error_ns; /* by this much, 0 to PAGE_WIDTH_NS_MAX / 2 */
};

struct reference_sample {
    tai_mono_t raw;
    int64_t realtime_ns; /* CLOCK_REALTIME at `raw`, within +-width */
    tai_bound_t width;
    uint64_t timeline; /* names the clocksource; another one ends the rate window */
    struct keeper_kernel kernel;
    struct keeper_evidence evidence;
};

enum reference_event {
    REFERENCE_STATUS, /* status or its source changed: value = struct clock_line's status, detail = verdict */
    REFERENCE_VERDICT,     /* why the kernel's own bound is (not) believed changed: detail = verdict */
    REFERENCE_MOVED,       /* the clock moved against the raw timeline: value = by how much, ns */
    REFERENCE_STEADY,      /* it is believed again */
    REFERENCE_LEAP_NEAR,   /* holding the line through a leap second: value = TAI-UTC after it */
    REFERENCE_LEAP_PAST,   /* re-measured after it */
    REFERENCE_LEAP_MISSED, /* the kernel's clock and the table disagree about a leap second: value = by, ns */
    REFERENCE_TABLE_EXPIRED, /* value = seconds added for leap seconds that may have been missed */
    REFERENCE_TABLE_ABSENT,  /* no table, or it does not reach the clock's time */
    REFERENCE_CLOCK_EARLY,   /* the clock shows a time before the table's own date */
    REFERENCE_KERNEL_TAI     /* the kernel's TAI offset is set and is not the table's: value = the kernel's */
};
struct reference_report {
    enum reference_event event;
    int64_t value;
    enum keeper_verdict verdict;
    enum taistamp_clock_source source;
};

/* What to do after a sample. */
struct reference_actions {
    bool publish;
    struct clock_line line;
    size_t report_count;
    struct reference_report reports[REFERENCE_REPORTS_MAX];
};

/* All state; the caller's. Fields are for this module. */
struct reference {
    struct reference_settings settings;
    const struct leap_table *leaps; /* NULL: none */
    struct keeper keeper;
    bool has_line; /* something was published */
    struct clock_line line;
    struct {
        tai_mono_t raw;
        int64_t relation; /* TAI - RAW by the kernel's clock */
    } window[REFERENCE_WINDOW];
    size_t window_count, window_next;
    bool has_relation;
    tai_mono_t relation_at;
    int64_t relation; /* of the newest sample */
    uint64_t timeline;
    bool holding; /* disrupted */
    tai_mono_t hold_until;
    bool missed_leap; /* waiting for the relation to come back to `expected` */
    int64_t expected;
    tai_mono_t expected_at;
    bool leap_near;
    /* what was last reported */
    bool reported;
    enum taistamp_status status;
    enum taistamp_clock_source source;
    enum keeper_verdict verdict;
    int32_t leaps_unknown; /* -1: not expired */
    bool table_absent, clock_early;
    int32_t kernel_tai_s;
};

/* `leaps` may be NULL and must outlive the reference or its replacement. */
void reference_init(struct reference *reference, const struct reference_settings *settings,
                    const struct leap_table *leaps);
/* New settings or a new table; what was learned is kept. */
void reference_configure(struct reference *reference, const struct reference_settings *settings,
                         const struct leap_table *leaps);
/* One sample; raw readings must not go back (an assertion). */
void reference_sample(struct reference *reference, const struct reference_sample *sample,
                      struct reference_actions *ret_actions);
/* How many leap seconds may have come between the table's expiry and POSIX second `now`: one for each first
 * of January and July, 00:00 UTC. -1 when the table has not expired. */
int32_t reference_leaps_unknown(const struct leap_table *leaps, int64_t now_posix_s);

#endif
