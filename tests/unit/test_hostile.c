/* SPDX-License-Identifier: Apache-2.0 */
/* Receipts made by somebody who holds keys and wants more believed than is true: a log of other people's leaves, a
 * witness that lies, a client that plays with sizes and kinds. Each forgery is well signed wherever its maker could sign;
 * what is wrong is the one thing that its row names. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sdk/base/text.h"
#include "sdk/io/openssl.h"
#include "sdk/proof/commitment.h"
#include "sdk/proof/merkle.h"
#include "sdk/proof/verify.h"
#include "tests/unit/proof_files.h"

#define LOG_A  "a.example/taistamp/00112233445566ff"
#define LOG_B  "b.example/taistamp/8899aabbccddeeff"
#define DIGEST "eae3abfcd0be73cf9ef368d40a679635a4a3bafa22fcd7877e1c2432a20a36ed"
#define ZEROES "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

enum { KEY_A, KEY_A_NEXT, KEY_B, KEY_W0, KEY_W1, KEY_W2, KEY_STRANGER, KEYS, LINES = 6, LEAVES = 7 };
enum { REFUSED = -1 }; /* by the parser, before any verdict */

static const struct {
    const char *name;
    enum note_type type;
} key_rows[KEYS] = {
    [KEY_A] = {LOG_A, NOTE_ED25519},
    [KEY_A_NEXT] = {LOG_A, NOTE_ED25519},
    [KEY_B] = {LOG_B, NOTE_ED25519},
    [KEY_W0] = {"w0.example", NOTE_COSIGNATURE},
    [KEY_W1] = {"w1.example", NOTE_COSIGNATURE},
    [KEY_W2] = {LOG_A, NOTE_COSIGNATURE}, /* a witness that calls itself as the log */
    [KEY_STRANGER] = {"stranger.example", NOTE_COSIGNATURE},
};

/* One signature line; `spoil` flips a bit of the signature. */
struct line {
    int key;
    uint64_t time_s;
    bool there, spoil;
};

/* What a forger decides. Everything is honest until a test changes it. */
struct forgery {
    const char *issuer, *kind, *subject; /* subject NULL: the commitment to DIGEST under a salt of zeroes */
    const char *tai;
    const char *lines_before_entry; /* of the extra, between version and empty line */
    const char *origin, *body_more;
    uint64_t index, size; /* of the log; the entry lies at `index`, among leaves of no interest */
    struct line lines[LINES];
};

static struct crypto crypto;
static struct ed25519 *keys[KEYS];
static struct vkey vkeys[KEYS];
static struct leap_table leaps;
static struct policy policy;
static struct trust trust;
static struct receipt receipt;
static char policy_text[8192], text[65536];
static char subject_text[128], leaf_text[128]; /* the commitment; the root of a batch of it alone */

static bool sha1(void *ctx, struct bytes message, uint8_t ret_hash[LEAP_SHA1_LEN])
{
    (void)ctx;
    return openssl_sha1(message, ret_hash) == TAI_OK;
}

static void put_vkey(struct out *o, const char *before, int key, const char *after)
{
    out_str(o, before);
    vkey_emit(o, &vkeys[key]);
    out_str(o, after);
}

static void policy_set(const char *rest)
{
    struct out o = out_of(policy_text, sizeof policy_text);
    put_vkey(&o, "log ", KEY_A, "\n");
    put_vkey(&o, "log ", KEY_A_NEXT, "\n");
    put_vkey(&o, "log ", KEY_B, "\n");
    put_vkey(&o, "witness W0 ", KEY_W0, "\n");
    put_vkey(&o, "witness W1 ", KEY_W1, "\n");
    put_vkey(&o, "witness W2 ", KEY_W2, "\n");
    out_str(&o, rest);
    ck_assert(!o.overflow);
    ck_assert_int_eq(policy_parse(&crypto, out_view(&o), &policy, NULL), TAI_OK);
}

