/* SPDX-License-Identifier: Apache-2.0 */
/* The cluster file: who belongs to a cluster, where its servers are, and whose keys count. One file, the same on every
 * machine (docs/cluster.yaml is the annotated sample, docs/CLUSTER.md the way to one).
 *
 *     name: lab
 *     servers:
 *       - {id: 1, name: alpha, address: 192.0.2.1:4470, key: tainode1-...}
 *     clients:
 *       - {id: 101, name: scope, key: tainode1-...}
 *
 * Decides: the form, and that no number, name, key or address stands for two nodes. Refuses to decide who is in the
 * cluster: whoever can write the file does. It holds no secret, but it is what keys are pinned by, so it should be
 * writable by root alone.
 *
 * Everything strict, as sdk/io/yaml.h has it: an unknown or doubled key, a value of another kind, a number out of range
 * are errors with file and line. Addresses are numeric (sdk/io/address.h says why).
 *
 * A cluster's number tells its packets from another one's and goes into every key of a pair. It is made from the name:
 * the first 8 bytes, big-endian, of SHA-256("taistamp cluster v1\n" || name), unless the file gives one. So two labs
 * that are both called "lab" share a number but no key, and refuse each other all the same.
 *
 * The epoch counts changes of the list of servers: raise it by one when a server comes or goes. Nodes of different
 * epochs do not elect together.
 *
 * Any thread; an object is read-only once made. */
#ifndef SDK_IO_CLUSTER_H
#define SDK_IO_CLUSTER_H

#include <stdio.h>

#include "sdk/io/address.h"
#include "sdk/io/nodekey.h"
#include "sdk/sync/sync.h"

enum {
    CLUSTER_PORT = 4470,          /* UDP, of an address without one: IANA has nothing at 4461 to 4483 */
    CLUSTER_NAME_MAX = 63,        /* bytes of a name: a DNS label */
    CLUSTER_PATHS_MAX = 1024,     /* an asymmetry is measured by hand: nobody has more */
    CLUSTER_TEXT_MAX = 512 * 1024 /* bytes of the file: 1040 nodes with a comment each, and all paths */
};
/* Either sign: one second. */
#define CLUSTER_ASYMMETRY_NS_MAX INT64_C(1000000000)

struct cluster_node {
    sync_node_t node;
    bool server; /* votes; else a lab machine */
    char name[CLUSTER_NAME_MAX + 1];
    struct address address; /* servers; of a client all zero: it is learnt from its hello */
    struct nodekey_public key;
    unsigned line; /* of the file, from 1 */
};

/* A constant asymmetry of the way between two nodes, which no exchange of messages can observe. */
struct cluster_path {
    sync_node_t from, to;
    int64_t asymmetry_ns; /* (delay from -> to) - (delay to -> from) */
    unsigned line;
};

struct cluster {
    char *path; /* of the file, as given */
    char name[CLUSTER_NAME_MAX + 1];
    uint64_t id;    /* not 0 */
    uint32_t epoch; /* 1 to UINT32_MAX; default 1 */
    /* Two servers: the static master, by default the first of the file. More: the one that stands first while no master
     * has named a deputy; 0: none. One: 0. */
    sync_node_t preferred;
    struct cluster_node *nodes; /* servers first, each kind in the order of the file */
    size_t servers_count, nodes_count;
    struct cluster_path *paths;
    size_t paths_count;
};

/* Reads the file. *ret_cluster is the caller's (cluster_free). The error's text starts with "file:line: ".
 * TAI_ERR_NOT_FOUND, _PERMISSION, _IO: not readable; _FORMAT, _RANGE, _SPACE, _CONFLICT (a doubled node): not taken. */
TAISTAMP_MUST_CHECK enum tai_err cluster_load(const char *path, struct cluster **ret_cluster,
                                              struct tai_error *error);
/* The same from memory; `path` is used in messages. */
TAISTAMP_MUST_CHECK enum tai_err cluster_parse(const char *path, const void *text, size_t len,
                                               struct cluster **ret_cluster, struct tai_error *error);
void cluster_free(struct cluster *cluster);

/* The number that a cluster of this name has unless its file says otherwise. TAI_ERR_CRYPTO. */
TAISTAMP_MUST_CHECK enum tai_err cluster_id_of(const char *name, uint64_t *ret_id);
/* True for a name of a node or cluster: 1 to 63 of A-Z a-z 0-9 . _ -, a letter or digit first, and not digits alone
 * (those are a number). */
bool cluster_name_valid(const char *name);

/* NULL: none. They live as long as the cluster. */
const struct cluster_node *cluster_find(const struct cluster *cluster, sync_node_t node);
/* By name or, in digits, number. Upper and lower case are the same, as they are in a host's name. */
const struct cluster_node *cluster_find_text(const struct cluster *cluster, const char *name);
const struct cluster_node *cluster_find_key(const struct cluster *cluster, const struct nodekey_public *key);
/* (delay from -> to) - (delay to -> from) as configured, whichever way the file has it; 0: not configured. */
int64_t cluster_asymmetry_ns(const struct cluster *cluster, sync_node_t from, sync_node_t to);

/* Writes the file that cluster_parse reads back to the same cluster, defaults included, without comments. */
void cluster_print(const struct cluster *cluster, FILE *out);

#endif
