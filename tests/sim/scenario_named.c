/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/scenario_named.h"

#include <stdlib.h>
#include <string.h>

#include "sdk/sync/wire.h"
#include "tests/sim/mark.h"

static void servers_default(struct scenario *scenario, unsigned servers)
{
    if (scenario->servers == 0)
        scenario->servers = servers;
}

static void references_on(struct scenario *scenario, unsigned count, struct rnd *random)
{
    for (unsigned i = 0; i < count && i < scenario->servers; i++) {
        struct world_reference *reference = &scenario->nodes[i].reference;
        reference->present = true;
        reference->error_ns =
            rnd_between(random, -reference->half_width_ns / 2, reference->half_width_ns / 2);
    }
}

/* ---- The scenarios ---- */

static void make_quiet(struct scenario *scenario, const struct scenario_options *options, struct rnd *random)
{
    (void)options;
    servers_default(scenario, 5);
    references_on(scenario, scenario->servers, random);
}

static void make_relative(struct scenario *scenario, const struct scenario_options *options,
                          struct rnd *random)
{
    (void)options, (void)random;
    servers_default(scenario, 5);
}

/* NUMBERS: five free-running nodes, +12 -7 +3 -15 +9 ppm, and the master dies. */
static void make_leader_loss(struct scenario *scenario, const struct scenario_options *options,
                             struct rnd *random)
{
    static const double ppm[] = {12, -7, 3, -15, 9};
    (void)options, (void)random;
    servers_default(scenario, 5);
    for (unsigned i = 0; i < scenario->servers; i++)
        scenario->nodes[i].oscillator.ppm = ppm[i % 5];
    scenario->network.symmetric = true;
    scenario->attack_s = 220;
    scenario_do(scenario, 100, SCRIPT_MARK, 0, MARK_BEFORE, 0);
    scenario_do(scenario, 149.9, SCRIPT_MARK, 0, MARK_KILL, 0);
    scenario_do(scenario, 150, SCRIPT_KILL_MASTER, 0, 0, 0);
    scenario_do(scenario, 160, SCRIPT_MARK, 0, MARK_KILLED, 0);
    scenario_do(scenario, 210, SCRIPT_MARK, 0, MARK_AFTER, 0);
}

/* NUMBERS: five servers, J 10 us, two of five references wrong: by 80 and 150 us, inside the intervals; or by 5 ms. */
static void make_subtle_liars(struct scenario *scenario, const struct scenario_options *options,
                              struct rnd *random)
{
    static const int64_t lies[3][2] = {{80000, 80000}, {150000, 150000}, {5000000, 5000000}};
    (void)options;
    servers_default(scenario, 5);
    for (unsigned i = 0; i < scenario->servers; i++)
        scenario->nodes[i].reference.half_width_ns = 200000;
    references_on(scenario, scenario->servers, random);
    for (unsigned i = 0; i < scenario->servers; i++)
        scenario->nodes[i].reference.error_ns = 0;
    for (unsigned i = 0; i < 2; i++) {
        scenario->nodes[i].traitor = TRAITOR_REFERENCE;
        scenario->nodes[i].lie_ns = lies[scenario->seed % 3][i];
    }
    scenario->network.symmetric = true;
    scenario->attack_s = 120;
    scenario_do(scenario, 60, SCRIPT_MARK, 0, MARK_BIAS, 0);
}

#define LOSE_ELECTION                                                                                        \
    (1 << WIRE_PRE_VOTE | 1 << WIRE_VOTE | 1 << WIRE_HEARTBEAT | 1 << WIRE_HEARTBEAT_ACK |                   \
     1 << WIRE_CORRECTION)

/* NUMBERS: n = 4, 5, 7 with f = 1, 1, 2 two-faced ones, no references and no elections: the midpoint of the peers alone
 * must bring the honest ones together. */
static void make_two_faced(struct scenario *scenario, const struct scenario_options *options,
                           struct rnd *random)
{
    static const unsigned sizes[] = {4, 5, 7};
    (void)options;
    servers_default(scenario, sizes[scenario->seed % 3]);
    for (unsigned i = 0; i < scenario->servers; i++)
        scenario->nodes[i].offset_ns = rnd_between(random, -100000, 100000);
    for (unsigned i = 0; i < (scenario->servers - 1) / 3; i++) {
        scenario->nodes[i].traitor = TRAITOR_TWO_FACED;
        scenario->nodes[i].lie_ns = rnd_between(random, 50000, 1000000);
    }
    scenario->network.symmetric = true;
    scenario->network.jitter_ns = 1000;
    /* Together first, with a master; then nobody can be one any more. */
    scenario_do(scenario, 20, SCRIPT_LOSE, 0, LOSE_ELECTION, 0);
    scenario->attack_s = 150;
    scenario_do(scenario, 149, SCRIPT_MARK, 0, MARK_SKEW, 0);
}

