/* SPDX-License-Identifier: Apache-2.0 */
/* server/clock/core: utc_leap, ntp_smear, upstreams. Days with a leap second, kept and smeared. */
#include <check.h>

#include "sdk/time/page.h"
#include "server/clock/core/upstreams.h"
#include "tests/unit/leap_tables.h"
#include "tests/unit/ntp_world.h"
#include "tests/unit/prop.h"

#define S    WORLD_S
#define MS   WORLD_MS
#define HOUR (3600 * S)

/* ---- UTC to TAI ---- */

/* The worked number of the header, and its negative sibling. */
START_TEST(sides_of_a_leap)
{
    for (int32_t step = -1; step <= 1; step += 2) {
        const int64_t at = 1500000000;
        struct utc_leaps leaps = {.table = {.tai_utc_s = 37,
                                            .next_tai_utc_s = 37 + step,
                                            .next = {(at + 37 + step) * S},
                                            .expires = {(at + 100000000) * S}}};
        struct utc_leaps later = {.table = {.tai_utc_s = 37 + step,
                                            .next_tai_utc_s = 37 + step,
                                            .next = {PAGE_NEVER},
                                            .expires = {(at + 100000000) * S}},
                                  .has_last = true,
                                  .last = {(at + 37 + step) * S},
                                  .last_step_s = step};
        for (int64_t s = at - 20; s < at + 20; s++) {
            tai_t tai = {-1}, again = {-1};
            int64_t doubt;
            enum utc_leap_verdict v = utc_leap_tai(&leaps, s, 5, &tai, &doubt);
            ck_assert_int_eq(v, s >= at - 5 && s < at + 5 ? UTC_LEAP_NEAR : UTC_LEAP_OK);
            ck_assert_int_eq(utc_leap_tai(&later, s, 5, &again, &doubt), v);
            ck_assert_int_eq(tai.ns, again.ns); /* known before or after: the same TAI */
            if (v == UTC_LEAP_OK)
                ck_assert_int_eq(tai.ns, (s + 37 + (s >= at ? step : 0)) * S + 5);
            else
                ck_assert_int_eq(tai.ns, -1);
        }
    }
}
END_TEST

START_TEST(tables)
{
    struct utc_leaps none = {.table = {.next = {PAGE_NEVER}}};
    struct utc_leaps old = {.table = {.tai_utc_s = 37,
                                      .next_tai_utc_s = 37,
                                      .next = {PAGE_NEVER},
                                      .expires = {(INT64_C(1798675200) + 37) * S}}}; /* 2026-12-31 */
    tai_t tai;
    int64_t doubt;
    ck_assert_int_eq(utc_leap_tai(&none, 1700000000, 0, &tai, &doubt), UTC_LEAP_NO_TABLE);
    ck_assert_int_eq(utc_leap_tai(&old, 0, 0, &tai, &doubt), UTC_LEAP_RANGE);
    ck_assert_int_eq(utc_leap_tai(&old, INT64_MAX, 0, &tai, &doubt), UTC_LEAP_RANGE);
    ck_assert_int_eq(utc_leap_tai(&old, 1798675199, 0, &tai, &doubt), UTC_LEAP_OK);
    ck_assert_int_eq(doubt, 0);
    ck_assert_int_eq(utc_leap_tai(&old, 1798675200 + 86400, 0, &tai, &doubt), UTC_LEAP_OK);
    ck_assert_int_eq(doubt, S); /* the first of January has gone by */
    ck_assert_int_eq(utc_leap_tai(&old, 1798675200 + 200 * 86400, 0, &tai, &doubt), UTC_LEAP_OK);
    ck_assert_int_eq(doubt, 2 * S); /* and the first of July */
}
END_TEST

