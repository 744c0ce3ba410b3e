/* SPDX-License-Identifier: Apache-2.0 */
/* server/clock/core/ntp_client and ntp_packet: every bad reply has its verdict, forged ones among them. */
#include <check.h>
#include <string.h>

#include "sdk/io/openssl.h"
#include "tests/unit/ntp_world.h"

#define S WORLD_S

struct bad_row {
    const char *name;
    void (*spoil)(struct ntp_packet *p);
    enum ntp_verdict verdict;
    bool open; /* the right reply still counts after it */
};
static void mode_client(struct ntp_packet *p)
{
    p->mode = 3;
}
static void mode_broadcast(struct ntp_packet *p)
{
    p->mode = 5;
}
static void version_2(struct ntp_packet *p)
{
    p->version = 2;
}
static void version_5(struct ntp_packet *p)
{
    p->version = 5;
}
static void zero_origin(struct ntp_packet *p)
{
    p->origin = 0;
}
static void other_origin(struct ntp_packet *p)
{
    p->origin ^= 1;
}
static void spoofed_deny(struct ntp_packet *p)
{
    p->origin ^= 1;
    p->stratum = 0;
    p->reference_id = 0x44454e59;
}
static void unsynchronised(struct ntp_packet *p)
{
    p->leap = NTP_LEAP_UNSYNCHRONISED;
}
static void stratum_16(struct ntp_packet *p)
{
    p->stratum = 16;
}
static void stratum_255(struct ntp_packet *p)
{
    p->stratum = 255;
}
static void own_locl(struct ntp_packet *p)
{
    p->reference_id = 0x4c4f434c;
}
static void own_local(struct ntp_packet *p)
{
    p->stratum = 10;
    p->reference_id = 0x7f7f0101;
}
static void loop(struct ntp_packet *p)
{
    p->stratum = 2;
    p->reference_id = 0xc0000207;
}
static void distant_delay(struct ntp_packet *p)
{
    p->root_delay = 2u << 16;
}
static void distant_dispersion(struct ntp_packet *p)
{
    p->root_dispersion = UINT32_MAX;
}
static void coarse(struct ntp_packet *p)
{
    p->precision = 0;
}
static void zero_receive(struct ntp_packet *p)
{
    p->receive = 0;
}
static void zero_transmit(struct ntp_packet *p)
{
    p->transmit = 0;
}
static void backwards(struct ntp_packet *p)
{
    p->transmit = p->receive - (UINT64_C(1) << 32);
}
static void set_later(struct ntp_packet *p)
{
    p->reference = p->transmit + (UINT64_C(1) << 32);
}
static void slow_inside(struct ntp_packet *p)
{
    p->transmit += UINT64_C(1) << 32; /* held for longer than the whole exchange took */
}
static void kiss_rate(struct ntp_packet *p)
{
    p->stratum = 0;
    p->leap = NTP_LEAP_UNSYNCHRONISED;
    p->reference_id = 0x52415445;
}
static void kiss_deny(struct ntp_packet *p)
{
    p->stratum = 0;
    p->reference_id = 0x44454e59;
}
static void kiss_rstr(struct ntp_packet *p)
{
    p->stratum = 0;
    p->reference_id = 0x52535452;
}
static void kiss_init(struct ntp_packet *p)
{
    p->stratum = 0;
    p->leap = NTP_LEAP_UNSYNCHRONISED;
    p->reference_id = 0x494e4954;
}
static void stratum_0(struct ntp_packet *p)
{
    p->stratum = 0;
    p->reference_id = 0;
}
static void kiss_other(struct ntp_packet *p)
{
    p->stratum = 0;
    p->reference_id = 0x58595a31;
}

