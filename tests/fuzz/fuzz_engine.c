/* SPDX-License-Identifier: Apache-2.0 */
/* Engines among liars with good keys: bytes are the liars' words, and what befalls the machines meanwhile. The first byte chooses
 * between a few nodes, one of them a liar, and a follower all of whose servers lie; the second says how often. Then each
 * slice of made-up time takes a byte for an event, and each twisted message takes what it needs; a seed goes on when they are used
 * up. Nothing may stop at an assertion, whoever lies. */
#include <stdio.h>
#include <stdlib.h>

#include "sdk/base/bug.h"
#include "sdk/io/openssl.h"
#include "tests/unit/liar.h"
#include "tests/unit/node_net.h"
#include "tests/unit/tiny_net.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SLICES = 24 };
static struct liar mouth;
static unsigned every;
static size_t liar_node;

static void lie(struct wire_message *m)
{
    if (liar_u64(&mouth) % every == 0)
        liar_twist(&mouth, 1 + (unsigned)(liar_u64(&mouth) % 3), m);
}

static void net_lie(struct net *net, size_t from, size_t to, struct wire_message *m)
{
    (void)net;
    (void)to;
    if (from == liar_node)
        lie(m);
}

static void tiny_lie(struct tiny *net, unsigned server, struct wire_message *m)
{
    (void)net;
    (void)server;
    lie(m);
}

static void befall(struct net *net)
{
    uint64_t what = liar_u64(&mouth);
    size_t i = (size_t)(what >> 8) % net->count;
    struct net_node *n = &net->nodes[i];
    switch (what % 16) {
    case 0:
        if (n->up)
            net_down(net, i);
        else
            net_up(net, i);
        return;
    case 1:
        n->realtime_error_ns += (int64_t)(what >> 16) % (36000 * NET_S) - 18000 * NET_S;
        return;
    case 2:
        n->timeline++;
        return;
    case 3:
        n->disk_full = !n->disk_full;
        return;
    case 4:
        net->cut[i][(size_t)(what >> 16) % net->count] ^= true;
        return;
    case 5:
        n->reference_width_ns = (int64_t)(what >> 16) % NET_S;
        return;
    default:
        return;
    }
}

static void nodes(unsigned first)
{
    struct net *net = net_make(first, 2 + first % 4);
    net->twist = net_lie;
    liar_node = (first / 4) % net->count;
    for (size_t i = 0; i < net->count; i++) {
        net->nodes[i].no_table = (first >> 4 & 1) != 0;
        net->nodes[i].reference_width_ns = (first >> 5 & 1) != 0 ? 20 * NET_US : 0;
        net_up(net, i);
    }
    for (int64_t slice = 1; slice <= SLICES; slice++) {
        net_run(net, slice * NET_S / 4);
        befall(net);
    }
    net_end(net);
}

static void lab_machine(unsigned first)
{
    static struct tiny tiny;
    struct crypto crypto;
    BUG_UNLESS(openssl_crypto_open(&crypto) == TAI_OK);
    tiny_init(&tiny, &crypto, first, 1 + first % 5, first & 32 ? ENGINE_MODE_PAGE : ENGINE_MODE_SYSTEM);
    tiny.twist = tiny_lie;
    tiny_start(&tiny);
    for (int64_t slice = 1; slice <= SLICES; slice++) {
        tiny_run(&tiny, TINY_S + slice * TINY_S / 2);
        uint64_t what = liar_u64(&mouth);
        if (what % 16 == 0)
            tiny.clock.realtime_error_ns += (double)((int64_t)(what >> 8) % (36000 * TINY_S));
        if (what % 16 == 1)
            tiny.timeline.id++;
        if (what % 16 == 2)
            tiny_elect(&tiny, (unsigned)(what >> 8) % tiny.servers, (what >> 16) % 100);
    }
    openssl_crypto_close(&crypto);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static FILE *quiet;
    if (quiet == NULL && (quiet = freopen("/dev/null", "w", stdout)) == NULL) /* seeds are printed */
        abort();
    if (size < 2)
        return 0;
    mouth = (struct liar){.bytes = data + 2, .left = size - 2, .state = data[1]};
    every = 1 + data[1] % 16;
    if (data[0] & 128)
        lab_machine(data[0] & 127u);
    else
        nodes(data[0]);
    return 0;
}
