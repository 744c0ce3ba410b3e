/* SPDX-License-Identifier: Apache-2.0 */
/* The words of synchronisation: timelines, lines on them, references, and the limits of a cluster.
 *
 * A *timeline* is the free-running raw clock of one node (CLOCK_MONOTONIC_RAW): nobody steps or steers it, and it
 * ends with a boot, a suspend or a change of the clocksource; its 64-bit id names it across the network. A *line*
 * says what cluster time (TAI, when there is a reference) was at one raw reading, how fast it runs against the raw
 * clock, and how wrong that may be. All nodes exchange raw readings and lines, never readings of steered clocks, so
 * no sample has to be shifted after a correction.
 *
 * Worked number: tai = 1000 s +- 20 us at raw 50 s, rate +12,000,000 ps/s (the oscillator is 12 ppm slow), growth
 * 50,000 ppb; at raw 60 s TAI is 1010.000120 s and the half-width 20 us + 500 us.
 *
 * Types only; the arithmetic on a line is in sdk/sync/line.h. */
#ifndef SDK_SYNC_SYNC_H
#define SDK_SYNC_SYNC_H

#include "taistamp/clock.h"

enum {
    SYNC_SERVERS_MAX = 16,   /* voting servers: a certificate of 11 votes still fits one datagram */
    SYNC_CLIENTS_MAX = 1024, /* lab machines that one server follows */
    SYNC_NODES_MAX = SYNC_SERVERS_MAX + SYNC_CLIENTS_MAX
};

/* Names one raw timeline of one node: a hash of boot id, clocksource and the number of suspends. 0: none. */
typedef struct {
    uint64_t id;
} sync_timeline_t;

/* A node's number in the cluster, 1 to UINT32_MAX; servers and clients share the numbers. 0: none. */
typedef struct {
    uint32_t id;
} sync_node_t;

/* Rates are picoseconds gained per raw second (10^-12): positive when the oscillator is slow and the line must run
 * faster than it. 1 ppm is 10^6. */
#define SYNC_RATE_PS_MAX INT64_C(1000000000) /* 1000 ppm, as PAGE_RATE_PPB_MAX */

struct sync_line {
    sync_timeline_t timeline;
    tai_mono_t raw;         /* reading of that timeline to which the rest refers */
    tai_t tai;              /* cluster time there */
    tai_bound_t half_width; /* there; BOUND_UNBOUNDED when nothing is known */
    int64_t rate_ps_per_s;
    tai_ppb_t growth;   /* of the half-width per raw second, >= 0 */
    tai_mono_t expires; /* raw reading past which the line must not be used */
    enum taistamp_status status;
    enum taistamp_clock_source source;
};

/* What a node's own reference (GPS, upstream, declared system clock) says, apart from what the cluster tells it:
 * only this may go into the hull, or the cluster would hear its own echo. */
struct sync_reference {
    bool present;
    uint8_t kind;   /* enum taistamp_clock_source */
    uint16_t group; /* references with the same group (not 0) share a cause of error and count once */
    tai_mono_t raw; /* on the timeline of the message that carries it */
    tai_t tai;
    tai_bound_t half_width; /* there, without growth */
    int64_t rate_ps_per_s;  /* as measured against it */
    tai_ppb_t growth;
    uint8_t
        voices; /* how many sources agree on it, correlated ones once; 0 and 1: one. Not in messages: others hear one voice */
};

/* What a node knows of leap seconds, so that the cluster can compare. */
struct sync_leap {
    int32_t tai_utc_s;      /* in force */
    int32_t next_tai_utc_s; /* from `next` on */
    tai_t next;             /* PAGE_NEVER when none is known */
    tai_t expires;          /* of the table; 0: no table */
};

/* Four readings of one exchange, each already on its node's raw timeline. */
struct sync_exchange {
    sync_timeline_t local, remote;
    int64_t t1_ns, t4_ns;    /* local raw: request left, reply came */
    int64_t t2_ns, t3_ns;    /* remote raw: request came, reply left */
    int64_t local_width_ns;  /* how wrong t1 and t4 may be each (map, stamp resolution), >= 0 */
    int64_t remote_width_ns; /* the same for t2 and t3 */
};

#endif
