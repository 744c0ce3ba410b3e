/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/world.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "sdk/base/bug.h"
#include "sdk/io/openssl.h"
#include "tests/sim/fastcrypto.h"
#include "tests/sim/oracle.h"
#include "tests/sim/scenario.h"
#include "tests/sim/traitor.h"
#include "tests/sim/world_step.h"

#define PORT_NUMBER         4100
#define SAMPLE_NS           INT64_C(500000000)
#define ATTACK_SPACING_S(w) (1 / (w)->attack_per_s)

struct engine_address world_address(uint32_t index)
{
    struct engine_address address = {.family = 4, .port = PORT_NUMBER};
    address.bytes[0] = 10;
    address.bytes[2] = (uint8_t)((index + 1) >> 8);
    address.bytes[3] = (uint8_t)(index + 1);
    return address;
}

void world_trace(const struct world *world, const char *format, ...)
{
    if (world->trace == NULL)
        return;
    va_list args;
    va_start(args, format);
    fprintf(world->trace, "%12.6f ", (double)(world->now_ns - WORLD_START_NS) * 1e-9);
    vfprintf(world->trace, format, args);
    fputc('\n', world->trace);
    va_end(args);
}

/* ---- Datagrams ---- */

static size_t datagram_new(struct world *world)
{
    if (world->datagrams_free_count == 0) {
        size_t old = world->datagrams_size, size = old == 0 ? 64 : 2 * old;
        world->datagrams = realloc(world->datagrams, size * sizeof *world->datagrams);
        world->datagrams_free = realloc(world->datagrams_free, size * sizeof *world->datagrams_free);
        BUG_UNLESS(world->datagrams != NULL && world->datagrams_free != NULL);
        for (size_t i = size; i > old; i--)
            world->datagrams_free[world->datagrams_free_count++] = i - 1;
        world->datagrams_size = size;
    }
    return world->datagrams_free[--world->datagrams_free_count];
}

static void datagram_free(struct world *world, size_t index)
{
    world->datagrams_free[world->datagrams_free_count++] = index;
}

/* Without the bytes beyond its length. */
static void datagram_copy(struct world_datagram *to, const struct world_datagram *from)
{
    memcpy(to, from, offsetof(struct world_datagram, bytes) + from->len);
}

void world_send(struct world *world, struct world_node *node, const struct engine_send *send)
{
    size_t index = datagram_new(world);
    struct world_datagram *d = &world->datagrams[index];
    uint32_t to = (uint32_t)(send->to.bytes[2] << 8 | send->to.bytes[3]) - 1;
    BUG_UNLESS(send->to.family == 4 && send->len > 0 && send->len <= ENGINE_DATAGRAM_MAX);
    d->from = world_address(node->index);
    d->to = send->to;
    d->from_node = node->index;
    d->to_node = to < world->nodes_count ? to : UINT32_MAX;
    d->token = send->token;
    d->len = send->len;
    d->has_stamp = true;
    memcpy(d->bytes, send->bytes, send->len);
    node->sent++;
    node->bytes += send->len;
    int64_t leaves = world->now_ns + 3000 + (int64_t)rnd_exp(&node->random, 5000);
    queue_push(&world->queue, leaves, QUEUE_LEAVE, node->index, node->life, (int64_t)index, 0);
}

static int64_t noise(struct world_node *node)
{
    return (int64_t)rnd_exp(&node->random, node->plan.stamp_noise_ns);
}

static void leave(struct world *world, const struct queue_item *item)
{
    struct world_node *node = &world->nodes[item->node];
    struct world_datagram *d = &world->datagrams[item->a];
    /* A kernel stamps before the datagram leaves, and the process reads the stamp a little later. */
    int64_t stamp = machine_realtime(&node->machine, world->now_ns) - noise(node);
    if (d->token != 0 && !rnd_chance(&node->random, node->plan.stamp_lost)) {
        int64_t late = 20000 + (int64_t)rnd_exp(&node->random, 30000);
        if (rnd_chance(&node->random, 0.01))
            late += (int64_t)rnd_exp(&node->random, 30e6);
        queue_push(&world->queue, world->now_ns + late, QUEUE_SENT, item->node, item->life, (int64_t)d->token,
                   stamp);
    }
    if (world->attack_per_s > 0 || world->kept_count < WORLD_DATAGRAMS_KEPT) {
        unsigned slot = world->kept_count < WORLD_DATAGRAMS_KEPT
                            ? world->kept_count++
                            : (unsigned)rnd_between(&world->attack_random, 0, WORLD_DATAGRAMS_KEPT - 1);
        datagram_copy(&world->kept[slot], d);
    }
    int64_t delay[2];
    unsigned copies = 0;
    bool dropped = (world->lose_types >> traitor_type(d->bytes, d->len) & 1) != 0;
    if (d->to_node != UINT32_MAX && !node->deaf && !dropped)
        copies = network_fate(&world->network, d->from_node, d->to_node, delay);
    if (copies == 2) {
        size_t twin = datagram_new(world);
        d = &world->datagrams[item->a]; /* they may have been moved */
        datagram_copy(&world->datagrams[twin], d);
        queue_push(&world->queue, world->now_ns + delay[1], QUEUE_ARRIVE, d->to_node, 0, (int64_t)twin, 0);
    }
    if (copies > 0)
        queue_push(&world->queue, world->now_ns + delay[0], QUEUE_ARRIVE, world->datagrams[item->a].to_node,
                   0, item->a, 0);
    else
        datagram_free(world, (size_t)item->a);
}

