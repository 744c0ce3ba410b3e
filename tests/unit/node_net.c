/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/node_net.h"

#include <math.h>
#include <string.h>

#include "sdk/base/bug.h"
#include "sdk/io/openssl.h"
#include "sdk/sync/line.h"

static void *need(void *p)
{
    BUG_UNLESS(p != NULL);
    return p;
}

int64_t net_raw(const struct net *net, size_t i, int64_t at)
{
    const struct net_node *n = &net->nodes[i];
    return n->raw0_ns + at + line_gain_ns(at, n->rate_ps);
}

static int64_t realtime(const struct net *net, size_t i, int64_t at)
{
    return net_raw(net, i, at) - net->nodes[i].raw0_ns + NET_TAI0 - 37 * NET_S +
           net->nodes[i].realtime_error_ns;
}

/* True time at which its raw clock shows `raw`: a little late. */
static int64_t when(const struct net *net, size_t i, int64_t raw)
{
    const struct net_node *n = &net->nodes[i];
    int64_t at = raw - n->raw0_ns;
    return at - line_gain_ns(at, n->rate_ps) + 1000;
}

static struct engine_now now_of(const struct net *net, size_t i)
{
    int64_t raw = net_raw(net, i, net->now);
    return (struct engine_now){.timeline = {net->nodes[i].timeline},
                               .raw = {raw},
                               .realtime_ns = realtime(net, i, net->now),
                               .width_ns = 30,
                               .boot_ns = raw};
}

static struct engine_address address_of(size_t i)
{
    return (struct engine_address){.family = 4, .bytes = {192, 168, 123, (uint8_t)(i + 1)}, .port = 1700};
}

static void settings_fill(struct net *net, size_t i)
{
    struct net_node *n = &net->nodes[i];
    size_t m = 0;
    for (size_t j = 0; j < net->count; j++) {
        if (j == i)
            continue;
        n->members[m] = (struct engine_member){
            .node = {(uint32_t)j + 1}, .server = true, .address = address_of(j), .key = {0}};
        n->members[m].key[0] = (uint8_t)(i < j ? i : j);
        n->members[m].key[1] = (uint8_t)(i < j ? j : i);
        m++;
    }
    n->settings = (struct engine_settings){.self = n->id,
                                           .server = true,
                                           .cluster = 0x1234,
                                           .epoch = 1,
                                           .members = n->members,
                                           .members_count = m,
                                           .crypto = &net->crypto,
                                           .rate_bound = {50000},
                                           .mode = ENGINE_MODE_PAGE,
                                           .poll_ns = NET_S,
                                           .client_poll_ns_max = 64 * NET_S,
                                           .peer_poll_ns = 16 * NET_S};
    if (n->poll_ns > 0)
        n->settings.poll_ns = n->settings.peer_poll_ns = n->poll_ns;
}

struct net *net_make(uint64_t seed, size_t count)
{
    struct net *net = need(calloc(1, sizeof *net));
    net->prop = prop_start("net", seed);
    net->count = count;
    net->delay_ns = 100 * NET_US;
    net->jitter_ns = 10 * NET_US;
    net->queue = need(calloc(NET_QUEUE, sizeof *net->queue));
    BUG_UNLESS(openssl_crypto_open(&net->crypto) == TAI_OK);
    for (size_t i = 0; i < count; i++) {
        struct net_node *n = &net->nodes[i];
        n->id.id = (uint32_t)i + 1;
        n->rate_ps = (int64_t)prop_below(&net->prop, 40 * (uint64_t)NET_PPM) - 20 * NET_PPM;
        n->raw0_ns = (int64_t)prop_below(&net->prop, 100000) * NET_S;
        n->realtime_error_ns = (int64_t)prop_below(&net->prop, 20 * (uint64_t)NET_MS) - 10 * NET_MS;
        n->timeline = prop_u64(&net->prop) | 1;
        n->disk_ns = 2 * NET_MS;
        n->wake = INT64_MAX;
        n->reference_at = INT64_MAX;
    }
    return net;
}

