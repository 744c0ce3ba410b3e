/* SPDX-License-Identifier: Apache-2.0 */
/* The time of a batch, as a table and as properties. */
#include <check.h>
#include <stdint.h>

#include "server/stamp/core/issuer.h"
#include "tests/unit/prop.h"

struct row {
    const char *what;
    int64_t e, l, last;
    size_t n;
    int64_t h_max;
    size_t count;
    enum issue_verdict rest;
    int64_t t, h; /* of the first */
};

static const struct row rows[] = {
    {"midpoint", 1000, 1600, 900, 3, 1000, 3, ISSUE_OK, 1300, 300},
    {"empty log", 1000, 1600, 0, 1, 1000, 1, ISSUE_OK, 1300, 300},
    {"odd width rounds down, h covers both ends", 1000, 1601, 0, 1, 1000, 1, ISSUE_OK, 1300, 301},
    {"last just before the midpoint", 1000, 1600, 1299, 1, 1000, 1, ISSUE_OK, 1300, 300},
    {"last at the midpoint", 1000, 1600, 1300, 1, 1000, 1, ISSUE_OK, 1301, 301},
    {"last beyond the midpoint", 1000, 1600, 1400, 2, 1000, 2, ISSUE_OK, 1401, 401},
    {"last just before l", 1000, 1600, 1599, 1, 1000, 1, ISSUE_OK, 1600, 600},
    {"last at l", 1000, 1600, 1600, 1, 1000, 0, ISSUE_CLOCK_BEHIND, 0, 0},
    {"last far ahead", 1000, 1600, INT64_MAX, 1, 1000, 0, ISSUE_CLOCK_BEHIND, 0, 0},
    {"at the limit", 1000, 1600, 0, 1, 300, 1, ISSUE_OK, 1300, 300},
    {"above the limit", 1000, 1600, 0, 1, 299, 0, ISSUE_TOO_UNCERTAIN, 0, 0},
    {"the limit is reached within the batch", 1000, 1600, 0, 10, 304, 5, ISSUE_TOO_UNCERTAIN, 1300, 300},
    {"no width at all", 1000, 1000, 0, 3, 2, 3, ISSUE_OK, 1000, 0},
    {"h must be below t", 1, 1599, 0, 1, 10000, 1, ISSUE_OK, 800, 799},
    {"an interval that begins before 1970", -5, 1600, 0, 1, 10000, 0, ISSUE_NO_BOUND, 0, 0},
    {"ends swapped", 1600, 1000, 0, 1, 10000, 0, ISSUE_NO_BOUND, 0, 0},
    {"beyond all clocks", 1000, INT64_MAX, 0, 1, INT64_MAX, 0, ISSUE_NO_BOUND, 0, 0},
};

static struct taistamp_reading reading(int64_t e, int64_t l)
{
    return (struct taistamp_reading){.tai = {{e}, {l}},
                                     .status = TAISTAMP_STATUS_SYNCHRONISED,
                                     .source = TAISTAMP_CLOCK_UPSTREAM,
                                     .tai_utc_s = 37};
}

START_TEST(times_as_the_table_says)
{
    const struct row *r = &rows[_i];
    struct taistamp_reading in = reading(r->e, r->l);
    struct issue issue;
    issuer_batch(&in, (tai_t){r->last}, r->n, r->h_max, &issue);
    ck_assert_msg(issue.count == r->count, "%s: %zu entries", r->what, issue.count);
    if (r->count < r->n)
        ck_assert_msg(issue.rest == r->rest, "%s: verdict %d", r->what, (int)issue.rest);
    if (r->count == 0)
        return;
    tai_t t;
    tai_bound_t h;
    issuer_entry(&issue, 0, &t, &h);
    ck_assert_msg(t.ns == r->t && h.ns == r->h, "%s: %lld %lld", r->what, (long long)t.ns, (long long)h.ns);
}
END_TEST

