/* SPDX-License-Identifier: Apache-2.0 */
/* What gpsd says, once it has been read: types checked, ranges checked, in our units.
 *
 * The words are gpsd's own (gpsd_json(5)): TPV is a fix, SKY the satellites, TOFF the arrival of the first message of a
 * second, PPS a pulse, DEVICES and DEVICE the receivers. Text becomes this in server/clock/io/gps_json.c; what it means
 * is decided in gps.c. */
#ifndef SERVER_CLOCK_CORE_GPS_MESSAGE_H
#define SERVER_CLOCK_CORE_GPS_MESSAGE_H

#include "sdk/base/bytes.h"
#include "server/clock/core/refclock.h"

enum {
    GPS_DEVICES_MAX = 8,       /* of one DEVICES message; more are left out */
    GPS_STATUS_SIMULATED = 8,  /* TPV.status: the receiver plays back or makes up its fix */
    GPS_LEAP_MAX = 200,        /* seconds of GPS-UTC, either sign: centuries of leap seconds */
    GPS_QERR_PS_MAX = 1000000, /* of a quantization error, either sign; receivers have some 20,000 */
    GPS_PRECISION_MIN = -30    /* of a pulse: 2^-30 s; the coarsest is -1 */
};

/* Seconds that are a date at all: from 1972 up to 2200. */
#define GPS_UTC_S_MIN INT64_C(63072000)
#define GPS_UTC_S_END INT64_C(7258118400)

enum gps_class {
    GPS_OTHER, /* a class that does not concern us */
    GPS_VERSION,
    GPS_DEVICES,
    GPS_DEVICE,
    GPS_TPV,
    GPS_SKY,
    GPS_TOFF,
    GPS_PPS,
    GPS_ERROR,
    GPS_CLASSES
};

struct gps_tpv {
    uint8_t mode;   /* 0 not known, 1 no fix, 2 2-D, 3 3-D */
    uint8_t status; /* 0 not said */
    bool has_time;
    int64_t utc_s; /* POSIX second */
    int32_t utc_ns;
    bool has_leap;
    int32_t leap_s; /* GPS-UTC */
    bool has_position;
    int64_t latitude_ndeg, longitude_ndeg, altitude_mm;
    int64_t time_error_ns; /* 0: not said */
    int16_t jamming;       /* -1: not said */
};

struct gps_sky {
    bool has_satellites; /* false: dilutions of precision only */
    uint16_t seen, used, count;
    struct refclock_satellite satellites[REFCLOCK_SATELLITES_MAX];
};

/* TOFF and PPS: the receiver's second and CLOCK_REALTIME of gpsd's machine at one instant. */
struct gps_edge {
    int64_t real_s; /* POSIX second */
    int32_t real_ns;
    int64_t clock_ns; /* CLOCK_REALTIME */
    int8_t precision; /* PPS: 2^precision s */
    int32_t qerr_ps;  /* PPS: the second begins this long after the edge; 0 where it is not said */
};

struct gps_device {
    char path[REFCLOCK_DEVICE_MAX];
    char driver[REFCLOCK_NAME_MAX]; /* "" not known */
    bool active;
};

struct gps_message {
    enum gps_class class;
    char device[REFCLOCK_DEVICE_MAX]; /* "" not said */
    union {
        struct gps_tpv tpv;
        struct gps_sky sky;
        struct gps_edge edge;
        struct {
            uint8_t count;
            struct gps_device list[GPS_DEVICES_MAX];
        } devices; /* DEVICES; DEVICE with count 1 */
    } u;
};

/* "2026-01-31T23:59:59.123Z": a date that exists, 1972 to 2199, 0 to 9 decimals, nothing else. False for anything else,
 * also for second 60, which has no POSIX number; outputs untouched then. */
bool gps_time_read(struct bytes text, int64_t *ret_utc_s, int32_t *ret_utc_ns);

/* The dates in a message that has any, moved by whole multiples of 1024 weeks into the 1024 weeks that begin at from_s (POSIX
 * seconds, 1980 to 2170; 0: left as they are). The satellites send 10 bits of the week, so which 1024 of them is a guess of
 * the receiver's, or of gpsd's: it takes a date before 2017 beside the 18 leap seconds that it was built with for such a wrong guess, and
 * adds 1024 weeks. Worked number: from 2014-12-01, 2034-08-16T03:07:19Z becomes 2014-12-31T03:07:19Z. */
#define GPS_ERA_S (INT64_C(1024) * 7 * 86400)
void gps_message_era(struct gps_message *message, int64_t from_s);

#endif
