/* SPDX-License-Identifier: Apache-2.0 */
/* A node's references: opens the driver of each on the host's loop, and carries what they say to the timekeeper.
 *
 * A driver is one row of a table: its word in the configuration, and how to open, tick and close it. It waits in the loop only
 * (non-blocking sockets and descriptors), reconnects by itself for ever with growing pauses, and never ends the process: a
 * source that cannot be had is silent, with one line in the log when it goes and one when it comes.
 *
 * One thread: the loop's. */
#ifndef SERVER_CLOCK_IO_REFERENCES_H
#define SERVER_CLOCK_IO_REFERENCES_H

#include "server/clock/core/refclock.h"
#include "taistamp/base.h"

struct event_base;

/* What a driver is opened with. All of it outlives the driver. */
struct refclock_place {
    struct event_base *base;
    const struct refclock_settings *settings;
    uint8_t source; /* to be put into all that is fed */
    const struct refclock_feed *feed;
    /* Text of the configuration that is the driver's own, NULL where absent: */
    const char *address;  /* gpsd: host:port; ntp: host or host:port */
    const char *device;   /* gpsd: its device, NULL: any; pps: /dev/pps0; sock: path of the socket */
    const char *key_file; /* ntp: symmetric keys in ntp.keys form */
    uint32_t key_id;      /* ntp: 0: none */
    uint32_t unit;        /* shm: segment 0 to 255 */
};

struct refclock_driver_ops {
    const char *word;
    /* What the settings alone show to be wrong: the errors of open that do not need the loop. Opens nothing that stays; `base`
     * and `feed` are not used. May be NULL. */
    enum tai_err (*check)(const struct refclock_place *place, struct tai_error *error);
    /* *ret_state is the driver's. TAI_ERR_INVALID and the like only for what no waiting can cure (a key that is not in the
     * file); a source that is not there yet is no error. */
    enum tai_err (*open)(const struct refclock_place *place, void **ret_state, struct tai_error *error);
    /* Once a second, after the clocks were read. May be NULL. */
    void (*second)(void *state, const struct engine_now *now);
    void (*close)(void *state);
};

/* gpsd.c, ntp_upstream.c, ... each define one. */
extern const struct refclock_driver_ops refclock_gpsd, refclock_ntp, refclock_shm, refclock_sock,
    refclock_pps, refclock_kernel, refclock_system_clock;

#endif
