/* SPDX-License-Identifier: Apache-2.0 */
/* What a server shows of the master's corrections: the guard's verdict and reason, whatever they count for; and what it says when it
 * accuses. */
#include <check.h>
#include <stdlib.h>

#include "client/core/actions.h"
#include "sdk/sync/line.h"
#include "tests/unit/node_net.h"

/* A follower that hears a correction, and the claim that it would accept. */
struct hearer {
    struct net *net;
    struct node *node;
    size_t master; /* among its members */
    struct engine_now now;
    struct wire_message claim;
    struct engine_actions actions;
};
static struct hearer hearer;

/* Five servers. With references they are 20 us wide, the follower's own 8 us. */
static void begin(bool references)
{
    struct hearer *h = &hearer;
    h->net = net_make(21, 5);
    for (size_t i = 0; i < 5; i++) {
        h->net->nodes[i].reference_width_ns = !references ? 0 : i == 1 ? 8 * NET_US : 20 * NET_US;
        net_up(h->net, i);
    }
    net_run(h->net, 120 * NET_S);
    size_t leads = net_master(h->net), who = leads == 1 ? 2 : 1;
    ck_assert_uint_lt(leads, 5);
    const struct net_node *n = &h->net->nodes[who];
    h->node = n->node;
    for (h->master = 0; n->members[h->master].node.id != h->net->nodes[leads].id.id;)
        h->master++;
    h->now = h->node->clockwork.now;
    h->claim = (struct wire_message){
        .header = {.type = WIRE_CORRECTION,
                   .sender = h->net->nodes[leads].id,
                   .term = h->node->election.term},
        .correction = {.number = h->node->following.number + 1, .interval_ms = 1000, .line = n->line}};
    line_rebase(&h->claim.correction.line, h->now.raw);
    h->claim.correction.line.half_width.ns = NET_US;
    h->claim.correction.line.expires.ns = h->now.raw.ns + 8 * NET_S;
}

static void end(void)
{
    net_end(hearer.net);
}

static void hear(const struct wire_message *m)
{
    actions_begin(&hearer.actions, &hearer.now);
    node_follow_correction(hearer.node, &hearer.now, hearer.master, m, &hearer.actions);
}

static struct view_source shown(size_t member)
{
    static struct view_source sources[SYNC_NODES_MAX];
    ck_assert_uint_gt(node_sources(hearer.node, hearer.now.raw, sources, SYNC_NODES_MAX), member);
    return sources[member];
}

/* The follower hears this one claim, shows of the master what the guard found, and is as it was before. Returns the reason. */
static enum guard_reason hear_and_look(const struct wire_message *m)
{
    static const enum view_verdict words[] = {
        [GUARD_ACCEPT] = VIEW_ACCEPT, [GUARD_SUSPECT] = VIEW_SUSPECT, [GUARD_REJECT] = VIEW_REJECT};
    static struct node before;
    before = *hearer.node;
    hear(m);
    const struct guard_result r = hearer.node->following.last;
    struct view_source v = shown(hearer.master);
    ck_assert_msg(v.verdict == words[r.verdict] && v.reason == r.reason && v.reason_ns == r.by_ns,
                  "%s by %lld is shown as %d, %s by %lld", guard_reason_name(r.reason), (long long)r.by_ns,
                  (int)v.verdict, guard_reason_name((enum guard_reason)v.reason), (long long)v.reason_ns);
    for (size_t i = 0; i < hearer.node->settings.members_count; i++)
        ck_assert(i == hearer.master || shown(i).verdict == VIEW_ACCEPT);
    /* Followed is followed: it counts for nobody's fall. */
    ck_assert(r.verdict == GUARD_REJECT || suspicion_count(&hearer.node->suspicion) == 0);
    *hearer.node = before;
    return r.reason;
}

/* Claims up to 2 ms off on either side, of 1 us and of 300 us: every reason that measuring gives. */
START_TEST(the_reason_is_the_guards)
{
    static const enum guard_reason wanted[2][5] = {
        {GUARD_FINE, GUARD_EDGE, GUARD_ODD, GUARD_OUTSIDE_PEERS, GUARD_OUTSIDE_OWN},
        {GUARD_FINE, GUARD_EDGE, GUARD_EDGE, GUARD_OUTSIDE_PEERS, GUARD_OUTSIDE_REFERENCE}};
    bool seen[GUARD_REASONS] = {false};
    begin(_i == 1);
    for (int64_t off = -2000 * NET_US; off <= 2000 * NET_US; off += NET_US)
        for (int wide = 0; wide < 2; wide++) {
            struct wire_message m = hearer.claim;
            m.correction.line.tai.ns += off;
            m.correction.line.half_width.ns = wide ? 300 * NET_US : NET_US;
            seen[hear_and_look(&m)] = true;
        }
    for (size_t i = 0; i < sizeof wanted[0] / sizeof wanted[0][0]; i++)
        ck_assert_msg(seen[wanted[_i][i]], "%d: %s", _i, guard_reason_name(wanted[_i][i]));
    end();
}
END_TEST

