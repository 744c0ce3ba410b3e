/* SPDX-License-Identifier: Apache-2.0 */
/* The engine of a server's clock process: everything that a server of the cluster does, as one function of events.
 *
 * Decides nothing itself: it connects what decides. Peers measure (client/core/peer.h), the election says who is master
 * (election.h), the master's round makes cluster time (round.h), corrections are judged and followed (following.h, guard.h),
 * the midpoint of the peers stands in when there is no master (fallback.h), the clockwork publishes and steers
 * (clockwork.h). What it does decide is the order, and which of them has the say about the target line:
 *
 *     master with a lease          the round's cluster line; every node measured gets its correction
 *     follower of a master         its corrections, judged by what was measured here
 *     neither, or corrections ran out or lie outside what was measured: the midpoint of the peers' lines, own zero included
 *     too few of them              the line runs on and widens
 *
 * One server is master at once. A server that starts into a running cluster takes up the peers' time before it leads.
 *
 * Persist before send: the vote and the reserve of the hybrid clock go out as actions; what depends on them leaves after
 * their ENGINE_PERSISTED.
 *
 * An ENGINE_RECORD_VOTE that does not come means that the server is new: it may vote. Where a vote was once written and is gone
 * (its folder was emptied, its disk replaced), the loop hands in an empty ENGINE_RECORD_VOTE: the server then follows a master
 * before it votes, for it may have voted in a term that it cannot remember.
 *
 * Life: node_init once; ENGINE_RECORD for each record on the disk, ENGINE_START, then any events until ENGINE_STOP. Memory
 * is the caller's: struct node, and one struct peer for each member of the settings. No pointer into an event is kept. A
 * step costs a few us; nothing is allocated. One thread at a time. */
#ifndef SERVER_CLOCK_CORE_NODE_H
#define SERVER_CLOCK_CORE_NODE_H

#include "client/core/engine.h"
#include "client/core/view.h"

struct node;
struct peer;

/* node_size() bytes, aligned as malloc aligns; `peers` has settings->members_count places of peer_size() bytes each. The
 * settings, their members and the crypto table are borrowed for the node's life. */
size_t node_size(void);
TAISTAMP_MUST_CHECK enum tai_err node_init(struct node *node, const struct engine_settings *settings,
                                           struct peer *peers);
/* One event in, what to do out. */
void node_step(struct node *node, const struct engine_event *event, struct engine_actions *ret_actions);

/* The record ENGINE_RECORD_VOTE of a server that has never voted. It is written when the server's key is made, so that
 * its absence later means "lost": an empty record is handed in then, and the server neither votes nor stands until it has
 * followed a master for a lease (election.h). */
enum { NODE_VOTE_RECORD_LEN = 13 };
void node_vote_founded(uint8_t ret_record[NODE_VOTE_RECORD_LEN]);

/* What it shows. `raw` is a reading of now, not before the last event's. Sources: all members in the order of the
 * settings; returns how many were written. */
void node_tracking(const struct node *node, tai_mono_t raw, struct view_tracking *ret_tracking);
size_t node_sources(const struct node *node, tai_mono_t raw, struct view_source *ret_sources,
                    size_t sources_max);
void node_cluster(const struct node *node, tai_mono_t raw, struct view_cluster *ret_cluster);

#endif
