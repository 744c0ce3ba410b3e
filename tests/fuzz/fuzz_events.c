/* SPDX-License-Identifier: Apache-2.0 */
/* The engines' event input: two servers of a cluster of three and a lab machine, whose loop, clocks, disk and network are
 * the fuzzer's. Bytes are read as a list of things that happen: time goes on and datagrams arrive; one is lost, doubled, damaged, or
 * damaged and sealed again with the right key; stamps, records, references, leap tables and commands come in with any
 * values; clocks jump, the timeline changes, a node starts again from its records or from garbage.
 *
 * Whatever comes, an engine neither crashes nor stops at an assertion, and keeps to its side of the border: wake-ups within
 * a second, sends within their array, lines that the page can hold. */
#include <stdlib.h>
#include <string.h>

#include "client/core/follower.h"
#include "client/core/peer.h"
#include "sdk/base/bug.h"
#include "sdk/sync/wire.h"
#include "sdk/time/page.h"
#include "server/clock/core/node.h"
#include "tests/sim/fastcrypto.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { NODES = 3, MEMBERS = 3, WAITING_MAX = 64, OPERATIONS_MAX = 3000, SILENT = 3, CLIENT = 9 };
#define START_NS INT64_C(1800000000000000000)
#define S_NS     INT64_C(1000000000)

struct datagram {
    uint32_t from, to; /* places in rig.nodes; to NODES: to the one that is silent */
    struct engine_send send;
    int64_t stamp;
};

struct fuzz_node {
    uint32_t id;
    void *engine;
    struct peer *peers;
    struct engine_settings settings;
    struct engine_member members[MEMBERS];
    struct engine_now now;
    int64_t wake;
    struct engine_persist disk[3];
    bool has[3];
    bool stopped;
};

struct rig {
    const uint8_t *data;
    size_t left;
    struct crypto crypto;
    struct fuzz_node nodes[NODES];
    struct datagram waiting[WAITING_MAX];
    size_t waiting_count;
    struct engine_actions actions;
};

static uint8_t take(struct rig *rig)
{
    if (rig->left == 0)
        return 0;
    rig->left--;
    return *rig->data++;
}

/* Any number, small ones often. */
static int64_t take_number(struct rig *rig)
{
    uint8_t kind = take(rig);
    uint64_t v = 0;
    for (int i = 0; i < kind % 9; i++)
        v = v << 8 | take(rig);
    return (int64_t)((kind & 0x80) != 0 ? ~v : v);
}

static int64_t take_between(struct rig *rig, int64_t low, int64_t high)
{
    uint64_t span = (uint64_t)high - (uint64_t)low + 1, v = (uint64_t)take_number(rig);
    return span == 0 ? (int64_t)v : (int64_t)((uint64_t)low + v % span);
}

static bool is_server(const struct fuzz_node *node)
{
    return node->id != CLIENT;
}

static struct engine_address address_of(uint32_t id)
{
    return (struct engine_address){.family = 4, .bytes = {10, 0, 0, (uint8_t)id}, .port = 4100};
}

static void key_of(uint32_t a, uint32_t b, uint8_t *ret_key)
{
    memset(ret_key, (int)(a < b ? a * 16 + b : b * 16 + a), ENGINE_KEY_LEN);
}

/* ---- A node and its loop ---- */

