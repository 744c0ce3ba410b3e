/* SPDX-License-Identifier: Apache-2.0 */
#include "server/clock/io/serve.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "sdk/base/error.h"
#include "sdk/io/log.h"
#include "sdk/sync/line.h"
#include "sdk/time/arith.h"
#include "sdk/time/page.h"
#include "server/clock/core/shm_segment.h"
#include "server/clock/core/sock_sample.h"
#include "server/clock/io/shm_owner.h"

enum { SEGMENT_MODE = 0600, PRECISION_LEAST = -30, LEAP_INSERT = 1, LEAP_DELETE = 2, NS_PER_US = 1000 };
#define LEAP_NEAR_NS (2 * NS_PER_S)
#define DAY_NS       (86400 * NS_PER_S)

enum tai_err serve_open(const struct taid_config *config, struct serve *ret_serve, struct tai_error *error)
{
    *ret_serve = (struct serve){.sock = config->sync.serve_sock, .fd = -1};
    if (ret_serve->sock != NULL) {
        if (strlen(ret_serve->sock) >= sizeof((struct sockaddr_un *)NULL)->sun_path)
            return error_set_detail(error, TAI_ERR_SPACE, ret_serve->sock,
                                    bytes_of_str("the path is too long for a socket"));
        ret_serve->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (ret_serve->fd < 0)
            return error_set_detail(error, TAI_ERR_IO, "sync.serve_sock", bytes_of_str(strerror(errno)));
    }
    if (config->sync.serve_shm == CONFIG_NO_UNIT)
        return TAI_OK;
    int id = shmget((key_t)SHM_SEGMENT_KEY + (key_t)config->sync.serve_shm, sizeof(struct shm_segment),
                    IPC_CREAT | SEGMENT_MODE);
    void *at = id < 0 ? (void *)-1 : shmat(id, NULL, 0);
    char head[40];
    snprintf(head, sizeof head, "sync.serve_shm: unit %u", (unsigned)config->sync.serve_shm);
    if (at != (void *)-1 && !shm_is_ours(id)) {
        shmdt(at);
        return error_set_detail(error, TAI_ERR_CONFLICT, head,
                                bytes_of_str("is there already and others may write into it: remove it "
                                             "(ipcs -m, ipcrm -m ID), or take another unit"));
    }
    if (at == (void *)-1)
        return error_set_detail(error, errno == EACCES ? TAI_ERR_PERMISSION : TAI_ERR_IO, head,
                                bytes_of_str(strerror(errno)));
    ret_serve->segment = at;
    return TAI_OK;
}

void serve_close(struct serve *serve)
{
    if (serve->segment != NULL)
        shmdt(serve->segment);
    if (serve->fd >= 0)
        close(serve->fd);
    *serve = (struct serve){.fd = -1};
}

/* What is written out. */
struct given {
    int64_t utc_ns, realtime_ns; /* both as POSIX time, ns */
    int32_t leap, precision;
};

/* log2 of the half-width in seconds, rounded up: what readers take as the least that it may be wrong by. */
static int32_t precision_of(int64_t half_width_ns)
{
    int32_t precision = PRECISION_LEAST;
    for (int64_t ns = 1; ns < half_width_ns && precision < 0; ns *= 2)
        precision++;
    return precision;
}

static bool give(const struct engine_now *now, const struct sync_line *line, const struct sync_leap *leap,
                 struct given *ret_given)
{
    bool good =
        line->status == TAISTAMP_STATUS_SYNCHRONISED || line->status == TAISTAMP_STATUS_SINGLE_REFERENCE;
    if (!good || !line_usable(line, now->timeline, now->raw))
        return false;
    tai_t tai = line_tai(line, now->raw);
    if (tai.ns >= leap->expires.ns)
        return false;
    int64_t to_leap = leap->next.ns == PAGE_NEVER ? INT64_MAX : leap->next.ns - tai.ns;
    if (to_leap < LEAP_NEAR_NS)
        return false; /* or just past: then the table in short has another `next` soon */
    *ret_given = (struct given){.utc_ns = tai.ns - leap->tai_utc_s * NS_PER_S,
                                .realtime_ns = now->realtime_ns,
                                .precision = precision_of(line_half_width(line, now->raw).ns)};
    if (to_leap < DAY_NS)
        ret_given->leap = leap->next_tai_utc_s > leap->tai_utc_s ? LEAP_INSERT : LEAP_DELETE;
    return true;
}

static void write_segment(volatile struct shm_segment *s, const struct given *g)
{
    int64_t clock_ns, receive_ns, clock_s = arith_div_floor(g->utc_ns, NS_PER_S, &clock_ns);
    int64_t receive_s = arith_div_floor(g->realtime_ns, NS_PER_S, &receive_ns);
    s->valid = 0;
    s->mode = 1;
    s->count++;
    atomic_thread_fence(memory_order_seq_cst);
    s->clock_s = clock_s;
    s->clock_us = (int32_t)(clock_ns / NS_PER_US);
    s->clock_ns = (uint32_t)clock_ns;
    s->receive_s = receive_s;
    s->receive_us = (int32_t)(receive_ns / NS_PER_US);
    s->receive_ns = (uint32_t)receive_ns;
    s->leap = g->leap;
    s->precision = g->precision;
    s->nsamples = 0;
    atomic_thread_fence(memory_order_seq_cst);
    s->count++;
    s->valid = 1;
}

static void send_sample(struct serve *serve, const struct given *g)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    uint8_t datagram[SOCK_SAMPLE_LEN];
    const struct sock_sample sample = {
        .realtime_ns = g->realtime_ns, .offset_ns = g->utc_ns - g->realtime_ns, .leap = g->leap};
    memcpy(to.sun_path, serve->sock, strlen(serve->sock) + 1);
    sock_sample_write(&sample, datagram);
    bool sent = sendto(serve->fd, datagram, sizeof datagram, MSG_DONTWAIT | MSG_NOSIGNAL,
                       (const struct sockaddr *)&to, sizeof to) == (ssize_t)sizeof datagram;
    int number = errno;
    if (!sent && !serve->refused && number != EAGAIN)
        log_warning("clock: nothing can be sent to %s: %s", serve->sock, strerror(number));
    serve->refused = !sent;
}

bool serve_second(struct serve *serve, const struct engine_now *now, const struct sync_line *line,
                  const struct sync_leap *leap)
{
    struct given g;
    if ((serve->segment == NULL && serve->fd < 0) || !give(now, line, leap, &g))
        return false;
    if (serve->segment != NULL)
        write_segment(serve->segment, &g);
    if (serve->fd >= 0)
        send_sample(serve, &g);
    return true;
}
