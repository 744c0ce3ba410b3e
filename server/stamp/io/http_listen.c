/* SPDX-License-Identifier: Apache-2.0 */
#include "server/stamp/io/http_listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sdk/base/error.h"
#include "sdk/base/text.h"

/* Connections that the kernel finishes while we are at work (net.core.somaxconn caps it). */
enum { BACKLOG = 4096 };

static enum tai_err fail(struct tai_error *error, enum tai_err code, const char *what, const char *address)
{
    return error_set_detail(error, code, what, bytes_of_str(address));
}

static enum tai_err bind_error(struct tai_error *error, int errnum, const char *address)
{
    switch (errnum) {
    case EADDRINUSE:
        return fail(error, TAI_ERR_CONFLICT, "another program listens there already", address);
    case EACCES:
    case EPERM:
        return fail(error, TAI_ERR_PERMISSION, "no permission to listen", address);
    case EADDRNOTAVAIL:
    case EAFNOSUPPORT:
        return fail(error, TAI_ERR_NOT_FOUND, "this machine does not have the address", address);
    default:
        return fail(error, TAI_ERR_IO, "cannot listen", address);
    }
}

/* libevent's own reader refuses port 0. */
static bool parse_address(const char *address, struct sockaddr_storage *ret_sa, socklen_t *ret_len)
{
    char host[INET6_ADDRSTRLEN + 1];
    const char *colon = strrchr(address, ':');
    uint64_t port;
    if (colon == NULL || !text_read_u64(bytes_of_str(colon + 1), 65535, &port))
        return false;
    size_t n = (size_t)(colon - address);
    const bool v6 = n > 2 && address[0] == '[' && address[n - 1] == ']';
    if (v6) {
        address++;
        n -= 2;
    }
    if (n >= sizeof host)
        return false;
    memcpy(host, address, n);
    host[n] = '\0';
    struct sockaddr_in in4 = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
    if (inet_pton(v6 ? AF_INET6 : AF_INET, host, v6 ? (void *)&in6.sin6_addr : (void *)&in4.sin_addr) != 1)
        return false;
    *ret_len = v6 ? sizeof in6 : sizeof in4;
    memset(ret_sa, 0, sizeof *ret_sa);
    memcpy(ret_sa, v6 ? (const void *)&in6 : (const void *)&in4, *ret_len);
    return true;
}

static int listen_socket(const struct sockaddr *sa, socklen_t len)
{
    int fd = socket(sa->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    const int on = 1;
    /* Accepted sockets inherit TCP_NODELAY: an answer never waits for an acknowledgement. */
    bool ok = setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
              setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0;
    if (ok && sa->sa_family == AF_INET6)
        ok = setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) == 0;
    if (ok && bind(fd, sa, len) == 0 && listen(fd, BACKLOG) == 0)
        return fd;
    int saved = errno;
    close(fd);
    errno = saved;
    return -1;
}

static bool append_where(int fd, char where[HTTP_WHERE_MAX])
{
    struct sockaddr_storage sa = {0};
    socklen_t len = sizeof sa;
    char host[INET6_ADDRSTRLEN] = "";
    if (getsockname(fd, (struct sockaddr *)&sa, &len) != 0)
        return false;
    struct sockaddr_in in4;
    struct sockaddr_in6 in6;
    memcpy(&in4, &sa, sizeof in4);
    memcpy(&in6, &sa, sizeof in6);
    const bool v6 = sa.ss_family == AF_INET6;
    const void *from = v6 ? (const void *)&in6.sin6_addr : (const void *)&in4.sin_addr;
    if (inet_ntop(sa.ss_family, from, host, sizeof host) == NULL)
        return false;
    size_t used = strlen(where), room = HTTP_WHERE_MAX - used;
    int n = snprintf(where + used, room, v6 ? "%s[%s]:%u" : "%s%s:%u", used > 0 ? " " : "", host,
                     (unsigned)ntohs(v6 ? in6.sin6_port : in4.sin_port));
    return n > 0 && (size_t)n < room;
}

enum tai_err http_listen(struct event_base *base, const char *address, struct evconnlistener **ret_listener,
                         char where[HTTP_WHERE_MAX], struct tai_error *error)
{
    struct sockaddr_storage sa;
    socklen_t len = 0;
    if (!parse_address(address, &sa, &len))
        return fail(error, TAI_ERR_ARGUMENT, "not an address and port to listen on", address);
    int fd = listen_socket((const struct sockaddr *)&sa, len);
    if (fd < 0)
        return bind_error(error, errno, address);
    struct evconnlistener *l =
        evconnlistener_new(base, NULL, NULL, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, fd);
    if (l == NULL) {
        close(fd);
        return error_set(error, TAI_ERR_MEMORY, "out of memory");
    }
    if (!append_where(fd, where)) {
        evconnlistener_free(l);
        return fail(error, TAI_ERR_IO, "cannot tell where it listens", address);
    }
    *ret_listener = l;
    return TAI_OK;
}
