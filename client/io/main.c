/* SPDX-License-Identifier: Apache-2.0 */
/* tai-client: the light daemon of a lab machine. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/io/follow.h"
#include "client/io/sample.h"
#include "client/io/takeover_command.h"
#include "sdk/base/error.h"
#include "sdk/io/file.h"
#include "sdk/io/keygen.h"
#include "sdk/io/log.h"
#include "sdk/io/sync_settings.h"
#include "sdk/io/user.h"

/* The annotated settings beside a key that was made in a folder of its own; what is there stays. */
static enum tai_err make_settings(const char *dir, const struct client_options *o, struct tai_error *error)
{
    char *path = file_path(dir, "tai-client.yaml");
    if (path == NULL)
        return error_set(error, TAI_ERR_MEMORY, "out of memory");
    enum tai_err err = access(path, F_OK) == 0 ? TAI_ERR_CONFLICT
                                               : file_write(&file_posix, path, 0644, FILE_NEW,
                                                            bytes_of_str(sample_client_yaml), error);
    if (err == TAI_OK && !o->quiet && !o->json)
        fprintf(stderr, "The settings, all with their defaults: %s\n", path);
    free(path);
    return err == TAI_ERR_CONFLICT ? TAI_OK : err;
}

static int keygen(const struct client_options *o)
{
    struct tai_error error;
    struct keygen_result made;
    struct client_config *config = NULL;
    char *path = o->dir != NULL ? file_path(o->dir, "node.key") : NULL;
    if (o->dir == NULL) {
        enum tai_err err =
            client_config_load(o->config != NULL ? o->config : DEFAULT_CLIENT_CONFIG, &config, &error);
        if (err != TAI_OK) {
            fprintf(stderr, "tai-client: %s; --dir names a folder for the key\n", error.text);
            return CLIENT_EXIT_USAGE;
        }
        path = strdup(config->node_key);
    }
    client_config_free(config);
    if (path == NULL) {
        fputs("tai-client: out of memory\n", stderr);
        return CLIENT_EXIT_FAILED;
    }
    enum tai_err err = keygen_run(path, false, &made, &error);
    if (err == TAI_OK && o->dir != NULL)
        err = make_settings(o->dir, o, &error);
    if (err != TAI_OK)
        fprintf(stderr, "tai-client: %s\n", error.text);
    else if (o->json)
        keygen_print_json(&made, path, stdout);
    else
        keygen_print(&made, path, stdout, o->quiet ? NULL : stderr);
    free(path);
    return err == TAI_OK ? CLIENT_EXIT_OK : CLIENT_EXIT_FAILED;
}

static int take_or_leave(const struct client_config *config, const struct client_options *o)
{
    char *state = client_config_kept(config, "takeover");
    if (state == NULL) {
        log_error("out of memory");
        return CLIENT_EXIT_FAILED;
    }
    const struct takeover_command command = {.program = "tai-client",
                                             .state = state,
                                             .leave = o->verb == CLIENT_LEAVE,
                                             .steers = config->mode == SYNC_MODE_SYSTEM,
                                             .yes = o->yes};
    enum tai_err err = takeover_command(&command);
    free(state);
    return err == TAI_OK ? CLIENT_EXIT_OK : CLIENT_EXIT_REFUSED;
}

/* What is done as root ends here. */
static int drop_and_run(const struct client_config *config, const struct client_options *o)
{
    struct tai_error error;
    if (user_drop(config->user, config->mode == SYNC_MODE_SYSTEM, &error) == TAI_OK)
        return follow_run(config, o);
    log_error("user: %s", error.text);
    return CLIENT_EXIT_REFUSED;
}

/* taictl asks the socket that the settings name. */
static int wait_sync(const struct client_config *config, const struct client_options *o)
{
    char timeout[40];
    snprintf(timeout, sizeof timeout, "--timeout=%lld", (long long)(o->timeout_ms / 1000));
    char name[] = "taictl", control[] = "--control", verb[] = "waitsync", quiet[] = "--quiet",
         verbose[] = "--verbose";
    char *words[8] = {name, control, config->control, verb};
    size_t n = 4;
    if (o->timeout_ms > 0)
        words[n++] = timeout;
    if (o->quiet)
        words[n++] = quiet;
    if (o->verbose)
        words[n++] = verbose;
    execvp(words[0], words);
    log_error("taictl cannot be run: %s", strerror(errno));
    return CLIENT_EXIT_FAILED;
}

static int follow(const struct client_options *o)
{
    struct tai_error error;
    struct client_config *config;
    if (client_config_load(o->config != NULL ? o->config : DEFAULT_CLIENT_CONFIG, &config, &error) !=
        TAI_OK) {
        log_error("%s%s", error.text,
                  error.code == TAI_ERR_NOT_FOUND
                      ? "; 'tai-client keygen --dir FOLDER' makes settings, --config names them"
                      : "");
        return CLIENT_EXIT_USAGE;
    }
    log_open("tai-client", o->quiet     ? LOG_WARNING
                           : o->verbose ? LOG_DEBUG
                                        : (enum log_level)config->log_level);
    umask(022);
    int code = CLIENT_EXIT_OK;
    if (o->check_config)
        client_config_print(config, stdout);
    else {
        if (o->verb == CLIENT_WAITSYNC)
            code = wait_sync(config, o);
        if (o->take_over || o->verb == CLIENT_LEAVE)
            code = take_or_leave(config, o);
        if (code == CLIENT_EXIT_OK && o->verb == CLIENT_RUN)
            code = drop_and_run(config, o);
    }
    client_config_free(config);
    return code;
}

int main(int argc, char **argv)
{
    struct client_options options;
    int code;
    log_open("tai-client", LOG_NOTICE);
    if (!client_options_read(argc, argv, &options, &code))
        return code;
    return options.verb == CLIENT_KEYGEN ? keygen(&options) : follow(&options);
}
