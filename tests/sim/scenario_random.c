/* SPDX-License-Identifier: Apache-2.0 */
/* The scenario whose every trait is drawn from the seed. Two kinds: everybody is honest and anything may break; or up to f of the
 * servers lie while the network is merely bad. In both the assumptions hold: rates stay within what is declared, stamps
 * are causal, and at any moment more than half of the references that can be heard are honest. */
#include "tests/sim/scenario_named.h"

static unsigned draw_servers(struct rnd *random)
{
    static const unsigned sizes[] = {1, 2, 3, 3, 3, 4, 4, 5, 5, 5, 5, 5, 6, 7, 7, 9};
    return sizes[rnd_between(random, 0, 15)];
}

static void draw_network(struct scenario *scenario, struct rnd *random)
{
    struct network_plan *plan = &scenario->network;
    double base = 20000 * pow(50, rnd_unit(random)); /* 20 us to 1 ms */
    plan->base_ns_min = (int64_t)base;
    plan->base_ns_max = (int64_t)(base * rnd_uniform(random, 1, 4));
    plan->symmetric = rnd_chance(random, 0.5);
    plan->jitter_ns = 1000 * pow(200, rnd_unit(random)); /* 1 to 200 us */
    if (rnd_chance(random, 0.3)) {
        plan->tail_chance = 0.05;
        plan->tail_ns = 10 * plan->jitter_ns;
    }
    if (rnd_chance(random, 0.4))
        plan->loss = rnd_uniform(random, 0, 0.2);
    if (rnd_chance(random, 0.3))
        plan->duplicate = rnd_uniform(random, 0, 0.1);
}

static void draw_oscillator(struct oscillator_plan *plan, struct rnd *random)
{
    plan->ppm = rnd_uniform(random, -45, 45);
    plan->wander = 1e-10 * pow(1000, rnd_unit(random)); /* to 1e-7 */
    if (rnd_chance(random, 0.2)) {
        plan->swing_ppm = rnd_uniform(random, 0.1, 1);
        plan->swing_period_s = rnd_uniform(random, 100, 600);
    }
    if (rnd_chance(random, 0.2)) {
        plan->step_ppm = rnd_uniform(random, -1.5, 1.5);
        plan->step_at_s = rnd_uniform(random, 10, 80);
    }
}

static void draw_machines(struct scenario *scenario, struct rnd *random)
{
    bool steered = rnd_chance(random, 0.5), bad_stamps = rnd_chance(random, 0.3);
    double far = rnd_chance(random, 0.2) ? 1e9 : 10e6;
    for (unsigned i = 0; i < scenario->servers + scenario->clients; i++) {
        struct world_node_plan *node = &scenario->nodes[i];
        draw_oscillator(&node->oscillator, random);
        node->offset_ns = (int64_t)rnd_uniform(random, -far, far);
        node->mode = steered ? ENGINE_MODE_SYSTEM : ENGINE_MODE_PAGE;
        node->read_delay_ns = 2000 * pow(100, rnd_unit(random));
        if (rnd_chance(random, 0.2)) {
            node->late_chance = 0.02;
            node->late_ns = 20e6;
        }
        node->stamp_lost = bad_stamps ? rnd_uniform(random, 0, 0.3) : 0;
        node->stamp_noise_ns = 50 * pow(40, rnd_unit(random));
        node->disk_ns = 1e6 * pow(30, rnd_unit(random));
    }
}

static unsigned draw_references(struct scenario *scenario, struct rnd *random)
{
    unsigned count = 0, wanted = (unsigned)rnd_between(random, 0, 3);
    double chance = wanted == 0 ? 0 : wanted == 1 ? 1 : rnd_uniform(random, 0.3, 1);
    for (unsigned i = 0; i < scenario->servers; i++) {
        struct world_reference *reference = &scenario->nodes[i].reference;
        if (!rnd_chance(random, chance) || (wanted == 1 && count == 1))
            continue;
        count++;
        reference->present = true;
        reference->half_width_ns = (int64_t)(1000 * pow(1000, rnd_unit(random))); /* 1 us to 1 ms */
        reference->noise_ns = (double)reference->half_width_ns * rnd_uniform(random, 0.01, 0.2);
        reference->error_ns = (int64_t)((double)reference->half_width_ns * rnd_uniform(random, -0.9, 0.9));
    }
    return count;
}

/* ---- What breaks ---- */

static double moment(const struct scenario *scenario, struct rnd *random)
{
    return rnd_uniform(random, 2, scenario->attack_s - 1);
}

static void draw_crash(struct scenario *scenario, struct rnd *random, uint32_t node)
{
    double at = moment(scenario, random), down = rnd_exp(random, 5);
    if (rnd_chance(random, 0.3)) {
        scenario_do(scenario, at, SCRIPT_REBOOT, node, 0, rnd_between(random, 0, 1));
        return;
    }
    scenario_do(scenario, at, rnd_chance(random, 0.2) ? SCRIPT_STOP : SCRIPT_CRASH, node, 0,
                rnd_between(random, 0, 1));
    scenario_do(scenario, at + 0.05 + down, SCRIPT_START, node, 0, 0);
}

