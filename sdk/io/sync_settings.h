/* SPDX-License-Identifier: Apache-2.0 */
/* What the settings of the server's clock and of the client have in common: words and defaults.
 *
 * The defaults are made for a local network, and for any cluster that fits the limits, with nothing tuned:
 *
 *   poll 1 s: the envelope of delays wants samples; a poll and its reply are some 400 bytes, so a master of 15 servers
 *     moves 50 kbit/s. Clients are polled as often, but all together at most 100 times a second: 500 of them 5 s apart,
 *     1024 of them 10 s. The longest, 16 s, is above all of these.
 *   peer polls 4 s: they only have to contradict a lying master and to carry the fallback over until the next one.
 *   heartbeat 0.5 s, lease 1.5 s: two beats in a row may be lost. A server stands 0.1 to 0.4 s after its promise ends, so
 *     a new master is there 1.6 to 2.4 s after the old one died. One server elects itself; two have a static master.
 *   step at a start 100 ms off or more (mode system): slewing it away at 500 ppm would take more than 200 s. */
#ifndef SDK_IO_SYNC_SETTINGS_H
#define SDK_IO_SYNC_SETTINGS_H

#include <stddef.h>
#include <stdint.h>

#include "sdk/io/settings.h"

/* Numbered as enum engine_mode of client/core/engine.h. */
enum sync_mode { SYNC_MODE_PAGE, SYNC_MODE_SYSTEM };
enum sync_driver { SYNC_DRIVER_NONE, SYNC_DRIVER_SYSTEM_CLOCK };
/* By growing quality. */
enum sync_oscillator {
    SYNC_OSCILLATOR_PC,
    SYNC_OSCILLATOR_TCXO,
    SYNC_OSCILLATOR_OCXO,
    SYNC_OSCILLATOR_RUBIDIUM
};

/* In the order of the enums, NULL at the end. */
extern const char *const sync_mode_words[];
extern const char *const sync_driver_words[];
extern const char *const sync_oscillator_words[];

#define SYNC_MS                 INT64_C(1000000) /* ns */
#define SYNC_POLL_NS            (1000 * SYNC_MS)
#define SYNC_CLIENT_POLL_NS_MAX (16000 * SYNC_MS)
#define SYNC_PEER_POLL_NS       (4000 * SYNC_MS)
#define SYNC_HEARTBEAT_NS       (500 * SYNC_MS)
#define SYNC_LEASE_NS           (1500 * SYNC_MS)
#define SYNC_ELECTION_NS_MIN    (100 * SYNC_MS)
#define SYNC_ELECTION_NS_MAX    (400 * SYNC_MS)
#define SYNC_STEP_THRESHOLD_NS  (100 * SYNC_MS)
#define SYNC_RATE_BOUND_PPM     50

/* Ranges as written, in ms. A poll every 50 ms is what a simulator wants, every 1024 s what any clock can bear. */
enum { SYNC_POLL_MS_LEAST = 50, SYNC_POLL_MS_MOST = 1024000 };

/* `listen` in `section` ("": at the top): two addresses are one of each family, at one port. _FORMAT, with file and line. */
enum tai_err sync_settings_listen(const struct settings *s, const char *section, char *const *listen,
                                  size_t count);

#endif
