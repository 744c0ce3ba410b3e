/* SPDX-License-Identifier: Apache-2.0 */
/* The timekeeping unit: a node's sources of time, its oscillator, and out of both the one reference that it vouches for.
 *
 * Decides: what each source's samples amount to (refclock_filter.h); which sources are believed (quarantine, suspicion, era;
 * correlated ones count once); the reference of this second, a line with its half-width; and how it goes on when every source
 * is gone (holdover.h). Refuses: to step what it says while anything it believed still holds, and to believe a single source
 * against its own holdover.
 *
 * Pure; one thread at a time; memory is the caller's. */
#ifndef SERVER_CLOCK_CORE_TIMEKEEPER_H
#define SERVER_CLOCK_CORE_TIMEKEEPER_H

#include "server/clock/core/refclock.h"

#endif
