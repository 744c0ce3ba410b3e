/* SPDX-License-Identifier: Apache-2.0 */
/* The store driver: what the log needs of a database, and no more.
 *
 * A batch is one row (server/stamp/core/row.h): its entries, the index of the first, their number, the TAI of
 * the last, and a digest by which the log knows the row again. The signed checkpoint of a batch comes with
 * the next batch, in the same transaction, so that it costs no second commit; the newest one is made again at
 * the start (Ed25519 gives the same bytes). A driver decides nothing about their content.
 *
 * What a driver promises: append is all or nothing, durable when it returns TAI_OK, and refused when the log
 * has not the size the caller thinks. After any failure of append or tidy the driver refuses everything but
 * close: what is on the disk is known again after the next open, and that it is on the disk at all after renew:
 * after a crash or a failed fsync the system's memory may show what never got there. One process at a time has
 * the store open.
 *
 * Thread rule: renew before the first append. Append and tidy from one thread, read from another at the same time; read then waits. */
#ifndef SERVER_STAMP_IO_STORE_H
#define SERVER_STAMP_IO_STORE_H

#include "sdk/base/crypto.h"
#include "taistamp/time.h"

struct store_batch {
    uint64_t first;
    size_t count;
    tai_t last_tai;
    struct hash digest;
    struct bytes entries;
    struct bytes checkpoint; /* read: of the tree of first + count, empty when it is not stored (yet) */
};

/* Sees one batch; the views end with the call. Anything but TAI_OK ends the reading with that error. */
typedef enum tai_err (*store_visit_fn)(void *user, const struct store_batch *batch, struct tai_error *error);

struct store {
    void *ctx;
    /* Adds `batch` if the log's size is batch->first, and `checkpoint`, that of this size, where it is not
     * empty. TAI_ERR_CONFLICT: another size. */
    enum tai_err (*append)(void *ctx, const struct store_batch *batch, struct bytes checkpoint,
                           struct tai_error *error);
    /* Visits the batches that hold entries of [from, to), in order. */
    enum tai_err (*read)(void *ctx, uint64_t from, uint64_t to, store_visit_fn visit, void *user,
                         struct tai_error *error);
    /* Makes durable whatever read shows, by writing it once more. Call before anything is signed that was found and not
     * appended. */
    enum tai_err (*renew)(void *ctx, struct tai_error *error);
    /* Housekeeping between two appends; `idle`: nobody is waiting. */
    enum tai_err (*tidy)(void *ctx, bool idle, struct tai_error *error);
    /* `clean` false: writes nothing more, so that whoever looks into a refusal finds the files as they were.
     */
    void (*close)(void *ctx, bool clean);
};

/* SQLite in one file, which is made if it is not there and belongs to the log `origin`. `vfs` NULL: the
 * default one. TAI_ERR_CONFLICT: in use, or of another log; TAI_ERR_CORRUPT; TAI_ERR_UNSUPPORTED: made by a
 * newer version. */
TAISTAMP_MUST_CHECK enum tai_err store_sqlite_open(const char *path, const char *vfs, const char *origin,
                                                   struct store *ret_store, struct tai_error *error);

#endif
