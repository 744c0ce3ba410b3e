/* SPDX-License-Identifier: Apache-2.0 */
/* Any datagram as a sample of chronyd's socket: what is taken is within its ranges, and written again and read again it is
 * the same to its resolution; what is not taken leaves the sample alone. */
#include "sdk/base/bug.h"
#include "server/clock/core/sock_sample.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define WRITABLE_NS INT64_C(1000000000000000000)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct sock_sample untouched = {-7, -7, -7, true, -7};
    struct sock_sample sample = untouched, again;
    uint8_t datagram[SOCK_SAMPLE_LEN];
    if (!sock_sample_parse(bytes_of(data, size), &sample)) {
        BUG_UNLESS(sample.realtime_ns == -7 && sample.offset_ns == -7 && sample.resolution_ns == -7 &&
                   sample.pulse && sample.leap == -7);
        return 0;
    }
    BUG_UNLESS(size == SOCK_SAMPLE_LEN && sample.realtime_ns >= 0 && sample.resolution_ns >= 1);
    BUG_UNLESS(sample.leap >= 0 && sample.leap <= 2 && sample.realtime_ns % 1000 == 0);
    if (sample.offset_ns <= -WRITABLE_NS || sample.offset_ns >= WRITABLE_NS)
        return 0;
    sock_sample_write(&sample, datagram);
    BUG_UNLESS(sock_sample_parse(bytes_of(datagram, sizeof datagram), &again));
    int64_t off_ns = again.offset_ns - sample.offset_ns;
    BUG_UNLESS(off_ns <= sample.resolution_ns && off_ns >= -sample.resolution_ns);
    BUG_UNLESS(again.realtime_ns == sample.realtime_ns && again.pulse == sample.pulse);
    BUG_UNLESS(again.leap == sample.leap);
    return 0;
}
