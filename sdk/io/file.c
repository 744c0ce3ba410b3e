/* SPDX-License-Identifier: Apache-2.0 */
#include "sdk/io/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sdk/base/error.h"

enum tai_err file_err(int errnum)
{
    switch (errnum < 0 ? -errnum : errnum) {
    case ENOENT:
    case ENOTDIR:
        return TAI_ERR_NOT_FOUND;
    case EACCES:
    case EPERM:
    case EROFS:
        return TAI_ERR_PERMISSION;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return TAI_ERR_NO_SPACE;
    case EEXIST:
    case EWOULDBLOCK:
        return TAI_ERR_CONFLICT;
    case ENOMEM:
        return TAI_ERR_MEMORY;
    default:
        return TAI_ERR_IO;
    }
}

enum tai_err file_error(struct tai_error *error, int errnum, const char *what, const char *path)
{
    char words[128] = "", text[512];
    int e = errnum < 0 ? -errnum : errnum;
    snprintf(text, sizeof text, "%s %s: %s", what, path, strerror_r(e, words, sizeof words));
    return error_set(error, file_err(e), text);
}

enum tai_err file_read_at(const struct file_ops *ops, int fd, void *buf, size_t len, uint64_t at)
{
    char *p = buf;
    while (len > 0) {
        ssize_t n = ops->pread(ops->ctx, fd, p, len, at);
        if (n == -EINTR)
            continue;
        if (n < 0)
            return file_err((int)n);
        if (n == 0)
            return TAI_ERR_SPACE;
        p += n;
        at += (uint64_t)n;
        len -= (size_t)n;
    }
    return TAI_OK;
}

/* 0 or -errno. */
static int write_all(const struct file_ops *ops, int fd, struct bytes data, uint64_t at)
{
    while (data.len > 0) {
        ssize_t n = ops->pwrite(ops->ctx, fd, data.data, data.len, at);
        if (n == -EINTR)
            continue;
        if (n < 0)
            return (int)n;
        if (n == 0)
            return -EIO;
        at += (uint64_t)n;
        data = bytes_of(data.data + n, data.len - (size_t)n);
    }
    return 0;
}

enum tai_err file_write_at(const struct file_ops *ops, int fd, struct bytes data, uint64_t at)
{
    int r = write_all(ops, fd, data, at);
    return r < 0 ? file_err(r) : TAI_OK;
}

static enum tai_err read_open(const struct file_ops *ops, int fd, const char *path, size_t max,
                              char **ret_data, size_t *ret_len, struct tai_error *error)
{
    struct file_stat st;
    int r = ops->stat(ops->ctx, fd, &st);
    if (r < 0)
        return file_error(error, r, "cannot read", path);
    if (!S_ISREG(st.mode))
        return error_set_detail(error, TAI_ERR_ARGUMENT, "not a regular file", bytes_of_str(path));
    if (st.size > max)
        return error_set_detail(error, TAI_ERR_SPACE, "file is longer than it can be", bytes_of_str(path));
    size_t len = 0, cap = (size_t)st.size + 1; /* one more shows that it grew meanwhile */
    char *data = malloc(cap + 1);
    if (data == NULL)
        return error_set(error, TAI_ERR_MEMORY, "out of memory");
    while (len < cap) {
        ssize_t n = ops->pread(ops->ctx, fd, data + len, cap - len, len);
        if (n == -EINTR)
            continue;
        if (n < 0) {
            free(data);
            return file_error(error, (int)n, "cannot read", path);
        }
        if (n == 0)
            break;
        len += (size_t)n;
    }
    if (len == cap) {
        free(data);
        return error_set_detail(error, TAI_ERR_CHANGED, "file grew while it was read", bytes_of_str(path));
    }
    data[len] = 0;
    *ret_data = data;
    *ret_len = len;
    return TAI_OK;
}

enum tai_err file_read(const struct file_ops *ops, const char *path, size_t max, char **ret_data,
                       size_t *ret_len, struct tai_error *error)
{
    int fd = ops->open(ops->ctx, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK, 0);
    if (fd < 0)
        return file_error(error, fd, "cannot open", path);
    enum tai_err err = read_open(ops, fd, path, max, ret_data, ret_len, error);
    ops->close(ops->ctx, fd);
    return err;
}

static void draft_free(struct file_draft *d)
{
    free(d->temp);
    free(d->path);
    *d = (struct file_draft){.fd = -1};
}

enum tai_err file_draft_begin(const struct file_ops *ops, const char *path, mode_t mode, struct bytes data,
                              struct file_draft *ret_draft, struct tai_error *error)
{
    struct file_draft d = {.path = strdup(path)};
    if (d.path == NULL || asprintf(&d.temp, "%s.%ld.tmp", path, (long)getpid()) < 0) {
        free(d.path);
        return error_set(error, TAI_ERR_MEMORY, "out of memory");
    }
    int r = d.fd = ops->open(ops->ctx, d.temp, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, mode);
    if (d.fd >= 0) {
        r = write_all(ops, d.fd, data, 0);
        if (r >= 0 && ops->write_out != NULL)
            (void)ops->write_out(ops->ctx, d.fd);
        if (r < 0) {
            ops->close(ops->ctx, d.fd);
            ops->unlink(ops->ctx, d.temp);
        }
    }
    if (r < 0) {
        draft_free(&d);
        return file_error(error, r, "cannot write", path);
    }
    *ret_draft = d;
    return TAI_OK;
}

