/* SPDX-License-Identifier: Apache-2.0 */
/* The numbers of "The life of a correction" in ARCHITECTURE.md, computed by the functions that it names. */
#include <check.h>
#include <stdlib.h>

#include "client/core/guard.h"
#include "client/core/placement.h"
#include "sdk/sync/line.h"

enum { US = 1000, PPM_PS = 1000000 };
static const int64_t S = INT64_C(1000000000);
static const sync_timeline_t master = {11}, beta = {22};

/* Steps 1 and 2: T1 to T4 on the two raw timelines, and where the one lies on the other. */
static struct peer_placement measured(void)
{
    const struct sync_exchange e = {.local = master,
                                    .remote = beta,
                                    .t1_ns = 100 * S,
                                    .t2_ns = 500 * S + 150 * US,
                                    .t3_ns = 500 * S + 170 * US,
                                    .t4_ns = 100 * S + 220 * US};
    int64_t offset = ((e.t2_ns - e.t1_ns) + (e.t3_ns - e.t4_ns)) / 2;
    int64_t delay = (e.t4_ns - e.t1_ns) - (e.t3_ns - e.t2_ns);
    ck_assert_int_eq(offset, 400 * S + 50 * US);
    ck_assert_int_eq(delay, 200 * US);
    return (struct peer_placement){.local_timeline = master,
                                   .remote_timeline = beta,
                                   .local = {e.t4_ns},
                                   .remote = {e.t4_ns + offset},
                                   .rate_ps_per_s = 2 * PPM_PS,
                                   .half_width_ns = delay / 2};
}

/* Step 3: the master's line as a line on beta's timeline. */
static struct sync_line corrected(void)
{
    const struct peer_placement placement = measured();
    const struct sync_line line = {.timeline = master,
                                   .raw = placement.local,
                                   .tai = {1000 * S},
                                   .half_width = {5 * US},
                                   .rate_ps_per_s = 3 * PPM_PS,
                                   .growth = {1000},
                                   .expires = {placement.local.ns + 10 * S},
                                   .status = TAISTAMP_STATUS_SINGLE_REFERENCE,
                                   .source = TAISTAMP_CLOCK_QUORUM};
    struct sync_line correction;
    ck_assert(placement_carry_back(&placement, &line, &correction));
    return correction;
}

START_TEST(the_master_makes_it)
{
    const struct sync_line c = corrected();
    ck_assert_uint_eq(c.timeline.id, beta.id);
    ck_assert_int_eq(c.raw.ns, 500 * S + 270 * US);
    ck_assert_int_eq(c.tai.ns, 1000 * S);
    ck_assert_int_ge(c.half_width.ns, 105 * US);
    ck_assert_int_le(c.half_width.ns, 105 * US + 300);
    ck_assert_int_ge(c.rate_ps_per_s, PPM_PS - 10);
    ck_assert_int_le(c.rate_ps_per_s, PPM_PS + 10);
}
END_TEST

/* Step 4: beta and gamma's line as beta measured it; what beta had itself. */
START_TEST(the_guard_judges_it)
{
    const struct sync_line c = corrected();
    struct guard_evidence e = {.faults = 0, .needed = 1, .witnesses_count = 1, .has_own = true};
    e.witnesses[0] = (struct guard_witness){{3}, {1000 * S + 30 * US}, {150 * US}, 20 * US, 0};
    e.own = (struct tai_interval){{1000 * S - 130 * US}, {1000 * S + 170 * US}};
    struct guard_claim claim = {c.tai, c.half_width};
    struct guard_result r = guard_judge(&e, &claim);
    ck_assert_int_eq(r.verdict, GUARD_ACCEPT);
    ck_assert_int_eq(r.followed.ns, 1000 * S);
    ck_assert_int_eq(r.half_width.ns, c.half_width.ns);
    /* A master that lies by a millisecond moves nothing. */
    claim.tai.ns += 1000 * US;
    r = guard_judge(&e, &claim);
    ck_assert_int_eq(r.verdict, GUARD_REJECT);
    ck_assert_int_ge(r.by_ns, 700 * US);
}
END_TEST

/* Steps 5 to 7: the line that was published is 20 us ahead and does not jump; the page; a reader two seconds later. */
START_TEST(a_reader_sees_it)
{
    const struct sync_line c = corrected();
    struct line_follow follow;
    struct sync_line before = c, out;
    line_follow_init(&follow, (tai_ppb_t){100000});
    before.tai.ns += 20 * US;
    ck_assert_int_eq(line_follow_update(&follow, &before, c.raw, false, &out), LINE_FOLLOW_BEGAN);
    ck_assert_int_eq(line_follow_update(&follow, &c, c.raw, false, &out), LINE_FOLLOWING);
    ck_assert_int_eq(out.tai.ns, 1000 * S + 20 * US);
    ck_assert_int_ge(out.half_width.ns, 125 * US);
    ck_assert_int_le(out.half_width.ns, 125 * US + 300);
    ck_assert_int_eq((out.rate_ps_per_s + PPM_PS / 2) / PPM_PS, -18); /* 1 ppm less 20 ppm */
    const struct line_page_context context = {.realtime_minus_raw_ns = 463 * S,
                                              .tai_utc_s = 37,
                                              .next_tai_utc_s = 37,
                                              .next_leap = {PAGE_NEVER},
                                              .term = 3,
                                              .master = 1};
    struct clock_line page;
    struct taistamp_reading reading;
    ck_assert(line_to_page(&out, &context, &page));
    ck_assert_int_eq(page.rate.ppb, -19000);
    page_evaluate(&page, (tai_mono_t){c.raw.ns + S}, c.raw.ns + S + 463 * S, &reading);
    ck_assert_int_eq(reading.status, TAISTAMP_STATUS_SINGLE_REFERENCE);
    int64_t middle = (reading.tai.earliest.ns + reading.tai.latest.ns) / 2,
            half = reading.tai.latest.ns - middle;
    ck_assert_int_eq(middle, 1001 * S + 1 * US);
    ck_assert_int_ge(half, 146 * US); /* 1 us and, while it closes the 20 us, those as well */
    ck_assert_int_le(half, 147 * US);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("correction_life");
    TCase *tc = tcase_create("hops");
    tcase_add_test(tc, the_master_makes_it);
    tcase_add_test(tc, the_guard_judges_it);
    tcase_add_test(tc, a_reader_sees_it);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
