/* SPDX-License-Identifier: Apache-2.0 */
/* A hybrid logical clock: stamps that respect cause and effect and stay near physical time.
 *
 * Decides: the stamp of a message that leaves, and what a message that came does to the clock. Refuses: a message whose
 * stamp lies further ahead of physical time than the caller allows, for one broken clock must not drag all others
 * along. A clock that does not know physical time cannot judge that, so it lets messages pass and does not follow them: one
 * stamp from the year 2200, kept on the disk, would make its own messages the far future of everybody else. It never
 * reads a clock: `physical` is the caller's best idea of TAI now, 0 while it has none.
 *
 * Model. A stamp is (l, c); stamps are ordered by l, then c. For a message that leaves:
 *     l' = max(l, physical); c' = c + 1 when l' = l, else 0
 * and for one that came with (m.l, m.c):
 *     l' = max(l, m.l, physical); c' = max(c, m.c) + 1, c + 1, m.c + 1 or 0 as l' equals both, ours, theirs or neither.
 * A counter that reaches HLC_COUNTER_MAX is carried: l' + 1, 0 is later than l', c' for any c', so nobody can make
 * somebody else's counter overflow. Source: S. Kulkarni et al., "Logical Physical Clocks and Consistent Snapshots in
 * Globally Distributed Databases", OPODIS 2014, figure 5.
 *
 * Worked number: the clock stands at (1000, 4) and a message with (1000, 7) comes at physical 990: now (1000, 8). The
 * next message leaves at physical 1020: (1020, 0).
 *
 * Restarts. The clock never decreases across them: every stamp has l < reserved, where `reserved` is a number that is on
 * the disk. A new life starts at l = reserved of the old one, which is later than all that the old one sent. When
 * hlc_reserve_wanted says so, the caller writes a larger number and then tells hlc_reserved. While that write is late the
 * clock stands just below the reserve and counts; what a message would have raised it to beyond is made up after the
 * write. The reserve reaches HLC_RESERVE_NS beyond physical time and is never raised for its own sake, so that a node that is
 * started again and again does not run away: it is at most HLC_RESERVE_NS ahead, which is less than the HLC_AHEAD_NS
 * that others accept.
 *
 * Time set back. A cluster without references may run an hour ahead until the first one appears. Stamps then stay ahead of
 * physical time, rightly; so "too far ahead" is measured from the latest time that this node itself believed in (over
 * restarts: from the reserve), or all nodes would refuse each other for that hour. Nobody else can move that mark.
 *
 * One thread at a time. */
#ifndef SDK_TIME_HLC_H
#define SDK_TIME_HLC_H

#include <stdbool.h>

#include "taistamp/time.h"

/* How far ahead of physical time a stamp may be, by default. */
#define HLC_AHEAD_NS INT64_C(60000000000)
/* How far ahead of physical time the reserve is written, and how little of it may be left before that is done again. */
#define HLC_RESERVE_NS     INT64_C(30000000000)
#define HLC_RESERVE_LOW_NS INT64_C(15000000000)
/* The largest l of all: year 2223, as the clock page has it. */
#define HLC_L_NS_MAX INT64_C(8000000000000000000)
/* Counters from here on are carried into l. */
#define HLC_COUNTER_MAX UINT32_C(0x40000000)

struct hlc_stamp {
    int64_t l_ns; /* 0 to HLC_L_NS_MAX */
    uint32_t c;
};

struct hlc {
    struct hlc_stamp now; /* the latest stamp given or received */
    int64_t reserved_ns;  /* every stamp given has l below it */
    int64_t believed_ns;  /* the latest physical time that the caller believed in */
    int64_t owed_ns;      /* where it would stand but for the reserve; 0: it stands there */
};

enum hlc_verdict {
    HLC_OK = 0,
    HLC_FUTURE /* too far ahead: the clock is as it was */
};

/* < 0, 0, > 0 as a is before, equal to or after b. */
int hlc_compare(struct hlc_stamp a, struct hlc_stamp b);

/* A new life. `stored_ns`: what was on the disk, 0 when nothing was. No stamp can be given before hlc_reserved. */
void hlc_init(struct hlc *h, int64_t stored_ns);
/* The number to put on the disk now, in *ret_reserve_ns (larger than the one there): true when the reserve is low at
 * `physical`, or the clock owes a message. Ask after each event. */
bool hlc_reserve_wanted(const struct hlc *h, tai_t physical, int64_t *ret_reserve_ns);
/* `reserve_ns` is on the disk now (HLC_L_NS_MAX from callers that keep nothing). Smaller than before is no change. */
void hlc_reserved(struct hlc *h, int64_t reserve_ns);
/* True when a stamp can be given: something is reserved. */
bool hlc_ready(const struct hlc *h);

/* The stamp of a message that leaves at `physical`; later than every stamp before. Only when hlc_ready. */
struct hlc_stamp hlc_send(struct hlc *h, tai_t physical);
/* A message with stamp `m` (l within 0 to HLC_L_NS_MAX) came at `physical`. HLC_FUTURE when m.l is more than `ahead_ns`
 * after it and all earlier ones. With physical 0 the message passes and the clock only counts. */
enum hlc_verdict hlc_receive(struct hlc *h, tai_t physical, int64_t ahead_ns, struct hlc_stamp m);

#endif