static void make_partition(struct scenario *scenario, const struct scenario_options *options,
                           struct rnd *random)
{
    (void)options;
    servers_default(scenario, 5);
    references_on(scenario, (unsigned)rnd_between(random, 0, scenario->servers), random);
    if (options->clients < 0)
        scenario->clients = 2;
    for (int i = 0; i < 3; i++) {
        scenario_do(scenario, 20 + 20 * i, SCRIPT_PARTITION, 0, (int64_t)(rnd_u64(random) >> 1), 0);
        scenario_do(scenario, 30 + 20 * i, SCRIPT_UNCUT, 0, 0, 0);
    }
    for (int i = 0; i < 6; i++)
        scenario_do(scenario, 80, SCRIPT_CUT, (uint32_t)rnd_between(random, 0, scenario->servers - 1),
                    rnd_between(random, 0, scenario->servers - 1), 0);
    scenario->attack_s = 95;
}

static void make_restart_storm(struct scenario *scenario, const struct scenario_options *options,
                               struct rnd *random)
{
    (void)options;
    servers_default(scenario, 5);
    references_on(scenario, (unsigned)rnd_between(random, 0, scenario->servers), random);
    for (int i = 0; i < 20; i++) {
        uint32_t node = (uint32_t)rnd_between(random, 0, scenario->servers - 1);
        double at = rnd_uniform(random, 3, 58);
        if (rnd_chance(random, 0.2)) {
            scenario_do(scenario, at, SCRIPT_REBOOT, node, 0, rnd_between(random, 0, 1));
            continue;
        }
        scenario_do(scenario, at, SCRIPT_CRASH, node, 0, rnd_between(random, 0, 1));
        scenario_do(scenario, at + rnd_exp(random, 2), SCRIPT_START, node, 0, 0);
    }
}

/* A server that forgot its votes, its HLC and its drift is one of the f until it has followed a master for a lease. */
static void make_lost_disk(struct scenario *scenario, const struct scenario_options *options,
                           struct rnd *random)
{
    (void)options;
    servers_default(scenario, 5);
    references_on(scenario, (unsigned)rnd_between(random, 0, scenario->servers), random);
    uint32_t node = (uint32_t)rnd_between(random, 0, scenario->servers - 1);
    double at = rnd_uniform(random, 5, 30);
    scenario_do(scenario, at, SCRIPT_CRASH, node, 0, 0);
    scenario_do(scenario, at + 0.1, SCRIPT_WIPE, node, 0, 0);
    scenario_do(scenario, at + 0.2 + rnd_exp(random, 1), SCRIPT_START, node, 0, 0);
    scenario_do(scenario, at + rnd_uniform(random, 1, 10), SCRIPT_KILL_MASTER, 0, 0, 0);
}

/* Steered and unsteered machines through the end of a day with a second more, or (odd seeds) less. */
static void make_leap_second(struct scenario *scenario, const struct scenario_options *options,
                             struct rnd *random)
{
    (void)options;
    servers_default(scenario, 5);
    if (scenario->clients == 0)
        scenario->clients = 3;
    references_on(scenario, 3, random);
    for (unsigned i = 0; i < scenario->servers + scenario->clients; i++)
        scenario->nodes[i].mode = i % 2 == 0 ? ENGINE_MODE_SYSTEM : ENGINE_MODE_PAGE;
    scenario->attack_s = 90;
    scenario->leap_s = 60;
    scenario->leap_change = scenario->seed % 2 == 0 ? 1 : -1;
}

static void make_suspend(struct scenario *scenario, const struct scenario_options *options,
                         struct rnd *random)
{
    servers_default(scenario, 3);
    references_on(scenario, (unsigned)rnd_between(random, 0, scenario->servers), random);
    if (options->clients < 0)
        scenario->clients = 2;
    for (int i = 0; i < 4; i++) {
        uint32_t node = (uint32_t)rnd_between(random, 0, scenario->servers + scenario->clients - 1);
        double at = 12 + 14 * i;
        scenario_do(scenario, at, SCRIPT_SUSPEND, node, 0, 0);
        /* Half of them with a loop that does not see it: then the clocks alone must tell. */
        scenario_do(scenario, at + rnd_uniform(random, 1, 12), SCRIPT_RESUME, node, 0,
                    rnd_between(random, 1, 2));
    }
    scenario->attack_s = 75;
}

