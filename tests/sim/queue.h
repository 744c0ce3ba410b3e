/* SPDX-License-Identifier: Apache-2.0 */
/* What is going to happen, in order of time; what comes at the same time happens in the order in which it was planned. */
#ifndef TESTS_SIM_QUEUE_H
#define TESTS_SIM_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum queue_kind {
    QUEUE_WAKE,      /* a timer of a node */
    QUEUE_LEAVE,     /* a datagram passes the sender's kernel */
    QUEUE_ARRIVE,    /* ... reaches the receiver's kernel */
    QUEUE_HANDLE,    /* ... and its process */
    QUEUE_SENT,      /* a transmit stamp reaches the process */
    QUEUE_PERSISTED, /* a record is on the disk */
    QUEUE_REFERENCE, /* the node's reference is read */
    QUEUE_KERNEL,    /* the kernel's clock is read back */
    QUEUE_EXPIRE,    /* a published line is about to expire */
    QUEUE_SAMPLE,    /* the oracle looks at all nodes */
    QUEUE_SCRIPT,    /* the scenario does something; what: its index */
    QUEUE_ATTACK     /* an attacker sends something */
};

struct queue_item {
    int64_t t_ns;
    uint64_t order;
    enum queue_kind kind;
    uint32_t node;
    uint32_t life; /* of the node when it was planned */
    int64_t a, b;  /* by kind */
};

struct queue {
    struct queue_item *items; /* a binary heap */
    size_t count, size;
    uint64_t order;
};

void queue_push(struct queue *queue, int64_t t_ns, enum queue_kind kind, uint32_t node, uint32_t life,
                int64_t a, int64_t b);
bool queue_pop(struct queue *queue, struct queue_item *ret_item);
void queue_end(struct queue *queue);

#endif
