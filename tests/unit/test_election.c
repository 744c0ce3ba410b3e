/* SPDX-License-Identifier: Apache-2.0 */
/* The election's rules one by one, on a single module that is told what others say. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/clock/core/election.h"
#include "tests/unit/prop.h"

#define MS INT64_C(1000000)
#define S  INT64_C(1000000000)

static struct election one;
static struct election_actions acts;
static int64_t now;

static struct election_settings settings_of(unsigned n, unsigned self)
{
    struct election_settings s;
    election_settings_init(&s);
    s.self.id = self;
    s.members_count = n;
    s.epoch = 7;
    for (unsigned i = 0; i < n; i++)
        s.members[i].id = i + 1;
    return s;
}

/* Member 1 of n, started at 100 s, in `term` with a vote for `vote`, past its silence. */
static void begin(unsigned n, uint64_t term, unsigned vote)
{
    struct election_settings s = settings_of(n, 1);
    struct election_memory memory = {ELECTION_MEMORY_KEPT, term, {vote}};
    now = 100 * S;
    election_start(&one, &s, &memory, now, 1, &acts);
    now += 1510 * MS;
}

static struct election_message said(enum election_kind kind, uint64_t term)
{
    return (struct election_message){.kind = kind, .term = term, .epoch = 7, .lease_ms = 1500, .sent = 1};
}

static void hear(unsigned from, struct election_message m)
{
    election_on_message(&one, now, (sync_node_t){from}, &m, &acts);
}

static void hear_beat(unsigned from, uint64_t term, unsigned deputy)
{
    struct election_message m = said(ELECTION_HEARTBEAT, term);
    m.sent = (uint64_t)now;
    m.deputy.id = deputy;
    hear(from, m);
}

static void hear_vote(unsigned from, uint64_t term)
{
    struct election_message m = said(ELECTION_VOTE, term);
    m.candidate.id = from;
    hear(from, m);
}

static const struct election_action *find(enum election_action_kind kind)
{
    for (unsigned i = 0; i < acts.count; i++)
        if (acts.list[i].kind == kind)
            return &acts.list[i];
    return NULL;
}

static const struct election_message *sent(enum election_kind kind)
{
    for (unsigned i = 0; i < acts.count; i++)
        if (acts.list[i].kind == ELECTION_SEND && acts.list[i].message.kind == kind)
            return &acts.list[i].message;
    return NULL;
}

static void reply_all(enum election_kind kind, unsigned count)
{
    for (unsigned i = 2; i < 2 + count; i++) {
        struct election_message m = said(kind, one.round_term);
        m.candidate.id = 1;
        m.granted = true;
        m.sent = one.round_token;
        hear(i, m);
    }
}

/* Member 1 of n becomes master by the book. */
static void become_master(unsigned n)
{
    begin(n, 4, 0);
    now += 2 * S;
    election_on_tick(&one, now, &acts);
    ck_assert_ptr_nonnull(sent(ELECTION_PRE_VOTE));
    reply_all(ELECTION_PRE_VOTE_REPLY, one.quorum - 1);
    ck_assert_ptr_nonnull(find(ELECTION_PERSIST));
    ck_assert_ptr_null(sent(ELECTION_VOTE));
    election_on_persisted(&one, now, find(ELECTION_PERSIST)->token, &acts);
    ck_assert_ptr_nonnull(sent(ELECTION_VOTE));
    reply_all(ELECTION_VOTE_REPLY, one.quorum - 1);
    ck_assert_ptr_nonnull(find(ELECTION_MASTER));
    ck_assert_uint_eq(find(ELECTION_MASTER)->term, 5);
    ck_assert_ptr_nonnull(sent(ELECTION_HEARTBEAT));
    ck_assert(!election_lease_held(&one, now));
}

static void ack_beat(unsigned from, int64_t token, uint8_t quality)
{
    struct election_message m = said(ELECTION_HEARTBEAT_ACK, one.term);
    m.candidate.id = 1;
    m.granted = true;
    m.sent = (uint64_t)token;
    m.quality = quality;
    hear(from, m);
}

