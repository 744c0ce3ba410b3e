/* SPDX-License-Identifier: Apache-2.0 */
/* server/clock/core/ntp_client: when it asks, whom it obeys, and that what counts is true. */
#include <check.h>
#include <string.h>

#include "server/clock/core/refclock_filter.h"
#include "tests/unit/ntp_world.h"
#include "tests/unit/prop.h"

#define S  WORLD_S
#define MS WORLD_MS

/* Nothing but version, mode, precision 32 and the random number: no time, name or state of this machine. */
START_TEST(request_says_nothing)
{
    uint8_t request[NTP_REQUEST_BYTES_MAX], other[NTP_REQUEST_BYTES_MAX];
    uint8_t expected[NTP_HEADER_BYTES] = {0x23, 0, 0, 32};
    memcpy(expected + 40, "\x01\x02\x03\x04\x05\x06\x07\x08", 8);
    struct ntp_world w;
    ntp_world_init(&w, 64 * S);
    ck_assert(ntp_client_request(&w.client, (sync_timeline_t){1}, (tai_mono_t){5 * S}, 0, 0x0102030405060708,
                                 request) == NTP_HEADER_BYTES);
    ck_assert_mem_eq(request, expected, sizeof expected);
    struct ntp_measured m;
    ntp_world_exchange(&w, &m);
    ck_assert(ntp_client_request(&w.client, (sync_timeline_t){1}, (tai_mono_t){900 * S}, 0,
                                 0x0102030405060708, other) == NTP_HEADER_BYTES);
    ck_assert_mem_eq(other, expected, sizeof expected);
}
END_TEST

/* The worked number of the header. */
START_TEST(as_in_the_header)
{
    struct ntp_world w;
    struct ntp_measured m;
    ntp_world_init(&w, 64 * S);
    w.server.root_dispersion = 328; /* 5.005 ms */
    w.there_ns = 10 * MS;
    w.inside_ns = MS;
    w.back_ns = 20 * MS;
    ck_assert_int_eq(ntp_world_exchange(&w, &m), NTP_OK);
    ck_assert(ntp_world_true(&w, &m));
    ck_assert_int_ge(m.error_ns, 20 * MS);
    ck_assert_int_le(m.error_ns, 20 * MS + 50000);
    ck_assert_int_eq(m.raw.ns, w.raw_ns);
    ck_assert_int_eq(m.warning, REFCLOCK_LEAP_NONE);
}
END_TEST

/* ---- Kiss-o'-death ---- */

START_TEST(rate_slows_down)
{
    struct ntp_world w;
    struct ntp_measured m;
    ntp_world_init(&w, 16 * S);
    w.server.stratum = 0;
    w.server.reference_id = 0x52415445;
    int64_t poll = 16 * S;
    for (int i = 0; i < 20; i++) {
        int64_t asked = ntp_client_due(&w.client).ns;
        ck_assert_int_eq(ntp_world_exchange(&w, &m), NTP_KISS_RATE);
        poll = poll * 2 < NTP_POLL_NS_MAX ? poll * 2 : NTP_POLL_NS_MAX;
        ck_assert_int_eq(w.client.poll_ns, poll);
        ck_assert_int_ge(ntp_client_due(&w.client).ns - asked, poll);
    }
    w.server.stratum = 1; /* it serves again: the interval stays */
    w.server.reference_id = 0x47505300;
    ck_assert_int_eq(ntp_world_exchange(&w, &m), NTP_OK);
    ck_assert_int_eq(w.client.poll_ns, NTP_POLL_NS_MAX);
    ntp_world_init(&w, 16 * S);
    w.server.stratum = 0;
    w.server.reference_id = 0x52415445;
    w.server.poll = 10; /* it says how slow */
    ck_assert_int_eq(ntp_world_exchange(&w, &m), NTP_KISS_RATE);
    ck_assert_int_eq(w.client.poll_ns, 1024 * S);
    w.server.poll = 127; /* nonsense is not heeded */
    ck_assert_int_eq(ntp_world_exchange(&w, &m), NTP_KISS_RATE);
    ck_assert_int_eq(w.client.poll_ns, 2048 * S);
}
END_TEST

