/* SPDX-License-Identifier: Apache-2.0 */
/* Making a log's key. The key is written last: without it the other two files are leftovers of a start that
 * did not finish, and with it all three are there. */
#include <stdlib.h>
#include <string.h>

#include "sdk/base/error.h"
#include "sdk/io/file.h"
#include "sdk/io/openssl.h"
#include "sdk/proof/entry.h"
#include "sdk/proof/note.h"
#include "server/sign/files.h"
#include "server/sign/slot.h"

enum tai_err sign_paths_make(const char *key_dir, struct sign_paths *ret_paths)
{
    struct sign_paths p = {file_path(key_dir, "log.key"), file_path(key_dir, "log.origin"),
                           file_path(key_dir, "log.head")};
    if (p.key == NULL || p.origin == NULL || p.head == NULL) {
        sign_paths_free(&p);
        return TAI_ERR_MEMORY;
    }
    *ret_paths = p;
    return TAI_OK;
}

void sign_paths_free(struct sign_paths *paths)
{
    free(paths->key);
    free(paths->origin);
    free(paths->head);
}

/* TAI_ERR_CONFLICT when a file at `path` must not be replaced. */
static enum tai_err check_absent(const struct file_ops *files, const char *path, bool *ret_absent,
                                 char **ret_data, size_t *ret_len, struct tai_error *error)
{
    enum tai_err err = file_read(files, path, SIGN_PEM_MAX, ret_data, ret_len, error);
    *ret_absent = err == TAI_ERR_NOT_FOUND;
    return *ret_absent ? TAI_OK : err;
}

static enum tai_err check_unused(const struct file_ops *files, const struct sign_paths *p,
                                 struct tai_error *error)
{
    bool absent;
    char *data = NULL;
    size_t len = 0;
    enum tai_err err = check_absent(files, p->key, &absent, &data, &len, error);
    if (err != TAI_OK)
        return err;
    if (!absent) {
        explicit_bzero(data, len);
        free(data);
        return error_set_detail(error, TAI_ERR_CONFLICT, "there is a log key already", bytes_of_str(p->key));
    }
    err = check_absent(files, p->head, &absent, &data, &len, error);
    if (err != TAI_OK || absent)
        return err;
    struct slot slot;
    bool fresh = len == SLOT_FILE && slot_choose((const uint8_t *)data, &slot) && slot.head.size == 0;
    free(data);
    if (!fresh)
        return error_set_detail(
            error, TAI_ERR_CONFLICT,
            "a log has signed here whose key is gone: restore the key, or choose another folder",
            bytes_of_str(p->head));
    return TAI_OK;
}

static enum tai_err write_slot(const struct file_ops *files, const char *path, const struct crypto *c,
                               const char *origin, struct tai_error *error)
{
    uint8_t file[SLOT_FILE], body[CHECKPOINT_BODY_MAX];
    struct out o = out_of(body, sizeof body);
    struct slot slot = {.head = {.root = crypto_sha256_parts(c, NULL, 0)}};
    slot.body = sign_body_hash(c, origin, &slot.head, &o);
    for (slot.sequence = 1; slot.sequence <= 2; slot.sequence++)
        slot_encode(&slot, file + slot_offset(slot.sequence));
    return file_write(files, path, 0600, FILE_REPLACE, bytes_of(file, sizeof file), error);
}

static enum tai_err write_origin(const struct file_ops *files, const char *path, const char *origin,
                                 struct tai_error *error)
{
    uint8_t line[LIMIT_ORIGIN + 1];
    struct out o = out_of(line, sizeof line);
    out_str(&o, origin);
    out_char(&o, '\n');
    return file_write(files, path, 0600, FILE_REPLACE, out_view(&o), error);
}

static enum tai_err write_key(const struct file_ops *files, const char *path, struct tai_error *error)
{
    struct ed25519 *key;
    uint8_t pem[SIGN_PEM_MAX];
    struct out o = out_of(pem, sizeof pem);
    enum tai_err err = ed25519_generate(&key);
    if (err != TAI_OK)
        return error_set(error, err, "cannot generate a key");
    err = ed25519_to_pem(key, &o);
    ed25519_free(key);
    if (err == TAI_OK && o.overflow)
        err = TAI_ERR_SPACE;
    err = err != TAI_OK ? error_set(error, err, "cannot write the key as PEM")
                        : file_write(files, path, 0600, FILE_NEW, out_view(&o), error);
    explicit_bzero(pem, sizeof pem);
    return err;
}

enum tai_err signer_create(const struct file_ops *files, const char *key_dir, const char *origin,
                           struct tai_error *error)
{
    if (!origin_valid(bytes_of_str(origin)))
        return error_set_detail(error, TAI_ERR_ARGUMENT, "not of the form <host>/taistamp/<16 hex>",
                                bytes_of_str(origin));
    if (files == NULL)
        files = &file_posix;
    struct sign_paths p;
    struct crypto crypto;
    enum tai_err err = openssl_crypto_open(&crypto);
    if (err != TAI_OK)
        return error_set(error, err, "the cryptographic library does not work");
    err = sign_paths_make(key_dir, &p);
    if (err != TAI_OK) {
        openssl_crypto_close(&crypto);
        return error_set(error, err, "out of memory");
    }
    err = check_unused(files, &p, error);
    if (err == TAI_OK)
        err = write_slot(files, p.head, &crypto, origin, error);
    if (err == TAI_OK)
        err = write_origin(files, p.origin, origin, error);
    if (err == TAI_OK)
        err = write_key(files, p.key, error);
    sign_paths_free(&p);
    openssl_crypto_close(&crypto);
    return err;
}
