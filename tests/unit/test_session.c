/* SPDX-License-Identifier: Apache-2.0 */
/* Two nodes: the handshake, what is refused and why, restarts. tests/unit/test_session_net.c adds a hostile network. */
#include <check.h>
#include <stdlib.h>

#include "client/core/session.h"
#include "sdk/io/openssl.h"
#include "tests/unit/wire_samples.h"

#define S INT64_C(1000000000)

struct node {
    struct hlc hlc;
    struct session_local local;
    struct session session;
};

static struct crypto crypto;
static struct node a, b;
static struct session_now now;

static void node_start(struct node *n, uint32_t self, uint32_t peer, uint8_t life)
{
    uint8_t key[WIRE_KEY], seed[WIRE_KEY] = {(uint8_t)self, life};
    wire_sample_key(key);
    int64_t stored = n->hlc.reserved_ns, reserve;
    hlc_init(&n->hlc, stored);
    if (hlc_reserve_wanted(&n->hlc, now.physical, &reserve))
        hlc_reserved(&n->hlc, reserve);
    n->local = (struct session_local){.crypto = &crypto,
                                      .hlc = &n->hlc,
                                      .cluster = 77,
                                      .self = {self},
                                      .role = self == 1 ? WIRE_SERVER : WIRE_CLIENT,
                                      .wanted = 6,
                                      .offered = 3,
                                      .epoch = 4,
                                      .term = 5};
    session_local_start(&n->local, seed);
    session_init(&n->session, &n->local, (sync_node_t){peer}, key);
}

static void setup(void)
{
    ck_assert_int_eq(openssl_crypto_open(&crypto), TAI_OK);
    now = (struct session_now){{100 * S}, {1700000000 * S}, HLC_AHEAD_NS};
    a = b = (struct node){0};
    node_start(&a, 1, 2, 1);
    node_start(&b, 2, 1, 1);
}

static void teardown(void)
{
    openssl_crypto_close(&crypto);
}

static struct bytes view(const struct session_answer *x)
{
    return bytes_of(x->data, x->len);
}

static enum wire_verdict open_at(struct node *n, const struct session_answer *x,
                                 struct session_answer *ret_answer)
{
    struct wire_message m;
    return session_open(&n->session, now, view(x), &m, ret_answer);
}

struct datagram {
    uint8_t data[WIRE_DATAGRAM_MAX];
    size_t len;
};

static struct datagram seal_sample(struct node *n, enum wire_type type)
{
    struct datagram d;
    struct wire_message m = wire_sample(type);
    ck_assert_int_eq(session_seal(&n->session, now, &m, d.data, &d.len), TAI_OK);
    return d;
}

static enum wire_verdict receive(struct node *n, const struct datagram *d)
{
    struct wire_message m;
    struct session_answer answer;
    return session_open(&n->session, now, bytes_of(d->data, d->len), &m, &answer);
}

static void handshake(void)
{
    struct session_answer hello, reply, confirm, nothing;
    ck_assert(session_hello(&a.session, now, &hello));
    ck_assert_int_eq(open_at(&b, &hello, &reply), WIRE_HANDSHAKE);
    ck_assert_uint_eq(reply.len, hello.len);
    ck_assert_uint_ne(b.session.peer_id, a.local.id);
    ck_assert_int_eq(open_at(&a, &reply, &confirm), WIRE_HANDSHAKE);
    ck_assert_uint_eq(a.session.peer_id, b.local.id);
    ck_assert_uint_eq(confirm.len, hello.len);
    ck_assert_int_eq(open_at(&b, &confirm, &nothing), WIRE_HANDSHAKE);
    ck_assert_uint_eq(nothing.len, 0);
    ck_assert_uint_eq(b.session.peer_id, a.local.id);
}

