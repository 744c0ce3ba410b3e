/* SPDX-License-Identifier: Apache-2.0 */
/* The follower against scripted servers: what it follows, what it refuses, and that its interval always holds the truth. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sdk/io/openssl.h"
#include "tests/unit/tiny_net.h"

static struct crypto crypto;
static struct tiny net;

static void setup(void)
{
    ck_assert_int_eq(openssl_crypto_open(&crypto), TAI_OK);
}

static void teardown(void)
{
    openssl_crypto_close(&crypto);
}

static void tell(const char *what)
{
    struct view_tracking v = tiny_view(&net);
    printf("%s: %.1f s, state %d, status %d, REALTIME rms %.0f ns, max %.0f, line max %.0f, half-width %lld, "
           "accepted %u suspect %u rejected %u, published %llu, jump %lld\n",
           what, (double)net.t / 1e9, (int)v.state, (int)v.line.status, tiny_rms(&net), net.error_max,
           net.line_error_max, (long long)v.half_width_ns, v.corrections_accepted, v.corrections_suspect,
           v.corrections_rejected, (unsigned long long)net.published, (long long)net.biggest_jump_ns);
}

START_TEST(one_server_is_followed_to_a_fraction_of_a_microsecond)
{
    tiny_init(&net, &crypto, 1, 1, ENGINE_MODE_SYSTEM);
    tiny_start(&net);
    tiny_run(&net, 5 * TINY_S);
    tell("one server, at once");
    ck_assert_int_eq(tiny_view(&net).state, VIEW_FOLLOWING);
    tiny_run(&net, 600 * TINY_S);
    tell("one server");
    ck_assert_uint_eq(net.false_intervals, 0);
    ck_assert_uint_eq(net.steps, 1);
    ck_assert_double_lt(tiny_rms(&net), 1000);
    ck_assert_int_le(net.biggest_jump_ns, 5);
    ck_assert_int_lt(tiny_view(&net).half_width_ns, 150000);
}
END_TEST

START_TEST(without_a_step_threshold_the_clock_is_slewed_in)
{
    tiny_init(&net, &crypto, 2, 1, ENGINE_MODE_SYSTEM);
    net.settings.step_threshold_ns = 0;
    net.clock.realtime_error_ns = 2e6;
    tiny_start(&net);
    tiny_run(&net, 120 * TINY_S);
    ck_assert_uint_eq(net.steps, 0);
    tell("slewed");
    ck_assert_double_lt(fabs(net.clock.realtime_error_ns), 3000);
    ck_assert_uint_eq(net.false_intervals, 0);
}
END_TEST

START_TEST(page_mode_steers_nothing)
{
    tiny_init(&net, &crypto, 3, 3, ENGINE_MODE_PAGE);
    tiny_start(&net);
    tiny_run(&net, 120 * TINY_S);
    ck_assert_uint_eq(net.steps, 0);
    ck_assert(net.clock.steer == 0);
    ck_assert_uint_eq(net.false_intervals, 0);
    ck_assert_double_lt(net.line_error_max, 2000);
}
END_TEST

START_TEST(loss_duplicates_and_disorder_do_no_harm)
{
    tiny_init(&net, &crypto, 4, 4, ENGINE_MODE_SYSTEM);
    net.loss = 0.3;
    net.duplicate = 0.3;
    net.jitter_ns = 100000;
    tiny_start(&net);
    tiny_run(&net, 600 * TINY_S);
    tell("30 % lost");
    ck_assert_int_eq(tiny_view(&net).state, VIEW_FOLLOWING);
    ck_assert_uint_eq(net.false_intervals, 0);
    ck_assert_double_lt(tiny_rms(&net), 10000);
    ck_assert_int_le(net.biggest_jump_ns, 5);
}
END_TEST

START_TEST(a_dead_master_is_outlived_by_the_servers_midpoint)
{
    tiny_init(&net, &crypto, 5, 4, ENGINE_MODE_SYSTEM);
    tiny_start(&net);
    tiny_run(&net, 100 * TINY_S);
    net.server[0].dead = true;
    tiny_run(&net, 130 * TINY_S);
    tell("master dead");
    ck_assert_int_eq(tiny_view(&net).state, VIEW_FALLBACK);
    tiny_run(&net, 200 * TINY_S);
    tiny_elect(&net, 1, 6);
    tiny_run(&net, 230 * TINY_S);
    tell("new master");
    struct view_tracking v = tiny_view(&net);
    ck_assert_int_eq(v.state, VIEW_FOLLOWING);
    ck_assert_uint_eq(v.master.id, 2);
    ck_assert_uint_eq(v.term, 6);
    ck_assert_uint_eq(net.false_intervals, 0);
    ck_assert_double_lt(net.line_error_max, 3000);
    ck_assert_uint_eq(net.reports[ENGINE_SAYS_FALLBACK], 1);
    ck_assert_int_le(net.biggest_jump_ns, 5);
}
END_TEST

START_TEST(all_servers_gone_and_the_line_widens)
{
    tiny_init(&net, &crypto, 6, 3, ENGINE_MODE_SYSTEM);
    tiny_start(&net);
    tiny_run(&net, 100 * TINY_S);
    int64_t before = tiny_view(&net).half_width_ns;
    for (unsigned s = 0; s < 3; s++)
        net.server[s].dead = true;
    tiny_run(&net, 3000 * TINY_S);
    tell("alone");
    ck_assert_int_eq(tiny_view(&net).state, VIEW_FREE);
    ck_assert_int_gt(tiny_view(&net).half_width_ns, before + 1000000);
    ck_assert_uint_eq(net.false_intervals, 0);
    for (unsigned s = 0; s < 3; s++)
        net.server[s].dead = false;
    tiny_run(&net, 3060 * TINY_S);
    tell("back");
    ck_assert_int_eq(tiny_view(&net).state, VIEW_FOLLOWING);
    ck_assert_int_lt(tiny_view(&net).half_width_ns, 200000);
    ck_assert_int_le(net.biggest_jump_ns, 5);
}
END_TEST

START_TEST(a_master_that_lies_outside_the_hull_is_refused)
{
    tiny_init(&net, &crypto, 7, 4, ENGINE_MODE_SYSTEM);
    tiny_start(&net);
    tiny_run(&net, 60 * TINY_S);
    net.server[0].correction_lie_ns = 5000000;
    tiny_run(&net, 100 * TINY_S);
    tell("lies by 5 ms");
    struct view_tracking v = tiny_view(&net);
    ck_assert_int_eq(v.state, VIEW_FALLBACK);
    ck_assert_uint_gt(v.corrections_rejected, 20);
    ck_assert_uint_gt(net.follower.following.reasons[GUARD_OUTSIDE_PEERS], 20);
    ck_assert_uint_eq(net.false_intervals, 0);
    ck_assert_double_lt(net.line_error_max, 10000);
    net.server[0].correction_lie_ns = 0;
    tiny_run(&net, 110 * TINY_S);
    ck_assert_int_eq(tiny_view(&net).state, VIEW_FOLLOWING);
}
END_TEST

START_TEST(a_lie_inside_the_hull_is_followed_but_the_interval_holds_the_truth)
{
    tiny_init(&net, &crypto, 8, 4, ENGINE_MODE_SYSTEM);
    net.server[0].lie_ns = 80000;
    net.server[0].width_ns = 10;
    tiny_start(&net);
    tiny_run(&net, 300 * TINY_S);
    tell("lies by 80 us");
    ck_assert_int_eq(tiny_view(&net).state, VIEW_FOLLOWING);
    ck_assert_uint_eq(net.false_intervals, 0);
    ck_assert_uint_gt(tiny_view(&net).corrections_suspect, 100);
    ck_assert_uint_ge(net.reports[ENGINE_SAYS_SUSPECT], 1);
}
END_TEST

START_TEST(one_server_alone_can_not_make_itself_master_of_four)
{
    tiny_init(&net, &crypto, 9, 4, ENGINE_MODE_SYSTEM);
    tiny_start(&net);
    tiny_run(&net, 60 * TINY_S);
    net.server[3].master = (sync_node_t){4};
    net.server[3].term = 50;
    net.server[3].lie_ns = 50000;
    net.server[3].peer.poll_ns = TINY_S;
    tiny_run(&net, 100 * TINY_S);
    struct view_tracking v = tiny_view(&net);
    tell("a usurper");
    ck_assert_int_eq(v.state, VIEW_FOLLOWING);
    ck_assert_uint_eq(v.master.id, 1);
    ck_assert_uint_eq(v.term, 5);
    ck_assert_uint_gt(net.follower.following.reasons[GUARD_NOT_MASTER], 20);
    ck_assert_uint_eq(net.false_intervals, 0);
}
END_TEST

/* The loop sees the sleep by BOOTTIME: nothing is claimed until it is measured anew. */
START_TEST(a_suspend_voids_the_line)
{
    tiny_init(&net, &crypto, 10, 3, ENGINE_MODE_SYSTEM);
    tiny_start(&net);
    tiny_run(&net, 60 * TINY_S);
    struct engine_now last = net.follower.clockwork.now;
    tiny_run(&net, 61 * TINY_S);
    net.t += 30 * TINY_S; /* asleep: RAW stands, BOOTTIME and REALTIME go on */
    net.clock.at_ns += 30e9;
    net.follower.clockwork.suspend.last.boot_ns -= 30 * TINY_S;
    for (unsigned s = 0; s < 3; s++) {
        net.server[s].clock.raw_ns += 30e9 * (1 + net.server[s].clock.rate);
        net.server[s].clock.at_ns += 30e9;
    }
    net.has_line = false; /* its readers see the disruption by the page's relation */
    tiny_run(&net, net.t + 100000000);
    ck_assert_uint_ge(net.statuses[TAISTAMP_STATUS_DISRUPTED], 1);
    tiny_run(&net, net.t + 20 * TINY_S);
    tell("slept");
    struct view_tracking v = tiny_view(&net);
    ck_assert_int_eq(v.state, VIEW_FOLLOWING);
    ck_assert_uint_eq(v.timeline_changes, 1);
    ck_assert_uint_ne(v.timeline, last.timeline.id);
    ck_assert_uint_eq(net.false_intervals, 0);
    ck_assert_uint_eq(net.reports[ENGINE_SAYS_TIMELINE], 1);
}
END_TEST

