/* SPDX-License-Identifier: Apache-2.0 */
/* Quorums, and how long a master may count on the promises that a quorum gave it.
 *
 * What is decided here: how many votes elect and how many liars that bears; until when a voter keeps a promise; until
 * when a holder may rely on the promises it was given. Not decided: who is master (election.h), nor what may be done
 * under a lease. Nothing here makes a late correction harmless: that is the term's work, at the receiver.
 *
 * Quorums: of n servers f = floor((n-1)/3) may lie, and q = floor((n+f)/2)+1 votes elect. Two quorums share 2q-n > f
 * servers, so at least one honest server is in both, and it votes once in a term.
 *
 *     n   1  2  3  4  5  6  7  8  9 10 11 12 13 14 15 16
 *     f   0  0  0  1  1  1  2  2  2  3  3  3  4  4  4  5
 *     q   1  2  2  3  4  4  5  6  6  7  8  8  9 10 10 11
 *     n-q 0  0  1  1  1  2  2  2  3  3  3  4  4  4  5  5      may be down (or lie by silence) and a master is still elected
 *
 * A lease: a voter that acknowledges a heartbeat promises to vote for nobody else for length + margin, counted on its
 * own clock from receipt. The holder counts length on its clock from the moment before it sent that heartbeat, and only
 * the oldest of the heartbeats that its best quorum acknowledged counts. Clocks here are CLOCK_BOOTTIME, which also
 * counts a suspend, or CLOCK_MONOTONIC_RAW where there is none; only their rates matter: the margin pays for holder and
 * voter that differ by LEASE_RATES_PPB.
 *
 * Worked numbers: length 1500 ms. Sent at holder's 10.000 s; voters of a 5-server cluster acknowledge the beats of 10.000,
 * 9.500, 9.500 and 9.000 s. With its own word the holder has [10.0, 10.0, 9.5, 9.5, 9.0], the 4th best is 9.5, so the
 * lease lasts to 11.000 s. A voter that received it at its 77.000 s keeps still to 78.510 s (margin 10 ms).
 *
 * Pure; no function keeps state of its own. After C. Gray and D. Cheriton, "Leases" (1989). */
#ifndef SERVER_CLOCK_CORE_LEASE_H
#define SERVER_CLOCK_CORE_LEASE_H

#include "sdk/sync/sync.h"

/* How far apart the rates of two honest machines may be: 500 ppm each, one fast and one slow. */
#define LEASE_RATES_PPB 1000000
#define LEASE_NONE      INT64_MIN
#define LEASE_FOREVER   INT64_MAX
enum {
    LEASE_BEATS =
        16 /* heartbeats whose acknowledgement is still awaited: a lease is at most 8 heartbeats long */
};

/* n from 1 to SYNC_SERVERS_MAX. */
unsigned lease_faults(unsigned n);
unsigned lease_quorum(unsigned n);

/* Until when a voter that received a heartbeat at `receipt_ns` votes for nobody else. */
int64_t lease_promised_until(int64_t receipt_ns, int64_t length_ns, int64_t margin_ns);
/* The smallest margin that covers LEASE_RATES_PPB over the whole promise. */
int64_t lease_margin_min(int64_t length_ns);

/* The holder's book. The caller's memory; fields are for this module. */
struct lease_holder {
    unsigned members, quorum, self;  /* `self` is an index below `members` */
    unsigned beats;                  /* sent in all */
    int64_t sent[LEASE_BEATS];       /* ring of the last ones */
    int64_t acked[SYNC_SERVERS_MAX]; /* by each member: the newest acknowledged, LEASE_NONE without */
};

void lease_holder_start(struct lease_holder *holder, unsigned members, unsigned quorum, unsigned self);
/* A heartbeat is about to leave; `now_ns` is its token and must not be before the last. The own word counts at once. */
void lease_holder_sent(struct lease_holder *holder, int64_t now_ns);
/* A member acknowledged the heartbeat with this token. False: no such heartbeat is awaited (forged, older than the
 * ring, or of an earlier life), or a newer one was acknowledged already. */
bool lease_holder_acked(struct lease_holder *holder, unsigned member, int64_t token_ns);
/* Send time of the newest heartbeat that a quorum has acknowledged, or LEASE_NONE. */
int64_t lease_holder_start_ns(const struct lease_holder *holder);
/* That plus the length: the holder may rely on the lease while its clock shows less. LEASE_NONE without one. */
int64_t lease_holder_until(const struct lease_holder *holder, int64_t length_ns);

#endif
