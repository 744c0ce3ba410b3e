/* SPDX-License-Identifier: Apache-2.0 */
#include "server/stamp/io/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "sdk/base/bug.h"
#include "sdk/base/error.h"
#include "sdk/io/openssl.h"
#include "sdk/proof/entry.h"
#include "server/libevent.h"
#include "server/stamp/io/pageclock.h"
#include "server/stamp/io/recover.h"
#include "server/stamp/io/reread.h"

enum {
    RECEIPT_BARE_MAX = 16 * 1024, /* bytes: 63 hashes, an entry and a checkpoint take 6 kB */
    /* So many are told in one turn of the loop. Whoever was told first can have the next request here, on its way to the
     * disk, while the others are being told: neither disk nor processor waits for the other. */
    TELL_AT_ONCE = 64,
    WORK_PER_TELL = 2,   /* to read a request and to tell its answer, in tellings */
    HOLD_SHARE = 4,      /* see hand_in */
    HOLD_NS_MAX = 250000 /* the loop does not sleep meanwhile */
};

struct stamp_log {
    struct stamp_log_options options;
    struct crypto crypto;
    struct page_clock *page;
    struct stamp_clock clock;
    struct signer *signer;
    struct store store;
    struct tiles *tiles;
    struct committer *committer;
    int wake_fd;
    struct event *wake, *flush, *more;
    struct commit_batch *telling; /* the batch that is being told about, from ticket `told` on */
    size_t told;
    size_t submitted;                     /* tickets that the committer has */
    bool overlap;                         /* the disk has less work than this loop: see hand_in */
    int64_t tell_one_ns;                  /* to tell one ticket, a moving mean */
    size_t expected;                      /* tickets that may well be back soon: as many as were told last */
    int64_t hold_ns;                      /* so long, from the last telling on, they are waited for */
    int64_t told_ns;                      /* when that was */
    struct ticket_list gathered, refused; /* since the last turn of the loop; refused: too many */
    struct stamp_ticket *spare;           /* tickets to use again */
    uint64_t size;
    size_t checkpoint_len;
    uint8_t checkpoint[SIGNED_CHECKPOINT_MAX];
    struct stamp_log_stats stats;
    uint8_t receipt[RECEIPT_BARE_MAX];
};

/* ---- Answering ---- */

static void answer_free(struct stamp_log *log, struct stamp_ticket *t, const struct stamp_answer *answer)
{
    stamp_done_fn done = t->done;
    void *user = t->user;
    t->next = log->spare;
    log->spare = t;
    log->stats.pending--;
    if (done != NULL)
        done(user, answer);
}

static void refuse(struct stamp_log *log, struct stamp_ticket *t, enum stamp_outcome outcome,
                   const char *detail)
{
    struct stamp_answer a = {.outcome = outcome, .clock_status = TAISTAMP_STATUS_UNKNOWN};
    snprintf(a.detail, sizeof a.detail, "%s", detail);
    answer_free(log, t, &a);
}

static void refuse_all(struct stamp_log *log, struct ticket_list *list, enum stamp_outcome outcome,
                       const char *detail)
{
    for (struct stamp_ticket *t; (t = ticket_list_take(list)) != NULL;)
        refuse(log, t, outcome, detail);
}

static const char failed_text[] = "the log could not be written; it is going down to verify itself";
static const char overloaded_text[] = "too many stamps are waiting; try again in a moment";

static void refuse_by_clock(struct stamp_log *log, const struct commit_batch *b, struct stamp_ticket *t)
{
    struct stamp_answer a = {.clock_status = b->clock_status};
    switch (b->issue.rest) {
    case ISSUE_NO_BOUND:
        a.outcome = STAMP_NO_BOUND;
        log->stats.refused_no_bound++;
        snprintf(a.detail, sizeof a.detail, "the clock has no bound now (%s)",
                 taistamp_status_name(b->clock_status));
        break;
    case ISSUE_CLOCK_BEHIND:
        a.outcome = STAMP_CLOCK_BEHIND_LOG;
        log->stats.refused_behind++;
        snprintf(a.detail, sizeof a.detail, "the clock is behind the newest stamp of this log");
        break;
    case ISSUE_TOO_UNCERTAIN:
        a.outcome = STAMP_TOO_UNCERTAIN;
        log->stats.refused_uncertain++;
        snprintf(a.detail, sizeof a.detail,
                 "the clock's error may be above the %lld ms that this server allows itself",
                 (long long)(log->options.max_error_ns / 1000000));
        break;
    case ISSUE_OK:
    default:
        BUG("a refusal without a reason");
    }
    answer_free(log, t, &a);
}

