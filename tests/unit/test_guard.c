/* SPDX-License-Identifier: Apache-2.0 */
/* The guard's table: each verdict with its reason and distance; and what a correction is before what it says. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "client/core/belief.h"
#include "client/core/following.h"
#include "client/core/witness.h"
#include "sdk/sync/line.h"
#include "tests/unit/prop.h"

#define US INT64_C(1000)
#define S  INT64_C(1000000000)
#define T0 (INT64_C(1790000000) * S)

struct span {
    int64_t from_us, to_us;
};

static struct guard_evidence evidence_of(const struct span *spans, size_t count, unsigned faults)
{
    struct guard_evidence e = {.faults = faults, .needed = faults + 1};
    for (size_t i = 0; i < count && spans[i].from_us < spans[i].to_us; i++) {
        int64_t middle = (spans[i].from_us + spans[i].to_us) * US / 2;
        e.witnesses[i].node.id = (uint32_t)(i + 1);
        e.witnesses[i].tai.ns = T0 + middle;
        e.witnesses[i].half_width.ns = (spans[i].to_us - spans[i].from_us) * US / 2;
        e.witnesses[i].sigma_ns = 100;
        e.witnesses_count = i + 1;
    }
    return e;
}

struct row {
    const char *what;
    struct span spans[5];
    unsigned faults;
    int64_t claim_us, width_us;
    enum guard_verdict verdict;
    enum guard_reason reason;
    int64_t by_us, followed_us, half_us;
};

static const struct row rows[] = {
    {"header: inside",
     {{0, 10}, {1, 11}, {2, 12}, {3, 9}, {100, 101}},
     1,
     8,
     2,
     GUARD_ACCEPT,
     GUARD_FINE,
     0,
     8,
     5},
    {"header: edge",
     {{0, 10}, {1, 11}, {2, 12}, {3, 9}, {100, 101}},
     1,
     10,
     2,
     GUARD_SUSPECT,
     GUARD_EDGE,
     1,
     9,
     6},
    {"header: outside",
     {{0, 10}, {1, 11}, {2, 12}, {3, 9}, {100, 101}},
     1,
     50,
     5,
     GUARD_REJECT,
     GUARD_OUTSIDE_PEERS,
     36,
     0,
     0},
    {"below",
     {{0, 10}, {1, 11}, {2, 12}, {3, 9}, {100, 101}},
     1,
     -50,
     5,
     GUARD_REJECT,
     GUARD_OUTSIDE_PEERS,
     48,
     0,
     0},
    {"a narrow lie gets the hull's width",
     {{-100, 100}, {-100, 100}, {-100, 100}, {-90, 110}},
     1,
     8,
     0,
     GUARD_SUSPECT,
     GUARD_ODD,
     5,
     8,
     108},
    {"no liars allowed: its own width counts", {{-100, 100}}, 0, 1, 50, GUARD_ACCEPT, GUARD_FINE, 0, 1, 50},
    {"no liars allowed: unless ours is narrower",
     {{-100, 100}},
     0,
     1,
     500,
     GUARD_ACCEPT,
     GUARD_FINE,
     0,
     1,
     101},
    {"too few", {{0, 10}}, 1, 5, 2, GUARD_REJECT, GUARD_UNMEASURED, 0, 0, 0},
    {"nothing measured", {{0, 0}}, 0, 5, 2, GUARD_REJECT, GUARD_UNMEASURED, 0, 0, 0},
    {"over the budget a majority stands in",
     {{0, 10}, {1, 11}, {100, 110}},
     0,
     5,
     4,
     GUARD_ACCEPT,
     GUARD_FINE,
     0,
     5,
     5},
    {"and is asked", {{0, 10}, {1, 11}, {100, 110}}, 0, 105, 4, GUARD_REJECT, GUARD_OUTSIDE_PEERS, 91, 0, 0},
    {"no majority", {{0, 10}, {100, 110}}, 0, 5, 4, GUARD_REJECT, GUARD_UNMEASURED, 0, 0, 0},
    {"odd but inside",
     {{-100, 100}, {-100, 100}, {-100, 100}, {-100, 100}},
     1,
     80,
     90,
     GUARD_SUSPECT,
     GUARD_ODD,
     77,
     80,
     180},
};

START_TEST(each_claim_gets_its_verdict)
{
    const struct row *r = &rows[_i];
    struct guard_evidence e = evidence_of(r->spans, 5, r->faults);
    struct guard_claim claim = {{T0 + r->claim_us * US}, {r->width_us * US}};
    struct guard_result result = guard_judge(&e, &claim);
    ck_assert_msg(result.verdict == r->verdict && result.reason == r->reason, "%s: %d %s", r->what,
                  (int)result.verdict, guard_reason_name(result.reason));
    ck_assert_msg((result.by_ns + 500) / US == r->by_us, "%s: by %lld", r->what, (long long)result.by_ns);
    if (r->verdict == GUARD_REJECT)
        return;
    ck_assert_msg(result.followed.ns == T0 + r->followed_us * US, "%s: %lld", r->what,
                  (long long)(result.followed.ns - T0));
    ck_assert_msg(result.half_width.ns == r->half_us * US, "%s: +-%lld", r->what,
                  (long long)result.half_width.ns);
}
END_TEST

START_TEST(the_own_line_and_reference_have_a_say)
{
    struct span spans[3] = {{-100, 100}, {-100, 100}, {-100, 100}};
    struct guard_evidence e = evidence_of(spans, 3, 0);
    struct guard_claim claim = {{T0 + 50 * US}, {10 * US}};
    e.has_own = true;
    e.own = (struct tai_interval){{T0 - 30 * US}, {T0 + 30 * US}};
    struct guard_result r = guard_judge(&e, &claim);
    ck_assert_int_eq(r.reason, GUARD_OUTSIDE_OWN);
    ck_assert_int_eq(r.by_ns, 10 * US);
    e.own = (struct tai_interval){{T0 - 900 * US}, {T0 - 800 * US}};
    r = guard_judge(&e, &claim); /* all others against it: it is the one that is wrong */
    ck_assert(r.own_is_wrong);
    ck_assert_int_ne(r.verdict, GUARD_REJECT);
    e.has_own = false;
    e.has_reference = true;
    e.reference = (struct tai_interval){{T0 - 20 * US}, {T0 + 20 * US}};
    ck_assert_int_eq(guard_judge(&e, &claim).reason, GUARD_OUTSIDE_REFERENCE);
}
END_TEST

