/* SPDX-License-Identifier: Apache-2.0 */
/* The border between a reference's driver and what is made of it: settings in; samples, evidence and announcements out.
 *
 * A *driver* (server/clock/io: gpsd, ntp, kernel, shm, sock, pps, system-clock) speaks with one source of time and says, for each
 * measurement, what TAI was at one instant of this machine. It does not average, does not judge other sources and does not
 * hold over: that is the timekeeper's (timekeeper.h), which alone turns all samples into the node's one struct sync_reference.
 *
 *     gpsd, ntp server, ...  -> driver (io) -> refclock_sample, refclock_evidence, refclock_leap  -> timekeeper -> engine
 *
 * Conversions are the driver's: a source that counts UTC becomes TAI by its own leap count where it has one (GPS: then the
 * leap table does not matter), else by the table, and a sample that could be on either side of a leap second is not handed in.
 *
 * Worked number: a receiver whose pulse came at RAW 50.000000000 s, read within +-1 us, for the second 1,000,000,037 TAI, with a
 * configured cable delay of 50 ns: raw 50 s, tai 1000000037.000000050 s, error_ns 1000; the declared accuracy of the source
 * (settings.accuracy_ns) is not in it, the timekeeper adds it.
 *
 * Types only. Times in ns, TAI; widths are half-widths, never negative. */
#ifndef SERVER_CLOCK_CORE_REFCLOCK_H
#define SERVER_CLOCK_CORE_REFCLOCK_H

#include "client/core/engine.h"

enum {
    REFCLOCKS_MAX = 8,           /* of one node */
    REFCLOCK_NAME_MAX = 32,      /* with its NUL: letters, digits, '-' */
    REFCLOCK_DEVICE_MAX = 64,    /* with its NUL */
    REFCLOCK_SATELLITES_MAX = 64 /* shown; more are counted */
};

enum refclock_driver {
    REFCLOCK_NONE,
    REFCLOCK_SYSTEM_CLOCK, /* CLOCK_REALTIME with a declared bound (anchor.h) */
    REFCLOCK_KERNEL, /* CLOCK_REALTIME as chronyd or ntpd keeps it, with the kernel's maxerror (keeper.h) */
    REFCLOCK_GPSD,
    REFCLOCK_NTP,
    REFCLOCK_SHM,
    REFCLOCK_SOCK,
    REFCLOCK_PPS,
    REFCLOCK_DRIVERS
};

/* Of one source, as configured, in the order of the configuration. What does not concern its driver is zero. */
struct refclock_settings {
    enum refclock_driver driver;
    char name[REFCLOCK_NAME_MAX];    /* for people and logs; unique in the node */
    enum taistamp_clock_source kind; /* shm, sock, pps: what stands behind it, as entries shall say */
    uint16_t
        group; /* not 0: shares a cause of error (antenna, upstream) with others of this number: counts once */
    int64_t accuracy_ns; /* declared: how wrong the source itself may be at most, > 0 */
    int64_t
        delay_ns; /* fixed delay, added to the TAI that the source names: positive when its signal comes late */
    int64_t serial_delay_ns;    /* gpsd: the same for serial time (no pulse) */
    int64_t serial_accuracy_ns; /* gpsd: instead of accuracy_ns for serial time */
    int64_t poll_ns;            /* ntp: between polls */
    bool pulses;                /* gpsd: only pulses count, serial time numbers them */
    int64_t weeks_from_s; /* gpsd: its dates are in the 1024 weeks from this POSIX second on; 0: as told */
    bool surveyed;        /* gpsd: the antenna does not move */
};

enum refclock_leap_warning {
    REFCLOCK_LEAP_NONE,
    REFCLOCK_LEAP_INSERT,
    REFCLOCK_LEAP_DELETE,
    REFCLOCK_LEAP_UNKNOWN
};

/* One measurement. */
struct refclock_sample {
    uint8_t source; /* index into the settings */
    bool pulse;     /* of a pulse per second; else of a message (serial, network) */
    sync_timeline_t timeline;
    tai_mono_t raw; /* at this reading of it */
    tai_t tai;      /* TAI was this, delay_ns applied */
    int64_t
        error_ns; /* within +-this: reading, mapping, path, the source's own upstream; not the declared accuracy */
    int64_t
        noise_ns; /* one sigma expected of a good source, 0: not known; information for the filter, never a bound */
};

/* What the source says of leap seconds. */
struct refclock_leap {
    uint8_t source;
    bool has_tai_utc;
    int32_t tai_utc_s;                  /* by the source's own count */
    enum refclock_leap_warning warning; /* for the end of the present month or day */
};

