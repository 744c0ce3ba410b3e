/* SPDX-License-Identifier: Apache-2.0 */
/* What two nodes know of each other's life: who sent a datagram, and that it is new.
 *
 * Decides: whether bytes are a message that this peer's present life sent to our present life and that was not seen before;
 * and how the two lives come to know each other. Refuses: everything else, each with a verdict that is counted; and to open a
 * session on the word of a packet, however well signed, for packets can be recorded. What an answer means (which poll it
 * belongs to, which term counts) is for others.
 *
 * Model. Each start of an engine draws a random session id; every message carries the sender's and the receiver's. A message
 * counts only when the receiver's is ours and the sender's is the one that the peer *proved*: it answered a nonce that we
 * had just made, so it was alive after that. Within a pair of lives, numbers rise and a window of SESSION_WINDOW of them
 * remembers what was seen.
 *
 *      A (life a)                                  B (life b)
 *        HELLO a -> ?, nonce n  ------------------->  does not know whether this is old: answers, proves nothing yet
 *        <--------- HELLO_REPLY b -> a, echo n, nonce m
 *      adopts b                                        (b knew n: it lives now)
 *        HELLO_REPLY a -> b, echo m  ---------------->  adopts a
 *
 * A message of the wrong lives makes us send a HELLO, at most one a second for each peer; so after a restart of either side
 * one round trip repairs the pair, whoever speaks first, and somebody who replays old packets gets one datagram a
 * second out of us. A hello whose HLC is later than all that we heard from the peer is always answered: no recording is
 * later than the peer itself, so a flood of recordings cannot keep it out. Others (a peer that lost its HLC with its
 * disk) are answered once a second. A nonce is used up by its answer and lapses after SESSION_CHALLENGE_LIFE_NS.
 *
 * Before the code is checked only lengths and ids are looked at; a stranger costs some comparisons, and gets no
 * answer at all.
 *
 * Two engines that run at the same moment under one node id and key (a copied machine) take the session from each
 * other. A virtual machine that goes on from a snapshot must start its engine anew, for its numbers are used up.
 *
 * No allocation, no clock. One thread at a time for a node and all its sessions. */
#ifndef CLIENT_CORE_SESSION_H
#define CLIENT_CORE_SESSION_H

#include "sdk/sync/wire.h"

enum { SESSION_WINDOW = 256, SESSION_HELLO_LEN = WIRE_HEADER + 64 + WIRE_MAC };
/* Between two hellos that we send to a peer, and between two answers to hellos that may be recordings. */
#define SESSION_HELLO_NS INT64_C(1000000000)
/* When a nonce of ours is replaced at its next use, and when an answer to it comes too late. */
#define SESSION_CHALLENGE_NS      INT64_C(2000000000)
#define SESSION_CHALLENGE_LIFE_NS INT64_C(4000000000)

/* The node itself. Filled by the caller (id, secret and nonces by session_local_start), who keeps it as long as its
 * sessions live. */
struct session_local {
    const struct crypto *crypto;
    struct hlc *hlc;
    uint64_t cluster;
    sync_node_t self;
    uint64_t id;              /* of this life, random, not 0 */
    uint8_t secret[WIRE_KEY]; /* of this life, random: the source of nonces */
    enum wire_role role;
    uint32_t wanted;  /* features that we ask for */
    uint32_t offered; /* features that we grant */
    uint32_t epoch; /* of the membership, and term: go into all that is sealed; the caller keeps them true */
    uint64_t term;
    uint64_t nonces;              /* how many were drawn; starts at 0 */
    struct wire_counts strangers; /* what session_screen refused; whoever finds no session adds WIRE_SENDER */
};

/* What was seen of one life of the peer. */
struct session_window {
    uint64_t top; /* the largest number seen */
    uint64_t seen[SESSION_WINDOW / 64];
};

/* One peer. Made by session_init; its fields are read through the functions below. */
struct session {
    struct session_local *local;
    sync_node_t peer;
    uint8_t key[WIRE_KEY];
    uint64_t sent;    /* number of the last message sealed */
    uint64_t peer_id; /* the life that the peer proved; 0: none */
    struct session_window window;
    uint64_t challenge; /* our open nonce; 0: none */
    tai_mono_t challenge_at;
    bool hello_sent, recording_answered;
    tai_mono_t hello_at, recording_at;
    struct hlc_stamp newest; /* of all hellos answered and messages accepted */
    enum wire_role peer_role;
    uint32_t peer_wanted, granted;
    uint64_t adoptions;
    struct wire_counts counts;
};

/* The moment of a call: a reading of the local raw clock, and TAI as the node knows it (0: it does not) with how far ahead of that
 * a message's HLC may be (HLC_AHEAD_NS). */
struct session_now {
    tai_mono_t raw;
    tai_t physical;
    int64_t ahead_ns;
};

/* A hello to be sent to the peer's address: len 0 when there is none. */
struct session_answer {
    size_t len;
    uint8_t data[SESSION_HELLO_LEN];
};

/* Begins a life: id and secret from `seed`, 32 bytes that were drawn at random for it. crypto and self must be set; sessions
 * of the life before are void (session_init them). */
void session_local_start(struct session_local *local, const uint8_t seed[WIRE_KEY]);

/* A session with `peer` under the pair's key, not established. `key` is copied. */
void session_init(struct session *s, struct session_local *local, sync_node_t peer,
                  const uint8_t key[WIRE_KEY]);
/* True when the peer proved its present life to us. It may not have heard of ours: then it says so by a hello. */
bool session_established(const struct session *s);

/* The checks that need no session: form, cluster, receiver, and that the sender is another than we. WIRE_OK gives the sender,
 * by whom the caller finds the session; all else is counted in `local`. */
enum wire_verdict session_screen(struct session_local *local, struct bytes datagram, sync_node_t *ret_sender);

/* What is in the datagram. WIRE_OK: *ret_message is a message for the engine (untouched otherwise). *ret_answer is always
 * set; when its len is not 0 it goes to where the datagram came from, and is never longer than a datagram that made a good hello.
 * The verdict is counted. */
enum wire_verdict session_open(struct session *s, struct session_now now, struct bytes datagram,
                               struct wire_message *ret_message, struct session_answer *ret_answer);

/* Seals a message of which the caller has set type and body; the header is filled in here. TAI_ERR_UNAVAILABLE: not
 * established, or the HLC has no reserve. Hellos are not sealed here. */
TAISTAMP_MUST_CHECK enum tai_err session_seal(struct session *s, struct session_now now,
                                              struct wire_message *message,
                                              uint8_t ret_datagram[WIRE_DATAGRAM_MAX], size_t *ret_len);

/* A hello, if the last one is a second ago. For a session that is to be opened: to be called until it is
 * established, and by clients behind a firewall from time to time. False, *ret_answer empty: not now. */
bool session_hello(struct session *s, struct session_now now, struct session_answer *ret_answer);

/* The nonce of a poll: `counter` counts the caller's polls of this peer. */
uint64_t session_poll_nonce(const struct session *s, uint64_t counter);

#endif
