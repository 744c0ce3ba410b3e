/* SPDX-License-Identifier: Apache-2.0 */
#include "client/core/session.h"

#include <string.h>

#include "sdk/base/bug.h"

void session_init(struct session *s, struct session_local *local, sync_node_t peer,
                  const uint8_t key[WIRE_KEY])
{
    BUG_UNLESS(local->id != 0 && peer.id != 0 && peer.id != local->self.id);
    *s = (struct session){.local = local, .peer = peer};
    memcpy(s->key, key, WIRE_KEY);
}

bool session_established(const struct session *s)
{
    return s->peer_id != 0;
}

void session_local_start(struct session_local *local, const uint8_t seed[WIRE_KEY])
{
    memcpy(local->secret, seed, WIRE_KEY);
    local->id = wire_nonce(local->crypto, seed, WIRE_NONCE_SESSION, local->self, 0);
    local->nonces = 0;
}

uint64_t session_poll_nonce(const struct session *s, uint64_t counter)
{
    return wire_nonce(s->local->crypto, s->local->secret, WIRE_NONCE_POLL, s->peer, counter);
}

/* True when `ns` went by since `at`; also when the raw clock went back, for then nobody can tell. */
static bool passed(struct session_now now, tai_mono_t at, int64_t ns)
{
    return now.raw.ns < at.ns || now.raw.ns - at.ns >= ns;
}

/* ---- The window ---- */

static bool window_bit(const struct session_window *w, uint64_t number)
{
    return (w->seen[number % SESSION_WINDOW / 64] >> number % 64 & 1) != 0;
}

/* WIRE_OK for a number not seen before, which is noted. */
static enum wire_verdict window_take(struct session_window *w, uint64_t number)
{
    if (number > w->top) {
        if (number - w->top >= SESSION_WINDOW)
            memset(w->seen, 0, sizeof w->seen);
        else
            for (uint64_t i = w->top + 1; i < number; i++)
                w->seen[i % SESSION_WINDOW / 64] &= ~(UINT64_C(1) << i % 64);
        w->top = number;
    } else if (w->top - number >= SESSION_WINDOW) {
        return WIRE_SEQUENCE_OLD;
    } else if (window_bit(w, number)) {
        return WIRE_REPLAYED;
    }
    w->seen[number % SESSION_WINDOW / 64] |= UINT64_C(1) << number % 64;
    return WIRE_OK;
}

/* A new life of the peer: what it sent before it proved itself counts as seen. */
static void window_start(struct session_window *w, uint64_t number)
{
    w->top = number;
    memset(w->seen, 0xff, sizeof w->seen);
}

/* ---- Sending ---- */

static size_t seal(struct session *s, struct session_now now, struct wire_message *m,
                   uint64_t receiver_session, uint8_t ret_datagram[WIRE_DATAGRAM_MAX])
{
    struct session_local *l = s->local;
    m->header = (struct wire_header){
        .type = m->header.type,
        .cluster = l->cluster,
        .sender = l->self,
        .receiver = s->peer,
        .sender_session = l->id,
        .receiver_session = receiver_session,
        .epoch = l->epoch,
        .term = l->term,
        .sequence = ++s->sent,
        .hlc = hlc_send(l->hlc, now.physical),
    };
    return wire_encode(m, l->crypto, s->key, ret_datagram);
}

enum tai_err session_seal(struct session *s, struct session_now now, struct wire_message *message,
                          uint8_t ret_datagram[WIRE_DATAGRAM_MAX], size_t *ret_len)
{
    BUG_UNLESS(message->header.type != WIRE_HELLO && message->header.type != WIRE_HELLO_REPLY);
    if (!session_established(s) || !hlc_ready(s->local->hlc))
        return TAI_ERR_UNAVAILABLE;
    *ret_len = seal(s, now, message, s->peer_id, ret_datagram);
    return TAI_OK;
}

/* Our open nonce for this peer, a new one when it is used up or about to lapse. */
static uint64_t challenge(struct session *s, struct session_now now)
{
    if (s->challenge == 0 || passed(now, s->challenge_at, SESSION_CHALLENGE_NS)) {
        s->challenge =
            wire_nonce(s->local->crypto, s->local->secret, WIRE_NONCE_HELLO, s->peer, ++s->local->nonces);
        s->challenge_at = now.raw;
    }
    return s->challenge;
}