static void setup(void)
{
    struct bytes b = file_read(TEST_SRCDIR "/leapseconds/leap-seconds.list");
    struct taistamp_digest d = {.algorithm = TAISTAMP_SHA256};
    struct hash salt = {{0}};
    ck_assert_int_eq(openssl_crypto_open(&crypto), TAI_OK);
    ck_assert_int_eq(leap_parse(b, sha1, NULL, &leaps, NULL), TAI_OK);
    file_release(b);
    for (int i = 0; i < KEYS; i++) {
        uint8_t public_key[ED25519_KEY_LEN];
        ck_assert_int_eq(ed25519_generate(&keys[i]), TAI_OK);
        ed25519_public(keys[i], public_key);
        vkey_of_ed25519(&crypto, bytes_of_str(key_rows[i].name), key_rows[i].type, public_key, &vkeys[i]);
    }
    ck_assert(hex_decode(bytes_of_str(DIGEST), d.bytes, 32));
    struct hash commitment = commitment_make(&crypto, &salt, &d);
    struct out o = out_of(subject_text, sizeof subject_text);
    out_str(&o, "sha256:");
    out_hex(&o, hash_bytes(&commitment));
    ck_assert(out_terminate(&o));
    struct hash leaf = merkle_leaf_hash(&crypto, hash_bytes(&commitment));
    o = out_of(leaf_text, sizeof leaf_text);
    out_str(&o, "sha256:");
    out_hex(&o, hash_bytes(&leaf));
    ck_assert(out_terminate(&o));
    trust_default(&trust);
    policy_set("group G 2 W0 W1 W2\nquorum G\n");
}

static void teardown(void)
{
    for (int i = 0; i < KEYS; i++)
        ed25519_free(keys[i]);
    openssl_crypto_close(&crypto);
}

static struct forgery honest(void)
{
    return (struct forgery){
        .issuer = LOG_A,
        .kind = "commitment",
        .tai = "1750000000123456789 250000",
        .lines_before_entry = "digest sha256:" DIGEST "\nsalt " ZEROES "\n",
        .origin = LOG_A,
        .body_more = "",
        .index = 2,
        .size = LEAVES,
        .lines = {{KEY_A, 0, true, false},
                  {KEY_W0, 1749999964, true, false},
                  {KEY_W1, 1749999965, true, false}},
    };
}

static void put_entry(struct out *o, const struct forgery *f)
{
    out_str(o, "taistamp.entry/v1\nissuer ");
    out_str(o, f->issuer);
    out_str(o, "\nkind ");
    out_str(o, f->kind);
    out_str(o, "\nsubject ");
    out_str(o, f->subject != NULL ? f->subject : subject_text);
    out_str(o, "\ntai ");
    out_str(o, f->tai);
    out_str(o, "\ntai-utc 37\nclock gps\n");
}

static struct hash nodes[4][LEAVES];

static void node_put(void *user, unsigned level, uint64_t index, const struct hash *node)
{
    (void)user;
    nodes[level][index] = *node;
}

static bool node_get(void *user, unsigned level, uint64_t index, struct hash *ret_node)
{
    (void)user;
    *ret_node = nodes[level][index];
    return true;
}

/* The log's tree of f->size leaves with the entry at f->index; gives the root and writes the path. */
static struct hash put_path(struct out *o, const struct forgery *f, struct bytes entry)
{
    struct merkle_frontier edge = {.size = 0};
    struct hash path[LIMIT_PATH_HASHES];
    size_t n = 0;
    for (uint64_t i = 0; i < f->size; i++) {
        struct hash leaf = i == f->index ? merkle_leaf_hash(&crypto, entry)
                                         : merkle_leaf_hash(&crypto, bytes_of(&i, sizeof i));
        merkle_append(&crypto, &edge, &leaf, node_put, NULL);
    }
    if (f->index < f->size)
        ck_assert(merkle_path_read(&crypto, f->index, f->size, node_get, NULL, path, &n));
    for (size_t i = 0; i < n; i++) {
        out_base64(o, hash_bytes(&path[i]));
        out_char(o, '\n');
    }
    return merkle_root(&crypto, &edge);
}

static void put_signature(struct out *o, const struct line *l, struct bytes body)
{
    uint8_t blob[8 + ED25519_SIG_LEN], message[1024];
    struct out m = out_of(message, sizeof message);
    bool witness = vkeys[l->key].type == NOTE_COSIGNATURE;
    if (witness)
        cosignature_emit_message(&m, l->time_s, body);
    else
        out_bytes(&m, body);
    be64_write(blob, l->time_s);
    ck_assert_int_eq(ed25519_sign(keys[l->key], out_view(&m), blob + 8), TAI_OK);
    blob[20] ^= l->spoil;
    struct bytes signature = witness ? bytes_of(blob, sizeof blob) : bytes_of(blob + 8, ED25519_SIG_LEN);
    note_emit_signature(o, vkeys[l->key].name, vkeys[l->key].id, signature);
}