/* The machine's whole table has expired, or is missing: what the cluster knows holds from there to its own expiry. */
START_TEST(the_clusters_table)
{
    static const struct leap_table own = {
        .expires_posix_s = 1700000000, .count = 1, .lines = {{63072000, 10}}};
    struct sync_leap newer = {.tai_utc_s = 11,
                              .next_tai_utc_s = 12,
                              .next = {(1800000000 + 12) * S},
                              .expires = {(1810000000 + 12) * S}};
    struct sync_leap none = {.next = {PAGE_NEVER}};
    static const struct {
        int64_t posix_s;
        enum taistamp_utc_status with_own, without;
        int32_t with_own_s, without_s, minute_later_s; /* the last with our own */
    } rows[] = {
        {63071999, TAISTAMP_UTC_UNKNOWN, TAISTAMP_UTC_UNKNOWN, 99, 99, 10},
        {1699999999, TAISTAMP_UTC_OK, TAISTAMP_UTC_OK, 10, 11, 11},
        {1700000000, TAISTAMP_UTC_OK, TAISTAMP_UTC_OK, 11, 11, 11},
        {1799999999, TAISTAMP_UTC_OK, TAISTAMP_UTC_OK, 11, 11, 12},
        {1800000000, TAISTAMP_UTC_OK, TAISTAMP_UTC_OK, 12, 12, 12},
        {1809999999, TAISTAMP_UTC_OK, TAISTAMP_UTC_OK, 12, 12, 10},
        {1810000000, TAISTAMP_UTC_EXPIRED, TAISTAMP_UTC_UNKNOWN, 10, 99, 10},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int32_t s = 99;
        ck_assert_int_eq(utc_leap_at(&own, &newer, rows[i].posix_s, &s), rows[i].with_own);
        ck_assert_int_eq(s, rows[i].with_own_s);
        s = 99;
        ck_assert_int_eq(utc_leap_at(NULL, &newer, rows[i].posix_s, &s), rows[i].without);
        ck_assert_int_eq(s, rows[i].without_s);
    }
    struct utc_leaps leaps;
    tai_t tai;
    int64_t doubt;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t then_s = rows[i].posix_s + 60;
        utc_leaps_at(&own, &newer, then_s, &leaps);
        ck_assert_int_eq(utc_leap_tai(&leaps, then_s, 0, &tai, &doubt), UTC_LEAP_OK);
        ck_assert_int_eq(tai.ns, (then_s + rows[i].minute_later_s) * S);
    }
    int32_t s = 99;
    ck_assert_int_eq(utc_leap_at(&own, &none, 1700000000, &s), TAISTAMP_UTC_EXPIRED);
    ck_assert_int_eq(s, 10);
}
END_TEST

/* Whatever today is: each date has its own offset, and its neighbours before and after. Decades of the shipped table, in steps that
 * visit every second of a day, against the table itself. */
START_TEST(far_from_today)
{
    const struct leap_table table = table_real(), negative = table_negative();
    const struct leap_table *both[] = {&table, &negative};
    for (size_t i = 0; i < 2; i++) {
        for (int64_t s = 63072000 + 86400; s < both[i]->expires_posix_s; s += 21600 - 1) {
            struct utc_leaps leaps;
            tai_t tai, truth;
            int64_t doubt;
            enum taistamp_utc_status status;
            utc_leaps_at(both[i], NULL, s, &leaps);
            enum utc_leap_verdict v = utc_leap_tai(&leaps, s, 7, &tai, &doubt);
            ck_assert(v == UTC_LEAP_OK || v == UTC_LEAP_NEAR);
            if (v == UTC_LEAP_NEAR)
                continue;
            ck_assert_int_eq(leap_tai_from_posix(both[i], s, &truth, &status), TAI_OK);
            ck_assert_msg(tai.ns == truth.ns + 7 && doubt == 0, "POSIX %lld: %lld ns off", (long long)s,
                          (long long)(tai.ns - truth.ns - 7));
        }
    }
}
END_TEST

