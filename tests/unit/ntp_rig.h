/* SPDX-License-Identifier: Apache-2.0 */
/* The driver of an NTP server on a loop of its own, with this machine's clocks, and what it feeds written down. This machine's UTC is
 * taken for the truth. */
#ifndef TESTS_UNIT_NTP_RIG_H
#define TESTS_UNIT_NTP_RIG_H

#include "sdk/sync/rawmap.h"
#include "server/clock/io/references.h"

enum { NTP_RIG_TAI_UTC_S = 37 };

struct ntp_rig {
    struct event_base *base;
    struct rawmap map;
    struct refclock_settings settings;
    struct refclock_feed feed;
    struct refclock_place place;
    void *driver;
    uint64_t timeline;
    /* Written down: */
    unsigned samples, untrue, losses, leaps, views;
    struct refclock_sample sample;
    int64_t off_ns; /* of the last sample, against this machine's clock */
    enum refclock_verdict verdict;
    const char *why;
    struct refclock_leap leap;
    struct refclock_upstream view;
};

/* A new loop. `address` and `key_file` are borrowed. */
void ntp_rig_init(struct ntp_rig *rig, const char *address, int64_t poll_ns, const char *key_file,
                  uint32_t key_id);
TAISTAMP_MUST_CHECK enum tai_err ntp_rig_open(struct ntp_rig *rig, struct tai_error *error);
void ntp_rig_close(struct ntp_rig *rig);
/* Runs the loop until `done` says so, at most `seconds`; whether it did. */
bool ntp_rig_run(struct ntp_rig *rig, double seconds, bool (*done)(const void *ctx), const void *ctx);

#endif