START_TEST(three_hellos_open_a_session_and_messages_pass)
{
    handshake();
    ck_assert_int_eq(a.session.peer_role, WIRE_CLIENT);
    ck_assert_int_eq(b.session.peer_role, WIRE_SERVER);
    ck_assert_uint_eq(a.session.granted, 2);
    for (int type = WIRE_POLL; type < WIRE_TYPES; type++) {
        struct datagram d = seal_sample(&a, (enum wire_type)type);
        struct wire_message m;
        struct session_answer answer;
        enum wire_verdict v = session_open(&b.session, now, bytes_of(d.data, d.len), &m, &answer);
        ck_assert_int_eq(v, type == WIRE_CERTIFICATE ? WIRE_UNSUPPORTED : WIRE_OK);
        ck_assert_uint_eq(answer.len, 0);
        if (v == WIRE_OK) {
            ck_assert_int_eq(m.header.type, (enum wire_type)type);
            ck_assert_uint_eq(m.header.term, 5);
            ck_assert_uint_eq(m.header.epoch, 4);
        }
        ck_assert_int_eq(receive(&b, &d), WIRE_REPLAYED);
    }
}
END_TEST

START_TEST(before_the_handshake_nothing_leaves_and_nothing_comes_in)
{
    struct datagram d;
    struct wire_message m = wire_sample(WIRE_POLL);
    ck_assert_int_eq(session_seal(&a.session, now, &m, d.data, &d.len), TAI_ERR_UNAVAILABLE);
    handshake();
    d = seal_sample(&a, WIRE_POLL);
    node_start(&b, 2, 1, 2);
    ck_assert_int_eq(receive(&b, &d), WIRE_STALE);
    hlc_init(&a.hlc, 0);
    ck_assert_int_eq(session_seal(&a.session, now, &m, d.data, &d.len), TAI_ERR_UNAVAILABLE);
    struct session_answer answer;
    ck_assert(!session_hello(&a.session, now, &answer));
}
END_TEST

START_TEST(simultaneous_hellos_meet)
{
    struct session_answer ha, hb, ra, rb, ca, cb, nothing;
    ck_assert(session_hello(&a.session, now, &ha));
    ck_assert(session_hello(&b.session, now, &hb));
    ck_assert_int_eq(open_at(&b, &ha, &rb), WIRE_HANDSHAKE);
    ck_assert_int_eq(open_at(&a, &hb, &ra), WIRE_HANDSHAKE);
    ck_assert_int_eq(open_at(&a, &rb, &ca), WIRE_HANDSHAKE);
    ck_assert_int_eq(open_at(&b, &ra, &cb), WIRE_HANDSHAKE);
    ck_assert(session_established(&a.session) && session_established(&b.session));
    /* What is left answers questions that are no longer open. */
    ck_assert_int_eq(open_at(&b, &ca, &nothing), WIRE_UNEXPECTED);
    ck_assert_uint_eq(nothing.len, 0);
    ck_assert_int_eq(open_at(&a, &cb, &nothing), WIRE_UNEXPECTED);
    ck_assert_uint_eq(nothing.len, 0);
    struct datagram d = seal_sample(&a, WIRE_POLL);
    ck_assert_int_eq(receive(&b, &d), WIRE_OK);
    d = seal_sample(&b, WIRE_POLL);
    ck_assert_int_eq(receive(&a, &d), WIRE_OK);
}
END_TEST

START_TEST(a_restart_is_repaired_in_one_round_trip_whoever_speaks_first)
{
    handshake();
    node_start(&b, 2, 1, 2);
    now.raw.ns += 5 * S;
    /* The one that did not restart speaks first. */
    struct datagram d = seal_sample(&a, WIRE_POLL);
    struct wire_message m;
    struct session_answer hello, reply, confirm, nothing;
    ck_assert_int_eq(session_open(&b.session, now, bytes_of(d.data, d.len), &m, &hello), WIRE_STALE);
    ck_assert_uint_gt(hello.len, 0);
    ck_assert_int_eq(open_at(&a, &hello, &reply), WIRE_HANDSHAKE);
    ck_assert_int_eq(open_at(&b, &reply, &confirm), WIRE_HANDSHAKE);
    ck_assert(session_established(&b.session));
    ck_assert_int_eq(open_at(&a, &confirm, &nothing), WIRE_HANDSHAKE);
    d = seal_sample(&b, WIRE_POLL);
    ck_assert_int_eq(receive(&a, &d), WIRE_OK);
    d = seal_sample(&a, WIRE_POLL);
    ck_assert_int_eq(receive(&b, &d), WIRE_OK);
    /* The one that did speaks first. */
    node_start(&a, 1, 2, 2);
    now.raw.ns += 5 * S;
    handshake();
    d = seal_sample(&b, WIRE_POLL);
    ck_assert_int_eq(receive(&a, &d), WIRE_OK);
}
END_TEST

