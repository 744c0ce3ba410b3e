/* SPDX-License-Identifier: Apache-2.0 */
/* The timekeeping unit: a node's sources of time, its oscillator, and out of both the one reference that it vouches for.
 *
 * Decides: what each source's samples amount to (refclock_filter.h); which sources are believed (quarantine, suspicion, era;
 * correlated ones count once, timekeeper_judge.h); the reference of this second, a line with its half-width; and how it goes on
 * when every source is gone (holdover.h). Refuses: to step what it says while anything it believed still holds, and to believe a
 * single source against its own holdover.
 *
 * Model. What is *held* is the holdover's interval: where TAI is by what was believed before and by what such an oscillator can
 * have done since. A sample that has no point in common with it is not taken; several in a row make the source a suspect. A source
 * that is dragged slowly takes what is held along, so it is compared as well with *witnesses*, copies of the holdover that were
 * made before and are up to two days old. Where a witness excludes it, it is a suspect. Where it is merely unlikely (a
 * crystal can do that, but has not done it before), there is *doubt*: the source counts on, and the reference is as wide as both
 * the source and the witness together, so that it is true whichever of the two is; after `doubt_ns` the source is taken at its word.
 * Where most of the other servers' oscillators can tell (timekeeper_flywheel.h) they decide: that it was our oscillator ends the doubt at once;
 * that it was the source lets it last for TIMEKEEPER_CONTRADICTED times as long, a day by default.
 *
 * A new source, or one that comes back, is in *quarantine*: it must agree with what is held, with the other sources and with the
 * peers for `quarantine_ns`, or with itself where nothing is known; then it counts. A suspect must for `penance_ns`; one that
 * stepped away has to step back first, for that what is held has grown beyond its lie is no agreement, and neither is that nothing
 * came from it for a while.
 * Nothing of what a receiver shows of itself (signal, satellites, jamming, position) decides; it makes a quarantine four times
 * as long.
 *
 * What is not detected, because it cannot be from here: one source alone that lies from the first second on; a drag within what
 * the oscillator may do, beyond the time of the doubt; a lie inside the half-widths.
 *
 * Worked number: one receiver, +-1 us, an oscillator held to 3 us after a minute. A spoofer steps by 10 ms: three samples outside,
 * 3 s later the source is a suspect, none of it was taken; the reference goes on from before with 1 us and what the oscillator may
 * have done since.
 *
 * Life: timekeeper_init; timekeeper_recall where a record was kept; then any of the events, and timekeeper_second once a second
 * with the clocks. Memory is the caller's, timekeeper_size() bytes; nothing is allocated, no pointer is kept. One thread at a time. */
#ifndef SERVER_CLOCK_CORE_TIMEKEEPER_H
#define SERVER_CLOCK_CORE_TIMEKEEPER_H

#include "client/core/view.h"
#include "server/clock/core/holdover.h"
#include "server/clock/core/refclock.h"
#include "server/clock/core/timekeeper_flywheel.h"

struct timekeeper;

/* What is used where the settings say 0. */
#define TIMEKEEPER_QUARANTINE_NS INT64_C(30000000000)
#define TIMEKEEPER_PENANCE_NS    INT64_C(300000000000)
#define TIMEKEEPER_DOUBT_NS      INT64_C(3600000000000)
/* A doubt lasts so many times as long where the other servers' oscillators say that it is the source that moves. Not for ever: a room
 * that cools all crystals of a cluster alike looks the same. */
enum { TIMEKEEPER_CONTRADICTED = 24 };
/* A reference wider than this says nothing: present = false. */
#define TIMEKEEPER_WIDTH_NS_MAX INT64_C(1000000000)
/* A date that one source alone says is kept over a restart after so long; one that two voices say at once. */
#define TIMEKEEPER_ALONE_NS INT64_C(14400000000000)
/* The 10 bits of a GPS week number come round after this: dates are within one such era from `not_before` on. */
#define TIMEKEEPER_ERA_NS (INT64_C(1024) * 7 * 86400 * 1000000000)
enum { TIMEKEEPER_REPORTS_MAX = 24 };

struct timekeeper_settings {
    struct refclock_settings sources[REFCLOCKS_MAX];
    size_t sources_count;
    uint8_t oscillator;   /* enum oscillator_class */
    tai_ppb_t rate_bound; /* rho, declared */
    tai_t not_before;     /* no date before it is believed: when the program was built, or as configured */
    int64_t quarantine_ns, penance_ns, doubt_ns; /* 0: the defaults above */
};

/* What the other servers say, apart from what they have of us: their own references, as carried to our timeline, and how their raw
 * timelines run against ours. */
