/* SPDX-License-Identifier: Apache-2.0 */
#include "server/command.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sdk/io/membership.h"
#include "server/clock/io/reference_set.h"
#include "server/config.h"
#include "server/json.h"
#include "server/served_policy.h"
#include "server/verbs.h"

void command_print_json(json_t *object)
{
    char *text = json_dumps(object, JSON_INDENT(2));
    if (text != NULL)
        puts(text);
    free(text);
    json_decref(object);
}

void command_refuse(const struct command *command, const struct tai_error *error)
{
    if (command->json)
        command_print_json(json_pack("{s:b, s:s, s:s}", "ok", 0, "code", taistamp_err_name(error->code),
                                     "error", error->text));
    else
        fprintf(stderr, "taid: %s\n", error->text);
}

/* ---- init ---- */

static char *real_path(const char *dir)
{
    char *path = realpath(dir, NULL);
    return path != NULL ? path : strdup(dir);
}

/* Without an assumption a stamp needs a daemon that vouches for the clock; say so now and not at the first refusal. */
static void print_next(const struct command *c, const char *dir)
{
    printf("\nNext:\n");
    if (c->init.assume_error_ms == NULL)
        printf("  1. Say how wrong this machine's clock may be: assume_error_ms in %s/taid.yaml.\n"
               "     Not needed where chronyd or ntpd keeps the clock, nor with a receiver (gpsd), NTP "
               "servers or a\n"
               "     cluster: CLUSTER.md has those. Without any of them no stamp is issued.\n",
               dir);
    else
        printf(
            "  1. You said that this machine's clock is never wrong by more than %s ms. Unless chronyd or\n"
            "     ntpd keeps the clock, stamps will say that this was assumed: see to it that it is true.\n",
            c->init.assume_error_ms);
    printf("  2. Start it:              taid --config %s/taid.yaml\n", dir);
    printf("  3. Have clients pin it:   tai-stamp trust http://ADDRESS, comparing the fingerprint above\n");
    printf("Back up: read \"Backup\" in OPERATING.md first. An old copy of this folder put back forks the "
           "log.\n");
}

int command_init(const struct command *command)
{
    struct init_result made;
    struct tai_error error = {.text = ""};
    enum tai_err err = init_run(&command->init, &made, &error);
    if (err != TAI_OK) {
        command_refuse(command, &error);
        return err == TAI_ERR_ARGUMENT || err == TAI_ERR_RANGE || err == TAI_ERR_FORMAT ? TAID_EXIT_USAGE
                                                                                        : TAID_EXIT_FAILED;
    }
    char *dir = real_path(command->init.dir);
    if (dir == NULL)
        return TAID_EXIT_FAILED;
    if (command->json) {
        command_print_json(json_pack("{s:b, s:s, s:s, s:s, s:s}", "ok", 1, "dir", dir, "origin", made.origin,
                                     "vkey", made.vkey, "fingerprint", made.fingerprint));
    } else if (!command->quiet) {
        printf("Made a new log in %s\n\n", dir);
        printf("  name         %s\n", made.origin);
        printf("  fingerprint  %s\n", made.fingerprint);
        printf("  taid.yaml    the settings, each explained\n");
        printf("  policy       what clients need to trust this log; anybody may have it\n");
        printf("  keys/        the signing key; nobody else may have it\n");
        print_next(command, dir);
    }
    free(dir);
    return TAID_EXIT_OK;
}

/* ---- --check-config ---- */

/* The policy as the stamp process will look at it. A log or a policy that is not made yet, or not ours to read, is no
 * fault of the settings: then as much is checked as can be, and the rest is said. */
static enum tai_err check_policy(const struct command *command, const struct taid_config *config,
                                 struct tai_error *error)
{
    struct tai_error key_error;
    enum tai_err err = served_policy_check(config, &key_error, error);
    bool missing = err == TAI_ERR_NOT_FOUND;
    if (missing && !command->quiet)
        fprintf(stderr, "taid: clients that ask for the policy will get none: %s\n", error->text);
    else if (err == TAI_OK && key_error.text[0] != 0 && !command->quiet)
        fprintf(stderr, "taid: not checked whether the policy is of this log: %s\n", key_error.text);
    return missing ? TAI_OK : err;
}

/* The cluster as the clock process will find it, in words. */
static void print_cluster(const struct membership *m)
{
    const struct cluster *c = m->cluster;
    size_t clients = c->nodes_count - c->servers_count;
    printf("cluster %s: this machine is %s (%" PRIu32 "); %zu server%s, %zu client%s\n", c->name,
           m->self->name, m->self->node.id, c->servers_count, c->servers_count == 1 ? "" : "s", clients,
           clients == 1 ? "" : "s");
    if (c->servers_count == 2)
        printf("two servers cannot elect: %s is the master, and nobody else when it is gone; three can\n",
               cluster_find(c, c->preferred)->name);
}

/* Every key of the cluster file is tried, too. */
static enum tai_err check_cluster(const struct taid_config *config, struct membership *ret_membership,
                                  struct tai_error *error)
{
    enum tai_err err = membership_look(config->sync.cluster, config->sync.node_key, config->sync.node,
                                       MEMBERSHIP_SERVER, ret_membership, error);
    const struct cluster *c = ret_membership->cluster;
    for (size_t i = 0; err == TAI_OK && i < c->nodes_count; i++) {
        uint8_t key[NODEKEY_PAIR_LEN];
        if (membership_speaks_with(ret_membership, &c->nodes[i]))
            err = membership_pair(ret_membership, &c->nodes[i], key, error);
        explicit_bzero(key, sizeof key);
    }
    return err;
}

static json_t *check_json(const struct taid_config *config, const struct membership *m)
{
    json_t *object =
        json_pack("{s:b, s:s, s:s}", "ok", 1, "file", config->path, "data_dir", config->data_dir);
    if (object == NULL || m->cluster == NULL)
        return object;
    json_t *cluster =
        json_pack("{s:s, s:s, s:I, s:I, s:I}", "name", m->cluster->name, "node", m->self->name, "id",
                  (json_int_t)m->self->node.id, "servers", (json_int_t)m->cluster->servers_count, "clients",
                  (json_int_t)(m->cluster->nodes_count - m->cluster->servers_count));
    (void)json_object_set_new(object, "cluster", cluster);
    return object;
}

int command_check(const struct command *command)
{
    struct taid_config *config = NULL;
    struct tai_error error = {.text = ""};
    if (config_load(command->config_path, &config, &error) != TAI_OK) {
        command_refuse(command, &error);
        return TAID_EXIT_USAGE;
    }
    struct membership membership = {0};
    enum tai_err err = check_policy(command, config, &error);
    if (err == TAI_OK && config->sync.cluster != NULL)
        err = check_cluster(config, &membership, &error);
    if (err == TAI_OK)
        err = reference_set_check(config, &error);
    if (err != TAI_OK) {
        command_refuse(command, &error);
        membership_free(&membership);
        config_free(config);
        return TAID_EXIT_USAGE;
    }
    if (command->json)
        command_print_json(check_json(config, &membership));
    else if (!command->quiet)
        printf("%s: ok\n", command->config_path);
    if (membership.cluster != NULL && !command->json && !command->quiet)
        print_cluster(&membership);
    membership_free(&membership);
    if (command->verbose && !command->json)
        config_print(config, stdout);
    config_free(config);
    return TAID_EXIT_OK;
}