/* All clocks of the machine stood still for 2 s: only exchanges show it. */
START_TEST(a_frozen_machine_finds_out_by_its_next_exchanges)
{
    for (unsigned servers = 1; servers <= 4; servers += 3) {
        tiny_init(&net, &crypto, 11, servers, ENGINE_MODE_PAGE);
        tiny_start(&net);
        tiny_run(&net, 60 * TINY_S);
        net.raw_frozen_ns = 2 * TINY_S;
        /* The freeze itself: the follower's timer is as late as its clock. */
        net.t += 2 * TINY_S;
        net.wake = net.t;
        net.has_line = false; /* until it is noticed the old line is false, and nobody can know */
        uint64_t before = net.false_intervals;
        tiny_run(&net, net.t + 4 * TINY_S);
        uint64_t noticed_late = net.false_intervals - before;
        tiny_run(&net, net.t + 30 * TINY_S);
        tell("frozen");
        ck_assert_int_eq(tiny_view(&net).state, VIEW_FOLLOWING);
        ck_assert_uint_eq(net.reports[ENGINE_SAYS_TIMELINE], 1);
        ck_assert_uint_eq(net.false_intervals - before, noticed_late);
        net.error_max = 0;
        net.line_error_max = 0;
        tiny_run(&net, net.t + 30 * TINY_S);
        ck_assert_double_lt(net.line_error_max, 5000);
    }
}
END_TEST

