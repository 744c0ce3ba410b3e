/* SPDX-License-Identifier: Apache-2.0 */
/* taid: reads the command line, takes the data directory, and runs the supervisor or one process alone. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sdk/io/file.h"
#include "sdk/io/log.h"
#include "sdk/io/sync_settings.h"
#include "server/command.h"
#include "server/config.h"
#include "server/lock.h"
#include "server/served_policy.h"
#include "server/spawn.h"
#include "server/supervisor.h"
#include "server/verbs.h"

enum { PAUSE_MS = 1000, PAUSE_MS_MAX = 30000, STOP_MS = 10000, LOCK_WAIT_MS = 5000 };

static const char usage[] =
    "Usage: taid [--config FILE]               run in the foreground until SIGTERM\n"
    "       taid clock|stamp [--config FILE]   run one of its processes alone\n"
    "       taid init --dir DIR                make a new log: key, settings, policy\n"
    "       taid keygen [--dir DIR]            make this machine's node key, print its line for the cluster "
    "file\n"
    "       taid status [--config FILE]        say whether it runs (exit code 0 or 1)\n"
    "       taid leave [--config FILE]         undo --take-over\n"
    "       taid --check-config [--config FILE]\n"
    "\n"
    "  -c, --config FILE         the settings (default " DEFAULT_CONFIG ")\n"
    "      --check-config        read the settings, say what is wrong with them; with -v print them all\n"
    "      --take-over           with sync.mode system: stop and disable systemd-timesyncd first; asks\n"
    "  -y, --yes                 do not ask\n"
    "  -q, --quiet               warnings and errors only\n"
    "  -v, --verbose             say more\n"
    "      --json                answers of init, keygen, status and --check-config as JSON\n"
    "  -h, --help                this text\n"
    "      --version             the version\n"
    "\n"
    "init:\n"
    "      --dir DIR             the folder to make, or an empty one; keygen: a server's folder\n"
    "      --new-state           keygen: found the record of votes again; only where the whole cluster is "
    "new\n"
    "      --host NAME           the log's name starts with this (default: this machine's name)\n"
    "      --listen ADDR:PORT    where it will listen (default 127.0.0.1:8023; port 0: any free one)\n"
    "      --url URL             where clients will reach it, for the policy\n"
    "      --assume-error-ms N   your word for how wrong this machine's clock may be, in milliseconds\n"
    "\n"
    "SIGHUP makes a running taid read its settings again. See taid(8), taid.yaml(5).\n";

static const char *clock_user(const struct taid_config *config)
{
    return config->clock.user;
}

static const char *stamp_user(const struct taid_config *config)
{
    return config->stamp.user;
}

static bool clock_steers(const struct taid_config *config)
{
    return config->sync.cluster != NULL && config->sync.mode == SYNC_MODE_SYSTEM;
}

/* In the order of their start: no stamp without a clock. */
static const struct supervisor_child children[] = {
    {.name = "clock", .run = clock_run, .user = clock_user, .steers = clock_steers},
    {.name = "stamp", .run = stamp_run, .user = stamp_user, .check = served_policy_ok},
};
enum { CHILDREN = sizeof children / sizeof children[0] };

static const struct supervisor_child *child_find(const char *name)
{
    for (size_t i = 0; i < CHILDREN; i++)
        if (strcmp(children[i].name, name) == 0)
            return &children[i];
    return NULL;
}

/* ---- the command line ---- */

enum {
    OPT_CHECK = 256,
    OPT_JSON,
    OPT_VERSION,
    OPT_DIR,
    OPT_HOST,
    OPT_LISTEN,
    OPT_URL,
    OPT_ASSUME,
    OPT_NEW_STATE,
    OPT_TAKE_OVER
};

/* False: wrong. `*ret_done`: answered already. */
static bool read_options(int argc, char **argv, struct command *c, bool *ret_done)
{
    static const struct option options[] = {
        {"config", required_argument, NULL, 'c'},
        {"check-config", no_argument, NULL, OPT_CHECK},
        {"quiet", no_argument, NULL, 'q'},
        {"verbose", no_argument, NULL, 'v'},
        {"json", no_argument, NULL, OPT_JSON},
        {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, OPT_VERSION},
        {"dir", required_argument, NULL, OPT_DIR},
        {"host", required_argument, NULL, OPT_HOST},
        {"listen", required_argument, NULL, OPT_LISTEN},
        {"url", required_argument, NULL, OPT_URL},
        {"assume-error-ms", required_argument, NULL, OPT_ASSUME},
        {"new-state", no_argument, NULL, OPT_NEW_STATE},
        {"take-over", no_argument, NULL, OPT_TAKE_OVER},
        {"yes", no_argument, NULL, 'y'},
        {NULL, 0, NULL, 0},
    };
    for (int opt; (opt = getopt_long(argc, argv, "c:qvyh", options, NULL)) != -1;) {
        switch (opt) {
        case 'c':
            c->config_path = optarg;
            break;
        case OPT_CHECK:
            c->check_config = true;
            break;
        case 'q':
            c->quiet = true;
            break;
        case 'v':
            c->verbose = true;
            break;
        case OPT_JSON:
            c->json = true;
            break;
        case OPT_DIR:
            c->init.dir = optarg;
            break;
        case OPT_HOST:
            c->init.host = optarg;
            break;
        case OPT_LISTEN:
            c->init.listen = optarg;
            break;
        case OPT_URL:
            c->init.url = optarg;
            break;
        case OPT_NEW_STATE:
            c->new_state = true;
            break;
        case OPT_TAKE_OVER:
            c->take_over = true;
            break;
        case 'y':
            c->yes = true;
            break;
        case OPT_ASSUME:
            c->init.assume_error_ms = optarg;
            break;
        case 'h':
            fputs(usage, stdout);
            *ret_done = true;
            return true;
        case OPT_VERSION:
            printf("taid %s\n", TAISTAMP_VERSION);
            *ret_done = true;
            return true;
        default:
            return false;
        }
    }
    return true;
}

