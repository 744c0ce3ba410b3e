/* SPDX-License-Identifier: Apache-2.0 */
/* Applying a correction: what servers and lab machines share.
 *
 * Decides: whether a correction is for us, of the master we believe in, new, and not refuted (guard.h); and makes of it the
 * line to follow. Refuses: to choose the master (election.h for servers; the follower counts what the servers say), to slew
 * (clockwork.h does).
 *
 * A correction is a whole line on *our* timeline: at our raw reading R cluster time is X +- h, rate r, until expiry. It replaces
 * what was there and never adds, so applying it twice is the same as once; and the number, which rises within a term, lets
 * only newer ones in. A rejected one changes nothing but its count.
 *
 * Thread rule: that of the engine. */
#ifndef CLIENT_CORE_FOLLOWING_H
#define CLIENT_CORE_FOLLOWING_H

#include "client/core/engine.h"
#include "client/core/guard.h"
#include "sdk/sync/wire.h"

#define FOLLOWING_LIFE_NS                                                                                    \
    INT64_C(8000000000) /* without a correction for so long, or four of its intervals: they stopped */
/* A correction's own clock reading may be this much ahead of ours: nothing, but for rounding. */
#define FOLLOWING_AHEAD_NS INT64_C(1000000)

struct following {
    uint64_t term; /* of the newest correction taken up; 0: none */
    sync_node_t master;
    uint64_t number;
    bool active;         /* corrections flow: the last one taken up has not run out */
    tai_mono_t taken_up; /* our raw reading at that */
    tai_mono_t until;    /* past it corrections are taken to have stopped */
    sync_node_t deputy;
    struct sync_leap leap;
    uint32_t accepted, suspect, rejected;
    uint32_t reasons[GUARD_REASONS]; /* how often each */
    struct guard_result last;
};

void following_init(struct following *following);
/* Our own timeline changed, or another master is believed in: numbers start anew with the term. */
void following_reset(struct following *following);
/* The largest rate of a cluster's line against an oscillator of that declared bound, ps/s: without references the cluster's rate is
 * that of other oscillators, of the commonest class at worst. A master tells nobody more, however noisy a measurement of a
 * second is; who is told more rejects it. */
int64_t following_rate_max_ps(tai_ppb_t own);
/* A correction (authentic, type WIRE_CORRECTION) came. `believed`: the master and term that we hold for true. `evidence`: at
 * `now`, of the meaning of the correction's status (witness.h). True when *ret_line is to be followed; the verdict is in following->last and was counted. */
bool following_correction(struct following *following, const struct engine_now *now,
                          const struct wire_message *message, sync_node_t believed, uint64_t believed_term,
                          const struct guard_evidence *evidence, struct sync_line *ret_line);
/* Whether corrections flow at `raw`; the edge from true to false is the moment for fallback.h. */
bool following_flows(struct following *following, tai_mono_t raw);

#endif