void net_end(struct net *net)
{
    for (size_t i = 0; i < net->count; i++) {
        free(net->nodes[i].node);
        free(net->nodes[i].peers);
    }
    openssl_crypto_close(&net->crypto);
    free(net->queue);
    free(net);
}

/* ---- the network and the disk ---- */

static int64_t delay(struct net *net)
{
    double u = ((double)(prop_u64(&net->prop) >> 11) + 1.0) / 9007199254740994.0;
    return net->delay_ns + (int64_t)(-log(u) * (double)net->jitter_ns);
}

static struct net_item *item_new(struct net *net, int64_t at, size_t node, enum net_kind kind)
{
    BUG_UNLESS(net->queued < NET_QUEUE);
    struct net_item *item = &net->queue[net->queued++];
    *item = (struct net_item){.at = at, .node = node, .kind = kind, .life = net->lives[node]};
    return item;
}

static void send_one(struct net *net, size_t i, const struct engine_send *s)
{
    size_t to = s->to.bytes[3] - 1u;
    int64_t left = net->now + 8 * NET_US; /* what a system call takes */
    net->nodes[i].datagrams++;
    if (s->token != 0) {
        struct net_item *sent = item_new(net, left + 20 * NET_US, i, NET_SENT);
        sent->token = s->token;
        sent->stamp_realtime_ns = realtime(net, i, left);
    }
    bool lost = to >= net->count || net->cut[i][to] || prop_below(&net->prop, 1000) < net->loss_per_mille;
    if (lost || !net->nodes[to].up)
        return;
    int64_t at = left + delay(net) + net->more_ns[i][to];
    struct net_item *item = item_new(net, at + 15 * NET_US, to, NET_PACKET);
    item->from = address_of(i);
    item->stamp_realtime_ns = realtime(net, to, at);
    item->len = s->len;
    memcpy(item->bytes, s->bytes, s->len);
    struct wire_message m;
    if (net->twist != NULL && wire_decode((struct bytes){item->bytes, item->len}, &m) == WIRE_OK) {
        net->twist(net, i, to, &m);
        uint8_t key[WIRE_KEY] = {(uint8_t)(i < to ? i : to), (uint8_t)(i < to ? to : i)};
        item->len = (uint16_t)wire_encode(&m, &net->crypto, key, item->bytes);
    }
}

static void published(struct net *net, size_t i)
{
    struct net_node *n = &net->nodes[i];
    const struct sync_line *line = &n->actions.line;
    bool has = page_status_has_interval(line->status);
    n->published++;
    if (has && n->has_line && n->line.timeline.id == line->timeline.id) {
        int64_t step = line->tai.ns - line_tai(&n->line, line->raw).ns;
        step = step < 0 ? -step : step;
        if (step > 2)
            n->steps++;
        if (step > n->worst_step_ns)
            n->worst_step_ns = step;
    }
    n->has_line = has;
    n->line = *line;
    int64_t truth = NET_TAI0 + net->now;
    struct tai_interval interval = line_interval(line, (tai_mono_t){net_raw(net, i, net->now)});
    if (has && line->status != TAISTAMP_STATUS_RELATIVE &&
        (interval.earliest.ns > truth || interval.latest.ns < truth))
        n->false_lines++;
}

static void carry_out(struct net *net, size_t i)
{
    struct net_node *n = &net->nodes[i];
    const struct engine_actions *a = &n->actions;
    for (uint8_t k = 0; k < a->persists_count; k++) {
        if (!n->disk_full) {
            n->disk[a->persists[k].record] = a->persists[k];
            n->disk_has[a->persists[k].record] = true;
        }
        struct net_item *item = item_new(net, net->now + n->disk_ns, i, NET_PERSISTED);
        item->token = a->persists[k].token;
        item->failed = n->disk_full;
    }
    for (uint8_t k = 0; k < a->sends_count; k++)
        send_one(net, i, &a->sends[k]);
    for (uint8_t k = 0; k < a->reports_count; k++)
        n->reports[a->reports[k].kind]++;
    if (a->publish)
        published(net, i);
    int64_t wake = when(net, i, a->wake.ns);
    n->wake = wake > net->now ? wake : net->now + 1000;
}

