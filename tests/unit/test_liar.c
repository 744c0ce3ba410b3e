/* SPDX-License-Identifier: Apache-2.0 */
/* Members with a key that lie in every field: whatever they say, honest nodes go on, keep true intervals and never step. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "sdk/sync/line.h"
#include "tests/unit/liar.h"
#include "tests/unit/node_net.h"

static struct liar mouth;
static size_t liar_node;
static unsigned every; /* one message in so many is twisted */

static void lie(struct net *net, size_t from, size_t to, struct wire_message *m)
{
    (void)net;
    (void)to;
    if (from == liar_node && liar_u64(&mouth) % every == 0)
        liar_twist(&mouth, 1 + (unsigned)(liar_u64(&mouth) % 4), m);
}

static void live_with_a_liar(uint64_t seed, size_t count)
{
    struct net *net = net_make(seed, count);
    mouth = (struct liar){.state = seed};
    liar_node = liar_u64(&mouth) % count;
    every = 1 + (unsigned)(liar_u64(&mouth) % 20);
    /* Without references the liar's would be the only one, and f_ref is 0. */
    bool anchored = seed % 3 != 0;
    for (size_t i = 0; i < count && anchored; i++)
        net->nodes[i].reference_width_ns = 20 * NET_US;
    net->twist = lie;
    for (size_t i = 0; i < count; i++)
        net_up(net, i);
    net_run(net, 25 * NET_S);
    /* A liar outside of the fault budget may mislead, it may not kill. */
    for (size_t i = 0; i < count && count >= 4 && anchored; i++)
        if (i != liar_node)
            ck_assert_msg(net->nodes[i].false_lines == 0, "seed %llu: false intervals at %zu",
                          (unsigned long long)seed, i);
    net_end(net);
}

START_TEST(lies_in_every_field)
{
    uint64_t seed = 1000 + (uint64_t)_i * 4;
    for (uint64_t k = 0; k < 4; k += prop_step(4))
        live_with_a_liar(seed + k, 2 + (size_t)(seed + k) % 4);
}
END_TEST

/* ---- one lie, all the time ---- */

static void ends_of_the_ranges(struct net *net, size_t from, size_t to, struct wire_message *m)
{
    (void)net;
    (void)to;
    struct sync_line *line = m->header.type == WIRE_REPLY        ? &m->reply.line
                             : m->header.type == WIRE_CORRECTION ? &m->correction.line
                                                                 : NULL;
    if (from != liar_node || line == NULL || !page_status_has_interval(line->status))
        return;
    line->status = TAISTAMP_STATUS_RELATIVE;
    if (every & 1)
        line->half_width.ns = PAGE_WIDTH_NS_MAX;
    if (every & 2)
        line->tai.ns = PAGE_INSTANT_NS_MAX - NET_S;
    if (every & 4)
        line->growth.ppb = PAGE_GROWTH_PPB_MAX;
}

/* Who takes them up would leave the ranges of the wire and of lines a second later. */
START_TEST(lines_at_the_ends_of_the_ranges)
{
    every = (unsigned)_i % 8;
    liar_node = 0;
    for (size_t count = 2; count <= 5; count++) {
        struct net *net = net_make(5 + count, count);
        net->twist = ends_of_the_ranges;
        net_up(net, 0); /* first, so that it is master of who has no line yet */
        net_run(net, 3 * NET_S);
        for (size_t i = 1; i < count; i++)
            net_up(net, i);
        net_run(net, 15 * NET_S);
        net_end(net);
    }
}
END_TEST

static void other_leaps(struct net *net, size_t from, size_t to, struct wire_message *m)
{
    (void)net;
    (void)to;
    struct sync_leap *leap = m->header.type == WIRE_REPLY        ? &m->reply.leap
                             : m->header.type == WIRE_CORRECTION ? &m->correction.leap
                                                                 : NULL;
    if (from == liar_node && leap != NULL)
        *leap = (struct sync_leap){40, 41, {NET_TAI0 + 10 * NET_S}, {NET_TAI0 * 2}};
}

/* TAI - UTC comes from the own table, or from more servers than may lie; a table that could not be read says nothing. */
START_TEST(one_liar_moves_no_leap_second)
{
    liar_node = (size_t)_i;
    struct net *net = net_make(77, 5);
    net->twist = other_leaps;
    net->nodes[3].no_table = net->nodes[4].no_table = true;
    for (size_t i = 0; i < 5; i++)
        net_up(net, i);
    net_run(net, 60 * NET_S);
    ck_assert_uint_lt(net_master(net), net->count);
    for (size_t i = 0; i < 5; i++)
        if (i != liar_node)
            ck_assert_int_eq(clockwork_leap(&net->nodes[i].node->clockwork).tai_utc_s, 37);
    net_end(net);
}
END_TEST

