/* SPDX-License-Identifier: Apache-2.0 */
/* One other node, as this node sees it: the talk with it, and what was measured of it.
 *
 * Decides: when it is polled; which readings are one exchange; where its raw timeline lies on ours; what its line and its
 * reference are worth here. Refuses: to judge whether it tells the truth (guard.h), to steer anything.
 *
 * The life of an exchange. We send POLL with a nonce and ask the kernel when it left: T1 (ENGINE_SENT). It notes T2, answers REPLY
 * with T2 and a T3 read before sending, and when its kernel has told it the true T3, FOLLOW_UP. We note T4. An exchange
 * is handed to the envelope once T1 and T3 are the kernels', or when they have not come in EXCHANGE_WAIT_NS: then the
 * user-space readings, which are earlier than the true ones at T1 and T3, stand in; the delay then looks longer than it was,
 * so the bounds stay true and only get wider. Kernel stamps are CLOCK_REALTIME; each side maps its own to its raw
 * timeline, and says how wide that map is there.
 *
 *     ours    T1 ----\                 /----> T4
 *     its          \--> T2 .... T3 --/
 *
 * Worked number: T1 = 100.000000, T2 = 500.000200, T3 = 500.000210, T4 = 100.000410: its timeline is ahead by 400 s, within
 * half of the delay of 400 us, +-200 us, and the widths of the four stamps. When its line says that TAI was 1000 s +- 5 us at
 * its raw 500.000205, then at our raw 100.000205 TAI was 1000 s +- 205 us.
 *
 * Late, lost, doubled and reordered datagrams are normal: a nonce opens EXCHANGE_PLACES exchanges at most, is closed by
 * its first good reply, and everything else is counted and dropped.
 *
 * Memory: the caller's, one struct for each member, no pointers to free. Thread rule: that of the engine. */
#ifndef CLIENT_CORE_PEER_H
#define CLIENT_CORE_PEER_H

#include "client/core/actions.h"
#include "client/core/exchange.h"
#include "client/core/placement.h"
#include "client/core/session.h"
#include "client/core/view.h"
#include "client/core/ageing.h"
#include "sdk/sync/envelope.h"
#include "sdk/sync/rawmap.h"

enum {
    PEER_FOLLOW_UPS = 8, /* replies of ours whose true T3 is awaited */
    PEER_BURST = 8       /* polls at the start and after a change of timeline */
};
#define PEER_BURST_GAP_NS INT64_C(150000000)   /* between polls of a burst: a whole burst takes 1.2 s */
#define PEER_HELLO_NS     INT64_C(1000000000)  /* between hellos to a peer that does not answer: at first */
#define PEER_HELLO_NS_MAX INT64_C(16000000000) /* and in the end */

/* A reply of ours on its way: when its kernel stamp comes, the follow-up goes out. */
struct peer_answer {
    uint64_t token; /* 0: free */
    struct wire_stamps stamps;
};

/* Polls of one node that are answered in a second: eight times what the shortest poll and a burst ask for. */
enum { PEER_ANSWERS_PER_S = 128 };

struct peer {
    /* What it is. */
    const struct engine_settings *settings;
    const struct engine_member *member;
    size_t index;
    struct engine_address address;
    struct session session;
    /* When it is spoken to. */
    int64_t poll_ns; /* 0: never polled */
    tai_mono_t next_poll, next_hello;
    int64_t hello_ns;
    uint32_t burst_left;
    uint64_t polls, serial; /* polls made: nonces; sends with a stamp wanted: tokens */
    uint32_t unanswered;    /* polls since the last answer */
    bool up;
    struct exchange_table exchanges;
    struct peer_answer answers[PEER_FOLLOW_UPS];
    /* What it said last, and when by our clock. */
    bool has_said;
    struct wire_reply said;
    uint64_t said_term;
    tai_mono_t said_at;
    /* What was measured. */
    struct envelope envelope;
    struct ageing ageing;
    bool has_good;
    tai_mono_t good_at; /* newest exchange taken up */
    int64_t delay_ns;   /* of that */
    uint32_t
        breaks; /* exchanges that no oscillator explains: one of the two timelines was paused or lied about */
    bool broke; /* ... just now; peer_broke */
    uint32_t unmapped;     /* kernel stamps that the map could not place */
    tai_mono_t answers_at; /* the second in which so many polls of it were answered */
    uint32_t answers_given;
};

