/* SPDX-License-Identifier: Apache-2.0 */
#include "server/stamp/io/tilewriter.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sdk/io/log.h"

enum {
    QUEUE_MAX = 512, /* tiles: 4 MB; two seconds of a log that takes 65,000 entries per second */
    AT_ONCE = 32,    /* tiles, each an open file meanwhile */
    GATHER_S = 1
};

struct tile_job {
    struct tile_job *next;
    unsigned level;
    uint64_t index;
    struct hash hashes[TILE_WIDTH];
};

struct tile_writer {
    const struct file_ops *files;
    const char *dir;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t cond;
    struct tile_job *first, **end; /* the first ones may be being written: they are removed afterwards */
    size_t queued;
    bool stopping, warned;
};

/* ---- The file ---- */

static void tile_name(const char *dir, unsigned level, uint64_t index, char *ret_path, size_t cap)
{
    char text[TILEPATH_TEXT];
    tilepath_print(&(struct tilepath){.level = level, .index = index, .width = TILE_WIDTH}, text);
    snprintf(ret_path, cap, "%s/%s", dir, text);
}

bool tile_file_read(const struct file_ops *files, const char *dir, unsigned level, uint64_t index,
                    struct hash ret_hashes[TILE_WIDTH])
{
    char path[4096];
    tile_name(dir, level, index, path, sizeof path);
    int fd = files->open(files->ctx, path, O_RDONLY | O_CLOEXEC, 0);
    if (fd < 0)
        return false;
    struct file_stat st;
    bool ok = files->stat(files->ctx, fd, &st) >= 0 && st.size == TILE_BYTES &&
              file_read_at(files, fd, ret_hashes, TILE_BYTES, 0) == TAI_OK;
    files->close(files->ctx, fd);
    return ok;
}

static enum tai_err tile_begin(const struct file_ops *files, const char *path, const struct hash *hashes,
                               struct file_draft *ret_draft, struct tai_error *error)
{
    struct bytes data = bytes_of(hashes, TILE_BYTES);
    enum tai_err err = file_draft_begin(files, path, 0644, data, ret_draft, error);
    if (err != TAI_ERR_NOT_FOUND)
        return err;
    char folder[4096];
    snprintf(folder, sizeof folder, "%s", path);
    *strrchr(folder, '/') = 0;
    err = file_make_dirs(files, folder, 0755, error);
    return err != TAI_OK ? err : file_draft_begin(files, path, 0644, data, ret_draft, error);
}

enum tai_err tile_file_write(const struct file_ops *files, const char *dir, unsigned level, uint64_t index,
                             const struct hash hashes[TILE_WIDTH], struct tai_error *error)
{
    char path[4096];
    struct file_draft draft;
    tile_name(dir, level, index, path, sizeof path);
    enum tai_err err = tile_begin(files, path, hashes, &draft, error);
    if (err == TAI_OK)
        err = file_draft_end(files, &draft, FILE_REPLACE, error);
    return err != TAI_OK ? err : file_sync_parent(files, path, error);
}

/* ---- The thread ---- */

static void warn_once(struct tile_writer *w, const struct tai_error *error)
{
    if (!w->warned)
        log_warning("a tile was not written, it will be made when it is needed: %s", error->text);
    w->warned = true;
}

static bool same_folder(const char *a, const char *b)
{
    size_t n = (size_t)(strrchr(a, '/') - a);
    return strncmp(a, b, n + 1) == 0 && strchr(b + n + 1, '/') == NULL;
}

/* Writes `n` tiles from `job` on: all begun, all ended, then the folders. */
static void write_jobs(struct tile_writer *w, const struct tile_job *job, size_t n)
{
    struct file_draft drafts[AT_ONCE];
    char path[4096], synced[4096] = "/";
    struct tai_error error;
    const struct tile_job *j = job;
    for (size_t i = 0; i < n; i++, j = j->next) {
        tile_name(w->dir, j->level, j->index, path, sizeof path);
        if (tile_begin(w->files, path, j->hashes, &drafts[i], &error) != TAI_OK) {
            drafts[i] = (struct file_draft){.fd = -1};
            warn_once(w, &error);
        }
    }
    for (size_t i = 0; i < n; i++)
        if (drafts[i].fd >= 0 && file_draft_end(w->files, &drafts[i], FILE_REPLACE, &error) != TAI_OK)
            warn_once(w, &error);
    for (j = job; n > 0; n--, j = j->next) {
        tile_name(w->dir, j->level, j->index, path, sizeof path);
        if (same_folder(path, synced))
            continue;
        if (file_sync_parent(w->files, path, &error) != TAI_OK)
            warn_once(w, &error);
        memcpy(synced, path, sizeof synced);
    }
}

