/* SPDX-License-Identifier: Apache-2.0 */
/* Orders to the clock of this very machine: does the kernel do what it is told? A rate for a second and its opposite for
 * another, a step and a step back, another hand on the clock; what adjtimex(2) showed before is put back at the end, and
 * the clock is then where it would have been, to some microseconds.
 *
 * Runs only when asked for, by `make interop-steer`, as root, where nobody else steers the clock. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/timex.h>
#include <time.h>

#include "client/io/clocks.h"
#include "client/io/rivals.h"
#include "client/io/steer.h"

static struct timex found; /* before we came */
static int failures;

static void put_back(void)
{
    struct timex tx = {.modes = ADJ_FREQUENCY | ADJ_TICK | ADJ_STATUS | ADJ_MAXERROR | ADJ_ESTERROR |
                                ADJ_TAI | ((found.status & STA_NANO) != 0 ? ADJ_NANO : ADJ_MICRO),
                       .freq = found.freq,
                       .tick = found.tick,
                       .status = found.status,
                       .maxerror = found.maxerror,
                       .esterror = found.esterror,
                       .constant = found.tai};
    if (adjtimex(&tx) < 0)
        perror("steer_live: the clock's state could not be put back");
}

static void say(bool good, const char *what, long long value, long long wanted)
{
    printf("%s: %s: %lld (wanted %lld)\n", good ? "ok" : "FAILED", what, value, wanted);
    failures += !good;
}

static void wait_ms(long ms)
{
    struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    nanosleep(&t, NULL);
}

static int64_t relation(void)
{
    struct clocks_pair pair;
    clocks_pair_read(&pair);
    return pair.realtime_ns - pair.raw.ns;
}

static struct steer_state apply(struct steer *steer, const struct engine_steer *order)
{
    struct tai_error error;
    struct steer_state state;
    if (steer_apply(steer, order, &error) != TAI_OK) {
        fprintf(stderr, "steer_live: %s\n", error.text);
        exit(1);
    }
    steer_read(steer, &state);
    return state;
}

/* How REALTIME runs against RAW, over a second. */
static int64_t measured_rate(void)
{
    struct clocks_pair a, b;
    wait_ms(20); /* the kernel takes the new rate up with its next tick */
    clocks_pair_read(&a);
    wait_ms(1000);
    clocks_pair_read(&b);
    int64_t gained = (b.realtime_ns - b.raw.ns) - (a.realtime_ns - a.raw.ns);
    return gained * 1000 * 1000000 / ((b.raw.ns - a.raw.ns) / 1000);
}

static void try_rates(struct steer *steer, struct engine_steer order, int64_t own_rate)
{
    for (int sign = 1; sign >= -1; sign -= 2) {
        order.rate_ps_per_s = own_rate + sign * 50000000;
        struct steer_state state = apply(steer, &order);
        int64_t rate = measured_rate(), off = rate - order.rate_ps_per_s;
        say(!state.rival && state.rate_ps_per_s - order.rate_ps_per_s <= 8, "rate shown, ps/s",
            state.rate_ps_per_s, order.rate_ps_per_s);
        say(off > -1000000 && off < 1000000, "rate measured, ps/s", rate, order.rate_ps_per_s);
    }
}

static void try_steps(struct steer *steer, struct engine_steer order)
{
    order.step = true;
    for (int sign = 1; sign >= -1; sign -= 2) {
        order.step_ns = sign * 1000000;
        int64_t before = relation();
        struct steer_state state = apply(steer, &order);
        int64_t moved = relation() - before, off = moved - order.step_ns;
        say(off > -20000 && off < 20000, "step measured, ns", moved, order.step_ns);
        say(!state.unsynchronised && state.maxerror_us < 16000000, "maxerror after the step, us",
            state.maxerror_us, order.maxerror_ns / 1000);
    }
}

static void try_rival(struct steer *steer, struct engine_steer order)
{
    struct steer_state state = apply(steer, &order);
    say(!state.rival, "another hand seen before there is one", state.rival, 0);
    struct timex tx = {.modes = 0};
    adjtimex(&tx);
    tx.modes = ADJ_FREQUENCY;
    tx.freq += 100;
    adjtimex(&tx);
    steer_read(steer, &state);
    say(state.rival, "another hand seen", state.rival, 1);
}

int main(void)
{
    struct tai_error error;
    struct steer steer;
    struct steer_state before, after;
    if (rivals_none("/proc", &error) != TAI_OK || adjtimex(&found) < 0) {
        fprintf(stderr, "steer_live cannot run: %s\n", error.text);
        return 1;
    }
    steer_state_read(&before);
    if (steer_open(&steer, true, &error) != TAI_OK) {
        fprintf(stderr, "steer_live cannot run: %s\n", error.text);
        return 1;
    }
    atexit(put_back);
    steer_read(&steer, &after);
    say(after.unsynchronised == before.unsynchronised && !after.rival, "rate taken over, ps/s",
        after.rate_ps_per_s, before.rate_ps_per_s);
    struct engine_steer order = {.rate_ps_per_s = before.rate_ps_per_s,
                                 .maxerror_ns = 500000000,
                                 .esterror_ns = 1000,
                                 .tai_utc_s = 37};
    after = apply(&steer, &order);
    say(after.tai_utc_s == 37, "TAI offset, s", after.tai_utc_s, 37);
    try_rates(&steer, order, before.rate_ps_per_s);
    order.rate_ps_per_s = before.rate_ps_per_s;
    try_steps(&steer, order);
    try_rival(&steer, order);
    return failures != 0;
}