static void carry_out(struct rig *rig, struct fuzz_node *node)
{
    struct engine_actions *actions = &rig->actions;
    BUG_UNLESS(actions->sends_count <= ENGINE_SENDS_MAX && actions->reports_count <= ENGINE_REPORTS_MAX);
    BUG_UNLESS(actions->persists_count <= 2);
    BUG_UNLESS(node->stopped || actions->wake.ns - node->now.raw.ns <= S_NS);
    for (unsigned i = 0; i < actions->sends_count; i++) {
        struct engine_send *send = &actions->sends[i];
        BUG_UNLESS(send->len > 0 && send->len <= ENGINE_DATAGRAM_MAX && send->to.family != 0);
        if (rig->waiting_count == WAITING_MAX)
            continue;
        struct datagram *d = &rig->waiting[rig->waiting_count++];
        d->from = (uint32_t)(node - rig->nodes);
        d->to = send->to.bytes[3] == 1        ? 0
                : send->to.bytes[3] == 2      ? 1
                : send->to.bytes[3] == CLIENT ? 2
                                              : NODES;
        d->send = *send;
        d->stamp = node->now.realtime_ns;
    }
    for (unsigned i = 0; i < actions->persists_count; i++) {
        unsigned which = (unsigned)actions->persists[i].record - 1;
        BUG_UNLESS(which < 3 && actions->persists[i].len <= ENGINE_RECORD_MAX);
        node->disk[which] = actions->persists[i];
        node->has[which] = true;
    }
    if (actions->publish) {
        BUG_UNLESS(actions->line.half_width.ns >= 0 && actions->line.growth.ppb >= 0);
        BUG_UNLESS(!page_status_has_interval(actions->line.status) || actions->line.raw.ns >= 0);
    }
    if (actions->steer)
        BUG_UNLESS(llabs(actions->steering.rate_ps_per_s) <= INT64_C(500000000));
    node->wake = actions->wake.ns;
}

static void step(struct rig *rig, struct fuzz_node *node, struct engine_event *event)
{
    if (node->engine == NULL || node->stopped)
        return;
    node->now.raw.ns += 1000;
    node->now.realtime_ns += 1000;
    node->now.boot_ns += 1000;
    event->now = node->now;
    if (event->kind == ENGINE_STOP)
        node->stopped = true;
    if (is_server(node))
        node_step(node->engine, event, &rig->actions);
    else
        follower_step(node->engine, event, &rig->actions);
    carry_out(rig, node);
}

static void start(struct rig *rig, struct fuzz_node *node)
{
    size_t count = node->settings.members_count;
    free(node->engine);
    free(node->peers);
    node->peers = calloc(count, peer_size());
    node->engine = calloc(1, is_server(node) ? node_size() : follower_size());
    BUG_UNLESS(node->peers != NULL && node->engine != NULL);
    node->stopped = false;
    for (size_t i = 0; i < ENGINE_SEED_LEN; i++)
        node->settings.seed[i] = (uint8_t)(node->id * 31 + i + (size_t)node->now.raw.ns);
    if (is_server(node))
        BUG_UNLESS(node_init(node->engine, &node->settings, node->peers) == TAI_OK);
    else
        follower_init(node->engine, &node->settings, node->peers);
    for (unsigned i = 0; i < 3; i++)
        if (node->has[i]) {
            struct engine_event event = {.kind = ENGINE_RECORD};
            event.u.record.record = (enum engine_record)(i + 1);
            event.u.record.bytes = bytes_of(node->disk[i].bytes, node->disk[i].len);
            step(rig, node, &event);
        }
    struct engine_event begin = {.kind = ENGINE_START};
    step(rig, node, &begin);
}

static void make(struct rig *rig, unsigned place, uint32_t id)
{
    static const uint32_t servers[] = {1, 2, SILENT};
    struct fuzz_node *node = &rig->nodes[place];
    node->id = id;
    node->now = (struct engine_now){.timeline = {id * 1000},
                                    .raw = {S_NS * (10 + id)},
                                    .realtime_ns = START_NS + id * 1000000,
                                    .width_ns = 50,
                                    .boot_ns = S_NS * (11 + id)};
    node->settings = (struct engine_settings){.self = {id},
                                              .server = id != CLIENT,
                                              .cluster = 7,
                                              .members = node->members,
                                              .crypto = &rig->crypto,
                                              .rate_bound = {50000},
                                              .mode = id == 1 ? ENGINE_MODE_PAGE : ENGINE_MODE_SYSTEM,
                                              .poll_ns = S_NS,
                                              .client_poll_ns_max = 16 * S_NS,
                                              .peer_poll_ns = 4 * S_NS,
                                              .heartbeat_ns = S_NS / 2,
                                              .lease_ns = 3 * S_NS / 2,
                                              .timeout_ns_min = S_NS / 10,
                                              .timeout_ns_max = 4 * S_NS / 10,
                                              .step_threshold_ns = S_NS / 10};
    size_t count = 0;
    for (unsigned i = 0; i < 3; i++)
        if (servers[i] != id)
            node->members[count++] = (struct engine_member){
                .node = {servers[i]}, .server = true, .address = address_of(servers[i])};
    if (id != CLIENT)
        node->members[count++] = (struct engine_member){.node = {CLIENT}};
    for (size_t i = 0; i < count; i++)
        key_of(id, node->members[i].node.id, node->members[i].key);
    node->settings.members_count = count;
    start(rig, node);
}

