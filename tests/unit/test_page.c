/* SPDX-License-Identifier: Apache-2.0 */
/* The layout of the clock page, its seqlock, and what a line says at an instant. */
#include <check.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "sdk/time/page_quick.h"
#include "tests/unit/prop.h"

enum { GENERATION = 2, FLAGS = 3, NS_PER_MS = 1000000 };
#define S INT64_C(1000000000)

static const struct clock_line sample_line = {
    .boot_id = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16},
    .timeline = 77,
    .as_of = {50 * S},
    .tai = {1000 * S},
    .half_width = {1 * NS_PER_MS},
    .rate = {2000},
    .growth = {500000},
    .void_after = {110 * S},
    .realtime_minus_raw_ns = 913 * S,
    .tai_utc_s = 37,
    .next_tai_utc_s = 37,
    .next_leap = {PAGE_NEVER},
    .utc = TAISTAMP_UTC_EXPIRED,
    .status = TAISTAMP_STATUS_SINGLE_REFERENCE,
    .source = TAISTAMP_CLOCK_SYSTEM,
    .term = 3,
    .master = 4,
};

/* xorshift64*. */
static uint64_t next_random(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * UINT64_C(2685821657736338717);
}

static int64_t random_within(uint64_t *state, int64_t low, int64_t high)
{
    return (int64_t)((uint64_t)low + next_random(state) % ((uint64_t)high - (uint64_t)low + 1));
}

static void assert_same_line(const struct clock_line *a, const struct clock_line *b)
{
    ck_assert_mem_eq(a->boot_id, b->boot_id, 16);
    ck_assert_uint_eq(a->timeline, b->timeline);
    ck_assert_int_eq(a->as_of.ns, b->as_of.ns);
    ck_assert_int_eq(a->tai.ns, b->tai.ns);
    ck_assert_int_eq(a->half_width.ns, b->half_width.ns);
    ck_assert_int_eq(a->rate.ppb, b->rate.ppb);
    ck_assert_int_eq(a->growth.ppb, b->growth.ppb);
    ck_assert_int_eq(a->void_after.ns, b->void_after.ns);
    ck_assert_int_eq(a->realtime_minus_raw_ns, b->realtime_minus_raw_ns);
    ck_assert_int_eq(a->tai_utc_s, b->tai_utc_s);
    ck_assert_int_eq(a->next_tai_utc_s, b->next_tai_utc_s);
    ck_assert_int_eq(a->next_leap.ns, b->next_leap.ns);
    ck_assert_int_eq(a->utc, b->utc);
    ck_assert_int_eq(a->status, b->status);
    ck_assert_int_eq(a->source, b->source);
    ck_assert_uint_eq(a->term, b->term);
    ck_assert_uint_eq(a->master, b->master);
}

START_TEST(a_line_comes_back_as_written)
{
    static struct clock_page page;
    struct clock_line line;
    page_init(&page);
    page_write(&page, &sample_line);
    ck_assert_int_eq(page_read(&page, &line, NULL), PAGE_OK);
    assert_same_line(&line, &sample_line);
    struct clock_line negative = sample_line;
    negative.rate.ppb = -1000;
    negative.tai_utc_s = -5;
    negative.realtime_minus_raw_ns = -3;
    negative.tai.ns = -7;
    page_write(&page, &negative);
    ck_assert_int_eq(page_read(&page, &line, NULL), PAGE_OK);
    assert_same_line(&line, &negative);
}
END_TEST

START_TEST(the_bytes_are_where_the_picture_says)
{
    static struct clock_page page;
    page_init(&page);
    page_write(&page, &sample_line);
    uint64_t words[PAGE_WORDS];
    memcpy(words, &page, sizeof words);
    ck_assert_mem_eq(words, "TAICLOCK", 8);
    ck_assert_uint_eq(words[1], 1);
    ck_assert_uint_eq(words[2], 4);
    ck_assert_uint_eq(words[3], UINT64_C(0x5441494301030101));
    ck_assert_mem_eq(&words[4], sample_line.boot_id, 16);
    static const uint64_t rest[] = {77,
                                    50000000000,
                                    1000000000000,
                                    1000000,
                                    UINT64_C(500000) << 32 | 2000,
                                    110000000000,
                                    913000000000,
                                    UINT64_C(37) << 32 | 37,
                                    PAGE_NEVER,
                                    3,
                                    4,
                                    0};
    ck_assert_mem_eq(&words[6], rest, sizeof rest);
}
END_TEST

