/* SPDX-License-Identifier: Apache-2.0 */
#include "server/supervisor.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "sdk/base/bug.h"
#include "sdk/io/log.h"
#include "sdk/io/user.h"
#include "server/lock.h"
#include "server/notify.h"
#include "server/spawn.h"
#include "server/verbs.h"

enum state { IDLE, STARTING, READY, PAUSED, STOPPING };

struct child {
    const struct supervisor_child *spec;
    enum state state;
    pid_t pid; /* 0: none */
    int ready_fd;
    char line[VERBS_READY_MAX]; /* what has come of its ready line */
    size_t line_len;
    uint32_t pause_ms;   /* before the next restart */
    int64_t due_ms;      /* paused: until; stopping: then SIGKILL */
    int64_t ready_at_ms; /* since when it has been ready */
    bool killed;         /* SIGKILL has been sent */
    unsigned generation; /* of the settings it was started with */
};

struct supervisor {
    const struct supervisor_options *options;
    struct taid_config *config;
    struct taid_config
        *previous; /* settings that worked, until all run with the new ones; NULL: nothing to go back to */
    unsigned generation; /* of `config` */
    struct child children[SUPERVISOR_CHILDREN_MAX];
    int signal_fd;
    bool stopping;
    bool announced; /* that all are ready */
    int exit_code;
};

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void close_ready(struct child *c)
{
    if (c->ready_fd >= 0)
        close(c->ready_fd);
    c->ready_fd = -1;
}

static void child_pause(const struct supervisor *s, struct child *c)
{
    c->state = PAUSED;
    c->due_ms = now_ms() + c->pause_ms;
    uint64_t doubled = (uint64_t)c->pause_ms * 2;
    c->pause_ms = doubled > s->options->pause_ms_max ? s->options->pause_ms_max : (uint32_t)doubled;
}

static void child_start(struct supervisor *s, struct child *c)
{
    c->generation = s->generation;
    pid_t pid = spawn_child(c->spec, s->config, s->options->lock_fd, &c->ready_fd);
    if (pid < 0) {
        log_error("cannot start the %s process: %s; trying again in %u ms", c->spec->name, strerror(errno),
                  c->pause_ms);
        child_pause(s, c);
        return;
    }
    c->pid = pid;
    c->state = STARTING;
    c->line_len = 0;
    c->killed = false;
    log_debug("the %s process starts as pid %d", c->spec->name, (int)pid);
}

static void child_stop(const struct supervisor *s, struct child *c)
{
    kill(c->pid, SIGTERM);
    c->state = STOPPING;
    c->due_ms = now_ms() + s->options->stop_ms;
}

/* run/listen: an address to a line. */
static void tell_listen(const struct supervisor *s, const char *where)
{
    char text[VERBS_READY_MAX + 1];
    size_t len = strlen(where);
    BUG_UNLESS(len < VERBS_READY_MAX);
    memcpy(text, where, len);
    for (size_t i = 0; i < len; i++)
        if (text[i] == ' ')
            text[i] = '\n';
    text[len] = '\n';
    text[len + 1] = 0;
    lock_tell(s->config, "listen", text);
}

static void child_is_ready(const struct supervisor *s, struct child *c, const char *where)
{
    if (c->state == STARTING) {
        c->state = READY;
        c->ready_at_ms = now_ms();
    }
    if (where[0] != 0) {
        tell_listen(s, where);
        log_notice("the %s process (pid %d) is ready on %s", c->spec->name, (int)c->pid, where);
    } else {
        log_notice("the %s process (pid %d) is ready", c->spec->name, (int)c->pid);
    }
}

static void read_ready(const struct supervisor *s, struct child *c)
{
    ssize_t n = read(c->ready_fd, c->line + c->line_len, sizeof c->line - c->line_len);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        close_ready(c); /* it ended, or closed the pipe without being ready: then it never is */
        return;
    }
    c->line_len += (size_t)n;
    char *end = memchr(c->line, '\n', c->line_len);
    if (end == NULL && c->line_len < sizeof c->line)
        return;
    const char *where = NULL;
    if (end != NULL)
        *end = 0;
    if (end != NULL && verbs_read_ready(c->line, &where))
        child_is_ready(s, c, where);
    else
        log_error("the %s process (pid %d) said something else than that it is ready", c->spec->name,
                  (int)c->pid);
    close_ready(c);
}

/* ---- ends ---- */

static void set_level(const struct supervisor *s)
{
    int fixed = s->options->level_fixed;
    log_open("taid", (enum log_level)(fixed >= 0 ? fixed : s->config->log_level));
}

static void go_back(struct supervisor *s)
{
    config_free(s->config);
    s->config = s->previous;
    s->previous = NULL;
    s->generation++;
    set_level(s);
}

