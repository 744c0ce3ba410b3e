/* SPDX-License-Identifier: Apache-2.0 */
#include "server/clock/core/ntp_client.h"

#include "sdk/base/bug.h"
#include "sdk/sync/line.h"
#include "sdk/sync/oscillator.h"
#include "sdk/time/arith.h"
#include "sdk/time/ntp.h"

#define BURST_NS     (2 * NS_PER_S)
#define PAUSE_NS_MAX (64 * NS_PER_S)
#define REMOTE_BASE  (INT64_C(1) << 60) /* where the server's TAI begins for the envelope */
#define RATE_PS_MAX                                                                                          \
    INT64_C(500000000) /* 500 ppm: no oscillator is that wrong, no clock is slewed faster for long */
#define ERA_PIVOT_S     (INT64_C(631152000) + (INT64_C(1) << 31)) /* 1990 and half an era: years 1990 to 2126 */
#define KISS_RATE       UINT32_C(0x52415445)
#define KISS_DENY       UINT32_C(0x44454e59)
#define KISS_RSTR       UINT32_C(0x52535452)
#define REFERENCE_LOCL  UINT32_C(0x4c4f434c)
#define REFERENCE_LOCAL UINT32_C(0x7f7f0100) /* 127.127.1.x */
static const sync_timeline_t server_timeline = {1};
enum {
    STRATUM_MAX = 15,
    ROUNDING_NS = 2,
    REMOTE_PPB = 100000, /* the server's clock while it is disciplined; of the estimate only */
    POLL_EXPONENT_MAX = 17,
    JITTER_PARTS = 64,
    NOISE_SIGMAS = 8 /* see ntp_client.h */
};

static void measure_afresh(struct ntp_client *c)
{
    envelope_reset(&c->envelope);
    c->has_true = false;
}

void ntp_client_init(struct ntp_client *client, const struct ntp_client_settings *settings, tai_mono_t now)
{
    BUG_UNLESS(settings->poll_ns >= NTP_POLL_NS_MIN && settings->poll_ns <= NTP_POLL_NS_MAX);
    BUG_UNLESS(!settings->has_key || (settings->mac != NULL && settings->key.id != 0));
    *client =
        (struct ntp_client){.settings = *settings, .fresh = true, .poll_ns = settings->poll_ns, .next = now};
    envelope_init(&client->envelope, &(struct envelope_settings){
                                         .local_bound = oscillator_declared(OSCILLATOR_PC),
                                         .remote_bound = {REMOTE_PPB},
                                     });
}

void ntp_client_restart(struct ntp_client *client, tai_mono_t now, bool other)
{
    measure_afresh(client);
    client->open = false;
    client->fresh = true;
    client->burst = 0;
    client->unanswered = 0;
    client->next = now;
    if (other) {
        client->denied = false;
        client->poll_ns = client->settings.poll_ns;
        client->smear.has_announced = false;
        client->said = false;
        client->reach = 0;
    }
}

/* ---- Asking ---- */

tai_mono_t ntp_client_due(const struct ntp_client *client)
{
    tai_mono_t never = {INT64_MAX};
    return client->denied ? never : client->next;
}

/* Until the next request; `random` spreads it. */
static int64_t interval(const struct ntp_client *c, uint64_t random)
{
    if (c->burst > 0)
        return c->poll_ns < BURST_NS ? c->poll_ns : BURST_NS;
    int64_t ns = c->poll_ns;
    uint32_t doublings = c->unanswered < NTP_PATIENCE ? 0 : c->unanswered - NTP_PATIENCE + 1;
    while (doublings-- > 0 && ns < PAUSE_NS_MAX)
        ns = 2 * ns < PAUSE_NS_MAX ? 2 * ns : PAUSE_NS_MAX;
    int64_t spread = ns / JITTER_PARTS;
    return ns - spread + (int64_t)(random % (uint64_t)(2 * spread + 1));
}

