/* SPDX-License-Identifier: Apache-2.0 */
/* The control socket: how taictl asks a running clock process what it knows, and the few things it may tell it.
 *
 * A Unix stream socket. One request is one line of JSON of at most CONTROL_REQUEST_MAX bytes, {"verb":"tracking"};
 * the answer is one line of JSON that begins {"v":1, or {"v":1,"error":"...". A connection may ask again and again
 * (taictl -w does). The answers' fields are documented in taictl(1) and change only under a new "v".
 *
 *     tracking sources cluster oscillator    anybody who may open the socket (mode 0666: nothing secret is shown)
 *     and what the owner adds               the same; a server has "references"
 *     makestep burst                         root, and the user that the process runs as (SO_PEERCRED)
 *
 * A client that sends no whole line within 10 s, or does not read its answer, is dropped; CONTROL_CLIENTS_MAX at a
 * time. Under a simulator, or where the socket cannot be made, the clock runs on without it. */
#ifndef CLIENT_IO_CONTROL_H
#define CLIENT_IO_CONTROL_H

#include "client/core/view.h"
#include "taistamp/base.h"

enum { CONTROL_REQUEST_MAX = 256, CONTROL_CLIENTS_MAX = 16, CONTROL_SOURCES_MAX = SYNC_NODES_MAX };

struct event_base;
struct json_t;
struct control;

/* What the socket may ask of the process that owns it; all are called from the loop's thread. */
struct control_owner {
    void *ctx;
    void (*tracking)(void *ctx, struct view_tracking *ret_view);
    size_t (*sources)(void *ctx, struct view_source *ret_views, size_t cap);
    void (*cluster)(void *ctx, struct view_cluster *ret_view);
    /* NULL: done; else why not, a sentence in static storage. */
    const char *(*command)(void *ctx, enum engine_command command);
    const char *(*name)(void *ctx, sync_node_t node); /* of the cluster file; NULL: none such */
    /* False, or NULL: none is modelled here. */
    bool (*oscillator)(void *ctx, struct view_oscillator *ret_view);
    /* A verb of the owner's own that only asks; NULL: it has no such. May be NULL. The answer is the caller's. */
    struct json_t *(*own)(void *ctx, const char *verb);
};

/* Listens on `path` (its folder must exist; a socket that a dead process left there is replaced). `owner` is copied.
 * *ret_control belongs to the caller. TAI_ERR_CONFLICT: another process answers there; _PERMISSION, _NOT_FOUND, _SPACE
 * (path too long for a socket), _IO. */
TAISTAMP_MUST_CHECK enum tai_err control_open(struct event_base *base, const char *path,
                                              const struct control_owner *owner, struct control **ret_control,
                                              struct tai_error *error);
/* Closes all connections and removes the socket. NULL is fine. */
void control_close(struct control *control);

/* The answer to one request line (without its LF), malloc'ed, with its LF; NULL without memory. `privileged`: the asker
 * may command. The socket-less half of the above, for tests and fuzzing. */
char *control_answer(const struct control_owner *owner, const char *request, size_t len, bool privileged);

#endif