/* What is wrong with it before anything is measured. */
START_TEST(the_form_is_shown_too)
{
    begin(false);
    struct wire_message m = hearer.claim;
    m.correction.line.rate_ps_per_s = 2 * following_rate_max_ps(hearer.node->settings.rate_bound);
    ck_assert_int_eq(hear_and_look(&m), GUARD_RATE);
    m = hearer.claim;
    m.correction.line.half_width.ns = BOUND_UNBOUNDED;
    ck_assert_int_eq(hear_and_look(&m), GUARD_WIDTH);
    m = hearer.claim;
    m.correction.line.expires.ns = hearer.now.raw.ns - 1;
    ck_assert_int_eq(hear_and_look(&m), GUARD_EXPIRED);
    m = hearer.claim;
    m.correction.number = hearer.node->following.number;
    ck_assert_int_eq(hear_and_look(&m), GUARD_REPLAYED);
    m = hearer.claim;
    m.correction.line.timeline.id++;
    ck_assert_int_eq(hear_and_look(&m), GUARD_OTHER_TIMELINE);
    m = hearer.claim;
    m.correction.line.raw.ns += NET_S;
    ck_assert_int_eq(hear_and_look(&m), GUARD_FUTURE);
    uint32_t others = hearer.node->others;
    hearer.node->others = 0; /* nobody was measured */
    ck_assert_int_eq(hear_and_look(&hearer.claim), GUARD_UNMEASURED);
    hearer.node->others = others;
    /* What somebody says of an earlier term is no word of the master's. */
    m = hearer.claim;
    m.header.term--;
    hear(&m);
    ck_assert_int_eq(hearer.node->following.last.reason, GUARD_LOWER_TERM);
    ck_assert_int_eq(shown(hearer.master).verdict, VIEW_ACCEPT);
    end();
}
END_TEST

/* A rejection that made it false stands when the next correction is good, and the worse of the two is shown. */
START_TEST(what_stands_is_shown_until_it_is_worked_off)
{
    begin(false);
    struct wire_message m = hearer.claim;
    m.correction.line.rate_ps_per_s = 2 * following_rate_max_ps(hearer.node->settings.rate_bound);
    for (int i = 0; i < SUSPICION_HARD_LIMIT; i++)
        hear(&m);
    hear(&hearer.claim);
    ck_assert_int_eq(hearer.node->following.last.reason, GUARD_FINE);
    ck_assert_int_eq(shown(hearer.master).verdict, VIEW_REJECT);
    ck_assert_int_eq(shown(hearer.master).reason, GUARD_RATE);
    for (int i = 1; i < SUSPICION_HARD_LIMIT; i++) {
        m = hearer.claim;
        m.correction.number += (uint64_t)i;
        hear(&m);
    }
    ck_assert_int_eq(shown(hearer.master).verdict, VIEW_ACCEPT);
    /* Another master, another judgement. */
    m.correction.number++;
    m.correction.line.rate_ps_per_s = 2 * following_rate_max_ps(hearer.node->settings.rate_bound);
    hear(&m);
    ck_assert_int_eq(shown(hearer.master).verdict, VIEW_REJECT);
    node_time_lead(hearer.node, &hearer.now, &hearer.actions);
    ck_assert_int_eq(shown(hearer.master).verdict, VIEW_ACCEPT);
    end();
}
END_TEST

/* The accusation among what is to be sent; false: none. */
static bool accusation(struct wire_accusation *ret)
{
    for (size_t i = 0; i < hearer.actions.sends_count; i++) {
        const struct engine_send *s = &hearer.actions.sends[i];
        struct wire_message m;
        if (wire_decode((struct bytes){s->bytes, s->len}, &m) == WIRE_OK &&
            m.header.type == WIRE_ACCUSATION) {
            *ret = m.accusation;
            return true;
        }
    }
    return false;
}

