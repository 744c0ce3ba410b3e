/* SPDX-License-Identifier: Apache-2.0 */
#include "server/clock/core/gps.h"

#include <string.h>

#include "sdk/base/bug.h"
#include "sdk/sync/sort.h"
#include "sdk/time/arith.h"

enum { NEAR_LEAP_S = 2, MODE_2D = 2, PS_PER_NS = 1000 };
#define SERIAL_GAP_NS  INT64_C(500000000) /* between two serial samples at least */
#define PULSE_GAP_NS   INT64_C(200000000) /* between two pulses: less is one told twice */
#define HALF_SECOND_NS INT64_C(500000000)
#define EARLY_NS       INT64_C(50000000)   /* that serial time may come before its pulse: coarse stamps */
#define NUMBER_SPAN_S  5                   /* serial second and pulse: further apart is another era */
#define DELAY_MAX_NS   INT64_C(2000000000) /* of a serial delay that is one */
#define KNOWN_NS       INT64_C(50000000) /* half-width of the node's time that serial delay is measured against */

/* Why a measurement is not handed in; ACCEPTED: by the way, without losing the source. */
struct reason {
    enum refclock_verdict verdict;
    const char *text;
};
static const struct reason
    no_fix = {REFCLOCK_REFUSED, "the receiver has no fix"},
    simulated = {REFCLOCK_REFUSED, "the receiver says that its fix is simulated"},
    near_leap = {REFCLOCK_ACCEPTED, "within 2 s of a leap second"},
    differs = {REFCLOCK_REFUSED, "its count of leap seconds is not the leap table's"},
    unsteady = {REFCLOCK_REFUSED, "no valid leap table, and its count of leap seconds is new"},
    absurd = {REFCLOCK_REFUSED, "no valid leap table, and its count of leap seconds cannot be"},
    no_leap = {REFCLOCK_REFUSED, "no valid leap table at its date, and it says no count of leap seconds"},
    unplaced = {REFCLOCK_REFUSED, "its pulses cannot be placed on this machine's clock"},
    unnumbered = {REFCLOCK_REFUSED, "its serial time does not number its pulses: see serial_delay"},
    other = {REFCLOCK_SILENT, "another receiver is listened to"},
    quiet = {REFCLOCK_SILENT, "no message of the receiver for 10 s"},
    unplugged = {REFCLOCK_SILENT, "the receiver was unplugged"},
    none = {REFCLOCK_SILENT, "gpsd has no such receiver"};

static struct gps_receiver *chosen(struct gps *g)
{
    return g->chosen < 0 ? NULL : &g->receivers[g->chosen];
}

static void lose(struct gps *g, const struct reason *reason)
{
    if (g->why == reason->text)
        return;
    g->why = reason->text;
    g->feed->lost(g->feed->ctx, g->source, reason->verdict, reason->text);
}

static void withhold(struct gps *g, const struct gps_receiver *r, const struct reason *reason)
{
    if (r != chosen(g))
        return;
    g->withheld++;
    if (reason->verdict != REFCLOCK_ACCEPTED)
        lose(g, reason);
}

/* A pulse that is no good only loses the source where serial time may not take its place. */
static void withhold_pulse(struct gps *g, const struct gps_receiver *r, const struct reason *reason)
{
    struct reason soft = {REFCLOCK_ACCEPTED, reason->text};
    withhold(g, r, g->settings->pulses ? reason : &soft);
}

static bool is_recent(tai_mono_t raw, tai_mono_t now, int64_t life_ns)
{
    return now.ns - raw.ns <= life_ns;
}

static bool has_fix(const struct gps_receiver *r, tai_mono_t now, int64_t life_ns)
{
    return r->fix.has && is_recent(r->fix.raw, now, life_ns);
}

static bool has_good_pulses(const struct gps_receiver *r, tai_mono_t now)
{
    return r->has_good_pulse && is_recent(r->raw_good_pulse, now, GPS_PULSE_LIFE_NS);
}

