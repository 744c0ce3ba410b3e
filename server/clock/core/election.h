/* SPDX-License-Identifier: Apache-2.0 */
/* The election: which server is master, in which term, and who must not believe so any more.
 *
 * Decides: when to stand, whom to vote for, when a vote may leave (after its `persisted` event, never before), when a
 * quorum has elected us, how long we may rely on that, whom to follow, when to step down or hand over. Refuses to decide:
 * what time it is, who is trustworthy as a clock (the caller accuses), who is a member (settings), whether a datagram is
 * authentic (the caller checks, and passes `from` only then). It has no clock, socket, file or randomness of its own.
 *
 * The model, after Raft (D. Ongaro, 2014: 3.4, 6.4, 9.6) with leases and room for liars:
 *   - A term has at most one master: each member votes once in a term, on disk first, and q = floor((n+f)/2)+1 votes
 *     elect, of which at most f come from liars (lease.h has the table). One server elects itself. Two servers hold no
 *     elections: the preferred one is master and the other is a standby that never stands.
 *   - PreVote: nobody raises the term before a quorum has said that it would vote. Whoever hears a master says no. So a
 *     member that was cut off, however long, disturbs nobody when it comes back.
 *   - Heartbeats carry the lease: a member that acknowledges one promises its vote to nobody else for a lease and a
 *     margin; a member that has just started votes for nobody for that long, for it may have promised before.
 *   - Clock quality sets the delay before standing, never the right to win. The deputy that every heartbeat names stands
 *     first. A master much worse than another member for long hands over to it, at growing intervals.
 *   - f+1 members that accuse a master depose it: one of them is honest. It is not voted for again for `exile_ns`,
 *     or until f more (at least one) were deposed after it.
 *   - Safety of what a master *says* rests on the term at the receiver: election_accepts_term(). Not on the lease: a
 *     machine can stop between reading its clock and sending. The lease only keeps two masters from working at once.
 *   - Nothing that one liar says makes a master step down at once (with f >= 1): a claim of a higher term by f members or
 *     fewer only makes it stand again, at growing intervals, so that an honest member with a higher term comes back in.
 *
 * Not yet covered: a master shows no certificate of its votes, so a lying member can call itself master in a new term
 * until it is accused; and it can make elections slower by standing all the time. What such a master can do to a clock is
 * bounded by each node's own measurements.
 *
 * Defaults (election_settings_init) and why: heartbeat 500 ms, lease 1500 ms (two beats may be lost), margin 10 ms (1.5 ms
 * would pay for rates 1000 ppm apart), stand 100-400 ms after the promise ends, 60 ms for the deputy, 50 ms per quality
 * rank, round 400 ms (a vote waits for the voter's fsync and a round trip). Worked number: master killed just after a beat; the
 * promises end after 1510 ms, the deputy stands at 1570 ms, PreVote, disk and votes take 20 ms: a new master after 1.6 s.
 * If the deputy died too, 1.61 to 2.4 s.
 *
 * One thread at a time. All memory is in struct election; every input fills a fixed array of actions that the caller
 * carries out in order, then waits for the next input or for `deadline_ns` (then: election_on_tick). Times are `boot_ns`:
 * CLOCK_BOOTTIME in ns, or CLOCK_MONOTONIC_RAW where there is none (after a suspend leases then count too long, and
 * only the term protects). An input with a time before the last counts as at the last. */
#ifndef SERVER_CLOCK_CORE_ELECTION_H
#define SERVER_CLOCK_CORE_ELECTION_H

#include "server/clock/core/lease.h"
#include "taistamp/base.h"

enum {
    ELECTION_ACTIONS_MAX =
        64, /* an input sends to each of 15 members twice at most, and reports a few things */
    ELECTION_QUALITY_MAX = 15 /* the worst rank */
};
#define ELECTION_NEVER INT64_MAX
/* A term this far above our own is refused: a liar that drives the term up needs 2^40 messages to use it up, years of them,
 * and an honest member that was cut off for half a year of elections each second still comes back. A term that is only
 * claimed, in an answer, counts to half of that: the candidate that stands above it is not too far for the others. */
#define ELECTION_TERM_JUMP_MAX (UINT64_C(1) << 24)
/* No term is ever above this one. */
#define ELECTION_TERM_MAX (UINT64_MAX - 4 * ELECTION_TERM_JUMP_MAX)