static void step(struct net *net, size_t i, struct engine_event *event)
{
    event->now = now_of(net, i);
    net->nodes[i].node_steps++;
    node_step(net->nodes[i].node, event, &net->nodes[i].actions);
    carry_out(net, i);
}

void net_up(struct net *net, size_t i)
{
    struct net_node *n = &net->nodes[i];
    free(n->node);
    free(n->peers);
    settings_fill(net, i);
    for (size_t k = 0; k < ENGINE_SEED_LEN; k++)
        n->settings.seed[k] = (uint8_t)prop_u64(&net->prop);
    n->node = need(malloc(node_size()));
    n->peers = need(calloc(NET_NODES, peer_size()));
    BUG_UNLESS(node_init(n->node, &n->settings, n->peers) == TAI_OK);
    n->up = true;
    n->has_line = false;
    net->lives[i]++;
    for (unsigned r = ENGINE_RECORD_VOTE; r <= ENGINE_RECORD_HLC; r++) {
        if (!n->disk_has[r])
            continue;
        struct engine_event record = {.kind = ENGINE_RECORD};
        record.u.record.record = (enum engine_record)r;
        record.u.record.bytes = (struct bytes){n->disk[r].bytes, n->disk[r].len};
        step(net, i, &record);
    }
    struct engine_event start = {.kind = ENGINE_START};
    step(net, i, &start);
    struct engine_event leap = {.kind = ENGINE_LEAP};
    leap.u.leap = (struct sync_leap){.next = {PAGE_NEVER}};
    if (!n->no_table)
        leap.u.leap = (struct sync_leap){37, 37, {PAGE_NEVER}, {NET_TAI0 * 2}};
    step(net, i, &leap);
    n->reference_at = n->reference_width_ns > 0 ? net->now + 50 * NET_MS : INT64_MAX;
}

void net_down(struct net *net, size_t i)
{
    net->nodes[i].up = false;
    net->nodes[i].has_line = false;
    net->nodes[i].wake = INT64_MAX;
    net->nodes[i].reference_at = INT64_MAX;
    net->lives[i]++;
}

static void deliver(struct net *net, const struct net_item *item)
{
    struct engine_event event = {0};
    if (!net->nodes[item->node].up || item->life != net->lives[item->node])
        return;
    switch (item->kind) {
    case NET_PACKET:
        event.kind = ENGINE_PACKET;
        event.u.packet.from = item->from;
        event.u.packet.bytes = (struct bytes){item->bytes, item->len};
        event.u.packet.has_stamp = true;
        event.u.packet.stamp_realtime_ns = item->stamp_realtime_ns;
        break;
    case NET_SENT:
        event.kind = ENGINE_SENT;
        event.u.sent.token = item->token;
        event.u.sent.stamp_realtime_ns = item->stamp_realtime_ns;
        break;
    case NET_PERSISTED:
        event.kind = ENGINE_PERSISTED;
        event.u.persisted.token = item->token;
        event.u.persisted.ok = !item->failed;
        break;
    }
    step(net, item->node, &event);
}

static void tell_reference(struct net *net, size_t i)
{
    struct net_node *n = &net->nodes[i];
    int64_t rate = ensemble_rate_over(0, n->rate_ps);
    struct engine_event event = {.kind = ENGINE_REFERENCE};
    event.u.reference = (struct sync_reference){.present = true,
                                                .kind = TAISTAMP_CLOCK_SYSTEM,
                                                .raw = {net_raw(net, i, net->now)},
                                                .tai = {NET_TAI0 + net->now + n->reference_error_ns},
                                                .half_width = {n->reference_width_ns},
                                                .rate_ps_per_s = rate,
                                                .growth = {1000}};
    n->reference_at = net->now + NET_S;
    step(net, i, &event);
}