/* What stands before and after a date, and that both sides of a leap second are refused from either state. */
START_TEST(state_of_a_date)
{
    const struct leap_table table = table_real(), negative = table_negative();
    const int64_t at = 1136073600; /* 2006 */
    struct utc_leaps leaps;
    tai_t tai;
    int64_t doubt;
    utc_leaps_at(&table, NULL, 946684800, &leaps); /* 2000 */
    ck_assert(leaps.table.tai_utc_s == 32 && leaps.table.next_tai_utc_s == 33 && leaps.has_last);
    ck_assert_int_eq(leaps.table.next.ns, (at + 33) * S);
    ck_assert_int_eq(leaps.last.ns, (INT64_C(915148800) + 32) * S);
    utc_leaps_at(&table, NULL, 1790000000, &leaps);
    ck_assert(leaps.table.tai_utc_s == 37 && leaps.table.next.ns == PAGE_NEVER && leaps.last_step_s == 1);
    ck_assert_int_eq(leaps.table.expires.ns, leap_expires(&table).ns);
    for (int64_t s = at - 8; s < at + 8; s++) {
        utc_leaps_at(&table, NULL, s, &leaps);
        ck_assert_int_eq(utc_leap_tai(&leaps, s, 0, &tai, &doubt),
                         s >= at - 5 && s < at + 5 ? UTC_LEAP_NEAR : UTC_LEAP_OK);
    }
    utc_leaps_at(&negative, NULL, NEGATIVE_POSIX + 60, &leaps);
    ck_assert(leaps.table.tai_utc_s == 10 && leaps.last_step_s == -1);
    utc_leaps_at(&table, NULL, 0, &leaps);
    ck_assert(leaps.table.expires.ns == 0 && !leaps.has_last);
    utc_leaps_at(NULL, NULL, 1790000000, &leaps);
    ck_assert(leaps.table.expires.ns == 0 && leaps.table.next.ns == PAGE_NEVER);
}
END_TEST

/* The client by those verdicts: nothing near a leap second, nothing without a table, and past the expiry a width that
 * holds the leap second that may have been missed. */
START_TEST(client_and_tables)
{
    struct ntp_world w;
    struct ntp_measured m;
    ntp_world_init(&w, 16 * S);
    w.leaps.table.expires.ns = 0;
    ck_assert_int_eq(ntp_world_exchange(&w, &m), NTP_NO_TABLE);
    w.leaps.table.expires.ns = WORLD_BASE_NS - 400 * 86400 * S; /* October 2025: two half-years */
    ck_assert_int_eq(ntp_world_exchange(&w, &m), NTP_OK);
    ck_assert_int_ge(m.error_ns, 2 * S);
    ck_assert(ntp_world_true(&w, &m));
}
END_TEST

/* ---- Smears, days long ---- */

struct day {
    const char *name;
    int32_t step_s;
    int64_t begins_ns, lasts_ns; /* of the smear, relative to the leap second; 0: it keeps UTC */
    bool cosine;
    bool announces;
    bool known; /* the node knows TAI within 1 ms by all else */
    uint32_t reference_id;
    bool wanted_good; /* it is never refused; else never accepted while it is off by more than it says */
};

static const struct day days[] = {
    {"keeps UTC", 1, 0, 0, false, true, false, 1, true},
    {"keeps UTC, negative", -1, 0, 0, false, true, true, 1, true},
    {"keeps UTC, unannounced, others know", 1, 0, 0, false, false, true, 1, true},
    {"noon to noon", 1, -12 * HOUR, 24 * HOUR, false, false, true, 1, false},
    {"noon to noon, negative", -1, -12 * HOUR, 24 * HOUR, false, false, true, 1, false},
    {"noon to noon, nothing else known", 1, -12 * HOUR, 24 * HOUR, false, false, false, 1, false},
    {"20 h around", 1, -10 * HOUR, 20 * HOUR, true, false, true, 1, false},
    {"all before", 1, -24 * HOUR, 24 * HOUR, true, false, true, 1, false},
    {"all after", 1, 0, 18 * HOUR, false, false, true, 1, false},
    {"all after, nothing else known", 1, 0, 18 * HOUR, false, false, false, 1, false},
    {"says so by 254.x.y.z", 1, -24 * HOUR, 24 * HOUR, true, true, true, 0xfe123456, false},
    {"says so by 127.127.1.255", 1, 0, 24 * HOUR, false, true, true, 0x7f7f01ff, false},
};

