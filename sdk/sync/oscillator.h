/* SPDX-License-Identifier: Apache-2.0 */
/* How fast a bound must grow: what is declared of an oscillator, and what may be believed after it was measured.
 *
 * Before it has been measured the only bound of its rate is the declared one (rho, default by class, 50 ppm for a
 * PC). Measuring tells what the rate *was*; a crystal that warms up leaves that figure without notice. So the growth around
 * a measured rate is never below the floor of its class: what such a crystal may do within one interval between
 * measurements of LIFE at most, temperature included; and never below five standard deviations of what the measurement
 * itself admits (skew and wander). And never above the declared rho plus what was measured: the estimate cannot make it
 * worse than ignorance.
 *
 * Figures (fractional; the sources are data sheets and the usual tables for each class): a PC crystal +-50 ppm from the factory,
 * 1 ppm within minutes when the machine starts to work hard; a TCXO 5 ppm over its life and 0.1 ppm over a change of
 * temperature; an OCXO 0.5 ppm and 0.01; rubidium 0.005 ppm (5e-9, aged) and 0.001.
 *
 * Worked number: a PC with a skew of 20 ns/s (20,000 ps/s) and a wander of 1000 ps/s per root second, used for 16 s: five
 * sigma is 5 * (20,000 + 4,000) = 120 ppb, the floor is 1000 ppb, so growth is 1000 ppb. Integers only; any thread. */
#ifndef SDK_SYNC_OSCILLATOR_H
#define SDK_SYNC_OSCILLATOR_H

#include "sdk/base/bytes.h"
#include "sdk/sync/sync.h"

enum oscillator_class {
    OSCILLATOR_PC = 0, /* what is on a mainboard; also a virtual machine */
    OSCILLATOR_TCXO,
    OSCILLATOR_OCXO,
    OSCILLATOR_RUBIDIUM,
    OSCILLATOR_CLASSES
};

/* "pc", "tcxo", "ocxo", "rubidium". Static storage. */
const char *oscillator_name(enum oscillator_class class);
bool oscillator_parse(struct bytes name, enum oscillator_class *ret_class);

/* rho before measurement when nothing else is declared. */
tai_ppb_t oscillator_declared(enum oscillator_class class);
/* The least growth after measurement. */
tai_ppb_t oscillator_floor(enum oscillator_class class);

/* Growth of the half-width around a measured rate. `declared` is rho (from the configuration or oscillator_declared);
 * skew is one standard deviation of the rate; wander is per root second; life is how long the line will be used.
 * None negative. */
tai_ppb_t oscillator_growth(enum oscillator_class class, tai_ppb_t declared, int64_t skew_ps_per_s,
                            int64_t wander_ps_per_s, tai_span_t life);
/* Whether a measured rate of an oscillator against true time is possible under its declared bound. */
bool oscillator_plausible(tai_ppb_t declared, int64_t rate_ps_per_s);

#endif
