/* SPDX-License-Identifier: Apache-2.0 */
/* The hybrid logical clock: the rules of the paper, the future refused, and order across restarts. */
#include <check.h>
#include <stdlib.h>

#include "sdk/time/hlc.h"
#include "tests/unit/prop.h"

#define S INT64_C(1000000000)

static struct hlc at(int64_t l_ns, uint32_t c)
{
    return (struct hlc){.now = {l_ns, c}, .reserved_ns = HLC_L_NS_MAX};
}

START_TEST(the_rules)
{
    static const struct {
        struct hlc_stamp ours, theirs;
        int64_t physical_ns;
        struct hlc_stamp want;
    } receive[] = {
        {{1000, 4}, {1000, 7}, 990, {1000, 8}},  /* both */
        {{1000, 9}, {1000, 7}, 990, {1000, 10}}, /* both */
        {{1000, 4}, {999, 7}, 990, {1000, 5}},   /* ours */
        {{1000, 4}, {1001, 7}, 990, {1001, 8}},  /* theirs */
        {{1000, 4}, {1001, 7}, 1002, {1002, 0}}, /* neither */
        {{1000, 4}, {1001, 7}, 1001, {1001, 8}},
        {{1000, 4}, {999, 7}, 1000, {1000, 5}},
        {{1000, 4}, {1000, HLC_COUNTER_MAX}, 990, {1001, 1}}, /* nobody makes our counter overflow */
        {{1000, 4}, {1000, UINT32_MAX}, 990, {1001, 1}},
        {{1000, 4}, {1000, HLC_COUNTER_MAX - 1}, 990, {1001, 0}},
        {{1000, HLC_COUNTER_MAX - 1}, {990, 1}, 990, {1001, 0}},
    };
    for (size_t i = 0; i < sizeof receive / sizeof receive[0]; i++) {
        struct hlc h = at(receive[i].ours.l_ns, receive[i].ours.c);
        tai_t physical = {receive[i].physical_ns};
        ck_assert_int_eq(hlc_receive(&h, physical, HLC_AHEAD_NS, receive[i].theirs), HLC_OK);
        ck_assert_int_eq(h.now.l_ns, receive[i].want.l_ns);
        ck_assert_uint_eq(h.now.c, receive[i].want.c);
    }
    struct hlc h = at(1000, 8);
    struct hlc_stamp s = hlc_send(&h, (tai_t){990});
    ck_assert(s.l_ns == 1000 && s.c == 9);
    s = hlc_send(&h, (tai_t){1020});
    ck_assert(s.l_ns == 1020 && s.c == 0);
    s = hlc_send(&h, (tai_t){-5});
    ck_assert(s.l_ns == 1020 && s.c == 1);
    h.now.c = HLC_COUNTER_MAX - 1;
    s = hlc_send(&h, (tai_t){1020});
    ck_assert(s.l_ns == 1021 && s.c == 0);
}
END_TEST

START_TEST(the_far_future_is_refused)
{
    struct hlc h = at(1000 * S, 4);
    tai_t physical = {1000 * S};
    ck_assert_int_eq(hlc_receive(&h, physical, 60 * S, (struct hlc_stamp){1060 * S + 1, 0}), HLC_FUTURE);
    ck_assert_int_eq(hlc_receive(&h, physical, 60 * S, (struct hlc_stamp){HLC_L_NS_MAX, 0}), HLC_FUTURE);
    ck_assert(h.now.l_ns == 1000 * S && h.now.c == 4);
    ck_assert_int_eq(hlc_receive(&h, physical, 60 * S, (struct hlc_stamp){1060 * S, 0}), HLC_OK);
    ck_assert(h.now.l_ns == 1060 * S && h.now.c == 1);
    /* Who does not know the time is not dragged along. */
    struct hlc lost = at(5, 0);
    ck_assert_int_eq(hlc_receive(&lost, (tai_t){0}, 60 * S, (struct hlc_stamp){HLC_L_NS_MAX, 9}), HLC_OK);
    ck_assert(lost.now.l_ns == 5 && lost.now.c == 1);
}
END_TEST

