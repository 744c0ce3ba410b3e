/* SPDX-License-Identifier: Apache-2.0 */
#include "server/clock/io/kernel.h"

#include <fcntl.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

#include "sdk/base/crc32c.h"
#include "sdk/time/arith.h"

enum { SANDWICHES = 8, STATE_TRIES = 4, NS_PER_US = 1000 };

static int64_t clock_ns(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return (int64_t)t.tv_sec * NS_PER_S + t.tv_nsec;
}

static void read_clocks(struct reference_sample *sample)
{
    int64_t best = INT64_MAX;
    for (int i = 0; i < SANDWICHES; i++) {
        int64_t before = clock_ns(CLOCK_MONOTONIC_RAW);
        int64_t realtime = clock_ns(CLOCK_REALTIME);
        int64_t after = clock_ns(CLOCK_MONOTONIC_RAW);
        if (after - before >= best)
            continue;
        best = after - before;
        sample->raw.ns = before + best / 2;
        sample->realtime_ns = realtime;
        sample->width.ns = best / 2 + 1;
    }
}

/* Two readings a moment apart: later by as much as that took, in the least of several. */
static int64_t read_asleep(void)
{
    int64_t least = INT64_MAX;
    for (int i = 0; i < SANDWICHES; i++) {
        int64_t before = clock_ns(CLOCK_MONOTONIC);
        int64_t asleep = clock_ns(CLOCK_BOOTTIME) - before;
        least = asleep < least ? asleep : least;
    }
    return least;
}

static void read_state(struct keeper_kernel *ret_kernel)
{
    struct timex tx = {.modes = 0};
    *ret_kernel = (struct keeper_kernel){.known = adjtimex(&tx) >= 0};
    if (!ret_kernel->known)
        return;
    ret_kernel->maxerror_us = tx.maxerror;
    ret_kernel->offset_ns = (tx.status & STA_NANO) != 0 ? tx.offset : tx.offset * NS_PER_US;
    ret_kernel->unsynchronised = (tx.status & (STA_UNSYNC | STA_CLOCKERR)) != 0;
    ret_kernel->tai_offset_s = tx.tai;
    ret_kernel->asleep_ns = read_asleep();
}

static bool is_same(const struct keeper_kernel *a, const struct keeper_kernel *b)
{
    return a->known == b->known && a->maxerror_us == b->maxerror_us && a->offset_ns == b->offset_ns &&
           a->unsynchronised == b->unsynchronised;
}

void kernel_read(struct reference_sample *sample)
{
    read_state(&sample->kernel);
    for (int i = 0; i < STATE_TRIES; i++) {
        struct keeper_kernel before = sample->kernel;
        read_clocks(sample);
        read_state(&sample->kernel);
        if (is_same(&before, &sample->kernel))
            return;
    }
    /* Written again and again within microseconds: no error belongs to this reading. */
    sample->kernel.known = false;
}

uint64_t kernel_timeline(void)
{
    uint8_t name[64];
    int fd = open("/sys/devices/system/clocksource/clocksource0/current_clocksource", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    ssize_t n = read(fd, name, sizeof name);
    close(fd);
    return n > 0 ? crc32c(bytes_of(name, (size_t)n)) : 0;
}