START_TEST(only_bounded_statuses_get_a_stamp)
{
    static const struct {
        enum taistamp_status status;
        size_t count;
        enum taistamp_clock_source clock;
    } all[] = {{TAISTAMP_STATUS_SYNCHRONISED, 1, TAISTAMP_CLOCK_UPSTREAM},
               {TAISTAMP_STATUS_SINGLE_REFERENCE, 1, TAISTAMP_CLOCK_UPSTREAM},
               {TAISTAMP_STATUS_ASSUMED, 1, TAISTAMP_CLOCK_ASSUMED},
               {TAISTAMP_STATUS_RELATIVE, 0, 0},
               {TAISTAMP_STATUS_UNKNOWN, 0, 0},
               {TAISTAMP_STATUS_DISRUPTED, 0, 0},
               {TAISTAMP_STATUS_EXPIRED, 0, 0}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        struct taistamp_reading in = reading(1000, 1600);
        in.status = all[i].status;
        struct issue issue;
        issuer_batch(&in, (tai_t){0}, 1, 1000, &issue);
        ck_assert_uint_eq(issue.count, all[i].count);
        if (issue.count > 0)
            ck_assert_int_eq(issue.clock, all[i].clock);
        else
            ck_assert_int_eq(issue.rest, ISSUE_NO_BOUND);
    }
}
END_TEST

START_TEST(utc_is_claimed_only_where_it_is_known)
{
    static const struct {
        enum taistamp_utc_status utc;
        int32_t s;
        bool known;
    } all[] = {{TAISTAMP_UTC_OK, 37, true},      {TAISTAMP_UTC_OK, 0, true},
               {TAISTAMP_UTC_OK, 9999, true},    {TAISTAMP_UTC_OK, 10000, false},
               {TAISTAMP_UTC_OK, -1, false},     {TAISTAMP_UTC_EXPIRED, 37, false},
               {TAISTAMP_UTC_UNKNOWN, 37, false}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        struct taistamp_reading in = reading(1000, 1600);
        in.utc = all[i].utc;
        in.tai_utc_s = all[i].s;
        struct issue issue;
        issuer_batch(&in, (tai_t){0}, 1, 1000, &issue);
        ck_assert_int_eq(issue.tai_utc_known, all[i].known);
        ck_assert_int_eq(issue.tai_utc_s, all[i].known ? all[i].s : 0);
    }
}
END_TEST

/* Whatever the reading: times increase from `last` on, and each interval contains the one that was read. */
START_TEST(intervals_contain_the_reading_and_times_increase)
{
    struct prop p = prop_start("issuer", 1);
    int64_t last = 0;
    for (int round = 0, rounds = prop_rounds(20000); round < rounds; round++) {
        int64_t e = 1000000 + (int64_t)prop_below(&p, 1000000), l = e + (int64_t)prop_below(&p, 3000);
        size_t n = 1 + (size_t)prop_below(&p, 40);
        if (prop_below(&p, 10) == 0)
            last = e + (int64_t)prop_below(&p, 4000);
        struct taistamp_reading in = reading(e, l);
        struct issue issue;
        issuer_batch(&in, (tai_t){last}, n, (int64_t)prop_below(&p, 3000), &issue);
        ck_assert_uint_le(issue.count, n);
        for (size_t i = 0; i < issue.count; i++) {
            tai_t t;
            tai_bound_t h;
            issuer_entry(&issue, i, &t, &h);
            ck_assert_int_gt(t.ns, last);
            ck_assert_int_le(t.ns - h.ns, e);
            ck_assert_int_ge(t.ns + h.ns, l);
            last = t.ns;
        }
        if (last >= l)
            last = 0;
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("issuer");
    TCase *t = tcase_create("issuer");
    tcase_add_loop_test(t, times_as_the_table_says, 0, (int)(sizeof rows / sizeof *rows));
    tcase_add_test(t, only_bounded_statuses_get_a_stamp);
    tcase_add_test(t, utc_is_claimed_only_where_it_is_known);
    tcase_add_test(t, intervals_contain_the_reading_and_times_increase);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
