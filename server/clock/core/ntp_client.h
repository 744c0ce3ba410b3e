/* SPDX-License-Identifier: Apache-2.0 */
/* The client of one NTP server: when to ask, what of a reply to believe, and TAI out of it.
 *
 * Decides: which datagram is the reply to the open request; whether the server says that it is good, and how wrong it may be by
 * its own word; TAI at one raw reading within an error. Refuses: to judge the server by other sources (the timekeeper does), but for
 * smears (ntp_smear.h); and to give anything near a leap second, or without a leap table.
 *
 * Model. T1 and T4 are the request's and the reply's kernel stamps on the raw timeline, T2 and T3 the server's readings
 * as TAI. A request cannot arrive before it left, so TAI - raw <= T2 - T1; nor a reply, so TAI - raw >= T3 - T4; each side give or take the
 * stamps' widths and the server's root distance D = root delay / 2 + root dispersion, by which it says it may be wrong. The interval of one
 * exchange needs no other assumption, and it is the sample's error. Where in it TAI is thought to be is said by the two-sided envelope of
 * sdk/sync/envelope.h over all exchanges, in which the server's clock is just another oscillator.
 *
 *     T1 raw 100.000 s, T2 1000.010, T3 1000.011, T4 100.031: TAI - raw in [899.980, 900.010], round trip 30 ms;
 *     with D = 5 ms the sample's error is 20 ms where the estimate is the middle, and more where it is not.
 *
 * Two exchanges whose intervals have no common point, aged by 500 ppm, say that the server's clock was set or that its word was
 * false: NTP_JUMPED, and all begins anew without that exchange.
 *
 * A timestamp names one instant in 136 years: of them the one from 1990 to 2126 is meant, whatever the clocks here say.
 *
 * Of a reply, in this order: form, mode, version; origin timestamp (that of the open request, a random number of 64 bits; zero, a second
 * copy and anything else each have their verdict); code of the key, where one is configured; kiss-o'-death; leap indicator and
 * stratum; that it follows neither itself nor us; root distance; order of its timestamps; leap seconds; the exchange itself. What fails before the code
 * was checked leaves the request open: a stranger cannot spoil it.
 *
 * Kiss-o'-death (RFC 5905 section 7.4): DENY and RSTR: never asked again (until the address changes or the process starts again); RATE: the
 * poll interval doubles, or becomes what the server says if that is longer, up to NTP_POLL_NS_MAX, for good, and the
 * burst ends; others give no time, and are counted.
 *
 * Polling: one request; when it is answered, NTP_BURST more, 2 s apart (the poll interval where that is shorter); then every poll interval, give or
 * take 1/64 at random. A server that has not answered NTP_PATIENCE times is asked at growing intervals, up to 64 s or the poll
 * interval, and gets a burst when it is back.
 *
 * About 5 KiB; no allocation. One thread at a time. Sources: RFC 5905, RFC 8633, draft-ietf-ntp-data-minimization. */
#ifndef SERVER_CLOCK_CORE_NTP_CLIENT_H
#define SERVER_CLOCK_CORE_NTP_CLIENT_H

#include "sdk/sync/envelope.h"
#include "server/clock/core/ntp_packet.h"
#include "server/clock/core/ntp_smear.h"
#include "server/clock/core/refclock.h"

#define NTP_POLL_NS_MIN     INT64_C(250000000)
#define NTP_POLL_NS_MAX     INT64_C(131072000000000) /* 2^17 s, MAXPOLL of RFC 5905 */
#define NTP_DISTANCE_NS_MAX INT64_C(1000000000)      /* MAXDIST of RFC 5905 */
enum { NTP_BURST = 7, NTP_PATIENCE = 4 };

enum ntp_verdict {
    NTP_OK,
    /* The request stays open: */
    NTP_MALFORMED,   /* no packet */
    NTP_NO_REPLY,    /* another mode than a server's */
    NTP_BAD_VERSION, /* neither 3 nor 4 */
    NTP_UNASKED,     /* no request is open */
    NTP_DUPLICATE,   /* the request of this one was answered already */
    NTP_ZERO_ORIGIN, /* origin timestamp zero */
    NTP_BOGUS,       /* another origin timestamp than the open request's */
    NTP_CRYPTO_NAK,  /* the server could not check our code */
    NTP_UNAUTHENTIC, /* no code, another key's or a wrong one */
    /* The request is answered: */
    NTP_KISS_RATE,
    NTP_KISS_DENY,      /* DENY, RSTR */
    NTP_KISS,           /* any other */
    NTP_UNSYNCHRONISED, /* says that it is (leap indicator, stratum above 15 or 0 without a code) */
    NTP_OWN_CLOCK,      /* tells the time of its own clock, which follows nothing */
    NTP_LOOP,           /* follows this machine */
    NTP_DISTANT,    /* its root distance is NTP_DISTANCE_NS_MAX or more, or its precision a second or more */
    NTP_BAD_TIMES,  /* timestamps zero, out of order, or none that TAI has */
    NTP_NO_TABLE,   /* UTC, and no leap table here */
    NTP_LEAP_NEAR,  /* within seconds of a leap second */
    NTP_UNPLACED,   /* our own stamps could not be placed on the raw timeline */
    NTP_IMPOSSIBLE, /* quicker than no delay at all, or readings out of range */
    NTP_JUMPED,     /* contradicts the exchanges before */
    NTP_SMEARED,
    NTP_VERDICTS
};
/* A stable lower-case phrase about the server. Static storage. */
const char *ntp_verdict_text(enum ntp_verdict verdict);
/* What the source is to be shown as: _ACCEPTED where the verdict says nothing about the server. */
enum refclock_verdict ntp_verdict_means(enum ntp_verdict verdict);