static void tell(struct stamp_log *log, const struct commit_batch *b, size_t i)
{
    struct stamp_ticket *t = b->tickets[i];
    struct stamp_answer a = {.outcome = STAMP_OK, .index = b->tree.from + i};
    if (t->done != NULL) {
        struct hash path[LIMIT_PATH_HASHES];
        size_t n;
        batch_tree_path(&b->tree, a.index, path, &n);
        struct out o = out_of(log->receipt, sizeof log->receipt);
        receipt_write(&o, t->kind, &t->subject, b->entries[i], a.index, path, n,
                      bytes_of(b->checkpoint, b->checkpoint_len));
        BUG_UNLESS(!o.overflow);
        a.receipt = out_view(&o);
    }
    answer_free(log, t, &a);
}

static void take_over(struct stamp_log *log, const struct commit_batch *b)
{
    tiles_apply(log->tiles, &b->tree);
    log->size = b->tree.size;
    log->checkpoint_len = b->checkpoint_len;
    memcpy(log->checkpoint, b->checkpoint, b->checkpoint_len);
    log->stats.size = b->tree.size;
    log->stats.last_tai = b->last_tai;
    log->stats.commits++;
    log->stats.stamps += b->issue.count;
    log->stats.last_commit_ns = b->duration_ns;
    log->stats.last_batch = b->issue.count;
}

static void settle(struct stamp_log *log, struct commit_batch *b, size_t i)
{
    if (b->failed)
        refuse(log, b->tickets[i], STAMP_STORE_FAILED, failed_text);
    else if (i < b->issue.count)
        tell(log, b, i);
    else
        refuse_by_clock(log, b, b->tickets[i]);
}

static int64_t now_ns(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec;
}

/* The next batch that is done; false without one. */
static bool take_batch(struct stamp_log *log)
{
    struct commit_batch *b = log->telling = committer_take(log->committer);
    if (b == NULL)
        return false;
    log->told = 0;
    log->expected = b->n;
    log->hold_ns = b->duration_ns / HOLD_SHARE < HOLD_NS_MAX ? b->duration_ns / HOLD_SHARE : HOLD_NS_MAX;
    log->submitted -= b->n;
    log->overlap = b->duration_ns < WORK_PER_TELL * log->tell_one_ns * (int64_t)log->stats.pending;
    if (!b->failed && b->issue.count > 0)
        take_over(log, b);
    return true;
}

/* At most `n` tickets of the batch that is done; false when there is nothing to tell. */
static bool settle_some(struct stamp_log *log, size_t n)
{
    if (log->telling == NULL && !take_batch(log))
        return false;
    struct commit_batch *b = log->telling;
    size_t first = log->told;
    int64_t began = now_ns();
    for (; log->told < b->n && log->told < first + n; log->told++)
        settle(log, b, log->told);
    log->told_ns = now_ns();
    if (log->told > first) {
        int64_t one = (log->told_ns - began) / (int64_t)(log->told - first);
        log->tell_one_ns += (one - log->tell_one_ns) / 8;
    }
    if (log->told == b->n) {
        log->telling = NULL;
        committer_release(log->committer, b);
    }
    return true;
}

static void settle_all(struct stamp_log *log)
{
    while (settle_some(log, BATCH_MAX))
        continue;
}

/* The end of a log whose disk failed: everybody hears it, then whoever runs the process. */
static void go_down(struct stamp_log *log, const struct tai_error *reason)
{
    struct ticket_list left;
    log->stats.failed = true;
    committer_stop(log->committer, &left);
    settle_all(log);
    refuse_all(log, &left, STAMP_STORE_FAILED, failed_text);
    refuse_all(log, &log->gathered, STAMP_STORE_FAILED, failed_text);
    if (log->options.failed != NULL)
        log->options.failed(log->options.failed_user, reason->text);
}

/* ---- Events ---- */

static void wake_loop(void *user) /* on the committer's thread */
{
    struct stamp_log *log = user;
    uint64_t one = 1;
    ssize_t ignored = write(log->wake_fd, &one, sizeof one); /* a full counter wakes the loop as well */
    (void)ignored;
}

