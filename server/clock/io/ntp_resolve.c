/* SPDX-License-Identifier: Apache-2.0 */
#include "server/clock/io/ntp_resolve.h"

#include <stdlib.h>
#include <string.h>

#include "sdk/io/udp_socket.h"
#include "server/libevent.h"

struct ntp_resolve {
    struct evdns_base *dns;
    struct evdns_getaddrinfo_request *request;
    uint16_t port;
    bool done;
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

static void answered(int result, struct evutil_addrinfo *list, void *ctx)
{
    struct ntp_resolve *r = ctx;
    r->request = NULL;
    if (result == EVUTIL_EAI_CANCEL)
        return;
    if (result == 0)
        for (const struct evutil_addrinfo *ai = list; ai != NULL; ai = ai->ai_next)
            add(r, ai);
    if (list != NULL)
        evutil_freeaddrinfo(list);
    r->done = true;
}

struct ntp_resolve *ntp_resolve_start(struct event_base *base, const char *host, uint16_t port)
{
    struct ntp_resolve *r = calloc(1, sizeof *r);
    if (r == NULL)
        return NULL;
    r->port = port;
    r->dns = evdns_base_new(base, EVDNS_BASE_INITIALIZE_NAMESERVERS | EVDNS_BASE_DISABLE_WHEN_INACTIVE);
    if (r->dns == NULL) {
        free(r);
        return NULL;
    }
    struct evutil_addrinfo hints = {
        .ai_family = AF_UNSPEC, .ai_socktype = SOCK_DGRAM, .ai_protocol = IPPROTO_UDP};
    struct evdns_getaddrinfo_request *request = evdns_getaddrinfo(r->dns, host, NULL, &hints, answered, r);
    if (!r->done)
        r->request = request;
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
    if (resolve->request != NULL)
        evdns_getaddrinfo_cancel(resolve->request);
    evdns_base_free(resolve->dns, 1);
    free(resolve);
}
