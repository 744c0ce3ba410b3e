/* SPDX-License-Identifier: Apache-2.0 */
#include "server/clock/core/sock_sample.h"

#include <string.h>

#include "sdk/time/arith.h"

enum { LEAP_MAX = 2, US_PER_S = 1000000, NS_PER_US = 1000 };

struct datagram {
    int64_t s, us;
    double offset_s;
    int32_t pulse, leap, unused, magic;
};
_Static_assert(sizeof(struct datagram) == SOCK_SAMPLE_LEN, "as chronyd has it where time_t has 64 bits");

/* Beyond these a number of ns would not fit, and no clock is that wrong. */
#define OFFSET_S_MAX 9.0e9
/* A double has 53 bits: half a unit of the last place of what is above 2^22 s is 0.5 ns. */
#define EXACT_S 4194304.0

/* Rounded away from zero at halves; |s| <= OFFSET_S_MAX. */
static int64_t to_ns(double s)
{
    double ns = s * 1e9;
    return (int64_t)(ns < 0 ? ns - 0.5 : ns + 0.5);
}

static double magnitude(double v)
{
    return v < 0 ? -v : v;
}

bool sock_sample_parse(struct bytes bytes, struct sock_sample *ret_sample)
{
    struct datagram d;
    if (bytes.len != SOCK_SAMPLE_LEN)
        return false;
    memcpy(&d, bytes.data, sizeof d);
    bool finite = d.offset_s >= -OFFSET_S_MAX && d.offset_s <= OFFSET_S_MAX; /* false for NaN */
    int64_t realtime_ns;
    if (d.magic != SOCK_SAMPLE_MAGIC || !finite || d.s < 0 || d.us < 0 || d.us >= US_PER_S || d.leap < 0 ||
        d.leap > LEAP_MAX || !arith_join(d.s, (int32_t)(d.us * NS_PER_US), &realtime_ns))
        return false;
    *ret_sample = (struct sock_sample){
        .realtime_ns = realtime_ns,
        .offset_ns = to_ns(d.offset_s),
        /* 2^-52 of what it is, in ns, is more than its last place. */
        .resolution_ns =
            magnitude(d.offset_s) <= EXACT_S ? 1 : (int64_t)(magnitude(d.offset_s) / EXACT_S) + 1,
        .pulse = d.pulse != 0,
        .leap = d.leap,
    };
    return true;
}

void sock_sample_write(const struct sock_sample *sample, uint8_t ret_datagram[SOCK_SAMPLE_LEN])
{
    int64_t ns;
    struct datagram d = {.pulse = sample->pulse, .leap = sample->leap, .magic = SOCK_SAMPLE_MAGIC};
    d.s = arith_div_floor(sample->realtime_ns, NS_PER_S, &ns);
    d.us = ns / NS_PER_US;
    d.offset_s = (double)sample->offset_ns / 1e9;
    memcpy(ret_datagram, &d, sizeof d);
}
