/* SPDX-License-Identifier: Apache-2.0 */
/* What goes into the engine and what comes out of it: the border between pure code and its loop.
 *
 * An engine is the follower of a lab machine (client/core/follower.h) or the node of a server
 * (server/clock/core/node.h). It has no clock, socket, file or randomness. The loop, the simulator and the fuzzer
 * all do the same: hand in one event with the reading of the clocks at that wake-up, then carry out the actions in
 * their order. Nothing else reaches an engine and nothing else comes out, so a run is repeated exactly by
 * repeating its events.
 *
 *     event  ->  engine_step  ->  actions: send, persist, publish, steer, report; and when to wake up next
 *
 * Persist comes before send: what depends on a persisted record is sent by the event ENGINE_PERSISTED, which the
 * loop hands in after the record is on the disk. Rejected: callbacks from the engine into the loop; they cannot be
 * recorded, and they re-enter.
 *
 * Thread rule: an engine belongs to one thread. Memory is the caller's, allocated once at start. */
#ifndef CLIENT_CORE_ENGINE_H
#define CLIENT_CORE_ENGINE_H

#include "sdk/base/crypto.h"
#include "sdk/sync/sync.h"

enum {
    ENGINE_DATAGRAM_MAX = 1200, /* bytes; the longest message, a certificate of 11 votes, fits with room */
    ENGINE_SENDS_MAX =
        48, /* sends of one step; a round over more nodes goes on at the next wake-up, at once */
    ENGINE_REPORTS_MAX = 32, /* later ones of the same step are counted, not kept */
    ENGINE_SEED_LEN = 32, /* bytes of fresh randomness at start: nonces, session, timeouts derive from it */
    ENGINE_KEY_LEN = 32,  /* of a pair of nodes */
    ENGINE_RECORD_MAX = 4096 /* bytes of a persisted record */
};

/* Clocks as read at one wake-up, RAW and REALTIME in one sandwich. */
struct engine_now {
    sync_timeline_t
        timeline; /* changes with boot, clocksource, suspend and VM migration as far as the loop can see */
    tai_mono_t raw;
    int64_t realtime_ns; /* CLOCK_REALTIME at `raw`, within +-width_ns */
    int64_t width_ns;
    int64_t boot_ns; /* CLOCK_BOOTTIME, which goes on in suspend; RAW where there is none */
};

/* Numeric address of a peer. Compared as bytes: unused ones are zero. */
struct engine_address {
    uint8_t family; /* 4, 6; 0: none */
    uint8_t bytes[16];
    uint16_t port;
    uint32_t scope; /* of a link-local IPv6 address */
};

enum engine_event_kind {
    ENGINE_START,     /* first event: records read from the disk come before it as ENGINE_RECORD */
    ENGINE_RECORD,    /* before ENGINE_START: a record as it was persisted; absent ones do not come */
    ENGINE_TIMER,     /* the time of engine_actions.wake came, or any other wake-up without news */
    ENGINE_PACKET,    /* a datagram came */
    ENGINE_SENT,      /* the kernel's transmit stamp of a send, possibly much later, possibly never */
    ENGINE_PERSISTED, /* the record of that token is durable */
    ENGINE_REFERENCE, /* the node's own reference was read */
    ENGINE_LEAP,      /* the leap table (again) */
    ENGINE_KERNEL,    /* what the kernel's clock says of itself, read back each second and after each steer */
    ENGINE_COMMAND,   /* from the operator (taictl) */
    ENGINE_STOP       /* orderly end: goodbye is sent; no event follows */
};

enum engine_record { ENGINE_RECORD_VOTE = 1, ENGINE_RECORD_DRIFT, ENGINE_RECORD_HLC };

enum engine_command { ENGINE_MAKESTEP = 1, ENGINE_BURST };

struct engine_event {
    enum engine_event_kind kind;
    struct engine_now now;
    union {
        struct {
            enum engine_record record;
            struct bytes bytes;
        } record;
        struct {
            struct engine_address from;
            struct bytes bytes;
            bool has_stamp;
            int64_t stamp_realtime_ns; /* CLOCK_REALTIME at which the kernel received it */
        } packet;
        struct {
            uint64_t token;
            int64_t stamp_realtime_ns; /* CLOCK_REALTIME at which it left */
        } sent;
        struct {
            uint64_t token;
            bool ok; /* false: the disk failed; the engine does not go on with what depends on it */
        } persisted;
        struct sync_reference reference; /* raw on now.timeline; present = false: it was lost */
        struct sync_leap leap;
        struct {
            bool known;
            int64_t rate_ps_per_s; /* by which REALTIME is made to run faster than RAW */
            bool rival;            /* somebody else set it since our last steer */
        } kernel;
        enum engine_command command;
    } u;
};

/* What leaves with engine_actions.sends, in order. */
struct engine_send {
    struct engine_address to;
    uint64_t token; /* not 0: the loop answers with ENGINE_SENT when it has the kernel's stamp */
    uint16_t len;
    uint8_t bytes[ENGINE_DATAGRAM_MAX];
};