/* Information beside the line: it comes back, a page without it says so, and no bytes of it make a page foreign. */
START_TEST(what_the_width_is_made_of)
{
    static struct clock_page page;
    struct clock_line line = sample_line, back;
    page_init(&page);
    page_write(&page, &line);
    ck_assert_int_eq(page_read(&page, &back, NULL), PAGE_OK);
    ck_assert(!back.make.said && !back.make.has_reference && back.make.upstream_ns == 0);
    for (int has = 0; has < 2; has++) {
        line.make = (struct page_make){.said = true,
                                       .has_reference = has,
                                       .kind = TAISTAMP_CLOCK_UPSTREAM,
                                       .references = 3,
                                       .leap_heard = has,
                                       .leap_differs = has ? 2 : 0,
                                       .holdover_ns = has ? 5 * S : -1,
                                       .upstream_ns = 11,
                                       .path_ns = 12,
                                       .stamps_ns = 13,
                                       .age_ns = 14,
                                       .slew_ns = INT64_MAX};
        page_write(&page, &line);
        ck_assert_int_eq(page_read(&page, &back, NULL), PAGE_OK);
        ck_assert(back.make.said && back.make.has_reference == has && back.make.references == 3);
        ck_assert(back.make.leap_heard == has && back.make.leap_differs == (has ? 2 : 0));
        ck_assert_int_eq(back.make.kind, has ? TAISTAMP_CLOCK_UPSTREAM : TAISTAMP_CLOCK_ASSUMED);
        ck_assert_int_eq(back.make.holdover_ns, has ? 5 * S : -1);
        ck_assert(back.make.upstream_ns == 11 && back.make.path_ns == 12 && back.make.stamps_ns == 13);
        ck_assert(back.make.age_ns == 14 && back.make.slew_ns == INT64_MAX);
    }
    uint64_t words[PAGE_WORDS];
    memcpy(words, &page, sizeof words);
    static const uint64_t picture[] = {
        1 | TAISTAMP_CLOCK_UPSTREAM << 8 | 3 << 16 | 3 << 24, 5000000000, 11, 12, 13, 14, INT64_MAX, 0};
    ck_assert_mem_eq(&words[18], picture, sizeof picture);
    for (uint64_t state = 1, i = 0; i < 2000; i++) {
        for (int word = 18; word < 25; word++)
            atomic_store(&page.words[word], next_random(&state) >> (i % 64));
        ck_assert_int_eq(page_read(&page, &back, NULL), PAGE_OK);
        ck_assert(back.make.kind <= TAISTAMP_CLOCK_ASSUMED && back.make.holdover_ns >= -1);
        ck_assert(back.make.upstream_ns >= 0 && back.make.path_ns >= 0 && back.make.stamps_ns >= 0);
        ck_assert(back.make.age_ns >= 0 && back.make.slew_ns >= 0);
    }
}
END_TEST

START_TEST(a_fresh_page_says_unknown_whatever_was_there)
{
    static struct clock_page page;
    struct clock_line line;
    struct taistamp_reading r;
    for (uint64_t seed = 1; seed < 200; seed++) {
        uint64_t state = seed;
        for (int i = 0; i < PAGE_WORDS; i++)
            atomic_store(&page.words[i], seed == 1 ? 0 : next_random(&state));
        page_init(&page);
        ck_assert_int_eq(page_read(&page, &line, NULL), PAGE_OK);
        page_evaluate(&line, (tai_mono_t){5 * S}, 0, &r);
        ck_assert_int_eq(r.status, TAISTAMP_STATUS_UNKNOWN);
        ck_assert_int_eq(r.utc, TAISTAMP_UTC_UNKNOWN);
    }
}
END_TEST

