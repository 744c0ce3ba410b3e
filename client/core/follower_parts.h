/* SPDX-License-Identifier: Apache-2.0 */
/* What the two halves of the follower call of each other: follower.c has the events, follower_follow.c decides whose time is taken.
 *
 * Thread rule: that of the engine. */
#ifndef CLIENT_CORE_FOLLOWER_PARTS_H
#define CLIENT_CORE_FOLLOWER_PARTS_H

#include "client/core/follower.h"

/* All servers are polled every `poll_ns` from now on. */
void follower_poll(struct follower *follower, int64_t poll_ns, const struct engine_now *now);
/* A burst of exchanges with every peer. */
void follower_burst(struct follower *follower, const struct engine_now *now);
/* The same after something that can not be judged, at most once in FOLLOWER_ASK_NS. */
void follower_ask(struct follower *follower, const struct engine_now *now);
/* From now on the servers' midpoint leads; `why` is shown and reported. */
void follower_fall_back(struct follower *follower, enum guard_reason why, const struct engine_now *now,
                        struct engine_actions *actions);
/* What is due while no master's corrections flow: the fallback begins, the next move to the midpoint is made. */
void follower_lead(struct follower *follower, const struct engine_now *now, struct engine_actions *actions);
/* A correction of member `index`: judged, then taken up or turned down. */
void follower_correct(struct follower *follower, size_t index, struct engine_now *now,
                      const struct wire_message *message, struct engine_actions *actions);

#endif
