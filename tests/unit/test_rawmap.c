/* SPDX-License-Identifier: Apache-2.0 */
/* sdk/sync/rawmap: a stamp is placed within its width while REALTIME is steered at will; steps, leaps and stamps out of reach are
 * named. */
#include <check.h>
#include <stdlib.h>

#include "sdk/sync/rawmap.h"
#include "tests/unit/prop.h"

#define MS INT64_C(1000000)
#define S  INT64_C(1000000000)

static void pair(struct rawmap *map, int64_t raw, int64_t realtime, int64_t width)
{
    ck_assert(rawmap_add(map, &(struct rawmap_pair){raw, realtime, width}));
}

static enum rawmap_verdict locate(const struct rawmap *map, int64_t stamp, int64_t *raw, int64_t *width)
{
    return rawmap_locate(map, stamp, RAWMAP_NO_LEAP, raw, width);
}

START_TEST(as_in_the_header)
{
    struct rawmap map;
    int64_t raw = 7, width = 8;
    rawmap_init(&map);
    ck_assert(locate(&map, 0, &raw, &width) == RAWMAP_EMPTY);
    pair(&map, S, 500 * S, 100);
    ck_assert(locate(&map, 500 * S - 1, &raw, &width) == RAWMAP_EMPTY);
    pair(&map, 2 * S, 501 * S + 100000, 60);
    ck_assert(raw == 7 && width == 8);
    /* 50 us before the newer pair, REALTIME 100 ppm fast. */
    ck_assert(locate(&map, 501 * S + 100000 - 50000, &raw, &width) == RAWMAP_OK);
    ck_assert_int_le(llabs(raw - (2 * S - 50000 + 5)), 1);
    ck_assert_int_eq(width, 100 + 50 + 1);
    struct rawmap_place place;
    ck_assert(rawmap_place(&map, 501 * S + 100000 - 50000, RAWMAP_NO_LEAP, &place) == RAWMAP_OK);
    ck_assert(place.raw_ns == raw && place.width_ns == 100 + 1 && place.stray_ns == 50);
    /* Past it. */
    ck_assert(locate(&map, 501 * S + 100000 + MS, &raw, &width) == RAWMAP_OK);
    ck_assert(raw == 2 * S + MS && width == 60 + 500 + 1);
    ck_assert(locate(&map, 501 * S + 100000 + RAWMAP_AHEAD_NS + 1, &raw, &width) == RAWMAP_AHEAD);
    ck_assert(locate(&map, 500 * S - 1, &raw, &width) == RAWMAP_OLD);
    ck_assert(locate(&map, INT64_MAX, &raw, &width) == RAWMAP_AHEAD);
    ck_assert(locate(&map, INT64_MIN, &raw, &width) == RAWMAP_OLD);
    /* Not newer, and too wide. */
    ck_assert(!rawmap_add(&map, &(struct rawmap_pair){2 * S, 501 * S, 0}));
    ck_assert(!rawmap_add(&map, &(struct rawmap_pair){3 * S, 502 * S, RAWMAP_WIDTH_NS_MAX + 1}));
}
END_TEST

START_TEST(leap)
{
    struct rawmap map;
    int64_t raw, width;
    rawmap_init(&map);
    for (int64_t i = 0; i < 10; i++)
        pair(&map, (100 + i) * S, (1000 + i) * S, 10);
    for (int64_t i = 0; i < 9; i++) {
        bool near = i * S >= 3 * S && i * S <= 7 * S;
        ck_assert(rawmap_locate(&map, (1000 + i) * S, 1005 * S, &raw, &width) ==
                  (near ? RAWMAP_LEAP : RAWMAP_OK));
    }
}
END_TEST

START_TEST(steps)
{
    for (int sign = -1; sign <= 1; sign += 2) {
        for (int64_t size = MS; size <= 100 * S; size *= 10) {
            struct rawmap map;
            int64_t raw = 0, width = 0, step = sign * size;
            rawmap_init(&map);
            for (int64_t i = 0; i < 5; i++)
                pair(&map, (100 + i) * 100 * MS, 1000 * S + i * 100 * MS, 10);
            /* Between raw 10.4 s and 10.5 s. */
            for (int64_t i = 5; i < 9; i++)
                pair(&map, (100 + i) * 100 * MS, 1000 * S + step + i * 100 * MS, 10);
            ck_assert_uint_eq(map.steps, 1);
            /* Stamps of 10.45 s, before the step or after it, must not be placed wrongly. */
            for (int after = 0; after <= 1; after++) {
                enum rawmap_verdict v =
                    locate(&map, 1000 * S + 450 * MS + (after != 0 ? step : 0), &raw, &width);
                ck_assert(v == RAWMAP_STEP || v == RAWMAP_AHEAD ||
                          (v == RAWMAP_OK && llabs(raw - 10450 * MS) <= width));
            }
            /* Well after it they are placed. */
            ck_assert(locate(&map, 1000 * S + step + 750 * MS, &raw, &width) == RAWMAP_OK);
            ck_assert(llabs(raw - 10750 * MS) <= width);
        }
    }
}
END_TEST