/* Looked at again in the next turn of the loop, when what has come meanwhile has been read. */
static bool next_turn(struct stamp_log *log)
{
    static const struct timeval at_once = {0};
    return event_add(log->more, &at_once) == 0;
}

/* Whether what has gathered had better wait a little: who was told just now has hardly had time to ask again. */
static bool company_is_coming(const struct stamp_log *log)
{
    return log->gathered.count < log->expected && now_ns() - log->told_ns < log->hold_ns;
}

/* What has gathered goes to the committer, or gathers on.
 *
 * Where the loop has more work than the disk, everything goes at once: both had better work at the same time. Where the
 * disk is slower, few commits must serve all who wait. A request that went off alone, being the first after a commit,
 * would keep all others waiting for a commit of its own, and they it for the next: twice the time for everybody. So
 * what comes gathers until the batch that is done has been told, and then until as many have come, for a quarter of the
 * time that the commit took and HOLD_NS_MAX at most. An idle log commits a single request at once. */
static void hand_in(struct stamp_log *log)
{
    refuse_all(log, &log->refused, STAMP_OVERLOADED, overloaded_text);
    if (log->gathered.first == NULL)
        return;
    if (log->stats.failed) {
        refuse_all(log, &log->gathered, STAMP_STORE_FAILED, failed_text);
        return;
    }
    if (!log->overlap) {
        if (log->submitted > 0 || event_pending(log->more, EV_TIMEOUT, NULL))
            return;
        if (company_is_coming(log) && next_turn(log))
            return;
    }
    log->submitted += log->gathered.count;
    committer_submit(log->committer, &log->gathered);
}

/* After all that this turn of the loop had to read. */
static void on_flush(evutil_socket_t fd, short what, void *user)
{
    (void)fd;
    (void)what;
    hand_in(user);
}

/* Tells a part of what is done, and comes again in the next turn while there is more. */
static void on_more(evutil_socket_t fd, short what, void *user)
{
    struct stamp_log *log = user;
    struct tai_error reason;
    (void)fd;
    (void)what;
    if (log->overlap)
        hand_in(log); /* the committer first: it soon waits for the disk */
    if (settle_some(log, TELL_AT_ONCE) && !next_turn(log))
        settle_all(log);
    hand_in(log);
    if (!log->stats.failed && committer_failed(log->committer, &reason))
        go_down(log, &reason);
}

static void on_wake(evutil_socket_t fd, short what, void *user)
{
    uint64_t count;
    ssize_t ignored = read(fd, &count, sizeof count);
    (void)ignored;
    on_more(-1, what, user);
}

/* ---- Submitting ---- */

static struct stamp_ticket *ticket_new(struct stamp_log *log)
{
    struct stamp_ticket *t = log->spare;
    if (t == NULL)
        return malloc(sizeof *t);
    log->spare = t->next;
    return t;
}

enum tai_err stamp_log_submit(struct stamp_log *log, enum taistamp_kind kind,
                              const struct taistamp_digest *subject, stamp_done_fn done, void *user,
                              stamp_ticket_t *ret_ticket)
{
    if (!entry_kind_takes(kind, subject->algorithm))
        return TAI_ERR_ARGUMENT;
    struct stamp_ticket *t = ticket_new(log);
    if (t == NULL)
        return TAI_ERR_MEMORY;
    *t = (struct stamp_ticket){.kind = kind, .subject = *subject, .done = done, .user = user};
    bool room = log->stats.pending < log->options.pending_max;
    if (!room)
        log->stats.refused_overloaded++;
    if (log->gathered.first == NULL && log->refused.first == NULL)
        event_active(log->flush, EV_TIMEOUT, 0);
    ticket_list_add(room ? &log->gathered : &log->refused, t);
    log->stats.pending++;
    *ret_ticket = t;
    return TAI_OK;
}

void stamp_log_forget(struct stamp_log *log, stamp_ticket_t ticket)
{
    (void)log;
    ticket->done = NULL;
}

/* ---- Reading ---- */

