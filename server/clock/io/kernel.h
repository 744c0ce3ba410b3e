/* SPDX-License-Identifier: Apache-2.0 */
/* Reading the kernel's clocks and the state that adjtimex(2) shows. Reads only: nothing is ever set. */
#ifndef SERVER_CLOCK_IO_KERNEL_H
#define SERVER_CLOCK_IO_KERNEL_H

#include "server/clock/core/reference.h"

/* Fills raw, realtime_ns and width: of several readings of REALTIME between two of RAW, the closest. */
void kernel_read_clocks(struct reference_sample *sample);
/* The state of the kernel's clock; `known` is false where the call fails. */
void kernel_read_state(struct keeper_kernel *ret_kernel);
/* A number that names the clocksource in use; 0 where the kernel does not show it. */
uint64_t kernel_timeline(void);

#endif
