/* SPDX-License-Identifier: Apache-2.0 */
/* What the messages of gpsd amount to: samples of TAI, evidence, and why there are none.
 *
 * Decides: which of several receivers is listened to; whether its pulses or its serial time count; which second a pulse
 * belongs to; TAI out of its UTC (gps_leap.h). Refuses: receivers without a fix or that simulate one, seconds within 2 s of a
 * leap second, pulses that serial time does not number. Whether the date and the time are true is not judged here: that is
 * the timekeeper's.
 *
 * Receivers. One device is named, or any will do: then the first with a fix is kept until it has had none for 10 s.
 *
 * Pulse before serial time. gpsd stamps the edge with CLOCK_REALTIME, refclock_feed.locate places it on the raw timeline, and
 * within +-(its width + 2^precision s) TAI was the second that the pulse began, less qErr: the receiver can only move its edge in
 * steps of its own clock and says by how much this edge comes early (u-blox UBX-TIM-TP; positive: early, as measured at
 * anderswallin.net/2019/10/ublox-f9t-qerr-correction). While pulses come (5 s) serial time is not handed in; it numbers
 * them: the first message about a second must come after its pulse, by less than a second plus what is
 * configured as serial delay less half a second. A pulse that does not fit is withheld.
 *
 * Serial time is TOFF where gpsd sends it (it stamps the first byte of the second's messages) and this machine's clock can
 * be placed; else the arrival here of the first TPV with that time. The serial delay is measured on each: against the
 * pulse before it, else against the node's own time. It is shown, never applied by itself.
 *
 * Worked number: serial_delay 120 ms; TPV for 12:00:00Z arrives at raw 50.130 s: TAI was 12:00:37.120 there. The pulse of
 * 12:00:01Z, qErr +7000 ps, is at raw 51.010 s: TAI was 12:00:37.999999993 there. TPV for 12:00:01Z arrives at raw 51.130 s:
 * the serial delay is 119.999993 ms, and TAI was 12:00:38.120 there by serial time, which is not handed in now.
 *
 * Pure; one thread at a time; memory is the caller's. */
#ifndef SERVER_CLOCK_CORE_GPS_H
#define SERVER_CLOCK_CORE_GPS_H

#include "server/clock/core/gps_leap.h"
#include "server/clock/core/gps_message.h"

enum { GPS_RECEIVERS_MAX = 4, GPS_DELAYS = 31 };
#define GPS_ALIVE_NS      INT64_C(10000000000) /* without a fix for this long a receiver is left for another */
#define GPS_PULSE_LIFE_NS INT64_C(5000000000)
#define GPS_SERIAL_LIFE_NS                                                                                   \
    INT64_C(2500000000)                 /* serial time numbers pulses, and TOFF excludes TPV, for this long */
#define GPS_ARRIVAL_NS INT64_C(1000000) /* of a TPV: from gpsd's socket into this process */
#define GPS_STALE_NS   INT64_C(2000000000) /* an edge older than this when it is told is not handed in */

/* The delay of serial time, as measured. */
struct gps_delay {
    int64_t values[GPS_DELAYS]; /* the newest ones, a ring */
    uint8_t count, next;
    bool pulses; /* measured against pulses */
};

/* An instant on the raw timeline, and the UTC that belongs to it. */
struct gps_instant {
    bool has;
    tai_mono_t raw;
    int64_t utc_s;
    int32_t utc_ns;
};

struct gps_receiver {
    bool used; /* this slot */
    char device[REFCLOCK_DEVICE_MAX];
    char driver[REFCLOCK_NAME_MAX];
    tai_mono_t raw_heard;
    struct gps_instant fix;    /* first TPV of its second */
    struct gps_instant toff;   /* last one placed */
    struct gps_instant serial; /* whichever of the two counts */
    struct gps_instant pulse;  /* last one, good or not */
    bool has_good_pulse;       /* last one handed in: */
    tai_mono_t raw_good_pulse;
    tai_t tai_good_pulse;
    tai_mono_t raw_sampled; /* last serial sample */
    bool has_sampled;
    struct gps_tpv last; /* TPV */
    struct gps_sky sky;
    struct gps_leap leap;
    struct gps_delay delay;
};

struct gps {
    const struct refclock_settings *settings;
    const struct refclock_feed *feed;
    uint8_t source;
    char device[REFCLOCK_DEVICE_MAX]; /* configured; "" any */
    sync_timeline_t timeline;
    struct gps_receiver receivers[GPS_RECEIVERS_MAX];
    int chosen; /* index; -1: none */
    bool connected;
    const char *why; /* nothing is handed in; NULL: it is */
    uint64_t pulses, serials, withheld;
    uint64_t bad; /* the adapter's to count: lines that were refused */
};

/* Settings and feed are borrowed. `device` NULL: any. */
void gps_init(struct gps *gps, uint8_t source, const struct refclock_settings *settings,
              const struct refclock_feed *feed, const char *device);
/* The connection to gpsd came or went: all receivers are forgotten, with `why` (static storage) when it went. */
void gps_connected(struct gps *gps, bool connected, const char *why);
/* A message came; `now` was read when it did. Feeds samples, leap counts and losses. */
void gps_take(struct gps *gps, const struct gps_message *message, const struct engine_now *now);
/* Once a second: looks for a better receiver, feeds the evidence. */
void gps_second(struct gps *gps, const struct engine_now *now);
/* What there is to show. */
void gps_evidence(const struct gps *gps, const struct engine_now *now,
                  struct refclock_evidence *ret_evidence);

#endif
