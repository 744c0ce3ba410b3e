/* SPDX-License-Identifier: Apache-2.0 */
/* Filling in what a step wants done: small helpers that all parts of an engine share. */
#ifndef CLIENT_CORE_ACTIONS_H
#define CLIENT_CORE_ACTIONS_H

#include "client/core/engine.h"

/* Start of a step: nothing is to be done, wake up in a second. */
void actions_begin(struct engine_actions *actions, const struct engine_now *now);
/* Something to tell a person; counted when there is no room. */
void actions_report(struct engine_actions *actions, enum engine_report_kind kind, sync_node_t node,
                    int64_t value, int64_t other);
/* A place for a datagram to `to`, of which the caller sets len and bytes; NULL when all are taken. */
struct engine_send *actions_send(struct engine_actions *actions, const struct engine_address *to,
                                 uint64_t token);
bool actions_can_send(const struct engine_actions *actions);
/* A place for a record, of which the caller sets len and bytes; NULL when all are taken. */
struct engine_persist *actions_persist(struct engine_actions *actions, enum engine_record record,
                                       uint64_t token);
/* Wake up at `raw` or earlier. */
void actions_wake(struct engine_actions *actions, tai_mono_t raw);

#endif
