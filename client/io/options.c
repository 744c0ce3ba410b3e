/* SPDX-License-Identifier: Apache-2.0 */
#include "client/io/options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "taistamp/base.h"

static const char usage[] =
    "Usage: tai-client [OPTION]...                 follow the cluster, in the foreground\n"
    "       tai-client --once [OPTION]...          until the time is known, then print it and end\n"
    "       tai-client keygen [--dir FOLDER]       make this machine's key (and settings, in FOLDER); print "
    "its line "
    "for the cluster file\n"
    "       tai-client waitsync [--timeout S]      wait until the one that runs has the time (taictl "
    "waitsync)\n"
    "       tai-client leave                       give the clock back to systemd-timesyncd, if --take-over "
    "took it\n"
    "\n"
    "Options:\n"
    "  -c, --config FILE    settings (default: " DEFAULT_CLIENT_CONFIG ")\n"
    "      --check-config   read the settings, print them with all defaults, and end\n"
    "      --once           publish once and end\n"
    "      --timeout S      with --once, waitsync: give up after this many seconds (default: 30)\n"
    "      --take-over      mode system: stop and disable systemd-timesyncd first; asks before\n"
    "  -y, --yes            do not ask\n"
    "      --dir FOLDER     keygen: where node.key goes (default: the folder of the settings)\n"
    "      --json           keygen: print JSON\n"
    "  -q, --quiet          say less\n"
    "  -v, --verbose        say more\n"
    "  -h, --help           show this help\n"
    "      --version        show the version\n"
    "\n"
    "taictl shows what it knows; taictl waitsync waits until the clock is good. See tai-client(8).\n"
    "Exit code: 0 ok, 1 failed (a new start may help), 2 usage, 78 refused (a person must act first).\n";

enum {
    OPT_CHECK = 256,
    OPT_ONCE,
    OPT_TIMEOUT,
    OPT_TAKE_OVER,
    OPT_DIR,
    OPT_JSON,
    OPT_VERSION,
    ONCE_MS = 30000
};

static const struct option longs[] = {
    {"config", required_argument, NULL, 'c'},
    {"check-config", no_argument, NULL, OPT_CHECK},
    {"once", no_argument, NULL, OPT_ONCE},
    {"timeout", required_argument, NULL, OPT_TIMEOUT},
    {"take-over", no_argument, NULL, OPT_TAKE_OVER},
    {"yes", no_argument, NULL, 'y'},
    {"dir", required_argument, NULL, OPT_DIR},
    {"json", no_argument, NULL, OPT_JSON},
    {"quiet", no_argument, NULL, 'q'},
    {"verbose", no_argument, NULL, 'v'},
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, OPT_VERSION},
    {NULL, 0, NULL, 0},
};

static int usage_error(const char *what, const char *detail)
{
    fprintf(stderr, "tai-client: %s%s\nTry 'tai-client --help'.\n", what, detail);
    return CLIENT_EXIT_USAGE;
}

static bool take_timeout(struct client_options *o, const char *text, int *ret_exit)
{
    char *end;
    long s = strtol(text, &end, 10);
    if (*text == 0 || *end != 0 || s < 0 || s > 86400) {
        *ret_exit = usage_error("--timeout takes seconds, 0 to 86400, not ", text);
        return false;
    }
    o->timeout_ms = s * 1000L;
    return true;
}

static bool take_option(struct client_options *o, int c, int argc, char **argv, int *ret_exit)
{
    switch (c) {
    case 'c':
        o->config = optarg;
        return true;
    case OPT_CHECK:
        o->check_config = true;
        return true;
    case OPT_ONCE:
        o->once = true;
        return true;
    case OPT_TIMEOUT:
        return take_timeout(o, optarg, ret_exit);
    case OPT_TAKE_OVER:
        o->take_over = true;
        return true;
    case 'y':
        o->yes = true;
        return true;
    case OPT_DIR:
        o->dir = optarg;
        return true;
    case OPT_JSON:
        o->json = true;
        return true;
    case 'q':
        o->quiet = true;
        return true;
    case 'v':
        o->verbose = true;
        return true;
    case 'h':
        fputs(usage, stdout);
        *ret_exit = CLIENT_EXIT_OK;
        return false;
    case OPT_VERSION:
        printf("tai-client %s\n", taistamp_version());
        *ret_exit = CLIENT_EXIT_OK;
        return false;
    case ':':
        *ret_exit = usage_error("a value is missing after ", argv[optind - 1]);
        return false;
    default:
        *ret_exit =
            usage_error("unknown or ambiguous option ", optind > 0 && optind <= argc ? argv[optind - 1] : "");
        return false;
    }
}

static bool take_verb(struct client_options *o, int argc, char **argv, int *ret_exit)
{
    if (optind < argc && strcmp(argv[optind], "keygen") == 0)
        o->verb = CLIENT_KEYGEN;
    else if (optind < argc && strcmp(argv[optind], "waitsync") == 0)
        o->verb = CLIENT_WAITSYNC;
    else if (optind < argc && strcmp(argv[optind], "leave") == 0)
        o->verb = CLIENT_LEAVE;
    else if (optind < argc) {
        *ret_exit = usage_error("there is no such command: ", argv[optind]);
        return false;
    }
    if (optind + 1 < argc) {
        *ret_exit = usage_error("too many words: ", argv[optind + 1]);
        return false;
    }
    if ((o->dir != NULL || o->json) && o->verb != CLIENT_KEYGEN) {
        *ret_exit = usage_error("--dir and --json go with keygen", "");
        return false;
    }
    return true;
}

bool client_options_read(int argc, char **argv, struct client_options *ret_options, int *ret_exit)
{
    struct client_options o = {.timeout_ms = ONCE_MS};
    int c;
    opterr = 0;
    while ((c = getopt_long(argc, argv, ":c:yqvh", longs, NULL)) != -1)
        if (!take_option(&o, c, argc, argv, ret_exit))
            return false;
    if (!take_verb(&o, argc, argv, ret_exit))
        return false;
    *ret_options = o;
    return true;
}
