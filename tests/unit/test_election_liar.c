/* SPDX-License-Identifier: Apache-2.0 */
/* One of four members is not what it says: it lies about terms, calls itself master again, or is a master that lost its time. */
#include <check.h>
#include <stdlib.h>

#include "server/clock/core/election.h"

#define MS INT64_C(1000000)
#define S  INT64_C(1000000000)

enum { LIAR = 4 };
static struct election one;
static struct election_actions acts;
static int64_t now;

/* Member 1 of n in `term`, past its silence. */
static void begin(unsigned n, uint64_t term)
{
    struct election_settings s;
    election_settings_init(&s);
    s.self.id = 1;
    s.epoch = 7;
    s.members_count = n;
    for (unsigned i = 0; i < n; i++)
        s.members[i].id = i + 1;
    struct election_memory memory = {ELECTION_MEMORY_KEPT, term, {0}};
    now = 100 * S;
    election_start(&one, &s, &memory, now, 1, &acts);
    now += 1510 * MS;
}

static void tick(int64_t ns)
{
    for (int64_t until = now + ns; now < until; now += 10 * MS)
        election_on_tick(&one, now, &acts);
}

static void hear(unsigned from, struct election_message m)
{
    m.epoch = 7;
    election_on_message(&one, now, (sync_node_t){from}, &m, &acts);
}

/* Member 1 of four, in term 6. */
static void become_master(void)
{
    begin(4, 5);
    while (one.role != ELECTION_PRE_CANDIDATE)
        tick(10 * MS);
    for (unsigned i = 2; i <= 3; i++)
        hear(i, (struct election_message){.kind = ELECTION_PRE_VOTE_REPLY,
                                          .term = 5,
                                          .candidate = {1},
                                          .granted = true,
                                          .sent = one.round_token});
    election_on_persisted(&one, now, one.token, &acts);
    for (unsigned i = 2; i <= 3; i++)
        hear(i, (struct election_message){.kind = ELECTION_VOTE_REPLY,
                                          .term = 6,
                                          .candidate = {1},
                                          .granted = true,
                                          .sent = one.round_token});
    ck_assert_int_eq(one.role, ELECTION_IS_MASTER);
}

/* The next round of a candidate stands above the highest claim: it must not be too far for the others. */
START_TEST(a_far_claim_does_not_spoil_the_round)
{
    begin(4, 5);
    tick(2 * S);
    while (one.role != ELECTION_PRE_CANDIDATE)
        tick(10 * MS);
    hear(LIAR, (struct election_message){.kind = ELECTION_PRE_VOTE_REPLY,
                                         .term = 5 + ELECTION_TERM_JUMP_MAX - (uint64_t)_i,
                                         .candidate = {1},
                                         .reason = ELECTION_REASON_TERM,
                                         .sent = one.round_token});
    uint64_t before = one.round_token;
    for (int i = 0; i < 500 && (one.round_token == before || one.role != ELECTION_PRE_CANDIDATE); i++)
        tick(10 * MS);
    ck_assert_uint_ne(one.round_token, before);
    ck_assert_uint_le(one.round_term, 5 + ELECTION_TERM_JUMP_MAX / 2 + 1);
}
END_TEST

/* The same from a voter to a master that renews its term. */
START_TEST(a_far_claim_does_not_unseat_a_master)
{
    begin(1, 5);
    tick(10 * MS);
    become_master();
    hear(LIAR, (struct election_message){.kind = ELECTION_HEARTBEAT_ACK,
                                         .term = 6 + ELECTION_TERM_JUMP_MAX,
                                         .candidate = {1},
                                         .reason = ELECTION_REASON_TERM});
    ck_assert_int_eq(acts.verdict, ELECTION_FAR_TERM);
    ck_assert_int_eq(one.renew_at, ELECTION_NEVER);
}
END_TEST

/* Whose raw timeline ended knows the time no better than anybody: a master says so, a member has nothing to say. */
START_TEST(a_master_resigns_and_a_member_cannot)
{
    become_master();
    election_resign(&one, now, &acts);
    ck_assert_int_ne(one.role, ELECTION_IS_MASTER);
    ck_assert(!election_lease_held(&one, now));
    unsigned lost = 0, said = 0;
    for (unsigned i = 0; i < acts.count; i++) {
        const struct election_action *a = &acts.list[i];
        lost += a->kind == ELECTION_LOST && a->reason == ELECTION_REASON_BROKEN;
        said += a->kind == ELECTION_SEND && a->message.kind == ELECTION_GOODBYE &&
                a->message.reason == ELECTION_REASON_BROKEN;
    }
    ck_assert_uint_eq(lost, 1);
    ck_assert_uint_ge(said, 1);
    election_resign(&one, now, &acts);
    ck_assert_uint_eq(acts.count, 0);
}
END_TEST

