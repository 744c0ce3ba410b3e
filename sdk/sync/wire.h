/* SPDX-License-Identifier: Apache-2.0 */
/* The messages of the cluster, and their bytes.
 *
 * Decides: which bytes are a message (docs/PROTOCOL.md has the pictures), and the one encoding of each message. Refuses: to
 * say who sent it when, and whether it is new; that is the session's (client/core/session.h). Nothing decoded here may
 * be used before the code at the end (HMAC-SHA256 under the pair's key) was found right.
 *
 * A datagram is a header of WIRE_HEADER bytes, a body whose size follows from the type, and WIRE_MAC bytes of code over
 * all that stands before. Numbers are big-endian. There is one encoding: whatever is reserved or unused is zero, every
 * field is within the range given beside it, and what decodes encodes to the same bytes.
 *
 * Worked number: a poll has 72 + 344 + 32 = 448 bytes, its reply 72 + 200 + 32 = 304 and the follow-up 72 + 40 + 32 =
 * 144: together as long as the poll, so whoever answers never sends more than it got.
 *
 * No state; any thread (with a crypto table of its own). */
#ifndef SDK_SYNC_WIRE_H
#define SDK_SYNC_WIRE_H

#include "sdk/base/crypto.h"
#include "sdk/sync/sync.h"
#include "sdk/time/hlc.h"

enum { WIRE_VERSION = 1, WIRE_HEADER = 72, WIRE_MAC = SHA256_LEN, WIRE_KEY = 32, WIRE_DATAGRAM_MAX = 908 };

enum wire_type {
    WIRE_HELLO = 1,
    WIRE_HELLO_REPLY,
    WIRE_POLL,
    WIRE_REPLY,
    WIRE_FOLLOW_UP,
    WIRE_CORRECTION,
    WIRE_HEARTBEAT,
    WIRE_HEARTBEAT_ACK,
    WIRE_PRE_VOTE,
    WIRE_PRE_VOTE_REPLY,
    WIRE_VOTE,
    WIRE_VOTE_REPLY,
    WIRE_ACCUSATION,
    WIRE_CERTIFICATE,
    WIRE_GOODBYE
};
enum { WIRE_TYPES = WIRE_GOODBYE + 1 }; /* 0 is no type */

/* What became of a datagram. The first group costs a stranger nothing but a few comparisons here. */
enum wire_verdict {
    WIRE_OK = 0, /* a message for the engine */
    WIRE_SHORT,  /* has no room for header and code */
    WIRE_LONG,   /* longer than any message */
    WIRE_MAGIC,  /* not of this protocol */
    WIRE_OTHER_VERSION,
    WIRE_OTHER_TYPE, /* a type that this version does not know */
    WIRE_LENGTH,     /* the length that it states, that of its type and its own are not the same */
    WIRE_CLUSTER,    /* of another cluster */
    WIRE_RECEIVER,   /* for another node */
    WIRE_SENDER,     /* from a node that is not configured, or not the one of this session */
    WIRE_FORGED,     /* the code is wrong: another key, or changed on its way */

    WIRE_HANDSHAKE,    /* a good hello or reply, dealt with by the session */
    WIRE_STALE,        /* of an earlier life of ours, or of a life of the peer that it has not proved */
    WIRE_REPLAYED,     /* seen before */
    WIRE_SEQUENCE_OLD, /* so much older than the newest that nobody remembers whether it was seen */
    WIRE_MALFORMED,    /* rightly signed, but a field out of range or a reserved byte that is not zero */
    WIRE_FUTURE,       /* its HLC is too far ahead of our time */
    WIRE_UNEXPECTED,   /* answers a question that is not open */
    WIRE_LIMITED,      /* a good hello that goes without an answer, for there were too many */
    WIRE_UNSUPPORTED   /* understood, and kept for a later version: a certificate */
};
enum { WIRE_VERDICTS = WIRE_UNSUPPORTED + 1 };

/* How often each verdict was given, by its number. */
struct wire_counts {
    uint64_t n[WIRE_VERDICTS];
};

