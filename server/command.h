/* SPDX-License-Identifier: Apache-2.0 */
/* The command line of taid, read once, and the commands that answer and end. Running is server/main.c's. */
#ifndef SERVER_COMMAND_H
#define SERVER_COMMAND_H

#include <stdbool.h>

#include "server/init.h"

struct command {
    const char *config_path;
    bool check_config, json, quiet, verbose;
    bool take_over, yes; /* systemd-timesyncd is stopped before the start; without a question */
    bool new_state;      /* keygen: found the record of votes for a key that was there */
    struct init_options init;
};

/* Each returns an exit code (enum taid_exit): output goes to standard output, refusals to standard error (with --json:
 * an object with "error" to standard output). */
int command_init(const struct command *command);
/* The node key: of the settings, or with --dir of a server's folder that may be without. */
int command_keygen(const struct command *command);
int command_check(const struct command *command);
int command_status(const struct command *command);

/* An object to standard output; it is released. */
struct json_t;
void command_print_json(struct json_t *object);
/* Says what went wrong, in the form that was asked for. */
void command_refuse(const struct command *command, const struct tai_error *error);

#endif