START_TEST(a_lost_last_hello_is_repaired_by_the_first_message)
{
    struct session_answer hello, reply, confirm, again, nothing;
    struct wire_message m;
    ck_assert(session_hello(&a.session, now, &hello));
    ck_assert_int_eq(open_at(&b, &hello, &reply), WIRE_HANDSHAKE);
    ck_assert_int_eq(open_at(&a, &reply, &confirm), WIRE_HANDSHAKE); /* and is lost */
    struct datagram d = seal_sample(&a, WIRE_POLL);
    ck_assert_int_eq(session_open(&b.session, now, bytes_of(d.data, d.len), &m, &hello), WIRE_STALE);
    ck_assert_uint_gt(hello.len, 0);
    ck_assert_int_eq(open_at(&a, &hello, &again), WIRE_HANDSHAKE);
    ck_assert_int_eq(open_at(&b, &again, &nothing), WIRE_HANDSHAKE);
    ck_assert_uint_eq(nothing.len, 0);
    ck_assert(session_established(&b.session));
}
END_TEST

START_TEST(strangers_are_turned_away_before_any_hashing)
{
    handshake();
    struct datagram d = seal_sample(&a, WIRE_POLL), x = d;
    sync_node_t sender;
    ck_assert_int_eq(session_screen(&b.local, bytes_of(d.data, d.len), &sender), WIRE_OK);
    ck_assert_uint_eq(sender.id, 1);
    x.data[15] ^= 1;
    ck_assert_int_eq(session_screen(&b.local, bytes_of(x.data, x.len), &sender), WIRE_CLUSTER);
    ck_assert_int_eq(receive(&b, &x), WIRE_CLUSTER);
    x = d, x.data[23] ^= 1;
    ck_assert_int_eq(session_screen(&b.local, bytes_of(x.data, x.len), &sender), WIRE_RECEIVER);
    x = d, x.data[19] = 2;
    ck_assert_int_eq(session_screen(&b.local, bytes_of(x.data, x.len), &sender), WIRE_SENDER);
    x = d, x.data[19] = 3; /* another node than this session's */
    ck_assert_int_eq(session_screen(&b.local, bytes_of(x.data, x.len), &sender), WIRE_OK);
    ck_assert_int_eq(receive(&b, &x), WIRE_SENDER);
    ck_assert_int_eq(session_screen(&b.local, bytes_of(d.data, 20), &sender), WIRE_SHORT);
    ck_assert_uint_eq(b.local.strangers.n[WIRE_CLUSTER], 1);
    ck_assert_uint_eq(b.local.strangers.n[WIRE_SHORT], 1);
    ck_assert_uint_eq(b.session.counts.n[WIRE_SENDER], 1);
    ck_assert_int_eq(receive(&a, &d), WIRE_RECEIVER); /* reflected */
    x = d, x.data[d.len - 1] ^= 1;
    struct wire_message m;
    struct session_answer answer;
    ck_assert_int_eq(session_open(&b.session, now, bytes_of(x.data, x.len), &m, &answer), WIRE_FORGED);
    ck_assert_uint_eq(answer.len, 0);
    ck_assert_int_eq(receive(&b, &d), WIRE_OK);
}
END_TEST