size_t ntp_client_request(struct ntp_client *client, sync_timeline_t timeline, tai_mono_t raw,
                          int64_t width_ns, uint64_t transmit, uint8_t ret_request[NTP_REQUEST_BYTES_MAX])
{
    BUG_UNLESS(transmit != 0 && width_ns >= 0);
    if (client->denied)
        return 0;
    if (client->open) {
        client->unanswered += client->unanswered < UINT32_MAX;
        if (client->unanswered >= NTP_PATIENCE)
            client->burst = 0;
    }
    if (timeline.id != client->timeline.id)
        measure_afresh(client);
    client->open = true;
    client->transmit = transmit;
    client->timeline = timeline;
    client->t1_ns = raw.ns;
    client->t1_width_ns = width_ns;
    client->t1_stamped = false;
    client->reach = (uint8_t)(client->reach << 1);
    client->burst -= client->burst > 0;
    if (!arith_add(raw.ns, interval(client, transmit), &client->next.ns))
        client->next.ns = INT64_MAX;
    const struct ntp_client_settings *s = &client->settings;
    return ntp_packet_request(transmit, s->has_key ? &s->key : NULL, s->mac, s->mac_ctx, ret_request);
}

void ntp_client_sent(struct ntp_client *client, uint64_t transmit, tai_mono_t raw, int64_t width_ns)
{
    if (!client->open || client->transmit != transmit || client->t1_stamped)
        return;
    client->t1_ns = raw.ns;
    client->t1_width_ns = width_ns;
    client->t1_stamped = true;
}

/* ---- What a reply says ---- */

static enum ntp_verdict check_origin(const struct ntp_client *c, const struct ntp_packet *p)
{
    if (p->origin == 0)
        return NTP_ZERO_ORIGIN;
    if (c->open)
        return p->origin == c->transmit ? NTP_OK : NTP_BOGUS;
    return c->transmit != 0 && p->origin == c->transmit ? NTP_DUPLICATE : NTP_UNASKED;
}

static enum ntp_verdict check_form(const struct ntp_client *c, struct bytes datagram,
                                   struct ntp_packet *ret_packet)
{
    struct ntp_tail tail;
    const struct ntp_client_settings *s = &c->settings;
    if (!ntp_packet_parse(datagram, ret_packet, &tail))
        return NTP_MALFORMED;
    if (ret_packet->mode != NTP_MODE_SERVER)
        return NTP_NO_REPLY;
    if (ret_packet->version != NTP_VERSION && ret_packet->version != NTP_VERSION - 1)
        return NTP_BAD_VERSION;
    enum ntp_verdict origin = check_origin(c, ret_packet);
    if (origin != NTP_OK)
        return origin;
    if (s->has_key && tail.crypto_nak)
        return NTP_CRYPTO_NAK;
    if (s->has_key && !ntp_packet_authentic(&tail, &s->key, s->mac, s->mac_ctx))
        return NTP_UNAUTHENTIC;
    return NTP_OK;
}

/* RATE: ask less often from now on. */
static void slow_down(struct ntp_client *c, const struct ntp_packet *p)
{
    int64_t ns = c->poll_ns > NTP_POLL_NS_MAX / 2 ? NTP_POLL_NS_MAX : 2 * c->poll_ns;
    if (p->poll > 0 && p->poll <= POLL_EXPONENT_MAX && ns < NS_PER_S << p->poll)
        ns = NS_PER_S << p->poll;
    c->poll_ns = ns;
    c->burst = 0;
    if (!arith_add(c->t1_ns, ns, &c->next.ns))
        c->next.ns = INT64_MAX;
}

static enum ntp_verdict take_kiss(struct ntp_client *c, const struct ntp_packet *p)
{
    if (p->reference_id == KISS_RATE) {
        slow_down(c, p);
        return NTP_KISS_RATE;
    }
    if (p->reference_id == KISS_DENY || p->reference_id == KISS_RSTR) {
        c->denied = true;
        return NTP_KISS_DENY;
    }
    /* chronyd without a source says stratum 0 and no code; INIT and STEP of ntpd come with the leap indicator. */
    if (p->reference_id == 0 || p->leap == NTP_LEAP_UNSYNCHRONISED)
        return NTP_UNSYNCHRONISED;
    return NTP_KISS;
}

static int64_t root_distance(const struct ntp_packet *p)
{
    return (ntp_short_ns(p->root_delay) + 1) / 2 + ntp_short_ns(p->root_dispersion);
}

static bool own_clock(const struct ntp_packet *p)
{
    /* The smoothed clock of chronyd has a number of the same family; ntp_smear.h knows it. */
    return p->reference_id == REFERENCE_LOCL ||
           ((p->reference_id & 0xffffff00) == REFERENCE_LOCAL && (p->reference_id & 0xff) != 0xff);
}

