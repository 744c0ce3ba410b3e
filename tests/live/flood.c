/* SPDX-License-Identifier: Apache-2.0 */
/* Sends datagrams to one IPv4 address as fast as it can, up to a rate, for some seconds: what a stranger would do.
 *
 * usage: flood ADDRESS PORT RATE SECONDS < LINES     each line: the bytes of one datagram in hexadecimal; they are sent in turn.
 * Without any line: 200 random bytes, or 100. Prints how many were sent. Bounded in count and time; for the tests' own
 * network namespaces. */
#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BATCH = 64, LINES_MAX = 1024, BYTES_MAX = 1232, RATE_MAX = 1000000, SECONDS_MAX = 120 };

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* The bytes of one line; 0 where there are none. */
static size_t hex(const char *text, uint8_t *out)
{
    size_t n = 0;
    for (unsigned byte; n < BYTES_MAX && sscanf(text + 2 * n, "%2x", &byte) == 1; n++)
        out[n] = (uint8_t)byte;
    return n;
}

static uint8_t bytes[LINES_MAX][BYTES_MAX];
static struct iovec vectors[LINES_MAX];
static struct mmsghdr messages[LINES_MAX];

/* Fills the tables; returns how many there are, at least BATCH. */
static size_t gather(void)
{
    static char line[2 * BYTES_MAX + 2];
    size_t count = 0;
    while (count < LINES_MAX && fgets(line, sizeof line, stdin) != NULL) {
        size_t len = hex(line, bytes[count]);
        if (len > 0)
            vectors[count++].iov_len = len;
    }
    for (size_t given = count; count < BATCH; count++) {
        vectors[count].iov_len = given > 0 ? vectors[count % given].iov_len : count % 4 == 0 ? 100 : 200;
        if (given > 0)
            memcpy(bytes[count], bytes[count % given], BYTES_MAX);
        for (size_t j = 0; j < BYTES_MAX && given == 0; j++)
            bytes[count][j] = (uint8_t)rand();
    }
    for (size_t i = 0; i < count; i++) {
        vectors[i].iov_base = bytes[i];
        messages[i].msg_hdr.msg_iov = &vectors[i];
        messages[i].msg_hdr.msg_iovlen = 1;
    }
    return count;
}

int main(int argc, char **argv)
{
    if (argc != 5) {
        fputs("usage: flood ADDRESS PORT RATE SECONDS\n", stderr);
        return 2;
    }
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[2]))};
    long rate = atol(argv[3]), seconds = atol(argv[4]);
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    if (fd < 0 || inet_pton(AF_INET, argv[1], &to.sin_addr) != 1 || rate < 1 || rate > RATE_MAX ||
        seconds < 1 || seconds > SECONDS_MAX || connect(fd, (struct sockaddr *)&to, sizeof to) != 0) {
        perror("flood");
        return 2;
    }
    size_t count = gather(), next = 0;
    int64_t began = now_ns(), ends = began + seconds * INT64_C(1000000000);
    uint64_t sent = 0;
    for (int64_t now = began; now < ends; now = now_ns()) {
        uint64_t due = (uint64_t)(now - began) * (uint64_t)rate / 1000000000;
        if (sent >= due) {
            usleep(50);
            continue;
        }
        int n = sendmmsg(fd, messages + next, (unsigned)(count - next < BATCH ? count - next : BATCH), 0);
        sent += n > 0 ? (uint64_t)n : 0;
        next += n > 0 ? (size_t)n : 0;
        next = next < count ? next : 0;
    }
    printf("%llu\n", (unsigned long long)sent);
    return 0;
}
