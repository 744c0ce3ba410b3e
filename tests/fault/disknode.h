/* SPDX-License-Identifier: Apache-2.0 */
/* A file of the simulated disk (disk.h): what it holds now, what it would hold after a power cut, and the changes between the
 * two in their order. Memory runs out as an assertion: this is a test. */
#ifndef TESTS_FAULT_DISKNODE_H
#define TESTS_FAULT_DISKNODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct blob {
    uint8_t *data;
    size_t len, cap;
};

/* A write or (data.len 0) truncation that is not durable yet. */
struct change {
    struct change *next;
    uint64_t at;
    struct blob data;
    bool truncates;
};

struct node {
    bool used, is_dir;
    mode_t mode;
    struct blob now, durable;
    struct change *changes, **changes_end;
    int lock_fd; /* 0: none */
};

/* Cut, or grown by zeroes. */
void blob_size(struct blob *b, size_t len);
/* Written at `at`; a hole before it reads as zeroes. */
void blob_put(struct blob *b, uint64_t at, const void *data, size_t len);
void blob_copy(struct blob *to, const struct blob *from);
void blob_free(struct blob *b);
/* As if they had never been made: the power went. */
void changes_drop(struct node *n);
/* Remembers a write (or with `truncates` a new size) that is not durable yet. */
void change_add(struct node *n, uint64_t at, const void *data, size_t len, bool truncates);
/* Bytes from ... to of a write, or the whole of a truncation: what of it reached the disk. */
void change_apply(struct blob *b, const struct change *c, size_t from, size_t to);
/* fsync: all that is remembered is durable. */
void node_synced(struct node *n);

#endif
