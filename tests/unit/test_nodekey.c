/* SPDX-License-Identifier: Apache-2.0 */
/* sdk/io/nodekey.h and what it rests on: vectors of the RFCs, who shares a key with whom, and files that are refused. */
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sdk/base/text.h"
#include "sdk/io/nodekey.h"
#include "sdk/io/openssl.h"
#include "tests/unit/node_files.h"

static char dir[64];

static void dir_make(void)
{
    strcpy(dir, "/tmp/taistamp-nodekey-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(dir));
}

static void dir_remove(void)
{
    char command[100];
    snprintf(command, sizeof command, "rm -rf '%s'", dir);
    ck_assert_int_eq(system(command), 0);
}

/* "DIR/name", until the second next call. */
static const char *in_dir(const char *name)
{
    static char paths[2][200];
    static unsigned turn;
    char *path = paths[turn++ % 2];
    snprintf(path, sizeof paths[0], "%s/%s", dir, name);
    return path;
}

static const char *write_text(const char *name, const char *text, size_t len, mode_t mode)
{
    const char *path = in_dir(name);
    unlink(path);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, text, len), (ssize_t)len);
    ck_assert_int_eq(fchmod(fd, mode), 0);
    close(fd);
    return path;
}

static struct nodekey *must_load(const char *path)
{
    struct nodekey *key = NULL;
    struct tai_error error = {0};
    ck_assert_msg(nodekey_load(NULL, path, NODEKEY_OURS, &key, &error) == TAI_OK, "%s", error.text);
    return key;
}

static struct nodekey *must_load_text(const char *text)
{
    return must_load(write_text("text", text, strlen(text), 0600));
}

static struct nodekey *must_make(const char *name)
{
    struct nodekey_public made;
    struct tai_error error = {0};
    enum tai_err err = nodekey_create(NULL, in_dir(name), &made, &error);
    ck_assert_msg(err == TAI_OK, "%s", error.text);
    struct nodekey *key = must_load(in_dir(name));
    ck_assert(nodekey_public_equal(&made, nodekey_public_of(key)));
    return key;
}

static void unhex(const char *hex, uint8_t *out, size_t len)
{
    ck_assert(hex_decode(bytes_of_str(hex), out, len));
}

/* ---- vectors ---- */

START_TEST(test_rfc7748)
{
    static const struct {
        const char *private_key, *public_key;
    } cases[] = {{"77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a",
                  "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a"},
                 {"5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb",
                  "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f"}};
    uint8_t in[32], expected[32], public_keys[2][32], shared[32];
    struct x25519 *keys[2];
    for (size_t i = 0; i < 2; i++) {
        unhex(cases[i].private_key, in, 32);
        unhex(cases[i].public_key, expected, 32);
        ck_assert_int_eq(x25519_from_private(in, &keys[i]), TAI_OK);
        x25519_public(keys[i], public_keys[i]);
        ck_assert_mem_eq(public_keys[i], expected, 32);
    }
    unhex("4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742", expected, 32);
    for (size_t i = 0; i < 2; i++) {
        ck_assert_int_eq(x25519_shared(keys[i], public_keys[1 - i], shared), TAI_OK);
        ck_assert_mem_eq(shared, expected, 32);
    }
    /* Points of low order: 0, 1, and p - 1, of order 1, 4 and 2 as u-coordinates go. */
    static const char *const low[] = {"0000000000000000000000000000000000000000000000000000000000000000",
                                      "0100000000000000000000000000000000000000000000000000000000000000",
                                      "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"};
    memset(shared, 7, sizeof shared);
    for (size_t i = 0; i < sizeof low / sizeof low[0]; i++) {
        unhex(low[i], in, 32);
        ck_assert_int_eq(x25519_shared(keys[0], in, shared), TAI_ERR_UNTRUSTED);
        ck_assert_uint_eq(shared[0], 7);
    }
    x25519_free(keys[0]);
    x25519_free(keys[1]);
    x25519_free(NULL);
}
END_TEST

static size_t fill(uint8_t *out, unsigned from, unsigned to)
{
    for (unsigned v = from; v < to; v++)
        out[v - from] = (uint8_t)v;
    return to - from;
}

