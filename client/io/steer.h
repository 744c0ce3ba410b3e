/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel's clock, CLOCK_REALTIME: reading what it says of itself, and steering it.
 *
 * The only code of the project that uses CAP_SYS_TIME, so it is small, and every number is checked before it is
 * handed to the kernel. It decides how an order is said to adjtimex(2), and whether somebody else has been steering. It refuses
 * to decide where the clock should go; to step unless the order says so; and to set more than 500 ppm. Leap seconds are
 * made by the kernel, which does it to the tick and lets every program ask beforehand (STA_INS, STA_DEL): the order says on
 * which day.
 *
 * Model. Linux makes REALTIME run at (1 + freq) against RAW; freq is in units of 2^-16 ppm (15.26 ps/s), positive makes it
 * faster. So RAW's own error does not matter here, and the rate of an order means what it says: REALTIME against RAW.
 *
 * Worked number: rate 12,500,000 ps/s (12.5 ppm) is freq 819,200; the kernel shows it back as 819,200.
 *
 * Decided: ADJ_FREQUENCY alone steers. Its range of 500 ppm is five times what an oscillator of any use needs; `tick` (steps of
 * 100 ppm) is set to its nominal value when the clock is taken over and never used. Left over from an earlier keeper, a phase
 * that the kernel is still working off, the kernel's own PLL, an adjtime(3) under way and scheduled leap seconds are ended then.
 *
 * Another steerer is noticed by reading back: frequency, tick or PLL other than what the kernel showed right after our
 * last order. A step by somebody else does not show here; the caller sees it in REALTIME - RAW.
 *
 * maxerror: rounded up to microseconds; the kernel itself lets it grow by 500 us a second and says "unsynchronised" at 16 s.
 *
 * Thread rule: one thread. Sources: adjtimex(2), Linux kernel/time/ntp.c, timekeeping.c. */
#ifndef CLIENT_IO_STEER_H
#define CLIENT_IO_STEER_H

#include "client/core/engine.h"
#include "taistamp/base.h"

#define STEER_RATE_PS_MAX INT64_C(500000000)           /* 500 ppm */
#define STEER_STEP_NS_MAX INT64_C(3200000000000000000) /* a century: beyond that an order is a mistake */
enum { STEER_MAXERROR_US_MAX = 16000000, STEER_TAI_UTC_S_MAX = 1000 };

/* What the kernel's clock says of itself. */
struct steer_state {
    bool known;            /* the call worked */
    bool rival;            /* not what we set: another program steers. False unless we steer */
    int64_t rate_ps_per_s; /* REALTIME against RAW, frequency and tick together */
    int64_t offset_ns;     /* still to be worked off by the kernel's PLL */
    int64_t maxerror_us, esterror_us;
    bool unsynchronised; /* STA_UNSYNC or a clock error */
    bool leap_scheduled; /* the kernel would insert or delete a second */
    int32_t tai_utc_s;   /* kernel's TAI offset; 0: nobody has set it */
};

struct steer {
    bool steers;
    bool has_set;
    int64_t freq, tick; /* as shown right after our last order */
    int leap_status;    /* STA_INS or STA_DEL, as told last */
};

/* Only reads; needs no right and no `struct steer`. */
void steer_state_read(struct steer_state *ret_state);

/* `steers` false: nothing will ever be set, and steer_apply is refused. True: takes the clock in hand as described; it goes
 * on at the rate it has. TAI_ERR_PERMISSION without CAP_SYS_TIME. */
TAISTAMP_MUST_CHECK enum tai_err steer_open(struct steer *ret_steer, bool steers, struct tai_error *error);
/* The clock goes on as it was last told; its maxerror grows, so nobody is deceived for long. */
void steer_close(struct steer *steer);
/* Carries out one order: the step first, then all else in one call. TAI_ERR_RANGE: an order outside what is allowed, nothing
 * was done. A half-width that is too large to say is said as 16 s and unsynchronised. */
TAISTAMP_MUST_CHECK enum tai_err steer_apply(struct steer *steer, const struct engine_steer *order,
                                             struct tai_error *error);
/* As steer_state_read, and `rival` is judged. */
void steer_read(const struct steer *steer, struct steer_state *ret_state);

#endif
