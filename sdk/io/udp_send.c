/* SPDX-License-Identifier: Apache-2.0 */
/* The way out: a datagram, and the stamp that the kernel gave it. */
#include <errno.h>
#include <linux/net_tstamp.h>
#include <string.h>
#include <time.h>

#include "sdk/io/udp_socket.h"
#include "sdk/time/arith.h"

/* Entries of the error queue looked at right after a send: its own stamp is behind those of earlier sends. */
enum { LOOKS_MAX = 8 };

static int64_t realtime_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * NS_PER_S + t.tv_nsec;
}

static size_t tail_len(size_t len)
{
    return len < UDP_TAIL_BYTES ? len : UDP_TAIL_BYTES;
}

static void forget(struct udp_socket *s, struct udp_pending *p)
{
    p->token = 0;
    s->pending_count--;
}

static void pending_add(struct udp *udp, struct udp_socket *s, struct bytes payload, uint64_t token,
                        int64_t before_ns)
{
    struct udp_pending *p = &s->pending[s->pending_next];
    s->pending_next = (s->pending_next + 1) % UDP_PENDING_MAX;
    if (p->token != 0) {
        udp->counts.stamps_lost++;
        forget(s, p);
    }
    size_t tail = tail_len(payload.len);
    *p = (struct udp_pending){
        .token = token, .before_ns = before_ns, .number = s->next_number++, .len = (uint16_t)payload.len};
    memcpy(p->tail, payload.data + payload.len - tail, tail);
    s->pending_count++;
}

static bool is_of(const struct udp_pending *p, struct bytes frame, uint32_t number)
{
    if (frame.len == 0)
        return p->number == number;
    size_t tail = tail_len(p->len);
    return frame.len >= p->len && memcmp(frame.data + frame.len - tail, p->tail, tail) == 0;
}

bool udp_pending_take(struct udp *udp, struct udp_socket *s, struct bytes frame, uint32_t number,
                      int64_t realtime_ns, struct udp_stamp *ret_stamp)
{
    /* The oldest first: of two sends with the same bytes that one was stamped first. */
    for (uint32_t i = 0; s->pending_count > 0 && i < UDP_PENDING_MAX; i++) {
        struct udp_pending *p = &s->pending[(s->pending_next + i) % UDP_PENDING_MAX];
        if (p->token == 0 || !is_of(p, frame, number) || realtime_ns < p->before_ns)
            continue;
        *ret_stamp = (struct udp_stamp){.token = p->token, .realtime_ns = realtime_ns};
        forget(s, p);
        udp->counts.stamps++;
        return true;
    }
    udp->counts.stamps_strange++;
    return false;
}

void udp_stamping_start(struct udp_socket *s)
{
    int best = SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_RX_SOFTWARE;
    int numbered = best | SOF_TIMESTAMPING_OPT_ID | SOF_TIMESTAMPING_OPT_TSONLY;
    int on = 1;
    s->next_number = 0;
    /* Switched off and on, the option begins at 0 again. */
    bool stamps = setsockopt(s->fd, SOL_SOCKET, SO_TIMESTAMPING, &best, sizeof best) == 0;
    s->numbered = stamps && setsockopt(s->fd, SOL_SOCKET, SO_TIMESTAMPING, &numbered, sizeof numbered) == 0;
    s->stamps_sent = stamps;
    s->stamps_received = stamps || setsockopt(s->fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on) == 0;
}

/* After a send that failed nobody knows whether it used up a number. */
static void restart_numbers(struct udp *udp, struct udp_socket *s)
{
    for (uint32_t i = 0; i < UDP_PENDING_MAX; i++)
        if (s->pending[i].token != 0) {
            udp->counts.stamps_lost++;
            forget(s, &s->pending[i]);
        }
    udp_stamping_start(s);
}

static void add_control(struct msghdr *msg, struct udp_control *control, int level, int type,
                        const void *data, size_t len)
{
    struct cmsghdr *header = (struct cmsghdr *)(void *)(control->bytes + msg->msg_controllen);
    memset(header, 0, CMSG_SPACE(len)); /* what pads it out too: the kernel is given all of it */
    *header = (struct cmsghdr){.cmsg_level = level, .cmsg_type = type, .cmsg_len = CMSG_LEN(len)};
    memcpy(CMSG_DATA(header), data, len);
    msg->msg_control = control->bytes;
    msg->msg_controllen += CMSG_SPACE(len);
}

static void add_source(struct msghdr *msg, struct udp_control *control, const struct udp_address *from)
{
    if (from->family == 4) {
        struct in_pktinfo info = {.ipi_ifindex = 0};
        memcpy(&info.ipi_spec_dst, from->bytes, sizeof info.ipi_spec_dst);
        add_control(msg, control, IPPROTO_IP, IP_PKTINFO, &info, sizeof info);
    } else {
        struct in6_pktinfo info = {.ipi6_ifindex = from->scope};
        memcpy(&info.ipi6_addr, from->bytes, sizeof info.ipi6_addr);
        add_control(msg, control, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof info);
    }
}

