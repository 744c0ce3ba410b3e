/* SPDX-License-Identifier: Apache-2.0 */
/* Listening sockets from their text form. */
#ifndef SERVER_STAMP_IO_HTTP_LISTEN_H
#define SERVER_STAMP_IO_HTTP_LISTEN_H

#include "server/libevent.h"
#include "taistamp/base.h"

enum { HTTP_LISTEN_MAX = 8, HTTP_WHERE_MAX = 500 };

/* Binds "address:port" or "[address]:port" (numeric; port 0: any free one) and appends where it really listens to
 * `where`, after a space if something stands there. TAI_ERR_ARGUMENT, TAI_ERR_CONFLICT, TAI_ERR_PERMISSION,
 * TAI_ERR_NOT_FOUND (not an address of this machine), TAI_ERR_IO, TAI_ERR_MEMORY. */
TAISTAMP_MUST_CHECK enum tai_err http_listen(struct event_base *base, const char *address,
                                             struct evconnlistener **ret_listener, char where[HTTP_WHERE_MAX],
                                             struct tai_error *error);

#endif
