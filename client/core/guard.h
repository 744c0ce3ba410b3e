/* SPDX-License-Identifier: Apache-2.0 */
/* The guard: whether a correction, or any claim about the time, can be true given what this node measured itself.
 *
 * Decides: accept, suspect or reject, with the reason and by how much. Refuses: to move anything (following.h), to remember who lied
 * (that is the suspicion module of a server), and to exclude anybody for a lie that stays inside the intervals, for
 * that cannot be told from an asymmetric path: such a claim is suspect, and followed.
 *
 * Model. Every witness is an interval at the same raw reading of ours: the lines of the servers that we polled ourselves, each
 * widened by its path; our own reference; our own line, aged. Of m witnesses at most f lie, so the truth is in the hull of the
 * points that m - f of them cover. An honest claim holds the truth too, so:
 *   - a claim whose interval does not meet the hull is a lie (or a broken assumption): reject;
 *   - one that meets it, with its middle outside: suspect, and what is followed is the middle moved to the hull's edge.
 *     So nobody moves this node outside of what it measured;
 *   - one inside, but far from the middle that the witnesses agree on, by their own spread: suspect and followed.
 * When no point is covered by m - f the fault budget is exceeded; then the largest majority that agrees stands in, and
 * without one, nothing can be said.
 *
 * The width. The one who makes a claim may be one of the f, and a lie may be as narrow as it likes. So with f > 0 the half-width
 * that goes with what is followed is not the claim's, but reaches to the farther end of the hull (cut with our own line and
 * reference). With f = 0 the claim's own counts when it is smaller; and where the one reference there is belongs to the one who
 * claims, for then all rests on its word already (witness_sole_reference).
 *
 * The slack. Lines of others that were drawn from each other would widen each other without end, so a witness may be given
 * narrower than it says it is. An honest claim can then miss it: rejected is only what misses the hull of the witnesses widened by
 * their slack; what is followed still lies in the narrow one.
 *
 * Worked number: five witnesses [0,10] [1,11] [2,12] [3,9] [100,101], f = 1: four cover [3,9]. A claim 8 +- 2 is accepted,
 * as 8 +- 5; 10 +- 2 is suspect and followed as 9 +- 6; 50 +- 5 is rejected by 36.
 *
 * No state; any thread. */
#ifndef CLIENT_CORE_GUARD_H
#define CLIENT_CORE_GUARD_H

#include "sdk/sync/sync.h"

enum guard_verdict { GUARD_ACCEPT, GUARD_SUSPECT, GUARD_REJECT };

/* Numbers are shown by taictl and sent in reports: new ones go to the end. */
enum guard_reason {
    GUARD_FINE = 0,
    /* suspect */
    GUARD_EDGE = 1, /* meets what was measured, its middle does not lie in it */
    GUARD_ODD,      /* inside, but far from where the witnesses agree */
    GUARD_TRIANGLE, /* the detour over a third node does not close */
    /* reject: what it says */
    GUARD_OUTSIDE_PEERS = 16,
    GUARD_OUTSIDE_REFERENCE,
    GUARD_OUTSIDE_OWN,     /* our own aged line */
    GUARD_RATE,            /* no oscillator is that wrong */
    GUARD_WIDTH,           /* it claims no interval */
    GUARD_FALSE_REFERENCE, /* of a server: its own reference contradicts the others */
    /* reject: what it is */
    GUARD_EXPIRED = 32,
    GUARD_REPLAYED, /* its number is not above the last */
    GUARD_LOWER_TERM,
    GUARD_OTHER_TIMELINE, /* made for a timeline that ended */
    GUARD_NOT_MASTER,     /* of somebody that not enough servers follow */
    GUARD_FUTURE,         /* for a reading that we have not had yet */
    GUARD_UNMEASURED,     /* nothing to judge it by yet */
    /* why a node stopped to follow without any verdict */
    GUARD_LEASE = 48, /* no correction came in time, or the master's lease ran out */
    GUARD_SELF        /* our own line contradicts everybody else: it was given up */
};
enum { GUARD_REASONS = GUARD_SELF + 1 };

enum { GUARD_WITNESSES_MAX = SYNC_SERVERS_MAX };

struct guard_witness {
    sync_node_t node;
    tai_t tai;
    tai_bound_t half_width;
    int64_t sigma_ns; /* >= 0, statistical part of its placement */
    int64_t
        slack_ns; /* >= 0, what it may be off besides by its own word, which only keeps a claim from being rejected */
};

/* Everything at one raw reading of ours, and of the same meaning (absolute, or relative to the cluster). */
struct guard_evidence {
    struct guard_witness witnesses[GUARD_WITNESSES_MAX];
    size_t witnesses_count;
    size_t references; /* that the witnesses are made of, correlated ones each; 0: they are lines */
    bool
        of_cluster_time; /* lines of relative time are among them: they say where the cluster is, nothing about TAI */
    size_t missing;       /* servers that may have a reference and could not be asked */
    unsigned faults;      /* f: witnesses that may lie */
    unsigned needed;      /* fewer witnesses than this can not vouch for a hull */
    bool claim_may_lie;   /* who claims may be one of the faulty: the width that it claims is not believed */
    tai_ppb_t rate_bound; /* of our oscillator (following_rate_max_ps); 0: not judged */
    bool has_reference;   /* our own */
    struct tai_interval reference;
    bool has_own; /* our own line, aged */
    struct tai_interval own;
};

struct guard_claim {
    tai_t tai;
    tai_bound_t half_width;
};

struct guard_result {
    enum guard_verdict verdict;
    enum guard_reason reason;
    int64_t by_ns;          /* by how much, >= 0 */
    tai_t followed;         /* unless rejected: what may be followed, inside the hull */
    tai_bound_t half_width; /* unless rejected: of the truth around `followed` */
    bool
        own_is_wrong; /* our own line does not meet the hull of more than f witnesses: it should be given up */
};

/* The hull of what was measured: false when too few witnesses, or no majority agrees. *ret_agreeing: how many cover it. */
bool guard_hull(const struct guard_evidence *evidence, struct tai_interval *ret_hull, size_t *ret_agreeing);
/* The same of the witnesses widened by their slack: what an honest claim can not miss. */
bool guard_hull_wide(const struct guard_evidence *evidence, struct tai_interval *ret_hull);
/* Judges a claim by its interval. */
struct guard_result guard_judge(const struct guard_evidence *evidence, const struct guard_claim *claim);
/* A stable lower-case word, such as "outside_peers". Static storage. */
const char *guard_reason_name(enum guard_reason reason);

#endif
