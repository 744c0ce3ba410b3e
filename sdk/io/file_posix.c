/* SPDX-License-Identifier: Apache-2.0 */
/* The real disk beneath sdk/io/file.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sdk/io/file.h"

static int result(int r)
{
    return r < 0 ? -errno : r;
}

static int posix_open(void *ctx, const char *path, int flags, mode_t mode)
{
    (void)ctx;
    int fd = open(path, flags, mode);
    if (fd < 0)
        return -errno;
    /* The mode is a promise about secrets: make it hold whatever the umask, in either direction. */
    if ((flags & O_CREAT) != 0 && (flags & O_TRUNC) != 0 && fchmod(fd, mode) < 0) {
        int e = errno;
        close(fd);
        return -e;
    }
    return fd;
}

static int posix_close(void *ctx, int fd)
{
    (void)ctx;
    return result(close(fd));
}

static ssize_t posix_pread(void *ctx, int fd, void *buf, size_t len, uint64_t at)
{
    (void)ctx;
    ssize_t n = pread(fd, buf, len, (off_t)at);
    return n < 0 ? -errno : n;
}

static ssize_t posix_pwrite(void *ctx, int fd, const void *buf, size_t len, uint64_t at)
{
    (void)ctx;
    ssize_t n = pwrite(fd, buf, len, (off_t)at);
    return n < 0 ? -errno : n;
}

static int posix_truncate(void *ctx, int fd, uint64_t size)
{
    (void)ctx;
    return result(ftruncate(fd, (off_t)size));
}

static int posix_fdatasync(void *ctx, int fd)
{
    (void)ctx;
    return result(fdatasync(fd));
}

static int posix_fsync(void *ctx, int fd)
{
    (void)ctx;
    return result(fsync(fd));
}

static int posix_stat(void *ctx, int fd, struct file_stat *ret_stat)
{
    (void)ctx;
    struct stat st;
    if (fstat(fd, &st) < 0)
        return -errno;
    *ret_stat = (struct file_stat){.size = (uint64_t)st.st_size, .mode = st.st_mode, .uid = st.st_uid};
    return 0;
}

static int posix_lock(void *ctx, int fd)
{
    (void)ctx;
    return result(flock(fd, LOCK_EX | LOCK_NB));
}

static int posix_rename(void *ctx, const char *from, const char *to)
{
    (void)ctx;
    return result(rename(from, to));
}

static int posix_rename_new(void *ctx, const char *from, const char *to)
{
    (void)ctx;
#ifdef RENAME_NOREPLACE /* Linux only */
    if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
        return 0;
    if (errno != EINVAL && errno != ENOSYS)
        return -errno;
#endif
    /* A system or a file system without it: a hard link fails in the same way when the name is taken. */
    if (link(from, to) < 0)
        return -errno;
    return result(unlink(from));
}

static int posix_unlink(void *ctx, const char *path)
{
    (void)ctx;
    return result(unlink(path));
}

static int posix_mkdir(void *ctx, const char *path, mode_t mode)
{
    (void)ctx;
    return result(mkdir(path, mode));
}

static int posix_write_out(void *ctx, int fd)
{
    (void)ctx;
    return result(sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE));
}

const struct file_ops file_posix = {
    .open = posix_open,
    .close = posix_close,
    .pread = posix_pread,
    .pwrite = posix_pwrite,
    .truncate = posix_truncate,
    .fdatasync = posix_fdatasync,
    .fsync = posix_fsync,
    .stat = posix_stat,
    .lock = posix_lock,
    .rename = posix_rename,
    .rename_new = posix_rename_new,
    .unlink = posix_unlink,
    .mkdir = posix_mkdir,
    .write_out = posix_write_out,
};