/* ---- TAI of a UTC second ---- */

static enum taistamp_utc_status table_at(const struct gps *g, const struct sync_leap *table, int64_t utc_s,
                                         int32_t *ret_tai_utc_s)
{
    if (g->feed->tai_utc_at != NULL)
        return g->feed->tai_utc_at(g->feed->ctx, utc_s, ret_tai_utc_s);
    if (table->expires.ns == 0)
        return TAISTAMP_UTC_UNKNOWN;
    int64_t tai_s = utc_s + table->tai_utc_s;
    bool after = table->next.ns <= tai_s * NS_PER_S;
    *ret_tai_utc_s = after ? table->next_tai_utc_s : table->tai_utc_s;
    return tai_s * NS_PER_S < table->expires.ns ? TAISTAMP_UTC_OK : TAISTAMP_UTC_EXPIRED;
}

static const struct reason *reason_of(enum gps_leap_verdict verdict)
{
    switch (verdict) {
    case GPS_LEAP_FINE:
        return NULL;
    case GPS_LEAP_DIFFERS:
        return &differs;
    case GPS_LEAP_UNSTEADY:
        return &unsteady;
    case GPS_LEAP_ABSURD:
        return &absurd;
    case GPS_LEAP_UNKNOWN:
        return &no_leap;
    }
    BUG("a verdict without a reason");
}

/* NULL, with *ret_tai, or why not. */
static const struct reason *to_tai(const struct gps *g, const struct gps_receiver *r,
                                   const struct gps_instant *i, tai_t *ret_tai)
{
    int32_t before = 0, after = 0, tai_utc_s;
    struct sync_leap table;
    g->feed->leap_table(g->feed->ctx, &table);
    enum taistamp_utc_status earlier = table_at(g, &table, i->utc_s - NEAR_LEAP_S, &before);
    enum taistamp_utc_status status = table_at(g, &table, i->utc_s + NEAR_LEAP_S, &after);
    if (earlier != TAISTAMP_UTC_UNKNOWN && status != TAISTAMP_UTC_UNKNOWN && before != after)
        return &near_leap;
    int64_t expired_ns = INT64_MAX;
    if (status == TAISTAMP_UTC_EXPIRED && table.expires.ns > 0) {
        expired_ns = (i->utc_s + after) * NS_PER_S - table.expires.ns;
        if (expired_ns < 0)
            expired_ns = 0;
    }
    const struct reason *why =
        reason_of(gps_leap_decide(&r->leap, i->raw, status, after, expired_ns, &tai_utc_s));
    if (why == NULL)
        *ret_tai = (tai_t){(i->utc_s + tai_utc_s) * NS_PER_S + i->utc_ns};
    return why;
}

/* ---- Samples ---- */

static void hand_in(struct gps *g, const struct gps_instant *i, bool pulse, tai_t tai, int64_t error_ns)
{
    struct refclock_sample sample = {.source = g->source,
                                     .pulse = pulse,
                                     .timeline = g->timeline,
                                     .raw = i->raw,
                                     .tai = tai,
                                     .error_ns = error_ns};
    if (pulse)
        g->pulses++;
    else
        g->serials++;
    g->why = NULL;
    g->feed->sample(g->feed->ctx, &sample);
}

/* Whether the serial time of the receiver gives the pulse the number that gpsd gave it. */
static bool is_numbered(const struct gps *g, const struct gps_receiver *r, const struct gps_instant *pulse)
{
    const struct gps_instant *s = &r->serial;
    int64_t seconds = s->utc_s - pulse->utc_s, raw_ns = s->raw.ns - pulse->raw.ns;
    if (!s->has || seconds < -NUMBER_SPAN_S || seconds > NUMBER_SPAN_S || raw_ns < -GPS_SERIAL_LIFE_NS ||
        raw_ns > GPS_SERIAL_LIFE_NS)
        return false;
    int64_t late_ns = raw_ns - (seconds * NS_PER_S + s->utc_ns - pulse->utc_ns);
    int64_t least_ns = g->settings->serial_delay_ns - HALF_SECOND_NS;
    if (least_ns < -EARLY_NS)
        least_ns = -EARLY_NS;
    return late_ns >= least_ns && late_ns < least_ns + NS_PER_S;
}

