/* SPDX-License-Identifier: Apache-2.0 */
/* What happens in one run: how many nodes of which kind, what the network is like, who lies, what breaks and when; and
 * what must be true of the end.
 *
 * A run has two parts. In the attack, from 0 to attack_s, anything of the script happens. Then the world heals: the network is
 * perfect but for jitter, everybody is up, the attackers are gone. Traitors go on lying (they are at most f). Within
 * heal_s there must be one master that everybody follows, with the expected status, and half-widths back to normal. */
#ifndef TESTS_SIM_SCENARIO_H
#define TESTS_SIM_SCENARIO_H

#include "tests/sim/world.h"

enum script_kind {
    SCRIPT_CRASH,   /* node; b: 1 what was on its way to the disk gets there */
    SCRIPT_START,   /* node, when it is down */
    SCRIPT_STOP,    /* node, orderly */
    SCRIPT_REBOOT,  /* node: crash and start on a new timeline */
    SCRIPT_WIPE,    /* node loses its disk (while down) */
    SCRIPT_PAUSE,   /* node, b: ns */
    SCRIPT_SUSPEND, /* node; b: 1 a virtual machine, which notices nothing */
    SCRIPT_RESUME, /* node; b: 1 it slept, and its timeline has a new id; 2 it slept, the id is the same; 0 a virtual machine */
    SCRIPT_PARTITION, /* a: bits of the nodes on one side */
    SCRIPT_CUT,       /* from node to a */
    SCRIPT_UNCUT,     /* all ways open */
    SCRIPT_CLOG,      /* from node to a, b: mean ns; b 0: no more */
    SCRIPT_REFERENCE, /* node; b: 0 lost, 1 back */
    SCRIPT_SPOOF, /* node with a receiver; a: ns that it steps by, b: ns per second that it is dragged by */
    SCRIPT_ATTACKERS,   /* b: datagrams per second */
    SCRIPT_KILL_MASTER, /* whoever it is then, crash */
    SCRIPT_LOSE, /* a: bits of enum wire_type: such datagrams are lost from now on, until the world heals */
    SCRIPT_MARK, /* the oracle notes figures now */
    SCRIPT_HEAL  /* the end of the attack */
};

struct script_item {
    double at_s;
    enum script_kind kind;
    uint32_t node;
    int64_t a, b;
};

/* Who may believe a receiver in its lie: nobody, the node that has it (it is one of the faulty ones then), everybody. */
enum scenario_lie { LIE_OF_NOBODY, LIE_OF_OWNER, LIE_OF_ALL };

enum { SCENARIO_NODES_MAX = 320, SCENARIO_SCRIPT_MAX = 512 };

struct scenario {
    const char *name;
    uint64_t seed;
    unsigned servers, clients;
    double attack_s, heal_s;
    struct world_node_plan nodes[SCENARIO_NODES_MAX];
    struct network_plan network;
    struct script_item script[SCENARIO_SCRIPT_MAX];
    unsigned script_count;
    bool assumptions;               /* hold: then a false interval is a failure */
    enum scenario_lie lie_believed; /* a receiver's: so much more may intervals be off */
    bool demand_progress;           /* every honest node has a narrow interval of the expected status */
    bool demand_master;             /* ... and all follow one master */
    bool true_crypto;               /* OpenSSL instead of the stand-in */
    const struct port *server_port, *client_port;
    int64_t poll_ns, client_poll_ns_max, peer_poll_ns;
    uint32_t preferred;
    double leap_s;   /* a leap second takes force then ... */
    int leap_change; /* ... +1: 23:59:60 is inserted, -1: 23:59:59 is left out; 0: there is none */
    enum sabotage sabotage;
};

/* From the command line. */
struct scenario_options {
    const char *name;
    uint64_t seed;
    int servers, clients; /* -1: as the scenario has it */
    double seconds;       /* < 0: likewise; of the attack */
    bool true_crypto;
    bool toy;
    enum sabotage sabotage;
};

/* False: no such scenario. */
/* The settings of a node: the defaults of the product where the scenario does not say otherwise. */
void scenario_settings(const struct scenario *scenario, const struct world_node_plan *plan, uint32_t index,
                       struct engine_settings *ret_settings);
bool scenario_make(struct scenario *scenario, const struct scenario_options *options);
/* Name and one line for each; NULL after the last. */
const char *scenario_name(unsigned index, const char **ret_about);
/* Carries out item `index` of the script. */
void scenario_act(struct world *world, unsigned index);

#endif
