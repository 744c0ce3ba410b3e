/* SPDX-License-Identifier: Apache-2.0 */
#include "server/clock/io/gps_json.h"

#include <math.h>
#include <string.h>

#include "server/json.h"

enum { NS_END = 1000000000, MODE_MAX = 3, STATUS_MAX = 255, JAMMING_MAX = 255, NUMBER_MAX = 1000 };
enum { DEGREES_TURN = 360, CN0_MAX_DBHZ = 99, TENTHS = 10, SATELLITES_LISTED_MAX = 1024 };
#define NDEG_PER_DEG     1e9
#define MM_PER_M         1e3
#define ALTITUDE_MAX_M   1e8
#define TIME_ERROR_MAX_S 1e9

/* ---- Attributes: each says false for a value that cannot be; one that is absent leaves *ret as it is ---- */

static bool has(const json_t *o, const char *key)
{
    return json_object_get(o, key) != NULL;
}

static bool integer(const json_t *o, const char *key, int64_t min, int64_t max, int64_t *ret)
{
    const json_t *v = json_object_get(o, key);
    if (v == NULL)
        return true;
    if (!json_is_integer(v) || json_integer_value(v) < min || json_integer_value(v) > max)
        return false;
    *ret = json_integer_value(v);
    return true;
}

/* Times `unit`, rounded to an integer. */
static bool number(const json_t *o, const char *key, double min, double max, double unit, int64_t *ret)
{
    const json_t *v = json_object_get(o, key);
    if (v == NULL)
        return true;
    double d = json_number_value(v);
    if (!json_is_number(v) || !isfinite(d) || d < min || d > max)
        return false;
    double scaled = d * unit; /* at most 10^18 by the ranges that are asked for */
    *ret = (int64_t)(scaled + (scaled < 0 ? -0.5 : 0.5));
    return true;
}

/* Printable ASCII that fits; longer text is refused, not cut: two devices must not become one. */
static bool word(const json_t *o, const char *key, char *ret, size_t cap)
{
    const json_t *v = json_object_get(o, key);
    if (v == NULL)
        return true;
    const char *text = json_string_value(v);
    if (text == NULL || json_string_length(v) >= cap)
        return false;
    for (size_t i = 0; i < json_string_length(v); i++)
        if (text[i] < ' ' || text[i] > '~')
            return false;
    memcpy(ret, text, json_string_length(v) + 1);
    return true;
}

/* ---- Classes ---- */

static bool read_tpv(const json_t *o, struct gps_tpv *tpv)
{
    int64_t mode = 0, status = 0, leap = 0, lat = 0, lon = 0, alt = 0, ept = 0, jamming = -1;
    *tpv = (struct gps_tpv){.has_time = has(o, "time"), .has_leap = has(o, "leapseconds")};
    const json_t *time = json_object_get(o, "time");
    if (time != NULL &&
        (!json_is_string(time) || !gps_time_read(bytes_of(json_string_value(time), json_string_length(time)),
                                                 &tpv->utc_s, &tpv->utc_ns)))
        return false;
    const char *altitude = has(o, "altHAE") ? "altHAE" : "alt";
    if (!has(o, "mode") || !integer(o, "mode", 0, MODE_MAX, &mode) ||
        !integer(o, "status", 0, STATUS_MAX, &status) ||
        !integer(o, "leapseconds", -GPS_LEAP_MAX, GPS_LEAP_MAX, &leap) ||
        !number(o, "lat", -DEGREES_TURN / 4, DEGREES_TURN / 4, NDEG_PER_DEG, &lat) ||
        !number(o, "lon", -DEGREES_TURN / 2, DEGREES_TURN / 2, NDEG_PER_DEG, &lon) ||
        !number(o, altitude, -ALTITUDE_MAX_M, ALTITUDE_MAX_M, MM_PER_M, &alt) ||
        !number(o, "ept", 0, TIME_ERROR_MAX_S, NS_END, &ept) || !integer(o, "jam", 0, JAMMING_MAX, &jamming))
        return false;
    tpv->mode = (uint8_t)mode;
    tpv->status = (uint8_t)status;
    tpv->leap_s = (int32_t)leap;
    tpv->has_position = has(o, "lat") && has(o, "lon");
    tpv->latitude_ndeg = lat;
    tpv->longitude_ndeg = lon;
    tpv->altitude_mm = alt;
    tpv->time_error_ns = ept;
    tpv->jamming = (int16_t)jamming;
    return true;
}