/* 2^precision s in ns, rounded up. */
static int64_t precision_ns(int8_t precision)
{
    int64_t parts = INT64_C(1) << -precision;
    return (NS_PER_S + parts - 1) / parts;
}

static int64_t nearest_ns(int32_t ps)
{
    return (ps + (ps < 0 ? -PS_PER_NS / 2 : PS_PER_NS / 2)) / PS_PER_NS;
}

static bool place(const struct gps *g, const struct gps_edge *e, const struct engine_now *now,
                  struct gps_instant *ret_instant, int64_t *ret_width_ns)
{
    *ret_instant = (struct gps_instant){.has = true, .utc_s = e->real_s, .utc_ns = e->real_ns};
    return g->feed->locate(g->feed->ctx, e->clock_ns, &ret_instant->raw, ret_width_ns) &&
           is_recent(ret_instant->raw, now->raw, GPS_STALE_NS) &&
           ret_instant->raw.ns <= now->raw.ns + EARLY_NS;
}

static void take_pulse(struct gps *g, struct gps_receiver *r, const struct gps_edge *e,
                       const struct engine_now *now)
{
    struct gps_instant edge;
    int64_t width_ns;
    tai_t tai;
    if (!place(g, e, now, &edge, &width_ns)) {
        withhold_pulse(g, r, &unplaced);
        return;
    }
    if (r->pulse.has && edge.raw.ns - r->pulse.raw.ns < PULSE_GAP_NS)
        return; /* told twice, or out of order */
    r->pulse = edge;
    if (r != chosen(g))
        return;
    if (r->last.mode < MODE_2D || !has_fix(r, now->raw, GPS_PULSE_LIFE_NS)) {
        withhold(g, r, &no_fix);
        return;
    }
    if (r->last.status == GPS_STATUS_SIMULATED) {
        withhold(g, r, &simulated);
        return;
    }
    if (!is_numbered(g, r, &edge)) {
        withhold_pulse(g, r, &unnumbered);
        return;
    }
    const struct reason *why = to_tai(g, r, &edge, &tai);
    if (why != NULL) {
        withhold(g, r, why);
        return;
    }
    tai.ns += g->settings->delay_ns - nearest_ns(e->qerr_ps);
    r->has_good_pulse = true;
    r->raw_good_pulse = edge.raw;
    r->tai_good_pulse = tai;
    hand_in(g, &edge, true, tai, width_ns + precision_ns(e->precision));
}

/* What serial time `tai` at `raw` comes late by, against the pulses or else the node's own time. */
static void measure_delay(struct gps *g, struct gps_receiver *r, tai_mono_t raw, tai_t tai)
{
    struct tai_interval known;
    int64_t value;
    bool pulses = has_good_pulses(r, raw);
    if (pulses)
        value = r->tai_good_pulse.ns + (raw.ns - r->raw_good_pulse.ns) - tai.ns;
    else if (g->feed->tai_at(g->feed->ctx, raw, &known) && interval_half_width(known).ns <= KNOWN_NS)
        value = interval_midpoint(known).ns - tai.ns;
    else
        return;
    if (value > DELAY_MAX_NS || value < -DELAY_MAX_NS)
        return;
    struct gps_delay *d = &r->delay;
    if (d->pulses != pulses)
        *d = (struct gps_delay){.pulses = pulses};
    d->values[d->next] = value;
    d->next = (uint8_t)((d->next + 1) % GPS_DELAYS);
    if (d->count < GPS_DELAYS)
        d->count++;
}