/* Stable lower-case words: "hello_reply", "sequence_old". Static storage; "other" for what is none of the enum. */
const char *wire_type_name(enum wire_type type);
const char *wire_verdict_name(enum wire_verdict verdict);

/* ---- Header ---- */

struct wire_header {
    enum wire_type type;
    uint64_t cluster;
    sync_node_t sender, receiver; /* never 0; in the code, so that nothing sent can be reflected */
    uint64_t sender_session;      /* drawn at random by each start of an engine, never 0 */
    uint64_t receiver_session;    /* 0 in a HELLO and nowhere else */
    uint32_t epoch;               /* of the membership */
    uint64_t term;
    uint64_t sequence; /* >= 1, counts what this sender's session sent to this receiver */
    struct hlc_stamp hlc;
};

/* ---- Bodies ---- */

enum wire_role { WIRE_SERVER = 1, WIRE_CLIENT = 2 };

/* HELLO and HELLO_REPLY. A HELLO: nonce, no echo. A reply: echo, and a nonce when it wants to be answered itself. */
struct wire_hello {
    uint64_t nonce;
    uint64_t echo;
    uint32_t wanted;  /* features, none defined in this version: any bits pass */
    uint32_t granted; /* of those that the other side wanted */
    enum wire_role role;
};

/* Flags of poll and reply. */
enum {
    WIRE_FLAG_BURST = 1, /* poll: one of several at the start, answer at once */
    WIRE_FLAG_FOLLOW_UP =
        2,                /* poll: a follow-up is wanted; reply: one is to come if the kernel gives a stamp */
    WIRE_FLAG_LEARNED = 4 /* reply: frequency_ps_per_s has been learned */
};

struct wire_poll {
    uint64_t nonce;       /* never 0 */
    uint32_t flags;       /* WIRE_FLAG_BURST, WIRE_FLAG_FOLLOW_UP */
    uint32_t interval_ms; /* when the next poll may be expected; 0: not known */
};

/* What a node is doing. */
enum wire_state { WIRE_STARTING = 0, WIRE_FOLLOWING, WIRE_FALLBACK, WIRE_MASTER };

/* Two readings of the replier's raw timeline, and how wrong each may be. */
struct wire_stamps {
    uint64_t nonce; /* of the poll */
    sync_timeline_t timeline;
    tai_mono_t t2, t3;
    int64_t width_ns; /* 0 to WIRE_WIDTH_NS_MAX */
};
#define WIRE_WIDTH_NS_MAX INT64_C(1000000000)

struct wire_reply {
    struct wire_stamps stamps; /* t3 read before the datagram was handed to the kernel: provisional */
    struct sync_line line;     /* what the replier publishes; status UNKNOWN and all else 0 when nothing */
    struct sync_reference reference;
    struct sync_leap leap;
    int64_t frequency_ps_per_s; /* of the oscillator, relative to the ensemble */
    uint32_t rho_ppb;           /* declared bound on its rate, to PAGE_GROWTH_PPB_MAX */
    uint8_t oscillator;         /* its class, to WIRE_OSCILLATOR_MAX */
    enum wire_state state;
    sync_node_t master;  /* whom it follows; 0: nobody */
    uint16_t suspicions; /* peers that it has reason to suspect */
    uint32_t flags;      /* WIRE_FLAG_FOLLOW_UP, WIRE_FLAG_LEARNED */
};
enum { WIRE_OSCILLATOR_MAX = 15 };

/* FOLLOW_UP is a struct wire_stamps with the kernel's stamps. */

struct wire_correction {
    struct sync_line line; /* on the receiver's own timeline; replaces, never adds */
    uint64_t number;       /* of the correction, rising within a term, >= 1 */
    sync_node_t deputy;    /* 0: none */
    uint32_t interval_ms;  /* the poll interval that the receiver should expect */
    struct sync_leap leap;
};

