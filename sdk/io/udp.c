/* SPDX-License-Identifier: Apache-2.0 */
/* Opening and closing. */
#include "sdk/io/udp.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sdk/base/bug.h"
#include "sdk/base/error.h"
#include "sdk/io/address.h"
#include "sdk/io/udp_socket.h"

enum {
    QUEUE_BYTES =
        1 << 20, /* asked for; the system caps it. Some thousand datagrams wait while the loop is elsewhere */
    BURST = 32   /* datagrams at one wake-up: then timers have their turn */
};

static const uint8_t family_numbers[UDP_FAMILIES] = {[UDP_V4] = 4, [UDP_V6] = 6};

/* Options that help where they exist. */
static void ask(int fd, int level, int option, int value)
{
    if (setsockopt(fd, level, option, &value, sizeof value) != 0)
        return;
}

static void set_options(struct udp_socket *s, enum udp_family family, const struct udp_settings *settings)
{
    bool six = family == UDP_V6;
    int level = six ? IPPROTO_IPV6 : IPPROTO_IP;
    ask(s->fd, SOL_SOCKET, SO_RCVBUF, QUEUE_BYTES);
    ask(s->fd, SOL_SOCKET, SO_RXQ_OVFL, 1);
    ask(s->fd, level, six ? IPV6_RECVPKTINFO : IP_PKTINFO, 1);
    ask(s->fd, level, six ? IPV6_RECVERR : IP_RECVERR, 1);
    ask(s->fd, level, six ? IPV6_FREEBIND : IP_FREEBIND, 1);
    udp_stamping_start(s);
    int type;
    socklen_t len = sizeof type;
    s->simulated = getsockopt(s->fd, SOL_SOCKET, SO_TYPE, &type, &len) != 0;
    s->filtered = settings->has_filter && udp_filter_attach(s->fd, &settings->filter) && !s->simulated;
}

static bool bind_socket(int fd, enum udp_family family, const struct udp_settings *settings)
{
    struct udp_address at = settings->bind[family];
    struct sockaddr_storage sa;
    at.family = family_numbers[family];
    at.port = settings->port;
    return bind(fd, (const struct sockaddr *)&sa, udp_address_to_sockaddr(&at, &sa)) == 0;
}

static bool make_ready(struct udp_socket *s, enum udp_family family, const struct udp_settings *settings)
{
    int on = 1;
    if (fcntl(s->fd, F_SETFD, FD_CLOEXEC) < 0 || fcntl(s->fd, F_SETFL, O_NONBLOCK) < 0)
        return false;
    /* Without it the two sockets fight for the port. */
    if (family == UDP_V6 && setsockopt(s->fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) != 0)
        return false;
    set_options(s, family, settings);
    return bind_socket(s->fd, family, settings);
}

static enum tai_err open_family(const struct udp_settings *settings, enum udp_family family,
                                struct udp_socket *s, struct tai_error *error)
{
    s->fd = socket(family == UDP_V6 ? AF_INET6 : AF_INET, SOCK_DGRAM, 0);
    if (s->fd < 0) {
        if (settings->bind[family].family == 0)
            return TAI_OK; /* a system without that family */
        return error_set_detail(error, TAI_ERR_UNAVAILABLE, "no UDP socket can be made",
                                bytes_of_str(strerror(errno)));
    }
    if (make_ready(s, family, settings))
        return TAI_OK;
    int e = errno;
    close(s->fd);
    s->fd = -1;
    struct address at = {.family = family_numbers[family], .port = settings->port};
    if (settings->bind[family].family != 0)
        memcpy(at.bytes, settings->bind[family].bytes, sizeof at.bytes);
    char where[ADDRESS_TEXT_MAX], what[ADDRESS_TEXT_MAX + 96];
    address_print(&at, where);
    snprintf(what, sizeof what, "packets cannot be taken at %s over UDP%s", where,
             e == EADDRINUSE ? " (does another taid run here? listen: names addresses)" : "");
    enum tai_err code = e == EADDRINUSE             ? TAI_ERR_CONFLICT
                        : e == EACCES || e == EPERM ? TAI_ERR_PERMISSION
                                                    : TAI_ERR_UNAVAILABLE;
    return error_set_detail(error, code, what, bytes_of_str(strerror(e)));
}

enum tai_err udp_open(const struct udp_settings *settings, struct udp *ret_udp, struct tai_error *error)
{
    struct udp udp = {.sockets = {[UDP_V4] = {.fd = -1}, [UDP_V6] = {.fd = -1}}};
    bool any = false;
    for (enum udp_family f = UDP_V4; f < UDP_FAMILIES; f++) {
        BUG_UNLESS(settings->bind[f].family == 0 || settings->bind[f].family == family_numbers[f]);
        enum tai_err err = settings->without[f] ? TAI_OK : open_family(settings, f, &udp.sockets[f], error);
        if (err != TAI_OK) {
            udp_close(&udp);
            return err;
        }
        any |= udp.sockets[f].fd >= 0;
    }
    if (!any)
        return error_set(error, TAI_ERR_UNAVAILABLE, "this system has neither IPv4 nor IPv6 sockets");
    *ret_udp = udp;
    return TAI_OK;
}

void udp_close(struct udp *udp)
{
    for (enum udp_family f = UDP_V4; f < UDP_FAMILIES; f++) {
        if (udp->sockets[f].fd >= 0)
            close(udp->sockets[f].fd);
        udp->sockets[f].fd = -1;
    }
}

int udp_fd(const struct udp *udp, enum udp_family family)
{
    return udp->sockets[family].fd;
}

uint16_t udp_port(const struct udp *udp, enum udp_family family)
{
    struct sockaddr_storage sa = {.ss_family = AF_UNSPEC};
    struct udp_address at = {.port = 0};
    socklen_t len = sizeof sa;
    int fd = udp->sockets[family].fd;
    if (fd >= 0 && getsockname(fd, (struct sockaddr *)&sa, &len) == 0)
        udp_address_from_sockaddr(&sa, &at);
    return at.port;
}

bool udp_stamps(const struct udp *udp)
{
    for (enum udp_family f = UDP_V4; f < UDP_FAMILIES; f++)
        if (udp->sockets[f].fd >= 0 && !(udp->sockets[f].stamps_sent && udp->sockets[f].stamps_received))
            return false;
    return true;
}

uint32_t udp_burst(const struct udp *udp)
{
    for (enum udp_family f = UDP_V4; f < UDP_FAMILIES; f++)
        if (udp->sockets[f].fd >= 0 && udp->sockets[f].simulated)
            return 1;
    return BURST;
}