static const struct bad_row bad_rows[] = {
    {"mode client", mode_client, NTP_NO_REPLY, true},
    {"mode broadcast", mode_broadcast, NTP_NO_REPLY, true},
    {"version 2", version_2, NTP_BAD_VERSION, true},
    {"version 5", version_5, NTP_BAD_VERSION, true},
    {"zero origin", zero_origin, NTP_ZERO_ORIGIN, true},
    {"another origin", other_origin, NTP_BOGUS, true},
    {"DENY from a stranger", spoofed_deny, NTP_BOGUS, true},
    {"unsynchronised", unsynchronised, NTP_UNSYNCHRONISED, false},
    {"stratum 16", stratum_16, NTP_UNSYNCHRONISED, false},
    {"stratum 255", stratum_255, NTP_UNSYNCHRONISED, false},
    {"own clock, LOCL", own_locl, NTP_OWN_CLOCK, false},
    {"own clock, 127.127.1.1", own_local, NTP_OWN_CLOCK, false},
    {"follows us", loop, NTP_LOOP, false},
    {"root delay 2 s", distant_delay, NTP_DISTANT, false},
    {"root dispersion", distant_dispersion, NTP_DISTANT, false},
    {"precision 1 s", coarse, NTP_DISTANT, false},
    {"zero receive", zero_receive, NTP_BAD_TIMES, false},
    {"zero transmit", zero_transmit, NTP_BAD_TIMES, false},
    {"sent before it came", backwards, NTP_BAD_TIMES, false},
    {"set after it answered", set_later, NTP_BAD_TIMES, false},
    {"held too long", slow_inside, NTP_IMPOSSIBLE, false},
    {"RATE", kiss_rate, NTP_KISS_RATE, false},
    {"DENY", kiss_deny, NTP_KISS_DENY, false},
    {"RSTR", kiss_rstr, NTP_KISS_DENY, false},
    {"INIT", kiss_init, NTP_UNSYNCHRONISED, false},
    {"stratum 0 without a code", stratum_0, NTP_UNSYNCHRONISED, false},
    {"XYZ1", kiss_other, NTP_KISS, false},
};

START_TEST(bad_replies)
{
    const struct bad_row *row = &bad_rows[_i];
    struct ntp_world w;
    struct ntp_measured m = {.raw = {-1}};
    struct ntp_packet good, spoilt;
    struct ntp_tail tail;
    ntp_world_init(&w, 64 * S);
    w.own_id = 0xc0000207;
    ntp_world_ask(&w);
    ck_assert(ntp_packet_parse(bytes_of(w.reply, w.reply_len), &good, &tail));
    spoilt = good;
    row->spoil(&spoilt);
    ntp_world_seal(&w, &spoilt);
    ck_assert_msg(ntp_world_deliver(&w, &m) == row->verdict, "%s", row->name);
    ck_assert_int_eq(m.raw.ns, -1);
    ck_assert_uint_eq(w.client.counts[row->verdict], 1);
    ntp_world_seal(&w, &good);
    enum ntp_verdict after = ntp_world_deliver(&w, &m);
    ck_assert_msg(after == (row->open ? NTP_OK : NTP_DUPLICATE), "%s: then %d", row->name, (int)after);
    ck_assert_int_eq(ntp_world_deliver(&w, &m), NTP_DUPLICATE);
    ck_assert(strlen(ntp_verdict_text(row->verdict)) > 5);
}
END_TEST

START_TEST(unasked_and_cut)
{
    struct ntp_world w;
    struct ntp_measured m;
    ntp_world_init(&w, 64 * S);
    uint8_t reply[NTP_HEADER_BYTES];
    ntp_packet_write(&(struct ntp_packet){.version = 4, .mode = 4, .stratum = 1, .origin = 99}, reply);
    memcpy(w.reply, reply, sizeof reply);
    w.reply_len = sizeof reply;
    ck_assert_int_eq(ntp_world_deliver(&w, &m), NTP_UNASKED);
    ntp_world_ask(&w);
    size_t whole = w.reply_len;
    for (w.reply_len = 0; w.reply_len < whole; w.reply_len++)
        ck_assert_int_eq(ntp_world_deliver(&w, &m), NTP_MALFORMED);
    ck_assert_int_eq(ntp_world_deliver(&w, &m), NTP_OK);
}
END_TEST

/* A reply to the request before the last is bogus: that one was given up. */
START_TEST(late_reply)
{
    struct ntp_world w;
    struct ntp_measured m;
    uint8_t late[NTP_HEADER_BYTES];
    ntp_world_init(&w, 64 * S);
    ntp_world_ask(&w);
    memcpy(late, w.reply, sizeof late);
    ntp_world_ask(&w);
    memcpy(w.reply, late, sizeof late);
    ck_assert_int_eq(ntp_world_deliver(&w, &m), NTP_BOGUS);
}
END_TEST

