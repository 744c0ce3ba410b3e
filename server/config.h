/* SPDX-License-Identifier: Apache-2.0 */
/* taid.yaml as values: every setting, its unit, default and range. Parsing is strict (sdk/io/settings.h): an
 * unknown or duplicate key, a wrong type or a value out of range is an error with file and line, and nothing
 * is taken over.
 *
 * Relative paths: data_dir is taken from the folder of the configuration file, all others from data_dir. The
 * ranges stand in server/config_keys.c, beside the names of the keys; docs/taid.yaml is the annotated sample.
 */
#ifndef SERVER_CONFIG_H
#define SERVER_CONFIG_H

#include <stdbool.h>
#include <stdio.h>

#include "server/config_references.h"
#include "taistamp/base.h"

/* When this was built, POSIX seconds; made by the Makefile from SOURCE_DATE_EPOCH, or the day of configure. */
extern const int64_t build_posix_s;

#define CONFIG_NO_UNIT       UINT32_MAX           /* of serve_shm */
#define CONFIG_QUARANTINE_NS INT64_C(30000000000) /* where quarantine_s is not said */
enum { CONFIG_LISTEN_MAX = 8 };

struct taid_config {
    char *path;        /* the file this came from, absolute */
    char *data_dir;    /* absolute; default: the folder of the config file */
    char *key_dir;     /* default data_dir/keys */
    char *policy_path; /* default data_dir/policy */
    struct {
        char *page;              /* clock page; default data_dir/run/clock */
        char *leap_file;         /* NULL: newest of the system's and the shipped one */
        bool has_assume_error;   /* the operator set assume_error_ms */
        int64_t assume_error_ns; /* from it: the operator's word for the kernel clock's error; 0: not said */
        char *user;              /* NULL: as started */
    } clock;
    struct { /* the lab clock; with no `cluster` none of it has an effect, and none but defaults is there */
        char *
            cluster; /* the cluster file (sdk/io/cluster.h); NULL: this machine alone, as its kernel keeps it */
        char *node;     /* own name or number in it, to be checked; NULL: whoever has our key */
        char *node_key; /* default key_dir/node.key */
        char *listen[CONFIG_LISTEN_MAX]; /* at most one of each family, at one port */
        size_t
            listen_count; /* 0: all addresses of both families, at the port that the cluster file has for us */
        int mode;         /* enum sync_mode of sdk/io/sync_settings.h; default page */
        int reference;    /* enum sync_driver; default none */
        int64_t
            system_clock_error_ns; /* from system_clock_error_us: how wrong CLOCK_REALTIME is at most; 0: not said;
                                          above 0 exactly with the reference system-clock */
        struct config_reference references[CONFIG_REFERENCES_MAX]; /* none with `reference` system-clock */
        size_t references_count;
        int64_t
            quarantine_ns; /* for so long a new reference must agree before it counts; default CONFIG_QUARANTINE_NS */
        int64_t not_before_posix_s; /* no date before this is believed; default build_posix_s, to the day */
        uint32_t serve_shm;      /* unit of the shared memory that others may follow; CONFIG_NO_UNIT: none */
        char *serve_sock;        /* chronyd's socket, to which samples are sent; NULL: none */
        int oscillator;          /* enum sync_oscillator; default pc */
        uint32_t rate_bound_ppm; /* of this oscillator's error; default 50 */
        int64_t poll_ns; /* master's polls of servers, and of clients at their shortest; default 1 s */
        int64_t client_poll_ns_max; /* and at their longest; not below poll_ns; default 16 s */
        int64_t peer_poll_ns;       /* own polls of the peers; default 4 s */
        int64_t heartbeat_ns;       /* default 0.5 s */
        int64_t lease_ns;           /* default 1.5 s; 2 to 8 heartbeats */
        int64_t election_ns_min,
            election_ns_max; /* random delay before standing; default 0.1 to 0.4 s; min < max */
        int64_t
            step_threshold_ns; /* mode system: a start this far off or further is stepped; 0: never; default 0.1 s */
        char *state_dir;    /* what must outlive a restart: term and vote; default data_dir/sync */
        char *drift_file;   /* default state_dir/drift */
        char *control;      /* socket for taictl; default data_dir/run/control */
        char *tracking_log; /* a line each second about the own clock; NULL: none */
    } sync;
    struct {
        char *listen[CONFIG_LISTEN_MAX]; /* "127.0.0.1:8023" (default), "[::1]:8023", port 0: any free one */
        size_t listen_count;             /* at least 1 */
        int64_t max_error_ns;            /* from max_error_ms; default 1 s; above assume_error_ns */
        char *user;                      /* NULL: as started */
        uint32_t connections_max;        /* default 16384 */
        uint32_t pending_max;            /* default 16384 */
        uint32_t request_ms;             /* a whole request must have arrived after this; default 10000 */
        uint32_t idle_ms;   /* a connection without a request is closed after this; default 60000 */
        uint32_t answer_ms; /* a client that does not read its answer is dropped after this; default 10000 */
        uint32_t body_bytes_max;   /* default 4096 */
        uint32_t header_bytes_max; /* default 8192 */
        uint32_t output_bytes_max; /* unread output per connection; default 1 MiB */
    } stamp;
    int log_level; /* 0 errors, 1 warnings, 2 notices (default), 3 debug: enum log_level */
};

/* Reads `path`. *ret_config is the caller's (config_free). The error's text starts with "file:line: ".
 * TAI_ERR_NOT_FOUND, _PERMISSION, _IO: not readable; _FORMAT, _RANGE, _SPACE: not taken. */
TAISTAMP_MUST_CHECK enum tai_err config_load(const char *path, struct taid_config **ret_config,
                                             struct tai_error *error);
/* The same from memory; `path` is used in messages and to resolve relative paths. The fuzz target's entry. */
TAISTAMP_MUST_CHECK enum tai_err config_parse(const char *path, const void *text, size_t len,
                                              struct taid_config **ret_config, struct tai_error *error);
void config_free(struct taid_config *config);

/* Writes the settings in force, defaults included, as YAML that config_parse reads back to the same values.
 */
void config_print(const struct taid_config *config, FILE *out);

/* True for an address of `listen` that only this machine can reach. */
bool config_listen_is_loopback(const char *address);

#endif