START_TEST(the_window_takes_each_number_once_in_any_order)
{
    enum { N = SESSION_WINDOW + 2 };
    static struct datagram d[N];
    handshake();
    for (int i = 0; i < N; i++)
        d[i] = seal_sample(&a, WIRE_POLL);
    ck_assert_int_eq(receive(&b, &d[N - 1]), WIRE_OK);
    ck_assert_int_eq(receive(&b, &d[0]), WIRE_SEQUENCE_OLD);
    ck_assert_int_eq(receive(&b, &d[1]), WIRE_SEQUENCE_OLD);
    for (int i = N - 2; i > 1; i--)
        ck_assert_int_eq(receive(&b, &d[i]), WIRE_OK);
    for (int i = 2; i < N; i++)
        ck_assert_int_eq(receive(&b, &d[i]), WIRE_REPLAYED);
    for (int i = 0; i < 3 * SESSION_WINDOW;
         i += 2) { /* each pair the wrong way round, three times about the window */
        struct datagram first = seal_sample(&a, WIRE_POLL), second = seal_sample(&a, WIRE_POLL);
        ck_assert_int_eq(receive(&b, &second), WIRE_OK);
        ck_assert_int_eq(receive(&b, &first), WIRE_OK);
        ck_assert_int_eq(receive(&b, &first), WIRE_REPLAYED);
    }
    for (int i = 0; i < SESSION_WINDOW; i++)
        (void)seal_sample(&a, WIRE_POLL);
    struct datagram far = seal_sample(&a, WIRE_POLL); /* a jump past the window: all bits are fresh */
    ck_assert_int_eq(receive(&b, &far), WIRE_OK);
    ck_assert_int_eq(receive(&b, &d[N - 1]), WIRE_SEQUENCE_OLD);
}
END_TEST

START_TEST(the_far_future_and_the_malformed_are_told_apart)
{
    handshake();
    struct session_now honest = now;
    now.physical.ns += HLC_AHEAD_NS + HLC_RESERVE_NS;
    hlc_reserved(&a.hlc, now.physical.ns + HLC_RESERVE_NS);
    struct datagram d = seal_sample(&a, WIRE_POLL);
    now = honest;
    ck_assert_int_eq(receive(&b, &d), WIRE_FUTURE);
    ck_assert_int_eq(receive(&b, &d), WIRE_REPLAYED);
    ck_assert_int_lt(b.hlc.now.l_ns, honest.physical.ns + HLC_AHEAD_NS);
    node_start(&a, 1, 2, 2), a.hlc = b.hlc;
    node_start(&b, 2, 1, 2);
    handshake();
    d = seal_sample(&a, WIRE_POLL);
    d.data[d.len - WIRE_MAC - 1] = 1;
    const struct bytes covered = bytes_of(d.data, d.len - WIRE_MAC);
    struct hash code = crypto_hmac_sha256(&crypto, bytes_of(a.session.key, WIRE_KEY), &covered, 1);
    memcpy(d.data + covered.len, code.b, WIRE_MAC);
    ck_assert_int_eq(receive(&b, &d), WIRE_MALFORMED);
}
END_TEST

START_TEST(recorded_hellos_neither_open_a_session_nor_make_us_a_source)
{
    enum { LIVES = 20 };
    static struct session_answer recorded[LIVES];
    struct session_answer answer, nothing;
    for (unsigned i = 0; i < LIVES; i++) {
        now.physical.ns += 60 * S;
        node_start(&a, 1, 2, (uint8_t)(100 + i));
        ck_assert(session_hello(&a.session, now, &recorded[i]));
    }
    now.physical.ns += 60 * S;
    node_start(&a, 1, 2, 200);
    handshake();
    uint64_t life = b.session.peer_id, answers = 0;
    for (int round = 0; round < 1000; round++) {
        enum wire_verdict v = open_at(&b, &recorded[round % LIVES], &answer);
        ck_assert(v == WIRE_HANDSHAKE || v == WIRE_LIMITED);
        answers += answer.len > 0;
        if (answer.len > 0) /* it is for a life that is over */
            ck_assert_int_eq(open_at(&a, &answer, &nothing), WIRE_STALE);
        now.raw.ns += S / 100;
    }
    ck_assert_uint_eq(b.session.peer_id, life);
    ck_assert_uint_le(answers, 11);
    /* The peer itself is heard at once, in the middle of the flood. */
    now.raw.ns += 5 * S;
    now.physical.ns += 5 * S;
    node_start(&a, 1, 2, 201);
    ck_assert_int_eq(open_at(&b, &recorded[3], &answer), WIRE_HANDSHAKE);
    ck_assert_int_eq(open_at(&b, &recorded[4], &answer), WIRE_LIMITED);
    handshake();
    ck_assert_uint_eq(b.session.peer_id, a.local.id);
}
END_TEST

