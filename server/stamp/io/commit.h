/* SPDX-License-Identifier: Apache-2.0 */
/* The committer: a thread that turns waiting requests into a durable, signed batch, one batch after the
 * other.
 *
 * Requests gather while the batch before is being committed; there is no timer. For each batch, in this
 * order:
 *
 *     read the clock -> times (core/issuer) -> entries and tree (core/sequencer) -> one transaction, durable
 *     -> head slot, durable -> signature -> hand to the loop
 *
 * so that no signed checkpoint exists whose entries could be lost, and the slot is never ahead of the
 * entries. After any failure of store or signer the committer stops for good: what is on the disk is known
 * only after the next start, so everything that waits fails and nothing is tried again.
 *
 * Thread rule: all functions from the loop's thread. A batch belongs to the loop from committer_take until
 * committer_release. */
#ifndef SERVER_STAMP_IO_COMMIT_H
#define SERVER_STAMP_IO_COMMIT_H

#include "sdk/proof/note.h"
#include "server/sign/sign.h"
#include "server/stamp/core/issuer.h"
#include "server/stamp/core/row.h"
#include "server/stamp/io/log.h"
#include "server/stamp/io/store.h"

/* Bytes of a checkpoint with the log's signature. */
enum { SIGNED_CHECKPOINT_MAX = CHECKPOINT_BODY_MAX + 1 + NOTE_SIGNATURE_LINE_MAX };

/* One request. The committer's thread reads kind and subject only. */
struct stamp_ticket {
    struct stamp_ticket *next;
    enum taistamp_kind kind;
    struct taistamp_digest subject;
    stamp_done_fn done; /* NULL: forgotten */
    void *user;
};

/* A queue of tickets in order of arrival. */
struct ticket_list {
    struct stamp_ticket *first, **end;
    size_t count;
};
void ticket_list_init(struct ticket_list *list);
void ticket_list_add(struct ticket_list *list, struct stamp_ticket *ticket);
/* Appends all of `from`, which is empty afterwards. */
void ticket_list_join(struct ticket_list *list, struct ticket_list *from);
/* NULL when empty. */
struct stamp_ticket *ticket_list_take(struct ticket_list *list);

/* The state of the log between two batches. */
struct log_state {
    struct merkle_frontier frontier;
    tai_t last_tai;
    size_t checkpoint_len;
    uint8_t checkpoint[SIGNED_CHECKPOINT_MAX]; /* of frontier.size */
};

/* About 1.2 MB; there are few. */
struct commit_batch {
    struct commit_batch *next;
    size_t n; /* tickets: the first issue.count of them have entries, from index tree.from on */
    struct stamp_ticket *tickets[BATCH_MAX];
    struct issue issue;
    enum taistamp_status clock_status;
    bool failed; /* the commit failed: nothing of this batch may be told */
    int64_t duration_ns;
    struct batch_tree tree; /* valid where issue.count > 0 and not failed, as is the rest */
    tai_t last_tai;
    size_t checkpoint_len;
    uint8_t checkpoint[SIGNED_CHECKPOINT_MAX];
    struct hash leaves[BATCH_MAX];
    struct bytes entries[BATCH_MAX]; /* views into row_data */
    struct out row;
    uint8_t row_data[ROW_BYTES_MAX];
};

struct committer;

struct committer_options {
    const struct store *store;
    struct signer *signer;
    const struct stamp_clock *clock;
    int64_t max_error_ns;
    void (*wake)(void *user); /* called on the committer's thread: there is something to take */
    void *user;
};

/* Starts the thread on `state`. What `options` points to must outlive it. TAI_ERR_MEMORY, TAI_ERR_CRYPTO. */
TAISTAMP_MUST_CHECK enum tai_err committer_start(const struct committer_options *options,
                                                 const struct log_state *state,
                                                 struct committer **ret_committer);
/* Hands over all of `tickets`. */
void committer_submit(struct committer *c, struct ticket_list *tickets);
/* The next batch that is done, in order; NULL when there is none (yet). */
struct commit_batch *committer_take(struct committer *c);
void committer_release(struct committer *c, struct commit_batch *batch);
/* Whether a commit failed, and why. */
bool committer_failed(struct committer *c, struct tai_error *ret_reason);
/* Waits for the batch under way and ends the thread; batches can still be taken. What was not begun goes to
 * `ret_left`. */
void committer_stop(struct committer *c, struct ticket_list *ret_left);
void committer_free(struct committer *c);

#endif
