/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/tai-leap/options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "taistamp/base.h"
#include "tools/usage.h"

static const char usage[] =
    "Usage: tai-leap [OPTION]... [TIME]...\n"
    "       tai-leap update [OPTION]... [SOURCE]...\n"
    "Shows the leap-second table, or converts each TIME between TAI, UTC, TAI64N, POSIX and NTP; or renews "
    "the table\n"
    "('tai-leap update --help').\n"
    "\n"
    "A TIME is\n"
    "  2016-12-31T23:59:60Z          UTC (RFC 3339, also with an offset such as +01:00)\n"
    "  '2017-01-01T00:00:36 TAI'     TAI\n"
    "  @40000000586846a400000000     a TAI64 or TAI64N label\n"
    "  now                           the clock of taid where it runs, else this system's clock\n"
    "  --posix N[.FRACTION]          POSIX seconds since 1970-01-01T00:00:00Z\n"
    "  --ntp N[.FRACTION]            NTP seconds since 1900-01-01T00:00:00Z, not folded into an era\n"
    "  --ntp HHHHHHHH.HHHHHHHH       a 64-bit NTP timestamp in hex, in the era nearest to --pivot\n"
    "  --ntp 32 hex digits           a 128-bit NTP date: era, seconds, fraction\n"
    "  --ns N                        nanoseconds since 1970-01-01T00:00:00 TAI\n"
    "\n"
    "Options:\n"
    "  -f, --file FILE    use this leap-seconds.list and no other\n"
    "  -t, --to FORM      print one form only: tai, utc, tai64n, posix, ntp or ns\n"
    "      --pivot TIME   the time near which 64-bit NTP timestamps lie (default: now)\n"
    "      --json         print JSON\n"
    "  -q, --quiet        print no remarks; for the table, nothing: the exit code tells\n"
    "  -v, --verbose      also say which files were tried\n"
    "  -h, --help         show this help\n"
    "      --version      show the version\n"
    "\n"
    "Exit code: 0 ok, 1 no such time or not known, or a damaged table, 2 usage or missing file,\n"
    "3 answered, but the table has expired. The man page tai-leap(1) has examples.\n";

enum { OPT_POSIX = 256, OPT_NTP, OPT_NS, OPT_PIVOT, OPT_JSON, OPT_VERSION };

static const struct option longs[] = {
    {"posix", required_argument, NULL, OPT_POSIX}, {"ntp", required_argument, NULL, OPT_NTP},
    {"ns", required_argument, NULL, OPT_NS},       {"pivot", required_argument, NULL, OPT_PIVOT},
    {"file", required_argument, NULL, 'f'},        {"to", required_argument, NULL, 't'},
    {"json", no_argument, NULL, OPT_JSON},         {"quiet", no_argument, NULL, 'q'},
    {"verbose", no_argument, NULL, 'v'},           {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, OPT_VERSION},   {NULL, 0, NULL, 0},
};

static bool form_read(const char *text, enum form *ret_form)
{
    static const char *const names[] = {
        [FORM_TAI] = "tai",     [FORM_UTC] = "utc", [FORM_TAI64N] = "tai64n",
        [FORM_POSIX] = "posix", [FORM_NTP] = "ntp", [FORM_NS] = "ns",
    };
    for (size_t i = FORM_TAI; i <= FORM_NS; i++)
        if (strcmp(names[i], text) == 0) {
            *ret_form = (enum form)i;
            return true;
        }
    return false;
}

static int usage_error(const char *what, const char *detail)
{
    return usage_wrong("tai-leap", what, detail);
}

/* The message for what getopt refused. */
static int bad_option(char *const *argv, int c)
{
    if (c != ':' && optopt >= '0' && optopt <= '9')
        return usage_error(
            "a negative number needs --posix, --ntp or --ns before it, which say what it counts", "");
    return usage_refused("tai-leap", c, argv);
}

static void add_item(struct options *o, enum item_kind kind, const char *text)
{
    o->items[o->n_items++] = (struct item){kind, text};
}

/* One option; false when the command is done, with its exit code. */
static bool take_option(struct options *o, int c, char **argv, int *ret_exit)
{
    switch (c) {
    case 1: /* not an option: "-" in the option string keeps the order of the command line */
        add_item(o, ITEM_TEXT, optarg);
        return true;
    case OPT_POSIX:
        add_item(o, ITEM_POSIX, optarg);
        return true;
    case OPT_NTP:
        add_item(o, ITEM_NTP, optarg);
        return true;
    case OPT_NS:
        add_item(o, ITEM_NS, optarg);
        return true;
    case OPT_PIVOT:
        o->pivot = optarg;
        return true;
    case OPT_JSON:
        o->json = true;
        return true;
    case 'f':
        o->file = optarg;
        return true;
    case 'q':
        o->quiet = true;
        return true;
    case 'v':
        o->verbose = true;
        return true;
    case 't':
        if (form_read(optarg, &o->form))
            return true;
        *ret_exit = usage_error("--to takes tai, utc, tai64n, posix, ntp or ns, not ", optarg);
        return false;
    case 'h':
        fputs(usage, stdout);
        *ret_exit = EXIT_OK;
        return false;
    case OPT_VERSION:
        printf("tai-leap %s\n", taistamp_version());
        *ret_exit = EXIT_OK;
        return false;
    default:
        *ret_exit = bad_option(argv, c);
        return false;
    }
}

bool options_read(int argc, char **argv, struct options *ret_options, int *ret_exit)
{
    struct options o = {.form = FORM_ALL};
    o.items = calloc((size_t)argc + 1, sizeof *o.items);
    if (o.items == NULL) {
        *ret_exit = EXIT_INVALID;
        return false;
    }
    bool go_on = true;
    int c;
    opterr = 0;
    while (go_on && (c = getopt_long(argc, argv, "-:f:t:qvh", longs, NULL)) != -1)
        go_on = take_option(&o, c, argv, ret_exit);
    for (; go_on && optind < argc; optind++)
        add_item(&o, ITEM_TEXT, argv[optind]);
    if (go_on && o.form != FORM_ALL && (o.n_items == 0 || o.json)) {
        *ret_exit = usage_error("--to needs a time to convert, and does not go with --json", "");
        go_on = false;
    }
    if (!go_on) {
        options_free(&o);
        return false;
    }
    *ret_options = o;
    return true;
}

void options_free(struct options *o)
{
    free(o->items);
    o->items = NULL;
}
