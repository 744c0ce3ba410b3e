/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/tai-stamp/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "taistamp/base.h"
#include "tools/usage.h"

static const struct {
    const char *word;
    enum command command;
} commands[] = {{"stamp", COMMAND_STAMP},    {"verify", COMMAND_VERIFY}, {"info", COMMAND_INFO},
                {"trust", COMMAND_TRUST},    {"export", COMMAND_EXPORT}, {"flush", COMMAND_FLUSH},
                {"restore", COMMAND_RESTORE}};

enum {
    OPT_HELP = 256,
    OPT_VERSION,
    OPT_JSON,
    OPT_SERVER,
    OPT_CA_FILE,
    OPT_FILES_FROM,
    OPT_DIGEST,
    OPT_ALGORITHM,
    OPT_OUT_DIR,
    OPT_FORCE,
    OPT_RETRY,
    OPT_JOBS,
    OPT_TIMEOUT,
    OPT_POLICY,
    OPT_TRUST,
    OPT_RECEIPT,
    OPT_FINGERPRINT,
    OPT_LIST,
    OPT_REMOVE,
    OPT_WITH_FILE,
    OPT_QUICK
};

static const struct option long_options[] = {{"help", no_argument, NULL, OPT_HELP},
                                             {"version", no_argument, NULL, OPT_VERSION},
                                             {"json", no_argument, NULL, OPT_JSON},
                                             {"quiet", no_argument, NULL, 'q'},
                                             {"verbose", no_argument, NULL, 'v'},
                                             {"recursive", no_argument, NULL, 'r'},
                                             {"null", no_argument, NULL, '0'},
                                             {"output", required_argument, NULL, 'o'},
                                             {"server", required_argument, NULL, OPT_SERVER},
                                             {"ca-file", required_argument, NULL, OPT_CA_FILE},
                                             {"files-from", required_argument, NULL, OPT_FILES_FROM},
                                             {"digest", required_argument, NULL, OPT_DIGEST},
                                             {"algorithm", required_argument, NULL, OPT_ALGORITHM},
                                             {"out-dir", required_argument, NULL, OPT_OUT_DIR},
                                             {"force", no_argument, NULL, OPT_FORCE},
                                             {"retry", no_argument, NULL, OPT_RETRY},
                                             {"jobs", required_argument, NULL, OPT_JOBS},
                                             {"timeout", required_argument, NULL, OPT_TIMEOUT},
                                             {"policy", required_argument, NULL, OPT_POLICY},
                                             {"trust", required_argument, NULL, OPT_TRUST},
                                             {"receipt", required_argument, NULL, OPT_RECEIPT},
                                             {"fingerprint", required_argument, NULL, OPT_FINGERPRINT},
                                             {"list", no_argument, NULL, OPT_LIST},
                                             {"remove", no_argument, NULL, OPT_REMOVE},
                                             {"with-file", no_argument, NULL, OPT_WITH_FILE},
                                             {"quick", no_argument, NULL, OPT_QUICK},
                                             {NULL, 0, NULL, 0}};

/* Which commands take an option. What is not listed here is taken by all. */
static const struct {
    int option;
    int commands;
} takers[] = {{'r', COMMAND_STAMP | COMMAND_VERIFY | COMMAND_RESTORE},
              {'0', COMMAND_STAMP | COMMAND_VERIFY | COMMAND_RESTORE},
              {'o', COMMAND_STAMP | COMMAND_EXPORT},
              {OPT_SERVER, COMMAND_STAMP | COMMAND_FLUSH},
              {OPT_CA_FILE, COMMAND_STAMP | COMMAND_FLUSH | COMMAND_TRUST},
              {OPT_FILES_FROM, COMMAND_STAMP | COMMAND_VERIFY | COMMAND_RESTORE},
              {OPT_DIGEST, COMMAND_STAMP | COMMAND_VERIFY},
              {OPT_ALGORITHM, COMMAND_STAMP},
              {OPT_OUT_DIR, COMMAND_STAMP},
              {OPT_FORCE, COMMAND_STAMP | COMMAND_FLUSH | COMMAND_EXPORT | COMMAND_RESTORE},
              {OPT_RETRY, COMMAND_STAMP},
              {OPT_JOBS, COMMAND_STAMP | COMMAND_FLUSH},
              {OPT_TIMEOUT, COMMAND_STAMP | COMMAND_FLUSH | COMMAND_TRUST},
              {OPT_POLICY, COMMAND_VERIFY | COMMAND_EXPORT},
              {OPT_TRUST, COMMAND_VERIFY | COMMAND_EXPORT},
              {OPT_RECEIPT, COMMAND_VERIFY | COMMAND_EXPORT},
              {OPT_FINGERPRINT, COMMAND_TRUST},
              {OPT_LIST, COMMAND_TRUST},
              {OPT_REMOVE, COMMAND_TRUST},
              {OPT_WITH_FILE, COMMAND_EXPORT},
              {OPT_QUICK, COMMAND_VERIFY}};

