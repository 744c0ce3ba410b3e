/* SPDX-License-Identifier: Apache-2.0 */
/* The engine of tai-client: a lab machine that follows the elected master, and judges what it is told.
 *
 * Decides: whom to believe to be master (enough servers name it), what to follow (corrections; when they stop, the midpoint of the servers
 * that it polls itself), how often to poll. Refuses: to answer for others; it is polled but votes nothing.
 *
 * Life. Hello and a burst of polls go to all servers. As soon as enough of them are measured there is a hull, corrections of the master can be
 * judged, and the first one that passes sets the line. Later it polls each server every peer_poll (16 s) to keep the hull fresh, and the
 * master polls it and corrects it. When corrections stop, it polls faster (FOLLOWER_FALLBACK_POLL_NS) and follows the servers' midpoint.
 *
 * A master is believed when f_vote + 1 servers name it in the same term in what they say to us themselves, so
 * that at least one of them is honest; with one to three servers one will do, and the guard is all the protection.
 *
 * Worked number: four servers, f_vote = 1. Server 1 says "I am master of term 9", server 3 says "I follow 1, term 9": believed.
 *
 * Thread rule: that of the engine. */
#ifndef CLIENT_CORE_FOLLOWER_H
#define CLIENT_CORE_FOLLOWER_H

#include "client/core/engine.h"
#include "client/core/view.h"

struct follower;
struct peer;

#define FOLLOWER_FALLBACK_POLL_NS INT64_C(2000000000)

/* `memory`: for struct follower; `peers`: one struct peer for each member of the settings, which are borrowed. */
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