/* ---- What happens ---- */

static void advance(struct rig *rig, int64_t ns)
{
    for (unsigned i = 0; i < NODES; i++) {
        struct engine_now *now = &rig->nodes[i].now;
        now->raw.ns += ns;
        now->realtime_ns += ns;
        now->boot_ns += ns;
    }
}

static void arrive(struct rig *rig, const struct datagram *d, int64_t stamp_error)
{
    if (d->to >= NODES)
        return;
    struct fuzz_node *to = &rig->nodes[d->to];
    struct engine_event event = {.kind = ENGINE_PACKET};
    event.u.packet.from = address_of(rig->nodes[d->from].id);
    event.u.packet.has_stamp = true;
    event.u.packet.stamp_realtime_ns = to->now.realtime_ns + stamp_error;
    uint8_t *copy = malloc(d->send.len);
    BUG_UNLESS(copy != NULL);
    memcpy(copy, d->send.bytes, d->send.len);
    event.u.packet.bytes = bytes_of(copy, d->send.len);
    step(rig, to, &event);
    free(copy);
}

static void sent(struct rig *rig, const struct datagram *d)
{
    struct engine_event event = {.kind = ENGINE_SENT};
    event.u.sent.token = d->send.token;
    event.u.sent.stamp_realtime_ns = d->stamp + 5000;
    if (d->send.token != 0)
        step(rig, &rig->nodes[d->from], &event);
}

static void persisted(struct rig *rig, struct fuzz_node *node, unsigned which, bool ok)
{
    struct engine_event event = {.kind = ENGINE_PERSISTED};
    event.u.persisted.token = node->disk[which].token;
    event.u.persisted.ok = ok;
    if (node->has[which])
        step(rig, node, &event);
}

/* A quiet while: everything arrives, the disk works, timers come when they were wanted. */
static void live(struct rig *rig, int64_t ns)
{
    static struct datagram now[WAITING_MAX];
    for (int64_t gone = 0; gone < ns;) {
        int64_t piece = rig->waiting_count > 0 ? 200000 : 50000000;
        advance(rig, piece);
        gone += piece;
        size_t count = rig->waiting_count;
        memcpy(now, rig->waiting, count * sizeof now[0]);
        rig->waiting_count = 0;
        for (size_t i = 0; i < count; i++)
            sent(rig, &now[i]);
        for (size_t i = 0; i < count; i++)
            arrive(rig, &now[i], -2000);
        for (unsigned i = 0; i < NODES; i++)
            for (unsigned which = 0; which < 3; which++)
                persisted(rig, &rig->nodes[i], which, true);
        for (unsigned i = 0; i < NODES; i++)
            if (rig->nodes[i].wake <= rig->nodes[i].now.raw.ns) {
                struct engine_event event = {.kind = ENGINE_TIMER};
                step(rig, &rig->nodes[i], &event);
            }
    }
}

static struct datagram *pick(struct rig *rig)
{
    return rig->waiting_count == 0 ? NULL : &rig->waiting[take(rig) % rig->waiting_count];
}

