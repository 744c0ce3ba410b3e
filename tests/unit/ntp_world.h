/* SPDX-License-Identifier: Apache-2.0 */
/* An NTP server and the path to it, in numbers: true TAI is raw + base, and the server is off by what it is told. */
#ifndef TESTS_UNIT_NTP_WORLD_H
#define TESTS_UNIT_NTP_WORLD_H

#include "server/clock/core/ntp_client.h"

#define WORLD_S         INT64_C(1000000000)
#define WORLD_MS        INT64_C(1000000)
#define WORLD_BASE_NS   (INT64_C(1795000000) * WORLD_S) /* TAI at raw 0: November 2026 */
#define WORLD_TAI_UTC_S 37

struct ntp_world {
    struct ntp_client client;
    struct utc_leaps leaps;
    struct ntp_packet server; /* what it says of itself: timestamps are put in */
    int64_t base_ns;          /* true TAI - raw */
    int64_t off_ns;           /* of the server's clock, as TAI */
    int64_t there_ns, back_ns, inside_ns;
    int64_t raw_ns;    /* now */
    uint64_t transmit; /* of the last request */
    const struct tai_interval *known;
    uint32_t own_id;
    const struct ntp_key *sign_with; /* the server's */
    uint8_t reply[NTP_REQUEST_BYTES_MAX];
    size_t reply_len;
};

void ntp_world_init(struct ntp_world *w, int64_t poll_ns);
/* The same with a key on both sides. */
void ntp_world_key(struct ntp_world *w, const struct ntp_key *key);
/* UTC as the server would stamp it at true TAI `tai_ns`, by the table. */
uint64_t ntp_world_stamp(const struct ntp_world *w, int64_t tai_ns);
/* Sends a request at w->raw_ns, lets the server answer, moves raw_ns to the arrival; the reply is not handed in. */
void ntp_world_ask(struct ntp_world *w);
/* Makes w->reply again, out of `packet`. */
void ntp_world_seal(struct ntp_world *w, const struct ntp_packet *packet);
enum ntp_verdict ntp_world_deliver(struct ntp_world *w, struct ntp_measured *ret_measured);
/* Both; waits until the client wants to ask first. */
enum ntp_verdict ntp_world_exchange(struct ntp_world *w, struct ntp_measured *ret_measured);
/* Whether true TAI is within the measured error. */
bool ntp_world_true(const struct ntp_world *w, const struct ntp_measured *m);

#endif
