/* SPDX-License-Identifier: Apache-2.0 */
/* Which readings become one exchange: late stamps, lost follow-ups, second replies, wrong nonces, any order. */
#include <check.h>
#include <stdlib.h>

#include "client/core/exchange.h"
#include "tests/unit/prop.h"

#define MS INT64_C(1000000)

static const sync_timeline_t ours = {1}, theirs = {2};
static struct exchange_table table;

static tai_mono_t at(int64_t ms)
{
    return (tai_mono_t){ms * MS};
}

static struct wire_stamps stamps(uint64_t nonce, int64_t t2, int64_t t3)
{
    return (struct wire_stamps){nonce, theirs, {t2}, {t3}, 7};
}

static struct exchange_reading reading(int64_t raw_ns, int64_t width_ns)
{
    return (struct exchange_reading){raw_ns, width_ns, true};
}

static bool take(int64_t ms, struct sync_exchange *x)
{
    return exchange_take(&table, ours, at(ms), x);
}

static void setup(void)
{
    exchange_init(&table);
    exchange_open(&table, 11, 101, at(1000));
}

START_TEST(a_whole_exchange_has_the_kernels_stamps)
{
    struct sync_exchange x;
    struct wire_stamps reply = stamps(11, 5000, 5100), follow_up = stamps(11, 5000, 5150);
    ck_assert(exchange_sent(&table, 101, reading(1000 * MS + 12, 3)));
    ck_assert(!take(1000, &x));
    ck_assert(exchange_reply(&table, &reply, true, reading(1001 * MS, 5), at(1001)));
    ck_assert(!take(1001, &x));
    ck_assert(exchange_follow_up(&table, &follow_up));
    ck_assert(take(1002, &x));
    ck_assert_int_eq(x.t1_ns, 1000 * MS + 12);
    ck_assert_int_eq(x.t2_ns, 5000);
    ck_assert_int_eq(x.t3_ns, 5150);
    ck_assert_int_eq(x.t4_ns, 1001 * MS);
    ck_assert_int_eq(x.local_width_ns, 5);
    ck_assert_int_eq(x.remote_width_ns, 7);
    ck_assert_uint_eq(x.local.id, 1);
    ck_assert_uint_eq(x.remote.id, 2);
    ck_assert(!take(1003, &x));
    ck_assert_uint_eq(table.completed, 1);
    ck_assert_uint_eq(table.provisional, 0);
}
END_TEST

START_TEST(a_lost_follow_up_is_waited_for_and_then_done_without)
{
    struct sync_exchange x;
    struct wire_stamps reply = stamps(11, 5000, 5100), late = stamps(11, 5000, 5150);
    ck_assert(exchange_sent(&table, 101, reading(1000 * MS + 12, 3)));
    ck_assert(exchange_reply(&table, &reply, true, reading(1001 * MS, 5), at(1001)));
    ck_assert_int_eq(exchange_wake(&table).ns, 1001 * MS + EXCHANGE_WAIT_NS);
    ck_assert(!take(1060, &x));
    ck_assert(take(1061, &x));
    ck_assert_int_eq(x.t3_ns, 5100);
    ck_assert_uint_eq(table.provisional, 1);
    ck_assert(!exchange_follow_up(&table, &late));
    ck_assert_uint_eq(table.unexpected, 1);
}
END_TEST

START_TEST(nobody_waits_for_what_was_not_promised)
{
    struct sync_exchange x;
    struct wire_stamps reply = stamps(11, 5000, 5100);
    ck_assert(exchange_sent(&table, 101, reading(1000 * MS + 12, 3)));
    ck_assert(exchange_reply(&table, &reply, false, reading(1001 * MS, 5), at(1001)));
    ck_assert(take(1001, &x));
    ck_assert_uint_eq(table.provisional, 0);
}
END_TEST

START_TEST(without_our_transmit_stamp_the_earlier_reading_stands_in)
{
    struct sync_exchange x;
    struct wire_stamps reply = stamps(11, 5000, 5100);
    ck_assert(exchange_reply(&table, &reply, false, reading(1001 * MS, 5), at(1001)));
    ck_assert(!take(1002, &x));
    ck_assert(take(1062, &x));
    ck_assert_int_eq(x.t1_ns, 1000 * MS);
    ck_assert_uint_eq(table.provisional, 1);
}
END_TEST

START_TEST(a_stamp_after_the_reply_still_counts)
{
    struct sync_exchange x;
    struct wire_stamps reply = stamps(11, 5000, 5100), follow_up = stamps(11, 5000, 5150);
    ck_assert(exchange_follow_up(&table, &follow_up)); /* overtook the reply */
    ck_assert(!take(1001, &x));
    ck_assert(exchange_reply(&table, &reply, true, reading(1001 * MS, 5), at(1001)));
    ck_assert(!take(1001, &x));
    ck_assert(exchange_sent(&table, 101, reading(1000 * MS + 12, 3)));
    ck_assert(take(1001, &x));
    ck_assert_int_eq(x.t1_ns, 1000 * MS + 12);
    ck_assert_int_eq(x.t3_ns, 5150);
}
END_TEST