/* A member that polls a thousand times a second is answered as often as anybody needs. */
START_TEST(one_member_cannot_make_another_busy)
{
    struct net *net = net_make(6, 2);
    net->nodes[0].poll_ns = NET_MS;
    net_up(net, 0);
    net_up(net, 1);
    net_run(net, 10 * NET_S);
    uint64_t before = net->nodes[1].datagrams;
    net_run(net, 15 * NET_S);
    /* A reply and a follow-up each; own polls, beats and their answers come to a few. */
    ck_assert_uint_le(net->nodes[1].datagrams - before, 5 * 2 * PEER_ANSWERS_PER_S + 200);
    ck_assert_int_eq(net->nodes[1].node->state, VIEW_FOLLOWING);
    net_end(net);
}
END_TEST

static struct net_item recorded;

static void record(struct net *net, size_t from, size_t to, struct wire_message *m)
{
    if (from != 0 || to != 1 || m->header.type != WIRE_HEARTBEAT)
        return;
    uint8_t key[WIRE_KEY] = {0, 1};
    recorded = (struct net_item){.node = 1, .kind = NET_PACKET};
    recorded.len = (uint16_t)wire_encode(m, &net->crypto, key, recorded.bytes);
}

/* What was recorded before a restart and is played from elsewhere makes a server ask the one that it knows. */
START_TEST(a_recording_draws_no_hello)
{
    struct net *net = net_make(9, 2);
    net->twist = record;
    net_up(net, 0);
    net_up(net, 1);
    net_run(net, 5 * NET_S);
    ck_assert_uint_gt(recorded.len, 0);
    net_down(net, 1);
    net->cut[0][1] = net->cut[1][0] = true;
    net_up(net, 1);
    unsigned hellos = 0;
    for (int i = 0; i < 40; i++) {
        net_run(net, net->now + NET_S / 10);
        recorded.at = net->now + 1;
        recorded.life = net->lives[1];
        recorded.from = (struct engine_address){.family = 4, .bytes = {192, 168, 123, 200}, .port = 9};
        net->queue[net->queued++] = recorded;
        net_run(net, net->now + 2);
        const struct engine_actions *a = &net->nodes[1].actions;
        for (uint8_t k = 0; k < a->sends_count; k++) {
            hellos++;
            ck_assert_uint_eq(a->sends[k].to.bytes[3], 1);
        }
    }
    ck_assert_uint_gt(hellos, 0);
    net_end(net);
}
END_TEST

/* ---- disks ---- */

/* A vote that is not durable is not given; when the disk has room again, life goes on. */
START_TEST(a_full_disk_gives_no_vote_and_heals)
{
    struct net *net = net_make(8, 3);
    net->nodes[2].disk_full = true; /* from the start: not even a stamp */
    for (size_t i = 0; i < 3; i++)
        net_up(net, i);
    net_run(net, 15 * NET_S);
    size_t master = net_master(net);
    ck_assert_uint_lt(master, 2);
    ck_assert_uint_gt(net->nodes[2].reports[ENGINE_SAYS_DISK], 0);
    ck_assert_uint_lt(net->nodes[2].reports[ENGINE_SAYS_DISK], 20);
    net->nodes[2].disk_full = false;
    net_run(net, 40 * NET_S);
    ck_assert_int_eq(net->nodes[2].node->state, VIEW_FOLLOWING);
    net->nodes[2].disk_full = true; /* both that are left are needed now */
    net_down(net, master);
    net_run(net, 60 * NET_S);
    ck_assert_uint_eq(net_master(net), net->count);
    net->nodes[2].disk_full = false;
    net_run(net, 80 * NET_S);
    ck_assert_uint_lt(net_master(net), net->count);
    net_end(net);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("liar");
    TCase *tc = tcase_create("core");
    tcase_set_timeout(tc, 600);
    tcase_add_loop_test(tc, lies_in_every_field, 0, 10);
    tcase_add_loop_test(tc, lines_at_the_ends_of_the_ranges, 0, 8);
    tcase_add_loop_test(tc, one_liar_moves_no_leap_second, 0, 5);
    tcase_add_test(tc, one_member_cannot_make_another_busy);
    tcase_add_test(tc, a_recording_draws_no_hello);
    tcase_add_test(tc, a_full_disk_gives_no_vote_and_heals);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