enum tai_err stamp_log_receipt(struct stamp_log *log, uint64_t index, stamp_put_fn put, void *user,
                               struct tai_error *error)
{
    if (index >= log->size)
        return error_set(error, TAI_ERR_NOT_FOUND, "no such entry yet");
    struct log_reader reader = {.store = &log->store,
                                .tiles = log->tiles,
                                .crypto = &log->crypto,
                                .origin = signer_origin(log->signer),
                                .size = log->size,
                                .newest = bytes_of(log->checkpoint, log->checkpoint_len)};
    struct out o = out_of(log->receipt, sizeof log->receipt);
    enum tai_err err = log_reread(&reader, index, &o, error);
    if (err == TAI_OK)
        put(user, out_view(&o));
    return err;
}

struct bytes stamp_log_checkpoint(struct stamp_log *log)
{
    return bytes_of(log->checkpoint, log->checkpoint_len);
}

enum tai_err stamp_log_tile(struct stamp_log *log, struct bytes path, stamp_put_fn put, void *user,
                            bool *ret_immutable)
{
    struct tilepath p;
    if (!tilepath_parse(path, &p))
        return TAI_ERR_NOT_FOUND;
    enum tai_err err = tiles_serve(log->tiles, &p, put, user);
    if (err == TAI_OK)
        *ret_immutable = true; /* what a tile of a given width holds never changes */
    return err;
}

void stamp_log_vkey(const struct stamp_log *log, struct out *o)
{
    signer_vkey(log->signer, o);
}

void stamp_log_stats(const struct stamp_log *log, struct stamp_log_stats *ret_stats)
{
    *ret_stats = log->stats;
}

void stamp_log_clock(struct stamp_log *log, struct taistamp_reading *ret_reading)
{
    if (log->clock.read(log->clock.ctx, ret_reading) != TAI_OK)
        *ret_reading =
            (struct taistamp_reading){.status = TAISTAMP_STATUS_UNKNOWN, .utc = TAISTAMP_UTC_UNKNOWN};
}

/* ---- Life ---- */

/* SQLite takes an empty file for a new database, and would throw away a write-ahead log beside it. */
static enum tai_err check_database(const struct stamp_log *log, const char *path, struct tai_error *error)
{
    const struct file_ops *files = log->options.files;
    struct sign_head head;
    signer_head(log->signer, &head);
    if (head.size == 0)
        return TAI_OK;
    int fd = files->open(files->ctx, path, O_RDONLY | O_CLOEXEC, 0);
    struct file_stat st = {0};
    int r = fd < 0 ? fd : files->stat(files->ctx, fd, &st);
    if (fd >= 0)
        files->close(files->ctx, fd);
    if (r < 0 && r != -ENOENT)
        return file_error(error, r, "cannot open", path);
    if (r < 0 || st.size == 0)
        return error_set_detail(
            error, TAI_ERR_CORRUPT,
            "the database is gone or empty, but this log has signed entries (restore the newest "
            "backup of the data folder)",
            bytes_of_str(path));
    return TAI_OK;
}

static enum tai_err open_store(struct stamp_log *log, struct tai_error *error)
{
    char *path = file_path(log->options.data_dir, "log.db");
    if (path == NULL)
        return error_set(error, TAI_ERR_MEMORY, "out of memory");
    enum tai_err err = check_database(log, path, error);
    if (err == TAI_OK)
        err =
            store_sqlite_open(path, log->options.sqlite_vfs, signer_origin(log->signer), &log->store, error);
    free(path);
    return err != TAI_OK ? err : file_sync_dir(log->options.files, log->options.data_dir, error);
}

static enum tai_err open_committer(struct stamp_log *log, struct tai_error *error)
{
    struct log_state *state = malloc(sizeof *state);
    if (state == NULL)
        return error_set(error, TAI_ERR_MEMORY, "out of memory");
    enum tai_err err = log_recover(&log->store, log->signer, log->tiles, &log->crypto, state, error);
    if (err == TAI_OK) {
        log->size = log->stats.size = state->frontier.size;
        log->stats.last_tai = state->last_tai;
        log->checkpoint_len = state->checkpoint_len;
        memcpy(log->checkpoint, state->checkpoint, state->checkpoint_len);
        struct committer_options o = {.store = &log->store,
                                      .signer = log->signer,
                                      .clock = &log->clock,
                                      .max_error_ns = log->options.max_error_ns,
                                      .wake = wake_loop,
                                      .user = log};
        err = committer_start(&o, state, &log->committer);
        if (err != TAI_OK)
            error_set(error, err, "cannot start the thread that commits");
    }
    free(state);
    return err;
}