/* ---- Keys ---- */

static const struct ntp_key keys[] = {
    {1, MAC_MD5, 6, "secret"},
    {2, MAC_SHA1, 20, "abcdefghijklmnopqrst"},
    {3, MAC_SHA256, 32, "0123456789abcdef0123456789abcdef"},
    {4, MAC_SHA384, 8, "shortish"},
    {5, MAC_SHA512, 8, "shortish"},
    {6, MAC_AES128_CMAC, 16, "0123456789abcdef"},
    {7, MAC_AES256_CMAC, 32, "0123456789abcdef0123456789abcdef"},
};

START_TEST(authentic)
{
    const struct ntp_key *key = &keys[_i];
    struct ntp_world w;
    struct ntp_measured m;
    ntp_world_init(&w, 64 * S);
    ntp_world_key(&w, key);
    ntp_world_ask(&w);
    size_t whole = w.reply_len;
    ck_assert_uint_eq(whole, key->algorithm == MAC_MD5 || key->algorithm >= MAC_AES128_CMAC ? 68 : 72);
    for (size_t bit = 0; bit < 8 * whole; bit++) {
        if (bit / 8 >= 24 && bit / 8 < 32)
            continue; /* of the origin: then it is no reply to us at all */
        w.reply[bit / 8] ^= (uint8_t)(1u << bit % 8);
        enum ntp_verdict v = ntp_world_deliver(&w, &m);
        ck_assert(v == NTP_UNAUTHENTIC || v == NTP_BAD_VERSION || v == NTP_NO_REPLY);
        w.reply[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    w.reply_len = NTP_HEADER_BYTES; /* without its code */
    ck_assert_int_eq(ntp_world_deliver(&w, &m), NTP_UNAUTHENTIC);
    uint8_t nak[4];
    memcpy(nak, w.reply + NTP_HEADER_BYTES, 4);
    memset(w.reply + NTP_HEADER_BYTES, 0, 4);
    w.reply_len = NTP_HEADER_BYTES + 4;
    ck_assert_int_eq(ntp_world_deliver(&w, &m), NTP_CRYPTO_NAK);
    memcpy(w.reply + NTP_HEADER_BYTES, nak, 4);
    w.reply_len = whole;
    ck_assert_int_eq(ntp_world_deliver(&w, &m), NTP_OK);
    ck_assert(ntp_world_true(&w, &m));
    struct ntp_key other = *key;
    other.bytes[0] ^= 1;
    ntp_world_ask(&w);
    struct ntp_packet p;
    struct ntp_tail tail;
    ck_assert(ntp_packet_parse(bytes_of(w.reply, w.reply_len), &p, &tail));
    w.sign_with = &other;
    ntp_world_seal(&w, &p);
    ck_assert_int_eq(ntp_world_deliver(&w, &m), NTP_UNAUTHENTIC);
    other = *key;
    other.id = 99;
    ntp_world_seal(&w, &p);
    ck_assert_int_eq(ntp_world_deliver(&w, &m), NTP_UNAUTHENTIC);
}
END_TEST

/* With a key a kiss-o'-death needs its code: a stranger on the path cannot switch the server off. */
START_TEST(kiss_needs_the_key)
{
    struct ntp_world w;
    struct ntp_measured m;
    ntp_world_init(&w, 64 * S);
    ntp_world_key(&w, &keys[5]);
    w.sign_with = NULL;
    w.server.stratum = 0;
    w.server.reference_id = 0x44454e59;
    ck_assert_int_eq(ntp_world_exchange(&w, &m), NTP_UNAUTHENTIC);
    ck_assert(!w.client.denied);
    w.sign_with = &keys[5];
    ck_assert_int_eq(ntp_world_exchange(&w, &m), NTP_KISS_DENY);
}
END_TEST

/* RFC 4493 section 4, RFC 1321 and FIPS 180 appendices: our library's functions are those. */
START_TEST(known_codes)
{
    static const uint8_t k[] = {0x2b, 0x7e, 0x15, 0x16, 0x28, 0xae, 0xd2, 0xa6,
                                0xab, 0xf7, 0x15, 0x88, 0x09, 0xcf, 0x4f, 0x3c};
    static const uint8_t one[] = {0x6b, 0xc1, 0xbe, 0xe2, 0x2e, 0x40, 0x9f, 0x96,
                                  0xe9, 0x3d, 0x7e, 0x11, 0x73, 0x93, 0x17, 0x2a};
    static const uint8_t cmac[] = {0x07, 0x0a, 0x16, 0xb4, 0x6b, 0x4d, 0x41, 0x44,
                                   0xf7, 0x9b, 0xdd, 0x9d, 0xd0, 0x4a, 0x28, 0x7c};
    static const uint8_t md5[] = {0x90, 0x01, 0x50, 0x98, 0x3c, 0xd2, 0x4f, 0xb0,
                                  0xd6, 0x96, 0x3f, 0x7d, 0x28, 0xe1, 0x7f, 0x72};
    static const uint8_t sha1[] = {0xa9, 0x99, 0x3e, 0x36, 0x47, 0x06, 0x81, 0x6a, 0xba, 0x3e,
                                   0x25, 0x71, 0x78, 0x50, 0xc2, 0x6c, 0x9c, 0xd0, 0xd8, 0x9d};
    uint8_t mac[MAC_LEN_MAX];
    ck_assert(openssl_mac(NULL, MAC_AES128_CMAC, bytes_of(k, 16), bytes_of(one, 16), mac) == 16);
    ck_assert_mem_eq(mac, cmac, 16);
    ck_assert(openssl_mac(NULL, MAC_MD5, BYTES_LIT("a"), BYTES_LIT("bc"), mac) == 16);
    ck_assert_mem_eq(mac, md5, 16);
    ck_assert(openssl_mac(NULL, MAC_SHA1, BYTES_LIT("ab"), BYTES_LIT("c"), mac) == 20);
    ck_assert_mem_eq(mac, sha1, 20);
    ck_assert(openssl_mac(NULL, MAC_AES128_CMAC, BYTES_LIT("short"), BYTES_LIT("c"), mac) == 0);
}
END_TEST

/* ---- What stands behind the header ---- */

static bool parses(size_t extensions, const uint16_t *lengths, size_t rest)
{
    uint8_t bytes[512] = {0x24};
    size_t at = NTP_HEADER_BYTES;
    for (size_t i = 0; i < extensions; i++) {
        be16_write(bytes + at, 0x0104);
        be16_write(bytes + at + 2, lengths[i]);
        at += lengths[i];
    }
    struct ntp_packet p;
    struct ntp_tail tail;
    return ntp_packet_parse(bytes_of(bytes, at + rest), &p, &tail);
}

START_TEST(extension_fields)
{
    ck_assert(parses(0, NULL, 0));
    ck_assert(parses(0, NULL, 20));
    ck_assert(parses(0, NULL, 24));
    ck_assert(!parses(0, NULL, 16)); /* a field of length 0 */
    ck_assert(!parses(0, NULL, 36));
    ck_assert(parses(1, (uint16_t[]){28}, 0));
    ck_assert(parses(1, (uint16_t[]){16}, 20));
    ck_assert(parses(2, (uint16_t[]){16, 32}, 24));
    ck_assert(parses(2, (uint16_t[]){16, 28}, 0));
    ck_assert(!parses(2, (uint16_t[]){16, 28}, 8));
    ck_assert(!parses(2, (uint16_t[]){16, 26}, 2)); /* no multiple of 4 */
    ck_assert(!parses(1, (uint16_t[]){28}, 2));
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
    Suite *s = suite_create("ntp_replies");
    add(s, "bad_replies", bad_replies, sizeof bad_rows / sizeof bad_rows[0]);
    add(s, "unasked_and_cut", unasked_and_cut, 1);
    add(s, "late_reply", late_reply, 1);
    add(s, "authentic", authentic, sizeof keys / sizeof keys[0]);
    add(s, "kiss_needs_the_key", kiss_needs_the_key, 1);
    add(s, "known_codes", known_codes, 1);
    add(s, "extension_fields", extension_fields, 1);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed == 0 ? 0 : 1;
}
