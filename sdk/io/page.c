/* SPDX-License-Identifier: Apache-2.0 */
#include "sdk/io/page.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "sdk/base/bug.h"
#include "sdk/base/error.h"
#include "sdk/base/text.h"
#include "sdk/time/arith.h"

/* What is mapped: whole memory pages, of which the clock page is the first bytes. */
enum { MAP_BYTES = 4096, PATH_BYTES_MAX = 4096 };

static enum tai_err errno_err(int e)
{
    switch (e) {
    case ENOENT:
    case ENOTDIR:
        return TAI_ERR_NOT_FOUND;
    case EACCES:
    case EPERM:
    case EROFS:
        return TAI_ERR_PERMISSION;
    case ENOSPC:
    case EDQUOT:
        return TAI_ERR_NO_SPACE;
    case EISDIR:
        return TAI_ERR_CORRUPT;
    default:
        return TAI_ERR_IO;
    }
}

static enum tai_err fail(struct tai_error *error, int e, const char *what, const char *path)
{
    return error_set_detail(error, errno_err(e), what, bytes_of_str(path));
}

enum tai_err page_map(const char *path, const struct clock_page **ret_page, struct tai_error *error)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return fail(error, errno,
                    errno == ENOENT ? "there is no clock page; is taid running?"
                                    : "the clock page cannot be opened",
                    path);
    struct stat st;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size < MAP_BYTES) {
        close(fd);
        return error_set_detail(error, TAI_ERR_CORRUPT, "this is not a clock page", bytes_of_str(path));
    }
    void *map = mmap(NULL, MAP_BYTES, PROT_READ, MAP_SHARED, fd, 0);
    int e = errno;
    close(fd);
    if (map == MAP_FAILED)
        return fail(error, e, "the clock page cannot be mapped", path);
    *ret_page = map;
    return TAI_OK;
}

void page_unmap(const struct clock_page *page)
{
    if (page == NULL)
        return;
    union {
        const struct clock_page *constant;
        void *plain;
    } map = {.constant = page};
    munmap(map.plain, MAP_BYTES);
}

/* Makes the folder of `path` where it is missing; its parent must be there. */
static void make_folder(const char *path)
{
    char folder[PATH_BYTES_MAX];
    const char *slash = strrchr(path, '/');
    if (slash == NULL || slash == path || (size_t)(slash - path) >= sizeof folder)
        return;
    memcpy(folder, path, (size_t)(slash - path));
    folder[slash - path] = 0;
    (void)mkdir(folder, 0755); /* whether it worked is seen when the file in it is opened */
}

/* Locked, and of full size with its blocks taken, so that no write to the mapping can meet a full disk. */
static enum tai_err prepare(int fd, const char *path, struct tai_error *error)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return fail(error, errno, "the clock page cannot be examined", path);
    if (!S_ISREG(st.st_mode))
        return error_set_detail(error, TAI_ERR_CORRUPT, "the clock page must be a regular file",
                                bytes_of_str(path));
    if (flock(fd, LOCK_EX | LOCK_NB) != 0)
        return errno != EWOULDBLOCK
                   ? fail(error, errno, "the clock page cannot be locked", path)
                   : error_set_detail(error, TAI_ERR_CONFLICT, "another taid writes this clock page",
                                      bytes_of_str(path));
    int e = posix_fallocate(fd, 0, MAP_BYTES);
    if (e != 0)
        return fail(error, e, "there is no room for the clock page", path);
    if ((st.st_mode & 07777) != 0644 && fchmod(fd, 0644) != 0)
        return fail(error, errno, "the clock page cannot be made readable for all", path);
    return TAI_OK;
}

enum tai_err page_writer_open(const char *path, struct page_writer *ret_writer, struct tai_error *error)
{
    make_folder(path);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0644);
    if (fd < 0)
        return fail(error, errno, "the clock page cannot be created", path);
    enum tai_err err = prepare(fd, path, error);
    if (err != TAI_OK) {
        close(fd);
        return err;
    }
    void *map = mmap(NULL, MAP_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (map == MAP_FAILED) {
        int e = errno;
        close(fd);
        return fail(error, e, "the clock page cannot be mapped", path);
    }
    *ret_writer = (struct page_writer){.page = map, .fd = fd};
    page_init(ret_writer->page);
    return TAI_OK;
}

void page_writer_close(struct page_writer *writer)
{
    if (writer->page == NULL)
        return;
    munmap(writer->page, MAP_BYTES);
    close(writer->fd);
    *writer = (struct page_writer){.page = NULL, .fd = -1};
}

static int64_t ns_of(const struct timespec *t)
{
    return (int64_t)t->tv_sec * NS_PER_S + t->tv_nsec;
}

void page_clocks_read(bool fine, struct page_clocks *ret_clocks)
{
    struct timespec raw, realtime;
    clock_gettime(CLOCK_MONOTONIC_RAW, &raw);
    clock_gettime(fine ? CLOCK_REALTIME : CLOCK_REALTIME_COARSE, &realtime);
    ret_clocks->raw.ns = ns_of(&raw);
    ret_clocks->realtime_ns = ns_of(&realtime);
}

enum tai_err page_boot_id(uint8_t ret_id[16], struct tai_error *error)
{
    static const char path[] = "/proc/sys/kernel/random/boot_id";
    uint8_t text[36], hex[32];
    size_t n = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = fd < 0 ? -1 : read(fd, text, sizeof text);
    if (fd >= 0)
        close(fd);
    if (got != (ssize_t)sizeof text)
        return fail(error, EIO, "the id of this boot cannot be read", path);
    for (size_t i = 0; i < sizeof text && n < sizeof hex; i++)
        if (text[i] != '-')
            hex[n++] = text[i];
    if (!hex_decode(bytes_of(hex, n), ret_id, 16))
        return fail(error, EIO, "the id of this boot has an unknown form", path);
    return TAI_OK;
}
