/* SPDX-License-Identifier: Apache-2.0 */
/* Is it UTC that this NTP server tells, or does it smear a leap second?
 *
 * A smearing server runs its clock slower or faster for up to a day around a leap second, so that no second 60 appears: in
 * common use 1 s over the 24 h from noon to noon, 11.6 ppm, at most 0.5 s off UTC; others smear it all before, or all after, and
 * are up to 1 s off. Its replies do not say so, and its root dispersion leaves it out: the bound that it claims is false then.
 *
 * What a packet can show:
 *   - chronyd that smooths time calls its reference 127.127.1.255: refused at any time;
 *   - ntpd that smears puts the offset into the reference id, 254.x.y.z: refused within the window (outside of it such a
 *     number is the hash of some IPv6 address);
 *   - a server that keeps UTC announces the leap second (its leap indicator) on the day before; no known server that
 *     smears does, since its clients must not insert one.
 *
 * The rule. From 24 h before to 24 h after a leap second of the table (inserted or removed), a server counts if it
 * has announced it, with the right sign. One that has not is refused as smeared, unless what the node knows from all
 * else (other references, holdover) has a point in common with its interval; then it may count, but only as far as the rest of what is
 * known: its error becomes the distance to the further end of that. So it can confirm, and hold on, but it can
 * neither narrow nor lead; and since a smear leaves by 11.6 ppm, soon nothing is in common any more. With nothing else
 * known it is refused. Outside of the window there is nothing to refuse.
 *
 * What it cannot see: a server that announces the leap second and smears it all the same; one that smears over more than 24 h
 * before or after; a smear of a leap second that the table does not have. A server that keeps UTC and never announces is refused wrongly,
 * for two days, where nothing else is known. And after a start less than 24 h past a leap second no server has
 * announced anything yet.
 *
 * Worked number: the node knows TAI within +-1 ms, a server is within +-4 ms by its own word. 10 minutes into a smear it is
 * off by 6.9 ms: nothing in common (5 ms), refused. Before, at 2 ms off, it counts with an error of 3 ms or 4, whichever is more.
 *
 * Pure; state is the caller's. Sources: RFC 8633 section 3.7.1, chrony.conf(5) smoothtime, ntpd's README.leapsmear. */
#ifndef SERVER_CLOCK_CORE_NTP_SMEAR_H
#define SERVER_CLOCK_CORE_NTP_SMEAR_H

#include "server/clock/core/ntp_packet.h"
#include "server/clock/core/utc_leap.h"

#define NTP_SMEAR_WINDOW_NS INT64_C(86400000000000)

/* What is remembered of one server. */
struct ntp_smear {
    bool has_announced;
    tai_t announced; /* the leap second that it announced rightly */
};

enum ntp_smear_verdict {
    NTP_SMEAR_NO,          /* nothing to suspect */
    NTP_SMEAR_CONFIRMED,   /* suspect, but agrees: the error is widened */
    NTP_SMEAR_REFERENCE,   /* refused: its reference id says that it smears */
    NTP_SMEAR_UNANNOUNCED, /* refused: does not announce, and nothing else is known */
    NTP_SMEAR_DISAGREES    /* refused: does not announce, and is off what else is known */
};

/* What one reply says: TAI was `tai` within +-error_ns. */
struct ntp_smear_said {
    tai_t tai;
    int64_t error_ns;
    enum ntp_leap leap;
    uint8_t stratum;
    uint32_t reference_id;
};

/* `known`: TAI at that same instant by all else; NULL: unknown. *ret_error_ns: within so much the reply's `tai` may be used;
 * untouched when it is refused. */
enum ntp_smear_verdict ntp_smear_judge(struct ntp_smear *smear, const struct utc_leaps *leaps,
                                       const struct ntp_smear_said *said, const struct tai_interval *known,
                                       int64_t *ret_error_ns);

#endif