/* Appendix A, cases 1 to 3. */
START_TEST(test_rfc5869)
{
    uint8_t ikm[80], salt[80], info[80], out[82], expected[82];
    memset(ikm, 0x0b, 22);
    size_t salt_len = fill(salt, 0, 13), info_len = fill(info, 0xf0, 0xfa);
    unhex("3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865", expected,
          42);
    ck_assert_int_eq(
        openssl_hkdf_sha256(bytes_of(ikm, 22), bytes_of(salt, salt_len), bytes_of(info, info_len), out, 42),
        TAI_OK);
    ck_assert_mem_eq(out, expected, 42);
    unhex("8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8", expected,
          42);
    struct bytes none = {NULL, 0};
    ck_assert_int_eq(openssl_hkdf_sha256(bytes_of(ikm, 22), none, none, out, 42), TAI_OK);
    ck_assert_mem_eq(out, expected, 42);
    fill(ikm, 0, 80);
    fill(salt, 0x60, 0xb0);
    fill(info, 0xb0, 0x100);
    unhex("b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09"
          "da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87",
          expected, 82);
    ck_assert_int_eq(openssl_hkdf_sha256(bytes_of(ikm, 80), bytes_of(salt, 80), bytes_of(info, 80), out, 82),
                     TAI_OK);
    ck_assert_mem_eq(out, expected, 82);
    ck_assert_int_eq(openssl_hkdf_sha256(bytes_of(ikm, 80), none, none, (uint8_t[8161]){0}, 8161),
                     TAI_ERR_CRYPTO);
}
END_TEST

START_TEST(test_file_vector)
{
    static const uint64_t cluster = 0x0123456789abcdef;
    const sync_node_t two = {2}, other = {70000};
    char token[NODEKEY_TEXT_LEN + 1];
    uint8_t expected[32], got[32];
    unhex(NODE_PAIR_HEX, expected, 32);
    dir_make();
    struct nodekey *a = must_load_text(NODE_A_FILE), *b = must_load_text(NODE_B_FILE);
    nodekey_public_print(nodekey_public_of(a), token);
    ck_assert_str_eq(token, NODE_A_TOKEN);
    nodekey_public_print(nodekey_public_of(b), token);
    ck_assert_str_eq(token, NODE_B_TOKEN);
    ck_assert_int_eq(nodekey_pair(a, cluster, two, other, nodekey_public_of(b), got), TAI_OK);
    ck_assert_mem_eq(got, expected, 32);
    memset(got, 0, sizeof got);
    ck_assert_int_eq(nodekey_pair(b, cluster, other, two, nodekey_public_of(a), got), TAI_OK);
    ck_assert_mem_eq(got, expected, 32);
    /* RFC 8032 section 7.1, test 1: of the empty message. */
    uint8_t sig[NODEKEY_SIGNATURE_LEN];
    ck_assert_int_eq(nodekey_sign(a, BYTES_LIT(""), sig), TAI_OK);
    uint8_t first[8];
    unhex("e5564300c360ac72", first, sizeof first);
    ck_assert_mem_eq(sig, first, sizeof first);
    struct crypto crypto;
    ck_assert_int_eq(openssl_crypto_open(&crypto), TAI_OK);
    ck_assert(crypto.ed25519_verify(crypto.ctx, nodekey_public_of(a)->ed25519, sig, BYTES_LIT("")));
    ck_assert(!crypto.ed25519_verify(crypto.ctx, nodekey_public_of(b)->ed25519, sig, BYTES_LIT("")));
    openssl_crypto_close(&crypto);
    nodekey_free(a);
    nodekey_free(b);
    nodekey_free(NULL);
    dir_remove();
}
END_TEST

/* ---- pairs ---- */

enum { NODES = 4 };

/* Every pair of nodes, in two clusters: both ends agree, and no two of the keys are the same. */
START_TEST(test_pairs)
{
    static const char *const names[NODES] = {"a", "b", "c", "d"};
    struct nodekey *keys[NODES];
    uint8_t seen[NODES * NODES * 2][NODEKEY_PAIR_LEN];
    size_t count = 0;
    dir_make();
    for (size_t i = 0; i < NODES; i++)
        keys[i] = must_make(names[i]);
    for (uint64_t cluster = 1; cluster <= 2; cluster++)
        for (uint32_t i = 0; i < NODES; i++)
            for (uint32_t j = i + 1; j < NODES; j++) {
                uint8_t back[NODEKEY_PAIR_LEN];
                const sync_node_t one = {i + 1}, two = {j + 1};
                ck_assert_int_eq(
                    nodekey_pair(keys[i], cluster, one, two, nodekey_public_of(keys[j]), seen[count]),
                    TAI_OK);
                ck_assert_int_eq(nodekey_pair(keys[j], cluster, two, one, nodekey_public_of(keys[i]), back),
                                 TAI_OK);
                ck_assert_mem_eq(seen[count], back, sizeof back);
                for (size_t k = 0; k < count; k++)
                    ck_assert_mem_ne(seen[k], back, sizeof back);
                count++;
            }
    ck_assert_uint_eq(count, NODES * (NODES - 1));
    /* The same two machines under other numbers. */
    uint8_t other[NODEKEY_PAIR_LEN];
    ck_assert_int_eq(
        nodekey_pair(keys[0], 1, (sync_node_t){1}, (sync_node_t){9}, nodekey_public_of(keys[1]), other),
        TAI_OK);
    for (size_t k = 0; k < count; k++)
        ck_assert_mem_ne(seen[k], other, sizeof other);
    struct nodekey_public low = *nodekey_public_of(keys[1]);
    memset(low.x25519, 0, sizeof low.x25519);
    ck_assert_int_eq(nodekey_pair(keys[0], 1, (sync_node_t){1}, (sync_node_t){2}, &low, other),
                     TAI_ERR_UNTRUSTED);
    for (size_t i = 0; i < NODES; i++)
        nodekey_free(keys[i]);
    dir_remove();
}
END_TEST