START_TEST(time_set_back_does_not_part_the_nodes)
{
    struct hlc a, b;
    tai_t before = {5000 * S}, after = {1000 * S};
    int64_t reserve = 0;
    hlc_init(&a, 0), hlc_reserved(&a, 5030 * S);
    hlc_init(&b, 0), hlc_reserved(&b, 5030 * S);
    struct hlc_stamp s = hlc_send(&a, before);
    ck_assert_int_eq(hlc_receive(&b, before, HLC_AHEAD_NS, s), HLC_OK);
    ck_assert_int_eq(hlc_receive(&b, after, HLC_AHEAD_NS, hlc_send(&a, after)), HLC_OK);
    hlc_init(&b, 5030 * S); /* a new life knows it from the disk */
    ck_assert(hlc_reserve_wanted(&b, after, &reserve));
    hlc_reserved(&b, reserve);
    ck_assert_int_eq(hlc_receive(&b, after, HLC_AHEAD_NS, hlc_send(&a, after)), HLC_OK);
    /* What others send does not move the mark, however often. */
    for (int64_t i = 0; i < 100; i++)
        (void)hlc_receive(&a, after, HLC_AHEAD_NS, (struct hlc_stamp){a.now.l_ns + 30 * S, 0});
    ck_assert_int_le(a.now.l_ns, 5000 * S + HLC_AHEAD_NS);
}
END_TEST

START_TEST(no_stamp_without_a_reserve_and_a_new_life_begins_after_it)
{
    struct hlc h;
    int64_t reserve = 0;
    tai_t physical = {1000 * S};
    hlc_init(&h, 0);
    ck_assert(!hlc_ready(&h));
    ck_assert(hlc_reserve_wanted(&h, physical, &reserve));
    ck_assert_int_eq(reserve, 1030 * S);
    hlc_reserved(&h, reserve);
    ck_assert(!hlc_reserve_wanted(&h, physical, &reserve));
    struct hlc_stamp last = hlc_send(&h, physical);
    ck_assert_int_eq(last.l_ns, 1000 * S);
    ck_assert(!hlc_reserve_wanted(&h, (tai_t){1015 * S}, &reserve));
    ck_assert(hlc_reserve_wanted(&h, (tai_t){1015 * S + 1}, &reserve));
    /* The write does not come: the clock stands below the reserve and counts. */
    last = hlc_send(&h, (tai_t){1040 * S});
    ck_assert(last.l_ns == 1030 * S - 1 && last.c == 0);
    last = hlc_send(&h, (tai_t){1041 * S});
    ck_assert(last.l_ns == 1030 * S - 1 && last.c == 1);
    struct hlc next;
    hlc_init(&next, 1030 * S);
    ck_assert(hlc_reserve_wanted(&next, (tai_t){0}, &reserve));
    ck_assert_int_eq(reserve, 1030 * S + 1);
    hlc_reserved(&next, reserve);
    ck_assert_int_gt(hlc_compare(hlc_send(&next, (tai_t){0}), last), 0);
    /* It comes: what is owed is made up. */
    hlc_reserved(&h, 1071 * S);
    ck_assert_int_gt(h.now.l_ns, 1041 * S - 1);
}
END_TEST

START_TEST(restarts_in_a_row_do_not_run_away)
{
    tai_t physical = {1000 * S};
    int64_t stored = 0;
    for (int life = 0; life < 100; life++) {
        struct hlc h;
        int64_t reserve;
        hlc_init(&h, stored);
        ck_assert(hlc_reserve_wanted(&h, physical, &reserve));
        hlc_reserved(&h, stored = reserve);
        (void)hlc_send(&h, physical);
        ck_assert_int_lt(h.now.l_ns - physical.ns, HLC_AHEAD_NS);
        ck_assert(!hlc_reserve_wanted(&h, physical, &reserve));
    }
    ck_assert_int_le(stored - physical.ns, HLC_RESERVE_NS + 100);
}
END_TEST

enum { NODES = 4, STEPS = 200000 };

