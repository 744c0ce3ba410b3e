/* SPDX-License-Identifier: Apache-2.0 */
#include "client/io/steer.h"

#include <errno.h>
#include <string.h>
#include <sys/timex.h>
#include <unistd.h>

#include "sdk/base/bug.h"
#include "sdk/base/error.h"
#include "sdk/time/arith.h"

enum { NS_PER_US = 1000, FREQ_PER_PPM = 65536, PS_PER_PPM = 1000000 };
/* What may be left in the status after an order: bits that the kernel keeps itself are not ours to judge. */
enum { STA_OURS = STA_PLL | STA_FLL | STA_FREQHOLD | STA_INS | STA_DEL | STA_PPSFREQ | STA_PPSTIME };

/* Microseconds in a tick of the kernel's user interface: 10,000 at 100 Hz. */
static int64_t tick_nominal(void)
{
    long hz = sysconf(_SC_CLK_TCK);
    return hz > 0 ? (1000000 + hz / 2) / hz : 10000;
}

/* Rounded to the nearest, away from zero in the middle. */
static int64_t scale(int64_t value, int64_t by, int64_t per)
{
    int64_t product = value * by, half = per / 2;
    return (product + (product < 0 ? -half : half)) / per;
}

static int64_t rate_of(const struct timex *tx)
{
    /* A tick longer by 1 us in 10,000 is 100 ppm. */
    int64_t nominal = tick_nominal();
    return scale(tx->freq, PS_PER_PPM, FREQ_PER_PPM) +
           scale(tx->tick - nominal, INT64_C(1000000000000), nominal);
}

static void state_of(const struct timex *tx, struct steer_state *ret_state)
{
    *ret_state = (struct steer_state){
        .known = true,
        .rate_ps_per_s = rate_of(tx),
        .offset_ns = (tx->status & STA_NANO) != 0 ? tx->offset : tx->offset * NS_PER_US,
        .maxerror_us = tx->maxerror,
        .esterror_us = tx->esterror,
        .unsynchronised = (tx->status & (STA_UNSYNC | STA_CLOCKERR)) != 0,
        .leap_scheduled = (tx->status & (STA_INS | STA_DEL)) != 0,
        .tai_utc_s = tx->tai,
    };
}

void steer_state_read(struct steer_state *ret_state)
{
    struct timex tx = {.modes = 0};
    *ret_state = (struct steer_state){.known = false};
    if (adjtimex(&tx) >= 0)
        state_of(&tx, ret_state);
}

void steer_read(const struct steer *steer, struct steer_state *ret_state)
{
    struct timex tx = {.modes = 0};
    *ret_state = (struct steer_state){.known = false};
    if (adjtimex(&tx) < 0)
        return;
    state_of(&tx, ret_state);
    ret_state->rival = steer->has_set && (tx.freq != steer->freq || tx.tick != steer->tick ||
                                          (tx.status & STA_OURS) != steer->leap_status || tx.offset != 0);
}

static enum tai_err fail(const char *what, struct tai_error *error)
{
    int e = errno;
    return error_set_detail(error, e == EPERM ? TAI_ERR_PERMISSION : TAI_ERR_IO, what,
                            bytes_of_str(e == EPERM ? "CAP_SYS_TIME is needed" : strerror(e)));
}

/* One call that sets; what the kernel then shows is what later readings are held against. */
static bool set(struct steer *steer, struct timex *tx)
{
    if (adjtimex(tx) < 0)
        return false;
    steer->freq = tx->freq;
    steer->tick = tx->tick;
    steer->has_set = true;
    return true;
}