START_TEST(no_claim_without_an_interval)
{
    struct span spans[1] = {{-100, 100}};
    struct guard_evidence e = evidence_of(spans, 1, 0);
    struct guard_claim claim = {{T0}, {INT64_MAX}};
    ck_assert_int_eq(guard_judge(&e, &claim).reason, GUARD_WIDTH);
    claim.half_width.ns = -1;
    ck_assert_int_eq(guard_judge(&e, &claim).reason, GUARD_WIDTH);
}
END_TEST

/* f of n witnesses and the claim lie as they like: what is followed is inside the honest hull, and its interval holds the truth. */
START_TEST(no_lie_makes_a_false_interval)
{
    struct prop p = prop_start("guard_lies", 4);
    for (int round = 0, rounds = prop_rounds(200000); round < rounds; round++) {
        unsigned f = (unsigned)prop_below(&p, 3), n = 3 * f + 1 + (unsigned)prop_below(&p, 3);
        struct guard_evidence e = {.faults = f, .needed = f + 1, .witnesses_count = n};
        for (unsigned i = 0; i < n; i++) {
            int64_t h = 1 + (int64_t)prop_below(&p, 200),
                    off = (int64_t)prop_below(&p, 2 * (uint64_t)h + 1) - h;
            if (i < f)
                off = (int64_t)prop_below(&p, 1000) - 500;
            e.witnesses[i] = (struct guard_witness){{i + 1}, {T0 + off}, {h}, 1, 0};
        }
        e.has_own = prop_below(&p, 2) == 0;
        int64_t early = (int64_t)prop_below(&p, 300), late = (int64_t)prop_below(&p, 300);
        e.own = (struct tai_interval){{T0 - early}, {T0 + late}};
        struct guard_claim claim = {{T0 + (int64_t)prop_below(&p, 1000) - 500},
                                    {(int64_t)prop_below(&p, 300)}};
        if (f == 0) { /* nobody lies: the claim is true */
            claim.half_width.ns = 400;
            claim.tai.ns = T0 + (int64_t)prop_below(&p, 801) - 400;
        }
        struct guard_result r = guard_judge(&e, &claim);
        ck_assert(!r.own_is_wrong);
        if (r.verdict == GUARD_REJECT)
            continue;
        ck_assert_int_le(r.followed.ns - r.half_width.ns, T0);
        ck_assert_int_ge(r.followed.ns + r.half_width.ns, T0);
        struct tai_interval hull;
        size_t agreeing;
        ck_assert(guard_hull(&e, &hull, &agreeing));
        ck_assert(r.followed.ns >= hull.earliest.ns && r.followed.ns <= hull.latest.ns);
    }
}
END_TEST

