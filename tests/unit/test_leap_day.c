/* SPDX-License-Identifier: Apache-2.0 */
/* The end of a day with a second more, or a second less, as it reaches everything that carries time: the clock page, entries of a
 * log, the hybrid logical clock, and UTC as the API prints it. TAI goes through as if nothing were, and UTC names each second once. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "sdk/sync/line.h"
#include "sdk/time/arith.h"
#include "sdk/time/hlc.h"
#include "sdk/time/leap.h"
#include "server/stamp/core/issuer.h"
#include "tests/unit/leap_tables.h"
#include "tests/unit/prop.h"

enum { PER_SECOND = 16, OLD_S = 10 };
#define MIDNIGHT_S   INT64_C(1877558400) /* 2029-07-01T00:00:00Z */
#define HALF_NS      INT64_C(1500)
#define RAW_START_NS INT64_C(5000000000)
#define LAG_NS       (4 * NS_PER_S) /* as sdk/leap_watch.c has it */

struct day {
    struct leap_table table;
    int32_t change;
    tai_t next; /* the new offset takes force */
    struct clock_page page;
    struct hlc hlc;
    struct hlc_stamp stamp;
    tai_t last; /* newest entry */
    unsigned sixties, fifty_nines;
    char text[TAISTAMP_TIME_TEXT]; /* of the whole second before */
};

static void day_start(struct day *d, int32_t change)
{
    struct leap_line lines[] = {{63072000, OLD_S}, {MIDNIGHT_S, OLD_S + change}};
    struct table_text t = table_make(1870000000, 1900000000, lines, 2);
    *d = (struct day){.change = change, .next = {(MIDNIGHT_S + OLD_S + change) * NS_PER_S}};
    ck_assert_int_eq(leap_parse(bytes_of(t.text, t.len), leap_file_sha1, NULL, &d->table, NULL), TAI_OK);
    page_init(&d->page);
    hlc_init(&d->hlc, 0);
    hlc_reserved(&d->hlc, HLC_L_NS_MAX);
}

/* CLOCK_REALTIME as Linux shows it: an inserted second repeats 23:59:59, one that is left out is jumped over. */
static int64_t realtime(const struct day *d, tai_t t)
{
    int64_t changes = d->change > 0 ? d->next.ns - NS_PER_S : d->next.ns;
    return t.ns - (OLD_S + (t.ns >= changes ? d->change : 0)) * NS_PER_S;
}

/* The writer's second. */
static void publish(struct day *d, tai_t t, int64_t raw_ns)
{
    struct sync_line line = {.timeline = {1},
                             .raw = {raw_ns},
                             .tai = t,
                             .half_width = {HALF_NS},
                             .growth = {1000},
                             .expires = {raw_ns + 60 * NS_PER_S},
                             .status = TAISTAMP_STATUS_SYNCHRONISED,
                             .source = TAISTAMP_CLOCK_GPS};
    struct line_page_context context = {.timeline = 1, .realtime_minus_raw_ns = realtime(d, t) - raw_ns};
    struct sync_leap leap = {.expires = leap_expires(&d->table)};
    struct clock_line out;
    ck_assert_int_eq(leap_offset_at_tai(&d->table, (tai_t){t.ns - LAG_NS}, &leap.tai_utc_s), TAISTAMP_UTC_OK);
    leap.next_tai_utc_s = leap.tai_utc_s;
    if (!leap_next(&d->table, (tai_t){t.ns - LAG_NS}, &leap.next, &leap.next_tai_utc_s))
        leap.next.ns = PAGE_NEVER;
    if (!line_page_leap(&leap, t, &context))
        return;
    ck_assert(line_to_page(&line, &context, &out));
    page_write(&d->page, &out);
}