static void draw_partition(struct scenario *scenario, struct rnd *random)
{
    unsigned nodes = scenario->servers + scenario->clients;
    double at = moment(scenario, random);
    if (rnd_chance(random, 0.5)) {
        scenario_do(scenario, at, SCRIPT_PARTITION, 0, (int64_t)(rnd_u64(random) >> 1), 0);
    } else {
        for (int64_t i = rnd_between(random, 1, 4); i > 0; i--)
            scenario_do(scenario, at, SCRIPT_CUT, (uint32_t)rnd_between(random, 0, nodes - 1),
                        rnd_between(random, 0, nodes - 1), 0);
    }
    scenario_do(scenario, at + rnd_exp(random, 10), SCRIPT_UNCUT, 0, 0, 0);
}

static void draw_clog(struct scenario *scenario, struct rnd *random)
{
    unsigned nodes = scenario->servers + scenario->clients;
    for (int64_t i = rnd_between(random, 1, 6); i > 0; i--) {
        uint32_t from = (uint32_t)rnd_between(random, 0, nodes - 1);
        int64_t to = rnd_between(random, 0, nodes - 1);
        double at = moment(scenario, random);
        scenario_do(scenario, at, SCRIPT_CLOG, from, to, rnd_between(random, 100000, 50000000));
        scenario_do(scenario, at + rnd_exp(random, 10), SCRIPT_CLOG, from, to, 0);
    }
}

static void draw_sleep(struct scenario *scenario, struct rnd *random, uint32_t node)
{
    double at = moment(scenario, random);
    if (rnd_chance(random, 0.5)) {
        scenario_do(scenario, at, SCRIPT_PAUSE, node, 0, (int64_t)(rnd_exp(random, 3) * 1e9));
        return;
    }
    scenario_do(scenario, at, SCRIPT_SUSPEND, node, 0, 0);
    scenario_do(scenario, at + 1 + rnd_exp(random, 10), SCRIPT_RESUME, node, 0, 1);
}

static void draw_trouble(struct scenario *scenario, struct rnd *random)
{
    unsigned nodes = scenario->servers + scenario->clients;
    for (int64_t i = rnd_between(random, 0, 6); i > 0; i--) {
        uint32_t node = (uint32_t)rnd_between(random, 0, nodes - 1);
        switch (rnd_between(random, 0, 5)) {
        case 0:
        case 1:
            draw_crash(scenario, random, node);
            break;
        case 2:
            draw_partition(scenario, random);
            break;
        case 3:
            draw_sleep(scenario, random, node);
            break;
        case 4:
            draw_clog(scenario, random);
            break;
        default:
            scenario_do(scenario, moment(scenario, random), SCRIPT_REFERENCE, node, 0, 0);
            scenario_do(scenario, moment(scenario, random), SCRIPT_REFERENCE, node, 0, 1);
            break;
        }
    }
}

/* ---- Who lies ---- */

/* Of m references at most (m - 1) / 2 may lie, and one in reserve for a server that is not heard for a while. */
static unsigned liars_allowed(unsigned references, unsigned faults)
{
    if (references == 0)
        return faults;
    unsigned f_ref = (references - 1) / 2;
    return f_ref < faults ? f_ref : faults;
}

static void draw_traitors(struct scenario *scenario, struct rnd *random, unsigned references)
{
    unsigned faults = (scenario->servers - 1) / 3, left = liars_allowed(references, faults);
    for (; left > 0; left--) {
        struct world_node_plan *node = &scenario->nodes[rnd_between(random, 0, scenario->servers - 1)];
        if (node->traitor != TRAITOR_NONE)
            continue;
        node->traitor = (enum traitor_kind)rnd_between(random, TRAITOR_CONSTANT, TRAITOR_KINDS - 1);
        double lie = 1000 * pow(1e6, rnd_unit(random)); /* 1 us to 1 s */
        node->lie_ns = (int64_t)(rnd_chance(random, 0.5) ? lie : -lie);
        if (node->traitor == TRAITOR_DRAG)
            node->lie_ns /= 100;
        /* One that claims terms and mastership can keep elections busy; then only the intervals are demanded. */
        if (node->traitor == TRAITOR_TERMS)
            scenario->demand_master = false;
    }
}

void scenario_random(struct scenario *scenario, const struct scenario_options *options, struct rnd *random)
{
    if (scenario->servers == 0)
        scenario->servers = draw_servers(random);
    if (options->clients < 0)
        scenario->clients = rnd_chance(random, 0.5) ? (unsigned)rnd_between(random, 1, 3) : 0;
    scenario->attack_s = options->seconds >= 0 ? options->seconds : rnd_uniform(random, 20, 80);
    scenario->heal_s = 40;
    draw_network(scenario, random);
    draw_machines(scenario, random);
    unsigned references = draw_references(scenario, random);
    if (scenario->servers >= 4 && rnd_chance(random, 0.4))
        draw_traitors(scenario, random, references);
    else
        draw_trouble(scenario, random);
    if (rnd_chance(random, 0.2))
        scenario_do(scenario, moment(scenario, random), SCRIPT_ATTACKERS, 0, 0, rnd_between(random, 1, 200));
}
