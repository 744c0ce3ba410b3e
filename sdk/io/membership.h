/* SPDX-License-Identifier: Apache-2.0 */
/* Which node of the cluster this machine is: the cluster file and the node key put together, and what a loop needs of
 * them. Shared by the server's clock and the client.
 *
 * A machine finds itself by its own public key. A name or number in its settings only has to agree, so that a cluster
 * file in which two machines were mixed up is noticed at the start and not by strange times. */
#ifndef SDK_IO_MEMBERSHIP_H
#define SDK_IO_MEMBERSHIP_H

#include "sdk/io/cluster.h"

struct membership {
    struct cluster *cluster;
    struct nodekey *key;
    const struct cluster_node *self; /* in `cluster` */
};

enum membership_role { MEMBERSHIP_SERVER, MEMBERSHIP_CLIENT };

/* Reads both files. `node` is the name or number in the settings; NULL: whoever has our key. TAI_ERR_UNTRUSTED: the
 * cluster file has no node with our key, or another than `node` says; TAI_ERR_RANGE: it has us in the other role; and
 * what cluster_load and nodekey_load say. On failure there is nothing to release. */
TAISTAMP_MUST_CHECK enum tai_err membership_load(const char *cluster_path, const char *key_path,
                                                 const char *node, enum membership_role role,
                                                 struct membership *ret_membership, struct tai_error *error);
/* The same for a look at the settings: root may read a key that belongs to the user which the daemon will run as. */
TAISTAMP_MUST_CHECK enum tai_err membership_look(const char *cluster_path, const char *key_path,
                                                 const char *node, enum membership_role role,
                                                 struct membership *ret_membership, struct tai_error *error);
/* Wipes and releases. */
void membership_free(struct membership *membership);

/* True when the two speak with each other: all do but clients among themselves. */
bool membership_speaks_with(const struct membership *membership, const struct cluster_node *other);
/* The key of this node with `other`, a different node of the same cluster; the caller wipes it. */
TAISTAMP_MUST_CHECK enum tai_err membership_pair(const struct membership *membership,
                                                 const struct cluster_node *other,
                                                 uint8_t ret_key[NODEKEY_PAIR_LEN], struct tai_error *error);

#endif
