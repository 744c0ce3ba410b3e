/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>

#include "tools/tai-leap/show.h"

static const int64_t ns_per_day = INT64_C(86400000000000);

/* A table's own dates are always inside its reach: from 1972 on. */
static void print_utc(tai_t t, const taistamp_leaps *leaps, char ret_text[TAISTAMP_TIME_TEXT])
{
    if (taistamp_time_print(t, TAISTAMP_UTC, 0, leaps, ret_text, NULL) != TAI_OK &&
        taistamp_time_print(t, TAISTAMP_TAI, 0, leaps, ret_text, NULL) != TAI_OK)
        ret_text[0] = 0;
}

static void show_status(const taistamp_leaps *leaps, const struct instant *now)
{
    tai_span_t left;
    int32_t current;
    char expires[TAISTAMP_TIME_TEXT];
    print_utc(taistamp_leaps_expires(leaps), leaps, expires);
    bool known = taistamp_time_sub(taistamp_leaps_expires(leaps), now->t, &left) == TAI_OK;
    printf("  expires  %s", expires);
    if (known && left.ns > 0)
        printf(", in %" PRId64 " days\n  status   valid\n", left.ns / ns_per_day);
    else
        printf(
            "\n  status   EXPIRED: a leap second may be missing; TAI goes on, UTC after this is doubtful\n");
    if (taistamp_leaps_offset(leaps, now->t, &current) != TAISTAMP_UTC_UNKNOWN)
        printf("  TAI-UTC  %" PRId32 " s now\n", current);
}

void show_table(const taistamp_leaps *leaps, const struct instant *now)
{
    char text[TAISTAMP_TIME_TEXT];
    int32_t offset, before = 0;
    tai_t from;
    printf("%s\n", taistamp_leaps_origin(leaps));
    print_utc(taistamp_leaps_updated(leaps), leaps, text);
    printf("  updated  %s\n", text);
    show_status(leaps, now);
    printf("\n  from                  TAI-UTC\n");
    for (size_t i = 0; taistamp_leaps_line(leaps, i, &from, &offset) == TAI_OK; i++) {
        print_utc(from, leaps, text);
        printf("  %s  %4" PRId32 " s%s\n", text, offset,
               i > 0 && offset < before ? "  (negative: the second 59 before it was left out)" : "");
        before = offset;
    }
}

json_t *show_table_json(const taistamp_leaps *leaps, const struct instant *now, bool with_lines)
{
    char text[TAISTAMP_TIME_TEXT];
    int32_t offset;
    tai_t from, expires = taistamp_leaps_expires(leaps);
    json_t *o = json_object();
    (void)json_object_set_new(o, "file", json_string(taistamp_leaps_origin(leaps)));
    print_utc(taistamp_leaps_updated(leaps), leaps, text);
    (void)json_object_set_new(o, "updated", json_string(text));
    print_utc(expires, leaps, text);
    (void)json_object_set_new(o, "expires", json_string(text));
    (void)json_object_set_new(o, "expires_tai_ns", json_decimal(expires.ns));
    (void)json_object_set_new(o, "status", json_string(now->t.ns < expires.ns ? "valid" : "expired"));
    if (!with_lines)
        return o;
    json_t *lines = json_array();
    for (size_t i = 0; taistamp_leaps_line(leaps, i, &from, &offset) == TAI_OK; i++) {
        json_t *line = json_object();
        print_utc(from, leaps, text);
        (void)json_object_set_new(line, "from", json_string(text));
        (void)json_object_set_new(line, "from_tai_ns", json_decimal(from.ns));
        (void)json_object_set_new(line, "tai_utc_s", json_integer(offset));
        (void)json_array_append_new(lines, line);
    }
    (void)json_object_set_new(o, "lines", lines);
    return o;
}

void show_paths(void)
{
    const char *path;
    for (size_t i = 0; (path = taistamp_leaps_path(i)) != NULL; i++) {
        struct tai_error error;
        taistamp_leaps *leaps;
        char expires[TAISTAMP_TIME_TEXT];
        enum tai_err err = taistamp_leaps_load(path, &leaps, &error);
        if (err == TAI_ERR_NOT_FOUND) {
            fprintf(stderr, "tai-leap: %s: not there\n", path);
            continue;
        }
        if (err != TAI_OK) {
            fprintf(stderr, "tai-leap: %s: not used: %s\n", path, error.text);
            continue;
        }
        print_utc(taistamp_leaps_expires(leaps), leaps, expires);
        fprintf(stderr, "tai-leap: %s: good, expires %s\n", path, expires);
        taistamp_leaps_free(leaps);
    }
}