/* ---- Corrections ---- */

static struct following following;
static struct engine_now now;
static struct wire_message message;
static struct guard_evidence evidence;
static const sync_node_t master = {3};

static void correction_setup(void)
{
    struct span spans[1] = {{-100, 100}};
    following_init(&following);
    now = (struct engine_now){.timeline = {5}, .raw = {100 * S}};
    evidence = evidence_of(spans, 1, 0);
    evidence.rate_bound.ppb = 50000;
    memset(&message, 0, sizeof message);
    message.header.type = WIRE_CORRECTION;
    message.header.sender = master;
    message.header.term = 9;
    message.correction.number = 40;
    message.correction.interval_ms = 1000;
    message.correction.line = (struct sync_line){.timeline = {5},
                                                 .raw = {100 * S - 1000000},
                                                 .tai = {T0 - 1000000},
                                                 .half_width = {50 * US},
                                                 .rate_ps_per_s = 12000000,
                                                 .growth = {1000},
                                                 .expires = {108 * S},
                                                 .status = TAISTAMP_STATUS_SYNCHRONISED};
}

static enum guard_reason give(void)
{
    struct sync_line line;
    (void)following_correction(&following, &now, &message, master, 9, &evidence, &line);
    return following.last.reason;
}

/* A reference has come to a cluster that had none: the master knows of it before this node does. What the others say of relative time
 * cannot make the claim about TAI narrower. */
START_TEST(lines_of_cluster_time_do_not_bound_tai)
{
    struct sync_line line;
    message.correction.line.half_width.ns = 900 * US;
    message.correction.line.status = TAISTAMP_STATUS_SINGLE_REFERENCE;
    evidence.claim_may_lie = true;
    ck_assert(following_correction(&following, &now, &message, master, 9, &evidence, &line));
    ck_assert_int_lt(line.half_width.ns, 101 * US);
    message.correction.number++;
    evidence.of_cluster_time = true;
    ck_assert(following_correction(&following, &now, &message, master, 9, &evidence, &line));
    ck_assert_int_ge(line.half_width.ns, 900 * US);
}
END_TEST

START_TEST(a_good_correction_is_taken_up_once)
{
    struct sync_line line;
    ck_assert(following_correction(&following, &now, &message, master, 9, &evidence, &line));
    ck_assert_int_eq(line.raw.ns, 100 * S);
    ck_assert_int_eq(line.tai.ns, T0 + 12);
    ck_assert_int_eq(give(), GUARD_REPLAYED); /* the duplicate */
    message.correction.number = 39;
    ck_assert_int_eq(give(), GUARD_REPLAYED);
    message.correction.number = 41;
    ck_assert_int_eq(give(), GUARD_FINE);
    ck_assert_uint_eq(following.accepted, 2);
    ck_assert_uint_eq(following.rejected, 2);
    ck_assert_uint_eq(following.reasons[GUARD_REPLAYED], 2);
    ck_assert(following_flows(&following, (tai_mono_t){107 * S}));
    ck_assert(!following_flows(&following, (tai_mono_t){109 * S}));
}
END_TEST