static struct bytes forge(const struct forgery *f)
{
    char extra[4096], entry[LIMIT_ENTRY], body_text[1024];
    struct out e = out_of(entry, sizeof entry), x = out_of(extra, sizeof extra),
               b = out_of(body_text, sizeof body_text), o = out_of(text, sizeof text);
    put_entry(&e, f);
    out_str(&x, "taistamp.extra/v1\n");
    out_str(&x, f->lines_before_entry);
    out_char(&x, '\n');
    out_bytes(&x, out_view(&e));
    out_str(&o, "c2sp.org/tlog-proof@v1\nextra ");
    out_base64(&o, out_view(&x));
    out_str(&o, "\nindex ");
    out_u64(&o, f->index);
    out_char(&o, '\n');
    struct hash root = put_path(&o, f, out_view(&e));
    struct checkpoint p = {bytes_of_str(f->origin), f->size, root};
    checkpoint_emit(&b, &p);
    out_str(&b, f->body_more);
    out_char(&o, '\n');
    out_bytes(&o, out_view(&b));
    out_char(&o, '\n');
    for (size_t i = 0; i < LINES; i++)
        if (f->lines[i].there)
            put_signature(&o, &f->lines[i], out_view(&b));
    ck_assert(!e.overflow && !x.overflow && !b.overflow && !o.overflow);
    return out_view(&o);
}

static struct taistamp_verification verification;

/* `want`: a verdict, or REFUSED. */
static void expect(const char *what, const struct forgery *f, int want)
{
    struct verify_rules rules = {&policy, &trust, &leaps};
    struct tai_error error;
    int got = REFUSED;
    if (receipt_parse(forge(f), RECEIPT_FULL, &receipt, &error) == TAI_OK) {
        verify_receipt(&crypto, &receipt, &rules, &verification);
        got = (int)verification.verdict;
    }
    ck_assert_msg(got == want, "%s: %s instead of %s", what,
                  got == REFUSED ? error.text : taistamp_verdict_name((enum taistamp_verdict)got),
                  want == REFUSED ? "refused" : taistamp_verdict_name((enum taistamp_verdict)want));
}

#define EXPECT(what, want, change)                                                                           \
    do {                                                                                                     \
        struct forgery f = honest();                                                                         \
        change;                                                                                              \
        expect(what, &f, want);                                                                              \
    } while (0)

START_TEST(test_logs)
{
    EXPECT("an honest receipt", TAISTAMP_VALID, (void)0);
    EXPECT("the log's next key", TAISTAMP_VALID, f.lines[0].key = KEY_A_NEXT);
    EXPECT("both of its keys", TAISTAMP_VALID, (f.lines[3] = (struct line){KEY_A_NEXT, 0, true, false}));
    EXPECT("one of its keys spoilt", TAISTAMP_BAD_SIGNATURE,
           (f.lines[3] = (struct line){KEY_A_NEXT, 0, true, true}));
    EXPECT("another trusted log took A's leaf", TAISTAMP_BAD_ISSUER,
           (f.origin = LOG_B, f.lines[0].key = KEY_B));
    EXPECT("B signs a tree that it calls A's", TAISTAMP_BAD_SIGNATURE, f.lines[0].key = KEY_B);
    EXPECT("B signs beside A", TAISTAMP_VALID, (f.lines[3] = (struct line){KEY_B, 0, true, false}));
    EXPECT("the witness named as the log does not stand for it", TAISTAMP_BAD_SIGNATURE,
           (f.lines[0].key = KEY_W2, f.lines[0].time_s = 1749999964));
    EXPECT("a log that is no taistamp log", TAISTAMP_UNKNOWN_LOG, f.origin = f.issuer = "a.example/leaves");
    EXPECT("an origin and more on its line", REFUSED, f.origin = LOG_A " ");
    EXPECT("an origin without its host", TAISTAMP_UNKNOWN_LOG,
           f.origin = f.issuer = "/taistamp/00112233445566ff");
    EXPECT("a fourth line of the checkpoint", REFUSED, f.body_more = "extension\n");
    EXPECT("an empty fourth line", REFUSED, f.body_more = "\n");
    EXPECT("a checkpoint within the checkpoint", REFUSED, f.body_more = "\n" LOG_A "\n7\n" ZEROES "\n");
}
END_TEST

