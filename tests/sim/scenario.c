/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/scenario.h"

#include <string.h>

#include "sdk/base/bug.h"
#include "sdk/io/sync_settings.h"
#include "tests/sim/mark.h"
#include "tests/sim/oracle.h"
#include "tests/sim/port_real.h"
#include "tests/sim/scenario_named.h"

void scenario_settings(const struct scenario *scenario, const struct world_node_plan *plan, uint32_t index,
                       struct engine_settings *ret_settings)
{
    *ret_settings = (struct engine_settings){
        .self = {index + 1},
        .server = plan->server,
        .cluster = UINT64_C(0x7461697374616d70),
        .preferred = {scenario->servers == 2 ? 1 : scenario->preferred},
        .oscillator = plan->oscillator_class,
        .rate_bound = {(int32_t)(plan->oscillator.bound_ppm * 1000)},
        .mode = plan->mode,
        .poll_ns = scenario->poll_ns,
        .client_poll_ns_max = scenario->client_poll_ns_max,
        .peer_poll_ns = scenario->peer_poll_ns,
        .heartbeat_ns = SYNC_HEARTBEAT_NS,
        .lease_ns = SYNC_LEASE_NS,
        .timeout_ns_min = SYNC_ELECTION_NS_MIN,
        .timeout_ns_max = SYNC_ELECTION_NS_MAX,
        .step_threshold_ns = SYNC_STEP_THRESHOLD_NS,
    };
}

/* ---- The script ---- */

void scenario_do(struct scenario *scenario, double at_s, enum script_kind kind, uint32_t node, int64_t a,
                 int64_t b)
{
    BUG_UNLESS(scenario->script_count < SCENARIO_SCRIPT_MAX);
    scenario->script[scenario->script_count++] = (struct script_item){at_s, kind, node, a, b};
}

static void heal(struct world *world)
{
    world_trace(world, "the world heals");
    network_heal(&world->network);
    world->attack_per_s = 0;
    world->lose_types = 0;
    for (uint32_t i = 0; i < world->nodes_count; i++) {
        struct world_node *node = &world->nodes[i];
        node->plan.stamp_lost = 0;
        node->plan.late_chance = 0;
        node->plan.reference.lost = false;
        node->plan.reference.step_ns = node->plan.reference.drag_ns_per_s = node->plan.reference.dragged_ns =
            0;
        world_node_resume(world, node, true, true);
        world_node_start(world, node);
    }
    oracle_healed(world);
}

static struct world_node *find_master(struct world *world)
{
    for (uint32_t i = 0; i < world->servers_count; i++) {
        struct world_node *node = &world->nodes[i];
        struct view_tracking view;
        memset(&view, 0, sizeof view);
        if (node->engine == NULL)
            continue;
        node->port->tracking(node->engine, (tai_mono_t){machine_raw(&node->machine, world->now_ns)}, &view);
        if (view.state == VIEW_MASTER)
            return node;
    }
    return NULL;
}

static void partition(struct world *world, uint64_t side)
{
    unsigned char group[SCENARIO_NODES_MAX];
    for (uint32_t i = 0; i < world->nodes_count; i++)
        group[i] = (unsigned char)(i < 64 ? side >> i & 1 : 0);
    world_trace(world, "partition, one side is %llx", (unsigned long long)side);
    network_partition(&world->network, group);
}

static void act_node(struct world *world, const struct script_item *item, struct world_node *node)
{
    switch (item->kind) {
    case SCRIPT_CRASH:
        world_node_crash(world, node, item->b != 0);
        break;
    case SCRIPT_START:
        if (!node->machine.stands)
            world_node_start(world, node);
        break;
    case SCRIPT_STOP:
        world_node_stop(world, node);
        break;
    case SCRIPT_REBOOT:
        world_node_crash(world, node, item->b != 0);
        node->deaf = false;
        machine_reboot(&node->machine, world->now_ns);
        node->page.written = false;
        world_node_start(world, node);
        break;
    case SCRIPT_WIPE:
        world_node_wipe(world, node);
        break;
    case SCRIPT_PAUSE:
        world_node_pause(world, node, item->b);
        break;
    case SCRIPT_SUSPEND:
        world_node_suspend(world, node, item->b != 0);
        break;
    case SCRIPT_RESUME:
        world_node_resume(world, node, item->b != 0, item->b == 1);
        break;
    case SCRIPT_REFERENCE:
        node->plan.reference.lost = item->b == 0;
        break;
    case SCRIPT_SPOOF:
        world_trace(world, "%u is spoofed by %lld ns and %lld ns a second", node->index + 1,
                    (long long)item->a, (long long)item->b);
        node->plan.reference.step_ns = item->a;
        node->plan.reference.drag_ns_per_s = item->b;
        break;
    case SCRIPT_PARTITION:
    case SCRIPT_CUT:
    case SCRIPT_UNCUT:
    case SCRIPT_CLOG:
    case SCRIPT_ATTACKERS:
    case SCRIPT_KILL_MASTER:
    case SCRIPT_LOSE:
    case SCRIPT_MARK:
    case SCRIPT_HEAL:
        BUG("not a node's");
    }
}

