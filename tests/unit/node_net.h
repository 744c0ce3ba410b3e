/* SPDX-License-Identifier: Apache-2.0 */
/* A handful of real nodes, their clocks and a network, in one process and in made-up time: what the tests of node.h play
 * with. True time is nanoseconds since the start; TAI is NET_TAI0 + that. Everything is drawn from one seed. The
 * simulator (tests/sim) is the large one, with faults of every kind. */
#ifndef TESTS_UNIT_NODE_NET_H
#define TESTS_UNIT_NODE_NET_H

#include "server/clock/core/node_state.h"
#include "tests/unit/prop.h"

#define NET_S    INT64_C(1000000000)
#define NET_MS   INT64_C(1000000)
#define NET_US   INT64_C(1000)
#define NET_PPM  INT64_C(1000000)
#define NET_TAI0 (INT64_C(1700000000) * NET_S)

enum { NET_NODES = 9, NET_QUEUE = 4096 };

struct net_node {
    sync_node_t id;
    bool up;
    bool no_table; /* of leap seconds */
    struct node *node;
    struct peer *peers;
    struct engine_settings settings;
    struct engine_member members[NET_NODES];
    /* its machine */
    int64_t rate_ps; /* its oscillator gains */
    int64_t raw0_ns;
    int64_t realtime_error_ns;
    uint64_t timeline;
    /* its own reference, told each second when width > 0 */
    int64_t reference_width_ns, reference_error_ns;
    int64_t reference_at;
    /* its disk */
    struct engine_persist disk[4]; /* by record */
    bool disk_has[4];
    int64_t disk_ns; /* a write takes this long */
    bool disk_full;
    int64_t poll_ns; /* of its settings; 0: the usual ones */
    /* what came out */
    int64_t wake; /* true time of its next timer */
    bool has_line;
    struct sync_line line;
    uint64_t published, steps; /* lines; those that did not begin where the one before was */
    int64_t worst_step_ns;
    uint64_t false_lines; /* absolute lines whose interval did not hold the truth when published */
    struct engine_actions actions;
    uint64_t node_steps;
    uint64_t reports[ENGINE_SAYS_DISK + 1];
    uint64_t datagrams;
};

enum net_kind { NET_PACKET, NET_SENT, NET_PERSISTED };
struct net_item {
    int64_t at;
    size_t node;
    enum net_kind kind;
    uint64_t life; /* of the node when it was made */
    struct engine_address from;
    uint64_t token;
    bool failed; /* the write */
    int64_t stamp_realtime_ns;
    uint16_t len;
    uint8_t bytes[ENGINE_DATAGRAM_MAX];
};

struct net {
    struct prop prop;
    struct crypto crypto;
    int64_t now;
    size_t count;
    struct net_node nodes[NET_NODES];
    uint64_t lives[NET_NODES];
    int64_t delay_ns, jitter_ns;
    int64_t more_ns[NET_NODES][NET_NODES]; /* delay of a way besides, from one to the other */
    unsigned loss_per_mille;
    bool cut[NET_NODES][NET_NODES];
    size_t queued;
    struct net_item *queue;
    void (*twist)(struct net *net, size_t from, size_t to, struct wire_message *message); /* a liar's mouth */
};

struct net *net_make(uint64_t seed, size_t count);
void net_end(struct net *net);
/* Starts (again) with what its disk has. */
void net_up(struct net *net, size_t i);
void net_down(struct net *net, size_t i); /* kill -9 */
/* Runs until true time `until`. */
void net_run(struct net *net, int64_t until);

int64_t net_raw(const struct net *net, size_t i, int64_t at);
/* The published line's TAI minus the truth, and its half-width, now. */
int64_t net_error(const struct net *net, size_t i);
int64_t net_width(const struct net *net, size_t i);
/* Largest minus smallest error of the nodes that are up. */
int64_t net_spread(const struct net *net);
/* The one master that leads and is up; count when none does or several do. */
size_t net_master(const struct net *net);
void net_show(const struct net *net); /* to standard output */

#endif
