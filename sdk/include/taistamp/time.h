/* SPDX-License-Identifier: Apache-2.0 */
/* Time: types, checked arithmetic, text forms and the leap-second table.
 *
 * Instants are TAI nanoseconds since 1970-01-01T00:00:00 TAI, the scale of PTP and of CLOCK_TAI: uniform, without leap
 * seconds. UTC exists only broken down, at the edges, with a second 60 where there is one. Each type is a struct of one
 * field, so that the compiler rejects mixing them; nothing here is a floating-point number.
 *
 * Worked number: 2017-01-01T00:00:00Z, the instant after the last leap second, is 1483228837 s TAI (POSIX 1483228800
 * plus TAI-UTC 37), that is tai_t {1483228837000000000}, in text 2017-01-01T00:00:37 TAI.
 *
 * Thread rule: no function here keeps state. A taistamp_leaps is read-only once loaded and may be shared by threads.
 * Functions that convert take a `leaps` of NULL as "no table"; those that say what a table holds do not. */
#ifndef TAISTAMP_TIME_H
#define TAISTAMP_TIME_H

#include <stdbool.h>

#include "taistamp/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* An instant: ns since 1970-01-01T00:00:00 TAI. From 1677 to 2262. */
typedef struct {
    int64_t ns;
} tai_t;

/* A reading of one machine's raw timeline (CLOCK_MONOTONIC_RAW), ns. Means nothing beside another timeline. */
typedef struct {
    int64_t ns;
} tai_mono_t;

/* A length of time, ns, either sign. */
typedef struct {
    int64_t ns;
} tai_span_t;

/* Add it to a local reading to reach the reference, ns: positive when the local clock is behind. */
typedef struct {
    int64_t ns;
} tai_offset_t;

/* Half the width of an interval, ns, never negative. INT64_MAX means unbounded; arithmetic saturates there. */
typedef struct {
    int64_t ns;
} tai_bound_t;

/* A rate relative to nominal, parts in 10^9: positive runs fast. */
typedef struct {
    int32_t ppb;
} tai_ppb_t;

/* What a clock read returns: the true instant lies in [earliest, latest], both ends included. */
struct tai_interval {
    tai_t earliest;
    tai_t latest;
};

/* a + b. TAI_ERR_RANGE beyond the type; *ret_t untouched then. */
TAISTAMP_API TAISTAMP_MUST_CHECK enum tai_err taistamp_time_add(tai_t a, tai_span_t b, tai_t *ret_t);
/* a - b, positive when a is later. TAI_ERR_RANGE beyond the type. */
TAISTAMP_API TAISTAMP_MUST_CHECK enum tai_err taistamp_time_sub(tai_t a, tai_t b, tai_span_t *ret_span);
/* [t - h, t + h]. TAI_ERR_RANGE when an end leaves the type or h is negative. */
TAISTAMP_API TAISTAMP_MUST_CHECK enum tai_err taistamp_time_interval(tai_t t, tai_bound_t h,
                                                                     struct tai_interval *ret_interval);
/* Sum of two bounds, saturating at INT64_MAX ("unbounded"). Negative input counts as unbounded. */
TAISTAMP_API tai_bound_t taistamp_bound_add(tai_bound_t a, tai_bound_t b);

/* ---- The leap-second table ---- */

typedef struct taistamp_leaps taistamp_leaps;

/* What a conversion can say about itself. */
enum taistamp_utc_status {
    TAISTAMP_UTC_OK = 0,  /* inside the table's validity */
    TAISTAMP_UTC_EXPIRED, /* after the table's expiry: an unknown leap second may have been added since */
    TAISTAMP_UTC_UNKNOWN  /* before 1972, when UTC was not a whole number of seconds from TAI, or no table */
};

/* Parses a leap-seconds.list (IERS and NIST form) of `len` bytes and checks its SHA-1. On success *ret_leaps belongs to
 * the caller (taistamp_leaps_free). TAI_ERR_FORMAT: not of that form; TAI_ERR_CORRUPT: the hash differs; TAI_ERR_SPACE:
 * longer than any such table. */
