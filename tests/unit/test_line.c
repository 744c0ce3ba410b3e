/* SPDX-License-Identifier: Apache-2.0 */
/* sdk/sync/line: arithmetic against 128 bits, the page reads the same, and a followed line never goes back nor loses the truth. */
#include <check.h>
#include <stdlib.h>

#include "sdk/sync/line.h"
#include "tests/unit/prop.h"

__extension__ typedef __int128 wide;

static int64_t ranged(struct prop *p, int64_t max)
{
    int64_t v = (int64_t)(prop_below(p, (uint64_t)max + 1) >> prop_below(p, 40));
    return prop_below(p, 2) == 0 ? v : -v;
}

static int64_t size(int64_t v)
{
    return v < 0 ? -v : v;
}

static struct sync_line any_line(struct prop *p)
{
    int64_t raw = size(ranged(p, INT64_C(1) << 60));
    return (struct sync_line){.timeline = {1 + prop_below(p, 3)},
                              .raw = {raw},
                              .tai = {ranged(p, INT64_C(1) << 61)},
                              .half_width = {size(ranged(p, 1000000000))},
                              .rate_ps_per_s = ranged(p, SYNC_RATE_PS_MAX),
                              .growth = {(int32_t)size(ranged(p, 500000))},
                              .expires = {raw + size(ranged(p, 3600 * NS_PER_S))}};
}

START_TEST(gain)
{
    struct prop p = prop_start("gain", 150);
    for (int i = 0, rounds = prop_rounds(300000); i < rounds; i++) {
        int64_t span = i % 50 == 0 ? INT64_MIN + (int64_t)prop_below(&p, 2) : ranged(&p, INT64_MAX);
        int64_t rate = i % 7 == 0 ? SYNC_RATE_PS_MAX : ranged(&p, SYNC_RATE_PS_MAX);
        wide want = (wide)span * rate / 1000000000000;
        ck_assert(line_gain_ns(span, rate) == (int64_t)want);
    }
}
END_TEST

START_TEST(worked_number)
{
    struct sync_line l = {.timeline = {1},
                          .raw = {50 * NS_PER_S},
                          .tai = {1000 * NS_PER_S},
                          .half_width = {20000},
                          .rate_ps_per_s = 12000000,
                          .growth = {50000},
                          .expires = {100 * NS_PER_S}};
    tai_mono_t at = {60 * NS_PER_S};
    ck_assert(line_valid(&l));
    ck_assert_int_eq(line_tai(&l, at).ns, 1010 * NS_PER_S + 120000);
    ck_assert_int_eq(line_half_width(&l, at).ns, 20000 + 500000 + 1);
    ck_assert_int_eq(line_half_width(&l, l.raw).ns, 20000);
    ck_assert(line_usable(&l, (sync_timeline_t){1}, (tai_mono_t){100 * NS_PER_S}));
    ck_assert(!line_usable(&l, (sync_timeline_t){1}, (tai_mono_t){100 * NS_PER_S + 1}));
    ck_assert(!line_usable(&l, (sync_timeline_t){2}, at));
    line_widen(&l, INT64_MAX);
    ck_assert_int_eq(l.half_width.ns, BOUND_UNBOUNDED);
    ck_assert_int_eq(line_half_width(&l, at).ns, BOUND_UNBOUNDED);
    ck_assert(line_interval(&l, at).latest.ns == INT64_MAX && line_interval(&l, at).earliest.ns == INT64_MIN);
}
END_TEST

START_TEST(invalid)
{
    struct prop p = prop_start("invalid", 151);
    for (int i = 0; i < 1000; i++) {
        struct sync_line good = any_line(&p);
        ck_assert(line_valid(&good));
        struct sync_line bad[] = {good, good, good, good, good, good, good, good, good, good};
        bad[0].timeline.id = 0;
        bad[1].raw.ns = -1;
        bad[2].expires.ns = bad[2].raw.ns - 1;
        bad[3].half_width.ns = -1;
        bad[4].rate_ps_per_s = SYNC_RATE_PS_MAX + 1;
        bad[5].rate_ps_per_s = -SYNC_RATE_PS_MAX - 1;
        bad[6].growth.ppb = -1;
        bad[7].growth.ppb = PAGE_GROWTH_PPB_MAX + 1;
        bad[8].tai.ns = PAGE_INSTANT_NS_MAX + 1;
        bad[9].status = TAISTAMP_STATUS_EXPIRED;
        for (size_t k = 0; k < sizeof bad / sizeof *bad; k++)
            ck_assert(!line_valid(&bad[k]));
    }
}
END_TEST

