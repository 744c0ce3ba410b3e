/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/tai-leap/update.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/file.h"
#include "tools/network.h"
#include "tools/tai-leap/show.h"
#include "tools/text.h"
#include "tools/usage.h"

static const char usage[] =
    "Usage: tai-leap update [OPTION]... [SOURCE]...\n"
    "Puts a newer leap-second table where every program of this machine finds it.\n"
    "\n"
    "A SOURCE is\n"
    "  FILE                    a leap-seconds.list; - is standard input\n"
    "  http://HOST[:PORT]      a taistamp server, which gives the table that it uses (also https)\n"
    "A table is checked by its own hash. One that is older than a table that is here already, or that "
    "contradicts\n"
    "it about the past, is refused. Of several sources the newest that is left is taken; without any, the "
    "newest\n"
    "table that this system has. Where none is left, nothing is changed.\n"
    "\n"
    "Options:\n"
    "  -o, --output FILE  write there (default: the first path of 'tai-leap -v')\n"
    "  -n, --dry-run      check and say what would be done, write nothing\n"
    "      --ca-file FILE trust these CAs (PEM) for https instead of the system's\n"
    "      --json         print JSON\n"
    "  -q, --quiet        print nothing but errors\n"
    "  -h, --help         show this help\n"
    "\n"
    "Exit code: 0 updated, or nothing newer; 1 refused or damaged; 2 usage or missing file; 3 done, but the "
    "table\n"
    "has expired; 4 a server could not be reached.\n";

/* What the library takes at most; a leap-seconds.list is some 10 kB. */
enum { TABLE_MAX = 256 * 1024, TIMEOUT_MS = 10000, MODE = 0644, FOLDER_MODE = 0755 };
enum { OPT_CA_FILE = 256, OPT_JSON };

struct update {
    const char *output, *ca_file;
    bool dry_run, json, quiet;
    int code;
};

struct candidate {
    const char *source;
    char *text;
    size_t len;
    taistamp_leaps *leaps;
    bool same; /* as the table that is at the destination */
};

static void candidate_free(struct candidate *c)
{
    taistamp_leaps_free(c->leaps);
    free(c->text);
    *c = (struct candidate){.source = NULL};
}

static int complain(int code, const char *source, const char *why)
{
    fprintf(stderr, "tai-leap: %s: %s\n", source, why);
    return code;
}

static bool is_url(const char *source)
{
    return strncmp(source, "http://", 7) == 0 || strncmp(source, "https://", 8) == 0;
}

static int fetch(const struct update *u, struct candidate *c)
{
    struct network network;
    struct tai_error error = {.text = ""};
    taistamp_net *net = NULL;
    struct taistamp_net_options options = {
        .size = sizeof options, .total_ms = TIMEOUT_MS, .ca_file = u->ca_file};
    enum tai_err err = network_load(&network, &error);
    if (err == TAI_OK)
        err = network.new(c->source, &options, &net, &error);
    if (err == TAI_OK) {
        err = network.get(net, "/v1/leap-seconds", TABLE_MAX, &c->text, &c->len, &error);
        network.free(net);
    }
    if (err == TAI_OK)
        return EXIT_OK;
    if (err == TAI_ERR_UNAVAILABLE || err == TAI_ERR_TIMEOUT)
        return complain(EXIT_UNREACHABLE, c->source, error.text);
    return complain(err == TAI_ERR_ARGUMENT ? EXIT_USAGE : EXIT_INVALID, c->source, error.text);
}

/* The text of a source and the table in it. */
static int candidate_read(const struct update *u, const char *source, struct candidate *ret)
{
    struct candidate c = {.source = source};
    int code = EXIT_OK;
    if (is_url(source)) {
        code = fetch(u, &c);
    } else {
        int err = file_load(source, TABLE_MAX, &c.text, &c.len);
        if (err == EFBIG)
            code = complain(EXIT_INVALID, source, "far too long for a leap-second table");
        else if (err != 0)
            code = complain(EXIT_USAGE, source, strerror(err));
    }
    struct tai_error error;
    if (code == EXIT_OK && taistamp_leaps_parse(c.text, c.len, &c.leaps, &error) != TAI_OK)
        code = complain(EXIT_INVALID, source, error.text);
    if (code != EXIT_OK) {
        candidate_free(&c);
        return code;
    }
    *ret = c;
    return EXIT_OK;
}