START_TEST(deny_ends_it)
{
    struct ntp_world w;
    struct ntp_measured m;
    uint8_t request[NTP_REQUEST_BYTES_MAX];
    ntp_world_init(&w, 16 * S);
    w.server.stratum = 0;
    w.server.reference_id = 0x44454e59;
    ck_assert_int_eq(ntp_world_exchange(&w, &m), NTP_KISS_DENY);
    ck_assert_int_eq(ntp_verdict_means(NTP_KISS_DENY), REFCLOCK_REFUSED);
    ck_assert(ntp_client_due(&w.client).ns == INT64_MAX);
    ntp_client_restart(&w.client, (tai_mono_t){w.raw_ns}, false);
    ck_assert(ntp_client_due(&w.client).ns == INT64_MAX);
    ck_assert(ntp_client_request(&w.client, (sync_timeline_t){77}, (tai_mono_t){w.raw_ns}, 0, 1, request) ==
              0);
    ntp_client_restart(&w.client, (tai_mono_t){w.raw_ns}, true); /* another server */
    w.server.stratum = 1;
    ck_assert_int_eq(ntp_world_exchange(&w, &m), NTP_OK);
}
END_TEST

/* ---- When it asks ---- */

START_TEST(burst_and_pauses)
{
    struct ntp_world w;
    struct ntp_measured m;
    ntp_world_init(&w, 64 * S);
    int64_t first = w.raw_ns;
    ck_assert(ntp_client_due(&w.client).ns == first);
    for (int i = 0; i < 1 + NTP_BURST; i++) {
        ck_assert_int_eq(ntp_client_due(&w.client).ns, first + i * 2 * S);
        ck_assert_int_eq(ntp_world_exchange(&w, &m), NTP_OK);
    }
    for (int i = 0; i < 50; i++) {
        int64_t before = w.raw_ns;
        ntp_world_exchange(&w, &m);
        int64_t apart = w.raw_ns - before;
        ck_assert(apart >= 63 * S - MS && apart <= 65 * S + MS);
    }
    /* It falls silent: no burst, and no faster than before. */
    for (int i = 0; i < 20; i++) {
        ck_assert(ntp_client_silent(&w.client) == (i > NTP_PATIENCE));
        int64_t before = w.raw_ns = ntp_client_due(&w.client).ns;
        ntp_world_ask(&w);
        ck_assert_int_ge(ntp_client_due(&w.client).ns - before, 63 * S);
    }
    /* It is back: a burst. */
    w.raw_ns = ntp_client_due(&w.client).ns;
    ck_assert_int_eq(ntp_world_exchange(&w, &m), NTP_OK);
    ck_assert_int_le(ntp_client_due(&w.client).ns - w.raw_ns, 2 * S);
    ck_assert(!ntp_client_silent(&w.client));
    /* A poll of 1 s that nobody answers slows down to 64 s. */
    ntp_world_init(&w, S);
    int64_t pause = 0;
    for (int i = 0; i < 30; i++) {
        w.raw_ns = ntp_client_due(&w.client).ns;
        int64_t before = w.raw_ns;
        ntp_world_ask(&w);
        pause = ntp_client_due(&w.client).ns - before;
    }
    ck_assert(pause >= 63 * S && pause <= 65 * S);
}
END_TEST

/* ---- Truth ---- */

/* Whatever the path does, and whatever the server's clock does within its root distance: true TAI is within the error, and
 * the error is half the round trip, the root distance and what the estimate is off the middle. */
START_TEST(always_true)
{
    struct prop p = prop_start("always_true", 41);
    for (int run = 0; run < 60; run++) {
        struct ntp_world w;
        int64_t least = (int64_t)prop_below(&p, 30 * MS), jitter = 1 + (int64_t)prop_below(&p, 20 * MS);
        int64_t bound = 1 + (int64_t)prop_below(&p, 10 * MS), worst = 0;
        /* A clock that is another one at each exchange is none that the envelope knows: only the interval holds then. */
        bool restless = run % 2 == 0;
        int64_t rate = (int64_t)prop_below(&p, 100000) - 50000; /* ppb of our oscillator */
        ntp_world_init(&w, 16 * S);
        w.server.root_dispersion = (uint32_t)((bound << 16) / S + 1);
        w.base_ns += (int64_t)prop_below(&p, 1000) * S;
        int64_t base = w.base_ns;
        for (int i = 0; i < 150; i++) {
            struct ntp_measured m;
            if (i == 0 || restless)
                w.off_ns = (int64_t)prop_below(&p, (uint64_t)(2 * bound)) - bound;
            w.there_ns = least + (int64_t)prop_below(&p, (uint64_t)jitter);
            w.back_ns = least + (int64_t)prop_below(&p, (uint64_t)jitter);
            w.base_ns = base + (w.raw_ns - 1000 * S) / 1000000000 * rate;
            enum ntp_verdict v = ntp_world_exchange(&w, &m);
            ck_assert_int_eq(v, NTP_OK);
            ck_assert(ntp_world_true(&w, &m));
            ck_assert_int_le(m.error_ns, w.there_ns + w.back_ns + bound + MS);
            int64_t off = m.tai.ns - m.raw.ns - w.base_ns;
            if (i > 100)
                worst = off < 0 ? (-off > worst ? -off : worst) : (off > worst ? off : worst);
        }
        ck_assert(restless || worst <= jitter + bound + MS);
    }
}
END_TEST

