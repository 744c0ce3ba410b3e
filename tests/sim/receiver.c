/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/receiver.h"

#include <stdlib.h>

#include "sdk/base/bug.h"
#include "server/clock/core/timekeeper.h"

#define ACCURACY_NS   100
#define QUARANTINE_NS (5 * WORLD_S)
#define PENANCE_NS    (20 * WORLD_S)

void receiver_start(struct world_node *node)
{
    const struct timekeeper_settings settings = {
        .sources = {{.driver = REFCLOCK_GPSD, .name = "receiver", .accuracy_ns = ACCURACY_NS}},
        .sources_count = 1,
        .oscillator = node->plan.oscillator_class,
        .rate_bound = node->settings.rate_bound,
        .not_before = {WORLD_START_NS - 100 * 86400 * WORLD_S},
        .quarantine_ns = QUARANTINE_NS,
        .penance_ns = PENANCE_NS,
    };
    if (!node->plan.reference.receiver)
        return;
    node->keeper = malloc(timekeeper_size());
    BUG_UNLESS(node->keeper != NULL);
    if (timekeeper_init(node->keeper, &settings) != TAI_OK)
        BUG("the receiver's settings are refused");
}

void receiver_end(struct world_node *node)
{
    free(node->keeper);
    node->keeper = NULL;
}

static void hear_peers(struct world_node *node, tai_mono_t raw)
{
    struct view_source sources[SYNC_SERVERS_MAX];
    struct timekeeper_peers peers;
    size_t n = node->port->sources(node->engine, raw, sources, SYNC_SERVERS_MAX);
    timekeeper_peers_of(sources, n, raw, &peers);
    timekeeper_peers(node->keeper, &peers);
}

static void hear_receiver(struct world *world, struct world_node *node, const struct engine_now *now)
{
    struct world_reference *plan = &node->plan.reference;
    plan->dragged_ns += plan->drag_ns_per_s;
    int64_t lie = llabs(plan->step_ns + plan->dragged_ns);
    plan->lie_ns = lie > plan->lie_ns ? lie : plan->lie_ns;
    if (plan->lost)
        return;
    double off = plan->noise_ns * rnd_gauss(&node->random), most = 4 * plan->noise_ns;
    off = off > most ? most : off < -most ? -most : off;
    const struct refclock_sample sample = {
        .pulse = true,
        .timeline = now->timeline,
        .raw = now->raw,
        .tai = {world->now_ns + (int64_t)off + plan->step_ns + plan->dragged_ns},
        .error_ns = (int64_t)most + 1,
    };
    timekeeper_sample(node->keeper, &sample);
}

void receiver_second(struct world *world, struct world_node *node, struct sync_reference *ret_reference)
{
    struct timekeeper_reports reports;
    const struct engine_now now = {.timeline = {machine_timeline(&node->machine)},
                                   .raw = {machine_raw(&node->machine, world->now_ns)}};
    hear_peers(node, now.raw);
    hear_receiver(world, node, &now);
    timekeeper_second(node->keeper, &now, ret_reference, &reports);
    for (uint32_t i = 0; i < reports.count; i++) {
        const struct timekeeper_report *r = &reports.items[i];
        world_trace(world, "%u timekeeper says %d: %s (%lld)", node->index + 1, (int)r->kind,
                    timekeeper_reason_words(r->reason), (long long)r->value);
    }
}
