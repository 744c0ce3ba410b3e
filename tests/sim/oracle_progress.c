/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/oracle_progress.h"

#include <stdlib.h>
#include <string.h>

#include "tests/sim/oracle.h"
#include "tests/sim/scenario.h"

/* A lease, its margin and a poll of slack. */
#define CUT_OFF_NS INT64_C(3000000000)
/* All is well when it was well for so long; and may be unwell for so long at the end of a run. */
#define GOOD_NS     INT64_C(3000000000)
#define HANDOVER_NS INT64_C(5000000000)
#define UTC_NS_MAX  INT64_C(1000000) /* of the system clock, where a leap second went by */

static bool honest(const struct world_node *node)
{
    return node->plan.traitor == TRAITOR_NONE;
}

static bool works(const struct world_node *node)
{
    return node->engine != NULL && !node->deaf && !node->paused;
}

static unsigned quorum(const struct world *world)
{
    unsigned n = world->servers_count;
    return n <= 2 ? 1 : (n + (n - 1) / 3) / 2 + 1;
}

/* Servers with which it can speak both ways, itself among them. */
static unsigned reaches(const struct world *world, const struct world_node *node)
{
    const struct network *net = &world->network;
    unsigned count = 0;
    for (uint32_t i = 0; i < world->servers_count; i++)
        count += works(&world->nodes[i]) &&
                 (i == node->index || (!net->cut[(size_t)node->index * net->nodes + i] &&
                                       !net->cut[(size_t)i * net->nodes + node->index]));
    return count;
}

/* Who slept has not looked at the clock yet. */
static bool awake(const struct world_node *node)
{
    return honest(node) && works(node) && node->stepped_ns > node->resumed_ns;
}

void oracle_ways(struct world *world)
{
    for (uint32_t i = 0; i < world->servers_count; i++) {
        const struct world_node *node = &world->nodes[i];
        struct oracle_node *seen = &world->oracle->nodes[i];
        /* Who repeats datagrams carries them across a cut. */
        if (!awake(node) || reaches(world, node) >= quorum(world) || world->attack_per_s > 0)
            seen->cut_off_since = 0;
        else if (seen->cut_off_since == 0)
            seen->cut_off_since = world->now_ns;
    }
}

void oracle_leases(struct world *world)
{
    oracle_ways(world);
    struct world_node *holder = NULL;
    /* Where BOOTTIME may stand still, only the term protects. */
    if (!world->scenario->assumptions)
        return;
    for (uint32_t i = 0; i < world->servers_count; i++) {
        struct world_node *node = &world->nodes[i];
        const struct oracle_node *seen = &world->oracle->nodes[i];
        if (!awake(node))
            continue;
        struct view_cluster view;
        memset(&view, 0, sizeof view);
        node->port->cluster(node->engine, (tai_mono_t){machine_raw(&node->machine, world->now_ns)}, &view);
        if (!view.lease_valid || view.master.id != node->index + 1)
            continue;
        if (holder != NULL)
            oracle_fail(world, node, "holds a lease for term %llu while node %u holds one",
                        (unsigned long long)view.term, holder->index + 1);
        holder = node;
        if (seen->cut_off_since != 0 && world->now_ns - seen->cut_off_since > CUT_OFF_NS)
            oracle_fail(world, node, "holds a lease, cut off from a quorum for %.1f s",
                        (double)(world->now_ns - seen->cut_off_since) * 1e-9);
    }
}

/* ---- Progress ---- */

static unsigned references(const struct world *world, int64_t *ret_half_width_ns)
{
    unsigned count = 0;
    for (uint32_t i = 0; i < world->servers_count; i++) {
        const struct world_node *node = &world->nodes[i];
        bool again = false;
        if (!works(node) || !honest(node) || !node->plan.reference.present || node->plan.reference.lost)
            continue;
        for (uint32_t j = 0; j < i; j++)
            again = again || (node->plan.reference.group != 0 && world->nodes[j].plan.reference.present &&
                              world->nodes[j].plan.reference.group == node->plan.reference.group);
        count += !again;
        if (node->plan.reference.half_width_ns > *ret_half_width_ns)
            *ret_half_width_ns = node->plan.reference.half_width_ns;
    }
    return count;
}

static bool status_fits(enum taistamp_status status, unsigned refs)
{
    if (refs == 0)
        return status == TAISTAMP_STATUS_RELATIVE;
    if (refs >= 3)
        return status == TAISTAMP_STATUS_SYNCHRONISED;
    return status == TAISTAMP_STATUS_SINGLE_REFERENCE || status == TAISTAMP_STATUS_SYNCHRONISED;
}

/* Relative lines, whoever is master: all honest servers' intervals overlap. */
static bool together(struct world *world, const struct world_node *node, tai_t tai, int64_t half)
{
    for (uint32_t i = 0; i < world->servers_count; i++) {
        struct world_node *other = &world->nodes[i];
        tai_t other_tai;
        int64_t other_half;
        if (other != node && honest(other) && oracle_read(world, other, &other_tai, &other_half) &&
            llabs(tai.ns - other_tai.ns) > half + other_half + 4)
            return false;
    }
    return true;
}

