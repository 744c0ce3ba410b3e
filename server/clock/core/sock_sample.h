/* SPDX-License-Identifier: Apache-2.0 */
/* A sample as programs send it to a "refclock SOCK" of chronyd: one datagram of 40 bytes, native byte order and 64-bit time.
 *
 *      0 tv_sec   8 tv_usec   16 offset (double, s)   24 pulse   28 leap   32 unused   36 magic 0x534f434b
 *
 * At CLOCK_REALTIME tv, UTC was tv + offset. With `pulse` only the part of that below a second counts. `leap` is 0, 1 (a second 60
 * comes) or 2 (a second 59 goes).
 *
 * Decides: the form, and the one rounding of `offset` to nanoseconds. An offset so large that a double cannot say its
 * nanoseconds (beyond 4 million s) is good to what it can, and that is said.
 *
 * Source: chrony's documentation of "refclock SOCK" (chrony.conf(5)). Pure; any thread. */
#ifndef SERVER_CLOCK_CORE_SOCK_SAMPLE_H
#define SERVER_CLOCK_CORE_SOCK_SAMPLE_H

#include "sdk/base/bytes.h"

enum { SOCK_SAMPLE_LEN = 40, SOCK_SAMPLE_MAGIC = 0x534f434b };

struct sock_sample {
    int64_t realtime_ns;   /* tv */
    int64_t offset_ns;     /* add to it to reach UTC */
    int64_t resolution_ns; /* of both together, >= 1 */
    bool pulse;
    int32_t leap;
};

/* False (untouched): another length or magic, a time or an offset that cannot be, a leap beyond 2. */
bool sock_sample_parse(struct bytes datagram, struct sock_sample *ret_sample);
/* realtime_ns is cut to microseconds: the offset is as good there. realtime_ns >= 0, |offset_ns| below 10^18. */
void sock_sample_write(const struct sock_sample *sample, uint8_t ret_datagram[SOCK_SAMPLE_LEN]);

#endif
