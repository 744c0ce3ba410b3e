/* SPDX-License-Identifier: Apache-2.0 */
#include "client/core/peer.h"

#include "sdk/base/bug.h"
#include "sdk/sync/line.h"
#include "sdk/time/arith.h"

enum { TOKEN_INDEX_SHIFT = 40, UNANSWERED_MAX = 3 };
#define TOKEN_INDEX_MAX UINT64_C(0x3fffff)

void peer_init(struct peer *peer, const struct engine_settings *settings, const struct engine_member *member,
               struct session_local *local, size_t index)
{
    BUG_UNLESS(index < TOKEN_INDEX_MAX);
    *peer = (struct peer){.settings = settings,
                          .member = member,
                          .index = index,
                          .address = member->address,
                          .hello_ns = PEER_HELLO_NS,
                          .burst_left = PEER_BURST};
    session_init(&peer->session, local, member->node, member->key);
    exchange_init(&peer->exchanges);
    peer_measure_begin(peer);
}

size_t peer_size(void)
{
    return sizeof(struct peer);
}

void peer_forget(struct peer *peer, const struct engine_now *now)
{
    exchange_clear(&peer->exchanges);
    peer_measure_begin(peer);
    for (size_t i = 0; i < PEER_FOLLOW_UPS; i++)
        peer->answers[i].token = 0;
    peer->has_good = peer->has_said = peer->broke = false;
    peer_burst(peer, now);
}

/* ---- Timing ---- */

static tai_mono_t after(tai_mono_t at, int64_t ns)
{
    return (tai_mono_t){at.ns < INT64_MAX - ns ? at.ns + ns : INT64_MAX};
}

void peer_set_poll(struct peer *peer, int64_t poll_ns, const struct engine_now *now)
{
    tai_mono_t soonest = after(now->raw, poll_ns);
    if (peer->poll_ns == 0 || peer->next_poll.ns > soonest.ns)
        peer->next_poll = peer->poll_ns == 0 ? now->raw : soonest;
    peer->poll_ns = poll_ns;
}

void peer_burst(struct peer *peer, const struct engine_now *now)
{
    peer->burst_left = PEER_BURST;
    peer->next_poll = now->raw;
}

tai_mono_t peer_wake(const struct peer *peer)
{
    int64_t wake = exchange_wake(&peer->exchanges).ns;
    bool talks = peer->address.family != 0 && peer->poll_ns != 0;
    if (talks && session_established(&peer->session) && peer->next_poll.ns < wake)
        wake = peer->next_poll.ns;
    if (talks && !session_established(&peer->session) && peer->next_hello.ns < wake)
        wake = peer->next_hello.ns;
    return (tai_mono_t){wake};
}

/* ---- Sending ---- */

static struct session_now session_moment(const struct peer_context *c)
{
    return (struct session_now){c->now->raw, c->physical, HLC_AHEAD_NS};
}

static uint64_t next_token(struct peer *peer)
{
    return (uint64_t)(peer->index + 1) << TOKEN_INDEX_SHIFT | ++peer->serial;
}

bool peer_token_index(uint64_t token, size_t *ret_index)
{
    uint64_t index = token >> TOKEN_INDEX_SHIFT;
    if (index == 0 || index > TOKEN_INDEX_MAX)
        return false;
    *ret_index = (size_t)(index - 1);
    return true;
}

/* False: nothing was sent. */
static bool seal_and_send(struct peer *peer, const struct peer_context *c, struct wire_message *m,
                          uint64_t token)
{
    size_t len;
    uint8_t bytes[WIRE_DATAGRAM_MAX];
    if (!actions_can_send(c->actions) || peer->address.family == 0 ||
        session_seal(&peer->session, session_moment(c), m, bytes, &len) != TAI_OK)
        return false;
    struct engine_send *send = actions_send(c->actions, &peer->address, token);
    BUG_UNLESS(send != NULL && len <= sizeof send->bytes);
    send->len = (uint16_t)len;
    struct out out = out_of(send->bytes, sizeof send->bytes);
    out_bytes(&out, bytes_of(bytes, len));
    return true;
}

bool peer_send(struct peer *peer, const struct peer_context *c, struct wire_message *message)
{
    return seal_and_send(peer, c, message, 0);
}

static void send_session_answer(const struct session_answer *answer, const struct engine_address *to,
                                const struct peer_context *c)
{
    struct engine_send *send = answer->len == 0 ? NULL : actions_send(c->actions, to, 0);
    if (send == NULL)
        return;
    send->len = (uint16_t)answer->len;
    struct out out = out_of(send->bytes, sizeof send->bytes);
    out_bytes(&out, bytes_of(answer->data, answer->len));
}

