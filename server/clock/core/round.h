/* SPDX-License-Identifier: Apache-2.0 */
/* The master's round: out of everybody's references and oscillators, cluster time.
 *
 * Decides: the cluster line, on the master's own raw timeline: its phase, rate, half-width and status. Refuses: to step it
 * (phase only ever moves by rate, but for the very first line of a cluster, and a line that lies far outside of the references' hull), to poll or to send (node.c does, peer by peer),
 * and to say who lies.
 *
 * Model. Every second:
 *   - With references, the own one and those that members told of, each an interval on our timeline: m of them after
 *     correlated ones were counted once, f = (m - 1) / 2. The truth is in the hull of the points that m - f cover. The
 *     line is drawn to the fault-tolerant midpoint (f dropped from each end of the middles, the midpoint of the rest)
 *     clamped into that hull, over ROUND_SETTLE_NS, by at most ROUND_SLEW_PS; its rate learns from what remains. Its
 *     half-width is the distance to the farther end of the hull, wherever the line is.
 *   - A reference that is missing may be an honest one: it counts in f, not in m. While m <= 2f the hull is little worth (a liar
 *     can be an end of it), and a line that knows better runs freely.
 *   - Status: `synchronised` with three references or more behind the line, else `single-reference`. Our own one counts as the sources
 *     that it was made of (timekeeper.h), for we have seen them agree; another server's counts as one, whatever it was made of.
 *   - When no point is covered by m - f, or nobody has a reference (any more): the rate is the ensemble's (ensemble.h).
 *     A line that was absolute keeps its status, and its half-width grows: as a measured oscillator at first, as one of
 *     which only the declared bound is known after ROUND_HOLD_NS.
 *   - A line that never was absolute is `relative`: cluster time *is* the master's line, so it does not age here; its growth is what
 *     its rate may still change by, and the rate keeps to what was told with it (promise.h). What a
 *     new master inherited from the line it followed it keeps until no correction of its predecessor can be in use.
 * Servers that are not master keep the ensemble's book by the line they follow, so that each could go on at once.
 *
 * Worked number: five references around our line, in us: [-10,10] [-8,12] [-11,9] [70,90] [140,160]: m - f = 3 cover
 * [-8,9] only. Middles 0 2 -1 80 150: two dropped from each end leaves 2, inside: the line is drawn by +2 us, half-width
 * 9 us. An average of all would have been drawn by 46 us.
 *
 * Pure; one thread at a time. */
#ifndef SERVER_CLOCK_CORE_ROUND_H
#define SERVER_CLOCK_CORE_ROUND_H

#include "server/clock/core/ensemble.h"
#include "server/clock/core/promise.h"

#define ROUND_STEP_NS   INT64_C(1000000000) /* between steps */
#define ROUND_SETTLE_NS INT64_C(2000000000) /* in which a distance to the references is closed */
#define ROUND_SLEW_PS   INT64_C(100000000)  /* and not faster than by 100 ppm */
/* Relative time that turns out to be further than this from TAI ends, and absolute time begins where the references are:
 * drawing it there would take minutes to days, and what was relative never claimed to be near. An absolute line that lies
 * further than this outside of the references' hull, and whose interval reaches it, is set down where they are: its nodes slew there, each with what is left
 * in its half-width, and whoever starts or follows later is near at once. */
#define ROUND_BEGIN_AGAIN_NS INT64_C(1000000)
/* After this long a measured rate is worth no more than the data sheet. */
#define ROUND_HOLD_NS INT64_C(3600000000000)
/* A line that is worse than this for want of references is unknown: the page can hold no more. */
#define ROUND_WIDTH_NS_MAX INT64_C(1000000000000000)
enum { ROUND_REFERENCES_MAX = SYNC_SERVERS_MAX };

