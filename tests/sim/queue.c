/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/queue.h"

#include <stdlib.h>

#include "sdk/base/bug.h"

static bool sooner(const struct queue_item *a, const struct queue_item *b)
{
    return a->t_ns != b->t_ns ? a->t_ns < b->t_ns : a->order < b->order;
}

void queue_push(struct queue *queue, int64_t t_ns, enum queue_kind kind, uint32_t node, uint32_t life,
                int64_t a, int64_t b)
{
    if (queue->count == queue->size) {
        queue->size = queue->size == 0 ? 256 : 2 * queue->size;
        queue->items = realloc(queue->items, queue->size * sizeof *queue->items);
        BUG_UNLESS(queue->items != NULL);
    }
    struct queue_item item = {t_ns, queue->order++, kind, node, life, a, b};
    size_t at = queue->count++;
    while (at > 0 && sooner(&item, &queue->items[(at - 1) / 2])) {
        queue->items[at] = queue->items[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    queue->items[at] = item;
}

bool queue_pop(struct queue *queue, struct queue_item *ret_item)
{
    if (queue->count == 0)
        return false;
    *ret_item = queue->items[0];
    struct queue_item last = queue->items[--queue->count];
    size_t at = 0, child;
    while ((child = 2 * at + 1) < queue->count) {
        if (child + 1 < queue->count && sooner(&queue->items[child + 1], &queue->items[child]))
            child++;
        if (!sooner(&queue->items[child], &last))
            break;
        queue->items[at] = queue->items[child];
        at = child;
    }
    if (queue->count > 0)
        queue->items[at] = last;
    return true;
}

void queue_end(struct queue *queue)
{
    free(queue->items);
    *queue = (struct queue){0};
}