/* ---- the token ---- */

START_TEST(test_token)
{
    struct nodekey_public key, again = {.x25519 = {9}};
    char text[NODEKEY_TEXT_LEN + 2];
    ck_assert(nodekey_public_parse(bytes_of_str(NODE_A_TOKEN), &key));
    nodekey_public_print(&key, text);
    ck_assert_str_eq(text, NODE_A_TOKEN);
    ck_assert_uint_eq(strlen(text), NODEKEY_TEXT_LEN);
    /* Cut anywhere, one letter too many, and every letter changed to every other: never a key. */
    for (size_t len = 0; len < NODEKEY_TEXT_LEN; len++)
        ck_assert(!nodekey_public_parse(bytes_of(text, len), &again));
    text[NODEKEY_TEXT_LEN] = 'A';
    ck_assert(!nodekey_public_parse(bytes_of(text, NODEKEY_TEXT_LEN + 1), &again));
    for (size_t at = 0; at < NODEKEY_TEXT_LEN; at++)
        for (int c = 0; c < 256; c++) {
            char was = text[at];
            text[at] = (char)c;
            bool same = text[at] == was;
            ck_assert_int_eq(nodekey_public_parse(bytes_of(text, NODEKEY_TEXT_LEN), same ? &key : &again),
                             same);
            text[at] = was;
        }
    ck_assert_uint_eq(again.x25519[0], 9);
}
END_TEST

/* ---- the file ---- */

START_TEST(test_create)
{
    struct nodekey_public made = {.ed25519 = {5}};
    struct tai_error error = {0};
    struct stat st;
    dir_make();
    mode_t before = umask(0);
    struct nodekey *a = must_make("k");
    umask(before);
    ck_assert_int_eq(lstat(in_dir("k"), &st), 0);
    ck_assert_uint_eq(st.st_mode, S_IFREG | 0600);
    /* Never another in its place. */
    ck_assert_int_eq(nodekey_create(NULL, in_dir("k"), &made, &error), TAI_ERR_CONFLICT);
    ck_assert_uint_eq(made.ed25519[0], 5);
    struct nodekey *same = must_load(in_dir("k")), *b = must_make("l");
    ck_assert(nodekey_public_equal(nodekey_public_of(same), nodekey_public_of(a)));
    ck_assert(!nodekey_public_equal(nodekey_public_of(b), nodekey_public_of(a)));
    ck_assert_int_eq(nodekey_create(NULL, in_dir("gone/k"), &made, &error), TAI_ERR_NOT_FOUND);
    nodekey_free(a);
    nodekey_free(same);
    nodekey_free(b);
    dir_remove();
}
END_TEST

static void assert_refused(const char *path, enum tai_err code, const char *says)
{
    struct nodekey *key = NULL;
    struct tai_error error = {0};
    enum tai_err err = nodekey_load(NULL, path, NODEKEY_OURS, &key, &error);
    ck_assert_msg(err == code, "%d instead of %d: %s", err, code, error.text);
    ck_assert_ptr_null(key);
    ck_assert_msg(strstr(error.text, says) != NULL && strstr(error.text, path) != NULL, "%s", error.text);
    ck_assert_int_eq(nodekey_load(NULL, path, NODEKEY_OURS, &key, NULL), code);
}

