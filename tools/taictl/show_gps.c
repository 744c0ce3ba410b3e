/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>

#include "tools/taictl/show.h"
#include "tools/taictl/units.h"

enum { DEGREE_NDEG = 1000000000, SHOWN_NDEG = 100000 };

static const char *text_of(const json_t *o, const char *key)
{
    const char *text = json_string_value(json_object_get(o, key));
    return text != NULL ? text : "-";
}

static json_int_t number(const json_t *o, const char *key)
{
    return json_integer_value(json_object_get(o, key));
}

#define N JSON_INTEGER_FORMAT

static void show_fix(const json_t *r)
{
    static const char *const fixes[] = {"not known", "none", "2-D", "3-D"};
    json_int_t mode = number(r, "mode");
    const json_t *place = json_object_get(r, "position");
    printf("%-14s %s", "Fix", mode >= 0 && mode <= 3 ? fixes[mode] : "not known");
    if (json_is_object(place)) {
        json_int_t lat = number(place, "latitude_ndeg"), lon = number(place, "longitude_ndeg");
        json_int_t alt_m = number(place, "altitude_mm") / 1000;
        json_int_t a = lat < 0 ? -lat : lat, b = lon < 0 ? -lon : lon;
        printf(", %" N ".%04" N " %c %" N ".%04" N " %c, %" N " m", a / DEGREE_NDEG,
               a % DEGREE_NDEG / SHOWN_NDEG, lat < 0 ? 'S' : 'N', b / DEGREE_NDEG,
               b % DEGREE_NDEG / SHOWN_NDEG, lon < 0 ? 'W' : 'E', alt_m);
    }
    printf("\n%-14s %s\n", "Pulses", json_is_true(json_object_get(r, "pulses")) ? "yes" : "none");
}

static void show_time(const json_t *r)
{
    const json_t *leap = json_object_get(r, "tai_utc_s"), *delay = json_object_get(r, "serial_delay");
    if (json_is_integer(leap))
        printf("%-14s TAI-UTC %" N " s by the receiver's count\n", "Leap seconds", json_integer_value(leap));
    else
        printf("%-14s the receiver does not say its count\n", "Leap seconds");
    if (json_is_object(delay)) {
        printf("%-14s %s", "Serial delay", units_offset(json_object_get(delay, "ns")).text);
        printf(", spread %s, against %s\n", units_width(json_object_get(delay, "spread_ns")).text,
               text_of(delay, "against"));
    }
    if (json_is_integer(json_object_get(r, "jamming")))
        printf("%-14s %" N " of 255\n", "Jamming", number(r, "jamming"));
}

/* A number, or blanks. */
static void column(const json_t *value, int width)
{
    if (json_is_integer(value))
        printf(" %*" N, width, json_integer_value(value));
    else
        printf(" %*s", width, "-");
}

static void show_satellites(const json_t *r)
{
    const json_t *all = json_object_get(r, "satellites"), *list = json_object_get(all, "list");
    printf("%-14s %" N " seen, %" N " used\n", "Satellites", number(all, "seen"), number(all, "used"));
    if (json_array_size(list) == 0)
        return;
    printf("  %-8s %4s %8s %9s %7s  %s\n", "System", "No", "dB-Hz", "Elevation", "Azimuth", "Used");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *s = json_array_get(list, i), *cn0 = json_object_get(s, "cn0_ddbhz");
        printf("  %-8s", text_of(s, "constellation"));
        column(json_object_get(s, "number"), 4);
        if (json_is_integer(cn0))
            printf(" %6" N ".%" N, json_integer_value(cn0) / 10, json_integer_value(cn0) % 10);
        else
            printf(" %8s", "-");
        column(json_object_get(s, "elevation_deg"), 9);
        column(json_object_get(s, "azimuth_deg"), 7);
        printf("  %s\n", json_is_true(json_object_get(s, "used")) ? "yes" : "no");
    }
}

static void show_receiver(const json_t *r)
{
    const json_t *counts = json_object_get(r, "counts"), *why = json_object_get(r, "why"),
                 *withheld = json_object_get(r, "withheld_for");
    const char *device = text_of(r, "device"), *type = text_of(r, "receiver");
    printf("%-14s %s", "Receiver", text_of(r, "name"));
    if (*type != 0 || *device != 0)
        printf(" (%s%s%s)", type, *type != 0 && *device != 0 ? ", " : "", device);
    putchar('\n');
    printf("%-14s %s%s%s\n", "Verdict", text_of(r, "verdict"), json_is_string(why) ? ": " : "",
           json_is_string(why) ? json_string_value(why) : "");
    if (json_is_string(withheld))
        printf("%-14s %s\n", "Withheld", json_string_value(withheld));
    if (!json_is_true(json_object_get(r, "connected"))) {
        printf("%-14s not connected\n", "gpsd");
        return;
    }
    show_fix(r);
    show_time(r);
    printf("%-14s %" N " pulses, %" N " serial, %" N " withheld, %" N " bad messages\n", "Taken",
           number(counts, "pulses"), number(counts, "serial"), number(counts, "withheld"),
           number(counts, "bad"));
    show_satellites(r);
}

void show_gps(const json_t *answer)
{
    const json_t *list = json_object_get(answer, "receivers");
    if (json_array_size(list) == 0)
        puts("no gpsd among the references (sync.references)");
    for (size_t i = 0; i < json_array_size(list); i++) {
        if (i > 0)
            putchar('\n');
        show_receiver(json_array_get(list, i));
    }
}
