/* SPDX-License-Identifier: Apache-2.0 */
/* The host's own memory: for host.c and host_clocks.c alone. */
#ifndef CLIENT_IO_HOST_STATE_H
#define CLIENT_IO_HOST_STATE_H

#include "client/io/clocks.h"
#include "client/io/host.h"
#include "client/io/steer.h"
#include "sdk/io/page.h"
#include "sdk/leap_watch.h"
#include "sdk/sync/rawmap.h"

struct tracking_log;
struct event;

enum { RETURNS_MAX = 64, ORDERS_KEPT = 4 };
#define SECOND_NS INT64_C(1000000000)

/* The own address that a peer's last datagram came to: the answer leaves from there, for a firewall on the way
 * expects it. */
struct way_back {
    struct udp_address peer, own;
};

struct host {
    const struct host_settings *settings;
    struct event_base *base;
    struct event *timer, *readable[UDP_FAMILIES];
    struct udp udp;
    struct clocks clocks;
    struct steer steer;
    struct page_writer page;
    uint8_t boot_id[16];
    struct control *control;
    struct tracking_log *tracking_log;
    struct leap_watch leaps;
    struct sync_leap own_leap; /* of the machine's own table */
    struct sync_leap leap; /* of that or of the cluster's, whichever expires later: as of the last second */
    struct way_back ways[RETURNS_MAX];
    struct engine_now last;        /* clocks of the step under way */
    struct engine_actions actions; /* too large for a stack */
    int64_t second_raw_ns;         /* raw reading at which the next second's work is due */
    int64_t ready_raw_ns;          /* ready then, published or not */
    struct rawmap map;             /* for stamps that the owner wants placed; empty where it wants none */
    sync_timeline_t map_timeline;
    int64_t orders_ps[ORDERS_KEPT]; /* rates of our last orders, newest first */
    bool steered_by_others;         /* somebody set REALTIME's rate since the last look */
    bool started, is_ready, has_published, opened;
    bool ending;          /* the loop ends: `done`, or one of the next */
    bool refused, failed; /* a person must look; a new start may cure it */
};

/* An order to steer was carried out: REALTIME runs at another rate from here on. */
void host_ordered(struct host *host, int64_t rate_ps_per_s);

#endif
