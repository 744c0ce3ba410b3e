/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "sdk/io/udp_socket.h"

socklen_t udp_address_to_sockaddr(const struct udp_address *a, struct sockaddr_storage *ret_sa)
{
    if (a->family == 4) {
        struct sockaddr_in sin = {.sin_family = AF_INET, .sin_port = htons(a->port)};
        memcpy(&sin.sin_addr, a->bytes, sizeof sin.sin_addr);
        memcpy(ret_sa, &sin, sizeof sin);
        return sizeof sin;
    }
    if (a->family == 6) {
        struct sockaddr_in6 sin6 = {
            .sin6_family = AF_INET6, .sin6_port = htons(a->port), .sin6_scope_id = a->scope};
        memcpy(&sin6.sin6_addr, a->bytes, sizeof sin6.sin6_addr);
        memcpy(ret_sa, &sin6, sizeof sin6);
        return sizeof sin6;
    }
    return 0;
}

void udp_address_from_sockaddr(const struct sockaddr_storage *sa, struct udp_address *ret_address)
{
    struct udp_address a = {.family = 0};
    if (sa->ss_family == AF_INET) {
        struct sockaddr_in sin;
        memcpy(&sin, sa, sizeof sin);
        a.family = 4;
        a.port = ntohs(sin.sin_port);
        memcpy(a.bytes, &sin.sin_addr, sizeof sin.sin_addr);
    } else if (sa->ss_family == AF_INET6) {
        struct sockaddr_in6 sin6;
        memcpy(&sin6, sa, sizeof sin6);
        a.family = 6;
        a.port = ntohs(sin6.sin6_port);
        a.scope = IN6_IS_ADDR_LINKLOCAL(&sin6.sin6_addr) ? sin6.sin6_scope_id : 0;
        memcpy(a.bytes, &sin6.sin6_addr, sizeof sin6.sin6_addr);
    }
    *ret_address = a;
}

bool udp_address_equal(const struct udp_address *a, const struct udp_address *b)
{
    return a->family == b->family && a->port == b->port && a->scope == b->scope &&
           memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}