enum tai_err steer_open(struct steer *ret_steer, bool steers, struct tai_error *error)
{
    struct steer steer = {.steers = steers};
    struct timex now = {.modes = 0};
    if (!steers) {
        *ret_steer = steer;
        return TAI_OK;
    }
    if (adjtimex(&now) < 0)
        return fail("the kernel's clock cannot be read", error);
    int64_t freq = scale(rate_of(&now), FREQ_PER_PPM, PS_PER_PPM);
    int64_t freq_max = scale(STEER_RATE_PS_MAX, FREQ_PER_PPM, PS_PER_PPM);
    freq = freq < -freq_max ? -freq_max : freq > freq_max ? freq_max : freq;
    /* An offset can be ended only while the PLL is on; 0 moves nothing. The kernel adds 0 to the frequency then. */
    struct timex offset = {.modes = ADJ_STATUS | ADJ_NANO | ADJ_OFFSET, .status = STA_PLL | STA_UNSYNC};
    struct timex slew = {.modes = ADJ_OFFSET_SINGLESHOT};
    struct timex rest = {.modes = ADJ_STATUS | ADJ_NANO | ADJ_FREQUENCY | ADJ_TICK,
                         .status = now.status & STA_UNSYNC,
                         .freq = (long)freq,
                         .tick = (long)tick_nominal()};
    if (adjtimex(&offset) < 0 || adjtimex(&slew) < 0 || !set(&steer, &rest))
        return fail("the system clock cannot be steered", error);
    *ret_steer = steer;
    return TAI_OK;
}

void steer_close(struct steer *steer)
{
    *steer = (struct steer){.steers = false};
}

static bool is_allowed(const struct engine_steer *o)
{
    bool step_fits = !o->step || (o->step_ns >= -STEER_STEP_NS_MAX && o->step_ns <= STEER_STEP_NS_MAX);
    return step_fits && o->rate_ps_per_s >= -STEER_RATE_PS_MAX && o->rate_ps_per_s <= STEER_RATE_PS_MAX &&
           o->maxerror_ns >= 0 && o->esterror_ns >= 0 && o->tai_utc_s >= 0 &&
           o->tai_utc_s <= STEER_TAI_UTC_S_MAX;
}

static bool step(int64_t ns)
{
    int64_t rest;
    struct timex tx = {.modes = ADJ_SETOFFSET | ADJ_NANO};
    tx.time.tv_sec = (time_t)arith_div_floor(ns, NS_PER_S, &rest);
    tx.time.tv_usec = (suseconds_t)rest; /* ADJ_NANO: nanoseconds, 0 to 999,999,999 */
    return adjtimex(&tx) >= 0;
}

/* Microseconds, rounded up; the most that the kernel can say where it is more. */
static long error_us(int64_t ns)
{
    return ns >= (int64_t)STEER_MAXERROR_US_MAX * NS_PER_US ? STEER_MAXERROR_US_MAX
                                                            : (long)((ns + NS_PER_US - 1) / NS_PER_US);
}

enum tai_err steer_apply(struct steer *steer, const struct engine_steer *order, struct tai_error *error)
{
    BUG_UNLESS(steer->steers);
    if (!is_allowed(order))
        return error_set(error, TAI_ERR_RANGE, "an order to the system clock is outside what is allowed");
    if (order->step && !step(order->step_ns))
        return fail("the system clock cannot be stepped", error);
    struct timex tx = {.modes = ADJ_FREQUENCY | ADJ_STATUS | ADJ_MAXERROR | ADJ_ESTERROR | ADJ_NANO,
                       .freq = (long)scale(order->rate_ps_per_s, FREQ_PER_PPM, PS_PER_PPM),
                       .maxerror = error_us(order->maxerror_ns),
                       .esterror = error_us(order->esterror_ns)};
    if (order->unsynchronised || tx.maxerror >= STEER_MAXERROR_US_MAX)
        tx.status = STA_UNSYNC;
    int leap_status = order->leap > 0 ? STA_INS : order->leap < 0 ? STA_DEL : 0;
    tx.status |= leap_status;
    if (order->tai_utc_s != 0) {
        tx.modes |= ADJ_TAI;
        tx.constant = order->tai_utc_s;
    }
    if (!set(steer, &tx))
        return fail("the system clock cannot be steered", error);
    steer->leap_status = leap_status;
    return TAI_OK;
}