/* By how much a smeared clock is off TAI at `t` after the leap second. */
static int64_t smear_off(const struct day *d, int64_t t)
{
    if (d->lasts_ns == 0)
        return 0;
    double x = (double)(t - d->begins_ns) / (double)d->lasts_ns;
    double done = x <= 0 ? 0 : x >= 1 ? 1 : x;
    if (d->cosine) /* smooth, as a cosine is */
        done = done * done * (3 - 2 * done);
    /* Until the leap second the table's offset is the old one: the clock falls behind by what is done. After it, it has the rest to do. */
    double off = t < 0 ? -done : 1 - done;
    return (int64_t)(off * 1e9) * d->step_s;
}

START_TEST(leap_days)
{
    const struct day *d = &days[_i];
    struct ntp_world w;
    struct ntp_measured m;
    struct tai_interval known;
    ntp_world_init(&w, 64 * S);
    const int64_t leap = WORLD_BASE_NS + 1000 * S + 40 * HOUR;
    w.server.stratum = 2;
    w.server.reference_id = d->reference_id;
    w.there_ns = w.back_ns = 4 * MS;
    w.leaps.table.next.ns = leap;
    w.leaps.table.next_tai_utc_s = WORLD_TAI_UTC_S + d->step_s;
    int accepted = 0, smeared = 0, near = 0, jumped = 0, other = 0, accepted_outside = 0;
    int64_t worst = 0;
    while (w.raw_ns < 1000 * S + 80 * HOUR) {
        int64_t due = ntp_client_due(&w.client).ns, t = due + w.base_ns - leap;
        w.raw_ns = due > w.raw_ns ? due : w.raw_ns;
        w.off_ns = smear_off(d, t);
        w.server.leap = !d->announces || t > 0 || t < -24 * HOUR ? NTP_LEAP_NONE
                        : d->step_s > 0                          ? NTP_LEAP_INSERT
                                                                 : NTP_LEAP_DELETE;
        if (t > 0 && !w.leaps.has_last) { /* the table in short goes on */
            w.leaps.has_last = true;
            w.leaps.last.ns = leap;
            w.leaps.last_step_s = d->step_s;
            w.leaps.table.tai_utc_s += d->step_s;
            w.leaps.table.next.ns = PAGE_NEVER;
        }
        ntp_world_ask(&w);
        known = (struct tai_interval){{w.raw_ns + w.base_ns - MS}, {w.raw_ns + w.base_ns + MS}};
        w.known = d->known ? &known : NULL;
        enum ntp_verdict v = ntp_world_deliver(&w, &m);
        if (v == NTP_OK) {
            ck_assert_msg(ntp_world_true(&w, &m), "%s: at %lld s from the leap second", d->name,
                          (long long)(t / S));
            accepted++;
            accepted_outside += t < -25 * HOUR || t > 25 * HOUR;
            worst = m.error_ns > worst ? m.error_ns : worst;
        }
        smeared += v == NTP_SMEARED;
        near += v == NTP_LEAP_NEAR;
        jumped += v == NTP_JUMPED;
        other += v != NTP_OK && v != NTP_SMEARED && v != NTP_LEAP_NEAR && v != NTP_JUMPED;
    }
    printf("%s: %d accepted (worst error %lld us), %d smeared, %d near, %d other\n", d->name, accepted,
           (long long)worst / 1000, smeared, near, other);
    ck_assert_int_eq(other, 0);
    /* One that smears all after the leap second is a second off at once. */
    ck_assert_int_le(jumped, d->begins_ns == 0 && d->lasts_ns > 0 ? 1 : 0);
    if (d->reference_id != 0x7f7f01ff)
        ck_assert_int_gt(accepted_outside, 1500); /* before and after it is a server like any other */
    if (d->wanted_good) {
        ck_assert_int_eq(smeared, 0);
        ck_assert_int_le(worst, 20 * MS);
    } else {
        ck_assert_int_gt(smeared, 800);
    }
}
END_TEST