/* Until there is something to write, and then until it is many or has waited long enough. Called and returns with the
 * mutex held. */
static void gather(struct tile_writer *w)
{
    struct timespec until;
    while (w->first == NULL && !w->stopping)
        pthread_cond_wait(&w->cond, &w->mutex);
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += GATHER_S;
    while (w->queued < AT_ONCE && !w->stopping)
        if (pthread_cond_timedwait(&w->cond, &w->mutex, &until) == ETIMEDOUT)
            return;
}

static void remove_jobs(struct tile_writer *w, size_t n)
{
    for (w->queued -= n; n > 0; n--) {
        struct tile_job *job = w->first;
        w->first = job->next;
        free(job);
    }
    if (w->first == NULL)
        w->end = &w->first;
}

static void *writer_main(void *user)
{
    struct tile_writer *w = user;
    pthread_mutex_lock(&w->mutex);
    while (gather(w), w->first != NULL) {
        const struct tile_job *first = w->first;
        size_t n = w->queued < AT_ONCE ? w->queued : AT_ONCE;
        pthread_mutex_unlock(&w->mutex);
        write_jobs(w, first, n);
        pthread_mutex_lock(&w->mutex);
        remove_jobs(w, n);
    }
    pthread_mutex_unlock(&w->mutex);
    return NULL;
}

enum tai_err tile_writer_start(const struct file_ops *files, const char *dir, struct tile_writer **ret_writer)
{
    struct tile_writer *w = calloc(1, sizeof *w);
    if (w == NULL)
        return TAI_ERR_MEMORY;
    w->files = files;
    w->dir = dir;
    w->end = &w->first;
    pthread_mutex_init(&w->mutex, NULL);
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&w->cond, &attr);
    pthread_condattr_destroy(&attr);
    if (pthread_create(&w->thread, NULL, writer_main, w) != 0) {
        pthread_cond_destroy(&w->cond);
        pthread_mutex_destroy(&w->mutex);
        free(w);
        return TAI_ERR_MEMORY;
    }
    *ret_writer = w;
    return TAI_OK;
}

void tile_writer_stop(struct tile_writer *writer)
{
    if (writer == NULL)
        return;
    pthread_mutex_lock(&writer->mutex);
    writer->stopping = true;
    pthread_cond_signal(&writer->cond);
    pthread_mutex_unlock(&writer->mutex);
    pthread_join(writer->thread, NULL);
    pthread_cond_destroy(&writer->cond);
    pthread_mutex_destroy(&writer->mutex);
    free(writer);
}

void tile_writer_add(struct tile_writer *writer, unsigned level, uint64_t index,
                     const struct hash hashes[TILE_WIDTH])
{
    struct tile_job *job = malloc(sizeof *job);
    if (job == NULL)
        return;
    *job = (struct tile_job){.level = level, .index = index};
    memcpy(job->hashes, hashes, sizeof job->hashes);
    pthread_mutex_lock(&writer->mutex);
    bool room = writer->queued < QUEUE_MAX;
    if (room) {
        *writer->end = job;
        writer->end = &job->next;
        writer->queued++;
        if (writer->queued == 1 || writer->queued == AT_ONCE)
            pthread_cond_signal(&writer->cond);
    }
    pthread_mutex_unlock(&writer->mutex);
    if (!room)
        free(job);
}

bool tile_writer_find(struct tile_writer *writer, unsigned level, uint64_t index,
                      struct hash ret_hashes[TILE_WIDTH])
{
    pthread_mutex_lock(&writer->mutex);
    struct tile_job *job = writer->first;
    while (job != NULL && (job->level != level || job->index != index))
        job = job->next;
    if (job != NULL)
        memcpy(ret_hashes, job->hashes, sizeof job->hashes);
    pthread_mutex_unlock(&writer->mutex);
    return job != NULL;
}
