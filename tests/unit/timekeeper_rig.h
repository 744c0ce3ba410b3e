/* SPDX-License-Identifier: Apache-2.0 */
/* A simulated oscillator and simulated receivers around one real timekeeper, with the truth beside it.
 *
 * True time goes on by whole seconds. The raw clock runs fast by y: a constant, a random walk of `wander` per root second, a daily sine,
 * what warmth does to the crystal, and steps as the caller sets them. A source names true TAI plus its bias, its noise (normal, cut at 4 sigma) and what a spoofer
 * adds: a step, and a drag that grows. rig_second() checks after each second that what the timekeeper says is true. */
#ifndef TESTS_UNIT_TIMEKEEPER_RIG_H
#define TESTS_UNIT_TIMEKEEPER_RIG_H

#include "server/clock/core/timekeeper_state.h"

#define RIG_S     INT64_C(1000000000)
#define RIG_T0_NS (INT64_C(1800000000) * RIG_S) /* true TAI at the beginning: January 2027 */

struct rig_source {
    bool on, pulse;
    double noise_ns, bias_ns;
    int64_t error_ns;     /* as said in its samples */
    int64_t step_ns;      /* a spoofer's */
    double drag_ns_per_s; /* likewise, from now on */
    double dragged_ns;    /* so far */
    unsigned every_s;     /* 0: each second */
};

/* Another server's oscillator, as measured over a network: with a lag and with noise. */
struct rig_crystal {
    double walk, step; /* relative; step: a change of its own, or a lie */
    double shown_ns_per_s, noise_ns_per_s;
    bool silent;
};

struct rig {
    uint64_t random;
    struct timekeeper *keeper;
    struct timekeeper_settings settings;
    struct rig_source sources[REFCLOCKS_MAX];
    double y, walk, wander; /* relative */
    double swing, swing_period_s;
    double heat_k, warmth_k; /* the crystal follows the heat within 120 s, and ... */
    double coefficient;      /* ... runs faster by this for each kelvin */
    double sensor_k;         /* a thermometer is read in such steps, 60 s late; 0: there is none */
    double shown_k;
    double raw_fraction;
    int64_t true_ns, raw_ns;
    int64_t second; /* since the beginning */
    uint64_t timeline;
    struct timekeeper_peers peers;
    bool has_peers;
    struct rig_crystal crystals[SYNC_SERVERS_MAX]; /* with has_peers */
    unsigned crystals_count;
    double common; /* moves all of them and ours alike, relative */

    struct sync_reference reference; /* of the last second */
    struct timekeeper_view view;
    int64_t error_ns;       /* the reference's, where present */
    bool is_true;           /* it is within its half-width, or nothing is said */
    unsigned false_seconds; /* since rig_clear */
    unsigned absent_seconds;
    int64_t worst_ns;            /* largest error since rig_clear */
    unsigned suspicions, doubts; /* reports since rig_clear */
    unsigned refuted;
};

/* One source of that driver and accuracy; more by rig_add, before the first second. */
void rig_start(struct rig *rig, uint64_t seed, enum oscillator_class class, double wander);
size_t rig_add(struct rig *rig, enum refclock_driver driver, int64_t accuracy_ns, double noise_ns);
/* After the sources: the timekeeper begins (again, as after a restart of the process; `memory` may be NULL). */
void rig_begin(struct rig *rig, const struct timekeeper_memory *memory);
void rig_second(struct rig *rig);
void rig_seconds(struct rig *rig, unsigned count);
void rig_clear(struct rig *rig);
void rig_end(struct rig *rig);
enum refclock_verdict rig_verdict(const struct rig *rig, size_t source);
enum timekeeper_reason rig_reason(const struct rig *rig, size_t source);
/* So many other servers without references, whose oscillators wander as ours; before the first second. */
void rig_crystals(struct rig *rig, unsigned count);
/* TAI as a source with that error would name it now. */
struct refclock_sample rig_sample(struct rig *rig, size_t source);

#endif
