/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fault/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "sdk/base/bug.h"
#include "tests/fault/disknode.h"

enum { NODES = 512, FDS = 64, NAMES = 512, SECTOR = 512 };

/* A name, and what it will be after a crash. */
struct name {
    char *path;
    int node;
};

struct names {
    struct name list[NAMES];
    size_t n;
};

/* A change of a name that is not durable yet: `path` is bound to `node` (-1: removed). */
struct renaming {
    char *path;
    int node;
    bool continues; /* belongs to the one before: a rename binds one name and unbinds another at once */
};

static struct {
    pthread_mutex_t mutex;
    struct node nodes[NODES];
    int nodes_n;
    struct names now, durable;
    struct renaming pending[NAMES];
    size_t pending_n;
    struct {
        bool used;
        int node, flags;
    } fds[FDS];
    enum disk_fault fault;
    size_t at, count;
    bool hit;
} disk = {.mutex = PTHREAD_MUTEX_INITIALIZER};

struct disk_copy {
    struct name list[NAMES];
    struct blob content[NAMES];
    bool is_dir[NAMES];
    mode_t mode[NAMES];
    size_t n;
};

/* ---- Names ---- */

static int names_find(const struct names *names, const char *path)
{
    for (size_t i = 0; i < names->n; i++)
        if (strcmp(names->list[i].path, path) == 0)
            return names->list[i].node;
    return -1;
}

static void names_bind(struct names *names, const char *path, int node)
{
    size_t i = 0;
    while (i < names->n && strcmp(names->list[i].path, path) != 0)
        i++;
    if (i == names->n && node >= 0) {
        BUG_UNLESS(names->n < NAMES);
        names->list[names->n++] = (struct name){strdup(path), node};
    } else if (i < names->n && node >= 0) {
        names->list[i].node = node;
    } else if (i < names->n) {
        free(names->list[i].path);
        names->list[i] = names->list[--names->n];
    }
}

static void bind_later(const char *path, int node, bool continues)
{
    names_bind(&disk.now, path, node);
    BUG_UNLESS(disk.pending_n < NAMES);
    disk.pending[disk.pending_n++] = (struct renaming){strdup(path), node, continues};
}

static bool lies_in(const char *path, const char *folder)
{
    size_t n = strcmp(folder, "/") == 0 ? 0 : strlen(folder);
    return strncmp(path, folder, n) == 0 && path[n] == '/' && strchr(path + n + 1, '/') == NULL;
}

/* Makes durable what concerns `folder`, in its order. */
static void folder_synced(const char *folder)
{
    size_t kept = 0;
    for (size_t i = 0; i < disk.pending_n; i++) {
        if (lies_in(disk.pending[i].path, folder)) {
            names_bind(&disk.durable, disk.pending[i].path, disk.pending[i].node);
            free(disk.pending[i].path);
        } else {
            disk.pending[kept++] = disk.pending[i];
        }
    }
    disk.pending_n = kept;
}

static int node_new(bool is_dir, mode_t mode)
{
    BUG_UNLESS(disk.nodes_n < NODES);
    int i = disk.nodes_n++;
    disk.nodes[i] = (struct node){.used = true, .is_dir = is_dir, .mode = mode};
    disk.nodes[i].changes_end = &disk.nodes[i].changes;
    return i;
}

static bool folder_exists(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (slash == path || slash == NULL)
        return true;
    char *folder = strndup(path, (size_t)(slash - path));
    int node = names_find(&disk.now, folder);
    free(folder);
    return node >= 0 && disk.nodes[node].is_dir;
}

/* ---- Faults ---- */

enum kind { CHANGES_NAME, WRITES, OVERWRITES, SYNCS };

/* Counts an operation; 0 or -errno. */
static int strike(enum kind kind)
{
    disk.count++;
    bool due = disk.count >= disk.at;
    switch (disk.fault) {
    case DISK_POWER:
    case DISK_KILL:
        disk.hit = disk.hit || due;
        return due ? -EIO : 0;
    case DISK_FULL:
    case DISK_NO_GROWTH:
        if (!due || kind == SYNCS || (kind == OVERWRITES && disk.fault == DISK_NO_GROWTH))
            return 0;
        disk.hit = true;
        return -ENOSPC;
    case DISK_SYNC_FAILS:
        if (!due || kind != SYNCS || disk.hit)
            return 0;
        disk.hit = true;
        return -EIO;
    case DISK_READ_ONLY:
        disk.hit = true;
        return -EROFS;
    case DISK_FINE:
    default:
        return 0;
    }
}

static bool is_full(void)
{
    return disk.fault == DISK_FULL || disk.fault == DISK_NO_GROWTH;
}