struct life {
    struct hlc hlc;
    int64_t disk_ns, pending_ns; /* what is on the disk, and what is being written; 0: nothing */
    int64_t skew_ns;             /* of its idea of TAI; INT64_MIN: it has none */
    struct hlc_stamp last;       /* the last stamp it gave, in whatever life */
};

static tai_t physical_of(const struct life *n, int64_t now)
{
    return (tai_t){n->skew_ns == INT64_MIN ? 0 : now + n->skew_ns};
}

static void write_begins(struct life *n, int64_t now)
{
    int64_t reserve;
    if (n->pending_ns == 0 && hlc_reserve_wanted(&n->hlc, physical_of(n, now), &reserve)) {
        ck_assert_int_gt(reserve, n->disk_ns);
        n->pending_ns = reserve;
    }
}

static void write_ends(struct life *n)
{
    if (n->pending_ns != 0) {
        n->disk_ns = n->pending_ns;
        n->pending_ns = 0;
        hlc_reserved(&n->hlc, n->disk_ns);
    }
}

START_TEST(stamps_rise_across_restarts_and_follow_messages)
{
    struct prop p = prop_start("hlc", 4);
    static struct life nodes[NODES];
    int64_t now = 1700000000 * S;
    for (int i = 0; i < NODES; i++) {
        nodes[i] = (struct life){.skew_ns = (int64_t)prop_below(&p, 2000000000) - S};
        hlc_init(&nodes[i].hlc, 0);
    }
    unsigned sent = 0, late = 0, refused = 0;
    for (unsigned step = 0; step < STEPS / prop_step(20); step++) {
        struct life *n = &nodes[prop_below(&p, NODES)], *m = &nodes[prop_below(&p, NODES)];
        now += (int64_t)prop_below(&p, prop_below(&p, 100) == 0 ? 20 * (uint64_t)S : 100000000);
        write_begins(n, now);
        if (prop_below(&p, 4) == 0)
            write_ends(n);
        if (prop_below(&p, 300) == 0) { /* a crash, before or after the write reached the disk */
            if (prop_below(&p, 2) == 0 && n->pending_ns != 0)
                n->disk_ns = n->pending_ns;
            n->pending_ns = 0;
            n->skew_ns = prop_below(&p, 4) == 0 ? INT64_MIN : (int64_t)prop_below(&p, 2000000000) - S;
            hlc_init(&n->hlc, n->disk_ns);
        }
        if (!hlc_ready(&n->hlc))
            continue;
        struct hlc_stamp s = hlc_send(&n->hlc, physical_of(n, now));
        ck_assert_int_gt(hlc_compare(s, n->last), 0);
        ck_assert_int_lt(s.l_ns, n->disk_ns);
        n->last = s;
        sent++;
        struct hlc before = m->hlc;
        if (hlc_receive(&m->hlc, physical_of(m, now), HLC_AHEAD_NS, s) != HLC_OK) {
            refused++;
            ck_assert_int_eq(hlc_compare(m->hlc.now, before.now), 0);
            continue;
        }
        if (!hlc_ready(&m->hlc))
            continue;
        ck_assert_int_gt(hlc_compare(m->hlc.now, before.now), 0);
        if (m->skew_ns != INT64_MIN && m->hlc.owed_ns == 0)
            ck_assert_int_gt(hlc_compare(m->hlc.now, s), 0);
        else
            late++;
    }
    printf("hlc: %u sent, %u not followed at once, %u refused\n", sent, late, refused);
    ck_assert_uint_gt(sent, STEPS / prop_step(20) / 2);
    ck_assert_uint_eq(refused, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("hlc");
    TCase *c = tcase_create("hlc");
    tcase_set_timeout(c, 60); /* sanitizers on a busy machine */
    tcase_add_test(c, the_rules);
    tcase_add_test(c, the_far_future_is_refused);
    tcase_add_test(c, time_set_back_does_not_part_the_nodes);
    tcase_add_test(c, no_stamp_without_a_reserve_and_a_new_life_begins_after_it);
    tcase_add_test(c, restarts_in_a_row_do_not_run_away);
    tcase_add_test(c, stamps_rise_across_restarts_and_follow_messages);
    suite_add_tcase(suite, c);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