/* An hour's worth of a clock set back by five seconds: readings that came twice are refused, the new ones placed. */
START_TEST(set_back)
{
    struct rawmap map;
    int64_t raw, width;
    rawmap_init(&map);
    for (int64_t i = 0; i <= 100; i++)
        pair(&map, (100 + i) * 100 * MS, 1000 * S + (i <= 60 ? i : i - 50) * 100 * MS, 10);
    for (int64_t stamp = 990 * S + 3; stamp < 1010 * S; stamp += 7 * MS) {
        enum rawmap_verdict v = locate(&map, stamp, &raw, &width);
        bool twice = stamp > 1001 * S && stamp < 1005 * S;
        if (twice)
            ck_assert(v == RAWMAP_STEP);
        else if (v == RAWMAP_OK)
            ck_assert(llabs(raw - 10 * S - (stamp - 1000 * S)) <= width);
    }
}
END_TEST

/* REALTIME as anybody may steer it: at each pair and in between the rate jumps within +-500 ppm. */
struct steered {
    int64_t raw;
    double realtime; /* minus raw */
    double rate;     /* ppm */
};

static void pass(struct steered *c, int64_t ns, struct prop *p)
{
    c->raw += ns;
    c->realtime += c->rate * 1e-6 * (double)ns;
    if (prop_below(p, 3) == 0)
        c->rate = (double)(int64_t)prop_below(p, 1001) - 500;
}

START_TEST(within_its_width)
{
    struct prop p = prop_start("within_its_width", 140);
    long placed = 0, refused = 0;
    for (int round = 0, rounds = prop_rounds(300); round < rounds; round++) {
        struct rawmap map;
        rawmap_init(&map);
        struct steered c = {1000 * S, 1.7e18 / 1024, 0};
        int64_t usual = INT64_C(1) << (10 + prop_below(&p, 20));
        for (int k = 0; k < 300; k++) {
            int64_t stamps[4], raws[4];
            for (int i = 0; i < 4; i++) {
                pass(&c, 1 + (int64_t)prop_below(&p, (uint64_t)usual), &p);
                stamps[i] = c.raw + (int64_t)c.realtime;
                raws[i] = c.raw;
            }
            int64_t width = (int64_t)prop_below(&p, 2000);
            int64_t error = (int64_t)prop_below(&p, (uint64_t)(2 * width + 1)) - width;
            pair(&map, c.raw, c.raw + (int64_t)c.realtime + error, width);
            for (int i = 0; i < 4; i++) {
                int64_t raw, bound;
                if (locate(&map, stamps[i], &raw, &bound) != RAWMAP_OK) {
                    refused++;
                    continue;
                }
                placed++;
                ck_assert_msg(llabs(raw - raws[i]) <= bound, "off by %lld, width %lld",
                              (long long)(raw - raws[i]), (long long)bound);
            }
        }
    }
    ck_assert_int_gt(placed, 50 * refused);
}
END_TEST

/* A loop that is busy at first and idle later, and the reverse: near now the pairs are dense, and they reach back. */
START_TEST(keeps_a_spread)
{
    struct rawmap map;
    rawmap_init(&map);
    int64_t raw = S;
    for (int k = 0; k < 100000; k++) {
        raw += 300000;
        pair(&map, raw, raw + S, 50);
    }
    ck_assert_uint_eq(map.count, RAWMAP_PAIRS);
    ck_assert_int_ge(raw - map.pairs[0].raw_ns, 20 * S);
    for (uint32_t i = 1; i < map.count; i++) {
        int64_t gap = map.pairs[i].raw_ns - map.pairs[i - 1].raw_ns, age = raw - map.pairs[i].raw_ns;
        ck_assert_int_le(gap, age / 2 + 2 * MS);
    }
    for (int k = 0; k < 100; k++) {
        raw += S;
        pair(&map, raw, raw + S, 50);
    }
    ck_assert_int_le(raw - map.pairs[0].raw_ns, RAWMAP_AGE_NS);
    ck_assert_uint_ge(map.count, 55);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("rawmap");
    TCase *t = tcase_create("rawmap");
    suite_add_tcase(s, t);
    tcase_set_timeout(t, 60);
    tcase_add_test(t, as_in_the_header);
    tcase_add_test(t, leap);
    tcase_add_test(t, steps);
    tcase_add_test(t, set_back);
    tcase_add_test(t, within_its_width);
    tcase_add_test(t, keeps_a_spread);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed == 0 ? 0 : 1;
}
