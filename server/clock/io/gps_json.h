/* SPDX-License-Identifier: Apache-2.0 */
/* One line of gpsd's protocol, read strictly: JSON to struct gps_message.
 *
 * Every class is read here and none by libgps. Of version 3.22 (Debian 12) that one does not fill TOFF, lets TOFF overwrite
 * PPS, takes 1e400 for a latitude of infinity, leaves in place what an earlier message set, and connects by blocking; its
 * struct changes with each release of gpsd. What it would save is a reader of JSON, which TOFF and PPS need anyway.
 *
 * Refused: what is longer than GPS_LINE_MAX or deeper than GPS_DEPTH_MAX, what is not one JSON object (so also NaN and numbers
 * beyond a double), an attribute given twice, and of the attributes that are used any of another type or out of its
 * range; the whole message then. Attributes and classes that are not known are passed over, for each release of gpsd
 * adds some. Nothing is kept between two lines. Any thread.
 *
 * Source: gpsd_json(5) of gpsd 3.22 and 3.25. */
#ifndef SERVER_CLOCK_IO_GPS_JSON_H
#define SERVER_CLOCK_IO_GPS_JSON_H

#include "server/clock/core/gps_message.h"

enum {
    GPS_LINE_MAX = 16384, /* gpsd's own lines end at 10240 */
    GPS_DEPTH_MAX = 6     /* SKY has 3 */
};

enum gps_line {
    GPS_LINE_FINE,
    GPS_LINE_LONG,
    GPS_LINE_DEEP,
    GPS_LINE_NOT_JSON, /* no JSON object with a class */
    GPS_LINE_VALUE,    /* an attribute of the wrong type or range */
    GPS_LINES
};

/* `line` without its end. *ret_message is written with GPS_LINE_FINE only. */
enum gps_line gps_json_read(const char *line, size_t len, struct gps_message *ret_message);

#endif
