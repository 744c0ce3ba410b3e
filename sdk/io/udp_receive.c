/* SPDX-License-Identifier: Apache-2.0 */
/* The way in: datagrams, and what the error queue holds. */
#include <errno.h>
#include <string.h>
#include <time.h> /* before errqueue.h, which needs it */

#include <linux/errqueue.h>

#include "sdk/io/udp_socket.h"
#include "sdk/time/arith.h"

enum {
    FRAME_BYTES = 2048, /* a datagram with all its headers */
    ERRORS_MAX = 64     /* entries that are no stamps taken out at one call: nobody keeps us here for ever */
};

/* What came beside the bytes of one message. */
struct beside {
    bool has_stamp, has_error, has_drops;
    int64_t stamp_ns;
    uint32_t drops;
    struct sock_extended_err error;
    struct udp_address to;
};

static bool stamp_ns(const struct timespec *t, int64_t *ret_ns)
{
    return (t->tv_sec != 0 || t->tv_nsec != 0) && t->tv_nsec >= 0 && t->tv_nsec < NS_PER_S &&
           arith_join(t->tv_sec, t->tv_nsec, ret_ns);
}

static void read_socket_level(const struct cmsghdr *header, struct beside *b)
{
    struct timespec t; /* of three the first is the software's */
    if ((header->cmsg_type == SO_TIMESTAMPING || header->cmsg_type == SO_TIMESTAMPNS) &&
        header->cmsg_len >= CMSG_LEN(sizeof t)) {
        memcpy(&t, CMSG_DATA(header), sizeof t);
        b->has_stamp = stamp_ns(&t, &b->stamp_ns);
    } else if (header->cmsg_type == SO_RXQ_OVFL && header->cmsg_len >= CMSG_LEN(sizeof b->drops)) {
        memcpy(&b->drops, CMSG_DATA(header), sizeof b->drops);
        b->has_drops = true;
    }
}

static void read_ip_level(const struct cmsghdr *header, struct beside *b)
{
    bool six = header->cmsg_level == IPPROTO_IPV6;
    struct in_pktinfo info;
    struct in6_pktinfo info6;
    if (header->cmsg_type == (six ? IPV6_RECVERR : IP_RECVERR) &&
        header->cmsg_len >= CMSG_LEN(sizeof b->error)) {
        memcpy(&b->error, CMSG_DATA(header), sizeof b->error);
        b->has_error = true;
    } else if (!six && header->cmsg_type == IP_PKTINFO && header->cmsg_len >= CMSG_LEN(sizeof info)) {
        memcpy(&info, CMSG_DATA(header), sizeof info);
        b->to.family = 4;
        memcpy(b->to.bytes, &info.ipi_spec_dst, sizeof info.ipi_spec_dst);
    } else if (six && header->cmsg_type == IPV6_PKTINFO && header->cmsg_len >= CMSG_LEN(sizeof info6)) {
        memcpy(&info6, CMSG_DATA(header), sizeof info6);
        if (IN6_IS_ADDR_MULTICAST(&info6.ipi6_addr))
            return;
        b->to.family = 6;
        b->to.scope = IN6_IS_ADDR_LINKLOCAL(&info6.ipi6_addr) ? info6.ipi6_ifindex : 0;
        memcpy(b->to.bytes, &info6.ipi6_addr, sizeof info6.ipi6_addr);
    }
}

static void read_beside(struct msghdr *msg, struct beside *ret_beside)
{
    *ret_beside = (struct beside){.has_stamp = false};
    for (struct cmsghdr *h = CMSG_FIRSTHDR(msg); h != NULL; h = CMSG_NXTHDR(msg, h)) {
        if (h->cmsg_level == SOL_SOCKET)
            read_socket_level(h, ret_beside);
        else if (h->cmsg_level == IPPROTO_IP || h->cmsg_level == IPPROTO_IPV6)
            read_ip_level(h, ret_beside);
    }
}