START_TEST(settings_are_checked)
{
    struct election_settings s = settings_of(3, 1);
    ck_assert_int_eq(election_settings_check(&s), TAI_OK);
    s.self.id = 9;
    ck_assert_int_eq(election_settings_check(&s), TAI_ERR_ARGUMENT);
    s = settings_of(3, 1);
    s.members[2].id = 2;
    ck_assert_int_eq(election_settings_check(&s), TAI_ERR_ARGUMENT);
    s = settings_of(3, 1);
    s.preferred.id = 4;
    ck_assert_int_eq(election_settings_check(&s), TAI_ERR_ARGUMENT);
    s = settings_of(3, 1);
    s.margin_ns = lease_margin_min(s.lease_ns) - 1;
    ck_assert_int_eq(election_settings_check(&s), TAI_ERR_RANGE);
    s = settings_of(3, 1);
    s.lease_ns = s.heartbeat_ns;
    ck_assert_int_eq(election_settings_check(&s), TAI_ERR_RANGE);
    s = settings_of(3, 1);
    s.timeout_ns_min = s.timeout_ns_max;
    ck_assert_int_eq(election_settings_check(&s), TAI_ERR_RANGE);
    s = settings_of(3, 1);
    s.members_count = 0;
    ck_assert_int_eq(election_settings_check(&s), TAI_ERR_ARGUMENT);
    s.members_count = SYNC_SERVERS_MAX + 1;
    ck_assert_int_eq(election_settings_check(&s), TAI_ERR_ARGUMENT);
}
END_TEST

START_TEST(one_server_elects_itself)
{
    struct election_settings s = settings_of(1, 1);
    struct election_memory memory = {ELECTION_MEMORY_KEPT, 41, {1}};
    election_start(&one, &s, &memory, now, 1, &acts);
    const struct election_action *persist = find(ELECTION_PERSIST);
    ck_assert_ptr_nonnull(persist);
    ck_assert_ptr_null(find(ELECTION_MASTER)); /* the disk first */
    ck_assert_uint_eq(persist->term, 42);
    election_on_persisted(&one, now, persist->token, &acts);
    ck_assert_uint_eq(find(ELECTION_MASTER)->term, 42);
    ck_assert(election_lease_held(&one, now + 1000 * S));
}
END_TEST

START_TEST(of_two_the_preferred_is_master)
{
    for (unsigned preferred = 0; preferred <= 2; preferred++)
        for (unsigned self = 1; self <= 2; self++) {
            struct election_settings s = settings_of(2, self);
            s.preferred.id = preferred;
            bool master = self == (preferred == 0 ? 1 : preferred);
            struct election_memory memory = {ELECTION_MEMORY_KEPT, 0, {0}};
            election_start(&one, &s, &memory, 0, 1, &acts);
            ck_assert_int_eq(find(ELECTION_REPORT)->report,
                             master ? ELECTION_REPORT_STATIC_MASTER : ELECTION_REPORT_STATIC_STANDBY);
            ck_assert_str_eq(election_role_text(&one), master ? "candidate" : "standby (static)");
            ck_assert_int_eq(find(ELECTION_PERSIST) != NULL, master);
            election_on_tick(&one, 3600 * S, &acts);
            ck_assert_ptr_null(sent(ELECTION_PRE_VOTE));
            ck_assert(master || acts.deadline_ns == ELECTION_NEVER);
        }
}
END_TEST

