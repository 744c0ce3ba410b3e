/* SPDX-License-Identifier: Apache-2.0 */
/* Load for the HTTP side: N keep-alive connections, each with one POST /v1/stamps under way, for some time.
 *
 *     load [-c CONNECTIONS] [-t MS] [-i IDLE] [-p POLICY] [-w MS] ADDRESS:PORT
 *
 * Every request carries a fresh random commitment. Every answer must be 201; with -p one answer in 512 is verified in
 * full against the policy. -i opens connections that never send, and says so on standard error before the load begins;
 * -w then waits. One JSON object on standard output: rate per second, p50, p99 and longest answer time in µs, mean body
 * length, answers counted, answers verified. Exits 1 when any answer was wrong. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "taistamp.h"

enum { SAMPLE = 512, ANSWER_MAX = 64 * 1024, EVENTS = 256 };
/* Answer times are counted in steps of 10 µs up to 1 s; what is above falls in the last one. */
enum { STEP_NS = 10000, STEPS = 100001 };

struct conn {
    int fd;
    int64_t sent_ns;
    size_t len;                 /* of `answer` so far */
    taistamp_stamping *session; /* of a request whose answer is verified */
    char answer[ANSWER_MAX];
};

struct load {
    struct sockaddr_in to;
    size_t connections, idle, time_ms, wait_ms;
    taistamp_policy *policy;
    uint64_t seed, sent, answers, verified, wrong, body_bytes;
    int64_t longest_ns, measure_from_ns;
    uint64_t *steps;
};

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static _Noreturn void die(const char *what)
{
    fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
    exit(2);
}

/* xorshift64*: randomness enough for a load. */
static uint64_t next(struct load *l)
{
    l->seed ^= l->seed >> 12;
    l->seed ^= l->seed << 25;
    l->seed ^= l->seed >> 27;
    return l->seed * 0x2545F4914F6CDD1Du;
}

static int connect_one(const struct load *l)
{
    const int on = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&l->to, sizeof l->to) != 0 ||
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0)
        die("cannot connect");
    return fd;
}

/* A request made by the library, whose answer it can verify. */
static const char *sampled_body(struct load *l, struct conn *c, size_t *ret_len)
{
    uint8_t secret[TAISTAMP_SECRET_LEN];
    struct taistamp_digest digest = {.algorithm = TAISTAMP_SHA256};
    const char *body = NULL;
    for (size_t i = 0; i < sizeof secret; i++) {
        secret[i] = (uint8_t)(next(l) >> 32);
        digest.bytes[i] = (uint8_t)(next(l) >> 32);
    }
    if (taistamp_stamping_new(secret, NULL, &c->session) != TAI_OK ||
        taistamp_stamping_add(c->session, &digest, NULL, 0) != TAI_OK ||
        taistamp_stamping_request(c->session, &body, ret_len) != TAI_OK)
        die("cannot make a request");
    return body;
}

static size_t plain_body(struct load *l, char *out, size_t cap)
{
    int n =
        snprintf(out, cap, "{\"kind\":\"commitment\",\"subject\":\"sha256:%016llx%016llx%016llx%016llx\"}",
                 (unsigned long long)next(l), (unsigned long long)next(l), (unsigned long long)next(l),
                 (unsigned long long)next(l));
    return (size_t)n;
}

static void post(struct load *l, struct conn *c)
{
    char plain[256], request[1024];
    size_t len = 0;
    const char *body = plain;
    if (l->policy != NULL && l->sent++ % SAMPLE == 0)
        body = sampled_body(l, c, &len);
    else
        len = plain_body(l, plain, sizeof plain);
    int n = snprintf(request, sizeof request,
                     "POST /v1/stamps HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                     "Content-Length: %zu\r\n\r\n%.*s",
                     len, (int)len, body);
    c->len = 0;
    c->sent_ns = now_ns();
    if (n < 0 || send(c->fd, request, (size_t)n, MSG_NOSIGNAL) != n)
        die("cannot send");
}

/* Where the body starts and how long it is; false until the head is whole. */
static bool find_body(const struct conn *c, size_t *ret_start, size_t *ret_len)
{
    const char *end = memmem(c->answer, c->len, "\r\n\r\n", 4);
    if (end == NULL)
        return false;
    size_t head = (size_t)(end - c->answer);
    const char *length = memmem(c->answer, head, "\r\nContent-Length: ", 18);
    if (length == NULL) {
        errno = EPROTO;
        die("an answer without Content-Length");
    }
    *ret_start = head + 4;
    *ret_len = strtoul(length + 18, NULL, 10);
    return true;
}

static void judge(struct load *l, struct conn *c, size_t start, size_t len)
{
    struct tai_error error = {.text = ""};
    if (c->len < 12 || memcmp(c->answer, "HTTP/1.1 201", 12) != 0) {
        if (l->wrong++ == 0)
            fprintf(stderr, "load: %.*s\n", (int)c->len, c->answer);
    } else if (c->session != NULL) {
        if (taistamp_stamping_response(c->session, c->answer + start, len, l->policy, NULL, NULL, &error) ==
            TAI_OK)
            l->verified++;
        else if (l->wrong++ == 0)
            fprintf(stderr, "load: a receipt does not verify: %s\n", error.text);
    }
    taistamp_stamping_free(c->session);
    c->session = NULL;
}

static void count(struct load *l, const struct conn *c, size_t len)
{
    const int64_t now = now_ns(), took = now - c->sent_ns;
    if (c->sent_ns < l->measure_from_ns)
        return;
    l->answers++;
    l->body_bytes += len;
    l->longest_ns = took > l->longest_ns ? took : l->longest_ns;
    int64_t step = took / STEP_NS;
    l->steps[step < STEPS - 1 ? step : STEPS - 1]++;
}

