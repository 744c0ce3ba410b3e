/* SPDX-License-Identifier: Apache-2.0 */
/* Sends datagrams to one address as fast as it can, up to a rate, for some seconds: what a stranger would do.
 *
 * usage: flood ADDRESS PORT RATE SECONDS [HEX]     HEX: the first bytes of each; the rest, up to 200 bytes, is random.
 * Prints how many were sent. Bounded in count and time; for the tests' own network namespaces. */
#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BATCH = 64, BYTES = 200, RATE_MAX = 1000000, SECONDS_MAX = 120 };

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static size_t hex(const char *text, uint8_t *out, size_t cap)
{
    size_t n = 0;
    for (unsigned byte; n < cap && sscanf(text + 2 * n, "%2x", &byte) == 1 && text[2 * n + 1] != 0; n++)
        out[n] = (uint8_t)byte;
    return n;
}

int main(int argc, char **argv)
{
    if (argc < 5) {
        fputs("usage: flood ADDRESS PORT RATE SECONDS [HEX]\n", stderr);
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
    static uint8_t bytes[BATCH][BYTES];
    static struct iovec vectors[BATCH];
    static struct mmsghdr messages[BATCH];
    size_t fixed = 0;
    for (size_t i = 0; i < BATCH; i++) {
        for (size_t j = 0; j < BYTES; j++)
            bytes[i][j] = (uint8_t)rand();
        if (argc > 5)
            fixed = hex(argv[5], bytes[i], BYTES);
        vectors[i] = (struct iovec){bytes[i], i % 4 == 0 ? BYTES / 2 : BYTES};
        messages[i].msg_hdr.msg_iov = &vectors[i];
        messages[i].msg_hdr.msg_iovlen = 1;
    }
    int64_t began = now_ns(), ends = began + seconds * INT64_C(1000000000);
    uint64_t sent = 0;
    for (int64_t now = began; now < ends; now = now_ns()) {
        uint64_t due = (uint64_t)(now - began) * (uint64_t)rate / 1000000000;
        if (sent >= due) {
            usleep(50);
            continue;
        }
        for (size_t i = 0; i < BATCH; i++)
            if (fixed < BYTES - 8)
                memcpy(bytes[i] + BYTES - 8, &now, sizeof now);
        int n = sendmmsg(fd, messages, BATCH, 0);
        sent += n > 0 ? (uint64_t)n : 0;
    }
    printf("%llu\n", (unsigned long long)sent);
    return 0;
}
