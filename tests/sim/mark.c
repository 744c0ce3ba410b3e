/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/mark.h"

#include <stdlib.h>

#include "tests/sim/oracle.h"

/* What the issue asks: leader loss, subtle liars. What NUMBERS says of two-faced ones was simulated with read errors of 1 us; here
 * they are what the paths make them. */
#define NEW_MASTER_NS_MAX INT64_C(5000000000)
#define SPREAD_FACTOR_MAX 3
#define SPREAD_FLOOR_NS   INT64_C(2000)
#define RATE_CHANGE_PPB   100.0
#define BIAS_NS_MAX       2000.0
#define SKEW_NS_MAX       INT64_C(20000)

enum { MARK_NODES = 16 };

static int64_t spread(const struct mark_taken *taken, const struct mark_taken *also)
{
    int64_t low = INT64_MAX, high = INT64_MIN;
    for (unsigned i = 0; i < MARK_NODES; i++)
        if (taken->has[i] && also->has[i]) {
            low = taken->offset_ns[i] < low ? taken->offset_ns[i] : low;
            high = taken->offset_ns[i] > high ? taken->offset_ns[i] : high;
        }
    return high < low ? 0 : high - low;
}

/* Mean rate of the nodes that are in both, and in `also`, ppb against true time. */
static double rate(const struct mark_taken *from, const struct mark_taken *to, const struct mark_taken *also)
{
    double sum = 0;
    unsigned n = 0;
    for (unsigned i = 0; i < MARK_NODES; i++)
        if (from->has[i] && to->has[i] && also->has[i]) {
            sum += (double)(to->offset_ns[i] - from->offset_ns[i]);
            n++;
        }
    return n == 0 ? 0 : sum / n / ((double)(to->at_ns - from->at_ns) * 1e-9);
}

static void take(struct world *world, struct mark_taken *taken)
{
    *taken = (struct mark_taken){.taken = true, .at_ns = world->now_ns};
    for (uint32_t i = 0; i < world->servers_count && i < MARK_NODES; i++) {
        struct world_node *node = &world->nodes[i];
        tai_t tai;
        int64_t half;
        taken->has[i] = node->engine != NULL && node->plan.traitor == TRAITOR_NONE &&
                        oracle_read(world, node, &tai, &half);
        if (taken->has[i])
            taken->offset_ns[i] = tai.ns - world->now_ns;
    }
}

void oracle_mark(struct world *world, enum mark mark)
{
    struct oracle *oracle = world->oracle;
    struct mark_taken *taken = &oracle->marks[mark];
    take(world, taken);
    if (mark == MARK_SKEW) {
        int64_t skew = spread(taken, taken);
        histogram_add(&oracle->figures.skew_ns, (double)skew);
        if (skew > SKEW_NS_MAX)
            oracle_fail(world, &world->nodes[world->servers_count - 1], "the honest nodes are %lld ns apart",
                        (long long)skew);
    }
}

void oracle_master_killed(struct world *world)
{
    world->oracle->killed_ns = world->now_ns;
}

/* The largest spread in the time before the master died, and since: both of all samples, for at a single instant the nodes
 * may happen to be much closer together than they usually are. */
static void watch_spread(struct world *world)
{
    struct oracle *oracle = world->oracle;
    struct mark_taken now;
    bool before = oracle->marks[MARK_BEFORE].taken && !oracle->marks[MARK_KILL].taken;
    bool after = oracle->killed_ns != 0 && !oracle->marks[MARK_AFTER].taken;
    if (!before && !after)
        return;
    take(world, &now);
    int64_t s = spread(&now, &oracle->marks[before ? MARK_BEFORE : MARK_KILL]);
    int64_t *largest = before ? &oracle->spread_before_ns : &oracle->spread_after_ns;
    *largest = s > *largest ? s : *largest;
}

void oracle_mark_sample(struct world *world)
{
    struct oracle *oracle = world->oracle;
    watch_spread(world);
    if (!oracle->marks[MARK_BIAS].taken)
        return;
    for (uint32_t i = 0; i < world->nodes_count; i++) {
        struct world_node *node = &world->nodes[i];
        tai_t tai;
        int64_t half;
        if (node->plan.traitor != TRAITOR_NONE || !oracle_read(world, node, &tai, &half))
            continue;
        oracle->bias_sum += (double)(tai.ns - world->now_ns);
        oracle->bias_count++;
    }
}

static void judge_leader_loss(struct world *world)
{
    struct oracle *oracle = world->oracle;
    const struct mark_taken *marks = oracle->marks;
    const struct world_node *any = &world->nodes[0];
    if (!marks[MARK_AFTER].taken)
        return;
    int64_t before = oracle->spread_before_ns, after = oracle->spread_after_ns;
    double change = rate(&marks[MARK_KILLED], &marks[MARK_AFTER], &marks[MARK_BEFORE]) -
                    rate(&marks[MARK_BEFORE], &marks[MARK_KILL], &marks[MARK_AFTER]);
    histogram_add(&oracle->figures.spread_before_ns, (double)before);
    histogram_add(&oracle->figures.spread_after_ns, (double)after);
    histogram_add(&oracle->figures.rate_change_ppt, fabs(change) * 1000);
    if (after > SPREAD_FACTOR_MAX * before && after > SPREAD_FLOOR_NS)
        oracle_fail(world, any, "spread was up to %lld ns before the master died, %lld ns after",
                    (long long)before, (long long)after);
    if (fabs(change) > RATE_CHANGE_PPB)
        oracle_fail(world, any, "cluster time changed its rate by %.1f ppb when the master died", change);
}

void oracle_mark_judge(struct world *world)
{
    struct oracle *oracle = world->oracle;
    judge_leader_loss(world);
    if (oracle->killed_ns != 0) {
        if (oracle->new_master_ns == 0 || oracle->new_master_ns - oracle->killed_ns > NEW_MASTER_NS_MAX)
            oracle_fail(world, &world->nodes[0], "no new master within 5 s");
        else
            histogram_add(&oracle->figures.new_master_ms,
                          (double)(oracle->new_master_ns - oracle->killed_ns) * 1e-6);
    }
    if (oracle->bias_count > 0) {
        double bias = oracle->bias_sum / (double)oracle->bias_count;
        histogram_add(&oracle->figures.bias_ns, fabs(bias));
        if (fabs(bias) > BIAS_NS_MAX)
            oracle_fail(world, &world->nodes[world->servers_count - 1], "the honest nodes are off by %.0f ns",
                        bias);
    }
}
