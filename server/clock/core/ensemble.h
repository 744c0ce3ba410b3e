/* SPDX-License-Identifier: Apache-2.0 */
/* The time scale of a cluster without references: how fast cluster time runs, made of many oscillators.
 *
 * Decides the rate of cluster time against the master's raw timeline, and who has a say in it. Refuses to decide
 * its phase: phase is the integral of the rate, so nothing that happens here can step it. Refuses, too, to call
 * anybody faulty: a member that differs is outvoted, no more.
 *
 * Model (as national laboratories make theirs, AT1): every member keeps a *learned frequency* y, the rate of cluster
 * time against its own raw timeline. With p, the measured rate of its timeline against ours, it predicts that
 * cluster time runs at (1 + y)(1 + p) - 1 against ours. What it predicts minus how fast we run is its *prediction
 * residual*, and cluster time is steered by an average of residuals, never by an average of frequencies: a member
 * that is 12 ppm fast and has always been so has residual zero, and its death changes nothing.
 *
 *   - founders: while nobody has learned anything, the rate is the one the master came with, then follows the trimmed
 *     mean of the founders' oscillators as measurements become better; when most are measured well, it is frozen and
 *     each one's y follows from it.
 *   - the average: of the weighing members' residuals the largest mutually close cluster is kept, f of it dropped
 *     from each end, the rest averaged. No rule of k sigma: 3 sigma can reject nothing among ten or fewer.
 *   - a newcomer, or a member whose timeline changed, weighs nothing until its y is learned against the others.
 *   - a new master goes on with the rate of the line it followed and with the y that the members tell of
 *     themselves (they know it from the corrections they had), so that a hand-over moves nothing.
 *
 * Worked number: oscillators of +12 -7 +3 -15 +9 ppm, f = 1. Founded, cluster time runs at the mean of -7, +3, +9 =
 * +1.667 ppm against the truth; against the first's raw timeline at -10.333 ppm, against the second's at +8.667.
 * The first dies, the second leads: the others predict 8.667 ppm against it and the rate stays. A bare trimmed mean
 * of the frequencies would have jumped by 3.7 ppm.
 *
 * All rates are ps per raw second (10^-12), positive: gains. Integers only. Source: Levine, "Introduction to time
 * and frequency metrology", Rev. Sci. Instrum. 70, 2567 (1999), on AT1. One thread at a time. */
#ifndef SERVER_CLOCK_CORE_ENSEMBLE_H
#define SERVER_CLOCK_CORE_ENSEMBLE_H

#include "sdk/sync/sync.h"

enum { ENSEMBLE_MEMBERS_MAX = SYNC_SERVERS_MAX };

/* A member weighs while the rate of its oscillator against ours is known this well (1 sigma): a hundredth of what
 * we promise for a hand-over, 0.1 ppm, is lost in an average of some. */
#define ENSEMBLE_SKEW_PS_MAX INT64_C(30000)
/* Founders may be measured as roughly as this while the rate looks for its place. */
#define ENSEMBLE_ROUGH_PS_MAX INT64_C(1000000)
/* Residuals within this of each other are "mutually close": what honest, measured oscillators can differ by. */
#define ENSEMBLE_CLOSE_PS INT64_C(200000)
/* How fast the rate follows the average: slower than measurements wobble, faster than a room changes temperature. */
#define ENSEMBLE_FOLLOW_NS INT64_C(64000000000)
/* A newcomer is learned over this long before it weighs, and from then on follows over the second. */
#define ENSEMBLE_LEARN_NS  INT64_C(30000000000)
#define ENSEMBLE_MEMORY_NS INT64_C(2000000000000)
/* A member that is further than ENSEMBLE_CLOSE_PS from what was learned of it for this long is a newcomer again. */
#define ENSEMBLE_STRANGE_NS INT64_C(10000000000)
/* While founding the rate follows the founders' mean this fast. */
#define ENSEMBLE_FOUNDING_NS INT64_C(4000000000)
/* How long founders wait for the last of the servers once most of them are measured. */
#define ENSEMBLE_FOUND_NS INT64_C(20000000000)

