/* SPDX-License-Identifier: Apache-2.0 */
/* The part of taistamp/time.h that needs the leap table: each function hands the table to sdk/time. */
#include <stdlib.h>
#include <string.h>

#include "sdk/base/error.h"
#include "sdk/io/leap_file.h"
#include "sdk/leaps.h"
#include "sdk/time/arith.h"
#include "sdk/time/ntp.h"
#include "sdk/time/rfc3339.h"
#include "sdk/time/tai64.h"

static taistamp_leaps *leaps_new(const char *origin)
{
    taistamp_leaps *leaps = malloc(sizeof *leaps);
    size_t len = strlen(origin);
    if (leaps == NULL || len >= sizeof leaps->origin) {
        free(leaps);
        return NULL;
    }
    memcpy(leaps->origin, origin, len + 1);
    return leaps;
}

/* Hands out a table under its origin, or the error that led here. */
static enum tai_err leaps_make(enum tai_err err, const struct leap_table *table, const char *origin,
                               taistamp_leaps **ret_leaps, struct tai_error *error)
{
    if (err != TAI_OK)
        return err;
    taistamp_leaps *leaps = leaps_new(origin);
    if (leaps == NULL)
        return error_set(error, TAI_ERR_MEMORY, "out of memory for the leap-second table");
    leaps->table = *table;
    *ret_leaps = leaps;
    return TAI_OK;
}

enum tai_err taistamp_leaps_parse(const void *text, size_t len, taistamp_leaps **ret_leaps,
                                  struct tai_error *error)
{
    struct leap_table table;
    enum tai_err err = leap_parse(bytes_of(text, len), leap_file_sha1, NULL, &table, error);
    return leaps_make(err, &table, "memory", ret_leaps, error);
}

enum tai_err taistamp_leaps_load(const char *path, taistamp_leaps **ret_leaps, struct tai_error *error)
{
    struct leap_table table;
    const char *origin = path;
    enum tai_err err =
        path != NULL ? leap_file_read(path, &table, error) : leap_file_newest(&table, &origin, error);
    return leaps_make(err, &table, origin, ret_leaps, error);
}

void taistamp_leaps_free(taistamp_leaps *leaps)
{
    free(leaps);
}

const char *taistamp_leaps_path(size_t i)
{
    return leap_file_path(i);
}

size_t taistamp_leaps_count(const taistamp_leaps *leaps)
{
    return leaps->table.count;
}

enum tai_err taistamp_leaps_line(const taistamp_leaps *leaps, size_t i, tai_t *ret_from,
                                 int32_t *ret_tai_utc_s)
{
    if (i >= leaps->table.count)
        return TAI_ERR_RANGE;
    *ret_from = leap_line_from(&leaps->table, i);
    *ret_tai_utc_s = leaps->table.lines[i].tai_utc_s;
    return TAI_OK;
}

tai_t taistamp_leaps_expires(const taistamp_leaps *leaps)
{
    return leap_expires(&leaps->table);
}

tai_t taistamp_leaps_updated(const taistamp_leaps *leaps)
{
    return leap_updated(&leaps->table);
}

const char *taistamp_leaps_origin(const taistamp_leaps *leaps)
{
    return leaps->origin;
}

enum taistamp_utc_status taistamp_leaps_offset(const taistamp_leaps *leaps, tai_t t, int32_t *ret_s)
{
    return leap_offset_at_tai(leaps_table(leaps), t, ret_s);
}

enum tai_err taistamp_time_from_posix(const taistamp_leaps *leaps, int64_t posix_s, tai_t *ret_t,
                                      enum taistamp_utc_status *ret_status)
{
    return leap_tai_from_posix(leaps_table(leaps), posix_s, ret_t, ret_status);
}

enum tai_err taistamp_time_to_posix(const taistamp_leaps *leaps, tai_t t, int64_t *ret_posix_s,
                                    int32_t *ret_ns, enum taistamp_utc_status *ret_status)
{
    return leap_posix_from_tai(leaps_table(leaps), t, ret_posix_s, ret_ns, ret_status);
}

enum tai_err taistamp_time_to_ntp_date(const taistamp_leaps *leaps, tai_t t, struct tai_ntp_date *ret_date,
                                       enum taistamp_utc_status *ret_status)
{
    int64_t posix_s;
    int32_t ns;
    enum tai_err err = leap_posix_from_tai(leaps_table(leaps), t, &posix_s, &ns, ret_status);
    if (err == TAI_OK)
        *ret_date = ntp_date_from_posix(posix_s, ns);
    return err;
}

enum tai_err taistamp_time_from_ntp_date(const taistamp_leaps *leaps, struct tai_ntp_date date, tai_t *ret_t,
                                         enum taistamp_utc_status *ret_status)
{
    int64_t posix_s;
    int32_t ns;
    tai_t second;
    enum taistamp_utc_status status;
    enum tai_err err = ntp_date_to_posix(date, &posix_s, &ns);
    if (err == TAI_OK)
        err = leap_tai_from_posix(leaps_table(leaps), posix_s, &second, &status);
    if (err == TAI_OK)
        err = taistamp_time_add(second, (tai_span_t){ns}, ret_t);
    if (err == TAI_OK)
        *ret_status = status;
    return err;
}

enum tai_err taistamp_time_to_ntp(const taistamp_leaps *leaps, tai_t t, uint64_t *ret_timestamp,
                                  enum taistamp_utc_status *ret_status)
{
    int64_t posix_s;
    int32_t ns;
    enum tai_err err = leap_posix_from_tai(leaps_table(leaps), t, &posix_s, &ns, ret_status);
    if (err == TAI_OK)
        *ret_timestamp = ntp_timestamp_from_posix(posix_s, ns);
    return err;
}

enum tai_err taistamp_time_from_ntp(const taistamp_leaps *leaps, uint64_t timestamp, tai_t pivot,
                                    tai_t *ret_t, enum taistamp_utc_status *ret_status)
{
    int64_t pivot_s, rest;
    int32_t ns;
    enum taistamp_utc_status status;
    if (timestamp == 0)
        return TAI_ERR_UNKNOWN;
    /* Before 1972 the pivot's TAI second stands in for its POSIX second: it then only says "long ago". */
    if (leap_posix_from_tai(leaps_table(leaps), pivot, &pivot_s, &ns, &status) != TAI_OK)
        pivot_s = arith_div_floor(pivot.ns, NS_PER_S, &rest);
    return taistamp_time_from_ntp_date(leaps, ntp_date_near(timestamp, pivot_s), ret_t, ret_status);
}

enum tai_err taistamp_time_print(tai_t t, enum taistamp_scale scale, unsigned digits,
                                 const taistamp_leaps *leaps, char ret_text[TAISTAMP_TIME_TEXT],
                                 enum taistamp_utc_status *ret_status)
{
    enum taistamp_utc_status status;
    enum tai_err err = rfc3339_print(t, scale, digits, leaps_table(leaps), ret_text, &status);
    if (err == TAI_OK && ret_status != NULL)
        *ret_status = status;
    return err;
}

enum tai_err taistamp_time_parse(const char *text, const taistamp_leaps *leaps, tai_t *ret_t,
                                 struct tai_error *error)
{
    struct bytes b = bytes_of_str(text);
    if (text[0] == '@')
        return tai64_parse(b, ret_t, error);
    return rfc3339_parse(b, leaps_table(leaps), ret_t, error);
}