static void child_refused(struct supervisor *s, struct child *c)
{
    if (s->previous != NULL && c->generation == s->generation) {
        log_error("the %s process refuses to run with the new settings (its reason stands above): going back "
                  "to the "
                  "old ones",
                  c->spec->name);
        go_back(s);
        c->state = IDLE;
        return;
    }
    log_error("the %s process refuses to run; its reason stands above. taid stops: starting it again would "
              "end the same "
              "way until that is mended",
              c->spec->name);
    s->stopping = true;
    s->exit_code = TAID_EXIT_REFUSED;
}

static void child_failed(const struct supervisor *s, struct child *c, int status)
{
    if (c->ready_at_ms != 0 && now_ms() - c->ready_at_ms >= s->options->pause_ms_max)
        c->pause_ms = s->options->pause_ms;
    double pause_s = c->pause_ms / 1000.0;
    if (WIFSIGNALED(status))
        log_error("the %s process was killed by signal %d (%s); starting it again in %g s", c->spec->name,
                  WTERMSIG(status), strsignal(WTERMSIG(status)), pause_s);
    else if (WEXITSTATUS(status) == 0)
        log_error("the %s process ended without being asked to; starting it again in %g s", c->spec->name,
                  pause_s);
    else
        log_error("the %s process failed (exit code %d); starting it again in %g s", c->spec->name,
                  WEXITSTATUS(status), pause_s);
    child_pause(s, c);
}

static void child_ended(struct supervisor *s, struct child *c, int status)
{
    enum state was = c->state;
    if (c->ready_fd >= 0)
        read_ready(s, c); /* its last words, for the log */
    close_ready(c);
    log_debug("the %s process (pid %d) ended, status 0x%x", c->spec->name, (int)c->pid, (unsigned)status);
    c->pid = 0;
    int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    if (s->stopping || was == STOPPING)
        c->state = IDLE;
    else if (code == TAID_EXIT_REFUSED || code == TAID_EXIT_USAGE)
        child_refused(s, c);
    else
        child_failed(s, c, status);
    c->ready_at_ms = 0;
}

static void reap(struct supervisor *s)
{
    for (size_t i = 0; i < s->options->count; i++) {
        struct child *c = &s->children[i];
        int status = 0;
        if (c->pid > 0 && waitpid(c->pid, &status, WNOHANG) == c->pid)
            child_ended(s, c, status);
    }
}

/* ---- signals ---- */

static bool check_users(const struct supervisor *s, const struct taid_config *config)
{
    for (size_t i = 0; i < s->options->count; i++) {
        struct tai_error error;
        const struct supervisor_child *spec = &s->options->children[i];
        if (user_check(spec->user(config), &error) != TAI_OK) {
            log_error("%s: %s.user: %s", config->path, spec->name, error.text);
            return false;
        }
    }
    return true;
}

/* Each process may look, with its own rights, whether it would refuse to start: going back could not cure that. */
static bool check_ahead(const struct supervisor *s, const struct taid_config *config)
{
    for (size_t i = 0; i < s->options->count; i++)
        if (!spawn_check(&s->options->children[i], config))
            return false;
    return true;
}

static void reload(struct supervisor *s)
{
    struct taid_config *fresh = NULL;
    struct tai_error error;
    if (config_load(s->config->path, &fresh, &error) != TAI_OK) {
        log_error("%s; the old settings stay in force", error.text);
        return;
    }
    bool moved = strcmp(fresh->data_dir, s->config->data_dir) != 0;
    if (moved)
        log_error("%s: data_dir cannot change while taid runs", fresh->path);
    if (moved || !check_users(s, fresh) || !check_ahead(s, fresh)) {
        log_error("the old settings stay in force");
        config_free(fresh);
        return;
    }
    if (s->previous == NULL)
        s->previous = s->config;
    else
        config_free(s->config); /* not all run with these yet: `previous` are the last that worked */
    s->config = fresh;
    s->generation++;
    set_level(s);
    spawn_raise_files(fresh);
    log_notice("%s is read again; the processes are restarted one after the other", fresh->path);
}

static void stop(struct supervisor *s, int number)
{
    if (!s->stopping) {
        log_notice("stopping (%s)", strsignal(number));
        s->stopping = true;
        notify_manager("STOPPING=1");
        return;
    }
    for (size_t i = 0; i < s->options->count; i++) {
        struct child *c = &s->children[i];
        if (c->pid > 0 && !c->killed) {
            log_warning("told to stop a second time: killing the %s process", c->spec->name);
            kill(c->pid, SIGKILL);
            c->killed = true;
            c->state = STOPPING;
        }
    }
}

/* What waits is taken in the order stop, reload, reap: a process that ended with us by one Ctrl-C did not
 * fail. */
