/* SPDX-License-Identifier: Apache-2.0 */
/* Messages and their bytes: the golden vectors, their rejected siblings, and that there is one encoding. */
#include <check.h>
#include <inttypes.h>
#include <stdlib.h>

#include "sdk/base/text.h"
#include "sdk/io/openssl.h"
#include "tests/unit/prop.h"
#include "tests/unit/wire_samples.h"

enum { PATH = 4096, LINE = 4096 };

static struct crypto crypto;
static uint8_t key[WIRE_KEY];

static void setup(void)
{
    ck_assert_int_eq(openssl_crypto_open(&crypto), TAI_OK);
    wire_sample_key(key);
}

static void teardown(void)
{
    openssl_crypto_close(&crypto);
}

static FILE *vector_open(const char *name, const char *suffix)
{
    char path[PATH];
    snprintf(path, sizeof path, "%s/tests/vectors/sync/%s%s", TEST_SRCDIR, name, suffix);
    FILE *f = fopen(path, "rb");
    ck_assert_msg(f != NULL, "no %s", path);
    return f;
}

static size_t golden(enum wire_type type, uint8_t ret_datagram[WIRE_DATAGRAM_MAX + 1])
{
    FILE *f = vector_open(wire_type_name(type), ".bin");
    size_t n = fread(ret_datagram, 1, WIRE_DATAGRAM_MAX + 1, f);
    fclose(f);
    return n;
}

/* What a receiver says that knows only the key: form, code, fields. */
static enum wire_verdict judge(struct bytes datagram, struct wire_message *ret_message)
{
    struct wire_envelope envelope;
    enum wire_verdict verdict = wire_peek(datagram, &envelope);
    if (verdict == WIRE_OK && !wire_authentic(datagram, &crypto, key))
        verdict = WIRE_FORGED;
    return verdict == WIRE_OK ? wire_decode(datagram, ret_message) : verdict;
}

START_TEST(the_vectors_are_what_we_write)
{
    for (int t = WIRE_HELLO; t < WIRE_TYPES; t++) {
        enum wire_type type = (enum wire_type)t;
        uint8_t vector[WIRE_DATAGRAM_MAX + 1], ours[WIRE_DATAGRAM_MAX];
        struct wire_message m = wire_sample(type);
        size_t n = golden(type, vector);
        ck_assert_uint_eq(n, wire_length(type));
        ck_assert_uint_eq(wire_encode(&m, &crypto, key, ours), n);
        ck_assert_msg(memcmp(ours, vector, n) == 0, "%s differs from its vector", wire_type_name(type));
    }
}
END_TEST

START_TEST(the_vectors_are_what_we_read)
{
    for (int t = WIRE_HELLO; t < WIRE_TYPES; t++) {
        uint8_t vector[WIRE_DATAGRAM_MAX + 1], again[WIRE_DATAGRAM_MAX];
        struct wire_message m;
        struct wire_header h;
        struct wire_envelope e;
        struct bytes datagram = bytes_of(vector, golden((enum wire_type)t, vector));
        ck_assert_int_eq(judge(datagram, &m), WIRE_OK);
        ck_assert_int_eq(m.header.type, (enum wire_type)t);
        ck_assert_uint_eq(wire_encode(&m, &crypto, key, again), datagram.len);
        ck_assert_mem_eq(again, vector, datagram.len);
        ck_assert_int_eq(wire_decode_header(datagram, &h), WIRE_OK);
        ck_assert_uint_eq(h.sequence, m.header.sequence);
        ck_assert_int_eq(wire_peek(datagram, &e), WIRE_OK);
        ck_assert_uint_eq(e.cluster, UINT64_C(0xc1c2c3c4c5c6c7c8));
        ck_assert_uint_eq(e.sender.id, 7);
        ck_assert_uint_eq(e.receiver.id, UINT32_C(0xd1d2d3d4));
    }
}
END_TEST

START_TEST(fields_come_back_as_they_were)
{
    uint8_t vector[WIRE_DATAGRAM_MAX + 1];
    struct wire_message m;
    ck_assert_int_eq(judge(bytes_of(vector, golden(WIRE_REPLY, vector)), &m), WIRE_OK);
    struct wire_reply want = wire_sample_reply();
    ck_assert_int_eq(m.header.hlc.l_ns, 1700000037123456789);
    ck_assert_uint_eq(m.header.hlc.c, 42);
    ck_assert_int_eq(m.reply.stamps.t3.ns, want.stamps.t3.ns);
    ck_assert_int_eq(m.reply.line.rate_ps_per_s, -12000004);
    ck_assert_int_eq(m.reply.line.status, TAISTAMP_STATUS_SINGLE_REFERENCE);
    ck_assert(m.reply.reference.present);
    ck_assert_int_eq(m.reply.reference.half_width.ns, BOUND_UNBOUNDED);
    ck_assert_int_eq(m.reply.leap.next.ns, want.leap.next.ns);
    ck_assert_int_eq(m.reply.frequency_ps_per_s, -3000014);
    ck_assert_int_eq(m.reply.state, WIRE_FALLBACK);
    ck_assert_int_eq(judge(bytes_of(vector, golden(WIRE_HEARTBEAT, vector)), &m), WIRE_OK);
    ck_assert_int_eq(m.heartbeat.token, -2);
    ck_assert_int_eq(judge(bytes_of(vector, golden(WIRE_ACCUSATION, vector)), &m), WIRE_OK);
    ck_assert_int_eq(m.accusation.offset_ns, -5000016);
}
END_TEST

