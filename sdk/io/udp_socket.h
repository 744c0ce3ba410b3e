/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of udp.h share: opening in udp.c, the send path in udp_send.c, the receive path in udp_receive.c, the
 * kernel's filter in udp_filter.c, addresses in udp_address.c. */
#ifndef SDK_IO_UDP_SOCKET_H
#define SDK_IO_UDP_SOCKET_H

#include <netinet/in.h>
#include <sys/socket.h>

#include "sdk/io/udp.h"

/* Room for every control message that one recvmsg may bring: three time stamps (64 bytes with header), own address (40),
 * drop counter (24), error with its sender (64); twice that. */
enum { UDP_CONTROL_BYTES = 384 };

/* Aligned as control messages want it. */
struct udp_control {
    _Alignas(struct cmsghdr) uint8_t bytes[UDP_CONTROL_BYTES];
};

/* What the error queue had. */
enum udp_queued {
    UDP_QUEUED_STAMP, /* of an awaited send */
    UDP_QUEUED_OTHER, /* something else, counted */
    UDP_QUEUED_NOTHING
};
/* Takes one message out of the error queue. */
enum udp_queued udp_queue_take(struct udp *udp, struct udp_socket *s, struct udp_stamp *ret_stamp);

/* Finds, and forgets, the send that a stamp belongs to: by its number where the kernel returned no bytes, else
 * by the end of `frame`. False: there is none. */
bool udp_pending_take(struct udp *udp, struct udp_socket *s, struct bytes frame, uint32_t number,
                      int64_t realtime_ns, struct udp_stamp *ret_stamp);

/* Asks the kernel for stamps, in the best way it knows; also starts its numbering at 0. */
void udp_stamping_start(struct udp_socket *s);

/* Attaches the filter. False where the kernel has none. */
bool udp_filter_attach(int fd, const struct udp_filter *filter);

/* Conversions. The length is 0 for an address without family. */
socklen_t udp_address_to_sockaddr(const struct udp_address *a, struct sockaddr_storage *ret_sa);
void udp_address_from_sockaddr(const struct sockaddr_storage *sa, struct udp_address *ret_address);

#endif