enum tai_err file_draft_end(const struct file_ops *ops, struct file_draft *draft, enum file_write_mode how,
                            struct tai_error *error)
{
    int r = ops->fsync(ops->ctx, draft->fd);
    int closed = ops->close(ops->ctx, draft->fd);
    if (r >= 0)
        r = closed;
    if (r >= 0)
        r = how == FILE_NEW ? ops->rename_new(ops->ctx, draft->temp, draft->path)
                            : ops->rename(ops->ctx, draft->temp, draft->path);
    if (r < 0)
        ops->unlink(ops->ctx, draft->temp);
    enum tai_err err = r < 0 ? file_error(error, r, "cannot write", draft->path) : TAI_OK;
    draft_free(draft);
    return err;
}

enum tai_err file_write(const struct file_ops *ops, const char *path, mode_t mode, enum file_write_mode how,
                        struct bytes data, struct tai_error *error)
{
    struct file_draft draft;
    enum tai_err err = file_draft_begin(ops, path, mode, data, &draft, error);
    if (err == TAI_OK)
        err = file_draft_end(ops, &draft, how, error);
    return err != TAI_OK ? err : file_sync_parent(ops, path, error);
}

enum tai_err file_sync_dir(const struct file_ops *ops, const char *path, struct tai_error *error)
{
    int fd = ops->open(ops->ctx, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    if (fd < 0)
        return file_error(error, fd, "cannot open folder", path);
    int r = ops->fsync(ops->ctx, fd);
    ops->close(ops->ctx, fd);
    return r < 0 ? file_error(error, r, "cannot synchronise folder", path) : TAI_OK;
}

enum tai_err file_sync_parent(const struct file_ops *ops, const char *path, struct tai_error *error)
{
    const char *slash = strrchr(path, '/');
    size_t len = slash == NULL ? 0 : (size_t)(slash - path);
    char *folder = slash == NULL ? strdup(".") : len == 0 ? strdup("/") : strndup(path, len);
    if (folder == NULL)
        return error_set(error, TAI_ERR_MEMORY, "out of memory");
    enum tai_err err = file_sync_dir(ops, folder, error);
    free(folder);
    return err;
}

/* Makes the folder that `path` names up to `len`. */
static enum tai_err make_one(const struct file_ops *ops, const char *path, size_t len, mode_t mode,
                             struct tai_error *error)
{
    char *folder = strndup(path, len);
    if (folder == NULL)
        return error_set(error, TAI_ERR_MEMORY, "out of memory");
    enum tai_err err = TAI_OK;
    int r = ops->mkdir(ops->ctx, folder, mode);
    if (r == 0)
        err = file_sync_parent(ops, folder, error);
    else if (r != -EEXIST && (r != -EROFS && r != -EACCES))
        err = file_error(error, r, "cannot make folder", folder);
    if (r < 0 && err == TAI_OK) { /* something is there, or nothing can be made: it must be a folder */
        int fd = ops->open(ops->ctx, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
        if (fd >= 0)
            ops->close(ops->ctx, fd);
        else if (fd != -EACCES || r != -EEXIST) /* a folder above that we may pass but not read is fine */
            err = file_error(error, r == -EEXIST ? fd : r, "cannot make folder", folder);
    }
    free(folder);
    return err;
}

enum tai_err file_make_dirs(const struct file_ops *ops, const char *path, mode_t mode,
                            struct tai_error *error)
{
    size_t len = strlen(path);
    for (size_t i = 1; i <= len; i++) {
        if ((path[i] != '/' && path[i] != 0) || path[i - 1] == '/')
            continue;
        enum tai_err err = make_one(ops, path, i, mode, error);
        if (err != TAI_OK)
            return err;
    }
    return TAI_OK;
}

enum tai_err file_lock(const struct file_ops *ops, const char *path, int *ret_fd, struct tai_error *error)
{
    int fd = ops->open(ops->ctx, path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return file_error(error, fd, "cannot open", path);
    int r = ops->lock(ops->ctx, fd);
    if (r < 0) {
        ops->close(ops->ctx, fd);
        if (file_err(r) == TAI_ERR_CONFLICT)
            return error_set_detail(error, TAI_ERR_CONFLICT, "in use by another process", bytes_of_str(path));
        return file_error(error, r, "cannot lock", path);
    }
    *ret_fd = fd;
    return TAI_OK;
}

char *file_path(const char *folder, const char *name)
{
    char *path;
    return asprintf(&path, "%s/%s", folder, name) < 0 ? NULL : path;
}
