/* SPDX-License-Identifier: Apache-2.0 */
#include "server/stamp/io/commit.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sdk/base/bug.h"
#include "sdk/base/error.h"
#include "sdk/io/openssl.h"
#include "sdk/proof/entry.h"

enum {
    BATCHES = 3,  /* one being committed, one being answered, one on its way */
    IDLE_MS = 100 /* nobody has asked for so long: the store may tidy at leisure */
};

struct committer {
    struct committer_options options;
    /* Of the thread alone. */
    struct crypto crypto;
    struct log_state state;
    /* Shared, under the mutex. */
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t cond;
    struct ticket_list waiting;
    struct commit_batch *free, *done, **done_end;
    bool stopping, stopped, failed;
    bool tidied; /* since the last batch, at leisure */
    struct tai_error reason;
    struct commit_batch batches[BATCHES];
};

/* ---- Lists ---- */

void ticket_list_init(struct ticket_list *list)
{
    *list = (struct ticket_list){.end = &list->first};
}

void ticket_list_add(struct ticket_list *list, struct stamp_ticket *ticket)
{
    ticket->next = NULL;
    *list->end = ticket;
    list->end = &ticket->next;
    list->count++;
}

void ticket_list_join(struct ticket_list *list, struct ticket_list *from)
{
    if (from->first == NULL)
        return;
    *list->end = from->first;
    list->end = from->end;
    list->count += from->count;
    ticket_list_init(from);
}

struct stamp_ticket *ticket_list_take(struct ticket_list *list)
{
    struct stamp_ticket *t = list->first;
    if (t == NULL)
        return NULL;
    list->first = t->next;
    if (list->first == NULL)
        list->end = &list->first;
    list->count--;
    return t;
}

/* ---- One batch, on the committer's thread ---- */

static int64_t now_ns(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec;
}

static void issue_times(struct committer *c, struct commit_batch *b)
{
    struct taistamp_reading reading = {.status = TAISTAMP_STATUS_UNKNOWN};
    if (c->options.clock->read(c->options.clock->ctx, &reading) != TAI_OK)
        reading = (struct taistamp_reading){.status = TAISTAMP_STATUS_UNKNOWN};
    b->clock_status = reading.status;
    issuer_batch(&reading, c->state.last_tai, b->n, c->options.max_error_ns, &b->issue);
}

static void write_entries(struct committer *c, struct commit_batch *b)
{
    struct entry entry = {.issuer = bytes_of_str(signer_origin(c->options.signer)),
                          .tai_utc_known = b->issue.tai_utc_known,
                          .tai_utc_s = b->issue.tai_utc_s,
                          .clock = b->issue.clock};
    b->row = out_of(b->row_data, sizeof b->row_data);
    for (size_t i = 0; i < b->issue.count; i++) {
        entry.kind = b->tickets[i]->kind;
        entry.subject = b->tickets[i]->subject;
        issuer_entry(&b->issue, i, &entry.t, &entry.h);
        struct out o = row_entry_open(&b->row);
        entry_emit(&o, &entry);
        row_entry_close(&b->row, &o);
        b->entries[i] = out_view(&o);
        b->leaves[i] = merkle_leaf_hash(&c->crypto, b->entries[i]);
    }
    b->last_tai = entry.t;
    batch_tree_build(&c->state.frontier, &c->crypto, b->leaves, b->issue.count, &b->tree);
}

static enum tai_err make_durable(struct committer *c, const struct commit_batch *b, struct tai_error *error)
{
    struct store_batch row = {.first = b->tree.from,
                              .count = b->issue.count,
                              .last_tai = b->last_tai,
                              .entries = out_view(&b->row)};
    row.digest = row_digest(&c->crypto, row.first, row.last_tai, b->leaves, row.count);
    /* The checkpoint of the empty tree is not kept: no entry's receipt needs it. */
    struct bytes before = bytes_of(c->state.checkpoint, row.first == 0 ? 0 : c->state.checkpoint_len);
    return c->options.store->append(c->options.store->ctx, &row, before, error);
}

static enum tai_err sign(struct committer *c, struct commit_batch *b, struct tai_error *error)
{
    struct hash proof[MERKLE_CONSISTENCY_MAX];
    size_t n;
    bool made =
        merkle_consistency_read(&c->crypto, b->tree.from, b->tree.size, batch_tree_get, &b->tree, proof, &n);
    BUG_UNLESS(made);
    struct sign_head head = {.size = b->tree.size, .root = b->tree.root, .last_tai = b->last_tai};
    struct out o = out_of(b->checkpoint, sizeof b->checkpoint);
    enum tai_err err = signer_sign(c->options.signer, &head, proof, n, &o, error);
    b->checkpoint_len = o.len;
    return err;
}

static void advance(struct committer *c, const struct commit_batch *b)
{
    batch_tree_advance(&b->tree, &c->state.frontier);
    c->state.last_tai = b->last_tai;
    c->state.checkpoint_len = b->checkpoint_len;
    memcpy(c->state.checkpoint, b->checkpoint, b->checkpoint_len);
}

static enum tai_err commit_batch(struct committer *c, struct commit_batch *b, struct tai_error *error)
{
    int64_t began = now_ns();
    issue_times(c, b);
    if (b->issue.count == 0)
        return TAI_OK;
    write_entries(c, b);
    enum tai_err err = make_durable(c, b, error);
    if (err == TAI_OK)
        err = sign(c, b, error);
    if (err != TAI_OK)
        return err;
    advance(c, b);
    b->duration_ns = now_ns() - began;
    return TAI_OK;
}

/* ---- The thread ---- */

static void fail(struct committer *c, const struct tai_error *error)
{
    c->failed = true;
    c->stopping = true;
    c->reason = *error;
}

