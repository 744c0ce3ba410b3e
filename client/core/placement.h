/* SPDX-License-Identifier: Apache-2.0 */
/* Lines carried from one raw timeline to another.
 *
 * Decides: what a line of somebody else's timeline says on ours, and the reverse, given where the one timeline lies on the other
 * (peer.h measures that). Refuses: to make an interval smaller on the way. What is carried is never narrower than
 * the line's own width there plus the placement's.
 *
 * Worked number: at our raw 100 s its reading is 500 s +- 200 us, gaining +2 ppm on us. Its line: TAI 1000 s +- 5 us at its 500 s,
 * rate +3 ppm. Ours, then: TAI 1000 s +- 205 us at our 100 s, rate +5 ppm.
 *
 * No state; any thread. */
#ifndef CLIENT_CORE_PLACEMENT_H
#define CLIENT_CORE_PLACEMENT_H

#include "sdk/sync/sync.h"

/* At our `local` its reading is `remote`, +- half_width. */
struct peer_placement {
    sync_timeline_t local_timeline, remote_timeline;
    tai_mono_t local, remote;
    int64_t rate_ps_per_s; /* its gain per second of ours */
    int64_t half_width_ns; /* of `remote`, causal: true while stamps are */
    tai_ppb_t growth;      /* of that, per second away from `local`, both oscillators' */
    int64_t sigma_ns;      /* of `remote`, as the fit believes; information */
    int64_t skew_ps_per_s; /* of the rate, 1 sigma */
    int64_t delay_ns;      /* smallest round trip in the window */
    uint32_t samples;
};

/* A line of its timeline, as it is on ours at placement.local. False when the line is invalid, of another timeline, expired there or
 * without an interval. */
bool placement_carry(const struct peer_placement *placement, const struct sync_line *line,
                     struct sync_line *ret_line);
/* Our line as it is on its timeline, at placement.remote. This is what a correction is. False as above. */
bool placement_carry_back(const struct peer_placement *placement, const struct sync_line *line,
                          struct sync_line *ret_line);
/* Its reference, as it is on ours at placement.local. False when it has none or it is not within its ranges. */
bool placement_reference(const struct peer_placement *placement, const struct sync_reference *reference,
                         struct sync_reference *ret_reference);
/* The same relation seen from the other side. */
struct peer_placement placement_reverse(const struct peer_placement *placement);

#endif
