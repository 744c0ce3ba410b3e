/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/scenario_named.h"

#include <string.h>

#include "tests/sim/oracle.h"

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
    scenario->attack_s = 200;
    scenario_do(scenario, 149.9, SCRIPT_MARK, 0, 0, 0);
    scenario_do(scenario, 150, SCRIPT_KILL_MASTER, 0, 0, 0);
    scenario_do(scenario, 180, SCRIPT_MARK, 0, 1, 0);
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

static const struct scenario_named table[] = {
    {"quiet", "five servers with references, nothing happens", make_quiet},
    {"relative", "five servers without references, nothing happens", make_relative},
    {"leader_loss", "five free-running servers, the master dies", make_leader_loss},
    {"one_server", "one server and three clients; it crashes and comes back", make_one_server},
    {"two_servers", "static master and standby with three clients; the master is away for 15 s",
     make_two_servers},
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

void scenario_mark(struct world *world, unsigned mark)
{
    (void)world, (void)mark;
}
