/* SPDX-License-Identifier: Apache-2.0 */
/* Two nodes across a network that loses, repeats, reorders, reflects and damages datagrams, keeps every one it ever
 * saw, and puts it back at will, while either node restarts at any moment. After each step:
 *   no message is accepted twice, none from an older life of the receiver, none as another than it was sent, none from an older
 *   life of the sender than one that was heard before; and nobody sends more than it may.
 * Then losses end (the replays do not), and both sides must open a session and hear each other. */
#include <check.h>
#include <stdlib.h>

#include "client/core/session.h"
#include "sdk/io/openssl.h"
#include "tests/unit/prop.h"
#include "tests/unit/wire_samples.h"

#define S INT64_C(1000000000)
enum { FLIGHT = 48, ARCHIVE = 4096, SENT = 1 << 16, STEPS = 3000, WORLDS = 60, HEAL_TICKS = 400 };

struct datagram {
    uint8_t data[WIRE_DATAGRAM_MAX];
    size_t len;
    uint8_t to;
};

struct node {
    uint32_t life;
    struct hlc hlc;
    int64_t disk_ns;
    struct session_local local;
    struct session session;
    uint32_t heard_life; /* the largest life of the other that a message of this life came from */
    uint64_t answers,
        authentic; /* of this life: hellos sent as answers, and datagrams that were rightly signed */
    uint64_t heard;
};

/* What was sent, by the number that it carries. */
struct sent {
    uint8_t from;
    uint32_t life, to_life;
    bool accepted;
};

struct world {
    struct prop p;
    struct session_now now;
    struct node nodes[2];
    struct datagram flight[FLIGHT], archive[ARCHIVE];
    size_t flying, archived;
    struct sent sent[SENT];
    uint64_t count, accepted;
    uint64_t verdicts[WIRE_VERDICTS];
};

static struct crypto crypto;
static uint8_t key[WIRE_KEY];
static struct world w;

static void reserve(struct node *n)
{
    int64_t ns;
    if (hlc_reserve_wanted(&n->hlc, w.now.physical, &ns))
        hlc_reserved(&n->hlc, n->disk_ns = ns);
}

static void restart(unsigned i, bool disk_lost)
{
    struct node *n = &w.nodes[i];
    uint8_t seed[WIRE_KEY] = {(uint8_t)i};
    uint32_t life = n->life + 1;
    int64_t disk_ns = disk_lost ? 0 : n->disk_ns;
    be64_write(seed + 8, prop_u64(&w.p));
    *n = (struct node){.life = life, .disk_ns = disk_ns};
    hlc_init(&n->hlc, disk_ns);
    reserve(n);
    n->local = (struct session_local){
        .crypto = &crypto, .hlc = &n->hlc, .cluster = 77, .self = {i + 1}, .role = WIRE_SERVER, .term = life};
    session_local_start(&n->local, seed);
    session_init(&n->session, &n->local, (sync_node_t){2 - i}, key);
}

static void post(const uint8_t *data, size_t len, unsigned to)
{
    struct datagram d = {.len = len, .to = (uint8_t)to};
    memcpy(d.data, data, len);
    w.archive[w.archived++ % ARCHIVE] = d;
    if (w.flying == FLIGHT)
        w.flight[prop_below(&w.p, FLIGHT)] = d;
    else
        w.flight[w.flying++] = d;
}

static void send_message(unsigned i)
{
    struct node *n = &w.nodes[i];
    uint8_t datagram[WIRE_DATAGRAM_MAX];
    size_t len;
    struct wire_message m = wire_sample(prop_below(&w.p, 2) == 0 ? WIRE_POLL : WIRE_FOLLOW_UP);
    if (w.count + 1 >= SENT || !session_established(&n->session))
        return;
    uint64_t number = ++w.count;
    if (m.header.type == WIRE_POLL)
        m.poll.nonce = number;
    else
        m.follow_up.nonce = number;
    /* For the life that it is addressed to, which the sender may not know to be over. */
    bool present = n->session.peer_id == w.nodes[1 - i].local.id;
    w.sent[number] = (struct sent){(uint8_t)i, n->life, present ? w.nodes[1 - i].life : 0, false};
    ck_assert_int_eq(session_seal(&n->session, w.now, &m, datagram, &len), TAI_OK);
    post(datagram, len, 1 - i);
}

static void tick(unsigned i)
{
    struct session_answer hello;
    reserve(&w.nodes[i]);
    if (!session_established(&w.nodes[i].session) && session_hello(&w.nodes[i].session, w.now, &hello))
        post(hello.data, hello.len, 1 - i);
}

static void accepted(struct node *n, unsigned i, const struct wire_message *m)
{
    uint64_t number = m->header.type == WIRE_POLL ? m->poll.nonce : m->follow_up.nonce;
    ck_assert_uint_le(number, w.count);
    struct sent *s = &w.sent[number];
    ck_assert_uint_eq(s->from, 1 - i);      /* not reflected */
    ck_assert(!s->accepted);                /* not twice */
    ck_assert_uint_eq(s->to_life, n->life); /* not for an older life */
    ck_assert_uint_eq(m->header.term, s->life);
    ck_assert_uint_ge(s->life, n->heard_life);
    n->heard_life = s->life;
    s->accepted = true;
    n->heard++;
    w.accepted++;
}