START_TEST(test_file_refused)
{
    static const mode_t modes[] = {0640, 0604, 0620, 0602, 0610, 0601, 0666, 0660};
    dir_make();
    assert_refused(in_dir("none"), TAI_ERR_NOT_FOUND, "keygen makes one");
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++)
        assert_refused(write_text("mode", NODE_A_FILE, strlen(NODE_A_FILE), modes[i]), TAI_ERR_UNTRUSTED,
                       "chmod 600");
    nodekey_free(must_load(write_text("mode", NODE_A_FILE, strlen(NODE_A_FILE), 0400)));
    ck_assert_int_eq(symlink(in_dir("mode"), in_dir("link")), 0);
    assert_refused(in_dir("link"), TAI_ERR_UNTRUSTED, "a symbolic link");
    assert_refused(dir, TAI_ERR_UNTRUSTED, "not a regular file");
    ck_assert_int_eq(mkfifo(in_dir("fifo"), 0600), 0);
    assert_refused(in_dir("fifo"), TAI_ERR_UNTRUSTED, "not a regular file");
    if (geteuid() == 0) {
        struct nodekey *key = NULL;
        ck_assert_int_eq(chown(in_dir("mode"), 12345, 12345), 0);
        assert_refused(in_dir("mode"), TAI_ERR_UNTRUSTED, "belongs to user 12345");
        ck_assert_int_eq(nodekey_load(NULL, in_dir("mode"), NODEKEY_ROOT_LOOKS, &key, NULL), TAI_OK);
        nodekey_free(key);
    }
    dir_remove();
}
END_TEST

static const struct {
    const char *text, *says;
    enum tai_err code;
} bad_texts[] = {
    {"", "not a node key", TAI_ERR_FORMAT},
    {"-----BEGIN PRIVATE KEY-----\n", "not a node key", TAI_ERR_FORMAT},
    {"taistamp node key v2\n" NODE_A_LINES, "not a node key", TAI_ERR_FORMAT},
    {"taistamp node key v1\r\n" NODE_A_LINES, "not a node key", TAI_ERR_FORMAT},
    {"taistamp node key v1\n", "is damaged", TAI_ERR_CORRUPT},
    {"taistamp node key v1\n" NODE_A_LINES, "is damaged", TAI_ERR_CORRUPT},
    {"taistamp node key v1\n" NODE_A_LINES "public " NODE_A_TOKEN "\n", "is damaged", TAI_ERR_CORRUPT},
    {"taistamp node key v1\n" NODE_A_LINES "public " NODE_B_TOKEN "\ncrc32c d22992d5\n", "do not fit",
     TAI_ERR_CORRUPT},
    {"taistamp node key v1\n" NODE_A_LINES "public " NODE_A_TOKEN "\ncrc32c 00000000\n", "do not fit",
     TAI_ERR_CORRUPT},
    {NODE_A_FILE "\n", "is damaged", TAI_ERR_CORRUPT},
    {NODE_A_FILE "comment\n", "is damaged", TAI_ERR_CORRUPT},
};

START_TEST(test_text_refused)
{
    dir_make();
    assert_refused(write_text("bad", bad_texts[_i].text, strlen(bad_texts[_i].text), 0600),
                   bad_texts[_i].code, bad_texts[_i].says);
    dir_remove();
}
END_TEST

/* Every flipped bit and every cut of the file is noticed. */
START_TEST(test_text_damaged)
{
    char text[] = NODE_A_FILE;
    const size_t len = sizeof text - 1;
    struct nodekey *key = NULL;
    dir_make();
    for (size_t cut = 0; cut < len; cut += 7)
        ck_assert_int_ne(nodekey_load(NULL, write_text("cut", text, cut, 0600), NODEKEY_OURS, &key, NULL),
                         TAI_OK);
    for (size_t bit = 0; bit < len * 8; bit++) {
        text[bit / 8] = (char)(text[bit / 8] ^ (1 << bit % 8));
        ck_assert_int_ne(nodekey_load(NULL, write_text("flip", text, len, 0600), NODEKEY_OURS, &key, NULL),
                         TAI_OK);
        text[bit / 8] = (char)(text[bit / 8] ^ (1 << bit % 8));
    }
    static char large[5000];
    memset(large, 'a', sizeof large);
    assert_refused(write_text("large", large, sizeof large, 0600), TAI_ERR_FORMAT, "not a node key");
    ck_assert_ptr_null(key);
    dir_remove();
}
END_TEST

int main(void)
{
    Suite *s = suite_create("nodekey");
    TCase *t = tcase_create("nodekey");
    tcase_add_test(t, test_rfc7748);
    tcase_add_test(t, test_rfc5869);
    tcase_add_test(t, test_file_vector);
    tcase_add_test(t, test_pairs);
    tcase_add_test(t, test_token);
    tcase_add_test(t, test_create);
    tcase_add_test(t, test_file_refused);
    tcase_add_loop_test(t, test_text_refused, 0, (int)(sizeof bad_texts / sizeof bad_texts[0]));
    tcase_add_test(t, test_text_damaged);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