START_TEST(a_writer_that_died_half_way_shows_and_is_repaired)
{
    static struct clock_page page;
    struct clock_line line = sample_line;
    struct taistamp_reading r;
    page_init(&page);
    page_write(&page, &sample_line);
    uint64_t generation = 1;
    ck_assert_int_eq(page_read(&page, &line, &generation), PAGE_OK);
    ck_assert(page_read_quick(&page, generation, (tai_mono_t){51 * S}, 964 * S, &r));
    atomic_fetch_add(&page.words[GENERATION], 1);
    atomic_store(&page.words[7], 0); /* as_of of the line it was about to write */
    ck_assert_int_eq(page_read(&page, &line, NULL), PAGE_BUSY);
    assert_same_line(&line, &sample_line);
    ck_assert(!page_read_quick(&page, generation, (tai_mono_t){51 * S}, 964 * S, &r));
    uint64_t before = atomic_load(&page.words[GENERATION]);
    page_init(&page);
    ck_assert_uint_eq(atomic_load(&page.words[GENERATION]) % 2, 0);
    ck_assert_uint_gt(atomic_load(&page.words[GENERATION]), before);
    ck_assert_int_eq(page_read(&page, &line, NULL), PAGE_OK);
    ck_assert_int_eq(line.status, TAISTAMP_STATUS_UNKNOWN);
}
END_TEST

struct moment {
    const char *what;
    int64_t now, realtime; /* realtime: difference from what the page says REALTIME - RAW is */
    enum taistamp_status status;
    int64_t mid, half; /* of the interval, where there is one */
};
static const struct moment moments[] = {
    {"as of", 50 * S, 0, TAISTAMP_STATUS_SINGLE_REFERENCE, 1000 * S, 1000002},
    {"the worked number", 52 * S, 0, TAISTAMP_STATUS_SINGLE_REFERENCE, 1002 * S + 4000, 2000002},
    {"last instant", 110 * S, 0, TAISTAMP_STATUS_SINGLE_REFERENCE, 1060 * S + 120000, 31000002},
    {"void", 110 * S + 1, 0, TAISTAMP_STATUS_EXPIRED, 0, 0},
    {"void wins over disrupted", 111 * S, 99 * S, TAISTAMP_STATUS_EXPIRED, 0, 0},
    {"other processor", 50 * S - PAGE_BACK_NS, 0, TAISTAMP_STATUS_SINGLE_REFERENCE, 1000 * S - 1000002,
     1000502},
    {"other timeline", 50 * S - PAGE_BACK_NS - 1, 0, TAISTAMP_STATUS_DISRUPTED, 0, 0},
    {"raw began again", 0, 0, TAISTAMP_STATUS_DISRUPTED, 0, 0},
    {"late coarse clock", 50 * S, -20 * NS_PER_MS, TAISTAMP_STATUS_SINGLE_REFERENCE, 1000 * S, 1000002},
    {"set back", 50 * S, -20 * NS_PER_MS - 1, TAISTAMP_STATUS_DISRUPTED, 0, 0},
    {"set forward", 50 * S, 20 * NS_PER_MS + 1, TAISTAMP_STATUS_DISRUPTED, 0, 0},
    {"slewed for 2 s", 52 * S, 21 * NS_PER_MS, TAISTAMP_STATUS_SINGLE_REFERENCE, 1002 * S + 4000, 2000002},
    {"slewed faster", 52 * S, 21 * NS_PER_MS + 1, TAISTAMP_STATUS_DISRUPTED, 0, 0},
    {"slept an hour", 52 * S, 3600 * S, TAISTAMP_STATUS_DISRUPTED, 0, 0},
    {"clock at its end", 52 * S, INT64_MAX - 1000 * S, TAISTAMP_STATUS_DISRUPTED, 0, 0},
};

START_TEST(a_line_says_this_at_these_moments)
{
    const struct moment *m = &moments[_i];
    static struct clock_page page;
    page_init(&page);
    page_write(&page, &sample_line);
    int64_t realtime = m->now + sample_line.realtime_minus_raw_ns + m->realtime;
    struct taistamp_reading r, quick;
    page_evaluate(&sample_line, (tai_mono_t){m->now}, realtime, &r);
    ck_assert_msg(r.status == m->status, "%s: %s", m->what, r.status == m->status ? "" : "status");
    bool has = page_status_has_interval(m->status);
    ck_assert_msg(r.tai.earliest.ns == (has ? m->mid - m->half : 0), "%s: earliest %lld", m->what,
                  (long long)r.tai.earliest.ns);
    ck_assert_msg(r.tai.latest.ns == (has ? m->mid + m->half : 0), "%s: latest %lld", m->what,
                  (long long)r.tai.latest.ns);
    ck_assert_int_eq(r.utc, has ? TAISTAMP_UTC_EXPIRED : TAISTAMP_UTC_UNKNOWN);
    struct clock_line line;
    uint64_t generation = 1;
    ck_assert_int_eq(page_read(&page, &line, &generation), PAGE_OK);
    bool quickly = page_read_quick(&page, generation, (tai_mono_t){m->now}, realtime, &quick);
    bool easy = has && m->now >= 50 * S && m->realtime < 21 * NS_PER_MS; /* it tolerates 488 ppm, not 500 */
    ck_assert_msg(quickly == easy, "%s: quick", m->what);
    if (quickly)
        ck_assert_mem_eq(&quick.tai, &r.tai, sizeof r.tai);
}
END_TEST