static void deliver(const struct datagram *d, unsigned to)
{
    struct node *n = &w.nodes[to];
    struct wire_message m;
    struct session_answer answer;
    enum wire_verdict v = session_open(&n->session, w.now, bytes_of(d->data, d->len), &m, &answer);
    w.verdicts[v]++;
    if (v == WIRE_OK)
        accepted(n, to, &m);
    n->authentic += v == WIRE_OK || v > WIRE_FORGED;
    n->answers += answer.len > 0;
    ck_assert_uint_le(n->answers, n->authentic);
    ck_assert(answer.len == 0 || v == WIRE_HANDSHAKE || v == WIRE_STALE);
    if (answer.len > 0)
        post(answer.data, answer.len, 1 - to);
}

static void deliver_one(bool lose)
{
    if (w.flying == 0)
        return;
    size_t k = prop_below(&w.p, w.flying);
    struct datagram d = w.flight[k];
    uint64_t fate = prop_below(&w.p, lose ? 10 : 5);
    if (fate != 0)
        w.flight[k] = w.flight[--w.flying]; /* else it comes once more */
    if (fate < 7)
        deliver(&d, d.to);
}

/* What an attacker does who sees and keeps everything but has no key. */
static void attack(void)
{
    size_t kept = w.archived < ARCHIVE ? w.archived : ARCHIVE;
    if (kept == 0)
        return;
    struct datagram d = w.archive[prop_below(&w.p, kept)];
    switch (prop_below(&w.p, 4)) {
    case 0: /* to whom it came from */
        deliver(&d, 1u - d.to);
        be32_write(d.data + 16, 1u + (1u - d.to));
        be32_write(d.data + 20, d.to + 1u);
        deliver(&d, 1u - d.to);
        return;
    case 1:
        d.data[prop_below(&w.p, d.len)] ^= (uint8_t)(1u << prop_below(&w.p, 8));
        deliver(&d, d.to);
        return;
    default:
        deliver(&d, d.to);
        return;
    }
}

static void step(unsigned restarts)
{
    unsigned i = (unsigned)prop_below(&w.p, 2);
    int64_t passes =
        (int64_t)prop_below(&w.p, prop_below(&w.p, 20) == 0 ? 3 * (uint64_t)S : (uint64_t)S / 50);
    w.now.raw.ns += passes;
    w.now.physical.ns += passes;
    uint64_t what = prop_below(&w.p, 100);
    if (what < 20)
        send_message(i);
    else if (what < 30)
        tick(i);
    else if (what < 70)
        deliver_one(true);
    else if (what < 100 - restarts)
        attack();
    else
        restart(i, prop_below(&w.p, 5) == 0);
}

/* Losses end, replays go on. Both must hear something that is sent from now on. */
static void heal(void)
{
    for (unsigned i = 0; i < 2; i++)
        w.nodes[i].heard = 0;
    for (unsigned t = 0; t < HEAL_TICKS; t++) {
        w.now.raw.ns += S / 20;
        w.now.physical.ns += S / 20;
        for (unsigned i = 0; i < 2; i++) {
            tick(i);
            send_message(i);
        }
        for (unsigned k = 0; k < 10; k++)
            attack();
        while (w.flying > 0)
            deliver_one(false);
        if (w.nodes[0].heard > 20 && w.nodes[1].heard > 20)
            return;
    }
    ck_abort_msg("no session after the world healed: %llu and %llu heard",
                 (unsigned long long)w.nodes[0].heard, (unsigned long long)w.nodes[1].heard);
}

static void world_run(uint64_t seed, unsigned restarts)
{
    w = (struct world){.p = {seed}, .now = {{1000 * S}, {1700000000 * S}, HLC_AHEAD_NS}};
    restart(0, true);
    restart(1, true);
    for (int era = 0; era < 3; era++) {
        for (unsigned i = 0; i < STEPS; i++)
            step(restarts);
        heal();
    }
}

START_TEST(a_hostile_network_repeats_nothing_and_stops_nobody_for_long)
{
    struct prop p = prop_start("session_net", 5);
    uint64_t sum[WIRE_VERDICTS] = {0};
    unsigned worlds = (unsigned)prop_share(WORLDS, 20);
    for (unsigned i = 0; i < worlds; i++) {
        world_run(prop_u64(&p), i % 3 == 0 ? 0 : i % 3 == 1 ? 1 : 5);
        for (int v = 0; v < WIRE_VERDICTS; v++)
            sum[v] += w.verdicts[v];
        ck_assert_uint_gt(w.accepted, 50);
    }
    for (int v = 0; v < WIRE_VERDICTS; v++)
        printf("%s %llu%s", wire_verdict_name((enum wire_verdict)v), (unsigned long long)sum[v],
               v + 1 < WIRE_VERDICTS ? ", " : "\n");
    static const enum wire_verdict met[] = {WIRE_OK,       WIRE_HANDSHAKE,    WIRE_STALE,
                                            WIRE_REPLAYED, WIRE_SEQUENCE_OLD, WIRE_FORGED,
                                            WIRE_RECEIVER, WIRE_LIMITED,      WIRE_UNEXPECTED};
    for (size_t i = 0; i < sizeof met / sizeof met[0]; i++)
        ck_assert_msg(sum[met[i]] > 0, "no %s", wire_verdict_name(met[i]));
}
END_TEST

static void setup(void)
{
    wire_sample_key(key);
    ck_assert_int_eq(openssl_crypto_open(&crypto), TAI_OK);
}

static void teardown(void)
{
    openssl_crypto_close(&crypto);
}

int main(void)
{
    Suite *suite = suite_create("session_net");
    TCase *c = tcase_create("session_net");
    tcase_set_timeout(c, 120);
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, a_hostile_network_repeats_nothing_and_stops_nobody_for_long);
    suite_add_tcase(suite, c);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
