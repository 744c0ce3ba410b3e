/* SPDX-License-Identifier: Apache-2.0 */
/* Quorums, and how long a lease lasts. */
#include <check.h>
#include <stdlib.h>

#include "server/clock/core/lease.h"

#define MS INT64_C(1000000)

START_TEST(quorums_by_the_formula)
{
    static const unsigned q[] = {1, 2, 2, 3, 4, 4, 5, 6, 6, 7, 8, 8, 9, 10, 10, 11};
    for (unsigned n = 1; n <= SYNC_SERVERS_MAX; n++) {
        unsigned f = lease_faults(n);
        ck_assert_uint_eq(f, (n - 1) / 3);
        ck_assert_uint_eq(lease_quorum(n), q[n - 1]);
        ck_assert_uint_gt(2 * lease_quorum(n), n + f); /* two quorums share more than f */
        ck_assert(n == 2 || lease_quorum(n) <= n - f); /* f silent ones do not stop an election */
    }
}
END_TEST

START_TEST(a_lease_lasts_as_its_quorum)
{
    struct lease_holder holder;
    lease_holder_start(&holder, 5, 4, 2);
    ck_assert_int_eq(lease_holder_until(&holder, 1500), LEASE_NONE);
    for (int64_t t = 9000; t <= 10000; t += 500)
        lease_holder_sent(&holder, t);
    ck_assert(lease_holder_acked(&holder, 0, 9500));
    ck_assert(lease_holder_acked(&holder, 1, 9500));
    ck_assert_int_eq(lease_holder_until(&holder, 1500), LEASE_NONE);
    ck_assert(lease_holder_acked(&holder, 3, 9000));
    ck_assert_int_eq(lease_holder_until(&holder, 1500), 10500);
    ck_assert(lease_holder_acked(&holder, 4, 10000)); /* the worked number of lease.h */
    ck_assert_int_eq(lease_holder_until(&holder, 1500), 11000);
    ck_assert(!lease_holder_acked(&holder, 3, 9000));  /* again */
    ck_assert(!lease_holder_acked(&holder, 3, 9999));  /* never sent */
    ck_assert(!lease_holder_acked(&holder, 4, 9500));  /* older */
    ck_assert(!lease_holder_acked(&holder, 4, 11000)); /* of the future */
    for (int64_t t = 20000; t < 20000 + LEASE_BEATS; t++)
        lease_holder_sent(&holder, t);
    ck_assert(!lease_holder_acked(&holder, 3, 10000)); /* left the ring */
    ck_assert_int_ge(10 * MS, lease_margin_min(1500 * MS));
}
END_TEST

int main(void)
{
    Suite *s = suite_create("lease");
    TCase *t = tcase_create("lease");
    tcase_add_test(t, quorums_by_the_formula);
    tcase_add_test(t, a_lease_lasts_as_its_quorum);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