struct election_settings {
    sync_node_t self;
    sync_node_t members[SYNC_SERVERS_MAX]; /* all voting servers, self among them, distinct, not 0 */
    unsigned members_count;
    uint32_t epoch;        /* of the membership: messages of another epoch are refused */
    sync_node_t preferred; /* 0: none. Of two servers the master; else stands first when nobody is deputy */
    int64_t heartbeat_ns, lease_ns, margin_ns;
    int64_t timeout_ns_min, timeout_ns_max; /* random delay before standing */
    int64_t deputy_delay_ns;
    int64_t quality_delay_ns; /* more for each rank of quality */
    int64_t round_ns;         /* a (pre-)vote that comes later is not counted */
    int64_t resend_ns;        /* requests are repeated within a round */
    unsigned handover_ranks;  /* how much better another's quality must be, 0: never hand over */
    int64_t handover_hold_ns; /* and for how long */
    int64_t backoff_ns_min, backoff_ns_max; /* between hand-overs; doubles each time */
    int64_t exile_ns;                       /* how long a deposed master gets no vote */
};

/* The defaults above; the caller fills in self, members, epoch and preferred. */
void election_settings_init(struct election_settings *settings);
/* TAI_ERR_ARGUMENT: members or self are wrong. TAI_ERR_RANGE: the times do not fit each other: 0 < heartbeat,
 * 2 * heartbeat <= lease <= 8 * heartbeat, margin >= lease_margin_min, 0 <= min < max, 0 < resend <= round <= lease, none
 * above an hour (hand-over, back-off and exile: a week). */
TAISTAMP_MUST_CHECK enum tai_err election_settings_check(const struct election_settings *settings);

/* What the disk says. Found a state file by writing {term 0, vote 0} when the member's keys are made. */
enum election_memory_kind {
    ELECTION_MEMORY_KEPT, /* read back, or founded */
    ELECTION_MEMORY_LOST /* there should be one and there is not: neither votes nor stands until it has followed a
                             master for a lease (a single server, or the master of two, goes on from term 1) */
};
struct election_memory {
    enum election_memory_kind kind;
    uint64_t term;
    sync_node_t vote; /* 0: none in that term */
};

/* ---- messages: what the wire carries, parsed; fields that a kind does not use are 0 ---- */
enum election_kind {
    ELECTION_PRE_VOTE,       /* term: would stand at; candidate; quality; sent: token of the round */
    ELECTION_PRE_VOTE_REPLY, /* term: voter's own; candidate; granted or reason; sent: echoed */
    ELECTION_VOTE,           /* term, candidate, quality, sent */
    ELECTION_VOTE_REPLY, /* term: voter's own (of the vote when granted), candidate, granted or reason, sent */
    ELECTION_HEARTBEAT,  /* term, deputy, lease_ms, quality (of the master), sent: token of the beat */
    ELECTION_HEARTBEAT_ACK, /* term: own, candidate: whom it answers, granted or reason, quality, sent: echoed */
    ELECTION_ACCUSATION,    /* term, accused, ground */
    ELECTION_GOODBYE /* term; reason; deputy: who should stand now. From a master: its lease is given up */
};
enum election_reason {
    ELECTION_REASON_NONE,
    ELECTION_REASON_TERM,       /* the voter is in a higher term */
    ELECTION_REASON_LEASE,      /* it has promised its vote to a master */
    ELECTION_REASON_VOTED,      /* it has voted for another in this term */
    ELECTION_REASON_SILENT,     /* it has just started, or has lost its memory */
    ELECTION_REASON_EXILED,     /* the candidate was deposed a moment ago */
    ELECTION_REASON_STATIC,     /* two servers hold no elections */
    ELECTION_REASON_LEAVING,    /* goodbye, or lost: the server shuts down */
    ELECTION_REASON_HANDOVER,   /* to a better clock */
    ELECTION_REASON_ACCUSED,    /* f+1 members accuse */
    ELECTION_REASON_QUORUM,     /* too few acknowledge */
    ELECTION_REASON_SUPERSEDED, /* another master in a higher term */
    ELECTION_REASON_LAPSED,     /* the followed master is silent */
    ELECTION_REASON_BROKEN /* the master's raw timeline ended: it knows the time no better than anybody */
};
/* What an accuser found, for a person to read: said with the accusation, and nobody decides by it. */
struct election_ground {
    uint8_t reason; /* the caller's, passed on as it is */
    int64_t
        offset_ns; /* the claim - the middle of what was measured; 0, like the widths: nothing was measured */
    tai_bound_t measured; /* half-width of what was measured */
    tai_bound_t claimed;  /* of the claim */
};
struct election_message {
    enum election_kind kind;
    uint64_t term;
    uint32_t epoch;
    sync_node_t candidate;
    sync_node_t deputy;
    sync_node_t accused;
    struct election_ground ground; /* only of what is sent: the words of others are not kept */
    uint64_t sent;
    uint32_t lease_ms;
    uint8_t quality;
    bool granted;
    enum election_reason reason;
};

