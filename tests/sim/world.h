/* SPDX-License-Identifier: Apache-2.0 */
/* The world: machines with engines in them, joined by a network, in true time.
 *
 * Decides: what each engine sees and when, from one seed. Refuses: to judge (oracle.h) and to plan (scenario.h).
 *
 * True TAI is known here and nowhere inside an engine. A datagram takes the real way: the step that sends it, the sender's
 * kernel (transmit stamp), the network, the receiver's kernel (receive stamp), the receiver's process when it comes to run.
 * Transmit stamps reach the sender later, sometimes much later, sometimes never. A record is durable after a while; a
 * crash before that loses it or not. Everything that an engine returns is carried out in order, as its loop would.
 *
 * One world belongs to one thread, and all its memory to it. */
#ifndef TESTS_SIM_WORLD_H
#define TESTS_SIM_WORLD_H

#include <stdio.h>

#include "tests/sim/machine.h"
#include "tests/sim/network.h"
#include "tests/sim/port.h"
#include "tests/sim/queue.h"

/* True TAI when a world begins. */
#define WORLD_START_NS INT64_C(1800000000000000000)
#define WORLD_S        INT64_C(1000000000)
/* Records on their way to a disk: who was stopped for half a minute may hear of a dozen terms at once, and writes each. */
enum { WORLD_RECORDS = 3, WORLD_PENDING_MAX = 64, WORLD_DATAGRAMS_KEPT = 64 };

struct oracle;
struct scenario;
struct timekeeper;
struct world;

/* What a traitor does to all that its engine, which is a real one with real keys, says. */
enum traitor_kind {
    TRAITOR_NONE,
    TRAITOR_CONSTANT,  /* its line and reference are wrong by lie_ns */
    TRAITOR_TWO_FACED, /* by +lie_ns to some, by -lie_ns to others */
    TRAITOR_DRAG,      /* by lie_ns more each second */
    TRAITOR_SILENT,    /* says nothing */
    TRAITOR_REFERENCE, /* honest software, but its reference is wrong by lie_ns */
    TRAITOR_MASTER,    /* its corrections alone are wrong by lie_ns */
    TRAITOR_TERMS,     /* claims terms and mastership at random */
    TRAITOR_NARROW,    /* wrong by lie_ns, and its half-widths are next to nothing */
    TRAITOR_STAMPS,    /* its receive and transmit readings are wrong by lie_ns */
    TRAITOR_KINDS
};

/* What is done to an honest node's actions to see whether the oracle notices. From 20 s on. */
enum sabotage {
    SABOTAGE_NONE,
    SABOTAGE_INTERVAL, /* its half-width is 1 ns */
    SABOTAGE_STEP,     /* 1 us, once a second, within the half-width */
    SABOTAGE_HLC,      /* a datagram leaves twice */
    SABOTAGE_MASTER,   /* it calls itself master of the term */
    SABOTAGE_TIMELINE, /* its line is of another timeline */
    SABOTAGE_LATE,     /* it sleeps too long */
    SABOTAGE_STEER,    /* by 600 ppm */
    SABOTAGE_PROGRESS, /* it publishes no more */
    SABOTAGES
};

struct world_reference {
    bool present;
    uint16_t group;
    int64_t half_width_ns; /* claimed */
    int64_t error_ns;      /* constant part; within half_width_ns when honest */
    double noise_ns;
    int64_t period_ns;
    bool lost; /* it answers nothing, until the scenario gives it back */
    /* A satellite receiver with a timekeeper (receiver.h); noise_ns is its pulses', error_ns is not used. */
    bool receiver;
    int64_t step_ns, drag_ns_per_s; /* a spoofer's, now */
    int64_t dragged_ns;             /* so far */
    int64_t lie_ns; /* the largest of both together until now: who believed it goes on with it for a while */
};

struct world_node_plan {
    bool server;
    struct oscillator_plan oscillator;
    int64_t offset_ns; /* of REALTIME at the start */
    int64_t rtc_error_ns;
    double read_delay_ns;  /* mean, between kernel and process */
    double late_chance;    /* that the process runs late ... */
    double late_ns;        /* ... by this mean */
    double stamp_noise_ns; /* mean: a transmit stamp is early, a receive stamp late by that */
    double stamp_lost;     /* chance that a transmit stamp never comes */
    double disk_ns;        /* mean latency */
    struct world_reference reference;
    enum traitor_kind traitor;
    int64_t lie_ns;
    enum engine_mode mode;
    uint8_t oscillator_class;
};

