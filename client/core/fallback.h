/* SPDX-License-Identifier: Apache-2.0 */
/* Time without a master: the fault-tolerant midpoint of the peers' lines.
 *
 * Decides: by how much, and to which rate, the own line should move so that all nodes that do the same stay together
 * although up to f of them lie, even with two faces. Refuses: to step (the move is slewed by clockwork.h), and to go outside the hull
 * of what was measured.
 *
 * Model. The offsets of all peers' lines from ours, and our own zero, are sorted; a peer that is silent counts as zero, for then
 * nobody gains by keeping silent. f are dropped from each end, the midpoint of the outermost two that remain is the move,
 * clamped into the hull of points that m - f intervals cover. Source: J. Lundelius Welch and N. Lynch, "A new fault-tolerant
 * algorithm for clock synchronization", Information and Computation 77 (1988). Without the own zero, or with a plain median, two-faced
 * liars keep the honest ones apart. With fewer lines than make a majority with our own, no move: the line runs
 * on and its half-width grows.
 *
 * Worked number: n = 4, f = 1, offsets +30, -20, +9000 (a liar) and the own 0: sorted -20 0 30 9000, dropped to 0 30: move by +15.
 *
 * What was measured in a few polls is worse than a line that was good a minute ago. So the rate is changed only by what goes beyond
 * FALLBACK_SIGMAS standard deviations of the rates measured; and so is the phase, for a lab machine. (Servers must move in phase by all
 * of it, for their agreement rests on it.)
 *
 * A lab machine is not one of the n: for it the own zero is left out while it has more than 2f lines, as it has nobody to
 * agree with; it goes where the servers are.
 *
 * No state; any thread. */
#ifndef CLIENT_CORE_FALLBACK_H
#define CLIENT_CORE_FALLBACK_H

#include "client/core/guard.h"

enum { FALLBACK_SIGMAS = 2 };

struct fallback_input {
    struct guard_evidence evidence;              /* witnesses: the peers' lines at `raw` */
    int64_t rates_ps_per_s[GUARD_WITNESSES_MAX]; /* of those lines, on our timeline */
    int64_t skews_ps_per_s[GUARD_WITNESSES_MAX]; /* 1 sigma of those */
    bool server;                                 /* we are one of the n */
    unsigned servers;                            /* n, with us if server */
    bool has_own;
    tai_t own; /* our own line there */
    tai_bound_t own_half_width;
    int64_t own_rate_ps_per_s;
};

struct fallback_result {
    bool moved;      /* false: too few, run on freely */
    int64_t move_ns; /* add to our line; own absent: from TAI 0 */
    int64_t
        rate_ps_per_s; /* wanted rate of our line, at most twice the declared bound (evidence.rate_bound; 0: not limited) */
    tai_ppb_t
        growth; /* of its half-width: the oscillator is within its bound of true time, whatever rate was measured */
    tai_bound_t half_width; /* of the line after the move: what the hull and the own line vouch for */
};

/* The numbers f_vote = (n - 1) / 3 of DESIGN. */
unsigned fallback_faults(unsigned servers);
struct fallback_result fallback_midpoint(const struct fallback_input *input);

#endif