/* ---- what came of a message: counted, never logged one by one ---- */
enum election_verdict {
    ELECTION_ACCEPTED,
    ELECTION_STRANGER, /* not from another member */
    ELECTION_OTHER_EPOCH,
    ELECTION_STALE,      /* of an older term, an older round, or repeated */
    ELECTION_FAR_TERM,   /* beyond ELECTION_TERM_JUMP_MAX */
    ELECTION_REFUSED,    /* answered with a no and its reason */
    ELECTION_MISPLACED,  /* it speaks for another, or to somebody we are not */
    ELECTION_RIVAL,      /* a second master in this term: somebody lies, or two configurations differ */
    ELECTION_DEPOSED,    /* from a master that was deposed or has left, in its old term */
    ELECTION_LONG_LEASE, /* it asks for a longer lease than ours: the settings differ */
    ELECTION_VERDICTS
};

/* ---- outputs ---- */
enum election_action_kind {
    ELECTION_SEND,    /* message to `to`; 0: to every other member */
    ELECTION_PERSIST, /* make (term, vote) durable, in the order given, then election_on_persisted(token); if that fails, end the process */
    ELECTION_MASTER,  /* we are master in `term`. Rely on it only while election_lease_held() */
    ELECTION_LOST,    /* we are master no longer: reason */
    ELECTION_FOLLOW,  /* `master` is master in `term` */
    ELECTION_UNFOLLOW, /* nobody is: reason. Steer by the peers' midpoint */
    ELECTION_REPORT    /* for the log: `report`, about `member` */
};
enum election_report {
    ELECTION_REPORT_NONE,
    ELECTION_REPORT_STATIC_MASTER, /* two servers: we are the master whatever happens */
    ELECTION_REPORT_STATIC_STANDBY, /* two servers: we shall never be master by ourselves; an operator must say so */
    ELECTION_REPORT_MEMORY_LOST, /* the vote file is gone: no vote until a master was followed for a lease */
    ELECTION_REPORT_MEMORY_LEARNT, /* ... which has happened */
    ELECTION_REPORT_STANDING,      /* a pre-vote begins */
    ELECTION_REPORT_NO_QUORUM,     /* it failed: value = answers in favour */
    ELECTION_REPORT_DEPOSED,       /* `member` was deposed: value = accusers */
    ELECTION_REPORT_RIVAL,         /* `member` calls itself master in a term that has another */
    ELECTION_REPORT_HANDOVER,      /* to `member`, a better clock: value = its rank */
    ELECTION_REPORT_RENEWAL /* `member` is in a higher term: standing again to take it in; value = that term */
};
struct election_action {
    enum election_action_kind kind;
    sync_node_t to;
    struct election_message message;
    uint64_t term;
    sync_node_t vote;
    uint64_t token;
    sync_node_t master;
    enum election_reason reason;
    enum election_report report;
    sync_node_t member;
    uint64_t value;
};
struct election_actions {
    unsigned count;
    struct election_action list[ELECTION_ACTIONS_MAX];
    int64_t
        deadline_ns; /* call election_on_tick then, or a little later; ELECTION_NEVER: only messages wake us */
    enum election_verdict verdict; /* of the message, when the input was one */
};

enum election_role {
    ELECTION_FOLLOWER,
    ELECTION_PRE_CANDIDATE,
    ELECTION_CANDIDATE,
    ELECTION_IS_MASTER,
    ELECTION_GONE /* said goodbye */
};

/* All state; the caller's. Read what you like, write nothing. */
struct election {
    struct election_settings settings;
    unsigned self, faults, quorum; /* index of self; the two figures of lease.h */
    bool alone;                    /* elects itself: one server, or the master of two */
    uint64_t random;
    int64_t now_ns; /* the newest time seen */
    enum election_role role;

    uint64_t term; /* the highest that we stood, voted or followed in */
    sync_node_t vote;
    uint64_t token, persisted; /* last given out, last that came back */
    uint64_t vote_token;       /* with which `vote` went out; 0: it was read from the disk */
    bool memory_lost;
    int64_t learning_until; /* memory lost: when the followed master has been followed long enough */
    int64_t silent_until;   /* just started: no vote before */