/* The rule's table, one judgement each. */
START_TEST(judgements)
{
    const tai_t leap = {INT64_C(1500000038) * S};
    struct utc_leaps leaps = {
        .table = {.tai_utc_s = 37, .next_tai_utc_s = 38, .next = leap, .expires = {leap.ns + S}}};
    struct ntp_smear smear = {.has_announced = false};
    struct ntp_smear_said said = {
        .tai = {leap.ns - 3 * HOUR}, .error_ns = 4 * MS, .stratum = 2, .reference_id = 5};
    struct tai_interval known = {{said.tai.ns - MS + 2 * MS}, {said.tai.ns + MS + 2 * MS}};
    int64_t error = -1;
    ck_assert_int_eq(ntp_smear_judge(&smear, &leaps, &said, NULL, &error), NTP_SMEAR_UNANNOUNCED);
    ck_assert_int_eq(error, -1);
    /* 2 ms off, the rest known within 1 ms: 3 ms to the further end, less than its own 4. */
    ck_assert_int_eq(ntp_smear_judge(&smear, &leaps, &said, &known, &error), NTP_SMEAR_CONFIRMED);
    ck_assert_int_eq(error, 4 * MS);
    known.latest.ns += 5 * MS;
    ck_assert_int_eq(ntp_smear_judge(&smear, &leaps, &said, &known, &error), NTP_SMEAR_CONFIRMED);
    ck_assert_int_eq(error, 8 * MS);
    known = (struct tai_interval){{said.tai.ns + 6 * MS}, {said.tai.ns + 8 * MS}};
    ck_assert_int_eq(ntp_smear_judge(&smear, &leaps, &said, &known, &error), NTP_SMEAR_DISAGREES);
    said.leap = NTP_LEAP_DELETE; /* the wrong sign is no announcement */
    ck_assert_int_eq(ntp_smear_judge(&smear, &leaps, &said, NULL, &error), NTP_SMEAR_UNANNOUNCED);
    said.leap = NTP_LEAP_INSERT;
    ck_assert_int_eq(ntp_smear_judge(&smear, &leaps, &said, NULL, &error), NTP_SMEAR_NO);
    /* Remembered after it, for that leap second only. */
    leaps = (struct utc_leaps){
        .table = {.tai_utc_s = 38, .next_tai_utc_s = 38, .next = {PAGE_NEVER}, .expires = {leap.ns + S}},
        .has_last = true,
        .last = leap,
        .last_step_s = 1};
    said.leap = NTP_LEAP_NONE;
    said.tai.ns = leap.ns + HOUR;
    ck_assert_int_eq(ntp_smear_judge(&smear, &leaps, &said, NULL, &error), NTP_SMEAR_NO);
    smear.announced.ns -= S;
    ck_assert_int_eq(ntp_smear_judge(&smear, &leaps, &said, NULL, &error), NTP_SMEAR_UNANNOUNCED);
    said.tai.ns = leap.ns + 24 * HOUR + 1;
    ck_assert_int_eq(ntp_smear_judge(&smear, &leaps, &said, NULL, &error), NTP_SMEAR_NO);
    /* A hash that looks like ntpd's smear, outside of the window; chronyd's name for it at any time. */
    said.reference_id = 0xfe000001;
    ck_assert_int_eq(ntp_smear_judge(&smear, &leaps, &said, NULL, &error), NTP_SMEAR_NO);
    said.reference_id = 0x7f7f01ff;
    ck_assert_int_eq(ntp_smear_judge(&smear, &leaps, &said, NULL, &error), NTP_SMEAR_REFERENCE);
    ck_assert_int_eq(ntp_verdict_means(NTP_SMEARED), REFCLOCK_SMEARED);
}
END_TEST

/* ---- Servers with one upstream ---- */

