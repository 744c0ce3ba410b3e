/* SPDX-License-Identifier: Apache-2.0 */
#include "sdk/io/nodekey.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sdk/base/bug.h"
#include "sdk/base/crc32c.h"
#include "sdk/base/error.h"
#include "sdk/base/text.h"
#include "sdk/io/openssl.h"

enum {
    TOKEN_KIND = 0x01, /* Ed25519 and X25519 */
    TOKEN_KEYS = 1 + 2 * NODEKEY_HALF,
    TOKEN_BYTES = TOKEN_KEYS + 4,
    FILE_TEXT_MAX = 512 /* the one text has 291 bytes */
};

static const char token_prefix[] = "tainode1-";
static const char file_head[] = "taistamp node key v1\n";

_Static_assert((int)NODEKEY_HALF == ED25519_KEY_LEN && (int)NODEKEY_HALF == X25519_LEN,
               "both keys have 32 bytes");
_Static_assert((int)NODEKEY_SIGNATURE_LEN == ED25519_SIG_LEN, "an Ed25519 signature");
_Static_assert(NODEKEY_TEXT_LEN == sizeof token_prefix - 1 + TOKEN_BYTES / 3 * 4 && TOKEN_BYTES % 3 == 0,
               "base64 without padding");

/* What the private file holds. */
struct secrets {
    uint8_t ed25519[NODEKEY_HALF];
    uint8_t x25519[NODEKEY_HALF];
};

struct nodekey {
    struct ed25519 *identity;
    struct x25519 *agreement;
    struct nodekey_public public_key;
};

/* ---- the public token ---- */

bool nodekey_public_parse(struct bytes text, struct nodekey_public *ret_public)
{
    uint8_t raw[TOKEN_BYTES];
    if (!bytes_strip_prefix(&text, token_prefix) || !base64_decode_exact(text, raw, sizeof raw) ||
        raw[0] != TOKEN_KIND || be32_read(raw + TOKEN_KEYS) != crc32c(bytes_of(raw, TOKEN_KEYS)))
        return false;
    memcpy(ret_public->ed25519, raw + 1, NODEKEY_HALF);
    memcpy(ret_public->x25519, raw + 1 + NODEKEY_HALF, NODEKEY_HALF);
    return true;
}

void nodekey_public_print(const struct nodekey_public *key, char ret_text[NODEKEY_TEXT_LEN + 1])
{
    uint8_t raw[TOKEN_BYTES] = {TOKEN_KIND};
    memcpy(raw + 1, key->ed25519, NODEKEY_HALF);
    memcpy(raw + 1 + NODEKEY_HALF, key->x25519, NODEKEY_HALF);
    be32_write(raw + TOKEN_KEYS, crc32c(bytes_of(raw, TOKEN_KEYS)));
    struct out o = out_of(ret_text, NODEKEY_TEXT_LEN + 1);
    out_str(&o, token_prefix);
    out_base64(&o, bytes_of(raw, sizeof raw));
    BUG_UNLESS(out_terminate(&o));
}

bool nodekey_public_equal(const struct nodekey_public *a, const struct nodekey_public *b)
{
    return memcmp(a->ed25519, b->ed25519, NODEKEY_HALF) == 0 &&
           memcmp(a->x25519, b->x25519, NODEKEY_HALF) == 0;
}

/* ---- the object ---- */

static enum tai_err key_from_secrets(const struct secrets *s, struct nodekey **ret_key)
{
    struct nodekey *key = calloc(1, sizeof *key);
    if (key == NULL)
        return TAI_ERR_MEMORY;
    enum tai_err err = ed25519_from_seed(s->ed25519, &key->identity);
    if (err == TAI_OK)
        err = x25519_from_private(s->x25519, &key->agreement);
    if (err != TAI_OK) {
        nodekey_free(key);
        return err;
    }
    ed25519_public(key->identity, key->public_key.ed25519);
    x25519_public(key->agreement, key->public_key.x25519);
    *ret_key = key;
    return TAI_OK;
}

void nodekey_free(struct nodekey *key)
{
    if (key == NULL)
        return;
    ed25519_free(key->identity);
    x25519_free(key->agreement);
    free(key);
}

const struct nodekey_public *nodekey_public_of(const struct nodekey *key)
{
    return &key->public_key;
}

enum tai_err nodekey_sign(const struct nodekey *key, struct bytes message,
                          uint8_t ret_signature[NODEKEY_SIGNATURE_LEN])
{
    return ed25519_sign(key->identity, message, ret_signature);
}