static enum udp_sent name_of(int e)
{
    switch (e) {
    case EMSGSIZE:
        return UDP_TOO_LONG;
    case EAGAIN:
    case ENOBUFS:
    case ENOMEM:
        return UDP_FULL;
    case EPERM:
    case EACCES:
        return UDP_FORBIDDEN;
    case ENETUNREACH:
    case EHOSTUNREACH:
    case ENETDOWN:
    case EHOSTDOWN:
    case ECONNREFUSED:
    case EADDRNOTAVAIL:
    case ENODEV:
    case ENOPROTOOPT:
    case EPROTO:
    case ENONET:
        return UDP_UNREACHABLE;
    default:
        return UDP_SEND_OTHER;
    }
}

static enum udp_sent transmit(struct udp *udp, struct udp_socket *s, const struct msghdr *msg, bool stamped)
{
    enum udp_sent result = UDP_SENT;
    /* The first failure may be an ICMP error about somebody else, which is over with being told. */
    for (int i = 0; i < 2; i++) {
        if (sendmsg(s->fd, msg, 0) >= 0)
            return UDP_SENT;
        result = name_of(errno);
        if (stamped && s->numbered)
            restart_numbers(udp, s);
        if (result != UDP_UNREACHABLE)
            break;
    }
    return result;
}

static void look_for_stamp(struct udp *udp, struct udp_socket *s, uint64_t token, struct udp_stamp *ret_stamp)
{
    for (int i = 0; i < LOOKS_MAX; i++) {
        struct udp_stamp stamp;
        enum udp_queued queued = udp_queue_take(udp, s, &stamp);
        if (queued == UDP_QUEUED_NOTHING)
            return;
        if (queued == UDP_QUEUED_STAMP && stamp.token == token) {
            *ret_stamp = stamp;
            return;
        }
    }
}

static struct udp_socket *socket_for(struct udp *udp, const struct udp_address *to,
                                     const struct udp_address *from)
{
    if ((to->family != 4 && to->family != 6) || (from != NULL && from->family != to->family))
        return NULL;
    struct udp_socket *s = &udp->sockets[to->family == 4 ? UDP_V4 : UDP_V6];
    return s->fd >= 0 ? s : NULL;
}

static enum udp_sent send_by(struct udp *udp, struct udp_socket *s, const struct udp_address *to,
                             const struct udp_address *from, struct bytes payload, uint64_t token)
{
    struct sockaddr_storage sa;
    struct udp_control control;
    struct iovec iov = {.iov_len = payload.len};
    memcpy(&iov.iov_base, &payload.data, sizeof iov.iov_base); /* sendmsg only reads it */
    struct msghdr msg = {
        .msg_name = &sa, .msg_namelen = udp_address_to_sockaddr(to, &sa), .msg_iov = &iov, .msg_iovlen = 1};
    bool stamped = token != 0 && s->stamps_sent;
    uint32_t what = SOF_TIMESTAMPING_TX_SOFTWARE;
    if (stamped)
        add_control(&msg, &control, SOL_SOCKET, SO_TIMESTAMPING, &what, sizeof what);
    if (from != NULL)
        add_source(&msg, &control, from);
    int64_t before = stamped ? realtime_ns() : 0;
    enum udp_sent result = transmit(udp, s, &msg, stamped);
    if (result == UDP_SENT && stamped)
        pending_add(udp, s, payload, token, before);
    return result;
}

enum udp_sent udp_send(struct udp *udp, const struct udp_address *to, const struct udp_address *from,
                       struct bytes payload, uint64_t token, struct udp_stamp *ret_stamp)
{
    *ret_stamp = (struct udp_stamp){.token = 0};
    if (from != NULL && from->family == 0)
        from = NULL;
    struct udp_socket *s = socket_for(udp, to, from);
    enum udp_sent result = s == NULL                     ? UDP_NO_FAMILY
                           : payload.len > UDP_BYTES_MAX ? UDP_TOO_LONG
                                                         : send_by(udp, s, to, from, payload, token);
    udp->counts.sent[result]++;
    if (result == UDP_SENT && token != 0 && s->stamps_sent)
        look_for_stamp(udp, s, token, ret_stamp);
    return result;
}

const char *udp_sent_text(enum udp_sent sent)
{
    static const char *const texts[] = {
        [UDP_SENT] = "sent",
        [UDP_NO_FAMILY] = "no socket of that address family",
        [UDP_TOO_LONG] = "too long",
        [UDP_FULL] = "no room in a queue",
        [UDP_FORBIDDEN] = "forbidden, by a firewall perhaps",
        [UDP_UNREACHABLE] = "unreachable",
        [UDP_SEND_OTHER] = "failed",
    };
    size_t i = (size_t)sent;
    return i < sizeof texts / sizeof *texts ? texts[i] : "other";
}