TAISTAMP_API TAISTAMP_MUST_CHECK enum tai_err
taistamp_leaps_parse(const void *text, size_t len, taistamp_leaps **ret_leaps, struct tai_error *error);
/* Reads `path`; or, with NULL, the valid one that expires last (then: was updated last) of: $TAISTAMP_LEAP_FILE (alone,
 * if set), what "tai-leap update" keeps, the system's tables (/usr/share/zoneinfo/leap-seconds.list and its usual neighbours) and the copy installed
 * with this library. A damaged file among several is passed over. TAI_ERR_NOT_FOUND when there is none, else what was
 * wrong with the last one; `error` names it. The environment is not looked at in a setuid program. */
TAISTAMP_API TAISTAMP_MUST_CHECK enum tai_err
taistamp_leaps_load(const char *path, taistamp_leaps **ret_leaps, struct tai_error *error);
TAISTAMP_API void taistamp_leaps_free(taistamp_leaps *leaps);
/* The paths that taistamp_leaps_load(NULL) tries, in the order of preference among equals; NULL past the last. They
 * live as long as the library (the first one as long as $TAISTAMP_LEAP_FILE is not changed). */
TAISTAMP_API const char *taistamp_leaps_path(size_t i);
/* Number of lines; line i: from `from` on, TAI-UTC is `tai_utc_s`. TAI_ERR_RANGE past the end. */
TAISTAMP_API size_t taistamp_leaps_count(const taistamp_leaps *leaps);
TAISTAMP_API TAISTAMP_MUST_CHECK enum tai_err taistamp_leaps_line(const taistamp_leaps *leaps, size_t i,
                                                                  tai_t *ret_from, int32_t *ret_tai_utc_s);
/* Until when no further leap second can be missing, and when the table was last updated. */
TAISTAMP_API tai_t taistamp_leaps_expires(const taistamp_leaps *leaps);
TAISTAMP_API tai_t taistamp_leaps_updated(const taistamp_leaps *leaps);
/* Where it was read from: a path, "memory" for a parsed one. Lives as long as `leaps`. */
TAISTAMP_API const char *taistamp_leaps_origin(const taistamp_leaps *leaps);
/* TAI-UTC in force at `t`, seconds. Inside an inserted second it is the value before the leap. With
 * TAISTAMP_UTC_EXPIRED *ret_s is the last known value; with TAISTAMP_UTC_UNKNOWN (also for leaps == NULL) it is
 * untouched. */
TAISTAMP_API enum taistamp_utc_status taistamp_leaps_offset(const taistamp_leaps *leaps, tai_t t,
                                                            int32_t *ret_s);
/* The TAI instant of a POSIX second (which has no name for second 60). TAI_ERR_UNKNOWN before 1972; TAI_ERR_RANGE. The
 * instant of POSIX s is s + (TAI-UTC in force at POSIX s); *ret_status says expired where it applies. */
TAISTAMP_API TAISTAMP_MUST_CHECK enum tai_err taistamp_time_from_posix(const taistamp_leaps *leaps,
                                                                       int64_t posix_s, tai_t *ret_t,
                                                                       enum taistamp_utc_status *ret_status);

/* The reverse: POSIX second and nanosecond (0 to 999999999). POSIX has no number for second 60: inside one, the value
 * is that of the midnight after, as the formula of POSIX has it. TAI_ERR_UNKNOWN before 1972 or without a table. */
TAISTAMP_API TAISTAMP_MUST_CHECK enum tai_err taistamp_time_to_posix(const taistamp_leaps *leaps, tai_t t,
                                                                     int64_t *ret_posix_s, int32_t *ret_ns,
                                                                     enum taistamp_utc_status *ret_status);

/* ---- NTP (RFC 5905 section 6) ---- */

/* The 128-bit date: `seconds` since 1900-01-01T00:00:00Z counted as POSIX counts (era times 2^32 plus the era's
 * offset), and 2^-64 parts of a second. */
