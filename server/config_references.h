/* SPDX-License-Identifier: Apache-2.0 */
/* `sync.references` of taid.yaml: a machine's own sources of time, one map each.
 *
 * Decides: which keys a driver takes, which of them it must have, and that names are unique. What a driver makes of them is
 * its own (server/clock/io). Every accuracy is the operator's word; where the source states its own error (ntp, kernel) it
 * is what that leaves out. */
#ifndef SERVER_CONFIG_REFERENCES_H
#define SERVER_CONFIG_REFERENCES_H

#include "sdk/io/settings.h"

enum { CONFIG_REFERENCES_MAX = 8 };

/* In the order of config_reference_words. */
enum config_reference_driver {
    CONFIG_REFERENCE_SYSTEM_CLOCK,
    CONFIG_REFERENCE_KERNEL,
    CONFIG_REFERENCE_GPSD,
    CONFIG_REFERENCE_NTP,
    CONFIG_REFERENCE_SHM,
    CONFIG_REFERENCE_SOCK,
    CONFIG_REFERENCE_PPS,
    CONFIG_REFERENCE_DRIVERS
};
extern const char *const config_reference_words[];

/* What stands behind a source that does not say it itself (shm, sock, pps), in the order of config_reference_kind_words. */
enum config_reference_kind {
    CONFIG_REFERENCE_GPS,      /* a satellite receiver of this machine */
    CONFIG_REFERENCE_UPSTREAM, /* some other source outside of this machine */
    CONFIG_REFERENCE_ASSUMED,  /* nothing that anybody measured: an RTC, this machine's own clock */
    CONFIG_REFERENCE_KINDS
};
extern const char *const config_reference_kind_words[];

struct config_reference {
    int driver;          /* enum config_reference_driver; -1 until read */
    char *name;          /* default: the driver's word */
    int kind;            /* shm, sock, pps: enum config_reference_kind; default upstream */
    uint32_t group;      /* 1 to 65535: shares a cause of error with others of the same; 0: none */
    int64_t accuracy_us; /* ns; only while reading, what it said is in accuracy_ns */
    int64_t accuracy_ns; /* how wrong the source may be at most; above 0 once read */
    int64_t delay_ns;    /* its signal comes late by this */
    char *address;       /* gpsd: host:port; default 127.0.0.1:2947 */
    char *server;        /* ntp: host or host:port */
    char *device;        /* gpsd: one of its devices, NULL: any; pps: default /dev/pps0 */
    char *path;          /* sock: the socket to make, absolute once read (server/config.c) */
    char *key_file;      /* ntp: symmetric keys, the same */
    uint32_t key_id;     /* ntp: which; 0: none */
    uint32_t unit;       /* shm: 0 to 255 */
    int64_t poll_ns;     /* ntp */
    int64_t serial_delay_ns, serial_accuracy_ns; /* gpsd: of time without a pulse; accuracy 0: not used */
    bool pulses_only;                            /* gpsd: serial time only numbers the pulses */
    int64_t weeks_from_posix_s; /* gpsd: first day of the 1024 weeks of its dates; 0: as told */
    bool surveyed;              /* gpsd: the antenna does not move */
};

extern const struct setting_list config_references;

/* Whether it reads CLOCK_REALTIME, which then nobody may steer by what it says. */
bool config_reference_is_realtime(const struct config_reference *reference);

#endif
