/* SPDX-License-Identifier: Apache-2.0 */
/* One node: events in, actions out, and its disk. */
#include "tests/sim/world_step.h"

#include <stdlib.h>
#include <string.h>

#include "sdk/base/bug.h"
#include "sdk/time/page.h"
#include "tests/sim/oracle.h"
#include "tests/sim/receiver.h"
#include "tests/sim/scenario.h"
#include "tests/sim/traitor.h"

#define KERNEL_PERIOD_NS INT64_C(1000000000)
/* Of the engine's time for a step, and of the read of the clocks. */
#define STEP_NS       INT64_C(4000)
#define READ_WIDTH_NS INT64_C(40)

int64_t world_node_ready(struct world *world, struct world_node *node)
{
    double delay = 2000 + rnd_exp(&node->random, node->plan.read_delay_ns);
    if (rnd_chance(&node->random, node->plan.late_chance))
        delay += rnd_exp(&node->random, node->plan.late_ns);
    int64_t t = world->now_ns + (int64_t)delay;
    return t > node->runs_ns ? t : node->runs_ns;
}

void world_node_wake(struct world *world, struct world_node *node)
{
    int64_t t = machine_when(&node->machine, world->now_ns, node->wake_raw);
    int64_t soonest = world->now_ns + 1000;
    t = (t > soonest ? t : soonest) + (int64_t)rnd_exp(&node->random, 20000);
    if (t >= node->wake_ns)
        return;
    node->wake_ns = t;
    queue_push(&world->queue, t, QUEUE_WAKE, node->index, node->life, 0, 0);
}

/* ---- Actions ---- */

static void persist(struct world *world, struct world_node *node, const struct engine_persist *record)
{
    for (unsigned slot = 0; slot < WORLD_PENDING_MAX; slot++)
        if (!node->pending[slot].open) {
            node->pending[slot].open = true;
            node->pending[slot].record = *record;
            int64_t later = 50000 + (int64_t)rnd_exp(&node->random, node->plan.disk_ns);
            queue_push(&world->queue, world->now_ns + later, QUEUE_PERSISTED, node->index, node->life, slot,
                       0);
            return;
        }
    oracle_fail(world, node, "too many records on the way to the disk");
}

static void to_disk(struct world_node *node, unsigned slot)
{
    const struct engine_persist *record = &node->pending[slot].record;
    unsigned which = (unsigned)record->record - 1;
    BUG_UNLESS(which < WORLD_RECORDS && record->len <= ENGINE_RECORD_MAX);
    node->disk[which] = *record;
    node->has[which] = true;
    node->pending[slot].open = false;
}

/* What the table says at `t_ns`; a leap second that is just past is still the next one, as the loop has it. */
static struct sync_leap leap_table(const struct world *world)
{
    const struct scenario *s = world->scenario;
    int64_t at = WORLD_START_NS + (int64_t)(s->leap_s * 1e9);
    struct sync_leap leap = {.tai_utc_s = (int32_t)MACHINE_TAI_UTC_S,
                             .next_tai_utc_s = (int32_t)MACHINE_TAI_UTC_S,
                             .next = {PAGE_NEVER},
                             .expires = {WORLD_START_NS + 86400 * WORLD_S}};
    if (s->leap_change == 0)
        return leap;
    leap.next_tai_utc_s += s->leap_change;
    if (world->now_ns < at + 4 * WORLD_S)
        leap.next.ns = at;
    else
        leap.tai_utc_s = leap.next_tai_utc_s;
    return leap;
}

int64_t world_midnight_ns(const struct world *world)
{
    const struct scenario *s = world->scenario;
    return WORLD_START_NS + (int64_t)(s->leap_s * 1e9) - (MACHINE_TAI_UTC_S + s->leap_change) * WORLD_S;
}

static void hand_in_leap(struct world *world, struct world_node *node)
{
    struct engine_event event = {.kind = ENGINE_LEAP};
    event.u.leap = leap_table(world);
    world_step_node(world, node, &event);
}

static void steer(struct world *world, struct world_node *node, const struct engine_steer *steering)
{
    if (steering->rate_ps_per_s > INT64_C(500000000) || steering->rate_ps_per_s < -INT64_C(500000000))
        oracle_fail(world, node, "steers by more than 500 ppm");
    if (steering->step) {
        world_trace(world, "%u steps its system clock by %lld ns", node->index + 1,
                    (long long)steering->step_ns);
        machine_step(&node->machine, world->now_ns, steering->step_ns);
    }
    machine_steer(&node->machine, world->now_ns, steering->rate_ps_per_s);
    machine_leap(&node->machine, steering->leap, world_midnight_ns(world));
    oracle_steered(world, node, steering);
}