struct round_settings {
    sync_node_t self;
    uint32_t servers;     /* of the configuration, this one included */
    uint32_t f;           /* f_vote of them */
    tai_ppb_t rate_bound; /* rho of this node's oscillator, declared */
    tai_ppb_t floor;      /* what it may do meanwhile although its rate was measured (oscillator.h) */
    int64_t settle_ns;    /* corrections of a predecessor are in use no longer than this */
    int64_t in_use_ns;    /* our own corrections are in use no longer than this */
    int64_t life_ns;      /* expires - raw of the lines */
};

/* A reference on our own timeline, path and stamps already in its half-width. */
struct round_reference {
    sync_node_t node;
    struct sync_reference reference;
};

enum round_state {
    ROUND_IDLE,     /* not master */
    ROUND_NO_LINE,  /* master, nothing to start from yet */
    ROUND_STEERED,  /* by references */
    ROUND_HOLDOVER, /* was absolute, no hull now */
    ROUND_RELATIVE  /* never was */
};

struct round {
    struct round_settings settings;
    struct ensemble ensemble;
    struct promise promise; /* of a relative line */
    enum round_state state;
    struct sync_line line; /* cluster time, unless IDLE or NO_LINE */
    int64_t remainder_ps;  /* of line.tai, 0 to 999: seconds of rounding do not add up to a rate */
    int64_t free_ns;       /* for how long there has been no hull */
    int64_t base_ps;       /* the line's rate without what draws it to the references */
    int64_t vouched_ps;    /* what the references last said of the rate, */
    tai_ppb_t vouched_by;  /* and how wrong that may be */
    tai_mono_t since;      /* master since */
    bool begun;            /* in the last step the line began (again): it does not continue the one before */
    bool contradicted;     /* references there are, and no point that enough of them cover */
    uint32_t missing; /* set by the caller: servers that have a reference, or may, and could not be asked */
    uint32_t voices, f_ref; /* references that count, and how many may be false */
    uint32_t
        vouching; /* the same with the sources of our own reference, where it has several: for the status */
    int64_t hull_earliest_ns, hull_latest_ns; /* of the last step, against the line: information */
};

void round_init(struct round *r, const struct round_settings *settings);
/* Not master (any more): the followed line keeps the book of learned frequencies. `line` may be NULL when there is none,
 * then nothing is learned. */
void round_follow(struct round *r, tai_span_t elapsed, const struct sync_line *line,
                  const struct ensemble_reading *readings, size_t count);
/* Master from now on. `line`: what this node followed until now, on its timeline, at any reading not after `now`; NULL:
 * nothing, so the first step with references, or round_start, makes one. */
void round_take_up(struct round *r, tai_mono_t now, const struct sync_line *line);
/* Nothing to follow and no references: relative time begins at `tai`, with the rate that the ensemble was told. */
void round_start(struct round *r, sync_timeline_t timeline, tai_mono_t now, tai_t tai);
/* Our own timeline ended: not master for the purposes of this module until taken up again. */
void round_forget(struct round *r);
/* One step of the master at `now` (not before the last). References: at most ROUND_REFERENCES_MAX. True when there is a line. */
bool round_step(struct round *r, sync_timeline_t timeline, tai_mono_t now,
                const struct round_reference *references, size_t references_count,
                const struct ensemble_reading *readings, size_t readings_count);

/* Whether a reference can be true together with the hull of the last step; *ret_by_ns (>= 0) by how much not. True as
 * well when there was no hull. */
bool round_consistent(const struct round *r, const struct sync_reference *reference, int64_t *ret_by_ns);
/* How often to poll one of `clients`, given how often servers are polled and the longest interval configured: all
 * clients together are polled at most ROUND_CLIENT_POLLS_PER_S times a second. */
enum { ROUND_CLIENT_POLLS_PER_S = 100 };
int64_t round_client_poll_ns(uint32_t clients, int64_t poll_ns, int64_t poll_ns_max);
/* tai + elapsed at (1 + rate); rounded to nearest. |elapsed| up to 10^5 s, |rate| up to SYNC_RATE_PS_MAX. */
tai_t round_advance(tai_t tai, int64_t elapsed_ns, int64_t rate_ps_per_s);

#endif
