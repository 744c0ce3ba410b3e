/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/figures.h"

#include <math.h>
#include <stddef.h>

void histogram_add(struct histogram *histogram, double value)
{
    double at = value <= 1 ? 0 : log2(value) * HISTOGRAM_STEPS;
    unsigned bucket = at >= HISTOGRAM_BUCKETS - 1 ? HISTOGRAM_BUCKETS - 1 : (unsigned)at;
    histogram->buckets[bucket]++;
    histogram->count++;
}

void histogram_merge(struct histogram *into, const struct histogram *from)
{
    into->count += from->count;
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++)
        into->buckets[i] += from->buckets[i];
}

double histogram_quantile(const struct histogram *histogram, double p)
{
    double wanted = p * (double)histogram->count, sum = 0;
    if (histogram->count == 0)
        return 0;
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
        sum += (double)histogram->buckets[i];
        if (sum >= wanted)
            return exp2((i + 0.5) / HISTOGRAM_STEPS);
    }
    return INFINITY;
}

void figures_merge(struct figures *into, const struct figures *from)
{
    into->scenarios += from->scenarios;
    into->failures += from->failures;
    into->broken += from->broken;
    into->claims += from->claims;
    into->false_claims += from->false_claims;
    into->claims_kept += from->claims_kept;
    into->false_kept += from->false_kept;
    into->scenarios_kept += from->scenarios_kept;
    into->torn += from->torn;
    into->placements += from->placements;
    into->steps += from->steps;
    into->datagrams += from->datagrams;
    into->publications += from->publications;
    into->voids += from->voids;
    into->sim_seconds += from->sim_seconds;
    into->masters += from->masters;
    histogram_merge(&into->ratio, &from->ratio);
    histogram_merge(&into->width_ns, &from->width_ns);
    histogram_merge(&into->error_ns, &from->error_ns);
    histogram_merge(&into->relative_ns, &from->relative_ns);
    histogram_merge(&into->new_master_ms, &from->new_master_ms);
    histogram_merge(&into->spread_before_ns, &from->spread_before_ns);
    histogram_merge(&into->spread_after_ns, &from->spread_after_ns);
    histogram_merge(&into->rate_change_ppt, &from->rate_change_ppt);
    histogram_merge(&into->bias_ns, &from->bias_ns);
    histogram_merge(&into->skew_ns, &from->skew_ns);
    histogram_merge(&into->settle_ms, &from->settle_ms);
}