struct timekeeper_peers {
    uint32_t voices; /* references of peers, correlated ones once; 0: none */
    bool agreed;     /* `hull` is set: the points that all but (voices - 1) / 2 of them can be true with */
    /* `allowed` is set: those that all but voices / 2 of them can. A reference of ours is one voice more, and excluded only outside of it. */
    bool excludes;
    tai_mono_t raw;                    /* on our timeline */
    struct tai_interval hull, allowed; /* there */
    uint32_t servers;                  /* others of the configuration, silent ones too */
    uint32_t crystals_count;
    struct flywheel_reading crystals[SYNC_SERVERS_MAX];
};
/* Out of what the engine shows of its sources (node_sources) at `raw`. */
void timekeeper_peers_of(const struct view_source *sources, size_t count, tai_mono_t raw,
                         struct timekeeper_peers *ret_peers);

/* Why a source has the verdict it has. timekeeper_reason_words has the sentence. */
enum timekeeper_reason {
    TIMEKEEPER_NO_REASON,
    TIMEKEEPER_NOTHING_CAME, /* value: 0 */
    TIMEKEEPER_DRIVER_SAYS,  /* the driver's own word: timekeeper_source_view.said */
    TIMEKEEPER_NEW,          /* value: ns of quarantine left */
    TIMEKEEPER_CAME_BACK,    /* likewise */
    TIMEKEEPER_NOT_STEADY,   /* disagrees with itself; value: by, ns */
    TIMEKEEPER_UNDECIDED,    /* two sources differ and nothing decides between them; value: by, ns */
    TIMEKEEPER_STEP,         /* samples outside what is held; value: by, ns */
    TIMEKEEPER_DRAG,         /* a witness excludes it; value: by, ns */
    TIMEKEEPER_OUTVOTED,     /* by the other sources; value: by, ns */
    TIMEKEEPER_PEERS,        /* outside what the peers' references say; value: by, ns */
    TIMEKEEPER_DOUBT,        /* a witness finds it unlikely; value: ns from where it was expected */
    TIMEKEEPER_TOO_EARLY,    /* its date is before not_before; value: by, ns */
    TIMEKEEPER_BEFORE_KNOWN, /* its date is before the last known one; value: by, ns */
    TIMEKEEPER_ERA_PASSED,   /* more than one era after not_before; value: by, ns */
    TIMEKEEPER_WEEKS,        /* off by a multiple of 1024 weeks; value: how many times */
    TIMEKEEPER_DAYS,         /* half a day or more from what is held, or the peers say; value: by, ns */
    TIMEKEEPER_LEAP_COUNT,   /* another TAI-UTC than the leap table; value: its seconds */
    TIMEKEEPER_REASONS
};
/* "samples outside what is held". Static storage. */
const char *timekeeper_reason_words(enum timekeeper_reason reason);

/* What a receiver shows that an attack would: bits. Displayed; makes quarantines longer. */
enum timekeeper_evidence {
    TIMEKEEPER_MOVED = 1,   /* a surveyed antenna is elsewhere */
    TIMEKEEPER_UNIFORM = 2, /* all satellites are received alike: one transmitter */
    TIMEKEEPER_DROPPED = 4, /* half of the satellites used went at once */
    TIMEKEEPER_JAMMING = 8
};

/* What there is to tell a person. */
enum timekeeper_report_kind {
    TIMEKEEPER_SAYS_VERDICT = 1, /* of `source`: verdict, reason, value */
    TIMEKEEPER_SAYS_REFERENCE,   /* value: 1 by sources, 2 by holdover, 0 none any more */
    TIMEKEEPER_SAYS_DOUBT,       /* value: 1 begins, 0 is over */
    TIMEKEEPER_SAYS_EVIDENCE,    /* of `source`: value = bits that are new */
    TIMEKEEPER_SAYS_LEAP,        /* of `source`: value = its TAI-UTC, another one than the table's */
    TIMEKEEPER_SAYS_REFUTED      /* the peers' references exclude what is held: it is forgotten */
};
struct timekeeper_report {
    enum timekeeper_report_kind kind;
    uint8_t source;
    enum refclock_verdict verdict;
    enum timekeeper_reason reason;
    int64_t value;
};
struct timekeeper_reports {
    uint32_t count, lost; /* later ones of the same second are counted, not kept */
    struct timekeeper_report items[TIMEKEEPER_REPORTS_MAX];
};

size_t timekeeper_size(void);
/* TAI_ERR_ARGUMENT: no or too many sources, widths or names that cannot be; TAI_ERR_RANGE: not_before outside 1980 to 2170. */
TAISTAMP_MUST_CHECK enum tai_err timekeeper_init(struct timekeeper *keeper,
                                                 const struct timekeeper_settings *settings);

/* ---- From the drivers; `source` out of range, and numbers that cannot be, are counted and ignored ---- */
void timekeeper_sample(struct timekeeper *keeper, const struct refclock_sample *sample);
void timekeeper_leap(struct timekeeper *keeper, const struct refclock_leap *leap);
void timekeeper_show(struct timekeeper *keeper, const struct refclock_evidence *evidence);
/* `why`: static storage. */
void timekeeper_lost(struct timekeeper *keeper, uint8_t source, enum refclock_verdict verdict,
                     const char *why);

