/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/ntp_world.h"

#include <check.h>
#include <string.h>

#include "sdk/io/openssl.h"
#include "sdk/time/arith.h"
#include "sdk/time/ntp.h"
#include "sdk/time/page.h"

static const sync_timeline_t local = {77};

void ntp_world_init(struct ntp_world *w, int64_t poll_ns)
{
    *w = (struct ntp_world){
        .leaps.table = {.tai_utc_s = WORLD_TAI_UTC_S,
                        .next_tai_utc_s = WORLD_TAI_UTC_S,
                        .next = {PAGE_NEVER},
                        .expires = {WORLD_BASE_NS + 200 * 86400 * WORLD_S}},
        .server = {.version = 4,
                   .mode = NTP_MODE_SERVER,
                   .stratum = 1,
                   .precision = -24,
                   .root_dispersion = 65,
                   .reference_id = 0x47505300},
        .base_ns = WORLD_BASE_NS,
        .there_ns = 200000,
        .back_ns = 200000,
        .inside_ns = 20000,
        .raw_ns = 1000 * WORLD_S,
        .transmit = 0x1234567890abcdef,
    };
    ntp_client_init(&w->client, &(struct ntp_client_settings){.poll_ns = poll_ns}, (tai_mono_t){w->raw_ns});
}

void ntp_world_key(struct ntp_world *w, const struct ntp_key *key)
{
    struct ntp_client_settings settings = {
        .poll_ns = w->client.settings.poll_ns, .has_key = true, .key = *key, .mac = openssl_mac};
    ntp_client_init(&w->client, &settings, (tai_mono_t){w->raw_ns});
    w->sign_with = key;
}

uint64_t ntp_world_stamp(const struct ntp_world *w, int64_t tai_ns)
{
    int64_t offset = w->leaps.table.tai_utc_s, ns;
    if (tai_ns >= w->leaps.table.next.ns)
        offset = w->leaps.table.next_tai_utc_s;
    else if (w->leaps.has_last && tai_ns < w->leaps.last.ns)
        offset -= w->leaps.last_step_s;
    int64_t posix = arith_div_floor(tai_ns - offset * WORLD_S, WORLD_S, &ns);
    return ntp_timestamp_from_posix(posix, (int32_t)ns);
}

void ntp_world_seal(struct ntp_world *w, const struct ntp_packet *packet)
{
    uint8_t header[NTP_HEADER_BYTES];
    ntp_packet_write(packet, header);
    struct out o = out_of(w->reply, sizeof w->reply);
    out_bytes(&o, bytes_of(header, sizeof header));
    if (w->sign_with != NULL)
        ck_assert(ntp_packet_seal(&o, w->sign_with, openssl_mac, NULL));
    w->reply_len = o.len;
}

void ntp_world_ask(struct ntp_world *w)
{
    uint8_t request[NTP_REQUEST_BYTES_MAX];
    w->transmit = w->transmit * UINT64_C(6364136223846793005) + 1442695040888963407u;
    w->transmit += w->transmit == 0;
    ck_assert(ntp_client_request(&w->client, local, (tai_mono_t){w->raw_ns}, 0, w->transmit, request) > 0);
    ck_assert(be64_read(request + 40) == w->transmit);
    int64_t arrives = w->raw_ns + w->there_ns + w->base_ns, leaves = arrives + w->inside_ns;
    struct ntp_packet p = w->server;
    p.origin = w->transmit;
    if (p.stratum != 0) {
        p.reference = ntp_world_stamp(w, arrives + w->off_ns - 10 * WORLD_S);
        p.receive = ntp_world_stamp(w, arrives + w->off_ns);
        p.transmit = ntp_world_stamp(w, leaves + w->off_ns);
    }
    ntp_world_seal(w, &p);
    w->raw_ns += w->there_ns + w->inside_ns + w->back_ns;
}

enum ntp_verdict ntp_world_deliver(struct ntp_world *w, struct ntp_measured *ret_measured)
{
    struct ntp_arrival a = {.timeline = local,
                            .placed = true,
                            .raw = {w->raw_ns},
                            .leaps = &w->leaps,
                            .known = w->known,
                            .own_id = w->own_id};
    return ntp_client_reply(&w->client, bytes_of(w->reply, w->reply_len), &a, ret_measured);
}

enum ntp_verdict ntp_world_exchange(struct ntp_world *w, struct ntp_measured *ret_measured)
{
    int64_t due = ntp_client_due(&w->client).ns;
    if (due > w->raw_ns)
        w->raw_ns = due;
    ntp_world_ask(w);
    return ntp_world_deliver(w, ret_measured);
}

bool ntp_world_true(const struct ntp_world *w, const struct ntp_measured *m)
{
    int64_t off = m->tai.ns - (m->raw.ns + w->base_ns);
    return off <= m->error_ns && off >= -m->error_ns;
}
