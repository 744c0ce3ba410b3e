/* SPDX-License-Identifier: Apache-2.0 */
/* The leap-second table: reading leap-seconds.list, and the relation of TAI, UTC and POSIX seconds.
 *
 * Decides: whether a file is a table (form, order, its own SHA-1), and TAI-UTC at an instant inside it.
 * Refuses: to say anything before the first line (1972-01-01; UTC was no whole number of seconds from TAI
 * then), and to call an answer certain from the table's expiry on: the last value is given with the status
 * TAISTAMP_UTC_EXPIRED.
 *
 * Model. A line says: from POSIX second p on, TAI-UTC is d. It takes force at the TAI second p + d. When d
 * grew by one, the TAI second before that is the inserted 23:59:60: it still has the old offset. When d fell
 * by one (a negative leap second: allowed for, never used so far), 23:59:59 of that day does not exist.
 *
 *      POSIX  1483228799        1483228800 (line: 37)
 *      UTC    23:59:59  23:59:60  00:00:00
 *      TAI    ...835    ...836    1483228837              TAI-UTC: 36 36 37
 *
 * The file (NIST and IERS form): "#$ n" updated, "#@ n" expires, "#h w w w w w" SHA-1 as five words, other
 * lines with # are comments, data lines "ntp-second tai-utc # comment". NTP seconds count from 1900-01-01 as
 * POSIX seconds do from 1970. The hash covers the digits of #$, #@ and the data lines, in the order of the
 * file, with nothing between them. Source: https://hpiers.obspm.fr/iers/bul/bulc/ntp/sources/README and the
 * file's own comments.
 *
 * Functions take a table of NULL as "no table". No state; a table is read-only once parsed. Any thread. */
#ifndef SDK_TIME_LEAP_H
#define SDK_TIME_LEAP_H

#include "sdk/base/bytes.h"
#include "sdk/base/limits.h"
#include "taistamp/time.h"

struct leap_line {
    int64_t posix_s;   /* the first POSIX second with the new offset; a UTC midnight */
    int32_t tai_utc_s; /* TAI-UTC from there on */
};

struct leap_table {
    int64_t updated_posix_s;
    int64_t expires_posix_s;
    size_t count; /* >= 1 */
    struct leap_line lines[LIMIT_LEAPS];
};

enum { LEAP_SHA1_LEN = 20 };
/* SHA-1 of `message`. False when the cryptographic library failed. */
typedef bool (*leap_sha1_fn)(void *ctx, struct bytes message, uint8_t ret_hash[LEAP_SHA1_LEN]);

/* Reads a whole file. TAI_ERR_FORMAT with the line, TAI_ERR_SPACE (longer than LIMIT_LEAP_FILE or LIMIT_LEAPS
 * lines), TAI_ERR_CORRUPT (the hash differs), TAI_ERR_CRYPTO. *ret_table is written on success only. */
TAISTAMP_MUST_CHECK enum tai_err leap_parse(struct bytes text, leap_sha1_fn sha1, void *ctx,
                                            struct leap_table *ret_table, struct tai_error *error);

/* TAI-UTC in force at `t`; inside an inserted second the value before it. Untouched with
 * TAISTAMP_UTC_UNKNOWN. */
enum taistamp_utc_status leap_offset_at_tai(const struct leap_table *table, tai_t t, int32_t *ret_tai_utc_s);
/* TAI-UTC in force at a POSIX second. */
enum taistamp_utc_status leap_offset_at_posix(const struct leap_table *table, int64_t posix_s,
                                              int32_t *ret_tai_utc_s);

/* The beginning of a POSIX second: posix_s + (TAI-UTC in force there). One that a negative leap second
 * removed begins and ends at the same instant, that of its successor. TAI_ERR_UNKNOWN before 1972 or without
 * a table, TAI_ERR_RANGE. */
TAISTAMP_MUST_CHECK enum tai_err leap_tai_from_posix(const struct leap_table *table, int64_t posix_s,
                                                     tai_t *ret_t, enum taistamp_utc_status *ret_status);
/* The end of a POSIX second (FORMATS: what a witness's whole second means): posix_s + 1 + (TAI-UTC at posix_s
 * + 1). */
TAISTAMP_MUST_CHECK enum tai_err leap_tai_from_posix_end(const struct leap_table *table, int64_t posix_s,
                                                         tai_t *ret_t, enum taistamp_utc_status *ret_status);

/* UTC at an instant, for printing. */
struct leap_utc {
    int64_t posix_s; /* of the UTC second; inside an inserted second that of the 23:59:59 before it */
    int32_t ns;      /* 0 to 999999999 */
    bool second_60;  /* inside an inserted second */
    int32_t tai_utc_s;
    enum taistamp_utc_status status; /* OK or EXPIRED */
};
/* TAI_ERR_UNKNOWN before 1972 or without a table. */
TAISTAMP_MUST_CHECK enum tai_err leap_utc_from_tai(const struct leap_table *table, tai_t t,
                                                   struct leap_utc *ret_utc);

/* POSIX time at an instant; inside an inserted second that of the midnight after it. TAI_ERR_UNKNOWN. */
TAISTAMP_MUST_CHECK enum tai_err leap_posix_from_tai(const struct leap_table *table, tai_t t,
                                                     int64_t *ret_posix_s, int32_t *ret_ns,
                                                     enum taistamp_utc_status *ret_status);

/* How TAI-UTC changes at POSIX second `posix_s`: +1 when a second 60 precedes it, -1 when its second 59 is
 * missing. */
int32_t leap_step_at_posix(const struct leap_table *table, int64_t posix_s);
/* The first change of TAI-UTC after `t` that the table knows: when it takes force and the offset from there
 * on. False when none is known. */
bool leap_next(const struct leap_table *table, tai_t t, tai_t *ret_from, int32_t *ret_tai_utc_s);

/* Line i (i < count): the instant at which its offset takes force. */
tai_t leap_line_from(const struct leap_table *table, size_t i);
tai_t leap_expires(const struct leap_table *table);
tai_t leap_updated(const struct leap_table *table);

/* What a table is to the one in use. Newer: it expires later, or as late and was updated later. It contradicts where it does not
 * have every line of the old one, or adds one before the old one's expiry: what was settled does not change. */
enum leap_succession { LEAP_SAME, LEAP_NEWER, LEAP_OLDER, LEAP_CONTRADICTS };
enum leap_succession leap_succeeds(const struct leap_table *fresh, const struct leap_table *old);

#endif
