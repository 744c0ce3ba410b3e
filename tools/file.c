/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/text.h"

static int read_all(int fd, size_t limit, char **ret_data, size_t *ret_len)
{
    size_t cap = 4096, len = 0;
    char *data = text_alloc(cap);

    for (;;) {
        ssize_t n = read(fd, data + len, cap - 1 - len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 || len + (size_t)n > limit) {
            int err = n < 0 ? errno : EFBIG;

            free(data);
            return err;
        }
        if (n == 0)
            break;
        len += (size_t)n;
        if (len == cap - 1) {
            cap *= 2;
            data = text_grow(data, cap, 1);
        }
    }
    data[len] = '\0';
    *ret_data = data;
    *ret_len = len;
    return 0;
}

int file_load(const char *path, size_t limit, char **ret_data, size_t *ret_len)
{
    struct stat st;
    int fd, err;

    if (strcmp(path, "-") == 0)
        return read_all(STDIN_FILENO, limit, ret_data, ret_len);
    if (stat(path, &st) != 0)
        return errno;
    if (S_ISDIR(st.st_mode))
        return EISDIR;
    if (!S_ISREG(st.st_mode))
        return EINVAL;
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return errno;
    err = read_all(fd, limit, ret_data, ret_len);
    close(fd);
    return err;
}

int file_make_folders(const char *path, mode_t mode)
{
    char *copy;
    int err = 0;

    if (mkdir(path, mode) == 0 || errno == EEXIST) {
        struct stat st;

        return stat(path, &st) != 0 ? errno : S_ISDIR(st.st_mode) ? 0 : ENOTDIR;
    }
    if (errno != ENOENT)
        return errno;
    copy = text_copy(path);
    for (char *p = copy + 1; *p != '\0'; p++) {
        if (*p != '/')
            continue;
        *p = '\0';
        if (mkdir(copy, mode) != 0 && errno != EEXIST) {
            err = errno;
            break;
        }
        *p = '/';
    }
    free(copy);
    if (err == 0 && mkdir(path, mode) != 0 && errno != EEXIST)
        err = errno;
    return err;
}

static int write_all(int fd, const char *data, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, data, len);

        if (n < 0 && errno != EINTR)
            return errno;
        if (n > 0) {
            data += n;
            len -= (size_t)n;
        }
    }
    return 0;
}

static int stage(const char *path, const void *data, size_t len, mode_t mode, bool sync, char **ret_temp)
{
    static atomic_uint sequence;
    const char *base = text_base_name(path);
    char *temp;
    int fd, err;

    /* A short name of its own: the receipt's name may already be as long as a name can be. */
    temp = text_printf("%.*s.tai-stamp-%ld-%u", (int)(base - path), path, (long)getpid(),
                       atomic_fetch_add(&sequence, 1));
    fd = open(temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
    if (fd < 0 && errno == EEXIST) { /* left by a process of the same number that was killed */
        unlink(temp);
        fd = open(temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
    }
    if (fd < 0) {
        err = errno;
        free(temp);
        return err;
    }
    err = write_all(fd, data, len);
    if (err == 0 && sync && fsync(fd) != 0)
        err = errno;
    if (close(fd) != 0 && err == 0)
        err = errno;
    if (err != 0) {
        file_discard(temp);
        return err;
    }
    *ret_temp = temp;
    return 0;
}

int file_stage(const char *path, const void *data, size_t len, mode_t mode, char **ret_temp)
{
    return stage(path, data, len, mode, false, ret_temp);
}

int file_publish(char *temp, const char *path, bool keep_existing)
{
    bool linked = false;
    int err = 0;

    if (keep_existing) {
        if (renameat2(AT_FDCWD, temp, AT_FDCWD, path, RENAME_NOREPLACE) != 0)
            err = errno;
        if (err == EINVAL || err == ENOSYS) { /* a file system without it: a link does not replace either */
            err = link(temp, path) != 0 ? errno : 0;
            linked = err == 0;
            if (err == EPERM || err == EOPNOTSUPP)
                err = file_exists(path) ? EEXIST : rename(temp, path) != 0 ? errno : 0;
        }
    } else if (rename(temp, path) != 0) {
        err = errno;
    }
    if (err != 0 || linked)
        unlink(temp);
    free(temp);
    return err;
}

void file_discard(char *temp)
{
    if (temp == NULL)
        return;
    unlink(temp);
    free(temp);
}

int file_sync(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC), err = 0;

    if (fd < 0)
        return errno;
    if (syncfs(fd) != 0)
        err = errno;
    close(fd);
    return err;
}

static int sync_folder_of(const char *path)
{
    const char *base = text_base_name(path);
    char *folder = base == path ? text_copy(".") : text_copy_n(path, (size_t)(base - path));
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC), err = 0;

    free(folder);
    if (fd < 0)
        return errno;
    if (fsync(fd) != 0 && errno != EINVAL) /* EINVAL: a file system that cannot sync a folder */
        err = errno;
    close(fd);
    return err;
}

int file_save(const char *path, const void *data, size_t len, mode_t mode, bool keep_existing)
{
    char *temp = NULL;
    int err = stage(path, data, len, mode, true, &temp);

    if (err == 0)
        err = file_publish(temp, path, keep_existing);
    return err == 0 ? sync_folder_of(path) : err;
}

bool file_exists(const char *path)
{
    struct stat st;

    return lstat(path, &st) == 0;
}

int file_move_aside(const char *receipt, char **ret_name)
{
    size_t len = strlen(receipt) - (text_ends_with(receipt, ".tai") ? 4 : 0);

    for (unsigned n = 1; n < 100000; n++) {
        char *name = text_printf("%.*s.old-%u.tai", (int)len, receipt, n);
        int err = renameat2(AT_FDCWD, receipt, AT_FDCWD, name, RENAME_NOREPLACE) == 0 ? 0 : errno;

        if (err == EINVAL || err == ENOSYS)
            err = file_exists(name) ? EEXIST : rename(receipt, name) == 0 ? 0 : errno;
        if (err == 0) {
            *ret_name = name;
            return 0;
        }
        free(name);
        if (err != EEXIST)
            return err;
    }
    return EEXIST;
}

char *file_absolute(const char *path)
{
    char *folder, *full;

    if (path[0] == '/')
        return text_copy(path);
    folder = getcwd(NULL, 0);
    if (folder == NULL)
        return text_copy(path);
    full = text_printf("%s/%s", strcmp(folder, "/") == 0 ? "" : folder, path);
    free(folder);
    return full;
}
