/* SPDX-License-Identifier: Apache-2.0 */
/* Lets chronyd or ntpd of this machine follow: once a second the line goes, as UTC, into a segment of NTP's shared memory
 * (sync.serve_shm) and to a socket of chronyd's (sync.serve_sock).
 *
 * Decides: what may be given out. Those programs take what they are given for the truth, and neither form has room for a bound: so
 * nothing goes out unless the status is synchronised or single-reference, the leap table is valid, and no leap second is within
 * 2 s. `leap` announces one on the UTC day that it ends.
 *
 * One thread: the loop's. */
#ifndef SERVER_CLOCK_IO_SERVE_H
#define SERVER_CLOCK_IO_SERVE_H

#include "client/io/host.h"
#include "server/config.h"

struct serve {
    const char *sock; /* NULL: none */
    int fd;
    void *segment; /* NULL: none */
    bool refused;  /* the last datagram was not taken: said once */
};

/* TAI_ERR_CONFLICT, _PERMISSION, _IO: the segment cannot be had. *ret_serve is closed with serve_close, also after an error. */
TAISTAMP_MUST_CHECK enum tai_err serve_open(const struct taid_config *config, struct serve *ret_serve,
                                            struct tai_error *error);
void serve_close(struct serve *serve);
/* At the clocks' reading `now`. True: the line was good enough and was given out. */
bool serve_second(struct serve *serve, const struct engine_now *now, const struct sync_line *line,
                  const struct sync_leap *leap);

#endif
