/* SPDX-License-Identifier: Apache-2.0 */
#include "server/clock/core/shm_segment.h"

#include <string.h>

#include "sdk/time/arith.h"

enum { NS_PER_US = 1000, US_PER_S = 1000000, LEAP_MAX = 2, LEAP_UNSYNCED = 3 };

/* ns of a second out of both fields. False: they are out of range. */
static bool fraction(int32_t us, uint32_t ns, int32_t *ret_ns, int64_t *resolution_ns)
{
    if (us < 0 || us >= US_PER_S)
        return false;
    bool fine = ns < (uint32_t)NS_PER_S && ns / NS_PER_US == (uint32_t)us;
    *ret_ns = fine ? (int32_t)ns : us * NS_PER_US;
    if (!fine)
        *resolution_ns = NS_PER_US;
    return true;
}

static bool is_whole(const struct shm_segment *a, const struct shm_segment *b)
{
    return a->count == b->count && (a->mode == 1 || memcmp(a, b, sizeof *a) == 0);
}

enum shm_verdict shm_read(struct shm_reader *reader, const struct shm_segment *copy,
                          const struct shm_segment *again, struct shm_sample *ret_sample)
{
    if (copy->mode != 0 && copy->mode != 1)
        return SHM_BAD;
    if (!is_whole(copy, again))
        return SHM_TORN;
    struct shm_sample s = {.posix_s = copy->clock_s, .resolution_ns = 1, .leap = copy->leap};
    int32_t receive_ns = 0;
    if (!fraction(copy->clock_us, copy->clock_ns, &s.ns, &s.resolution_ns) ||
        !fraction(copy->receive_us, copy->receive_ns, &receive_ns, &s.resolution_ns) ||
        !arith_join(copy->receive_s, receive_ns, &s.receive_ns) || s.receive_ns < 0 || s.posix_s < 0)
        return SHM_BAD;
    bool same = reader->has_last && reader->count == copy->count && reader->posix_s == s.posix_s &&
                reader->ns == s.ns && reader->receive_ns == s.receive_ns;
    /* Nobody has written yet, or the one sample was taken and its writer is gone. */
    if (same || (copy->valid == 0 && copy->receive_s == 0))
        return SHM_NO_NEWS;
    if (copy->valid == 0 && memcmp(copy, &reader->pending, sizeof *copy) != 0) {
        reader->pending = *copy;
        return SHM_TORN;
    }
    *reader = (struct shm_reader){true, copy->count, s.posix_s, s.receive_ns, s.ns, reader->pending};
    if (s.leap == LEAP_UNSYNCED)
        return SHM_UNSYNCED;
    if (s.leap < 0 || s.leap > LEAP_MAX)
        return SHM_BAD;
    *ret_sample = s;
    return SHM_SAMPLE;
}
