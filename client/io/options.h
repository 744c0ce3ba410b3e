/* SPDX-License-Identifier: Apache-2.0 */
/* The command line of tai-client. */
#ifndef CLIENT_IO_OPTIONS_H
#define CLIENT_IO_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

/* As those of taid (server/verbs.h), so that a service manager treats both alike. */
enum client_exit {
    CLIENT_EXIT_OK = 0,
    CLIENT_EXIT_FAILED = 1, /* a new start may cure it; --once: no time within --timeout */
    CLIENT_EXIT_USAGE = 2,
    CLIENT_EXIT_REFUSED = 78 /* a person must act first */
};

enum client_verb { CLIENT_RUN, CLIENT_KEYGEN, CLIENT_LEAVE, CLIENT_WAITSYNC };

struct client_options {
    enum client_verb verb;
    const char *config; /* NULL: the usual file */
    const char *dir;    /* keygen */
    bool once, check_config, take_over, yes, json, quiet, verbose;
    int64_t timeout_ms; /* --once; 0: for ever */
};

/* True to go on; false when the command is done, with its exit code. */
bool client_options_read(int argc, char **argv, struct client_options *ret_options, int *ret_exit);

#endif
