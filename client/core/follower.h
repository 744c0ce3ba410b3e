/* SPDX-License-Identifier: Apache-2.0 */
/* The engine of tai-client: a lab machine that follows the elected master, and judges what it is told.
 *
 * Decides: what to follow (corrections of the master that enough servers name, see belief.h; when they stop or are refuted, the
 * midpoint of the servers that it polls itself), and how often to poll. Refuses: to vote, and to be moved by anybody outside of
 * what it measured.
 *
 * Life. Hello and a burst of polls go to all servers. As soon as enough of them are measured there is a hull, corrections of the
 * master can be judged, and the first one that passes sets the line. Later it polls each server every peer_poll (4 s by default) to keep the
 * hull fresh, while the master polls it and corrects it. When corrections stop for four of their intervals (8 s at least), it polls
 * every FOLLOWER_POLL_NS, after a minute more rarely again, and follows the servers' midpoint. Where too few answer, its line runs on
 * and widens.
 *
 *     STARTING --first good correction--> FOLLOWING <--correction-- FALLBACK <--> FREE
 *         \--none for FOLLOWER_GRACE_NS: midpoint--------------------^    \--stopped, refuted--/
 *
 * A pause that no clock of this machine shows (a virtual machine that was frozen) shows in exchanges: they
 * contradict what was known. When that happens with most of the servers, it was us: the line is given up and measured anew.
 *
 * Memory: the caller's; struct follower and one struct peer for each member, about 110 KiB with 16 servers. Thread rule: one
 * thread at a time. */
#ifndef CLIENT_CORE_FOLLOWER_H
#define CLIENT_CORE_FOLLOWER_H

#include "client/core/belief.h"
#include "client/core/clockwork.h"
#include "client/core/following.h"
#include "client/core/peer.h"
#include "client/core/view.h"
#include "client/core/witness.h"
#include "sdk/time/hlc.h"

/* Relative time further than this from the absolute time that replaces it is given up, not slewed away. */
#define FOLLOWER_BEGIN_AGAIN_NS INT64_C(1000000)
#define FOLLOWER_POLL_NS        INT64_C(2000000000) /* of each server, and between two moves, without a master */
#define FOLLOWER_GRACE_NS       INT64_C(5000000000) /* for the first correction to come, after a start */
#define FOLLOWER_EAGER_NS                                                                                    \
    INT64_C(60000000000) /* then polls become rarer again: the servers have others to serve */
#define FOLLOWER_ASK_NS                                                                                      \
    INT64_C(2000000000) /* between bursts for want of something to judge a correction by */
#define FOLLOWER_BREAKS_NS                                                                                   \
    INT64_C(10000000000) /* breaks of so many servers within this are one break: ours */

struct follower {
    struct engine_settings settings;
    struct peer *peers;
    size_t count;
    unsigned servers, faults;
    struct hlc hlc;
    int64_t hlc_reserve_ns; /* on its way to the disk; 0: nothing is */
    struct session_local local;
    struct clockwork clockwork;
    struct following following;
    struct belief belief;
    struct wire_reply about; /* what we say of ourselves */
    struct sync_reference reference;
    bool started, stopped;
    tai_mono_t begun; /* start, or the last new timeline */
    enum view_state state;
    enum guard_reason why; /* of the fallback */
    tai_mono_t fallback_since;
    tai_mono_t fallback_at; /* next move */
    int64_t polled_ns;      /* how often servers are polled now */
    tai_mono_t asked_at;
    bool asked;
    uint32_t broke_mask; /* servers whose measurement broke lately, by index */
    tai_mono_t broke_at;
    uint32_t suspects; /* corrections in a row that were suspect: reported once */
    enum taistamp_status said_status;
    bool said_any;
};

/* Sizes for who allocates without these headers. */
size_t follower_size(void);
/* `memory`: for struct follower; `peers`: one struct peer for each member of the settings. Members, crypto and peers are borrowed. */
void follower_init(struct follower *follower, const struct engine_settings *settings, struct peer *peers);
/* One event in, the actions out. */
void follower_step(struct follower *follower, const struct engine_event *event,
                   struct engine_actions *ret_actions);

/* What it shows. `raw` is a reading of now. Sources: all members, in the order of the settings. */
void follower_tracking(const struct follower *follower, tai_mono_t raw, struct view_tracking *ret_tracking);
size_t follower_sources(const struct follower *follower, tai_mono_t raw, struct view_source *ret_sources,
                        size_t sources_max);
void follower_cluster(const struct follower *follower, tai_mono_t raw, struct view_cluster *ret_cluster);

#endif