static bool is_dead(void)
{
    return (disk.fault == DISK_POWER || disk.fault == DISK_KILL) && disk.hit;
}

/* ---- Operations ---- */

static struct node *node_of(int fd)
{
    BUG_UNLESS(fd > 0 && fd < FDS && disk.fds[fd].used);
    return &disk.nodes[disk.fds[fd].node];
}

static int open_node(const char *path, int flags, mode_t mode)
{
    bool creates = (flags & O_CREAT) != 0, writes = (flags & O_ACCMODE) != O_RDONLY;
    int node = names_find(&disk.now, path), r;
    if (node < 0 && (!creates || !folder_exists(path)))
        return -ENOENT;
    if (node >= 0 && (flags & O_DIRECTORY) != 0 && !disk.nodes[node].is_dir)
        return -ENOTDIR;
    if (disk.fault == DISK_READ_ONLY && writes)
        return -EROFS;
    if (node < 0) {
        if ((r = strike(CHANGES_NAME)) < 0)
            return r;
        node = node_new(false, S_IFREG | mode);
        bind_later(path, node, false);
    } else if ((flags & O_TRUNC) != 0) {
        if ((r = strike(WRITES)) < 0)
            return r;
        blob_size(&disk.nodes[node].now, 0);
        change_add(&disk.nodes[node], 0, NULL, 0, true);
    }
    return node;
}

static int d_open(void *ctx, const char *path, int flags, mode_t mode)
{
    (void)ctx;
    pthread_mutex_lock(&disk.mutex);
    int r = is_dead() ? -EIO : open_node(path, flags, mode), fd = 1;
    if (r >= 0) {
        while (fd < FDS && disk.fds[fd].used)
            fd++;
        BUG_UNLESS(fd < FDS);
        disk.fds[fd].used = true;
        disk.fds[fd].node = r;
        disk.fds[fd].flags = flags;
        r = fd;
    }
    pthread_mutex_unlock(&disk.mutex);
    return r;
}

static int d_close(void *ctx, int fd)
{
    (void)ctx;
    pthread_mutex_lock(&disk.mutex);
    struct node *n = node_of(fd);
    if (n->lock_fd == fd)
        n->lock_fd = 0;
    disk.fds[fd].used = false;
    pthread_mutex_unlock(&disk.mutex);
    return 0;
}

static ssize_t d_pread(void *ctx, int fd, void *buf, size_t len, uint64_t at)
{
    (void)ctx;
    pthread_mutex_lock(&disk.mutex);
    struct node *n = node_of(fd);
    ssize_t r = is_dead() ? -EIO : 0;
    if (r == 0 && at < n->now.len) {
        r = (ssize_t)(n->now.len - at < len ? n->now.len - at : len);
        memcpy(buf, n->now.data + at, (size_t)r);
    }
    pthread_mutex_unlock(&disk.mutex);
    return r;
}

static ssize_t d_pwrite(void *ctx, int fd, const void *buf, size_t len, uint64_t at)
{
    (void)ctx;
    pthread_mutex_lock(&disk.mutex);
    struct node *n = node_of(fd);
    bool was_dead = is_dead();
    ssize_t r = strike(at + len > n->now.len ? WRITES : OVERWRITES);
    if (r == 0)
        blob_put(&n->now, at, buf, len);
    if (r == 0 ||
        (disk.fault == DISK_POWER && !was_dead)) /* the write in which the power goes may be there in part */
        change_add(n, at, buf, len, false);
    pthread_mutex_unlock(&disk.mutex);
    return r == 0 ? (ssize_t)len : r;
}

static int d_truncate(void *ctx, int fd, uint64_t size)
{
    (void)ctx;
    pthread_mutex_lock(&disk.mutex);
    int r = strike(WRITES);
    if (r == 0) {
        blob_size(&node_of(fd)->now, (size_t)size);
        change_add(node_of(fd), size, NULL, 0, true);
    }
    pthread_mutex_unlock(&disk.mutex);
    return r;
}

static int d_sync(void *ctx, int fd)
{
    (void)ctx;
    pthread_mutex_lock(&disk.mutex);
    struct node *n = node_of(fd);
    int r = strike(SYNCS);
    if (r == 0 && n->is_dir) {
        for (size_t i = 0; i < disk.now.n; i++)
            if (disk.now.list[i].node == disk.fds[fd].node)
                folder_synced(disk.now.list[i].path);
    } else if (r == 0) {
        node_synced(n);
    } else if (disk.fault == DISK_SYNC_FAILS && !n->is_dir) {
        changes_drop(n); /* clean pages that never reached the disk */
    }
    pthread_mutex_unlock(&disk.mutex);
    return r;
}