struct tai_ntp_date {
    int64_t seconds;
    uint64_t fraction;
};

/* Writing rounds a nanosecond up to NTP's fraction and reading rounds down, so that a round trip gives the same tai_t
 * (but inside a second 60, which shares its number with the midnight after). Each: TAI_ERR_UNKNOWN before 1972 or
 * without a table, TAI_ERR_RANGE beyond the type; *ret_status says expired where it applies. */
TAISTAMP_API TAISTAMP_MUST_CHECK enum tai_err taistamp_time_to_ntp_date(const taistamp_leaps *leaps, tai_t t,
                                                                        struct tai_ntp_date *ret_date,
                                                                        enum taistamp_utc_status *ret_status);
TAISTAMP_API TAISTAMP_MUST_CHECK enum tai_err
taistamp_time_from_ntp_date(const taistamp_leaps *leaps, struct tai_ntp_date date, tai_t *ret_t,
                            enum taistamp_utc_status *ret_status);
/* The 64-bit timestamp, 32 bits of seconds and 32 of fraction. It repeats every 2^32 s (eras begin in 1900, 2036-02-07,
 * 2172-03-15): *ret_t is the instant within 2^31 s of `pivot`, for which the present time or a build date will do. The
 * timestamp 0 means "unknown" in NTP: TAI_ERR_UNKNOWN; it is never made. */
TAISTAMP_API TAISTAMP_MUST_CHECK enum tai_err taistamp_time_to_ntp(const taistamp_leaps *leaps, tai_t t,
                                                                   uint64_t *ret_timestamp,
                                                                   enum taistamp_utc_status *ret_status);
TAISTAMP_API TAISTAMP_MUST_CHECK enum tai_err taistamp_time_from_ntp(const taistamp_leaps *leaps,
                                                                     uint64_t timestamp, tai_t pivot,
                                                                     tai_t *ret_t,
                                                                     enum taistamp_utc_status *ret_status);

/* ---- Text ---- */

enum taistamp_scale { TAISTAMP_TAI, TAISTAMP_UTC };

enum { TAISTAMP_TIME_TEXT = 64 }; /* room for any text form below, with its NUL */

/* RFC 3339 with `digits` (0 to 9) decimals, cut and not rounded: "2017-01-01T00:00:37.000 TAI" or
 * "2017-01-01T00:00:00.000Z", second 60 inside a leap second. UTC needs `leaps`: TAI_ERR_UNKNOWN where the table does
 * not reach back; past its expiry the last offset is used and *ret_status (may be NULL) says so. TAI_ERR_ARGUMENT for
 * more than 9 digits. */
TAISTAMP_API TAISTAMP_MUST_CHECK enum tai_err
taistamp_time_print(tai_t t, enum taistamp_scale scale, unsigned digits, const taistamp_leaps *leaps,
                    char ret_text[TAISTAMP_TIME_TEXT], enum taistamp_utc_status *ret_status);
/* Reads RFC 3339 with "Z", a numeric offset, or " TAI"/"TAI"; up to nine decimals; second 60 only where the table has
 * one; and TAI64 and TAI64N labels, which start with "@". TAI_ERR_FORMAT; TAI_ERR_RANGE (no such date, no second 60
 * there, beyond the type); TAI_ERR_UNKNOWN (UTC before 1972, without a table, or a second 60 after its expiry);
 * TAI_ERR_UNSUPPORTED (TAI64NA). For UTC past the expiry the last offset is used: ask taistamp_leaps_offset. */
TAISTAMP_API TAISTAMP_MUST_CHECK enum tai_err
taistamp_time_parse(const char *text, const taistamp_leaps *leaps, tai_t *ret_t, struct tai_error *error);
/* "@40000000586846a5" + 8 hex digits of nanoseconds (cr.yp.to/libtai/tai64.html), 25 characters. */
TAISTAMP_API void taistamp_time_print_tai64n(tai_t t, char ret_text[TAISTAMP_TIME_TEXT]);

#ifdef __cplusplus
}
#endif
#endif