/* A number of gpsd's own, where the receiver's driver did not say the constellation: NMEA 4.0 as gpsd_json(5) has it. */
static uint8_t constellation_of(int64_t prn)
{
    enum { GPS = 0, SBAS = 1, QZSS = 5, GLONASS = 6, UNKNOWN = 255 };
    if (prn >= 1 && prn <= 32)
        return GPS;
    if (prn >= 65 && prn <= 96)
        return GLONASS;
    if ((prn >= 33 && prn <= 64) || (prn >= 120 && prn <= 158))
        return SBAS;
    return prn >= 193 && prn <= 202 ? QZSS : UNKNOWN;
}

static bool read_satellite(const json_t *o, struct refclock_satellite *s)
{
    enum { NOT_SAID = -1000 };
    int64_t prn = 0, svid = 0, gnss = -1, cn0 = 0, el = NOT_SAID, az = NOT_SAID;
    const json_t *used = json_object_get(o, "used");
    if (!json_is_object(o) || !json_is_boolean(used) || !has(o, "PRN") ||
        !integer(o, "PRN", 0, NUMBER_MAX, &prn) || !integer(o, "svid", 0, NUMBER_MAX, &svid) ||
        !integer(o, "gnssid", 0, STATUS_MAX, &gnss) || !number(o, "ss", 0, CN0_MAX_DBHZ, TENTHS, &cn0) ||
        !number(o, "el", -DEGREES_TURN / 4, DEGREES_TURN / 4, 1, &el) ||
        !number(o, "az", 0, DEGREES_TURN, 1, &az))
        return false;
    *s = (struct refclock_satellite){.constellation = gnss >= 0 ? (uint8_t)gnss : constellation_of(prn),
                                     .number = (uint16_t)(svid > 0 ? svid : prn),
                                     .cn0_ddbhz = (int16_t)cn0,
                                     .elevation_deg = (int16_t)el,
                                     .azimuth_deg = (int16_t)az,
                                     .used = json_is_true(used)};
    return true;
}

/* What does not fit the table is counted; the used ones go in first. */
static bool read_sky(const json_t *o, struct gps_sky *sky)
{
    const json_t *list = json_object_get(o, "satellites");
    *sky = (struct gps_sky){.has_satellites = list != NULL};
    if (list == NULL)
        return true;
    size_t n = json_array_size(list);
    if (!json_is_array(list) || n > SATELLITES_LISTED_MAX)
        return false;
    for (int unused = 0; unused <= 1; unused++)
        for (size_t i = 0; i < n; i++) {
            struct refclock_satellite s;
            if (!read_satellite(json_array_get(list, i), &s))
                return false;
            if (s.used == (unused == 1))
                continue;
            sky->seen++;
            sky->used = (uint16_t)(sky->used + (s.used ? 1 : 0));
            if (sky->count < REFCLOCK_SATELLITES_MAX)
                sky->satellites[sky->count++] = s;
        }
    return true;
}

static bool read_edge(const json_t *o, bool pulse, struct gps_edge *e)
{
    int64_t real_s = 0, real_ns = 0, clock_s = 0, clock_ns = 0, precision = -1, qerr = 0;
    if (!has(o, "real_sec") || !has(o, "real_nsec") || !has(o, "clock_sec") || !has(o, "clock_nsec") ||
        (pulse && !has(o, "precision")) ||
        !integer(o, "real_sec", GPS_UTC_S_MIN, GPS_UTC_S_END - 1, &real_s) ||
        !integer(o, "real_nsec", 0, NS_END - 1, &real_ns) ||
        !integer(o, "clock_sec", 0, GPS_UTC_S_END - 1, &clock_s) ||
        !integer(o, "clock_nsec", 0, NS_END - 1, &clock_ns) ||
        !integer(o, "precision", GPS_PRECISION_MIN, -1, &precision) ||
        !integer(o, "qErr", -GPS_QERR_PS_MAX, GPS_QERR_PS_MAX, &qerr))
        return false;
    *e = (struct gps_edge){real_s, (int32_t)real_ns, clock_s * NS_END + clock_ns, (int8_t)precision,
                           (int32_t)qerr};
    return true;
}

