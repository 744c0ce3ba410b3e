/* SPDX-License-Identifier: Apache-2.0 */
/* The command keygen, as taid and tai-client both have it: makes the node key of this machine, or finds the one that is
 * there, and prints the line that the cluster file needs.
 *
 * The line goes to standard output and what is said about it to standard error, so that
 *
 *     for host in alpha beta gamma; do ssh root@$host taid keygen --dir /var/lib/taistamp; done >>cluster.yaml
 *
 * makes most of a cluster file. Nothing is ever overwritten: called again, it prints the same line again.
 *
 * The suggestions in the line can all be edited: the name is that of the machine, the address the one from which it
 * would reach others, and the id, 9 digits, is taken from the key, so that two machines hardly ever get the same one. */
#ifndef SDK_IO_KEYGEN_H
#define SDK_IO_KEYGEN_H

#include <stdio.h>

#include "sdk/io/cluster.h"

enum { KEYGEN_LINE_MAX = 320 };

struct keygen_result {
    bool made; /* false: the key was there */
    struct cluster_node node;
    char line[KEYGEN_LINE_MAX]; /* "  - {id: ..., name: ..., [address: ...,] key: ...}" */
};

/* `path`: of the key; folders above it are made (0700) where they are missing. `server`: with an address. A key that is
 * there must be as nodekey_load wants it, but root may look at anybody's. The errors of nodekey_create and
 * nodekey_load. */
TAISTAMP_MUST_CHECK enum tai_err keygen_run(const char *path, bool server, struct keygen_result *ret_result,
                                            struct tai_error *error);

/* The line to `out`; what to do with it to `notes`, which may be NULL (quiet). */
void keygen_print(const struct keygen_result *result, const char *path, FILE *out, FILE *notes);
/* One JSON object: ok, made, key_file, id, name, address (servers), key, line. */
void keygen_print_json(const struct keygen_result *result, const char *path, FILE *out);

/* The id that the line suggests: 100000000 to 999999999. */
uint32_t keygen_id(const struct nodekey_public *key);

#endif