static void take_serial(struct gps *g, struct gps_receiver *r, const struct gps_instant *i, int64_t error_ns)
{
    tai_t tai;
    r->serial = *i;
    if (r != chosen(g))
        return;
    if (r->last.status == GPS_STATUS_SIMULATED) {
        withhold(g, r, &simulated);
        return;
    }
    const struct reason *why = to_tai(g, r, i, &tai);
    if (why != NULL) {
        withhold(g, r, why);
        return;
    }
    measure_delay(g, r, i->raw, tai);
    if (g->settings->pulses || has_good_pulses(r, i->raw) ||
        (r->has_sampled && i->raw.ns - r->raw_sampled.ns < SERIAL_GAP_NS))
        return;
    r->has_sampled = true;
    r->raw_sampled = i->raw;
    tai.ns += g->settings->serial_delay_ns;
    hand_in(g, i, false, tai, error_ns);
}

static void take_toff(struct gps *g, struct gps_receiver *r, const struct gps_edge *e,
                      const struct engine_now *now)
{
    struct gps_instant i;
    int64_t width_ns;
    if (r->last.mode < MODE_2D || !place(g, e, now, &i, &width_ns))
        return;
    r->toff = i;
    take_serial(g, r, &i, width_ns);
}

/* ---- Receivers ---- */

/* The first with a fix stays; when it has none any more, one with pulses is preferred. */
static void choose(struct gps *g, tai_mono_t now)
{
    const struct gps_receiver *old = chosen(g);
    int best = -1;
    if (old != NULL && old->used && has_fix(old, now, GPS_ALIVE_NS))
        return;
    for (int i = 0; i < GPS_RECEIVERS_MAX; i++) {
        const struct gps_receiver *r = &g->receivers[i];
        if (!r->used || !has_fix(r, now, GPS_ALIVE_NS))
            continue;
        if (best < 0 || (r->pulse.has && is_recent(r->pulse.raw, now, GPS_PULSE_LIFE_NS) &&
                         !(g->receivers[best].pulse.has &&
                           is_recent(g->receivers[best].pulse.raw, now, GPS_PULSE_LIFE_NS))))
            best = i;
    }
    if (best < 0 || best == g->chosen)
        return;
    if (g->chosen >= 0)
        lose(g, &other);
    g->chosen = best;
}

static void forget(struct gps *g, struct gps_receiver *r, const struct reason *why)
{
    if (r == chosen(g)) {
        lose(g, why);
        g->chosen = -1;
    }
    *r = (struct gps_receiver){0};
}

static struct gps_receiver *find(struct gps *g, const char *device)
{
    for (size_t i = 0; i < GPS_RECEIVERS_MAX; i++)
        if (g->receivers[i].used && strcmp(g->receivers[i].device, device) == 0)
            return &g->receivers[i];
    return NULL;
}

/* A place for another receiver: an empty one, or of one that says nothing any more. NULL: none. */
static struct gps_receiver *free_slot(struct gps *g, tai_mono_t now)
{
    for (size_t i = 0; i < GPS_RECEIVERS_MAX; i++) {
        struct gps_receiver *slot = &g->receivers[i];
        if (!slot->used || (slot != chosen(g) && !is_recent(slot->raw_heard, now, GPS_ALIVE_NS)))
            return slot;
    }
    return NULL;
}

/* The receiver of a report, new or known; NULL: not ours to listen to, or one too many. */
static struct gps_receiver *receiver(struct gps *g, const char *device, tai_mono_t now)
{
    if (g->device[0] != 0 && strcmp(g->device, device) != 0)
        return NULL;
    struct gps_receiver *r = find(g, device);
    if (r == NULL) {
        r = free_slot(g, now);
        if (r == NULL)
            return NULL;
        *r = (struct gps_receiver){.used = true, .last = {.jamming = -1}};
        memcpy(r->device, device, sizeof r->device);
    }
    r->raw_heard = now;
    return r;
}