/* By expiry, then by the date of the update: below 0: `a` is older. */
static int compare(const taistamp_leaps *a, const taistamp_leaps *b)
{
    int64_t x = taistamp_leaps_expires(a).ns, y = taistamp_leaps_expires(b).ns;
    if (x == y) {
        x = taistamp_leaps_updated(a).ns;
        y = taistamp_leaps_updated(b).ns;
    }
    return x < y ? -1 : x > y;
}

/* Whether every line of `old` is in `fresh`, and `fresh` adds none before the expiry of `old`. */
static bool continues(const taistamp_leaps *fresh, const taistamp_leaps *old)
{
    tai_t from, at;
    int32_t offset, s;
    size_t i = 0;
    for (; taistamp_leaps_line(old, i, &from, &offset) == TAI_OK; i++)
        if (taistamp_leaps_line(fresh, i, &at, &s) != TAI_OK || at.ns != from.ns || s != offset)
            return false;
    return taistamp_leaps_line(fresh, i, &at, &s) != TAI_OK || at.ns >= taistamp_leaps_expires(old).ns;
}

static int refuse(const struct update *u, const struct candidate *c, const taistamp_leaps *old,
                  const char *why)
{
    (void)u;
    fprintf(stderr, "tai-leap: %s: %s %s; it is not taken\n", c->source, why, taistamp_leaps_origin(old));
    return EXIT_INVALID;
}

/* Against a table that is here already: EXIT_OK to go on. */
static int judge(const struct update *u, const struct candidate *c, const taistamp_leaps *old)
{
    if (compare(c->leaps, old) < 0)
        return refuse(u, c, old, "older than");
    if (!continues(c->leaps, old))
        return refuse(u, c, old, "contradicts, about leap seconds that were settled, the table in");
    return EXIT_OK;
}

static int say(const struct update *u, const struct candidate *c, bool written)
{
    struct instant now;
    struct tai_error error;
    if (read_now(c->leaps, &now, &error) != TAI_OK)
        return complain(EXIT_INVALID, c->source, error.text);
    bool expired = now.t.ns >= taistamp_leaps_expires(c->leaps).ns;
    if (u->json) {
        json_t *table = show_table_json(c->leaps, &now, false);
        (void)json_object_set_new(table, "file", json_string(u->output));
        if (!json_finish(
                json_pack("{s:s, s:b, s:o}", "source", c->source, "written", written, "table", table)))
            return complain(EXIT_INVALID, "standard output", "could not be written");
    } else if (!u->quiet) {
        char text[TAISTAMP_TIME_TEXT] = "";
        if (taistamp_time_print(taistamp_leaps_expires(c->leaps), TAISTAMP_UTC, 0, c->leaps, text, NULL) !=
            TAI_OK)
            text[0] = 0;
        const char *done = written ? "written from" : u->dry_run ? "would be written from" : "is as new as";
        printf("%s: %s %s; expires %s%s\n", u->output, done, c->source, text,
               expired ? ", WHICH IS PAST: a leap second may be missing" : "");
    }
    return expired ? EXIT_DOUBTFUL : EXIT_OK;
}

static int save(const struct update *u, const struct candidate *c)
{
    char *folder = text_copy(u->output), *slash = strrchr(folder, '/');
    int err = 0;
    if (slash != NULL && slash != folder) {
        *slash = 0;
        err = file_make_folders(folder, FOLDER_MODE);
    }
    free(folder);
    if (err == 0)
        err = file_save(u->output, c->text, c->len, MODE, false);
    if (err == 0)
        return EXIT_OK;
    if (err == EACCES || err == EPERM)
        return complain(EXIT_INVALID, u->output,
                        "no permission to write there: run as root, or give --output");
    return complain(EXIT_INVALID, u->output, strerror(err));
}