/* The estimate uses both directions' envelopes: far better than half a round trip. */
START_TEST(envelope_pays)
{
    struct prop p = prop_start("envelope_pays", 42);
    struct ntp_world w;
    struct ntp_measured m;
    int64_t raw = 0, filtered = 0;
    ntp_world_init(&w, 16 * S);
    for (int i = 0; i < 400; i++) {
        w.there_ns = 5 * MS + (int64_t)prop_below(&p, 4 * MS);
        w.back_ns = 5 * MS + (int64_t)prop_below(&p, 4 * MS);
        ck_assert_int_eq(ntp_world_exchange(&w, &m), NTP_OK);
        ck_assert(ntp_world_true(&w, &m));
        int64_t off = m.tai.ns - m.raw.ns - w.base_ns, half = (w.there_ns - w.back_ns) / 2;
        if (i >= 100) {
            filtered += off < 0 ? -off : off;
            raw += half < 0 ? -half : half;
        }
    }
    printf("mean error %lld ns, of single exchanges %lld ns\n", (long long)filtered / 300,
           (long long)raw / 300);
    ck_assert_int_lt(filtered * 2, raw);
}
END_TEST

/* On through the filter that every source has (refclock_filter.h), which sees the envelope's estimates as samples: true at every
 * second between polls, by an oscillator 12 ppm off. */
START_TEST(through_the_filter)
{
    struct prop p = prop_start("through_the_filter", 43);
    struct ntp_world w;
    struct refclock_filter filter;
    const int64_t ppb = 12000;
    struct refclock_estimate e = {.fit = 0};
    int64_t sum = 0, widest = 0, n = 0, aside = 0;
    refclock_filter_init(&filter, &(struct refclock_filter_settings){
                                      .accuracy_ns = 1000, .rate_bound = {50000}, .floor = {1000}});
    ntp_world_init(&w, 16 * S);
    int64_t base = w.base_ns, start = w.raw_ns;
    for (int i = 0; i < 600; i++) {
        struct ntp_measured m;
        w.there_ns = 5 * MS + (int64_t)prop_below(&p, 4 * MS);
        w.back_ns = 5 * MS + (int64_t)prop_below(&p, 4 * MS);
        int64_t due = ntp_client_due(&w.client).ns;
        for (int64_t raw = w.raw_ns; raw < due; raw += S) {
            int64_t truth = raw + base + (raw - start) / 1000000 * ppb / 1000;
            if (!refclock_filter_estimate(&filter, (tai_mono_t){raw}, &e))
                continue;
            int64_t off = e.tai.ns - truth;
            off = off < 0 ? -off : off;
            ck_assert_int_le(off, e.half_width_ns);
            if (i > 100) {
                sum += off;
                n++;
                widest = e.half_width_ns > widest ? e.half_width_ns : widest;
            }
        }
        w.base_ns = base + ((due > w.raw_ns ? due : w.raw_ns) - start) / 1000000 * ppb / 1000;
        ck_assert_int_eq(ntp_world_exchange(&w, &m), NTP_OK);
        struct refclock_sample sample = {
            .timeline = {77}, .raw = m.raw, .tai = m.tai, .error_ns = m.error_ns, .noise_ns = m.noise_ns};
        enum refclock_filter_verdict verdict = refclock_filter_add(&filter, &sample);
        ck_assert(verdict <= REFCLOCK_FILTER_SET_ASIDE);
        aside += verdict == REFCLOCK_FILTER_SET_ASIDE;
    }
    printf("mean error %lld ns, half-width at most %lld ns, %lld of 600 set aside\n", (long long)(sum / n),
           (long long)widest, (long long)aside);
    ck_assert_int_lt(sum / n, 300000);
    ck_assert_int_le(aside, 10);
    /* Half of 18 ms, 1 ms of root dispersion, an estimate that is a little off, and as many polls without a sample as a filter sets
     * aside before it believes them, at 62 ppm. */
    ck_assert_int_lt(widest, 10 * MS + MS / 2 + (1 + TRACK_RUN) * MS);
}
END_TEST