void scenario_act(struct world *world, unsigned index)
{
    const struct script_item *item = &world->scenario->script[index];
    struct world_node *node = &world->nodes[item->node];
    struct world_node *master;
    switch (item->kind) {
    case SCRIPT_PARTITION:
        partition(world, (uint64_t)item->a);
        break;
    case SCRIPT_CUT:
        world_trace(world, "nothing goes from %u to %lld", item->node + 1, (long long)item->a + 1);
        network_cut(&world->network, item->node, (unsigned)item->a, true);
        break;
    case SCRIPT_UNCUT:
        world_trace(world, "all ways are open");
        memset(world->network.cut, 0, (size_t)world->nodes_count * world->nodes_count);
        break;
    case SCRIPT_CLOG:
        network_clog(&world->network, item->node, (unsigned)item->a, item->b != 0, (double)item->b);
        break;
    case SCRIPT_ATTACKERS:
        world->attack_per_s = (double)item->b;
        world_trace(world, "attackers send %lld datagrams a second", (long long)item->b);
        if (item->b > 0)
            queue_push(&world->queue, world->now_ns, QUEUE_ATTACK, 0, 0, 0, 0);
        break;
    case SCRIPT_KILL_MASTER:
        master = find_master(world);
        world_trace(world, "the master, %u, is killed", master == NULL ? 0 : master->index + 1);
        if (master != NULL) {
            oracle_master_killed(world);
            world_node_crash(world, master, true);
        }
        break;
    case SCRIPT_LOSE:
        world->lose_types = (uint32_t)item->a;
        break;
    case SCRIPT_MARK:
        oracle_mark(world, (enum mark)item->a);
        break;
    case SCRIPT_HEAL:
        heal(world);
        break;
    case SCRIPT_CRASH:
    case SCRIPT_START:
    case SCRIPT_STOP:
    case SCRIPT_REBOOT:
    case SCRIPT_WIPE:
    case SCRIPT_PAUSE:
    case SCRIPT_SUSPEND:
    case SCRIPT_RESUME:
    case SCRIPT_REFERENCE:
    case SCRIPT_SPOOF:
        act_node(world, item, node);
        break;
    }
}

/* ---- Making ---- */

/* A network of a laboratory, machines with PC crystals, no references. Everything a named scenario does not change. */
static void plain(struct scenario *scenario, struct rnd *random)
{
    scenario->network =
        (struct network_plan){.base_ns_min = 50000, .base_ns_max = 150000, .jitter_ns = 10000};
    scenario->poll_ns = SYNC_POLL_NS;
    scenario->client_poll_ns_max = SYNC_CLIENT_POLL_NS_MAX;
    scenario->peer_poll_ns = SYNC_PEER_POLL_NS;
    scenario->assumptions = scenario->demand_progress = scenario->demand_master = true;
    scenario->attack_s = 60;
    scenario->heal_s = 30;
    for (unsigned i = 0; i < SCENARIO_NODES_MAX; i++)
        scenario->nodes[i] = (struct world_node_plan){
            .oscillator = {.ppm = rnd_uniform(random, -20, 20),
                           .bound_ppm = SYNC_RATE_BOUND_PPM,
                           .wander = 1e-9,
                           .within = true},
            .offset_ns = rnd_between(random, -10000000, 10000000),
            .rtc_error_ns = 500000000,
            .read_delay_ns = 20000,
            .stamp_noise_ns = 100,
            .disk_ns = 3000000,
            .reference = {.half_width_ns = 20000, .noise_ns = 500, .period_ns = SYNC_POLL_NS},
        };
}

static void finish(struct scenario *scenario, struct rnd *random)
{
    for (unsigned i = 0; i < scenario->servers + scenario->clients; i++) {
        scenario->nodes[i].server = i < scenario->servers;
        scenario_do(scenario, rnd_uniform(random, 0, 0.5), SCRIPT_START, i, 0, 0);
    }
    if (scenario->heal_s > 0)
        scenario_do(scenario, scenario->attack_s, SCRIPT_HEAL, 0, 0, 0);
}

bool scenario_make(struct scenario *scenario, const struct scenario_options *options)
{
    struct rnd random = {options->seed * UINT64_C(0x9E3779B97F4A7C15) + 77};
    const struct scenario_named *named = scenario_find(options->name);
    if (named == NULL)
        return false;
    memset(scenario, 0, sizeof *scenario);
    scenario->name = named->name;
    scenario->seed = options->seed;
    scenario->true_crypto = options->true_crypto;
    scenario->sabotage = options->sabotage;
    scenario->server_port = options->toy ? &port_toy : &port_node;
    scenario->client_port = options->toy ? &port_toy : &port_follower;
    plain(scenario, &random);
    if (options->servers > 0)
        scenario->servers = (unsigned)options->servers;
    if (options->clients >= 0)
        scenario->clients = (unsigned)options->clients;
    named->make(scenario, options, &random);
    if (options->seconds >= 0)
        scenario->attack_s = options->seconds;
    BUG_UNLESS(scenario->servers + scenario->clients <= SCENARIO_NODES_MAX);
    finish(scenario, &random);
    return true;
}