static void publish(struct world *world, struct world_node *node, const struct engine_actions *actions)
{
    oracle_publish(world, node, actions);
    struct world_page *page = &node->page;
    int64_t raw = machine_raw(&node->machine, world->now_ns);
    page->written = true;
    page->line = actions->line;
    page->term = actions->term;
    page->master = actions->master;
    page->realtime_minus_raw_ns = machine_realtime(&node->machine, world->now_ns) - raw;
    page->written_ns = world->now_ns;
    page->serial++;
    oracle_published(world, node);
}

static const char *report_name(enum engine_report_kind kind)
{
    static const char *const names[] = {"?",        "status",    "master",   "fallback",  "rejected",
                                        "suspect",  "cleared",   "timeline", "step",      "rival",
                                        "peer up",  "peer down", "triangle", "reference", "leap differs",
                                        "election", "disk"};
    return (unsigned)kind < sizeof names / sizeof names[0] ? names[kind] : "?";
}

static void report(struct world *world, struct world_node *node, const struct engine_actions *actions)
{
    for (unsigned i = 0; i < actions->reports_count; i++) {
        const struct engine_report *r = &actions->reports[i];
        world_trace(world, "%u says %s: node %u, %lld, %lld", node->index + 1, report_name(r->kind),
                    r->node.id, (long long)r->value, (long long)r->other);
        oracle_report(world, node, r);
    }
}

static void carry_out(struct world *world, struct world_node *node, struct engine_actions *actions)
{
    BUG_UNLESS(actions->sends_count <= ENGINE_SENDS_MAX && actions->reports_count <= ENGINE_REPORTS_MAX);
    for (unsigned i = 0; i < actions->persists_count; i++)
        persist(world, node, &actions->persists[i]);
    for (unsigned i = 0; i < actions->sends_count; i++) {
        struct engine_send *send = &actions->sends[i];
        oracle_send(world, node, send);
        if (node->plan.traitor == TRAITOR_NONE || !world->traitors_act || traitor_twist(world, node, send))
            world_send(world, node, send);
    }
    if (actions->steer)
        steer(world, node, &actions->steering);
    if (actions->publish)
        publish(world, node, actions);
    report(world, node, actions);
}

/* Node 2, from 20 s on. */
static void sabotage(struct world *world, struct world_node *node, struct engine_actions *actions)
{
    if (node->index != 1 || world->now_ns < WORLD_START_NS + 20 * WORLD_S)
        return;
    switch (world->scenario->sabotage) {
    case SABOTAGE_INTERVAL:
        actions->line.half_width.ns = 1;
        actions->line.growth.ppb = 0;
        break;
    case SABOTAGE_STEP:
        actions->line.tai.ns += world->now_ns / WORLD_S % 2 * 1000;
        break;
    case SABOTAGE_HLC:
        if (actions->sends_count > 0)
            oracle_send(world, node, &actions->sends[0]);
        break;
    case SABOTAGE_MASTER:
        actions->master.id = 2;
        break;
    case SABOTAGE_TIMELINE:
        actions->line.timeline.id++;
        break;
    case SABOTAGE_LATE:
        actions->wake.ns += 2 * WORLD_S;
        break;
    case SABOTAGE_STEER:
        actions->steer = 1;
        actions->steering = (struct engine_steer){.rate_ps_per_s = 600000000};
        break;
    case SABOTAGE_PROGRESS:
        actions->publish = 0;
        break;
    case SABOTAGE_NONE:
    case SABOTAGES:
        break;
    }
}

void world_step_node(struct world *world, struct world_node *node, struct engine_event *event)
{
    struct machine *machine = &node->machine;
    event->now.timeline = (sync_timeline_t){machine_timeline(machine)};
    event->now.raw = (tai_mono_t){machine_raw(machine, world->now_ns)};
    event->now.width_ns = READ_WIDTH_NS;
    event->now.realtime_ns =
        machine_realtime(machine, world->now_ns) + rnd_between(&node->random, -READ_WIDTH_NS, READ_WIDTH_NS);
    event->now.boot_ns = machine_boottime(machine, world->now_ns);
    node->port->step(node->engine, event, world->actions);
    node->steps++;
    node->stepped_ns = world->now_ns;
    world->steps++;
    int64_t free_ns = world->now_ns + STEP_NS;
    node->runs_ns = free_ns > node->runs_ns ? free_ns : node->runs_ns;
    struct engine_actions *actions = world->actions;
    sabotage(world, node, actions);
    carry_out(world, node, actions);
    if (actions->wake.ns - event->now.raw.ns > WORLD_S)
        oracle_fail(world, node, "wants to be woken later than in a second");
    node->wake_raw = actions->wake.ns;
    world_node_wake(world, node);
    oracle_step(world, node, event);
    if (actions->steer && event->kind != ENGINE_KERNEL && event->kind != ENGINE_STOP)
        queue_push(&world->queue, world->now_ns + STEP_NS, QUEUE_KERNEL, node->index, node->life, 1, 0);
}