static void lose(struct rig *rig)
{
    struct datagram *d = pick(rig);
    if (d != NULL)
        *d = rig->waiting[--rig->waiting_count];
}

/* Other bytes; `sealed`: under the right key, so that what is inside is looked at. */
static void damage(struct rig *rig, bool sealed)
{
    struct datagram *d = pick(rig);
    if (d == NULL || d->to >= NODES || d->send.len < WIRE_HEADER + WIRE_MAC)
        return;
    for (int i = take(rig) % 4; i >= 0; i--) {
        size_t at = (size_t)take_between(rig, 0, d->send.len - 1);
        d->send.bytes[at] = take(rig);
    }
    if (!sealed) {
        d->send.len = (uint16_t)take_between(rig, 1, d->send.len);
        return;
    }
    uint8_t key[ENGINE_KEY_LEN];
    size_t body = (size_t)d->send.len - WIRE_MAC;
    key_of(rig->nodes[d->from].id, rig->nodes[d->to].id, key);
    struct bytes part = bytes_of(d->send.bytes, body);
    struct hash mac = crypto_hmac_sha256(&rig->crypto, bytes_of(key, sizeof key), &part, 1);
    memcpy(d->send.bytes + body, mac.b, WIRE_MAC);
}

static void reference(struct rig *rig, struct fuzz_node *node)
{
    struct engine_event event = {.kind = ENGINE_REFERENCE};
    struct sync_reference *r = &event.u.reference;
    r->present = (take(rig) & 7) != 0;
    r->kind = (uint8_t)take_between(rig, 0, TAISTAMP_CLOCK_ASSUMED);
    r->group = take(rig);
    r->raw.ns = node->now.raw.ns - take_between(rig, 0, node->now.raw.ns < S_NS ? node->now.raw.ns : S_NS);
    r->tai.ns = (take(rig) & 1) != 0 ? node->now.realtime_ns + 37 * S_NS + take_between(rig, -S_NS, S_NS)
                                     : take_between(rig, 0, PAGE_INSTANT_NS_MAX);
    r->half_width.ns = take_between(rig, 0, (take(rig) & 1) != 0 ? 1000000 : PAGE_WIDTH_NS_MAX);
    r->rate_ps_per_s = take_between(rig, -SYNC_RATE_PS_MAX, SYNC_RATE_PS_MAX);
    r->growth.ppb = (int32_t)take_between(rig, 0, PAGE_GROWTH_PPB_MAX);
    if (is_server(node))
        step(rig, node, &event);
}

static void other_event(struct rig *rig, struct fuzz_node *node)
{
    struct engine_event event = {.kind = ENGINE_TIMER};
    switch (take(rig) % 6) {
    case 0:
        event.kind = ENGINE_SENT;
        event.u.sent.token = (uint64_t)take_number(rig);
        event.u.sent.stamp_realtime_ns = take_number(rig);
        break;
    case 1:
        event.kind = ENGINE_PERSISTED;
        event.u.persisted.token = (uint64_t)take_number(rig);
        event.u.persisted.ok = (take(rig) & 1) != 0;
        break;
    case 2:
        event.kind = ENGINE_LEAP;
        event.u.leap.tai_utc_s = (int32_t)take_between(rig, -PAGE_TAI_UTC_S_MAX, PAGE_TAI_UTC_S_MAX);
        event.u.leap.next_tai_utc_s = (int32_t)take_between(rig, -PAGE_TAI_UTC_S_MAX, PAGE_TAI_UTC_S_MAX);
        event.u.leap.next.ns = take_between(rig, 0, PAGE_NEVER);
        event.u.leap.expires.ns = take_between(rig, 0, PAGE_NEVER);
        break;
    case 3:
        event.kind = ENGINE_KERNEL;
        event.u.kernel.known = (take(rig) & 1) != 0;
        event.u.kernel.rate_ps_per_s = take_between(rig, -500000000, 500000000);
        event.u.kernel.rival = (take(rig) & 1) != 0;
        break;
    case 4:
        event.kind = ENGINE_COMMAND;
        event.u.command = (take(rig) & 1) != 0 ? ENGINE_MAKESTEP : ENGINE_BURST;
        break;
    default:
        break;
    }
    step(rig, node, &event);
}