static bool is_open(const struct session *s, struct session_now now, uint64_t echo)
{
    return s->challenge != 0 && s->challenge == echo &&
           !passed(now, s->challenge_at, SESSION_CHALLENGE_LIFE_NS);
}

static void say_hello(struct session *s, struct session_now now, struct wire_message *m,
                      uint64_t receiver_session, struct session_answer *ret_answer)
{
    uint8_t datagram[WIRE_DATAGRAM_MAX];
    m->hello.role = s->local->role;
    m->hello.wanted = s->local->wanted;
    size_t len = seal(s, now, m, receiver_session, datagram);
    BUG_UNLESS(len == SESSION_HELLO_LEN);
    memcpy(ret_answer->data, datagram, len);
    ret_answer->len = len;
}

bool session_hello(struct session *s, struct session_now now, struct session_answer *ret_answer)
{
    ret_answer->len = 0;
    if (!hlc_ready(s->local->hlc) || (s->hello_sent && !passed(now, s->hello_at, SESSION_HELLO_NS)))
        return false;
    s->hello_sent = true;
    s->hello_at = now.raw;
    struct wire_message m = {.header.type = WIRE_HELLO};
    m.hello.nonce = challenge(s, now);
    say_hello(s, now, &m, 0, ret_answer);
    return true;
}

/* Answers `hello`, asking back with `nonce` unless that is 0. */
static void reply(struct session *s, struct session_now now, const struct wire_message *hello, uint64_t nonce,
                  struct session_answer *ret_answer)
{
    struct wire_message m = {.header.type = WIRE_HELLO_REPLY};
    m.hello.nonce = nonce;
    m.hello.echo = hello->hello.nonce;
    m.hello.granted = hello->hello.wanted & s->local->offered;
    say_hello(s, now, &m, hello->header.sender_session, ret_answer);
}

/* ---- Receiving ---- */

static enum wire_verdict screen(const struct session_local *l, struct bytes datagram,
                                struct wire_envelope *ret_envelope)
{
    enum wire_verdict verdict = wire_peek(datagram, ret_envelope);
    if (verdict != WIRE_OK)
        return verdict;
    if (ret_envelope->cluster != l->cluster)
        return WIRE_CLUSTER;
    if (ret_envelope->receiver.id != l->self.id)
        return WIRE_RECEIVER;
    if (ret_envelope->sender.id == l->self.id)
        return WIRE_SENDER;
    return WIRE_OK;
}

enum wire_verdict session_screen(struct session_local *local, struct bytes datagram, sync_node_t *ret_sender)
{
    struct wire_envelope envelope;
    enum wire_verdict verdict = screen(local, datagram, &envelope);
    if (verdict == WIRE_OK)
        *ret_sender = envelope.sender;
    else
        local->strangers.n[verdict]++;
    return verdict;
}

/* Body and HLC, once the datagram is known to be new. */
static enum wire_verdict admit(struct session *s, struct session_now now, struct bytes datagram,
                               struct wire_message *ret_message)
{
    enum wire_verdict verdict = wire_decode(datagram, ret_message);
    if (verdict != WIRE_OK)
        return verdict;
    if (hlc_receive(s->local->hlc, now.physical, now.ahead_ns, ret_message->header.hlc) != HLC_OK)
        return WIRE_FUTURE;
    return WIRE_OK;
}

static void heard(struct session *s, struct hlc_stamp hlc)
{
    if (hlc_compare(hlc, s->newest) > 0)
        s->newest = hlc;
}

/* Whether a hello with this HLC is answered; see the header. */
static bool answers(struct session *s, struct session_now now, struct hlc_stamp hlc)
{
    if (!hlc_ready(s->local->hlc))
        return false;
    if (hlc_compare(hlc, s->newest) > 0)
        return true;
    if (s->recording_answered && !passed(now, s->recording_at, SESSION_HELLO_NS))
        return false;
    s->recording_answered = true;
    s->recording_at = now.raw;
    return true;
}