START_TEST(strangers_nonces_and_second_answers_are_counted)
{
    struct sync_exchange x;
    struct wire_stamps wrong = stamps(12, 5000, 5100), reply = stamps(11, 5000, 5100),
                       again = stamps(11, 6000, 6100);
    ck_assert(!exchange_reply(&table, &wrong, false, reading(1001 * MS, 5), at(1001)));
    ck_assert(exchange_reply(&table, &reply, true, reading(1001 * MS, 5), at(1001)));
    ck_assert(!exchange_reply(&table, &again, true, reading(1002 * MS, 5), at(1002)));
    ck_assert(!exchange_sent(&table, 999, reading(1000 * MS, 0)));
    ck_assert(!exchange_sent(&table, 0, reading(1000 * MS, 0)));
    ck_assert(exchange_sent(&table, 101, reading(1000 * MS + 1, 0)));
    ck_assert(!exchange_sent(&table, 101, reading(1000 * MS + 2, 0)));
    ck_assert(exchange_follow_up(&table, &reply));
    ck_assert(!exchange_follow_up(&table, &again));
    ck_assert_uint_eq(table.unexpected, 3);
    ck_assert(take(1002, &x));
    ck_assert_int_eq(x.t2_ns, 5000);
    ck_assert_int_eq(x.t4_ns, 1001 * MS);
}
END_TEST

START_TEST(a_datagram_can_not_have_left_before_it_was_made)
{
    struct sync_exchange x;
    struct wire_stamps reply = stamps(11, 5000, 5100);
    ck_assert(!exchange_sent(&table, 101, reading(999 * MS, 3)));
    ck_assert(exchange_reply(&table, &reply, false, reading(1001 * MS, 5), at(1001)));
    ck_assert(take(1062, &x));
    ck_assert_int_eq(x.t1_ns, 1000 * MS);
}
END_TEST

START_TEST(a_follow_up_of_another_timeline_is_left_aside)
{
    struct sync_exchange x;
    struct wire_stamps reply = stamps(11, 5000, 5100), follow_up = stamps(11, 90000, 90150);
    follow_up.timeline.id = 3;
    ck_assert(exchange_sent(&table, 101, reading(1000 * MS + 12, 3)));
    ck_assert(exchange_reply(&table, &reply, true, reading(1001 * MS, 5), at(1001)));
    ck_assert(exchange_follow_up(&table, &follow_up));
    ck_assert(take(1001, &x));
    ck_assert_int_eq(x.t2_ns, 5000);
    ck_assert_int_eq(x.t3_ns, 5100);
    ck_assert_uint_eq(table.provisional, 1);
}
END_TEST

START_TEST(unanswered_polls_are_lost_and_their_answers_too_late)
{
    struct sync_exchange x;
    struct wire_stamps reply = stamps(11, 5000, 5100);
    ck_assert(!take(3999, &x));
    ck_assert_uint_eq(table.lost, 0);
    ck_assert(!take(4000, &x));
    ck_assert_uint_eq(table.lost, 1);
    ck_assert(!exchange_reply(&table, &reply, false, reading(4001 * MS, 5), at(4001)));
    ck_assert_int_eq(exchange_wake(&table).ns, INT64_MAX);
}
END_TEST

START_TEST(the_oldest_poll_gives_way_when_all_places_are_taken)
{
    for (uint64_t i = 0; i < EXCHANGE_PLACES; i++)
        exchange_open(&table, 20 + i, 200 + i, at(1001 + (int64_t)i));
    struct wire_stamps first = stamps(11, 1, 2), second = stamps(20, 1, 2);
    ck_assert_uint_eq(table.lost, 1);
    ck_assert(!exchange_reply(&table, &first, false, reading(1100 * MS, 5), at(1100)));
    ck_assert(exchange_reply(&table, &second, false, reading(1100 * MS, 5), at(1100)));
}
END_TEST

START_TEST(any_order_of_the_same_pieces_gives_the_same_exchange)
{
    struct prop p = prop_start("exchange_order", 17);
    for (int round = 0; round < 2000; round++) {
        struct wire_stamps reply = stamps(11, 5000, 5100), follow_up = stamps(11, 5000, 5150);
        unsigned left = 7, done = 0;
        struct sync_exchange x = {.t1_ns = 0};
        setup();
        while (left != 0) {
            unsigned piece = (unsigned)prop_below(&p, 3), bit = 1u << piece;
            if ((left & bit) == 0)
                continue;
            left &= ~bit;
            if (piece == 0)
                ck_assert(exchange_sent(&table, 101, reading(1000 * MS + 12, 3)));
            if (piece == 1)
                ck_assert(exchange_reply(&table, &reply, true, reading(1001 * MS, 5), at(1001)));
            if (piece == 2)
                ck_assert(exchange_follow_up(&table, &follow_up));
            bool complete = take(1001, &x);
            ck_assert_int_eq(complete, left == 0);
            done += complete;
        }
        ck_assert_uint_eq(done, 1);
        ck_assert(x.t1_ns == 1000 * MS + 12 && x.t3_ns == 5150 && x.t4_ns == 1001 * MS);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("exchange");
    TCase *c = tcase_create("exchange");
    tcase_add_checked_fixture(c, setup, NULL);
    tcase_add_test(c, a_whole_exchange_has_the_kernels_stamps);
    tcase_add_test(c, a_lost_follow_up_is_waited_for_and_then_done_without);
    tcase_add_test(c, nobody_waits_for_what_was_not_promised);
    tcase_add_test(c, without_our_transmit_stamp_the_earlier_reading_stands_in);
    tcase_add_test(c, a_stamp_after_the_reply_still_counts);
    tcase_add_test(c, strangers_nonces_and_second_answers_are_counted);
    tcase_add_test(c, a_datagram_can_not_have_left_before_it_was_made);
    tcase_add_test(c, a_follow_up_of_another_timeline_is_left_aside);
    tcase_add_test(c, unanswered_polls_are_lost_and_their_answers_too_late);
    tcase_add_test(c, the_oldest_poll_gives_way_when_all_places_are_taken);
    tcase_add_test(c, any_order_of_the_same_pieces_gives_the_same_exchange);
    suite_add_tcase(suite, c);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
