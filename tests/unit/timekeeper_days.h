/* SPDX-License-Identifier: Apache-2.0 */
/* What the timekeeper's tests have in common. */
#ifndef TESTS_UNIT_TIMEKEEPER_DAYS_H
#define TESTS_UNIT_TIMEKEEPER_DAYS_H

#include <check.h>

#include "tests/unit/timekeeper_rig.h"

#define US     INT64_C(1000)
#define MS     INT64_C(1000000)
#define HOUR_S 3600
#define DAY_S  86400

/* One receiver with 0.25 us of noise, and so many seconds of it. */
static inline void receiver(struct rig *rig, uint64_t seed, enum oscillator_class class, double wander,
                            unsigned seconds)
{
    rig_start(rig, seed, class, wander);
    (void)rig_add(rig, REFCLOCK_GPSD, 100, 250);
    rig_begin(rig, NULL);
    rig_seconds(rig, seconds);
    if (seconds > 40)
        ck_assert_int_eq(rig_verdict(rig, 0), REFCLOCK_ACCEPTED);
    ck_assert_uint_eq(rig->false_seconds, 0);
    rig_clear(rig);
}

/* What so many other servers' references say now: from true time, in ns, the earliest and the latest of each. */
static inline void peers_say(struct rig *rig, const int64_t (*said)[2], size_t count)
{
    struct view_source peers[SYNC_SERVERS_MAX];
    for (size_t i = 0; i < count; i++) {
        peers[i] = (struct view_source){
            .node = {(uint32_t)i + 2}, .server = true, .reachable = true, .has_reference = true};
        peers[i].reference =
            (struct sync_reference){.present = true,
                                    .raw = {rig->raw_ns},
                                    .tai = {rig->true_ns + said[i][0] + (said[i][1] - said[i][0]) / 2},
                                    .half_width = {(said[i][1] - said[i][0]) / 2}};
    }
    timekeeper_peers_of(peers, count, (tai_mono_t){rig->raw_ns}, &rig->peers);
    rig->has_peers = true;
}

static inline void all_was_true(const struct rig *rig)
{
    ck_assert_msg(rig->false_seconds == 0, "%u false seconds, the worst error %lld ns", rig->false_seconds,
                  (long long)rig->worst_ns);
}

#endif