enum tai_err nodekey_pair(const struct nodekey *key, uint64_t cluster, sync_node_t own, sync_node_t other,
                          const struct nodekey_public *other_key, uint8_t ret_key[NODEKEY_PAIR_LEN])
{
    static const char label[] = "taistamp pair key v1";
    BUG_UNLESS(own.id != 0 && other.id != 0 && own.id != other.id);
    uint8_t info[sizeof label - 1 + 16], shared[X25519_LEN];
    struct out o = out_of(info, sizeof info);
    out_str(&o, label);
    out_be64(&o, cluster);
    out_be32(&o, own.id < other.id ? own.id : other.id);
    out_be32(&o, own.id < other.id ? other.id : own.id);
    BUG_UNLESS(!o.overflow && o.len == sizeof info);
    enum tai_err err = x25519_shared(key->agreement, other_key->x25519, shared);
    if (err != TAI_OK)
        return err;
    err = openssl_hkdf_sha256(bytes_of(shared, sizeof shared), (struct bytes){NULL, 0}, out_view(&o), ret_key,
                              NODEKEY_PAIR_LEN);
    openssl_cleanse(shared, sizeof shared);
    return err;
}

/* ---- the private file ---- */

static void file_text_write(const struct secrets *s, const struct nodekey_public *public_key, struct out *o)
{
    char token[NODEKEY_TEXT_LEN + 1];
    nodekey_public_print(public_key, token);
    out_str(o, file_head);
    out_str(o, "ed25519 ");
    out_hex(o, bytes_of(s->ed25519, sizeof s->ed25519));
    out_str(o, "\nx25519 ");
    out_hex(o, bytes_of(s->x25519, sizeof s->x25519));
    out_str(o, "\npublic ");
    out_str(o, token);
    out_char(o, '\n');
    uint8_t sum[4];
    be32_write(sum, crc32c(out_view(o)));
    out_str(o, "crc32c ");
    out_hex(o, bytes_of(sum, sizeof sum));
    out_char(o, '\n');
}

enum tai_err nodekey_create(const struct file_ops *files, const char *path, struct nodekey_public *ret_public,
                            struct tai_error *error)
{
    struct secrets s;
    struct nodekey *key = NULL;
    uint8_t text[FILE_TEXT_MAX];
    struct out o = out_of(text, sizeof text);
    enum tai_err err = openssl_random(&s, sizeof s);
    if (err == TAI_OK)
        err = key_from_secrets(&s, &key);
    if (err != TAI_OK) {
        openssl_cleanse(&s, sizeof s);
        return error_set(error, err, "cannot make a key");
    }
    file_text_write(&s, &key->public_key, &o);
    openssl_cleanse(&s, sizeof s);
    BUG_UNLESS(!o.overflow);
    err = file_write(files != NULL ? files : &file_posix, path, 0600, FILE_NEW, out_view(&o), error);
    openssl_cleanse(text, sizeof text);
    if (err == TAI_OK)
        *ret_public = key->public_key;
    nodekey_free(key);
    return err;
}

static bool line_hex(struct lines *l, const char *name, uint8_t *out, size_t len)
{
    struct bytes line;
    return lines_next(l, &line) && bytes_strip_prefix(&line, name) && hex_decode(line, out, len);
}

/* The form alone; whether the parts fit together, the caller finds out by writing it again. */
static bool secrets_parse(struct bytes text, struct secrets *ret_secrets)
{
    struct bytes token;
    struct nodekey_public public_key;
    uint8_t sum[4];
    if (!bytes_strip_prefix(&text, file_head))
        return false;
    struct lines l = {text};
    return line_hex(&l, "ed25519 ", ret_secrets->ed25519, NODEKEY_HALF) &&
           line_hex(&l, "x25519 ", ret_secrets->x25519, NODEKEY_HALF) && lines_next(&l, &token) &&
           bytes_strip_prefix(&token, "public ") && nodekey_public_parse(token, &public_key) &&
           line_hex(&l, "crc32c ", sum, sizeof sum) && l.rest.len == 0;
}

static enum tai_err refuse(struct tai_error *error, enum tai_err code, const char *path, const char *why)
{
    return error_set_detail(error, code, path, bytes_of_str(why));
}