static enum tai_err open_clock(struct stamp_log *log, struct tai_error *error)
{
    if (log->options.clock != NULL) {
        log->clock = *log->options.clock;
        return TAI_OK;
    }
    if (page_clock_open(log->options.page_path, &log->page) != TAI_OK)
        return error_set(error, TAI_ERR_MEMORY, "out of memory");
    log->clock = (struct stamp_clock){.ctx = log->page, .read = page_clock_read};
    return TAI_OK;
}

static enum tai_err open_events(struct stamp_log *log, struct event_base *base, struct tai_error *error)
{
    log->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (log->wake_fd < 0)
        return file_error(error, errno, "cannot make", "eventfd");
    log->wake = event_new(base, log->wake_fd, EV_READ | EV_PERSIST, on_wake, log);
    log->flush = event_new(base, -1, 0, on_flush, log);
    log->more = event_new(base, -1, 0, on_more, log);
    if (log->wake == NULL || log->flush == NULL || log->more == NULL || event_add(log->wake, NULL) != 0)
        return error_set(error, TAI_ERR_MEMORY, "cannot register with the event loop");
    return TAI_OK;
}

static enum tai_err open_all(struct stamp_log *log, struct event_base *base, struct tai_error *error)
{
    enum tai_err err = openssl_crypto_open(&log->crypto);
    if (err != TAI_OK)
        return error_set(error, err, "the cryptographic library does not work");
    err = signer_open(log->options.files, log->options.key_dir, &log->signer, error);
    if (err == TAI_OK)
        err = open_store(log, error);
    if (err == TAI_OK)
        err = tiles_open(log->options.files, log->options.data_dir, &log->crypto, &log->store, &log->tiles,
                         error);
    if (err == TAI_OK)
        err = open_clock(log, error);
    if (err == TAI_OK)
        err = open_events(log, base, error);
    if (err == TAI_OK)
        err = open_committer(log, error);
    return err;
}

static void close_all(struct stamp_log *log, bool clean)
{
    committer_free(log->committer);
    if (log->wake != NULL)
        event_free(log->wake);
    if (log->flush != NULL)
        event_free(log->flush);
    if (log->more != NULL)
        event_free(log->more);
    if (log->wake_fd >= 0)
        close(log->wake_fd);
    tiles_close(log->tiles);
    if (log->store.close != NULL)
        log->store.close(log->store.ctx, clean);
    signer_close(log->signer);
    page_clock_close(log->page);
    openssl_crypto_close(&log->crypto);
    for (struct stamp_ticket *t; (t = log->spare) != NULL;) {
        log->spare = t->next;
        free(t);
    }
    free(log);
}

enum tai_err stamp_log_open(struct event_base *base, const struct stamp_log_options *options,
                            struct stamp_log **ret_log, struct tai_error *error)
{
    struct stamp_log *log = calloc(1, sizeof *log);
    if (log == NULL)
        return error_set(error, TAI_ERR_MEMORY, "out of memory");
    log->options = *options;
    if (log->options.files == NULL)
        log->options.files = &file_posix;
    log->wake_fd = -1;
    ticket_list_init(&log->gathered);
    ticket_list_init(&log->refused);
    enum tai_err err = open_all(log, base, error);
    if (err != TAI_OK) {
        close_all(log, false);
        return err;
    }
    snprintf(log->stats.origin, sizeof log->stats.origin, "%s", signer_origin(log->signer));
    *ret_log = log;
    return TAI_OK;
}

void stamp_log_close(struct stamp_log *log)
{
    if (log == NULL)
        return;
    static const char stopping[] = "the server is shutting down";
    struct ticket_list left;
    struct tai_error reason;
    committer_stop(log->committer, &left);
    settle_all(log);
    bool failed = committer_failed(log->committer, &reason);
    enum stamp_outcome outcome = failed ? STAMP_STORE_FAILED : STAMP_STOPPING;
    refuse_all(log, &left, outcome, failed ? failed_text : stopping);
    refuse_all(log, &log->refused, STAMP_OVERLOADED, overloaded_text);
    refuse_all(log, &log->gathered, outcome, failed ? failed_text : stopping);
    close_all(log, !failed);
}
