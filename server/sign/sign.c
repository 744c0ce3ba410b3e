/* SPDX-License-Identifier: Apache-2.0 */
#include "server/sign/sign.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "sdk/base/bug.h"
#include "sdk/base/error.h"
#include "sdk/io/file.h"
#include "sdk/io/openssl.h"
#include "sdk/proof/entry.h"
#include "sdk/proof/merkle.h"
#include "sdk/proof/note.h"
#include "server/sign/files.h"
#include "server/sign/slot.h"

struct signer {
    const struct file_ops *files;
    struct crypto crypto;
    struct ed25519 *key;
    struct vkey vkey;
    char *origin;
    int fd;           /* log.head, locked */
    struct slot slot; /* what it says */
    bool written;     /* by us: so it is durable */
    bool dead;        /* a write failed: what the slot says is not known */
};

struct hash sign_body_hash(const struct crypto *c, const char *origin, const struct sign_head *head,
                           struct out *ret_body)
{
    checkpoint_emit(ret_body, &(struct checkpoint){bytes_of_str(origin), head->size, head->root});
    BUG_UNLESS(!ret_body->overflow);
    return crypto_sha256(c, out_view(ret_body));
}

static enum tai_err read_origin(struct signer *s, const char *path, struct tai_error *error)
{
    size_t len;
    enum tai_err err = file_read(s->files, path, LIMIT_ORIGIN + 1, &s->origin, &len, error);
    if (err != TAI_OK)
        return err;
    bool whole = len > 0 && s->origin[len - 1] == '\n';
    if (whole)
        s->origin[--len] = 0;
    if (!whole || strlen(s->origin) != len || !origin_valid(bytes_of(s->origin, len)))
        return error_set_detail(error, TAI_ERR_CORRUPT,
                                "not an origin in one line (restore the key folder from its backup)",
                                bytes_of_str(path));
    return TAI_OK;
}

static enum tai_err check_private(struct signer *s, const char *path, struct tai_error *error)
{
    int fd = s->files->open(s->files->ctx, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK, 0);
    struct file_stat st;
    int r = fd < 0 ? fd : s->files->stat(s->files->ctx, fd, &st);
    if (fd >= 0)
        s->files->close(s->files->ctx, fd);
    if (r < 0)
        return file_error(error, r, "cannot open", path);
    if ((st.mode & (S_IRWXG | S_IRWXO)) != 0)
        return error_set_detail(error, TAI_ERR_PERMISSION,
                                "the key can be used by others than its owner (chmod 600 it)",
                                bytes_of_str(path));
    return TAI_OK;
}

static enum tai_err read_key(struct signer *s, const char *path, struct tai_error *error)
{
    char *pem;
    size_t len;
    enum tai_err err = check_private(s, path, error);
    if (err == TAI_OK)
        err = file_read(s->files, path, SIGN_PEM_MAX, &pem, &len, error);
    if (err != TAI_OK)
        return err;
    err = ed25519_from_pem(bytes_of(pem, len), &s->key);
    explicit_bzero(pem, len);
    free(pem);
    if (err != TAI_OK)
        return error_set_detail(error, err == TAI_ERR_FORMAT ? TAI_ERR_CORRUPT : err,
                                "no Ed25519 key (restore the key folder from its backup)",
                                bytes_of_str(path));
    uint8_t public[ED25519_KEY_LEN];
    ed25519_public(s->key, public);
    vkey_of_ed25519(&s->crypto, bytes_of_str(s->origin), NOTE_ED25519, public, &s->vkey);
    return TAI_OK;
}

static enum tai_err read_slot(struct signer *s, const char *path, struct tai_error *error)
{
    int fd = s->files->open(s->files->ctx, path, O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0);
    if (fd < 0)
        return file_error(error, fd, "cannot open", path);
    s->fd = fd;
    int locked = s->files->lock(s->files->ctx, fd);
    if (locked < 0 && file_err(locked) == TAI_ERR_CONFLICT)
        return error_set_detail(error, TAI_ERR_CONFLICT, "another taid runs this log (stop it first)",
                                bytes_of_str(path));
    if (locked < 0)
        return file_error(error, locked, "cannot lock", path);
    uint8_t file[SLOT_FILE];
    enum tai_err err = file_read_at(s->files, fd, file, sizeof file, 0);
    if (err != TAI_OK && err != TAI_ERR_SPACE)
        return error_set_detail(error, err, "cannot read", bytes_of_str(path));
    uint8_t body[CHECKPOINT_BODY_MAX];
    struct out o = out_of(body, sizeof body);
    if (err == TAI_ERR_SPACE || !slot_choose(file, &s->slot))
        return error_set_detail(
            error, TAI_ERR_CORRUPT,
            "the head slot has no valid record, so what was signed is not known: restore "
            "the newest backup of this file, or close this log and run `taid init` for a new one",
            bytes_of_str(path));
    struct hash expected = sign_body_hash(&s->crypto, s->origin, &s->slot.head, &o);
    if (!hash_equal(&expected, &s->slot.body))
        return error_set_detail(error, TAI_ERR_CONFLICT, "the head slot is of another log than log.origin",
                                bytes_of_str(path));
    return TAI_OK;
}

static enum tai_err open_files(struct signer *s, const char *key_dir, bool with_slot, struct tai_error *error)
{
    struct sign_paths p;
    enum tai_err err = sign_paths_make(key_dir, &p);
    if (err != TAI_OK)
        return error_set(error, err, "out of memory");
    err = read_origin(s, p.origin, error);
    if (err == TAI_OK)
        err = read_key(s, p.key, error);
    if (err == TAI_OK && with_slot)
        err = read_slot(s, p.head, error);
    sign_paths_free(&p);
    return err;
}

