/* SPDX-License-Identifier: Apache-2.0 */
/* A log to be tested: folder or simulated disk, scripted clock, event loop, and a note of every answer. */
#ifndef TESTS_FAULT_LOGRIG_H
#define TESTS_FAULT_LOGRIG_H

#include <pthread.h>

#include "server/stamp/io/log.h"

enum { RIG_ANSWERS = 1 << 16 };

struct rig_answer {
    enum stamp_outcome outcome;
    uint64_t index;
    char *receipt;    /* malloc'ed, NUL-terminated; NULL where refused */
    unsigned times;   /* called */
    uint64_t subject; /* its number */
};

struct rig {
    const char *data_dir, *key_dir, *vfs;
    const struct file_ops *files;
    size_t pending_max;
    int64_t max_error_ns;
    /* The clock: what the next reads say; `advance` is added to both ends at each read. */
    struct taistamp_reading reading;
    int64_t advance_ns;
    struct event_base *base;
    struct stamp_log *log;
    bool failed;
    char reason[512];
    size_t submitted, answered;
    struct rig_answer *answers; /* RIG_ANSWERS, in order of submission; stays over restarts */
    pthread_mutex_t clock_mutex;
};

/* A plain clock: 2027, +-1 ms, 1 us further at each read. Does not touch the disk. */
void rig_init(struct rig *rig, const char *data_dir, const char *key_dir);
void rig_free(struct rig *rig);
enum tai_err rig_open(struct rig *rig, struct tai_error *error);
void rig_close(struct rig *rig);
/* Submits `n` commitments to numbered subjects, and runs the loop until all are answered. */
void rig_submit(struct rig *rig, size_t n);
void rig_run(struct rig *rig);
void rig_stamp(struct rig *rig, size_t n);
/* The receipt of `index`, malloc'ed; NULL where it cannot be had. */
char *rig_receipt(struct rig *rig, uint64_t index, enum tai_err *ret_err);
/* A tile or bundle by its path, malloc'ed. */
char *rig_tile(struct rig *rig, const char *path, size_t *ret_len, enum tai_err *ret_err);
/* The time in a receipt's entry, and its index. */
void rig_time(const char *receipt, int64_t *ret_t, int64_t *ret_h);

#endif