START_TEST(a_line_of_zeroes_claims_nothing)
{
    struct clock_line line = {.boot_id = {0}};
    struct taistamp_reading r;
    page_evaluate(&line, (tai_mono_t){S}, S, &r);
    ck_assert_int_eq(r.status, TAISTAMP_STATUS_EXPIRED);
}
END_TEST

START_TEST(statuses_without_interval_pass_through)
{
    static const enum taistamp_status none[] = {TAISTAMP_STATUS_UNKNOWN, TAISTAMP_STATUS_DISRUPTED};
    struct taistamp_reading r;
    for (size_t i = 0; i < 2; i++) {
        struct clock_line line = sample_line;
        line.status = none[i];
        line.half_width.ns = INT64_MAX;
        page_evaluate(&line, (tai_mono_t){51 * S}, 964 * S, &r);
        ck_assert_int_eq(r.status, none[i]);
        ck_assert_int_eq(r.tai.latest.ns, 0);
        page_evaluate(&line, (tai_mono_t){111 * S}, 1024 * S, &r);
        ck_assert_int_eq(r.status, TAISTAMP_STATUS_EXPIRED);
    }
}
END_TEST

/* REALTIME jumps by -step seconds at the leap second; near it both relations are right, after it only one. */
struct leap_moment {
    int64_t after_leap, realtime;
    bool steady;
    int32_t tai_utc;
};
static const struct leap_moment leap_moments[] = {
    {-3 * S, 0, true, 37},       {-3 * S, -1, false, 37}, {-2 * S, 0, true, 37},  {-1 * S, -1, true, 37},
    {-1 * S, 0, true, 37},       {0, -1, true, 38},       {0, 0, true, 38},       {2 * S, 0, true, 38},
    {2 * S + 1000, 0, false, 0}, {3 * S, -1, true, 38},   {50 * S, -1, true, 38}, {50 * S, 0, false, 0},
    {50 * S, 1, false, 0},
};

START_TEST(a_reader_goes_through_a_leap_second)
{
    const struct leap_moment *m = &leap_moments[_i];
    for (int step = -1; step <= 1; step += 2) {
        struct clock_line line = sample_line;
        line.rate.ppb = 0;
        line.next_leap.ns = 1005 * S;
        line.next_tai_utc_s = 37 + step;
        struct taistamp_reading r;
        int64_t now = 55 * S + m->after_leap;
        page_evaluate(&line, (tai_mono_t){now}, now + 913 * S + m->realtime * step * S, &r);
        ck_assert_int_eq(r.status, m->steady ? TAISTAMP_STATUS_SINGLE_REFERENCE : TAISTAMP_STATUS_DISRUPTED);
        if (m->steady)
            ck_assert_int_eq(r.tai_utc_s, m->tai_utc == 38 ? 37 + step : 37);
    }
}
END_TEST

/* One field beyond its range each. */
static const struct {
    int word;
    uint64_t value;
} corruptions[] = {
    {0, 0},
    {1, 2},
    {FLAGS, 0},
    {FLAGS, UINT64_C(0x5441494302030101)},    /* version 2 */
    {FLAGS, UINT64_C(0x5441494301030106)},    /* status expired */
    {FLAGS, UINT64_C(0x54414943010301FF)},    /* no status */
    {FLAGS, UINT64_C(0x5441494301030301)},    /* no utc status */
    {FLAGS, UINT64_C(0x5441494301050101)},    /* no source */
    {7, (uint64_t)INT64_C(-1)},               /* as_of */
    {7, 111 * S},                             /* as_of after void_after */
    {8, (uint64_t)(PAGE_INSTANT_NS_MAX + 1)}, /* tai */
    {8, (uint64_t)INT64_MIN},
    {9, (uint64_t)INT64_C(-1)}, /* half_width */
    {9, (uint64_t)(PAGE_WIDTH_NS_MAX + 1)},
    {10, UINT64_C(500000) << 32 | 1000001}, /* rate */
    {10, UINT64_C(500000) << 32 | 0x80000000},
    {10, UINT64_C(1000001) << 32}, /* growth */
    {10, UINT64_C(0xFFFFFFFF) << 32},
    {11, (uint64_t)(50 * S + PAGE_LIFE_NS_MAX + 1)}, /* void_after */
    {12, (uint64_t)(PAGE_INSTANT_NS_MAX + 1)},       /* realtime_minus_raw */
    {13, UINT64_C(37) << 32 | 1001},                 /* tai_utc */
    {13, UINT64_C(1001) << 32 | 37},                 /* next_tai_utc */
    {14, (uint64_t)(PAGE_INSTANT_NS_MAX + 1)},       /* next_leap */
    {14, (uint64_t)INT64_MIN},
};

