/* SPDX-License-Identifier: Apache-2.0 */
#include "server/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sdk/io/log.h"
#include "sdk/io/user.h"
#include "server/verbs.h"

/* Files that a process opens besides its connections: database, tiles, page, logs, event loop. */
enum { FILES_BESIDES = 256 };

static bool steers(const struct supervisor_child *child, const struct taid_config *config)
{
    return child->steers != NULL && child->steers(config);
}

enum tai_err spawn_drop(const struct supervisor_child *child, const struct taid_config *config,
                        struct tai_error *error)
{
    return user_drop(child->user(config), steers(child, config), error);
}

static void close_all_but(int a, int b)
{
    int low = a < b ? a : b, high = a < b ? b : a;
    unsigned from = STDERR_FILENO + 1;
    if (low >= (int)from) {
        if ((unsigned)low > from)
            close_range(from, (unsigned)low - 1, 0);
        from = (unsigned)low + 1;
    }
    if (high >= (int)from) {
        if ((unsigned)high > from)
            close_range(from, (unsigned)high - 1, 0);
        from = (unsigned)high + 1;
    }
    close_range(from, UINT_MAX, 0);
}

static void reset_signals(void)
{
    static const int used[] = {SIGTERM, SIGINT, SIGHUP, SIGCHLD, SIGQUIT, SIGUSR1, SIGUSR2};
    for (size_t i = 0; i < sizeof used / sizeof used[0]; i++)
        signal(used[i], SIG_DFL);
    signal(
        SIGHUP,
        SIG_IGN); /* a terminal that goes away, or a kill -HUP of the whole group: the supervisor's affair */
    signal(SIGPIPE, SIG_IGN); /* a peer that goes away is an error of one write */
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static _Noreturn void child_main(const struct supervisor_child *child, const struct taid_config *config,
                                 int lock_fd, int ready_fd, pid_t parent)
{
    char name[16];
    snprintf(name, sizeof name, "taid:%s", child->name);
    prctl(PR_SET_NAME, name, 0, 0, 0);
    close_all_but(lock_fd, ready_fd);
    log_open(name, log_level());
    struct tai_error error;
    if (spawn_drop(child, config, &error) != TAI_OK) {
        log_error("%s", error.text);
        _exit(TAID_EXIT_REFUSED);
    }
    /* After the change of user, which clears it. If the parent has died in between, nobody would tell us. */
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0 || getppid() != parent)
        _exit(TAID_EXIT_FAILED);
    reset_signals();
    int code = child->run(config, ready_fd);
    fflush(NULL);
    _exit(code);
}

pid_t spawn_child(const struct supervisor_child *child, const struct taid_config *config, int lock_fd,
                  int *ret_ready_fd)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0)
        return -1;
    fflush(NULL); /* what stands in a buffer must not be written twice */
    pid_t parent = getpid();
    pid_t pid = fork();
    if (pid == 0)
        child_main(child, config, lock_fd, ends[1], parent);
    int saved = errno;
    close(ends[1]);
    if (pid < 0) {
        close(ends[0]);
        errno = saved;
        return -1;
    }
    *ret_ready_fd = ends[0];
    return pid;
}

bool spawn_check(const struct supervisor_child *child, const struct taid_config *config)
{
    if (child->check == NULL)
        return true;
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        struct tai_error error;
        bool able = spawn_drop(child, config, &error) == TAI_OK;
        _exit(!able || child->check(config) ? TAID_EXIT_OK : TAID_EXIT_REFUSED);
    }
    int status = 0;
    while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    return pid < 0 || !WIFEXITED(status) || WEXITSTATUS(status) == TAID_EXIT_OK;
}

void spawn_raise_files(const struct taid_config *config)
{
    struct rlimit limit;
    rlim_t need = (rlim_t)config->stamp.connections_max + FILES_BESIDES;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= need)
        return;
    rlim_t hard = limit.rlim_max;
    limit.rlim_cur = need;
    if (limit.rlim_max < need)
        limit.rlim_max = need; /* root may */
    if (setrlimit(RLIMIT_NOFILE, &limit) == 0)
        return;
    limit.rlim_cur = limit.rlim_max = hard;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0 || hard < need)
        log_warning("this system allows %llu open files; stamp.connections_max %u needs %llu (LimitNOFILE= "
                    "in systemd, "
                    "ulimit -n in a shell)",
                    (unsigned long long)hard, config->stamp.connections_max, (unsigned long long)need);
}