static const char usage_text[] =
    "Usage: tai-stamp FILE...                     stamp files: FILE.tai proves when FILE existed\n"
    "       tai-stamp stamp [-r] FILE|FOLDER...   the same, with options\n"
    "       tai-stamp verify FILE|FOLDER|RECEIPT...\n"
    "       tai-stamp info RECEIPT...             show what a receipt says, unverified\n"
    "       tai-stamp trust URL|POLICYFILE        pin the keys of a server (--list, --remove)\n"
    "       tai-stamp export FILE... -o FOLDER    make a folder for somebody who has nothing else\n"
    "       tai-stamp restore FILE...             put a lost receipt back beside its file\n"
    "       tai-stamp flush                       send what was queued while the server was away\n"
    "\n"
    "Files are only read; a salted commitment is all that leaves this machine.\n"
    "\n"
    "stamp:   -r, --recursive        whole folders (receipts themselves are left out)\n"
    "         --files-from F         names from a file, one a line ('-': standard input); -0: NUL between "
    "them\n"
    "         -                      stamp standard input; the receipt goes to standard output or -o\n"
    "         --digest ALG:HEX       stamp a digest instead of a file; needs -o\n"
    "         --algorithm ALG        sha256 (default), sha384, sha512, sha3-256, sha3-384, sha3-512\n"
    "         -o, --output F         where to put the receipt of one file\n"
    "         --out-dir D            put the receipts in D, not beside the files\n"
    "         --force                stamp again; an old receipt is kept under another name\n"
    "         --retry                send only what is queued (the same as flush)\n"
    "         --server URL           which pinned server; else $TAISTAMP_SERVER, else the one pinned\n"
    "         --ca-file PEM          certificates to accept for https\n"
    "         --jobs N               hashing threads (default: one per core)\n"
    "         --timeout SECONDS      for the server's answer (default 30)\n"
    "verify:  -r, --files-from, -0, --digest as above\n"
    "         --receipt R            the receipt (default: FILE.tai, else a kept copy found by digest)\n"
    "         --quick                do not hash files to look for kept receipts\n"
    "         --policy P --trust T   use these files and nothing from your home folder\n"
    "trust:   --fingerprint HEX      accept exactly this key, without asking\n"
    "         --list, --remove URL   what is pinned; forget it\n"
    "restore: -r, --files-from, -0 as above; --force moves a receipt aside that does not hold\n"
    "export:  --with-file            put a copy of the file in the folder too\n"
    "         --policy, --trust, --receipt as for verify\n"
    "all:     --json, -q, --quiet, -v, --verbose, --help, --version\n"
    "\n"
    "Exit codes: 0 done, 1 verification failed, 2 wrong use or missing file, 3 partly done,\n"
    "            4 server unreachable (queued), 5 untrusted key, 130 interrupted.\n";

static int usage_error(const char *message, const char *what)
{
    return usage_wrong("tai-stamp", message, what);
}

static bool read_number(const char *text, unsigned long max, unsigned long *ret_n)
{
    char *end;

    if (text[0] < '0' || text[0] > '9')
        return false;
    errno = 0;
    *ret_n = strtoul(text, &end, 10);
    return errno == 0 && *end == '\0' && *ret_n >= 1 && *ret_n <= max;
}