static void arrive(struct world *world, const struct queue_item *item)
{
    struct world_node *node = &world->nodes[item->node];
    struct world_datagram *d = &world->datagrams[item->a];
    if (node->engine == NULL || node->deaf) {
        datagram_free(world, (size_t)item->a);
        return;
    }
    d->stamp_ns = machine_realtime(&node->machine, world->now_ns) + noise(node);
    queue_push(&world->queue, world_node_ready(world, node), QUEUE_HANDLE, item->node, node->life, item->a,
               0);
}

void world_inject(struct world *world, const struct engine_address *from, uint32_t to_node,
                  const uint8_t *bytes, size_t len)
{
    size_t index = datagram_new(world);
    struct world_datagram *d = &world->datagrams[index];
    BUG_UNLESS(len <= ENGINE_DATAGRAM_MAX);
    d->from = *from;
    d->to = world_address(to_node);
    d->from_node = UINT32_MAX;
    d->to_node = to_node;
    d->len = (uint16_t)len;
    d->has_stamp = true;
    memcpy(d->bytes, bytes, len);
    queue_push(&world->queue, world->now_ns, QUEUE_ARRIVE, to_node, 0, (int64_t)index, 0);
}

static void handle(struct world *world, struct world_node *node, size_t index)
{
    const struct world_datagram *d = &world->datagrams[index];
    struct engine_event event = {.kind = ENGINE_PACKET};
    event.u.packet.from = d->from;
    event.u.packet.has_stamp = d->has_stamp;
    event.u.packet.stamp_realtime_ns = d->stamp_ns;
    /* A copy of its own, so that an engine that keeps the pointer or reads past the end is found. */
    uint8_t *copy = malloc(d->len);
    BUG_UNLESS(copy != NULL);
    memcpy(copy, d->bytes, d->len);
    event.u.packet.bytes = (struct bytes){copy, d->len};
    node->received++;
    datagram_free(world, index);
    world_step_node(world, node, &event);
    free(copy);
}

/* ---- The run ---- */

/* A process that is paused or suspended gets the event when it goes on; one that died, never. */
static bool postponed(struct world *world, struct world_node *node, const struct queue_item *item)
{
    if (node->paused && world->now_ns >= node->runs_ns)
        node->paused = false;
    if (!node->paused && !node->deaf)
        return false;
    /* runs_ns is when it goes on. In a suspend nobody knows; look again. */
    int64_t until = node->runs_ns > world->now_ns ? node->runs_ns : world->now_ns + 10000000;
    if (item->kind == QUEUE_WAKE) {
        if (item->t_ns != node->wake_ns)
            return true;
        node->wake_ns = until;
    }
    queue_push(&world->queue, until, item->kind, item->node, item->life, item->a, item->b);
    return true;
}

static void wake(struct world *world, struct world_node *node)
{
    node->wake_ns = INT64_MAX;
    if (machine_raw(&node->machine, world->now_ns) < node->wake_raw) {
        world_node_wake(world, node);
        return;
    }
    struct engine_event event = {.kind = ENGINE_TIMER};
    world_step_node(world, node, &event);
}