static bool read_device(const json_t *o, struct gps_device *d)
{
    *d = (struct gps_device){.active = false};
    if (!json_is_object(o) || !has(o, "path") || !word(o, "path", d->path, sizeof d->path))
        return false;
    const json_t *driver = json_object_get(o, "driver"), *activated = json_object_get(o, "activated");
    if (driver != NULL && !json_is_string(driver))
        return false;
    if (driver != NULL && json_string_length(driver) < sizeof d->driver &&
        !word(o, "driver", d->driver, sizeof d->driver))
        return false;
    d->active = json_is_string(activated) || json_number_value(activated) > 0;
    return true;
}

static bool read_devices(const json_t *o, struct gps_message *m)
{
    const json_t *list = json_object_get(o, "devices");
    m->u.devices.count = 0;
    if (!json_is_array(list))
        return false;
    for (size_t i = 0; i < json_array_size(list) && i < GPS_DEVICES_MAX; i++, m->u.devices.count++)
        if (!read_device(json_array_get(list, i), &m->u.devices.list[i]))
            return false;
    return true;
}

static bool read_class(const json_t *o, struct gps_message *m)
{
    switch (m->class) {
    case GPS_TPV:
        return read_tpv(o, &m->u.tpv);
    case GPS_SKY:
        return read_sky(o, &m->u.sky);
    case GPS_TOFF:
    case GPS_PPS:
        return read_edge(o, m->class == GPS_PPS, &m->u.edge);
    case GPS_DEVICES:
        return read_devices(o, m);
    case GPS_DEVICE:
        m->u.devices.count = 1;
        return read_device(o, &m->u.devices.list[0]);
    case GPS_OTHER:
    case GPS_VERSION:
    case GPS_ERROR:
    case GPS_CLASSES:
        break;
    }
    return true;
}

static enum gps_class class_of(const char *name)
{
    static const char *const names[GPS_CLASSES] = {
        [GPS_VERSION] = "VERSION", [GPS_DEVICES] = "DEVICES", [GPS_DEVICE] = "DEVICE", [GPS_TPV] = "TPV",
        [GPS_SKY] = "SKY",         [GPS_TOFF] = "TOFF",       [GPS_PPS] = "PPS",       [GPS_ERROR] = "ERROR"};
    for (int c = GPS_OTHER + 1; c < GPS_CLASSES; c++)
        if (strcmp(names[c], name) == 0)
            return (enum gps_class)c;
    return GPS_OTHER;
}

/* Whether brackets nest no deeper than they may: the parser goes down with them. */
static bool is_shallow(const char *line, size_t len)
{
    int depth = 0;
    bool in_text = false;
    for (size_t i = 0; i < len; i++) {
        if (in_text && line[i] == '\\')
            i++;
        else if (line[i] == '"')
            in_text = !in_text;
        else if (!in_text && (line[i] == '{' || line[i] == '['))
            depth++;
        else if (!in_text && (line[i] == '}' || line[i] == ']'))
            depth--;
        if (depth > GPS_DEPTH_MAX)
            return false;
    }
    return true;
}

enum gps_line gps_json_read(const char *line, size_t len, struct gps_message *ret_message)
{
    if (len > GPS_LINE_MAX)
        return GPS_LINE_LONG;
    if (!is_shallow(line, len))
        return GPS_LINE_DEEP;
    json_t *o = json_loadb(line, len, JSON_REJECT_DUPLICATES, NULL);
    const char *name = json_string_value(json_object_get(o, "class"));
    if (name == NULL) {
        json_decref(o);
        return GPS_LINE_NOT_JSON;
    }
    struct gps_message m = {.class = class_of(name)};
    bool fine = word(o, "device", m.device, sizeof m.device) && read_class(o, &m);
    json_decref(o);
    if (!fine)
        return GPS_LINE_VALUE;
    *ret_message = m;
    return GPS_LINE_FINE;
}