static int d_stat(void *ctx, int fd, struct file_stat *ret_stat)
{
    (void)ctx;
    pthread_mutex_lock(&disk.mutex);
    const struct node *n = node_of(fd);
    *ret_stat = (struct file_stat){.size = n->now.len, .mode = n->mode};
    int r = is_dead() ? -EIO : 0;
    pthread_mutex_unlock(&disk.mutex);
    return r;
}

static int d_lock(void *ctx, int fd)
{
    (void)ctx;
    pthread_mutex_lock(&disk.mutex);
    struct node *n = node_of(fd);
    int r = n->lock_fd != 0 && n->lock_fd != fd ? -EWOULDBLOCK : 0;
    if (r == 0)
        n->lock_fd = fd;
    pthread_mutex_unlock(&disk.mutex);
    return r;
}

static int rename_locked(const char *from, const char *to, bool replaces)
{
    int node = names_find(&disk.now, from);
    if (node < 0 || !folder_exists(to))
        return -ENOENT;
    if (!replaces && names_find(&disk.now, to) >= 0)
        return -EEXIST;
    int r = strike(CHANGES_NAME);
    if (r == 0) {
        bind_later(to, node, false);
        bind_later(from, -1, true);
    }
    return r;
}

static int d_rename(void *ctx, const char *from, const char *to)
{
    (void)ctx;
    pthread_mutex_lock(&disk.mutex);
    int r = rename_locked(from, to, true);
    pthread_mutex_unlock(&disk.mutex);
    return r;
}

static int d_rename_new(void *ctx, const char *from, const char *to)
{
    (void)ctx;
    pthread_mutex_lock(&disk.mutex);
    int r = rename_locked(from, to, false);
    pthread_mutex_unlock(&disk.mutex);
    return r;
}

static int d_unlink(void *ctx, const char *path)
{
    (void)ctx;
    pthread_mutex_lock(&disk.mutex);
    int r = names_find(&disk.now, path) < 0 ? -ENOENT : is_full() ? 0 : strike(CHANGES_NAME);
    if (r == 0)
        bind_later(path, -1, false);
    pthread_mutex_unlock(&disk.mutex);
    return r;
}

static int d_mkdir(void *ctx, const char *path, mode_t mode)
{
    (void)ctx;
    pthread_mutex_lock(&disk.mutex);
    int r = names_find(&disk.now, path) >= 0 ? -EEXIST
            : !folder_exists(path)           ? -ENOENT
                                             : strike(CHANGES_NAME);
    if (r == 0)
        bind_later(path, node_new(true, S_IFDIR | mode), false);
    pthread_mutex_unlock(&disk.mutex);
    return r;
}

const struct file_ops *disk_files(void)
{
    static const struct file_ops ops = {.open = d_open,
                                        .close = d_close,
                                        .pread = d_pread,
                                        .pwrite = d_pwrite,
                                        .truncate = d_truncate,
                                        .fdatasync = d_sync,
                                        .fsync = d_sync,
                                        .stat = d_stat,
                                        .lock = d_lock,
                                        .rename = d_rename,
                                        .rename_new = d_rename_new,
                                        .unlink = d_unlink,
                                        .mkdir = d_mkdir};
    return &ops;
}

/* ---- Power ---- */

static uint64_t roll(uint64_t *seed)
{
    *seed += 0x9E3779B97F4A7C15; /* splitmix64 */
    uint64_t z = *seed;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9;
    z = (z ^ z >> 27) * 0x94D049BB133111EB;
    return z ^ z >> 31;
}

/* What is left of one write: all, nothing, a beginning or an end, cut between sectors. */
static void survive(struct blob *b, const struct change *c, uint64_t *seed)
{
    size_t cut = (size_t)(roll(seed) % (c->data.len / SECTOR + 1)) * SECTOR;
    switch (roll(seed) % 4) {
    case 0:
        change_apply(b, c, 0, c->data.len);
        break;
    case 1:
        if (!c->truncates)
            change_apply(b, c, 0, cut);
        break;
    case 2:
        if (!c->truncates)
            change_apply(b, c, cut, c->data.len);
        break;
    default:
        break;
    }
}

static void names_survive(uint64_t *seed)
{
    size_t left = (size_t)(roll(seed) % (disk.pending_n + 1));
    while (left < disk.pending_n && disk.pending[left].continues)
        left++;
    for (size_t i = 0; i < disk.pending_n; i++) {
        if (i < left)
            names_bind(&disk.durable, disk.pending[i].path, disk.pending[i].node);
        free(disk.pending[i].path);
    }
    disk.pending_n = 0;
}

