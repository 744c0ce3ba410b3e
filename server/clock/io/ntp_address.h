/* SPDX-License-Identifier: Apache-2.0 */
/* Where an NTP server is, as it is configured: "192.0.2.1", "192.0.2.1:11123", "[2001:db8::1]:123", "ntp.example.org",
 * "ntp.example.org:11123". Port 123 where none is given. Any thread. */
#ifndef SERVER_CLOCK_IO_NTP_ADDRESS_H
#define SERVER_CLOCK_IO_NTP_ADDRESS_H

#include "sdk/io/udp.h"

enum { NTP_HOST_MAX = 254 /* with its NUL */, NTP_PORT = 123 };

struct ntp_address {
    bool numeric;
    struct udp_address address; /* numeric: with its port */
    char host[NTP_HOST_MAX];    /* else: the name */
    uint16_t port;
};

/* False, *ret_address untouched: neither. */
bool ntp_address_parse(const char *text, struct ntp_address *ret_address);

#endif