START_TEST(test_signatures)
{
    static const int known[] = {KEY_A, KEY_W0};
    for (size_t i = 0; i < 2; i++) {
        struct line bad = {known[i], 1749999964, true, true};
        EXPECT("a spoilt line behind the good one of its key", TAISTAMP_BAD_SIGNATURE, f.lines[4] = bad);
        EXPECT(
            "a spoilt line before the good one", TAISTAMP_BAD_SIGNATURE,
            (f.lines[3] = f.lines[0], f.lines[4] = f.lines[1], f.lines[0] = bad, f.lines[1].there = false));
    }
    EXPECT("a spoilt line of a stranger", TAISTAMP_VALID,
           (f.lines[3] = (struct line){KEY_STRANGER, 5, true, true}));
    EXPECT("one witness twice is one witness", TAISTAMP_NO_QUORUM, (f.lines[2].key = KEY_W0));
    EXPECT("a stranger is no witness", TAISTAMP_NO_QUORUM, f.lines[2].key = KEY_STRANGER);
    EXPECT("no line at all", REFUSED, f.lines[0].there = f.lines[1].there = f.lines[2].there = false);
    EXPECT("witnesses without the log", TAISTAMP_BAD_SIGNATURE, f.lines[0].there = false);
}
END_TEST

START_TEST(test_kinds)
{
    static const char salted[] = "digest sha256:" DIGEST "\nsalt " ZEROES "\n";
    char with_batch[512];
    EXPECT("a commitment shown as an unsalted digest", TAISTAMP_BAD_COMMITMENT,
           (f.kind = "digest", f.lines_before_entry = "digest sha256:" DIGEST "\n"));
    EXPECT("the same for a token", TAISTAMP_BAD_COMMITMENT,
           (f.kind = "token", f.lines_before_entry = "digest sha256:" DIGEST "\n"));
    EXPECT("a digest with a salt line", REFUSED, f.kind = "digest");
    EXPECT("an unsalted digest shown as a commitment", TAISTAMP_BAD_COMMITMENT, f.subject = "sha256:" DIGEST);
    EXPECT("a commitment of another algorithm", REFUSED, f.subject = "sha3-256:" DIGEST);
    EXPECT("the digest under another algorithm's name", TAISTAMP_BAD_COMMITMENT,
           f.lines_before_entry = "digest sha3-256:" DIGEST "\nsalt " ZEROES "\n");
    /* The subject is the commitment itself: no size and no root say what a batch subject is. */
    static const char *const batches[] = {"batch 0 1\n",
                                          "batch 0 0\n",
                                          "batch 1 1\n",
                                          "batch 0 2\npath " ZEROES "\n",
                                          "batch 0 2\n",
                                          "batch 9223372036854775806 9223372036854775807\n",
                                          "batch 9223372036854775807 9223372036854775807\n",
                                          "batch 1 1\npath " ZEROES "\n"};
    for (size_t i = 0; i < sizeof batches / sizeof *batches; i++) {
        snprintf(with_batch, sizeof with_batch, "%s%s", salted, batches[i]);
        EXPECT(batches[i], TAISTAMP_BAD_BATCH, (f.kind = "batch", f.lines_before_entry = with_batch));
    }
    snprintf(with_batch, sizeof with_batch, "%sbatch 0 1\n", salted);
    EXPECT("a root that is not bound to its size", TAISTAMP_BAD_BATCH,
           (f.kind = "batch", f.subject = leaf_text, f.lines_before_entry = with_batch));
    static const char *const refused[] = {"batch 0 9223372036854775808\n",
                                          "batch 00 1\n",
                                          "batch 0\n",
                                          "batch 0 1 \n",
                                          "batch -1 1\n",
                                          "batch 0 1\nbatch 0 1\n",
                                          "path " ZEROES "\nbatch 0 1\n"};
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        snprintf(with_batch, sizeof with_batch, "%s%s", salted, refused[i]);
        EXPECT(refused[i], REFUSED, (f.kind = "batch", f.lines_before_entry = with_batch));
    }
    EXPECT("batch lines in a commitment", REFUSED,
           (snprintf(with_batch, sizeof with_batch, "%sbatch 0 1\n", salted),
            f.lines_before_entry = with_batch));
}
END_TEST

