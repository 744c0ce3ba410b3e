/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/tai-stamp/hashing.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/text.h"

enum { SHOW_AFTER_MS = 500, SHOW_EVERY_MS = 100, THREADS_MAX = 256 };

struct crew {
    struct hashing_job *jobs;
    size_t n;
    enum taistamp_algorithm algorithm;
    atomic_size_t next;  /* the job to hand out */
    atomic_size_t ended; /* jobs done or given up */
    _Atomic uint64_t bytes;
    pthread_mutex_t lock;
    pthread_cond_t all_ended;
};

/* Where one file's progress is added up. */
struct part {
    struct crew *crew;
    uint64_t counted;
};

static bool on_progress(void *user, uint64_t done)
{
    struct part *part = user;

    atomic_fetch_add_explicit(&part->crew->bytes, done - part->counted, memory_order_relaxed);
    part->counted = done;
    return true;
}

static int open_regular(struct hashing_job *job)
{
    struct stat st;
    int fd;

    if (stat(job->path, &st) != 0) {
        job->missing = errno == ENOENT || errno == ENOTDIR;
        snprintf(job->problem, sizeof job->problem, "%s",
                 job->missing ? "there is no such file" : strerror(errno));
        return -1;
    }
    if (!S_ISREG(st.st_mode)) {
        snprintf(job->problem, sizeof job->problem, "is %s, not a regular file",
                 S_ISDIR(st.st_mode)    ? "a folder"
                 : S_ISFIFO(st.st_mode) ? "a FIFO (use '-' to stamp what comes through a pipe)"
                 : S_ISSOCK(st.st_mode) ? "a socket"
                                        : "a device");
        return -1;
    }
    /* Were it replaced by a FIFO just now, O_NONBLOCK keeps open from waiting for a writer. */
    fd = open(job->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        snprintf(job->problem, sizeof job->problem, "cannot be read: %s",
                 fd < 0 ? strerror(errno) : "it was replaced");
        if (fd >= 0)
            close(fd);
        return -1;
    }
    job->size = st.st_size;
    job->mtime = st.st_mtim;
    job->ctime = st.st_ctim;
    return fd;
}

static void hash_one(struct crew *crew, struct hashing_job *job)
{
    struct part part = {crew, 0};
    struct tai_error error = {0};
    int fd = open_regular(job);
    enum tai_err err;

    if (fd < 0)
        return;
    err = taistamp_hash_fd(fd, crew->algorithm, on_progress, &part, &job->digest, &error);
    close(fd);
    if (err == TAI_OK)
        job->done = true;
    else if (err == TAI_ERR_CHANGED)
        snprintf(job->problem, sizeof job->problem,
                 "changed while it was read; nothing can be said about it");
    else
        snprintf(job->problem, sizeof job->problem, "cannot be read: %.150s", error.text);
}

static void *work(void *arg)
{
    struct crew *crew = arg;

    for (;;) {
        size_t i = atomic_fetch_add(&crew->next, 1);

        if (i >= crew->n)
            return NULL;
        hash_one(crew, &crew->jobs[i]);
        if (atomic_fetch_add(&crew->ended, 1) + 1 == crew->n) {
            pthread_mutex_lock(&crew->lock);
            pthread_cond_signal(&crew->all_ended);
            pthread_mutex_unlock(&crew->lock);
        }
    }
}

static uint64_t total_size(const struct crew *crew)
{
    uint64_t total = 0;

    for (size_t i = 0; i < crew->n; i++) {
        struct stat st;

        if (stat(crew->jobs[i].path, &st) == 0 && S_ISREG(st.st_mode))
            total += (uint64_t)st.st_size;
    }
    return total;
}

static void show(struct crew *crew, uint64_t total)
{
    char done[TEXT_WIDTH_MAX], all[TEXT_WIDTH_MAX];
    uint64_t bytes = atomic_load(&crew->bytes);

    text_size(bytes, done);
    text_size(total, all);
    fprintf(stderr, "\r\033[Kreading %s of %s (%" PRIu64 "%%)", done, all,
            total > 0 ? bytes * 100 / total : 100);
    if (crew->n > 1)
        fprintf(stderr, ", file %zu of %zu", atomic_load(&crew->ended) + 1, crew->n);
}

/* Shows progress until every job has ended. */
static void watch(struct crew *crew)
{
    struct timespec until;
    uint64_t total = 0;
    bool shown = false;

    clock_gettime(CLOCK_MONOTONIC, &until);
    pthread_mutex_lock(&crew->lock);
    for (int wait_ms = SHOW_AFTER_MS; atomic_load(&crew->ended) < crew->n; wait_ms = SHOW_EVERY_MS) {
        until.tv_nsec += wait_ms * 1000000L;
        if (until.tv_nsec >= 1000000000L) {
            until.tv_sec++;
            until.tv_nsec -= 1000000000L;
        }
        if (pthread_cond_timedwait(&crew->all_ended, &crew->lock, &until) != ETIMEDOUT)
            continue;
        if (!shown)
            total = total_size(crew);
        shown = true;
        show(crew, total);
    }
    pthread_mutex_unlock(&crew->lock);
    if (shown)
        fputs("\r\033[K", stderr);
}

void hashing_run(struct hashing_job *jobs, size_t n, enum taistamp_algorithm algorithm, unsigned threads,
                 bool progress)
{
    struct crew crew = {.jobs = jobs, .n = n, .algorithm = algorithm};
    pthread_t ids[THREADS_MAX];
    pthread_condattr_t attributes;
    unsigned started = 0;
    long cores = sysconf(_SC_NPROCESSORS_ONLN);

    if (threads == 0)
        threads = cores > 0 ? (unsigned)cores : 1;
    if (threads > THREADS_MAX)
        threads = THREADS_MAX;
    if (threads > n)
        threads = (unsigned)n;
    pthread_mutex_init(&crew.lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&crew.all_ended, &attributes);
    pthread_condattr_destroy(&attributes);
    if (threads <= 1 && !progress)
        threads = 0;
    while (started < threads && pthread_create(&ids[started], NULL, work, &crew) == 0)
        started++;
    if (started == 0)
        work(&crew); /* one thread is enough, or none is to be had */
    else if (progress)
        watch(&crew);
    for (unsigned i = 0; i < started; i++)
        pthread_join(ids[i], NULL);
    pthread_cond_destroy(&crew.all_ended);
    pthread_mutex_destroy(&crew.lock);
}

bool hashing_stdin(enum taistamp_algorithm algorithm, struct hashing_job *ret_job)
{
    struct hashing_job job = {.path = "-"};
    struct tai_error error = {0};

    job.done = taistamp_hash_fd(STDIN_FILENO, algorithm, NULL, NULL, &job.digest, &error) == TAI_OK;
    if (!job.done)
        snprintf(job.problem, sizeof job.problem, "standard input cannot be read: %.150s", error.text);
    *ret_job = job;
    return job.done;
}

bool hashing_unchanged(const struct hashing_job *job)
{
    struct stat st;

    return stat(job->path, &st) == 0 && st.st_size == job->size && st.st_mtim.tv_sec == job->mtime.tv_sec &&
           st.st_mtim.tv_nsec == job->mtime.tv_nsec && st.st_ctim.tv_sec == job->ctime.tv_sec &&
           st.st_ctim.tv_nsec == job->ctime.tv_nsec;
}