    sync_node_t master; /* whom we follow in `term`, self when master, 0: none */
    sync_node_t deputy; /* named by it */
    uint64_t beat;      /* its newest token */
    sync_node_t promised;
    int64_t promised_until;
    uint64_t ended_term; /* the master of this term was deposed or has left; 0: none */
    uint64_t rival_term; /* in which a rival was last reported */
    uint32_t accusers;   /* bit set of member indices, against the master of `term` */
    sync_node_t
        accused; /* by us, in this term; said again at accuse_at, for the others may not have heard it */
    int64_t accuse_at;
    struct election_ground ground; /* as it was when we began to accuse */
    int64_t exiled_until[SYNC_SERVERS_MAX];

    int64_t stand_at;
    uint64_t claimed_term;            /* the highest that a refusal named */
    uint64_t round_term, round_token; /* of our candidacy */
    int64_t round_until, resend_at;
    uint32_t granted, answered; /* bit sets of member indices */
    bool asked;                 /* our own vote is durable and the requests are out */

    bool reply_waits; /* a granted vote waits for vote_token */
    uint64_t reply_sent;
    unsigned fruitless; /* rounds in a row */

    struct lease_holder lease; /* as master */
    int64_t lease_due;         /* the first quorum of acknowledgements must have come by then */
    int64_t beat_at;
    uint64_t claims[SYNC_SERVERS_MAX]; /* higher terms that members named in refusing a beat */
    int64_t renew_at;
    int64_t better_since; /* another's quality is better by handover_ranks since; ELECTION_NEVER: none's is */
    int64_t backoff_ns, backoff_until;

    uint8_t quality[SYNC_SERVERS_MAX]; /* own, and as last heard */
    uint64_t verdicts[ELECTION_VERDICTS];
};

/* Starts. The settings must have passed election_settings_check (assertion); `seed` should differ between members and
 * starts (it is mixed with the member's id). */
void election_start(struct election *election, const struct election_settings *settings,
                    const struct election_memory *memory, int64_t now_ns, uint64_t seed,
                    struct election_actions *ret_actions);
void election_on_tick(struct election *election, int64_t now_ns, struct election_actions *ret_actions);
/* `from` is authenticated. The verdict is in the actions, and counted. */
void election_on_message(struct election *election, int64_t now_ns, sync_node_t from,
                         const struct election_message *message, struct election_actions *ret_actions);
/* What ELECTION_PERSIST gave this token is durable, and whatever was given out before it. */
void election_on_persisted(struct election *election, int64_t now_ns, uint64_t token,
                           struct election_actions *ret_actions);
/* Rank of the own clock, 0 the best, to ELECTION_QUALITY_MAX; until told it is the worst. */
void election_set_quality(struct election *election, uint8_t rank);
/* A rank for a clock: 0 within 1 us with a reference, one more for each factor of 10 up to 7; without a reference 8. */
uint8_t election_quality_rank(bool has_reference, tai_bound_t half_width);
/* Our own measurements say that the master of this term lies. Repeated with every heartbeat until the term ends or
 * election_absolve. Without a master to follow, or against ourselves, nothing happens. The ground is copied. */
void election_accuse(struct election *election, int64_t now_ns, const struct election_ground *ground,
                     struct election_actions *ret_actions);
void election_absolve(struct election *election);
/* Orderly end: a master gives up its lease and lets the deputy stand at once. No input has an effect after it. */
void election_leave(struct election *election, int64_t now_ns, struct election_actions *ret_actions);

/* Our own time broke (a suspend, a pause of the machine): what is told from now on is not what this term was told before. A
 * master hands over to its deputy; one that elects itself goes on in a new term. Others: nothing happens. */
void election_resign(struct election *election, int64_t now_ns, struct election_actions *ret_actions);

/* Whether we are master and a quorum's promises still stand at `now_ns`: ask right before what only a master may do. */
bool election_lease_held(const struct election *election, int64_t now_ns);
/* Until when; LEASE_NONE without one, LEASE_FOREVER for a server that elects itself. */
int64_t election_lease_until(const struct election *election);
/* Fencing: whether what `from` says as master of `term` may still be followed. False for every older term, for another
 * master of this one, for one that was deposed or has left, and until our own disk holds the term. */
bool election_accepts_term(const struct election *election, sync_node_t from, uint64_t term);

/* Words for a person. */
const char *election_reason_text(enum election_reason reason);
const char *election_verdict_text(enum election_verdict verdict);
const char *election_report_text(enum election_report report);
const char *election_role_text(const struct election *election);

#endif
