/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fault/logrig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sdk/base/bug.h"
#include "sdk/io/openssl.h"
#include "sdk/proof/receipt.h"
#include "server/libevent.h"

struct call {
    struct rig *rig;
    size_t at;
};

static enum tai_err rig_clock(void *ctx, struct taistamp_reading *ret_reading)
{
    struct rig *rig = ctx;
    pthread_mutex_lock(&rig->clock_mutex);
    rig->reading.tai.earliest.ns += rig->advance_ns;
    rig->reading.tai.latest.ns += rig->advance_ns;
    *ret_reading = rig->reading;
    pthread_mutex_unlock(&rig->clock_mutex);
    return TAI_OK;
}

void rig_init(struct rig *rig, const char *data_dir, const char *key_dir)
{
    const int64_t now = INT64_C(1800000000) * 1000000000;
    *rig = (struct rig){.data_dir = data_dir,
                        .key_dir = key_dir,
                        .pending_max = 16384,
                        .max_error_ns = 1000000000,
                        .reading = {.tai = {{now - 1000000}, {now + 1000000}},
                                    .status = TAISTAMP_STATUS_SYNCHRONISED,
                                    .source = TAISTAMP_CLOCK_SYSTEM,
                                    .tai_utc_s = 37},
                        .advance_ns = 1000};
    rig->answers = calloc(RIG_ANSWERS, sizeof *rig->answers);
    BUG_UNLESS(rig->answers != NULL);
    rig->base = event_base_new();
    pthread_mutex_init(&rig->clock_mutex, NULL);
}

void rig_free(struct rig *rig)
{
    for (size_t i = 0; i < rig->submitted; i++)
        free(rig->answers[i].receipt);
    free(rig->answers);
    event_base_free(rig->base);
    pthread_mutex_destroy(&rig->clock_mutex);
}

static void on_failed(void *user, const char *reason)
{
    struct rig *rig = user;
    rig->failed = true;
    snprintf(rig->reason, sizeof rig->reason, "%s", reason);
}

enum tai_err rig_open(struct rig *rig, struct tai_error *error)
{
    struct stamp_clock clock = {.ctx = rig, .read = rig_clock};
    struct stamp_log_options o = {.data_dir = rig->data_dir,
                                  .key_dir = rig->key_dir,
                                  .max_error_ns = rig->max_error_ns,
                                  .pending_max = rig->pending_max,
                                  .failed = on_failed,
                                  .failed_user = rig,
                                  .sqlite_vfs = rig->vfs,
                                  .files = rig->files,
                                  .clock = &clock};
    rig->failed = false;
    return stamp_log_open(rig->base, &o, &rig->log, error);
}

void rig_close(struct rig *rig)
{
    stamp_log_close(rig->log);
    rig->log = NULL;
}

static void on_done(void *user, const struct stamp_answer *answer)
{
    struct call *call = user;
    struct rig *rig = call->rig;
    struct rig_answer *a = &rig->answers[call->at];
    a->times++;
    a->outcome = answer->outcome;
    a->index = answer->index;
    if (answer->outcome == STAMP_OK)
        a->receipt = strndup((const char *)answer->receipt.data, answer->receipt.len);
    rig->answered++;
    free(call);
}

void rig_submit(struct rig *rig, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        BUG_UNLESS(rig->submitted < RIG_ANSWERS);
        struct call *call = malloc(sizeof *call);
        BUG_UNLESS(call != NULL);
        *call = (struct call){rig, rig->submitted};
        struct taistamp_digest subject = {.algorithm = TAISTAMP_SHA256};
        be64_write(subject.bytes, rig->submitted);
        rig->answers[rig->submitted].subject = rig->submitted;
        rig->submitted++;
        stamp_ticket_t ticket;
        enum tai_err err = stamp_log_submit(rig->log, TAISTAMP_COMMITMENT, &subject, on_done, call, &ticket);
        BUG_UNLESS(err == TAI_OK);
    }
}

void rig_run(struct rig *rig)
{
    while (rig->answered < rig->submitted)
        event_base_loop(rig->base, EVLOOP_ONCE);
}

void rig_stamp(struct rig *rig, size_t n)
{
    rig_submit(rig, n);
    rig_run(rig);
}

struct buffer {
    char *data;
    size_t len;
};

static void on_put(void *user, struct bytes piece)
{
    struct buffer *b = user;
    b->data = realloc(b->data, b->len + piece.len + 1);
    BUG_UNLESS(b->data != NULL);
    memcpy(b->data + b->len, piece.data, piece.len);
    b->len += piece.len;
    b->data[b->len] = 0;
}

char *rig_receipt(struct rig *rig, uint64_t index, enum tai_err *ret_err)
{
    struct buffer b = {0};
    *ret_err = stamp_log_receipt(rig->log, index, on_put, &b, NULL);
    return b.data;
}

char *rig_tile(struct rig *rig, const char *path, size_t *ret_len, enum tai_err *ret_err)
{
    struct buffer b = {0};
    bool immutable = false;
    *ret_err = stamp_log_tile(rig->log, bytes_of_str(path), on_put, &b, &immutable);
    *ret_len = b.len;
    return b.data;
}

void rig_time(const char *receipt, int64_t *ret_t, int64_t *ret_h)
{
    static struct receipt r;
    enum tai_err err = receipt_parse(bytes_of_str(receipt), RECEIPT_BARE, &r, NULL);
    BUG_UNLESS(err == TAI_OK);
    *ret_t = r.entry.t.ns;
    *ret_h = r.entry.h.ns;
}
