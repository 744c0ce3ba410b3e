/* SPDX-License-Identifier: Apache-2.0 */
/* What three nodes that measure each other can see of path asymmetry.
 *
 * Constant asymmetry of one path cannot be observed on that path: it looks like an offset. Around a triangle the true
 * offsets cancel, (j - i) + (k - j) + (i - k) = 0, so whatever remains is the sum of half the asymmetries of the three
 * paths (and noise). It cannot be said from one triangle which path it is; of many triangles the path that is a side of
 * most of those that do not close is the suspect. Equal asymmetry of all paths of one node (its own network card) closes
 * every triangle and stays invisible.
 *
 * Worked number: i-j +10 us, j-k -4 us, i-k +31 us: closure 10 - 4 - 31 = -25 us: some path is asymmetric by 50 us.
 *
 * For reports only: nothing is corrected, nobody excluded. Integers only; any thread. */
#ifndef SDK_SYNC_TRIANGLE_H
#define SDK_SYNC_TRIANGLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sdk/sync/sync.h"

/* One measured path between two nodes, at one common instant. */
struct triangle_path {
    bool known;
    int64_t offset_ns; /* second node minus first */
    int64_t noise_ns;  /* what the measurement itself may be off by, asymmetry apart, >= 0 */
    int64_t delay_ns;  /* smallest round trip, >= 0: half of it is the most that asymmetry can do */
};

enum triangle_verdict {
    TRIANGLE_CLOSED, /* within the noise */
    TRIANGLE_OPEN,   /* some path is asymmetric */
    TRIANGLE_LIE,    /* more than the three delays can explain: a stamp or a statement is false */
    TRIANGLE_UNKNOWN /* a path is not known */
};

/* Paths i-j, j-k and i-k. *ret_closure_ns: ij + jk - ik, saturating; untouched if UNKNOWN. */
enum triangle_verdict triangle_close(const struct triangle_path *ij, const struct triangle_path *jk,
                                     const struct triangle_path *ik, int64_t *ret_closure_ns);

enum { TRIANGLE_NODES_MAX = SYNC_SERVERS_MAX + 1 }; /* the servers, and one more corner for cluster time */

struct triangle_survey {
    uint32_t triangles, open; /* of those known; lies count as open */
    bool suspect;             /* one path is a side of more open triangles than any other */
    uint8_t first, second;    /* that path, if suspect */
    uint32_t suspect_open;    /* open triangles with that side */
    int64_t worst_closure_ns; /* largest in size, with its sign */
    uint8_t worst[3];         /* its nodes i < j < k; meaningful if open > 0 */
};
/* Over all triangles of n <= TRIANGLE_NODES_MAX nodes; paths[i][j] is meaningful for i < j only. */
void triangle_survey(const struct triangle_path paths[TRIANGLE_NODES_MAX][TRIANGLE_NODES_MAX], size_t n,
                     struct triangle_survey *ret_survey);

#endif