/* What a voter answers: member 1 of 5 in term 4, which voted for `voted`, maybe hears master 2. */
static const struct {
    const char *what;
    uint64_t term;
    unsigned voted, asks;
    bool hears_master, silent;
    int64_t after_ns; /* the last heartbeat */
    enum election_reason vote, pre_vote;
} voters[] = {
    {"free", 5, 0, 3, false, false, 0, ELECTION_REASON_NONE, ELECTION_REASON_NONE},
    {"same term, free", 4, 0, 3, false, false, 0, ELECTION_REASON_NONE, ELECTION_REASON_TERM},
    {"same term, voted for it", 4, 3, 3, false, false, 0, ELECTION_REASON_NONE, ELECTION_REASON_TERM},
    {"same term, voted for another", 4, 2, 3, false, false, 0, ELECTION_REASON_VOTED, ELECTION_REASON_TERM},
    {"old term", 3, 0, 3, false, false, 0, ELECTION_REASON_TERM, ELECTION_REASON_TERM},
    {"promised", 5, 0, 3, true, false, 0, ELECTION_REASON_LEASE, ELECTION_REASON_LEASE},
    {"promised, length over", 5, 0, 3, true, false, 1500 * MS, ELECTION_REASON_LEASE, ELECTION_REASON_LEASE},
    {"promised, margin over", 5, 0, 3, true, false, 1510 * MS, ELECTION_REASON_NONE, ELECTION_REASON_NONE},
    {"promised to it", 5, 0, 2, true, false, 0, ELECTION_REASON_NONE, ELECTION_REASON_NONE},
    {"just started", 5, 0, 3, false, true, 0, ELECTION_REASON_SILENT, ELECTION_REASON_SILENT},
    {"just started, old term", 3, 0, 3, false, true, 0, ELECTION_REASON_TERM, ELECTION_REASON_TERM},
};

static void voter_begin(int i)
{
    begin(5, 4, voters[i].voted);
    if (voters[i].silent)
        now -= 1;
    if (voters[i].hears_master) {
        hear_beat(2, 4, 0);
        ck_assert(sent(ELECTION_HEARTBEAT_ACK)->granted);
        if (find(ELECTION_PERSIST) != NULL)
            election_on_persisted(&one, now, find(ELECTION_PERSIST)->token, &acts);
        now += voters[i].after_ns;
    }
}

START_TEST(what_a_voter_answers)
{
    voter_begin(_i);
    struct election_message m = said(ELECTION_PRE_VOTE, voters[_i].term);
    m.candidate.id = voters[_i].asks;
    hear(voters[_i].asks, m);
    const struct election_message *reply = sent(ELECTION_PRE_VOTE_REPLY);
    ck_assert_msg(reply != NULL && reply->reason == voters[_i].pre_vote, "%s, pre-vote", voters[_i].what);
    ck_assert_int_eq(reply->granted, voters[_i].pre_vote == ELECTION_REASON_NONE);
    ck_assert_ptr_null(find(ELECTION_PERSIST));
    ck_assert_uint_eq(one.term, 4);

    voter_begin(_i);
    hear_vote(voters[_i].asks, voters[_i].term);
    reply = sent(ELECTION_VOTE_REPLY);
    if (voters[_i].vote != ELECTION_REASON_NONE) {
        ck_assert_msg(reply != NULL && !reply->granted && reply->reason == voters[_i].vote, "%s, vote",
                      voters[_i].what);
        ck_assert_uint_eq(one.term, 4); /* a refusal never moves the term here */
        return;
    }
    const struct election_action *persist = find(ELECTION_PERSIST);
    if (persist != NULL) { /* the vote is new: first the disk */
        ck_assert_ptr_null(reply);
        ck_assert_uint_eq(persist->vote.id, voters[_i].asks);
        ck_assert_uint_eq(persist->term, voters[_i].term);
        election_on_persisted(&one, now, persist->token, &acts);
        reply = sent(ELECTION_VOTE_REPLY);
    }
    ck_assert_msg(reply != NULL && reply->granted, "%s, vote", voters[_i].what);
    hear_vote(voters[_i].asks, voters[_i].term); /* repeated: the same answer, no second write */
    ck_assert(sent(ELECTION_VOTE_REPLY)->granted && find(ELECTION_PERSIST) == NULL);
    hear_vote(5, voters[_i].term); /* another one: no */
    ck_assert(!sent(ELECTION_VOTE_REPLY)->granted);
}
END_TEST

START_TEST(a_newer_vote_takes_the_place_of_one_on_its_way_to_the_disk)
{
    begin(5, 4, 0);
    hear_vote(2, 5);
    uint64_t first = find(ELECTION_PERSIST)->token;
    hear_vote(3, 6);
    uint64_t second = find(ELECTION_PERSIST)->token;
    election_on_persisted(&one, now, first, &acts);
    ck_assert_ptr_null(sent(ELECTION_VOTE_REPLY));
    election_on_persisted(&one, now, second, &acts);
    ck_assert_uint_eq(sent(ELECTION_VOTE_REPLY)->candidate.id, 3);
    ck_assert_uint_eq(sent(ELECTION_VOTE_REPLY)->term, 6);
}
END_TEST