static enum tai_err open_signer(const struct file_ops *files, const char *key_dir, bool with_slot,
                                struct signer **ret_signer, struct tai_error *error)
{
    struct signer *s = calloc(1, sizeof *s);
    if (s == NULL)
        return error_set(error, TAI_ERR_MEMORY, "out of memory");
    s->files = files != NULL ? files : &file_posix;
    s->fd = -1;
    enum tai_err err = openssl_crypto_open(&s->crypto);
    if (err != TAI_OK) {
        free(s);
        return error_set(error, err, "the cryptographic library does not work");
    }
    err = open_files(s, key_dir, with_slot, error);
    if (err != TAI_OK) {
        signer_close(s);
        return err;
    }
    *ret_signer = s;
    return TAI_OK;
}

enum tai_err signer_open(const struct file_ops *files, const char *key_dir, struct signer **ret_signer,
                         struct tai_error *error)
{
    return open_signer(files, key_dir, true, ret_signer, error);
}

void signer_close(struct signer *signer)
{
    if (signer == NULL)
        return;
    if (signer->fd >= 0)
        signer->files->close(signer->files->ctx, signer->fd);
    ed25519_free(signer->key);
    openssl_crypto_close(&signer->crypto);
    free(signer->origin);
    free(signer);
}

const char *signer_origin(const struct signer *signer)
{
    return signer->origin;
}

void signer_public(const struct signer *signer, uint8_t ret_key[ED25519_KEY_LEN])
{
    ed25519_public(signer->key, ret_key);
}

void signer_vkey(const struct signer *signer, struct out *o)
{
    vkey_emit(o, &signer->vkey);
}

enum tai_err signer_read_vkey(const struct file_ops *files, const char *key_dir, struct out *o,
                              struct tai_error *error)
{
    struct signer *s;
    enum tai_err err = open_signer(files, key_dir, false, &s, error);
    if (err != TAI_OK)
        return err;
    signer_vkey(s, o);
    signer_close(s);
    return TAI_OK;
}

void signer_head(const struct signer *signer, struct sign_head *ret_head)
{
    *ret_head = signer->slot.head;
}

static bool same_head(const struct sign_head *a, const struct sign_head *b)
{
    return a->size == b->size && hash_equal(&a->root, &b->root) && a->last_tai.ns == b->last_tai.ns;
}

/* Whether `head` may follow what the slot says. */
static enum tai_err check_successor(const struct signer *s, const struct sign_head *head,
                                    const struct hash *consistency, size_t n, struct tai_error *error)
{
    const struct sign_head *now = &s->slot.head;
    if (head->size < now->size)
        return error_set(error, TAI_ERR_CONFLICT, "refusing to sign a smaller tree than was signed before");
    if (head->size == now->size)
        return error_set(error, TAI_ERR_CONFLICT,
                         "refusing to sign a second root for a size that was signed");
    if (head->last_tai.ns <= now->last_tai.ns)
        return error_set(error, TAI_ERR_CONFLICT,
                         "refusing to sign a tree whose newest time does not increase");
    if (!merkle_consistency_verify(&s->crypto, now->size, &now->root, head->size, &head->root, consistency,
                                   n))
        return error_set(error, TAI_ERR_CONFLICT,
                         "refusing to sign a tree that does not contain the one that was signed before");
    return TAI_OK;
}

/* Durable before anything is signed; after a failure nobody knows which record a reader will find. */
static enum tai_err advance_slot(struct signer *s, const struct sign_head *head, const struct hash *body,
                                 struct tai_error *error)
{
    struct slot next = {.sequence = s->slot.sequence + 1, .head = *head, .body = *body};
    uint8_t record[SLOT_RECORD];
    slot_encode(&next, record);
    s->dead = true;
    enum tai_err err =
        file_write_at(s->files, s->fd, bytes_of(record, sizeof record), slot_offset(next.sequence));
    if (err != TAI_OK)
        return error_set(error, TAI_ERR_IO, "cannot write the head slot");
    int r = s->files->fdatasync(s->files->ctx, s->fd);
    if (r < 0)
        return error_set(error, TAI_ERR_IO, "cannot make the head slot durable");
    s->slot = next;
    s->written = true;
    s->dead = false;
    return TAI_OK;
}

enum tai_err signer_sign(struct signer *signer, const struct sign_head *head, const struct hash *consistency,
                         size_t n, struct out *o, struct tai_error *error)
{
    if (signer->dead)
        return error_set(error, TAI_ERR_IO,
                         "the head slot could not be written before: the signer must be restarted");
    uint8_t text[CHECKPOINT_BODY_MAX];
    struct out body = out_of(text, sizeof text);
    struct hash body_hash = sign_body_hash(&signer->crypto, signer->origin, head, &body);
    bool same = same_head(head, &signer->slot.head);
    enum tai_err err = same ? TAI_OK : check_successor(signer, head, consistency, n, error);
    if (err == TAI_OK && !(same && signer->written))
        err = advance_slot(signer, head, &body_hash, error);
    if (err != TAI_OK)
        return err;
    uint8_t signature[ED25519_SIG_LEN];
    err = ed25519_sign(signer->key, out_view(&body), signature);
    if (err != TAI_OK)
        return error_set(error, err, "cannot sign the checkpoint");
    out_bytes(o, out_view(&body));
    out_char(o, '\n');
    note_emit_signature(o, signer->vkey.name, signer->vkey.id, bytes_of(signature, sizeof signature));
    return o->overflow ? error_set(error, TAI_ERR_SPACE, "no room for the checkpoint") : TAI_OK;
}