static void close_all(void)
{
    memset(disk.fds, 0, sizeof disk.fds);
    for (int i = 0; i < disk.nodes_n; i++)
        disk.nodes[i].lock_fd = 0;
    disk.fault = DISK_FINE;
    disk.hit = false;
    disk.count = 0;
}

static void names_copy(struct names *to, const struct names *from)
{
    while (to->n > 0)
        free(to->list[--to->n].path);
    for (size_t i = 0; i < from->n; i++)
        to->list[to->n++] = (struct name){strdup(from->list[i].path), from->list[i].node};
}

void disk_crash(uint64_t seed)
{
    pthread_mutex_lock(&disk.mutex);
    names_survive(&seed);
    for (int i = 0; i < disk.nodes_n; i++) {
        struct node *n = &disk.nodes[i];
        for (struct change *c = n->changes; c != NULL; c = c->next)
            survive(&n->durable, c, &seed);
        changes_drop(n);
        blob_copy(&n->now, &n->durable);
    }
    names_copy(&disk.now, &disk.durable);
    close_all();
    pthread_mutex_unlock(&disk.mutex);
}

void disk_kill(void)
{
    pthread_mutex_lock(&disk.mutex);
    close_all();
    pthread_mutex_unlock(&disk.mutex);
}

void disk_fault(enum disk_fault fault, size_t at)
{
    pthread_mutex_lock(&disk.mutex);
    disk.fault = fault;
    disk.at = at;
    disk.count = 0;
    disk.hit = false;
    pthread_mutex_unlock(&disk.mutex);
}

size_t disk_count(void)
{
    return disk.count;
}

bool disk_hit(void)
{
    return disk.hit;
}

void disk_reset(void)
{
    for (int i = 0; i < disk.nodes_n; i++) {
        changes_drop(&disk.nodes[i]);
        blob_free(&disk.nodes[i].now);
        blob_free(&disk.nodes[i].durable);
    }
    disk.nodes_n = 0;
    static const struct names none;
    names_copy(&disk.now, &none);
    names_copy(&disk.durable, &none);
    for (size_t i = 0; i < disk.pending_n; i++)
        free(disk.pending[i].path);
    disk.pending_n = 0;
    close_all();
    int root = node_new(true, S_IFDIR | 0700);
    names_bind(&disk.now, "/", root);
    names_bind(&disk.durable, "/", root);
}

/* ---- Damage and copies ---- */

uint8_t *disk_content(const char *path, size_t *ret_len)
{
    int node = names_find(&disk.now, path);
    if (node < 0)
        return NULL;
    *ret_len = disk.nodes[node].now.len;
    return disk.nodes[node].now.data;
}

void disk_cut(const char *path, size_t len)
{
    int node = names_find(&disk.now, path);
    BUG_UNLESS(node >= 0);
    blob_size(&disk.nodes[node].now, len);
}

void disk_remove(const char *path)
{
    names_bind(&disk.now, path, -1);
}

struct disk_copy *disk_save(void)
{
    struct disk_copy *copy = calloc(1, sizeof *copy);
    BUG_UNLESS(copy != NULL);
    for (; copy->n < disk.now.n; copy->n++) {
        const struct node *n = &disk.nodes[disk.now.list[copy->n].node];
        copy->list[copy->n].path = strdup(disk.now.list[copy->n].path);
        copy->is_dir[copy->n] = n->is_dir;
        copy->mode[copy->n] = n->mode;
        blob_copy(&copy->content[copy->n], &n->now);
    }
    return copy;
}

static void restore_one(const struct disk_copy *copy, size_t i)
{
    int node = node_new(copy->is_dir[i], copy->mode[i]);
    blob_copy(&disk.nodes[node].now, &copy->content[i]);
    blob_copy(&disk.nodes[node].durable, &copy->content[i]);
    names_bind(&disk.now, copy->list[i].path, node);
    names_bind(&disk.durable, copy->list[i].path, node);
}

void disk_restore(const struct disk_copy *copy)
{
    disk_reset();
    for (size_t i = 0; i < copy->n; i++)
        restore_one(copy, i);
}

void disk_restore_file(const struct disk_copy *copy, const char *path)
{
    disk_remove(path);
    for (size_t i = 0; i < copy->n; i++)
        if (strcmp(copy->list[i].path, path) == 0)
            restore_one(copy, i);
}

void disk_copy_free(struct disk_copy *copy)
{
    for (size_t i = 0; i < copy->n; i++) {
        free(copy->list[i].path);
        blob_free(&copy->content[i]);
    }
    free(copy);
}
