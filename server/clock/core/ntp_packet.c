/* SPDX-License-Identifier: Apache-2.0 */
#include "server/clock/core/ntp_packet.h"

#include <string.h>

#include "sdk/base/bug.h"
#include "sdk/time/arith.h"

enum {
    KEY_ID_BYTES = 4,
    EXTENSION_BYTES_MIN = 16,
    EXTENSION_BYTES_LAST = 28, /* the least length of one that no code follows */
    MODE_BITS = 7,
    PRECISION_MINIMISED = 32
};

static void tail_code(struct ntp_tail *tail, struct bytes rest)
{
    tail->key_id = be32_read(rest.data);
    tail->code = bytes_of(rest.data + KEY_ID_BYTES, rest.len - KEY_ID_BYTES);
}

/* What is behind the header. */
static bool tail_parse(struct bytes datagram, struct ntp_tail *ret_tail)
{
    struct ntp_tail tail = {.key_id = 0};
    size_t at = NTP_HEADER_BYTES;
    while (at < datagram.len) {
        struct bytes rest = bytes_of(datagram.data + at, datagram.len - at);
        if (rest.len == KEY_ID_BYTES) {
            if (be32_read(rest.data) != 0)
                return false;
            tail.crypto_nak = true;
            break;
        }
        if (rest.len == KEY_ID_BYTES + 16 || rest.len == KEY_ID_BYTES + NTP_CODE_BYTES_MAX) {
            tail_code(&tail, rest);
            break;
        }
        if (rest.len < EXTENSION_BYTES_MIN)
            return false;
        size_t len = be16_read(rest.data + 2);
        if (len % 4 != 0 || len < EXTENSION_BYTES_MIN || len > rest.len ||
            (len == rest.len && len < EXTENSION_BYTES_LAST))
            return false;
        at += len;
    }
    tail.covered = bytes_of(datagram.data, at);
    *ret_tail = tail;
    return true;
}

bool ntp_packet_parse(struct bytes datagram, struct ntp_packet *ret_packet, struct ntp_tail *ret_tail)
{
    if (datagram.len < NTP_HEADER_BYTES || datagram.len % 4 != 0 || !tail_parse(datagram, ret_tail))
        return false;
    const uint8_t *p = datagram.data;
    *ret_packet = (struct ntp_packet){
        .leap = (enum ntp_leap)(p[0] >> 6),
        .version = p[0] >> 3 & 7,
        .mode = p[0] & MODE_BITS,
        .stratum = p[1],
        .poll = (int8_t)(p[2] < 128 ? p[2] : p[2] - 256),
        .precision = (int8_t)(p[3] < 128 ? p[3] : p[3] - 256),
        .root_delay = be32_read(p + 4),
        .root_dispersion = be32_read(p + 8),
        .reference_id = be32_read(p + 12),
        .reference = be64_read(p + 16),
        .origin = be64_read(p + 24),
        .receive = be64_read(p + 32),
        .transmit = be64_read(p + 40),
    };
    return true;
}

void ntp_packet_write(const struct ntp_packet *packet, uint8_t ret_header[NTP_HEADER_BYTES])
{
    uint8_t *p = ret_header;
    p[0] = (uint8_t)((unsigned)packet->leap << 6 | (packet->version & 7u) << 3 | (packet->mode & 7u));
    p[1] = packet->stratum;
    p[2] = (uint8_t)packet->poll;
    p[3] = (uint8_t)packet->precision;
    be32_write(p + 4, packet->root_delay);
    be32_write(p + 8, packet->root_dispersion);
    be32_write(p + 12, packet->reference_id);
    be64_write(p + 16, packet->reference);
    be64_write(p + 24, packet->origin);
    be64_write(p + 32, packet->receive);
    be64_write(p + 40, packet->transmit);
}

static size_t code_of(const struct ntp_key *key, mac_fn mac, void *mac_ctx, struct bytes covered,
                      uint8_t ret_code[MAC_LEN_MAX])
{
    size_t len = mac(mac_ctx, key->algorithm, bytes_of(key->bytes, key->len), covered, ret_code);
    return len < NTP_CODE_BYTES_MAX ? len : NTP_CODE_BYTES_MAX;
}

bool ntp_packet_seal(struct out *o, const struct ntp_key *key, mac_fn mac, void *mac_ctx)
{
    uint8_t code[MAC_LEN_MAX];
    size_t len = code_of(key, mac, mac_ctx, out_view(o), code);
    if (len == 0)
        return false;
    out_be32(o, key->id);
    out_bytes(o, bytes_of(code, len));
    return true;
}

size_t ntp_packet_request(uint64_t transmit, const struct ntp_key *key, mac_fn mac, void *mac_ctx,
                          uint8_t ret_request[NTP_REQUEST_BYTES_MAX])
{
    BUG_UNLESS(transmit != 0);
    uint8_t header[NTP_HEADER_BYTES];
    ntp_packet_write(&(struct ntp_packet){.version = NTP_VERSION,
                                          .mode = NTP_MODE_CLIENT,
                                          .precision = PRECISION_MINIMISED,
                                          .transmit = transmit},
                     header);
    struct out o = out_of(ret_request, NTP_REQUEST_BYTES_MAX);
    out_bytes(&o, bytes_of(header, sizeof header));
    if (key != NULL && !ntp_packet_seal(&o, key, mac, mac_ctx))
        return 0;
    BUG_UNLESS(!o.overflow);
    return o.len;
}

bool ntp_packet_authentic(const struct ntp_tail *tail, const struct ntp_key *key, mac_fn mac, void *mac_ctx)
{
    uint8_t code[MAC_LEN_MAX];
    if (tail->crypto_nak || tail->key_id != key->id)
        return false;
    size_t len = code_of(key, mac, mac_ctx, tail->covered, code);
    if (len == 0 || tail->code.len != len)
        return false;
    unsigned differs = 0;
    for (size_t i = 0; i < len; i++)
        differs |= (unsigned)(code[i] ^ tail->code.data[i]);
    return differs == 0;
}

int64_t ntp_short_ns(uint32_t v)
{
    return ((int64_t)v * NS_PER_S + 0xffff) >> 16;
}

int64_t ntp_precision_ns(int8_t precision)
{
    if (precision >= 0)
        return NS_PER_S << (precision < 31 ? precision : 31);
    return precision < -30 ? 1 : (NS_PER_S >> -precision) + 1;
}
