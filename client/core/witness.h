/* SPDX-License-Identifier: Apache-2.0 */
/* From what was measured of the peers to what the guard and the fallback weigh.
 *
 * Decides: which peers are witnesses at a raw reading of ours: servers whose line can be carried here and has the meaning asked
 * for, absolute (of TAI) or relative (of the cluster), for an interval of the one kind says little about the other. When too few
 * have that meaning all lines count: cluster time never steps, so the middle of a line that has just become absolute still is
 * where the relative ones are. Refuses: to leave anybody out for what it says.
 *
 * No state. Thread rule: that of the engine. */
#ifndef CLIENT_CORE_WITNESS_H
#define CLIENT_CORE_WITNESS_H

#include "client/core/clockwork.h"
#include "client/core/fallback.h"
#include "client/core/peer.h"

struct witness_panel {
    struct guard_evidence evidence; /* witnesses, faults, needed; own and reference are the caller's to add */
    int64_t rates_ps_per_s[GUARD_WITNESSES_MAX]; /* of their lines on our timeline */
    int64_t skews_ps_per_s[GUARD_WITNESSES_MAX]; /* 1 sigma of those */
    bool absolute;                               /* the lines are of TAI */
    enum taistamp_status status;       /* the best that all but f of them claim; meaningful with a witness */
    enum taistamp_clock_source source; /* the weakest of theirs, relayed */
};

/* True for the statuses whose interval is about TAI. */
bool witness_absolute(enum taistamp_status status);
/* The less telling of two sources: what rests on both is worth no more than this. */
enum taistamp_clock_source witness_weaker(enum taistamp_clock_source a, enum taistamp_clock_source b);
/* What a line's source is to those that follow it: another server's receiver is not one at ours. `gps` and `upstream`
 * become `quorum`, "other servers that have one"; what is weaker than that stays what it is. */
enum taistamp_clock_source witness_relayed(enum taistamp_clock_source source);
enum witness_kind {
    WITNESS_BEST,
    WITNESS_ABSOLUTE,
    WITNESS_RELATIVE
}; /* best: absolute when enough have it */
/* `servers`: n with us if we are one; f follows from it. `rate_bound`: of our own oscillator. */
void witness_collect(const struct peer *peers, size_t count, tai_mono_t raw, unsigned servers,
                     tai_ppb_t rate_bound, enum witness_kind kind, struct witness_panel *ret_panel);
/* For an absolute claim: the references that servers tell of, as we measured them ourselves. Only they say something of TAI
 * that no lying master can have told; lines echo what their master said, and widen at every hop. References of one
 * group share a cause of error and are one witness. Of all that there may be, heard or missing, the smaller half may be false;
 * as long as all that were heard may be (`liars`: f of the servers), they vouch for nothing. Who did not answer
 * WITNESS_SILENT_POLLS polls has crashed and is one of the liars. `own`: our own reference at `raw`, of group `own_group`, or NULL. Replaces
 * witnesses and faults, or is false and changes nothing when nobody within reach has a reference. */
enum { WITNESS_SILENT_POLLS = 20 }; /* about a minute at the default interval */
bool witness_references(const struct peer *peers, size_t count, tai_mono_t raw, unsigned liars,
                        const struct guard_witness *own, uint16_t own_group, struct guard_evidence *evidence);
/* After that: where all that is known of TAI is the claimant's own reference, with no other of its group and no server unheard, a lie needs no false
 * correction, so the width that it claims is worth what its reference is: it may be believed. The master measures the path a
 * second ago, we measured it by our own poll up to peer_poll_ns ago. */
void witness_sole_reference(struct guard_evidence *evidence, sync_node_t claimant);
/* Of a server that is not within reach: it told of a reference, or never said anything, so it may have one. */
bool witness_is_missing(const struct peer *peer);
/* Adds our own line, if it is of the same kind, and tells the fallback of it. */
void witness_add_own(struct witness_panel *panel, const struct sync_line *own, tai_mono_t raw);

/* Offers to `clockwork` what at least `needed` servers said of leap seconds when they last answered: no liar moves UTC. */
void witness_offer_leap(const struct peer *peers, size_t count, unsigned needed, const struct sync_leap *leap,
                        struct clockwork *clockwork);

#endif