static void send_poll(struct peer *peer, const struct peer_context *c)
{
    struct wire_message m = {.header.type = WIRE_POLL};
    bool burst = peer->burst_left > 0;
    int64_t interval_ns = burst ? PEER_BURST_GAP_NS : peer->poll_ns;
    m.poll.nonce = session_poll_nonce(&peer->session, ++peer->polls);
    m.poll.flags = WIRE_FLAG_FOLLOW_UP | (burst ? WIRE_FLAG_BURST : 0);
    m.poll.interval_ms = (uint32_t)(interval_ns / 1000000);
    uint64_t token = peer->settings->stamp_resolution_user ? 0 : next_token(peer);
    peer->next_poll = after(c->now->raw, interval_ns);
    if (!seal_and_send(peer, c, &m, token)) {
        peer->next_poll = c->now->raw; /* no room: the rest of this wake-up's polls go out in the next */
        return;
    }
    exchange_open(&peer->exchanges, m.poll.nonce, token, c->now->raw);
    peer->burst_left -= burst;
    peer->unanswered++;
    if (peer->up && peer->unanswered > UNANSWERED_MAX) {
        peer->up = false;
        actions_report(c->actions, ENGINE_SAYS_PEER_DOWN, peer->member->node, 0, 0);
    }
}

/* Opens the session, and once more when polls stay unanswered: the peer may have lost it with its life. */
static void say_hello(struct peer *peer, const struct peer_context *c)
{
    struct session_answer hello;
    if (c->now->raw.ns < peer->next_hello.ns || !actions_can_send(c->actions) || peer->address.family == 0)
        return;
    if (session_hello(&peer->session, session_moment(c), &hello))
        send_session_answer(&hello, &peer->address, c);
    peer->next_hello = after(c->now->raw, peer->hello_ns);
    peer->hello_ns = peer->hello_ns * 2 > PEER_HELLO_NS_MAX ? PEER_HELLO_NS_MAX : peer->hello_ns * 2;
}

static bool take_exchanges(struct peer *peer, const struct peer_context *c);

void peer_tick(struct peer *peer, const struct peer_context *c, bool *ret_fresh)
{
    *ret_fresh = take_exchanges(peer, c);
    if (peer->poll_ns == 0)
        return;
    if (!session_established(&peer->session) || peer->unanswered > UNANSWERED_MAX)
        say_hello(peer, c);
    if (session_established(&peer->session) && c->now->raw.ns >= peer->next_poll.ns)
        send_poll(peer, c);
}

/* ---- Stamps ---- */

/* Where a stamp of our kernel lies on our raw timeline; the wake-up itself stands in, marked, when the map cannot say. */
static struct exchange_reading reading_of(struct peer *peer, const struct peer_context *c, bool has_stamp,
                                          int64_t realtime_ns)
{
    struct exchange_reading r = {.raw_ns = c->now->raw.ns};
    if (!has_stamp)
        return r;
    if (rawmap_locate(c->map, realtime_ns, c->leap_realtime_ns, &r.raw_ns, &r.width_ns) != RAWMAP_OK) {
        peer->unmapped++;
        return r;
    }
    /* What we hold in our hands cannot come later than now. */
    if (r.raw_ns - r.width_ns > c->now->raw.ns) {
        peer->unmapped++;
        return (struct exchange_reading){.raw_ns = c->now->raw.ns};
    }
    r.kernel = true;
    return r;
}

/* ---- Answering ---- */

static struct peer_answer *answer_place(struct peer *peer, uint64_t token)
{
    for (size_t i = 0; i < PEER_FOLLOW_UPS; i++)
        if (peer->answers[i].token == token)
            return &peer->answers[i];
    return NULL;
}

/* Who has a key may still ask too much: what is beyond is counted and costs no answer. */
static bool may_answer(struct peer *peer, tai_mono_t now)
{
    if (now.ns < peer->answers_at.ns || now.ns - peer->answers_at.ns >= NS_PER_S) {
        peer->answers_at = now;
        peer->answers_given = 0;
    }
    if (peer->answers_given < PEER_ANSWERS_PER_S) {
        peer->answers_given++;
        return true;
    }
    peer->session.counts.n[WIRE_LIMITED]++;
    return false;
}

static void answer_poll(struct peer *peer, const struct peer_context *c, const struct wire_poll *poll,
                        struct exchange_reading t2)
{
    if (!may_answer(peer, c->now->raw))
        return;
    struct wire_message m = {.header.type = WIRE_REPLY, .reply = *c->about};
    bool wanted = (poll->flags & WIRE_FLAG_FOLLOW_UP) != 0 && !peer->settings->stamp_resolution_user;
    struct peer_answer *place = answer_place(peer, 0);
    if (place == NULL)
        place = &peer->answers[peer->serial % PEER_FOLLOW_UPS]; /* its stamp never came */
    struct wire_stamps stamps = {.nonce = poll->nonce,
                                 .timeline = c->now->timeline,
                                 .t2 = {t2.raw_ns > c->now->raw.ns ? c->now->raw.ns : t2.raw_ns},
                                 .t3 = c->now->raw,
                                 .width_ns =
                                     t2.width_ns > WIRE_WIDTH_NS_MAX ? WIRE_WIDTH_NS_MAX : t2.width_ns};
    m.reply.stamps = stamps;
    line_for_wire(&m.reply.line);
    m.reply.flags = (m.reply.flags & ~(uint32_t)WIRE_FLAG_FOLLOW_UP) | (wanted ? WIRE_FLAG_FOLLOW_UP : 0);
    uint64_t token = wanted ? next_token(peer) : 0;
    if (seal_and_send(peer, c, &m, token) && wanted)
        *place = (struct peer_answer){token, stamps};
}