START_TEST(each_wrong_form_has_its_name)
{
    message.header.term = 8;
    ck_assert_int_eq(give(), GUARD_LOWER_TERM);
    message.header.term = 10;
    ck_assert_int_eq(give(), GUARD_NOT_MASTER); /* not believed yet */
    message.header.term = 9;
    message.header.sender.id = 4;
    ck_assert_int_eq(give(), GUARD_NOT_MASTER);
    message.header.sender = master;
    message.correction.line.timeline.id = 6;
    ck_assert_int_eq(give(), GUARD_OTHER_TIMELINE);
    message.correction.line.timeline.id = 5;
    message.correction.line.raw.ns = 101 * S;
    ck_assert_int_eq(give(), GUARD_FUTURE);
    message.correction.line.raw.ns = 90 * S;
    message.correction.line.tai.ns = T0 - 10 * S;
    message.correction.line.expires.ns = 99 * S;
    ck_assert_int_eq(give(), GUARD_EXPIRED);
    message.correction.line.expires.ns = 108 * S;
    message.correction.line.status = TAISTAMP_STATUS_UNKNOWN;
    ck_assert_int_eq(give(), GUARD_WIDTH);
    message.correction.line.status = TAISTAMP_STATUS_SYNCHRONISED;
    message.correction.line.rate_ps_per_s = 150000000;
    ck_assert_int_eq(give(), GUARD_RATE);
    ck_assert(!following.active);
    ck_assert_uint_eq(following.accepted, 0);
    ck_assert_uint_eq(following.rejected, 8);
    message.correction.line.rate_ps_per_s = 0;
    ck_assert_int_eq(give(), GUARD_FINE);
}
END_TEST

START_TEST(after_a_new_term_the_old_master_is_refused)
{
    struct sync_line line;
    ck_assert_int_eq(give(), GUARD_FINE);
    message.header.sender.id = 4;
    message.header.term = 10;
    message.correction.number = 1;
    ck_assert(following_correction(&following, &now, &message, (sync_node_t){4}, 10, &evidence, &line));
    message.header.sender = master;
    message.header.term = 9;
    message.correction.number = 41;
    ck_assert(!following_correction(&following, &now, &message, (sync_node_t){4}, 10, &evidence, &line));
    ck_assert_int_eq(following.last.reason, GUARD_LOWER_TERM);
}
END_TEST

/* ---- Belief ---- */

START_TEST(a_master_needs_enough_voices)
{
    struct belief b;
    tai_mono_t t = {S};
    belief_init(&b, 4);
    ck_assert(!belief_named(&b, (sync_node_t){1}, (sync_node_t){1}, 9, t));
    ck_assert(!belief_named(&b, (sync_node_t){2}, (sync_node_t){1}, 8, t)); /* another term */
    ck_assert(!belief_named(&b, (sync_node_t){2}, (sync_node_t){2}, 9, t));
    ck_assert(belief_named(&b, (sync_node_t){3}, (sync_node_t){1}, 9, t));
    ck_assert_uint_eq(b.master.id, 1);
    ck_assert(!belief_named(&b, (sync_node_t){4}, (sync_node_t){4}, 50, t)); /* alone in a term of its own */
    ck_assert(!belief_named(&b, (sync_node_t){3}, (sync_node_t){2}, 8, t));  /* back in time */
    ck_assert_uint_eq(b.term, 9);
    ck_assert(!belief_named(&b, (sync_node_t){2}, (sync_node_t){2}, 10, t));
    ck_assert(belief_named(&b, (sync_node_t){3}, (sync_node_t){2}, 10, t));
    ck_assert_uint_eq(b.master.id, 2);
    ck_assert_uint_eq(b.term, 10);
    belief_init(&b, 3);
    ck_assert(belief_named(&b, (sync_node_t){2}, (sync_node_t){2}, 1, t)); /* f = 0: one will do */
}
END_TEST

