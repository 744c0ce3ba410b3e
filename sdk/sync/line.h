/* SPDX-License-Identifier: Apache-2.0 */
/* Arithmetic on struct sync_line: what a line says at a raw reading, and the line that follows another without a step.
 *
 * Evaluation. tai(raw) = line.tai + elapsed + elapsed * rate / 10^12, the last term rounded towards zero, exact in 64 bits:
 * the same rounding as page_evaluate, so a line whose rate is a whole number of ppb reads the same here and on the
 * clock page. Half-widths round up and include the nanosecond that this rounding loses. Worked number: tai 1000 s at
 * raw 50 s, rate +12,000,000 ps/s; at raw 60 s it is 1010.000120 s. Everything saturates at the ends of the type and
 * an unbounded half-width stays unbounded.
 *
 * Following. Published time must be continuous and never run backwards, so it is not the estimate (the target) itself but
 * a line that moves towards it no faster than the slew limit: it would close the distance in LINE_CLOSING_NS if the limit
 * allows. Its half-width is the target's plus the distance, so an interval that held the truth goes on holding it while
 * the clock catches up. Worked number: 1 ms behind, limit 100 ppm: the line runs 100 ppm faster than the target, with
 * 1 ms added to the half-width, for 10 s. A step happens only when the caller says so, at the start, or when the timeline
 * has changed (then the old line means nothing).
 *
 * It refuses to decide whether a target is to be believed. Integers only. No global state; a struct line_follow belongs to
 * one thread, the rest may be called from any. */
#ifndef SDK_SYNC_LINE_H
#define SDK_SYNC_LINE_H

#include "sdk/sync/sync.h"
#include "sdk/time/arith.h"
#include "sdk/time/page.h"

/* span * rate / 10^12, rounded towards zero; saturates. |rate| <= SYNC_RATE_PS_MAX. */
int64_t line_gain_ns(int64_t span_ns, int64_t rate_ps_per_s);

/* Whether a line that came from elsewhere is within the ranges of this module: rate, growth (0 to 10^6 ppb), half-width
 * >= 0, raw and expiry >= 0 and the latter not before the former, TAI as on the page, known status and source. */
bool line_valid(const struct sync_line *line);
/* Whether such a line may be taken from somebody who may lie: valid, bounded, and so far from the ends of the ranges (years 1938
 * to 2191, 15 years wide) that it cannot grow out of them while this process lives. */
bool line_takeable(const struct sync_line *line);
/* Prepares a valid line for a message: half-widths that the wire has no number for become unbounded. */
void line_for_wire(struct sync_line *line);
/* Whether it may be used at `raw` of `timeline`: the same timeline and not expired. */
bool line_usable(const struct sync_line *line, sync_timeline_t timeline, tai_mono_t raw);

/* Of a valid line. */
tai_t line_tai(const struct sync_line *line, tai_mono_t raw);
tai_bound_t line_half_width(const struct sync_line *line, tai_mono_t raw);
/* Both; everything where the half-width is unbounded. */
struct tai_interval line_interval(const struct sync_line *line, tai_mono_t raw);
/* The first raw reading at which the line says `tai` or later. False (untouched) outside the type. */
bool line_raw(const struct sync_line *line, tai_t tai, tai_mono_t *ret_raw);

/* Moves the point to which the line refers; it says the same time as before (to 1 ns, which its half-width gains).
 * Expiry stays. */
void line_rebase(struct sync_line *line, tai_mono_t raw);
/* Adds to the half-width; saturates. by_ns >= 0. */
void line_widen(struct sync_line *line, int64_t by_ns);

/* What goes on the clock page beside the line. */
struct line_page_context {
    uint8_t boot_id[16];
    uint64_t timeline; /* the page's word, not sync_timeline_t */
    int64_t realtime_minus_raw_ns;
    int32_t tai_utc_s, next_tai_utc_s;
    tai_t next_leap;
    enum taistamp_utc_status utc;
    uint64_t term, master;
};
/* Fills in what the context says of leap seconds, at `now`. False while CLOCK_REALTIME is ambiguous, PAGE_LEAP_NS on either side of one:
 * then leave the page as it is (its readers know the leap second), unless there is nothing on it. */
bool line_page_leap(const struct sync_leap *leap, tai_t now, struct line_page_context *ret_context);
/* To the page's form: the rate becomes whole ppb and the growth pays for what that changes; a line without bound or wider
 * than a page can say becomes "unknown"; expiry is cut to the page's longest life. False (untouched) when the line or the
 * context is out of the page's ranges. */
bool line_to_page(const struct sync_line *line, const struct line_page_context *context,
                  struct clock_line *ret_page);

/* A distance is closed in this time when the slew limit allows: about one poll, so that the rate published does not
 * chase each sample. */
#define LINE_CLOSING_NS INT64_C(1000000000)

struct line_follow {
    struct sync_line output; /* meaningful once started */
    tai_ppb_t slew_limit;
    bool started;
};

enum line_follow_verdict {
    LINE_FOLLOWING,    /* continuous with the line before */
    LINE_FOLLOW_BEGAN, /* first line, or first on a new timeline: it begins at the target */
    LINE_FOLLOW_STEPPED,
    LINE_FOLLOW_UNUSABLE /* target invalid, or not usable at `now`: nothing changed */
};

/* slew_limit: 1 to 500,000 ppb. */
void line_follow_init(struct line_follow *follow, tai_ppb_t slew_limit);
/* At raw reading `now` of the target's timeline, never before that of the last call: begins a new output line there,
 * copies it to *ret_output (untouched when unusable). Status, source and expiry are the target's. With `step` it jumps. */
enum line_follow_verdict line_follow_update(struct line_follow *follow, const struct sync_line *target,
                                            tai_mono_t now, bool step, struct sync_line *ret_output);
/* Target minus output at `now`: how far there is to go. 0 before the start. */
int64_t line_follow_distance_ns(const struct line_follow *follow, const struct sync_line *target,
                                tai_mono_t now);

#endif