START_TEST(test_places)
{
    EXPECT("a tree of one", TAISTAMP_VALID, (f.index = 0, f.size = 1));
    EXPECT("the last leaf", TAISTAMP_VALID, f.index = LEAVES - 1);
    EXPECT("an index that is the size", TAISTAMP_NOT_INCLUDED, f.index = LEAVES);
    EXPECT("an index far out", TAISTAMP_NOT_INCLUDED, f.index = INT64_MAX);
    EXPECT("an index beyond 2^63", REFUSED, f.index = (uint64_t)INT64_MAX + 1);
    EXPECT("an empty tree", TAISTAMP_NOT_INCLUDED, (f.index = 0, f.size = 0));
}
END_TEST

/* The closing tree is that of the log at LEAVES, whose root the trust file has. */
static void closed_set(const char *origin, uint64_t size)
{
    struct forgery f = honest();
    ck_assert_int_eq(receipt_parse(forge(&f), RECEIPT_FULL, &receipt, NULL), TAI_OK);
    trust.n_closed = 1;
    trust.closed[0] = (struct trust_closed){bytes_of_str(origin), size, receipt.checkpoint.root};
}

/* closed lines of `size` with the audit path of the honest receipt, or with `n` hashes of it. */
static const char *closed_lines(const char *size, size_t n)
{
    static char lines[2048];
    struct out o = out_of(lines, sizeof lines);
    out_str(&o, "digest sha256:" DIGEST "\nsalt " ZEROES "\nclosed ");
    out_str(&o, size);
    out_char(&o, '\n');
    for (size_t i = 0; i < n; i++) {
        out_str(&o, "closed-path ");
        out_base64(&o, hash_bytes(&receipt.path[i]));
        out_char(&o, '\n');
    }
    ck_assert(out_terminate(&o));
    return lines;
}

START_TEST(test_closed)
{
    struct receipt *r = &receipt;
    struct forgery h = honest();
    closed_set(LOG_A, LEAVES);
    ck_assert_uint_eq(r->path_n, 3);
    EXPECT("closed, and no lines", TAISTAMP_NOT_CLOSED_IN, (void)0);
    ck_assert_int_eq(receipt_parse(forge(&h), RECEIPT_FULL, &receipt, NULL), TAI_OK);
    char good[2048];
    snprintf(good, sizeof good, "%s", closed_lines("7", 3));
    char fewer[2048];
    snprintf(fewer, sizeof fewer, "%s", closed_lines("7", 2));
    char other[2048];
    snprintf(other, sizeof other, "%s", closed_lines("8", 3));
    char zero[2048];
    snprintf(zero, sizeof zero, "%s", closed_lines("0", 0));
    char twice[4096];
    snprintf(twice, sizeof twice, "%sclosed 7\n", good);
    EXPECT("closed and shown", TAISTAMP_VALID, f.lines_before_entry = good);
    EXPECT("a hash less", TAISTAMP_NOT_CLOSED_IN, f.lines_before_entry = fewer);
    EXPECT("another size", TAISTAMP_NOT_CLOSED_IN, f.lines_before_entry = other);
    EXPECT("size 0", TAISTAMP_NOT_CLOSED_IN, f.lines_before_entry = zero);
    EXPECT("closed lines twice", REFUSED, f.lines_before_entry = twice);
    EXPECT("another index in the log than in the closing tree", TAISTAMP_NOT_CLOSED_IN,
           (f.lines_before_entry = good, f.index = 3));
    EXPECT("an entry made after the log had ended", TAISTAMP_NOT_CLOSED_IN,
           (f.lines_before_entry = good, f.tai = "1750000000123456790 250000"));
    closed_set(LOG_A, 0);
    EXPECT("a log that ended empty", TAISTAMP_NOT_CLOSED_IN, f.lines_before_entry = zero);
    closed_set(LOG_B, LEAVES);
    EXPECT("another log is closed", TAISTAMP_VALID, (void)0);
}
END_TEST

