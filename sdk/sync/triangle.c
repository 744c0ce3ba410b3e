/* SPDX-License-Identifier: Apache-2.0 */
#include "sdk/sync/triangle.h"

#include "sdk/base/bug.h"
#include "sdk/time/arith.h"

static int64_t add_saturating(int64_t a, int64_t b)
{
    int64_t sum;
    if (arith_add(a, b, &sum))
        return sum;
    return b > 0 ? INT64_MAX : INT64_MIN;
}

static int64_t size_of(int64_t v)
{
    return v == INT64_MIN ? INT64_MAX : v < 0 ? -v : v;
}

static int64_t sum3(int64_t a, int64_t b, int64_t c)
{
    return add_saturating(add_saturating(a, b), c);
}

enum triangle_verdict triangle_close(const struct triangle_path *ij, const struct triangle_path *jk,
                                     const struct triangle_path *ik, int64_t *ret_closure_ns)
{
    if (!ij->known || !jk->known || !ik->known)
        return TRIANGLE_UNKNOWN;
    int64_t there = add_saturating(ij->offset_ns, jk->offset_ns), closure;
    if (!arith_sub(there, ik->offset_ns, &closure))
        closure = there < 0 ? INT64_MIN : INT64_MAX;
    int64_t noise = sum3(ij->noise_ns, jk->noise_ns, ik->noise_ns);
    int64_t paths = sum3(ij->delay_ns / 2, jk->delay_ns / 2, ik->delay_ns / 2);
    int64_t size = size_of(closure);
    *ret_closure_ns = closure;
    if (size <= noise)
        return TRIANGLE_CLOSED;
    return size <= add_saturating(noise, paths) ? TRIANGLE_OPEN : TRIANGLE_LIE;
}

/* Open triangles per side, both halves of the square. */
struct tally {
    uint32_t open[TRIANGLE_NODES_MAX][TRIANGLE_NODES_MAX];
};

static void count_triangle(const struct triangle_path paths[TRIANGLE_NODES_MAX][TRIANGLE_NODES_MAX], size_t i,
                           size_t j, size_t k, struct tally *tally, struct triangle_survey *survey)
{
    int64_t closure;
    enum triangle_verdict verdict = triangle_close(&paths[i][j], &paths[j][k], &paths[i][k], &closure);
    if (verdict == TRIANGLE_UNKNOWN)
        return;
    survey->triangles++;
    if (verdict == TRIANGLE_CLOSED)
        return;
    survey->open++;
    tally->open[i][j]++;
    tally->open[j][k]++;
    tally->open[i][k]++;
    if (survey->open > 1 && size_of(closure) <= size_of(survey->worst_closure_ns))
        return;
    survey->worst_closure_ns = closure;
    survey->worst[0] = (uint8_t)i;
    survey->worst[1] = (uint8_t)j;
    survey->worst[2] = (uint8_t)k;
}

static void find_suspect(const struct tally *tally, size_t n, struct triangle_survey *survey)
{
    for (size_t i = 0; i < n; i++) {
        for (size_t j = i + 1; j < n; j++) {
            uint32_t open = tally->open[i][j];
            if (open < survey->suspect_open || open == 0)
                continue;
            survey->suspect = open > survey->suspect_open;
            survey->suspect_open = open;
            survey->first = (uint8_t)i;
            survey->second = (uint8_t)j;
        }
    }
}

void triangle_survey(const struct triangle_path paths[TRIANGLE_NODES_MAX][TRIANGLE_NODES_MAX], size_t n,
                     struct triangle_survey *ret_survey)
{
    BUG_UNLESS(n <= TRIANGLE_NODES_MAX);
    struct tally tally = {{{0}}};
    struct triangle_survey survey = {0};
    for (size_t i = 0; i < n; i++)
        for (size_t j = i + 1; j < n; j++)
            for (size_t k = j + 1; k < n; k++)
                count_triangle(paths, i, j, k, &tally, &survey);
    find_suspect(&tally, n, &survey);
    *ret_survey = survey;
}
