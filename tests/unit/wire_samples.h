/* SPDX-License-Identifier: Apache-2.0 */
/* One message of each type, every field with a value of its own: the same that tests/vectors/sync/generate.py writes. */
#ifndef TESTS_UNIT_WIRE_SAMPLES_H
#define TESTS_UNIT_WIRE_SAMPLES_H

#include <string.h>

#include "sdk/sync/wire.h"
#include "sdk/time/arith.h"
#include "sdk/time/page.h"

static inline void wire_sample_fill(uint8_t *p, size_t n, uint8_t first)
{
    for (size_t i = 0; i < n; i++)
        p[i] = (uint8_t)(first + i);
}

static inline void wire_sample_key(uint8_t ret_key[WIRE_KEY])
{
    wire_sample_fill(ret_key, WIRE_KEY, 0x40);
}

static inline struct sync_line wire_sample_line(void)
{
    return (struct sync_line){
        .timeline = {0x1112131415161718},
        .raw = {50000000001},
        .tai = {1700000037000000002},
        .half_width = {20003},
        .rate_ps_per_s = -12000004,
        .growth = {50005},
        .expires = {110000000006},
        .status = TAISTAMP_STATUS_SINGLE_REFERENCE,
        .source = TAISTAMP_CLOCK_QUORUM,
    };
}

static inline struct sync_leap wire_sample_leap(void)
{
    return (struct sync_leap){37, 38, {1798761637000000000}, {1800000037000000000}};
}

static inline struct wire_stamps wire_sample_stamps(void)
{
    return (struct wire_stamps){0x2122232425262728, {0x1112131415161718}, {50000100007}, {50000200008}, 309};
}

static inline struct wire_reply wire_sample_reply(void)
{
    return (struct wire_reply){
        .stamps = wire_sample_stamps(),
        .line = wire_sample_line(),
        .reference = {.present = true,
                      .kind = TAISTAMP_CLOCK_SYSTEM,
                      .group = 0x0a0b,
                      .raw = {49000000010},
                      .tai = {1700000036000000011},
                      .half_width = {BOUND_UNBOUNDED},
                      .rate_ps_per_s = 777000012,
                      .growth = {15013}},
        .leap = wire_sample_leap(),
        .frequency_ps_per_s = -3000014,
        .rho_ppb = 50015,
        .oscillator = 3,
        .state = WIRE_FALLBACK,
        .master = {0xf1f2f3f4},
        .suspicions = 0x0102,
        .flags = WIRE_FLAG_FOLLOW_UP | WIRE_FLAG_LEARNED,
    };
}

static inline struct wire_vote wire_sample_vote(bool handover)
{
    struct wire_vote v = {.candidate = {7},
                          .quality = 0x01020304,
                          .proposed_term = 19,
                          .last_term = 17,
                          .token = 0x6162636465666768,
                          .handover = handover};
    wire_sample_fill(v.membership, sizeof v.membership, 0x60);
    wire_sample_fill(v.signature, sizeof v.signature, 0x80);
    return v;
}

static inline struct wire_vote_reply wire_sample_vote_reply(enum wire_vote_reason reason)
{
    struct wire_vote_reply v = {.candidate = {7},
                                .granted = reason == WIRE_VOTE_GRANTED,
                                .reason = reason,
                                .proposed_term = 19,
                                .voter_term = 18,
                                .token = 0x6162636465666768};
    wire_sample_fill(v.membership, sizeof v.membership, 0x60);
    wire_sample_fill(v.signature, sizeof v.signature, 0x80);
    return v;
}

static inline void wire_sample_certificate(struct wire_certificate *k)
{
    k->term = 19;
    k->epoch = 5;
    k->master = (sync_node_t){7};
    k->count = 3;
    wire_sample_fill(k->membership, sizeof k->membership, 0x60);
    for (uint8_t i = 0; i < k->count; i++) {
        k->votes[i].voter.id = 2u + 3u * i;
        wire_sample_fill(k->votes[i].signature, ED25519_SIG_LEN, (uint8_t)(0x10 * (i + 1)));
    }
}

/* Of `type`, with header and body. */
static inline struct wire_message wire_sample(enum wire_type type)
{
    struct wire_message m;
    memset(&m, 0, sizeof m);
    m.header = (struct wire_header){
        .type = type,
        .cluster = 0xc1c2c3c4c5c6c7c8,
        .sender = {0x00000007},
        .receiver = {0xd1d2d3d4},
        .sender_session = 0xa1a2a3a4a5a6a7a8,
        .receiver_session = type == WIRE_HELLO ? 0 : 0xb1b2b3b4b5b6b7b8,
        .epoch = 5,
        .term = 18,
        .sequence = 0x0000000100000002,
        .hlc = {1700000037123456789, 42},
    };
    switch (type) {
    case WIRE_HELLO:
        m.hello = (struct wire_hello){.nonce = 0x3132333435363738, .wanted = 0x00000005, .role = WIRE_CLIENT};
        break;
    case WIRE_HELLO_REPLY:
        m.hello =
            (struct wire_hello){0x4142434445464748, 0x3132333435363738, 0x00000006, 0x00000004, WIRE_SERVER};
        break;
    case WIRE_POLL:
        m.poll = (struct wire_poll){0x2122232425262728, WIRE_FLAG_BURST | WIRE_FLAG_FOLLOW_UP, 16000};
        break;
    case WIRE_REPLY:
        m.reply = wire_sample_reply();
        break;
    case WIRE_FOLLOW_UP:
        m.follow_up = wire_sample_stamps();
        break;
    case WIRE_CORRECTION:
        m.correction =
            (struct wire_correction){wire_sample_line(), 0x5152535455565758, {9}, 1000, wire_sample_leap()};
        break;
    case WIRE_HEARTBEAT:
        m.heartbeat =
            (struct wire_heartbeat){.token = -2, .lease_ms = 2500, .deputy = {9}, .quality = 0x01020304};
        wire_sample_fill(m.heartbeat.certificate, SHA256_LEN, 0x20);
        break;
    case WIRE_HEARTBEAT_ACK:
        m.heartbeat_ack = (struct wire_heartbeat_ack){-2, 0x01020305, false, WIRE_VOTE_RESTARTED};
        break;
    case WIRE_PRE_VOTE:
        m.vote = wire_sample_vote(false);
        break;
    case WIRE_VOTE:
        m.vote = wire_sample_vote(true);
        break;
    case WIRE_PRE_VOTE_REPLY:
        m.vote_reply = wire_sample_vote_reply(WIRE_VOTE_LEASE);
        break;
    case WIRE_VOTE_REPLY:
        m.vote_reply = wire_sample_vote_reply(WIRE_VOTE_GRANTED);
        break;
    case WIRE_ACCUSATION:
        m.accusation = (struct wire_accusation){{8}, 18, WIRE_ACCUSE_RATE, -5000016, {20017}, {30018}, {0}};
        wire_sample_fill(m.accusation.signature, ED25519_SIG_LEN, 0x80);
        break;
    case WIRE_CERTIFICATE:
        wire_sample_certificate(&m.certificate);
        break;
    case WIRE_GOODBYE:
        m.goodbye = (struct wire_goodbye){{9}, WIRE_GOODBYE_SUSPEND};
        break;
    }
    return m;
}

#endif