static enum wire_verdict on_hello(struct session *s, struct session_now now, struct bytes datagram,
                                  const struct wire_header *h, struct session_answer *ret_answer)
{
    bool known = h->sender_session == s->peer_id;
    struct wire_message m;
    enum wire_verdict verdict = known ? window_take(&s->window, h->sequence) : WIRE_OK;
    if (verdict == WIRE_OK)
        verdict = admit(s, now, datagram, &m);
    if (verdict != WIRE_OK)
        return verdict;
    if (!answers(s, now, h->hlc))
        return WIRE_LIMITED;
    heard(s, h->hlc);
    reply(s, now, &m, known ? 0 : challenge(s, now), ret_answer);
    return WIRE_HANDSHAKE;
}

static void adopt(struct session *s, const struct wire_message *m)
{
    if (m->header.sender_session != s->peer_id) {
        s->peer_id = m->header.sender_session;
        s->adoptions++;
        window_start(&s->window, m->header.sequence);
    }
    s->challenge = 0;
    s->peer_role = m->hello.role;
    s->peer_wanted = m->hello.wanted;
    s->granted = m->hello.granted;
    heard(s, m->header.hlc);
}

static enum wire_verdict on_hello_reply(struct session *s, struct session_now now, struct bytes datagram,
                                        const struct wire_header *h, struct session_answer *ret_answer)
{
    struct wire_message m;
    enum wire_verdict verdict =
        h->sender_session == s->peer_id ? window_take(&s->window, h->sequence) : WIRE_OK;
    if (verdict == WIRE_OK)
        verdict = admit(s, now, datagram, &m);
    if (verdict != WIRE_OK)
        return verdict;
    if (!is_open(s, now, m.hello.echo))
        return WIRE_UNEXPECTED;
    adopt(s, &m);
    if (m.hello.nonce != 0 && hlc_ready(s->local->hlc))
        reply(s, now, &m, 0, ret_answer);
    return WIRE_HANDSHAKE;
}

static enum wire_verdict on_message(struct session *s, struct session_now now, struct bytes datagram,
                                    const struct wire_header *h, struct wire_message *ret_message)
{
    struct wire_message m;
    enum wire_verdict verdict = window_take(&s->window, h->sequence);
    if (verdict == WIRE_OK)
        verdict = admit(s, now, datagram, &m);
    if (verdict != WIRE_OK)
        return verdict;
    heard(s, h->hlc);
    if (h->type == WIRE_CERTIFICATE)
        return WIRE_UNSUPPORTED;
    *ret_message = m;
    return WIRE_OK;
}

static enum wire_verdict judge(struct session *s, struct session_now now, struct bytes datagram,
                               struct wire_message *ret_message, struct session_answer *ret_answer)
{
    struct wire_envelope envelope;
    struct wire_header h;
    enum wire_verdict verdict = screen(s->local, datagram, &envelope);
    if (verdict != WIRE_OK)
        return verdict;
    if (envelope.sender.id != s->peer.id)
        return WIRE_SENDER;
    if (!wire_authentic(datagram, s->local->crypto, s->key))
        return WIRE_FORGED;
    verdict = wire_decode_header(datagram, &h);
    if (verdict != WIRE_OK)
        return verdict;
    if (h.type == WIRE_HELLO)
        return on_hello(s, now, datagram, &h, ret_answer);
    bool ours = h.receiver_session == s->local->id;
    if (ours && h.type == WIRE_HELLO_REPLY)
        return on_hello_reply(s, now, datagram, &h, ret_answer);
    if (ours && h.sender_session == s->peer_id)
        return on_message(s, now, datagram, &h, ret_message);
    (void)session_hello(s, now, ret_answer);
    return WIRE_STALE;
}

enum wire_verdict session_open(struct session *s, struct session_now now, struct bytes datagram,
                               struct wire_message *ret_message, struct session_answer *ret_answer)
{
    ret_answer->len = 0;
    enum wire_verdict verdict = judge(s, now, datagram, ret_message, ret_answer);
    s->counts.n[verdict]++;
    return verdict;
}
