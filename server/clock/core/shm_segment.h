/* SPDX-License-Identifier: Apache-2.0 */
/* A segment of NTP's shared memory: what stands in it, and whether it is news.
 *
 * 96 bytes, native byte order, 64-bit time_t; key SHM_SEGMENT_KEY + unit. The writer sets:
 *
 *      0 mode     4 count    8 clock: seconds    16 clock: us     24 receive: seconds   32 receive: us   36 leap
 *     40 precision   44 nsamples   48 valid   52 clock: ns   56 receive: ns   60 32 bytes unused
 *
 * "clock" is UTC by the source as POSIX time, "receive" is CLOCK_REALTIME at that moment. The ns fields hold the whole fraction when
 * they agree with the us fields, which older writers set alone.
 *
 * Decides: whether a copy is whole and new. Mode 1: the writer counts before and after, so a copy between two equal counts is
 * whole. Mode 0 has no such guard: there a copy counts when the one made right after it is the same. `valid` is for readers that
 * clear it; this one writes nothing, so that it may read beside another: news is what differs from the last sample. What is not
 * valid has been read by another or is being written: it counts when it is the same at the next look.
 *
 * Source: ntpd's documentation, "Shared Memory Driver" (driver 28). Pure; any thread. */
#ifndef SERVER_CLOCK_CORE_SHM_SEGMENT_H
#define SERVER_CLOCK_CORE_SHM_SEGMENT_H

#include <stdbool.h>
#include <stdint.h>

enum { SHM_SEGMENT_KEY = 0x4e545030 };

struct shm_segment {
    int32_t mode, count;
    int64_t clock_s;
    int32_t clock_us, unused_1;
    int64_t receive_s;
    int32_t receive_us, leap, precision, nsamples, valid;
    uint32_t clock_ns, receive_ns;
    int32_t unused_2[8];
    int32_t unused_3;
};
_Static_assert(sizeof(struct shm_segment) == 96, "as ntpd has it where time_t has 64 bits");

enum shm_verdict {
    SHM_SAMPLE,
    SHM_NO_NEWS,  /* not valid, or the last one again */
    SHM_TORN,     /* being written */
    SHM_UNSYNCED, /* the writer says that its time is no good (leap 3) */
    SHM_BAD       /* an unknown mode, a fraction or a date that cannot be */
};

struct shm_sample {
    int64_t posix_s; /* UTC by the source */
    int32_t ns;
    int64_t receive_ns;    /* CLOCK_REALTIME, ns since 1970 */
    int64_t resolution_ns; /* both may be cut by this much: 1 or 1000 */
    int32_t leap;          /* 0, 1: a second 60 comes, 2: a second 59 goes */
};

struct shm_reader {
    bool has_last;
    int32_t count;
    int64_t posix_s, receive_ns;
    int32_t ns;
    struct shm_segment pending; /* the last look's, when it was not valid */
};

/* Two copies, made one after the other: in mode 1 `again` needs its count only. *ret_sample untouched unless SHM_SAMPLE. */
enum shm_verdict shm_read(struct shm_reader *reader, const struct shm_segment *copy,
                          const struct shm_segment *again, struct shm_sample *ret_sample);

#endif