void net_run(struct net *net, int64_t until)
{
    for (;;) {
        int64_t at = until;
        size_t item = SIZE_MAX, timer = SIZE_MAX, reference = SIZE_MAX;
        for (size_t q = 0; q < net->queued; q++)
            if (net->queue[q].at < at) {
                at = net->queue[q].at;
                item = q;
            }
        for (size_t i = 0; i < net->count; i++) {
            if (net->nodes[i].up && net->nodes[i].wake < at) {
                at = net->nodes[i].wake;
                timer = i;
                item = SIZE_MAX;
            }
        }
        for (size_t i = 0; i < net->count; i++) {
            if (net->nodes[i].up && net->nodes[i].reference_at < at) {
                at = net->nodes[i].reference_at;
                reference = i;
                item = timer = SIZE_MAX;
            }
        }
        if (at >= until)
            break;
        net->now = at;
        if (reference != SIZE_MAX) {
            tell_reference(net, reference);
        } else if (timer != SIZE_MAX) {
            struct engine_event event = {.kind = ENGINE_TIMER};
            step(net, timer, &event);
        } else {
            struct net_item copy = net->queue[item];
            net->queue[item] = net->queue[--net->queued];
            deliver(net, &copy);
        }
    }
    net->now = until;
}

int64_t net_error(const struct net *net, size_t i)
{
    const struct net_node *n = &net->nodes[i];
    return line_tai(&n->line, (tai_mono_t){net_raw(net, i, net->now)}).ns - NET_TAI0 - net->now;
}

int64_t net_width(const struct net *net, size_t i)
{
    return line_half_width(&net->nodes[i].line, (tai_mono_t){net_raw(net, i, net->now)}).ns;
}

int64_t net_spread(const struct net *net)
{
    int64_t low = INT64_MAX, high = INT64_MIN;
    for (size_t i = 0; i < net->count; i++) {
        if (!net->nodes[i].up)
            continue;
        if (!net->nodes[i].has_line)
            return INT64_MAX;
        int64_t e = net_error(net, i);
        low = e < low ? e : low;
        high = e > high ? e : high;
    }
    return high - low;
}

size_t net_master(const struct net *net)
{
    size_t master = net->count;
    for (size_t i = 0; i < net->count; i++) {
        if (!net->nodes[i].up)
            continue;
        struct engine_now now = now_of(net, i);
        if (!node_time_leads(net->nodes[i].node, &now))
            continue;
        if (master != net->count)
            return net->count;
        master = i;
    }
    return master;
}

void net_show(const struct net *net)
{
    printf("t=%.3f s master %zu\n", (double)net->now / 1e9, net_master(net) + 1);
    for (size_t i = 0; i < net->count; i++) {
        const struct net_node *n = &net->nodes[i];
        if (!n->up) {
            printf("  %u down\n", n->id.id);
            continue;
        }
        printf("  %u state %d term %llu master %u error %.3f us width %.3f us rate %.4f ppm (true %.4f) "
               "status %d acc %u sus %u rej %u last %d by %lld\n",
               n->id.id, n->node->state, (unsigned long long)n->node->election.term,
               n->node->election.master.id, n->has_line ? (double)net_error(net, i) / 1e3 : NAN,
               (double)net_width(net, i) / 1e3, (double)n->line.rate_ps_per_s / 1e6,
               -(double)n->rate_ps / 1e6, (int)n->line.status, n->node->following.accepted,
               n->node->following.suspect, n->node->following.rejected, (int)n->node->following.last.reason,
               (long long)n->node->following.last.by_ns);
        const struct sync_line *t = &n->node->clockwork.target;
        struct peer_placement pl = {0};
        for (size_t k = 0; k < n->settings.members_count; k++)
            if (n->members[k].node.id == n->node->election.master.id)
                (void)peer_placement(&n->peers[k], (tai_mono_t){net_raw(net, i, net->now)}, &pl);
        printf("    target width %.3f growth %d; path %.3f growth %d sigma %lld skew %lld round state %d "
               "width %.3f growth %d rate %.4f\n",
               (double)t->half_width.ns / 1e3, t->growth.ppb, (double)pl.half_width_ns / 1e3, pl.growth.ppb,
               (long long)pl.sigma_ns, (long long)pl.skew_ps_per_s, n->node->round.state,
               (double)n->node->round.line.half_width.ns / 1e3, n->node->round.line.growth.ppb,
               (double)n->node->round.line.rate_ps_per_s / 1e6);
    }
}
