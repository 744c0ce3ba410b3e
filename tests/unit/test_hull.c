/* SPDX-License-Identifier: Apache-2.0 */
/* sdk/sync/hull: tables, against counting coverage point by point, and the promise: with at most f false intervals the truth
 * is inside. */
#include <check.h>

#include "sdk/sync/hull.h"
#include "tests/unit/prop.h"

struct row {
    struct hull_item items[6];
    size_t count, f;
    enum hull_verdict verdict;
    int64_t earliest, latest;
    size_t voices;
};

static const struct row rows[] = {
    {{{8, 12, 0}, {11, 13, 0}, {14, 15, 0}}, 3, 1, HULL_OK, 11, 12, 3},
    {{{8, 12, 0}, {11, 13, 0}, {14, 15, 0}}, 3, 2, HULL_OK, 8, 15, 3},
    {{{8, 12, 0}, {11, 13, 0}, {14, 15, 0}}, 3, 0, HULL_EMPTY, 0, 0, 0},
    {{{8, 12, 0}, {11, 13, 0}, {14, 15, 0}}, 3, 3, HULL_TOO_FEW, 0, 0, 0},
    {{{5, 5, 0}}, 1, 0, HULL_OK, 5, 5, 1},
    {{{5, 4, 0}}, 1, 0, HULL_INVERTED, 0, 0, 0},
    {{{0, 10, 0}, {10, 20, 0}}, 2, 0, HULL_OK, 10, 10, 2},
    /* Two pairs that each agree: nobody can say which, so the hull spans both. */
    {{{0, 2, 0}, {1, 3, 0}, {7, 9, 0}, {8, 10, 0}}, 4, 2, HULL_OK, 1, 9, 4},
    /* Three of one cause are one voice, believed as far as all three together. */
    {{{0, 1, 7}, {2, 3, 7}, {1, 2, 7}, {2, 9, 0}, {8, 9, 0}}, 5, 1, HULL_OK, 2, 9, 3},
    {{{0, 1, 7}, {0, 1, 7}, {0, 1, 7}, {8, 9, 0}}, 4, 1, HULL_OK, 0, 9, 2},
    {{{INT64_MIN, INT64_MAX, 0}, {-3, 4, 0}}, 2, 0, HULL_OK, -3, 4, 2},
    {{{0}}, 0, 0, HULL_TOO_FEW, 0, 0, 0},
};

START_TEST(table)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct hull_item hull = {99, 98, 97};
        size_t voices = 55;
        enum hull_verdict verdict = hull_intersect(rows[i].items, rows[i].count, rows[i].f, &hull, &voices);
        ck_assert_msg(verdict == rows[i].verdict, "row %zu: %d", i, (int)verdict);
        bool ok = verdict == HULL_OK;
        ck_assert_int_eq(hull.earliest_ns, ok ? rows[i].earliest : 99);
        ck_assert_int_eq(hull.latest_ns, ok ? rows[i].latest : 98);
        ck_assert_uint_eq(voices, ok ? rows[i].voices : 55);
    }
}
END_TEST

/* Small numbers, every point tried. */
START_TEST(against_counting)
{
    struct prop p = prop_start("against_counting", 101);
    for (int round = 0, rounds = prop_rounds(40000); round < rounds; round++) {
        struct hull_item items[7], hull = {0};
        size_t count = 1 + prop_below(&p, 7), f = prop_below(&p, 4);
        for (size_t i = 0; i < count; i++) {
            int64_t a = (int64_t)prop_below(&p, 20), width = (int64_t)prop_below(&p, 8);
            items[i] = (struct hull_item){a, a + width, 0};
        }
        int64_t first = -1, last = -1;
        for (int64_t x = 0; x < 30; x++) {
            size_t covered = 0;
            for (size_t i = 0; i < count; i++)
                covered += items[i].earliest_ns <= x && x <= items[i].latest_ns;
            if (count <= f || covered < count - f)
                continue;
            first = first < 0 ? x : first;
            last = x;
        }
        enum hull_verdict verdict = hull_intersect(items, count, f, &hull, NULL);
        if (count <= f) {
            ck_assert(verdict == HULL_TOO_FEW);
            continue;
        }
        ck_assert(verdict == (first < 0 ? HULL_EMPTY : HULL_OK));
        if (verdict == HULL_OK)
            ck_assert(hull.earliest_ns == first && hull.latest_ns == last);
    }
}
END_TEST

/* Liars may say anything, together; groups share one cause, so a lying group is one liar. */
START_TEST(holds_the_truth)
{
    struct prop p = prop_start("holds_the_truth", 102);
    for (int round = 0, rounds = prop_rounds(40000); round < rounds; round++) {
        size_t f = prop_below(&p, 4), voices = f + 1 + prop_below(&p, 6), count = 0;
        int64_t truth = (int64_t)prop_below(&p, 2000000) - 1000000;
        struct hull_item items[HULL_ITEMS_MAX], hull;
        int64_t lie = (int64_t)prop_below(&p, 3000) - 1500;
        for (size_t v = 0; v < voices; v++) {
            size_t members = 1 + prop_below(&p, 3);
            bool lies = v < f;
            for (size_t k = 0; k < members; k++) {
                int64_t h = 1 + (int64_t)prop_below(&p, 1000);
                int64_t error = (int64_t)prop_below(&p, (uint64_t)(2 * h + 1)) - h;
                int64_t mid = truth + (lies ? lie : error);
                items[count++] = (struct hull_item){mid - h, mid + h, (uint16_t)(members == 1 ? 0 : v + 1)};
            }
        }
        ck_assert(hull_intersect(items, count, f, &hull, NULL) == HULL_OK);
        ck_assert(hull.earliest_ns <= truth && truth <= hull.latest_ns);
        ck_assert(hull_clamp(&hull, truth) == truth);
        ck_assert(hull_clamp(&hull, INT64_MAX) == hull.latest_ns);
        ck_assert(hull_clamp(&hull, INT64_MIN) == hull.earliest_ns);
        ck_assert_uint_ge(hull_overlapping(items, count, &hull), voices - f);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("hull");
    TCase *t = tcase_create("hull");
    suite_add_tcase(s, t);
    tcase_set_timeout(t, 60);
    tcase_add_test(t, table);
    tcase_add_test(t, against_counting);
    tcase_add_test(t, holds_the_truth);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed == 0 ? 0 : 1;
}
