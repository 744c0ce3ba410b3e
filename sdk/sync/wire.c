/* SPDX-License-Identifier: Apache-2.0 */
#include "sdk/sync/wire.h"

#include <string.h>

#include "sdk/base/bug.h"
#include "sdk/sync/wire_fields.h"

/* Where the header's fields lie that are looked at before all others. */
enum { AT_VERSION = 3, AT_TYPE = 4, AT_LENGTH = 6, AT_SENDER = 16 };
const uint8_t wire_start[WIRE_START] = {'T', 'A', 'I', WIRE_VERSION};

const char *wire_type_name(enum wire_type type)
{
    static const char *const names[WIRE_TYPES] = {
        [WIRE_HELLO] = "hello",
        [WIRE_HELLO_REPLY] = "hello_reply",
        [WIRE_POLL] = "poll",
        [WIRE_REPLY] = "reply",
        [WIRE_FOLLOW_UP] = "follow_up",
        [WIRE_CORRECTION] = "correction",
        [WIRE_HEARTBEAT] = "heartbeat",
        [WIRE_HEARTBEAT_ACK] = "heartbeat_ack",
        [WIRE_PRE_VOTE] = "pre_vote",
        [WIRE_PRE_VOTE_REPLY] = "pre_vote_reply",
        [WIRE_VOTE] = "vote",
        [WIRE_VOTE_REPLY] = "vote_reply",
        [WIRE_ACCUSATION] = "accusation",
        [WIRE_CERTIFICATE] = "certificate",
        [WIRE_GOODBYE] = "goodbye",
    };
    return (unsigned)type < WIRE_TYPES && names[type] != NULL ? names[type] : "other";
}

const char *wire_verdict_name(enum wire_verdict verdict)
{
    static const char *const names[WIRE_VERDICTS] = {
        [WIRE_OK] = "ok",
        [WIRE_SHORT] = "short",
        [WIRE_LONG] = "long",
        [WIRE_MAGIC] = "magic",
        [WIRE_OTHER_VERSION] = "other_version",
        [WIRE_OTHER_TYPE] = "other_type",
        [WIRE_LENGTH] = "length",
        [WIRE_CLUSTER] = "cluster",
        [WIRE_RECEIVER] = "receiver",
        [WIRE_SENDER] = "sender",
        [WIRE_FORGED] = "forged",
        [WIRE_HANDSHAKE] = "handshake",
        [WIRE_STALE] = "stale",
        [WIRE_REPLAYED] = "replayed",
        [WIRE_SEQUENCE_OLD] = "sequence_old",
        [WIRE_MALFORMED] = "malformed",
        [WIRE_FUTURE] = "future",
        [WIRE_UNEXPECTED] = "unexpected",
        [WIRE_LIMITED] = "limited",
        [WIRE_UNSUPPORTED] = "unsupported",
    };
    return (unsigned)verdict < WIRE_VERDICTS ? names[verdict] : "other";
}

size_t wire_length(enum wire_type type)
{
    size_t body = wire_body_length(type);
    return body == 0 ? 0 : WIRE_HEADER + body + WIRE_MAC;
}

enum wire_verdict wire_peek(struct bytes datagram, struct wire_envelope *ret_envelope)
{
    const uint8_t *p = datagram.data;
    if (datagram.len < WIRE_HEADER + WIRE_MAC)
        return WIRE_SHORT;
    if (datagram.len > WIRE_DATAGRAM_MAX)
        return WIRE_LONG;
    if (memcmp(p, wire_start, AT_VERSION) != 0)
        return WIRE_MAGIC;
    if (p[AT_VERSION] != WIRE_VERSION)
        return WIRE_OTHER_VERSION;
    size_t length = p[AT_TYPE] < WIRE_TYPES ? wire_length((enum wire_type)p[AT_TYPE]) : 0;
    if (length == 0)
        return WIRE_OTHER_TYPE;
    if (datagram.len != length || be16_read(p + AT_LENGTH) != length)
        return WIRE_LENGTH;
    *ret_envelope = (struct wire_envelope){
        .type = (enum wire_type)p[AT_TYPE],
        .cluster = be64_read(p + WIRE_AT_CLUSTER),
        .sender = {be32_read(p + AT_SENDER)},
        .receiver = {be32_read(p + WIRE_AT_RECEIVER)},
    };
    return WIRE_OK;
}

