/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as what stands in a segment of NTP's shared memory, look after look: a sample is within its ranges, is given
 * once, and is none while the segment changes under the reader. */
#include <string.h>

#include "sdk/base/bug.h"
#include "server/clock/core/shm_segment.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define S INT64_C(1000000000)

static const struct shm_sample untouched = {-7, -7, -7, -7, -7};

static void judge(const struct shm_segment *copy, const struct shm_sample *s)
{
    BUG_UNLESS(copy->mode == 0 || copy->mode == 1);
    BUG_UNLESS(s->posix_s >= 0 && s->posix_s == copy->clock_s && s->ns >= 0 && s->ns < S);
    BUG_UNLESS(s->ns / 1000 == copy->clock_us);
    BUG_UNLESS(s->receive_ns / S == copy->receive_s || copy->receive_s < 0);
    BUG_UNLESS(s->resolution_ns == 1 || s->resolution_ns == 1000);
    BUG_UNLESS(s->leap >= 0 && s->leap <= 2);
}

/* A look at `copy`, and what stands there right after it. */
static void look(struct shm_reader *reader, const struct shm_segment *copy, const struct shm_segment *again)
{
    struct shm_sample sample = untouched;
    enum shm_verdict v = shm_read(reader, copy, again, &sample);
    BUG_UNLESS(v <= SHM_BAD);
    if (v != SHM_SAMPLE) {
        BUG_UNLESS(sample.posix_s == -7 && sample.ns == -7 && sample.receive_ns == -7 &&
                   sample.resolution_ns == -7 && sample.leap == -7);
        return;
    }
    BUG_UNLESS(copy->count == again->count);
    judge(copy, &sample);
    BUG_UNLESS(shm_read(reader, copy, copy, &sample) == SHM_NO_NEWS);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct shm_reader still = {.has_last = false}, moving = still;
    struct shm_segment segment, before = {0};
    for (size_t at = 0; at + sizeof segment <= size; at += sizeof segment) {
        memcpy(&segment, data + at, sizeof segment);
        look(&still, &segment, &segment);
        look(&moving, &before, &segment);
        before = segment;
    }
    return 0;
}
