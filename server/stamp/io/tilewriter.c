/* SPDX-License-Identifier: Apache-2.0 */
#include "server/stamp/io/tilewriter.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sdk/io/log.h"

enum { QUEUE_MAX = 512 /* tiles: 4 MB; two seconds of a log that takes 65,000 entries per second */ };

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
    struct tile_job *first, **end; /* the first may be being written: it is removed afterwards */
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

enum tai_err tile_file_write(const struct file_ops *files, const char *dir, unsigned level, uint64_t index,
                             const struct hash hashes[TILE_WIDTH], struct tai_error *error)
{
    char path[4096];
    tile_name(dir, level, index, path, sizeof path);
    struct bytes data = bytes_of(hashes, TILE_BYTES);
    enum tai_err err = file_write_unsynced(files, path, 0644, FILE_REPLACE, data, error);
    if (err != TAI_ERR_NOT_FOUND)
        return err;
    char *slash = strrchr(path, '/');
    *slash = 0;
    err = file_make_dirs(files, path, 0755, error);
    *slash = '/';
    return err != TAI_OK ? err : file_write_unsynced(files, path, 0644, FILE_REPLACE, data, error);
}

enum tai_err tile_file_sync(const struct file_ops *files, const char *dir, unsigned level, uint64_t index,
                            struct tai_error *error)
{
    char path[4096];
    tile_name(dir, level, index, path, sizeof path);
    return file_sync_parent(files, path, error);
}

/* ---- The thread ---- */

static void warn_once(struct tile_writer *w, const struct tai_error *error)
{
    if (!w->warned)
        log_warning("a tile was not written, it will be made when it is needed: %s", error->text);
    w->warned = true;
}

static void write_job(struct tile_writer *w, const struct tile_job *job)
{
    struct tai_error error;
    enum tai_err err = tile_file_write(w->files, w->dir, job->level, job->index, job->hashes, &error);
    if (err == TAI_OK)
        err = tile_file_sync(w->files, w->dir, job->level, job->index, &error);
    if (err != TAI_OK)
        warn_once(w, &error);
}

static void *writer_main(void *user)
{
    struct tile_writer *w = user;
    pthread_mutex_lock(&w->mutex);
    for (;;) {
        while (w->first == NULL && !w->stopping)
            pthread_cond_wait(&w->cond, &w->mutex);
        struct tile_job *job = w->first;
        if (job == NULL)
            break;
        pthread_mutex_unlock(&w->mutex);
        write_job(w, job);
        pthread_mutex_lock(&w->mutex);
        w->first = job->next;
        if (w->first == NULL)
            w->end = &w->first;
        w->queued--;
        free(job);
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
    pthread_cond_init(&w->cond, NULL);
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