static void take_device(struct gps *g, const struct gps_device *d, tai_mono_t now)
{
    struct gps_receiver *r = d->active ? receiver(g, d->path, now) : find(g, d->path);
    if (r == NULL)
        return;
    if (!d->active)
        forget(g, r, &unplugged);
    else if (d->driver[0] != 0)
        memcpy(r->driver, d->driver, sizeof r->driver);
}

/* The whole list: who is not on it is gone. */
static void take_devices(struct gps *g, const struct gps_message *m, tai_mono_t now)
{
    bool ours = false;
    for (size_t k = 0; k < GPS_RECEIVERS_MAX; k++) {
        struct gps_receiver *r = &g->receivers[k];
        bool listed = m->u.devices.count == GPS_DEVICES_MAX; /* a list that long may have been cut */
        for (size_t i = 0; i < m->u.devices.count && r->used; i++)
            listed = listed || strcmp(m->u.devices.list[i].path, r->device) == 0;
        if (r->used && !listed)
            forget(g, r, &unplugged);
    }
    for (size_t i = 0; i < m->u.devices.count; i++) {
        take_device(g, &m->u.devices.list[i], now);
        ours = ours || g->device[0] == 0 || strcmp(g->device, m->u.devices.list[i].path) == 0;
    }
    if (!ours)
        lose(g, &none);
}

/* Each time: the timekeeper may have forgotten it, or hold another receiver's for it. */
static void tell_leap(const struct gps *g, const struct gps_receiver *r)
{
    if (g->chosen < 0 || r != &g->receivers[g->chosen] || !r->leap.has)
        return;
    g->feed->leap(g->feed->ctx,
                  &(struct refclock_leap){g->source, true, r->leap.tai_utc_s, REFCLOCK_LEAP_UNKNOWN});
}

static void take_tpv(struct gps *g, struct gps_receiver *r, const struct gps_tpv *tpv,
                     const struct engine_now *now)
{
    r->last = *tpv;
    if (tpv->mode < MODE_2D || !tpv->has_time) {
        withhold(g, r, &no_fix);
        return;
    }
    if (tpv->has_leap)
        gps_leap_heard(&r->leap, tpv->leap_s + GPS_TAI_S, now->raw);
    bool again = r->fix.has && r->fix.utc_s == tpv->utc_s && r->fix.utc_ns == tpv->utc_ns;
    if (again)
        return;
    r->fix = (struct gps_instant){true, now->raw, tpv->utc_s, tpv->utc_ns};
    choose(g, now->raw);
    tell_leap(g, r);
    if (!r->toff.has || !is_recent(r->toff.raw, now->raw, GPS_SERIAL_LIFE_NS))
        take_serial(g, r, &r->fix, GPS_ARRIVAL_NS);
}

/* Nothing measured on another timeline is comparable with this one. */
static void follow_timeline(struct gps *g, const struct engine_now *now)
{
    if (g->timeline.id == now->timeline.id)
        return;
    g->timeline = now->timeline;
    for (size_t i = 0; i < GPS_RECEIVERS_MAX; i++) {
        struct gps_receiver *r = &g->receivers[i];
        r->fix.has = r->toff.has = r->serial.has = r->pulse.has = r->has_good_pulse = r->has_sampled =
            r->leap.has = false;
        r->delay = (struct gps_delay){0};
        r->raw_heard = now->raw;
    }
}

/* ---- The outside ---- */

void gps_init(struct gps *g, uint8_t source, const struct refclock_settings *settings,
              const struct refclock_feed *feed, const char *device)
{
    *g = (struct gps){.settings = settings, .feed = feed, .source = source, .chosen = -1};
    struct out name = out_of(g->device, sizeof g->device);
    out_str(&name, device == NULL ? "" : device);
    BUG_UNLESS(out_terminate(&name));
}