static enum ntp_verdict check_server(const struct ntp_packet *p, uint32_t own_id)
{
    if (p->leap == NTP_LEAP_UNSYNCHRONISED || p->stratum > STRATUM_MAX)
        return NTP_UNSYNCHRONISED;
    if (own_clock(p))
        return NTP_OWN_CLOCK;
    if (p->stratum > 1 && own_id != 0 && p->reference_id == own_id)
        return NTP_LOOP;
    if (root_distance(p) >= NTP_DISTANCE_NS_MAX || p->precision >= 0)
        return NTP_DISTANT;
    if (p->receive == 0 || p->transmit == 0)
        return NTP_BAD_TIMES;
    /* Modulo 2^32 s: the later one is ahead by less than half an era. */
    if ((int64_t)(p->transmit - p->receive) < 0 ||
        (p->reference != 0 && (int64_t)(p->transmit - p->reference) < 0))
        return NTP_BAD_TIMES;
    return NTP_OK;
}

/* ---- TAI out of it ---- */

static bool posix_of(uint64_t timestamp, int64_t *ret_posix_s, int32_t *ret_ns)
{
    return ntp_date_to_posix(ntp_date_near(timestamp, ERA_PIVOT_S), ret_posix_s, ret_ns) == TAI_OK;
}

int64_t ntp_client_date(struct bytes datagram)
{
    struct ntp_packet packet;
    struct ntp_tail tail;
    int64_t posix_s;
    int32_t ns;
    return ntp_packet_parse(datagram, &packet, &tail) && posix_of(packet.transmit, &posix_s, &ns) ? posix_s
                                                                                                  : 0;
}

static enum ntp_verdict tai_of(uint64_t timestamp, const struct utc_leaps *leaps, tai_t *ret_tai,
                               int64_t *ret_doubt_ns)
{
    int64_t posix_s;
    int32_t ns;
    if (!posix_of(timestamp, &posix_s, &ns))
        return NTP_BAD_TIMES;
    switch (utc_leap_tai(leaps, posix_s, ns, ret_tai, ret_doubt_ns)) {
    case UTC_LEAP_OK:
        return NTP_OK;
    case UTC_LEAP_NO_TABLE:
        return NTP_NO_TABLE;
    case UTC_LEAP_NEAR:
        return NTP_LEAP_NEAR;
    case UTC_LEAP_RANGE:
    default:
        return NTP_BAD_TIMES;
    }
}

/* One exchange, and what it says alone: TAI - raw at t4, less base. */
struct exchange {
    struct sync_exchange readings;
    int64_t lower_ns, upper_ns;
};

static enum ntp_verdict exchange_of(struct ntp_client *c, const struct ntp_packet *p,
                                    const struct ntp_arrival *a, struct exchange *ret_exchange)
{
    tai_t t2, t3;
    int64_t doubt2, doubt3, remote2, remote3;
    enum ntp_verdict v = tai_of(p->receive, a->leaps, &t2, &doubt2);
    if (v == NTP_OK)
        v = tai_of(p->transmit, a->leaps, &t3, &doubt3);
    if (v != NTP_OK)
        return v;
    if (!a->placed || a->timeline.id != c->timeline.id)
        return NTP_UNPLACED;
    if (c->envelope.tip.samples == 0)
        c->base_ns = t2.ns;
    if (!arith_sub(t2.ns, c->base_ns, &remote2) || !arith_sub(t3.ns, c->base_ns, &remote3) ||
        !arith_add(remote2, REMOTE_BASE, &remote2) || !arith_add(remote3, REMOTE_BASE, &remote3) ||
        a->raw.ns < c->t1_ns)
        return NTP_IMPOSSIBLE;
    int64_t local = c->t1_width_ns > a->width_ns ? c->t1_width_ns : a->width_ns;
    int64_t remote = ntp_precision_ns(p->precision) + 1;
    struct sync_exchange x = {.local = a->timeline,
                              .remote = server_timeline,
                              .t1_ns = c->t1_ns,
                              .t2_ns = remote2,
                              .t3_ns = remote3,
                              .t4_ns = a->raw.ns,
                              .local_width_ns = local,
                              .remote_width_ns = remote};
    int64_t width = local + remote + root_distance(p) + doubt3 + ROUNDING_NS;
    int64_t drift = line_gain_ns(x.t4_ns - x.t1_ns, RATE_PS_MAX);
    *ret_exchange = (struct exchange){x, remote3 - x.t4_ns - width, remote2 - x.t1_ns + width + drift};
    return NTP_OK;
}