START_TEST(hundreds_of_clients_do_not_load_the_servers)
{
    tiny_init(&net, &crypto, 12, 3, ENGINE_MODE_SYSTEM);
    tiny_start(&net);
    tiny_run(&net, 600 * TINY_S);
    /* Two servers that only the guard polls: a burst at the start and one poll in 16 s. */
    ck_assert_uint_le(net.follower.peers[1].polls, 8 + 600 / 16 + 2);
    ck_assert_uint_ge(net.follower.peers[1].polls, 600 / 16);
    ck_assert_uint_le(sizeof(struct follower) + SYNC_SERVERS_MAX * sizeof(struct peer), 150 * 1024);
}
END_TEST

START_TEST(a_stopped_follower_says_goodbye_and_keeps_its_drift)
{
    tiny_init(&net, &crypto, 13, 3, ENGINE_MODE_SYSTEM);
    tiny_start(&net);
    tiny_run(&net, 30 * TINY_S);
    struct engine_event stop = {.kind = ENGINE_STOP, .now = net.follower.clockwork.now};
    stop.now.raw.ns += 1000;
    stop.now.realtime_ns += 1000;
    stop.now.boot_ns += 1000;
    follower_step(&net.follower, &stop, &net.actions);
    ck_assert_uint_eq(net.actions.sends_count, 3);
    ck_assert_uint_eq(net.actions.persists_count, 1);
    struct drift drift;
    ck_assert_int_eq(
        drift_parse(bytes_of(net.actions.persists[0].bytes, net.actions.persists[0].len), &drift), DRIFT_OK);
    ck_assert_int_gt(drift.oscillator_ps_per_s, -10200000);
    ck_assert_int_lt(drift.oscillator_ps_per_s, -9800000);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("follower");
    TCase *c = tcase_create("follower");
    tcase_set_timeout(c, 60);
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, one_server_is_followed_to_a_fraction_of_a_microsecond);
    tcase_add_test(c, without_a_step_threshold_the_clock_is_slewed_in);
    tcase_add_test(c, page_mode_steers_nothing);
    tcase_add_test(c, loss_duplicates_and_disorder_do_no_harm);
    tcase_add_test(c, a_dead_master_is_outlived_by_the_servers_midpoint);
    tcase_add_test(c, all_servers_gone_and_the_line_widens);
    tcase_add_test(c, a_master_that_lies_outside_the_hull_is_refused);
    tcase_add_test(c, a_lie_inside_the_hull_is_followed_but_the_interval_holds_the_truth);
    tcase_add_test(c, one_server_alone_can_not_make_itself_master_of_four);
    tcase_add_test(c, a_suspend_voids_the_line);
    tcase_add_test(c, a_frozen_machine_finds_out_by_its_next_exchanges);
    tcase_add_test(c, hundreds_of_clients_do_not_load_the_servers);
    tcase_add_test(c, a_stopped_follower_says_goodbye_and_keeps_its_drift);
    suite_add_tcase(suite, c);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
