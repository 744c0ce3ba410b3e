/* SPDX-License-Identifier: Apache-2.0 */
/* A network small enough to see through: a follower with a real clock's faults, and scripted servers that know true time and say
 * what the test tells them to. Seeded. True time is TINY_START + t. Doubles are the world's, not the engine's. */
#ifndef TESTS_UNIT_TINY_NET_H
#define TESTS_UNIT_TINY_NET_H

#include "client/core/follower.h"
#include "tests/unit/prop.h"

#define TINY_S     INT64_C(1000000000)
#define TINY_START (INT64_C(1790000000) * TINY_S)
enum { TINY_SERVERS_MAX = 5, TINY_QUEUE = 256, TINY_TAI_UTC_S = 37 };

/* An oscillator and a CLOCK_REALTIME made of it. */
struct tiny_clock {
    double at_ns;                     /* true time of the rest */
    double raw_ns, realtime_error_ns; /* REALTIME - (true UTC) */
    double rate;                      /* of the oscillator: fraction */
    double wander;                    /* of that, per root second */
    double steer;                     /* of REALTIME against RAW, fraction */
};

struct tiny_server {
    bool dead, silent; /* silent: answers polls, sends no corrections */
    struct tiny_clock clock;
    struct hlc hlc;
    struct session_local local;
    struct rawmap map;
    struct peer peer;
    struct wire_reply about;
    sync_node_t master; /* whom it names */
    uint64_t term;
    uint64_t number;
    int64_t lie_ns;            /* added to all that it says of time */
    int64_t correction_lie_ns; /* added to corrections only */
    int64_t width_ns;          /* of its line */
    int64_t poll_at;           /* as master: next poll of the follower */
    int64_t poll_ns;
    struct engine_member client;
    struct engine_settings settings;
};

enum tiny_kind { TINY_TO_CLIENT, TINY_TO_SERVER, TINY_STAMP_CLIENT, TINY_STAMP_SERVER };

struct tiny_item {
    bool used;
    int64_t at;
    enum tiny_kind kind;
    unsigned server;
    uint64_t token;
    double stamp_raw; /* at which the kernel stamped it, sender's raw */
    int64_t stamp_realtime;
    uint16_t len;
    uint8_t bytes[WIRE_DATAGRAM_MAX];
};

struct tiny {
    struct prop prop;
    int64_t t; /* true time since TINY_START */
    unsigned servers;
    double delay_ns, jitter_ns, loss, duplicate;
    struct tiny_clock clock; /* the follower's */
    int64_t raw_frozen_ns;   /* by how much it has stood still unnoticed */
    sync_timeline_t timeline;
    struct engine_settings settings;
    struct engine_member members[TINY_SERVERS_MAX];
    struct follower follower;
    struct peer peers[TINY_SERVERS_MAX];
    struct engine_actions actions;
    struct tiny_server server[TINY_SERVERS_MAX];
    struct tiny_item queue[TINY_QUEUE];
    int64_t wake; /* true time of the follower's next timer */
    /* what was seen */
    bool has_line;
    struct sync_line line;
    uint64_t published, false_intervals, steps;
    int64_t biggest_jump_ns;
    uint64_t reports[ENGINE_SAYS_DISK + 1], statuses[TAISTAMP_STATUS_EXPIRED + 1]; /* published */
    double error_sum, error_max;                                                   /* of REALTIME, squared */
    uint64_t error_count;
    double line_error_max;
    int64_t measure_from; /* true time from which errors count */
    const struct crypto *crypto;
    void (*twist)(struct tiny *net, unsigned server, struct wire_message *message); /* a liar's mouth */
};

/* `mode`: of the follower. Server 1 is master of term 5 and polls every second. */
void tiny_init(struct tiny *net, const struct crypto *crypto, uint64_t seed, unsigned servers,
               enum engine_mode mode);
/* Starts the follower: records, start, first wake-up. */
void tiny_start(struct tiny *net);
/* Runs until true time t. */
void tiny_run(struct tiny *net, int64_t t);
/* The new master, in `term`, named by itself and all that live. */
void tiny_elect(struct tiny *net, unsigned server, uint64_t term);
struct view_tracking tiny_view(struct tiny *net);
double tiny_rms(const struct tiny *net);

#endif