static void look_at_page(struct day *d, tai_t t, int64_t raw_ns, struct taistamp_reading *ret_reading)
{
    struct clock_line line;
    int32_t tai_utc_s;
    ck_assert_int_eq(page_read(&d->page, &line, NULL), PAGE_OK);
    page_evaluate(&line, (tai_mono_t){raw_ns}, realtime(d, t), ret_reading);
    ck_assert_msg(ret_reading->status == TAISTAMP_STATUS_SYNCHRONISED, "%s at %lld ns from the leap second",
                  taistamp_status_name(ret_reading->status), (long long)(t.ns - d->next.ns));
    ck_assert(ret_reading->tai.earliest.ns <= t.ns && t.ns <= ret_reading->tai.latest.ns);
    if (llabs(t.ns - d->next.ns) > 2 * HALF_NS) {
        ck_assert_int_eq(leap_offset_at_tai(&d->table, t, &tai_utc_s), TAISTAMP_UTC_OK);
        ck_assert_int_eq(ret_reading->tai_utc_s, tai_utc_s);
    }
}

static void stamp(struct day *d, const struct taistamp_reading *reading)
{
    struct issue issue;
    tai_t first, second;
    tai_bound_t h;
    issuer_batch(reading, d->last, 2, NS_PER_S, &issue);
    ck_assert_uint_eq(issue.count, 2);
    issuer_entry(&issue, 0, &first, &h);
    issuer_entry(&issue, 1, &second, &h);
    ck_assert(first.ns > d->last.ns && second.ns > first.ns && h.ns < 10 * HALF_NS);
    /* No second is skipped: between two looks passes what passed on the raw clock. */
    ck_assert(d->last.ns == 0 || llabs(first.ns - d->last.ns - NS_PER_S / PER_SECOND) < 4 * HALF_NS);
    d->last = second;
    struct hlc_stamp next = hlc_send(&d->hlc, first);
    ck_assert_int_gt(hlc_compare(next, d->stamp), 0);
    d->stamp = next;
}

/* As /v1/time prints it; whole seconds each have a name of their own. */
static void name_second(struct day *d, tai_t t)
{
    struct leap_utc utc;
    taistamp_leaps *leaps;
    char text[TAISTAMP_TIME_TEXT];
    ck_assert_int_eq(leap_utc_from_tai(&d->table, t, &utc), TAI_OK);
    d->sixties += utc.second_60;
    d->fifty_nines += !utc.second_60 && utc.posix_s == MIDNIGHT_S - 1;
    if (llabs(t.ns - d->next.ns) > 5 * NS_PER_S)
        return;
    struct leap_line lines[] = {{63072000, OLD_S}, {MIDNIGHT_S, OLD_S + d->change}};
    struct table_text made = table_make(1870000000, 1900000000, lines, 2);
    ck_assert_int_eq(taistamp_leaps_parse(made.text, made.len, &leaps, NULL), TAI_OK);
    ck_assert_int_eq(taistamp_time_print(t, TAISTAMP_UTC, 0, leaps, text, NULL), TAI_OK);
    taistamp_leaps_free(leaps);
    ck_assert_int_gt(strcmp(text, d->text), 0); /* RFC 3339 sorts, second 60 before the next day */
    memcpy(d->text, text, sizeof text);
}

static void run(int32_t change)
{
    static struct day d;
    day_start(&d, change);
    int64_t seconds = 60 * prop_share(90, 30), start_ns = d.next.ns - seconds / 2 * NS_PER_S;
    for (int64_t i = 0; i < seconds * PER_SECOND; i++) {
        int64_t gone_ns = i * NS_PER_S / PER_SECOND;
        tai_t t = {start_ns + gone_ns};
        struct taistamp_reading reading;
        if (i % PER_SECOND == 3) /* not on the second: neither is a real writer */
            publish(&d, t, RAW_START_NS + gone_ns);
        if (i < PER_SECOND)
            continue;
        look_at_page(&d, t, RAW_START_NS + gone_ns, &reading);
        stamp(&d, &reading);
        if (i % PER_SECOND == 0)
            name_second(&d, t);
    }
    ck_assert_uint_eq(d.sixties, change > 0 ? 1 : 0);
    ck_assert_uint_eq(d.fifty_nines, change > 0 ? 1 : 0);
}

START_TEST(a_second_more)
{
    run(1);
}
END_TEST

START_TEST(a_second_less)
{
    run(-1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("leap day");
    TCase *tests = tcase_create("day's end");
    SRunner *runner = srunner_create(suite);
    tcase_add_test(tests, a_second_more);
    tcase_add_test(tests, a_second_less);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
