/* SPDX-License-Identifier: Apache-2.0 */
/* Which network servers share a cause of error: two with one upstream count once.
 *
 * Decides from what they say of themselves (reference ids): two secondary servers that follow the same one, one that follows the
 * other, or one host under two names or ports belong together, and so do those that belong to the same third. Cannot see: a
 * common upstream two steps above, a server that reports a false reference id, two primary servers on one antenna (the operator's `group` says that).
 * Two different IPv6 upstreams have the same reference id once in 2^32.
 *
 * No state; any thread. Source: RFC 5905 section 7.3 (reference id). */
#ifndef SERVER_CLOCK_CORE_UPSTREAMS_H
#define SERVER_CLOCK_CORE_UPSTREAMS_H

#include "server/clock/core/refclock.h"

/* Of groups found here. They are made of the upstream's reference id, so that two nodes of a cluster that have one upstream come
 * to the same number; two upstreams share one by chance once in 32768, and then count once. */
enum { UPSTREAMS_GROUP_BIT = 0x8000 };

/* groups[i]: on entry as configured for source i (0: none), on return as it is with what the servers say: a configured number,
 * one of above, or 0 for a source of which neither is known. `upstreams` in any order, of at most `count` sources, each at
 * most once; those of stratum 0 say nothing. count <= REFCLOCKS_MAX. */
void upstreams_group(const struct refclock_upstream *upstreams, size_t upstreams_count, size_t count,
                     uint16_t groups[]);

#endif