/* What is measured of a member now. */
struct ensemble_reading {
    sync_node_t node;
    int64_t rate_ps_per_s; /* its raw timeline gains on ours */
    int64_t skew_ps_per_s; /* 1 sigma of that, >= 0 */
};

struct ensemble_member {
    sync_node_t node; /* 0: free place */
    bool learned;
    int64_t frequency_fs; /* y, fs per raw second: finer than rates, so that slow averages do not stick */
    int64_t watched_ns;   /* for how long it was measured well */
    int64_t strange_ns;   /* for how long it has been far from what was learned */
    /* of the last step */
    bool roughly, present, weighs; /* measured to ENSEMBLE_ROUGH_PS_MAX, to ENSEMBLE_SKEW_PS_MAX; averaged */
    int64_t measured_ps;           /* its raw timeline gains on ours */
};

struct ensemble {
    sync_node_t self;
    uint32_t servers;    /* of the configuration, this one included */
    uint32_t f;          /* how many of them may be faulty */
    int64_t rate_fs;     /* cluster time against our raw timeline */
    int64_t heading_ps;  /* where the last step draws that to: rates that it may take in the next ones */
    bool founded;        /* somebody has learned a frequency */
    int64_t founding_ns; /* how long most of the servers have been measured well */
    int64_t close_width; /* of the cluster that was kept, ps per s: information */
    uint32_t weighing;   /* members averaged in the last step, this node included */
    struct ensemble_member members[ENSEMBLE_MEMBERS_MAX]; /* the first is this node */
};

/* servers >= 1, f < servers. Knows nothing: rate 0, not founded. */
void ensemble_init(struct ensemble *e, sync_node_t self, uint32_t servers, uint32_t f);
/* Goes on at `rate`, that of the line this node followed until now or knows from its drift record; `learned`: it is
 * this oscillator's learned frequency and counts as founded. Other members' learned frequencies are kept. */
void ensemble_continue(struct ensemble *e, int64_t rate_ps_per_s, bool learned);
/* What a member says that its own learned frequency is (it followed the same cluster time). Taken only where nothing
 * is learned of it yet. One that lies is outvoted as any other. */
void ensemble_told(struct ensemble *e, sync_node_t node, int64_t frequency_ps_per_s);
/* A member's raw timeline ended: it is a newcomer again. This node's own: everything about it is, too. */
void ensemble_forget(struct ensemble *e, sync_node_t node);
/* One step over `elapsed` (0 to 10 s; longer counts as 10 s) with what is measured of the others now (this node's own
 * oscillator takes part by itself). Who is not in `readings` does not weigh. Returns the rate of cluster time against
 * this node's raw timeline. count <= ENSEMBLE_MEMBERS_MAX - 1; nodes differ from each other and from this one. */
int64_t ensemble_step(struct ensemble *e, tai_span_t elapsed, const struct ensemble_reading *readings,
                      size_t count);
/* The step's rate could not be taken: it is this one (promise.h). */
void ensemble_hold(struct ensemble *e, int64_t rate_ps_per_s);
/* The rate is held by a reference instead: the step's bookkeeping with `rate` as that of cluster time, so that learned
 * frequencies are ready when the references fail. */
void ensemble_follow(struct ensemble *e, tai_span_t elapsed, const struct ensemble_reading *readings,
                     size_t count, int64_t rate_ps_per_s);
/* NULL: not a member. */
const struct ensemble_member *ensemble_member_of(const struct ensemble *e, sync_node_t node);

/* The largest mutually close cluster of `values` (which get sorted) within `close`, `f` dropped from each end as far
 * as something is left, and the mean of what remains. Of equally large clusters the one that holds or is nearest to
 * `near`. count >= 1. ret_kept (may be NULL): how many were averaged. */
int64_t ensemble_average(int64_t *values, size_t count, int64_t close, size_t f, int64_t near,
                         size_t *ret_kept);

/* (1 + a)(1 + b) - 1 and (1 + a)/(1 + b) - 1, in ps per s, for |a|, |b| <= SYNC_RATE_PS_MAX; saturating there. */
int64_t ensemble_rate_times(int64_t a_ps, int64_t b_ps);
int64_t ensemble_rate_over(int64_t a_ps, int64_t b_ps);

#endif