static int refuse_usage(const char *what, const char *about)
{
    fprintf(stderr, "taid: %s%s%s\nTry taid --help.\n", what, about != NULL ? ": " : "",
            about != NULL ? about : "");
    return TAID_EXIT_USAGE;
}

/* ---- running ---- */

/* Files 0 to 2 exist, so that nothing opened later takes their place and receives what is meant for them. */
static bool have_standard_files(void)
{
    for (;;) {
        int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
        if (fd < 0)
            return false;
        if (fd > STDERR_FILENO) {
            close(fd);
            return true;
        }
        fcntl(fd, F_SETFD, 0);
    }
}

/* Whoever can write the settings decides what root does with them. */
static bool settings_are_safe(const struct taid_config *config)
{
    struct stat st;
    if (geteuid() != 0 || stat(config->path, &st) != 0)
        return true;
    if (st.st_uid == 0 && (st.st_mode & (S_IWGRP | S_IWOTH)) == 0)
        return true;
    log_error("%s: belongs to or can be written by others than root; root does not take settings from them "
              "(chown root, chmod 644, or start taid as the file's owner)",
              config->path);
    return false;
}

/* The commonest first mistake, said before anything starts. Whether the key is any good, the stamp process finds out. */
static bool has_key(const struct taid_config *config)
{
    char *path = file_path(config->key_dir, "log.key");
    bool missing = path != NULL && access(path, F_OK) != 0 && errno == ENOENT;
    if (missing)
        log_error("%s: there is no signing key here. Make a log with `taid init`, or correct key_dir in %s",
                  path, config->path);
    free(path);
    return !missing;
}

static int exit_code_of(enum tai_err err)
{
    bool passing = err == TAI_ERR_IO || err == TAI_ERR_NO_SPACE || err == TAI_ERR_MEMORY;
    return passing ? TAID_EXIT_FAILED : TAID_EXIT_REFUSED;
}

static int run_one(const struct supervisor_child *child, struct taid_config *config)
{
    struct tai_error error;
    enum tai_err err = spawn_drop(child, config, &error);
    if (err != TAI_OK) {
        log_error("%s.user: %s", child->name, error.text);
        config_free(config);
        return exit_code_of(err);
    }
    int code = child->run(config, -1);
    config_free(config);
    return code;
}

static void warn_of_exposure(const struct taid_config *config)
{
    for (size_t i = 0; i < config->stamp.listen_count; i++)
        if (!config_listen_is_loopback(config->stamp.listen[i]))
            log_warning("%s can be reached from other machines, without TLS: put a reverse proxy in front",
                        config->stamp.listen[i]);
}

/* Owner of run/pid between start and end. */
static int run_all(struct taid_config *config, const struct lock *lock, int level_fixed)
{
    const struct supervisor_options options = {.children = children,
                                               .count = CHILDREN,
                                               .pause_ms = PAUSE_MS,
                                               .pause_ms_max = PAUSE_MS_MAX,
                                               .stop_ms = STOP_MS,
                                               .lock_fd = lock->whole,
                                               .level_fixed = level_fixed};
    char *pid_path = NULL;
    if (asprintf(&pid_path, "%s/run/pid", config->data_dir) < 0)
        pid_path = NULL;
    char text[24];
    snprintf(text, sizeof text, "%d\n", (int)getpid());
    lock_tell(config, "pid", text);
    warn_of_exposure(config);
    log_notice("taid %s starts on %s", TAISTAMP_VERSION, config->data_dir);
    int code = supervisor_run(config, &options);
    if (pid_path != NULL)
        unlink(pid_path);
    free(pid_path);
    return code;
}