/* The kernel's T3 of a reply. */
static void follow_up(struct peer *peer, const struct peer_context *c, struct peer_answer *answer,
                      struct exchange_reading t3)
{
    struct wire_message m = {.header.type = WIRE_FOLLOW_UP, .follow_up = answer->stamps};
    answer->token = 0;
    if (!t3.kernel || m.follow_up.timeline.id != c->now->timeline.id ||
        t3.raw_ns + t3.width_ns < m.follow_up.t3.ns)
        return;
    m.follow_up.t3.ns = t3.raw_ns;
    if (t3.width_ns > m.follow_up.width_ns)
        m.follow_up.width_ns = t3.width_ns > WIRE_WIDTH_NS_MAX ? WIRE_WIDTH_NS_MAX : t3.width_ns;
    if (m.follow_up.t3.ns >= m.follow_up.t2.ns)
        (void)peer_send(peer, c, &m);
}

void peer_sent(struct peer *peer, const struct peer_context *c, uint64_t token, int64_t stamp_realtime_ns,
               bool *ret_fresh)
{
    struct exchange_reading left = reading_of(peer, c, true, stamp_realtime_ns);
    struct peer_answer *answer = token == 0 ? NULL : answer_place(peer, token);
    *ret_fresh = false;
    if (answer != NULL)
        follow_up(peer, c, answer, left);
    else if (left.kernel && exchange_sent(&peer->exchanges, token, left))
        *ret_fresh = take_exchanges(peer, c);
}

/* ---- Receiving ---- */

static bool take_exchanges(struct peer *peer, const struct peer_context *c)
{
    struct sync_exchange exchange;
    bool fresh = false;
    while (exchange_take(&peer->exchanges, c->now->timeline, c->now->raw, &exchange))
        fresh = peer_measure(peer, &exchange, c->now->raw) || fresh;
    return fresh;
}

static void answered(struct peer *peer, const struct peer_context *c)
{
    peer->unanswered = 0;
    peer->hello_ns = PEER_HELLO_NS;
    if (peer->up)
        return;
    peer->up = true;
    actions_report(c->actions, ENGINE_SAYS_PEER_UP, peer->member->node, 0, 0);
}

static void on_reply(struct peer *peer, const struct peer_context *c, const struct wire_message *m,
                     struct exchange_reading t4)
{
    bool promised = (m->reply.flags & WIRE_FLAG_FOLLOW_UP) != 0;
    if (!exchange_reply(&peer->exchanges, &m->reply.stamps, promised, t4, c->now->raw))
        return;
    /* Replies may overtake each other: what was said later stays. */
    bool same = peer->has_said && peer->said.stamps.timeline.id == m->reply.stamps.timeline.id;
    if (!same || m->reply.stamps.t3.ns >= peer->said.stamps.t3.ns) {
        peer->has_said = true;
        peer->said = m->reply;
        peer->said_term = m->header.term;
        peer->said_at = c->now->raw;
    }
    answered(peer, c);
}

bool peer_packet(struct peer *peer, const struct peer_context *c, const struct engine_event *event,
                 struct wire_message *ret_message, bool *ret_fresh)
{
    struct session_answer answer;
    uint64_t adoptions = peer->session.adoptions;
    *ret_fresh = false;
    enum wire_verdict verdict =
        session_open(&peer->session, session_moment(c), event->u.packet.bytes, ret_message, &answer);
    /* A recording of an earlier life makes us ask anew; not whoever played it, where we know better. */
    bool known = verdict == WIRE_STALE && peer->member->server && peer->address.family != 0;
    send_session_answer(&answer, known ? &peer->address : &event->u.packet.from, c);
    bool adopted = peer->session.adoptions != adoptions;
    /* Only who proved to live now may say where it lives: a recorded hello may come from anywhere. */
    if ((verdict == WIRE_OK || adopted) && (!peer->member->server || peer->address.family == 0))
        peer->address = event->u.packet.from;
    if (adopted) {
        exchange_clear(&peer->exchanges);
        peer_burst(peer, c->now);
        peer->unanswered = 0;
    }
    if (verdict != WIRE_OK)
        return false;
    struct exchange_reading at =
        reading_of(peer, c, event->u.packet.has_stamp, event->u.packet.stamp_realtime_ns);
    if (ret_message->header.type == WIRE_POLL)
        answer_poll(peer, c, &ret_message->poll, at);
    if (ret_message->header.type == WIRE_REPLY)
        on_reply(peer, c, ret_message, at);
    if (ret_message->header.type == WIRE_FOLLOW_UP)
        (void)exchange_follow_up(&peer->exchanges, &ret_message->follow_up);
    *ret_fresh = take_exchanges(peer, c);
    return true;
}
