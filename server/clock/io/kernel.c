/* SPDX-License-Identifier: Apache-2.0 */
#include "server/clock/io/kernel.h"

#include "client/io/clocks.h"
#include "client/io/steer.h"

enum { STATE_TRIES = 4 };

static void read_clocks(struct reference_sample *sample)
{
    struct clocks_pair pair;
    clocks_pair_read(&pair);
    sample->raw = pair.raw;
    sample->realtime_ns = pair.realtime_ns;
    sample->width.ns = pair.width_ns;
}

static void read_state(struct keeper_kernel *ret_kernel)
{
    struct steer_state state;
    steer_state_read(&state);
    *ret_kernel = (struct keeper_kernel){.known = state.known};
    if (!state.known)
        return;
    ret_kernel->maxerror_us = state.maxerror_us;
    ret_kernel->offset_ns = state.offset_ns;
    ret_kernel->unsynchronised = state.unsynchronised;
    ret_kernel->tai_offset_s = state.tai_utc_s;
    ret_kernel->asleep_ns = clocks_asleep_ns();
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
    return clocks_source_number();
}