/* ---- What else comes in ---- */

void world_node_persisted(struct world *world, struct world_node *node, unsigned slot)
{
    struct engine_event event = {.kind = ENGINE_PERSISTED};
    event.u.persisted.token = node->pending[slot].record.token;
    event.u.persisted.ok = true;
    to_disk(node, slot);
    world_step_node(world, node, &event);
}

void world_node_reference(struct world *world, struct world_node *node)
{
    const struct world_reference *plan = &node->plan.reference;
    struct engine_event event = {.kind = ENGINE_REFERENCE};
    struct sync_reference *reference = &event.u.reference;
    bool lies = node->plan.traitor == TRAITOR_REFERENCE && world->traitors_act;
    queue_push(&world->queue, world->now_ns + plan->period_ns, QUEUE_REFERENCE, node->index, node->life, 0,
               0);
    if (plan->receiver) {
        receiver_second(world, node, reference);
    } else if (!plan->lost) {
        double off = (double)plan->error_ns + plan->noise_ns * rnd_gauss(&node->random);
        double most = (double)plan->half_width_ns - 2;
        off = off > most ? most : off < -most ? -most : off;
        *reference =
            (struct sync_reference){.present = true,
                                    .kind = TAISTAMP_CLOCK_SYSTEM,
                                    .group = plan->group,
                                    .raw = {machine_raw(&node->machine, world->now_ns)},
                                    .tai = {world->now_ns + (int64_t)off + (lies ? node->plan.lie_ns : 0)},
                                    .half_width = {plan->half_width_ns},
                                    .growth = {(int32_t)(node->plan.oscillator.bound_ppm * 1000)}};
        reference->rate_ps_per_s = (int64_t)(-oscillator_rate(&node->machine.oscillator) * 1e12);
    }
    world_step_node(world, node, &event);
}

void world_node_kernel(struct world *world, struct world_node *node, bool again)
{
    struct engine_event event = {.kind = ENGINE_KERNEL};
    event.u.kernel.known = true;
    event.u.kernel.rate_ps_per_s = node->machine.rate_ps_per_s;
    if (again && world->scenario->leap_change != 0)
        hand_in_leap(world, node);
    if (again)
        queue_push(&world->queue, world->now_ns + KERNEL_PERIOD_NS, QUEUE_KERNEL, node->index, node->life, 0,
                   0);
    world_step_node(world, node, &event);
}

/* ---- Life ---- */

static void seed_fill(struct rnd *random, uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        bytes[i] = (uint8_t)rnd_u64(random);
}

static void pair_key(const struct world *world, uint32_t a, uint32_t b, uint8_t *ret_key)
{
    uint32_t low = a < b ? a : b, high = a < b ? b : a;
    struct rnd random = {world->seed ^ ((uint64_t)low << 32 | high) * UINT64_C(0x9E3779B97F4A7C15)};
    seed_fill(&random, ret_key, ENGINE_KEY_LEN);
}

/* Servers speak with everybody, clients with servers. */
static void members_make(struct world *world, struct world_node *node)
{
    node->members = calloc(world->nodes_count, sizeof *node->members);
    BUG_UNLESS(node->members != NULL);
    size_t count = 0;
    for (uint32_t i = 0; i < world->nodes_count; i++) {
        bool server = i < world->servers_count;
        if (i == node->index || (!node->plan.server && !server))
            continue;
        struct engine_member *member = &node->members[count++];
        member->node = (sync_node_t){i + 1};
        member->server = server;
        if (server)
            member->address = world_address(i);
        pair_key(world, node->index, i, member->key);
    }
    node->settings.members = node->members;
    node->settings.members_count = count;
}

void world_node_make(struct world *world, uint32_t index, struct rnd random)
{
    const struct scenario *scenario = world->scenario;
    struct world_node *node = &world->nodes[index];
    node->index = index;
    node->plan = scenario->nodes[index];
    node->random = random;
    node->port = node->plan.server ? scenario->server_port : scenario->client_port;
    node->wake_ns = INT64_MAX;
    machine_start(&node->machine, index + 1, &node->plan.oscillator, rnd_fork(&node->random, 7),
                  world->now_ns, node->plan.offset_ns, node->plan.rtc_error_ns);
    scenario_settings(scenario, &node->plan, index, &node->settings);
    node->settings.crypto = &world->crypto;
    members_make(world, node);
}