struct ntp_client_settings {
    int64_t poll_ns; /* NTP_POLL_NS_MIN to NTP_POLL_NS_MAX */
    bool has_key;
    struct ntp_key key;
    mac_fn mac; /* where there is a key */
    void *mac_ctx;
};

struct ntp_client {
    struct ntp_client_settings settings;
    bool denied;
    bool fresh;      /* the next answer begins a burst */
    int64_t poll_ns; /* in force */
    tai_mono_t next; /* ask again at this reading */
    uint32_t burst;  /* requests left of it */
    uint32_t unanswered;
    uint8_t reach;
    /* The open request, or the last one: */
    bool open;
    uint64_t transmit;
    sync_timeline_t timeline;
    int64_t t1_ns, t1_width_ns;
    bool t1_stamped;
    /* What was measured: */
    struct envelope envelope;
    int64_t base_ns; /* TAI that is remote reading 2^60 of the envelope */
    bool has_true;   /* TAI - raw, less base, at true_at: the last exchange's interval */
    int64_t true_at_ns, true_lower_ns, true_upper_ns;
    struct ntp_smear smear;
    /* What the server said last, in a reply that counted: */
    bool said;
    struct ntp_packet packet;
    uint64_t counts[NTP_VERDICTS];
};

/* Settings are copied. The first request is due at `now`. */
void ntp_client_init(struct ntp_client *client, const struct ntp_client_settings *settings, tai_mono_t now);
/* The raw timeline ended, or the server is another one (`other`, which also ends a denial): measures afresh, at once. */
void ntp_client_restart(struct ntp_client *client, tai_mono_t now, bool other);

/* When the next request is due; INT64_MAX: never (denied). */
tai_mono_t ntp_client_due(const struct ntp_client *client);
/* Opens a request; one that is open is given up as unanswered. `transmit` is random and not 0. T1 is `raw` until the stamp comes.
 * Returns the request's length; 0: denied, or the library has no such algorithm. */
size_t ntp_client_request(struct ntp_client *client, sync_timeline_t timeline, tai_mono_t raw,
                          int64_t width_ns, uint64_t transmit, uint8_t ret_request[NTP_REQUEST_BYTES_MAX]);
/* The kernel's stamp of the request with that transmit timestamp, placed. Too late: ignored. */
void ntp_client_sent(struct ntp_client *client, uint64_t transmit, tai_mono_t raw, int64_t width_ns);

/* A datagram's arrival, and what the node knows. */
struct ntp_arrival {
    sync_timeline_t timeline;
    bool placed; /* T4 is known */
    tai_mono_t raw;
    int64_t width_ns;
    const struct utc_leaps *leaps;    /* at ntp_client_date */
    const struct tai_interval *known; /* TAI at `raw` by all else; NULL: unknown */
    uint32_t own_id; /* the reference id by which a client of this machine would name it; 0: not known */
};
struct ntp_measured {
    tai_mono_t raw;
    tai_t tai;
    int64_t error_ns; /* as in struct refclock_sample, like noise_ns: */
    /* Eight sigmas of the envelope. Its estimates follow one another far more closely than one, and then move at once by some, when an
     * exchange comes that was quicker than all before; who takes samples for independent (refclock_filter.h) would call that wild. With
     * 4 instead, over a path with 4 ms of jitter either way, up to 16 of 600 were set aside; with 8, up to 5. */
    int64_t noise_ns;
    enum refclock_leap_warning warning;
};
/* The POSIX second that a reply says to be sent at, nothing checked: the leap state of that date is what it is read by. 0: none. */
int64_t ntp_client_date(struct bytes datagram);
/* *ret_measured is written for NTP_OK only. */
enum ntp_verdict ntp_client_reply(struct ntp_client *client, struct bytes datagram,
                                  const struct ntp_arrival *arrival, struct ntp_measured *ret_measured);

/* Whether none of the last NTP_PATIENCE requests was answered. */
bool ntp_client_silent(const struct ntp_client *client);
/* Fills all but source, address, and own_id. */
void ntp_client_view(const struct ntp_client *client, tai_mono_t now, struct refclock_upstream *ret_view);

#endif
