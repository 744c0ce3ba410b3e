/* SPDX-License-Identifier: Apache-2.0 */
#include "taistamp/hash.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sdk/base/error.h"
#include "sdk/io/openssl.h"
#include "sdk/proof/words.h"

enum {
    PIECE_MAX = 256 * 1024, /* stays in the second-level cache between read and hash; larger is slower */
    PIECE_ALIGN = 4096,
};

enum tai_err taistamp_digest_parse(const char *text, struct taistamp_digest *ret_digest,
                                   struct tai_error *error)
{
    struct bytes b = bytes_of_str(text);
    if (!digest_parse(b, ret_digest))
        return error_set_detail(error, TAI_ERR_FORMAT,
                                "not <algorithm>:<lower-case hex> of a known algorithm", b);
    return TAI_OK;
}

enum tai_err taistamp_hash_bytes(const void *data, size_t len, enum taistamp_algorithm algorithm,
                                 struct taistamp_digest *ret_digest)
{
    struct openssl_digest *d;
    enum tai_err err = openssl_digest_new(algorithm, &d);
    if (err != TAI_OK)
        return err;
    err = openssl_digest_update(d, bytes_of(data, len));
    if (err == TAI_OK)
        err = openssl_digest_final(d, ret_digest);
    openssl_digest_free(d);
    return err;
}

static enum tai_err fail_errno(struct tai_error *error, const char *what)
{
    return error_set_detail(error, errno == EACCES ? TAI_ERR_PERMISSION : TAI_ERR_IO, what,
                            bytes_of_str(strerror(errno)));
}

/* A buffer that fits a small file at once, so that hashing many of them does not map and unmap memory. */
static void *piece_new(const struct stat *st, size_t *ret_len)
{
    size_t len = PIECE_MAX;
    if (S_ISREG(st->st_mode) && st->st_size < PIECE_MAX - PIECE_ALIGN)
        len = ((size_t)st->st_size / PIECE_ALIGN + 1) * PIECE_ALIGN;
    *ret_len = len;
    return aligned_alloc(PIECE_ALIGN, len);
}

/* Reads to the end of `fd` into the digest. */
static enum tai_err pump(int fd, struct openssl_digest *d, const struct stat *st,
                         taistamp_progress_fn progress, void *user, struct tai_error *error)
{
    size_t len;
    void *piece = piece_new(st, &len);
    uint64_t done = 0;
    enum tai_err err = TAI_OK;
    if (piece == NULL)
        return error_set(error, TAI_ERR_MEMORY, "no memory for a read buffer");
    for (;;) {
        ssize_t n = read(fd, piece, len);
        if (n == 0)
            break;
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            err = fail_errno(error, "cannot read the file");
            break;
        }
        err = openssl_digest_update(d, bytes_of(piece, (size_t)n));
        if (err != TAI_OK) {
            error_set(error, err, "hashing failed in the cryptographic library");
            break;
        }
        done += (uint64_t)n;
        if (progress != NULL && !progress(user, done)) {
            err = error_set(error, TAI_ERR_INTERRUPTED, "hashing was stopped");
            break;
        }
    }
    free(piece);
    return err;
}

static bool same_file(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
           a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

static enum tai_err check_unchanged(int fd, const struct stat *before, struct tai_error *error)
{
    struct stat after;
    if (!S_ISREG(before->st_mode))
        return TAI_OK;
    if (fstat(fd, &after) != 0)
        return fail_errno(error, "cannot look at the file again");
    if (!same_file(before, &after))
        return error_set(error, TAI_ERR_CHANGED, "the file was written while it was read");
    return TAI_OK;
}

enum tai_err taistamp_hash_fd(int fd, enum taistamp_algorithm algorithm, taistamp_progress_fn progress,
                              void *user, struct taistamp_digest *ret_digest, struct tai_error *error)
{
    struct stat before;
    struct openssl_digest *d;
    struct taistamp_digest digest;
    if (fstat(fd, &before) != 0)
        return fail_errno(error, "cannot look at the file");
    if (S_ISREG(before.st_mode) && before.st_size > PIECE_MAX) {
        int ignored = posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL); /* advice: reading works without it */
        (void)ignored;
    }
    enum tai_err err = openssl_digest_new(algorithm, &d);
    if (err != TAI_OK)
        return error_set(error, err, "the cryptographic library has no such digest");
    err = pump(fd, d, &before, progress, user, error);
    if (err == TAI_OK)
        err = check_unchanged(fd, &before, error);
    if (err == TAI_OK) {
        err = openssl_digest_final(d, &digest);
        if (err != TAI_OK)
            error_set(error, err, "hashing failed in the cryptographic library");
    }
    openssl_digest_free(d);
    if (err == TAI_OK)
        *ret_digest = digest;
    return err;
}