START_TEST(inverse_and_rebase)
{
    struct prop p = prop_start("inverse_and_rebase", 152);
    for (int i = 0, rounds = prop_rounds(100000); i < rounds; i++) {
        struct sync_line l = any_line(&p);
        tai_t tai = {l.tai.ns + ranged(&p, 36000 * NS_PER_S)};
        tai_mono_t raw = {0};
        ck_assert(line_raw(&l, tai, &raw));
        ck_assert(line_tai(&l, raw).ns >= tai.ns && line_tai(&l, (tai_mono_t){raw.ns - 1}).ns < tai.ns);
        tai_mono_t to = {l.raw.ns + ranged(&p, 3600 * NS_PER_S)};
        struct sync_line moved = l;
        line_rebase(&moved, to);
        ck_assert(moved.tai.ns == line_tai(&l, to).ns && moved.expires.ns == l.expires.ns);
        tai_mono_t later = {to.ns + (to.ns < l.raw.ns ? -1 : 1) * size(ranged(&p, 3600 * NS_PER_S))};
        struct tai_interval before = line_interval(&l, later), after = line_interval(&moved, later);
        /* It says the same, to the nanosecond of either rounding, and its interval covers the old one. */
        ck_assert_int_le(llabs(line_tai(&moved, later).ns - line_tai(&l, later).ns), 1);
        if (size(later.ns - to.ns) > 0)
            ck_assert(after.earliest.ns <= before.earliest.ns + 1 && after.latest.ns >= before.latest.ns - 1);
    }
    struct sync_line end = {.timeline = {1}, .raw = {INT64_MAX - 5}, .tai = {0}, .expires = {INT64_MAX}};
    tai_mono_t raw = {7};
    ck_assert(!line_raw(&end, (tai_t){NS_PER_S}, &raw) && raw.ns == 7);
}
END_TEST

START_TEST(page_says_the_same)
{
    struct prop p = prop_start("page_says_the_same", 153);
    struct line_page_context context = {.next_leap = {PAGE_NEVER}, .term = 5, .master = 2, .timeline = 9};
    for (int i = 0, rounds = prop_rounds(50000); i < rounds; i++) {
        struct sync_line l = any_line(&p);
        if (i % 2 == 0)
            l.rate_ps_per_s = l.rate_ps_per_s / 1000 * 1000;
        struct clock_line page;
        ck_assert(line_to_page(&l, &context, &page));
        ck_assert(page.term == 5 && page.master == 2 && page.timeline == 9);
        int64_t life = page.void_after.ns - page.as_of.ns;
        tai_mono_t at = {page.as_of.ns + (int64_t)prop_below(&p, (uint64_t)life + 1)};
        struct taistamp_reading reading;
        page_evaluate(&page, at, at.ns, &reading);
        ck_assert(reading.status == TAISTAMP_STATUS_SYNCHRONISED);
        struct tai_interval ours = line_interval(&l, at);
        /* Both hold the line with real numbers; ours has two nanoseconds for that, all of them rounded up. */
        ck_assert(reading.tai.earliest.ns <= ours.earliest.ns + 2 &&
                  reading.tai.latest.ns >= ours.latest.ns - 2);
        if (i % 2 == 0)
            ck_assert(interval_midpoint(reading.tai).ns == line_tai(&l, at).ns);
    }
    struct sync_line l = any_line(&p);
    struct clock_line page = {.term = 77};
    l.half_width.ns = BOUND_UNBOUNDED;
    ck_assert(line_to_page(&l, &context, &page) && page.status == TAISTAMP_STATUS_UNKNOWN);
    page.term = 77;
    l.raw.ns = -1;
    ck_assert(!line_to_page(&l, &context, &page) && page.term == 77);
}
END_TEST