/* Which sources share a cause of error is known better now (upstreams.h): the group of one, from the next second on.
 * `source` out of range is ignored. */
void timekeeper_group(struct timekeeper *keeper, uint8_t source, uint16_t group);

/* ---- From the node ---- */
/* The leap table in short, whenever it is read. */
void timekeeper_leap_table(struct timekeeper *keeper, const struct sync_leap *table);
/* What the peers say; counts until the next call, at most 10 s. */
void timekeeper_peers(struct timekeeper *keeper, const struct timekeeper_peers *peers);
/* Read next to the oscillator; holds until the next call. */
void timekeeper_temperature(struct timekeeper *keeper, struct holdover_temperature temperature);

/* Once a second, with the clocks as read then: what the engine gets as ENGINE_REFERENCE. `raw` must not go back on one timeline. */
void timekeeper_second(struct timekeeper *keeper, const struct engine_now *now,
                       struct sync_reference *ret_reference, struct timekeeper_reports *ret_reports);

/* TAI at `raw`, not far from the last second, by what is held; false: not known. For the numbers of pulses, and eras. */
bool timekeeper_tai_at(const struct timekeeper *keeper, tai_mono_t raw, struct tai_interval *ret_interval);

/* ---- What is kept over a restart ---- */
struct timekeeper_memory {
    /* It was at least this late; 0: not known. By two independent voices (own sources that say dates, or the own reference and
     * those of two peers), or by one that counted for TIMEKEEPER_ALONE_NS: one alone could be wrong, and nothing earlier is
     * believed after a restart. */
    tai_t known;
    bool learnt;
    struct holdover_memory oscillator; /* if learnt */
};
/* Worth writing once an hour and at the end. False (untouched): there is nothing yet. */
bool timekeeper_remember(const struct timekeeper *keeper, struct timekeeper_memory *ret_memory);
/* After timekeeper_init, before the first second. A `known` outside of the era that begins with not_before is not believed. */
void timekeeper_recall(struct timekeeper *keeper, const struct timekeeper_memory *memory);

/* ---- What it shows ---- */
struct timekeeper_source_view {
    char name[REFCLOCK_NAME_MAX];
    enum refclock_driver driver;
    enum taistamp_clock_source kind; /* timekeeper_kind */
    uint16_t group;
    enum refclock_verdict verdict;
    enum timekeeper_reason reason;
    int64_t value;     /* of the reason */
    const char *said;  /* the driver's own word, NULL: none */
    bool speaks;       /* there is an estimate: the next five are set */
    int64_t offset_ns; /* its TAI minus the reference's; INT64_MAX: there is no reference */
    int64_t sigma_ns, half_width_ns;
    int64_t rate_ps_per_s;
    uint32_t samples;      /* in use */
    int64_t age_ns;        /* since the last sample; -1: never */
    int64_t quarantine_ns; /* left; 0: none */
    bool pulse;            /* the last sample was of a pulse */
    bool has_tai_utc;
    int32_t tai_utc_s;       /* by its own count */
    uint8_t evidence;        /* bits of enum timekeeper_evidence */
    uint64_t taken, refused; /* samples */
};

/* Where the half-width comes from; the parts add up to it. */
struct timekeeper_budget {
    int64_t source_ns;   /* declared accuracy of the source that bounds it */
    int64_t samples_ns;  /* reading, path and age of its samples */
    int64_t spread_ns;   /* the other sources: hull and aim */
    int64_t holdover_ns; /* what the oscillator may have done since the sources went */
    int64_t doubt_ns;
};

struct timekeeper_view {
    struct sync_reference reference; /* as of the last second */
    uint32_t voices, f;              /* that counted, correlated ones once; how many of them may lie */
    int64_t holdover_ns;             /* age; 0: a source counts; -1: nothing is held */
    bool doubt;
    struct timekeeper_budget budget;
    size_t sources_count;
    struct timekeeper_source_view sources[REFCLOCKS_MAX];
};
void timekeeper_view(const struct timekeeper *keeper, tai_mono_t raw, struct timekeeper_view *ret_view);
/* What was learnt of the own oscillator. */
void timekeeper_oscillator(const struct timekeeper *keeper, struct view_oscillator *ret_view);
/* The last evidence of a source; NULL: none came. Valid until the next event. */
const struct refclock_evidence *timekeeper_evidence_of(const struct timekeeper *keeper, uint8_t source);

/* What a source's time is, for entries: gps, upstream, system, assumed. By the driver; where that cannot know (shm, sock, pps),
 * by the settings. */
enum taistamp_clock_source timekeeper_kind(const struct refclock_settings *source);

#endif
