/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as the reply of an NTP server: what parses is written back as it was, and the client, which finds in it the
 * random number it sent, gives a verdict; what it measures is no narrower than the round trip. */
#include <string.h>

#include "sdk/base/bug.h"
#include "sdk/io/openssl.h"
#include "sdk/time/page.h"
#include "server/clock/core/ntp_client.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define RANDOM  UINT64_C(0x0123456789abcdef)
#define RAW_NS  INT64_C(5000000000)
#define TRIP_NS 800000

static void client(const uint8_t *data, size_t size, bool key)
{
    struct ntp_client c;
    uint8_t request[NTP_REQUEST_BYTES_MAX];
    struct ntp_client_settings settings = {.poll_ns = INT64_C(64000000000),
                                           .has_key = key,
                                           .key = {.id = 1, .algorithm = MAC_AES128_CMAC, .len = 16},
                                           .mac = openssl_mac};
    struct utc_leaps leaps = {.table = {.tai_utc_s = 37,
                                        .next_tai_utc_s = 38,
                                        .next = {INT64_C(1814400038000000000)},
                                        .expires = {INT64_C(1830000000000000000)}}};
    struct ntp_arrival a = {.timeline = {1}, .placed = true, .leaps = &leaps, .own_id = 7};
    struct ntp_measured m;
    ntp_client_init(&c, &settings, (tai_mono_t){RAW_NS});
    for (int i = 0; i < 3; i++) {
        int64_t raw = RAW_NS * (i + 1);
        (void)ntp_client_request(&c, (sync_timeline_t){1}, (tai_mono_t){raw}, 0, RANDOM, request);
        a.raw.ns = raw + TRIP_NS;
        enum ntp_verdict v = ntp_client_reply(&c, bytes_of(data, size), &a, &m);
        BUG_UNLESS(v < NTP_VERDICTS && c.counts[v] > 0 && ntp_verdict_means(v) < REFCLOCK_VERDICTS);
        BUG_UNLESS(!key || v != NTP_OK);
        BUG_UNLESS(v != NTP_OK || (m.raw.ns == a.raw.ns && m.error_ns > 0));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ntp_packet packet;
    struct ntp_tail tail;
    uint8_t copy[1500], header[NTP_HEADER_BYTES];
    if (ntp_packet_parse(bytes_of(data, size), &packet, &tail)) {
        ntp_packet_write(&packet, header);
        BUG_UNLESS(memcmp(header, data, sizeof header) == 0);
        BUG_UNLESS(tail.covered.len + tail.code.len <= size && tail.code.len <= NTP_CODE_BYTES_MAX);
    }
    client(data, size, false);
    if (size < NTP_HEADER_BYTES || size > sizeof copy)
        return 0;
    memcpy(copy, data, size);
    be64_write(copy + 24, RANDOM);
    client(copy, size, false);
    client(copy, size, true);
    return 0;
}