/* What stands on the clock page. */
struct world_page {
    bool written;
    struct sync_line line;
    uint64_t term;
    sync_node_t master;
    int64_t realtime_minus_raw_ns;
    int64_t written_ns; /* true time */
    uint64_t serial;
};

struct world_pending {
    bool open;
    struct engine_persist record;
};

struct world_node {
    uint32_t index; /* node number - 1 */
    struct world_node_plan plan;
    struct machine machine;
    struct engine_settings settings;
    struct engine_member *members;
    const struct port *port;
    void *engine;              /* NULL: not running */
    struct timekeeper *keeper; /* of its receiver, while the engine runs */
    uint32_t life;             /* rises with each start and each end */
    bool paused;               /* the process is stopped; clocks run, datagrams wait */
    bool deaf;                 /* suspended: datagrams are lost */
    int64_t runs_ns;           /* true time at which its process is free again */
    int64_t wake_raw, wake_ns; /* wanted, and when the next QUEUE_WAKE is due (INT64_MAX: none is) */
    struct engine_persist disk[WORLD_RECORDS];
    bool has[WORLD_RECORDS];
    struct world_pending pending[WORLD_PENDING_MAX];
    bool disk_lost; /* it forgot what it had promised */
    struct world_page page;
    uint64_t steps, sent, received, bytes;
    struct rnd random;
    int64_t started_ns, resumed_ns, stepped_ns;
};

struct world_datagram {
    bool used;
    struct engine_address from, to;
    uint32_t from_node, to_node;
    uint64_t token;
    bool has_stamp;
    int64_t stamp_ns;
    uint16_t len;
    uint8_t bytes[ENGINE_DATAGRAM_MAX];
};

struct world {
    uint64_t seed;
    int64_t now_ns;
    unsigned nodes_count, servers_count;
    struct world_node *nodes;
    struct network network;
    struct queue queue;
    struct crypto crypto;
    struct rnd random, attack_random;
    struct world_datagram *datagrams;
    size_t datagrams_size;
    size_t *datagrams_free;
    size_t datagrams_free_count;
    struct world_datagram kept[WORLD_DATAGRAMS_KEPT]; /* overheard, for attackers */
    unsigned kept_count;
    uint32_t lose_types; /* bits of enum wire_type: such datagrams never arrive */
    double attack_per_s; /* datagrams of attackers; 0: none */
    uint64_t attacks;
    bool traitors_act;
    struct oracle *oracle;
    const struct scenario *scenario;
    struct engine_actions *actions;
    uint64_t steps;
    FILE *trace; /* NULL: no trace */
    bool trace_lines;
};

/* Datagram i of a world: of node i + 1. */
struct engine_address world_address(uint32_t index);

void world_start(struct world *world, const struct scenario *scenario, struct oracle *oracle, FILE *trace);
void world_end(struct world *world);
/* Until true time `until_ns`, or until the oracle has found something. */
void world_run(struct world *world, int64_t until_ns);

/* What a scenario does. */
void world_node_start(struct world *world, struct world_node *node);
void world_node_stop(struct world *world, struct world_node *node); /* orderly */
/* keep: what was on its way to the disk gets there. */
void world_node_crash(struct world *world, struct world_node *node, bool keep);
void world_node_wipe(struct world *world, struct world_node *node); /* its disk is empty from now on */
void world_node_pause(struct world *world, struct world_node *node, int64_t length_ns);
void world_node_suspend(struct world *world, struct world_node *node, bool virtual_machine);
/* slept: BOOTTIME and REALTIME went on; counted: the timeline's id is new. */
void world_node_resume(struct world *world, struct world_node *node, bool slept, bool counted);
void world_node_command(struct world *world, struct world_node *node, enum engine_command command);
void world_trace(const struct world *world, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A datagram of nobody's, at once to the receiver's kernel. */
void world_inject(struct world *world, const struct engine_address *from, uint32_t to_node,
                  const uint8_t *bytes, size_t len);

#endif