START_TEST(stale_messages_bring_at_most_one_hello_a_second)
{
    handshake();
    struct datagram old = seal_sample(&a, WIRE_POLL);
    node_start(&b, 2, 1, 2);
    unsigned hellos = 0;
    for (int i = 0; i < 1000; i++) {
        struct wire_message m;
        struct session_answer answer;
        ck_assert_int_eq(session_open(&b.session, now, bytes_of(old.data, old.len), &m, &answer), WIRE_STALE);
        hellos += answer.len > 0;
        now.raw.ns += S / 200;
    }
    ck_assert_uint_eq(hellos, 5);
    ck_assert_uint_eq(b.session.counts.n[WIRE_STALE], 1000);
}
END_TEST

START_TEST(an_answer_counts_once_and_in_time)
{
    struct session_answer hello, reply, confirm, nothing, late;
    ck_assert(session_hello(&a.session, now, &hello));
    ck_assert_int_eq(open_at(&b, &hello, &reply), WIRE_HANDSHAKE);
    ck_assert_int_eq(open_at(&a, &reply, &confirm), WIRE_HANDSHAKE);
    ck_assert_int_eq(open_at(&a, &reply, &nothing), WIRE_REPLAYED);
    ck_assert_uint_eq(nothing.len, 0);
    ck_assert_int_eq(open_at(&b, &confirm, &nothing), WIRE_HANDSHAKE);
    ck_assert_int_eq(open_at(&b, &confirm, &nothing), WIRE_REPLAYED);
    ck_assert_int_eq(open_at(&b, &hello, &nothing), WIRE_REPLAYED);
    ck_assert_uint_eq(nothing.len, 0);
    node_start(&a, 1, 2, 2);
    node_start(&b, 2, 1, 2);
    ck_assert(session_hello(&a.session, now, &hello));
    ck_assert_int_eq(open_at(&b, &hello, &reply), WIRE_HANDSHAKE);
    ck_assert_int_eq(open_at(&a, &reply, &confirm), WIRE_HANDSHAKE);
    now.raw.ns += SESSION_CHALLENGE_LIFE_NS;
    ck_assert_int_eq(open_at(&b, &confirm, &nothing), WIRE_UNEXPECTED);
    ck_assert(!session_established(&b.session));
    /* A raw clock that went back (a machine that moved) does not silence anybody. */
    now.raw.ns = S;
    ck_assert(session_hello(&a.session, now, &late));
    ck_assert(session_hello(&b.session, now, &late));
}
END_TEST

START_TEST(nonces_and_lives_differ)
{
    ck_assert_uint_ne(a.local.id, b.local.id);
    uint64_t life = a.local.id, poll = session_poll_nonce(&a.session, 1);
    ck_assert_uint_ne(poll, session_poll_nonce(&a.session, 2));
    ck_assert_uint_eq(poll, session_poll_nonce(&a.session, 1));
    node_start(&a, 1, 2, 9);
    ck_assert_uint_ne(life, a.local.id);
    ck_assert_uint_ne(poll, session_poll_nonce(&a.session, 1));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("session");
    TCase *c = tcase_create("session");
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, three_hellos_open_a_session_and_messages_pass);
    tcase_add_test(c, before_the_handshake_nothing_leaves_and_nothing_comes_in);
    tcase_add_test(c, simultaneous_hellos_meet);
    tcase_add_test(c, a_restart_is_repaired_in_one_round_trip_whoever_speaks_first);
    tcase_add_test(c, a_lost_last_hello_is_repaired_by_the_first_message);
    tcase_add_test(c, strangers_are_turned_away_before_any_hashing);
    tcase_add_test(c, the_window_takes_each_number_once_in_any_order);
    tcase_add_test(c, the_far_future_and_the_malformed_are_told_apart);
    tcase_add_test(c, recorded_hellos_neither_open_a_session_nor_make_us_a_source);
    tcase_add_test(c, stale_messages_bring_at_most_one_hello_a_second);
    tcase_add_test(c, an_answer_counts_once_and_in_time);
    tcase_add_test(c, nonces_and_lives_differ);
    suite_add_tcase(suite, c);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
