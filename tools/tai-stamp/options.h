/* SPDX-License-Identifier: Apache-2.0 */
/* The command line: which command, which options it takes, and the help text that says so.
 *
 * The first word that is not an option names the command if it is one; otherwise it is a file to stamp, so that
 * `tai-stamp photo.jpg` does the obvious thing. After "--" nothing is a command or an option: `tai-stamp -- verify`
 * stamps a file called verify. An option that the command does not take is an error, never ignored. */
#ifndef TOOLS_TAI_STAMP_OPTIONS_H
#define TOOLS_TAI_STAMP_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Exit codes of every command. */
enum {
    EXIT_OK = 0,
    EXIT_FAILED = 1,      /* a proof does not hold, or the server refused */
    EXIT_USAGE = 2,       /* wrong use, or a missing file */
    EXIT_PARTIAL = 3,     /* some files are done, some are not */
    EXIT_UNREACHABLE = 4, /* the server does not answer; digests are queued */
    EXIT_UNTRUSTED = 5,   /* a key that is not pinned, or is not the pinned one */
    EXIT_INTERRUPTED = 130
};

enum command {
    COMMAND_STAMP = 1,
    COMMAND_VERIFY = 2,
    COMMAND_INFO = 4,
    COMMAND_TRUST = 8,
    COMMAND_EXPORT = 16,
    COMMAND_FLUSH = 32,
    COMMAND_RESTORE = 64,
    COMMAND_ALL = 127
};

struct options {
    enum command command;
    bool json, quiet;
    int verbose;
    bool recursive, force, null_separated, retry, list, remove, with_file, quick;
    const char *server, *ca_file, *files_from, *digest, *algorithm, *output, *out_dir;
    const char *policy, *trust, *receipt;
    const char *fingerprint;
    unsigned jobs;      /* hashing threads; 0: one per core */
    int64_t timeout_ms; /* of a request; 0: the library's */
    char **args;        /* what is left: files, folders, receipts, a URL */
    size_t n_args;
};

/* Reads argv. Returns -1 to go on, or the code to exit with at once (--help and --version print to standard output and
 * give 0; a mistake is explained on standard error and gives 2). *ret_options points into argv. */
int options_read(int argc, char **argv, struct options *ret_options);

#endif
