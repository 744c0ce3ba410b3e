/* SPDX-License-Identifier: Apache-2.0 */
/* taid keygen. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "sdk/base/error.h"
#include "sdk/io/file.h"
#include "sdk/io/keygen.h"
#include "server/command.h"
#include "server/config.h"
#include "server/verbs.h"

/* Where the key lies: as the settings say; in a folder that has none, where they would say. */
static enum tai_err key_path(const struct command *command, char **ret_path, char **ret_user,
                             struct tai_error *error)
{
    const char *dir = command->init.dir;
    char *of_dir = dir != NULL ? file_path(dir, "taid.yaml") : NULL;
    if (dir != NULL && of_dir == NULL)
        return error_set(error, TAI_ERR_MEMORY, "out of memory");
    struct taid_config *config = NULL;
    enum tai_err err = config_load(dir != NULL ? of_dir : command->config_path, &config, error);
    free(of_dir);
    if (err == TAI_OK) {
        *ret_path = config->sync.node_key;
        *ret_user = config->clock.user;
        config->sync.node_key = config->clock.user = NULL;
        config_free(config);
        return TAI_OK;
    }
    if (dir == NULL && err == TAI_ERR_NOT_FOUND)
        return error_set_detail(
            error, err, command->config_path,
            bytes_of_str("no such settings; --config names them, --dir a server's folder"));
    if (err != TAI_ERR_NOT_FOUND)
        return err;
    *ret_path = file_path(dir, "keys/node.key");
    return *ret_path != NULL ? TAI_OK : error_set(error, TAI_ERR_MEMORY, "out of memory");
}

int command_keygen(const struct command *command)
{
    char *path = NULL, *user = NULL;
    struct keygen_result made;
    struct tai_error error = {.text = ""};
    enum tai_err err = key_path(command, &path, &user, &error);
    bool settings = err == TAI_OK;
    if (settings)
        err = keygen_run(path, true, &made, &error);
    if (err != TAI_OK)
        command_refuse(command, &error);
    else if (command->json)
        keygen_print_json(&made, path, stdout);
    else
        keygen_print(&made, path, stdout, command->quiet ? NULL : stderr);
    if (err == TAI_OK && made.made && user != NULL && geteuid() == 0 && !command->quiet)
        fprintf(stderr, "The clock process runs as %s: chown it, and let that user into the folder.\n", user);
    free(path);
    free(user);
    return err == TAI_OK ? TAID_EXIT_OK : settings ? TAID_EXIT_FAILED : TAID_EXIT_USAGE;
}
