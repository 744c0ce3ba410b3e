/* SPDX-License-Identifier: Apache-2.0 */
/* Many election modules in one world: clocks of different rates, a network that delays, loses, repeats and cuts, disks that
 * take their time, crashes, pauses, liars; and an oracle that looks after each event.
 *
 * The world is drawn from a seed. `mutant` takes one protection away, from outside (the code under test has no switch for
 * it); a test demands that the oracle sees each. */
#ifndef TESTS_UNIT_ELECTION_SIM_H
#define TESTS_UNIT_ELECTION_SIM_H

#include "server/clock/core/election.h"
#include "tests/unit/prop.h"

enum sim_mutant {
    SIM_SOUND,
    SIM_NO_PERSIST,   /* the disk says "durable" before it is */
    SIM_SMALL_QUORUM, /* one vote fewer elects */
    SIM_MAJORITY,     /* a bare majority elects, beside liars */
    SIM_NO_PREVOTE,   /* everybody seems to agree to a pre-vote */
    SIM_NO_SILENCE,   /* a restarted voter votes at once */
    SIM_NO_FENCE,     /* receivers do not ask election_accepts_term */
    SIM_NO_MARGIN     /* voters keep a promise exactly as long as the holder relies on it */
};

enum { SIM_NODES = 8, SIM_EVENTS = 4096, SIM_TERMS = 4096, SIM_MEMORY = 64 };

struct sim_event {
    int64_t at;
    enum { SIM_FREE, SIM_MESSAGE, SIM_DISK, SIM_CORRECTION } kind;
    unsigned node, from;
    unsigned life; /* of `node`, for SIM_DISK */
    uint64_t token, term;
    sync_node_t vote;
    struct election_message message;
};

struct sim_node {
    struct election election;
    struct election_settings settings;
    bool up, liar;
    unsigned life;
    int64_t origin_ns; /* boot clock = origin + true time * (1 + rate) */
    int32_t rate_ppb;
    int64_t paused_until; /* true time */
    int64_t deadline_ns;  /* on its clock */
    struct election_memory disk;
    uint64_t written; /* the newest token on it, of this life */
    uint64_t applied; /* term of the newest correction that it applied, over all its lives */
};

struct sim {
    struct prop prop;
    enum sim_mutant mutant;
    unsigned n;
    struct sim_node nodes[SIM_NODES];
    struct sim_event events[SIM_EVENTS];
    unsigned events_count;
    int64_t now;
    /* the network and the disks, as they are now */
    unsigned loss_percent, repeat_percent;
    int64_t delay_ns_min, delay_ns_max, disk_ns_max;
    uint32_t groups[SIM_NODES]; /* who hears whom: same group */
    int64_t cut_at;
    /* the oracle's book */
    struct {
        uint64_t term;
        unsigned master;
        uint32_t accusers;
    } terms[SIM_TERMS];
    unsigned terms_count;
    const char *broken; /* the first rule that was broken, or NULL */
    uint64_t masters;   /* how often one was made */
};

/* n members with ids 1 to n, all starting now. `settings` gives the times; members are filled in. */
void sim_start(struct sim *sim, uint64_t seed, unsigned n, enum sim_mutant mutant,
               const struct election_settings *settings);
/* Runs for so long, or until a rule is broken. */
void sim_run(struct sim *sim, int64_t for_ns);
void sim_crash(struct sim *sim, unsigned node);
void sim_restart(struct sim *sim, unsigned node);
void sim_accuse(struct sim *sim, unsigned node);
void sim_leave(struct sim *sim, unsigned node);
/* Members of `group` hear each other only, and the rest each other. */
void sim_cut(struct sim *sim, uint32_t group);
/* The network and the disks are good again, everybody is up. */
void sim_heal(struct sim *sim);
/* Index of the one master that holds a lease and that every other member that is up follows, or n. */
unsigned sim_agreed(const struct sim *sim);
int64_t sim_clock(const struct sim *sim, unsigned node);

#endif
