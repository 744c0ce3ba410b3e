/* SPDX-License-Identifier: Apache-2.0 */
/* UDP with the kernel's time stamps: one socket for each address family, datagrams in, datagrams out, and when
 * each passed the kernel.
 *
 * It decides which socket a datagram leaves by, which stamp belongs to which send, and what may be dropped inside
 * the kernel. It refuses to decide what a datagram means, when to send, and how a stamp (CLOCK_REALTIME) relates to the raw
 * timeline: the caller maps it.
 *
 * Model. `udp_send` with a token that is not 0 asks the kernel for a transmit stamp, and looks for it at once:
 * over Ethernet and loopback it is mostly there, because the driver took the datagram within the call. A later one
 * (a queue, a neighbour not yet resolved) comes out of `udp_poll_stamps`, or never does. `udp_receive` hands
 * over one datagram with its receive stamp. At each wake-up of a socket the loop does
 *
 *     up to udp_burst() times udp_receive, until UDP_EMPTY;   then udp_poll_stamps until it says false
 *
 * The second part is not optional: what lies in the error queue keeps the socket ready, and would wake the loop
 * for ever.
 *
 * Worked number: a poll handed to sendmsg at REALTIME 1000.000000 s is stamped by the kernel at 1000.000006, and its reply
 * at 1000.000212, though user space sees that only at 1000.000230: with user-space readings the round trip would be 230 us
 * instead of 206, and the bound 12 us wider.
 *
 * How stamps find their sends. The kernel numbers the sends that ask for a stamp (SOF_TIMESTAMPING_OPT_ID) and
 * returns number and stamp without the datagram (OPT_TSONLY). A send that fails may or may not have used up a number,
 * so after one the numbering is started afresh and stamps still on their way are given up. Where the datagram itself comes
 * back, with all its headers, its tail is compared with what was sent. No stamp is believed that is earlier than its send.
 *
 * What goes wrong on a network is a result with a name and a count, never an end: ICMP errors, a full queue, a
 * firewall, an interface that goes down, an address that disappears (sockets are bound to "any", or with IP_FREEBIND).
 * An ICMP error is reported by Linux at the next call on the socket, which may be a send to somebody else: that
 * send is tried again once.
 *
 * The filter (udp_filter) is a classic BPF program that the kernel runs before a datagram is queued: what is not
 * of our length, magic and cluster costs neither a wake-up nor a copy. It keeps strangers' floods away from honest
 * datagrams; it proves nothing, so the caller checks again. Measured on loopback on a busy machine,
 * against a stranger that aims at 200,000 a second: 180,000 refused a second, no wake-up, 0.05 % of a core for the receiver; without the
 * filter 85,000 taken in a second, 21,000 wake-ups, 18 %.
 *
 * Known of the kernel (6.18) and of clknetsim, the simulator in which the daemon runs unmodified:
 *   - Receive stamping is switched on a moment after it is asked for, for the whole machine: the first datagrams may have none.
 *   - clknetsim knows no SOCK_NONBLOCK, one address family at a time, no getsockopt, and takes any socket option without meaning it: a filter
 *     does nothing there. A socket that does not answer SO_TYPE is taken for one of its kind: then `udp_burst` is 1, for
 *     its server asserts that the next datagram belongs to the socket that is read, which with a second socket in
 *     the process is only so for the one it has announced.
 *   - Its error queue has room for one stamp, the newest send's; it holds the whole Ethernet frame, and the number in
 *     it is that of another counting. Read while empty it hands over the next ordinary datagram. So it is
 *     read right after the send and only while a stamp is awaited, and what comes without MSG_ERRQUEUE is dropped and
 *     counted.
 *   - Its stamps are readings of the clock at that wake-up: receive stamps are exact as long as the loop reads at once.
 *
 * Thread rule: a `struct udp` belongs to one thread. No allocation. Sources: Linux Documentation/networking/timestamping.rst,
 * ip(7), ipv6(7), udp(7), socket(7), RFC 8085. */
#ifndef SDK_IO_UDP_H
#define SDK_IO_UDP_H

#include "sdk/base/bytes.h"
#include "taistamp/base.h"

enum {
    UDP_BYTES_MAX =
        1232,            /* of payload: IPv6's least MTU without its headers, so nothing is ever fragmented */
    UDP_TAIL_BYTES = 64, /* of a datagram kept to recognise it */
    UDP_PENDING_MAX = 128, /* sends of one socket whose stamp is awaited; then the oldest is given up */
    UDP_MATCHES_MAX = 4,
    UDP_MATCH_BYTES = 8
};

enum udp_family { UDP_V4, UDP_V6, UDP_FAMILIES };

/* As struct address of sdk/io/address.h, which has the text form, and with a scope: a peer that is learnt from its
 * datagrams may be on this link only. Unused bytes are zero, so that addresses compare as bytes. */
struct udp_address {
    uint8_t family; /* 4, 6; 0: none */
    uint8_t bytes[16];
    uint16_t port;
    uint32_t scope; /* interface number of a link-local IPv6 address; else 0 */
};

/* Bytes that every datagram of ours has at one place. */
struct udp_match {
    uint16_t offset;
    uint8_t len; /* 1 to UDP_MATCH_BYTES */
    uint8_t bytes[UDP_MATCH_BYTES];
};

/* What the kernel lets through: payloads of len_min to len_max bytes in which every match holds. */
struct udp_filter {
    uint16_t len_min, len_max; /* every match lies within len_min; len_max <= UDP_BYTES_MAX */
    uint8_t count;
    struct udp_match matches[UDP_MATCHES_MAX];
};

