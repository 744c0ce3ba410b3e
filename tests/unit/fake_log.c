/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/fake_log.h"

#include <stdlib.h>
#include <string.h>

#include "server/libevent.h"

struct fake_script fake_script;

struct stamp_ticket {
    struct stamp_ticket *next;
    stamp_done_fn done;
    void *user;
    bool forgotten;
};

struct stamp_log {
    struct stamp_log_options options;
    struct stamp_ticket *first, **last;
    struct event *commit;
    uint64_t size;
    size_t pending;
    bool failed;
    char *filler;
};

static const int64_t fake_now_ns = 1800000000000000000;

/* Answers one request; `outcome` overrides the script when it is not STAMP_OK. */
static void answer_first(struct stamp_log *log, enum stamp_outcome outcome)
{
    struct stamp_ticket *t = log->first;
    struct stamp_answer a = {.outcome = outcome != STAMP_OK ? outcome : fake_script.outcome};
    log->first = t->next;
    if (log->first == NULL)
        log->last = &log->first;
    log->pending--;
    if (a.outcome == STAMP_OK) {
        a.index = log->size++;
        a.receipt = bytes_of(log->filler, fake_script.receipt_len > 0 ? fake_script.receipt_len : 700);
    } else {
        memcpy(a.detail, "as the script says", 19);
    }
    if (!t->forgotten)
        t->done(t->user, &a);
    free(t);
}

static void on_commit(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    struct stamp_log *log = arg;
    log->failed = fake_script.fails;
    for (size_t n = log->pending; n > 0; n--)
        answer_first(log, log->failed ? STAMP_STORE_FAILED : STAMP_OK);
    if (log->failed && log->options.failed != NULL)
        log->options.failed(log->options.failed_user, "as the script says");
}

enum tai_err stamp_log_open(struct event_base *base, const struct stamp_log_options *options,
                            struct stamp_log **ret_log, struct tai_error *error)
{
    (void)error;
    struct stamp_log *log = calloc(1, sizeof *log);
    if (log == NULL)
        abort();
    size_t n =
        fake_script.receipt_len > fake_script.tile_len ? fake_script.receipt_len : fake_script.tile_len;
    log->options = *options;
    log->last = &log->first;
    log->commit = event_new(base, -1, 0, on_commit, log);
    log->filler = malloc(n + 1000);
    if (log->commit == NULL || log->filler == NULL)
        abort();
    memset(log->filler, 'r', n + 1000);
    *ret_log = log;
    return TAI_OK;
}

void stamp_log_close(struct stamp_log *log)
{
    while (log->first != NULL)
        answer_first(log, STAMP_STOPPING);
    event_free(log->commit);
    free(log->filler);
    free(log);
}

enum tai_err stamp_log_submit(struct stamp_log *log, enum taistamp_kind kind,
                              const struct taistamp_digest *subject, stamp_done_fn done, void *user,
                              stamp_ticket_t *ret_ticket)
{
    (void)kind;
    (void)subject;
    struct stamp_ticket *t = calloc(1, sizeof *t);
    if (t == NULL)
        abort();
    t->done = done;
    t->user = user;
    *log->last = t;
    log->last = &t->next;
    *ret_ticket = t;
    const struct timeval delay = {fake_script.commit_ms / 1000, fake_script.commit_ms % 1000 * 1000};
    if (log->pending++ == 0 && fake_script.commit_ms == 0)
        event_active(log->commit, EV_TIMEOUT, 0);
    else if (fake_script.commit_ms > 0 && !event_pending(log->commit, EV_TIMEOUT, NULL))
        event_add(log->commit, &delay);
    return TAI_OK;
}

void stamp_log_forget(struct stamp_log *log, stamp_ticket_t ticket)
{
    (void)log;
    ticket->forgotten = true;
}

enum tai_err stamp_log_receipt(struct stamp_log *log, uint64_t index, stamp_put_fn put, void *user,
                               struct tai_error *error)
{
    (void)error;
    if (index >= log->size)
        return TAI_ERR_NOT_FOUND;
    put(user, bytes_of(log->filler, 300));
    put(user, bytes_of(log->filler, 400));
    return TAI_OK;
}

struct bytes stamp_log_checkpoint(struct stamp_log *log)
{
    (void)log;
    return BYTES_LIT("a checkpoint\n");
}

enum tai_err stamp_log_tile(struct stamp_log *log, struct bytes path, stamp_put_fn put, void *user,
                            bool *ret_immutable)
{
    if (!bytes_equal_str(path, "0/000"))
        return TAI_ERR_NOT_FOUND;
    put(user, bytes_of(log->filler, fake_script.tile_len));
    *ret_immutable = true;
    return TAI_OK;
}

const char fake_vkey[] =
    "stamp.example/taistamp/00112233445566ff+1625639d+AZsfhHkc/HZjBFhU04netcqVRJ2HXydqg4QLBgqznPxx";

void stamp_log_vkey(const struct stamp_log *log, struct out *o)
{
    (void)log;
    out_str(o, fake_vkey);
}

void stamp_log_stats(const struct stamp_log *log, struct stamp_log_stats *ret_stats)
{
    *ret_stats = (struct stamp_log_stats){.origin = "example.org/taistamp/0123456789abcdef",
                                          .size = log->size,
                                          .stamps = log->size,
                                          .pending = log->pending,
                                          .failed = log->failed};
}

void stamp_log_clock(struct stamp_log *log, struct taistamp_reading *ret_reading)
{
    (void)log;
    const int64_t h = fake_script.half_width_ns > 0 ? fake_script.half_width_ns : 1000;
    *ret_reading = (struct taistamp_reading){.tai = {{fake_now_ns - h}, {fake_now_ns + h}},
                                             .status = fake_script.clock_status,
                                             .source = TAISTAMP_CLOCK_SYSTEM,
                                             .tai_utc_s = 37,
                                             .utc = TAISTAMP_UTC_OK};
}
