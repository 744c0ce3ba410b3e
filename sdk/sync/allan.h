/* SPDX-License-Identifier: Apache-2.0 */
/* Allan deviation of an oscillator, as its phase comes in: how much its mean rate over tau differs from that over the next tau.
 *
 *     sigma^2(tau) = < (x(t + 2 tau) - 2 x(t + tau) + x(t))^2 > / (2 tau^2)
 *
 * for tau = 1, 2, 4 ... 65,536 s (David W. Allan, "Statistics of Atomic Frequency Standards", 1966; overlapping, as in NIST Special
 * Publication 1065, section 5.2.4). Each octave keeps a ring of ALLAN_RING phases, tau / 4 apart (the first two: a second), so that
 * its second differences overlap by three quarters; more overlap would gain next to nothing. All since the start counts.
 *
 * Phase is offset of true time against the raw clock, about once a second; readings that are a little early or late are laid
 * on the straight line, and a gap begins its octaves anew. What is seen below the time constant of the filter that the phases come from
 * is that filter. Information for people: nothing is decided by it.
 *
 * Worked number: white noise of phase of 1 us at 1 Hz gives sigma(1 s) = 1.73e-6, and half of that at each octave; a random walk of the
 * rate of 1e-9 per root second gives 1e-9 * sqrt(tau / 3).
 *
 * Doubles inside, integers outside. About 3 KiB. One thread at a time. */
#ifndef SDK_SYNC_ALLAN_H
#define SDK_SYNC_ALLAN_H

#include <stddef.h>
#include <stdint.h>

enum { ALLAN_OCTAVES = 17, ALLAN_OVERLAP = 4, ALLAN_RING = 2 * ALLAN_OVERLAP + 1 };

struct allan_octave {
    int64_t at_ns[ALLAN_RING], offset_ns[ALLAN_RING];
    uint32_t taken;       /* phases since the last gap */
    uint64_t differences; /* since the start */
    double squares;       /* sum of second differences squared, ns^2 */
};
struct allan {
    struct allan_octave octaves[ALLAN_OCTAVES];
};

/* Zeroes at the start. A phase at raw reading at_ns. Not after the last: left out. */
void allan_take(struct allan *allan, int64_t at_ns, int64_t offset_ns);
/* The raw timeline ended, or the phase jumped: no difference reaches across. What was summed up stays. */
void allan_cut(struct allan *allan);

struct allan_row {
    int64_t tau_s;
    int64_t deviation_fs_per_s; /* relative rate in 10^-15 */
    uint64_t differences;       /* it rests on */
};
/* The octaves with any difference, shortest first; returns how many. */
size_t allan_table(const struct allan *allan, struct allan_row ret_rows[ALLAN_OCTAVES]);

#endif