/* The system clock shows UTC, leap second and all. */
static bool shows_utc(struct world *world, struct world_node *node)
{
    const struct scenario *s = world->scenario;
    bool leapt = world->now_ns >= WORLD_START_NS + (int64_t)(s->leap_s * 1e9);
    int64_t tai_utc = MACHINE_TAI_UTC_S + (leapt ? s->leap_change : 0);
    int64_t off = machine_realtime(&node->machine, world->now_ns) + tai_utc * WORLD_S - world->now_ns;
    return node->plan.mode != ENGINE_MODE_SYSTEM || llabs(off) < UTC_NS_MAX;
}

/* What is missing for this node to be well; NULL: nothing. */
static const char *missing(struct world *world, struct world_node *node, const struct view_tracking *view,
                           const struct view_tracking *first, unsigned refs, int64_t width_max)
{
    tai_t tai;
    int64_t half;
    if (world->scenario->demand_master) {
        if (view->master.id == 0)
            return "follows no master";
        if (view->master.id != first->master.id || view->term != first->term)
            return "follows another master";
        /* A master that lies to f of the others is not deposed by them; they go by the others. */
        bool lies = view->master.id <= world->servers_count && !honest(&world->nodes[view->master.id - 1]);
        if (!lies && view->state != VIEW_FOLLOWING && view->state != VIEW_MASTER && view->state != VIEW_ALONE)
            return "is not following";
    }
    if (world->scenario->leap_change != 0 && !shows_utc(world, node))
        return "has a system clock that does not show UTC";
    if (!oracle_read(world, node, &tai, &half))
        return "says no interval";
    if (view->line.status == TAISTAMP_STATUS_RELATIVE && !together(world, node, tai, half))
        return "is not together with the others";
    if (!status_fits(view->line.status, refs))
        return "has another status than expected";
    /* What is left to slew may take its time: time never steps. */
    if (half - view->budget.slew_ns > width_max)
        return "has too wide an interval";
    return NULL;
}

/* How far a two-faced one can have torn relative lines apart before it was seen: that is slewed away, at 200 ppm. */
static int64_t torn_ns(const struct world *world)
{
    int64_t most = 0;
    for (uint32_t i = 0; i < world->servers_count; i++)
        if (world->nodes[i].plan.traitor == TRAITOR_TWO_FACED && llabs(world->nodes[i].plan.lie_ns) > most)
            most = llabs(world->nodes[i].plan.lie_ns);
    return 4 * most;
}

static void look(struct world *world, char *ret_what)
{
    int64_t reference_width = 0;
    unsigned refs = references(world, &reference_width);
    const struct network_plan *plan = &world->network.plan;
    int64_t width_max = 2 * reference_width + 4 * network_base_max(&world->network) +
                        (int64_t)(40 * plan->jitter_ns) + INT64_C(2000000) + (refs == 0 ? torn_ns(world) : 0);
    struct view_tracking first, view;
    bool have_first = false;
    for (uint32_t i = 0; i < world->nodes_count; i++) {
        struct world_node *node = &world->nodes[i];
        if (!works(node) || !honest(node))
            continue;
        memset(&view, 0, sizeof view);
        node->port->tracking(node->engine, (tai_mono_t){machine_raw(&node->machine, world->now_ns)}, &view);
        if (!have_first)
            first = view;
        have_first = true;
        const char *what = missing(world, node, &view, &first, refs, width_max);
        if (what != NULL) {
            snprintf(ret_what, ORACLE_WHAT,
                     "node %u %s (state %d, status %s, master %u, term %llu, half-width %lld ns)", i + 1,
                     what, (int)view.state, taistamp_status_name(view.line.status), view.master.id,
                     (unsigned long long)view.term, (long long)view.half_width_ns);
            return;
        }
    }
    ret_what[0] = '\0';
}

void oracle_progress(struct world *world)
{
    struct oracle *oracle = world->oracle;
    if (oracle->healed_ns == 0 || !world->scenario->demand_progress)
        return;
    look(world, oracle->missing);
    if (oracle->missing[0] == '\0') {
        oracle->bad_since = 0;
        if (oracle->good_since == 0)
            oracle->good_since = world->now_ns;
        if (world->now_ns - oracle->good_since >= GOOD_NS && oracle->settled_ns == 0)
            oracle->settled_ns = oracle->good_since;
        return;
    }
    oracle->good_since = 0;
    if (oracle->bad_since == 0)
        oracle->bad_since = world->now_ns;
}

void oracle_healed(struct world *world)
{
    world->oracle->healed_ns = world->now_ns;
}

void oracle_judge(struct world *world)
{
    struct oracle *oracle = world->oracle;
    oracle_mark_judge(world);
    if (oracle->found || !world->scenario->demand_progress || oracle->healed_ns == 0)
        return;
    /* A hand-over to a better clock may come at any time, and takes a moment. */
    bool good = oracle->good_since != 0 ||
                (oracle->settled_ns != 0 && world->now_ns - oracle->bad_since < HANDOVER_NS);
    if (!good) {
        oracle->found = true;
        snprintf(oracle->what, ORACLE_WHAT, "no progress within %.0f s of the world's healing: %.300s",
                 (double)(world->now_ns - oracle->healed_ns) * 1e-9, oracle->missing);
        return;
    }
    int64_t settled = oracle->settled_ns != 0 ? oracle->settled_ns : oracle->good_since;
    histogram_add(&oracle->figures.settle_ms, (double)(settled - oracle->healed_ns) * 1e-6);
}
