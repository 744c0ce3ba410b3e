/* SPDX-License-Identifier: Apache-2.0 */
#include "sdk/io/address.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "sdk/base/bug.h"
#include "sdk/base/text.h"

/* Where the host ends and the port begins; *ret_port stays NULL without one. */
static bool split(const char *text, bool *ret_v6, const char **ret_host, size_t *ret_len,
                  const char **ret_port)
{
    *ret_v6 = text[0] == '[';
    *ret_host = *ret_v6 ? text + 1 : text;
    const char *end = *ret_v6 ? strchr(text, ']') : text + strcspn(text, ":");
    if (end == NULL)
        return false;
    *ret_len = (size_t)(end - *ret_host);
    const char *rest = *ret_v6 ? end + 1 : end;
    *ret_port = rest[0] == ':' ? rest + 1 : NULL;
    return rest[0] == 0 || rest[0] == ':';
}

bool address_parse(const char *text, uint16_t port_default, struct address *ret_address)
{
    const char *host, *port;
    char copy[INET6_ADDRSTRLEN];
    size_t len;
    bool v6;
    uint64_t number = port_default;
    if (!split(text, &v6, &host, &len, &port) || len == 0 || len >= sizeof copy ||
        (port == NULL && port_default == 0) ||
        (port != NULL && !text_read_u64(bytes_of_str(port), UINT16_MAX, &number)))
        return false;
    memcpy(copy, host, len);
    copy[len] = 0;
    struct address a = {.family = v6 ? 6 : 4, .port = (uint16_t)number};
    if (inet_pton(v6 ? AF_INET6 : AF_INET, copy, a.bytes) != 1)
        return false;
    *ret_address = a;
    return true;
}

void address_print(const struct address *address, char ret_text[ADDRESS_TEXT_MAX])
{
    char host[INET6_ADDRSTRLEN];
    bool v6 = address->family == 6;
    BUG_UNLESS(inet_ntop(v6 ? AF_INET6 : AF_INET, address->bytes, host, sizeof host) != NULL);
    int n = snprintf(ret_text, ADDRESS_TEXT_MAX, v6 ? "[%s]:%u" : "%s:%u", host, address->port);
    BUG_UNLESS(n > 0 && n < ADDRESS_TEXT_MAX);
}

bool address_equal(const struct address *a, const struct address *b)
{
    return a->family == b->family && a->port == b->port && memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

static bool starts(const struct address *a, const char *text)
{
    uint8_t prefix[16];
    return inet_pton(AF_INET6, text, prefix) == 1 && memcmp(a->bytes, prefix, 12) == 0;
}

bool address_is_loopback(const struct address *address)
{
    static const uint8_t one[16] = {[15] = 1};
    return address->family == 6 ? memcmp(address->bytes, one, sizeof one) == 0 : address->bytes[0] == 127;
}

bool address_is_no_host(const struct address *address)
{
    static const uint8_t zero[16];
    if (address->family == 6)
        return memcmp(address->bytes, zero, sizeof zero) == 0 || address->bytes[0] == 0xFF ||
               starts(address, "::ffff:0:0");
    return address->bytes[0] == 0 || address->bytes[0] >= 224;
}
