/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/http_rig.h"

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "sdk/io/log.h"
#include "server/verbs.h"
#include "tests/unit/fake_log.h"

#define DIGEST "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
const char rig_good_post[] = "POST /v1/stamps HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
                             "Content-Length: 105\r\n\r\n"
                             "{\"kind\":\"commitment\",\"subject\":\"sha256:" DIGEST "\"}";

static char listen_any[] = "127.0.0.1:0";

void rig_prepare(struct rig *rig)
{
    memset(rig, 0, sizeof *rig);
    strcpy(rig->dir, "/tmp/taistamp-http.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(rig->dir));
    rig->config.data_dir = rig->config.key_dir = rig->dir;
    static char policy[128];
    snprintf(policy, sizeof policy, "%s/policy", rig->dir);
    rig->config.policy_path = policy;
    FILE *f = fopen(policy, "w");
    ck_assert_ptr_nonnull(f);
    fprintf(f, "log %s\nquorum none\n", fake_vkey);
    fclose(f);
    rig->config.clock.page = policy;
    rig->config.stamp.listen[0] = listen_any;
    rig->config.stamp.listen_count = 1;
    rig->config.stamp.max_error_ns = 1000000000;
    rig->config.stamp.connections_max = 1000;
    rig->config.stamp.pending_max = 1000;
    rig->config.stamp.request_ms = 10000;
    rig->config.stamp.idle_ms = 60000;
    rig->config.stamp.answer_ms = 10000;
    rig->config.stamp.body_bytes_max = 4096;
    rig->config.stamp.header_bytes_max = 8192;
    rig->config.stamp.output_bytes_max = 64 << 20;
}

void rig_start(struct rig *rig)
{
    int pipe_fds[2];
    char line[600] = "";
    ck_assert_int_eq(pipe(pipe_fds), 0);
    fflush(NULL);
    rig->pid = fork();
    ck_assert_int_ge(rig->pid, 0);
    if (rig->pid == 0) {
        close(pipe_fds[0]);
        log_open("test", LOG_ERROR);
        exit(stamp_run(&rig->config, pipe_fds[1]));
    }
    close(pipe_fds[1]);
    FILE *f = fdopen(pipe_fds[0], "r");
    ck_assert_ptr_nonnull(f);
    ck_assert_ptr_nonnull(fgets(line, sizeof line, f));
    fclose(f);
    ck_assert_int_eq(sscanf(line, "ready 127.0.0.1:%d", &rig->port), 1);
    ck_assert_int_eq(sscanf(line, "ready %199[^\n]", rig->where), 1);
}

static void remove_dir(const struct rig *rig)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", rig->dir);
    ck_assert_int_eq(system(command), 0);
}

int rig_wait(struct rig *rig)
{
    int status = 0;
    ck_assert_int_eq(waitpid(rig->pid, &status, 0), rig->pid);
    remove_dir(rig);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

int rig_stop(struct rig *rig)
{
    ck_assert_int_eq(kill(rig->pid, SIGTERM), 0);
    return rig_wait(rig);
}

long rig_memory_kb(const struct rig *rig)
{
    char path[64], line[256];
    long kb = -1;
    snprintf(path, sizeof path, "/proc/%d/status", (int)rig->pid);
    FILE *f = fopen(path, "r");
    ck_assert_ptr_nonnull(f);
    while (fgets(line, sizeof line, f) != NULL)
        if (sscanf(line, "VmRSS: %ld", &kb) == 1)
            break;
    fclose(f);
    return kb;
}

int rig_connect(const struct rig *rig)
{
    struct sockaddr_in sa = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)rig->port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_ge(fd, 0);
    ck_assert_msg(connect(fd, (const struct sockaddr *)&sa, sizeof sa) == 0, "connect: %s", strerror(errno));
    const int on = 1;
    ck_assert_int_eq(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on), 0);
    return fd;
}

void rig_send(int fd, const void *data, size_t len)
{
    const char *p = data;
    while (len > 0) {
        ssize_t n = send(fd, p, len, MSG_NOSIGNAL);
        if (n < 0)
            return; /* the server may have closed: the answer tells */
        p += n;
        len -= (size_t)n;
    }
}

void rig_send_text(int fd, const char *text)
{
    rig_send(fd, text, strlen(text));
}

static long now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000L + t.tv_nsec / 1000000;
}

/* One byte or nothing, by `deadline`. */
static bool read_byte(int fd, long deadline, char *ret)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    long left = deadline - now_ms();
    return left > 0 && poll(&p, 1, (int)left) == 1 && recv(fd, ret, 1, 0) == 1;
}

/* Some more of the body, of which `at` bytes have been read. */
static size_t read_body(int fd, long deadline, struct rig_answer *a, size_t at)
{
    static char block[65536];
    struct pollfd p = {.fd = fd, .events = POLLIN};
    const size_t want = a->body_len - at < sizeof block ? a->body_len - at : sizeof block;
    const long left = deadline - now_ms();
    ssize_t n = left > 0 && poll(&p, 1, (int)left) == 1 ? recv(fd, block, want, 0) : 0;
    ck_assert_msg(n > 0, "answer cut short at %zu of %zu", at, a->body_len);
    for (size_t i = 0; i < (size_t)n && at + i < sizeof a->body - 1; i++)
        a->body[at + i] = block[i];
    return (size_t)n;
}

void rig_read(int fd, bool has_body, struct rig_answer *a)
{
    const long deadline = now_ms() + 20000;
    memset(a, 0, sizeof *a);
    size_t n = 0;
    while (n < 4 || memcmp(a->head + n - 4, "\r\n\r\n", 4) != 0) {
        ck_assert_uint_lt(n, sizeof a->head - 1);
        if (!read_byte(fd, deadline, &a->head[n]))
            return;
        n++;
    }
    ck_assert_int_eq(sscanf(a->head, "HTTP/1.%*1[01] %d ", &a->status), 1);
    a->closed = strcasestr(a->head, "\r\nConnection: close\r\n") != NULL;
    const char *length = strcasestr(a->head, "\r\nContent-Length: ");
    if (length != NULL)
        a->body_len = strtoul(length + 18, NULL, 10);
    for (size_t i = 0; has_body && i < a->body_len;)
        i += read_body(fd, deadline, a, i);
    const char *code = strstr(a->body, "\"code\":\"");
    if (code != NULL)
        (void)sscanf(code + 8, "%63[^\"]", a->code);
}

void rig_exchange(const struct rig *rig, const void *data, size_t len, struct rig_answer *ret_answer)
{
    int fd = rig_connect(rig);
    rig_send(fd, data, len);
    rig_read(fd, len < 5 || memcmp(data, "HEAD ", 5) != 0, ret_answer);
    close(fd);
}

bool rig_ends(int fd, int ms)
{
    const long deadline = now_ms() + ms;
    char buffer[65536];
    for (;;) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        long left = deadline - now_ms();
        if (left <= 0 || poll(&p, 1, (int)left) != 1)
            return false;
        if (recv(fd, buffer, sizeof buffer, 0) <= 0)
            return true;
    }
}
