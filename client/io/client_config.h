/* SPDX-License-Identifier: Apache-2.0 */
/* tai-client.yaml as values: every setting of a lab machine that follows a cluster, its unit, default and range. Strict,
 * as sdk/io/settings.h has it: an unknown or duplicate key, a wrong type or a value out of range is an error with file and
 * line, and nothing is taken over.
 *
 * Relative paths: data_dir is taken from the folder of the settings file, all others from data_dir, as in taid.yaml. An
 * empty file is not taken by the reader, but one with a single setting is enough: every setting has a default that works.
 * docs/tai-client.yaml is the annotated sample. */
#ifndef CLIENT_IO_CLIENT_CONFIG_H
#define CLIENT_IO_CLIENT_CONFIG_H

#include <stdbool.h>
#include <stdio.h>

#include "sdk/io/settings.h"

struct client_config {
    char *path;     /* the file this came from, absolute */
    char *data_dir; /* absolute; default: the folder of the settings file */
    char *cluster;  /* the cluster file; default data_dir/cluster.yaml */
    char *node_key; /* default data_dir/node.key */
    char *node;     /* own name or number in the cluster file, to be checked; NULL: whoever has our key */
    char *listen[SETTINGS_LISTEN_MAX]; /* at most one of each family, at one port; 0: any free one */
    size_t listen_count;               /* 0: all addresses of both families, any free port */
    int mode;                          /* enum sync_mode of sdk/io/sync_settings.h; default page */
    char *page;                        /* clock page; default data_dir/run/clock */
    char *leap_file;                   /* NULL: newest of the system's and the shipped one */
    int oscillator;                    /* enum sync_oscillator; default pc */
    uint32_t rate_bound_ppm;           /* of this oscillator's error; default 50 */
    int64_t peer_poll_ns; /* own polls of the servers while a master's corrections come; default 4 s */
    int64_t
        step_threshold_ns; /* mode system: a start this far off or further is stepped; 0: never; default 0.1 s */
    char *drift_file;      /* the oscillator's rate between two lives; default data_dir/drift */
    char *control;         /* socket for taictl; default data_dir/run/control */
    char *user;            /* to run as when started by root; NULL: as started */
    int log_level;         /* enum log_level; default notice */
};

/* Reads `path`. *ret_config is the caller's (client_config_free). The error's text starts with "file:line: ".
 * TAI_ERR_NOT_FOUND, _PERMISSION, _IO: not readable; _FORMAT, _RANGE, _SPACE: not taken. */
TAISTAMP_MUST_CHECK enum tai_err client_config_load(const char *path, struct client_config **ret_config,
                                                    struct tai_error *error);
/* The same from memory; `path` is used in messages and to resolve relative paths. The fuzz target's entry. */
TAISTAMP_MUST_CHECK enum tai_err client_config_parse(const char *path, const void *text, size_t len,
                                                     struct client_config **ret_config,
                                                     struct tai_error *error);
/* The path of `name` in the folder of the drift file, where everything is that outlives a restart; the caller's to free. NULL
 * without memory. */
char *client_config_kept(const struct client_config *config, const char *name);
void client_config_free(struct client_config *config);

/* Writes the settings in force, defaults included, as YAML that client_config_parse reads back to the same values. */
void client_config_print(const struct client_config *config, FILE *out);

#endif