START_TEST(one_upstream)
{
    enum { A, B, C, D, E, N };
    struct refclock_upstream u[N] = {
        {.source = A, .stratum = 2, .reference_id = 0x0a000001, .own_id = 1},
        {.source = B, .stratum = 3, .reference_id = 0x0a000001, .own_id = 2}, /* follows what A follows */
        {.source = C, .stratum = 1, .reference_id = 0x47505300, .own_id = 3},
        {.source = D, .stratum = 1, .reference_id = 0x47505300, .own_id = 4}, /* two receivers */
        {.source = E, .stratum = 2, .reference_id = 3, .own_id = 5},          /* follows C */
    };
    uint16_t g[N] = {0};
    upstreams_group(u, N, N, g);
    ck_assert(g[A] >= UPSTREAMS_GROUP_BIT && g[A] == g[B]);
    ck_assert(g[C] >= UPSTREAMS_GROUP_BIT && g[C] == g[E] && g[C] != g[A]);
    ck_assert(g[D] != g[C] && g[D] != g[A]);
    /* Another node that has one of them alone comes to the same number. */
    struct refclock_upstream alone = u[B];
    alone.source = 0;
    uint16_t there[1] = {0};
    upstreams_group(&alone, 1, 1, there);
    ck_assert_uint_eq(there[0], g[B]);
    alone = u[E];
    alone.source = 0;
    there[0] = 0;
    upstreams_group(&alone, 1, 1, there);
    ck_assert_uint_eq(there[0], g[C]);
    /* A chain within the node: D's follower's follower. */
    struct refclock_upstream chain[3] = {u[D],
                                         {.source = A, .stratum = 2, .reference_id = 4, .own_id = 8},
                                         {.source = B, .stratum = 3, .reference_id = 8, .own_id = 9}};
    uint16_t h[N] = {0};
    upstreams_group(chain, 3, N, h);
    ck_assert(h[A] == h[B] && h[A] == h[D] && h[D] == g[D] && h[C] == 0);
    /* What the operator says stays, and draws the others in. */
    uint16_t configured[N] = {7, 0, 7, 9, 0};
    upstreams_group(u, N, N, configured);
    ck_assert(configured[A] == 7 && configured[B] == 7 && configured[C] == 7 && configured[E] == 7);
    ck_assert_uint_eq(configured[D], 9);
    /* Nothing heard, nothing said. */
    for (int i = 0; i < N; i++)
        u[i].stratum = 0;
    uint16_t silent[N] = {0};
    upstreams_group(u, N, N, silent);
    for (int i = 0; i < N; i++)
        ck_assert_uint_eq(silent[i], 0);
    /* One server under two names. */
    u[A] = u[D] = (struct refclock_upstream){.stratum = 1,
                                             .address = {.family = 4, .bytes = {192, 0, 2, 1}, .port = 123}};
    u[A].source = A;
    u[D].source = D;
    u[A].own_id = u[D].own_id = 0xc0000201;
    uint16_t twice[N] = {0};
    upstreams_group(u, N, N, twice);
    ck_assert(twice[A] != 0 && twice[A] == twice[D] && twice[B] == 0);
    /* One host with two ports, which says two different things of itself; the next host is another. */
    u[D].stratum = 2;
    u[D].reference_id = 0x0a000001;
    u[D].own_id = 0;
    u[D].address.port = 1123;
    uint16_t ports[N] = {0};
    upstreams_group(u, N, N, ports);
    ck_assert(ports[A] != 0 && ports[A] == ports[D]);
    u[D].address.bytes[3] = 2;
    uint16_t hosts[N] = {0};
    upstreams_group(u, N, N, hosts);
    ck_assert(hosts[A] != 0 && hosts[D] != 0 && hosts[A] != hosts[D]);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("ntp_smear");
    TCase *t = tcase_create("ntp_smear");
    suite_add_tcase(s, t);
    tcase_set_timeout(t, 120);
    tcase_add_test(t, sides_of_a_leap);
    tcase_add_test(t, tables);
    tcase_add_test(t, the_clusters_table);
    tcase_add_test(t, far_from_today);
    tcase_add_test(t, state_of_a_date);
    tcase_add_test(t, client_and_tables);
    tcase_add_test(t, judgements);
    tcase_add_loop_test(t, leap_days, 0, sizeof days / sizeof days[0]);
    tcase_add_test(t, one_upstream);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed == 0 ? 0 : 1;
}