/* All clocks of a virtual machine stand still and nothing tells it: outside the assumptions until its next exchange. */
static void make_vm_pause(struct scenario *scenario, const struct scenario_options *options,
                          struct rnd *random)
{
    (void)options;
    servers_default(scenario, 5);
    references_on(scenario, scenario->servers, random);
    scenario->assumptions = false;
    scenario_do(scenario, 30, SCRIPT_SUSPEND, (uint32_t)rnd_between(random, 0, scenario->servers - 1), 0, 1);
    for (uint32_t i = 0; i < scenario->servers; i++)
        scenario_do(scenario, 33, SCRIPT_RESUME, i, 0, 0);
}

static void make_replay_flood(struct scenario *scenario, const struct scenario_options *options,
                              struct rnd *random)
{
    (void)options;
    servers_default(scenario, 5);
    references_on(scenario, 3, random);
    if (options->clients < 0)
        scenario->clients = 1;
    scenario_do(scenario, 10, SCRIPT_ATTACKERS, 0, 0, 3000);
    scenario_do(scenario, 25, SCRIPT_CRASH, 0, 0, 1);
    scenario_do(scenario, 27, SCRIPT_START, 0, 0, 0);
    scenario->attack_s = 40;
}

static void make_clients_many(struct scenario *scenario, const struct scenario_options *options,
                              struct rnd *random)
{
    servers_default(scenario, 5);
    references_on(scenario, scenario->servers, random);
    if (options->clients < 0)
        scenario->clients = 200;
    scenario_do(scenario, 45, SCRIPT_KILL_MASTER, 0, 0, 0);
    scenario->attack_s = 60;
    scenario->heal_s = 40;
}

static void make_asymmetric(struct scenario *scenario, const struct scenario_options *options,
                            struct rnd *random)
{
    (void)options;
    servers_default(scenario, 5);
    references_on(scenario, (unsigned)rnd_between(random, 0, scenario->servers), random);
    scenario->network.base_ns_min = 10000;
    scenario->network.base_ns_max = 3000000;
    scenario->network.jitter_ns = 2000;
}

static void make_temperature(struct scenario *scenario, const struct scenario_options *options,
                             struct rnd *random)
{
    (void)options;
    servers_default(scenario, 5);
    references_on(scenario, (unsigned)rnd_between(random, 0, 3), random);
    for (unsigned i = 0; i < scenario->servers; i++) {
        struct oscillator_plan *plan = &scenario->nodes[i].oscillator;
        plan->swing_ppm = rnd_uniform(random, 0.5, 3);
        plan->swing_period_s = rnd_uniform(random, 200, 900);
        plan->step_ppm = rnd_uniform(random, -1.5, 1.5);
        plan->step_at_s = rnd_uniform(random, 20, 100);
        plan->wander = 1e-8;
    }
    scenario->attack_s = 180;
}

static void make_lost_followups(struct scenario *scenario, const struct scenario_options *options,
                                struct rnd *random)
{
    (void)options;
    servers_default(scenario, 5);
    references_on(scenario, 3, random);
    scenario_do(scenario, 0, SCRIPT_LOSE, 0, 1 << WIRE_FOLLOW_UP, 0);
}

static void make_one_server(struct scenario *scenario, const struct scenario_options *options,
                            struct rnd *random)
{
    (void)options, (void)random;
    servers_default(scenario, 1);
    if (options->clients < 0)
        scenario->clients = 3;
    scenario_do(scenario, 30, SCRIPT_CRASH, 0, 0, 1);
    scenario_do(scenario, 35, SCRIPT_START, 0, 0, 0);
}

static void make_two_servers(struct scenario *scenario, const struct scenario_options *options,
                             struct rnd *random)
{
    (void)random;
    servers_default(scenario, 2);
    if (options->clients < 0)
        scenario->clients = 3;
    scenario_do(scenario, 30, SCRIPT_CRASH, 0, 0, 1);
    scenario_do(scenario, 45, SCRIPT_START, 0, 0, 0);
}