/* Whether it has a point in common with the last one, aged. */
static bool fits(const struct ntp_client *c, const struct exchange *x)
{
    if (!c->has_true)
        return true;
    int64_t stray = line_gain_ns(x->readings.t4_ns - c->true_at_ns, RATE_PS_MAX) + ROUNDING_NS;
    return x->lower_ns <= c->true_upper_ns + stray && x->upper_ns >= c->true_lower_ns - stray;
}

/* TAI at t4 for an offset of TAI - raw, less base. */
static tai_t tai_at(const struct ntp_client *c, const struct exchange *x, int64_t offset_ns)
{
    return (tai_t){x->readings.t4_ns + offset_ns - REMOTE_BASE + c->base_ns};
}

static enum ntp_verdict judge_smear(struct ntp_client *c, const struct ntp_packet *p,
                                    const struct ntp_arrival *a, struct ntp_measured *m)
{
    struct ntp_smear_said said = {.tai = m->tai,
                                  .error_ns = m->error_ns,
                                  .leap = p->leap,
                                  .stratum = p->stratum,
                                  .reference_id = p->reference_id};
    switch (ntp_smear_judge(&c->smear, a->leaps, &said, a->known, &m->error_ns)) {
    case NTP_SMEAR_NO:
    case NTP_SMEAR_CONFIRMED:
        return NTP_OK;
    case NTP_SMEAR_REFERENCE:
    case NTP_SMEAR_UNANNOUNCED:
    case NTP_SMEAR_DISAGREES:
    default:
        measure_afresh(c);
        return NTP_SMEARED;
    }
}

static enum refclock_leap_warning warning_of(enum ntp_leap leap)
{
    return leap == NTP_LEAP_INSERT   ? REFCLOCK_LEAP_INSERT
           : leap == NTP_LEAP_DELETE ? REFCLOCK_LEAP_DELETE
                                     : REFCLOCK_LEAP_NONE;
}

static enum ntp_verdict measure(struct ntp_client *c, const struct ntp_packet *p, const struct ntp_arrival *a,
                                struct ntp_measured *ret_measured)
{
    struct exchange x;
    enum ntp_verdict v = exchange_of(c, p, a, &x);
    if (v != NTP_OK)
        return v;
    if (x.lower_ns > x.upper_ns)
        return NTP_IMPOSSIBLE;
    if (!fits(c, &x)) {
        measure_afresh(c);
        return NTP_JUMPED;
    }
    struct envelope_placement e;
    if (!envelope_taken(envelope_add(&c->envelope, &x.readings, NULL)) ||
        !envelope_estimate(&c->envelope, a->raw, &e))
        return NTP_IMPOSSIBLE;
    c->has_true = true;
    c->true_at_ns = x.readings.t4_ns;
    c->true_lower_ns = x.lower_ns;
    c->true_upper_ns = x.upper_ns;
    int64_t offset = e.offset_ns < x.lower_ns   ? x.lower_ns
                     : e.offset_ns > x.upper_ns ? x.upper_ns
                                                : e.offset_ns;
    int64_t below = offset - x.lower_ns, above = x.upper_ns - offset;
    struct ntp_measured m = {.raw = a->raw,
                             .tai = tai_at(c, &x, offset),
                             .error_ns = below > above ? below : above,
                             .noise_ns = NOISE_SIGMAS * e.sigma_ns,
                             .warning = warning_of(p->leap)};
    v = judge_smear(c, p, a, &m);
    if (v == NTP_OK)
        *ret_measured = m;
    return v;
}

/* The open request is answered: by a server that is there. */
static void answered(struct ntp_client *c)
{
    bool back = c->fresh || c->unanswered >= NTP_PATIENCE;
    c->fresh = false;
    c->open = false;
    c->unanswered = 0;
    c->reach |= 1;
    if (!back)
        return;
    c->burst = NTP_BURST;
    int64_t soon = c->poll_ns < BURST_NS ? c->poll_ns : BURST_NS;
    if (!arith_add(c->t1_ns, soon, &c->next.ns))
        c->next.ns = INT64_MAX;
}

enum ntp_verdict ntp_client_reply(struct ntp_client *client, struct bytes datagram,
                                  const struct ntp_arrival *arrival, struct ntp_measured *ret_measured)
{
    struct ntp_packet p;
    enum ntp_verdict v = check_form(client, datagram, &p);
    if (v == NTP_OK) {
        answered(client);
        if (p.stratum == 0)
            v = take_kiss(client, &p);
        else
            v = check_server(&p, arrival->own_id);
        if (p.stratum != 0) {
            client->said = true;
            client->packet = p;
        }
        if (v == NTP_OK)
            v = measure(client, &p, arrival, ret_measured);
    }
    client->counts[v]++;
    return v;
}

