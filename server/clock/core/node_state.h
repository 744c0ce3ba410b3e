/* SPDX-License-Identifier: Apache-2.0 */
/* What a node keeps between events, shared by the node_*.c files and looked into by tests. Everybody else uses node.h. */
#ifndef SERVER_CLOCK_CORE_NODE_STATE_H
#define SERVER_CLOCK_CORE_NODE_STATE_H

#include "client/core/clockwork.h"
#include "client/core/fallback.h"
#include "client/core/following.h"
#include "client/core/peer.h"
#include "sdk/sync/triangle.h"
#include "sdk/time/hlc.h"
#include "server/clock/core/election.h"
#include "server/clock/core/node.h"
#include "server/clock/core/round.h"
#include "server/clock/core/suspicion.h"

/* After a start into nothing: how long a master waits for references and for lines of a running cluster before relative
 * time begins with CLOCK_REALTIME. Two hellos and a burst fit. */
#define NODE_GATHER_NS INT64_C(3000000000)
/* The loop reads the own reference right after the start: without waiting for it relative time would begin for a moment. */
#define NODE_REFERENCE_NS INT64_C(100000000)
/* Between two moves to the peers' midpoint: what the first did must be in the replies that the next one uses. */
#define NODE_FALLBACK_NS INT64_C(2000000000)
/* The last correction is followed this long although its master's lease has run out: the next one is elected meanwhile. */
#define NODE_GRACE_NS INT64_C(5000000000)
/* Lines in replies may be used this long, and four polls: they age by growth, not by their reader's poll. */
#define NODE_LINE_LIFE_NS INT64_C(60000000000)
/* A correction lives this long, and four polls of its receiver. */
#define NODE_CORRECTION_LIFE_NS INT64_C(8000000000)
/* A record that the disk did not take is tried again after this time. */
#define NODE_DISK_RETRY_NS INT64_C(5000000000)
/* Relative lines that no majority shares are given up after this long: twice what it takes to depose a liar. */
#define NODE_TORN_NS INT64_C(10000000000)
/* The rank told to the election changes when another one stood this long. */
#define NODE_QUALITY_HOLD_NS INT64_C(10000000000)

/* Tokens of persisted records: the election's count from 1, the clock's have this bit. */
#define NODE_TOKEN_HLC (UINT64_C(1) << 62)

/* What the guard found of the master's newest correction, shown with its server. What counts is the suspicion. */
struct node_judged {
    sync_node_t master; /* 0: none of this master yet */
    enum guard_verdict verdict;
    enum guard_reason reason;
    int64_t by_ns;
};

struct node {
    struct engine_settings settings;
    struct peer *peers;
    int64_t due[SYNC_NODES_MAX];  /* raw reading at which each peer wants its tick */
    uint32_t ids[SYNC_NODES_MAX]; /* of the members: close together, for each datagram is looked up */
    uint16_t server_index[SYNC_SERVERS_MAX];     /* places of the other servers among the members */
    sync_timeline_t timelines[SYNC_SERVERS_MAX]; /* of theirs, as last measured */
    int64_t broke_at[SYNC_SERVERS_MAX]; /* raw reading at which measurements of them broke; 0: never */
    uint32_t servers, others, clients;  /* servers: this one included; others: without it */
    uint32_t f;                         /* f_vote */
    bool started, gone;
    tai_mono_t started_at;

    struct session_local local;
    struct hlc hlc;
    int64_t hlc_reserve_ns; /* on its way to the disk */
    uint64_t hlc_token;     /* with which; counts */
    bool hlc_waits;
    int64_t disk_retry_at; /* raw reading before which nothing is tried again */
    struct clockwork clockwork;

    struct election_memory memory;
    struct election election;
    struct election_actions election_actions; /* of one call */
    int64_t election_at;                      /* boot_ns of its next tick */
    bool vote_waits;                          /* a vote found no room among the actions */
    struct election_action vote;
    bool accused; /* we accuse the master of this term */

    struct round round;
    struct following following;
    struct suspicion suspicion;
    struct node_judged judged;
    struct sync_reference reference; /* own, as last read */
    int64_t step_at;                 /* raw reading of the next second's work */
    tai_mono_t stepped;              /* and the last one */
    int64_t fallback_at;             /* no earlier move to the midpoint */
    enum view_state state;
    tai_mono_t burst_at; /* last burst for want of anything to judge a correction by */
    bool has_tentative;  /* a master's word that too few others confirm yet: told in replies, not published */
    struct sync_line tentative;
    int64_t
        torn_since; /* raw reading since which no majority of relative lines has an instant in common; 0: they have */
    int64_t
        unjudged_since; /* raw reading since which this node, without a line, could judge no correction; 0: it could */
    bool refuted; /* the newest correction was rejected by what we measured */
    uint64_t correction_number;
    uint8_t rank, rank_next; /* told to the election; the one that may follow */
    int64_t rank_at;         /* when it may */
    struct view_budget budget;
    struct wire_reply about; /* what we say of ourselves */

    bool said_any; /* a status, as last reported */
    enum taistamp_status said_status;
    sync_node_t said_master; /* as last reported */
    uint64_t said_term;
    uint32_t leap_differs; /* of servers, by their place in server_index */
};

/* ---- node.c ---- */