START_TEST(what_is_not_for_us_is_counted)
{
    static const struct {
        enum election_kind kind;
        unsigned from, candidate;
        uint64_t term;
        uint32_t epoch, lease_ms;
        enum election_verdict verdict;
    } cases[] = {
        {ELECTION_VOTE, 9, 9, 5, 7, 0, ELECTION_STRANGER},
        {ELECTION_VOTE, 1, 1, 5, 7, 0, ELECTION_STRANGER},
        {ELECTION_VOTE, 2, 2, 5, 8, 0, ELECTION_OTHER_EPOCH},
        {ELECTION_VOTE, 2, 3, 5, 7, 0, ELECTION_MISPLACED},
        {ELECTION_PRE_VOTE, 2, 3, 5, 7, 0, ELECTION_MISPLACED},
        {ELECTION_VOTE, 2, 2, 5 + ELECTION_TERM_JUMP_MAX, 7, 0, ELECTION_FAR_TERM},
        {ELECTION_HEARTBEAT, 2, 0, UINT64_MAX, 7, 1500, ELECTION_FAR_TERM},
        {ELECTION_HEARTBEAT, 2, 0, 4, 7, 1501, ELECTION_LONG_LEASE},
        {ELECTION_HEARTBEAT, 2, 0, 3, 7, 1500, ELECTION_REFUSED},
        {ELECTION_VOTE_REPLY, 2, 1, 4, 7, 0, ELECTION_STALE},
        {ELECTION_PRE_VOTE_REPLY, 2, 1, 4, 7, 0, ELECTION_STALE},
        {ELECTION_VOTE_REPLY, 2, 3, 4, 7, 0, ELECTION_MISPLACED},
        {ELECTION_HEARTBEAT_ACK, 2, 1, 4, 7, 0, ELECTION_STALE},
        {ELECTION_ACCUSATION, 2, 0, 4, 7, 0, ELECTION_STALE},
        {ELECTION_GOODBYE, 2, 0, 3, 7, 0, ELECTION_STALE},
        {(enum election_kind)99, 2, 2, 4, 7, 0, ELECTION_MISPLACED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        begin(5, 4, 0);
        struct election_message m = said(cases[i].kind, cases[i].term);
        m.candidate.id = cases[i].candidate;
        m.epoch = cases[i].epoch;
        m.lease_ms = cases[i].lease_ms;
        hear(cases[i].from, m);
        ck_assert_msg(acts.verdict == cases[i].verdict, "case %zu: %s", i,
                      election_verdict_text(acts.verdict));
        ck_assert_uint_eq(one.verdicts[cases[i].verdict], 1);
        ck_assert_uint_eq(one.term, 4);
    }
}
END_TEST

START_TEST(a_master_lives_by_its_quorum)
{
    become_master(5);
    int64_t first = now;
    for (unsigned i = 2; i <= 3; i++)
        ack_beat(i, first, 3);
    now += 20 * MS;
    ck_assert(!election_lease_held(&one, now)); /* three of four */
    ack_beat(4, first, 2);
    ck_assert(election_lease_held(&one, now));
    ck_assert_int_eq(election_lease_until(&one), first + 1500 * MS); /* from send, not from now */
    now = first + 500 * MS;
    election_on_tick(&one, now, &acts);
    ck_assert_uint_eq(sent(ELECTION_HEARTBEAT)->deputy.id, 4); /* the best clock */
    ack_beat(2, now, 3);
    ack_beat(2, now + 1, 3); /* never sent */
    ck_assert_int_eq(acts.verdict, ELECTION_STALE);
    now = first + 1489 * MS;
    election_on_tick(&one, now, &acts);
    ck_assert_ptr_null(find(ELECTION_LOST));
    ck_assert_int_le(acts.deadline_ns, first + 1490 * MS);
    now = first + 1490 * MS; /* a margin before the end */
    election_on_tick(&one, now, &acts);
    ck_assert_int_eq(find(ELECTION_LOST)->reason, ELECTION_REASON_QUORUM);
    ck_assert_ptr_nonnull(sent(ELECTION_GOODBYE));
    ck_assert(!election_lease_held(&one, now));
}
END_TEST

START_TEST(a_master_without_any_acknowledgement_ends)
{
    become_master(3);
    now += 1500 * MS;
    election_on_tick(&one, now, &acts);
    ck_assert_int_eq(find(ELECTION_LOST)->reason, ELECTION_REASON_QUORUM);
}
END_TEST

START_TEST(a_late_vote_elects_nobody)
{
    begin(3, 4, 0);
    now += 2 * S;
    election_on_tick(&one, now, &acts);
    reply_all(ELECTION_PRE_VOTE_REPLY, 1);
    election_on_persisted(&one, now, find(ELECTION_PERSIST)->token, &acts);
    now += one.settings.round_ns; /* say, the machine was paused with the vote in its socket */
    reply_all(ELECTION_VOTE_REPLY, 1);
    ck_assert_ptr_null(find(ELECTION_MASTER));
    ck_assert_int_eq(acts.verdict, ELECTION_STALE);
}
END_TEST

START_TEST(a_repeated_heartbeat_renews_no_promise)
{
    begin(5, 4, 0);
    struct election_message m = said(ELECTION_HEARTBEAT, 5);
    m.sent = 1000;
    hear(2, m);
    int64_t until = one.promised_until;
    now += 700 * MS;
    hear(2, m);
    ck_assert_int_eq(acts.verdict, ELECTION_STALE);
    m.sent = 999; /* overtaken */
    hear(2, m);
    ck_assert_ptr_null(sent(ELECTION_HEARTBEAT_ACK));
    ck_assert_int_eq(one.promised_until, until);
    hear_vote(2, 5); /* late: answered, but it must not make us stand while we have promised */
    ck_assert_int_ge(one.stand_at, until);
}
END_TEST

START_TEST(an_answer_belongs_to_one_round)
{
    begin(3, 4, 0);
    now += 2 * S;
    election_on_tick(&one, now, &acts);
    struct election_message yes = said(ELECTION_PRE_VOTE_REPLY, 4);
    yes.candidate.id = 1;
    yes.granted = true;
    yes.sent = one.round_token - 1; /* of the round before */
    hear(2, yes);
    ck_assert_int_eq(acts.verdict, ELECTION_STALE);
    uint64_t token = one.round_token;
    hear_vote(3, 4);
    ck_assert_int_eq(acts.verdict, ELECTION_ACCEPTED);
    yes.sent = token;
    hear(2, yes);
    ck_assert_int_eq(acts.verdict, ELECTION_STALE);
    ck_assert_uint_eq(one.term, 4);
}
END_TEST

START_TEST(accusations)
{
    /* Member 1 follows 2; f = 1 of 5: two accusers depose, one does not, however often it repeats. */
    begin(5, 4, 0);
    hear_beat(2, 5, 3);
    election_on_persisted(&one, now, one.token, &acts);
    ck_assert(election_accepts_term(&one, (sync_node_t){2}, 5));
    struct election_message m = said(ELECTION_ACCUSATION, 5);
    m.accused.id = 2;
    hear(2, m);
    ck_assert_int_eq(acts.verdict, ELECTION_MISPLACED); /* against itself */
    hear(3, m);
    hear(3, m);
    ck_assert_uint_eq(one.master.id, 2);
    m.term = 4;
    hear(4, m);
    ck_assert_int_eq(acts.verdict, ELECTION_STALE);
    election_accuse(&one, now, &(struct election_ground){.offset_ns = -5000}, &acts);
    ck_assert_int_eq(sent(ELECTION_ACCUSATION)->ground.offset_ns, -5000);
    ck_assert_int_eq(find(ELECTION_UNFOLLOW)->reason, ELECTION_REASON_ACCUSED);
    ck_assert(!election_accepts_term(&one, (sync_node_t){2}, 5));
    now += 500 * MS;
    hear_beat(2, 5, 3);
    ck_assert_int_eq(acts.verdict, ELECTION_DEPOSED);
    hear_vote(2, 6); /* exiled */
    ck_assert_int_eq(sent(ELECTION_VOTE_REPLY)->reason, ELECTION_REASON_EXILED);
    hear_vote(3, 6); /* its lease is honoured no longer */
    ck_assert_int_eq(acts.verdict, ELECTION_ACCEPTED);

    become_master(5);
    m = said(ELECTION_ACCUSATION, one.term);
    m.accused.id = 1;
    hear(2, m);
    ck_assert_ptr_null(find(ELECTION_LOST));
    hear(5, m);
    ck_assert_int_eq(find(ELECTION_LOST)->reason, ELECTION_REASON_ACCUSED);
    ck_assert_int_ge(one.stand_at, now + one.settings.exile_ns);
}
END_TEST

START_TEST(goodbye_lets_the_deputy_stand_at_once)
{
    begin(5, 4, 0);
    hear_beat(2, 5, 1);
    struct election_message m = said(ELECTION_GOODBYE, 5);
    m.reason = ELECTION_REASON_LEAVING;
    m.deputy.id = 1;
    hear(2, m);
    ck_assert_int_eq(find(ELECTION_UNFOLLOW)->reason, ELECTION_REASON_LEAVING);
    ck_assert_ptr_nonnull(sent(ELECTION_PRE_VOTE));
    ck_assert_uint_eq(sent(ELECTION_PRE_VOTE)->term, 6);
    hear_beat(2, 5, 1); /* overtaken on its way */
    ck_assert_int_eq(acts.verdict, ELECTION_DEPOSED);
    hear(2, m);
    ck_assert_int_eq(acts.verdict, ELECTION_STALE);
}
END_TEST

START_TEST(a_lost_memory_votes_after_a_lease_of_following)
{
    struct election_settings s = settings_of(3, 1);
    struct election_memory memory = {ELECTION_MEMORY_LOST, 0, {0}};
    now = 0;
    election_start(&one, &s, &memory, now, 1, &acts);
    ck_assert_int_eq(find(ELECTION_REPORT)->report, ELECTION_REPORT_MEMORY_LOST);
    now = 3600 * S;
    election_on_tick(&one, now, &acts);
    ck_assert_ptr_null(sent(ELECTION_PRE_VOTE));
    hear_vote(3, 5);
    ck_assert_int_eq(sent(ELECTION_VOTE_REPLY)->reason, ELECTION_REASON_SILENT);
    for (int i = 0; i < 4; i++, now += 500 * MS) {
        hear_beat(2, 5, 3);
        ck_assert(one.memory_lost);
    }
    hear_beat(2, 5, 3);
    ck_assert(!one.memory_lost);
    ck_assert_uint_eq(one.vote.id, 2);
}
END_TEST

START_TEST(one_claim_of_a_higher_term_ends_no_master)
{
    become_master(5);
    int64_t first = now;
    for (unsigned i = 2; i <= 4; i++)
        ack_beat(i, first, 3);
    struct election_message no = said(ELECTION_HEARTBEAT_ACK, 90);
    no.candidate.id = 1;
    no.reason = ELECTION_REASON_TERM;
    hear(5, no);
    ck_assert_ptr_null(find(ELECTION_LOST));
    /* After a while it stands again, above that term, so that the member can follow. */
    for (int i = 0; i < 4 && one.role == ELECTION_IS_MASTER; i++) {
        now += 490 * MS;
        election_on_tick(&one, now, &acts);
        for (unsigned j = 2; j <= 4; j++)
            ack_beat(j, one.lease.sent[(one.lease.beats - 1) % LEASE_BEATS], 3);
        if (one.role == ELECTION_IS_MASTER)
            ck_assert(election_lease_held(&one, now));
    }
    election_on_tick(&one, now + 100 * MS, &acts);
    ck_assert_int_eq(one.role, ELECTION_PRE_CANDIDATE);
    ck_assert_uint_eq(one.round_term, 91);
    /* Two of five cannot both lie. */
    become_master(5);
    hear(4, no);
    hear(5, no);
    ck_assert_int_eq(find(ELECTION_LOST)->reason, ELECTION_REASON_SUPERSEDED);
}
END_TEST

START_TEST(fencing)
{
    begin(5, 4, 0);
    hear_beat(2, 5, 3);
    ck_assert(!election_accepts_term(&one, (sync_node_t){2}, 5)); /* not on our disk yet */
    election_on_persisted(&one, now, one.token, &acts);
    ck_assert(election_accepts_term(&one, (sync_node_t){2}, 5));
    ck_assert(!election_accepts_term(&one, (sync_node_t){2}, 4));
    ck_assert(!election_accepts_term(&one, (sync_node_t){2}, 6));
    ck_assert(!election_accepts_term(&one, (sync_node_t){3}, 5));
    ck_assert(!election_accepts_term(&one, (sync_node_t){0}, 5));
    hear_beat(3, 5, 2);
    ck_assert_int_eq(acts.verdict, ELECTION_RIVAL);
    ck_assert_int_eq(find(ELECTION_REPORT)->report, ELECTION_REPORT_RIVAL);
    now += 500 * MS;
    hear_beat(3, 6, 2);
    ck_assert(!election_accepts_term(&one, (sync_node_t){2}, 5));
}
END_TEST

/* Whatever authenticated members send, the module goes on and the term of a follower is never taken back. */
START_TEST(any_messages)
{
    struct prop p = prop_start("any_messages", 77);
    for (unsigned world = 0; world < (unsigned)prop_share(300, 30); world++) {
        begin(1 + (unsigned)prop_below(&p, 7), prop_below(&p, 5), 0);
        for (int i = 0; i < 400; i++) {
            now += (int64_t)prop_below(&p, 300) * MS;
            struct election_message m =
                said((enum election_kind)prop_below(&p, 9), one.term + prop_below(&p, 4) - 1);
            m.candidate.id = (uint32_t)prop_below(&p, 8);
            m.deputy.id = (uint32_t)prop_below(&p, 9);
            m.accused.id = (uint32_t)prop_below(&p, 8);
            m.granted = prop_below(&p, 2) == 0;
            m.reason = (enum election_reason)prop_below(&p, 14);
            m.quality = (uint8_t)prop_u64(&p);
            m.sent = prop_below(&p, 2) == 0   ? one.round_token
                     : prop_below(&p, 2) == 0 ? (uint64_t)now
                                              : prop_u64(&p);
            uint64_t before = one.term;
            hear((unsigned)prop_below(&p, 9), m);
            ck_assert_uint_ge(one.term, before);
            ck_assert(acts.deadline_ns >= 0);
            if (prop_below(&p, 3) > 0)
                election_on_persisted(&one, now, one.token, &acts);
            if (prop_below(&p, 50) == 0)
                election_accuse(&one, now, &(struct election_ground){0}, &acts);
        }
        election_leave(&one, now, &acts);
        hear_beat(2, one.term + 1, 3);
        ck_assert_uint_eq(acts.count, 0);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("election");
    TCase *t = tcase_create("election");
    tcase_set_timeout(t, 120);
    tcase_add_test(t, settings_are_checked);
    tcase_add_test(t, one_server_elects_itself);
    tcase_add_test(t, of_two_the_preferred_is_master);
    tcase_add_loop_test(t, what_a_voter_answers, 0, (int)(sizeof voters / sizeof *voters));
    tcase_add_test(t, a_newer_vote_takes_the_place_of_one_on_its_way_to_the_disk);
    tcase_add_test(t, what_is_not_for_us_is_counted);
    tcase_add_test(t, a_master_lives_by_its_quorum);
    tcase_add_test(t, a_master_without_any_acknowledgement_ends);
    tcase_add_test(t, a_late_vote_elects_nobody);
    tcase_add_test(t, a_repeated_heartbeat_renews_no_promise);
    tcase_add_test(t, an_answer_belongs_to_one_round);
    tcase_add_test(t, accusations);
    tcase_add_test(t, goodbye_lets_the_deputy_stand_at_once);
    tcase_add_test(t, a_lost_memory_votes_after_a_lease_of_following);
    tcase_add_test(t, one_claim_of_a_higher_term_ends_no_master);
    tcase_add_test(t, fencing);
    tcase_add_test(t, any_messages);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
