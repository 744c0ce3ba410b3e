/* SPDX-License-Identifier: Apache-2.0 */
#include "server/clock/core/pulse.h"

#include "sdk/time/arith.h"

bool pulse_number(const struct tai_interval *known, int64_t delay_ns, tai_t *ret_tai)
{
    int64_t width, sent, ns;
    if (!arith_sub(known->latest.ns, known->earliest.ns, &width) || width < 0 || width / 2 > PULSE_KNOWN_NS)
        return false;
    if (!arith_sub(known->earliest.ns + width / 2, delay_ns, &sent) || !arith_add(sent, NS_PER_S / 2, &sent))
        return false;
    int64_t second = arith_div_floor(sent, NS_PER_S, &ns);
    int64_t tai;
    if (!arith_join(second, 0, &tai) || !arith_add(tai, delay_ns, &tai))
        return false;
    ret_tai->ns = tai;
    return true;
}