/* One receiver among them all. It is spoofed by a step, by a drag faster than any crystal, with yesterday; or its fix is lost. */
static void make_gps(struct scenario *scenario, const struct scenario_options *options, struct rnd *random)
{
    static const int64_t attacks[][2] = {{10000000, 0}, {0, 200000}, {-86400 * WORLD_S, 0}};
    servers_default(scenario, 5);
    if (options->clients < 0)
        scenario->clients = 2;
    uint32_t node = (uint32_t)rnd_between(random, 0, scenario->servers - 1);
    struct world_reference *reference = &scenario->nodes[node].reference;
    reference->present = reference->receiver = true;
    reference->noise_ns = 250;
    unsigned kind = (unsigned)(scenario->seed % 4);
    if (kind < 3)
        scenario_do(scenario, 60, SCRIPT_SPOOF, node, attacks[kind][0], attacks[kind][1]);
    else
        scenario_do(scenario, 60, SCRIPT_REFERENCE, node, 0, 0);
    scenario->attack_s = 120;
    scenario->heal_s = 60;
}

/* Receivers at one server or at three (odd seeds); one is dragged for a quarter of an hour, as slowly as crystals walk, or faster. Its own
 * node may believe it: within the cluster's interval it goes by its own receiver. The others' intervals stay true with three
 * receivers, and with a single one when its drag is doubted in time, from 300 ns/s on. A slower one of a single receiver is believed, and all
 * intervals are true but for the lie. */
static void make_gps_drag(struct scenario *scenario, const struct scenario_options *options,
                          struct rnd *random)
{
    static const int64_t drags[] = {10, 30, 100, 300, 1000};
    servers_default(scenario, 5);
    if (options->clients < 0)
        scenario->clients = 1;
    unsigned receivers = scenario->seed % 2 == 0 ? 1 : 3;
    uint32_t first = (uint32_t)rnd_between(random, 0, scenario->servers - 1);
    for (unsigned i = 0; i < receivers; i++) {
        struct world_reference *reference = &scenario->nodes[(first + i) % scenario->servers].reference;
        reference->present = reference->receiver = true;
        reference->noise_ns = 250;
    }
    int64_t drag = drags[scenario->seed / 2 % 5] * (rnd_between(random, 0, 1) == 0 ? 1 : -1);
    scenario_do(scenario, 1500, SCRIPT_SPOOF, first, 0, drag);
    scenario->attack_s = 2400;
    scenario->heal_s = receivers > 1 ? 60 : 0; /* who believed a lie takes the truth for one */
    scenario->lie_believed = receivers == 1 && llabs(drag) < 300 ? LIE_OF_ALL : LIE_OF_OWNER;
}

static const struct scenario_named table[] = {
    {"quiet", "five servers with references, nothing happens", make_quiet},
    {"relative", "five servers without references, nothing happens", make_relative},
    {"leader_loss", "five free-running servers, the master dies", make_leader_loss},
    {"subtle_liars", "two of five references lie, inside the intervals (80, 150 us) or outside (5 ms)",
     make_subtle_liars},
    {"two_faced", "4, 5 or 7 servers without references and elections, f of them two-faced", make_two_faced},
    {"partition", "the network falls apart again and again, one way too", make_partition},
    {"restart_storm", "twenty crashes and reboots in a minute", make_restart_storm},
    {"lost_disk", "a server loses its disk and starts again, the master dies", make_lost_disk},
    {"gps", "one satellite receiver among five servers; it is spoofed, or loses its fix", make_gps},
    {"gps_drag", "receivers at one or three of five servers; one is dragged slowly", make_gps_drag},
    {"leap_second", "a leap second, inserted (even seeds) or left out (odd ones)", make_leap_second},
    {"suspend", "machines sleep and wake up", make_suspend},
    {"vm_pause", "a virtual machine stands still and cannot know: outside the assumptions", make_vm_pause},
    {"replay_flood", "3000 datagrams a second from attackers without keys", make_replay_flood},
    {"clients_many", "5 servers and 200 clients; the master dies", make_clients_many},
    {"asymmetric", "ways differ by up to 3 ms between directions", make_asymmetric},
    {"temperature", "oscillators swing and step", make_temperature},
    {"lost_followups", "no follow-up ever arrives", make_lost_followups},
    {"one_server", "one server and three clients; it crashes and comes back", make_one_server},
    {"two_servers", "static master and standby with three clients; the master is away for 15 s",
     make_two_servers},
    {"random", "every trait drawn from the seed", scenario_random},
};

enum { TABLE_LEN = sizeof table / sizeof table[0] };

const struct scenario_named *scenario_find(const char *name)
{
    for (unsigned i = 0; i < TABLE_LEN; i++)
        if (strcmp(table[i].name, name) == 0)
            return &table[i];
    return NULL;
}

const char *scenario_name(unsigned index, const char **ret_about)
{
    if (index >= TABLE_LEN)
        return NULL;
    *ret_about = table[index].about;
    return table[index].name;
}
