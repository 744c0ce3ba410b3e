/* SPDX-License-Identifier: Apache-2.0 */
/* The files of one run of `tai-stamp stamp`: from the command line and the queue to what is worth sending.
 *
 * Every item ends in exactly one state, and whatever is not stamped has said why. A receipt that is there already is
 * never overwritten: if it holds for the file as it is, the file is skipped; otherwise --force moves it aside. */
#ifndef TOOLS_TAI_STAMP_ITEMS_H
#define TOOLS_TAI_STAMP_ITEMS_H

#include "tools/tai-stamp/hashing.h"
#include "tools/tai-stamp/judge.h"
#include "tools/tai-stamp/options.h"
#include "tools/tai-stamp/outbox.h"

enum item_state {
    ITEM_PENDING, /* to be stamped */
    ITEM_SKIPPED, /* has a valid receipt */
    ITEM_LEFT,    /* queued before, its file is not here now: stays queued */
    ITEM_FAILED,
    ITEM_STAMPED,
    ITEM_QUEUED
};

struct item {
    enum item_state state;
    char *path;    /* as it was named; NULL: standard input or a bare digest */
    char *receipt; /* where it goes; NULL: only kept by digest; "-": standard output */
    char *label;   /* what it is called in messages, escaped */
    struct hashing_job job;
    bool from_queue;
    struct outbox_item
        queued; /* with from_queue: what the record says; path and receipt borrowed from the queue */
    bool aside; /* an old receipt has to be moved aside */
    int code;   /* exit code that a failure asks for */
    uint64_t counter;
};

struct items {
    struct item *list;
    size_t n;
    size_t walk_failed;
    struct outbox_queue queue;
    struct judge judge;
    enum taistamp_algorithm algorithm;
};

/* Collects arguments, lists and the queue, hashes, and looks at the receipts that exist. -1: go on; else the exit code,
 * and the reason was said. `only_queue`: nothing but the queue. */
int items_collect(const struct options *o, bool only_queue, struct items *ret_items);
void items_free(struct items *items);

/* Ends an item with a message on standard error (or as JSON), and an exit code. */
void items_fail(const struct options *o, struct item *item, int code, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* One line of JSON about an item; `info` may be NULL. */
void items_report_json(const struct item *item, const char *status, const char *message,
                       const struct taistamp_receipt_info *info, const taistamp_leaps *leaps);

#endif
