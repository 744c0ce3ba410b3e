/* SPDX-License-Identifier: Apache-2.0 */
/* Numeric addresses with a port, as settings write them: "192.0.2.1:4470", "[2001:db8::1]:4470".
 *
 * Names are not taken. The clock has to start without DNS, an answer of DNS is not authenticated and may differ from
 * machine to machine, and DNSSEC needs the very time that is being asked for. An IPv6 address stands in brackets, for
 * without them its last group could be the port. Link-local addresses with a zone are not taken either: the zone is the
 * name of an interface, and means nothing on another machine.
 *
 * Any thread; nothing is allocated. */
#ifndef SDK_IO_ADDRESS_H
#define SDK_IO_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>

enum { ADDRESS_TEXT_MAX = 54 /* "[", 45 characters, "]:65535" and a NUL */ };

/* Compared as bytes: what is not used is zero. */
struct address {
    uint8_t family; /* 4 or 6 */
    uint8_t bytes[16];
    uint16_t port;
};

/* Reads an address; without a port it gets `port_default`, but a port_default of 0 makes the port obligatory. False,
 * *ret_address untouched: something else. Port 0 is taken: what it means is for the caller. */
bool address_parse(const char *text, uint16_t port_default, struct address *ret_address);
/* Always with its port. */
void address_print(const struct address *address, char ret_text[ADDRESS_TEXT_MAX]);
bool address_equal(const struct address *a, const struct address *b);
/* 127.0.0.0/8 or ::1: only this machine can reach it. */
bool address_is_loopback(const struct address *address);
/* 0.0.0.0 or ::, multicast, 255.255.255.255, or an IPv4 address in the clothes of IPv6: no machine can be reached at
 * it, or not as what it is. */
bool address_is_no_host(const struct address *address);

#endif