START_TEST(rejected_siblings_get_their_verdict)
{
    FILE *f = vector_open("rejected", ".txt");
    char line[LINE], name[64], word[32], hex[2 * 1300 + 1];
    int seen = 0;
    while (fgets(line, sizeof line, f) != NULL) {
        uint8_t datagram[1300];
        struct wire_message m;
        ck_assert_int_eq(sscanf(line, "%63s %31s %2600s", name, word, hex), 3);
        size_t n = strcmp(hex, "-") == 0 ? 0 : strlen(hex) / 2;
        ck_assert(n == 0 || hex_decode(bytes_of(hex, 2 * n), datagram, n));
        enum wire_verdict v = judge(bytes_of(datagram, n), &m);
        ck_assert_msg(strcmp(wire_verdict_name(v), word) == 0, "%s: %s", name, wire_verdict_name(v));
        seen++;
    }
    fclose(f);
    ck_assert_int_gt(seen, 300);
}
END_TEST

START_TEST(no_bit_can_be_flipped_and_no_byte_cut)
{
    for (int t = WIRE_HELLO; t < WIRE_TYPES; t++) {
        uint8_t vector[WIRE_DATAGRAM_MAX + 1];
        struct wire_message m;
        size_t n = golden((enum wire_type)t, vector);
        for (size_t bit = 0; bit < 8 * n; bit += prop_step(7)) {
            vector[bit / 8] ^= (uint8_t)(1 << bit % 8);
            enum wire_verdict v = judge(bytes_of(vector, n), &m);
            ck_assert(v == WIRE_FORGED || v == WIRE_MAGIC || v == WIRE_OTHER_VERSION ||
                      v == WIRE_OTHER_TYPE || v == WIRE_LENGTH);
            vector[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
        for (size_t cut = 0; cut < n; cut++) {
            /* Of exactly its size, so that a sanitizer sees a read past the end. */
            uint8_t *copy = malloc(cut + 1);
            memcpy(copy + 1, vector, cut);
            enum wire_verdict v = judge(bytes_of(copy + 1, cut), &m);
            ck_assert_int_eq(v, cut < WIRE_HEADER + WIRE_MAC ? WIRE_SHORT : WIRE_LENGTH);
            free(copy);
        }
    }
}
END_TEST

static void resign(uint8_t *datagram, size_t n)
{
    const struct bytes covered = bytes_of(datagram, n - WIRE_MAC);
    struct hash code = crypto_hmac_sha256(&crypto, bytes_of(key, sizeof key), &covered, 1);
    memcpy(datagram + n - WIRE_MAC, code.b, WIRE_MAC);
}

START_TEST(what_decodes_encodes_to_the_same_bytes)
{
    struct prop p = prop_start("wire", 3);
    static const uint64_t edges[] = {0,
                                     1,
                                     2,
                                     3,
                                     4,
                                     16,
                                     1000000,
                                     1000000000,
                                     INT64_MAX,
                                     UINT64_MAX,
                                     PAGE_INSTANT_NS_MAX,
                                     UINT64_C(1) << 63};
    unsigned taken = 0, rounds = 40000 / prop_step(50);
    for (unsigned i = 0; i < rounds; i++) {
        uint8_t vector[WIRE_DATAGRAM_MAX + 1], again[WIRE_DATAGRAM_MAX];
        struct wire_message m;
        size_t n = golden((enum wire_type)(WIRE_HELLO + prop_below(&p, WIRE_TYPES - 1)), vector);
        for (uint64_t k = prop_below(&p, 3); k-- > 0;) {
            size_t at = 16 + prop_below(&p, n - WIRE_MAC - 24);
            uint64_t v = edges[prop_below(&p, sizeof edges / sizeof edges[0])] + prop_below(&p, 3) - 1;
            if (prop_below(&p, 2) == 0)
                be64_write(vector + at / 4 * 4, v);
            else
                vector[at] = (uint8_t)v;
        }
        resign(vector, n);
        if (judge(bytes_of(vector, n), &m) != WIRE_OK)
            continue;
        taken++;
        ck_assert(wire_valid(&m));
        ck_assert_uint_eq(wire_encode(&m, &crypto, key, again), n);
        ck_assert_mem_eq(again, vector, n);
    }
    ck_assert_uint_gt(taken, rounds / 5);
}
END_TEST

START_TEST(out_of_range_is_seen_before_it_is_written)
{
    struct wire_message m = wire_sample(WIRE_POLL);
    ck_assert(wire_valid(&m));
    m.poll.nonce = 0;
    ck_assert(!wire_valid(&m));
    m = wire_sample(WIRE_CORRECTION);
    m.correction.line.rate_ps_per_s = SYNC_RATE_PS_MAX + 1;
    ck_assert(!wire_valid(&m));
    m = wire_sample(WIRE_REPLY);
    m.reply.oscillator = WIRE_OSCILLATOR_MAX + 1;
    ck_assert(!wire_valid(&m));
    m = wire_sample(WIRE_REPLY);
    m.reply.state = (enum wire_state)(256 + WIRE_MASTER); /* would be a good one as a byte */
    ck_assert(!wire_valid(&m));
    m = wire_sample(WIRE_GOODBYE);
    m.header.type = (enum wire_type)WIRE_TYPES;
    ck_assert(!wire_valid(&m));
    m.header.type = (enum wire_type)0;
    ck_assert(!wire_valid(&m));
    struct wire_message nothing = wire_sample(WIRE_REPLY);
    nothing.reply.line = (struct sync_line){.status = TAISTAMP_STATUS_UNKNOWN};
    nothing.reply.reference = (struct sync_reference){0};
    ck_assert(wire_valid(&nothing));
    nothing.reply.line.status = TAISTAMP_STATUS_SYNCHRONISED;
    ck_assert(!wire_valid(&nothing));
}
END_TEST

START_TEST(who_answers_sends_no_more_than_it_got)
{
    ck_assert_uint_ge(wire_length(WIRE_HELLO), wire_length(WIRE_HELLO_REPLY));
    ck_assert_uint_ge(wire_length(WIRE_POLL), wire_length(WIRE_REPLY) + wire_length(WIRE_FOLLOW_UP));
    ck_assert_uint_ge(wire_length(WIRE_HEARTBEAT), wire_length(WIRE_HEARTBEAT_ACK));
    ck_assert_uint_ge(wire_length(WIRE_PRE_VOTE), wire_length(WIRE_PRE_VOTE_REPLY));
    ck_assert_uint_ge(wire_length(WIRE_VOTE), wire_length(WIRE_VOTE_REPLY));
    for (int t = 0; t < WIRE_TYPES; t++)
        ck_assert_uint_le(wire_length((enum wire_type)t), WIRE_DATAGRAM_MAX);
    ck_assert_uint_eq(wire_length((enum wire_type)0), 0);
    ck_assert_uint_eq(wire_length((enum wire_type)WIRE_TYPES), 0);
}
END_TEST

START_TEST(nonces_are_those_of_the_vectors)
{
    FILE *f = vector_open("nonces", ".txt");
    unsigned use, peer, seen = 0;
    uint64_t counter, nonce;
    while (fscanf(f, "%u %u %" SCNu64 " %" SCNx64, &use, &peer, &counter, &nonce) == 4) {
        ck_assert_uint_eq(wire_nonce(&crypto, key, (enum wire_nonce_use)use, (sync_node_t){peer}, counter),
                          nonce);
        seen++;
    }
    fclose(f);
    ck_assert_uint_eq(seen, 4);
}
END_TEST

START_TEST(every_type_and_verdict_has_its_word)
{
    for (int i = 0; i < WIRE_VERDICTS; i++)
        for (int j = 0; j < i; j++)
            ck_assert_str_ne(wire_verdict_name((enum wire_verdict)i),
                             wire_verdict_name((enum wire_verdict)j));
    for (int i = 0; i < WIRE_TYPES; i++)
        for (int j = 0; j < i; j++)
            ck_assert_str_ne(wire_type_name((enum wire_type)i), wire_type_name((enum wire_type)j));
    ck_assert_str_eq(wire_verdict_name((enum wire_verdict)WIRE_VERDICTS), "other");
    ck_assert_str_eq(wire_type_name((enum wire_type)WIRE_TYPES), "other");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("wire");
    TCase *c = tcase_create("wire");
    tcase_set_timeout(c, 60);
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, the_vectors_are_what_we_write);
    tcase_add_test(c, the_vectors_are_what_we_read);
    tcase_add_test(c, fields_come_back_as_they_were);
    tcase_add_test(c, rejected_siblings_get_their_verdict);
    tcase_add_test(c, no_bit_can_be_flipped_and_no_byte_cut);
    tcase_add_test(c, what_decodes_encodes_to_the_same_bytes);
    tcase_add_test(c, out_of_range_is_seen_before_it_is_written);
    tcase_add_test(c, who_answers_sends_no_more_than_it_got);
    tcase_add_test(c, nonces_are_those_of_the_vectors);
    tcase_add_test(c, every_type_and_verdict_has_its_word);
    suite_add_tcase(suite, c);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