struct peer_context node_context(struct node *node, const struct engine_now *now,
                                 struct engine_actions *actions);
/* False when it could not leave: no session yet, no address, no room. */
bool node_send(struct node *node, const struct engine_now *now, size_t peer, struct wire_message *message,
               struct engine_actions *actions);

/* ---- node_election.c ---- */

/* The election's settings out of the engine's; TAI_ERR_ARGUMENT or _RANGE where they cannot be. */
TAISTAMP_MUST_CHECK enum tai_err node_election_settings(const struct engine_settings *settings,
                                                        struct election_settings *ret_settings);
void node_election_start(struct node *node, const struct engine_now *now, struct engine_actions *actions);
void node_election_tick(struct node *node, const struct engine_now *now, struct engine_actions *actions);
/* A message of the kinds that the election speaks; false: of another kind. */
bool node_election_message(struct node *node, const struct engine_now *now, sync_node_t from,
                           const struct wire_message *message, struct engine_actions *actions);
void node_election_persisted(struct node *node, const struct engine_now *now, uint64_t token,
                             struct engine_actions *actions);
/* The reason of the ground is the guard's; its offset and widths are within what a message can say. */
void node_election_accuse(struct node *node, const struct engine_now *now,
                          const struct election_ground *ground, struct engine_actions *actions);
/* Our raw timeline ended; a master gives its part back. */
void node_election_resign(struct node *node, const struct engine_now *now, struct engine_actions *actions);
void node_election_leave(struct node *node, const struct engine_now *now, struct engine_actions *actions);
/* Puts node->vote among the actions, or keeps it for the next step. */
void node_election_persist(struct node *node, struct engine_actions *actions);
/* TAI_ERR_CORRUPT for what is no record of a vote. An empty one: there was a vote and it is lost. */
TAISTAMP_MUST_CHECK enum tai_err node_memory_decode(struct bytes record, struct election_memory *ret_memory);

/* ---- node_time.c: who has the say ---- */

/* The election has changed its mind: take up the master's part or lay it down. */
void node_time_lead(struct node *node, const struct engine_now *now, struct engine_actions *actions);
/* Once a second, and at once after that. */
void node_time_step(struct node *node, const struct engine_now *now, struct engine_actions *actions);
/* Our raw timeline ended. */
void node_time_new_timeline(struct node *node, const struct engine_now *now, struct engine_actions *actions);
/* Fills node->about. */
void node_time_about(struct node *node, const struct engine_now *now);
/* Whether we are master and may act as one now. */
bool node_time_leads(const struct node *node, const struct engine_now *now);

/* ---- node_torn.c: relative time that came apart ---- */

/* Once a second. True when our line was given up: readers see `unknown` before another time. */
bool node_torn_look(struct node *node, const struct engine_now *now, struct engine_actions *actions);
/* Our own line is wrong: gives it up, with what it made us think of others. */
void node_torn_give_up(struct node *node, const struct engine_now *now, struct engine_actions *actions);

/* ---- node_master.c: the master's second, and its corrections ---- */

/* The round with the references known now, for a master and for a node that has only its own reference. False while there is no line. */
bool node_master_step(struct node *node, const struct engine_now *now);
void node_master_correct(struct node *node, const struct engine_now *now, size_t peer,
                         struct engine_actions *actions);
/* Rates of the other servers' oscillators against ours; returns how many. At most SYNC_SERVERS_MAX - 1. */
size_t node_master_readings(struct node *node, const struct engine_now *now,
                            struct ensemble_reading *ret_readings);
int64_t node_master_poll_ns(const struct node *node, size_t peer);

/* ---- node_follow.c: what was measured here, and what is made of it ---- */

void node_follow_correction(struct node *node, const struct engine_now *now, size_t peer,
                            const struct wire_message *message, struct engine_actions *actions);
/* The peers' midpoint; false: too few, run on freely. `start`: we are master and have no line, so fewer than the fault
 * budget asks for will do: any running relative time is better than another one. */
bool node_follow_midpoint(struct node *node, const struct engine_now *now, bool start,
                          struct sync_line *ret_line);
/* An exchange with a server was measured: what it says is compared with what we know. */
void node_follow_compare(struct node *node, const struct engine_now *now, size_t server,
                         struct engine_actions *actions);

/* ---- node_accuse.c: whether the master is accused, and on what ground ---- */

/* A correction of the master that it leads by was judged: node->following.last and node->suspicion have taken it in. `claim`: its
 * line. `evidence`: what it was judged by. */
void node_accuse(struct node *node, const struct engine_now *now, sync_node_t master,
                 const struct sync_line *claim, const struct guard_evidence *evidence,
                 struct engine_actions *actions);

/* ---- node_triangle.c: whose path is asymmetric ---- */

/* The triangle of this server, the master and the other `server`, by triangle.h. TRIANGLE_UNKNOWN: not all of it is measured, or they
 * do not follow the same master; the rest is untouched. *ret_by_ns: by how much it does not close, signed. *ret_whose: for one that does
 * not, where to look: the master, when the path to it is a side of more open triangles than any other; else that server. */
enum triangle_verdict node_triangle(const struct node *node, const struct engine_now *now, size_t server,
                                    sync_node_t *ret_whose, int64_t *ret_by_ns);

#endif
