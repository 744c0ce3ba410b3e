/* SPDX-License-Identifier: Apache-2.0 */
/* Reading the kernel's clocks and the state that adjtimex(2) shows. Reads only: nothing is ever set. */
#ifndef SERVER_CLOCK_IO_KERNEL_H
#define SERVER_CLOCK_IO_KERNEL_H

#include "server/clock/core/reference.h"

/* Fills raw, realtime_ns and width (of several readings of REALTIME between two of RAW, the closest), and the state of
 * the kernel's clock that belongs to them: the same before and after, for a daemon may set the clock, and another error
 * with it, in between. kernel.known is false where the call fails, or the state does not stand still. */
void kernel_read(struct reference_sample *sample);
/* A number that names the clocksource in use; 0 where the kernel does not show it. */
uint64_t kernel_timeline(void);

#endif
