/* SPDX-License-Identifier: Apache-2.0 */
/* What is about to be sent, or could not be: the journal of stamping, and the queue for when the server is away.
 *
 * Before a request leaves, a record of its files, in the order of the batch, is on the disk: digest, counter,
 * commitment, path, where the receipt goes. Its process holds a lock on it. When the receipts are written the record
 * moves to data/batches (a batch's list of commitments is needed to make its receipts again) or, for a single file, is
 * removed. A record that nobody holds is the queue: the server was away, or the process was killed half-way. The next
 * stamp takes it over. Sending something twice is harmless: the same commitment gets a second entry.
 *
 * The server's answer is added to the record, durably, before the first receipt is written. A record that nobody holds
 * and that has its answer is not sent again: its receipts are made from it (remake.h). A batch's record, with its
 * answer, is also how its receipts are kept (batches.h); for that its lines are sorted, see outbox_order.
 *
 * A record also reserves its counters, so that two processes never use one twice for the same digest.
 *
 *   taistamp.outbox/v1
 *   <digest> <counter> <commitment in hex> <path or -> <receipt's path or ->      one line per file, percent-encoded
 *   end <number of files>
 *   answer <length>                                                                once there is one
 *   <the answer> */
#ifndef TOOLS_TAI_STAMP_OUTBOX_H
#define TOOLS_TAI_STAMP_OUTBOX_H

#include <stdbool.h>

#include "taistamp/hash.h"

struct outbox_item {
    struct taistamp_digest digest;
    uint64_t counter;
    uint8_t commitment[32];
    char *path;    /* absolute; NULL for a digest without a file */
    char *receipt; /* absolute; NULL: the receipt is only kept by digest */
};

/* A record that was read. */
struct outbox_content {
    struct outbox_item *items;
    size_t n;
    char *answer; /* NULL: there is none, or it is not whole */
    size_t answer_len;
};
bool outbox_read(const char *path, struct outbox_content *ret_content);
void outbox_content_free(struct outbox_content *content);

/* The order of a batch: that of the digests as text. */
int outbox_order(const struct taistamp_digest *a, const struct taistamp_digest *b);

/* A record on the disk, locked by this process. */
struct outbox_record {
    char *path;
    int fd;
};

/* The queue: every item of the records that nobody holds, and those records, now held by us. */
struct outbox_queue {
    struct outbox_item *items;
    size_t n;
    struct outbox_record *records;
    size_t n_records;
};

/* Calls `each` with every answered record that nobody holds, held by us; `each` ends with outbox_done or outbox_leave. */
void outbox_each_answered(void (*each)(void *user, struct outbox_record *record,
                                       const struct outbox_content *content),
                          void *user);

/* Takes the queue over: records without an answer. Records that are damaged are left alone and said on standard error. */
void outbox_take(struct outbox_queue *ret_queue);
/* Lets go of it; with `remove` its records are deleted, otherwise they stay queued. */
void outbox_release(struct outbox_queue *queue, bool remove);

/* Counters that are reserved in the records of all processes. Use under the state lock. */
struct outbox_counters;
struct outbox_counters *outbox_counters_load(void);
/* The next counter for `digest`: above all that are kept or reserved; it is reserved by this call. */
uint64_t outbox_counters_next(struct outbox_counters *counters, const struct taistamp_digest *digest);
void outbox_counters_free(struct outbox_counters *counters);

/* Writes a record, durable before this returns. An errno value. */
TAISTAMP_MUST_CHECK int outbox_write(const struct outbox_item *items, size_t n,
                                     struct outbox_record *ret_record);
/* Adds the server's answer, durable before this returns. An errno value. */
TAISTAMP_MUST_CHECK int outbox_answer(const struct outbox_record *record, const char *answer, size_t len);
/* The record's receipts are written: moves it to the list of batches (`batch`), or removes it. Frees it. */
void outbox_done(struct outbox_record *record, bool batch);
/* Leaves the record queued. Frees it. */
void outbox_leave(struct outbox_record *record);

#endif