static void clocks(struct rig *rig, struct fuzz_node *node)
{
    switch (take(rig) % 4) {
    case 0:
        node->now.realtime_ns = take_between(rig, 0, PAGE_INSTANT_NS_MAX / 2);
        break;
    case 1:
        node->now.timeline.id++;
        node->now.raw.ns = take_between(rig, 0, 100 * S_NS);
        break;
    case 2:
        node->now.boot_ns += take_between(rig, 0, 3600 * S_NS);
        break;
    default:
        node->now.width_ns = take_between(rig, 0, 20000000);
        break;
    }
}

static void restart(struct rig *rig, struct fuzz_node *node)
{
    uint8_t how = take(rig);
    if ((how & 1) != 0) {
        struct engine_event event = {.kind = ENGINE_STOP};
        step(rig, node, &event);
    }
    for (unsigned i = 0; i < 3; i++) {
        if ((how >> (i + 1) & 1) != 0)
            node->has[i] = false;
        if ((how >> (i + 4) & 1) == 0)
            continue;
        node->has[i] = true;
        node->disk[i].len = (uint16_t)take_between(rig, 0, 64);
        for (unsigned k = 0; k < node->disk[i].len; k++)
            node->disk[i].bytes[k] = take(rig);
    }
    start(rig, node);
}

static void happen(struct rig *rig)
{
    uint8_t op = take(rig);
    struct fuzz_node *node = &rig->nodes[op / 16 % NODES];
    struct datagram *d;
    switch (op % 16) {
    case 0:
    case 1:
    case 2:
    case 3:
        live(rig, take_between(rig, 0, (op & 3) == 3 ? 6 * S_NS : S_NS / 2));
        break;
    case 4:
        advance(rig, take_between(rig, 0, 10 * S_NS));
        break;
    case 5:
        lose(rig);
        break;
    case 6:
        d = pick(rig);
        if (d != NULL)
            arrive(rig, d, take_between(rig, -S_NS, S_NS));
        break;
    case 7:
        damage(rig, false);
        break;
    case 8:
    case 9:
    case 10:
        damage(rig, true);
        break;
    case 11:
        reference(rig, node);
        break;
    case 12:
    case 13:
        other_event(rig, node);
        break;
    case 14:
        clocks(rig, node);
        break;
    default:
        restart(rig, node);
        break;
    }
}

static void look(struct rig *rig)
{
    struct view_tracking tracking;
    struct view_source sources[MEMBERS];
    struct view_cluster cluster;
    for (unsigned i = 0; i < NODES; i++) {
        const struct fuzz_node *node = &rig->nodes[i];
        if (is_server(node)) {
            node_tracking(node->engine, node->now.raw, &tracking);
            (void)node_sources(node->engine, node->now.raw, sources, MEMBERS);
            node_cluster(node->engine, node->now.raw, &cluster);
        } else {
            follower_tracking(node->engine, node->now.raw, &tracking);
            (void)follower_sources(node->engine, node->now.raw, sources, MEMBERS);
            follower_cluster(node->engine, node->now.raw, &cluster);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct rig rig;
    static const uint32_t ids[NODES] = {1, 2, CLIENT};
    memset(&rig, 0, sizeof rig);
    rig.data = data;
    rig.left = size;
    rig.crypto = fastcrypto();
    for (unsigned i = 0; i < NODES; i++)
        make(&rig, i, ids[i]);
    for (unsigned i = 0; i < OPERATIONS_MAX && rig.left > 0; i++)
        happen(&rig);
    look(&rig);
    for (unsigned i = 0; i < NODES; i++) {
        free(rig.nodes[i].engine);
        free(rig.nodes[i].peers);
    }
    return 0;
}