void world_node_free(struct world_node *node)
{
    if (node->engine != NULL)
        node->port->end(node->engine);
    receiver_end(node);
    free(node->members);
    node->engine = NULL;
    node->members = NULL;
}

void world_node_start(struct world *world, struct world_node *node)
{
    if (node->engine != NULL)
        return;
    node->life++;
    node->paused = false;
    node->wake_ns = INT64_MAX;
    node->runs_ns = world->now_ns;
    node->started_ns = world->now_ns;
    seed_fill(&node->random, node->settings.seed, ENGINE_SEED_LEN);
    node->engine = node->port->make(&node->settings);
    BUG_UNLESS(node->engine != NULL);
    receiver_start(node);
    memset(node->pending, 0, sizeof node->pending);
    world_trace(world, "%u starts", node->index + 1);
    for (unsigned i = 0; i < WORLD_RECORDS; i++)
        if (node->has[i]) {
            struct engine_event event = {.kind = ENGINE_RECORD};
            event.u.record.record = (enum engine_record)(i + 1);
            event.u.record.bytes = (struct bytes){node->disk[i].bytes, node->disk[i].len};
            world_step_node(world, node, &event);
        }
    struct engine_event start = {.kind = ENGINE_START};
    world_step_node(world, node, &start);
    hand_in_leap(world, node);
    /* Where we do not steer, another daemon may have told the kernel. */
    if (node->plan.mode == ENGINE_MODE_PAGE && node->index % 4 == 1)
        machine_leap(&node->machine, (int8_t)world->scenario->leap_change, world_midnight_ns(world));
    queue_push(&world->queue, world->now_ns + 200000, QUEUE_KERNEL, node->index, node->life, 0, 0);
    if (node->plan.reference.present) {
        int64_t first = (int64_t)(rnd_unit(&node->random) * (double)node->plan.reference.period_ns);
        queue_push(&world->queue, world->now_ns + 300000 + first, QUEUE_REFERENCE, node->index, node->life, 0,
                   0);
    }
    oracle_started(world, node);
}

static void end(struct world_node *node)
{
    node->port->end(node->engine);
    receiver_end(node);
    node->engine = NULL;
    node->life++;
    node->paused = false;
}

void world_node_stop(struct world *world, struct world_node *node)
{
    if (node->engine == NULL || node->deaf)
        return;
    struct engine_event event = {.kind = ENGINE_STOP};
    world_step_node(world, node, &event);
    world_trace(world, "%u stops", node->index + 1);
    for (unsigned slot = 0; slot < WORLD_PENDING_MAX; slot++)
        if (node->pending[slot].open)
            to_disk(node, slot);
    end(node);
}

void world_node_crash(struct world *world, struct world_node *node, bool keep)
{
    if (node->engine == NULL)
        return;
    world_trace(world, "%u crashes", node->index + 1);
    for (unsigned slot = 0; slot < WORLD_PENDING_MAX; slot++)
        if (keep && node->pending[slot].open)
            to_disk(node, slot);
    end(node);
}

void world_node_wipe(struct world *world, struct world_node *node)
{
    world_trace(world, "%u loses its disk", node->index + 1);
    memset(node->has, 0, sizeof node->has);
    node->disk_lost = true;
}

void world_node_pause(struct world *world, struct world_node *node, int64_t length_ns)
{
    world_trace(world, "%u is stopped for %.3f s", node->index + 1, (double)length_ns * 1e-9);
    node->runs_ns = world->now_ns + length_ns;
    node->paused = true; /* until then the queue puts its events off */
}

void world_node_suspend(struct world *world, struct world_node *node, bool virtual_machine)
{
    if (node->machine.stands)
        return;
    world_trace(world, "%u %s", node->index + 1, virtual_machine ? "is frozen with its machine" : "sleeps");
    machine_stand(&node->machine, world->now_ns);
    node->deaf = true;
}

void world_node_resume(struct world *world, struct world_node *node, bool slept, bool counted)
{
    if (!node->machine.stands)
        return;
    world_trace(world, "%u goes on", node->index + 1);
    machine_go_on(&node->machine, world->now_ns, slept, counted);
    node->deaf = false;
    node->resumed_ns = world->now_ns;
    node->runs_ns = world->now_ns + 100000;
}

void world_node_command(struct world *world, struct world_node *node, enum engine_command command)
{
    struct engine_event event = {.kind = ENGINE_COMMAND};
    event.u.command = command;
    if (node->engine != NULL)
        world_step_node(world, node, &event);
}
