/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/network.h"

#include <stdlib.h>
#include <string.h>

#include "sdk/base/bug.h"

void network_start(struct network *net, const struct network_plan *plan, unsigned nodes, struct rnd random)
{
    size_t ways = (size_t)nodes * nodes;
    *net = (struct network){.plan = *plan, .random = random, .nodes = nodes};
    net->base_ns = calloc(ways, sizeof *net->base_ns);
    net->cut = calloc(ways, 1);
    net->clogged = calloc(ways, 1);
    BUG_UNLESS(net->base_ns != NULL && net->cut != NULL && net->clogged != NULL);
    for (unsigned a = 0; a < nodes; a++)
        for (unsigned b = 0; b < nodes; b++)
            net->base_ns[a * nodes + b] =
                plan->symmetric && b < a ? net->base_ns[b * nodes + a]
                                         : rnd_between(&net->random, plan->base_ns_min, plan->base_ns_max);
}

void network_end(struct network *net)
{
    free(net->base_ns);
    free(net->cut);
    free(net->clogged);
    *net = (struct network){0};
}

static int64_t delay_of(struct network *net, size_t way)
{
    const struct network_plan *plan = &net->plan;
    double more = rnd_exp(&net->random, plan->jitter_ns);
    if (rnd_chance(&net->random, plan->tail_chance))
        more += rnd_pareto(&net->random, plan->tail_ns, 1.5);
    if (net->clogged[way])
        more += rnd_exp(&net->random, net->clog_ns);
    return net->base_ns[way] + (int64_t)more;
}

unsigned network_fate(struct network *net, unsigned from, unsigned to, int64_t ret_delay_ns[2])
{
    size_t way = (size_t)from * net->nodes + to;
    if (net->cut[way] || rnd_chance(&net->random, net->plan.loss)) {
        net->lost++;
        return 0;
    }
    unsigned copies = rnd_chance(&net->random, net->plan.duplicate) ? 2 : 1;
    for (unsigned i = 0; i < copies; i++)
        ret_delay_ns[i] = delay_of(net, way);
    net->carried++;
    net->doubled += copies - 1;
    return copies;
}

void network_partition(struct network *net, const unsigned char *group)
{
    for (unsigned a = 0; a < net->nodes; a++)
        for (unsigned b = 0; b < net->nodes; b++)
            network_cut(net, a, b, group[a] != group[b]);
}

void network_cut(struct network *net, unsigned from, unsigned to, bool cut)
{
    net->cut[(size_t)from * net->nodes + to] = cut;
}

void network_clog(struct network *net, unsigned from, unsigned to, bool clogged, double mean_ns)
{
    net->clogged[(size_t)from * net->nodes + to] = clogged;
    net->clog_ns = mean_ns;
}

void network_heal(struct network *net)
{
    size_t ways = (size_t)net->nodes * net->nodes;
    memset(net->cut, 0, ways);
    memset(net->clogged, 0, ways);
    net->plan.loss = net->plan.duplicate = net->plan.tail_chance = 0;
}

int64_t network_base_max(const struct network *net)
{
    int64_t max = 0;
    for (size_t way = 0; way < (size_t)net->nodes * net->nodes; way++)
        max = net->base_ns[way] > max ? net->base_ns[way] : max;
    return max;
}
