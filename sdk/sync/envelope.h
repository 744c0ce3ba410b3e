/* SPDX-License-Identifier: Apache-2.0 */
/* One remote clock as seen from here: from exchanges to an offset with a rigorous interval around it.
 *
 * Two answers come from the same exchanges and are kept apart.
 *
 * The *interval* is causality and nothing else. A request cannot arrive before it left, so theta(t1) <= t2 - t1; a reply neither, so
 * theta(t4) >= t3 - t4 (theta: add to local raw to reach remote raw). Each side is widened by what the stamps may be
 * wrong by, and ages by the bound of the relative rate: the two oscillators' declared bounds, or, once the caller has
 * measured, a rate with a bound around it. The intersection of all aged sides is kept; when it is empty then an assumption was broken
 * (an oscillator outside its bound, a false stamp), which is said, and the interval begins anew with the last exchange. Integers,
 * rounded outwards. No asymmetry of the path can put the truth outside.
 *
 * The *estimate* is the best guess inside it, from the delay filter of bank.h: offset, rate, and what is thought of their
 * errors. It assumes that the smallest delays of both directions are equal, up to the configured asymmetry. It is cut to the interval,
 * and rounded to integers here, once.
 *
 * Worked number: t1 = 100, t2 = 5,180, t3 = 5,190, t4 = 310 us, stamps exact: forward 5,080, backward -4,880 us. Interval at t4
 * [4,880, 5,080] us, estimate 4,980 us, round trip 200 us; one second later, at 50 ppm each, the interval is 200 us wider.
 *
 * Refinement. The reply carries a reading of user space; the kernel's transmit stamp follows, ours may come late too. An exchange
 * stays open for that until it is refined and another one comes, or ENVELOPE_OPEN_MAX later ones came: the filter then
 * goes back to its state before the open ones and takes them again.
 *
 * It refuses to decide whether the remote is honest. About 4 KiB; no allocation; each call costs some microseconds. One thread
 * per envelope. */
#ifndef SDK_SYNC_ENVELOPE_H
#define SDK_SYNC_ENVELOPE_H

#include "sdk/sync/bank.h"
#include "sdk/sync/sync.h"

enum { ENVELOPE_OPEN_MAX = 8 }; /* a burst at start */

struct envelope_settings {
    tai_ppb_t local_bound, remote_bound; /* declared: how wrong either oscillator's rate may be, >= 0 */
    int64_t asymmetry_ns;        /* configured: delay to the remote minus delay from it; 0 when not known */
    int64_t rate_ps_per_s;       /* first guess of the relative rate (drift files) */
    int64_t rate_sigma_ps_per_s; /* of that guess; 0: none, the declared bounds count */
};

/* What a row of exchanges has led to. */
struct envelope_state {
    struct bank bank;
    int64_t at_ns;              /* local raw reading to which the interval refers: the latest t4 */
    int64_t lower_ns, upper_ns; /* of theta there */
    int64_t since_ns;           /* t4 of the first exchange */
    int64_t delay_ns[2];        /* smallest round trip of this and of the last epoch */
    int64_t delay_until_ns;     /* end of this epoch */
    uint32_t samples;           /* 0: nothing yet */
    uint32_t contradictions;    /* empty intersections */
    uint32_t restarts;          /* of the filter, because the remote clock jumped */
};

struct envelope_open {
    struct sync_exchange exchange;
    uint32_t id;
    bool refined;
};

struct envelope {
    struct envelope_settings settings;
    sync_timeline_t local, remote;
    int64_t rate_ps_per_s;                        /* the interval ages around this rate ... */
    int64_t bound_ps_per_s;                       /* ... by this bound */
    struct envelope_state settled, tip;           /* without and with the open exchanges */
    struct envelope_open open[ENVELOPE_OPEN_MAX]; /* oldest first */
    uint32_t open_count;
    uint32_t last_id;
    int64_t settled_t1_ns; /* of the exchange settled last: against duplicates */
};

void envelope_init(struct envelope *envelope, const struct envelope_settings *settings);
/* Forgets all exchanges; settings stay, and ageing goes back to the declared bounds. */
void envelope_reset(struct envelope *envelope);

enum envelope_verdict {
    ENVELOPE_OK,
    ENVELOPE_NEW_TIMELINE,  /* taken; all before it was forgotten, for either timeline is another one */
    ENVELOPE_CONTRADICTION, /* taken; it has no common point with what was known, which begins anew */
    ENVELOPE_DUPLICATE,     /* not taken: seen already */
    ENVELOPE_OLD,           /* not taken: too long before those taken; a refinement: no longer open */
    ENVELOPE_IMPOSSIBLE     /* not taken: readings out of range or order, or quicker than no delay at all */
};
static inline bool envelope_taken(enum envelope_verdict verdict)
{
    return verdict <= ENVELOPE_CONTRADICTION;
}

/* *ret_id (may be NULL) names the exchange for envelope_refine; untouched when it is not taken. Readings: local ones
 * within [0, 2^61], remote ones too. */
enum envelope_verdict envelope_add(struct envelope *envelope, const struct sync_exchange *exchange,
                                   uint32_t *ret_id);

/* Better readings of an exchange taken before; what is not given stays. */
struct envelope_refinement {
    bool has_t1, has_t2, has_t3;
    int64_t t1_ns, t2_ns, t3_ns;
    bool has_local_width, has_remote_width;
    int64_t local_width_ns, remote_width_ns;
};
/* ENVELOPE_OK, _CONTRADICTION, _OLD (the id is not open) or _IMPOSSIBLE (with these readings; it stays as it was). */
enum envelope_verdict envelope_refine(struct envelope *envelope, uint32_t id,
                                      const struct envelope_refinement *better);

/* From the last settled exchange on, theta gains rate +-bound (ps/s): the interval ages so. Before the first call, and after a
 * reset, it is 0 +- the declared bounds. bound >= 0, both within SYNC_RATE_PS_MAX. */
void envelope_set_ageing(struct envelope *envelope, int64_t rate_ps_per_s, int64_t bound_ps_per_s);

struct envelope_placement {
    int64_t offset_ns;          /* remote raw = local raw + offset, at the reading asked for */
    int64_t lower_ns, upper_ns; /* of the offset: rigorous under the ageing in force */
    int64_t rate_ps_per_s;      /* of the remote clock against the local one */
    int64_t sigma_ns;           /* of the offset: for information */
    int64_t skew_ps_per_s;      /* one sigma of the rate */
    int64_t wander_ps_per_s;    /* measured, per root second */
    int64_t delay_ns;           /* smallest round trip of the last minutes */
    int64_t jitter_ns;          /* mean of what one direction adds to its smallest delay */
    int64_t window_ns;          /* over how long exchanges still matter */
    int64_t age_ns;             /* since the last exchange; negative when asked for a time before it */
    uint32_t samples;           /* taken since the start or the last reset */
    uint32_t contradictions;
};
/* At local raw reading `at`, in [0, 2^61]. False (untouched) before the first exchange. */
bool envelope_estimate(const struct envelope *envelope, tai_mono_t at,
                       struct envelope_placement *ret_placement);

#endif
