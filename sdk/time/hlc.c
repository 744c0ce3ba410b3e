/* SPDX-License-Identifier: Apache-2.0 */
#include "sdk/time/hlc.h"

#include "sdk/base/bug.h"

static int64_t within(int64_t ns)
{
    return ns < 0 ? 0 : ns > HLC_L_NS_MAX ? HLC_L_NS_MAX : ns;
}

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

int hlc_compare(struct hlc_stamp a, struct hlc_stamp b)
{
    if (a.l_ns != b.l_ns)
        return a.l_ns < b.l_ns ? -1 : 1;
    return a.c < b.c ? -1 : a.c > b.c;
}

void hlc_init(struct hlc *h, int64_t stored_ns)
{
    *h = (struct hlc){
        .now = {within(stored_ns), 0}, .reserved_ns = within(stored_ns), .believed_ns = within(stored_ns)};
}

bool hlc_ready(const struct hlc *h)
{
    return h->now.l_ns < h->reserved_ns;
}

bool hlc_reserve_wanted(const struct hlc *h, tai_t physical, int64_t *ret_reserve_ns)
{
    int64_t now = within(physical.ns);
    bool low = h->reserved_ns < within(now + HLC_RESERVE_LOW_NS) || !hlc_ready(h);
    int64_t wanted = later(within(now + HLC_RESERVE_NS), within(later(h->now.l_ns, h->owed_ns) + 1));
    if ((!low && h->owed_ns < h->reserved_ns) || wanted <= h->reserved_ns)
        return false;
    *ret_reserve_ns = wanted;
    return true;
}

/* Moves on to `to`, which is later than now, as far as the reserve allows. */
static void advance(struct hlc *h, struct hlc_stamp to)
{
    if (to.c >= HLC_COUNTER_MAX)
        to = (struct hlc_stamp){to.l_ns + 1, 0};
    if (to.l_ns < h->reserved_ns) {
        h->now = to;
        return;
    }
    /* Not past the reserve: the last instant below it, or one more there. */
    h->owed_ns = later(h->owed_ns, within(to.l_ns + 1));
    if (h->now.l_ns < h->reserved_ns - 1) {
        h->now = (struct hlc_stamp){h->reserved_ns - 1, 0};
    } else if (h->now.l_ns == h->reserved_ns - 1) {
        BUG_UNLESS(h->now.c < UINT32_MAX); /* three thousand million messages during one write */
        h->now.c++;
    }
}

void hlc_reserved(struct hlc *h, int64_t reserve_ns)
{
    h->reserved_ns = later(h->reserved_ns, within(reserve_ns));
    if (h->owed_ns > h->now.l_ns && h->owed_ns < h->reserved_ns)
        h->now = (struct hlc_stamp){h->owed_ns, 0};
    if (h->owed_ns < h->reserved_ns)
        h->owed_ns = 0;
}

struct hlc_stamp hlc_send(struct hlc *h, tai_t physical)
{
    BUG_UNLESS(hlc_ready(h));
    int64_t l = later(h->now.l_ns, within(physical.ns));
    h->believed_ns = later(h->believed_ns, within(physical.ns));
    advance(h, (struct hlc_stamp){l, l == h->now.l_ns ? h->now.c + 1 : 0});
    return h->now;
}

enum hlc_verdict hlc_receive(struct hlc *h, tai_t physical, int64_t ahead_ns, struct hlc_stamp m)
{
    BUG_UNLESS(m.l_ns >= 0 && m.l_ns <= HLC_L_NS_MAX && ahead_ns >= 0);
    int64_t now = within(physical.ns);
    if (now == 0) {
        advance(h, (struct hlc_stamp){h->now.l_ns, h->now.c + 1});
        return HLC_OK;
    }
    h->believed_ns = later(h->believed_ns, now);
    if (m.l_ns > h->believed_ns && m.l_ns - h->believed_ns > ahead_ns)
        return HLC_FUTURE;
    if (m.c >= HLC_COUNTER_MAX)
        m = (struct hlc_stamp){m.l_ns + 1, 0};
    struct hlc_stamp to = {later(later(h->now.l_ns, m.l_ns), now), 0};
    if (to.l_ns == h->now.l_ns)
        to.c = to.l_ns == m.l_ns && m.c > h->now.c ? m.c + 1 : h->now.c + 1;
    else if (to.l_ns == m.l_ns)
        to.c = m.c + 1;
    advance(h, to);
    return HLC_OK;
}
