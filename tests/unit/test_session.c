/* SPDX-License-Identifier: Apache-2.0 */
/* Two lives of two nodes: the handshake, what is refused and why, and restarts at any moment. */
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
    ck_assert(!session_established(&b.session));
    ck_assert_int_eq(open_at(&a, &reply, &confirm), WIRE_HANDSHAKE);
    ck_assert(session_established(&a.session));
    ck_assert_uint_eq(confirm.len, hello.len);
    ck_assert_int_eq(open_at(&b, &confirm, &nothing), WIRE_HANDSHAKE);
    ck_assert_uint_eq(nothing.len, 0);
    ck_assert(session_established(&b.session));
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

int main(void)
{
    Suite *suite = suite_create("session");
    TCase *c = tcase_create("session");
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, three_hellos_open_a_session_and_messages_pass);
    suite_add_tcase(suite, c);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