static void on_signals(struct supervisor *s)
{
    bool hup = false;
    struct signalfd_siginfo info;
    while (read(s->signal_fd, &info, sizeof info) == (ssize_t)sizeof info) {
        if (info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT)
            stop(s, (int)info.ssi_signo);
        hup = hup || info.ssi_signo == SIGHUP;
    }
    if (hup && !s->stopping)
        reload(s);
    reap(s);
}

/* ---- the loop ---- */

static void run_timers(struct supervisor *s)
{
    int64_t now = now_ms();
    for (size_t i = 0; i < s->options->count; i++) {
        struct child *c = &s->children[i];
        if (c->state == STOPPING && !c->killed && now >= c->due_ms) {
            log_warning("the %s process (pid %d) does not stop; killing it", c->spec->name, (int)c->pid);
            kill(c->pid, SIGKILL);
            c->killed = true;
        }
        if (c->state == PAUSED && (now >= c->due_ms || c->generation != s->generation))
            c->state = IDLE; /* new settings may have mended it: no need to wait */
    }
}

/* The last one first, each after the other has ended: the stamp process needs the clock until its end. */
static bool stop_next(struct supervisor *s)
{
    for (size_t i = s->options->count; i-- > 0;) {
        struct child *c = &s->children[i];
        if (c->pid == 0)
            continue;
        if (c->state != STOPPING)
            child_stop(s, c);
        return true;
    }
    return false;
}

/* The first one, in order, that is not where it should be. */
static void start_next(struct supervisor *s)
{
    for (size_t i = 0; i < s->options->count; i++) {
        struct child *c = &s->children[i];
        if (c->pid > 0 && c->generation != s->generation && c->state != STOPPING)
            child_stop(s, c);
        if (c->state == IDLE)
            child_start(s, c);
        if (c->state != READY)
            return;
    }
    if (s->previous != NULL) {
        config_free(s->previous);
        s->previous = NULL;
        log_notice("the new settings are in force");
    }
    if (!s->announced)
        notify_manager("READY=1");
    s->announced = true;
}

static int next_timeout(const struct supervisor *s)
{
    int64_t now = now_ms(), least = -1;
    for (size_t i = 0; i < s->options->count; i++) {
        const struct child *c = &s->children[i];
        if (c->state != PAUSED && (c->state != STOPPING || c->killed))
            continue;
        int64_t left = c->due_ms > now ? c->due_ms - now : 0;
        if (least < 0 || left < least)
            least = left;
    }
    return (int)least;
}

static void wait_for_events(struct supervisor *s)
{
    struct pollfd fds[SUPERVISOR_CHILDREN_MAX + 1];
    struct child *who[SUPERVISOR_CHILDREN_MAX + 1];
    nfds_t n = 0;
    fds[n++] = (struct pollfd){.fd = s->signal_fd, .events = POLLIN};
    for (size_t i = 0; i < s->options->count; i++)
        if (s->children[i].ready_fd >= 0) {
            who[n] = &s->children[i];
            fds[n++] = (struct pollfd){.fd = s->children[i].ready_fd, .events = POLLIN};
        }
    if (poll(fds, n, next_timeout(s)) <= 0)
        return;
    for (nfds_t i = 1; i < n; i++)
        if (fds[i].revents != 0)
            read_ready(s, who[i]);
    if (fds[0].revents != 0)
        on_signals(s);
}

static bool setup(struct supervisor *s)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGCHLD);
    /* An inherited SIG_IGN would make the kernel reap the children unseen. */
    signal(SIGCHLD, SIG_DFL);
    signal(SIGPIPE, SIG_IGN);
    sigprocmask(SIG_BLOCK, &set, NULL);
    s->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (s->signal_fd < 0) {
        log_error("signalfd: %s", strerror(errno));
        return false;
    }
    for (size_t i = 0; i < s->options->count; i++)
        s->children[i] = (struct child){
            .spec = &s->options->children[i], .ready_fd = -1, .pause_ms = s->options->pause_ms};
    return true;
}

int supervisor_run(struct taid_config *config, const struct supervisor_options *options)
{
    BUG_UNLESS(options->count >= 1 && options->count <= SUPERVISOR_CHILDREN_MAX);
    struct supervisor s = {.options = options, .config = config, .signal_fd = -1, .exit_code = TAID_EXIT_OK};
    if (!check_users(&s, config)) {
        config_free(config);
        return TAID_EXIT_REFUSED;
    }
    spawn_raise_files(config);
    lock_tell(config, "listen", NULL); /* of a run before, if it was killed */
    if (!setup(&s)) {
        config_free(config);
        return TAID_EXIT_FAILED;
    }
    for (;;) {
        run_timers(&s);
        if (!s.stopping)
            start_next(&s);
        else if (!stop_next(&s))
            break;
        wait_for_events(&s);
    }
    lock_tell(s.config, "listen", NULL);
    log_notice("stopped");
    close(s.signal_fd);
    config_free(s.previous);
    config_free(s.config);
    return s.exit_code;
}
