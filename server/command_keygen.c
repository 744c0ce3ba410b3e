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

/* What the settings say, or would say. */
struct places {
    char *key, *state_dir, *user;
};

static void places_free(struct places *p)
{
    free(p->key);
    free(p->state_dir);
    free(p->user);
}

static enum tai_err places_find(const struct command *command, struct places *ret_places,
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
        *ret_places = (struct places){config->sync.node_key, config->sync.state_dir, config->clock.user};
        config->sync.node_key = config->sync.state_dir = config->clock.user = NULL;
        config_free(config);
        return TAI_OK;
    }
    if (dir == NULL && err == TAI_ERR_NOT_FOUND)
        return error_set_detail(
            error, err, command->config_path,
            bytes_of_str("no such settings; --config names them, --dir a server's folder"));
    if (err != TAI_ERR_NOT_FOUND)
        return err;
    *ret_places = (struct places){file_path(dir, "keys/node.key"), file_path(dir, "sync"), NULL};
    return ret_places->key != NULL && ret_places->state_dir != NULL
               ? TAI_OK
               : error_set(error, TAI_ERR_MEMORY, "out of memory");
}

int command_keygen(const struct command *command)
{
    struct places p = {0};
    struct keygen_result made = {.made = false};
    struct tai_error error = {.text = ""};
    enum tai_err err = places_find(command, &p, &error);
    bool settings = err == TAI_OK;
    if (settings)
        err = keygen_run(p.key, true, &made, &error);
    if (err == TAI_OK && (made.made || command->new_state))
        err = clock_found(p.state_dir, &error);
    if (err != TAI_OK)
        command_refuse(command, &error);
    else if (command->json)
        keygen_print_json(&made, p.key, stdout);
    else
        keygen_print(&made, p.key, stdout, command->quiet ? NULL : stderr);
    if (err == TAI_OK && made.made && p.user != NULL && geteuid() == 0 && !command->quiet)
        fprintf(stderr,
                "The clock process runs as %s: chown the key and %s, and let that user into their folders.\n",
                p.user, p.state_dir);
    places_free(&p);
    return err == TAI_OK ? TAID_EXIT_OK : settings ? TAID_EXIT_FAILED : TAID_EXIT_USAGE;
}