/* Notes option `c`. -1: fine; else the exit code. */
static int take(int c, char *const *argv, struct options *o)
{
    unsigned long n;

    switch (c) {
    case OPT_HELP:
        fputs(usage_text, stdout);
        return EXIT_OK;
    case OPT_VERSION:
        printf("tai-stamp %s\n", taistamp_version());
        return EXIT_OK;
    case OPT_JSON:
        o->json = true;
        return -1;
    case 'q':
        o->quiet = true;
        return -1;
    case 'v':
        o->verbose++;
        return -1;
    case 'r':
        o->recursive = true;
        return -1;
    case '0':
        o->null_separated = true;
        return -1;
    case 'o':
        o->output = optarg;
        return -1;
    case OPT_SERVER:
        o->server = optarg;
        return -1;
    case OPT_CA_FILE:
        o->ca_file = optarg;
        return -1;
    case OPT_FILES_FROM:
        o->files_from = optarg;
        return -1;
    case OPT_DIGEST:
        o->digest = optarg;
        return -1;
    case OPT_ALGORITHM:
        o->algorithm = optarg;
        return -1;
    case OPT_OUT_DIR:
        o->out_dir = optarg;
        return -1;
    case OPT_FORCE:
        o->force = true;
        return -1;
    case OPT_RETRY:
        o->retry = true;
        return -1;
    case OPT_JOBS:
        if (!read_number(optarg, 256, &n))
            return usage_error("--jobs takes a number from 1 to 256, not ", optarg);
        o->jobs = (unsigned)n;
        return -1;
    case OPT_TIMEOUT:
        if (!read_number(optarg, 3600, &n))
            return usage_error("--timeout takes 1 to 3600 seconds, not ", optarg);
        o->timeout_ms = (int64_t)n * 1000;
        return -1;
    case OPT_POLICY:
        o->policy = optarg;
        return -1;
    case OPT_TRUST:
        o->trust = optarg;
        return -1;
    case OPT_RECEIPT:
        o->receipt = optarg;
        return -1;
    case OPT_FINGERPRINT:
        o->fingerprint = optarg;
        return -1;
    case OPT_LIST:
        o->list = true;
        return -1;
    case OPT_REMOVE:
        o->remove = true;
        return -1;
    case OPT_WITH_FILE:
        o->with_file = true;
        return -1;
    case OPT_QUICK:
        o->quick = true;
        return -1;
    default:
        return usage_refused("tai-stamp", c, argv);
    }
}

/* Whether `word` (one of the strings of `given`) was written before any "--". getopt moves words, so it looks at the
 * order in which they were typed. */
static bool before_dashes(char *const *given, const char *word)
{
    for (; *given != NULL; given++) {
        if (*given == word)
            return true;
        if (strcmp(*given, "--") == 0)
            return false;
    }
    return false;
}

static int check_fit(const struct options *o, const bool *seen, const char *word)
{
    for (size_t i = 0; i < sizeof takers / sizeof *takers; i++) {
        if (!seen[takers[i].option] || (takers[i].commands & (int)o->command) != 0)
            continue;
        for (size_t j = 0; long_options[j].name != NULL; j++)
            if (long_options[j].val == takers[i].option)
                fprintf(stderr, "tai-stamp: %s does not take --%s\nTry 'tai-stamp --help'.\n", word,
                        long_options[j].name);
        return EXIT_USAGE;
    }
    return -1;
}

int options_read(int argc, char **argv, struct options *ret_options)
{
    struct options o = {.command = COMMAND_STAMP};
    bool seen[512] = {false};
    const char *word = "stamp";
    char **given = calloc((size_t)argc + 1, sizeof *given);
    int c, code;

    if (given == NULL)
        return usage_error("out of memory", "");
    memcpy(given, argv, (size_t)argc * sizeof *given);
    opterr = 0;
    while ((c = getopt_long(argc, argv, ":0o:qrv", long_options, NULL)) != -1) {
        code = take(c, argv, &o);
        if (code >= 0) {
            free(given);
            return code;
        }
        seen[c] = true;
    }
    o.args = argv + optind;
    o.n_args = (size_t)(argc - optind);
    if (o.n_args > 0 && before_dashes(given, o.args[0])) {
        for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
            if (strcmp(o.args[0], commands[i].word) == 0) {
                o.command = commands[i].command;
                word = commands[i].word;
                o.args++;
                o.n_args--;
                break;
            }
        }
    }
    free(given);
    if (argc < 2) {
        fputs(usage_text, stderr);
        return EXIT_USAGE;
    }
    code = check_fit(&o, seen, word);
    if (code < 0)
        *ret_options = o;
    return code;
}