/* Nobody is brought past the last term: there would be none left to stand for. */
START_TEST(terms_end_before_their_type)
{
    begin(4, ELECTION_TERM_MAX);
    hear(LIAR, (struct election_message){
                   .kind = ELECTION_HEARTBEAT, .term = UINT64_MAX, .lease_ms = 1500, .sent = 1});
    ck_assert_int_eq(acts.verdict, ELECTION_FAR_TERM);
    tick(5 * S);
    ck_assert_uint_eq(one.term, ELECTION_TERM_MAX);
    begin(1, UINT64_MAX); /* off a disk that says nonsense */
    tick(S);
    ck_assert_uint_le(one.term, 1);
}
END_TEST

/* Deposed by f+1, it says that it is master of the next term: not to those who deposed it. */
START_TEST(who_was_deposed_is_not_followed_into_the_next_term)
{
    begin(4, 5);
    hear(LIAR, (struct election_message){.kind = ELECTION_HEARTBEAT, .term = 6, .lease_ms = 1500, .sent = 1});
    ck_assert_uint_eq(one.master.id, LIAR);
    for (unsigned i = 2; i <= 3; i++)
        hear(i, (struct election_message){.kind = ELECTION_ACCUSATION, .term = 6, .accused = {LIAR}});
    ck_assert_uint_eq(one.master.id, 0);
    hear(LIAR, (struct election_message){.kind = ELECTION_HEARTBEAT, .term = 7, .lease_ms = 1500, .sent = 2});
    ck_assert_int_eq(acts.verdict, ELECTION_DEPOSED);
    ck_assert_uint_eq(one.term, 6);
    ck_assert_uint_eq(one.master.id, 0);
    now += one.settings.exile_ns;
    hear(LIAR, (struct election_message){.kind = ELECTION_HEARTBEAT, .term = 9, .lease_ms = 1500, .sent = 3});
    ck_assert_int_eq(acts.verdict, ELECTION_ACCEPTED);
}
END_TEST

/* Member `master` leads term `term` and is deposed by two of the others. */
static void depose(unsigned master, uint64_t term)
{
    hear(master, (struct election_message){
                     .kind = ELECTION_HEARTBEAT, .term = term, .lease_ms = 1500, .sent = (uint64_t)now});
    ck_assert_uint_eq(one.master.id, master);
    for (unsigned i = 2; i <= 5; i++)
        if (i != master && one.master.id != 0)
            hear(i,
                 (struct election_message){.kind = ELECTION_ACCUSATION, .term = term, .accused = {master}});
    ck_assert_uint_eq(one.master.id, 0);
    ck_assert_int_eq(one.exiled_until[master - 1], now + one.settings.exile_ns);
    now += 500 * MS;
}

/* With f = 1 a second one in exile means that an honest one was deposed: the first comes back, be it ourselves. */
START_TEST(no_more_than_may_lie_are_in_exile)
{
    begin(5, 5);
    depose(2, 6);
    depose(3, 7);
    ck_assert_int_le(one.exiled_until[1], now);
    ck_assert_int_gt(one.exiled_until[2], now);
    depose(2, 8); /* the same again */
    ck_assert_int_le(one.exiled_until[2], now);
    hear(3,
         (struct election_message){.kind = ELECTION_GOODBYE, .term = 9, .reason = ELECTION_REASON_ACCUSED});
    ck_assert_int_gt(one.exiled_until[2], now);
    ck_assert_int_le(one.exiled_until[1], now);
    /* Ourselves. */
    begin(4, 5);
    one.exiled_until[0] = one.stand_at = now + one.settings.exile_ns;
    depose(2, 6);
    ck_assert_int_le(one.exiled_until[0], now);
    ck_assert_int_lt(one.stand_at, now + 3 * S);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("election_liar");
    TCase *tc = tcase_create("core");
    tcase_add_loop_test(tc, a_far_claim_does_not_spoil_the_round, 0, 3);
    tcase_add_test(tc, a_far_claim_does_not_unseat_a_master);
    tcase_add_test(tc, a_master_resigns_and_a_member_cannot);
    tcase_add_test(tc, terms_end_before_their_type);
    tcase_add_test(tc, who_was_deposed_is_not_followed_into_the_next_term);
    tcase_add_test(tc, no_more_than_may_lie_are_in_exile);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
