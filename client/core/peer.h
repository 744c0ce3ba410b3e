/* SPDX-License-Identifier: Apache-2.0 */
/* One other node, as this node sees it: the talk with it, and what was measured of it.
 *
 * Decides: when it is polled; which readings are one exchange; where its raw timeline lies on ours; what its line and its
 * reference are worth here. Refuses: to judge whether it tells the truth (guard.h), to steer anything.
 *
 * The life of an exchange. We send POLL with a nonce and ask the kernel when it left: T1 (ENGINE_SENT). It notes T2, answers REPLY
 * with T2 and a T3 read before sending, and when its kernel has told it the true T3, FOLLOW_UP. We note T4. An exchange
 * is handed to the envelope once T1 and T3 are the kernels', or when they have not come in PEER_FOLLOW_UP_WAIT_NS: then the
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
 * Late, lost, doubled and reordered datagrams are normal: a nonce opens PEER_OUTSTANDING exchanges at most, is closed by
 * its first good reply, and everything else is counted and dropped.
 *
 * Memory: the caller's, one struct for each member, no pointers to free. Thread rule: that of the engine. */
#ifndef CLIENT_CORE_PEER_H
#define CLIENT_CORE_PEER_H

#include "client/core/engine.h"
#include "client/core/view.h"

struct peer;
struct rawmap;
struct hlc;
struct wire_message;
struct wire_reply;

enum {
    PEER_OUTSTANDING = 8, /* polls in the air: a burst */
    PEER_FOLLOW_UPS = 8,  /* replies of ours whose true T3 is awaited */
    PEER_BURST = 8        /* polls at the start and after a change of timeline */
};
#define PEER_BURST_GAP_NS      INT64_C(150000000)  /* between polls of a burst: a whole burst takes 1.2 s */
#define PEER_FOLLOW_UP_WAIT_NS INT64_C(60000000)   /* then the user-space T1 or T3 stand in */
#define PEER_OUTSTANDING_NS    INT64_C(3000000000) /* a reply later than this is of no use */

/* What the engine lends a peer for one event. */
struct peer_context {
    const struct engine_settings *settings;
    const struct engine_now *now;
    const struct rawmap *map; /* of our own REALTIME -> RAW */
    struct hlc *hlc;
    tai_t physical;                 /* our best idea of TAI now; 0 while there is none */
    uint64_t term;                  /* put into headers */
    const struct wire_reply *about; /* what we say of ourselves in replies; its stamps are filled in here */
    struct engine_actions *actions;
};

/* Where its raw timeline lies on ours: at our `local` its reading is `remote`. */
struct peer_placement {
    sync_timeline_t local_timeline, remote_timeline;
    tai_mono_t local, remote;
    int64_t rate_ps_per_s; /* its gain per second of ours */
    int64_t half_width_ns; /* of `remote`, causal: true while stamps are */
    tai_ppb_t growth;      /* of that, per second away from `local`, both oscillators' */
    int64_t sigma_ns;      /* of `remote`, as the fit believes; information */
    int64_t skew_ps_per_s; /* of the rate, 1 sigma */
    int64_t delay_ns;      /* smallest round trip in the window */
    uint32_t samples;
};

/* `index` is the peer's place in the caller's array; it is in the tokens of its sends (peer_token_index). */
void peer_init(struct peer *peer, const struct engine_settings *settings, const struct engine_member *member,
               size_t index);
/* Our own timeline changed: everything measured is worth nothing; a burst follows. */
void peer_forget(struct peer *peer, const struct engine_now *now);

/* ---- Talking ---- */

/* How often it is polled from now on; 0: never. A shorter one takes effect at once. */
void peer_set_poll(struct peer *peer, int64_t poll_ns, const struct engine_now *now);
/* Polls `PEER_BURST` times quickly, starting now. */
void peer_burst(struct peer *peer, const struct engine_now *now);
/* Sends what is due (hello, poll), and closes exchanges that waited long enough. */
void peer_tick(struct peer *peer, const struct peer_context *context);
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

/* False while nothing is known. `raw` is ours. */
bool peer_placement(const struct peer *peer, tai_mono_t raw, struct peer_placement *ret_placement);
/* A line of its timeline, as it is on ours from `raw` on; half-width: its own aged to then, and the path's. False when
 * the line is of another timeline than the placement, expired, or has no interval. */
bool peer_carry(const struct peer_placement *placement, const struct sync_line *line,
                struct sync_line *ret_line);
/* The reverse: our line (at placement.local or before) as it is on its timeline, at placement.remote. This is what a
 * correction is. */
bool peer_carry_back(const struct peer_placement *placement, const struct sync_line *line,
                     struct sync_line *ret_line);
/* Its line of the last reply, at our `raw`; false when none, expired or `unknown`. */
bool peer_line(const struct peer *peer, tai_mono_t raw, struct sync_line *ret_line);
/* Its own reference, if it has one, at our `raw`. */
bool peer_reference(const struct peer *peer, tai_mono_t raw, struct sync_reference *ret_reference);
/* The last reply, with the term of its header and when it came; NULL before the first. */
const struct wire_reply *peer_said(const struct peer *peer, uint64_t *ret_term, tai_mono_t *ret_at);
/* True when it answered within its last few polls. */
bool peer_reachable(const struct peer *peer, tai_mono_t raw);

/* Fills all but verdict, reason, reason_ns, offset and weighs. */
void peer_view(const struct peer *peer, tai_mono_t raw, struct view_source *ret_source);

#endif