START_TEST(old_words_do_not_add_up_with_new_ones)
{
    struct belief b;
    belief_init(&b, 4);
    ck_assert(!belief_named(&b, (sync_node_t){1}, (sync_node_t){1}, 9, (tai_mono_t){S}));
    ck_assert(!belief_named(&b, (sync_node_t){2}, (sync_node_t){1}, 9, (tai_mono_t){2 * S + BELIEF_LIFE_NS}));
}
END_TEST

/* One reference, 250 us wide as we measured it; the claim says 100. */
/* What a witness may be off besides keeps an honest claim from being rejected; what is followed stays in the narrow hull. */
START_TEST(slack_only_keeps_from_being_rejected)
{
    static const struct span spans[3] = {{0, 10}, {2, 12}, {1, 11}};
    struct guard_evidence e = evidence_of(spans, 3, 1);
    struct guard_claim claim = {{T0 + 25 * US}, {2 * US}};
    struct guard_result r = guard_judge(&e, &claim);
    ck_assert_int_eq(r.reason, GUARD_OUTSIDE_PEERS);
    ck_assert_int_eq(r.by_ns, 12 * US);
    for (size_t i = 0; i < 3; i++)
        e.witnesses[i].slack_ns = 20 * US;
    r = guard_judge(&e, &claim);
    ck_assert_int_eq(r.reason, GUARD_EDGE);
    ck_assert_int_eq(r.followed.ns, T0 + 11 * US);
    ck_assert_int_eq(r.by_ns, 14 * US);
    claim.tai.ns = T0 + 40 * US;
    r = guard_judge(&e, &claim);
    ck_assert_int_eq(r.verdict, GUARD_REJECT);
    ck_assert_int_eq(r.by_ns, 7 * US);
}
END_TEST

START_TEST(the_only_reference_is_the_claimants)
{
    static const struct span one[5] = {{-250, 250}};
    const struct guard_claim claim = {{T0}, {100 * US}};
    for (int what = 0; what < 6; what++) {
        struct guard_evidence e = evidence_of(one, 1, 0);
        e.missing = what == 5; /* a server that was not heard yet: it may have another */
        e.claim_may_lie = true;
        e.references = what == 3 ? 2 : what == 4 ? 0 : 1; /* two of a group that were merged; a line */
        if (what > 0)
            witness_sole_reference(&e, (sync_node_t){what == 2 ? 9 : 1});
        struct guard_result r = guard_judge(&e, &claim);
        ck_assert_int_eq(r.verdict, GUARD_ACCEPT);
        ck_assert_int_eq(r.half_width.ns, what == 1 ? 100 * US : 250 * US);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("guard");
    TCase *c = tcase_create("judge");
    tcase_set_timeout(c, 60); /* sanitizers on a busy machine */
    tcase_add_loop_test(c, each_claim_gets_its_verdict, 0, sizeof rows / sizeof rows[0]);
    tcase_add_test(c, the_own_line_and_reference_have_a_say);
    tcase_add_test(c, no_claim_without_an_interval);
    tcase_add_test(c, no_lie_makes_a_false_interval);
    suite_add_tcase(suite, c);
    c = tcase_create("corrections");
    tcase_add_checked_fixture(c, correction_setup, NULL);
    tcase_add_test(c, a_good_correction_is_taken_up_once);
    tcase_add_test(c, lines_of_cluster_time_do_not_bound_tai);
    tcase_add_test(c, each_wrong_form_has_its_name);
    tcase_add_test(c, after_a_new_term_the_old_master_is_refused);
    tcase_add_test(c, a_master_needs_enough_voices);
    tcase_add_test(c, old_words_do_not_add_up_with_new_ones);
    tcase_add_test(c, slack_only_keeps_from_being_rejected);
    tcase_add_test(c, the_only_reference_is_the_claimants);
    suite_add_tcase(suite, c);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
