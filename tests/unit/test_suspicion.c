/* SPDX-License-Identifier: Apache-2.0 */
/* Evidence: hard makes false, soft never more than suspect, and both are worked off. */
#include <check.h>
#include <stdlib.h>

#include "server/clock/core/suspicion.h"

START_TEST(three_lies_make_false)
{
    struct suspicion s;
    suspicion_init(&s);
    sync_node_t liar = {4};
    ck_assert(!suspicion_against(&s, liar, GUARD_OUTSIDE_PEERS, 5000000));
    ck_assert(!suspicion_against(&s, liar, GUARD_OUTSIDE_PEERS, 5000000));
    ck_assert(suspicion_against(&s, liar, GUARD_OUTSIDE_PEERS, 5000000));
    ck_assert_int_eq(suspicion_verdict_of(&s, liar), SUSPICION_FALSE);
    ck_assert_int_eq(suspicion_of(&s, liar)->reason_ns, 5000000);
    ck_assert_uint_eq(suspicion_count(&s), 1);
    /* Two good ones are not enough, the third is: no flapping at the limit. */
    ck_assert(!suspicion_for(&s, liar, true));
    ck_assert(!suspicion_for(&s, liar, true));
    ck_assert(suspicion_for(&s, liar, true));
    ck_assert_int_eq(suspicion_verdict_of(&s, liar), SUSPICION_TRUSTED);
    ck_assert_int_eq(suspicion_of(&s, liar)->reason, GUARD_FINE);
}
END_TEST

START_TEST(soft_evidence_never_makes_false)
{
    struct suspicion s;
    suspicion_init(&s);
    sync_node_t odd = {2};
    for (int i = 0; i < 1000; i++)
        (void)suspicion_against(&s, odd, i % 2 == 0 ? GUARD_ODD : GUARD_TRIANGLE, 9000);
    ck_assert_int_eq(suspicion_verdict_of(&s, odd), SUSPICION_SUSPECT);
    /* The bucket has a rim: cleared after so many good exchanges. */
    for (int i = 0; i < SUSPICION_FULL; i++)
        (void)suspicion_for(&s, odd, false);
    ck_assert_int_eq(suspicion_verdict_of(&s, odd), SUSPICION_TRUSTED);
}
END_TEST

START_TEST(every_server_has_a_place)
{
    struct suspicion s;
    suspicion_init(&s);
    for (uint32_t i = 1; i <= SYNC_SERVERS_MAX; i++)
        (void)suspicion_against(&s, (sync_node_t){i * 1000}, GUARD_OUTSIDE_OWN, i);
    ck_assert(
        !suspicion_against(&s, (sync_node_t){99}, GUARD_OUTSIDE_OWN, 1)); /* one too many: nothing happens */
    ck_assert_ptr_null(suspicion_of(&s, (sync_node_t){99}));
    ck_assert_ptr_null(suspicion_of(&s, (sync_node_t){0}));
    suspicion_forget(&s, (sync_node_t){3000});
    ck_assert_uint_eq(suspicion_of(&s, (sync_node_t){3000})->hard, 0);
}
END_TEST

/* A rejection stands under the reason that the guard gave; a soft one after it does not hide it. */
START_TEST(every_reason_is_kept)
{
    for (int reason = GUARD_OUTSIDE_PEERS; reason <= GUARD_FALSE_REFERENCE; reason++) {
        struct suspicion s;
        suspicion_init(&s);
        sync_node_t liar = {4};
        for (int i = 0; i < SUSPICION_HARD_LIMIT; i++)
            (void)suspicion_against(&s, liar, (enum guard_reason)reason, 700 + i);
        (void)suspicion_against(&s, liar, GUARD_TRIANGLE, 9000);
        ck_assert_int_eq(suspicion_verdict_of(&s, liar), SUSPICION_FALSE);
        ck_assert_int_eq(suspicion_of(&s, liar)->reason, reason);
        ck_assert_int_eq(suspicion_of(&s, liar)->reason_ns, 702);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("suspicion");
    TCase *tc = tcase_create("all");
    tcase_add_test(tc, three_lies_make_false);
    tcase_add_test(tc, soft_evidence_never_makes_false);
    tcase_add_test(tc, every_server_has_a_place);
    tcase_add_test(tc, every_reason_is_kept);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
