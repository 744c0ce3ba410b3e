/* SPDX-License-Identifier: Apache-2.0 */
/* What an owner beside the engine may ask of the host: the clocks, where a stamp lies on the raw timeline, the leap table. */
#include <string.h>

#include "client/io/host_state.h"
#include "sdk/leaps.h"
#include "sdk/sync/line.h"
#include "sdk/time/page.h"

/* 1 ppm of the way to the nearest reading: more than the kernel's own rounding makes. */
enum { STRAY_OWN_DIVISOR = 1000 };

struct event_base *host_base(struct host *host)
{
    return host->base;
}

/* The one reading of a wake-up. */
void host_now(struct host *host, struct engine_now *ret_now)
{
    clocks_read(&host->clocks, ret_now);
    if (host->settings->opened == NULL)
        return;
    if (host->map_timeline.id != ret_now->timeline.id)
        rawmap_init(&host->map);
    host->map_timeline = ret_now->timeline;
    const struct rawmap_pair pair = {ret_now->raw.ns, ret_now->realtime_ns, ret_now->width_ns};
    (void)rawmap_add(&host->map, &pair); /* one too wide tells nothing */
}

void host_ordered(struct host *host, int64_t rate_ps_per_s)
{
    memmove(host->orders_ps + 1, host->orders_ps, sizeof host->orders_ps - sizeof host->orders_ps[0]);
    host->orders_ps[0] = rate_ps_per_s;
}

void host_see_system_clock(struct view_tracking *view)
{
    struct page_clocks now;
    struct steer_state kernel;
    page_clocks_read(true, &now);
    steer_state_read(&kernel);
    view->has_system = page_status_has_interval(view->line.status) && view->leap.expires.ns != 0;
    if (!view->has_system)
        return;
    view->system_ns = line_tai(&view->line, now.raw).ns - now.realtime_ns - view->leap.tai_utc_s * SECOND_NS;
    view->system_rate_ps_per_s = kernel.known ? kernel.rate_ps_per_s : 0;
}

/* What our own orders can have moved REALTIME by against the straight line between two readings: each takes effect within a
 * tick, at most 10 ms, of the reading that it followed from. */
static int64_t own_stray_ns(const struct host *h)
{
    int64_t most_ps = 0;
    for (size_t i = 1; i < ORDERS_KEPT; i++) {
        int64_t change = h->orders_ps[i - 1] - h->orders_ps[i];
        change = change < 0 ? -change : change;
        most_ps = change > most_ps ? change : most_ps;
    }
    return most_ps / 100000 + 1; /* ps/s for 10 ms, as ns */
}

bool host_locate(struct host *host, int64_t realtime_ns, tai_mono_t *ret_raw, int64_t *ret_width_ns)
{
    int64_t leap_ns = host->leap.next.ns == PAGE_NEVER
                          ? RAWMAP_NO_LEAP
                          : host->leap.next.ns - host->leap.next_tai_utc_s * SECOND_NS;
    struct rawmap_place place;
    if (rawmap_place(&host->map, realtime_ns, leap_ns, &place) != RAWMAP_OK)
        return false;
    ret_raw->ns = place.raw_ns;
    int64_t stray = place.stray_ns / STRAY_OWN_DIVISOR + own_stray_ns(host);
    if (host->steered_by_others || stray > place.stray_ns)
        stray = place.stray_ns;
    *ret_width_ns = place.width_ns + stray;
    return true;
}

void host_leap(const struct host *host, struct sync_leap *ret_leap)
{
    *ret_leap = host->leap;
}

const struct leap_table *host_leaps(const struct host *host)
{
    return leaps_table(host->leaps.leaps);
}