START_TEST(a_field_out_of_range_is_foreign)
{
    static struct clock_page page;
    struct clock_line line = sample_line;
    page_init(&page);
    page_write(&page, &sample_line);
    atomic_store(&page.words[corruptions[_i].word], corruptions[_i].value);
    ck_assert_int_eq(page_read(&page, &line, NULL), PAGE_FOREIGN);
    assert_same_line(&line, &sample_line);
}
END_TEST

static struct clock_line random_line(uint64_t *state)
{
    struct clock_line l = {.boot_id = {9}, .as_of = {random_within(state, 0, INT64_C(1) << 50)}};
    l.tai.ns = random_within(state, -PAGE_INSTANT_NS_MAX, PAGE_INSTANT_NS_MAX);
    l.half_width.ns = random_within(state, 0, PAGE_WIDTH_NS_MAX);
    l.rate.ppb = (int32_t)random_within(state, -PAGE_RATE_PPB_MAX, PAGE_RATE_PPB_MAX);
    l.growth.ppb = (int32_t)random_within(state, 0, PAGE_GROWTH_PPB_MAX);
    l.void_after.ns = l.as_of.ns + random_within(state, 0, PAGE_LIFE_NS_MAX);
    l.realtime_minus_raw_ns = random_within(state, -PAGE_INSTANT_NS_MAX, PAGE_INSTANT_NS_MAX);
    l.tai_utc_s = (int32_t)random_within(state, -PAGE_TAI_UTC_S_MAX, PAGE_TAI_UTC_S_MAX);
    l.next_tai_utc_s = l.tai_utc_s + (l.tai_utc_s < 0 ? 1 : -1);
    l.next_leap.ns = random_within(state, 0, 3) == 0 ? PAGE_NEVER : l.tai.ns / 2;
    l.status = (enum taistamp_status)random_within(state, 0, TAISTAMP_STATUS_DISRUPTED);
    l.source = (enum taistamp_clock_source)random_within(state, 0, TAISTAMP_CLOCK_ASSUMED);
    l.utc = (enum taistamp_utc_status)random_within(state, 0, TAISTAMP_UTC_UNKNOWN);
    return l;
}

START_TEST(the_quick_reader_never_says_anything_else)
{
    static struct clock_page page;
    const uint64_t seed = prop_start("quick reader", (uint64_t)time(NULL)).state;
    uint64_t state = seed | 1;
    page_init(&page);
    int quick_ones = 0;
    for (int i = 0, rounds = prop_rounds(100000); i < rounds; i++) {
        struct clock_line line = random_line(&state), read;
        page_write(&page, &line);
        uint64_t generation = 1;
        ck_assert_int_eq(page_read(&page, &read, &generation), PAGE_OK);
        if (!page_status_has_interval(read.status))
            continue; /* the facade asks quickly for no others */
        int64_t now = line.as_of.ns + random_within(&state, -2 * PAGE_BACK_NS, PAGE_LIFE_NS_MAX);
        int64_t off = random_within(&state, -30 * NS_PER_MS, 30 * NS_PER_MS);
        int64_t realtime = (int64_t)((uint64_t)now + (uint64_t)line.realtime_minus_raw_ns + (uint64_t)off);
        struct taistamp_reading slow, quick;
        page_evaluate(&read, (tai_mono_t){now}, realtime, &slow);
        if (!page_read_quick(&page, generation, (tai_mono_t){now}, realtime, &quick))
            continue;
        quick_ones++;
        ck_assert_msg(memcmp(&quick.tai, &slow.tai, sizeof slow.tai) == 0 && quick.status == slow.status &&
                          quick.source == slow.source && quick.utc == slow.utc &&
                          quick.tai_utc_s == slow.tai_utc_s,
                      "TEST_SEED=%llu round %d", (unsigned long long)seed, i);
    }
    ck_assert_int_gt(quick_ones, 1000);
}
END_TEST

