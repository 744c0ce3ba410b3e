/* SPDX-License-Identifier: Apache-2.0 */
/* What the timekeeper keeps between events, shared by the timekeeper_*.c files and looked into by tests. Everybody else uses
 * timekeeper.h. */
#ifndef SERVER_CLOCK_CORE_TIMEKEEPER_STATE_H
#define SERVER_CLOCK_CORE_TIMEKEEPER_STATE_H

#include "sdk/sync/hull.h"
#include "server/clock/core/holdover.h"
#include "server/clock/core/refclock_filter.h"
#include "server/clock/core/timekeeper.h"
#include "server/clock/core/timekeeper_evidence.h"
#include "server/clock/core/timekeeper_witness.h"

/* So many in a row, samples or seconds, make a suspect: one is a glitch. */
enum { TIMEKEEPER_RUN = 3 };
/* A source that does not count and that its own filter no longer follows is measured afresh after so many samples. */
enum { TIMEKEEPER_ASIDE = 8 };
/* Beyond so many sigmas of a witness and of the source together there is doubt. */
enum { TIMEKEEPER_SIGMAS = 8, TIMEKEEPER_SIGMAS_BACK = 1 }; /* doubt begins, and is over */
/* What is held is given up when the peers' references exclude it for so long. */
#define TIMEKEEPER_REFUTED_NS INT64_C(60000000000)
#define TIMEKEEPER_DAY_NS     INT64_C(86400000000000)
/* What the peers said is of use for so long. */
#define TIMEKEEPER_PEERS_NS INT64_C(10000000000)

struct timekeeper_source {
    struct refclock_filter filter;
    enum refclock_verdict verdict;
    enum timekeeper_reason reason;
    int64_t value;
    const char *said; /* by the driver */
    bool has_sample, pulse;
    int64_t sample_ns; /* raw reading of the last one taken */
    int64_t since_ns;  /* raw reading at which the quarantine began */
    bool returned;     /* it counted before */
    bool penance;      /* it was a suspect since it last counted */
    bool eligible;     /* quarantine is over */
    /* Of a suspect that stepped away from what was held, until it steps back; also while nothing comes from it: */
    bool stepped, has_story;
    uint32_t story_fit; /* number of the fit with which it says so */
    int64_t story_ns;   /* by how much, from the middle of what was held then */
    bool speaks;        /* this second: */
    struct refclock_estimate estimate;
    bool has_first;
    struct refclock_estimate first; /* of the quarantine, which it must agree with */
    bool has_steady;
    struct refclock_estimate steady;   /* while its samples were in order */
    uint32_t off_samples, off_seconds; /* in a row that disagree */
    uint32_t aside;                    /* samples in a row that the filter set aside */
    bool has_tai_utc, leap_told;
    int32_t tai_utc_s;
    bool has_evidence;
    struct refclock_evidence evidence;
    struct evidence_watch watch;
    uint8_t bits;
    uint64_t taken, refused;
};

struct timekeeper {
    struct timekeeper_settings settings;
    struct timekeeper_source sources[REFCLOCKS_MAX];
    bool has_now;
    sync_timeline_t timeline;
    tai_mono_t now; /* of the last second */
    struct holdover_temperature temperature;
    struct sync_leap table;
    struct timekeeper_peers peers;
    int64_t peers_ns; /* raw reading at which they came */
    bool has_peers;
    tai_t
        known; /* TAI was at least this, by what was kept over the restart or was confirmed since; 0: nothing */

    struct holdover holdover;
    bool held; /* the prediction says something, at `now`: */
    struct holdover_prediction prediction;
    uint8_t held_kind; /* of what it was last anchored by */
    uint16_t held_group;
    uint32_t held_voices;
    uint16_t held_by; /* bits: sources */
    struct timekeeper_budget held_budget;
    struct witnesses witnesses;
    bool doubt;
    struct holdover noticed; /* the witness that finds it unlikely */
    struct holdover
        doubted; /* one that is older, where there is one: the first may have been taken along for a while */
    struct flywheel flywheel;
    struct flywheel_mark noticed_mark; /* of the one that finds it unlikely */
    int64_t doubt_ns;                  /* for how long a source counted meanwhile */
    int64_t refuted_ns;                /* for how long the peers have excluded what is held */
    int64_t dated_ns;    /* for how long a source that says dates counted since what is held began */
    bool date_confirmed; /* since then: by two voices, by peers, or by one for TIMEKEEPER_ALONE_NS */

    bool counts; /* a source counted in the last second */
    uint32_t voices, f;
    struct sync_reference reference;
    struct timekeeper_budget budget;
    int64_t said; /* TIMEKEEPER_SAYS_REFERENCE's value, as last reported */
    struct timekeeper_reports reports;
};

/* ---- timekeeper.c ---- */
void timekeeper_report(struct timekeeper *keeper, struct timekeeper_report report);
/* A new verdict; a report when it is another one. */
void timekeeper_set(struct timekeeper *keeper, size_t source, enum refclock_verdict verdict,
                    enum timekeeper_reason reason, int64_t value);
/* Quarantine begins (again) at the raw reading. */
void timekeeper_quarantine(struct timekeeper *keeper, size_t source, int64_t raw_ns,
                           enum timekeeper_reason reason, int64_t value);
/* How long it is for this source now. */
int64_t timekeeper_quarantine_ns(const struct timekeeper *keeper, size_t source);
/* The prediction carried to `raw`, as TAI in ns; false: nothing is held. With doubt it covers both. */
bool timekeeper_held_at(const struct timekeeper *keeper, tai_mono_t raw, struct hull_item *ret_item);
/* The peers' hull carried to `raw`, if at least `voices` make it and it is fresh. */
bool timekeeper_peers_at(const struct timekeeper *keeper, tai_mono_t raw, uint32_t voices,
                         struct hull_item *ret_item);
/* Likewise, now: outside of what the peers allow a reference of ours is excluded. */
bool timekeeper_peers_allow(const struct timekeeper *keeper, uint32_t voices, struct hull_item *ret_item);
/* By how much they have no point in common; 0: they have one. */
int64_t timekeeper_gap(const struct hull_item *a, const struct hull_item *b);
struct hull_item timekeeper_item(tai_t tai, int64_t half_width_ns);
/* All that was believed is forgotten, as on another timeline. */
void timekeeper_forget(struct timekeeper *keeper);
/* First guesses of the filters. */
void timekeeper_filters(struct timekeeper *keeper);

/* ---- timekeeper_verdict.c: who is believed this second ---- */
/* Whether its samples jumped (stepped), or went there as an oscillator does. */
void timekeeper_suspect(struct timekeeper *keeper, size_t source, enum timekeeper_reason reason,
                        int64_t value, bool stepped);
void timekeeper_verdicts(struct timekeeper *keeper);

/* ---- timekeeper_combine.c: what the believed ones and the oscillator amount to ---- */
void timekeeper_combine(struct timekeeper *keeper);
/* How many of the sources that count say which second it is; correlated ones once. */
uint32_t timekeeper_date_voices(const struct timekeeper *keeper);

#endif
