/* SPDX-License-Identifier: Apache-2.0 */
#include "server/clock/io/ntp_resolve.h"

#include <stdlib.h>
#include <string.h>

#include "sdk/io/udp_socket.h"
#include "server/libevent.h"

struct ntp_resolve {
    struct event_base *base;
    struct evdns_base *dns;
    uint16_t port;
    bool done, forsaken; /* nobody waits for it any more */
    size_t count;
    struct udp_address addresses[NTP_RESOLVE_MAX];
};

static void add(struct ntp_resolve *r, const struct evutil_addrinfo *ai)
{
    struct sockaddr_storage sa = {.ss_family = AF_UNSPEC};
    struct udp_address address;
    if (r->count == NTP_RESOLVE_MAX || ai->ai_addrlen > sizeof sa)
        return;
    memcpy(&sa, ai->ai_addr, ai->ai_addrlen);
    udp_address_from_sockaddr(&sa, &address);
    if (address.family == 0)
        return;
    address.port = r->port;
    for (size_t i = 0; i < r->count; i++)
        if (udp_address_equal(&r->addresses[i], &address))
            return;
    r->addresses[r->count++] = address;
}

static void release(struct ntp_resolve *r)
{
    evdns_base_free(r->dns, 0);
    free(r);
}

static void release_later(evutil_socket_t fd, short what, void *ctx)
{
    (void)fd;
    (void)what;
    release(ctx);
}

static void answered(int result, struct evutil_addrinfo *list, void *ctx)
{
    struct ntp_resolve *r = ctx;
    static const struct timeval at_once = {0, 0};
    if (result == 0)
        for (const struct evutil_addrinfo *ai = list; ai != NULL; ai = ai->ai_next)
            add(r, ai);
    if (list != NULL)
        evutil_freeaddrinfo(list);
    r->done = true;
    /* The resolver is not freed beneath its own call. */
    if (r->forsaken)
        (void)event_base_once(r->base, -1, EV_TIMEOUT, release_later, r, &at_once);
}

struct ntp_resolve *ntp_resolve_start(struct event_base *base, const char *host, uint16_t port)
{
    struct ntp_resolve *r = calloc(1, sizeof *r);
    if (r == NULL)
        return NULL;
    r->base = base;
    r->port = port;
    r->dns = evdns_base_new(base, EVDNS_BASE_INITIALIZE_NAMESERVERS | EVDNS_BASE_DISABLE_WHEN_INACTIVE);
    if (r->dns == NULL) {
        free(r);
        return NULL;
    }
    struct evutil_addrinfo hints = {
        .ai_family = AF_UNSPEC, .ai_socktype = SOCK_DGRAM, .ai_protocol = IPPROTO_UDP};
    /* The answer may come at once; it comes in any case, after the time that libevent allows at the latest. */
    (void)evdns_getaddrinfo(r->dns, host, NULL, &hints, answered, r);
    return r;
}

bool ntp_resolve_done(const struct ntp_resolve *resolve, struct udp_address ret_addresses[NTP_RESOLVE_MAX],
                      size_t *ret_count)
{
    if (!resolve->done)
        return false;
    memcpy(ret_addresses, resolve->addresses, sizeof resolve->addresses);
    *ret_count = resolve->count;
    return true;
}

void ntp_resolve_free(struct ntp_resolve *resolve)
{
    if (resolve == NULL)
        return;
    /* One that is under way has callbacks to come, which cancelling only hurries: it is freed by the last of them, or with the process. */
    if (resolve->done)
        release(resolve);
    else
        resolve->forsaken = true;
}
