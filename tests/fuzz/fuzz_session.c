/* SPDX-License-Identifier: Apache-2.0 */
/* Messages of a peer that has the key and means ill, to a session in any state. Input: a byte that says what is put right
 * (sessions, a fresh number, the time) and a byte that says how old the session's handshake is, then a datagram; magic, ids and
 * code are always put right. A message is never taken twice, an answer never longer than the message that brought it. */
#include <stdlib.h>
#include <string.h>

#include "client/core/session.h"
#include "sdk/base/bug.h"
#include "sdk/io/openssl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
    RIGHT_RECEIVER = 1,
    RIGHT_SENDER = 2,
    FRESH = 4,
    ECHO = 8,
    ESTABLISHED = 16,
    NO_TIME = 32,
    NO_RESERVE = 64
};
enum {
    AT_LENGTH = 6,
    AT_CLUSTER = 8,
    AT_SENDER = 16,
    AT_RECEIVER = 20,
    AT_SESSIONS = 24,
    AT_SEQUENCE = 48,
    AT_ECHO = 80
};

static const uint8_t key[WIRE_KEY] = {7};
static const uint64_t peer_life = 99;

static const struct crypto *table(void)
{
    static struct crypto crypto;
    if (crypto.sha256 == NULL && openssl_crypto_open(&crypto) != TAI_OK)
        abort();
    return &crypto;
}

static void put_right(const struct session *s, unsigned what, uint8_t *d, size_t n)
{
    const uint8_t magic[4] = {'T', 'A', 'I', WIRE_VERSION};
    memcpy(d, magic, sizeof magic);
    be16_write(d + AT_LENGTH, (uint16_t)n);
    be64_write(d + AT_CLUSTER, s->local->cluster);
    be32_write(d + AT_SENDER, s->peer.id);
    be32_write(d + AT_RECEIVER, s->local->self.id);
    if (what & RIGHT_SENDER)
        be64_write(d + AT_SESSIONS, peer_life);
    if ((what & RIGHT_RECEIVER) && d[4] != WIRE_HELLO)
        be64_write(d + AT_SESSIONS + 8, s->local->id);
    if (what & FRESH)
        be64_write(d + AT_SEQUENCE, s->window.top + 1);
    if ((what & ECHO) && d[4] == WIRE_HELLO_REPLY)
        be64_write(d + AT_ECHO, s->challenge);
    const struct bytes covered = bytes_of(d, n - WIRE_MAC);
    struct hash code = crypto_hmac_sha256(table(), bytes_of(key, sizeof key), &covered, 1);
    memcpy(d + covered.len, code.b, WIRE_MAC);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t datagram[WIRE_DATAGRAM_MAX], seed[WIRE_KEY] = {3};
    if (size < 2 + WIRE_HEADER + WIRE_MAC || size - 2 > sizeof datagram)
        return 0;
    unsigned what = data[0];
    size_t n = size - 2;
    memcpy(datagram, data + 2, n);
    struct hlc hlc;
    struct session_local local = {
        .crypto = table(), .hlc = &hlc, .cluster = 5, .self = {1}, .role = WIRE_SERVER};
    struct session_now now = {{1000000000}, {1700000037000000000}, HLC_AHEAD_NS};
    struct session s;
    struct session_answer answer, second;
    struct wire_message m;
    hlc_init(&hlc, 0);
    hlc_reserved(&hlc, 1700000060000000000);
    session_local_start(&local, seed);
    session_init(&s, &local, (sync_node_t){2}, key);
    BUG_UNLESS(session_hello(&s, now, &answer));
    if (what & ESTABLISHED) {
        s.peer_id = peer_life;
        s.window.top = 1000;
    }
    if (what & NO_TIME)
        now.physical.ns = 0;
    if (what & NO_RESERVE)
        hlc_init(&hlc, 0);
    now.raw.ns += data[1] * INT64_C(50000000);
    put_right(&s, what, datagram, n);
    enum wire_verdict verdict = session_open(&s, now, bytes_of(datagram, n), &m, &answer);
    BUG_UNLESS(verdict != WIRE_FORGED && s.counts.n[verdict] == 1);
    BUG_UNLESS(verdict != WIRE_OK || (session_established(&s) && (what & ESTABLISHED) && wire_valid(&m)));
    BUG_UNLESS(answer.len == 0 || verdict == WIRE_STALE || (verdict == WIRE_HANDSHAKE && answer.len <= n));
    enum wire_verdict once_more = session_open(&s, now, bytes_of(datagram, n), &m, &second);
    BUG_UNLESS(once_more != WIRE_OK && (second.len == 0 || datagram[4] == WIRE_HELLO));
    once_more = session_open(&s, now, bytes_of(datagram, n), &m, &second);
    BUG_UNLESS(once_more != WIRE_OK && second.len == 0); /* one recording is answered a second, no more */
    return 0;
}
