/* SPDX-License-Identifier: Apache-2.0 */
/* Entry, note, policy and trust file, table by table, and known answers from RFC 8032 and C2SP signed-note. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "sdk/base/text.h"
#include "sdk/io/openssl.h"
#include "sdk/proof/entry.h"
#include "sdk/proof/policy.h"
#include "tests/unit/proof_files.h"
#include "tests/unit/trust_yaml.h"

static struct crypto crypto;
static struct policy policy;
static struct note note;

static void setup(void)
{
    ck_assert_int_eq(openssl_crypto_open(&crypto), TAI_OK);
}

static void teardown(void)
{
    openssl_crypto_close(&crypto);
}

/* ---- Entry ---- */

START_TEST(test_origins)
{
    static const struct {
        const char *text;
        bool ok;
    } rows[] = {
        {"stamp.example/taistamp/00112233445566ff", true},
        {"h:8023/taistamp/0123456789abcdef", true},
        {"[::1]/taistamp/0123456789abcdef", true},
        {"/taistamp/0123456789abcdef", false},
        {"stamp.example/taistamp/0123456789abcde", false},
        {"stamp.example/taistamp/0123456789abcdef0", false},
        {"stamp.example/taistamp/0123456789ABCDEF", false},
        {"a/b/taistamp/0123456789abcdef", false},
        {"a+b/taistamp/0123456789abcdef", false},
        {"a b/taistamp/0123456789abcdef", false},
        {"a\xC2\xA0/taistamp/0123456789abcdef", false},
        {"a\xFF/taistamp/0123456789abcdef", false},
        {"a\x1B/taistamp/0123456789abcdef", false},
        {"a\x7F/taistamp/0123456789abcdef", false},
        {"a\xC2\x9B/taistamp/0123456789abcdef", false}, /* U+009B begins an escape sequence as ESC [ does */
        {"\xC3\xA9/taistamp/0123456789abcdef", true},
        {"stamp.example/taistamp", false},
        {"stamp.example/timestamp/0123456789abcdef", false},
        {"", false},
        {"stamp.example", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        ck_assert_msg(origin_valid(bytes_of_str(rows[i].text)) == rows[i].ok, "%s", rows[i].text);
    char longest[300];
    memset(longest, 'h', sizeof longest);
    memcpy(longest + 255 - 26, "/taistamp/0123456789abcdef", 26);
    ck_assert(origin_valid(bytes_of(longest, 255)));
    memcpy(longest + 256 - 26, "/taistamp/0123456789abcdef", 26);
    ck_assert(!origin_valid(bytes_of(longest, 256)));
}
END_TEST

START_TEST(test_entry_limits)
{
    static const struct {
        int64_t t, h;
    } rows[] = {{1, 0}, {2, 1}, {INT64_MAX, 0}, {INT64_MAX / 2 + 1, INT64_MAX / 2}, {INT64_MAX - 7, 7}};
    char origin[LIMIT_ORIGIN];
    memset(origin, 'h', sizeof origin);
    memcpy(origin + sizeof origin - 26, "/taistamp/0123456789abcdef", 26);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint8_t text[LIMIT_ENTRY];
        struct out o = out_of(text, sizeof text);
        struct entry e = {.issuer = bytes_of(origin, sizeof origin),
                          .kind = TAISTAMP_TOKEN,
                          .t = {rows[i].t},
                          .h = {rows[i].h},
                          .clock = TAISTAMP_CLOCK_UPSTREAM},
                     back;
        e.subject.algorithm = TAISTAMP_SHA3_512;
        entry_emit(&o, &e);
        ck_assert(!o.overflow); /* the longest entry fits its limit */
        ck_assert_int_eq(entry_parse(out_view(&o), &back, NULL), TAI_OK);
        ck_assert_int_eq(back.t.ns, rows[i].t);
        ck_assert_int_eq(back.h.ns, rows[i].h);
        ck_assert(!back.tai_utc_known);
        for (size_t cut = 0; cut < o.len; cut++)
            ck_assert_int_eq(entry_parse(bytes_of(text, cut), &back, NULL), TAI_ERR_FORMAT);
    }
}
END_TEST

/* ---- Keys and notes ---- */

START_TEST(test_known_signatures)
{
    /* RFC 8032 section 7.1, TEST 2. */
    uint8_t public_key[32], sig[64], message = 0x72;
    ck_assert(hex_decode(bytes_of_str("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"),
                         public_key, 32));
    ck_assert(hex_decode(bytes_of_str("92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
                                      "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"),
                         sig, 64));
    ck_assert(crypto.ed25519_verify(crypto.ctx, public_key, sig, bytes_of(&message, 1)));
    for (size_t bit = 0; bit < 512; bit++) {
        sig[bit / 8] ^= (uint8_t)(1u << bit % 8);
        ck_assert(!crypto.ed25519_verify(crypto.ctx, public_key, sig, bytes_of(&message, 1)));
        sig[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    /* The example of C2SP signed-note. */
    static const char vkey_text[] = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
    static const char text[] =
        "This is an example message.\n\n\xE2\x80\x94 example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq"
        "6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";
    struct vkey key;
    struct checkpoint none = {.size = 0};
    uint64_t time_s = 7;
    ck_assert_int_eq(vkey_parse(&crypto, bytes_of_str(vkey_text), &key, NULL), TAI_OK);
    ck_assert_int_eq(note_parse(bytes_of_str(text), &note, NULL), TAI_OK);
    ck_assert_uint_eq(note.n, 1);
    ck_assert(note_signature_by(&note.signatures[0], &key));
    ck_assert(note_signature_verify(&crypto, &note.signatures[0], &key, note.body, &none, &time_s));
    ck_assert_uint_eq(time_s, 0);
    key.key[0] ^= 1;
    ck_assert(!note_signature_verify(&crypto, &note.signatures[0], &key, note.body, &none, &time_s));
    key.key[0] ^= 1;
    char again[256];
    struct out o = out_of(again, sizeof again);
    vkey_emit(&o, &key);
    ck_assert(bytes_equal_str(out_view(&o), vkey_text));
}
END_TEST

START_TEST(test_vkeys_refused)
{
    static const struct {
        const char *text;
        enum tai_err err;
    } rows[] = {
        {"", TAI_ERR_FORMAT},
        {"example.com/foo", TAI_ERR_FORMAT},
        {"example.com/foo+530d903a", TAI_ERR_FORMAT},
        {"example.com/foo+530d903b+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", TAI_ERR_FORMAT},
        {"example.com/foo+530D903A+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", TAI_ERR_FORMAT},
        {"example.com/bar+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", TAI_ERR_FORMAT},
        {"+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", TAI_ERR_FORMAT},
        {"example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3Q==", TAI_ERR_FORMAT},
        {"example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k ", TAI_ERR_FORMAT},
        {"example.com/foo+530d903a+AukyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", TAI_ERR_UNSUPPORTED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct vkey key;
        ck_assert_msg(vkey_parse(&crypto, bytes_of_str(rows[i].text), &key, NULL) == rows[i].err, "%s",
                      rows[i].text);
    }
}
END_TEST

START_TEST(test_notes_refused)
{
#define DASH "\xE2\x80\x94 "
    static const char *const rows[] = {
        "",
        "text\n",
        "text\n\n",
        "text\n\n" DASH "name AAAAAAA=",               /* no end */
        "text\n" DASH "name AAAAAAA=\n",               /* no empty line */
        "text\n\n" DASH "name AAAAAA==\n",             /* an id and no signature */
        "text\n\n" DASH "name AAAAAAB=\n",             /* trailing bits */
        "text\n\n" DASH "name AAAAAAA\n",              /* no padding */
        "text\n\n" DASH " AAAAAAA=\n",                 /* no name */
        "text\n\n" DASH "na+me AAAAAAA=\n",            /* plus */
        "text\n\n" DASH "na\xE2\x80\x83me AAAAAAA=\n", /* an em space */
        "text\n\n" DASH "name  AAAAAAA=\n",
        "text\n\n- name AAAAAAA=\n",
        "te\txt\n\n" DASH "name AAAAAAA=\n",
        "te\xFFxt\n\n" DASH "name AAAAAAA=\n",
        "text\n\n" DASH "name AAAAAAA=\n\n",
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        ck_assert_msg(note_parse(bytes_of_str(rows[i]), &note, NULL) == TAI_ERR_FORMAT, "row %zu", i);
    ck_assert_int_eq(note_parse(BYTES_LIT("text\n\nmore\n\n" DASH "n AAAAAAA=\n"), &note, NULL), TAI_OK);
    ck_assert(bytes_equal_str(note.body, "text\n\nmore\n"));
    /* LIMIT_SIGNATURES lines and one more. */
    char many[64 * (LIMIT_SIGNATURES + 2)];
    struct out o = out_of(many, sizeof many);
    out_str(&o, "text\n\n");
    for (int i = 0; i < LIMIT_SIGNATURES; i++)
        out_str(&o, DASH "n AAAAAAA=\n");
    ck_assert_int_eq(note_parse(out_view(&o), &note, NULL), TAI_OK);
    out_str(&o, DASH "n AAAAAAA=\n");
    ck_assert_int_eq(note_parse(out_view(&o), &note, NULL), TAI_ERR_SPACE);
}
END_TEST

START_TEST(test_long_signatures)
{
    /* A signature of an unknown kind may have any length; only its form is looked at. */
    static uint8_t blob[9000];
    static char text[13000];
    for (size_t len = 5; len <= sizeof blob; len += len < 800 ? 1 : 409) {
        struct out o = out_of(text, sizeof text);
        out_str(&o, "text\n\n" DASH "n ");
        size_t at = o.len;
        out_base64(&o, bytes_of(blob, len));
        out_char(&o, '\n');
        ck_assert_int_eq(note_parse(out_view(&o), &note, NULL), TAI_OK);
        text[at + (o.len - at) / 2] = '=';
        ck_assert_int_eq(note_parse(out_view(&o), &note, NULL), TAI_ERR_FORMAT);
    }
}
END_TEST

/* Says yes to one message only: what tlog-cosignature calls cosigned_message. */
static struct bytes mldsa_expected;
static bool mldsa_pretend(void *ctx, const uint8_t *key, const uint8_t *sig, struct bytes message)
{
    (void)ctx;
    return key[0] == 0xAA && sig[0] == 0xBB && bytes_equal(message, mldsa_expected);
}

START_TEST(test_mldsa44_message)
{
    static uint8_t blob[8 + MLDSA44_SIG_LEN], line_text[8192], expected[256];
    struct crypto pretend = crypto;
    struct vkey key = {
        .name = BYTES_LIT("w"), .type = NOTE_COSIGNATURE_MLDSA44, .key_len = MLDSA44_KEY_LEN, .key = {0xAA}};
    struct checkpoint p = {.origin = BYTES_LIT("log"), .size = 258, .root = {{0xCC}}};
    uint64_t time_s = 0;
    be64_write(blob, 0x0102);
    blob[8] = 0xBB;
    struct out o = out_of(line_text, sizeof line_text), e = out_of(expected, sizeof expected);
    out_str(&o, "b\n\n");
    note_emit_signature(&o, key.name, key.id, bytes_of(blob, sizeof blob));
    ck_assert_int_eq(note_parse(out_view(&o), &note, NULL), TAI_OK);
    static const uint8_t head[] = "subtree/v1\n\0"
                                  "\1w"
                                  "\0\0\0\0\0\0\1\2"
                                  "\3log"
                                  "\0\0\0\0\0\0\0\0"
                                  "\0\0\0\0\0\0\1\2";
    out_bytes(&e, bytes_of(head, sizeof head - 1));
    out_bytes(&e, hash_bytes(&p.root));
    mldsa_expected = out_view(&e);
    pretend.mldsa44_verify = NULL;
    ck_assert(!note_signature_verify(&pretend, &note.signatures[0], &key, note.body, &p, &time_s));
    pretend.mldsa44_verify = mldsa_pretend;
    ck_assert(note_signature_verify(&pretend, &note.signatures[0], &key, note.body, &p, &time_s));
    ck_assert_uint_eq(time_s, 0x0102);
    p.size++;
    ck_assert(!note_signature_verify(&pretend, &note.signatures[0], &key, note.body, &p, &time_s));
    /* The policy takes such a witness only where it can be checked. */
    static char text[4096];
    struct out t = out_of(text, sizeof text);
    vkey_id(&crypto, key.name, key.type, bytes_of(key.key, key.key_len), key.id);
    out_str(&t, "witness W ");
    vkey_emit(&t, &key);
    out_str(&t, "\nquorum W\n");
    ck_assert_int_eq(policy_parse(&pretend, out_view(&t), &policy, NULL), TAI_OK);
    pretend.mldsa44_verify = NULL;
    ck_assert_int_eq(policy_parse(&pretend, out_view(&t), &policy, NULL), TAI_ERR_FORMAT);
}
END_TEST

/* ---- Policy ---- */

START_TEST(test_policy_messages)
{
    static const struct {
        const char *text, *message;
    } rows[] = {
        {"# x\n\nfoo\n", "policy line 3: an unknown word: foo"},
        {"quorum none\nquorum none\n", "policy line 2: a second quorum line"},
        {"log x\nquorum none\n", "policy line 1: a key is not <name>+<id>+<base64>: x"},
        {"log\nquorum none\n", "policy line 1: a log line is \"log <vkey> [<url>]\""},
        {"quorum W\n", "policy line 1: a quorum that is not defined above: W"},
        {"group G 1 W\n", "policy line 1: a member that is not defined above: W"},
        {"quorum none", "policy line 1: the last line has no end"},
        {"quorum none\n#\x01\n", "policy line 2: a control character"},
        {"# x\n", "the policy has no quorum line"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct tai_error error;
        ck_assert_int_eq(policy_parse(&crypto, bytes_of_str(rows[i].text), &policy, &error), TAI_ERR_FORMAT);
        ck_assert_str_eq(error.text, rows[i].message);
    }
    ck_assert_int_eq(policy_parse(&crypto, BYTES_LIT(" \t quorum\t none \n\t# \xFF\n"), &policy, NULL),
                     TAI_OK);
}
END_TEST

START_TEST(test_policy_quorums)
{
    /* Every subset of five witnesses against the rule written out: 2 of W0 W1 W2, and W3 or W4. */
    struct bytes text = vector_read("policy-nested", "");
    ck_assert_int_eq(policy_parse(&crypto, text, &policy, NULL), TAI_OK);
    for (unsigned set = 0; set < 32; set++) {
        bool cosigned[LIMIT_WITNESSES] = {false};
        for (unsigned i = 0; i < 5; i++)
            cosigned[i] = (set >> i & 1) != 0;
        bool want = cosigned[0] + cosigned[1] + cosigned[2] >= 2 && (cosigned[3] || cosigned[4]);
        ck_assert(policy_quorum_met(&policy, cosigned) == want);
    }
    file_release(text);
}
END_TEST

/* ---- Trust file ---- */

START_TEST(test_trust)
{
    static const struct {
        const char *text;
        bool ok;
        const char *message;
    } rows[] = {
        {"", true, NULL},
        {"# only a comment \xC3\xA9\n\n   \n", true, NULL},
        {"max_lag_s: 0\nf: 64\nmin_clock: \"gps\"\nmax_half_width_ns: 9223372036854775807\n", true, NULL},
        {"max_lag_s:    5   # five\n", true, NULL},
        {"closed:\n  # a log\n  -   origin: 'h/taistamp/0123456789abcdef'\n\n      root: "
         "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n      size: 0\n",
         true, NULL},
        {"max_lag_s: 9000000001\n", false, "trust file line 1: not a decimal number in range: 9000000001"},
        {"f: 1\nf: 1\n", false, "trust file line 2: a key for the second time: f"},
        {"\nlag: 1\n", false, "trust file line 2: an unknown key: lag"},
        {"f: 1 2\n", false, "trust file line 1: not of the form \"key: value\""},
        {"f: 1#2\n", false, "trust file line 1: not of the form \"key: value\""},
        {"f:1\n", false, "trust file line 1: not of the form \"key: value\""},
        {"f : 1\n", false, "trust file line 1: not of the form \"key: value\""},
        {"{f: 1}\n", false, "trust file line 1: not of the form \"key: value\""},
        {"min_clock: &a gps\n", false, "trust file line 1: not of the form \"key: value\""},
        {"min_clock: 'gp''s'\n", false, "trust file line 1: not of the form \"key: value\""},
        {"min_clock: \"\\x67ps\"\n", false, "trust file line 1: not of the form \"key: value\""},
        {"f: 1\n  f: 2\n", false, "trust file line 2: unexpected indentation"},
        {"- f: 1\n", false, "trust file line 1: a list item outside closed"},
        {"closed:\nf: 1\n", false, "trust file line 2: closed needs at least one log below it"},
        {"closed:\n- size: 1\n", false,
         "trust file line 3: the closed log above needs origin, size and root"},
        {"closed:\n- size: 1\n   root: x\n", false, "trust file line 3: unexpected indentation"},
        {"f: 1\r\n", false, "trust file line 1: a tab, a control character, or not UTF-8"},
        {"# \xC2\x85\n", false, "trust file line 1: a tab, a control character, or not UTF-8"},
        {"# \xEF\xBB\xBF\n", false, "trust file line 1: a tab, a control character, or not UTF-8"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct trust t;
        struct tai_error error = {.text = ""};
        struct bytes text = bytes_of_str(rows[i].text);
        bool ok = trust_parse(text, &t, &error) == TAI_OK;
        ck_assert_msg(ok == rows[i].ok, "row %zu: %s", i, error.text);
        if (ok)
            ck_assert_msg(trust_yaml_agrees(text, &t), "row %zu: libyaml reads it otherwise", i);
        else
            ck_assert_str_eq(error.text, rows[i].message);
    }
}
END_TEST

/* ---- OpenSSL ---- */

START_TEST(test_ed25519_keys)
{
    struct ed25519 *key, *back;
    char pem[512];
    uint8_t a[32], b[32], sig[64];
    struct out o = out_of(pem, sizeof pem), small = out_of(pem, 10);
    ck_assert_int_eq(ed25519_generate(&key), TAI_OK);
    ck_assert_int_eq(ed25519_to_pem(key, &small), TAI_OK);
    ck_assert(small.overflow);
    ck_assert_int_eq(ed25519_to_pem(key, &o), TAI_OK);
    ck_assert(bytes_strip_prefix(&(struct bytes){o.data, o.len}, "-----BEGIN PRIVATE KEY-----\n"));
    ck_assert_int_eq(ed25519_from_pem(out_view(&o), &back), TAI_OK);
    ed25519_public(key, a);
    ed25519_public(back, b);
    ck_assert_mem_eq(a, b, 32);
    ck_assert_int_eq(ed25519_sign(back, BYTES_LIT("message"), sig), TAI_OK);
    ck_assert(crypto.ed25519_verify(crypto.ctx, a, sig, BYTES_LIT("message")));
    ck_assert(!crypto.ed25519_verify(crypto.ctx, a, sig, BYTES_LIT("massage")));
    ed25519_free(back);
    ck_assert_int_eq(ed25519_from_pem(bytes_of(pem, o.len / 2), &back), TAI_ERR_FORMAT);
    ck_assert_int_eq(ed25519_from_pem(BYTES_LIT(""), &back), TAI_ERR_FORMAT);
    ed25519_free(key);
    ed25519_free(NULL);
}
END_TEST

START_TEST(test_hashes)
{
    uint8_t sha1[20], want[20];
    struct bytes split[] = {BYTES_LIT("a"), BYTES_LIT(""), BYTES_LIT("bc")};
    struct hash whole = crypto_sha256(&crypto, BYTES_LIT("abc")),
                parts = crypto_sha256_parts(&crypto, split, 3);
    ck_assert(hash_equal(&whole, &parts));
    ck_assert_uint_eq(be32_read(whole.b), 0xba7816bf); /* FIPS 180-4's "abc" */
    ck_assert_int_eq(openssl_sha1(BYTES_LIT("abc"), sha1), TAI_OK);
    ck_assert(hex_decode(bytes_of_str("a9993e364706816aba3e25717850c26c9cd0d89d"), want, 20));
    ck_assert_mem_eq(sha1, want, 20);
}
END_TEST

/* OpenSSL's queue of errors, which belongs to the program that hosts the library (openssl/err.h). */
unsigned long ERR_peek_error(void);
unsigned long ERR_peek_last_error(void);
void ERR_new(void);
void ERR_set_error(int lib, int reason, const char *format, ...);
void ERR_clear_error(void);

START_TEST(test_error_queue)
{
    struct crypto c;
    struct ed25519 *key;
    struct openssl_digest *d;
    uint8_t public_key[32] = {3}, sig[64] = {9}, sha1[20];
    unsigned long before = 0;
    ck_assert_uint_eq(ERR_peek_error(), 0); /* nothing from the fixture either */
    for (int pass = 0; pass < 2; pass++) {
        ck_assert_int_eq(openssl_crypto_open(&c), TAI_OK); /* asks for algorithms that may not be there */
        ck_assert(!c.ed25519_verify(c.ctx, public_key, sig, BYTES_LIT("x")));
        ck_assert_int_eq(ed25519_from_pem(BYTES_LIT("junk"), &key), TAI_ERR_FORMAT);
        ck_assert_int_eq(openssl_sha1(BYTES_LIT("x"), sha1), TAI_OK);
        ck_assert_int_eq(openssl_digest_new(TAISTAMP_SHA3_256, &d), TAI_OK);
        openssl_digest_free(d);
        openssl_crypto_close(&c);
        ck_assert_uint_eq(ERR_peek_error(), before);
        ck_assert_uint_eq(ERR_peek_last_error(), before);
        ERR_new(); /* the host's own error stays where it is */
        ERR_set_error(128, 7, NULL);
        before = ERR_peek_error();
        ck_assert_uint_ne(before, 0);
    }
    ERR_clear_error();
}
END_TEST

int main(void)
{
    Suite *s = suite_create("formats");
    TCase *t = tcase_create("formats");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_set_timeout(t, 60);
    tcase_add_test(t, test_origins);
    tcase_add_test(t, test_entry_limits);
    tcase_add_test(t, test_known_signatures);
    tcase_add_test(t, test_vkeys_refused);
    tcase_add_test(t, test_notes_refused);
    tcase_add_test(t, test_long_signatures);
    tcase_add_test(t, test_mldsa44_message);
    tcase_add_test(t, test_policy_messages);
    tcase_add_test(t, test_policy_quorums);
    tcase_add_test(t, test_trust);
    tcase_add_test(t, test_ed25519_keys);
    tcase_add_test(t, test_hashes);
    tcase_add_test(t, test_error_queue);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