/* What a satellite receiver shows of itself: displayed, and compared from one second to the next. */
struct refclock_satellite {
    uint8_t constellation; /* gnssid: 0 GPS, 1 SBAS, 2 Galileo, 3 BeiDou, 5 QZSS, 6 GLONASS; 255: not said */
    uint16_t number;
    int16_t cn0_ddbhz;                  /* C/N0 in tenths of dB-Hz; 0: not said */
    int16_t elevation_deg, azimuth_deg; /* -1000: not said */
    bool used;
};
struct refclock_evidence {
    uint8_t source;
    char device[REFCLOCK_DEVICE_MAX];
    bool connected; /* to gpsd, or whatever the source is behind */
    uint8_t mode;   /* 0 not said, 1 no fix, 2 2-D, 3 3-D */
    bool has_pulse; /* pulses have come within the last 5 s */
    bool has_position;
    int64_t latitude_ndeg, longitude_ndeg; /* 10^-9 degrees, WGS 84 */
    int64_t altitude_mm;
    int64_t time_error_ns; /* what the receiver says of its own time, 0: nothing */
    int16_t jamming;       /* 0 to 255 as u-blox counts; -1: not said */
    char receiver
        [REFCLOCK_NAME_MAX];  /* what it is, as the program that reads it says ("u-blox"); "" not said */
    bool has_leap;            /* the receiver says its own count of leap seconds */
    int32_t tai_utc_s;        /* by that count */
    uint8_t serial_delays;    /* measurements of the serial delay in hand; 0: none */
    bool serial_delay_pulses; /* measured against the receiver's own pulses, not against the node's time */
    int64_t serial_delay_ns, serial_delay_spread_ns; /* their median, and the largest less the smallest */
    uint64_t pulses, serials;                        /* samples handed in of each kind */
    uint64_t withheld;                               /* measurements that came and were not handed in */
    uint64_t bad;                                    /* messages that could not be read or cannot be */
    const char *why; /* of what is withheld now, static storage; NULL: nothing is */
    uint16_t satellites_seen, satellites_used;
    uint16_t satellites_count; /* of the array */
    struct refclock_satellite satellites[REFCLOCK_SATELLITES_MAX];
};

/* What a network server says of itself: displayed, and compared, for two servers with one upstream share its errors. */
struct refclock_upstream {
    uint8_t source;
    struct engine_address address; /* where it is asked; family 0: its name has not been resolved */
    uint8_t stratum;               /* 0: nothing heard */
    bool authenticated;            /* its replies are checked with a key */
    uint32_t reference_id;         /* of what it follows, as RFC 5905 section 7.3 has it */
    uint32_t own_id;               /* the reference id by which its own clients name it */
    int64_t root_delay_ns, root_dispersion_ns; /* as it says, >= 0 */
    int64_t delay_ns;                          /* smallest round trip of the last minutes */
    int64_t poll_ns;                           /* in force */
    uint8_t reach;                             /* the last eight polls, newest in bit 0: 1 answered */
};

/* Why a source says nothing, or is not believed; shown by taictl. */
enum refclock_verdict {
    REFCLOCK_SILENT,      /* nothing has come (any more) */
    REFCLOCK_ACCEPTED,    /* counts */
    REFCLOCK_QUARANTINED, /* new, or back: must agree for a while first */
    REFCLOCK_SUSPECT,     /* disagrees with holdover, other references or the peers: does not count */
    REFCLOCK_ERA, /* its date cannot be: before the build, the last known time, or far from the network's */
    REFCLOCK_SMEARED, /* smears leap seconds: not TAI */
    REFCLOCK_REFUSED, /* the source itself says that it is no good (stratum, kiss-o'-death, no fix) */
    REFCLOCK_VERDICTS
};

struct utc_leaps;

/* What the timekeeper takes from a driver; ctx is the glue's. Called from the loop's thread; what is passed is copied. */
struct refclock_feed {
    void *ctx;
    void (*sample)(void *ctx, const struct refclock_sample *sample);
    void (*leap)(void *ctx, const struct refclock_leap *leap);
    void (*evidence)(void *ctx, const struct refclock_evidence *evidence);
    /* The source has gone or says that it is no good; a word for the log, static storage. */
    void (*lost)(void *ctx, uint8_t source, enum refclock_verdict verdict, const char *why);
    /* The clocks, read now; `locate` then knows this pair of readings. */
    void (*now)(void *ctx, struct engine_now *ret_now);
    /* A REALTIME stamp of the recent past on the raw timeline; false: cannot be placed (step, leap second, too old). */
    bool (*locate)(void *ctx, int64_t realtime_ns, tai_mono_t *ret_raw, int64_t *ret_width_ns);
    /* The node's leap table in short, as it is now. */
    void (*leap_table)(void *ctx, struct sync_leap *ret_leap);
    /* TAI-UTC in force at a POSIX second, by the machine's whole table, and past that by the one in short: the date of a source need not be the present. With
     * TAISTAMP_UTC_EXPIRED the last known; untouched with _UNKNOWN. May be NULL: then leap_table has to do. */
    enum taistamp_utc_status (*tai_utc_at)(void *ctx, int64_t posix_s, int32_t *ret_tai_utc_s);
    /* That table in short as it is at a POSIX second, for utc_leap_tai. Drivers of shm, sock and ntp need it. */
    void (*leaps_at)(void *ctx, int64_t posix_s, struct utc_leaps *ret_leaps);
    /* Given after each poll of a network server. May be NULL. */
    void (*upstream)(void *ctx, const struct refclock_upstream *upstream);
    /* Best TAI at `raw` as the node knows it, from all else; false: unknown. For numbering pulses and for eras. */
    bool (*tai_at)(void *ctx, tai_mono_t raw, struct tai_interval *ret_interval);
};

#endif