struct wire_heartbeat {
    int64_t token;      /* the master's own reading when it sent this; comes back in the acknowledgement */
    uint32_t lease_ms;  /* > 0 */
    sync_node_t deputy; /* 0: none */
    uint32_t quality;   /* of the master's clock, smaller is better */
    uint8_t certificate[SHA256_LEN]; /* hash of its votes; zero: none, as in this version */
};

/* Answers to requests for a vote, and to heartbeats, which ask for one to be kept. */
enum wire_vote_reason {
    WIRE_VOTE_GRANTED = 0,
    WIRE_VOTE_OLD_TERM,     /* the voter is in a later term */
    WIRE_VOTE_OTHER,        /* it voted for another in that term */
    WIRE_VOTE_LEASE,        /* a lease that it granted is still running */
    WIRE_VOTE_RESTARTED,    /* it started less than a lease ago */
    WIRE_VOTE_MEMBERSHIP,   /* it knows another membership, or no such candidate */
    WIRE_VOTE_NOT_VOTER,    /* it has no vote, or is leaving */
    WIRE_VOTE_MASTER_ALIVE, /* it hears a master */
    WIRE_VOTE_EXILED        /* the candidate was deposed a moment ago */
};

struct wire_heartbeat_ack {
    int64_t token;
    uint32_t quality; /* of the sender's clock */
    bool granted;     /* if and only if the reason is WIRE_VOTE_GRANTED: the promise of the lease */
    enum wire_vote_reason reason;
};

/* PRE_VOTE and VOTE. */
struct wire_vote {
    sync_node_t candidate;              /* never 0 */
    uint32_t quality;                   /* of its clock */
    uint64_t proposed_term;             /* >= 1 */
    uint64_t last_term;                 /* the last in which it knew a master */
    uint64_t token;                     /* of the candidate's round; comes back in the replies */
    bool handover;                      /* the master asked for it: a running lease is no reason to refuse */
    uint8_t membership[SHA256_LEN];     /* hash of the configuration; zero: none */
    uint8_t signature[ED25519_SIG_LEN]; /* zero: none, as in this version */
};

/* PRE_VOTE_REPLY and VOTE_REPLY. */
struct wire_vote_reply {
    sync_node_t candidate;
    bool granted; /* if and only if the reason is WIRE_VOTE_GRANTED */
    enum wire_vote_reason reason;
    uint64_t proposed_term;
    uint64_t voter_term;
    uint64_t token; /* of the request */
    uint8_t membership[SHA256_LEN];
    uint8_t signature[ED25519_SIG_LEN];
};

enum wire_accusation_reason {
    WIRE_ACCUSE_OUTSIDE = 1, /* its correction lies outside what the accuser measured */
    WIRE_ACCUSE_REFERENCE,   /* outside the accuser's own reference */
    WIRE_ACCUSE_TWO_FACED,   /* it told two nodes two things */
    WIRE_ACCUSE_RATE,        /* its rate leaves the declared bounds */
    WIRE_ACCUSE_SILENT       /* it holds the lease and sends no corrections */
};

struct wire_accusation {
    sync_node_t accused;   /* never 0 */
    uint64_t accused_term; /* >= 1 */
    enum wire_accusation_reason reason;
    int64_t
        offset_ns; /* the accused's claim - the middle of what the accuser measured, within PAGE_INSTANT_NS_MAX */
    tai_bound_t measured_width; /* half-width of what the accuser measured */
    tai_bound_t claimed_width;  /* of the claim */
    uint8_t signature[ED25519_SIG_LEN];
};

enum { WIRE_CERTIFICATE_VOTES = 11 }; /* (16 + 5) / 2 + 1, for SYNC_SERVERS_MAX voters */

struct wire_certificate_vote {
    sync_node_t voter;
    uint8_t signature[ED25519_SIG_LEN];
};

/* Read in full, so that its form is fixed; a session says WIRE_UNSUPPORTED. */
struct wire_certificate {
    uint64_t term; /* >= 1 */
    uint32_t epoch;
    sync_node_t master; /* never 0 */
    uint8_t count;      /* 1 to WIRE_CERTIFICATE_VOTES */
    uint8_t membership[SHA256_LEN];
    struct wire_certificate_vote votes[WIRE_CERTIFICATE_VOTES]; /* voters rising; zero past count */
};

