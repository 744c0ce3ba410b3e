/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/machine.h"

#include "sdk/base/bug.h"

#define RAW_AT_BOOT_NS INT64_C(3000000000) /* the kernel ran for a while before we did */

static int64_t error_of(struct machine *machine)
{
    return machine->rtc_error_ns == 0
               ? 0
               : rnd_between(&machine->random, -machine->rtc_error_ns, machine->rtc_error_ns);
}

static double clock_at(const struct machine *machine, const struct machine_clock *clock, int64_t raw,
                       int64_t *ret_count)
{
    int64_t gone = raw - clock->raw;
    double more = clock->fraction + (double)gone * ((double)machine->rate_ps_per_s * 1e-12);
    double whole = floor(more);
    *ret_count = clock->count + gone + (int64_t)whole;
    return more - whole;
}

/* The same clock, written down anew at `raw`. */
static void clock_rebase(const struct machine *machine, struct machine_clock *clock, int64_t raw)
{
    int64_t count;
    double fraction = clock_at(machine, clock, raw, &count);
    *clock = (struct machine_clock){raw, count, fraction};
}

static void rebase(struct machine *machine, int64_t raw)
{
    clock_rebase(machine, &machine->realtime, raw);
    clock_rebase(machine, &machine->boottime, raw);
}

static void boot(struct machine *machine, int64_t t_ns, int64_t offset_ns)
{
    machine->boots++;
    machine->suspends = 0;
    machine->stands = false;
    machine->rate_ps_per_s = 0;
    machine->hidden = oscillator_read(&machine->oscillator, t_ns) - RAW_AT_BOOT_NS;
    machine->realtime.raw = machine->boottime.raw = RAW_AT_BOOT_NS;
    machine->realtime.count = t_ns - MACHINE_TAI_UTC_S * 1000000000 + offset_ns;
    machine->boottime.count = RAW_AT_BOOT_NS;
    machine->realtime.fraction = machine->boottime.fraction = 0;
}

void machine_start(struct machine *machine, uint64_t name, const struct oscillator_plan *plan,
                   struct rnd random, int64_t t_ns, int64_t offset_ns, int64_t rtc_error_ns)
{
    *machine = (struct machine){.name = name, .random = random, .rtc_error_ns = rtc_error_ns};
    oscillator_start(&machine->oscillator, plan, rnd_fork(&machine->random, 1), t_ns);
    boot(machine, t_ns, offset_ns);
}

int64_t machine_raw(struct machine *machine, int64_t t_ns)
{
    return machine->stands ? machine->stands_raw
                           : oscillator_read(&machine->oscillator, t_ns) - machine->hidden;
}

int64_t machine_realtime(struct machine *machine, int64_t t_ns)
{
    int64_t count, raw = machine_raw(machine, t_ns);
    (void)clock_at(machine, &machine->realtime, raw, &count);
    int64_t until = machine->midnight_ns - (machine->leap < 0 ? 1000000000 : 0);
    if (machine->leap != 0 && !machine->leapt && count >= until) {
        machine->leapt = true;
        machine->realtime.count -= machine->leap * INT64_C(1000000000);
        (void)clock_at(machine, &machine->realtime, raw, &count);
    }
    return count;
}

int64_t machine_boottime(struct machine *machine, int64_t t_ns)
{
    int64_t count;
    (void)clock_at(machine, &machine->boottime, machine_raw(machine, t_ns), &count);
    return count;
}

uint64_t machine_timeline(const struct machine *machine)
{
    return (machine->name << 32 | machine->boots << 16 | machine->suspends) + 1;
}

int64_t machine_when(struct machine *machine, int64_t t_ns, int64_t raw)
{
    double ahead = (double)(raw - machine_raw(machine, t_ns));
    return t_ns + (int64_t)ceil(ahead / (1 + oscillator_rate(&machine->oscillator)));
}

void machine_steer(struct machine *machine, int64_t t_ns, int64_t rate_ps_per_s)
{
    rebase(machine, machine_raw(machine, t_ns));
    machine->rate_ps_per_s = rate_ps_per_s;
}

void machine_step(struct machine *machine, int64_t t_ns, int64_t step_ns)
{
    rebase(machine, machine_raw(machine, t_ns));
    machine->realtime.count += step_ns;
}

void machine_leap(struct machine *machine, int8_t leap, int64_t midnight_ns)
{
    machine->leap = leap;
    machine->midnight_ns = midnight_ns;
    machine->leapt = machine->leapt && leap != 0;
}

void machine_reboot(struct machine *machine, int64_t t_ns)
{
    boot(machine, t_ns, error_of(machine));
}

void machine_stand(struct machine *machine, int64_t t_ns)
{
    BUG_UNLESS(!machine->stands);
    machine->stands_raw = machine_raw(machine, t_ns);
    machine->stands_since = t_ns;
    machine->stands = true;
}

void machine_go_on(struct machine *machine, int64_t t_ns, bool slept, bool noticed)
{
    BUG_UNLESS(machine->stands);
    int64_t raw = machine->stands_raw;
    rebase(machine, raw);
    machine->stands = false;
    machine->hidden = oscillator_read(&machine->oscillator, t_ns) - raw;
    if (slept) {
        int64_t length = t_ns - machine->stands_since + error_of(machine);
        length = length < 0 ? 0 : length;
        machine->realtime.count += length;
        machine->boottime.count += length;
    }
    machine->suspends += noticed;
}