/* The tables that must not be gone back from: what the system uses, and what is at the destination. */
static int judge_all(const struct update *u, struct candidate *c)
{
    taistamp_leaps *old;
    int code = EXIT_OK;
    c->same = false;
    if (taistamp_leaps_load(NULL, &old, NULL) == TAI_OK) {
        code = judge(u, c, old);
        taistamp_leaps_free(old);
    }
    if (code == EXIT_OK && taistamp_leaps_load(u->output, &old, NULL) == TAI_OK) {
        code = judge(u, c, old);
        c->same = compare(c->leaps, old) == 0;
        taistamp_leaps_free(old);
    }
    return code;
}

static int take(const struct update *u, const struct candidate *c)
{
    bool write = !c->same && !u->dry_run;
    int code = write ? save(u, c) : EXIT_OK;
    return code == EXIT_OK ? say(u, c, write) : code;
}

/* The newest of all sources that may be taken; each is judged before it is compared, so that a forged one with a far expiry hides
 * no other. The code of the last that is no good when none is. */
static int choose(const struct update *u, char **sources, int count, struct candidate *ret)
{
    int code = EXIT_USAGE;
    for (int i = 0; i < count; i++) {
        struct candidate c;
        int one = candidate_read(u, sources[i], &c);
        if (one != EXIT_OK) {
            code = one;
            continue;
        }
        one = judge_all(u, &c);
        if (one != EXIT_OK)
            code = one;
        if (one == EXIT_OK && (ret->leaps == NULL || compare(c.leaps, ret->leaps) > 0)) {
            candidate_free(ret);
            *ret = c;
        } else {
            candidate_free(&c);
        }
    }
    return ret->leaps != NULL ? EXIT_OK : code;
}

static int update(const struct update *u, char **sources, int count)
{
    struct candidate best = {.source = NULL};
    taistamp_leaps *newest = NULL;
    char *own[1];
    if (count == 0) {
        struct tai_error error;
        if (taistamp_leaps_load(NULL, &newest, &error) != TAI_OK)
            return complain(EXIT_USAGE, "no table of this system can be taken", error.text);
        own[0] = text_copy(taistamp_leaps_origin(newest));
        taistamp_leaps_free(newest);
    }
    int code = count == 0 ? choose(u, own, 1, &best) : choose(u, sources, count, &best);
    if (code == EXIT_OK)
        code = take(u, &best);
    candidate_free(&best);
    if (count == 0)
        free(own[0]);
    return code;
}

/* One option; false when the command is done, with u->code. */
static bool take_option(struct update *u, int c, char **argv)
{
    switch (c) {
    case 'o':
        u->output = optarg;
        return true;
    case 'n':
        u->dry_run = true;
        return true;
    case 'q':
        u->quiet = true;
        return true;
    case OPT_CA_FILE:
        u->ca_file = optarg;
        return true;
    case OPT_JSON:
        u->json = true;
        return true;
    case 'h':
        fputs(usage, stdout);
        return false;
    default:
        u->code = usage_refused("tai-leap update", c, argv);
        return false;
    }
}

int update_command(int argc, char **argv)
{
    static const struct option longs[] = {
        {"output", required_argument, NULL, 'o'},
        {"dry-run", no_argument, NULL, 'n'},
        {"ca-file", required_argument, NULL, OPT_CA_FILE},
        {"json", no_argument, NULL, OPT_JSON},
        {"quiet", no_argument, NULL, 'q'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    struct update u = {.output = taistamp_leaps_path(0), .code = EXIT_OK};
    int c;
    opterr = 0;
    while ((c = getopt_long(argc, argv, ":o:nqh", longs, NULL)) != -1)
        if (!take_option(&u, c, argv))
            return u.code;
    int code = update(&u, argv + optind, argc - optind);
    if (fflush(stdout) != 0 || ferror(stdout))
        return complain(EXIT_INVALID, "standard output", "could not be written");
    return code;
}