static void node_item(struct world *world, const struct queue_item *item)
{
    struct world_node *node = &world->nodes[item->node];
    if (node->life != item->life || node->engine == NULL) {
        if (item->kind == QUEUE_HANDLE)
            datagram_free(world, (size_t)item->a);
        return;
    }
    if (item->kind != QUEUE_EXPIRE && postponed(world, node, item))
        return;
    struct engine_event event = {.kind = ENGINE_SENT};
    switch (item->kind) {
    case QUEUE_WAKE:
        if (item->t_ns == node->wake_ns) /* else an earlier one took its place */
            wake(world, node);
        break;
    case QUEUE_HANDLE:
        handle(world, node, (size_t)item->a);
        break;
    case QUEUE_SENT:
        event.u.sent.token = (uint64_t)item->a;
        event.u.sent.stamp_realtime_ns = item->b;
        world_step_node(world, node, &event);
        break;
    case QUEUE_PERSISTED:
        world_node_persisted(world, node, (unsigned)item->a);
        break;
    case QUEUE_REFERENCE:
        world_node_reference(world, node);
        break;
    case QUEUE_KERNEL:
        world_node_kernel(world, node, item->a == 0);
        break;
    case QUEUE_LEAVE:
    case QUEUE_ARRIVE:
    case QUEUE_EXPIRE:
    case QUEUE_SAMPLE:
    case QUEUE_SCRIPT:
    case QUEUE_ATTACK:
        BUG("not a node's");
    }
}

static void world_item(struct world *world, const struct queue_item *item)
{
    switch (item->kind) {
    case QUEUE_LEAVE:
        leave(world, item);
        break;
    case QUEUE_ARRIVE:
        arrive(world, item);
        break;
    case QUEUE_EXPIRE:
        oracle_expire(world, &world->nodes[item->node], (uint64_t)item->a);
        break;
    case QUEUE_SAMPLE:
        oracle_sample(world);
        queue_push(&world->queue, world->now_ns + SAMPLE_NS, QUEUE_SAMPLE, 0, 0, 0, 0);
        break;
    case QUEUE_SCRIPT:
        scenario_act(world, (unsigned)item->a);
        oracle_ways(world);
        break;
    case QUEUE_ATTACK:
        if (world->attack_per_s > 0) {
            traitor_attack(world);
            double gap = rnd_exp(&world->attack_random, ATTACK_SPACING_S(world));
            queue_push(&world->queue, world->now_ns + (int64_t)(gap * 1e9), QUEUE_ATTACK, 0, 0, 0, 0);
        }
        break;
    case QUEUE_WAKE:
    case QUEUE_HANDLE:
    case QUEUE_SENT:
    case QUEUE_PERSISTED:
    case QUEUE_REFERENCE:
    case QUEUE_KERNEL:
        node_item(world, item);
        break;
    }
}

void world_run(struct world *world, int64_t until_ns)
{
    struct queue_item item;
    while (!oracle_found(world->oracle) && queue_pop(&world->queue, &item)) {
        if (item.t_ns > until_ns) {
            queue_push(&world->queue, item.t_ns, item.kind, item.node, item.life, item.a, item.b);
            break;
        }
        BUG_UNLESS(item.t_ns >= world->now_ns);
        world->now_ns = item.t_ns;
        world_item(world, &item);
    }
}

void world_start(struct world *world, const struct scenario *scenario, struct oracle *oracle, FILE *trace)
{
    struct rnd random = {scenario->seed};
    *world = (struct world){.seed = scenario->seed,
                            .now_ns = WORLD_START_NS,
                            .servers_count = scenario->servers,
                            .nodes_count = scenario->servers + scenario->clients,
                            .scenario = scenario,
                            .oracle = oracle,
                            .traitors_act = true,
                            .trace = trace};
    world->random = rnd_fork(&random, 1);
    world->attack_random = rnd_fork(&random, 2);
    if (!scenario->true_crypto)
        world->crypto = fastcrypto();
    else if (openssl_crypto_open(&world->crypto) != TAI_OK)
        BUG("no OpenSSL");
    world->nodes = calloc(world->nodes_count, sizeof *world->nodes);
    world->actions = calloc(1, sizeof *world->actions);
    BUG_UNLESS(world->nodes != NULL && world->actions != NULL);
    network_start(&world->network, &scenario->network, world->nodes_count, rnd_fork(&random, 3));
    for (uint32_t i = 0; i < world->nodes_count; i++)
        world_node_make(world, i, rnd_fork(&random, 100 + i));
    oracle_start(oracle, world);
    for (unsigned i = 0; i < scenario->script_count; i++)
        queue_push(&world->queue, WORLD_START_NS + (int64_t)(scenario->script[i].at_s * 1e9), QUEUE_SCRIPT, 0,
                   0, (int64_t)i, 0);
    queue_push(&world->queue, WORLD_START_NS + SAMPLE_NS, QUEUE_SAMPLE, 0, 0, 0, 0);
}

void world_end(struct world *world)
{
    for (uint32_t i = 0; i < world->nodes_count; i++)
        world_node_free(&world->nodes[i]);
    network_end(&world->network);
    queue_end(&world->queue);
    if (world->scenario->true_crypto)
        openssl_crypto_close(&world->crypto);
    free(world->datagrams);
    free(world->datagrams_free);
    free(world->actions);
    free(world->nodes);
    *world = (struct world){0};
}
