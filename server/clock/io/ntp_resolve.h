/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses of a server's name, asked of the system's name servers without waiting.
 *
 * libevent asks (/etc/resolv.conf and /etc/hosts, read afresh for every resolution; no other sources of nsswitch.conf, so no mDNS).
 * An answer of DNS is not authenticated: it chooses whom we ask, and what that server says is judged like any other's.
 *
 * One thread: the loop's. */
#ifndef SERVER_CLOCK_IO_NTP_RESOLVE_H
#define SERVER_CLOCK_IO_NTP_RESOLVE_H

#include "sdk/io/udp.h"

struct event_base;
struct ntp_resolve;

enum { NTP_RESOLVE_MAX = 8 };

/* Begins; NULL: no memory, or no way to ask now (try later). `host` is copied. The addresses get `port`. */
struct ntp_resolve *ntp_resolve_start(struct event_base *base, const char *host, uint16_t port);
/* Whether it has ended; then *ret_count addresses, none where the name could not be resolved. */
bool ntp_resolve_done(const struct ntp_resolve *resolve, struct udp_address ret_addresses[NTP_RESOLVE_MAX],
                      size_t *ret_count);
/* Gives up what is under way. The loop may go on or end. NULL is fine. */
void ntp_resolve_free(struct ntp_resolve *resolve);

#endif