/* To the kernel's clock (mode system). Never a step unless `step`. */
struct engine_steer {
    bool step;
    int64_t step_ns;       /* add to CLOCK_REALTIME, before the rest */
    int64_t rate_ps_per_s; /* absolute: REALTIME against RAW, within +-500 ppm */
    int64_t maxerror_ns;
    int64_t esterror_ns;
    bool unsynchronised; /* STA_UNSYNC */
    int32_t tai_utc_s;   /* kernel TAI offset; 0: leave it */
    int8_t
        leap; /* +1: the kernel is to insert a second at the end of this UTC day; -1: to leave one out; 0: neither */
};

struct engine_persist {
    enum engine_record record;
    uint64_t token;
    uint16_t len;
    uint8_t bytes[ENGINE_RECORD_MAX];
};

/* What there is to tell a person; the loop logs it and counts it. */
enum engine_report_kind {
    ENGINE_SAYS_STATUS =
        1, /* status of the published line changed: value = new enum taistamp_status, other = old */
    ENGINE_SAYS_MASTER,       /* node = master followed now (0: none), value = term */
    ENGINE_SAYS_FALLBACK,     /* following the peers' midpoint: value = enum guard_reason or lease */
    ENGINE_SAYS_REJECTED,     /* a correction was rejected: node, value = reason, other = by how much, ns */
    ENGINE_SAYS_SUSPECT,      /* node: value = reason, other = ns */
    ENGINE_SAYS_CLEARED,      /* node is no longer suspect */
    ENGINE_SAYS_TIMELINE,     /* the own timeline changed: suspend, migration, clocksource */
    ENGINE_SAYS_STEP,         /* the clock was stepped, value = ns */
    ENGINE_SAYS_RIVAL,        /* another program steers the clock: value = rate found, ps/s */
    ENGINE_SAYS_PEER_UP,      /* node: authenticated for the first time in this life */
    ENGINE_SAYS_PEER_DOWN,    /* node: silent */
    ENGINE_SAYS_TRIANGLE,     /* node, other = second node, value = closure error, ns */
    ENGINE_SAYS_REFERENCE,    /* own reference: value = 1 taken up, 0 lost */
    ENGINE_SAYS_LEAP_DIFFERS, /* node has another TAI-UTC: value = its seconds */
    ENGINE_SAYS_ELECTION,     /* value = enum election_report, other = detail */
    ENGINE_SAYS_DISK          /* a record could not be persisted */
};

struct engine_report {
    enum engine_report_kind kind;
    sync_node_t node;
    int64_t value, other;
};

struct engine_actions {
    tai_mono_t
        wake; /* raw reading at which ENGINE_TIMER is wanted at the latest; never later than 1 s from now */
    uint8_t publish, steer;
    uint8_t sends_count, persists_count, reports_count;
    uint32_t reports_lost;
    struct sync_line line; /* if publish: the line to put on the clock page */
    uint64_t term;         /* for the page: of the master that the line follows; 0: none */
    sync_node_t master;
    struct engine_steer steering; /* if steer */
    struct engine_persist persists[2];
    struct engine_report reports[ENGINE_REPORTS_MAX];
    struct engine_send sends[ENGINE_SENDS_MAX];
};

/* Another node as the configuration knows it. */
struct engine_member {
    sync_node_t node;
    bool server; /* votes, is polled by peers; else a lab machine */
    struct engine_address
        address; /* servers: where to reach it; clients: family 0, learnt from an authenticated hello */
    uint8_t key[ENGINE_KEY_LEN]; /* shared by this node and that one */
    int64_t asymmetry_ns;        /* configured: (delay to it - delay from it); 0 when not known */
};

/* Of the oscillator of a node (sdk/sync/oscillator.h has the classes' figures). */
enum engine_mode {
    ENGINE_MODE_PAGE,  /* the clock page only */
    ENGINE_MODE_SYSTEM /* CLOCK_REALTIME is steered too */
};

struct engine_settings {
    sync_node_t self;
    bool server;
    uint64_t cluster;
    uint32_t epoch;
    const struct engine_member
        *members; /* all others that this node speaks with; borrowed for the engine's life */
    size_t members_count;
    sync_node_t preferred; /* two servers: the static master; else 0 */
    const struct crypto *crypto;
    uint8_t seed[ENGINE_SEED_LEN];
    uint8_t oscillator;   /* enum oscillator_class */
    tai_ppb_t rate_bound; /* rho, the declared bound of this oscillator's error before it is measured */
    enum engine_mode mode;
    /* Servers only: master's polls of servers (and of clients at their shortest); and of clients at their longest. */
    int64_t poll_ns, client_poll_ns_max;
    int64_t peer_poll_ns; /* a server's or client's own polls of its peers */
    int64_t heartbeat_ns, lease_ns, timeout_ns_min, timeout_ns_max;
    int64_t step_threshold_ns; /* mode system: a start further off is stepped; 0: never */
    int64_t
        start_realtime_bound_ns; /* how wrong REALTIME may be at a cold start of a cluster without reference; information */
    bool
        stamp_resolution_user; /* no kernel stamps on this system: readings are user-space and widths say so */
};

#endif
