/* SPDX-License-Identifier: Apache-2.0 */
/* sdk/sync/triangle: closure, and which path the triangles point to. */
#include <check.h>

#include "sdk/sync/triangle.h"
#include "tests/unit/prop.h"

static struct triangle_path path(int64_t offset, int64_t noise, int64_t delay)
{
    return (struct triangle_path){true, offset, noise, delay};
}

START_TEST(closure)
{
    struct triangle_path ij = path(10000, 300, 200000), jk = path(-4000, 300, 200000),
                         ik = path(31000, 300, 200000);
    int64_t c = 0;
    ck_assert(triangle_close(&ij, &jk, &ik, &c) == TRIANGLE_OPEN);
    ck_assert_int_eq(c, -25000);
    ik.offset_ns = 6900;
    ck_assert(triangle_close(&ij, &jk, &ik, &c) == TRIANGLE_CLOSED);
    ck_assert_int_eq(c, -900);
    ik.offset_ns = 6000 + 300000 + 901;
    ck_assert(triangle_close(&ij, &jk, &ik, &c) == TRIANGLE_LIE);
    ik.offset_ns--;
    ck_assert(triangle_close(&ij, &jk, &ik, &c) == TRIANGLE_OPEN);
    c = 77;
    jk.known = false;
    ck_assert(triangle_close(&ij, &jk, &ik, &c) == TRIANGLE_UNKNOWN && c == 77);
    struct triangle_path far = path(INT64_MAX, 0, 0), back = path(INT64_MIN, 0, 0);
    ck_assert(triangle_close(&far, &far, &back, &c) == TRIANGLE_LIE && c == INT64_MAX);
}
END_TEST

/* One asymmetric path among n nodes is found; without one everything closes; a node whose paths are all asymmetric alike is not seen. */
START_TEST(suspect)
{
    struct prop p = prop_start("suspect", 132);
    for (int round = 0; round < 3000; round++) {
        struct triangle_path paths[TRIANGLE_NODES_MAX][TRIANGLE_NODES_MAX] = {{{0}}};
        size_t n = 4 + prop_below(&p, TRIANGLE_NODES_MAX - 3), a = prop_below(&p, n), b = prop_below(&p, n);
        int64_t clocks[TRIANGLE_NODES_MAX];
        for (size_t i = 0; i < n; i++)
            clocks[i] = (int64_t)prop_below(&p, 2000000) - 1000000;
        int64_t own = (int64_t)prop_below(&p, 50000);
        for (size_t i = 0; i < n; i++)
            for (size_t j = i + 1; j < n; j++)
                paths[i][j] = path(clocks[j] - clocks[i] + (int64_t)prop_below(&p, 101) - 50, 50, 200000);
        clocks[0] += own;
        size_t low = a < b ? a : b, high = a < b ? b : a;
        paths[low][high].offset_ns += 40000;
        struct triangle_survey s;
        triangle_survey((const struct triangle_path(*)[TRIANGLE_NODES_MAX])paths, n, &s);
        ck_assert_uint_eq(s.triangles, n * (n - 1) * (n - 2) / 6);
        if (a == b) {
            ck_assert(s.open == 0 && !s.suspect);
            continue;
        }
        ck_assert_uint_eq(s.open, n - 2);
        ck_assert(s.suspect && s.first == low && s.second == high && s.suspect_open == n - 2);
        int64_t size = s.worst_closure_ns < 0 ? -s.worst_closure_ns : s.worst_closure_ns;
        ck_assert(size >= 40000 - 150 && size <= 40000 + 150);
    }
}
END_TEST

START_TEST(three_nodes_cannot_tell)
{
    struct triangle_path paths[TRIANGLE_NODES_MAX][TRIANGLE_NODES_MAX] = {{{0}}};
    paths[0][1] = path(0, 10, 200000);
    paths[1][2] = path(0, 10, 200000);
    paths[0][2] = path(50000, 10, 200000);
    struct triangle_survey s;
    triangle_survey((const struct triangle_path(*)[TRIANGLE_NODES_MAX])paths, 3, &s);
    ck_assert(s.open == 1 && !s.suspect && s.worst_closure_ns == -50000 && s.worst[2] == 2);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("triangle");
    TCase *t = tcase_create("triangle");
    suite_add_tcase(s, t);
    tcase_set_timeout(t, 60);
    tcase_add_test(t, closure);
    tcase_add_test(t, suspect);
    tcase_add_test(t, three_nodes_cannot_tell);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed == 0 ? 0 : 1;
}
