/* SPDX-License-Identifier: Apache-2.0 */
/* SQLite on the simulated disk. It synchronises what SQLite's own VFS for POSIX does, and no more. */
#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fault/disk.h"

struct vfs_file {
    sqlite3_file base;
    int fd;
    bool sync_folder; /* made a journal or WAL: its name is synchronised with its first content */
    char path[256];
};

static int io_error(int r, int code)
{
    return r == -ENOSPC ? SQLITE_FULL : code;
}

static int x_close(sqlite3_file *f)
{
    disk_files()->close(NULL, ((struct vfs_file *)f)->fd);
    return SQLITE_OK;
}

static int x_read(sqlite3_file *f, void *buf, int len, sqlite3_int64 at)
{
    ssize_t n = disk_files()->pread(NULL, ((struct vfs_file *)f)->fd, buf, (size_t)len, (uint64_t)at);
    if (n < 0)
        return SQLITE_IOERR_READ;
    if (n == len)
        return SQLITE_OK;
    memset((char *)buf + n, 0, (size_t)(len - n));
    return SQLITE_IOERR_SHORT_READ;
}

static int x_write(sqlite3_file *f, const void *buf, int len, sqlite3_int64 at)
{
    ssize_t n = disk_files()->pwrite(NULL, ((struct vfs_file *)f)->fd, buf, (size_t)len, (uint64_t)at);
    return n == len ? SQLITE_OK : io_error((int)n, SQLITE_IOERR_WRITE);
}

static int x_truncate(sqlite3_file *f, sqlite3_int64 size)
{
    int r = disk_files()->truncate(NULL, ((struct vfs_file *)f)->fd, (uint64_t)size);
    return r == 0 ? SQLITE_OK : io_error(r, SQLITE_IOERR_TRUNCATE);
}

static int x_sync(sqlite3_file *f, int flags)
{
    struct vfs_file *file = (struct vfs_file *)f;
    (void)flags;
    if (disk_files()->fdatasync(NULL, file->fd) < 0)
        return SQLITE_IOERR_FSYNC;
    if (file->sync_folder && file_sync_parent(disk_files(), file->path, NULL) != TAI_OK)
        return SQLITE_IOERR_DIR_FSYNC;
    file->sync_folder = false;
    return SQLITE_OK;
}

static int x_size(sqlite3_file *f, sqlite3_int64 *ret_size)
{
    struct file_stat st;
    if (disk_files()->stat(NULL, ((struct vfs_file *)f)->fd, &st) < 0)
        return SQLITE_IOERR_FSTAT;
    *ret_size = (sqlite3_int64)st.size;
    return SQLITE_OK;
}

static int x_lock(sqlite3_file *f, int level)
{
    int r = level == SQLITE_LOCK_NONE ? 0 : disk_files()->lock(NULL, ((struct vfs_file *)f)->fd);
    return r == 0 ? SQLITE_OK : SQLITE_BUSY;
}

static int x_unlock(sqlite3_file *f, int level)
{
    (void)f;
    (void)level;
    return SQLITE_OK;
}

static int x_check(sqlite3_file *f, int *ret_reserved)
{
    (void)f;
    *ret_reserved = 0;
    return SQLITE_OK;
}

static int x_control(sqlite3_file *f, int op, void *arg)
{
    (void)f;
    (void)op;
    (void)arg;
    return SQLITE_NOTFOUND;
}

static int x_sector(sqlite3_file *f)
{
    (void)f;
    return 512;
}

static int x_device(sqlite3_file *f)
{
    (void)f;
    return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

static int x_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *f, int flags, int *ret_flags)
{
    static const sqlite3_io_methods methods = {.iVersion = 1,
                                               .xClose = x_close,
                                               .xRead = x_read,
                                               .xWrite = x_write,
                                               .xTruncate = x_truncate,
                                               .xSync = x_sync,
                                               .xFileSize = x_size,
                                               .xLock = x_lock,
                                               .xUnlock = x_unlock,
                                               .xCheckReservedLock = x_check,
                                               .xFileControl = x_control,
                                               .xSectorSize = x_sector,
                                               .xDeviceCharacteristics = x_device};
    struct vfs_file *file = (struct vfs_file *)f;
    (void)vfs;
    memset(file, 0, sizeof *file);
    if (path == NULL || strlen(path) >= sizeof file->path)
        return SQLITE_CANTOPEN;
    bool creates = (flags & SQLITE_OPEN_CREATE) != 0;
    int fd = disk_files()->open(NULL, path, O_RDWR, 0);
    if (fd == -ENOENT && creates) {
        fd = disk_files()->open(NULL, path, O_RDWR | O_CREAT, 0600);
        file->sync_folder = (flags & (SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL)) != 0;
    } else if (fd == -EROFS) {
        fd = disk_files()->open(NULL, path, O_RDONLY, 0);
        flags = (flags & ~(SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE)) | SQLITE_OPEN_READONLY;
    }
    if (fd < 0)
        return SQLITE_CANTOPEN;
    file->fd = fd;
    strcpy(file->path, path);
    file->base.pMethods = &methods;
    if (ret_flags != NULL)
        *ret_flags = flags;
    return SQLITE_OK;
}

static int x_delete(sqlite3_vfs *vfs, const char *path, int sync_folder)
{
    (void)vfs;
    int r = disk_files()->unlink(NULL, path);
    if (r == -ENOENT)
        return SQLITE_IOERR_DELETE_NOENT;
    if (r < 0)
        return SQLITE_IOERR_DELETE;
    return sync_folder && file_sync_parent(disk_files(), path, NULL) != TAI_OK ? SQLITE_IOERR_DIR_FSYNC
                                                                               : SQLITE_OK;
}

static int x_access(sqlite3_vfs *vfs, const char *path, int flags, int *ret_there)
{
    (void)vfs;
    struct file_stat st = {0};
    int fd = disk_files()->open(NULL, path, O_RDONLY, 0);
    int r = fd < 0 ? fd : disk_files()->stat(NULL, fd, &st);
    if (fd >= 0)
        disk_files()->close(NULL, fd);
    *ret_there = r >= 0 && (flags != SQLITE_ACCESS_EXISTS || st.size > 0);
    return SQLITE_OK;
}

static int x_full(sqlite3_vfs *vfs, const char *path, int cap, char *out)
{
    (void)vfs;
    if ((int)strlen(path) >= cap)
        return SQLITE_CANTOPEN;
    strcpy(out, path);
    return SQLITE_OK;
}

static int x_randomness(sqlite3_vfs *vfs, int len, char *out)
{
    (void)vfs;
    memset(out, 7, (size_t)len); /* the WAL's salts: the same in each run */
    return len;
}

static int x_sleep(sqlite3_vfs *vfs, int us)
{
    (void)vfs;
    return us;
}

static int x_time(sqlite3_vfs *vfs, double *ret_days)
{
    (void)vfs;
    *ret_days = 2461000.0;
    return SQLITE_OK;
}

const char *disk_vfs(void)
{
    static sqlite3_vfs vfs = {.iVersion = 1,
                              .szOsFile = sizeof(struct vfs_file),
                              .mxPathname = 256,
                              .zName = "fault",
                              .xOpen = x_open,
                              .xDelete = x_delete,
                              .xAccess = x_access,
                              .xFullPathname = x_full,
                              .xRandomness = x_randomness,
                              .xSleep = x_sleep,
                              .xCurrentTime = x_time};
    if (sqlite3_vfs_find(vfs.zName) == NULL)
        sqlite3_vfs_register(&vfs, 0);
    return vfs.zName;
}
