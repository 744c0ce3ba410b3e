/* SPDX-License-Identifier: Apache-2.0 */
/* One value out of many when some of them lie: the fault-tolerant midpoint, and the rule for outliers.
 *
 * Midpoint. Every node sorts the offsets that it measured of its peers *and its own zero*, a peer that did not answer
 * counting as zero as well, drops the f smallest and the f largest, and takes the midpoint of the smallest and the largest
 * that are left. With n >= 3f + 1 nodes any two honest nodes then come closer each round whatever f liars tell to
 * each of them (Lundelius Welch and Lynch, "A New Fault-Tolerant Algorithm for Clock Synchronization", 1988). A plain
 * median, or the same without the own zero, does not: two-faced liars keep the halves apart (tests/unit/test_midpoint.c
 * shows all three).
 *
 * Worked number: n = 4, f = 1, offsets +10, +40, -900 and the own 0: dropped are -900 and +40, the midpoint is +5.
 *
 * Outliers. The largest set of values of which any two are at most `spread` apart; never "k standard deviations",
 * because among n values none can be further than (n - 1) / sqrt(n) deviations out, which is below 3 up to n = 10.
 *
 * Integers only; any thread. */
#ifndef SDK_SYNC_MIDPOINT_H
#define SDK_SYNC_MIDPOINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MIDPOINT_VALUES_MAX = 64 };

enum midpoint_verdict {
    MIDPOINT_OK,
    MIDPOINT_TOO_FEW_NODES, /* n < 3f + 1: no rule converges */
    MIDPOINT_TOO_FEW_HEARD  /* fewer offsets than the caller asks for: go on freely and widen */
};

/* n = heard + missing + 1 with the node itself; offsets_ns are *add to ours to reach theirs*. `least` is how many
 * must have been heard. n <= MIDPOINT_VALUES_MAX. *ret_ns, rounded towards zero, is what the node adds to its own
 * clock; untouched unless MIDPOINT_OK. */
enum midpoint_verdict midpoint_fault_tolerant(const int64_t *offsets_ns, size_t heard, size_t missing,
                                              size_t f, size_t least, int64_t *ret_ns);

/* Drops f of each end of the values (which it sorts) and gives the mean of the rest, rounded towards zero: for quantities
 * that are averaged over many members, such as prediction residuals. False (*ret untouched) when nothing is left.
 * Any count; saturation cannot occur below 2^53 each. */
bool midpoint_trimmed_mean(int64_t *values, size_t count, size_t f, int64_t *ret);

struct midpoint_cluster {
    int64_t low, high;  /* a value is a member if it is within these */
    size_t first, size; /* where it lies in the sorted values */
};
/* Sorts the values and finds the largest mutually close cluster: of those with high - low <= spread the one with most
 * members; of equals the narrowest; of those the lowest. count > 0, spread >= 0. */
struct midpoint_cluster midpoint_largest_cluster(int64_t *values, size_t count, int64_t spread);

#endif