/* One recvmsg into `buffer`. <0: errno says why. */
static ssize_t take(struct udp_socket *s, int flags, void *buffer, size_t cap, struct sockaddr_storage *peer,
                    int *ret_flags, struct beside *ret_beside)
{
    struct udp_control control;
    struct iovec iov = {.iov_base = buffer, .iov_len = cap};
    struct msghdr msg = {.msg_name = peer,
                         .msg_namelen = sizeof *peer,
                         .msg_iov = &iov,
                         .msg_iovlen = 1,
                         .msg_control = control.bytes,
                         .msg_controllen = sizeof control.bytes};
    *peer = (struct sockaddr_storage){.ss_family = AF_UNSPEC};
    ssize_t n = recvmsg(s->fd, &msg, flags | MSG_DONTWAIT);
    if (n < 0)
        return n;
    *ret_flags = msg.msg_flags;
    read_beside(&msg, ret_beside);
    return n;
}

enum udp_queued udp_queue_take(struct udp *udp, struct udp_socket *s, struct udp_stamp *ret_stamp)
{
    uint8_t frame[FRAME_BYTES];
    struct sockaddr_storage peer;
    struct beside b;
    int flags;
    if (s->simulated && s->pending_count == 0)
        return UDP_QUEUED_NOTHING;
    ssize_t n = take(s, MSG_ERRQUEUE, frame, sizeof frame, &peer, &flags, &b);
    if (n < 0)
        return UDP_QUEUED_NOTHING;
    if ((flags & MSG_ERRQUEUE) == 0) {
        udp->counts.misdelivered++;
        return UDP_QUEUED_OTHER;
    }
    if (b.has_error && b.error.ee_origin == SO_EE_ORIGIN_TIMESTAMPING) {
        bool of_send = b.error.ee_info == SCM_TSTAMP_SND && b.has_stamp && (flags & MSG_TRUNC) == 0;
        if (!of_send) {
            udp->counts.stamps_strange++;
            return UDP_QUEUED_OTHER;
        }
        bool known =
            udp_pending_take(udp, s, bytes_of(frame, (size_t)n), b.error.ee_data, b.stamp_ns, ret_stamp);
        return known ? UDP_QUEUED_STAMP : UDP_QUEUED_OTHER;
    }
    udp->counts.network_errors++;
    udp->counts.last_network_errno = b.has_error ? (int)b.error.ee_errno : 0;
    udp_address_from_sockaddr(&peer, &udp->counts.last_network_peer);
    return UDP_QUEUED_OTHER;
}

bool udp_poll_stamps(struct udp *udp, enum udp_family family, struct udp_stamp *ret_stamp)
{
    struct udp_socket *s = &udp->sockets[family];
    for (int i = 0; s->fd >= 0 && i < ERRORS_MAX; i++) {
        struct udp_stamp stamp;
        enum udp_queued queued = udp_queue_take(udp, s, &stamp);
        if (queued == UDP_QUEUED_NOTHING)
            return false;
        if (queued == UDP_QUEUED_STAMP) {
            *ret_stamp = stamp;
            udp->counts.stamps_late++;
            return true;
        }
    }
    return false;
}

enum udp_received udp_receive(struct udp *udp, enum udp_family family, struct udp_datagram *ret_datagram)
{
    struct udp_socket *s = &udp->sockets[family];
    struct sockaddr_storage peer;
    struct beside b;
    int flags;
    if (s->fd < 0)
        return UDP_EMPTY;
    /* Nothing but `bytes` is touched before it is known that there is a datagram. */
    ssize_t n = take(s, 0, ret_datagram->bytes, sizeof ret_datagram->bytes, &peer, &flags, &b);
    if (n < 0) {
        if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)
            return UDP_EMPTY;
        udp->counts.receive_errors++;
        return UDP_RECEIVE_ERROR;
    }
    if (b.has_drops) {
        udp->counts.kernel_drops += b.drops - s->drops;
        s->drops = b.drops;
    }
    if ((flags & MSG_TRUNC) != 0) {
        udp->counts.truncated++;
        return UDP_TRUNCATED;
    }
    udp_address_from_sockaddr(&peer, &ret_datagram->from);
    ret_datagram->to = b.to;
    ret_datagram->has_stamp = b.has_stamp;
    ret_datagram->stamp_realtime_ns = b.has_stamp ? b.stamp_ns : 0;
    ret_datagram->len = (uint16_t)n;
    udp->counts.received++;
    udp->counts.received_unstamped += !b.has_stamp;
    return UDP_RECEIVED;
}
