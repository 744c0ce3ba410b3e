/* SPDX-License-Identifier: Apache-2.0 */
/* The sentences of taictl and the log. */
#include "server/clock/core/timekeeper.h"

const char *timekeeper_reason_words(enum timekeeper_reason reason)
{
    static const char *const words[TIMEKEEPER_REASONS] = {
        [TIMEKEEPER_NO_REASON] = "agrees",
        [TIMEKEEPER_NOTHING_CAME] = "nothing has come from it",
        [TIMEKEEPER_DRIVER_SAYS] = "says itself that it is no good",
        [TIMEKEEPER_NEW] = "is new, and must agree for a while first",
        [TIMEKEEPER_CAME_BACK] = "has come back, and must agree for a while first",
        [TIMEKEEPER_NOT_STEADY] = "does not agree with itself",
        [TIMEKEEPER_UNDECIDED] = "another source says something else, and nothing decides between them",
        [TIMEKEEPER_STEP] = "its samples are outside what is held",
        [TIMEKEEPER_DRAG] = "has moved away by more than the oscillator can have",
        [TIMEKEEPER_OUTVOTED] = "the other sources exclude it",
        [TIMEKEEPER_PEERS] = "the references of the other servers exclude it",
        [TIMEKEEPER_DOUBT] = "moves as this oscillator has not moved before",
        [TIMEKEEPER_TOO_EARLY] = "names a date before the earliest possible one (sync.not_before)",
        [TIMEKEEPER_BEFORE_KNOWN] =
            "names a date before the last one known (if that one is wrong: stop taid, "
            "remove the file references in sync.state_dir, start taid)",
        [TIMEKEEPER_ERA_PASSED] = "names a date more than 1024 weeks after the earliest possible one",
        [TIMEKEEPER_WEEKS] = "is off by a multiple of 1024 weeks",
        [TIMEKEEPER_DAYS] = "is off by days",
        [TIMEKEEPER_LEAP_COUNT] = "counts other leap seconds than the leap table",
    };
    return (unsigned)reason < TIMEKEEPER_REASONS ? words[reason] : words[TIMEKEEPER_NO_REASON];
}

enum taistamp_clock_source timekeeper_kind(const struct refclock_settings *source)
{
    switch (source->driver) {
    case REFCLOCK_GPSD:
        return TAISTAMP_CLOCK_GPS;
    case REFCLOCK_SHM: /* nothing in what they hand over says who measured it */
    case REFCLOCK_SOCK:
    case REFCLOCK_PPS:
        return source->kind;
    case REFCLOCK_NTP:
        return TAISTAMP_CLOCK_UPSTREAM;
    case REFCLOCK_KERNEL:
        return TAISTAMP_CLOCK_SYSTEM;
    case REFCLOCK_SYSTEM_CLOCK:
    case REFCLOCK_NONE:
    case REFCLOCK_DRIVERS:
        break;
    }
    return TAISTAMP_CLOCK_ASSUMED;
}