enum wire_goodbye_reason {
    WIRE_GOODBYE_STOP = 1,
    WIRE_GOODBYE_LEAVE,
    WIRE_GOODBYE_SUSPEND,
    /* from a master that goes on as a member: */
    WIRE_GOODBYE_HANDOVER,  /* to a better clock */
    WIRE_GOODBYE_ACCUSED,   /* enough members accuse it */
    WIRE_GOODBYE_QUORUM,    /* too few acknowledge */
    WIRE_GOODBYE_SUPERSEDED /* there is a later term */
};

struct wire_goodbye {
    sync_node_t successor; /* the deputy, from a master; else 0 */
    enum wire_goodbye_reason reason;
};

struct wire_message {
    struct wire_header header;
    union {
        struct wire_hello hello;
        struct wire_poll poll;
        struct wire_reply reply;
        struct wire_stamps follow_up;
        struct wire_correction correction;
        struct wire_heartbeat heartbeat;
        struct wire_heartbeat_ack heartbeat_ack;
        struct wire_vote vote;
        struct wire_vote_reply vote_reply;
        struct wire_accusation accusation;
        struct wire_certificate certificate;
        struct wire_goodbye goodbye;
    };
};

/* ---- Bytes ---- */

/* What every datagram of a cluster to a node has in common, for a filter in the kernel: the first WIRE_START bytes, and the
 * numbers of cluster and receiver, big-endian, at these places. */
enum { WIRE_START = 4, WIRE_AT_CLUSTER = 8, WIRE_AT_RECEIVER = 20 };
extern const uint8_t wire_start[WIRE_START];

/* Bytes of a datagram of this type, 0 for what is no type. At most WIRE_DATAGRAM_MAX. */
size_t wire_length(enum wire_type type);

/* Who claims to have sent this to whom. True only that the bytes say so. */
struct wire_envelope {
    enum wire_type type;
    uint64_t cluster;
    sync_node_t sender, receiver;
};
/* Looks at lengths, magic, version and type of any bytes; no hashing. *ret_envelope is set with WIRE_OK only. */
enum wire_verdict wire_peek(struct bytes datagram, struct wire_envelope *ret_envelope);
/* The header of a datagram that wire_peek found good. WIRE_MALFORMED; *ret_header untouched then. */
enum wire_verdict wire_decode_header(struct bytes datagram, struct wire_header *ret_header);
/* Header and body. WIRE_OK, WIRE_MALFORMED, or what wire_peek says; *ret_message untouched unless WIRE_OK. The code at the
 * end is not looked at. */
enum wire_verdict wire_decode(struct bytes datagram, struct wire_message *ret_message);
/* True when every field is within its range: wire_encode takes no other. */
bool wire_valid(const struct wire_message *message);
/* Writes the message with its code; returns the number of bytes, wire_length of its type. */
size_t wire_encode(const struct wire_message *message, const struct crypto *crypto,
                   const uint8_t key[WIRE_KEY], uint8_t ret_datagram[WIRE_DATAGRAM_MAX]);
/* True when the last WIRE_MAC bytes are the code of those before under `key`. Takes the same time wherever they differ. At
 * least WIRE_MAC bytes. */
bool wire_authentic(struct bytes datagram, const struct crypto *crypto, const uint8_t key[WIRE_KEY]);

/* What nonces are for: the same secret and counter give unrelated ones. */
enum wire_nonce_use { WIRE_NONCE_HELLO = 1, WIRE_NONCE_POLL, WIRE_NONCE_SESSION };
/* A number that nobody without `secret` can foresee, another for each use, peer and counter; never 0. First 8 bytes of
 * HMAC-SHA256(secret, "taistamp.nonce/v1" LF, use as 1 byte, peer as 4, counter as 8). */
uint64_t wire_nonce(const struct crypto *crypto, const uint8_t secret[WIRE_KEY], enum wire_nonce_use use,
                    sync_node_t peer, uint64_t counter);

#endif