/* A line whose fields all follow from `k`, so that a mixture of two shows. */
static struct clock_line torture_line(uint64_t k)
{
    int64_t j = (int64_t)(k % 1000);
    struct clock_line l = sample_line;
    memset(l.boot_id, (int)(k & 255), sizeof l.boot_id);
    l.timeline = l.term = k;
    l.master = ~k;
    l.as_of.ns = j * 1000;
    l.tai.ns = l.as_of.ns + j * NS_PER_MS;
    l.half_width.ns = j * 7;
    l.rate.ppb = 0;
    l.growth.ppb = 0;
    l.realtime_minus_raw_ns = j;
    l.tai_utc_s = l.next_tai_utc_s = (int32_t)j;
    return l;
}

static void torture_writer(struct clock_page *page)
{
    for (uint64_t k = 1; getppid() != 1; k++) {
        for (int i = 0; i < 1000; i++) {
            struct clock_line line = torture_line(k++);
            memset(line.boot_id, 5, sizeof line.boot_id);
            page_write(page, &line);
        }
    }
    _exit(0);
}

static void torture_check(const struct clock_page *page, uint64_t *full, uint64_t *quick)
{
    static const uint8_t boot_id[16] = {5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5};
    struct clock_line l;
    if (page_read(page, &l, NULL) == PAGE_OK && l.term != 0) {
        struct clock_line want = torture_line(l.term);
        memcpy(want.boot_id, boot_id, sizeof boot_id);
        assert_same_line(&l, &want);
        (*full)++;
    }
    struct taistamp_reading r;
    tai_mono_t now = {S};
    uint64_t generation = atomic_load(&page->words[GENERATION]);
    if (generation % 2 == 0 && page_read_quick(page, generation, now, S, &r)) {
        int64_t j = r.tai_utc_s;
        ck_assert_int_eq(r.tai.earliest.ns, S + j * NS_PER_MS - (j * 7 + 2));
        ck_assert_int_eq(r.tai.latest.ns, S + j * NS_PER_MS + (j * 7 + 2));
        (*quick)++;
    }
}

START_TEST(readers_never_see_half_a_line)
{
    struct clock_page *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ck_assert(page != MAP_FAILED);
    page_init(page);
    pid_t writer = fork();
    ck_assert_int_ge(writer, 0);
    if (writer == 0)
        torture_writer(page);
    struct timespec start, now;
    clock_gettime(CLOCK_MONOTONIC, &start);
    uint64_t full = 0, quick = 0;
    do {
        for (int i = 0; i < 1000; i++)
            torture_check(page, &full, &quick);
        clock_gettime(CLOCK_MONOTONIC, &now);
    } while ((now.tv_sec - start.tv_sec) * 1000 + (now.tv_nsec - start.tv_nsec) / 1000000 < 1500);
    kill(writer, SIGKILL);
    waitpid(writer, NULL, 0);
    ck_assert_uint_gt(full, 0);
    ck_assert_uint_gt(quick, 0);
    munmap(page, 4096);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("page");
    TCase *tc = tcase_create("page");
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, a_line_comes_back_as_written);
    tcase_add_test(tc, the_bytes_are_where_the_picture_says);
    tcase_add_test(tc, what_the_width_is_made_of);
    tcase_add_test(tc, a_fresh_page_says_unknown_whatever_was_there);
    tcase_add_test(tc, a_writer_that_died_half_way_shows_and_is_repaired);
    tcase_add_loop_test(tc, a_line_says_this_at_these_moments, 0, sizeof moments / sizeof *moments);
    tcase_add_test(tc, a_line_of_zeroes_claims_nothing);
    tcase_add_test(tc, statuses_without_interval_pass_through);
    tcase_add_loop_test(tc, a_reader_goes_through_a_leap_second, 0,
                        sizeof leap_moments / sizeof *leap_moments);
    tcase_add_loop_test(tc, a_field_out_of_range_is_foreign, 0, sizeof corruptions / sizeof *corruptions);
    tcase_add_test(tc, the_quick_reader_never_says_anything_else);
    tcase_add_test(tc, readers_never_see_half_a_line);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