static enum tai_err load(const struct command *c, struct taid_config **ret_config)
{
    struct tai_error error = {.text = ""};
    enum tai_err err = config_load(c->config_path, ret_config, &error);
    if (err != TAI_OK)
        log_error("%s%s", error.text,
                  error.code == TAI_ERR_NOT_FOUND
                      ? "; 'taid init --dir DIR' makes settings, --config names them"
                      : "");
    return err;
}

static int leave(const struct command *c)
{
    struct taid_config *config = NULL;
    log_open("taid", c->quiet ? LOG_WARNING : LOG_NOTICE);
    if (load(c, &config) != TAI_OK)
        return TAID_EXIT_USAGE;
    enum tai_err err = clock_take_over(config, true, c->yes);
    config_free(config);
    return err == TAI_OK ? TAID_EXIT_OK : exit_code_of(err);
}

/* `only` NULL: the supervisor with all processes. */
static int run(const struct command *c, const struct supervisor_child *only)
{
    struct taid_config *config = NULL;
    struct tai_error error = {.text = ""};
    if (!have_standard_files())
        return TAID_EXIT_FAILED;
    log_open(only != NULL ? only->name : "taid", LOG_NOTICE);
    if (load(c, &config) != TAI_OK)
        return TAID_EXIT_USAGE;
    int level_fixed = c->quiet ? LOG_WARNING : c->verbose ? LOG_DEBUG : -1;
    log_open(only != NULL ? only->name : "taid",
             (enum log_level)(level_fixed >= 0 ? level_fixed : config->log_level));
    umask(022);
    struct lock lock;
    bool needs_key = only == NULL || only->run == stamp_run;
    enum tai_err err = settings_are_safe(config) ? TAI_OK : TAI_ERR_UNTRUSTED;
    if (err == TAI_OK && needs_key && !has_key(config))
        err = TAI_ERR_NOT_FOUND;
    if (err == TAI_OK) {
        err = lock_take(config, only != NULL ? only->name : NULL, LOCK_WAIT_MS, &lock, &error);
        if (err != TAI_OK)
            log_error("%s", error.text);
    }
    if (err == TAI_OK && c->take_over) {
        err = clock_take_over(config, false, c->yes);
        if (err != TAI_OK)
            lock_release(&lock);
    }
    if (err != TAI_OK) {
        config_free(config);
        return exit_code_of(err);
    }
    if (only != NULL)
        spawn_raise_files(config);
    int code = only != NULL ? run_one(only, config) : run_all(config, &lock, level_fixed);
    lock_release(&lock);
    return code;
}

static int dispatch(const struct command *c, const char *verb)
{
    if (verb != NULL && (strcmp(verb, "serve") == 0 || strcmp(verb, "sign") == 0)) {
        fprintf(stderr, "taid: this release has no %s process: %s\n", verb,
                strcmp(verb, "sign") == 0 ? "signing is done inside the stamp process"
                                          : "NTP, NTS and Roughtime are not served");
        return TAID_EXIT_USAGE;
    }
    if (verb != NULL && strcmp(verb, "init") == 0)
        return command_init(c);
    if (verb != NULL && strcmp(verb, "keygen") == 0)
        return command_keygen(c);
    if (verb != NULL && strcmp(verb, "status") == 0)
        return command_status(c);
    if (verb != NULL && strcmp(verb, "leave") == 0)
        return leave(c);
    if (verb != NULL && child_find(verb) == NULL)
        return refuse_usage("there is no such command", verb);
    if (c->check_config)
        return command_check(c);
    if (c->json)
        return refuse_usage("--json goes with init, keygen, status and --check-config", NULL);
    return run(c, verb != NULL ? child_find(verb) : NULL);
}

int main(int argc, char **argv)
{
    struct command c = {.config_path = DEFAULT_CONFIG};
    bool done = false;
    if (!read_options(argc, argv, &c, &done)) {
        fprintf(stderr, "Try taid --help.\n");
        return TAID_EXIT_USAGE;
    }
    if (done)
        return TAID_EXIT_OK;
    const char *verb = optind < argc ? argv[optind++] : NULL;
    bool init = verb != NULL && strcmp(verb, "init") == 0;
    if (init && c.init.dir == NULL && optind < argc)
        c.init.dir = argv[optind++]; /* taid init DIR */
    if (optind < argc)
        return refuse_usage("too many words", argv[optind]);
    bool keygen = verb != NULL && strcmp(verb, "keygen") == 0;
    bool init_option = (c.init.dir != NULL && !keygen) || c.init.host != NULL || c.init.listen != NULL ||
                       c.init.url != NULL || c.init.assume_error_ms != NULL;
    if (init_option && !init)
        return refuse_usage("--dir, --host, --listen, --url and --assume-error-ms go with init", NULL);
    if (c.new_state && !keygen)
        return refuse_usage("--new-state goes with keygen", NULL);
    if (c.take_over && verb != NULL && strcmp(verb, "clock") != 0)
        return refuse_usage("--take-over goes with taid and taid clock", NULL);
    return dispatch(&c, verb);
}
