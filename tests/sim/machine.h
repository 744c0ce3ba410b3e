/* SPDX-License-Identifier: Apache-2.0 */
/* The clocks of one computer, and what suspend, reboot and a paused virtual machine do to them.
 *
 *                     running          suspended              virtual machine paused     reboot
 *     RAW             the oscillator   stands                 stands                     from a small number, new timeline
 *     REALTIME        RAW + steering   goes on, by the RTC    stands                     from the RTC
 *     BOOTTIME        as REALTIME, but never stepped; goes on in suspend; from 0 at reboot
 *
 * REALTIME follows RAW exactly at the rate last set (machine_steer); it is UTC, true time less MACHINE_TAI_UTC_S. What the RTC
 * adds after a suspend is wrong by up to the plan's rtc_error. */
#ifndef TESTS_SIM_MACHINE_H
#define TESTS_SIM_MACHINE_H

#include "tests/sim/oscillator.h"

#define MACHINE_TAI_UTC_S INT64_C(37)

/* A clock that follows RAW at a rate. */
struct machine_clock {
    int64_t raw, count; /* it shows count at that raw reading */
    double fraction;
};

struct machine {
    struct oscillator oscillator;
    uint64_t name;        /* unique to the machine: timelines differ between machines */
    uint64_t boots;       /* so far */
    uint64_t suspends;    /* noticed by the system, in this boot */
    int64_t hidden;       /* oscillator reading - RAW */
    bool stands;          /* suspended, or paused as a virtual machine */
    int64_t stands_raw;   /* RAW meanwhile */
    int64_t stands_since; /* true time */
    struct machine_clock realtime, boottime;
    int64_t rate_ps_per_s; /* of both against RAW */
    int64_t rtc_error_ns;  /* how wrong a suspend's length, or the time at boot, can be */
    int8_t leap;           /* told: +1 inserts a second at `midnight`, -1 leaves one out */
    bool leapt;            /* done, and not told otherwise since */
    int64_t midnight_ns;   /* end of the UTC day, POSIX time */
    struct rnd random;
};

/* Boots it for the first time at true time t_ns, REALTIME wrong by `offset_ns`. */
void machine_start(struct machine *machine, uint64_t name, const struct oscillator_plan *plan,
                   struct rnd random, int64_t t_ns, int64_t offset_ns, int64_t rtc_error_ns);

/* Readings at true time `t_ns`; times must not go back. */
int64_t machine_raw(struct machine *machine, int64_t t_ns);
int64_t machine_realtime(struct machine *machine, int64_t t_ns);
int64_t machine_boottime(struct machine *machine, int64_t t_ns);
uint64_t machine_timeline(const struct machine *machine);
/* True time at which RAW will show `raw`, by the present rate. */
int64_t machine_when(struct machine *machine, int64_t t_ns, int64_t raw);

void machine_steer(struct machine *machine, int64_t t_ns, int64_t rate_ps_per_s);
void machine_step(struct machine *machine, int64_t t_ns, int64_t step_ns);
/* What the kernel is told of the day's end, and when that is; as Linux it makes the leap second once. */
void machine_leap(struct machine *machine, int8_t leap, int64_t midnight_ns);
void machine_reboot(struct machine *machine, int64_t t_ns);
/* From now on RAW stands. */
void machine_stand(struct machine *machine, int64_t t_ns);
/* It goes on. `slept`: REALTIME and BOOTTIME make up for it; `noticed`: the system counts it and the timeline's id is new. */
void machine_go_on(struct machine *machine, int64_t t_ns, bool slept, bool noticed);

#endif
