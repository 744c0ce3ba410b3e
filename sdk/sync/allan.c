/* SPDX-License-Identifier: Apache-2.0 */
#include "sdk/sync/allan.h"

#include "sdk/sync/real.h"

#define NS_PER_SECOND INT64_C(1000000000)

static int64_t tau_s(size_t octave)
{
    return INT64_C(1) << octave;
}

/* Seconds between the phases of an octave, and how many of them make its tau. */
static int64_t step_s(size_t octave)
{
    return tau_s(octave) < ALLAN_OVERLAP ? 1 : tau_s(octave) / ALLAN_OVERLAP;
}

static uint32_t steps(size_t octave)
{
    return (uint32_t)(tau_s(octave) / step_s(octave));
}

/* The second difference that ends with the newest phase: twice what the middle one is beside the line through the others, which
 * spares us that the three are not quite tau apart. */
static void difference(struct allan_octave *o, uint32_t distance)
{
    if (o->taken < 2 * distance + 1)
        return;
    uint32_t newest = o->taken - 1;
    size_t c = newest % ALLAN_RING, b = (newest - distance) % ALLAN_RING;
    size_t a = (newest - 2 * distance) % ALLAN_RING;
    double early = (double)(o->at_ns[b] - o->at_ns[a]), late = (double)(o->at_ns[c] - o->at_ns[b]);
    double share = early / (early + late);
    double bend = 2 * ((double)(o->offset_ns[a] - o->offset_ns[b]) * (1 - share) +
                       (double)(o->offset_ns[c] - o->offset_ns[b]) * share);
    o->squares += bend * bend;
    o->differences++;
}

static void octave_take(struct allan_octave *o, size_t octave, int64_t at_ns, int64_t offset_ns)
{
    int64_t step = step_s(octave) * NS_PER_SECOND;
    if (o->taken > 0) {
        size_t last = (o->taken - 1) % ALLAN_RING;
        int64_t gap = at_ns - o->at_ns[last];
        if (gap < step - NS_PER_SECOND / 2)
            return;
        if (gap > step + NS_PER_SECOND / 2)
            o->taken = 0;
    }
    if (o->taken == UINT32_MAX) /* whole turns of the ring */
        o->taken -= UINT32_MAX / 2 / ALLAN_RING * ALLAN_RING;
    size_t next = o->taken % ALLAN_RING;
    o->at_ns[next] = at_ns;
    o->offset_ns[next] = offset_ns;
    o->taken++;
    difference(o, steps(octave));
}

void allan_take(struct allan *allan, int64_t at_ns, int64_t offset_ns)
{
    for (size_t i = 0; i < ALLAN_OCTAVES; i++)
        octave_take(&allan->octaves[i], i, at_ns, offset_ns);
}

void allan_cut(struct allan *allan)
{
    for (size_t i = 0; i < ALLAN_OCTAVES; i++)
        allan->octaves[i].taken = 0;
}

size_t allan_table(const struct allan *allan, struct allan_row ret_rows[ALLAN_OCTAVES])
{
    size_t n = 0;
    for (size_t i = 0; i < ALLAN_OCTAVES; i++) {
        const struct allan_octave *o = &allan->octaves[i];
        if (o->differences == 0)
            continue;
        double tau = (double)tau_s(i) * 1e9;
        double sigma = real_sqrt(o->squares / (double)o->differences / 2) / tau;
        ret_rows[n++] = (struct allan_row){tau_s(i), real_round(sigma * 1e15), o->differences};
    }
    return n;
}