START_TEST(follows_as_in_the_header)
{
    struct line_follow f;
    struct sync_line target = {.timeline = {1},
                               .raw = {0},
                               .tai = {1000 * NS_PER_S},
                               .half_width = {1000},
                               .expires = {1000 * NS_PER_S}},
                     out;
    line_follow_init(&f, (tai_ppb_t){100000});
    ck_assert(line_follow_update(&f, &target, (tai_mono_t){0}, false, &out) == LINE_FOLLOW_BEGAN);
    ck_assert(out.tai.ns == target.tai.ns && out.half_width.ns == 1000);
    target.tai.ns += 1000000;
    ck_assert(line_follow_update(&f, &target, (tai_mono_t){NS_PER_S}, false, &out) == LINE_FOLLOWING);
    ck_assert_int_eq(out.rate_ps_per_s, 100000000);
    ck_assert_int_eq(out.tai.ns, 1001 * NS_PER_S);
    ck_assert_int_ge(out.half_width.ns, 1000 + 1000000);
    ck_assert_int_le(out.half_width.ns, 1000 + 1000000 + 6);
    ck_assert_int_eq(line_follow_distance_ns(&f, &target, (tai_mono_t){2 * NS_PER_S}), 900000);
    ck_assert(line_follow_update(&f, &target, (tai_mono_t){2 * NS_PER_S}, true, &out) == LINE_FOLLOW_STEPPED);
    ck_assert_int_eq(out.tai.ns, 1002 * NS_PER_S + 1000000);
    target.timeline.id = 2;
    target.tai.ns -= 5 * NS_PER_S;
    ck_assert(line_follow_update(&f, &target, (tai_mono_t){3 * NS_PER_S}, false, &out) == LINE_FOLLOW_BEGAN);
    ck_assert_int_eq(out.tai.ns, 998 * NS_PER_S + 1000000);
    struct sync_line kept = out;
    ck_assert(line_follow_update(&f, &target, (tai_mono_t){1001 * NS_PER_S}, false, &out) ==
              LINE_FOLLOW_UNUSABLE);
    ck_assert(out.tai.ns == kept.tai.ns && out.raw.ns == kept.raw.ns);
}
END_TEST

/* Targets jump about, each true within its half-width; the output is continuous, monotone through the page's own arithmetic, slews within
 * its limit and holds the truth at every moment of each line's life. */
START_TEST(following)
{
    struct prop p = prop_start("following", 154);
    struct line_page_context context = {.next_leap = {PAGE_NEVER}};
    for (int round = 0, rounds = prop_rounds(400); round < rounds; round++) {
        struct line_follow f;
        int32_t limit = 1 + (int32_t)prop_below(&p, 500000);
        int64_t truth_rate = ranged(&p, 100000000), error_max = 10 + size(ranged(&p, 100000000));
        line_follow_init(&f, (tai_ppb_t){limit});
        tai_mono_t now = {NS_PER_S};
        int64_t read_last = INT64_MIN;
        for (int k = 0; k < 60; k++) {
            int64_t truth = 1000 * NS_PER_S + now.ns + line_gain_ns(now.ns, truth_rate);
            int64_t half = (int64_t)prop_below(&p, (uint64_t)error_max) + 2;
            struct sync_line target = {.timeline = {1},
                                       .raw = now,
                                       .tai = {truth + (int64_t)prop_below(&p, (uint64_t)half) *
                                                           (k % 2 == 0 ? 1 : -1)},
                                       .half_width = {half},
                                       .rate_ps_per_s = truth_rate + ranged(&p, 1000000),
                                       .growth = {1001},
                                       .expires = {now.ns + 100 * NS_PER_S}},
                             out;
            ck_assert(line_follow_update(&f, &target, now, false, &out) ==
                      (k == 0 ? LINE_FOLLOW_BEGAN : LINE_FOLLOWING));
            ck_assert(size(out.rate_ps_per_s - target.rate_ps_per_s) <= (int64_t)limit * 1000 + 500);
            struct clock_line page;
            ck_assert(line_to_page(&out, &context, &page));
            for (int i = 0; i < 20; i++) {
                now.ns += i == 0 ? 0 : (int64_t)prop_below(&p, 5 * NS_PER_S - 1);
                truth = 1000 * NS_PER_S + now.ns + line_gain_ns(now.ns, truth_rate);
                struct taistamp_reading r;
                page_evaluate(&page, now, now.ns, &r);
                ck_assert(r.status == TAISTAMP_STATUS_SYNCHRONISED);
                ck_assert(r.tai.earliest.ns <= truth && truth <= r.tai.latest.ns);
                ck_assert(interval_midpoint(r.tai).ns >= read_last);
                read_last = interval_midpoint(r.tai).ns;
            }
        }
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("line");
    TCase *t = tcase_create("line");
    suite_add_tcase(s, t);
    tcase_set_timeout(t, 60);
    tcase_add_test(t, gain);
    tcase_add_test(t, worked_number);
    tcase_add_test(t, invalid);
    tcase_add_test(t, inverse_and_rebase);
    tcase_add_test(t, page_says_the_same);
    tcase_add_test(t, follows_as_in_the_header);
    tcase_add_test(t, following);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed == 0 ? 0 : 1;
}
