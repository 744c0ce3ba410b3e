/* SPDX-License-Identifier: Apache-2.0 */
/* The machine's clocks, read once for each wake-up.
 *
 * It decides which RAW reading belongs to which REALTIME reading, how far apart they may be, and when the raw timeline
 * is another one than before. It refuses to decide what the time is, and what to do about a timeline that ended.
 *
 * Model. A sandwich: RAW, REALTIME, RAW; REALTIME was read somewhere between the two, so it belongs to their middle, give or
 * take half their distance. Of eight the tightest is kept. BOOTTIME is brought to the same instant: a process that
 * loses its processor between two readings must not look as if the machine had slept.
 *
 * Worked number: RAW 5,000,000,100 and 5,000,000,160 around REALTIME r: r belongs to RAW 5,000,000,130 +- 31 ns.
 *
 * The timeline's id is a hash of `salt`, the boot id, the clocksource, the time slept, the marks of VMClock and the number of
 * breaks seen. It changes with
 *   - a boot;
 *   - another clocksource (seen within a second);
 *   - a suspend: BOOTTIME - MONOTONIC grew, which it does by nothing else (RAW stood still);
 *   - VMClock's disruption marker or VM generation (vmclock.h).
 * A daemon that is started again finds the same id where none of that happened, or a new one, never an old one of
 * before a break. Not noticed: a virtual machine frozen with all its clocks, where there is no VMClock. It shows in the next
 * exchange with another machine only.
 *
 * Under clknetsim there is no BOOTTIME (boot_ns is RAW), the boot id is that of the machine that simulates, so
 * `salt` (the node's number) tells the nodes apart, and before the first wake-up of the event loop every reading is 101
 * ns or a few times that later than the last: do not call clocks_read before it.
 *
 * Thread rule: one thread per struct. Sources: clock_gettime(2), Linux kernel/time/timekeeping.c. */
#ifndef CLIENT_IO_CLOCKS_H
#define CLIENT_IO_CLOCKS_H

#include "client/core/engine.h"
#include "client/io/vmclock.h"

enum { CLOCKS_SOURCE_BYTES = 32, CLOCKS_BOOT_BYTES = 40 /* 36 characters and LF */ };

/* Why a timeline ended; a mask. */
enum clocks_break {
    CLOCKS_SLEPT = 1,
    CLOCKS_SOURCE_CHANGED = 2,
    CLOCKS_VM_DISRUPTED = 4, /* moved to another host */
    CLOCKS_VM_RESTORED = 8   /* from a snapshot, or cloned */
};

/* Where to look; for tests. */
struct clocks_paths {
    const char *boot_id, *clocksource, *vmclock;
};

struct clocks {
    uint64_t salt;
    uint8_t boot_id[CLOCKS_BOOT_BYTES]; /* as text; zeroes where the system shows none */
    int source_fd;
    uint8_t source[CLOCKS_SOURCE_BYTES]; /* name of the clocksource, zero-padded */
    struct vmclock vmclock;
    bool has_marks;
    struct vmclock_marks marks;
    bool started;
    int64_t asleep_ns; /* BOOTTIME - MONOTONIC when last looked at */
    int64_t source_raw_ns;
    uint64_t breaks;     /* seen by this struct */
    uint32_t break_mask; /* of enum clocks_break, until clocks_breaks is called */
    sync_timeline_t timeline;
};

/* RAW and REALTIME of one instant: REALTIME was `realtime_ns` at RAW `raw`, give or take `width_ns`. */
struct clocks_pair {
    tai_mono_t raw;
    int64_t realtime_ns, width_ns;
};
void clocks_pair_read(struct clocks_pair *ret_pair);
/* How long the machine has slept since it was started; 0 where there is no BOOTTIME. Good to a microsecond. */
int64_t clocks_asleep_ns(void);
/* A number that names the clocksource in use; 0 where the kernel does not show it. */
uint64_t clocks_source_number(void);

/* Reads no clock. `salt`: the node's number. */
void clocks_open(struct clocks *clocks, uint64_t salt);
void clocks_open_at(struct clocks *clocks, uint64_t salt, const struct clocks_paths *paths);
void clocks_close(struct clocks *clocks);
/* One reading of all; about a microsecond. */
void clocks_read(struct clocks *clocks, struct engine_now *ret_now);
/* Why timelines have ended since the last call; a mask of enum clocks_break, for the log. */
uint32_t clocks_breaks(struct clocks *clocks);

#endif