/* What the engine lends a peer for one event. */
struct peer_context {
    const struct engine_settings *settings;
    const struct engine_now *now; /* on the timeline as clockwork_begin gave it */
    const struct rawmap *map;     /* of our own REALTIME -> RAW */
    int64_t leap_realtime_ns;     /* as rawmap_locate wants it */
    struct session_local *local;
    tai_t physical;                 /* our best idea of TAI now; 0 while there is none */
    const struct wire_reply *about; /* what we say of ourselves in replies; its stamps are filled in here */
    struct engine_actions *actions;
};

/* `index` is the peer's place in the caller's array; it is in the tokens of its sends (peer_token_index). `local` was started. */
void peer_init(struct peer *peer, const struct engine_settings *settings, const struct engine_member *member,
               struct session_local *local, size_t index);
/* sizeof (struct peer), for who allocates without this header. */
size_t peer_size(void);
/* Our own timeline changed: everything measured is worth nothing; a burst follows. */
void peer_forget(struct peer *peer, const struct engine_now *now);

/* ---- Talking ---- */

/* How often it is polled from now on; 0: never. A shorter one takes effect at once. */
void peer_set_poll(struct peer *peer, int64_t poll_ns, const struct engine_now *now);
/* Polls `PEER_BURST` times quickly, starting now. */
void peer_burst(struct peer *peer, const struct engine_now *now);
/* Sends what is due (hello, poll), and closes exchanges that waited long enough: then *ret_fresh. */
void peer_tick(struct peer *peer, const struct peer_context *context, bool *ret_fresh);
/* Raw reading at which peer_tick has something to do, INT64_MAX: nothing. */
tai_mono_t peer_wake(const struct peer *peer);
/* A datagram whose bytes say it is from this peer. Hello, poll, reply, follow-up are dealt with here; for every
 * authentic message *ret_message is it (for the caller's: corrections, heartbeats, votes ...) and true is returned. A
 * false one was counted. *ret_fresh: a new exchange was completed by it (peer_placement is newer). */
bool peer_packet(struct peer *peer, const struct peer_context *context, const struct engine_event *event,
                 struct wire_message *ret_message, bool *ret_fresh);
/* ENGINE_SENT whose token is this peer's. May complete an exchange, or send a follow-up. */
void peer_sent(struct peer *peer, const struct peer_context *context, uint64_t token,
               int64_t stamp_realtime_ns, bool *ret_fresh);
/* Seals and sends another message (type and body set; the header is filled here). False when there is no address, no
 * session or no room among the actions. */
bool peer_send(struct peer *peer, const struct peer_context *context, struct wire_message *message);
/* Whose send this is: the index given to peer_init; false when it is not a peer's token. */
bool peer_token_index(uint64_t token, size_t *ret_index);

/* ---- What was measured ---- */

/* Takes up an exchange. False: not taken. Called by the talking half of this module, and by tests. */
bool peer_measure(struct peer *peer, const struct sync_exchange *exchange, tai_mono_t now);
/* Forgets all measurements of it; the next exchange is the first. */
void peer_measure_begin(struct peer *peer);

/* False while nothing is known. `raw` is ours. */
bool peer_placement(const struct peer *peer, tai_mono_t raw, struct peer_placement *ret_placement);
/* Its line of the last reply, at our `raw`; false when none, expired or `unknown`. */
bool peer_line(const struct peer *peer, tai_mono_t raw, struct sync_line *ret_line);
/* Its own reference, if it has one, at our `raw`. */
bool peer_reference(const struct peer *peer, tai_mono_t raw, struct sync_reference *ret_reference);
/* True once after an exchange that cannot be true together with those before it while both oscillators keep to their bounds:
 * one of the two timelines stood still unnoticed (a frozen virtual machine), or a stamp is a lie. The measurement started anew. */
bool peer_broke(struct peer *peer);
/* The last reply, with the term of its header and when it came; NULL before the first. */
const struct wire_reply *peer_said(const struct peer *peer, uint64_t *ret_term, tai_mono_t *ret_at);
/* True when it answered within its last few polls. */
bool peer_reachable(const struct peer *peer, tai_mono_t raw);

/* Fills all but reason, reason_ns, offset and weighs; the verdict says new, silent or accept. */
void peer_view(const struct peer *peer, tai_mono_t raw, struct view_source *ret_source);
/* Adds what became of its datagrams. */
void peer_count(const struct peer *peer, struct wire_counts *counts);

#endif