struct udp_settings {
    uint16_t port;              /* 0: the kernel chooses one for each family */
    bool without[UDP_FAMILIES]; /* this family is not wanted */
    struct udp_address
        bind[UDP_FAMILIES]; /* family 0: every address of the machine; else this one (its port is not used) */
    bool has_filter;
    struct udp_filter filter;
};

/* A transmit stamp: CLOCK_REALTIME, in ns since 1970, at which the datagram with that token left. */
struct udp_stamp {
    uint64_t token; /* 0: none */
    int64_t realtime_ns;
};

struct udp_datagram {
    struct udp_address from;
    struct udp_address to; /* own address it was sent to, port 0; family 0 where that is not known */
    bool has_stamp;
    int64_t stamp_realtime_ns; /* CLOCK_REALTIME at which the kernel took it in */
    uint16_t len;
    uint8_t bytes[UDP_BYTES_MAX];
};

enum udp_sent {
    UDP_SENT = 0,
    UDP_NO_FAMILY,   /* no socket of that family here, or not an address */
    UDP_TOO_LONG,    /* longer than UDP_BYTES_MAX, or than the path takes (EMSGSIZE) */
    UDP_FULL,        /* no room in a queue: EAGAIN, ENOBUFS, ENOMEM */
    UDP_FORBIDDEN,   /* a firewall or the system's rules: EPERM, EACCES */
    UDP_UNREACHABLE, /* no route, interface down, address gone, host or port known not to answer */
    UDP_SEND_OTHER
};

enum udp_received {
    UDP_RECEIVED = 0,
    UDP_EMPTY,        /* nothing there now */
    UDP_TRUNCATED,    /* longer than UDP_BYTES_MAX: dropped; call again */
    UDP_RECEIVE_ERROR /* an ICMP error was reported, or the read failed; call again */
};

/* Totals since udp_open, of both families. */
struct udp_counts {
    uint64_t sent[UDP_SEND_OTHER + 1]; /* by enum udp_sent */
    uint64_t received, received_unstamped, truncated;
    uint64_t receive_errors;      /* recvmsg failed: mostly an ICMP error, which network_errors has as well */
    uint64_t network_errors;      /* ICMP and local errors out of the error queue */
    uint64_t stamps, stamps_late; /* transmit stamps; of these, not there right after the send */
    uint64_t stamps_lost;         /* given up: too many after it, or the numbering was started afresh */
    uint64_t stamps_strange;      /* of no send that is awaited, or earlier than its send */
    uint64_t kernel_drops;        /* received, but refused by the filter or for want of room */
    uint64_t misdelivered;        /* came out of the error queue without being of it */
    int last_network_errno;       /* of the newest of network_errors, and whom it was about */
    struct udp_address last_network_peer;
};

/* A send whose stamp is awaited. */
struct udp_pending {
    uint64_t token;    /* 0: free */
    int64_t before_ns; /* REALTIME before it was sent */
    uint32_t number;
    uint16_t len;
    uint8_t tail[UDP_TAIL_BYTES];
};

struct udp_socket {
    int fd; /* -1: none */
    bool stamps_sent, stamps_received, numbered, filtered, simulated;
    uint32_t next_number; /* of the kernel's counting */
    uint32_t drops;       /* the kernel's counter when last seen */
    uint32_t pending_count, pending_next;
    struct udp_pending pending[UDP_PENDING_MAX];
};

struct udp {
    struct udp_socket sockets[UDP_FAMILIES];
    struct udp_counts counts;
};

/* Opens a socket for each family that is wanted and that the system has; none at all is an error, and so is one that
 * cannot be bound. The sockets do not block and are closed on exec. On failure nothing stays open and *ret_udp is as it was. */
TAISTAMP_MUST_CHECK enum tai_err udp_open(const struct udp_settings *settings, struct udp *ret_udp,
                                          struct tai_error *error);
void udp_close(struct udp *udp);

/* To wait on (readable). -1 where there is none. */
int udp_fd(const struct udp *udp, enum udp_family family);
/* The port bound; 0 where it is not known. */
uint16_t udp_port(const struct udp *udp, enum udp_family family);
/* Whether the kernel gives stamps for sends and receives on every open socket. */
bool udp_stamps(const struct udp *udp);
/* How often udp_receive may be called at one wake-up. */
uint32_t udp_burst(const struct udp *udp);

/* Sends one datagram. `from`: own address to send from, as udp_datagram.to said, or NULL for the kernel's choice.
 * `token` 0: no stamp is wanted. *ret_stamp is always set: with the stamp where it is there already, else with token 0. */
TAISTAMP_MUST_CHECK enum udp_sent udp_send(struct udp *udp, const struct udp_address *to,
                                           const struct udp_address *from, struct bytes payload,
                                           uint64_t token, struct udp_stamp *ret_stamp);
/* The next late stamp; false when there is none now. Empties the error queue. */
TAISTAMP_MUST_CHECK bool udp_poll_stamps(struct udp *udp, enum udp_family family,
                                         struct udp_stamp *ret_stamp);
/* One datagram. *ret_datagram is written for UDP_RECEIVED only, and then of `bytes` only `len`. */
TAISTAMP_MUST_CHECK enum udp_received udp_receive(struct udp *udp, enum udp_family family,
                                                  struct udp_datagram *ret_datagram);

bool udp_address_equal(const struct udp_address *a, const struct udp_address *b);
/* A stable lower-case phrase. Static storage. */
const char *udp_sent_text(enum udp_sent sent);

#endif
