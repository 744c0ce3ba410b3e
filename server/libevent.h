/* SPDX-License-Identifier: Apache-2.0 */
/* libevent for the server: the one place that includes its headers. */
#ifndef SERVER_LIBEVENT_H
#define SERVER_LIBEVENT_H

#include <sys/queue.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/dns.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <event2/listener.h>
#include <event2/util.h>

#endif