void field_header(struct wire_cursor *c, struct wire_header *h)
{
    uint8_t start[WIRE_START];
    memcpy(start, wire_start, sizeof start);
    unsigned type = (unsigned)h->type;
    field_bytes(c, start, sizeof start);
    field_code(c, &type, 1, WIRE_TYPES - 1);
    h->type = (enum wire_type)type;
    field_reserved(c, 1); /* flags, none defined */
    uint16_t length = (uint16_t)wire_length(h->type);
    field_u16(c, &length);
    field_u64(c, &h->cluster);
    field_u32(c, &h->sender.id);
    field_u32(c, &h->receiver.id);
    field_u64(c, &h->sender_session);
    field_u64(c, &h->receiver_session);
    field_u64(c, &h->term);
    field_u64(c, &h->sequence);
    field_i64(c, &h->hlc.l_ns, 0, HLC_L_NS_MAX);
    field_u32(c, &h->hlc.c);
    field_u32(c, &h->epoch);
    field_rule(c, h->sender.id != 0 && h->receiver.id != 0 && h->sender.id != h->receiver.id);
    field_rule(c, h->sender_session != 0 && h->sequence != 0);
    field_rule(c, (h->receiver_session == 0) == (h->type == WIRE_HELLO));
}

enum wire_verdict wire_decode_header(struct bytes datagram, struct wire_header *ret_header)
{
    struct wire_cursor c = {.in = datagram.data};
    struct wire_header h = {0};
    BUG_UNLESS(datagram.len >= WIRE_HEADER);
    field_header(&c, &h);
    if (c.bad)
        return WIRE_MALFORMED;
    *ret_header = h;
    return WIRE_OK;
}

enum wire_verdict wire_decode(struct bytes datagram, struct wire_message *ret_message)
{
    struct wire_envelope envelope;
    enum wire_verdict verdict = wire_peek(datagram, &envelope);
    if (verdict != WIRE_OK)
        return verdict;
    struct wire_cursor c = {.in = datagram.data};
    struct wire_message m;
    memset(&m, 0, sizeof m);
    field_header(&c, &m.header);
    if (!c.bad)
        field_body(&c, &m);
    if (c.bad)
        return WIRE_MALFORMED;
    BUG_UNLESS(c.done + WIRE_MAC == datagram.len);
    *ret_message = m;
    return WIRE_OK;
}

/* The same walk for a look and for writing: the message is taken by copy, for a walk may write where it reads. */
static bool walk(const struct wire_message *message, uint8_t *out, size_t *ret_done)
{
    struct wire_cursor c = {.out = out};
    struct wire_message m = *message;
    if ((unsigned)m.header.type >= WIRE_TYPES || wire_length(m.header.type) == 0)
        return false;
    field_header(&c, &m.header);
    field_body(&c, &m);
    *ret_done = c.done;
    return !c.bad;
}

bool wire_valid(const struct wire_message *message)
{
    size_t done;
    return walk(message, NULL, &done);
}

static struct hash code_of(struct bytes covered, const struct crypto *crypto, const uint8_t key[WIRE_KEY])
{
    return crypto_hmac_sha256(crypto, bytes_of(key, WIRE_KEY), &covered, 1);
}

size_t wire_encode(const struct wire_message *message, const struct crypto *crypto,
                   const uint8_t key[WIRE_KEY], uint8_t ret_datagram[WIRE_DATAGRAM_MAX])
{
    size_t done = 0;
    bool good = walk(message, ret_datagram, &done);
    BUG_UNLESS(good && done + WIRE_MAC == wire_length(message->header.type));
    struct hash code = code_of(bytes_of(ret_datagram, done), crypto, key);
    memcpy(ret_datagram + done, code.b, WIRE_MAC);
    return done + WIRE_MAC;
}

bool wire_authentic(struct bytes datagram, const struct crypto *crypto, const uint8_t key[WIRE_KEY])
{
    BUG_UNLESS(datagram.len >= WIRE_MAC);
    size_t covered = datagram.len - WIRE_MAC;
    struct hash code = code_of(bytes_of(datagram.data, covered), crypto, key);
    unsigned differ = 0;
    for (size_t i = 0; i < WIRE_MAC; i++)
        differ |= (unsigned)(code.b[i] ^ datagram.data[covered + i]);
    return differ == 0;
}

uint64_t wire_nonce(const struct crypto *crypto, const uint8_t secret[WIRE_KEY], enum wire_nonce_use use,
                    sync_node_t peer, uint64_t counter)
{
    uint8_t tail[1 + 4 + 8];
    tail[0] = (uint8_t)use;
    be32_write(tail + 1, peer.id);
    be64_write(tail + 5, counter);
    const struct bytes parts[] = {BYTES_LIT("taistamp.nonce/v1\n"), bytes_of(tail, sizeof tail)};
    struct hash h = crypto_hmac_sha256(crypto, bytes_of(secret, WIRE_KEY), parts, 2);
    uint64_t nonce = be64_read(h.b);
    return nonce != 0 ? nonce : 1;
}