void gps_connected(struct gps *g, bool connected, const char *why)
{
    struct reason gone = {REFCLOCK_SILENT, why};
    g->connected = connected;
    g->chosen = -1;
    memset(g->receivers, 0, sizeof g->receivers);
    if (!connected)
        lose(g, &gone);
}

void gps_take(struct gps *g, const struct gps_message *m, const struct engine_now *now)
{
    follow_timeline(g, now);
    if (m->class == GPS_DEVICES)
        take_devices(g, m, now->raw);
    else if (m->class == GPS_DEVICE && m->u.devices.count == 1)
        take_device(g, &m->u.devices.list[0], now->raw);
    if (m->class != GPS_TPV && m->class != GPS_SKY && m->class != GPS_TOFF && m->class != GPS_PPS)
        return;
    struct gps_receiver *r = receiver(g, m->device, now->raw);
    if (r == NULL)
        return;
    if (m->class == GPS_TPV)
        take_tpv(g, r, &m->u.tpv, now);
    else if (m->class == GPS_SKY && m->u.sky.has_satellites)
        r->sky = m->u.sky;
    else if (m->class == GPS_TOFF)
        take_toff(g, r, &m->u.edge, now);
    else if (m->class == GPS_PPS)
        take_pulse(g, r, &m->u.edge, now);
}

static void show_delay(const struct gps_delay *d, struct refclock_evidence *e)
{
    int64_t sorted[GPS_DELAYS];
    if (d->count == 0)
        return;
    memcpy(sorted, d->values, sizeof sorted);
    sort_i64(sorted, d->count);
    e->serial_delays = d->count;
    e->serial_delay_pulses = d->pulses;
    e->serial_delay_ns = sorted[d->count / 2];
    e->serial_delay_spread_ns = sorted[d->count - 1] - sorted[0];
}

void gps_evidence(const struct gps *g, const struct engine_now *now, struct refclock_evidence *e)
{
    *e = (struct refclock_evidence){.source = g->source,
                                    .connected = g->connected,
                                    .jamming = -1,
                                    .pulses = g->pulses,
                                    .serials = g->serials,
                                    .withheld = g->withheld,
                                    .bad = g->bad,
                                    .why = g->why};
    const struct gps_receiver *r = g->chosen < 0 ? NULL : &g->receivers[g->chosen];
    for (size_t i = 0; i < GPS_RECEIVERS_MAX && r == NULL; i++)
        if (g->receivers[i].used)
            r = &g->receivers[i];
    if (r == NULL)
        return;
    memcpy(e->device, r->device, sizeof e->device);
    memcpy(e->receiver, r->driver, sizeof e->receiver);
    e->mode = r->last.mode;
    e->has_pulse = r->pulse.has && is_recent(r->pulse.raw, now->raw, GPS_PULSE_LIFE_NS);
    e->has_position = r->last.has_position;
    e->latitude_ndeg = r->last.latitude_ndeg;
    e->longitude_ndeg = r->last.longitude_ndeg;
    e->altitude_mm = r->last.altitude_mm;
    e->time_error_ns = r->last.time_error_ns;
    e->jamming = r->last.jamming;
    e->has_leap = r->leap.has;
    e->tai_utc_s = r->leap.tai_utc_s;
    e->satellites_seen = r->sky.seen;
    e->satellites_used = r->sky.used;
    e->satellites_count = r->sky.count;
    memcpy(e->satellites, r->sky.satellites, sizeof e->satellites);
    show_delay(&r->delay, e);
}

void gps_second(struct gps *g, const struct engine_now *now)
{
    struct refclock_evidence evidence;
    follow_timeline(g, now);
    choose(g, now->raw);
    const struct gps_receiver *r = chosen(g);
    if (r != NULL && !is_recent(r->raw_heard, now->raw, GPS_ALIVE_NS))
        lose(g, &quiet);
    gps_evidence(g, now, &evidence);
    g->feed->evidence(g->feed->ctx, &evidence);
}