/* A server whose clock is set contradicts itself, says nothing for that exchange, and is measured anew. */
START_TEST(jumps)
{
    struct ntp_world w;
    struct ntp_measured m;
    ntp_world_init(&w, 16 * S);
    for (int i = 0; i < 20; i++)
        ck_assert_int_eq(ntp_world_exchange(&w, &m), NTP_OK);
    w.off_ns = 50 * MS;
    ck_assert_int_eq(ntp_world_exchange(&w, &m), NTP_JUMPED);
    ck_assert_int_eq(ntp_verdict_means(NTP_JUMPED), REFCLOCK_REFUSED);
    ck_assert_int_eq(ntp_world_exchange(&w, &m), NTP_OK);
    ck_assert(!ntp_world_true(&w, &m)); /* it lies consistently now: others have to see that */
    w.off_ns = INT64_C(40) * 365 * 86400 * S;
    ck_assert_int_eq(ntp_world_exchange(&w, &m), NTP_JUMPED);
}
END_TEST

/* Our own raw timeline ends: nothing of before is used. */
START_TEST(own_timeline_ends)
{
    struct ntp_world w;
    struct ntp_measured m;
    ntp_world_init(&w, 16 * S);
    ck_assert_int_eq(ntp_world_exchange(&w, &m), NTP_OK);
    ntp_world_ask(&w);
    struct ntp_arrival a = {.timeline = {78}, .placed = true, .raw = {w.raw_ns}, .leaps = &w.leaps};
    ck_assert_int_eq(ntp_client_reply(&w.client, bytes_of(w.reply, w.reply_len), &a, &m), NTP_UNPLACED);
    ntp_world_ask(&w);
    a.timeline.id = 77;
    a.placed = false;
    ck_assert_int_eq(ntp_client_reply(&w.client, bytes_of(w.reply, w.reply_len), &a, &m), NTP_UNPLACED);
    w.raw_ns = 5 * S;
    w.base_ns += 700 * S;
    ntp_client_restart(&w.client, (tai_mono_t){w.raw_ns}, false);
    ck_assert_int_eq(ntp_world_exchange(&w, &m), NTP_OK);
    ck_assert(ntp_world_true(&w, &m));
}
END_TEST

/* A kernel's stamp replaces the reading of user space, once, and only of the open request. */
START_TEST(stamps)
{
    struct ntp_world w;
    struct ntp_measured late, early;
    ntp_world_init(&w, 16 * S);
    ntp_world_ask(&w);
    ck_assert_int_eq(ntp_world_deliver(&w, &early), NTP_OK);
    ntp_world_init(&w, 16 * S);
    int64_t sent = w.raw_ns;
    ntp_world_ask(&w);
    ntp_client_sent(&w.client, w.transmit ^ 1, (tai_mono_t){sent + 199000}, 0);
    ntp_client_sent(&w.client, w.transmit, (tai_mono_t){sent + 100000}, 0);
    ntp_client_sent(&w.client, w.transmit, (tai_mono_t){sent + 150000}, 0);
    ck_assert_int_eq(ntp_world_deliver(&w, &late), NTP_OK);
    ck_assert_int_ge(early.error_ns - late.error_ns, 49000);
    ck_assert_int_le(early.error_ns - late.error_ns, 51000);
}
END_TEST

/* The eras of NTP: 2036-02-07 is no event, and no clock of ours chooses the era. */
START_TEST(era)
{
    struct ntp_world w;
    struct ntp_measured m;
    ntp_world_init(&w, 16 * S);
    w.base_ns = (INT64_C(2085978496) + 37 - 1060) * S; /* 60 s before the era's end */
    w.leaps.table.expires.ns = w.base_ns + 100 * 86400 * S;
    for (int i = 0; i < 40; i++) {
        ck_assert_int_eq(ntp_world_exchange(&w, &m), NTP_OK);
        ck_assert(ntp_world_true(&w, &m));
    }
    ck_assert_int_gt(w.raw_ns + w.base_ns, (INT64_C(2085978496) + 37 + 60) * S);
}
END_TEST

static void add(Suite *s, const char *name, const TTest *test, int rows)
{
    TCase *t = tcase_create(name);
    suite_add_tcase(s, t);
    tcase_set_timeout(t, 120);
    tcase_add_loop_test(t, test, 0, rows);
}

int main(void)
{
    Suite *s = suite_create("ntp_client");
    add(s, "request_says_nothing", request_says_nothing, 1);
    add(s, "as_in_the_header", as_in_the_header, 1);
    add(s, "rate_slows_down", rate_slows_down, 1);
    add(s, "deny_ends_it", deny_ends_it, 1);
    add(s, "burst_and_pauses", burst_and_pauses, 1);
    add(s, "always_true", always_true, 1);
    add(s, "envelope_pays", envelope_pays, 1);
    add(s, "through_the_filter", through_the_filter, 1);
    add(s, "jumps", jumps, 1);
    add(s, "own_timeline_ends", own_timeline_ends, 1);
    add(s, "stamps", stamps, 1);
    add(s, "era", era, 1);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed == 0 ? 0 : 1;
}