/* What stands in the store's way, between two batches. Called and returns with the mutex held. */
static void tidy(struct committer *c, bool idle)
{
    struct tai_error error = {0};
    pthread_mutex_unlock(&c->mutex);
    enum tai_err err = c->options.store->tidy(c->options.store->ctx, idle, &error);
    pthread_mutex_lock(&c->mutex);
    c->tidied = idle;
    if (err == TAI_OK)
        return;
    fail(c, &error);
    c->options.wake(c->options.user);
}

/* Waits for something to do. That nothing waits right after a batch says little, for those who ask again have only
 * just been answered: idle is who has not been asked for a while. */
static void wait_for_work(struct committer *c)
{
    struct timespec until;
    if (c->tidied) {
        pthread_cond_wait(&c->cond, &c->mutex);
        return;
    }
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += IDLE_MS * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    if (pthread_cond_timedwait(&c->cond, &c->mutex, &until) == ETIMEDOUT && c->waiting.first == NULL &&
        !c->stopping)
        tidy(c, true);
}

/* The next batch's tickets; NULL when the thread is to end. Called and returns with the mutex held. */
static struct commit_batch *next_batch(struct committer *c)
{
    while (!c->stopping && (c->waiting.first == NULL || c->free == NULL))
        wait_for_work(c);
    if (c->stopping)
        return NULL;
    c->tidied = false;
    struct commit_batch *b = c->free;
    c->free = b->next;
    b->next = NULL;
    b->failed = false;
    b->duration_ns = 0;
    for (b->n = 0; b->n < BATCH_MAX && c->waiting.first != NULL; b->n++)
        b->tickets[b->n] = ticket_list_take(&c->waiting);
    return b;
}

static void hand_over(struct committer *c, struct commit_batch *b)
{
    *c->done_end = b;
    c->done_end = &b->next;
}

static void *committer_main(void *user)
{
    struct committer *c = user;
    struct tai_error error = {0};
    pthread_mutex_lock(&c->mutex);
    for (struct commit_batch *b; (b = next_batch(c)) != NULL;) {
        pthread_mutex_unlock(&c->mutex);
        b->failed = commit_batch(c, b, &error) != TAI_OK;
        pthread_mutex_lock(&c->mutex);
        if (b->failed)
            fail(c, &error);
        hand_over(c, b);
        pthread_mutex_unlock(&c->mutex);
        c->options.wake(c->options.user);
        pthread_mutex_lock(&c->mutex);
        if (!c->failed)
            tidy(c, false);
    }
    pthread_mutex_unlock(&c->mutex);
    return NULL;
}

/* ---- From the loop ---- */

enum tai_err committer_start(const struct committer_options *options, const struct log_state *state,
                             struct committer **ret_committer)
{
    struct committer *c = calloc(1, sizeof *c);
    if (c == NULL)
        return TAI_ERR_MEMORY;
    c->options = *options;
    c->state = *state;
    ticket_list_init(&c->waiting);
    c->done_end = &c->done;
    for (size_t i = 0; i < BATCHES; i++) {
        c->batches[i].next = c->free;
        c->free = &c->batches[i];
    }
    enum tai_err err = openssl_crypto_open(&c->crypto);
    if (err != TAI_OK) {
        free(c);
        return err;
    }
    pthread_mutex_init(&c->mutex, NULL);
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&c->cond, &attr);
    pthread_condattr_destroy(&attr);
    if (pthread_create(&c->thread, NULL, committer_main, c) != 0) {
        c->stopped = true;
        committer_free(c);
        return TAI_ERR_MEMORY;
    }
    *ret_committer = c;
    return TAI_OK;
}

void committer_submit(struct committer *c, struct ticket_list *tickets)
{
    pthread_mutex_lock(&c->mutex);
    ticket_list_join(&c->waiting, tickets);
    pthread_mutex_unlock(&c->mutex);
    pthread_cond_signal(&c->cond);
}

struct commit_batch *committer_take(struct committer *c)
{
    pthread_mutex_lock(&c->mutex);
    struct commit_batch *b = c->done;
    if (b != NULL) {
        c->done = b->next;
        if (c->done == NULL)
            c->done_end = &c->done;
    }
    pthread_mutex_unlock(&c->mutex);
    return b;
}

void committer_release(struct committer *c, struct commit_batch *batch)
{
    pthread_mutex_lock(&c->mutex);
    bool held_up = c->free == NULL && c->waiting.first != NULL;
    batch->next = c->free;
    c->free = batch;
    pthread_mutex_unlock(&c->mutex);
    if (held_up)
        pthread_cond_signal(&c->cond);
}

bool committer_failed(struct committer *c, struct tai_error *ret_reason)
{
    pthread_mutex_lock(&c->mutex);
    bool failed = c->failed;
    if (failed)
        *ret_reason = c->reason;
    pthread_mutex_unlock(&c->mutex);
    return failed;
}

void committer_stop(struct committer *c, struct ticket_list *ret_left)
{
    ticket_list_init(ret_left);
    if (!c->stopped) {
        pthread_mutex_lock(&c->mutex);
        c->stopping = true;
        pthread_cond_signal(&c->cond);
        pthread_mutex_unlock(&c->mutex);
        pthread_join(c->thread, NULL);
        c->stopped = true;
    }
    ticket_list_join(ret_left, &c->waiting);
}

void committer_free(struct committer *c)
{
    if (c == NULL)
        return;
    BUG_UNLESS(c->stopped);
    openssl_crypto_close(&c->crypto);
    pthread_cond_destroy(&c->cond);
    pthread_mutex_destroy(&c->mutex);
    free(c);
}
