/* SPDX-License-Identifier: Apache-2.0 */
/* NTP packets as a client sends and receives them: bytes and fields, and the message authentication code behind them.
 *
 * Decides: whether bytes are a packet (its length, extension fields, where a code stands), and whether a code is that of a
 * key. Refuses: to judge what a packet says; that is ntp_client.h's.
 *
 *     0        | LI 2 | version 3 | mode 3 |   stratum   |    poll     |  precision  |
 *     4        | root delay, 16.16 s                                                 |
 *     8        | root dispersion, 16.16 s                                            |
 *     12       | reference id                                                        |
 *     16       | reference timestamp, 32.32 s since 1900                             |
 *     24       | origin timestamp: what the request had as transmit timestamp        |
 *     32       | receive timestamp (T2)                                              |
 *     40       | transmit timestamp (T3)                                             |
 *     48       | extension fields: type 16, length 16, content; multiples of 4       |
 *              | code: key id 32, then 16 or 20 bytes                                |
 *
 * A request says nothing about this machine: its transmit timestamp is a random number, by which alone the reply is
 * recognised, and all else but version and mode is zero, with a precision of 32 (2^32 s), as
 * draft-ietf-ntp-data-minimization has it.
 *
 * Which of the last bytes are extension fields and which are a code is told by length (RFC 7822 section 3): what is left is
 * a code when 20 or 24 bytes are left; 4 zero bytes are a crypto-NAK; else an extension field must stand there, at least 16 bytes
 * long, the last one at least 28 where no code follows. A code of more than 20 bytes (SHA-256 and longer) is cut to 20 for
 * that reason, as chronyd does it too.
 *
 * No state; any thread. Sources: RFC 5905 section 7.3, RFC 7822, RFC 8573. */
#ifndef SERVER_CLOCK_CORE_NTP_PACKET_H
#define SERVER_CLOCK_CORE_NTP_PACKET_H

#include "sdk/base/crypto.h"

enum {
    NTP_HEADER_BYTES = 48,
    NTP_CODE_BYTES_MAX = 20,
    NTP_REQUEST_BYTES_MAX = NTP_HEADER_BYTES + 4 + NTP_CODE_BYTES_MAX,
    NTP_KEY_BYTES_MAX = 64,
    NTP_MODE_CLIENT = 3,
    NTP_MODE_SERVER = 4,
    NTP_VERSION = 4
};

enum ntp_leap { NTP_LEAP_NONE, NTP_LEAP_INSERT, NTP_LEAP_DELETE, NTP_LEAP_UNSYNCHRONISED };

struct ntp_key {
    uint32_t id; /* not 0 */
    enum mac_algorithm algorithm;
    uint8_t len; /* 1 to NTP_KEY_BYTES_MAX */
    uint8_t bytes[NTP_KEY_BYTES_MAX];
};

/* The header's fields as they stand there. */
struct ntp_packet {
    enum ntp_leap leap;
    uint8_t version, mode, stratum;
    int8_t poll, precision; /* log2 of seconds */
    uint32_t root_delay, root_dispersion, reference_id;
    uint64_t reference, origin, receive, transmit;
};

/* What stands behind the header. */
struct ntp_tail {
    struct bytes covered; /* header and extension fields: what a code is made of */
    bool crypto_nak;      /* the server could not check the code of the request */
    uint32_t key_id;      /* of the code; 0: there is none */
    struct bytes code;
};

/* False, all untouched: not of a packet's form. The views are into `datagram`. */
bool ntp_packet_parse(struct bytes datagram, struct ntp_packet *ret_packet, struct ntp_tail *ret_tail);
/* The header as bytes, for requests and for servers of tests. */
void ntp_packet_write(const struct ntp_packet *packet, uint8_t ret_header[NTP_HEADER_BYTES]);
/* A request with this transmit timestamp (random, not 0); with a code where `key` is not NULL. Its length; 0: the library has
 * no such algorithm. */
size_t ntp_packet_request(uint64_t transmit, const struct ntp_key *key, mac_fn mac, void *mac_ctx,
                          uint8_t ret_request[NTP_REQUEST_BYTES_MAX]);
/* Appends key id and code of what `o` holds; false: no such algorithm. */
bool ntp_packet_seal(struct out *o, const struct ntp_key *key, mac_fn mac, void *mac_ctx);
/* Whether the code is there and made with this key. Takes as long for a wrong one as for a right one. */
bool ntp_packet_authentic(const struct ntp_tail *tail, const struct ntp_key *key, mac_fn mac, void *mac_ctx);

/* 16.16 seconds as ns, rounded up. */
int64_t ntp_short_ns(uint32_t v);
/* 2^precision seconds as ns, rounded up; at least 1, at most 2^31 s. */
int64_t ntp_precision_ns(int8_t precision);

#endif