static enum tai_err key_from_text(const char *path, struct bytes text, struct nodekey **ret_key,
                                  struct tai_error *error)
{
    struct secrets s;
    struct nodekey *key = NULL;
    if (!secrets_parse(text, &s)) {
        openssl_cleanse(&s, sizeof s);
        bool ours = bytes_strip_prefix(&text, file_head);
        return refuse(
            error, ours ? TAI_ERR_CORRUPT : TAI_ERR_FORMAT, path,
            ours ? "the node key is damaged; put it back from a copy, or move it away, make a new one with "
                   "keygen and change this node's key in the cluster file"
                 : "not a node key; keygen makes one");
    }
    enum tai_err err = key_from_secrets(&s, &key);
    uint8_t again[FILE_TEXT_MAX];
    struct out o = out_of(again, sizeof again);
    if (err == TAI_OK) {
        file_text_write(&s, &key->public_key, &o);
        if (o.overflow || !bytes_equal(out_view(&o), text))
            err = TAI_ERR_CORRUPT;
    }
    openssl_cleanse(&s, sizeof s);
    openssl_cleanse(again, sizeof again);
    if (err != TAI_OK) {
        nodekey_free(key);
        return refuse(error, err, path,
                      err == TAI_ERR_CORRUPT
                          ? "the node key is damaged: its private and public halves do not fit; put it "
                            "back from a copy, or move it away and make a new one with keygen"
                          : "the cryptographic library does not take the key");
    }
    *ret_key = key;
    return TAI_OK;
}

static enum tai_err check_file(const struct file_stat *st, const char *path, enum nodekey_owner owner,
                               struct tai_error *error)
{
    char why[160];
    uid_t us = geteuid();
    if (!S_ISREG(st->mode))
        return refuse(error, TAI_ERR_UNTRUSTED, path, "not a regular file");
    if (st->uid != us && !(owner == NODEKEY_ROOT_LOOKS && us == 0)) {
        snprintf(why, sizeof why,
                 "belongs to user %lu, and this runs as user %lu: whoever owns the key knows it; chown it",
                 (unsigned long)st->uid, (unsigned long)us);
        return refuse(error, TAI_ERR_UNTRUSTED, path, why);
    }
    if ((st->mode & (S_IRWXG | S_IRWXO)) != 0) {
        snprintf(
            why, sizeof why,
            "mode %04o lets others than its owner at the key; chmod 600, and if somebody may have read it, "
            "make a new one",
            (unsigned)(st->mode & 07777));
        return refuse(error, TAI_ERR_UNTRUSTED, path, why);
    }
    return TAI_OK;
}

/* Reads the open file into `buf`. */
static enum tai_err read_file(const struct file_ops *ops, int fd, const char *path, enum nodekey_owner owner,
                              uint8_t buf[FILE_TEXT_MAX], size_t *ret_len, struct tai_error *error)
{
    struct file_stat st;
    int e = ops->stat(ops->ctx, fd, &st);
    if (e < 0)
        return file_error(error, e, "cannot read", path);
    enum tai_err err = check_file(&st, path, owner, error);
    if (err != TAI_OK)
        return err;
    if (st.size > FILE_TEXT_MAX)
        return refuse(error, TAI_ERR_FORMAT, path, "not a node key; keygen makes one");
    err = file_read_at(ops, fd, buf, (size_t)st.size, 0);
    if (err != TAI_OK)
        return refuse(error, err, path, "cannot be read");
    *ret_len = (size_t)st.size;
    return TAI_OK;
}

enum tai_err nodekey_load(const struct file_ops *files, const char *path, enum nodekey_owner owner,
                          struct nodekey **ret_key, struct tai_error *error)
{
    const struct file_ops *ops = files != NULL ? files : &file_posix;
    /* O_NONBLOCK: a FIFO in its place must not hang the start. */
    int fd = ops->open(ops->ctx, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0);
    if (fd == -ELOOP)
        return refuse(error, TAI_ERR_UNTRUSTED, path,
                      "a symbolic link; put the key itself here, or name its real place in the settings");
    if (fd == -ENOENT)
        return refuse(error, TAI_ERR_NOT_FOUND, path, "there is no node key here; keygen makes one");
    if (fd < 0)
        return file_error(error, fd, "cannot read", path);
    uint8_t text[FILE_TEXT_MAX];
    size_t len = 0;
    enum tai_err err = read_file(ops, fd, path, owner, text, &len, error);
    ops->close(ops->ctx, fd);
    if (err == TAI_OK)
        err = key_from_text(path, bytes_of(text, len), ret_key, error);
    openssl_cleanse(text, sizeof text);
    return err;
}
