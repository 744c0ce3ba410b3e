/* SPDX-License-Identifier: Apache-2.0 */
/* libevent for the client's loop: the one place of client/ that includes its headers. Its core only, no HTTP. */
#ifndef CLIENT_IO_LIBEVENT_H
#define CLIENT_IO_LIBEVENT_H

#include <sys/queue.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>

#endif
