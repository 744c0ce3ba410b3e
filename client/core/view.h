/* SPDX-License-Identifier: Apache-2.0 */
/* What an engine shows of itself: for taictl, /metrics and the simulator's oracle. Copies, no pointers; filled by
 * follower_view and node_view. Times in ns, rates in ps/s; a sign is that of *add to local to reach the other*. */
#ifndef CLIENT_CORE_VIEW_H
#define CLIENT_CORE_VIEW_H

#include "client/core/engine.h"
#include "client/core/guard.h"
#include "sdk/sync/allan.h"
#include "sdk/sync/wire.h"

enum view_state {
    VIEW_STARTING,  /* no line yet */
    VIEW_FOLLOWING, /* corrections of the master */
    VIEW_FALLBACK,  /* midpoint of the peers (client: own polls of the servers) */
    VIEW_FREE,      /* too few samples: free-running, the half-width grows */
    VIEW_MASTER,
    VIEW_ALONE /* one server, or own reference only */
};

/* The first three rise. */
enum view_verdict { VIEW_ACCEPT, VIEW_SUSPECT, VIEW_REJECT, VIEW_SILENT, VIEW_NEW };

/* Where the half-width comes from; the parts add up to it. */
struct view_budget {
    int64_t upstream_ns; /* the master's or the reference's own half-width, aged */
    int64_t path_ns;     /* half the delay that asymmetry could hide */
    int64_t stamps_ns;   /* REALTIME -> RAW map and stamp resolution */
    int64_t age_ns;      /* rate bound times age */
    int64_t slew_ns;     /* distance of the published line from its target */
};

struct view_tracking {
    enum view_state state;
    struct sync_line line; /* as published */
    int64_t now_raw_ns;
    struct tai_interval now; /* the line there */
    int64_t half_width_ns;   /* there */
    struct view_budget budget;
    int64_t rate_ps_per_s; /* of the line against the raw clock */
    int64_t
        skew_ps_per_s; /* how wrong that is thought to be, 1 sigma; -1: not known, as where nobody is followed */
    bool has_system;   /* the next two */
    int64_t system_ns; /* line minus CLOCK_REALTIME (as TAI) */
    int64_t system_rate_ps_per_s;
    uint64_t term;
    sync_node_t master, deputy;
    struct sync_reference reference;
    uint32_t
        references; /* own sources that count, correlated ones once; the host's owner knows, an engine says 0 */
    int64_t holdover_ns; /* since the last of them counted; 0: one counts, or none ever did; likewise */
    struct sync_leap leap;
    bool leap_heard;       /* own sources say something of leap seconds; likewise */
    uint32_t leap_differs; /* so many of them not what the table says */
    uint64_t timeline;
    uint64_t timeline_changes;
    uint64_t hlc_ns;
    uint32_t hlc_count;
    uint32_t corrections_accepted, corrections_suspect, corrections_rejected;
    uint32_t reasons[GUARD_REASONS]; /* of the suspect and rejected ones, by enum guard_reason */
};

struct view_source {
    sync_node_t node;
    bool server;
    bool reachable;
    struct engine_address address;
    enum view_verdict verdict;
    uint8_t reason;        /* enum guard_reason */
    int64_t reason_ns;     /* by how much */
    bool has_offset;       /* servers: both lines are there */
    int64_t offset_ns;     /* its line minus ours, now */
    bool has_half_width;   /* it has told of a line, and is placed */
    int64_t half_width_ns; /* of the offset, with its own half-width */
    int64_t sigma_ns;      /* information */
    int64_t delay_ns;      /* smallest round trip in the window */
    int64_t last_delay_ns;
    int64_t rate_ps_per_s; /* its oscillator against ours */
    int64_t skew_ps_per_s;
    int64_t wander_ps_per_s; /* measured, per root second */
    int64_t window_ns;       /* span of the samples in use */
    uint32_t samples;
    int64_t poll_ns; /* between polls now */
    int64_t age_ns;  /* since the last good exchange; -1: never */
    uint32_t sent, received, lost;
    uint32_t packets_bad; /* datagrams from it with a verdict other than ok */
    bool has_reference;
    struct sync_reference reference;
    bool weighs; /* in the ensemble or the hull now */
};

struct view_cluster {
    uint32_t servers, servers_up, clients, clients_up;
    uint32_t f_vote, f_ref, references;
    uint32_t quorum;
    uint32_t margin; /* further faults that time survives now; 0: the next one may be too many */
    uint64_t term;
    sync_node_t master, deputy, self;
    bool lease_valid;
    int64_t lease_left_ns;
    uint32_t epoch;
    uint64_t cluster;
    uint32_t accusations;         /* of the present master */
    bool two_servers;             /* static master and standby: no election */
    struct wire_counts datagrams; /* what became of all that came, of strangers and of peers */
};

/* The node's own oscillator, as learnt from its references. Of raw clocks: a positive rate means that it is slow. */
enum { VIEW_FORECASTS = 3 };
struct view_forecast {
    int64_t after_s;
    int64_t half_width_ns; /* then, if no source speaks from now on */
};
struct view_oscillator {
    uint8_t class;             /* enum oscillator_class, declared */
    tai_ppb_t declared, floor; /* rate bound before, least growth after measurement */
    uint64_t learnt_s;         /* over how long; 0: nothing, and the next five mean nothing */
    int64_t rate_ps_per_s, rate_sigma_ps_per_s; /* now */
    int64_t wander_fs_per_s;                    /* per root second */
    int64_t ageing_fs_per_s_day, ageing_sigma_fs_per_s_day;
    int64_t coefficient_fs_per_s_k, coefficient_sigma_fs_per_s_k;
    bool has_temperature; /* a sensor was read */
    int64_t temperature_mk;
    bool holds;      /* TAI is known by it; the rest but Allan's rows has a meaning */
    int64_t held_ns; /* since a source was believed */
    int64_t half_width_ns;
    tai_ppb_t growth; /* of that, in the next minute */
    struct view_forecast forecasts[VIEW_FORECASTS];
    size_t allan_count;
    struct allan_row allan[ALLAN_OCTAVES];
};

#endif