/* Rejected three times for the reason: what is sent names it, and its three figures say by how much. */
static void accused_of(struct wire_message m, enum guard_reason reason, enum wire_accusation_reason word)
{
    static struct node before;
    struct wire_accusation a = {0};
    before = *hearer.node;
    for (int i = 0; i < SUSPICION_HARD_LIMIT; i++) {
        hear(&m);
        ck_assert(accusation(&a) == (i == SUSPICION_HARD_LIMIT - 1));
    }
    const struct guard_result r = hearer.node->following.last;
    ck_assert_int_eq(r.reason, reason);
    ck_assert_uint_eq(a.accused.id, m.header.sender.id);
    ck_assert_uint_eq(a.accused_term, m.header.term);
    ck_assert_int_eq(a.reason, word);
    ck_assert_int_eq(a.claimed_width.ns, m.correction.line.half_width.ns);
    ck_assert_int_gt(a.measured_width.ns, 0);
    if (reason != GUARD_RATE) { /* by_ns of a rate is no distance */
        int64_t by = llabs(a.offset_ns) - a.measured_width.ns - a.claimed_width.ns;
        ck_assert_int_le(llabs(by - r.by_ns), 1);
        ck_assert_int_eq(a.offset_ns > 0, m.correction.line.tai.ns > hearer.claim.correction.line.tai.ns);
    }
    *hearer.node = before;
}

/* The nearest claim on either side that is rejected for this reason. */
static struct wire_message claim_for(enum guard_reason reason, int side)
{
    struct wire_message m = hearer.claim;
    for (int us = 0; us < 4000; us++) {
        if (hear_and_look(&m) == reason)
            return m;
        m.correction.line.tai.ns += side * NET_US;
    }
    ck_abort_msg("no claim is rejected for %s", guard_reason_name(reason));
    return m;
}

START_TEST(an_accusation_says_why)
{
    begin(_i == 1);
    enum guard_reason nearest = _i == 1 ? GUARD_OUTSIDE_REFERENCE : GUARD_OUTSIDE_OWN;
    for (int side = -1; side <= 1; side += 2) {
        accused_of(claim_for(nearest, side), nearest, _i == 1 ? WIRE_ACCUSE_REFERENCE : WIRE_ACCUSE_OUTSIDE);
        accused_of(claim_for(GUARD_OUTSIDE_PEERS, side), GUARD_OUTSIDE_PEERS, WIRE_ACCUSE_OUTSIDE);
    }
    struct wire_message m = hearer.claim;
    m.correction.line.rate_ps_per_s = 2 * following_rate_max_ps(hearer.node->settings.rate_bound);
    accused_of(m, GUARD_RATE, WIRE_ACCUSE_RATE);
    end();
}
END_TEST

static size_t victim;
static struct wire_accusation said;
static size_t said_count;

/* Everybody tells the victim another time. What it says of that is kept. */
static void disagree(struct net *net, size_t from, size_t to, struct wire_message *m)
{
    (void)net;
    if (from == victim && m->header.type == WIRE_ACCUSATION) {
        said = m->accusation;
        said_count++;
    }
    if (to != victim)
        return;
    int64_t by = (int64_t)from * 50 * NET_MS;
    if (m->header.type == WIRE_CORRECTION)
        m->correction.line.tai.ns += by;
    if (m->header.type == WIRE_REPLY && page_status_has_interval(m->reply.line.status))
        m->reply.line.tai.ns += by;
}

/* A server without a line that can judge nothing for 10 s: two-faced, and no figure. */
START_TEST(what_was_never_judged_has_no_figures)
{
    struct net *net = net_make(22, 5);
    for (size_t i = 0; i < 5; i++)
        net_up(net, i);
    net_run(net, 60 * NET_S);
    size_t leads = net_master(net);
    ck_assert_uint_lt(leads, 5);
    victim = (leads + 1) % 5;
    net_down(net, victim);
    net->twist = disagree;
    net_run(net, 61 * NET_S);
    net_up(net, victim);
    net_run(net, 80 * NET_S);
    ck_assert_uint_gt(said_count, 0);
    ck_assert_uint_eq(said.accused.id, net->nodes[leads].id.id);
    ck_assert_int_eq(said.reason, WIRE_ACCUSE_TWO_FACED);
    ck_assert(said.offset_ns == 0 && said.measured_width.ns == 0 && said.claimed_width.ns == 0);
    net_end(net);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("node_judged");
    TCase *tc = tcase_create("all");
    tcase_set_timeout(tc, 60);
    tcase_add_loop_test(tc, the_reason_is_the_guards, 0, 2);
    tcase_add_test(tc, the_form_is_shown_too);
    tcase_add_test(tc, what_stands_is_shown_until_it_is_worked_off);
    tcase_add_loop_test(tc, an_accusation_says_why, 0, 2);
    tcase_add_test(tc, what_was_never_judged_has_no_figures);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
