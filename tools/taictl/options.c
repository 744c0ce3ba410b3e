/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/taictl/options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "taistamp/base.h"
#include "tools/usage.h"

static const char usage[] =
    "Usage: taictl [OPTION]... COMMAND\n"
    "Shows what a running taid or tai-client knows of the time, and tells it the few things there are to "
    "tell.\n"
    "\n"
    "Commands:\n"
    "  tracking       the clock: status, half-width and what it is made of, rate, master\n"
    "  sources        every other node: offset, delay, and whether it is believed, with the reason\n"
    "  sourcestats    every other node's oscillator: rate, skew, wander, samples\n"
    "  cluster        master, term, lease, who is up, and how many faults are survived\n"
    "  references     this server's own sources of time: what each says, and whether it counts, with the "
    "reason\n"
    "  oscillator     the own oscillator as learnt: rate, wander, ageing, holdover, Allan deviation\n"
    "  gps            satellite receivers: fix, satellites, signal, and whether they are believed\n"
    "  waitsync       wait until the clock is synchronised; exit code 1 when it is not in time\n"
    "  makestep       set the system clock to the time at once (mode system; root)\n"
    "  burst          poll all nodes quickly now (root)\n"
    "\n"
    "Options:\n"
    "  -c, --control SOCKET    the control socket (default: $TAISTAMP_CONTROL, else /run/taistamp/control,\n"
    "                          else run/control in the current folder)\n"
    "  -w, --watch[=SECONDS]   show it again and again (default: every second)\n"
    "      --max-error MS      waitsync: until the half-width is at most this, in milliseconds\n"
    "      --timeout SECONDS   waitsync: give up after this (default: never)\n"
    "      --relative          waitsync: the time of a cluster without any reference will do\n"
    "      --svg FILE          oscillator: write the Allan deviation as a picture instead\n"
    "      --json              print JSON\n"
    "  -q, --quiet             print nothing but errors\n"
    "  -v, --verbose           tracking: all parts\n"
    "  -h, --help              show this help\n"
    "      --version           show the version\n"
    "\n"
    "Exit code: 0 ok, 1 not synchronised in time or refused, 2 usage, 4 nobody answers. See taictl(1).\n";

enum { OPT_JSON = 256, OPT_VERSION, OPT_MAX_ERROR, OPT_TIMEOUT, OPT_RELATIVE, OPT_SVG };

static const struct option longs[] = {
    {"control", required_argument, NULL, 'c'},
    {"watch", optional_argument, NULL, 'w'},
    {"max-error", required_argument, NULL, OPT_MAX_ERROR},
    {"timeout", required_argument, NULL, OPT_TIMEOUT},
    {"relative", no_argument, NULL, OPT_RELATIVE},
    {"svg", required_argument, NULL, OPT_SVG},
    {"json", no_argument, NULL, OPT_JSON},
    {"quiet", no_argument, NULL, 'q'},
    {"verbose", no_argument, NULL, 'v'},
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, OPT_VERSION},
    {NULL, 0, NULL, 0},
};

static int usage_error(const char *what, const char *detail)
{
    return usage_wrong("taictl", what, detail);
}

/* Decimal with up to six decimals into millionths; false for anything else or beyond a million. */
static bool millionths(const char *text, int64_t *ret_v)
{
    int64_t v = 0;
    size_t digits = 0, decimals = 0;
    bool point = false;
    for (const char *c = text; *c != 0; c++) {
        if (*c == '.' && !point) {
            point = true;
            continue;
        }
        if (*c < '0' || *c > '9' || (point && decimals == 6) || digits > 7 + 6)
            return false;
        v = v * 10 + (*c - '0');
        digits++;
        decimals += point;
    }
    for (; decimals < 6; decimals++)
        v *= 10;
    if (digits == 0 || v > INT64_C(1000000) * 1000000)
        return false;
    *ret_v = v;
    return true;
}

static bool verb_read(const char *text, enum verb *ret_verb)
{
    static const char *const names[] = {"tracking",   "sources", "sourcestats", "cluster",  "references",
                                        "oscillator", "gps",     "waitsync",    "makestep", "burst"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i], text) == 0) {
            *ret_verb = (enum verb)i;
            return true;
        }
    return false;
}

static bool take_number(const char *name, const char *text, int64_t *ret_v, int *ret_exit)
{
    if (millionths(text, ret_v))
        return true;
    char what[64];
    snprintf(what, sizeof what, "%s takes a number, not ", name);
    *ret_exit = usage_error(what, text);
    return false;
}

static bool take_option(struct options *o, int c, char **argv, int *ret_exit)
{
    int64_t v;
    switch (c) {
    case 'c':
        o->control = optarg;
        return true;
    case 'w':
        o->watch = true;
        if (optarg == NULL)
            return true;
        if (!take_number("--watch", optarg, &v, ret_exit))
            return false;
        o->watch_ms = v / 1000 < 50 ? 50 : v / 1000;
        return true;
    case OPT_MAX_ERROR:
        if (!take_number("--max-error", optarg, &v, ret_exit))
            return false;
        o->max_error_ns = v;
        return true;
    case OPT_TIMEOUT:
        if (!take_number("--timeout", optarg, &v, ret_exit))
            return false;
        o->timeout_ms = v / 1000 < 1 ? 1 : v / 1000;
        return true;
    case OPT_RELATIVE:
        o->relative_is_fine = true;
        return true;
    case OPT_SVG:
        o->svg = optarg;
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
        *ret_exit = EXIT_OK;
        return false;
    case OPT_VERSION:
        printf("taictl %s\n", taistamp_version());
        *ret_exit = EXIT_OK;
        return false;
    default:
        *ret_exit = usage_refused("taictl", c, argv);
        return false;
    }
}

bool options_read(int argc, char **argv, struct options *ret_options, int *ret_exit)
{
    struct options o = {.watch_ms = 1000, .max_error_ns = INT64_MAX};
    int c;
    opterr = 0;
    while ((c = getopt_long(argc, argv, ":c:w::qvh", longs, NULL)) != -1)
        if (!take_option(&o, c, argv, ret_exit))
            return false;
    if (optind >= argc) {
        *ret_exit = usage_error(
            "a command is missing: tracking, sources, sourcestats, cluster, references, oscillator, gps, "
            "waitsync, makestep or burst",
            "");
        return false;
    }
    if (!verb_read(argv[optind], &o.verb)) {
        *ret_exit = usage_error("no such command: ", argv[optind]);
        return false;
    }
    if (optind + 1 < argc) {
        *ret_exit = usage_error("one command at a time; what is this: ", argv[optind + 1]);
        return false;
    }
    if (o.watch && o.verb >= VERB_WAITSYNC) {
        *ret_exit = usage_error(
            "--watch goes with tracking, sources, sourcestats, cluster, references, oscillator and gps", "");
        return false;
    }
    if (o.svg != NULL && (o.verb != VERB_OSCILLATOR || o.watch || o.json)) {
        *ret_exit = usage_error("--svg goes with oscillator, without --watch and --json", "");
        return false;
    }
    *ret_options = o;
    return true;
}
