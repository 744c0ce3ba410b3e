/* SPDX-License-Identifier: Apache-2.0 */
/* Digests of many files by several threads, with progress on a terminal.
 *
 * Files are handed out one by one, so the threads stay busy whatever the sizes; one file is always hashed by one thread
 * (its digest is a chain). Only regular files are hashed: opening a FIFO would wait for a writer and reading a device
 * never ends. A file that changes while it is read has no digest. */
#ifndef TOOLS_TAI_STAMP_HASHING_H
#define TOOLS_TAI_STAMP_HASHING_H

#include <stdbool.h>
#include <sys/types.h>
#include <time.h>

#include "taistamp/hash.h"

struct hashing_job {
    const char *path; /* set by the caller */
    bool done;        /* `digest` holds */
    bool missing;     /* there is no such file */
    struct taistamp_digest digest;
    char problem[200]; /* why not done: words that follow "NAME: " */
    off_t size;        /* of the file when it was opened; with mtime what hashing_unchanged compares */
    struct timespec mtime, ctime;
};

/* Hashes all jobs with `threads` threads (0: one per core). `progress`: show it on standard error once it takes longer
 * than a moment. The caller has checked that standard error is a terminal. */
void hashing_run(struct hashing_job *jobs, size_t n, enum taistamp_algorithm algorithm, unsigned threads,
                 bool progress);
/* Digest of standard input. */
bool hashing_stdin(enum taistamp_algorithm algorithm, struct hashing_job *ret_job);
/* Whether the file still looks as it did when it was hashed. */
bool hashing_unchanged(const struct hashing_job *job);

#endif
