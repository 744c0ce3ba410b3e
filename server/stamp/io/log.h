/* SPDX-License-Identifier: Apache-2.0 */
/* The log as its users see it: hand in a subject, get a receipt when it is durable and signed; read what is
 * there.
 *
 * Inside, requests gather while the previous commit runs and is told; a committer thread makes one transaction
 * of the gathered ones, advances the head slot, signs, and the loop's thread answers. This header is the
 * border between the HTTP side (server/stamp/io/http*) and the log side (issuer, sequencer, store, commit,
 * tiles).
 *
 * All functions and callbacks run on the event loop's thread. */
#ifndef SERVER_STAMP_IO_LOG_H
#define SERVER_STAMP_IO_LOG_H

#include "sdk/base/bytes.h"
#include "taistamp/clock.h"
#include "taistamp/hash.h"
#include "taistamp/proof.h"

struct event_base;
struct file_ops;
struct stamp_log;

/* Where the issuer's readings come from: in the server the clock page, in tests a script. `read` is called
 * from the committer's thread and from the loop's. */
struct stamp_clock {
    void *ctx;
    enum tai_err (*read)(void *ctx, struct taistamp_reading *ret_reading);
};

struct stamp_log_options {
    const char *data_dir;  /* log.db and tile/ lie there */
    const char *key_dir;   /* the log key and its head slot */
    const char *page_path; /* the clock page; it need not be there yet */
    int64_t max_error_ns;  /* no stamp when a half-width would be above this */
    size_t pending_max;    /* requests waiting for a commit; more are refused as overloaded */
    /* Called once, from the loop, after a commit failed and everything pending was answered
     * STAMP_STORE_FAILED: the process must end and start anew, for only a start verifies what is on the disk.
     * May be NULL. */
    void (*failed)(void *user, const char *reason);
    void *failed_user;
    /* NULL in the server; tests put a failing disk and a scripted clock beneath the log. */
    const char *sqlite_vfs;
    const struct file_ops *files;
    const struct stamp_clock *clock;
};

/* Opens, verifies everything against the head slot (recomputes the root), finishes what a crash left. The
 * key's origin is the log's. TAI_ERR_CORRUPT and TAI_ERR_CONFLICT refuse to run, with the reason and what to
 * do in `error`. */
TAISTAMP_MUST_CHECK enum tai_err stamp_log_open(struct event_base *base,
                                                const struct stamp_log_options *options,
                                                struct stamp_log **ret_log, struct tai_error *error);
/* Waits for the commit under way, answers what is pending with STAMP_STOPPING, closes. */
void stamp_log_close(struct stamp_log *log);

enum stamp_outcome {
    STAMP_OK = 0,
    STAMP_NO_BOUND,         /* the clock has no bound (relative, unknown, disrupted, expired): no stamp */
    STAMP_TOO_UNCERTAIN,    /* the half-width is above max_error_ns */
    STAMP_CLOCK_BEHIND_LOG, /* the log's last TAI is not before the clock's latest */
    STAMP_OVERLOADED,       /* pending_max reached */
    STAMP_STOPPING,         /* the server is shutting down */
    STAMP_STORE_FAILED /* the commit failed; the log is going down and will verify itself at the next start */
};

struct stamp_answer {
    enum stamp_outcome outcome;
    uint64_t index;       /* STAMP_OK: of the entry */
    struct bytes receipt; /* STAMP_OK: the C2SP tlog-proof text, valid during the callback only */
    enum taistamp_status clock_status; /* STAMP_NO_BOUND: why */
    char detail[200];                  /* one sentence for a person; "" on STAMP_OK */
};

typedef void (*stamp_done_fn)(void *user, const struct stamp_answer *answer);

/* Hands in one subject. After TAI_OK `done` is called exactly once, later, from the loop (never from inside
 * this call), with any outcome, STAMP_OVERLOADED too; after an error (TAI_ERR_MEMORY, TAI_ERR_ARGUMENT)
 * never. The ticket lets a caller whose client has gone drop its interest before `done`: the entry may be
 * made all the same, nobody is told. */
typedef struct stamp_ticket *stamp_ticket_t;
TAISTAMP_MUST_CHECK enum tai_err stamp_log_submit(struct stamp_log *log, enum taistamp_kind kind,
                                                  const struct taistamp_digest *subject, stamp_done_fn done,
                                                  void *user, stamp_ticket_t *ret_ticket);
void stamp_log_forget(struct stamp_log *log, stamp_ticket_t ticket);

/* The receipt of entry `index` again: same entry, index, path and checkpoint as first served. Appends to the
 * caller's buffer through `put` in pieces, only once all is known to be right. TAI_ERR_NOT_FOUND: no such
 * entry yet; TAI_ERR_CORRUPT: what the disk holds does not lead to the signed checkpoint. May wait for the
 * commit under way. */
typedef void (*stamp_put_fn)(void *user, struct bytes piece);
TAISTAMP_MUST_CHECK enum tai_err stamp_log_receipt(struct stamp_log *log, uint64_t index, stamp_put_fn put,
                                                   void *user, struct tai_error *error);
/* The newest signed checkpoint. View valid until control returns to the loop. Empty log: size 0, signed as
 * well. */
struct bytes stamp_log_checkpoint(struct stamp_log *log);
/* A tile or entry bundle by the part of its path after "/tile/", as C2SP tlog-tiles writes it
 * ("0/x001/234.p/7", "entries/000"). TAI_ERR_NOT_FOUND: not (yet) there or not a canonical path.
 * *ret_immutable: cache it for ever. */
TAISTAMP_MUST_CHECK enum tai_err stamp_log_tile(struct stamp_log *log, struct bytes path, stamp_put_fn put,
                                                void *user, bool *ret_immutable);

struct stamp_log_stats {
    char origin[256];
    uint64_t size;            /* signed entries */
    tai_t last_tai;           /* of the newest entry; 0 in an empty log */
    uint64_t commits, stamps; /* since start */
    uint64_t refused_no_bound, refused_uncertain, refused_behind, refused_overloaded;
    size_t pending;
    int64_t last_commit_ns; /* duration of the newest commit */
    uint64_t last_batch;    /* its entries */
    bool failed;            /* a commit failed: going down */
};
/* Appends the log's verifier key, as policies write it. */
void stamp_log_vkey(const struct stamp_log *log, struct out *o);
void stamp_log_stats(const struct stamp_log *log, struct stamp_log_stats *ret_stats);
/* Reads the clock page as the issuer does. */
void stamp_log_clock(struct stamp_log *log, struct taistamp_reading *ret_reading);

#endif