static void on_readable(struct load *l, struct conn *c)
{
    size_t start, len;
    ssize_t n = recv(c->fd, c->answer + c->len, sizeof c->answer - c->len, 0);
    if (n <= 0)
        die("the server closed a connection");
    c->len += (size_t)n;
    if (!find_body(c, &start, &len) || c->len < start + len)
        return;
    count(l, c, len);
    judge(l, c, start, len);
    post(l, c);
}

/* The answer time below which a share of 1/1000ths lies, µs. */
static double quantile_us(const struct load *l, uint64_t per_mille)
{
    uint64_t want = l->answers * per_mille / 1000, seen = 0;
    for (size_t i = 0; i < STEPS; i++) {
        seen += l->steps[i];
        if (seen > want)
            return (double)(i + 1) * STEP_NS / 1000;
    }
    return 0;
}

static void run(struct load *l)
{
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    struct conn *conns = calloc(l->connections, sizeof *conns);
    if (epoll < 0 || conns == NULL)
        die("cannot start");
    for (size_t i = 0; i < l->connections; i++) {
        struct epoll_event e = {.events = EPOLLIN, .data.ptr = &conns[i]};
        conns[i].fd = connect_one(l);
        if (epoll_ctl(epoll, EPOLL_CTL_ADD, conns[i].fd, &e) != 0)
            die("cannot watch a connection");
    }
    const int64_t start = now_ns(), warm = 200000000;
    l->measure_from_ns = start + warm;
    const int64_t end = l->measure_from_ns + (int64_t)l->time_ms * 1000000;
    for (size_t i = 0; i < l->connections; i++)
        post(l, &conns[i]);
    while (now_ns() < end) {
        struct epoll_event events[EVENTS];
        int n = epoll_wait(epoll, events, EVENTS, 1000);
        for (int i = 0; i < n; i++)
            on_readable(l, events[i].data.ptr);
    }
    const double took = (double)(now_ns() - l->measure_from_ns) / 1e9;
    printf("{\"rate\":%.0f,\"p50_us\":%.0f,\"p99_us\":%.0f,\"max_us\":%.0f,\"body\":%.0f,\"answers\":%llu,"
           "\"verified\":%llu,\"wrong\":%llu}\n",
           (double)l->answers / took, quantile_us(l, 500), quantile_us(l, 990), (double)l->longest_ns / 1000,
           l->answers > 0 ? (double)l->body_bytes / (double)l->answers : 0, (unsigned long long)l->answers,
           (unsigned long long)l->verified, (unsigned long long)l->wrong);
}

static void open_idle(struct load *l)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        rlim_t need = l->idle + l->connections + 64;
        limit.rlim_cur = need;
        limit.rlim_max = limit.rlim_max > need ? limit.rlim_max : need;
        if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
            die("cannot open so many files");
    }
    for (size_t i = 0; i < l->idle; i++)
        (void)connect_one(l);
    fprintf(stderr, "load: %zu idle connections open\n", l->idle);
    usleep((useconds_t)l->wait_ms * 1000);
}

static taistamp_policy *read_policy(const char *path)
{
    static char text[256 * 1024];
    taistamp_policy *policy = NULL;
    struct tai_error error = {.text = ""};
    FILE *f = fopen(path, "r");
    if (f == NULL)
        die(path);
    size_t n = fread(text, 1, sizeof text, f);
    fclose(f);
    if (taistamp_policy_parse(text, n, &policy, &error) != TAI_OK) {
        fprintf(stderr, "load: %s: %s\n", path, error.text);
        exit(2);
    }
    return policy;
}

static bool parse_to(const char *text, struct sockaddr_in *ret_to)
{
    char host[64];
    unsigned port;
    ret_to->sin_family = AF_INET;
    if (sscanf(text, "%63[0-9.]:%u", host, &port) != 2 || port > 65535)
        return false;
    ret_to->sin_port = htons((uint16_t)port);
    return inet_pton(AF_INET, host, &ret_to->sin_addr) == 1;
}

int main(int argc, char **argv)
{
    struct load l = {.connections = 64, .time_ms = 3000};
    const char *policy = NULL;
    int option;
    while ((option = getopt(argc, argv, "c:t:i:p:w:")) != -1) {
        if (option == 'c')
            l.connections = strtoul(optarg, NULL, 10);
        else if (option == 't')
            l.time_ms = strtoul(optarg, NULL, 10);
        else if (option == 'i')
            l.idle = strtoul(optarg, NULL, 10);
        else if (option == 'w')
            l.wait_ms = strtoul(optarg, NULL, 10);
        else if (option == 'p')
            policy = optarg;
        else
            return 2;
    }
    if (optind != argc - 1 || !parse_to(argv[optind], &l.to)) {
        fputs("usage: load [-c CONNECTIONS] [-t MS] [-i IDLE] [-p POLICY] [-w MS] ADDRESS:PORT\n", stderr);
        return 2;
    }
    if (policy != NULL)
        l.policy = read_policy(policy);
    l.steps = calloc(STEPS, sizeof *l.steps);
    if (l.steps == NULL || getrandom(&l.seed, sizeof l.seed, 0) != sizeof l.seed)
        die("cannot start");
    if (l.idle > 0)
        open_idle(&l);
    if (l.connections > 0 && l.time_ms > 0)
        run(&l);
    return l.wrong == 0 ? 0 : 1;
}
