/* SPDX-License-Identifier: Apache-2.0 */
#include "server/clock/io/ntp_address.h"

#include <string.h>

#include "sdk/base/text.h"
#include "sdk/io/address.h"

/* Letters, digits, '-' and '_' between dots; not digits and dots alone, which would be a broken number. */
static bool is_name(struct bytes name)
{
    bool letter = false;
    if (name.len == 0 || name.len >= NTP_HOST_MAX || name.data[0] == '.' || name.data[0] == '-')
        return false;
    for (size_t i = 0; i < name.len; i++) {
        uint8_t c = name.data[i];
        bool alpha = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        bool digit = c >= '0' && c <= '9';
        if (!alpha && !digit && c != '-' && c != '_' && c != '.')
            return false;
        if (c == '.' && i > 0 && name.data[i - 1] == '.')
            return false;
        letter = letter || alpha;
    }
    return letter;
}

bool ntp_address_parse(const char *text, struct ntp_address *ret_address)
{
    struct ntp_address a = {.port = NTP_PORT};
    struct address numeric;
    if (address_parse(text, NTP_PORT, &numeric)) {
        if (numeric.port == 0 || address_is_no_host(&numeric))
            return false;
        a.numeric = true;
        a.port = numeric.port;
        a.address = (struct udp_address){.family = numeric.family, .port = numeric.port};
        memcpy(a.address.bytes, numeric.bytes, sizeof a.address.bytes);
        *ret_address = a;
        return true;
    }
    struct bytes all = bytes_of_str(text), name = all, port;
    if (bytes_split(all, ':', &name, &port)) {
        uint64_t v;
        if (!text_read_u64(port, UINT16_MAX, &v) || v == 0)
            return false;
        a.port = (uint16_t)v;
    }
    if (!is_name(name))
        return false;
    memcpy(a.host, name.data, name.len);
    *ret_address = a;
    return true;
}