/* ---- What there is to see ---- */

bool ntp_client_silent(const struct ntp_client *client)
{
    return client->unanswered >= NTP_PATIENCE;
}

void ntp_client_view(const struct ntp_client *client, tai_mono_t now, struct refclock_upstream *ret_view)
{
    struct refclock_upstream v = {
        .authenticated = client->settings.has_key, .poll_ns = client->poll_ns, .reach = client->reach};
    struct envelope_placement e;
    if (client->said) {
        v.stratum = client->packet.stratum;
        v.reference_id = client->packet.reference_id;
        v.root_delay_ns = ntp_short_ns(client->packet.root_delay);
        v.root_dispersion_ns = ntp_short_ns(client->packet.root_dispersion);
    }
    if (now.ns >= 0 && envelope_estimate(&client->envelope, now, &e))
        v.delay_ns = e.delay_ns;
    *ret_view = v;
}

const char *ntp_verdict_text(enum ntp_verdict verdict)
{
    static const char *const texts[NTP_VERDICTS] = {
        [NTP_OK] = "counts",
        [NTP_MALFORMED] = "sent what is no NTP packet",
        [NTP_NO_REPLY] = "sent a packet of another mode",
        [NTP_BAD_VERSION] = "speaks another version of NTP",
        [NTP_UNASKED] = "sent what nobody had asked for",
        [NTP_DUPLICATE] = "sent a reply twice",
        [NTP_ZERO_ORIGIN] = "sent a reply with a zero origin timestamp",
        [NTP_BOGUS] = "sent a reply to another request",
        [NTP_CRYPTO_NAK] = "cannot check our key: does it have the same one under that number?",
        [NTP_UNAUTHENTIC] = "sent a reply without the right code: does it have the same key?",
        [NTP_KISS_RATE] = "asks to be polled less often (kiss-o'-death RATE)",
        [NTP_KISS_DENY] = "refuses to serve us (kiss-o'-death DENY or RSTR); it will not be asked again",
        [NTP_KISS] = "gives no time (kiss-o'-death)",
        [NTP_UNSYNCHRONISED] = "says that it is not synchronised",
        [NTP_OWN_CLOCK] = "tells the time of its own clock, which follows nothing",
        [NTP_LOOP] = "follows this machine",
        [NTP_DISTANT] = "says that it may be wrong by a second or more (root distance)",
        [NTP_BAD_TIMES] = "sent timestamps that cannot be",
        [NTP_NO_TABLE] = "tells UTC, and there is no leap-second table here",
        [NTP_LEAP_NEAR] = "cannot be read within seconds of a leap second",
        [NTP_UNPLACED] = "sent a reply that could not be placed on our timeline",
        [NTP_IMPOSSIBLE] = "sent a reply quicker than any can be",
        [NTP_JUMPED] = "contradicts what it said before: its clock was set, or its error bound is false",
        [NTP_SMEARED] = "smears the leap second, or does not announce it: that is not UTC",
    };
    BUG_UNLESS(verdict < NTP_VERDICTS);
    return texts[verdict];
}

enum refclock_verdict ntp_verdict_means(enum ntp_verdict verdict)
{
    switch (verdict) {
    case NTP_KISS_DENY:
    case NTP_KISS:
    case NTP_UNSYNCHRONISED:
    case NTP_OWN_CLOCK:
    case NTP_LOOP:
    case NTP_DISTANT:
    case NTP_BAD_TIMES:
    case NTP_NO_TABLE:
    case NTP_IMPOSSIBLE:
    case NTP_JUMPED:
        return REFCLOCK_REFUSED;
    case NTP_SMEARED:
        return REFCLOCK_SMEARED;
    case NTP_OK:
    case NTP_MALFORMED:
    case NTP_NO_REPLY:
    case NTP_BAD_VERSION:
    case NTP_UNASKED:
    case NTP_DUPLICATE:
    case NTP_ZERO_ORIGIN:
    case NTP_BOGUS:
    case NTP_CRYPTO_NAK:
    case NTP_UNAUTHENTIC:
    case NTP_KISS_RATE:
    case NTP_LEAP_NEAR:
    case NTP_UNPLACED:
    case NTP_VERDICTS:
    default:
        return REFCLOCK_ACCEPTED;
    }
}