/* Whatever the two witnesses state, with f = 0 the smaller one rules, with f = 1 the larger. */
START_TEST(test_times)
{
    static const struct {
        const char *tai;
        uint64_t w0, w1;
        size_t f;
        int want;
        int64_t independent; /* 0: none */
    } rows[] = {
        {"1750000000123456789 250000", 0, 0, 0, TAISTAMP_CLAIM_VOID, 0},
        {"1750000000123456789 250000", 0, 1749999964, 0, TAISTAMP_VALID, 1750000002000000000},
        {"1750000000123456789 250000", 0, 1749999964, 1, TAISTAMP_CLAIM_VOID, 0},
        /* one lie into the past is dropped by f = 1, believed with f = 0 only if it has a TAI at all */
        {"1750000000123456789 250000", 1, 1749999964, 1, TAISTAMP_VALID, 1750000002000000000},
        {"1750000000123456789 250000", 1, 1749999964, 0, TAISTAMP_CLAIM_VOID, 0},
        {"1750000000123456789 250000", 63071998, 1749999964, 0, TAISTAMP_CLAIM_VOID, 0},
        {"1750000000123456789 250000", 63071999, 1749999964, 0, TAISTAMP_VALID, 63072010000000000},
        {"1750000000123456789 250000", INT64_MAX, 1749999964, 0, TAISTAMP_VALID, 1750000002000000000},
        {"1750000000123456789 250000", INT64_MAX, 1749999964, 1, TAISTAMP_CLAIM_VOID, 0},
        {"1750000000123456789 250000", INT64_MAX, INT64_MAX - 1, 1, TAISTAMP_CLAIM_VOID, 0},
        {"1750000000123456789 250000", (uint64_t)INT64_MAX + 1, 1749999964, 0, TAISTAMP_BAD_SIGNATURE, 0},
        {"1750000000123456789 250000", UINT64_MAX, 1749999964, 0, TAISTAMP_BAD_SIGNATURE, 0},
        /* the last second that has an end in nanoseconds, and the one after */
        {"1750000000123456789 250000", 9223371998, 9223371998, 0, TAISTAMP_CLAIM_VOID, 9223372036000000000},
        {"1750000000123456789 250000", 9223371999, 9223371999, 0, TAISTAMP_CLAIM_VOID, 0},
        /* edges of t and h: nothing wraps round */
        {"9223372036854775807 0", 9223371998, 9223371998, 0, TAISTAMP_VALID, 9223372036000000000},
        {"9223372036854775806 1", 1749999964, 1749999964, 0, TAISTAMP_VALID, 1750000002000000000},
        {"4611686018427387904 4611686018427387903", 9223371998, 9223371998, 0, TAISTAMP_VALID,
         9223372036000000000},
        {"1 0", 1749999964, 1749999964, 0, TAISTAMP_CLAIM_VOID, 1750000002000000000},
        {"9223372036854775807 1", 0, 0, 0, REFUSED, 0},
        {"9223372036854775808 0", 0, 0, 0, REFUSED, 0},
        {"5 5", 0, 0, 0, REFUSED, 0},
        {"0 0", 0, 0, 0, REFUSED, 0},
        {"-1 0", 0, 0, 0, REFUSED, 0},
        {"1e9 0", 0, 0, 0, REFUSED, 0},
        {"5 -0", 0, 0, 0, REFUSED, 0},
        {"5 00", 0, 0, 0, REFUSED, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char what[64];
        snprintf(what, sizeof what, "row %zu", i);
        trust.has_f = true;
        trust.f = rows[i].f;
        EXPECT(what, rows[i].want,
               (f.tai = rows[i].tai, f.lines[1].time_s = rows[i].w0, f.lines[2].time_s = rows[i].w1));
        if (rows[i].want != TAISTAMP_VALID && rows[i].want != TAISTAMP_CLAIM_VOID)
            continue;
        ck_assert_msg(verification.has_independent == (rows[i].independent != 0), "%s", what);
        if (verification.has_independent)
            ck_assert_int_eq(verification.independent.ns, rows[i].independent);
    }
    /* The longest lag that a trust file may grant does not wrap round either. */
    trust.max_lag_s = TRUST_MAX_LAG_LIMIT_S;
    trust.f = 0;
    EXPECT("the longest lag, late", TAISTAMP_VALID,
           (f.tai = "1750000000123456789 250000", f.lines[1].time_s = f.lines[2].time_s = 9223371998));
    EXPECT("the longest lag, at once", TAISTAMP_CLAIM_VOID,
           (f.tai = "1 0", f.lines[1].time_s = f.lines[2].time_s = 9223371998));
    trust.f = 64;
    EXPECT("more liars than witnesses", TAISTAMP_CLAIM_VOID, (void)0);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("hostile");
    TCase *t = tcase_create("hostile");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_set_timeout(t, 60);
    tcase_add_test(t, test_logs);
    tcase_add_test(t, test_signatures);
    tcase_add_test(t, test_kinds);
    tcase_add_test(t, test_places);
    tcase_add_test(t, test_closed);
    tcase_add_test(t, test_times);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
