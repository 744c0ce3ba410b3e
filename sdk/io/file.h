/* SPDX-License-Identifier: Apache-2.0 */
/* Durable files: the few system calls through which everything that must survive a power cut reaches the
 * disk.
 *
 * The calls are a table of operations, so that tests can put a disk beneath it that loses, tears and reorders
 * what was not synchronised, fills up, or turns read-only. `file_posix` is the real one. On top of the table
 * stand the helpers that everyone uses; nobody else opens a file for writing by hand.
 *
 * What a power cut leaves, which the helpers are written against: written bytes are durable after fdatasync
 * or fsync of the file; a name (created, renamed, removed) is durable after fsync of its folder; before that
 * any part of it may have happened. After a failed fsync the kernel may have dropped the pages and forgotten
 * the error, so a second fsync that succeeds means nothing: whoever sees one fail gives up on the file and
 * verifies it at the next start.
 *
 * Thread rule: file_posix is stateless; two threads must not write the same path at once. */
#ifndef SDK_IO_FILE_H
#define SDK_IO_FILE_H

#include <stdbool.h>
#include <sys/types.h>

#include "sdk/base/bytes.h"
#include "taistamp/base.h"

struct file_stat {
    uint64_t size;
    mode_t mode; /* with the type bits, as stat has it */
    uid_t uid;
};

/* Every operation returns >= 0, or -errno; none touches errno as a result. `flags` and `mode` are open(2)'s.
 */
struct file_ops {
    void *ctx;
    int (*open)(void *ctx, const char *path, int flags, mode_t mode);
    int (*close)(void *ctx, int fd);
    ssize_t (*pread)(void *ctx, int fd, void *buf, size_t len, uint64_t at);        /* may be short */
    ssize_t (*pwrite)(void *ctx, int fd, const void *buf, size_t len, uint64_t at); /* may be short */
    int (*truncate)(void *ctx, int fd, uint64_t size);
    int (*fdatasync)(void *ctx, int fd);
    int (*fsync)(void *ctx, int fd); /* of a file or of a folder opened with O_DIRECTORY */
    int (*stat)(void *ctx, int fd, struct file_stat *ret_stat);
    int (*lock)(void *ctx, int fd); /* exclusive, until closed; -EWOULDBLOCK when another holds it */
    int (*rename)(void *ctx, const char *from, const char *to);     /* replaces `to` */
    int (*rename_new)(void *ctx, const char *from, const char *to); /* -EEXIST when `to` is there */
    int (*unlink)(void *ctx, const char *path);
    int (*mkdir)(void *ctx, const char *path, mode_t mode);
    /* Begins to bring what was written to the disk: waits for nothing, promises nothing. May be NULL. */
    int (*write_out)(void *ctx, int fd);
};

extern const struct file_ops file_posix;

/* Maps -errno (or errno) to our errors: ENOENT _NOT_FOUND; EACCES, EPERM, EROFS _PERMISSION; ENOSPC, EDQUOT,
 * EFBIG _NO_SPACE; EEXIST, EWOULDBLOCK _CONFLICT; ENOMEM _MEMORY; else _IO. */
enum tai_err file_err(int errnum);
/* The same, filling `error` with "<what> <path>: <the system's words>". */
enum tai_err file_error(struct tai_error *error, int errnum, const char *what, const char *path);

/* All `len` bytes at `at`, whatever number of calls it takes. TAI_ERR_SPACE: the file ends before. */
TAISTAMP_MUST_CHECK enum tai_err file_read_at(const struct file_ops *ops, int fd, void *buf, size_t len,
                                              uint64_t at);
TAISTAMP_MUST_CHECK enum tai_err file_write_at(const struct file_ops *ops, int fd, struct bytes data,
                                               uint64_t at);

/* Reads a whole regular file of at most `max` bytes into malloc'ed memory with a NUL behind it (not counted).
 * Does not wait on a FIFO. TAI_ERR_SPACE: longer; TAI_ERR_ARGUMENT: not a regular file; TAI_ERR_NOT_FOUND and
 * the rest. */
TAISTAMP_MUST_CHECK enum tai_err file_read(const struct file_ops *ops, const char *path, size_t max,
                                           char **ret_data, size_t *ret_len, struct tai_error *error);

enum file_write_mode { FILE_REPLACE, FILE_NEW /* TAI_ERR_CONFLICT when it is there */ };

/* Writes a file so that after a power cut there is the old content or the new, whole, and once this has
 * returned TAI_OK the new: temporary file in the same folder, write, fsync, rename, fsync of the folder.
 * `mode` holds whatever the umask. On failure nothing is left behind (as far as the disk lets us clean up).
 */
TAISTAMP_MUST_CHECK enum tai_err file_write(const struct file_ops *ops, const char *path, mode_t mode,
                                            enum file_write_mode how, struct bytes data,
                                            struct tai_error *error);

/* The same in two steps, for many files at once: begin all, end all, then file_sync_dir of their folders. The disk
 * begins to write each while the next is being made, so that a file system with a journal brings all of them there in
 * a few commits of it instead of two for each file. After begin the content lies in the temporary file; end makes it
 * durable and gives it its name, which may still be lost with the power before the folder is synchronised. Neither
 * leaves anything behind when it fails; what was begun must be ended. */
struct file_draft {
    int fd;
    char *temp, *path;
};
TAISTAMP_MUST_CHECK enum tai_err file_draft_begin(const struct file_ops *ops, const char *path, mode_t mode,
                                                  struct bytes data, struct file_draft *ret_draft,
                                                  struct tai_error *error);
TAISTAMP_MUST_CHECK enum tai_err file_draft_end(const struct file_ops *ops, struct file_draft *draft,
                                                enum file_write_mode how, struct tai_error *error);

/* Makes `path` and what is missing above it, durably; what exists is left as it is. */
TAISTAMP_MUST_CHECK enum tai_err file_make_dirs(const struct file_ops *ops, const char *path, mode_t mode,
                                                struct tai_error *error);
TAISTAMP_MUST_CHECK enum tai_err file_sync_dir(const struct file_ops *ops, const char *path,
                                               struct tai_error *error);
/* fsync of the folder in which `path` lies. */
TAISTAMP_MUST_CHECK enum tai_err file_sync_parent(const struct file_ops *ops, const char *path,
                                                  struct tai_error *error);

/* Opens (making it if need be, mode 0600) and locks `path` until ops->close(*ret_fd). TAI_ERR_CONFLICT:
 * another process holds it. */
TAISTAMP_MUST_CHECK enum tai_err file_lock(const struct file_ops *ops, const char *path, int *ret_fd,
                                           struct tai_error *error);

/* "<folder>/<name>" in malloc'ed memory; NULL without memory. */
char *file_path(const char *folder, const char *name);

#endif
